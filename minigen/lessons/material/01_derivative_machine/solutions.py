"""Lesson 1: the derivative machine. Four functions to write, in plain NumPy.

G stands for dL/dY, the gradient of a loss L with respect to what an operation gave; it has Y's shape.
Use NumPy and Python's own library, and nothing else. Check your work with `check("01.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 01`.
"""

import numpy as np


def backward(inputs: tuple[tuple[int, ...], ...], slopes: tuple[tuple[float, ...], ...]) -> np.ndarray:
    """The derivatives of the last node of a graph with respect to every node.

    Nodes are numbered as they were made, so a node's inputs have smaller numbers. At a fork derivatives add up:

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
