"""Losses: scalars. Log-likelihoods and KL are in nats per example: summed over features, averaged over the batch.

They take logits, never probabilities: log(sigmoid(l)) and log(softmax(l)) are computed in one piece, exact and finite
where a probability would already have rounded to 0 or 1.

Lesson 3 derives the cross-entropies, lesson 6 the KL divergence.
"""

import numpy as np

from .. import ops
from ..autodiff import Tensor, raw
from ..backend import Array, xp_of
from ..errors import ArgumentError, DTypeError, ShapeError
from ..ops.likelihood import check_targets


def sum_features(x: Tensor) -> Tensor:
    """x (N, ...) summed over all axes but the first: (N,)."""
    return ops.sum(ops.flatten(x), axis=1)


def same_shape(loss: str, a: Tensor, b: Tensor) -> None:
    """Raise unless both have one shape: broadcasting in a loss is nearly always a mistake."""
    if a.shape != b.shape:
        raise ShapeError(f"{loss}: prediction has shape {a.shape}, target {b.shape}; they must be equal")


def bce_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """The binary cross-entropy of targets in [0, 1]: summed over features, averaged over the batch.

    Raises:
        ArgumentError: a target is not in [0, 1]; see `ops.likelihood.check_targets`.
    """
    same_shape("bce_loss", logits, targets)
    check_targets("bce_loss", targets)
    return ops.mean(sum_features(ops.bce_with_logits(logits, targets)))


def mse_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """The squared error, averaged over all elements."""
    same_shape("mse_loss", prediction, target)
    error = prediction - target
    return ops.mean(error * error)


def cross_entropy_loss(logits: Tensor, labels: Tensor | Array) -> Tensor:
    """-log softmax(logits)[label], averaged over the batch: logits (N, K), labels (N,) integers in 0 ... K-1."""
    labels, xp = raw(labels), xp_of(raw(logits))
    if labels.dtype.kind not in "iu":
        raise DTypeError(f"cross_entropy_loss: labels must be integers, got {labels.dtype}")
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise ShapeError(
            f"cross_entropy_loss: logits have shape {logits.shape} and labels {labels.shape}; expected (N, K) and (N,)"
        )
    last = logits.shape[1] - 1
    if isinstance(labels, np.ndarray) and labels.size and not 0 <= labels.min() <= labels.max() <= last:
        raise ArgumentError(
            f"cross_entropy_loss: labels must be in 0 ... {last}, got {labels.min()} ... {labels.max()}"
        )
    return -ops.mean(ops.getitem(ops.log_softmax(logits), (xp.arange(logits.shape[0]), labels)))


def kl_loss(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, e^log_var) || N(0, 1)), summed over features, averaged over the batch.

    For each latent dimension, 1/2 (mean^2 + e^log_var - 1 - log_var) (Kingma & Welling 2014, appendix B).
    """
    same_shape("kl_loss", mean, log_var)
    return ops.mean(sum_features(0.5 * (mean * mean + (ops.expm1(log_var) - log_var))))
