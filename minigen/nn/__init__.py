"""Layers, initialisers and losses: what networks are built from."""

from .init import dcgan, glorot_normal, glorot_uniform, he_normal, he_uniform
from .layers import Conv1D, Conv2D, Conv2DTranspose, Dense, Embedding, one_hot
from .losses import bce_loss, cross_entropy_loss, kl_loss, mse_loss, sum_features
from .module import Buffer, Module, Parameter, Sequential
from .normalization import BatchNorm, Dropout, GroupNorm, LayerNorm, update_bn
from .saving import load, save
from .simple import (
    ELU,
    GELU,
    AvgPool2D,
    Flatten,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    Reshape,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
    UpSampling2D,
)
from .spectral import SpectralNorm

__all__ = [
    "ELU",
    "GELU",
    "AvgPool2D",
    "BatchNorm",
    "Buffer",
    "Conv1D",
    "Conv2D",
    "Conv2DTranspose",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GroupNorm",
    "LayerNorm",
    "LeakyReLU",
    "MaxPool2D",
    "Module",
    "Parameter",
    "ReLU",
    "Reshape",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "SpectralNorm",
    "Tanh",
    "UpSampling2D",
    "bce_loss",
    "cross_entropy_loss",
    "dcgan",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "kl_loss",
    "load",
    "mse_loss",
    "one_hot",
    "save",
    "sum_features",
    "update_bn",
]
