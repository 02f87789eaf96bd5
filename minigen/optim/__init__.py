"""Optimizers, learning-rate schedules, gradient clipping and the moving average of the weights."""

from .clipping import clip_grad_norm, clip_grad_value, grad_norm
from .ema import EMA
from .flat import FlatParameters
from .optimizers import SGD, Adam, AdamW, Optimizer, RMSProp
from .schedules import Schedule, constant, cosine, step_decay, warmup

__all__ = [
    "EMA",
    "SGD",
    "Adam",
    "AdamW",
    "FlatParameters",
    "Optimizer",
    "RMSProp",
    "Schedule",
    "clip_grad_norm",
    "clip_grad_value",
    "constant",
    "cosine",
    "grad_norm",
    "step_decay",
    "warmup",
]
