"""The folder a run leaves behind: settings, metrics, weights, pictures; no pickle, and no half-written files.

config.json          the settings, the shape of an example, the version of minigen
metrics.jsonl        one JSON object a line: step, losses
model.safetensors    all parameters and buffers, by name
*.png                pictures
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ..errors import ArgumentError, DataError
from ..nn import Module
from ..random import Generator
from ..version import __version__
from .recipes import Settings, build


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` make the file under a temporary name, then rename it: `path` is whole or not there."""
    temporary = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        write(temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise DataError(f"out: cannot write {path} ({error.strerror or error}); choose another folder") from error
    finally:
        temporary.unlink(missing_ok=True)


@dataclass
class Run:
    """A folder with a training run.

    Attributes:
        folder: where it lies.
        settings: what was trained.
        shape: the shape of one example.
    """

    folder: Path
    settings: Settings
    shape: tuple[int, ...]

    @staticmethod
    def create(out: str | None, settings: Settings, shape: tuple[int, ...]) -> "Run":
        """A new folder: `out`, or runs/MODEL-DATA with a number if that is taken.

        Raises:
            DataError: the folder holds something already, or cannot be written to.
        """
        folder = Path(out) if out else _free_name(Path("runs") / f"{settings.model}-{settings.data}")
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise DataError(f"out: {folder} exists and is not an empty folder; choose another name or remove it first")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"out: cannot make the folder {folder} ({error.strerror}); choose another") from error
        run = Run(folder, settings, shape)
        config = {"minigen": __version__, "shape": list(shape), **asdict(settings)}
        run.write("config.json", lambda path: path.write_text(json.dumps(config, indent=2) + "\n"))
        return run

    def write(self, name: str, write: Callable[[Path], Any]) -> None:
        """Make the file `name`, whole or not at all."""
        write_whole(self.folder / name, write)

    def picture(self, name: str, figure: Figure) -> None:
        """Write a figure as a PNG."""
        self.write(name, lambda path: figure.savefig(path, format="png"))

    def save_weights(self, model: Module) -> None:
        """Write model.safetensors."""
        self.write("model.safetensors", lambda path: save_file(model.state_dict(), path))

    def metrics(self) -> list[dict[str, float]]:
        """The rows of metrics.jsonl."""
        return [json.loads(line) for line in (self.folder / "metrics.jsonl").read_text().splitlines()]

    def load_model(self) -> Module:
        """The trained model, in eval mode, on the default device.

        Raises:
            DataError: the weights are missing, damaged or of another model.
        """
        path = self.folder / "model.safetensors"
        try:
            state = load_file(path)
        except FileNotFoundError:
            raise DataError(f"{path}: not found; the run was not finished, train it again") from None
        except (SafetensorError, OSError) as error:
            raise DataError(f"{path}: not a whole safetensors file ({error}); train the model again") from None
        model = build(self.settings, self.shape, Generator(self.settings.seed))
        model.load_state_dict(state)
        return model.eval()


def _free_name(path: Path) -> Path:
    candidate, n = path, 1
    while candidate.exists():
        n += 1
        candidate = path.with_name(f"{path.name}-{n}")
    return candidate


def load_run(folder: str | Path) -> Run:
    """The run in `folder`.

    Raises:
        DataError: there is no such folder, or it holds no run.
    """
    folder = Path(folder)
    path = folder / "config.json"
    if not folder.is_dir():
        raise DataError(f"folder: {folder} does not exist; `python -m minigen train ...` makes one")
    try:
        config = json.loads(path.read_text())
        config.pop("minigen")
        shape = tuple(int(n) for n in config.pop("shape"))
        return Run(folder, Settings(**config), shape)
    except FileNotFoundError:
        raise DataError(f"folder: {folder} holds no config.json; give the folder of a training run") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{path}: not the settings of a minigen run ({error!r}); train the model again") from None
    except ArgumentError as error:
        raise DataError(f"{path}: {error}") from None
