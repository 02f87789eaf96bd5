"""Distributions against closed forms, SciPy, PyTorch and Monte Carlo.

Monte Carlo estimates come with their standard error; the seeds are fixed, and 5 standard errors are allowed.
"""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import special, stats

import minigen as mg
from minigen.distributions import Bernoulli, Categorical, Normal, bounded, gaussian_of, kl, kl_to_standard_normal
from minigen.errors import ArgumentError, DTypeError, ShapeError

N = 40_000
MANY = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def t(values, dtype=np.float32):
    return mg.tensor(np.asarray(values, dtype))


def pair(kind, dtype=np.float32):
    """Two distributions of one kind, with small parameter arrays."""
    if kind == "normal":
        one, other = ([0.3, -1.0], [0.5, -1.2]), ([-0.2, 0.4], [-0.3, 0.6])
        return Normal(t(one[0], dtype), t(one[1], dtype)), Normal(t(other[0], dtype), t(other[1], dtype))
    if kind == "bernoulli":
        return Bernoulli(t([0.3, -2.0], dtype)), Bernoulli(t([-0.7, 1.0], dtype))
    one, other = [[0.1, 1.0, -0.5], [2.0, 0.0, 0.0]], [[0.0, 0.0, 0.0], [0.5, -1.0, 0.3]]
    return Categorical(t(one, dtype)), Categorical(t(other, dtype))


def many(d, n=N):
    """The same distribution, n times over."""
    parameters = [mg.broadcast_to(p, (n, *p.shape)) for p in vars(d).values()]
    return type(d)(*parameters)


def agrees(draws, exact, slack=1e-6):
    """Whether the mean of the draws (first axis) is `exact`, as far as so many draws can tell."""
    draws = np.asarray(draws, np.float64)
    return bool(np.all(np.abs(draws.mean(0) - exact) < 5 * draws.std(0) / math.sqrt(len(draws)) + slack))


KINDS = ("normal", "bernoulli", "categorical")

# ---------------------------------------------------------------------------------------------------- log-density


@MANY
@given(mean=st.floats(-5, 5), log_var=st.floats(-5, 5), x=st.floats(-10, 10))
def test_normal_log_prob_is_scipys(device, mean, log_var, x):
    expected = stats.norm(mean, math.exp(log_var / 2)).logpdf(x)
    d = Normal(t([mean], np.float64), t([log_var], np.float64))
    assert d.log_prob(t([x], np.float64)).item() == pytest.approx(expected, rel=1e-9, abs=1e-9)


@MANY
@given(logit=st.floats(-30, 30), x=st.sampled_from([0, 1]))
def test_bernoulli_log_prob_is_scipys(device, logit, x):
    expected = stats.bernoulli(special.expit(logit if x else -logit)).logpmf(1)
    assert Bernoulli(t([logit], np.float64)).log_prob(t([x], np.float64)).item() == pytest.approx(expected, abs=1e-12)


@MANY
@given(logits=st.lists(st.floats(-30, 30), min_size=1, max_size=5), data=st.data())
def test_categorical_log_prob_is_scipys(device, logits, data):
    x = data.draw(st.integers(0, len(logits) - 1))
    d = Categorical(t([logits], np.float64))
    assert d.log_prob(mg.tensor(np.array([x]))).item() == pytest.approx(special.log_softmax(logits)[x], abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_pytorch_agrees(device, kind):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'minigen[bench]'")
    D = torch.distributions
    ours = pair(kind, np.float64)
    parameters = [{k: torch.tensor(v.numpy(), requires_grad=True) for k, v in vars(d).items()} for d in ours]
    if kind == "normal":
        theirs = [D.Normal(p["mean"], (p["log_var"] / 2).exp()) for p in parameters]
        x = np.array([0.8, -0.6])
    else:
        theirs = [(D.Bernoulli if kind == "bernoulli" else D.Categorical)(logits=p["logits"]) for p in parameters]
        x = np.array([1.0, 0.0]) if kind == "bernoulli" else np.array([2, 0])
    for d in ours:
        for p in vars(d).values():
            p.requires_grad = True
    results = [
        (ours[0].log_prob(mg.tensor(x)), theirs[0].log_prob(torch.tensor(x))),
        (ours[0].entropy(), theirs[0].entropy()),
        (kl(*ours), D.kl_divergence(*theirs)),
    ]
    for y, z in results:
        np.testing.assert_allclose(y.numpy(), z.detach().numpy(), rtol=1e-10)
        g = np.random.default_rng(0).standard_normal(y.shape)
        y.backward(g)
        z.backward(torch.tensor(g), retain_graph=True)
    for d, given_parameters in zip(ours, parameters, strict=True):
        for name, p in vars(d).items():
            np.testing.assert_allclose(p.grad.numpy(), given_parameters[name].grad.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", ["bernoulli", "categorical"])
def test_probabilities_sum_to_one(device, kind):
    p, _ = pair(kind, np.float64)
    outcomes = [
        t([x, x], np.float64 if kind == "bernoulli" else np.int64) for x in range(2 if kind == "bernoulli" else 3)
    ]
    assert np.allclose(sum(np.exp(p.log_prob(x).numpy()) for x in outcomes), 1)


def test_the_normal_density_integrates_to_one(device):
    p, _ = pair("normal", np.float64)
    x = np.linspace(-12, 12, 4001)
    density = np.exp(many(p, 4001).log_prob(t(np.stack([x, x], 1), np.float64)).numpy())
    assert np.allclose(np.trapezoid(density, x, axis=0), 1)


# ------------------------------------------------------------------------------------------------------- samples


@pytest.mark.parametrize("kind", KINDS)
def test_samples_come_from_the_generator_given(device, kind):
    p = many(pair(kind)[0], 50)
    first, rng = p.sample(mg.Generator(1)), mg.Generator(1)
    assert (p.sample(rng).numpy() == first.numpy()).all()
    assert not (p.sample(rng).numpy() == first.numpy()).all()
    mg.seed(1)
    assert (p.sample().numpy() == first.numpy()).all()
    assert first.device == device
    assert first.shape == (50, 2)


@pytest.mark.parametrize("log_var", [-4.0, 0.0, math.log(4.0)])
def test_normal_samples_have_the_standard_deviation_not_the_variance(device, log_var):
    d = Normal(mg.broadcast_to(t([1.0]), (N,)), mg.broadcast_to(t([log_var]), (N,)))
    x, std = d.sample(mg.Generator(2)).numpy(), math.exp(log_var / 2)
    assert abs(x.mean() - 1) < 5 * std / math.sqrt(N)
    assert abs(x.std() / std - 1) < 5 / math.sqrt(2 * N)  # 2 %
    assert stats.kstest(x, stats.norm(1, std).cdf).pvalue > 1e-4
    assert x.dtype == np.float32


def test_normal_samples_are_independent(device):
    d = Normal(mg.zeros((N, 3)), mg.zeros((N, 3)))
    x = d.sample(mg.Generator(5)).numpy()
    correlations = [np.corrcoef(x[:, 0], x[:, 1])[0, 1], np.corrcoef(x[1:, 0], x[:-1, 0])[0, 1]]
    assert max(map(abs, correlations)) < 5 / math.sqrt(N)


def test_normal_samples_are_reparameterised(device):
    """x = m + e^(v/2) noise: dx/dm = 1 and dx/dv = (x - m) / 2."""
    m, v, g = np.random.default_rng(0).standard_normal((3, 4, 3)).astype(np.float32)
    m, v = t(m), t(v)
    m.requires_grad = v.requires_grad = True
    x = Normal(m, v).sample(mg.Generator(0))
    x.backward(g)
    np.testing.assert_allclose(m.grad.numpy(), g)
    np.testing.assert_allclose(v.grad.numpy(), g * (x.numpy() - m.numpy()) / 2, rtol=1e-4, atol=1e-6)


def test_gradients_of_expectations(device):
    """d/dm E[x^2] = 2 m, d/dv E[x^2] = e^v, d/dm E[sin x] = cos(m) exp(-e^v / 2), for x ~ N(m, e^v)."""
    m, v = 0.7, -0.4
    mean, log_var = t(np.full(N, m)), t(np.full(N, v))
    mean.requires_grad = log_var.requires_grad = True
    d = Normal(mean, log_var)
    x = d.sample(mg.Generator(3))
    (x * x).sum().backward()
    assert agrees(mean.grad.numpy(), 2 * m)
    assert agrees(log_var.grad.numpy(), math.exp(v))
    mean.zero_grad()
    mg.sin(d.sample(mg.Generator(3))).sum().backward()
    assert agrees(mean.grad.numpy(), math.cos(m) * math.exp(-math.exp(v) / 2))


@pytest.mark.parametrize("kind", ["bernoulli", "categorical"])
def test_frequencies_of_discrete_samples(device, kind):
    p, _ = pair(kind)
    x = many(p).sample(mg.Generator(4))
    assert not x.requires_grad
    probabilities = p.mean.numpy().astype(np.float64).reshape(2, -1)
    if kind == "bernoulli":
        assert set(np.unique(x.numpy())) == {0, 1}
        probabilities = np.concatenate([1 - probabilities, probabilities], axis=1)
    for column, expected in zip(x.numpy().T.astype(int), probabilities, strict=True):
        counts = np.bincount(column, minlength=len(expected))
        assert stats.chisquare(counts, N * expected / expected.sum()).pvalue > 1e-4
    assert abs(np.corrcoef(x.numpy().T)[0, 1]) < 5 / math.sqrt(N)  # the two variables are independent


@pytest.mark.parametrize("kind", ["bernoulli", "categorical"])
def test_discrete_samples_carry_no_gradient(device, kind):
    p, _ = pair(kind)
    p.logits.requires_grad = True
    assert not p.sample(mg.Generator(0)).requires_grad


def test_certain_outcomes_are_certain(device):
    assert (Bernoulli(t(np.full(1000, 1000.0))).sample(mg.Generator(0)).numpy() == 1).all()
    assert (Bernoulli(t(np.full(1000, -1000.0))).sample(mg.Generator(0)).numpy() == 0).all()
    logits = np.zeros((1000, 3), np.float32)
    logits[:, 1] = 1000
    assert (Categorical(t(logits)).sample(mg.Generator(0)).numpy() == 1).all()
    logits[:, 1] = -np.inf  # an outcome that is ruled out
    assert set(np.unique(Categorical(t(logits)).sample(mg.Generator(0)).numpy())) == {0, 2}


def test_samples_of_a_single_variable(device):
    assert Categorical(t([0.0, 1.0])).sample(mg.Generator(0)).shape == ()
    assert Bernoulli(t(0.0)).sample(mg.Generator(0)).shape == ()
    assert Normal(t(0.0), t(0.0)).sample(mg.Generator(0)).shape == ()
    d = Categorical(t([0.0, 1.0]))
    assert d.log_prob(mg.tensor(1)).item() == pytest.approx(special.log_softmax([0, 1])[1])


# ------------------------------------------------------------------------------------------ entropy and divergence


@pytest.mark.parametrize("kind", KINDS)
def test_entropy_and_kl_agree_with_monte_carlo(device, kind):
    p, q = pair(kind)
    x = many(p).sample(mg.Generator(1))
    log_p, log_q = many(p).log_prob(x).numpy(), many(q).log_prob(x).numpy()
    assert agrees(-log_p, p.entropy().numpy())
    assert agrees(log_p - log_q, kl(p, q).numpy())
    assert not agrees(log_p - log_q, kl(q, p).numpy())  # and can tell the two directions apart


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_is_the_mean_of_samples(device, kind):
    p, _ = pair(kind)
    x = many(p).sample(mg.Generator(6)).numpy()
    assert agrees(np.eye(3)[x] if kind == "categorical" else x, p.mean.numpy())


@pytest.mark.parametrize("kind", KINDS)
def test_kl_of_a_distribution_with_itself_is_zero(device, kind):
    p, q = pair(kind)
    assert np.allclose(kl(p, p).numpy(), 0, atol=1e-7)
    assert np.all(kl(p, q).numpy() > 0.01)


wide = st.floats(-8, 8)


@MANY
@given(a=wide, b=wide, c=wide, d=wide)
def test_kl_is_never_negative(device, a, b, c, d):
    normal = [Normal(t(a, np.float64), t(b, np.float64)), Normal(t(c, np.float64), t(d, np.float64))]
    assert kl(*normal).item() >= 0
    for scale in 1, 1e-4:  # distributions that are nearly equal, too
        assert kl(Bernoulli(t(a, np.float64)), Bernoulli(t(a + scale * b, np.float64))).item() >= -1e-15
        one, two = t([a, b, 0.0], np.float64), t([a + scale * c, b + scale * d, 0.0], np.float64)
        assert kl(Categorical(one), Categorical(two)).item() >= -1e-15


def test_kl_to_the_standard_normal(device):
    q, _ = pair("normal")
    assert np.allclose(kl_to_standard_normal(q).numpy(), kl(q, Normal(mg.zeros(2), mg.zeros(2))).numpy(), rtol=1e-6)
    rng = np.random.default_rng(0)
    log_var = rng.standard_normal(2000) * 10.0 ** rng.uniform(-8, 0, 2000)
    near = kl_to_standard_normal(Normal(mg.zeros(2000), t(log_var))).numpy()
    assert (near >= 0).all()
    exact = (np.expm1(np.float32(log_var).astype(np.float64)) - np.float32(log_var)) / 2
    large = np.abs(log_var) > 1e-3
    np.testing.assert_allclose(near[large], exact[large], rtol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_the_closed_forms(device, kind):
    p, q = pair(kind)
    parameters = [x.numpy() for d in (p, q) for x in vars(d).values()]
    half = len(parameters) // 2
    assert mg.gradcheck(lambda *ps: kl(type(p)(*ps[:half]), type(p)(*ps[half:])), *parameters)
    assert mg.gradcheck(lambda *ps: type(p)(*ps).entropy(), *parameters[:half])
    x = {"normal": [0.1, -0.4], "bernoulli": [1.0, 0.0], "categorical": [2, 0]}[kind]
    assert mg.gradcheck(lambda *ps: type(p)(*ps).log_prob(mg.tensor(np.array(x))), *parameters[:half])


# ----------------------------------------------------------------------------------------- precision and extremes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_the_number_type_is_kept(device, kind, dtype):
    p, q = pair(kind, dtype)
    x = p.sample(mg.Generator(0))
    assert x.dtype == (np.int64 if kind == "categorical" else dtype)
    for y in p.log_prob(x), p.entropy(), kl(p, q), p.mean:
        assert y.dtype == dtype
        assert y.device == device


@pytest.mark.parametrize("logit", [-1000.0, -100.0, 100.0, 1000.0])
def test_extreme_logits(device, logit):
    x = t([logit])
    x.requires_grad = True
    b = Bernoulli(x)
    assert b.log_prob(t([0.0])).item() == pytest.approx(min(-logit, 0), abs=1e-30)
    assert b.log_prob(t([1.0])).item() == pytest.approx(min(logit, 0), abs=1e-30)
    assert kl(b, Bernoulli(-x)).item() == pytest.approx(abs(logit))
    c = Categorical(mg.stack([x, mg.zeros(1)], axis=1))
    assert c.log_prob(mg.tensor([0])).item() == pytest.approx(min(logit, 0), abs=1e-30)
    assert kl(c, Categorical(-c.logits)).item() == pytest.approx(abs(logit))
    for y in b.entropy(), c.entropy():
        assert y.item() == pytest.approx(0, abs=1e-30)
    for y in b.entropy(), c.entropy(), kl(b, Bernoulli(-x)), kl(c, Categorical(-c.logits)):
        x.zero_grad()
        y.sum().backward(retain_graph=True)
        assert np.isfinite(x.grad.numpy()).all()


@pytest.mark.parametrize("logit", [-15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0])
def test_nearly_certain_bernoullis_keep_their_digits(device, logit):
    """In float32, where 1 - sigmoid(15) has hardly a digit left."""
    p, rest = special.expit(logit), special.expit(-logit)
    entropy = -p * special.log_expit(logit) - rest * special.log_expit(-logit)
    assert Bernoulli(t(logit)).entropy().item() == pytest.approx(entropy, rel=1e-5)
    other = 0.8 * logit + 0.5
    divergence = p * (special.log_expit(logit) - special.log_expit(other))
    divergence += rest * (special.log_expit(-logit) - special.log_expit(-other))
    assert kl(Bernoulli(t(logit)), Bernoulli(t(other))).item() == pytest.approx(divergence, rel=1e-3)


@pytest.mark.parametrize("log_var", [-100.0, -30.0, 30.0, 80.0])
def test_extreme_variances(device, log_var):
    mean, v = t([0.0]), t([log_var])
    mean.requires_grad = v.requires_grad = True
    d = Normal(mean, v)
    at_mean = d.log_prob(t([0.0]))
    at_mean.backward()
    assert at_mean.item() == pytest.approx(-0.5 * (math.log(2 * math.pi) + log_var), rel=1e-6)
    assert mean.grad.item() == 0
    assert v.grad.item() == -0.5
    far = d.log_prob(t([2 * math.exp(log_var / 2)]))  # two standard deviations away
    assert far.item() == pytest.approx(-0.5 * (math.log(2 * math.pi) + log_var + 4), rel=1e-5)
    assert kl(d, Normal(t([0.0]), t([log_var]))).item() == 0


# --------------------------------------------------------------------------------------- outcomes that are ruled out


@MANY
@given(st.integers(0, 10**6), st.integers(2, 6), st.data())
def test_ruled_out_outcomes_are_as_if_they_were_not_there(device, seed, classes, data):
    """Entropy, divergence, log-probability and their gradients are those of the distribution over the others."""
    rng = np.random.default_rng(seed)
    left = sorted(data.draw(st.sets(st.integers(0, classes - 1), min_size=1)))
    out = [k for k in range(classes) if k not in left]
    more = data.draw(st.sets(st.sampled_from(left), max_size=len(left) - 1))  # ruled out in p, and not in q
    a, b = rng.standard_normal((2, 4, classes)) * 3
    a[:, out], b[:, out] = -np.inf, -np.inf
    a[:, sorted(more)] = -np.inf
    p, q = t(a, np.float64), t(b, np.float64)
    p.requires_grad = q.requires_grad = True
    with np.errstate(all="ignore"):
        pp, qq = special.softmax(a, axis=1), special.softmax(b, axis=1)
    entropy, divergence = special.entr(pp).sum(1), special.rel_entr(pp, qq).sum(1)
    g = rng.standard_normal(4)
    for y, expected in ((Categorical(p).entropy(), entropy), (kl(Categorical(p), Categorical(q)), divergence)):
        np.testing.assert_allclose(y.numpy(), expected, atol=1e-10)
        p.zero_grad(), q.zero_grad()
        y.backward(g)
        slope = special.xlogy(pp, pp) - special.xlogy(pp, qq) * (expected is divergence)
        slope = slope - pp * slope.sum(1, keepdims=True)
        sign = 1 if expected is divergence else -1
        np.testing.assert_allclose(p.grad.numpy(), sign * slope * g[:, None], atol=1e-9)
    np.testing.assert_allclose(q.grad.numpy(), (qq - pp) * g[:, None], atol=1e-9)
    assert set(np.unique(many(Categorical(p), 50).sample(mg.Generator(seed)).numpy())) <= set(left) - more
    for x in range(classes):
        p.zero_grad()
        y = Categorical(p).log_prob(mg.tensor(np.full(4, x)))
        y.sum().backward()
        np.testing.assert_allclose(np.exp(y.numpy()), pp[:, x], atol=1e-12)
        np.testing.assert_allclose(p.grad.numpy(), np.eye(classes)[x] - pp, atol=1e-12)


def test_the_gradients_of_what_is_left_are_right_to_second_order():
    mask = np.array([0, 0, -np.inf, 0])
    logits = np.random.default_rng(0).standard_normal((2, 3, 4))
    assert mg.gradcheck(lambda x: Categorical(x + mask).entropy(), logits[0])
    assert mg.gradcheck(lambda x, y: kl(Categorical(x + mask), Categorical(y)), *logits)
    assert mg.gradcheck(lambda x: Categorical(x + mask).log_prob(np.array([0, 1, 3])), logits[0])


def test_a_divergence_from_what_is_ruled_out_is_infinite(device):
    p, q = t([[0.0, 1.0, -np.inf], [0.0, 0.0, 0.0]]), t([[0.0, -np.inf, 0.0], [1.0, 2.0, 0.0]])
    p.requires_grad = q.requires_grad = True
    y = kl(Categorical(p), Categorical(q))
    y.backward(np.ones(2, np.float32))
    assert y.numpy()[0] == np.inf
    assert np.isfinite(y.numpy()[1])
    assert np.isfinite(p.grad.numpy()).all()
    assert np.isfinite(q.grad.numpy()).all()
    assert (q.grad.numpy()[1] != 0).all()


def test_something_must_be_possible():
    with pytest.raises(ArgumentError, match="all logits of a row are -inf; leave at least one"):
        Categorical(t([[0.0, 1.0], [-np.inf, -np.inf]]))


# -------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Normal(mg.zeros(2), mg.zeros(3)), ShapeError, r"mean has shape \(2,\), log_var \(3,\)"),
        (
            lambda: Categorical(mg.zeros((2, 3))).log_prob(mg.ones(2)),
            DTypeError,
            "outcomes must be integers, got float32",
        ),
        (lambda: Categorical(mg.zeros((2, 3))).log_prob(mg.arange(3)), ShapeError, r"shape \(3,\), expected \(2,\)"),
        (
            lambda: Categorical(mg.zeros((2, 3))).log_prob(np.array([0, 3])),
            ArgumentError,
            r"outcomes must be in 0 \.\.\. 2, got 0 \.\.\. 3",
        ),
        (lambda: Categorical(mg.zeros((2, 3))).log_prob(np.array([0, -1])), ArgumentError, r"got -1 \.\.\. 0"),
        (
            lambda: kl(Bernoulli(mg.zeros(2)), Categorical(mg.zeros((1, 2)))),
            DTypeError,
            "two distributions of one kind, got Bernoulli and Categorical",
        ),
        (lambda: kl(mg.zeros(2), mg.zeros(2)), DTypeError, "two distributions of one kind, got Tensor and Tensor"),
        (lambda: Bernoulli(mg.zeros(2)).log_prob(mg.ones(3)), ShapeError, "do not broadcast"),
    ],
)
def test_wrong_use_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


# ------------------------------------------------------------------------------------------- a network's output


def test_half_of_the_features_are_means_and_half_bounded_log_variances(device):
    h = t([[1.0, 2.0, -30.0, 0.5], [3.0, 4.0, 0.0, 30.0]])
    q = gaussian_of(h, 2, "VAE: the encoder")
    assert (q.mean.numpy() == [[1, 2], [3, 4]]).all()
    assert (q.log_var.numpy() == [[-10, 0.5], [0, 10]]).all()
    assert (bounded(t([-11.0, 3.0, 11.0])).numpy() == [-10, 3, 10]).all()


def test_another_number_of_features_names_the_network():
    message = (
        "VAE: the encoder gives 3 features, expected 2 * latent_dim = 4: "
        "a mean and a log-variance for each latent dimension"
    )
    with pytest.raises(ShapeError) as error:
        gaussian_of(mg.zeros((5, 3)), 2, "VAE: the encoder")
    assert str(error.value) == message
