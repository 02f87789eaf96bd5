"""The command line: python -m minigen {train,sample,evaluate,explore,augment,inspect,list,doctor}.

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
    from .models.adversarial import LOSSES
    from .models.penalties import PENALTIES
    from .train import RECIPES
    from .train.gan_recipes import NETS

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
    train.add_argument("model", nargs="?", help="one of: " + ", ".join(RECIPES))
    train.add_argument("--resume", metavar="DIR", help="go on with a run that was stopped; it keeps its settings")
    train.add_argument("--data", metavar="NAME", help=f"one of: {', '.join(DATASETS)} (default: digits)")
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
    train.add_argument("--beta", type=float, metavar="X", help="of a VAE: the weight of the KL (default: 1)")
    train.add_argument("--samples", type=int, metavar="K", help="of an IWAE: codes for each example (default: 5)")
    train.add_argument("--loss", metavar="NAME", help=f"of a GAN: {', '.join(LOSSES)}")
    train.add_argument("--penalty", metavar="NAME", help=f"of a GAN's discriminator: {', '.join(PENALTIES)}")
    train.add_argument("--net", metavar="NAME", help=f"of a GAN: {', '.join(NETS)}")
    train.add_argument("--pack", type=int, metavar="N", help="of a GAN: examples its discriminator judges at once")
    train.add_argument("--critic-steps", type=int, metavar="N", help="of a GAN: those of D for one of G")
    train.add_argument("--shear", type=float, metavar="X", help="of an InfoGAN: slant what D sees, e.g. by up to 0.3")
    train.add_argument("--unroll", type=int, metavar="N", help="of an unrolled GAN: how many steps it looks ahead")
    train.add_argument("--words", type=int, metavar="K", help="of a VQ-VAE: vectors in its codebook (default: 64)")
    train.add_argument("--ema", type=float, metavar="X", help="of a GAN: average the generator's weights, e.g. 0.999")
    train.add_argument(
        "--amount", type=float, metavar="X", help="of damage: noise deviation, hole's share of the side, factor of size"
    )
    train.add_argument("--seed", type=int, metavar="N", help="of all randomness (default: 0)")
    train.add_argument("--device", metavar="cpu|cuda", help="where to compute (default: MINIGEN_DEVICE, else cpu)")
    train.add_argument("--out", metavar="DIR", help="the folder to make (default: runs/MODEL-DATA)")
    train.add_argument("--checkpoint-every", metavar="N|Nm", help="after N steps or N minutes, or never (default: 5m)")
    train.add_argument(
        "--on-nan",
        default="stop",
        metavar="WHAT",
        help="at a NaN or infinity: stop, skip the step, or rollback to the last checkpoint (default: stop)",
    )
    train.add_argument("--quiet", action="store_true", help="no progress bar")

    sample = commands.add_parser("sample", help="draw samples from a trained model")
    sample.set_defaults(run=_sample)
    sample.add_argument("folder", metavar="DIR", help="the folder of a training run")
    sample.add_argument("--n", type=int, default=100, metavar="N", help="how many (default: 100)")
    sample.add_argument("--seed", type=int, default=0, metavar="N", help="of the noise (default: 0)")
    sample.add_argument("--label", type=int, metavar="N", help="of a conditional model: what to make (default: all)")
    sample.add_argument(
        "--truncation", type=float, metavar="PSI", help="of a style-gan: 1 for all variety (default), 0 for none"
    )
    sample.add_argument(
        "--out", metavar="FILE", help="a .png file, or .npy for the numbers (default: DIR/sample-SEED.png)"
    )
    sample.add_argument("--device", metavar="cpu|cuda", help="where to compute (default: MINIGEN_DEVICE, else cpu)")

    explore = commands.add_parser("explore", help="pictures of a trained model's latent space")
    explore.set_defaults(run=_explore)
    explore.add_argument("folder", metavar="DIR", help="the folder of a training run; the pictures go there")
    explore.add_argument("--seed", type=int, default=0, metavar="N", help="of the codes (default: 0)")
    explore.add_argument("--towards", type=int, metavar="LABEL", help="what the arithmetic adds (default: the last)")
    explore.add_argument("--data-dir", metavar="D", help="a folder that holds the data set's files")
    explore.add_argument("--device", metavar="cpu|cuda", help="where to compute (default: MINIGEN_DEVICE, else cpu)")

    evaluate = commands.add_parser("evaluate", help="measures of a trained model, beside those of real data")
    evaluate.set_defaults(run=_evaluate)
    evaluate.add_argument("folder", metavar="DIR", help="the folder of a training run; evaluation.json goes there")
    evaluate.add_argument("--n", type=int, default=10_000, metavar="N", help="how many samples (default: 10000)")
    evaluate.add_argument("--seed", type=int, default=0, metavar="N", help="of the samples (default: 0)")
    evaluate.add_argument("--data-dir", metavar="D", help="a folder that holds the data set's files")
    evaluate.add_argument("--device", metavar="cpu|cuda", help="where to compute (default: MINIGEN_DEVICE, else cpu)")

    augment = commands.add_parser("augment", help="a classifier from few labels, with and without images of a VAE")
    augment.set_defaults(run=_augment)
    augment.add_argument("folder", metavar="DIR", help="the folder of a VAE's training run; augmented.png goes there")
    augment.add_argument("--labels", type=int, default=100, metavar="N", help="labelled images (default: 100)")
    augment.add_argument("--seed", type=int, default=0, metavar="N", help="of the choice and of training (default: 0)")
    augment.add_argument("--data-dir", metavar="D", help="a folder that holds the data set's files")
    augment.add_argument("--device", metavar="cpu|cuda", help="where to compute (default: MINIGEN_DEVICE, else cpu)")

    inspect = commands.add_parser("inspect", help="where a picture came from, or what a file of weights holds")
    inspect.set_defaults(run=_inspect)
    inspect.add_argument("file", metavar="FILE", help="a .png or .safetensors file, or the folder of a training run")

    listing = commands.add_parser("list", help="the models and data sets")
    listing.set_defaults(run=_list)
    doctor = commands.add_parser("doctor", help="what is installed and usable here, each fault with its remedy")
    doctor.set_defaults(run=_doctor)
    doctor.add_argument("--data-dir", metavar="D", help="a folder to look for data sets in")
    return root


OF_GANS = ("loss", "penalty", "net", "pack", "critic_steps")
SETTINGS = (
    "steps",
    "batch_size",
    "lr",
    "latent_dim",
    "width",
    "likelihood",
    "beta",
    "samples",
    "ema",
    "unroll",
    "shear",
    "words",
    "amount",
    "seed",
    *OF_GANS,
)


def _train(args: argparse.Namespace) -> None:
    from . import backend, data
    from .random import Generator
    from .train import Every, load_run, recipe_of, resume, settings_for, train

    every = Every.parse(args.checkpoint_every or "5m")
    how: Any = {"quiet": args.quiet, "every": every, "on_nan": args.on_nan}
    if args.resume is not None:
        fixed = ("model", "data", "epochs", "device", "out", *SETTINGS)
        if besides := [name for name in fixed if getattr(args, name) is not None]:
            raise ArgumentError(f"{', '.join(besides)}: a run that is resumed keeps its settings; leave this out")
        settings = load_run(args.resume).settings
        examples, test = (data.load(settings.data, part, folder=args.data_dir) for part in ("train", "test"))
        run = resume(args.resume, examples, test, **how)
    else:
        if args.model is None:
            raise ArgumentError("model: say which one to train, or --resume DIR; `python -m minigen list` shows them")
        recipe_of(args.model)  # a wrong name is told before anything is downloaded
        given = {name: getattr(args, name) for name in SETTINGS}
        given["seed"] = 0 if args.seed is None else args.seed
        Generator(given["seed"])
        device = args.device or backend.default_device()
        backend.module_for(device)
        name = args.data or "digits"
        examples = data.load(name, "train", folder=args.data_dir)
        settings = settings_for(args.model, examples, epochs=args.epochs, device=device, **given)
        test = data.load(name, "test", folder=args.data_dir)
        run = train(settings, examples, test, args.out, **how)
    last = {name: value for row in run.metrics()[-2:] for name, value in row.items() if isinstance(value, (int, float))}
    last.pop("seconds", None)
    print(", ".join(f"{name} {value:g}" for name, value in last.items()))
    print(
        f"wrote {run.folder}: " + ", ".join(sorted(path.name for path in run.folder.iterdir() if path.name[0] != "."))
    )


def _sample(args: argparse.Namespace) -> None:
    import numpy as np

    from . import backend, data
    from .data.files import write_whole
    from .models import StyleGAN
    from .random import Generator
    from .train import generate, load_run, picture_of, recipe_of

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
        how = {name: getattr(args, name) for name in ("label", "truncation") if getattr(args, name) is not None}
        if "label" in how and not run.settings.classes:
            raise ArgumentError(f"label: {run.settings.model!r} knows no classes; leave it out")
        if "truncation" in how and not isinstance(model, StyleGAN):
            raise ArgumentError(f"truncation: {run.settings.model!r} has no styles; leave it out")
        samples = generate(model, args.n, Generator(args.seed), low, **how)
    title = f"{run.settings.model} on {run.settings.data}, seed {args.seed}"
    if out.suffix == ".npy":
        write_whole(out, lambda path: np.save(path, samples))
    elif is_image:
        from .plot import image_grid

        run.picture(out.absolute(), image_grid(samples, 10, title), seed=args.seed)
    else:
        points = data.load(run.settings.data, "test")
        run.picture(out.absolute(), picture_of(samples, points, title), seed=args.seed)
    print(f"wrote {out}: {args.n} samples")


def _explore(args: argparse.Namespace) -> None:
    from . import backend, data
    from .random import Generator
    from .train import explore, load_run

    run = load_run(args.folder)
    rng = Generator(args.seed)
    with backend.device(args.device or backend.default_device()):
        written = explore(run, data.load(run.settings.data, "test", folder=args.data_dir), rng, args.towards)
    print(f"wrote {run.folder}: {', '.join(written)}")


def _evaluate(args: argparse.Namespace) -> None:
    from . import backend, data
    from .train import load_run
    from .train.measure import measure, save_measures, table

    run = load_run(args.folder)
    train, test = (data.load(run.settings.data, part, folder=args.data_dir) for part in ("train", "test"))
    with backend.device(args.device or backend.default_device()):
        measures = measure(run, train, test, args.n, args.seed)
    save_measures(run, measures, args.n, args.seed)
    print(table(measures))
    print(f"wrote {run.folder / 'evaluation.json'}")


def _augment(args: argparse.Namespace) -> None:
    from . import backend, data
    from .train import load_run
    from .train.augment import augment

    run = load_run(args.folder)
    train, test = (data.load(run.settings.data, part, folder=args.data_dir) for part in ("train", "test"))
    with backend.device(args.device or backend.default_device()):
        found = augment(run, train, test, args.labels, args.seed)
    print(f"test accuracy from {args.labels} labels:")
    for name, accuracy in found.items():
        print(f"  {name:<18} {accuracy:.2%}")
    print(f"wrote {run.folder / 'augmented.png'}")


def _inspect(args: argparse.Namespace) -> None:
    from .inspection import described

    for line in described(Path(args.file)):
        print(line)


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
    """Run a command; returns the exit status: 0, 2 for anything refused, 130 or 143 when stopped."""
    try:
        args: Any = parser().parse_args(argv)
        return args.run(args) or 0
    except MinigenError as error:
        print(f"minigen: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print(f"minigen: {str(stop) or 'interrupted'}", file=sys.stderr)
        return getattr(stop, "status", 130)
    except BrokenPipeError:
        return 0
