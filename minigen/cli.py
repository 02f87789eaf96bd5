"""The command line: python -m minigen {train,sample,evaluate,explore,explain,augment,inspect,list,doctor}.

Whatever minigen refuses is one line on standard error and exit status 2; nothing is left half-written. The options of
each model come from its recipe.
"""

import argparse
import contextlib
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from . import signals
from .errors import ArgumentError, MinigenError
from .terminal import Parser, attempt
from .version import __version__

# What a resumed run keeps, besides its model's options.
OF_EVERY_RUN = ("data", "epochs", "seed", "device", "shards", "out")
NO_FLAGS = ("model", "folder", "file", "command", "run", "draws")
MOST_SAMPLES = 10_000_000  # of one command
SAMPLES_TO_MEASURE = (
    "how many samples (default: 10000; at most half as many as there are training images, at least 640 for FID-cls; of "
    "lines at most 1000, of text and rolls none)"
)
SAMPLING = (  # that not every model takes
    *("label", "truncation", "prompt", "temperature", "top_k", "top_p", "length", "evaluations", "guidance", "solver"),
)


def parser(model: str | None = None) -> argparse.ArgumentParser:
    """The argument parser; its help is the manual, of `train` for one model if it is named."""
    root = Parser(prog="python -m minigen", description="Generative models from first principles.")
    root.add_argument("--version", action="version", version=f"minigen {__version__}")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_train(commands, model)

    sample = _add_command(commands, "sample", _sample, "draw samples from a trained model")
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
    sample.add_argument("--solver", metavar="NAME", help="of diffusion: ddim or ddpm; of flow matching: heun or euler")
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

    explore = _add_command(commands, "explore", _explore, "pictures of a trained model's latent space")
    explore.add_argument("--towards", type=int, metavar="LABEL", help="what the arithmetic adds (default: the last)")

    what = "what an answer of a trained model depends on: attributions, and the heads of a Transformer"
    _add_command(commands, "explain", _explain, what)

    evaluate = _add_command(commands, "evaluate", _evaluate, "measures of a trained model, beside those of real data")
    evaluate.add_argument("--n", type=int, default=10_000, metavar="N", help=SAMPLES_TO_MEASURE)

    what = "a classifier from few labels, with and without images of a VAE"
    augment = _add_command(commands, "augment", _augment, what)
    augment.add_argument("--labels", type=int, default=100, metavar="N", help="labelled images (default: 100)")

    inspect = commands.add_parser("inspect", help="where a picture came from, or what a file of weights holds")
    inspect.set_defaults(run=_inspect)
    inspect.add_argument("file", metavar="FILE", help="a .png, .wav, .mid or .safetensors file, or the folder of a run")

    listing = commands.add_parser("list", help="the models and data sets")
    listing.set_defaults(run=_list)
    doctor = commands.add_parser("doctor", help="what is installed and usable here, each fault with its remedy")
    doctor.set_defaults(run=_doctor)
    doctor.add_argument("--data-dir", metavar="D", help="a folder to look for data sets in")
    return root


def _options_of_texts() -> tuple[Any, ...]:
    """How a model of text or music draws, and how much."""
    from .models.sequences.sampling import LENGTH, TEMPERATURE, TOP_K, TOP_P

    return TEMPERATURE, TOP_K, TOP_P, LENGTH


def _add_command(commands: Any, name: str, run: Any, what: str) -> argparse.ArgumentParser:
    """A command on the folder of a finished run; what it makes goes there."""
    command: argparse.ArgumentParser = commands.add_parser(name, help=what)
    command.set_defaults(run=run, draws=run is not _sample)
    command.add_argument("folder", metavar="DIR", help="the folder of a training run; what is made goes there")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is drawn (default: 0)")
    command.add_argument("--data-dir", metavar="D", help="a folder that holds the data set's files")
    command.add_argument("--device", metavar="cpu|cuda", help="where to compute (default: MINIGEN_DEVICE, else cpu)")
    return command


def _add_train(commands: Any, model: str | None) -> None:
    """`train`, with the options of all models; shown are those of one."""
    from .data import DATASETS, kind_of
    from .models import RECIPES

    recipe = RECIPES[model] if model else None
    names = [name for name in DATASETS if not recipe or kind_of(name) in recipe.takes]
    default = recipe.default_data if recipe else "digits, or what the model takes"
    about = f"Train {model}: {RECIPES[model].summary}." if model else "Train a model."
    train = commands.add_parser(
        "train",
        help="train a model and leave weights, metrics and pictures in a folder",
        description=f"{about} Options that are not given take values that work for the model and the data.",
        epilog=f"example: python -m minigen train {model or 'vae'} --steps 500 --out runs/mine"
        + ("" if model else ". The options of a model, such as --steps: python -m minigen train MODEL --help"),
    )
    train.set_defaults(run=_train, draws=True)
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
    for name, option in _options(model).items():
        kind = type(option.default)
        mine = model is not None and name in RECIPES[model].choosable
        choices = f": {', '.join(option.choices)}" if option.choices else ""
        special = [f"{data}: {d[name]}" for data, d in RECIPES[model].for_data.items() if name in d] if model else []
        text = f"{option.help}{choices} ({'; '.join([f'default: {option.default}', *special])})".replace("%", "%%")
        metavar = {int: "N", float: "X", str: "NAME"}[kind]
        own.add_argument(option.flag, type=kind, metavar=metavar, help=text if mine else argparse.SUPPRESS)


def _options(model: str | None = None) -> dict[str, Any]:
    """The options that can be chosen, of all models; where several have one, the named model's."""
    from .models import RECIPES

    recipes = [*RECIPES.values(), *([RECIPES[model]] if model else [])]
    return {option.name: option for recipe in recipes for option in recipe.options if not option.given_by_data}


def _train(args: argparse.Namespace) -> None:
    from . import backend, data, distributed
    from .models import RECIPES, recipe_of
    from .random import Generator
    from .runs import Every, load_run
    from .train import begin, check_on_nan, reopen, supervise

    group = distributed.world()
    with group.together():
        check_on_nan(args.on_nan)
        given = {name: getattr(args, name) for name in _options()}
        if args.resume is not None:
            fixed = {"model": args.model, **{name: getattr(args, name) for name in OF_EVERY_RUN}, **given}
            if besides := [name for name, value in fixed.items() if value is not None]:
                raise ArgumentError(f"{', '.join(besides)}: a run that is resumed keeps its settings; leave this out")
            settings = group.from_first(lambda: load_run(args.resume).settings)
            name, shards = settings.data, settings.shards
        elif args.model is None:
            raise ArgumentError("model: say which one to train, or --resume DIR; `python -m minigen list` shows them")
        else:
            recipe = recipe_of(args.model)  # a wrong name is told before anything is downloaded
            seed, name = args.seed or 0, args.data or recipe.default_data
            Generator(seed)
            device = args.device or backend.default_device()
            backend.module_for(device)
            for option in (option for option, value in given.items() if value is not None):
                if option not in recipe.choosable:
                    others = ", ".join(model for model, other in RECIPES.items() if option in other.choosable)
                    raise ArgumentError(f"{recipe.without(option)}; others have it: {others or 'none'}")
            shards = args.shards
            if shards is None:
                shards = 1 if group.size == 1 else max(8, group.size)
        distributed.check_fit(group.size, shards)
        every = Every.parse(args.checkpoint_every or "5m")
        examples = group.once_a_machine(lambda: data.load(name, "train", folder=args.data_dir))
        if args.resume is None:
            settings = recipe.settings(examples, epochs=args.epochs, seed=seed, device=device, shards=shards, **given)
        test = group.once_a_machine(lambda: data.load(name, "test", folder=args.data_dir))
        new = args.resume is None
        job = begin(settings, examples, args.out, group) if new else reopen(args.resume, examples, group)
        run = supervise(job, examples, test, quiet=args.quiet, every=every, on_nan=args.on_nan, data_dir=args.data_dir)
        if group.is_first:
            _tell(run)


def _tell(run: Any) -> None:
    """What came of a training."""
    from .models import recipe_of

    last = {name: value for row in run.metrics()[-2:] for name, value in row.items() if isinstance(value, (int, float))}
    last.pop("seconds", None)
    print(", ".join(f"{name} {value:g}" for name, value in last.items()))
    if meaning := recipe_of(run.settings.model).meaning(run.settings):
        print(f"({meaning})")
    print(
        f"wrote {run.folder}: " + ", ".join(sorted(path.name for path in run.folder.iterdir() if path.name[0] != "."))
    )


def _data_of(run: Any, part: str, folder: str | None) -> Any:
    """The run's data, or what has their name here, if they are alike."""
    from . import data

    found = data.load(run.settings.data, part, folder=folder)
    run.check_data(found)
    return found


def _trained(run: Any) -> Any:
    """The run's model, to be shown."""
    from .report import Trained

    return Trained(run.load_model(), run.settings, run.shape)


def _sample(args: argparse.Namespace) -> None:
    from . import backend
    from .report.samples import check_how, files_of, sampled
    from .runs import load_run

    run = load_run(args.folder)
    with backend.device(args.device or backend.default_device()):
        trained = _trained(run)
        how = {name: getattr(args, name) for name in SAMPLING if getattr(args, name) is not None}
        check_how(trained, how)
        places = files_of(trained, args.out, run.folder / f"sample-{args.seed}")
        told, files = sampled(trained, args.n, args.seed, tuple(places), args.data_dir, how)
        there = any(places[suffix].exists() for suffix in files)
        for suffix, content in files.items():
            run.leave(places[suffix].absolute(), content, seed=args.seed)
    if isinstance(text := files.get(".txt"), str):
        print(text, end="")
    first, *others = files
    named = " and ".join([str(places[first]), *others])
    print(f"{'replaced' if there else 'wrote'} {named}: {told}")


def _explore(args: argparse.Namespace) -> None:
    from . import backend
    from .random import Generator
    from .report import latent_pictures
    from .runs import load_run

    run, rng = load_run(args.folder), Generator(args.seed)
    test = _data_of(run, "test", args.data_dir)
    with backend.device(args.device or backend.default_device()):
        figures = latent_pictures(_trained(run), test, rng, args.towards)
    _write(run, figures, args.seed, [])


def _explain(args: argparse.Namespace) -> None:
    from . import backend, data
    from .random import Generator
    from .report import explanations
    from .runs import load_run

    run = load_run(args.folder)
    train, test = (data.load(run.settings.data, part, folder=args.data_dir) for part in ("train", "test"))
    with backend.device(args.device or backend.default_device()):
        lines, figures = explanations(_trained(run), train, test, Generator(args.seed))
    print("\n".join(lines))
    _write(run, figures, args.seed, [])


def _evaluate(args: argparse.Namespace) -> None:
    from . import backend
    from .report import evaluate, showing
    from .report.findings import as_json, table
    from .runs import load_run

    run = load_run(args.folder)
    train, test = (_data_of(run, part, args.data_dir) for part in ("train", "test"))
    with backend.device(args.device or backend.default_device()):
        trained = _trained(run)
        measures, figures = evaluate(trained, train, test, args.n, args.seed, _say)
    content = as_json(trained, measures, showing(trained).drawn(args.n, train), args.seed)
    run.write("evaluation.json", lambda path: path.write_text(content))
    print(table(measures))
    _write(run, figures, args.seed, ["evaluation.json"])


def _say(what: str) -> None:
    """Tell a terminal what takes its time."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or none
        if sys.stderr.isatty():
            print(f"minigen: {what} ...", file=sys.stderr, flush=True)


def _augment(args: argparse.Namespace) -> None:
    from . import backend
    from .report import accuracies_from_few_labels
    from .runs import load_run

    run = load_run(args.folder)
    train, test = (_data_of(run, part, args.data_dir) for part in ("train", "test"))
    with backend.device(args.device or backend.default_device()):
        found, figures = accuracies_from_few_labels(_trained(run), train, test, args.labels, args.seed)
    print(f"test accuracy from {args.labels} labels:")
    for name, accuracy in found.items():
        print(f"  {name:<18} {accuracy:.2%}")
    _write(run, figures, args.seed, [])


def _write(run: Any, files: dict[str, Any], seed: int, others: list[str]) -> None:
    """Write the files into the run's folder, and say so."""
    for name, content in files.items():
        run.leave(name, content, seed=seed)
    print(f"wrote {run.folder}: {', '.join(sorted([*files, *others]))}")


def _inspect(args: argparse.Namespace) -> None:
    from .runs.inspection import described

    for line in described(Path(args.file)):
        print(line)


def _list(args: argparse.Namespace) -> None:
    from .data import DATASETS
    from .models import RECIPES

    for title, entries in (
        ("models (python -m minigen train NAME):", {name: recipe.summary for name, recipe in RECIPES.items()}),
        ("data sets (--data NAME):", {name: str(text) for name, text in DATASETS.items()}),
    ):
        print(title)
        for name, text in entries.items():
            print(f"  {name:<14} {text}")


def _doctor(args: argparse.Namespace) -> int:
    from .doctor import examine

    findings = examine(args.data_dir)
    for finding in findings:
        print(f"{'ok  ' if not finding.remedy else finding.severity:<5} {finding.subject:<14} {finding.found}")
        if finding.remedy:
            print(f"{'':<20} -> {finding.remedy}")
    return int(any(finding.severity == "FAULT" for finding in findings))


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
