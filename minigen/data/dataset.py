"""What every data set is: examples, labels, and a name."""

import zlib
from dataclasses import dataclass

import numpy as np

LINES = ("names", "makemore-names", "adder")
TUNES = {"melodies": "nottingham", "chorales": "jsb"}  # lines too, and what they are made from
OF_LINES = (*LINES, *TUNES)  # other symbols are pieces of one text
CHECKED = 1 << 25  # bytes
SPLITS = ("train", "test")


@dataclass(frozen=True, repr=False, eq=False)  # comparing arrays gives an array, not one truth value
class Dataset:
    """Examples and labels.

    Attributes:
        name: the name it is loaded by.
        x: float32, images (N, H, W, C) with pixels in [0, 1], or points (N, D). Images that need not fit into memory
            (celeba) are bytes 0 ... 255 on the disk, an np.memmap: `pixels` makes floats of a batch of them. Of text
            and of lines, bytes (N, T + 1): the place of each symbol in the alphabet, or PAD = 255 after the end. Of
            piano rolls, bytes (N, T + 1, 88): 1 where a key sounds, or whole frames of 255 after the end. Of likes,
            bytes (N, items): 1 where a user likes an item, 2 where that is held out (`minigen.data.likes`). Of series,
            float32 (N, T + 1, channels). Of clips, bytes 0 ... 255, (N, T, H, W, C).
        y: (N,) integers, the labels, or None.
        centres: for mixtures of Gaussians, the means (K, D) of the components.
        sigma: for mixtures of Gaussians, their standard deviation along each axis.
        alphabet: for text and lines, the character of each symbol.
        items: for likes, the name of each item.
        words: for pictures with names, the words that these are made of. y is then integers (N, T): of each name the
            places of its words, filled up with 0.
    """

    name: str
    x: np.ndarray
    y: np.ndarray | None = None
    centres: np.ndarray | None = None
    sigma: float = 0.0
    alphabet: str = ""
    items: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

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
        """What the examples are, such as 'images', 'points' or 'text'; see `minigen.data.kind_of`."""
        if self.words:
            return "pairs"
        if self.x.ndim == 2 and self.alphabet:
            return "lines" if self.name in OF_LINES else "text"
        if self.items:
            return "likes"
        of_three = "series" if self.x.dtype.kind == "f" else "rolls"
        return {5: "clips", 4: "images", 3: of_three}.get(self.x.ndim, "points")

    def checksum(self) -> int:
        """CRC-32 of the numbers and labels, of evenly spread examples where there are more than 32 MB; 0 of points.

        Points are computed, by the machine's own sine: their last bits may differ.
        """
        if self.kind == "points":
            return 0
        if self.x.ndim == 2 and self.x.strides[0] == self.x.strides[1]:  # windows of a text, which stands there once
            parts = [self.x[:, 0], self.x[-1]]
        else:
            step = max(1, self.x.nbytes // CHECKED)
            parts = [self.x[i : i + 1000 * step : step] for i in range(0, len(self), 1000 * step)]
        crc = 0
        for part in [*parts, *([] if self.y is None else [self.y])]:
            crc = zlib.crc32(np.ascontiguousarray(part).data, crc)
        return crc

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        labels = "no labels" if self.y is None else f"{len(np.unique(self.y))} classes"
        labels = f"{len(self.alphabet)} characters" if self.alphabet else labels
        labels = f"names of {len(self.words) - 1} words" if self.words else labels
        return f"Dataset({self.name!r}: {len(self)} examples of shape {self.shape}, {labels})"
