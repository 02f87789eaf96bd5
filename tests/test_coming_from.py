"""docs/coming-from.md: every row is run, and its columns agree."""

import re
from pathlib import Path

import numpy as np
import pytest

import minigen as mg
from minigen import nn, optim
from minigen.errors import MinigenError
from minigen.nn.exchange import to_torch

PAGE = Path(__file__).parent.parent / "docs" / "coming-from.md"
TEXT = PAGE.read_text(encoding="utf-8")
RNG = np.random.default_rng(5)
CHANNELS_FIRST = {"kernel": (3, 2, 0, 1), "taps": (2, 1, 0), "image": (0, 3, 1, 2), "sequence": (0, 2, 1)}
VALUES = {
    "x": RNG.standard_normal((2, 3)),
    "y": RNG.standard_normal((2, 3)),
    "p": RNG.uniform(0.5, 2.0, (2, 3)),
    "u": RNG.uniform(-0.9, 0.9, (2, 3)),
    "n": np.array([[0, 2, 1], [2, 2, 0]]),
    "i": np.array([[2, 0], [1, 1]]),
    "a": RNG.standard_normal((3, 3)),
    "w": RNG.standard_normal((3, 4)),
    "b": RNG.standard_normal(4),
    "logits": RNG.standard_normal((4, 3)),
    "labels": np.array([2, 0, 1, 1]),
    "soft": RNG.dirichlet(np.ones(3), 4),
    "image": RNG.standard_normal((2, 6, 8, 4)),
    "kernel": RNG.standard_normal((3, 3, 4, 5)),
    "sequence": RNG.standard_normal((2, 7, 4)),
    "taps": RNG.standard_normal((3, 4, 5)),
}
INPUTS = {"Conv1D": "sequence", **dict.fromkeys(["Conv2D", "Conv2DTranspose", "BatchNorm", "GroupNorm"], "image")}
INPUTS |= dict.fromkeys(["MaxPool2D", "AvgPool2D", "UpSampling2D"], "image") | {"Embedding": "n"}


def rows(section):
    """The cells of each row of the section's table, without the header."""
    (body,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S)
    lines = [line for line in body.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


SECTIONS = re.findall(r"^## (.*)$", TEXT, re.M)[1:]
LAYERS, TRAINING = rows("Layers"), rows("Training")
OF_VALUES = [row for section in SECTIONS if section not in ("Layers", "Training") for row in rows(section)]


def here(code):
    """What minigen makes of the last column."""
    values = {name: mg.tensor(value) for name, value in VALUES.items()}
    return eval(code, {"mg": mg, "nn": nn, "np": np, **values})


def there(code, torch):
    """What PyTorch makes of the first, with channels last."""
    values = {n: torch.tensor(v.transpose(CHANNELS_FIRST.get(n, range(v.ndim)))) for n, v in VALUES.items()}
    y = eval(code, {"torch": torch, "F": torch.nn.functional, "nn": torch.nn, "np": np, **values})
    images = any(re.search(rf"\b{name}\b", code) for name in CHANNELS_FIRST)
    return y.movedim(1, -1) if images else y


def plain(y):
    """A result as a NumPy array."""
    return np.asarray(y.detach().numpy() if hasattr(y, "detach") else y)


def agree(ours, theirs):
    ours, theirs = plain(ours), plain(theirs)
    assert ours.shape == theirs.shape
    assert theirs.dtype.kind != "f" or ours.dtype.kind == "f"
    np.testing.assert_allclose(ours.astype(float), theirs.astype(float), rtol=1e-6, atol=1e-7)


def test_the_page_is_read_whole():
    assert SECTIONS[:2] == ["Arrays", "Shapes"]
    assert SECTIONS[-2:] == ["Layers", "Training"]
    lines = [line for line in TEXT.splitlines() if line.startswith("| ") and "`" in line]
    assert len(lines) == len(OF_VALUES) + len(LAYERS) + len(TRAINING) > 180
    assert {len(row) for row in OF_VALUES} == {2, 3}
    assert {len(row) for row in LAYERS + TRAINING} == {2}


@pytest.mark.parametrize("row", OF_VALUES, ids=lambda row: row[0])
def test_numpy_agrees(row):
    if len(row) == 3 and row[1]:
        agree(here(row[-1]), eval(row[1], {"np": np, **VALUES}))
    else:
        here(row[-1])


@pytest.mark.parametrize("row", OF_VALUES, ids=lambda row: row[0])
def test_pytorch_agrees(row):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'minigen[bench]'")
    agree(here(row[-1]), there(row[0], torch))


@pytest.mark.parametrize("row", LAYERS, ids=lambda row: row[0])
def test_layers_are_twins(row):
    """With the same weights, moved by `to_torch`, both make the same of an input."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'minigen[bench]'")
    twin, layer = eval(row[0], {"nn": torch.nn}), eval(row[1], {"nn": nn})
    name = INPUTS.get(type(layer).__name__, "b")
    x = VALUES[name] if name != "b" else RNG.standard_normal((6, 4))
    x = x.astype(np.float32) if x.dtype.kind == "f" else x
    if isinstance(layer, nn.SpectralNorm):  # it has another state there
        assert layer(mg.tensor(x)).shape == twin(torch.tensor(x)).shape
        return
    twin.load_state_dict({name: torch.from_numpy(array) for name, array in to_torch(layer).items()})
    axes = CHANNELS_FIRST.get(name, tuple(range(x.ndim)))
    theirs = twin.eval()(torch.tensor(np.ascontiguousarray(x.transpose(axes)))).detach().numpy()
    theirs = np.moveaxis(theirs, 1, -1) if name in CHANNELS_FIRST else theirs
    np.testing.assert_allclose(layer.eval()(mg.tensor(x)).numpy(), theirs, rtol=1e-4, atol=1e-5)


@pytest.fixture
def training(tmp_path, monkeypatch):
    """What the rows about training speak of, here and in PyTorch, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    model = nn.Sequential(nn.Dense(3, 1))
    loss = model(mg.tensor(VALUES["x"].astype(np.float32))).sum()
    nn.save(model, "model.safetensors")
    before = mg.random._default
    yield {"mg": mg, "nn": nn, "optim": optim, "model": model, "loss": loss}
    mg.random._default = before


@pytest.mark.parametrize("row", TRAINING, ids=lambda row: row[1])
def test_what_is_said_of_training_runs(row, training):
    eval(row[1], training)


def test_what_is_said_of_pytorchs_training_runs(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'minigen[bench]'")
    monkeypatch.chdir(tmp_path)
    state = torch.random.get_rng_state()
    for code, _ in TRAINING:
        model = torch.nn.Linear(3, 1)
        torch.save(model.state_dict(), "model.pt")
        eval(code, {"torch": torch, "nn": torch.nn, "model": model, "loss": model(torch.ones(2, 3)).sum()})
    torch.random.set_rng_state(state)


def test_the_example_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    exec(compile(code, "coming-from.md", "exec"), {"__name__": "page"})
    assert "the gradient is right" in capsys.readouterr().out
    mg.autodiff.REGISTRY.pop("arctan")


def test_a_row_that_is_wrong_would_be_found():
    with pytest.raises(AssertionError):
        agree(here("mg.tril(x)"), VALUES["x"])
    with pytest.raises(AssertionError):
        agree(here("x.var(1)"), VALUES["x"].var(1, ddof=1))
    with pytest.raises((AttributeError, MinigenError)):
        here("mg.cumprod(x)")
