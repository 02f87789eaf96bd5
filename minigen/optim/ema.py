"""EMA: a second set of weights, the exponential moving average of the ones in training.

    a <- decay a + (1 - decay) w        after every step

With decay = 0.999 it is roughly a mean over the last 1/(1 - decay) = 1000 steps, in which the noise of the single
steps cancels; images drawn from averaged GAN weights are visibly better (Karras et al., Progressive Growing of GANs,
2018, section A.1; Yazici et al., The Unusual Effectiveness of Averaging in GAN Training, 2019).

No lesson derives it.
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np

from ..autodiff import Tensor, kept_versions, written
from ..backend import Array, device_of, is_array, to_device, to_numpy
from ..errors import ArgumentError, DeviceError, ShapeError
from .check import at_least_0


class Module(Protocol):
    """What has weights to average, such as `nn.Module`."""

    def named_tensors(self) -> Iterator[tuple[str, Tensor]]:
        """(name, tensor) of all of them."""


class EMA:
    """The exponential moving average of everything a module holds: its parameters and its running statistics.

    It starts as a copy of the module. So it is always a proper mean (its coefficients sum to 1) and needs no
    correction like Adam's, which starts from 0; in return the first weights keep the share decay^n after n updates.
    Tensors of integers (counters) are not averaged but copied.

    Args:
        module: anything with `named_tensors()`, which gives pairs (name, tensor); made before, moved before.
        decay: how slowly the average forgets, in [0, 1).
    """

    def __init__(self, module: Module, decay: float = 0.999) -> None:
        self.module = module
        self.decay = at_least_0("decay", decay, below=1)
        self.averages = {name: x.data.copy() for name, x in module.named_tensors()}

    def update(self) -> None:
        """Take the module's present values into the average; call it after every step of the optimizer."""
        for x, average in self._pairs():
            if x.dtype.kind == "f":  # decay a + (1 - decay) w
                average += (1 - self.decay) * (x.data - average)
            else:
                average[...] = x.data

    @contextlib.contextmanager
    def swapped(self) -> Iterator[None]:
        """Let the module hold the averages inside a `with` block; afterwards it has its own values again, exactly."""
        own = [(x, x.data.copy()) for x, _ in self._pairs()]
        with kept_versions([x for x, _ in own]):
            try:
                for x, average in self._pairs():
                    x.data[...] = average  # in place: the data lies in the optimizer's buffer
                written((x for x, _ in own), "EMA.swapped()")
                yield
            finally:
                for x, values in own:
                    x.data[...] = values

    def _pairs(self) -> list[tuple[Tensor, Array]]:
        """Each tensor of the module with its average."""
        tensors = dict(self.module.named_tensors())
        if tensors.keys() != self.averages.keys():
            odd = ", ".join(sorted(tensors.keys() ^ self.averages.keys()))
            raise ArgumentError(f"EMA: the module has gained or lost tensors ({odd}); make the EMA when it is complete")
        for name, x in tensors.items():
            if x.device != device_of(self.averages[name]):
                raise DeviceError(f"EMA: {name} has moved to {x.device!r}; make the EMA after .to(...)")
        return [(x, self.averages[name]) for name, x in tensors.items()]

    def state(self) -> dict[str, np.ndarray]:
        """The averages by name, copied to the host."""
        return {name: np.array(to_numpy(average)) for name, average in self.averages.items()}

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Go on from `state()`.

        Raises:
            ArgumentError, ShapeError: the state is of another module. Nothing is changed then.
        """
        if state.keys() != self.averages.keys():
            odd = ", ".join(sorted(state.keys() ^ self.averages.keys()))
            raise ArgumentError(f"state: only one side has {odd}; load it into the EMA of the same kind of module")
        for name, average in self.averages.items():
            if not is_array(state[name]) or state[name].shape != average.shape:
                raise ShapeError(
                    f"state[{name!r}]: expected an array of shape {average.shape}, "
                    f"got {getattr(state[name], 'shape', None)}"
                )
        for name, average in self.averages.items():
            average[...] = to_device(state[name], device_of(average))
