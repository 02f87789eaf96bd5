"""The folder a run leaves behind: settings, metrics, weights, pictures; no pickle, and no half-written files.

config.json          the settings, the shape of an example, the version of minigen
metrics.jsonl        one JSON object a line: step, losses
model.safetensors    all parameters and buffers, by name; there when the run is finished
*.png                pictures; *.txt texts, *.wav and *.mid music
checkpoint-*         while it is not finished: see checkpoint.py
"""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data import Dataset
from ..data.files import json_text, locked, tensor_bytes, write_whole
from ..errors import ArgumentError, DataError, ShapeError
from ..models import Settings, recipe_of
from ..nn import Module
from ..report.findings import Content
from ..version import __version__
from .advice import resume_command
from .provenance import GENERATED, save_png, sound_from
from .untrusted_files import FORMAT, NUMBERS, TYPES, Rationed, read_config, read_header, read_tensors

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOCK = ".run.lock"
OF_THE_SYSTEM = (".DS_Store", "Thumbs.db", "desktop.ini")  # what a file browser leaves in any folder


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

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the folder to oneself, and remove what a killed process has left half-written.

        Raises:
            DataError: another process has it, or it cannot be written to.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self.folder / "run", wait=False))
                for path in self.folder.glob(".*.partial*"):
                    path.unlink(missing_ok=True)
            except BlockingIOError:
                raise DataError(
                    f"folder: another process is training in {self.folder}; wait for it, or choose another folder"
                ) from None
            except OSError as error:
                raise DataError(
                    f"folder: cannot write to {self.folder} ({error.strerror}); make it writable"
                ) from error
            yield

    def begin(self) -> None:
        """Write config.json into the folder, which must be empty but for what the system puts there.

        Raises:
            DataError: the folder holds something already.
        """
        if (self.folder / "config.json").exists() and not self.finished():
            raise DataError(
                f"out: {self.folder} holds a run that is not finished; go on with "
                f"`{resume_command(self.folder)}`, or choose another name"
            )
        if any(path.name not in (LOCK, *OF_THE_SYSTEM) for path in self.folder.iterdir()):
            raise DataError(
                f"out: {self.folder} exists and is not an empty folder; choose another name or remove it first"
            )
        self.save_config()

    def withdraw(self) -> None:
        """Undo `begin`, as nothing came of it: the folder can be used again."""
        for name in ("config.json", "metrics.jsonl"):
            with suppress(OSError):
                (self.folder / name).unlink()

    def check_data(self, data: Dataset) -> None:
        """Refuse data that are not like those of the run: another file may have the same name.

        Raises:
            ArgumentError: says what differs.
        """
        recipe = recipe_of(self.settings.model)
        recipe.check_data(self.settings, data)
        if self.shape != data.shape:
            raise ArgumentError(
                f"data: the run's examples have shape {self.shape}, these {data.shape}; "
                "give the data that it was trained on (--data-dir)"
            )

    def check_unfinished(self) -> None:
        """Refuse a run that is finished.

        Raises:
            ArgumentError: it is.
        """
        if self.finished():
            raise ArgumentError(f"resume: the run in {self.folder} is finished; nothing is left to do")

    def save_config(self) -> None:
        """Write config.json."""
        s = self.settings
        common = {"model": s.model, "data": s.data, "seed": s.seed, "device": s.device, "shards": s.shards}
        config = {"minigen": __version__, "format": FORMAT, "shape": list(self.shape), **common, **s.options}
        self.write("config.json", lambda path: path.write_text(json_text(config, indent=2) + "\n"))

    def finished(self) -> bool:
        """Whether the last step was taken and everything was written."""
        return (self.folder / "model.safetensors").exists() and not any(self.folder.glob("checkpoint-*.safetensors"))

    def write(self, name: str | Path, write: Callable[[Path], Any]) -> None:
        """Make the file `name`, whole or not at all."""
        write_whole(self.folder / name, write)

    def picture(self, name: str | Path, figure: "Figure", source: str = GENERATED, **about: object) -> None:
        """Write a figure as a PNG that says where it came from; `name` is a file of the folder, or any path.

        Args:
            name: see above.
            figure: what to write.
            source: see `minigen.runs.provenance`.
            about: further texts; the seed is otherwise that of the run.
        """
        about = {"seed": self.settings.seed, **about} if source == GENERATED else about
        save_png(figure, self.folder / name, source, **self._origin(about))

    def _origin(self, about: dict[str, object]) -> dict[str, object]:
        """What a picture or sound says of the run that it is from."""
        return {"model": self.settings.model, "data": self.settings.data, "run": self.folder.resolve().name, **about}

    def leave(self, name: str | Path, content: Content, **about: Any) -> None:
        """Write a file of the folder, or at any path, whole or not at all.

        Args:
            name: see `picture`.
            content: a figure, a text, the bytes of a WAV or MIDI file, or a function that writes the file of a path.
            about: of a figure or sound, see `picture`.
        """
        if isinstance(content, str):
            self.write(name, lambda path: path.write_text(content, encoding="utf-8"))
        elif isinstance(content, bytes):
            sound = sound_from(content, **self._origin({"seed": self.settings.seed, **about}))
            self.write(name, lambda path: path.write_bytes(sound))
        elif callable(content):
            self.write(name, content)
        else:
            self.picture(name, content, **about)

    def save_weights(self, model: Module) -> None:
        """Write model.safetensors."""
        content = tensor_bytes(model.state_dict())
        self.write("model.safetensors", lambda path: path.write_bytes(content))

    def save_metrics(self, rows: list[dict[str, Any]]) -> None:
        """Write metrics.jsonl."""
        lines = "".join(json_text(row) + "\n" for row in rows)
        self.write("metrics.jsonl", lambda path: path.write_text(lines))

    def metrics(self) -> list[dict[str, Any]]:
        """The rows of metrics.jsonl."""
        return [json.loads(line) for line in (self.folder / "metrics.jsonl").read_text().splitlines()]

    def load_model(self) -> Module:
        """The trained model, in eval mode, on the default device.

        Raises:
            DataError: the weights are missing, damaged or of another model.
        """
        path = self.folder / "model.safetensors"
        try:
            entries, _ = read_header(path)
        except FileNotFoundError:
            raise DataError(f"{path}: not found; the run was not finished: {resume_command(self.folder)}") from None
        numbers = sum(math.prod(entry.shape) for entry in entries.values())
        if numbers > NUMBERS:
            raise DataError(f"{path}: {numbers} weights, more than the {NUMBERS} that a model of minigen may have")
        try:
            model = recipe_of(self.settings.model).build(self.settings, self.shape, Rationed(numbers))
        except (ArgumentError, ShapeError, DataError) as error:
            raise DataError(
                f"{self.folder / 'config.json'}: {error}; build the model with the settings it was saved with"
            ) from None
        expected = {name: (tensor.shape, str(tensor.dtype)) for name, tensor in model.named_tensors()}
        found = {name: (entry.shape, TYPES[entry.dtype]) for name, entry in entries.items()}
        if expected != found:
            name = min(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
            raise DataError(
                f"{path}: {name!r:.80} is {_described(found.get(name))} in the file and "
                f"{_described(expected.get(name))} in the model of config.json; "
                "build the model with the settings it was saved with"
            )
        arrays, _ = read_tensors(path, path.stat().st_size)
        model.load_state_dict(arrays)
        return model.eval()


def _described(entry: tuple[tuple[int, ...], str] | None) -> str:
    return f"{entry[1]} {entry[0]}" if entry else "not there"


def new_folder(out: str | None, settings: Settings) -> Path:
    """Make the folder `out`, or runs/MODEL-DATA, with a number if that is taken.

    Raises:
        DataError: it cannot be made.
    """
    folder = Path(out) if out else Path("runs") / f"{settings.model}-{settings.data}"
    try:
        if out:
            folder.mkdir(parents=True, exist_ok=True)
            return folder
        candidate, n = folder, 1
        while True:
            try:
                candidate.mkdir(parents=True)
                return candidate
            except FileExistsError:  # also when another process has just made it
                n += 1
                candidate = folder.with_name(f"{folder.name}-{n}")
    except FileExistsError:
        raise DataError(f"out: {folder} exists and is not an empty folder; choose another name") from None
    except OSError as error:
        raise DataError(f"out: cannot make the folder {folder} ({error.strerror}); choose another") from error


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
        return Run(folder, *read_config(path))
    except FileNotFoundError:
        raise DataError(f"folder: {folder} holds no config.json; give the folder of a training run") from None
    except ArgumentError as error:
        raise DataError(f"{path}: {error}") from None
