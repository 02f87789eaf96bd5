"""What each command does: train, sample, evaluate, explore, explain, restore, augment, inspect, list, doctor.

A command takes the arguments that `minigen.cli` has read. What it needs is imported when it runs: `--help` is quick.
"""

import argparse
from pathlib import Path
from typing import Any

from .errors import ArgumentError
from .terminal import busy

# What a resumed run keeps, besides its model's options.
OF_EVERY_RUN = ("data", "epochs", "seed", "device", "shards", "out")
SAMPLING = (  # that not every model takes
    *("label", "truncation", "prompt", "temperature", "top_k", "top_p", "length", "evaluations", "guidance"),
    *("sampler", "solver"),
)


def options_of_models(model: str | None = None) -> dict[str, Any]:
    """The options that can be chosen, of all models; where several have one, the named model's."""
    from .models import RECIPES

    recipes = [*RECIPES.values(), *([RECIPES[model]] if model else [])]
    return {option.name: option for recipe in recipes for option in recipe.options if not option.given_by_data}


def train(args: argparse.Namespace) -> None:
    """Begin or resume a run, and tell what came of it."""
    from . import backend, data, distributed
    from .models import RECIPES, recipe_of
    from .random import Generator
    from .runs import Every, load_run
    from .train import begin, check_on_nan, reopen, supervise

    group = distributed.world()
    with group.together():
        check_on_nan(args.on_nan)
        given = {name: getattr(args, name) for name in options_of_models()}
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
            tell(run)


def tell(run: Any) -> None:
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


def sample(args: argparse.Namespace) -> None:
    """Draw samples, and write them where they belong."""
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
            run.leave(places[suffix].absolute(), content, seed=args.seed, **how)
    if isinstance(text := files.get(".txt"), str):
        print(text, end="")
    first, *others = files
    named = " and ".join([str(places[first]), *others])
    print(f"{'replaced' if there else 'wrote'} {named}: {told}")


def explore(args: argparse.Namespace) -> None:
    """Pictures of the latent space."""
    from . import backend
    from .random import Generator
    from .report import latent_pictures
    from .runs import load_run

    run, rng = load_run(args.folder), Generator(args.seed)
    test = _data_of(run, "test", args.data_dir)
    with backend.device(args.device or backend.default_device()):
        figures = latent_pictures(_trained(run), test, rng, args.towards)
    _write(run, figures, args.seed, [])


def explain(args: argparse.Namespace) -> None:
    """What an answer depends on, in words and pictures."""
    from . import backend
    from .random import Generator
    from .report import explanations
    from .runs import load_run

    run = load_run(args.folder)
    train, test = (_data_of(run, part, args.data_dir) for part in ("train", "test"))
    with backend.device(args.device or backend.default_device()):
        lines, figures = explanations(_trained(run), train, test, Generator(args.seed))
    print("\n".join(lines))
    _write(run, figures, args.seed, [])


def restore(args: argparse.Namespace) -> None:
    """Damaged test images, restored by a model of whole ones, in decibels beside what needs no learning."""
    from . import backend
    from .random import Generator
    from .report.restorations import FEW_GUESSES, of_whole_images
    from .runs import load_run

    run = load_run(args.folder)
    train, test = (_data_of(run, part, args.data_dir) for part in ("train", "test"))
    with backend.device(args.device or backend.default_device()):
        rng = Generator(args.seed)
        found, figures = of_whole_images(_trained(run), args.damage, args.amount, train, test, rng, busy)
    for name, decibels in found.items():
        note = f"  the mean of {FEW_GUESSES} guesses" if name == "psnr" else ""
        print(f"{name.replace('_', ' '):<24} {decibels:.2f} dB{note}")
    _write(run, figures, args.seed, [])


def evaluate(args: argparse.Namespace) -> None:
    """The measures that suit the model and its data."""
    from . import backend
    from .report import evaluate, showing
    from .report.findings import as_json, table
    from .runs import load_run

    run = load_run(args.folder)
    train, test = (_data_of(run, part, args.data_dir) for part in ("train", "test"))
    with backend.device(args.device or backend.default_device()):
        trained = _trained(run)
        measures, figures = evaluate(trained, train, test, args.n, args.seed, busy)
    content = as_json(trained, measures, showing(trained).drawn(args.n, train), args.seed)
    run.write("evaluation.json", lambda path: path.write_text(content))
    print(table(measures))
    _write(run, figures, args.seed, ["evaluation.json"])


def augment(args: argparse.Namespace) -> None:
    """Accuracies with and without generated images."""
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


def inspect(args: argparse.Namespace) -> None:
    """What a file or a folder says of itself."""
    from .runs.inspection import described

    for line in described(Path(args.file)):
        print(line)


def list_all(args: argparse.Namespace) -> None:
    """The models and the data sets."""
    from .data import DATASETS
    from .models import RECIPES

    for title, entries in (
        ("models (python -m minigen train NAME):", {name: recipe.summary for name, recipe in RECIPES.items()}),
        ("data sets (--data NAME):", {name: str(text) for name, text in DATASETS.items()}),
    ):
        print(title)
        for name, text in entries.items():
            print(f"  {name:<14} {text}")


def doctor(args: argparse.Namespace) -> int:
    """What is installed here; 1 if something is at fault."""
    from .doctor import examine

    findings = examine(args.data_dir)
    for finding in findings:
        print(f"{'ok  ' if not finding.remedy else finding.severity:<5} {finding.subject:<14} {finding.found}")
        if finding.remedy:
            print(f"{'':<20} -> {finding.remedy}")
    return int(any(finding.severity == "FAULT" for finding in findings))
