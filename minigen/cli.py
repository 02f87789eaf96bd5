"""The command line: python -m minigen {train,sample,list,doctor}.

Whatever minigen refuses is one line on standard error and exit status 2; nothing is left half-written.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .errors import ArgumentError, DataError, MinigenError
from .version import __version__


def parser() -> argparse.ArgumentParser:
    """The argument parser; its help is the manual."""
    from .data import DATASETS
    from .train import RECIPES

    root = argparse.ArgumentParser(prog="python -m minigen", description="Generative models from first principles.")
    root.add_argument("--version", action="version", version=f"minigen {__version__}")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")

    train = commands.add_parser(
        "train",
        help="train a model and leave weights, metrics and pictures in a folder",
        description="Train a model. Options that are not given take values that work for the model.",
        epilog="example: python -m minigen train vae --data mnist --epochs 10 --out runs/my-vae",
    )
    train.set_defaults(run=_train)
    train.add_argument("model", help="one of: " + ", ".join(RECIPES))
    train.add_argument(
        "--data", default="digits", metavar="NAME", help=f"one of: {', '.join(DATASETS)} (default: digits)"
    )
    train.add_argument("--data-dir", metavar="D", help="a folder that holds the data set's files")
    length = train.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=int, metavar="N", help="passes over the training data")
    length.add_argument("--steps", type=int, metavar="N", help="optimizer steps")
    train.add_argument("--batch-size", type=int, metavar="N", help="examples a step")
    train.add_argument("--lr", type=float, metavar="X", help="Adam's learning rate")
    train.add_argument(
        "--latent-dim", type=int, metavar="N", help="length of the latent vector (2: draws the manifold)"
    )
    train.add_argument("--width", type=int, metavar="N", help="hidden units, or channels of the first convolution")
    train.add_argument("--likelihood", metavar="NAME", help="of a VAE's decoder: bernoulli or gaussian")
    train.add_argument("--loss", metavar="NAME", help="of a GAN's generator: non-saturating or minimax")
    train.add_argument("--seed", type=int, default=0, metavar="N", help="of all randomness (default: 0)")
    train.add_argument("--device", metavar="cpu|cuda", help="where to compute (default: MINIGEN_DEVICE, else cpu)")
    train.add_argument("--out", metavar="DIR", help="the folder to make (default: runs/MODEL-DATA)")
    train.add_argument("--quiet", action="store_true", help="no progress bar")

    sample = commands.add_parser("sample", help="draw samples from a trained model")
    sample.set_defaults(run=_sample)
    sample.add_argument("folder", metavar="DIR", help="the folder of a training run")
    sample.add_argument("--n", type=int, default=100, metavar="N", help="how many (default: 100)")
    sample.add_argument("--seed", type=int, default=0, metavar="N", help="of the noise (default: 0)")
    sample.add_argument(
        "--out", metavar="FILE", help="a .png file, or .npy for the numbers (default: DIR/sample-SEED.png)"
    )
    sample.add_argument("--device", metavar="cpu|cuda", help="where to compute (default: MINIGEN_DEVICE, else cpu)")

    listing = commands.add_parser("list", help="the models and data sets")
    listing.set_defaults(run=_list)
    doctor = commands.add_parser("doctor", help="what is installed and usable here, each fault with its remedy")
    doctor.set_defaults(run=_doctor)
    doctor.add_argument("--data-dir", metavar="D", help="a folder to look for data sets in")
    return root


def _train(args: argparse.Namespace) -> None:
    from . import backend, data
    from .random import Generator
    from .train import recipe_of, settings_for, train

    recipe_of(args.model)  # a wrong name is told before anything is downloaded
    Generator(args.seed)
    device = args.device or backend.default_device()
    backend.module_for(device)
    examples = data.load(args.data, "train", folder=args.data_dir)
    given = {
        name: getattr(args, name)
        for name in ("steps", "batch_size", "lr", "latent_dim", "width", "likelihood", "loss", "seed")
    }
    settings = settings_for(args.model, examples, epochs=args.epochs, device=device, **given)
    test = data.load(args.data, "test", folder=args.data_dir)
    run = train(settings, examples, test, args.out, quiet=args.quiet)
    last = {name: value for row in run.metrics()[-2:] for name, value in row.items() if name != "seconds"}
    print(", ".join(f"{name} {value:g}" for name, value in last.items()))
    print(f"wrote {run.folder}: " + ", ".join(sorted(path.name for path in run.folder.iterdir())))


def _sample(args: argparse.Namespace) -> None:
    import numpy as np

    from . import backend, data
    from .random import Generator
    from .train import generate, load_run, picture_of, recipe_of, write_whole

    if args.n < 1:
        raise ArgumentError(f"n: expected a number of samples >= 1, got {args.n}")
    run = load_run(args.folder)
    out = Path(args.out) if args.out else run.folder / f"sample-{args.seed}.png"
    if out.suffix not in (".png", ".npy"):
        raise ArgumentError(f"out: expected a file name that ends in .png or .npy, got {str(out)!r}")
    if not out.parent.is_dir():
        raise DataError(f"out: the folder {out.parent} does not exist; make it first")
    with backend.device(args.device or backend.default_device()):
        model = run.load_model()
        is_image = len(run.shape) == 3
        low = recipe_of(run.settings.model).low if is_image else 0.0
        samples = generate(model, args.n, Generator(args.seed), low)
    title = f"{run.settings.model} on {run.settings.data}, seed {args.seed}"
    if out.suffix == ".npy":
        write_whole(out, lambda path: np.save(path, samples))
    elif is_image:
        from .plot import image_grid

        write_whole(out, lambda path: image_grid(samples, 10, title).savefig(path))
    else:
        points = data.load(run.settings.data, "test")
        write_whole(out, lambda path: picture_of(samples, points, title).savefig(path))
    print(f"wrote {out}: {args.n} samples")


def _list(args: argparse.Namespace) -> None:
    from .data import DATASETS
    from .train import RECIPES

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


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, 2 for anything refused, 130 when interrupted."""
    args: Any = parser().parse_args(argv)
    try:
        return args.run(args) or 0
    except MinigenError as error:
        print(f"minigen: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("minigen: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0
