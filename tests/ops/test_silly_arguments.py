"""Every operation, given an argument of a wrong kind in each place: it computes, or says in one line what is wrong."""

import inspect
import warnings

import numpy as np
import pytest

import minigen as mg
from minigen.errors import MinigenError
from tests.faults import tally

pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # of np.matrix

MATRIX, ROW = np.array([[0.5, 2.0, -1.0], [3.0, 0.1, 0.7]], "f4"), np.array([1.0, 2.0, 3.0], "f4")
IMAGES, KERNELS = np.ones((1, 5, 4, 2), "f4"), np.ones((3, 2, 2, 3), "f4")
HEADS = np.ones((1, 3, 2, 4), "f4")
CALLS = {  # ordinary arguments of an operation; the others take a matrix, or two
    "add_bias": (MATRIX, ROW),
    "astype": (MATRIX, "float64"),
    "attention": (HEADS, HEADS, HEADS, True),
    "attention_weights": (HEADS, HEADS, True),
    "batch_norm": (MATRIX, ROW, ROW, 1e-5),
    "bernoulli_log_likelihood": (MATRIX, abs(MATRIX) / 4),
    "bce_with_logits": (MATRIX, abs(MATRIX) / 4),
    "broadcast_to": (ROW, (2, 3)),
    "clip": (MATRIX, -1.0, 1.0),
    "concatenate": ([MATRIX, MATRIX], 1),
    "conv2d": (IMAGES, KERNELS, 1, 1, 1, 1),
    "conv2d_transpose": (np.ones((1, 3, 3, 3), "f4"), KERNELS, 2, 1, 1, 1, (5, 4)),
    "conv2d_weight_gradient": (IMAGES, np.ones((1, 3, 3, 3), "f4"), (3, 2), 1, 0, 1, 1, None),
    "avg_pool2d": (IMAGES, 2, 2, 1),
    "dense": (MATRIX, MATRIX.T, ROW[:2]),
    "einsum": ("ij,ij->i", MATRIX, MATRIX),
    "elu": (MATRIX, 1.0),
    "expand_dims": (MATRIX, 1),
    "flip": (MATRIX, 1),
    "fold": (np.ones((1, 3, 3, 3, 2, 2), "f4"), (5, 4), 1, 0, 1),
    "getitem": (MATRIX, 1),
    "group_norm": (MATRIX, ROW, ROW, 3, 1e-5),
    "layer_norm": (MATRIX, ROW, ROW, 1e-5),
    "leaky_relu": (MATRIX, 0.2),
    "matmul": (MATRIX, MATRIX.T, None),
    "max_pool2d": (IMAGES, 2, 2, 1),
    "pad": (MATRIX, 1, 0.0),
    "repeat": (MATRIX, 2, 1),
    "reshape": (MATRIX, (3, 2)),
    "split": (MATRIX, 3, 1),
    "squeeze": (MATRIX[None], 0),
    "stack": ([MATRIX, MATRIX], 1),
    "standardize": (MATRIX, (0,), 1e-5),
    "std": (MATRIX, 1, 0, True),
    "take": (MATRIX, [0, 1], 1),
    "take_along_axis": (MATRIX, [[0], [1]], 1),
    "topk": (MATRIX, 2, 1),
    "transpose": (MATRIX, (1, 0)),
    "tril": (MATRIX, 0),
    "triu": (MATRIX, 0),
    "unfold": (IMAGES, 2, 1, 0, 1),
    "upsample_bilinear": (IMAGES, 2),
    "upsample_nearest": (IMAGES, 2),
    "var": (MATRIX, 1, 0, True),
    "gru": (np.ones((2, 4, 9), "f4"), np.ones((3, 9), "f4"), np.ones(3, "f4"), np.ones((2, 3), "f4")),
    "where": (MATRIX > 0, MATRIX, MATRIX),
}
REDUCTIONS = {"axis": 1, "keepdims": True, "descending": True}


def silly():
    """What nobody should give; made anew, as generators end."""
    return {
        "None": None,
        "True": True,
        "-1": -1,
        "0": 0,
        "7": 7,
        "10**13": 10**13,
        "2**70": 2**70,
        "-(2**70)": -(2**70),
        "1.5": 1.5,
        "2.0": 2.0,
        "nan": float("nan"),
        "-inf": -float("inf"),
        "1j": 1j,
        "text": "text",
        "no text": "",
        "bytes": b"bytes",
        "object": object(),
        "type": int,
        "function": len,
        "module": np,
        "{}": {},
        "{1}": {1},
        "[]": [],
        "()": (),
        "[[]]": [[]],
        "ragged": [[1, 2], [3]],
        "(0, 0)": (0, 0),
        "(1, 2, 3, 4, 5)": (1, 2, 3, 4, 5),
        "(1.5, 2)": (1.5, 2),
        "(None, None)": (None, None),
        "('a', 'b')": ("a", "b"),
        "((1, 2), 3)": ((1, 2), 3),
        "[numbers]": [1.0, 2.0],
        "[tensors]": [mg.ones(2), mg.ones(2)],
        "generator": (i for i in range(3)),
        "range": range(3),
        "slice": slice(None, None, 0),
        "...": ...,
        "tensor": mg.ones((2, 3)),
        "a tensor of integers": mg.tensor([1, 2]),
        "0-d": np.array(2),
        "no element": np.ones((0, 3), "f4"),
        "7 axes": np.ones((1,) * 7, "f4"),
        "integers": np.array([[1, 2, 3], [4, 5, 6]]),
        "bytes of an image": np.full((1, 5, 4, 2), 255, "u1"),
        "booleans": np.array([True, False]),
        "half": np.ones((2, 3), "f2"),
        "complex": np.ones((2, 3), complex),
        "objects": np.array([object(), None]),
        "texts": np.array(["a", "b"]),
        "dates": np.array(["2000-01-01"], "datetime64[D]"),
        "records": np.zeros(2, [("a", "f4"), ("b", "i4")]),
        "masked": np.ma.array([1.0, 2.0], mask=[True, False]),
        "np.matrix": np.asmatrix(np.ones((2, 3))),
        "NumPy's bool": np.True_,
        "NumPy's text": np.str_("a"),
    }


def ordinary(name):
    """Arguments that the operation takes."""
    if name in CALLS:
        return CALLS[name]
    parameters = list(inspect.signature(getattr(mg, name)).parameters.values())
    return tuple(REDUCTIONS.get(p.name, MATRIX) for p in parameters)


def fault(f, arguments, recorded):
    """What is wrong about the answer to some arguments; '' if nothing is."""
    if recorded:
        is_float = [type(a) is np.ndarray and a.dtype == "f4" for a in arguments]
        arguments = [mg.tensor(a, requires_grad=True) if f else a for a, f in zip(arguments, is_float, strict=True)]
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error")
            for old in (DeprecationWarning, PendingDeprecationWarning):
                warnings.simplefilter("ignore", old)
            y = f(*arguments)
            if recorded and isinstance(y, mg.Tensor) and y.requires_grad:
                y.sum().backward()
    except MinigenError as error:
        if "\n" in str(error) or len(str(error)) < 12:
            return f"says {str(error)!r}"
    except MemoryError:
        return ""
    except Exception as error:  # raw
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.mark.parametrize("name", mg.ops.__all__)
def test_fault_it_computes_or_says_in_one_line_what_is_wrong(name):
    f, usual, faults = getattr(mg, name), ordinary(name), []
    assert fault(f, usual, False) == fault(f, usual, True) == ""
    for recorded in (False, True):
        for place in range(len(usual)):
            for what, value in silly().items():
                arguments = [value if i == place else a for i, a in enumerate(usual)]
                told = fault(f, arguments, recorded)
                faults += [f"argument {place}, {what}{', recorded' * recorded}: {told}"] if told else []
    tries = 2 * len(usual) * len(silly())
    tally("operations: an argument of a wrong kind", tries, len(faults), "computed, or refused in one line")
    assert not faults, "\n".join(faults)
