"""How far one set of points is from another: the Wasserstein distance, exactly.

    W_2(a, b)^2  =  min over all ways to pair them   mean ||a_i - b_j||^2

Of n points each the best pairing is an assignment problem, which SciPy solves in O(n^3). (Of densities it is an
infimum over all joint distributions; of equally many points with equal weights, a pairing attains it: Peyre & Cuturi
2019, Computational optimal transport, proposition 2.1.) Two sets from one density are not at distance 0: hold a second
set of the data against the first.

Lesson 22 uses it.
"""

import numpy as np

from ..errors import ShapeError
from .arrays import floats


def wasserstein_2(a: np.ndarray, b: np.ndarray) -> float:
    """W_2 of points (N, D) and (N, D), in their unit.

    Raises:
        ShapeError: they are not equally many, or of other dimensions, or none. ArgumentError: NaN among them.
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    a, b = floats(a=a, b=b)
    if a.ndim != 2 or a.shape != b.shape:
        raise ShapeError(f"wasserstein_2: expected two sets of points of one shape (N, D), got {a.shape} and {b.shape}")
    squares = cdist(a, b, "sqeuclidean")
    return float(np.sqrt(squares[linear_sum_assignment(squares)].mean()))
