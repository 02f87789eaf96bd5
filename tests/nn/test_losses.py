"""Losses: closed forms, PyTorch, sums over features and means over the batch, logits of any size."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import minigen as mg
from minigen import nn
from minigen.distributions import Bernoulli, Categorical, Normal, kl_to_standard_normal
from minigen.errors import ArgumentError, DTypeError, ShapeError

RNG = np.random.default_rng(0)
LOGITS, TARGETS = RNG.standard_normal((5, 3)).astype(np.float32), RNG.random((5, 3)).astype(np.float32)
LABELS = np.array([0, 2, 1, 1, 0])

LOSSES = {
    "bce_loss": (nn.bce_loss, TARGETS),
    "mse_loss": (nn.mse_loss, TARGETS),
    "kl_loss": (nn.kl_loss, TARGETS),
    "cross_entropy_loss": (nn.cross_entropy_loss, LABELS),
}
MANY = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def numbers(low, high):
    return arrays(np.float32, (2, 3), elements=st.floats(low, high, width=32))


@pytest.mark.parametrize("name", LOSSES)
def test_duplicating_the_batch_changes_nothing(device, name):
    loss, target = LOSSES[name]
    once = loss(mg.tensor(LOGITS), mg.tensor(target)).item()
    twice = loss(mg.tensor(np.tile(LOGITS, (2, 1))), mg.tensor(np.concatenate([target, target]))).item()
    assert once == pytest.approx(twice, rel=1e-6)


@pytest.mark.parametrize("name", ["bce_loss", "kl_loss", "mse_loss"])
def test_duplicating_the_features_doubles_sums_and_leaves_means(device, name):
    loss, target = LOSSES[name]
    once = loss(mg.tensor(LOGITS), mg.tensor(target)).item()
    wide = loss(mg.tensor(np.tile(LOGITS, (1, 2))), mg.tensor(np.tile(target, (1, 2)))).item()
    assert wide == pytest.approx(once if name == "mse_loss" else 2 * once, rel=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_to_second_order(device, name):
    loss, target = LOSSES[name]
    assert mg.gradcheck(lambda x: loss(x, mg.tensor(target)), LOGITS)
    if name != "cross_entropy_loss":
        assert mg.gradcheck(lambda x, y: loss(x, y), LOGITS, TARGETS)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_a_scalar_of_float32(device, name):
    loss, target = LOSSES[name]
    x = mg.tensor(LOGITS, requires_grad=True)
    value = loss(x, mg.tensor(target))
    value.backward()
    assert (value.shape, value.dtype, value.device) == ((), np.float32, device)
    assert x.grad.dtype == np.float32
    assert loss(x.detach(), mg.tensor(target)).requires_grad is False


def test_values(device):
    p = 1 / (1 + np.exp(-LOGITS.astype(np.float64)))
    bce = -(TARGETS * np.log(p) + (1 - TARGETS) * np.log(1 - p)).sum(1).mean()
    x = mg.tensor(LOGITS)
    assert nn.bce_loss(x, mg.tensor(TARGETS)).item() == pytest.approx(bce, rel=1e-5)
    assert nn.mse_loss(x, mg.tensor(TARGETS)).item() == pytest.approx(((LOGITS - TARGETS) ** 2).mean(), rel=1e-5)
    q = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
    assert nn.cross_entropy_loss(x, mg.tensor(LABELS)).item() == pytest.approx(
        -np.log(q[np.arange(5), LABELS]).mean(), rel=1e-5
    )
    expected = 0.5 * (LOGITS**2 + np.exp(TARGETS) - 1 - TARGETS).sum(1).mean()
    assert nn.kl_loss(x, mg.tensor(TARGETS)).item() == pytest.approx(expected, rel=1e-5)


def test_values_known_by_heart(device):
    nothing, ones = mg.zeros((2, 3), device=device), mg.ones((2, 3), device=device)
    assert nn.bce_loss(nothing, ones).item() == pytest.approx(3 * math.log(2), rel=1e-6)
    assert nn.cross_entropy_loss(nothing, mg.tensor(np.array([0, 2]))).item() == pytest.approx(math.log(3), rel=1e-6)
    assert nn.mse_loss(nothing, 2 * ones).item() == 4
    assert nn.kl_loss(nothing, nothing).item() == 0
    assert nn.kl_loss(2 * ones, nothing).item() == 6


def test_losses_are_the_likelihoods_of_the_distributions(device):
    x, y, labels = mg.tensor(LOGITS), mg.tensor(TARGETS), mg.tensor(LABELS)
    assert nn.bce_loss(x, y).item() == pytest.approx(-Bernoulli(x).log_prob(y).numpy().sum(1).mean(), rel=1e-6)
    log_likelihood = Categorical(x).log_prob(labels).numpy()
    assert nn.cross_entropy_loss(x, labels).item() == pytest.approx(-log_likelihood.mean(), rel=1e-6)
    assert nn.kl_loss(x, y).item() == pytest.approx(kl_to_standard_normal(Normal(x, y)).numpy().sum(1).mean(), rel=1e-6)


def test_pytorch_agrees(device):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'minigen[bench]'")
    F, D = torch.nn.functional, torch.distributions
    x64, y64 = 3 * LOGITS.astype(np.float64), TARGETS.astype(np.float64)
    twins = {
        "bce_loss": lambda x, y: F.binary_cross_entropy_with_logits(x, y, reduction="sum") / 5,
        "mse_loss": F.mse_loss,
        "cross_entropy_loss": F.cross_entropy,
        "kl_loss": lambda m, v: D.kl_divergence(D.Normal(m, (v / 2).exp()), D.Normal(0.0, 1.0)).sum(1).mean(),
    }
    for name, twin in twins.items():
        target = LABELS if name == "cross_entropy_loss" else y64
        x, z = mg.tensor(x64, requires_grad=True), torch.tensor(x64, requires_grad=True)
        ours, theirs = LOSSES[name][0](x, mg.tensor(target)), twin(z, torch.tensor(target))
        ours.backward()
        theirs.backward()
        assert ours.item() == pytest.approx(theirs.item(), rel=1e-12), name
        np.testing.assert_allclose(x.grad.numpy(), z.grad.numpy(), rtol=1e-10, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("weights", [None, [0.5, 0.0, 2.0]])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_pytorch_agrees_on_weights_and_smoothing(device, weights, smoothing):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'minigen[bench]'")
    x64 = 3 * LOGITS.astype(np.float64)
    x, z = mg.tensor(x64, requires_grad=True), torch.tensor(x64, requires_grad=True)
    for form in (weights, weights and np.array(weights), weights and mg.tensor(weights)):
        x.grad = None
        ours = nn.cross_entropy_loss(x, mg.tensor(LABELS), class_weights=form, label_smoothing=smoothing)
        ours.backward()
    theirs = torch.nn.functional.cross_entropy(
        z,
        torch.tensor(LABELS),
        weight=None if weights is None else torch.tensor(weights, dtype=torch.float64),
        label_smoothing=smoothing,
    )
    theirs.backward()
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-7)
    np.testing.assert_allclose(x.grad.numpy(), z.grad.numpy(), rtol=1e-6, atol=1e-9)
    assert mg.gradcheck(
        lambda x: nn.cross_entropy_loss(x, mg.tensor(LABELS), class_weights=weights, label_smoothing=smoothing), LOGITS
    )


def test_weights_do_not_widen(device):
    loss = nn.cross_entropy_loss(mg.tensor(LOGITS), mg.tensor(LABELS), class_weights=np.ones(3), label_smoothing=0.2)
    assert loss.dtype == np.float32


def test_an_image_is_summed_over_all_its_pixels(device):
    images = mg.zeros((4, 6, 5, 2))
    assert nn.bce_loss(images, images).item() == pytest.approx(60 * math.log(2), rel=1e-5)
    assert nn.sum_features(mg.ones((4, 6, 5, 2))).numpy().tolist() == [60] * 4
    assert nn.sum_features(mg.tensor(np.arange(3.0))).numpy().tolist() == [0, 1, 2]


@pytest.mark.parametrize("target", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("logit", [-1000.0, -100.0, 100.0, 1000.0])
def test_extreme_logits_give_exact_losses_and_gradients(device, logit, target):
    x = mg.tensor(np.float32([[logit]]), requires_grad=True)
    loss = nn.bce_loss(x, mg.tensor(np.float32([[target]])))
    loss.backward()
    p = float(logit > 0)
    assert loss.item() == pytest.approx(abs(logit) * abs(target - p), abs=1e-30)
    assert x.grad.item() == pytest.approx(p - target, abs=1e-30)

    x = mg.tensor(np.float32([[logit, 0.0]]), requires_grad=True)
    loss = nn.cross_entropy_loss(x, mg.tensor(np.array([0])))
    loss.backward()
    assert loss.item() == pytest.approx(max(-logit, 0), abs=1e-30)
    np.testing.assert_allclose(x.grad.numpy(), [[p - 1, 1 - p]], atol=1e-30)


def test_a_confident_mistake_still_has_a_gradient(device):
    """Where a loss of clipped probabilities has none: sigmoid(-40) is 4e-18, and 1 - sigmoid(40) rounds to 0."""
    x = mg.tensor(np.float32([[-40.0, 40.0]]), requires_grad=True)
    nn.bce_loss(x, mg.tensor(np.float32([[1.0, 0.0]]))).backward()
    np.testing.assert_allclose(x.grad.numpy(), [[-1, 1]])


@MANY
@given(mean=numbers(-3, 3), log_var=numbers(-20, 20), small=st.integers(0, 8))
def test_kl_is_never_negative(device, mean, log_var, small):
    """Not by rounding either: e^v - 1 - v is a small difference of large numbers for small v."""
    mean, log_var = mean / np.float32(10**small), log_var / np.float32(10**small)
    for row in range(2):
        assert nn.kl_loss(mg.tensor(mean[row : row + 1]), mg.tensor(log_var[row : row + 1])).item() >= 0
    assert nn.kl_loss(mg.tensor(0 * mean), mg.tensor(0 * log_var)).item() == 0


@pytest.mark.parametrize("v", [1e-1, -1e-2, 1e-3, -1e-4])
def test_kl_of_nearly_the_prior_is_accurate(device, v):
    """e^v - 1 - v = v^2 / 2 + v^3 / 6 + ..., which must not drown in the rounding of e^v."""
    exact = (math.expm1(v) - v) / 2
    log_var = mg.tensor(np.float32([[v]]))
    assert nn.kl_loss(mg.zeros((1, 1)), log_var).item() == pytest.approx(exact, rel=1e-2)


@MANY
@given(logits=numbers(-100, 100), targets=numbers(0, 1))
def test_bce_is_at_least_the_entropy_of_the_targets(device, logits, targets):
    t = np.clip(targets.astype(np.float64), 1e-300, 1)
    rest = np.clip(1 - targets.astype(np.float64), 1e-300, 1)
    entropy = -(t * np.log(t) + rest * np.log(rest)).sum(1).mean()
    assert nn.bce_loss(mg.tensor(logits), mg.tensor(targets)).item() >= entropy - 1e-4


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_labels_of_any_integer_type_from_either_device(device, dtype):
    expected = nn.cross_entropy_loss(mg.tensor(LOGITS), mg.tensor(LABELS)).item()
    for labels in LABELS.astype(dtype), mg.tensor(LABELS.astype(dtype), device=device):
        assert nn.cross_entropy_loss(mg.tensor(LOGITS), labels).item() == expected


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int64, bool])
def test_hard_targets_of_any_type_keep_float32(device, dtype):
    hard = (TARGETS > 0.5).astype(dtype)
    loss = nn.bce_loss(mg.tensor(LOGITS), mg.tensor(hard))
    assert loss.dtype == np.float32
    assert loss.item() == nn.bce_loss(mg.tensor(LOGITS), mg.tensor(hard.astype(np.float32))).item()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.bce_loss(mg.ones((2, 3)), mg.ones((2, 1))), ShapeError, r"bce_loss: prediction has shape \(2, 3\)"),
        (lambda: nn.mse_loss(mg.ones((2, 3)), mg.ones(3)), ShapeError, r"mse_loss: .* target \(3,\); .* equal"),
        (lambda: nn.mse_loss(mg.ones((4, 1)), mg.ones(4)), ShapeError, "mse_loss"),
        (lambda: nn.kl_loss(mg.ones((2, 3)), mg.ones(3)), ShapeError, "kl_loss"),
        (lambda: nn.cross_entropy_loss(mg.ones((2, 3)), mg.ones(2)), DTypeError, "integers, got float32"),
        (lambda: nn.cross_entropy_loss(mg.ones((2, 3)), mg.arange(3)), ShapeError, r"expected \(N, K\) and \(N,\)"),
        (lambda: nn.cross_entropy_loss(mg.ones((2, 3)), mg.ones((2, 3))), DTypeError, "labels must be integers"),
        (lambda: nn.cross_entropy_loss(mg.ones(3), mg.arange(3)), ShapeError, r"logits have shape \(3,\)"),
        (lambda: nn.cross_entropy_loss(mg.ones((2, 3)), np.array([0, 3])), ArgumentError, r"0 \.\.\. 2, got 0"),
        (
            lambda: nn.cross_entropy_loss(mg.ones((2, 3)), np.array([1, 0]), class_weights=[1.0, 2.0]),
            ShapeError,
            r"class_weights have shape \(2,\), expected one for each of 3 classes",
        ),
        (
            lambda: nn.cross_entropy_loss(mg.ones((2, 3)), np.array([1, 0]), class_weights=[1.0, -2.0, 1.0]),
            ArgumentError,
            "class_weights: expected numbers >= 0, got -2.0",
        ),
        (
            lambda: nn.cross_entropy_loss(mg.ones((2, 3)), np.array([1, 0]), label_smoothing=1.5),
            ArgumentError,
            "label_smoothing: expected 0 <= number <= 1, got 1.5",
        ),
        (lambda: nn.cross_entropy_loss(mg.ones((2, 3)), np.array([-1, 0])), ArgumentError, r"got -1 \.\.\. 0"),
    ],
)
def test_wrong_use_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("bad", [255.0, 1.0001, -0.001, -np.inf, np.inf, np.nan])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_bernoulli_is_between_0_and_1(bad, dtype):
    """Wherever targets enter; on the GPU they are not looked at."""
    logits, x = mg.tensor(np.zeros((2, 3), dtype)), np.full((2, 3), 0.5, dtype)
    x[1, 2] = bad
    for call in (nn.bce_loss, mg.bernoulli_log_likelihood, lambda a, b: Bernoulli(a).log_prob(b)):
        assert np.isfinite(call(logits, mg.tensor(np.clip(np.nan_to_num(x), 0, 1))).numpy()).all()
        with pytest.raises(ArgumentError, match=r"must be in \[0, 1\], got .* divide pixels of 0 to 255 by 255"):
            call(logits, mg.tensor(x))
    with pytest.raises(ArgumentError, match="targets must be in"):
        Bernoulli(logits).log_prob(bad)


def test_pixels_of_bytes_are_refused():
    with pytest.raises(ArgumentError, match=r"got 0.0 \.\.\. 255.0"):
        nn.bce_loss(mg.zeros((1, 2)), mg.tensor(np.array([[0, 255]], np.uint8)))


@pytest.mark.parametrize("masked", [[0], [2], [0, 1]])
def test_cross_entropy_with_classes_that_cannot_be(device, masked):
    """A logit of -inf: no NaN, and the loss and gradient of the other classes alone."""
    logits = LOGITS.copy()
    logits[:, masked] = -np.inf
    rest = [k for k in range(3) if k not in masked]
    labels = np.array([rest[i % len(rest)] for i in range(5)])
    x, y = mg.tensor(logits, requires_grad=True), mg.tensor(LOGITS[:, rest], requires_grad=True)
    loss = nn.cross_entropy_loss(x, mg.tensor(labels))
    alone = nn.cross_entropy_loss(y, mg.tensor(np.array([rest.index(k) for k in labels])))
    loss.backward()
    alone.backward()
    assert loss.item() == pytest.approx(alone.item(), abs=1e-6)
    np.testing.assert_allclose(x.grad.numpy()[:, rest], y.grad.numpy(), atol=1e-6)
    assert (x.grad.numpy()[:, masked] == 0).all()
    impossible = nn.cross_entropy_loss(x, mg.tensor(np.full(5, masked[0])))
    x.zero_grad()
    impossible.backward()
    assert impossible.item() == np.inf
    assert np.isfinite(x.grad.numpy()).all()


@pytest.mark.parametrize("loss", [nn.bce_loss, nn.kl_loss])
def test_scalars_have_no_batch(loss):
    with pytest.raises(ShapeError, match=r"expected \(N, \.\.\.\)"):
        loss(mg.tensor(1.0), mg.tensor(0.0))
