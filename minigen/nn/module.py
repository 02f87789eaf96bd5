"""Module: a function with parameters. Layers are modules, and so is everything built from them.

A module finds its parameters, buffers and sub-modules by looking at its own attributes (and into lists, tuples and
dictionaries), in the order in which they were set. Their names are the paths of attributes: `encoder.layers.0.w`.

No lesson derives it.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..autodiff import Tensor, no_grad, raw, written, zeros
from ..backend import Array, default_device, to_device, to_numpy, xp_of
from ..errors import ArgumentError, DTypeError, ShapeError, unknown_name


class Parameter(Tensor):
    """A tensor that training changes; lies on the default device."""

    def __init__(self, data: Array) -> None:
        super().__init__(to_device(data, default_device()), requires_grad=True)


class Buffer(Tensor):
    """A tensor that belongs to a module's state but is not trained, such as BatchNorm's running statistics."""

    def __init__(self, data: Array) -> None:
        super().__init__(to_device(data, default_device()))


def _members(container: Mapping[Any, object]) -> Iterator[tuple[str, "Module | Tensor"]]:
    """(name, object) of the modules, parameters and buffers in a dictionary and in the containers it holds."""
    for name, value in container.items():
        if isinstance(value, (Module, Parameter, Buffer)):
            yield str(name), value
        elif isinstance(value, (list, tuple)):
            yield from ((f"{name}.{inner}", v) for inner, v in _members(dict(enumerate(value))))
        elif isinstance(value, dict):
            yield from ((f"{name}.{inner}", v) for inner, v in _members(value))


@contextlib.contextmanager
def restored(attribute: str, things: Iterable[object]) -> Iterator[None]:
    """After a `with` block, give an attribute of each of the things the value that it had before."""
    before = [(thing, getattr(thing, attribute)) for thing in things]
    try:
        yield
    finally:
        for thing, value in before:
            setattr(thing, attribute, value)


def _set_frozen(modules: "Iterable[Module]", parameters: Iterable[Tensor], frozen: bool) -> None:
    for module in modules:
        module.is_frozen = frozen
    for parameter in parameters:
        parameter.requires_grad = not frozen


class Module:
    """The base of all layers and models: subclasses set attributes in `__init__` and define `forward`.

    Attributes:
        training: whether layers such as Dropout and BatchNorm act as in training (see `train`, `eval`).
        is_frozen: whether parameters get no gradient and running statistics stay as they are (see `freeze`).
    """

    training = True
    is_frozen = False

    def forward(self, *args: Any) -> Any:
        """The function itself."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward(...)")

    def __call__(self, *args: Any) -> Any:
        """Call `forward`."""
        return self.forward(*args)

    # -------------------------------------------------------------------------------------------- what is in it

    def children(self) -> Iterator[tuple[str, "Module"]]:
        """(name, module) of the modules that are attributes, or in lists, tuples and dictionaries that are."""
        return ((name, value) for name, value in _members(vars(self)) if isinstance(value, Module))

    def modules(self) -> Iterator["Module"]:
        """This module and all below it, each once."""
        return (module for _, module in self.named_modules())

    def named_modules(self) -> Iterator[tuple[str, "Module"]]:
        """(path, module) of this module, whose path is '', and of all below it, each once."""
        return ((path, value) for path, value in self._walk() if isinstance(value, Module))

    def named_tensors(self) -> Iterator[tuple[str, Tensor]]:
        """(name, tensor) of every parameter and buffer, each once, under its first name."""
        return ((name, value) for name, value in self._walk() if isinstance(value, Tensor))

    def _walk(self) -> Iterator[tuple[str, "Module | Tensor"]]:
        """(path, object) of this module and every module, parameter and buffer below it, each once, depth first."""
        seen: set[int] = set()
        stack: list[tuple[str, Module | Tensor]] = [("", self)]
        while stack:
            path, value = stack.pop()
            if id(value) not in seen:
                seen.add(id(value))
                yield path, value
                if isinstance(value, Module):
                    prefix = f"{path}." if path else ""
                    stack += reversed([(prefix + name, member) for name, member in _members(vars(value))])

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """(name, parameter) of every parameter, frozen ones included."""
        return ((name, t) for name, t in self.named_tensors() if isinstance(t, Parameter))

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """(name, buffer) of every buffer."""
        return ((name, t) for name, t in self.named_tensors() if isinstance(t, Buffer))

    def parameters(self) -> list[Tensor]:
        """Every parameter, frozen ones included."""
        return [t for _, t in self.named_parameters()]

    def n_parameters(self) -> int:
        """How many numbers are trained."""
        return sum(p.size for p in self.parameters())

    @property
    def device(self) -> str:
        """Where the parameters and buffers lie, 'cpu' or 'cuda'; the default device if there are none."""
        return next((t.device for _, t in self.named_tensors()), None) or default_device()

    # ---------------------------------------------------------------------------------------------------- modes

    def train(self, mode: bool = True) -> "Module":
        """Let all layers act as in training (BatchNorm uses the batch's statistics, Dropout drops)."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> "Module":
        """Let all layers act as in use (BatchNorm uses its running statistics, Dropout does nothing)."""
        return self.train(False)

    def freeze(self, frozen: bool = True) -> "Module":
        """No gradients for the parameters and no updates of running statistics: nothing in the module changes."""
        _set_frozen(list(self.modules()), self.parameters(), frozen)
        return self

    def unfreeze(self) -> "Module":
        """Undo `freeze`."""
        return self.freeze(False)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Freeze inside a `with` block: what is computed there sends no gradient into this module, even later."""
        modules, parameters = list(self.modules()), self.parameters()
        with restored("is_frozen", modules), restored("requires_grad", parameters):
            _set_frozen(modules, parameters, True)  # not `freeze`, which walks again: GANs do this often in a step
            yield

    @contextlib.contextmanager
    def evaluating(self) -> Iterator[None]:
        """Act as in `eval` mode inside a `with` block; afterwards each layer is in the mode that it was in."""
        with restored("training", self.modules()):
            self.eval()
            yield

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    def to(self, device: str) -> "Module":
        """Move all parameters and buffers to `device`, in place; make optimizers afterwards."""
        for _, tensor in self.named_tensors():
            tensor.data = to_device(tensor.data, device)
            tensor.grad = tensor.grad_buffer = None
        return self

    # ---------------------------------------------------------------------------------------------------- state

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all parameters and buffers on the host, by name, each contiguous in memory whatever it is here.

        A tensor that is in the module twice (tied weights) is saved once, under its first name.

        Raises:
            ArgumentError: two tensors have one name, such as the attribute 'a.b' and the b of a module a.
        """
        return {name: np.array(to_numpy(t.data), order="C") for name, t in self._by_name().items()}

    def load_state_dict(self, state: Mapping[str, Tensor | Array]) -> None:
        """Set all parameters and buffers from arrays; the names and shapes must be this module's exactly.

        Everything is checked first: a state that does not fit changes nothing.
        """
        own = self._by_name()
        arrays = {name: to_numpy(raw(array)) for name, array in state.items()}
        for name in arrays:
            if name not in own:
                raise unknown_name("load_state_dict: state", name, own)
        for name, tensor in own.items():
            if name not in arrays:
                raise ArgumentError(f"load_state_dict: the state has no {name!r}; it is of another model")
            if arrays[name].shape != tensor.shape:
                raise ShapeError(
                    f"load_state_dict: {name} has shape {arrays[name].shape} in the state, "
                    f"{tensor.shape} here; build the model with the settings it was saved with"
                )
            if arrays[name].dtype.kind not in "biuf":
                raise DTypeError(f"load_state_dict: {name} must hold numbers, it has dtype {arrays[name].dtype}")
        for name, tensor in own.items():
            tensor.data[...] = xp_of(tensor.data).asarray(arrays[name], dtype=tensor.dtype)
        written(own.values(), "load_state_dict()")

    def _by_name(self) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for name, tensor in self.named_tensors():
            if name in found:
                raise ArgumentError(f"state: two tensors are called {name!r}; give one of the attributes another name")
            found[name] = tensor
        return found

    # ------------------------------------------------------------------------------------------------- pictures

    def describe(self) -> str:
        """The settings shown between the parentheses of the repr."""
        return ""

    def __repr__(self) -> str:
        lines = [f"  {name}: {child!r}".replace("\n", "\n  ") for name, child in self.children()]
        inside = "\n" + "\n".join(lines) + "\n" if lines else self.describe()
        return f"{type(self).__name__}({inside})"

    def summary(self, input_shape: tuple[int, ...]) -> str:
        """A table of the layers with output shapes and parameter counts.

        Args:
            input_shape: the shape of one example, without the batch axis; e.g. (28, 28, 1).
        """
        rows: list[tuple[str, str, str]] = []
        with _recording_shapes(self, rows), no_grad(), self.frozen(), self.evaluating():
            self(zeros((1, *input_shape), device=self.device))
        rows = [("layer", "output shape", "parameters"), *rows, ("total", "", f"{self.n_parameters():,}")]
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows)


@contextlib.contextmanager
def _recording_shapes(root: Module, rows: list[tuple[str, str, str]]) -> Iterator[None]:
    """Append (layer, output shape, parameter count) to `rows` whenever a module without children is called."""
    leaves = [m for m in root.modules() if not any(True for _ in m.children())]

    def watched(module: Module, forward: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            y = forward(*args)
            shape = getattr(y, "shape", ("?",))
            rows.append((repr(module), f"(N, {', '.join(map(str, shape[1:]))})", f"{module.n_parameters():,}"))
            return y

        return call

    for module in leaves:
        vars(module)["forward"] = watched(module, module.forward)
    try:
        yield
    finally:
        for module in leaves:
            del vars(module)["forward"]


class Sequential(Module):
    """Modules one after another: Sequential(a, b)(x) = b(a(x)). Plain functions may stand between them."""

    def __init__(self, *layers: Callable[[Tensor], Tensor]) -> None:
        for i, layer in enumerate(layers):
            if isinstance(layer, type):
                raise DTypeError(f"Sequential: layer {i} is the class {layer.__name__}; write {layer.__name__}(...)")
            if not callable(layer):
                hint = "; write Sequential(*layers)" if isinstance(layer, (list, tuple)) else ""
                raise DTypeError(
                    f"Sequential: layer {i} is {layer!r:.60}, which is neither a module nor a function{hint}"
                )
        self.layers = list(layers)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layers in order."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __getitem__(self, index: int) -> Any:
        return self.layers[index]

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Callable[[Tensor], Tensor]]:
        return iter(self.layers)
