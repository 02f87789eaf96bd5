"""Lesson 1: the derivative machine. Six functions to write, in plain NumPy.

G stands for dL/dY, the gradient of a loss L with respect to what an operation gave; it has Y's shape.
Use NumPy and Python's own library, and nothing else. Check your work with `check("01.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 01`.
"""

import numpy as np


def backward(inputs: tuple[tuple[int, ...], ...], slopes: tuple[tuple[float, ...], ...]) -> np.ndarray:
    """The derivatives of the last node of a graph with respect to every node.

    Nodes are numbered as they were made, so a node's inputs have smaller numbers. Variables may stand anywhere, not
    only at the beginning. At a fork derivatives add up:

        total[i] = sum over all uses of node i, in a node k:  total[k] * (slope of k with respect to that use)

    Args:
        inputs: for each node the numbers of the nodes it was computed from; () for a variable. A node may use
            another one twice: then its number appears twice.
        slopes: for each node the derivatives with respect to these inputs, in the same order.

    Returns:
        (nodes,) float64: d last / d node. It is 1 for the last node, and 0 for a node that the last one does not
        depend on.
    """
    # answer
    total = np.zeros(len(inputs))
    total[-1] = 1.0
    for k in reversed(range(len(inputs))):
        for i, slope in zip(inputs[k], slopes[k], strict=True):
            total[i] += total[k] * slope
    return total
    # end


def multiply_backward(g: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of Y = A * B, entry by entry.

        dL/dA[i] = G[i] B[i],    dL/dB[i] = G[i] A[i]

    Args:
        g: dL/dY. a, b: the inputs; all three of one shape.

    Returns:
        (da, db), each of that shape.
    """
    # answer
    return g * b, g * a
    # end


def matmul_backward(g: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of Y = A B, the matrix product.

        dL/dA[n, k] = sum_m G[n, m] B[k, m],    dL/dB[k, m] = sum_n A[n, k] G[n, m]

    Args:
        g: dL/dY, (N, M). a: (N, K). b: (K, M).

    Returns:
        (da, db), of shapes (N, K) and (K, M).
    """
    # answer
    return g @ b.T, a.T @ g
    # end


def unbroadcast(g: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The gradient of an array of `shape` that was broadcast to g's shape: the adjoint of repeating.

    Broadcasting first puts new axes in front, until there are as many as g has; then it repeats along axes of length
    1. On the way back every repetition is a fork: sum over the new axes, and over the stretched ones.

    Args:
        g: the gradient with respect to the broadcast array. shape: of the array before.

    Returns:
        An array of `shape`.
    """
    # answer
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return g.sum(axis=stretched, keepdims=True)
    # end


def normalize_backward(g: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The gradient with respect to X of Y, whose rows are those of X divided by their lengths.

    The length of a row is the square root of the sum of its squares, so every row of Y has length 1. Every entry of a
    row of X enters all entries of this row of Y.

    Args:
        g: dL/dY, (N, K). x: (N, K), no row is zero.

    Returns:
        dL/dX: (N, K).
    """
    # answer
    length = np.sqrt((x * x).sum(axis=1, keepdims=True))
    y = x / length
    return (g - y * (g * y).sum(axis=1, keepdims=True)) / length
    # end


def checkpoints(steps: int) -> list[int]:
    """Which values of a chain to keep for the backward pass, so that few are in memory at the same time.

    The chain computes the values 1, 2, ..., steps from the value 0, each from the one before. The way back needs all
    of them, last ones first. The kept ones are in memory all the time; those between two kept ones (or before the
    first, from 0, or after the last, up to `steps`) are computed again when their turn comes, all at once, and then
    forgotten. So in memory are at most

        (how many are kept) + (the largest difference of neighbours in [0, *kept, steps])

    The goal: at most 2.25 times the square root of `steps`.

    Args:
        steps: the length of the chain, at least 50.

    Returns:
        The numbers of the values to keep: whole, increasing, each from 1 to steps - 1.
    """
    # answer
    stride = round(steps**0.5)
    return list(range(stride, steps, stride))
    # end
