"""What a model is to the rest of the program: its options, how to build and train it, and what it can show.

At the foot of each model's file stand its recipes. One recipe is one name on the command line. All else asks it: the
command line for the flags, `--help` and the ranges; a run's folder for what config.json holds; the pictures for what
the model can show. Nobody asks which class a model is.

No lesson derives it.
"""

import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from numbers import Integral, Real
from typing import Any, NamedTuple

from ..backend import Array, module_for
from ..data import Dataset, kind_of, pixels, scale
from ..data.alphabet import can_be_shown
from ..distributed import check_fit
from ..errors import ArgumentError, unknown_name
from ..nn import Module
from ..optim.schedules import Schedule, constant, cosine
from ..random import SEEDS, Generator
from .memory import check_depth
from .trainer import Trainer

LARGEST = 2**63 - 1
Value = str | int | float
Shape = tuple[int, ...]

# What a model may be able to show besides samples, and the method that a model has which can.
CAPABILITIES = {
    "reconstructions": "reconstruct",  # examples -> examples
    "codes": "from_codes",  # latent vectors (N, latent_dim) -> examples
    "encodings": "encode",  # examples -> a distribution of their codes
    "log-weights": "log_weights",  # (examples, k, rng) -> log p(x, z) - log q(z|x) of k codes each
    "class logits": "class_logits",  # examples -> (N, classes)
    "information": "information",  # what fakes tell of their codes, in nats
    "denoising": "earlier",  # (x_t, guess at the examples, t, s, eta, rng) -> x_s, a step of diffusion
    "restorations": "restore",  # damaged examples -> guesses at the originals
    "verdicts": "verdicts",  # examples -> the discriminator's logits of 'real', (N,)
    "places": "log_probs",  # sequences (N, T+1, ...) -> log p of each place given those before it, (N, T)
    "log-probabilities": "log_prob",  # (examples, rng) -> log p(x) of each, in nats
    "bounds": "bound",  # (examples, rng) -> a named tuple, the terms of a bound on -log p(x) of each, and their `total`
    "recommendations": "scores",  # what users like -> a score of each item
    "similarities": "similarities",  # (pictures, names) -> how well each of the ones suits each of the others
    "continuations": "continued",  # (what is given of examples, rng) -> whole examples
}


class Kind(NamedTuple):
    """A kind of data: what it is called in a sentence, and the data set of it that is taken where none is named."""

    name: str
    example: str


KINDS = {
    "images": Kind("images", "digits"),
    "points": Kind("points", "ring"),
    "text": Kind("a text", "sonnets"),
    "lines": Kind("lines of text", "names"),
    "rolls": Kind("piano rolls", "jsb"),
    "likes": Kind("what users like", "tastes"),
    "pairs": Kind("pictures with names", "emoji"),
    "series": Kind("series of numbers", "car-following"),
    "clips": Kind("clips", "moving-digits"),
}
LONGEST_TEXT = 255  # characters of an option


@dataclass(frozen=True)
class Option:
    """Something that can be chosen about a model.

    Attributes:
        name: as in code; the flag is --name with dashes.
        default: used where nothing is given; its type is the option's.
        help: one line for `--help`.
        choices: the names that are allowed; without them a text may be any, of different characters.
        least, most: bounds that are allowed themselves.
        above, below: bounds that are not. A number has a bound below.
        given_by_data: whether the data decide it, and nobody is asked.
        kinds: of data that it has to do with, names in KINDS; of others it is refused. Without them of all.
    """

    name: str
    default: Value
    help: str
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None
    given_by_data: bool = False
    kinds: tuple[str, ...] = ()

    def __call__(self, default: Value, **others: Any) -> "Option":
        """The same option with another default."""
        return replace(self, default=default, **others)

    @property
    def flag(self) -> str:
        """What it is called on the command line."""
        return "--" + self.name.replace("_", "-")

    def checked(self, value: Any) -> Value:
        """The value, in the option's type.

        Raises:
            ArgumentError: another type, out of bounds, or not one of the choices.
        """
        kind = type(self.default)
        if self.choices and isinstance(value, str) and value not in self.choices:
            raise unknown_name(self.name, value, self.choices)
        if isinstance(value, {int: Integral, float: Real, str: str}[kind]) and not isinstance(value, bool):
            with contextlib.suppress(OverflowError, ValueError):  # too large to be a float
                made = kind(value)  # NumPy's numbers too
                if self.choices or self._within(made):
                    return made
        too_large = self.most == LARGEST and isinstance(value, Integral) and int(value) > LARGEST
        expected = "an integer below 2^63" if too_large else self._allowed()
        got = " ".join(f"{value!r:.60}".split())  # an array's text has several lines
        raise ArgumentError(f"{self.name}: expected {expected}, got {got}")

    def check_kind(self, data: Dataset) -> None:
        """Refuse the option where it would have no effect.

        Raises:
            ArgumentError: says of which data it is.
        """
        if self.kinds and data.kind not in self.kinds:
            of = " or ".join(KINDS[name].name for name in self.kinds)
            raise ArgumentError(
                f"{self.name}: it is of {of}, and {data.name!r} holds {KINDS[data.kind].name}; leave it out"
            )

    def _within(self, value: Value) -> bool:
        if isinstance(value, str):
            different = len(set(value)) == len(value)
            return 0 < len(value) <= LONGEST_TEXT and different and all(map(can_be_shown, value))
        return (isinstance(value, int) or math.isfinite(value)) and not (
            (self.least is not None and value < self.least)
            or (self.most is not None and value > self.most)
            or (self.above is not None and value <= self.above)
            or (self.below is not None and value >= self.below)
        )

    def _allowed(self) -> str:
        """'an integer >= 1', 'a number with 0 < lr <= 1', 'one of bernoulli, gaussian'."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if isinstance(self.default, str):
            return f"a text of 1 to {LONGEST_TEXT} different characters that can be printed"
        kind = "an integer" if isinstance(self.default, int) else "a number"
        low, low_sign = (self.above, ">") if self.above is not None else (self.least, ">=")
        high, high_sign = (self.below, "<") if self.below is not None else (self.most, "<=")
        if high is None or high == LARGEST:
            return f"{kind} {low_sign} {low:g}"
        return f"{kind} with {low:g} {low_sign.replace('>', '<')} {self.name} {high_sign} {high:g}"


def with_defaults(options: tuple[Option, ...], **defaults: Value) -> tuple[Option, ...]:
    """The same options, some with other defaults."""
    return tuple(option(defaults.get(option.name, option.default)) for option in options)


# Options that most models have; each recipe says with which default.
STEPS = Option("steps", 1000, "optimizer steps", least=1, most=LARGEST)
BATCH_SIZE = Option("batch_size", 128, "examples a step", least=1, most=LARGEST)
LR = Option("lr", 1e-3, "Adam's learning rate", above=0, most=1)
LATENT_DIM = Option("latent_dim", 20, "length of the latent vector (2: draws the plane)", least=1, most=LARGEST)
DEPTH = Option("depth", 1, "hidden layers of each dense network", least=1, most=100)
WIDTH = Option("width", 32, "hidden units, or channels of the first convolution", least=1, most=LARGEST)
SEED = Option("seed", 0, "of all randomness", least=0, most=SEEDS - 1)
SHARDS = Option("shards", 1, "parts that a batch is cut into: 1, 2, 4, ...", least=1, most=1 << 16)
SCHEDULE = Option("schedule", "constant", "of the learning rates; cosine falls to 0", choices=("constant", "cosine"))
CLASSES_OF_DATA = Option("classes", 1, "labels that the data have", least=1, most=LARGEST, given_by_data=True)


@dataclass(frozen=True)
class Settings:
    """What a run is made of: a value for each option of its model, and what every run has.

    The options are read as attributes too: `settings.latent_dim`.

    Attributes:
        model, data: names, of RECIPES and of `minigen.data.DATASETS`.
        options: by name.
        seed: of all randomness. device: 'cpu' or 'cuda'.
        shards: how many parts each batch is cut into, whose gradients are added; see `minigen.distributed`.
    """

    model: str
    data: str
    options: Mapping[str, Value]
    seed: int = 0
    device: str = "cpu"
    shards: int = 1

    def __getattr__(self, name: str) -> Any:
        options = self.__dict__.get("options", {})
        if name not in options:
            raise AttributeError(f"{self.__dict__.get('model')!r} has no option {name!r}")
        return options[name]

    def get(self, name: str, otherwise: Value) -> Any:
        """The value of an option that not every model has."""
        return self.options.get(name, otherwise)

    @property
    def shard_size(self) -> int:
        """Examples of a shard."""
        return int(self.batch_size) // self.shards

    def but(self, **options: Value) -> "Settings":
        """The same settings with other values of some options."""
        return replace(self, options={**self.options, **options})


@dataclass(frozen=True)
class Recipe:
    """One kind of model, by the name that it has on the command line.

    Attributes:
        name, summary: for the command line; the summary names the paper.
        build: the untrained model for settings and the shape of an example; draws its weights from a generator.
        trainer: what takes the training steps.
        options: what can be chosen, with defaults.
        shows: names in CAPABILITIES.
        for_data: defaults that differ, by the data's name, or for all 'points'.
        takes: the kinds of data that it can learn, names in KINDS. labelled: whether it needs labels.
        example: the data set where none is named, if not that of the first kind.
        whole_batches: why its batches cannot be cut into shards; '' if they can.
        check: refuses options that do not go together, or not with the data.
        meaning: what the loss in the log means, in one line.
        unit: what the losses in the log are measured in.
        black: the value of a black pixel in training; white is 1.
        damage: what a model that restores images undoes, a name in `minigen.data.damage.DAMAGES`.
    """

    name: str
    summary: str
    build: Callable[[Settings, Shape, Generator], Module]
    trainer: Callable[[Any, Settings], Trainer]
    options: tuple[Option, ...]
    shows: tuple[str, ...] = ()
    for_data: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    takes: tuple[str, ...] = ("images", "points")
    example: str = ""
    labelled: bool = False
    whole_batches: str = ""
    check: Callable[[Settings, Dataset], None] = lambda settings, data: None
    meaning: Callable[[Settings], str] = lambda settings: ""
    unit: Callable[[Settings], str] = lambda settings: "nats per example"
    black: float = 0.0
    damage: str = ""

    def defaults(self, data: Dataset) -> dict[str, Value]:
        """The values of all options where nothing is given."""
        special = {**self.for_data.get(data.kind, {}), **self.for_data.get(data.name, {})}
        return {option.name: special.get(option.name, option.default) for option in self.options}

    def settings(
        self,
        data: Dataset,
        *,
        epochs: int | None = None,
        seed: int = 0,
        device: str = "cpu",
        shards: int = 1,
        **given: Any,
    ) -> Settings:
        """The settings of a run: what is `given`, and the recipe's choices for the rest.

        Args:
            data: the training set.
            epochs: passes over it, in place of `steps`.
            seed, device, shards: see `Settings`.
            given: options by name; None means not given.

        Raises:
            ArgumentError: a value out of range, an option that this model does not have, or data that it cannot use.
        """
        self.check_kind(data)
        given = {name: value for name, value in given.items() if value is not None}
        known = {option.name: option for option in self.options}
        for name in given:
            if name not in known or known[name].given_by_data:
                raise ArgumentError(self.without(name))
            known[name].check_kind(data)
        if epochs is not None:
            if "steps" in given:
                raise ArgumentError("epochs and steps: give one of the two")
            batch = known["batch_size"].checked({**self.defaults(data), **given}["batch_size"])
            given["steps"] = STEPS(1, name="epochs").checked(epochs) * max(1, len(data) // int(batch))
        values = {**self.defaults(data), **given}
        values |= self.given_by(data)
        module_for(device)  # a device that is not there is refused now
        options = {name: known[name].checked(value) for name, value in values.items()}
        numbers = int(SEED.checked(seed)), device, int(SHARDS.checked(shards))
        settings = Settings(self.name, data.name, options, *numbers)
        self.check_with(settings, data)
        return settings

    def check_kind(self, data: Dataset) -> None:
        """Refuse data of a kind that this model does not learn.

        Raises:
            ArgumentError: says which kinds it does.
        """
        kind = data.kind
        if kind not in self.takes:
            takes = " or ".join(KINDS[name].name for name in self.takes)
            raise ArgumentError(f"data: {self.name!r} learns from {takes}, and {data.name!r} holds {KINDS[kind].name}")

    def given_by(self, data: Dataset) -> dict[str, Value]:
        """The options that the data decide."""
        found = {option.name: self.defaults(data)[option.name] for option in self.options if option.given_by_data}
        if self.labelled:
            found["classes"] = classes_of(data, self.name)
        if "alphabet" in found and data.alphabet:
            found["alphabet"] = data.alphabet
        if "vocabulary" in found and data.words:
            found["vocabulary"] = len(data.words)
        return found

    def targets(self, data: Dataset) -> tuple[Array, ...]:
        """What a step is given besides the examples: the names of pairs; labels, if the model learns from them."""
        wanted = data.kind == "pairs" or self.labelled
        return (data.y,) if wanted and data.y is not None else ()

    @property
    def generates(self) -> bool:
        """Whether its model makes examples from noise: others restore what is damaged, or compare what is there."""
        return not {"restorations", "similarities"} & set(self.shows)

    def check_data(self, settings: Settings, data: Dataset) -> None:
        """Refuse data that are not like those of the settings, which may be somebody else's.

        Raises:
            ArgumentError: says what differs.
        """
        self.check_kind(data)
        for name, value in self.given_by(data).items():
            if (theirs := settings.options[name]) != value:
                ours, theirs = (f"{len(v)} characters" if isinstance(v, str) else v for v in (value, theirs))
                raise ArgumentError(
                    f"{name}: the data have {ours}, the run has {'others, ' if ours == theirs else ''}{theirs}; "
                    "give the data that it was trained on"
                )

    def check_shape(self, settings: Settings, shape: Shape) -> None:
        """Refuse a shape of examples, or an alphabet, that data of the settings' name cannot have.

        Raises:
            ArgumentError: says what was expected.
        """
        kind = kind_of(settings.data)
        if kind not in self.takes:
            raise ArgumentError(f"data: {self.name!r} cannot learn from {KINDS[kind].name}, got {settings.data!r}")
        axes = {"clips": 4, "images": 3, "pairs": 3, "rolls": 2, "series": 2}.get(kind, 1)
        if len(shape) != axes:
            raise ArgumentError(f"shape: {settings.data!r} has examples of {axes} axes, got {list(shape)}")
        alphabet = settings.get("alphabet", "")
        if kind == "lines" and alphabet[:1] != "\n":
            raise ArgumentError(f"alphabet: expected a line end first, as it ends a line, got {alphabet[:1]!r}")

    def prepared(self, x: Array) -> Array:
        """Examples (N, *shape) as the model takes them: pixels scaled, symbols, frames and likes as they are."""
        if x.dtype.kind in "iu" and x.ndim < 4:
            return x
        return scale(pixels(x), self.black if x.ndim == 4 else 0.0)

    @property
    def default_data(self) -> str:
        """The data set where none is named."""
        return self.example or KINDS[self.takes[0]].example

    @property
    def choosable(self) -> list[str]:
        """The names of the options that the data do not decide."""
        return [option.name for option in self.options if not option.given_by_data]

    def without(self, name: str) -> str:
        """The refusal of an option that this model does not have."""
        return f"{name}: {self.name!r} has no such option; it has {', '.join(self.choosable)}"

    def check_with(self, settings: Settings, data: Dataset) -> None:
        """Refuse settings that do not go together, or not with the data: they may be somebody else's.

        Raises:
            ArgumentError: says what to change.
        """
        if settings.batch_size > len(data):
            raise ArgumentError(f"batch_size: {settings.batch_size} exceeds the {len(data)} examples of {data.name!r}")
        check_fit(1, settings.shards)
        if settings.shards > 1 and self.whole_batches:
            raise ArgumentError(f"shards: {self.name!r} takes whole batches, as {self.whole_batches}; use --shards 1")
        if settings.batch_size % settings.shards:
            more = -(-settings.batch_size // settings.shards) * settings.shards
            raise ArgumentError(
                f"batch_size: {settings.batch_size} examples cannot be cut into {settings.shards} equal shards; "
                f"take --batch-size {more}, or other --shards"
            )
        self.check_data(settings, data)
        usual = self.defaults(data)
        for option in self.options:
            if settings.options[option.name] != usual[option.name]:
                option.check_kind(data)
        self.check(settings, data)
        check_depth(settings)


SCHEDULES: dict[str, Callable[[Settings], Schedule]] = {
    "constant": lambda s: constant(s.lr),
    "cosine": lambda s: cosine(s.lr, s.steps),
}


def classes_of(data: Dataset, model: str) -> int:
    """How many labels a data set has.

    Raises:
        ArgumentError: it has none.
    """
    if data.y is None:
        raise ArgumentError(f"data: {model!r} learns from labels and {data.name!r} has none; use 'mnist' or 'digits'")
    return int(data.y.max()) + 1
