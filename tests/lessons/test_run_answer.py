"""What goes through the pipe, and what is noticed about a call."""

import contextlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import minigen as mg
from minigen.lessons.run_answer import Unknown, call, load, pack, same, unpack

numbers = st.one_of(st.integers(-(2**70), 2**70), st.floats(), st.booleans(), st.none(), st.text(max_size=5))
tensors = st.sampled_from([np.float64, np.float32, np.int64, np.bool_]).flatmap(
    lambda dtype: arrays(dtype, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
)
trees = st.recursive(
    numbers | tensors,
    lambda t: (
        st.lists(t, max_size=3)
        | st.lists(t, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=4), t, max_size=3)
    ),
    max_leaves=6,
)


@given(trees)
def test_a_tree_comes_out_as_it_went_in(tree):
    assert same(unpack(pack(tree)), tree)


@given(st.binary(max_size=60))
def test_rubbish_is_refused(data):
    with pytest.raises(ValueError):
        unpack(data)


@given(trees, st.data())
def test_a_damaged_message_is_refused_or_harmless(tree, data):
    message = bytearray(pack(tree))
    at = data.draw(st.integers(0, len(message) - 1))
    message[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        unpack(bytes(message))


def test_what_cannot_be_sent_is_named():
    sent = unpack(pack({"a": {1, 2}, "b": np.array([None]), "c": mg.ones(2)}))
    assert [sent[k].kind for k in "abc"] == ["set", "array of objects", "Tensor"]
    assert all(isinstance(v, Unknown) for v in sent.values())


def test_equality_tells_what_changed():
    assert same([1, (2.0, math.nan)], [1, (2.0, math.nan)])
    assert not same(1, 1.0)
    assert not same([1], (1,))
    assert not same(np.zeros(2), np.zeros(2, np.float32))
    assert not same({"a": 1}, {"b": 1})
    assert not same(np.zeros(1), 0.0)


def outcome(fn, **inputs):
    return call(fn, inputs, "own", "solutions.py")


def test_a_call_and_what_it_changes():
    def changes(x, y):
        x[0] = 7
        return y

    x = np.zeros(2)
    found = outcome(changes, x=x, y=[1])
    assert (found.state, found.value, found.mutated) == ("returned", [1], ["x"])
    assert not x.any()  # it was a copy


def test_a_list_or_number_that_is_changed():
    assert outcome(lambda parents: parents.append(1), parents=[0]).mutated == ["parents"]


def test_library_calls_are_seen_whatever_their_name():
    forward = mg.conv2d.forward
    found = outcome(lambda x: forward(x, np.ones((1, 1, 1, 1))), x=np.ones((1, 2, 2, 1)))
    assert found.foreign[0].startswith("minigen.ops.conv.")
    torch = pytest.importorskip("torch")
    assert outcome(lambda x: torch.exp(torch.tensor(x)), x=1.0).foreign


def test_the_reference_and_siblings_are_told_apart():
    names = load("def own(x):\n    return x\ndef other(x):\n    return x\n", "solutions.py", {})
    found = outcome(lambda x: names["other"](names["other"](x)) + names["own"](x), x=1)
    assert (found.foreign, found.calls) == (["the reference itself"], {"other": 2})


@pytest.mark.parametrize(
    ("body", "state", "error"),
    [
        ("raise NotImplementedError", "unwritten", ""),
        ("raise ValueError('two\\nlines')", "raised", "ValueError: two"),
        ("1 / 0", "raised", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "raised", "exit(): an exercise returns its result, it must not end the program"),
        ("assert False", "raised", "AssertionError"),
        ("own(x)", "raised", "RecursionError: maximum recursion depth exceeded"),
    ],
)
def test_exceptions(body, state, error):
    fn = load(f"def own(x):\n    {body}\n", "mine.py", {})["own"]
    found = outcome(fn, x=1)
    assert found.state == state
    assert found.error.startswith(error)
    assert found.line.startswith("line ") == (state == "raised")
