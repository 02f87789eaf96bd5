"""What every data set is: examples, labels, and a name."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, repr=False, eq=False)  # comparing arrays gives an array, not one truth value
class Dataset:
    """Examples and labels.

    Attributes:
        name: the name it is loaded by.
        x: float32, images (N, H, W, C) with pixels in [0, 1], or points (N, D). Images that need not fit into memory
            (celeba) are bytes 0 ... 255 on the disk, an np.memmap: `pixels` makes floats of a batch of them. Of text
            and of lines, bytes (N, T + 1): the place of each symbol in the alphabet, or PAD = 255 after the end. Of
            piano rolls, bytes (N, T + 1, 88): 1 where a key sounds, or whole frames of 255 after the end. Of series,
            float32 (N, T + 1, channels). Of clips, bytes 0 ... 255, (N, T, H, W, C).
        y: (N,) integers, or None.
        centres: for mixtures of Gaussians, the means (K, D) of the components.
        sigma: for mixtures of Gaussians, their standard deviation along each axis.
        alphabet: for text and lines, the character of each symbol.
    """

    name: str
    x: np.ndarray
    y: np.ndarray | None = None
    centres: np.ndarray | None = None
    sigma: float = 0.0
    alphabet: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one example."""
        return self.x.shape[1:]

    @property
    def is_image(self) -> bool:
        """Whether the examples are images (H, W, C), not points."""
        return self.x.ndim == 4

    @property
    def kind(self) -> str:
        """What the examples are, such as 'images' or 'points'; see `minigen.data.kind_of`."""
        if self.x.ndim == 2 and self.alphabet:
            return "lines" if self.alphabet[0] == "\n" and not self.x[:, 0].any() else "text"
        of_three = "series" if self.x.dtype.kind == "f" else "rolls"
        return {5: "clips", 4: "images", 3: of_three}.get(self.x.ndim, "points")

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        labels = "no labels" if self.y is None else f"{len(np.unique(self.y))} classes"
        labels = f"{len(self.alphabet)} characters" if self.alphabet else labels
        return f"Dataset({self.name!r}: {len(self)} examples of shape {self.shape}, {labels})"
