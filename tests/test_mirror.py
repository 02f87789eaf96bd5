"""The tests mirror the package, file by file; whatever tests something that is no one file's says so here, and why."""

from fnmatch import fnmatch
from pathlib import Path

import pytest

import minigen

TESTS = Path(__file__).parent
PACKAGE = Path(minigen.__file__).parent

ACROSS = {
    "cupy_double/*": "the double of CuPy, which only the tests have",
    "data/test_digits_mnist.py": "small_digits.py, mnist.py and places.py: the data sets of digits, wherever they lie",
    "data/test_memory.py": "what no reader may take: memory",
    "data/test_resume.py": "download.py among real servers and processes",
    "fuzz/*": "all readers of files, on damaged ones",
    "test_guides.py": "docs/{notation,glossary,prerequisites,references}.md",
    "lessons/test_claims_*.py": "what the lessons conclude, for three seeds",
    "lessons/test_exercises.py": "minigen/lessons/material/*/tasks.py: the proofs of every exercise",
    "lessons/test_mutants.py": "minigen/lessons/material/*/tasks.py: mutated references fail",
    "lessons/test_notebooks.py": "lessons/*/lesson.ipynb",
    "lessons/test_calls_of_lessons.py": "minigen/lessons/material/*/lesson.py: what their cells call",
    "lessons/test_other_orders.py": "minigen/lessons/material/*/tasks.py: right answers in another order of arithmetic",
    "lessons/test_references_*.py": "minigen/lessons/material/*/solutions.py: the reference answers",
    "lessons/test_teaching.py": "docs/teaching.md",
    "models/test_options.py": "the options of every model",
    "models/test_state_names.py": "the names in every model's state",
    "ops/test_errors.py": "what every operation refuses",
    "ops/test_gradients.py": "every operation, by the cases in ops/cases.py",
    "ops/test_mutations.py": "the cases themselves, by wrong rules",
    "ops/test_silly_arguments.py": "every operation, given what is no argument for it",
    "ops/test_torch_oracle.py": "every operation, beside PyTorch",
    "ops/test_values.py": "every operation, by NumPy or its definition",
    "runs/test_old_runs.py": "folders that older versions left",
    "test_coming_from.py": "docs/coming-from.md",
    "test_coverage_marks.py": "tests/coverage_marks.py: which lines the tests run",
    "test_defaults_benchmark.py": "benchmarks/defaults.py, and its table",
    "test_gallery.py": "benchmarks/gallery.py",
    "test_gpu_script.py": "benchmarks/gpu.sh",
    "test_layers.py": "the imports between all files",
    "test_links.py": "the links of all pages",
    "test_mirror.py": "the tests",
    "test_packaging.py": "setup.cfg, LICENSE, CITATION.cff, CHANGELOG.md",
    "test_pages.py": "benchmarks/pages.py",
    "test_peers.py": "benchmarks/peers.py, breakdown.py and changes.py",
    "test_processes_benchmark.py": "benchmarks/processes.py, and its page",
    "test_readme.py": "README.md",
    "test_reproduce.py": "benchmarks/reproduce.py",
    "test_reproduce_privacy.py": "benchmarks/protocols/privacy.py and membership.py",
    "test_results.py": "what whole trainings must reach",
    "test_site.py": "docs/site",
    "test_twenty_faults.py": "faults of teaching code, from autodiff to metrics",
    "test_yardstick.py": "benchmarks/yardstick.py, and its page",
    "test_words.py": "the docstrings of all files",
    "train/test_black_or_white.py": "data, models and training: what a Bernoulli likelihood is given",
    "train/test_colour.py": "a run of every model, in colour",
    "train/test_faults.py": "runs beset from outside: disks, files, clocks, other processes",
    "train/test_hops.py": "the way from the command line to a weight, through all layers",
    "train/test_hostile_checkpoint.py": "runs and their checkpoints, where these lie",
    "train/test_in_and_out.py": "what train accepts, by all commands, and the way there and back",
    "train/test_killed.py": "runs that are killed",
    "train/test_matrix.py": "every model on every data set with every option, from settings to pictures",
    "train/test_memory.py": "what no run may take: memory",
    "train/test_nan.py": "runs that meet NaN, from the operation to the command line",
    "train/test_processes.py": "runs on several processes, from the sum to the command line",
}


def mirrored(test, package=PACKAGE):
    """The file or folder that 'ops/test_conv_padding.py' tests, ops/conv.py; None if it tests no one file."""
    words = Path(test).stem.removeprefix("test_").split("_")
    folder = package / Path(test).parent
    names = ["_".join(words[:n]) for n in range(len(words), 0, -1)]  # conv_padding, conv
    found = [path for name in names for path in (folder / f"{name}.py", folder / name) if path.exists()]
    return found[0] if found else None


FILES = sorted(path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py"))


@pytest.mark.parametrize("test", FILES)
def test_a_test_stands_where_its_file_does(test):
    listed = [pattern for pattern in ACROSS if fnmatch(test, pattern)]
    assert len(listed) <= 1
    if mirrored(test):
        assert not listed, f"it mirrors {mirrored(test).relative_to(PACKAGE)}: take it from the list"
    else:
        assert listed, "name it after the file of minigen that it tests, or list it above with what it tests"


def test_what_is_listed_exists():
    assert [pattern for pattern in ACROSS if not any(fnmatch(test, pattern) for test in FILES)] == []


def test_a_test_elsewhere_is_found(tmp_path):
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops" / "conv.py").touch()
    for test in ("ops/test_conv.py", "ops/test_conv_padding.py"):
        assert mirrored(test, tmp_path) == tmp_path / "ops" / "conv.py"
    assert mirrored("test_ops.py", tmp_path) == tmp_path / "ops"
    for test in ("test_conv.py", "ops/test_convolution.py", "nn/test_conv.py"):
        assert mirrored(test, tmp_path) is None
