"""The optimizers against their equations, written plainly, and what must hold for each of them."""

import tracemalloc
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigen as mg
from minigen.distributed import Group
from minigen.errors import ArgumentError, NumericalError, ShapeError
from minigen.optim import SGD, Adam, AdamW, Optimizer, RMSProp, cosine, optimizers, warmup

# ------------------------------------------------------------------------------- the readable twins of the rules
# Each takes the weights, the gradients of all steps, and the settings of its class, and returns the final weights.


def sgd(w, gradients, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    b = 0
    for g in gradients:
        g = g + weight_decay * w
        b = momentum * b + g
        w = w - lr * (g + momentum * b if nesterov else b)
    return w


def rmsprop(w, gradients, lr, alpha=0.99, eps=1e-8):
    v = 0
    for g in gradients:
        v = alpha * v + (1 - alpha) * g**2
        w = w - lr * g / (np.sqrt(v) + eps)
    return w


def adam(w, gradients, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    m = v = 0
    for t, g in enumerate(gradients, start=1):
        w = w - lr * weight_decay * w
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        m_hat = m / (1 - betas[0] ** t)
        v_hat = v / (1 - betas[1] ** t)
        w = w - lr * m_hat / (np.sqrt(v_hat) + eps)
    return w


RULES = {
    "SGD": (SGD, sgd, {"lr": 0.1}),
    "SGD with decay": (SGD, sgd, {"lr": 0.1, "weight_decay": 0.1}),
    "momentum": (SGD, sgd, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
    "Nesterov": (SGD, sgd, {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01}),
    "RMSProp": (RMSProp, rmsprop, {"lr": 0.01, "alpha": 0.9}),
    "Adam": (Adam, adam, {"lr": 0.01, "betas": (0.8, 0.99)}),
    "Adam with eps": (Adam, adam, {"lr": 0.01, "eps": 0.1}),
    "AdamW": (AdamW, adam, {"lr": 0.01, "weight_decay": 0.3}),
}
every_rule = pytest.mark.parametrize("rule", RULES)


def parameter(values, device=None, dtype=np.float32):
    return mg.tensor(np.array(values, dtype), device=device, requires_grad=True)


def give(optimizer, gradients):
    """One array of gradients, in order, to all parameters of an optimizer."""
    start = 0
    for p in optimizer.flat.params:
        part = np.asarray(gradients[start : start + p.size], p.dtype).reshape(p.shape)
        p.grad = mg.tensor(part, device=p.device)
        start += p.size


def bits(optimizer):
    return [mg.Tensor(a).numpy().tobytes() for a in (optimizer.flat.data, *optimizer.memory.values())]


# ---------------------------------------------------------------------------------------------- the equations


@every_rule
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_rule_follows_its_equations(rule, dtype, device):
    make, twin, settings_ = RULES[rule]
    rng = np.random.default_rng(0)
    w, gradients = rng.standard_normal(12).astype(dtype), rng.standard_normal((20, 12)).astype(dtype)
    params = [parameter(w[:8].reshape(2, 4), device, dtype), parameter(w[8:], device, dtype)]
    optimizer = make(params, **settings_)
    for g in gradients:
        give(optimizer, g)
        optimizer.step()
    result = np.concatenate([p.numpy().ravel() for p in params])
    assert result.dtype == dtype
    rounding = 100 * np.finfo(dtype).eps  # 20 steps of about 10 roundings each, mostly cancelling
    np.testing.assert_allclose(result, twin(w.astype(np.float64), gradients, **settings_), rtol=0, atol=rounding)


@every_rule
@settings(max_examples=15)
@given(size=st.integers(0, 40), chunk=st.integers(1, 20), seed=st.integers(0, 100))
def test_chunks_change_nothing(rule, size, chunk, seed):
    make, _, settings_ = RULES[rule]
    rng = np.random.default_rng(seed)
    w, gradients = rng.standard_normal(size), rng.standard_normal((3, size))

    def run():
        optimizer = make([parameter(w)], **settings_)
        for g in gradients:
            give(optimizer, g)
            optimizer.step()
        return bits(optimizer)

    whole = run()
    with mock.patch.object(optimizers, "CHUNK", chunk):
        assert run() == whole


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_the_twin_holds_around_the_real_border_between_chunks(offset):
    n = 2 * optimizers.CHUNK + offset
    rng = np.random.default_rng(0)
    w, gradients = rng.standard_normal(n).astype(np.float32), rng.standard_normal((2, n)).astype(np.float32)
    optimizer = Adam([p := parameter(w)], lr=0.01)
    for g in gradients:
        give(optimizer, g)
        optimizer.step()
    np.testing.assert_allclose(p.numpy(), adam(w.astype(np.float64), gradients, 0.01), rtol=0, atol=1e-6)


@given(st.lists(st.floats(-1e3, 1e3, width=32).filter(lambda g: abs(g) > 1e-3), min_size=1, max_size=20))
def test_adams_first_step_has_the_length_of_the_learning_rate(gradients):
    optimizer = Adam([p := parameter(np.zeros(len(gradients)))], lr=0.25)
    give(optimizer, gradients)
    optimizer.step()
    np.testing.assert_allclose(p.numpy(), -0.25 * np.sign(gradients), rtol=2e-5)


@given(st.integers(-12, 12), st.integers(0, 1000))
def test_without_eps_adam_does_not_see_the_scale_of_the_loss(exponent, seed):
    gradients = np.random.default_rng(seed).standard_normal((5, 7)).astype(np.float32)
    results = []
    for scale in (1.0, 2.0**exponent):  # a power of two scales without rounding
        optimizer = Adam([p := parameter(np.ones(7))], lr=0.1, eps=0)
        for g in gradients:
            give(optimizer, g * scale)
            optimizer.step()
        results.append(p.numpy().tobytes())
    assert results[0] == results[1]


def test_a_parameter_that_joins_late_starts_like_any_other(device):
    first, late = parameter(np.zeros(3), device), parameter(np.zeros(3), device)
    optimizer = Adam([first, late], lr=0.1)
    for _ in range(50):
        first.grad = mg.ones((3,), device=device)
        optimizer.step()
    late.grad = mg.tensor(np.full(3, 7, np.float32), device=device)
    optimizer.step()
    np.testing.assert_allclose(late.numpy(), -0.1, rtol=1e-5)  # its own first step, not its 51st


# ----------------------------------------------------------------------------------------- what is left untouched


@every_rule
def test_without_gradients_nothing_changes(rule, device):
    make, _, settings_ = RULES[rule]
    optimizer = make([parameter(np.arange(5), device)], **settings_)
    give(optimizer, np.ones(5))
    optimizer.step()
    optimizer.zero_grad()
    before = bits(optimizer)
    optimizer.step()
    assert bits(optimizer) == before
    assert optimizer.t == 2  # for the schedule, a step is a step


@every_rule
def test_a_parameter_without_a_gradient_is_passed_over(rule, device):
    make, _, settings_ = RULES[rule]
    params = [parameter(np.arange(1, 4), device) for _ in range(3)]
    optimizer = make(params, **settings_)

    def bits_of(i):  # of the weights of parameter i, and of the rule's memory for it
        return [a[i * 12 : (i + 1) * 12] for a in bits(optimizer)]

    give(optimizer, np.ones(9))
    optimizer.step()
    before = bits_of(0)
    assert before == bits_of(1) == bits_of(2)
    give(optimizer, np.ones(9))
    params[1].grad = None
    optimizer.step()
    assert bits_of(1) == before
    assert bits_of(0) == bits_of(2) != before


@every_rule
def test_the_gradients_are_only_read(rule):
    make, _, settings_ = RULES[rule]
    optimizer = make([parameter(np.ones(5))], **settings_)
    give(optimizer, np.arange(5))
    optimizer.step()
    np.testing.assert_array_equal(optimizer.flat.grad, np.arange(5))


@every_rule
def test_a_step_allocates_nothing(rule):
    make, _, settings_ = RULES[rule]
    optimizer = make([parameter(np.ones(500_000))], **settings_)
    optimizer.flat.params[0].grad = mg.Tensor(optimizer.flat.params[0].grad_buffer)
    optimizer.step()
    tracemalloc.start()
    try:
        optimizer.step()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20_000  # bytes; the parameters have 2,000,000


@every_rule
def test_float32_stays_float32(rule, device):
    make, _, settings_ = RULES[rule]
    as_numpy_scalars = {k: np.float64(v) if isinstance(v, float) else v for k, v in settings_.items()}
    optimizer = make([p := parameter(np.ones(5), device)], **as_numpy_scalars)
    optimizer.lr = lambda t: np.float64(0.1)
    give(optimizer, np.ones(5))
    optimizer.step()
    assert {p.dtype, optimizer.flat.data.dtype, *(m.dtype for m in optimizer.memory.values())} == {np.dtype("f4")}


# ------------------------------------------------------------------------------------------------ stop and resume


@every_rule
def test_resuming_is_bit_identical(rule, device):
    make, _, settings_ = RULES[rule]
    settings_ = {**settings_, "lr": warmup(cosine(0.1, 12), 3)}
    gradients = np.random.default_rng(0).standard_normal((12, 6))

    def run(optimizer, steps):
        for i in steps:
            give(optimizer, gradients[i])
            if i in (2, 3, 8):
                optimizer.flat.params[1].grad = None
            optimizer.step()

    def start(w):
        return make([parameter(w[:4], device), parameter(w[4:], device)], **settings_)

    straight = start(np.ones(6))
    run(straight, range(12))
    first = start(np.ones(6))
    run(first, range(5))
    state, weights = first.state(), mg.Tensor(first.flat.data).numpy().copy()
    run(first, range(5, 7))  # the state is a copy and does not follow
    second = start(weights)
    second.load_state(state)
    run(second, range(5, 12))
    assert bits(second) == bits(straight)
    assert (second.t, second.flat.counts) == (12, [12, 9])
    assert all(isinstance(a, (int, np.ndarray)) for a in state.values())


def test_foreign_states_are_refused_and_change_nothing():
    optimizer = Adam([parameter(np.ones(3))])
    give(optimizer, np.ones(3))
    optimizer.step()
    before = bits(optimizer)
    with pytest.raises(ArgumentError, match=r"expected the entries \['counts', 'm', 't', 'v'\] of Adam, got \['b'"):
        optimizer.load_state(SGD([parameter(np.ones(3))], lr=1.0, momentum=0.9).state())
    with pytest.raises(ShapeError, match=r"state\['m'\]: expected an array of shape \(3,\), got \(4,\)"):
        optimizer.load_state(Adam([parameter(np.ones(4))]).state())
    with pytest.raises(ShapeError, match=r"state\['counts'\]: expected an array of shape \(1,\), got \(2,\)"):
        optimizer.load_state(Adam([parameter([1.0]), parameter([1.0, 2.0])]).state())
    assert bits(optimizer) == before
    assert optimizer.t == 1


def test_a_state_of_permuted_parameters_is_refused():
    a, b = np.ones((2, 3)), np.ones((3, 2))
    state = Adam([parameter(a), parameter(b)]).state()
    with pytest.raises(ShapeError, match="of other shapes, or in another order"):
        Adam([parameter(b), parameter(a)]).load_state(state)
    Adam([parameter(a), parameter(b)]).load_state(state)
    del state["shapes"]  # of the time before
    Adam([parameter(a), parameter(b)]).load_state(state)


# ---------------------------------------------------------------------------------------------------- convergence


@pytest.mark.parametrize(
    ("make", "settings_"),
    [
        (SGD, {"lr": 0.15}),
        (SGD, {"lr": 0.05, "momentum": 0.8}),
        (SGD, {"lr": 0.05, "momentum": 0.8, "nesterov": True}),
        (RMSProp, {"lr": cosine(0.1, 300)}),
        (Adam, {"lr": cosine(0.1, 300)}),
        (AdamW, {"lr": cosine(0.1, 300), "weight_decay": 0.0}),
    ],
)
def test_an_ill_conditioned_quadratic_is_solved(make, settings_, device):
    target = mg.tensor(np.array([1.0, -2.0, 3.0], np.float32), device=device)
    curvature = mg.tensor(np.array([0.5, 2.0, 10.0], np.float32), device=device)
    w = parameter(np.zeros(3), device)
    optimizer = make([w], **settings_)
    for _ in range(300):
        optimizer.zero_grad()
        (curvature * (w - target) ** 2 * 0.5).sum().backward()
        optimizer.step()
    np.testing.assert_allclose(w.numpy(), target.numpy(), atol=1e-3)


@pytest.mark.parametrize(
    "make", [lambda p: Adam(p, lr=0.05), lambda p: SGD(p, lr=5e-4, momentum=0.95, nesterov=True)], ids=["Adam", "SGD"]
)
def test_rosenbrocks_valley_is_followed_to_its_end(make):
    x, y = parameter(-1.2, dtype=np.float64), parameter(1.0, dtype=np.float64)
    optimizer = make([x, y])
    for _ in range(3000):
        optimizer.zero_grad()
        ((1 - x) ** 2 + 100 * (y - x**2) ** 2).backward()
        optimizer.step()
    assert (x.item(), y.item()) == pytest.approx((1, 1), abs=1e-2)


# -------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: SGD(p, lr=-0.1), "lr: expected a finite number >= 0, got -0.1"),
        (lambda p: SGD(p, lr=float("nan")), "lr: .* got nan"),
        (lambda p: SGD(p, lr="0.1"), "lr: expected a finite number >= 0, got '0.1'"),
        (lambda p: SGD(p, lr=0.1, momentum=1.0), "momentum: expected a number >= 0 and < 1, got 1.0"),
        (lambda p: SGD(p, lr=0.1, nesterov=True), "nesterov: needs a momentum above 0"),
        (lambda p: SGD(p, lr=0.1, weight_decay=-1), "weight_decay: .* got -1"),
        (lambda p: RMSProp(p, alpha=1.5), "alpha: expected a number >= 0 and < 1, got 1.5"),
        (lambda p: Adam(p, betas=(1.0, 0.999)), r"betas\[0\]: expected a number >= 0 and < 1, got 1.0"),
        (lambda p: Adam(p, betas=(0.9, -1)), r"betas\[1\]: .* got -1"),
        (lambda p: Adam(p, eps=-1e-8), "eps: .* got -1e-08"),
        (lambda p: AdamW(p, weight_decay=float("inf")), "weight_decay: .* got inf"),
    ],
)
def test_bad_settings_are_refused_and_leave_the_parameters_alone(make, message):
    p = parameter(np.ones(2))
    data = p.data
    with pytest.raises(ArgumentError, match=message):
        make([p])
    assert p.data is data


def test_a_schedule_that_gives_nonsense_is_named_with_its_step():
    optimizer = SGD([parameter(np.ones(2))], lr=lambda t: 1.0 if t < 1 else float("nan"))
    optimizer.step()
    with pytest.raises(ArgumentError, match="lr at step 1: expected a finite number >= 0, got nan"):
        optimizer.step()


def test_the_base_class_has_no_rule():
    optimizer = Optimizer([parameter(np.ones(2))], lr=1.0)
    give(optimizer, np.ones(2))
    with pytest.raises(NotImplementedError, match=r"Optimizer\.update"):
        optimizer.step()


def test_a_rule_of_ones_own_is_a_few_lines(device):
    class SignDescent(Optimizer):
        def update(self, t, lr, w, g, tmp):
            w -= lr * (g / abs(g))

    optimizer = SignDescent([p := parameter(np.zeros(3), device)], lr=0.5)
    give(optimizer, [1.0, -7.0, 0.1])
    optimizer.step()
    np.testing.assert_array_equal(p.numpy(), [-0.5, 0.5, -0.5])


# ------------------------------------------------------------------------------------------------- shards


def test_added_losses_are_descended_on_together(device):
    """The gradient of their mean, and its norm; a NaN is looked for in the mean."""
    rng = np.random.default_rng(0)
    start, xs = rng.standard_normal(3), rng.standard_normal((4, 5, 3))

    def made():
        w = mg.tensor(start, device=device, requires_grad=True)
        return w, SGD([w], lr=0.1)

    def loss(w, x):
        return ((w * mg.tensor(x, device=device)) ** 2).mean()

    (w, optimizer), (v, other) = made(), made()
    optimizer.join(Group(), 4)
    for x in xs:
        optimizer.add(loss(w, x))
    norm = optimizer.step()
    assert norm.item() == pytest.approx(other.step(loss(v, xs)).item())
    assert np.allclose(w.numpy(), v.numpy(), rtol=1e-12)
    optimizer.watches = True
    kept = w.numpy().copy()
    for i, x in enumerate(xs):
        optimizer.add(loss(w, x * (np.nan if i == 2 else 1)))
    with pytest.raises(NumericalError, match="the loss is nan"):
        optimizer.step()
    assert np.array_equal(w.numpy(), kept)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_parameter_that_only_some_shards_depend_on(device, order):
    """The others' part of its gradient is zero, and not what an earlier step has left in its place."""
    w, v = (mg.tensor(np.ones(1, np.float32), requires_grad=True) for _ in range(2))
    optimizer = SGD([w, v], lr=1.0)
    optimizer.join(Group(), 2)
    for _ in range(2):
        optimizer.add((w + 100 * v).sum())
    optimizer.step()
    losses = [lambda: w.sum(), lambda: (w + 10 * v).sum()]
    for i in order:
        optimizer.add(losses[i]())
    before = v.item()
    optimizer.step()
    assert v.item() - before == pytest.approx(-5)  # half of the shards, each 10
    for _ in range(2):
        optimizer.add(w.sum())
    before = v.item()
    optimizer.step()
    assert (v.item(), v.grad) == (before, None)


def test_one_loss_may_be_added_before_the_step_and_no_second():
    w = mg.tensor(np.ones(2), requires_grad=True)
    optimizer = SGD([w], lr=0.5)
    optimizer.add((w * w).sum())
    with pytest.raises(ArgumentError, match="add: one loss is added already"):
        optimizer.add((w * w).sum())
    assert optimizer.step().item() == pytest.approx(8**0.5)
    assert w.numpy().tolist() == [0, 0]
    optimizer.add((w * w).sum())
    optimizer.zero_grad()  # forgotten
    assert optimizer.step() is None


def test_of_several_shards_none_may_be_missing():
    w = mg.tensor(np.ones(2), requires_grad=True)
    optimizer = SGD([w], lr=0.5)
    optimizer.join(Group(), 2)
    with pytest.raises(ArgumentError, match="expected the gradients of 2, got 1"):
        optimizer.step((w * w).sum())
    assert w.numpy().tolist() == [1, 1]
    with pytest.raises(ArgumentError, match="shards: expected"):
        optimizer.join(Group(), 6)
