"""Generative models, one idea a file, and the networks they are built from."""

from .gan import GAN
from .vae import VAE

__all__ = ["GAN", "VAE"]
