"""What lies in a file that minigen wrote: the origin of a picture or sound, the tensors of weights, a run's state."""

from pathlib import Path

from ..errors import DataError
from ..models import recipe_of
from ..random import next_seed
from .folder import load_run
from .provenance import SOUNDS, texts_of
from .untrusted_files import read_header

KNOWN = ".png, .wav, .mid or .safetensors"


def described(path: Path) -> list[str]:
    """Lines about a .png, .wav, .mid or .safetensors file, or about the folder of a run; a .txt's is the one it is in.

    Raises:
        DataError: there is no such file, it is of another kind, or damaged.
    """
    if path.is_dir():
        return _run(path)
    if path.suffix.lower() == ".safetensors":
        return _tensors(path)
    if path.suffix.lower() in (".png", *SOUNDS):
        return _origin(path)
    if path.suffix.lower() == ".txt" and path.is_file() and (path.parent / "config.json").exists():
        return [f"{path}: a text, which says nothing of itself; the run in its folder:", *_run(path.parent)]
    raise DataError(f"file: {path}: expected a {KNOWN} file, or the folder of a training run")


def _origin(path: Path) -> list[str]:
    texts = texts_of(path)
    if not texts:
        return [f"{path}: no word of where it came from; minigen writes it into what it leaves, but it can be removed"]
    return [f"{name}: {text}" for name, text in texts.items()]


def _tensors(path: Path) -> list[str]:
    try:
        entries, _ = read_header(path)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    return [f"{name!r:<40} {entry.dtype:<4} {entry.shape}" for name, entry in entries.items()]


def _run(path: Path) -> list[str]:
    run = load_run(path)
    s = run.settings
    settings = {"model": s.model, "data": s.data, **s.options, "seed": s.seed, "device": s.device}
    lines = [f"{name}: {value}" for name, value in settings.items()]
    lines += [f"shape: {run.shape}", f"finished: {'yes' if run.finished() else 'no'}"]
    if not recipe_of(s.model).damage:
        lines.append(
            f"samples: with seed {next_seed(s.seed)}, the one after its own; `sample` draws them again with it"
        )
    return lines
