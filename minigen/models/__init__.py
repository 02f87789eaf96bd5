"""Generative models: a family a folder, an idea a file, and the networks that they are built from.

What a model is to the rest of the program, its options and what it can show, stands at the foot of its file as a
`Recipe`; `catalogue.py` lists them.
"""

from .autoregressive.made import MADE
from .autoregressive.pixelcnn import PixelCNN
from .catalogue import RECIPES, recipe_of
from .flows.flow import Flow
from .gans.acgan import ACGAN
from .gans.conditional import ConditionalGAN
from .gans.gan import GAN
from .gans.infogan import InfoGAN
from .gans.style import StyleGAN
from .gans.unrolled import UnrolledGAN
from .gans.vaegan import VAEGAN
from .recipe import Option, Recipe, Settings
from .trainer import Trainer
from .vaes.conditional import ConditionalVAE
from .vaes.iwae import IWAE
from .vaes.restoration import RestorationVAE
from .vaes.two_layers import TwoLayerIWAE
from .vaes.vae import VAE
from .vaes.vqvae import VQVAE

__all__ = [
    "ACGAN",
    "GAN",
    "IWAE",
    "MADE",
    "RECIPES",
    "VAE",
    "VAEGAN",
    "VQVAE",
    "ConditionalGAN",
    "ConditionalVAE",
    "Flow",
    "InfoGAN",
    "Option",
    "PixelCNN",
    "Recipe",
    "RestorationVAE",
    "Settings",
    "StyleGAN",
    "Trainer",
    "TwoLayerIWAE",
    "UnrolledGAN",
    "recipe_of",
]
