"""The PixelCNN (van den Oord, Kalchbrenner & Kavukcuoglu 2016): convolutions that cannot see ahead.

    p(x) = product over places i, row by row, of p(x_i | x_1 ... x_{i-1})                     (their equation 1)

In the kernels the weights of what comes later are 0 (figure 2 there, right). The first layer does not see the present
place either (mask A), the others do (mask B), as what they see of it has not seen it itself. So the rows of a kernel
below its middle are never multiplied, and a convolution of k x k costs as one of (k // 2 + 1) x k.

In colour a place is R, G, B, in this order (equation 2): the features are shared out among the three, and at the
present place mask A lets a colour see those before it, mask B itself too.

A layer sees no place to the right of its kernel's in the rows above, so a stack of them leaves a blind spot above to
the right (van den Oord et al. 2016b, figure 1).

A layer of 3 x 3 sees one row further up than the layer below it, a dilated one (Yu & Koltun 2016) two or four, at the
same cost. The paper has more layers instead.

To draw, a full pass for each place is not needed: what the layers have found at a place never changes once it is
drawn. So each place is computed once, from what is kept of those before it.

Lesson 20 derives masks of dense layers. The PixelCNN is also the prior of `vaes/vqvae.py`.
"""

from collections.abc import Sequence

import numpy as np

from ... import ops
from ...autodiff import Tensor, raw
from ...backend import Array, xp_of
from ...data import Dataset
from ...nn import Buffer, Conv2D, Parameter
from ...random import Generator, given_or_default
from ..memory import check_size
from ..recipe import BATCH_SIZE, DEPTH, LR, SCHEDULE, STEPS, WIDTH, Recipe, Settings, Shape
from .grids import LEVELS, GridModel, grid_trainer, meaning


class MaskedConv2D(Conv2D):
    """A convolution that sees the rows above and what is to the left in its own ('A'), or this place too ('B').

    Args:
        dilation: how far apart the places are that it sees.
        colours: among which the inputs and the outputs are shared out, in this order.
    """

    def __init__(
        self,
        channels: int,
        filters: int,
        kernel: int,
        mask: str,
        rng: Generator,
        colours: int = 1,
        dilation: int = 1,
    ) -> None:
        middle = kernel // 2
        super().__init__(
            channels, filters, kernel, padding=dilation * middle, dilation=dilation, init="he_uniform", rng=rng
        )
        self.middle, self.step, self.reach = middle, dilation, dilation * middle
        seen = np.zeros((kernel, kernel, *((channels, filters) if colours > 1 else (1, 1))), np.float32)
        seen[:middle] = 1
        seen[middle, :middle] = 1
        seen[middle, middle] = mask == "B"
        if colours > 1:  # the colour of each input and of each output
            before, present = (
                np.arange(channels)[:, None] * colours // channels,
                np.arange(filters) * colours // filters,
            )
            seen[middle, middle] = before <= present if mask == "B" else before < present
        self.mask = Buffer(seen)

    @property
    def kernel_above(self) -> Tensor:
        """The rows of the kernel that see something: (k // 2 + 1, k, channels, filters)."""
        return self.w[: self.middle + 1] * self.mask[: self.middle + 1]

    def forward(self, x: Tensor) -> Tensor:
        """x (N, H, W, channels) -> (N, H, W, filters)."""
        m = self.reach
        y = ops.conv2d(x, self.kernel_above, padding=((m, 0), (m, m)), dilation=self.step)
        return ops.add_bias(y, self.b)

    def memory(self, n: int, shape: Shape) -> Array:
        """Zeros (n, H + m, W + 2 m, channels), for the inputs at all places of (H, W, ...) with m of padding."""
        w, m = raw(self.w), self.reach
        return xp_of(w).zeros((n, shape[0] + m, shape[1] + 2 * m, w.shape[2]), w.dtype)

    def at(self, memory: Array, x: Array, row: int, column: int, kernel: Array) -> Array:
        """Its output at one place, (n, filters), whose input x (n, channels) joins those before it in `memory`."""
        m, step = self.reach, self.step
        memory[:, row + m, column + m] = x
        window = memory[:, row : row + m + 1 : step, column : column + 2 * m + 1 : step]
        return window.reshape(len(window), -1) @ kernel + raw(self.b)


class PixelCNN(GridModel):
    """Masked convolutions with residual connections, then a layer of 1 x 1.

    Args:
        shape, levels, named: see GridModel.
        width: channels inside. kernel: of the first layer. depth: layers of 3 x 3 after it.
        dilations: of these layers, again from the first where there are more layers.
        placed: whether a vector of each place is learnt, and added to what the first layer finds there: in images that
            all lie alike, a place itself tells much.
        rng: where the weights are drawn from.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        levels: int,
        width: int,
        *,
        kernel: int = 7,
        depth: int = 4,
        dilations: Sequence[int] = (1,),
        named: bool = False,
        placed: bool = False,
        rng: Generator | None = None,
    ) -> None:
        super().__init__(shape, levels, named)
        rng, colours = given_or_default(rng), shape[2]
        inputs, outputs = colours * self.seen, colours * self.logits
        self.first = MaskedConv2D(inputs, width, kernel, "A", rng, colours)
        self.places = Parameter(np.zeros((*shape[:2], width), np.float32)) if placed else None
        steps = [dilations[i % len(dilations)] for i in range(depth)]
        self.inner = [MaskedConv2D(width, width, 3, "B", rng, colours, step) for step in steps]
        self.last = (
            MaskedConv2D(width, outputs, 1, "B", rng, colours) if colours > 1 else Conv2D(width, outputs, 1, rng=rng)
        )

    def forward(self, grid: Array) -> Tensor:
        """See GridModel."""
        shown = self.shown(grid)  # (N, H, W, C, seen)
        x = self.first(Tensor(shown.reshape(*grid.shape[:3], -1)))
        x = x if self.places is None else x + self.places
        for layer in self.inner:
            x = x + layer(ops.relu(x))
        return ops.reshape(self.last(ops.relu(x)), (*grid.shape, self.logits))

    def draw_part(self, n: int, rng: Generator) -> Array:
        """Each place once, from what is kept of those before it; in colour three times."""
        layers = [self.first, *self.inner]
        memories = [layer.memory(n, self.shape) for layer in layers]
        kernels = [raw(layer.kernel_above).reshape(-1, layer.outputs) for layer in layers]
        last = raw(self.last.kernel_above if isinstance(self.last, MaskedConv2D) else self.last.w)[0, 0]
        xp = xp_of(last)
        grid = xp.zeros((n, *self.shape), np.int64)
        for row, column in np.ndindex(*self.shape[:2]):
            for colour in range(self.shape[2]):
                here = self.shown(grid[:, row, column]).reshape(n, -1)
                h = self.first.at(memories[0], here, row, column, kernels[0])
                h = h if self.places is None else h + raw(self.places)[row, column]
                for layer, memory, kernel in zip(self.inner, memories[1:], kernels[1:], strict=True):
                    h = h + layer.at(memory, xp.maximum(h, 0), row, column, kernel)
                logits = xp.maximum(h, 0) @ last + raw(self.last.b)
                of_colour = logits.reshape(n, self.shape[2], self.logits)[:, colour]
                grid[:, row, column, colour] = self.drawn_from(of_colour, rng)
            memories[0][:, row + self.first.middle, column + self.first.middle] = self.shown(
                grid[:, row, column]
            ).reshape(n, -1)
        return grid


# ---------------------------------------------------------------------------------------------------------- recipes


DILATIONS = (1, 2, 4)


def pixelcnn(s: Settings, shape: Shape, rng: Generator) -> PixelCNN:
    """A first kernel of 7 x 7, as in the paper's table 1."""
    return PixelCNN((shape[0], shape[1], shape[2]), s.levels, s.width, depth=s.depth, dilations=DILATIONS, rng=rng)


def check(s: Settings, data: Dataset) -> None:
    """A step keeps some numbers for each channel of each layer, and for each level, at all places."""
    height, wide, colours = data.shape
    numbers = height * wide * (5 * s.width * (s.depth + 1) + 5 * colours * s.levels)
    check_size(s, numbers, s.width * (9 * s.width * s.depth + colours * (49 + s.levels)))


RECIPES = (
    Recipe(
        "pixelcnn",
        "PixelCNN, pixel after pixel by masked convolutions (van den Oord et al. 2016)",
        pixelcnn,
        grid_trainer,
        (
            STEPS(2000),
            BATCH_SIZE(64),
            LR(2e-3),
            LEVELS,
            WIDTH(32),
            DEPTH(6, help="layers of 3 x 3"),
            SCHEDULE("cosine"),
        ),
        shows=("log-probabilities",),
        for_data={"digits": {"levels": 17}},
        takes=("images",),
        check=check,
        meaning=meaning,
        unit=lambda s: "nats per image",
    ),
)
