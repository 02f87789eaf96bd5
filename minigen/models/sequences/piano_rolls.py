"""A sequence model of piano rolls: which of 88 keys sound in the next frame, given all frames before.

    p(x_t | before) = product over keys k of p_k^x_tk (1 - p_k)^(1 - x_tk),    p = sigmoid(logits of the body's output)

Given the frames before, the keys are independent of each other: the model knows which keys go with the last chord, but
not that of two keys that both might follow only one will. (Boulanger-Lewandowski, Bengio and Vincent 2012 put an RBM or
a NADE in place of the product.) `chorales` avoid this in another way: there the voices
are symbols, one after the other.

Lesson 18 derives it.
"""

from typing import Any

import numpy as np

from ... import ops
from ...autodiff import Tensor, no_grad, raw
from ...backend import Array, to_device, to_numpy, xp_of
from ...data import PAD
from ...distributions import Bernoulli
from ...errors import ArgumentError, ShapeError, whole
from ...nn import Buffer, Dense
from ...nn.layers import positive
from ...random import Generator, given_or_default
from .sampling import finite
from .sequence_model import SequenceModel

STARTS = 64  # first frames of the data that are kept, to begin with


class PianoRollModel(SequenceModel):
    """Logits of the keys of the next frame, from all frames before it.

    Args:
        body: see `Body`.
        keys: how many. width: features of a place.
        rng: where the weights are drawn from.

    Attributes:
        starts: frames that pieces of the training data begin with, (64, keys): a sample without a prompt takes one.
    """

    def __init__(self, body: Any, keys: int, width: int, rng: Generator | None = None) -> None:
        positive(keys=keys, width=width)
        rng = given_or_default(rng)
        super().__init__(body)
        self.inputs = Dense(keys, width, rng=rng)
        self.head: Any = Dense(width, keys, rng=rng)
        self.starts = Buffer(np.zeros((STARTS, keys), np.float32))

    def forward(self, frames: Array, state: Any = None) -> Tensor:
        """The logits of the keys after each frame: (N, T, keys) of 0 and 1 -> (N, T, keys)."""
        return self.head(self.body(self.inputs(Tensor(frames.astype(np.float32))), state))

    def log_probs(self, x: Array) -> Tensor:
        """See `SequenceModel`: x are frames (N, T+1, keys); nats a frame, summed over the keys."""
        known = xp_of(x).where(x == PAD, 0, x).astype(np.float32)
        logits = self(known[:, :-1])
        n, t, keys = logits.shape
        rows = ops.reshape(logits, (n * t, keys)), Tensor(known[:, 1:].reshape(n * t, keys))
        log_p = ops.reshape(ops.bernoulli_log_likelihood(*rows), (n, t))
        return log_p * Tensor(self.counted(x).astype(np.float32))

    def prepare(self, x: Array) -> None:
        """Keep the first frames of some training examples; and begin at the best constant, how often each key sounds.

        Its share is clipped to [0.001, 0.999]: keys that never sound here may elsewhere.
        """
        self.starts.data[...] = x[np.arange(STARTS) % len(x), 0]
        xp = xp_of(x)
        share = xp.clip(x[:, 1:][self.counted(x)].mean(axis=0, dtype=np.float32), 0.001, 0.999)
        self.head.b.data[...] = xp.log(share / (1 - share))

    def sample(self, n: int, rng: Generator | None = None, *, prompt: Array | None = None, length: int = 64) -> Array:
        """Rolls that begin with a prompt and go on as the model says.

        A body with a limit that is reached goes on from the second half of what it sees.

        Args:
            n: how many.
            rng: where the draws come from.
            prompt: frames (t, keys), the same for all; default: one frame of `starts` for each.
            length: how many frames are drawn.

        Returns:
            Bytes (n, t + length, keys) of 0 and 1.

        Raises:
            ShapeError, ArgumentError: the prompt has no such frames, or none.
            NumericalError: the logits are no numbers; see `finite`.
        """
        whole("n", n)
        whole("length", length)
        rng = given_or_default(rng)
        if prompt is None:
            x = raw(self.starts)[rng.integers(STARTS, (n,), device=self.device)][:, None]
        else:
            x = to_device(np.tile(self._frames(prompt), (n, 1, 1)), self.device)
        xp, x = xp_of(x), x.astype(np.uint8)
        with self.evaluating(), no_grad():
            state, logits = self.seen(x)
            for i in range(length):
                new = raw(Bernoulli(Tensor(finite(logits))).sample(rng)).astype(np.uint8)
                x = xp.concatenate([x, new[:, None]], axis=1)
                if i + 1 < length:
                    full = state.seen == self.body.limit
                    state, logits = self.seen(x) if full else (state, self(new[:, None], state)[:, -1])
        return x

    def _frames(self, prompt: Array) -> np.ndarray:
        """The prompt, if it is one."""
        keys, frames = self.starts.shape[1], np.asarray(to_numpy(prompt))
        if frames.ndim != 2 or frames.shape[1] != keys:
            raise ShapeError(f"prompt: expected frames (t, {keys}), the same for all, got shape {frames.shape}")
        if not len(frames):
            raise ArgumentError("prompt: expected at least one frame, got none; leave it out to begin anew")
        if not np.isin(frames, (0, 1)).all():
            wrong = frames[~np.isin(frames, (0, 1))][0]
            raise ArgumentError(
                f"prompt: expected 0 and 1, a key sounds or not, got {wrong}; leave out what is no frame"
            )
        return frames
