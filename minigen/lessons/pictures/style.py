"""What the lessons' pictures have in common: digits that can be told apart without colour.

The ten colours are those of M. A. Petroff, "Accessible color sequences for data visualization", arXiv:2107.02270,
chosen for people who see colours differently. In clouds of points each digit is printed as its numeral besides.
"""

import numpy as np
from matplotlib.axes import Axes

DIGITS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)


def numerals(axis: Axes, points: np.ndarray, labels: np.ndarray, size: float = 6.0) -> None:
    """Draw each point of a cloud as the numeral of its digit.

    Args:
        points: (N, 2). labels: (N,) whole numbers from 0 to 9. size: of a numeral, in points.
    """
    for digit in np.unique(labels):
        mine = points[labels == digit]
        axis.scatter(
            mine[:, 0], mine[:, 1], s=size**2, marker=f"${int(digit)}$", color=DIGITS[int(digit)], linewidths=0.2
        )
