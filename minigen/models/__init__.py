"""Generative models, one idea a file, and the networks they are built from."""

from .acgan import ACGAN
from .conditional import ConditionalGAN, ConditionalVAE
from .gan import GAN
from .infogan import InfoGAN
from .iwae import IWAE
from .restoration import RestorationVAE
from .style import StyleGAN
from .two_layers import TwoLayerIWAE
from .unrolled import UnrolledGAN
from .vae import VAE
from .vaegan import VAEGAN
from .vqvae import VQVAE

__all__ = [
    "ACGAN",
    "GAN",
    "IWAE",
    "VAE",
    "VAEGAN",
    "VQVAE",
    "ConditionalGAN",
    "ConditionalVAE",
    "InfoGAN",
    "RestorationVAE",
    "StyleGAN",
    "TwoLayerIWAE",
    "UnrolledGAN",
]
