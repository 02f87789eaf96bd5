"""What goes through the pipe comes out as it went in; anything else is refused."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen.lessons.worker.answers import same
from minigen.lessons.worker.messages import Unknown, pack, unpack
from tests.lessons.trees import trees


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
