"""Losses: scalars. Log-likelihoods and KL are in nats per example: summed over features, averaged over the batch.

Beside tensors they take arrays, numbers and lists; integers count as floats (`autodiff.arrays`).

They take logits, never probabilities: log(sigmoid(l)) and log(softmax(l)) are computed in one piece, exact and finite
where a probability would already have rounded to 0 or 1.

Lesson 3 derives the cross-entropies, lesson 6 the KL divergence.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops
from ..autodiff import Tensor, asarray, raw
from ..backend import Array, device_of, is_array, xp_of
from ..errors import ArgumentError, DTypeError, ShapeError
from ..ops.likelihood import check_targets
from ..ops.shape import floating


def sum_features(x: Tensor) -> Tensor:
    """x (N, ...) summed over all axes but the first: (N,)."""
    return ops.sum(ops.flatten(x), axis=1)


def as_operands(*xs: Any) -> list[Any]:
    """Tensors as they are; arrays, numbers and lists as arrays, the last two on the device of the first tensor."""
    device = next((x.device for x in xs if isinstance(x, Tensor)), None)
    return [x if isinstance(x, Tensor) else asarray(x, device=device_of(x) if is_array(x) else device) for x in xs]


def two_alike(loss: str, a: Any, b: Any) -> list[Any]:
    """Both as tensors or arrays of floats, of one shape."""
    a, b = as_operands(a, b)
    same_shape(loss, a, b)
    return [floating(a), floating(b)]


def same_shape(loss: str, a: Tensor, b: Tensor) -> None:
    """Raise unless both have one shape: broadcasting in a loss is nearly always a mistake."""
    if a.shape != b.shape:
        raise ShapeError(f"{loss}: prediction has shape {a.shape}, target {b.shape}; they must be equal")


def bce_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """The binary cross-entropy of targets in [0, 1]: summed over features, averaged over the batch.

    Raises:
        ArgumentError: a target is not in [0, 1]; see `ops.likelihood.check_targets`.
    """
    logits, targets = two_alike("bce_loss", logits, targets)
    check_targets("bce_loss", targets)
    return ops.mean(sum_features(ops.bce_with_logits(logits, targets)))


def mse_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """The squared error, averaged over all elements."""
    prediction, target = two_alike("mse_loss", prediction, target)
    error = prediction - target
    return ops.mean(error * error)


def cross_entropy_loss(
    logits: Tensor,
    labels: Tensor | Array,
    *,
    class_weights: Tensor | Array | Sequence[float] | None = None,
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log softmax(logits)[label], averaged over the batch: logits (N, K), labels (N,) integers in 0 ... K-1.

    With weights w and smoothing s, where -log softmax(logits)[n, k] = c[n, k], as in PyTorch:

        loss = sum_n { (1 - s) w[label_n] c[n, label_n] + s / K sum_k w[k] c[n, k] } / sum_n w[label_n]

    Args:
        logits, labels: see above.
        class_weights: how much an example of each class counts, (K,) numbers >= 0; default: all the same.
        label_smoothing: s in [0, 1], the probability that is taken from each label and given to all K classes alike
            (Szegedy et al. 2016, section 7).
    """
    logits, labels = as_operands(logits, labels)
    labels, xp = raw(labels), xp_of(raw(logits))
    if labels.dtype.kind not in "iu":
        raise DTypeError(f"cross_entropy_loss: labels must be integers, got {labels.dtype}")
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise ShapeError(
            f"cross_entropy_loss: logits have shape {logits.shape} and labels {labels.shape}; expected (N, K) and (N,)"
        )
    classes = logits.shape[1]
    if isinstance(labels, np.ndarray) and labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ArgumentError(
            f"cross_entropy_loss: labels must be in 0 ... {classes - 1}, got {labels.min()} ... {labels.max()}"
        )
    if not 0 <= label_smoothing <= 1:
        raise ArgumentError(f"cross_entropy_loss: label_smoothing: expected 0 <= number <= 1, got {label_smoothing}")
    of_labels = (xp.arange(logits.shape[0]), labels)
    log_p, total = ops.log_softmax(logits), None
    if class_weights is not None:
        weights = _weights(class_weights, logits)
        log_p = log_p * weights
        total = xp.broadcast_to(weights, logits.shape)[of_labels].sum()
    loss = ops.getitem(log_p, of_labels)
    if label_smoothing:
        loss = (1 - label_smoothing) * loss + label_smoothing / classes * ops.sum(log_p, axis=1)
    return -ops.mean(loss) if total is None else -ops.sum(loss) / total


def _weights(class_weights: Tensor | Array | Sequence[float], logits: Tensor) -> Array:
    """The weights (K,) beside the logits, in their precision."""
    weights = asarray(class_weights, logits.dtype, device_of(raw(logits)))
    if weights.shape != logits.shape[1:]:
        raise ShapeError(
            f"cross_entropy_loss: class_weights have shape {weights.shape}, expected one for each of "
            f"{logits.shape[1]} classes"
        )
    if isinstance(weights, np.ndarray) and not (weights >= 0).all():
        raise ArgumentError(f"cross_entropy_loss: class_weights: expected numbers >= 0, got {weights.min()} among them")
    return weights


def kl_loss(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, e^log_var) || N(0, 1)), summed over features, averaged over the batch.

    For each latent dimension, 1/2 (mean^2 + e^log_var - 1 - log_var) (Kingma & Welling 2014, appendix B).
    """
    mean, log_var = two_alike("kl_loss", mean, log_var)
    return ops.mean(sum_features(0.5 * (mean * mean + (ops.expm1(log_var) - log_var))))
