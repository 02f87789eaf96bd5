"""What we write as JSON and as safetensors goes through one door each, and other programs can read it."""

import ast
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen
from minigen.data.files import json_text
from minigen.errors import DataError

PACKAGE = Path(minigen.__file__).parent
BENCHMARKS = PACKAGE.parent / "benchmarks"
NO_FILES = {  # JSON between processes, or to be hashed
    "minigen/lessons/worker/messages.py",
    "minigen/metrics/classifier.py",
    "benchmarks/processes.py",
    "benchmarks/rounds.py",
    "benchmarks/workers/serve.py",
}
contents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def numbers(content):
    """All numbers in what JSON can hold."""
    if isinstance(content, dict | list):
        for inner in content.values() if isinstance(content, dict) else content:
            yield from numbers(inner)
    elif isinstance(content, float):
        yield content


@given(content=contents)
def test_json_is_what_every_reader_takes_or_refused(content):
    if all(math.isfinite(number) for number in numbers(content)):
        assert json.loads(json_text(content), parse_constant=pytest.fail) == content
    else:
        with pytest.raises(DataError, match="json: a NaN or an infinity cannot be written"):
            json_text(content)


def test_nothing_else_writes_json():
    """Or says itself that it takes no NaN, where minigen is not imported."""
    found = set()
    for path in [*PACKAGE.rglob("*.py"), *BENCHMARKS.rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("json.dump", "json.dumps"):
                strict = any(k.arg == "allow_nan" and ast.unparse(k.value) == "False" for k in node.keywords)
                found |= set() if strict else {path.relative_to(PACKAGE.parent).as_posix()}
    assert found <= NO_FILES
