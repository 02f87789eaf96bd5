"""The command line: python -m minigen COMMAND; what each does is in `commands`.

Whatever minigen refuses is one line on standard error and exit status 2; nothing is left half-written. The options of
each model come from its recipe.
"""

import argparse
import contextlib
import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from . import commands, signals
from .errors import ArgumentError, MinigenError
from .terminal import Parser, attempt
from .version import __version__

NO_FLAGS = ("model", "folder", "file", "command", "run", "draws")
MOST_SAMPLES = 10_000_000  # of one command
SAMPLES_TO_MEASURE = (
    "how many samples (default: 10000; at most half as many as there are training images, at least 640 for FID-cls; of "
    "lines at most 1000, of text and rolls none)"
)


def parser(model: str | None = None) -> argparse.ArgumentParser:
    """The argument parser; its help is the manual, of `train` for one model if it is named."""
    root = Parser(prog="python -m minigen", description="Generative models from first principles.")
    root.add_argument("--version", action="version", version=f"minigen {__version__}")
    verbs = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_train(verbs, model)

    sample = _add_command(verbs, "sample", commands.sample, "draw samples from a trained model")
    sample.add_argument(
        "--n",
        type=int,
        metavar="N",
        help="how many (default: 100; of points 2000, of lines 20, of clips 10, of users 5, of music and series 4, of "
        "a text 1: as a run leaves)",
    )
    sample.add_argument("--label", type=int, metavar="N", help="of a conditional model: what to make (default: all)")
    sample.add_argument(
        "--truncation", type=float, metavar="PSI", help="of a style-gan: 1 for all variety (default), 0 for none"
    )
    sample.add_argument("--evaluations", type=int, metavar="N", help="of diffusion: how often its network is asked")
    sample.add_argument("--guidance", type=float, metavar="W", help="of diffusion with classes: 0 for what was learnt")
    sample.add_argument("--solver", metavar="NAME", help="of flow matching: heun or euler")
    sample.add_argument("--sampler", metavar="NAME", help="of diffusion: ddim or ddpm")
    for option in _options_of_texts():
        kind, metavar = (int, "N") if isinstance(option.default, int) else (float, "X")
        help_of_it = f"of text and of music as text: {option.help} (default: {option.default})"
        sample.add_argument(option.flag, type=kind, metavar=metavar, help=help_of_it)
    sample.add_argument(
        "--prompt",
        metavar="TEXT",
        help="of a model of text: what it begins with; of more than the model sees at once the end counts",
    )
    sample.add_argument(
        "--out",
        metavar="FILE",
        help="a .png file, or .npy for the numbers; of text .txt, of music .wav or .mid (default: DIR/sample-SEED.*, "
        "with the endings that the run's own samples have)",
    )

    explore = _add_command(verbs, "explore", commands.explore, "pictures of a trained model's latent space")
    explore.add_argument("--towards", type=int, metavar="LABEL", help="what the arithmetic adds (default: the last)")

    what = "what an answer of a trained model depends on: attributions, and the heads of a Transformer"
    _add_command(verbs, "explain", commands.explain, what)

    evaluate = _add_command(
        verbs, "evaluate", commands.evaluate, "measures of a trained model, beside those of real data"
    )
    evaluate.add_argument("--n", type=int, default=10_000, metavar="N", help=SAMPLES_TO_MEASURE)

    what = "damaged test images, restored by a diffusion model of whole ones"
    restore = _add_command(verbs, "restore", commands.restore, what)
    restore.add_argument(
        "--damage", default="hole", metavar="NAME", help="hole, noise or 'low resolution' (default: hole)"
    )
    restore.add_argument(
        "--amount",
        type=float,
        default=None,
        metavar="X",
        help="the hole's side as a share (default: 0.5), the noise's deviation (0.5), the factor (2)",
    )

    what = "a classifier from few labels, with and without images of a VAE"
    augment = _add_command(verbs, "augment", commands.augment, what)
    augment.add_argument("--labels", type=int, default=100, metavar="N", help="labelled images (default: 100)")

    inspect = verbs.add_parser("inspect", help="where a picture came from, or what a file of weights holds")
    inspect.set_defaults(run=commands.inspect)
    inspect.add_argument("file", metavar="FILE", help="a .png, .wav, .mid or .safetensors file, or the folder of a run")

    listing = verbs.add_parser("list", help="the models and data sets")
    listing.set_defaults(run=commands.list_all)
    doctor = verbs.add_parser("doctor", help="what is installed and usable here, each fault with its remedy")
    doctor.set_defaults(run=commands.doctor)
    doctor.add_argument("--data-dir", metavar="D", help="a folder to look for data sets in")
    return root


def _options_of_texts() -> tuple[Any, ...]:
    """How a model of text or music draws, and how much."""
    from .models.sequences.sampling import LENGTH, TEMPERATURE, TOP_K, TOP_P

    return TEMPERATURE, TOP_K, TOP_P, LENGTH


def _add_command(verbs: Any, name: str, run: Any, what: str) -> argparse.ArgumentParser:
    """A command on the folder of a finished run; what it makes goes there."""
    command: argparse.ArgumentParser = verbs.add_parser(name, help=what)
    command.set_defaults(run=run, draws=run is not commands.sample)
    command.add_argument("folder", metavar="DIR", help="the folder of a training run; what is made goes there")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is drawn (default: 0)")
    command.add_argument("--data-dir", metavar="D", help="a folder that holds the data set's files")
    command.add_argument("--device", metavar="cpu|cuda", help="where to compute (default: MINIGEN_DEVICE, else cpu)")
    return command


def _add_train(verbs: Any, model: str | None) -> None:
    """`train`, with the options of all models; shown are those of one."""
    from .data import DATASETS, kind_of
    from .models import RECIPES

    recipe = RECIPES[model] if model else None
    names = [name for name in DATASETS if not recipe or kind_of(name) in recipe.takes]
    default = recipe.default_data if recipe else "digits, or what the model takes"
    about = f"Train {model}: {RECIPES[model].summary}." if model else "Train a model."
    train = verbs.add_parser(
        "train",
        help="train a model and leave weights, metrics and pictures in a folder",
        description=f"{about} Options that are not given take values that work for the model and the data.",
        epilog=f"example: python -m minigen train {model or 'vae'} --steps 500 --out runs/mine"
        + ("" if model else ". The options of a model, such as --steps: python -m minigen train MODEL --help"),
    )
    train.set_defaults(run=commands.train, draws=True)
    train.add_argument("model", nargs="?", help="one of: " + ", ".join(RECIPES))
    train.add_argument("--resume", metavar="DIR", help="go on with a run that was stopped; it keeps its settings")
    train.add_argument("--data", metavar="NAME", help=f"one of: {', '.join(names)} (default: {default})")
    train.add_argument("--data-dir", metavar="D", help="a folder that holds the data set's files")
    train.add_argument("--epochs", type=int, metavar="N", help="passes over the training data, in place of --steps")
    train.add_argument("--seed", type=int, metavar="N", help="of all randomness (default: 0)")
    train.add_argument("--device", metavar="cpu|cuda", help="where to compute (default: MINIGEN_DEVICE, else cpu)")
    train.add_argument(
        "--shards",
        type=int,
        metavar="S",
        help="cut each batch into 1, 2, 4, ... parts with noise and batch statistics of their own, and add their "
        "gradients: the bytes are those of S, on however many processes (default: 1; with mpiexec -n P: 8)",
    )
    train.add_argument("--out", metavar="DIR", help="the folder to make (default: runs/MODEL-DATA)")
    train.add_argument("--checkpoint-every", metavar="N|Nm", help="after N steps or N minutes, or never (default: 5m)")
    train.add_argument(
        "--on-nan",
        default="stop",
        metavar="WHAT",
        help="at a NaN or infinity: stop, skip the step, or rollback to the last checkpoint (default: stop)",
    )
    train.add_argument("--quiet", action="store_true", help="no progress bar")
    own = train.add_argument_group(f"options of {model}" if model else "options of models")
    for name, option in commands.options_of_models(model).items():
        kind = type(option.default)
        mine = model is not None and name in RECIPES[model].choosable
        choices = f": {', '.join(option.choices)}" if option.choices else ""
        special = [f"{data}: {d[name]}" for data, d in RECIPES[model].for_data.items() if name in d] if model else []
        text = f"{option.help}{choices} ({'; '.join([f'default: {option.default}', *special])})".replace("%", "%%")
        metavar = {int: "N", float: "X", str: "NAME"}[kind]
        own.add_argument(option.flag, type=kind, metavar=metavar, help=text if mine else argparse.SUPPRESS)


def _named_model(given: Sequence[str]) -> str | None:
    """The model of `train`, wherever it stands, if there is such a one."""
    from .models import RECIPES

    rest = iter(given[1:] if given[:1] == ["train"] else [])
    for argument in rest:
        if not argument.startswith("-"):
            return argument if argument in RECIPES else None
        if "=" not in argument and argument not in ("--quiet", "-h", "--help"):
            next(rest, None)  # the option's value
    return None


def _by_flags(message: str, arguments: dict[str, Any]) -> str:
    """A refusal with what it begins with, the names of arguments, as they are written on the command line."""
    names, colon, rest = message.partition(": ")

    def flag(found: re.Match[str]) -> str:
        name = found[0]
        return "--" + name.replace("_", "-") if name in arguments and name not in NO_FLAGS else name

    if not re.fullmatch(r"\w+((, | and )\w+)*", names):
        return message
    return re.sub(r"\w+", flag, names) + colon + rest


@contextlib.contextmanager
def _silent_unless_first() -> Iterator[None]:
    """Of several processes, the first tells what is wrong with the command that all were given."""
    from . import distributed

    with contextlib.ExitStack() as stack:
        if (distributed.launched() or (0, 1))[0]:
            nowhere = stack.enter_context(open(os.devnull, "w"))
            stack.enter_context(contextlib.redirect_stderr(nowhere))
            stack.enter_context(contextlib.redirect_stdout(nowhere))
            stack.enter_context(_unsaid())
        yield


@contextlib.contextmanager
def _unsaid() -> Iterator[None]:
    """What is refused in the `with` block ends the process without a word."""
    try:
        yield
    except MinigenError:
        raise SystemExit(2) from None


def _check_values(args: argparse.Namespace) -> None:
    """Refuse what no command takes, before anything is read; the options of models are checked by their recipes."""
    from .models.recipe import SEED, STEPS

    for name in ("folder", "file", "out", "data_dir", "resume"):
        if getattr(args, name, None) == "":
            raise ArgumentError(f"{name}: expected a path, got ''; leave it out, or name one")
    samples = STEPS(1, name="n", most=MOST_SAMPLES)
    for option in (SEED, samples, *_options_of_texts()):
        if (value := getattr(args, option.name, None)) is not None:
            option.checked(value)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, 2 for anything refused, 130, 143 or 129 when stopped.

    Args:
        argv: the words after the command's name; those of the process by default, which then is ours.
    """
    from . import distributed

    with attempt("minigen") as outcome:
        if argv is None and not distributed.launched():
            signals.take_over()
        given = list(sys.argv[1:] if argv is None else argv)
        with _silent_unless_first():
            args: Any = parser(_named_model(given)).parse_args(given)
        try:
            _check_values(args)
            if getattr(args, "draws", False):  # what keeps it from drawing is told before hours of training
                from .report import canvas

                canvas.load()
            outcome.status = args.run(args) or 0
        except MinigenError as error:
            error.args = (_by_flags(str(error), vars(args)),)
            raise
    return outcome.status
