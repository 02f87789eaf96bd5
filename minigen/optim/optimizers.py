"""Optimizers: how to change the weights w, given the gradient g of the loss.

Each class is one rule; its equations stand in its docstring and again, line by line, in `update`. All write in place
through a scratch array, so that a step allocates nothing. On the CPU the vectors are walked in chunks: whatever a
chunk needs stays in the cache through all the passes of the rule, and the memory is read once instead of ten times.
On the GPU the chunk is the whole vector, and nothing waits for the device.

Derived in lesson 4.
"""

import functools
import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from .. import fused, parallel
from ..autodiff import Tensor, written
from ..backend import Array, device_of, is_array, keep_freed_memory, to_device, to_numpy, xp_of
from ..distributed import Group, ShardMean, check_fit
from ..errors import ArgumentError, NumericalError, ShapeError
from .check import at_least_0, two_rates
from .clipping import clip_grad_norm, grad_norm
from .flat import FlatParameters
from .schedules import Schedule

CHUNK = 1 << 16  # elements: many enough to hide the cost of the calls, few enough for five such arrays to stay in cache
COST = 60  # as many multiply-adds as an update of a number takes


class Optimizer:
    """What all optimizers share: the parameters, the learning rate, the step, and their memory.

    A rule is a subclass with the method `update`, and the names of the vectors it remembers from step to step.

    Args:
        params: the tensors to train, e.g. `module.parameters()`; see `FlatParameters`. One optimizer per parameter,
            made after `module.to(device)`.
        lr: the learning rate: a number, or a schedule, a function of `t`.
        memory: names of the rule's vectors; each has one number per weight and starts at zero.

    Attributes:
        lr: as given; may be set anew between steps.
        t: the number of steps taken.
        flat: the parameters, as one vector.
        memory: the rule's vectors by name.
        watches: whether `step(loss)` looks for a NaN or an infinity before it changes a weight. It does on the CPU; on
            the GPU to look means to wait for the device.
        max_norm: `step(loss)` scales its gradient down to this norm, if it is larger; None: never.
    """

    def __init__(self, params: Iterable[Tensor], lr: float | Schedule, memory: tuple[str, ...] = ()) -> None:
        keep_freed_memory()  # here, and not on import: whoever makes an optimizer is going to train
        self.lr = lr if callable(lr) else at_least_0("lr", lr)
        self.t = 0
        self.flat = FlatParameters(params)
        xp = xp_of(self.flat.data)
        self.watches = xp is np
        self.max_norm: float | None = None
        self.memory = {name: xp.zeros_like(self.flat.data) for name in memory}
        self._scratch: list[Array] = []  # one for each thread
        self._loss: Tensor | None = None  # whose gradient was added
        self._mean: ShardMean | None = None  # of the gradients and losses, where there are several
        self._reached: set[int] = set()  # the parameters to which the gradient of some shard came

    def join(self, group: Group, shards: int) -> None:
        """From here on, take the mean of the gradients of so many shards of a batch, over all processes of the group.

        Raises:
            ArgumentError: the numbers do not fit; see `minigen.distributed`.
        """
        check_fit(group.size, shards)
        self._mean = ShardMean(group, shards) if shards > 1 else None

    def add(self, loss: Tensor) -> None:
        """Compute the gradient of a scalar loss, which is that of one shard; then `step()` takes the mean of all.

        Without `join` there is one shard, and its gradient is left where it was computed.

        Raises:
            ArgumentError: there is no further shard.
        """
        if self._loss is not None and self._mean is None:
            raise ArgumentError("add: one loss is added already; take the step, or say how many shards: join(group, n)")
        self._forget_gradients()
        loss.backward()
        self._loss = loss.detach()
        if self._mean is not None:
            self.flat.fetch()
            for i, p in enumerate(self.flat.params):
                if p.grad is not None:
                    self._reached.add(i)
                elif p.grad_buffer is not None:
                    p.grad_buffer[...] = 0  # this shard's loss does not depend on it
            self._mean.add(self.flat.grad, self._loss.data)

    def step(self, loss: Tensor | None = None) -> Tensor | None:
        """Update every parameter that has a gradient (`grad` is not None), once.

        Args:
            loss: a scalar; if it is given, its gradients are computed first, in place of those that are there. Losses
                that were added (`add`) stand for it: the gradient is the mean of theirs.

        Returns:
            The norm of the loss's gradient, if there is a loss.

        Raises:
            ArgumentError, DeviceError: a parameter was moved, or given to another optimizer; says what to do.
            NumericalError: the loss or its gradient is not finite. Nothing has been changed then.
        """
        if loss is not None:
            self.add(loss)
        norm = self._gradient() if self._loss is not None else None
        lr = at_least_0(f"lr at step {self.t}", self.lr(self.t) if callable(self.lr) else self.lr)
        mine, *others = self._calls(lr)
        with parallel.beside([functools.partial(self._update_each, share) for share in others]):
            for arguments in mine:
                self.update(*arguments)
        written((p for p in self.flat.params if p.grad is not None), f"{type(self).__name__}.step()")
        self.t += 1
        return norm

    def _calls(self, lr: float) -> list[list[tuple[Any, ...]]]:
        """The arguments of each call of `update`: a list for each thread, which walks along its part of the vectors."""
        flat, on_host = self.flat, xp_of(self.flat.data) is np
        size = flat.data.size
        length = min(size, CHUNK) if on_host else size
        chunks = [
            (t, slice(start, min(start + length, segment.stop)))
            for segment, t in flat.segments()
            for start in range(segment.start, segment.stop, max(length, 1))
        ]
        parts = parallel.split(len(chunks), size * COST) if on_host and chunks else [slice(None)]
        while len(self._scratch) < len(parts):
            self._scratch.append(xp_of(flat.data).empty(length, dtype=flat.data.dtype))
        return [
            [(t, lr, *self._vectors(chunk, scratch)) for t, chunk in chunks[part]]
            for part, scratch in zip(parts, self._scratch, strict=False)
        ]

    def _vectors(self, part: slice, scratch: Array) -> Iterator[Array]:
        """What `update` takes of a part: parameters, gradients, scratch of the same length, memory."""
        yield from (self.flat.data[part], self.flat.grad[part], scratch[: part.stop - part.start])
        yield from (vector[part] for vector in self.memory.values())

    def _update_each(self, share: list[tuple[Any, ...]]) -> None:
        for arguments in share:
            self.update(*arguments)

    def _gradient(self) -> Tensor:
        """Set every `grad` to that of the mean of the losses that were added; returns their norm."""
        assert self._loss is not None
        loss, self._loss = self._loss, None
        if self._mean is not None:
            loss = Tensor(xp_of(loss.data).empty_like(loss.data))
            self._mean.into(self.flat.grad, loss.data)
            reached, self._reached = set().union(*self._mean.group.everyones(self._reached)), set()
            for i, p in enumerate(self.flat.params):
                p.grad = Tensor(p.grad_buffer) if i in reached and p.grad_buffer is not None else None
        params = self.flat.params
        norm = grad_norm(params) if self.max_norm is None else clip_grad_norm(params, self.max_norm)
        if self.watches and not math.isfinite(loss.item() + norm.item()):
            raise NumericalError(f"the loss is {loss.item():g} and the norm of its gradient {norm.item():g}")
        return norm

    def update(self, t: int, lr: float, w: Array, g: Array, tmp: Array, *memory: Array) -> None:
        """Apply the rule in place to a stretch of the parameters, all arrays of shape (n,).

        Args:
            t: which update of these parameters this is, from 1.
            lr: the learning rate.
            w: the parameters, to be changed.
            g: their gradients, to be left as they are.
            tmp: scratch, of any content.
            memory: the rule's own vectors, in the order of their names, to be changed.
        """
        raise NotImplementedError(f"{type(self).__name__}.update: an optimizer is defined by this method")

    def zero_grad(self) -> None:
        """Forget the gradients, and the losses that were added: set every `grad` to None."""
        self._forget_gradients()
        self._loss, self._reached = None, set()
        if self._mean is not None:
            self._mean.clear()

    def _forget_gradients(self) -> None:
        for p in self.flat.params:
            p.grad = None

    def state(self) -> dict[str, Any]:
        """All that changes from step to step, copied to the host: `t`, the update counts and the rule's vectors.

        The parameters themselves and the settings are not part of it. The vectors hold them end to end, so their shapes
        are, in order.
        """
        vectors = {name: np.array(to_numpy(vector)) for name, vector in self.memory.items()}
        return {"t": self.t, "counts": np.array(self.flat.counts), "shapes": self._shapes(), **vectors}

    def _shapes(self) -> np.ndarray:
        """The number of axes of each parameter, followed by their lengths, in one row of integers."""
        return np.array([n for p in self.flat.params for n in (p.ndim, *p.shape)])

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from `state()` of an optimizer with the same settings, for the same list of parameters.

        Raises:
            ArgumentError, ShapeError: the state is of another rule, of other parameters or in another order of theirs.
                Nothing is changed then. (Parameters of the same shape cannot be told apart: they have no names here.)
        """
        state = {"shapes": self._shapes(), **state}  # a state of the time before they were part of it
        shapes = to_numpy(state.pop("shapes"))
        expected = {"counts": (len(self.flat.params),), **{name: m.shape for name, m in self.memory.items()}}
        if set(state) != {"t", *expected}:
            raise ArgumentError(
                f"state: expected the entries {sorted({'t', *expected})} of {type(self).__name__}, "
                f"got {sorted(state)}; load it into an optimizer of the same kind and settings"
            )
        for name, shape in expected.items():
            if not is_array(state[name]) or state[name].shape != shape:
                raise ShapeError(
                    f"state[{name!r}]: expected an array of shape {shape}, got {getattr(state[name], 'shape', None)}; "
                    "it was saved for other parameters"
                )
        if not np.array_equal(shapes, self._shapes()):
            raise ShapeError("state['shapes']: it was saved for parameters of other shapes, or in another order")
        self.t = int(state["t"])
        self.flat.counts = to_numpy(state["counts"]).tolist()
        for name, vector in self.memory.items():
            vector[...] = to_device(state[name], device_of(vector))


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if wanted.

        g <- g + weight_decay w
        b <- momentum b + g
        w <- w - lr b                       (plain: momentum 0, b is g)
        w <- w - lr (g + momentum b)        (Nesterov's variant)

    Args:
        params, lr: see `Optimizer`.
        momentum: how much of the last step's direction is kept, in [0, 1).
        nesterov: look ahead along the momentum.
        weight_decay: pulls the weights towards 0.

    Source: Sutskever, Martens, Dahl and Hinton, On the importance of initialization and momentum in deep learning,
    2013, equations 1 to 4 (after Polyak, 1964, and Nesterov, 1983), with the learning rate taken out of b.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float | Schedule,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        self.momentum = at_least_0("momentum", momentum, below=1)
        self.weight_decay = at_least_0("weight_decay", weight_decay)
        self.nesterov = nesterov
        if nesterov and not momentum:
            raise ArgumentError("nesterov: needs a momentum above 0, e.g. momentum=0.9")
        super().__init__(params, lr, memory=("b",) if momentum else ())

    def update(self, t: int, lr: float, w: Array, g: Array, tmp: Array, *memory: Array) -> None:
        """See the equations of the class."""
        xp = xp_of(w)
        if self.weight_decay:  # g <- g + weight_decay w, in tmp
            xp.multiply(w, self.weight_decay, out=tmp)
            tmp += g
            g = tmp
        if not memory:  # w <- w - lr g
            w -= xp.multiply(g, lr, out=tmp)
            return
        (b,) = memory
        b *= self.momentum  # b <- momentum b + g: equation 1
        b += g
        if self.nesterov:  # w <- w - lr g - (lr momentum) b: equations 3 and 4
            w -= xp.multiply(g, lr, out=tmp)
            lr = lr * self.momentum
        w -= xp.multiply(b, lr, out=tmp)  # w <- w - lr b: equation 2


class RMSProp(Optimizer):
    """Steps divided by the running root mean square of the gradient: fast where it is small, careful where it is big.

        v <- alpha v + (1 - alpha) g^2
        w <- w - lr g / (sqrt(v) + eps)

    Args:
        params, lr: see `Optimizer`.
        alpha: how slowly the running mean forgets, in [0, 1).
        eps: keeps the denominator away from 0.

    Source: Tieleman and Hinton, Neural Networks for Machine Learning, lecture 6.5, 2012.
    """

    def __init__(
        self, params: Iterable[Tensor], lr: float | Schedule = 1e-2, alpha: float = 0.99, eps: float = 1e-8
    ) -> None:
        self.alpha = at_least_0("alpha", alpha, below=1)
        self.eps = at_least_0("eps", eps)
        super().__init__(params, lr, memory=("v",))

    def update(self, t: int, lr: float, w: Array, g: Array, tmp: Array, *memory: Array) -> None:
        """See the equations of the class."""
        xp = xp_of(w)
        (v,) = memory
        # v <- alpha v + (1 - alpha) g^2
        v *= self.alpha
        xp.multiply(g, g, out=tmp)
        tmp *= 1 - self.alpha
        v += tmp
        # w <- w - lr g / (sqrt(v) + eps)
        xp.sqrt(v, out=tmp)
        tmp += self.eps
        xp.divide(g, tmp, out=tmp)
        tmp *= lr
        w -= tmp


class Adam(Optimizer):
    """Momentum and step size, both adapted to each weight: running means of g and of g^2, corrected for their start.

        m <- beta1 m + (1 - beta1) g        m_hat = m / (1 - beta1^t)
        v <- beta2 v + (1 - beta2) g^2      v_hat = v / (1 - beta2^t)
        w <- w - lr m_hat / (sqrt(v_hat) + eps)

    m and v start at 0; the sum of the weights they have given to gradients after t updates is 1 - beta^t, so the
    division makes m_hat and v_hat proper means.

    Args:
        params, lr: see `Optimizer`.
        betas: how slowly the two means forget, each in [0, 1).
        eps: keeps the denominator away from 0.

    Source: Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015, algorithm 1.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        self.betas = two_rates("betas", betas)
        self.eps = at_least_0("eps", eps)
        super().__init__(params, lr, memory=("m", "v"))

    def update(self, t: int, lr: float, w: Array, g: Array, tmp: Array, *memory: Array) -> None:
        """See the equations of the class."""
        xp = xp_of(w)
        m, v = memory
        if fused.takes(w, g, m, v):
            fused.adam(w, g, m, v, t, lr, self.betas, self.eps)
            return
        beta1, beta2 = self.betas
        # m <- beta1 m + (1 - beta1) g
        m *= beta1
        m += xp.multiply(g, 1 - beta1, out=tmp)
        # v <- beta2 v + (1 - beta2) g^2
        v *= beta2
        xp.multiply(g, g, out=tmp)
        tmp *= 1 - beta2
        v += tmp
        # w <- w - lr m_hat / (sqrt(v_hat) + eps), both sides of the fraction times sqrt(1 - beta2^t) (end of section 2)
        correction = math.sqrt(1 - beta2**t)
        xp.sqrt(v, out=tmp)
        tmp += self.eps * correction
        xp.divide(m, tmp, out=tmp)
        tmp *= lr * correction / (1 - beta1**t)
        w -= tmp


class AdamW(Adam):
    """Adam with weight decay beside the gradient instead of inside it, so that it is not divided by sqrt(v_hat).

        w <- w - lr weight_decay w
        then as Adam

    Args:
        params, lr, betas, eps: see `Adam`.
        weight_decay: the share of the weights that a step takes away, in units of lr.

    Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019, algorithm 2.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        self.weight_decay = at_least_0("weight_decay", weight_decay)
        super().__init__(params, lr, betas, eps)

    def update(self, t: int, lr: float, w: Array, g: Array, tmp: Array, *memory: Array) -> None:
        """See the equations of the class."""
        w *= 1 - lr * self.weight_decay
        super().update(t, lr, w, g, tmp, *memory)
