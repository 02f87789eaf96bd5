"""Lesson 2: is my gradient right? Six functions to write, in plain NumPy.

G stands for dL/dY, the gradient of a loss L with respect to what an operation gave; it has Y's shape.
Use NumPy and Python's own library, and nothing else. Check your work with `check("02.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 02`.
"""

import numpy as np


def smooth_max(x: np.ndarray, w: np.ndarray) -> float:
    """log sum_i exp(w_i x_i), over all entries of two arrays of one shape. Given, for numeric_gradient to measure."""
    return float(np.log(np.exp(w * x).sum()))


def numeric_gradient(x: np.ndarray, w: np.ndarray, h: float) -> np.ndarray:
    """The gradient of f(x) = smooth_max(x, w) with respect to x, measured by central differences.

        result[i] = (f(x + h e_i) - f(x - h e_i)) / 2h,    e_i: 1 in entry i, 0 in all others

    Args:
        x: any shape; after the call it is what it was. w: of x's shape. h: the step. It is large here, so that the
            answer, with the error that comes from h, is a definite number to 12 digits.

    Returns:
        An array of x's shape.
    """
    # answer
    x = x.copy()
    result = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        kept = x[i]
        x[i] = kept + h
        right = smooth_max(x, w)
        x[i] = kept - h
        left = smooth_max(x, w)
        x[i] = kept
        result[i] = (right - left) / (2 * h)
    return result
    # end


def best_step(f: np.ndarray, f3: np.ndarray, eps: float) -> np.ndarray:
    """The step h of a central difference that makes the bound of its error smallest.

        error(h) = eps |f| / h  +  h^2 |f'''| / 6
                   rounding        cutting the series

    Args:
        f: values of a function at some points. f3: its third derivatives there, none of them 0, of the same shape.
        eps: the relative error with which values are rounded, 1.1e-16 in float64.

    Returns:
        The best h > 0 for each point, of the same shape.
    """
    # answer
    return (3 * eps * np.abs(f) / np.abs(f3)) ** (1 / 3)
    # end


def softmax_backward(y: np.ndarray, g: np.ndarray) -> np.ndarray:
    """The gradient of a loss with respect to the inputs X of a softmax, Y[n, k] = exp(X[n, k]) / sum_j exp(X[n, j]).

        dL/dX[n, j] = sum_k G[n, k] dY[n, k]/dX[n, j],    dY[n, k]/dX[n, j] = Y[n, k] ((1 if k == j else 0) - Y[n, j])

    Args:
        y: (N, K), what the softmax gave; the inputs are not needed. Entries may be so small that they are 0, or so
            close to 1 that they are 1. g: dL/dY, (N, K).

    Returns:
        dL/dX: (N, K).
    """
    # answer
    return y * (g - (g * y).sum(axis=1, keepdims=True))
    # end


def error_ratios(analytic: np.ndarray, numeric: np.ndarray, rtol: float, atol: float) -> np.ndarray:
    """How far each entry of a gradient is from the measured one, in units of what is allowed.

        result[i] = |analytic[i] - numeric[i]| / (atol + rtol |numeric[i]|)

    An entry is right if its ratio is <= 1. Where one of the two is NaN or infinite nothing has been shown to be right:
    the ratio is infinite there.

    Args:
        analytic: what the rule gives. numeric: what was measured, of the same shape.
        rtol, atol: the relative and the absolute error allowed, > 0.

    Returns:
        An array of that shape, with no NaN in it.
    """
    # answer
    with np.errstate(invalid="ignore"):
        ratios = np.abs(analytic - numeric) / (atol + rtol * np.abs(numeric))
    return np.where(np.isfinite(analytic) & np.isfinite(numeric), ratios, np.inf)
    # end


def stencil(offsets: np.ndarray) -> np.ndarray:
    """The weights of a difference formula with any points.

        f'(x) = 1/h sum_i w_i f(x + o_i h)    for every polynomial f of degree n - 1 or less, and every h

    There is one such w for n different offsets o_1 ... o_n. For o = (-1, 1) it is (-1/2, 1/2), and the formula is the
    central difference.

    Args:
        offsets: (n,), all different, in any order; 2 <= n <= 6.

    Returns:
        The weights, (n,).
    """
    # answer
    powers = np.arange(len(offsets))
    return np.linalg.solve(offsets ** powers[:, None], (powers == 1).astype(np.float64))
    # end


def winding(x: np.ndarray) -> np.ndarray:
    """A function with many bends, entry by entry. Given, for sharp_slope to measure."""
    s = x
    for k in (1, 2, 3):
        s = np.sin(k * s) + x / k
    return s


def sharp_slope(x: np.ndarray) -> np.ndarray:
    """Slopes of winding at many points, to many digits, in any way you like.

    Measured are the right digits: -log10 of the root of the mean square error over the root of the mean square slope.
    The goal: at least 11.5 digits.

    Args:
        x: (n,), points between -2 and 2.

    Returns:
        The slope at each point, (n,).
    """
    # answer
    offsets = np.array([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0])
    h = 8e-4
    return sum(w * winding(x + o * h) for w, o in zip(stencil(offsets), offsets, strict=True)) / h
    # end
