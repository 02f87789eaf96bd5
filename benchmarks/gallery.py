"""Pictures made by the library, with the commands that made them: one of each family for the front page; and faces.

    python -m benchmarks.gallery                  # the pictures that are missing
    python -m benchmarks.gallery vae diffusion    # these, anew
    python -m benchmarks.gallery --list

Each is made by its commands alone, on one core in a minute to half an hour. The picture goes into
benchmarks/results/gallery/, what made it into gallery.json; `python -m benchmarks.pages` puts both into README.md and
docs/faces.md.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from minigen.data.files import json_text, write_whole
from minigen.errors import MinigenError, one_of

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "gallery.json"
FRONT, FACES = "README.md", "docs/faces.md"
WIDEST, COLOURS = 1000, 64  # pixels, and colours of a picture: one that is scaled down is blurred, and a larger file


class Entry(NamedTuple):
    """A family, or a model of faces.

    Attributes:
        title: its name. commands: words after `python -m minigen`, one line each, run one after the other.
        picture: the file of the run's folder that is shown. caption: what one sees.
        page: where it is shown.
    """

    title: str
    commands: tuple[str, ...]
    picture: str
    caption: str
    page: str = FRONT


GALLERY = {
    "vae": Entry(
        "Variational autoencoder",
        ("train vae --data mnist --latent-dim 2 --steps 8000",),
        "manifold.png",
        "digits over a latent plane",
    ),
    "gan": Entry(
        "Generative adversarial network",
        ("train dcgan --data mnist --steps 1000",),
        "samples.png",
        "digits that were never written",
    ),
    "restoration": Entry(
        "Restoration",
        ("train inpaint --data mnist --steps 3000",),
        "restored.png",
        "a hole, and what may have been there",
    ),
    "autoregression": Entry(
        "Masked convolutions", ("train pixelcnn --data digits",), "samples.png", "drawn one pixel after the other"
    ),
    "flow": Entry("Normalising flow", ("train realnvp --data moons",), "samples.png", "points with an exact density"),
    "transformer": Entry(
        "Transformer",
        ("train transformer --data names", "explain runs/transformer-names"),
        "attention.png",
        "where each head looks while it reads a name",
    ),
    "music": Entry("Music", ("train gru --data jsb",), "samples.png", "chorales, to be heard as WAV and MIDI"),
    "diffusion": Entry(
        "Diffusion",
        ("train ddpm --data mnist --steps 1500",),
        "samples.png",
        "digits from noise in 50 steps, early in training",
    ),
    "flow-matching": Entry(
        "Flow matching",
        ("train flow-matching --data ring",),
        "samples.png",
        "noise that the velocity has carried to a ring",
    ),
    "words": Entry(
        "Words and pictures",
        ("train text-to-image --data emoji",),
        "samples.png",
        "names that were held out, and what is drawn of them: colours and outlines so far",
    ),
    "video": Entry(
        "Video",
        ("train video-gpt",),
        "continuations.png",
        "five frames are given, five are drawn: the way is learnt before the shape",
    ),
    "scenarios": Entry(
        "Scenarios", ("train car-follower",), "samples.png", "drivers behind a car that brakes, simulated and generated"
    ),
    "explanation": Entry(
        "Explanation",
        ("train vae", "explain runs/vae-digits"),
        "attribution-elbo.png",
        "what the bound owes to each pixel",
    ),
    "faces-vae-32": Entry(
        "VAE, 32x32",
        ("train conv-vae --data orl32 --likelihood bernoulli --batch-size 64 --steps 1000",),
        "samples.png",
        "drawn from the prior",
        FACES,
    ),
    "faces-dcgan-32": Entry(
        "DCGAN, 32x32", ("train dcgan --data orl32 --width 32 --steps 2000",), "samples.png", "drawn from noise", FACES
    ),
    "faces-ddpm-32": Entry(
        "Diffusion, 32x32",
        ("train ddpm --data orl32 --batch-size 32 --steps 2500",),
        "samples.png",
        "in 50 steps from noise",
        FACES,
    ),
    "faces-vae-64": Entry(
        "VAE, 64x64",
        ("train conv-vae --data orl64 --likelihood bernoulli --batch-size 64 --steps 1000",),
        "samples.png",
        "drawn from the prior",
        FACES,
    ),
    "faces-dcgan-64": Entry(
        "DCGAN, 64x64",
        ("train dcgan --data orl64 --width 32 --batch-size 32 --steps 2000",),
        "samples.png",
        "drawn from noise",
        FACES,
    ),
    "faces-ddpm-64": Entry(
        "Diffusion, 64x64",
        ("train ddpm --data orl64 --batch-size 16 --steps 2000",),
        "samples.png",
        "in 50 steps from noise",
        FACES,
    ),
}


def read(file: Path | None = None) -> dict[str, Any]:
    """What is there, in the order of GALLERY."""
    file = file or RESULTS
    found = json.loads(file.read_text()) if file.exists() else {}
    return {name: found[name] for name in GALLERY if name in found}


def made(entry: Entry, folder: Path) -> float:
    """Run its commands in a folder; returns the seconds that they took."""
    start = time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for command in entry.commands:
        words = [sys.executable, "-m", "minigen", *command.split(), *(["--quiet"] if command[:5] == "train" else [])]
        subprocess.run(words, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def shown(picture: Path, to: Path) -> None:
    """The picture, no wider than WIDEST, in few colours: a page with a dozen must not be heavy."""
    with Image.open(picture) as image:
        small = image.convert("RGB")
        if small.width > WIDEST:
            small = small.resize((WIDEST, round(small.height * WIDEST / small.width)), Image.Resampling.LANCZOS)
        to.parent.mkdir(parents=True, exist_ok=True)
        small.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(to, optimize=True)  # which leaves grey grey


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="One picture of each family.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="pictures to make, anew if they are there")
    parser.add_argument("--list", action="store_true", help="all of them, and how long each took")
    args = parser.parse_args(argv)
    entries = read()
    if args.list:
        for name in GALLERY:
            print(f"{name}: {entries[name]['seconds']} s" if name in entries else f"{name}: -")
        return 0
    try:
        for name in args.names:
            one_of("picture", name, GALLERY)
    except MinigenError as error:
        print(f"gallery: {error}", file=sys.stderr)
        return 2
    for name in args.names or [name for name in GALLERY if name not in entries]:
        entry = GALLERY[name]
        with tempfile.TemporaryDirectory() as folder:
            seconds = made(entry, Path(folder))
            (run,) = (Path(folder) / "runs").iterdir()
            shown(run / entry.picture, RESULTS.parent / "gallery" / f"{name}.png")
        entries = read() | {name: {"commands": list(entry.commands), "seconds": round(seconds)}}
        ordered = {name: entries[name] for name in GALLERY if name in entries}
        write_whole(RESULTS, lambda path, ordered=ordered: path.write_text(json_text(ordered, indent=1) + "\n"))
        print(f"{name}: {seconds:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
