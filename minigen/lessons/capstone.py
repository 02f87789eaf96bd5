"""The capstone: a model of the student's own. What a program can check of it.

The task and its rubric are in material/capstone/README.md, which `start` puts into the student's folder.
"""

import ast
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from .checking import printable
from .course import MATERIAL

TRAIN, TEST, SAMPLES, SEEDS, WORDS = 200, 50, 100, 3, 700  # at least, and of words at most
LARGEST = 1 << 28  # bytes of a file
LARGEST_NUMBER = 1e100
HEADINGS = re.findall(r"^## (.+)$", (MATERIAL / "capstone" / "report.md").read_text(encoding="utf-8"), re.M)


@dataclass(frozen=True)
class Finding:
    """One line of the rubric. points: that it is worth. good: whether it is met. text: what was found."""

    points: int
    good: bool
    text: str


class Missed(Exception):
    """What is missing or wrong, for the student."""


def check_capstone(folder: Path) -> list[Finding]:
    """What can be checked of a capstone, a finding for each line of the rubric.

    Raises:
        DataError: there is no such folder.
    """
    if not folder.is_dir():
        raise DataError(f"capstone: {folder} is no folder; `python -m minigen.lessons start DIR` makes one")
    checks: list[tuple[int, Callable[[Path], str]]] = [
        (2, _data),
        (2, _samples),
        (3, _results),
        (1, _program),
        (2, _report),
    ]
    findings = []
    for points, check in checks:
        try:
            findings.append(Finding(points, True, check(folder)))
        except Missed as missed:
            findings.append(Finding(points, False, str(missed)))
    return findings


def board(findings: list[Finding]) -> str:
    """The findings as text."""
    lines = [
        f"  [{'x' if f.good else '!'}] {f.points} {'point ' if f.points == 1 else 'points'}  {f.text}" for f in findings
    ]
    reached, total = sum(f.points for f in findings if f.good), sum(f.points for f in findings)
    return "\n".join([*lines, f"{reached} of the {total} points that a program can give; ten more are a reader's"])


def _data(folder: Path) -> str:
    train, test = (_examples(folder / "data.npz", name, least) for name, least in (("train", TRAIN), ("test", TEST)))
    if train.shape[1:] != test.shape[1:]:
        raise Missed(f"data.npz: train has examples of shape {train.shape[1:]}, test of {test.shape[1:]}")
    both = int((_nearest(test, train) < _same(train)).sum())
    if both:
        raise Missed(f"data.npz: {both} of {len(test)} test examples are in train too; split anew, without duplicates")
    return f"data: {len(train)} to train and {len(test)} to test, none in both"


def _samples(folder: Path) -> str:
    samples = _examples(folder / "samples.npz", "samples", SAMPLES)
    train = _examples(folder / "data.npz", "train", 1)
    if samples.shape[1:] != train.shape[1:]:
        raise Missed(f"samples.npz: examples of shape {samples.shape[1:]}, but those of data.npz are {train.shape[1:]}")
    if len(np.unique(samples.reshape(len(samples), -1), axis=0)) < len(samples) / 2:
        raise Missed("samples.npz: more than half of the samples are equal to another one")
    copies = int((_nearest(samples, train) < _same(train)).sum())
    if copies > len(samples) / 20:
        raise Missed(f"samples.npz: {copies} of {len(samples)} samples are copies of training examples")
    return f"samples: {len(samples)}, of which {copies} are copies of training examples"


def _results(folder: Path) -> str:
    results = _read_results(folder)
    better = results["better"]
    model, baseline = np.mean(results["model"]), np.mean(results["baseline"])
    wins = model > baseline if better == "higher" else model < baseline
    return (
        f"results: {printable(results['measure'], 80)}, {_with_scatter(results['model'])} in "
        f"{len(results['seeds'])} seeds; {printable(results['baseline_name'], 80)} "
        f"{_with_scatter(results['baseline'])}; {better} is better, so the model is "
        f"{'ahead of' if wins else 'not ahead of'} its baseline"
    )


def _program(folder: Path) -> str:
    text = _text(folder / "make.py")
    try:
        tree = ast.parse(text)
        nodes = list(ast.walk(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Missed(f"make.py: is no Python program ({type(error).__name__})") from None
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {node.arg or "" for node in nodes if isinstance(node, ast.keyword)}
    names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    if not any("seed" in name.lower() or name in ("Generator", "default_rng") for name in names):
        raise Missed("make.py: names no seed; nobody could repeat your numbers")
    return "make.py names its seeds"


def _report(folder: Path) -> str:
    text = _text(folder / "report.md")
    text = re.sub(r"^## (.*?)[ #]*$", r"## \1", text, flags=re.M)
    found = [heading.strip() for heading in re.findall(r"^## (.+)$", text, re.M)]
    missing = [heading for heading in HEADINGS if heading not in found]
    if missing:
        raise Missed(f"report.md: the heading {missing[0]!r} is missing")
    for heading, body in re.findall(r"^## (.+)\n((?:(?!## ).*\n?)*)", text, re.M):
        if heading.strip() in HEADINGS and (not body.strip() or re.fullmatch(r"\s*\([^()]*\)\s*", body)):
            raise Missed(f"report.md: nothing is written under {heading.strip()!r} yet")
    words = len(text.split())
    if words > WORDS:
        raise Missed(f"report.md: {words} words; one page is at most {WORDS}")
    results = _read_results(folder)
    quoted = [float(number) for number in re.findall(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?", text.replace("\u2212", "-"))]
    for name in ("model", "baseline"):
        mean = float(np.mean(results[name]))
        if not any(abs(number - mean) <= 0.01 * abs(mean) + 1e-9 for number in quoted):
            raise Missed(f"report.md: does not quote the {name}'s mean of results.json, {mean:.4g}")
    return f"report: {words} words, and the numbers of results.json"


# ------------------------------------------------------------------------------------------------------------- reading


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise Missed(f"{path.name}: is larger than {LARGEST >> 20} MiB")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Missed(f"{path.name}: is missing") from None
    except (OSError, ValueError) as error:
        raise Missed(f"{path.name}: cannot be read ({error})") from None


def _examples(path: Path, name: str, least: int) -> np.ndarray:
    """An array of an .npz file: finite numbers, at least that many examples."""
    try:
        if path.stat().st_size > LARGEST:
            raise Missed(f"{path.name}: is larger than {LARGEST >> 20} MiB")
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            if name not in arrays.files:
                raise Missed(f"{path.name}: there is no array {name!r}; there are {', '.join(arrays.files) or 'none'}")
            array = np.asarray(arrays[name])
    except FileNotFoundError:
        raise Missed(f"{path.name}: is missing") from None
    except Missed:
        raise
    except Exception as error:  # an archive can be broken in as many ways as one likes
        raise Missed(f"{path.name}: cannot be read as an .npz file ({type(error).__name__})") from None
    if array.dtype.kind not in "biuf" or array.ndim < 2 or 0 in array.shape[1:]:
        raise Missed(f"{path.name}: {name} has dtype {array.dtype} and shape {array.shape}; expected numbers, (N, ...)")
    if len(array) < least:
        raise Missed(f"{path.name}: {name} has {len(array)} examples; expected at least {least}")
    array = array.astype(np.float64)
    if not (np.abs(array) < LARGEST_NUMBER).all():
        raise Missed(f"{path.name}: {name} has entries that are NaN, infinite or above {LARGEST_NUMBER:g}")
    if (array == array[:1]).all():
        raise Missed(f"{path.name}: all examples of {name} are equal")
    return array


def _read_results(folder: Path) -> dict[str, Any]:
    """results.json, complete and of the right kinds."""
    try:
        found = json.loads(_text(folder / "results.json"))
    except (ValueError, RecursionError) as error:
        raise Missed(f"results.json: is no JSON ({type(error).__name__})") from None
    wanted = ("measure", "better", "seeds", "model", "baseline_name", "baseline")
    if not isinstance(found, dict) or not all(name in found for name in wanted):
        raise Missed(f"results.json: expected {', '.join(wanted)}")
    if found["better"] not in ("higher", "lower"):
        raise Missed(f"results.json: better is {found['better']!r}; expected 'higher' or 'lower'")
    if not all(isinstance(found[name], str) and found[name].strip() for name in ("measure", "baseline_name")):
        raise Missed("results.json: measure and baseline_name are texts")
    seeds = found["seeds"]
    whole = isinstance(seeds, list) and all(type(seed) is int for seed in seeds)
    if not whole or len(set(seeds)) != len(seeds) or len(seeds) < SEEDS:
        raise Missed(f"results.json: expected {SEEDS} different seeds or more, got {seeds!r}")
    for name in ("model", "baseline"):
        values = found[name]
        numbers = isinstance(values, list) and all(type(v) in (int, float) and abs(v) < 1e300 for v in values)
        if not numbers or len(values) != len(seeds):
            raise Missed(f"results.json: {name} needs a number for each of the {len(seeds)} seeds")
    return found


def _with_scatter(values: list[float]) -> str:
    return f"{np.mean(values):.4g} ± {np.std(values, ddof=1):.2g}"


def _same(train: np.ndarray) -> float:
    """A distance below which two examples are the same: a thousandth of the data's deviation."""
    return 1e-3 * float(train.std())


def _nearest(samples: np.ndarray, train: np.ndarray) -> np.ndarray:
    """The root mean square distance of each sample from the nearest training example."""
    flat, known = samples.reshape(len(samples), -1), train.reshape(len(train), -1)
    distances = [np.sqrt(((known - row) ** 2).mean(axis=1)).min() for row in flat[:1000]]
    return np.array(distances)
