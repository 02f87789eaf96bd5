"""Classic wrong answers to the exercises of lesson 11."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)


def _sigma(t):
    return 1 / (1 + np.exp(-t))


# ------------------------------------------------------------------------------------------------- dirac_step


@wrong("dirac_step", "the generator sees the discriminator's new psi: both gradients are taken before anyone moves")
def in_turn(theta, psi, lr, gamma):
    psi = psi - lr * (theta * _sigma(psi * theta) + gamma * psi)
    return theta + lr * psi * _sigma(psi * theta), psi


@wrong("dirac_step", "the discriminator sees the generator's new theta: both gradients are taken before anyone moves")
def in_turn_generator_first(theta, psi, lr, gamma):
    moved = theta + lr * psi * _sigma(psi * theta)
    return moved, psi - lr * (moved * _sigma(psi * moved) + gamma * psi)


@wrong("dirac_step", "the discriminator goes up its loss: psi - h times the gradient")
def discriminator_climbs(theta, psi, lr, gamma):
    return theta + lr * psi * _sigma(psi * theta), psi + lr * (theta * _sigma(psi * theta) + gamma * psi)


@wrong("dirac_step", "the generator goes up its loss: its gradient is -psi sigma, and descending adds h psi sigma")
def generator_climbs(theta, psi, lr, gamma):
    return theta - lr * psi * _sigma(psi * theta), ref.dirac_step(theta, psi, lr, gamma)[1]


@wrong("dirac_step", "the sigma is missing: that is the Wasserstein loss, whose slope is 1 everywhere")
def without_sigma(theta, psi, lr, gamma):
    return theta + lr * psi, psi - lr * (theta + gamma * psi)


@wrong("dirac_step", "that is the non-saturating generator: the loss asked for, -log(1 + e^t), has slope -sigma(t)")
def non_saturating(theta, psi, lr, gamma):
    return theta + lr * psi * _sigma(-psi * theta), ref.dirac_step(theta, psi, lr, gamma)[1]


@wrong("dirac_step", "it is gamma psi / 2: the derivative of psi^2 is 2 psi, and the 2 and the 1/2 cancel")
def half_the_penalty(theta, psi, lr, gamma):
    return ref.dirac_step(theta, psi, lr, gamma / 2)


@wrong("dirac_step", "the penalty has the wrong sign: it makes psi smaller")
def rewards_steepness(theta, psi, lr, gamma):
    return ref.dirac_step(theta, psi, lr, -gamma)


@wrong("dirac_step", "the penalty is missing")
def no_penalty(theta, psi, lr, gamma):
    return ref.dirac_step(theta, psi, lr, 0.0)


@wrong("dirac_step", "the penalty is the generator's too: it belongs to the discriminator's loss alone")
def both_pay(theta, psi, lr, gamma):
    new_theta, new_psi = ref.dirac_step(theta, psi, lr, gamma)
    return new_theta - lr * gamma * theta, new_psi


@wrong("dirac_step", "the results are exchanged: theta comes first")
def exchanged(theta, psi, lr, gamma):
    theta, psi = ref.dirac_step(theta, psi, lr, gamma)
    return psi, theta


@wrong("dirac_step", "changes its input theta", compared=False)
def in_place(theta, psi, lr, gamma):
    new_theta, new_psi = ref.dirac_step(theta, psi, lr, gamma)
    theta[...] = new_theta
    return theta, new_psi


@wrong("dirac_step", "calls minigen", compared=False)
def sigma_of_the_library(theta, psi, lr, gamma):
    s = mg.sigmoid(psi * theta)
    return theta + lr * psi * s, psi - lr * (theta * s + gamma * psi)


# --------------------------------------------------------------------------------------------- wasserstein_1d


@wrong("wasserstein_1d", "the samples are paired as they come: sort both")
def as_they_come(x, y):
    return float(np.abs(x - y).mean())


@wrong("wasserstein_1d", "only x is sorted: sort both")
def one_sorted(x, y):
    return float(np.abs(np.sort(x) - y).mean())


@wrong("wasserstein_1d", "that is the distance of the means; samples of one mean can be far apart")
def of_the_means(x, y):
    return float(abs(x.mean() - y.mean()))


@wrong("wasserstein_1d", "y is sorted downwards: the smallest goes to the largest, the dearest pairing of all")
def downwards(x, y):
    return float(np.abs(np.sort(x) - np.sort(y)[::-1]).mean())


@wrong("wasserstein_1d", "it is the sum: take the mean")
def total(x, y):
    return float(np.abs(np.sort(x) - np.sort(y)).sum())


@wrong("wasserstein_1d", "the distances are squared: that is the Wasserstein-2 distance, squared")
def squared(x, y):
    return float(((np.sort(x) - np.sort(y)) ** 2).mean())


@wrong("wasserstein_1d", "that is the Wasserstein-2 distance: distances are averaged here, not their squares")
def second_order(x, y):
    return float(np.sqrt(((np.sort(x) - np.sort(y)) ** 2).mean()))


@wrong("wasserstein_1d", "the absolute values are missing: what goes left and what goes right cancel")
def with_signs(x, y):
    return float((np.sort(x) - np.sort(y)).mean())


@wrong("wasserstein_1d", "every x goes to the nearest y: but each y may be taken once")
def nearest(x, y):
    return float(np.abs(x[:, None] - y).min(axis=1).mean())


@wrong("wasserstein_1d", "every x is paired with every y: that is the mean distance of independent draws")
def all_pairs(x, y):
    return float(np.abs(x[:, None] - y).mean())


@wrong("wasserstein_1d", "changes its input x", compared=False)
def sorts_the_input(x, y):
    x.sort()
    return float(np.abs(x - np.sort(y)).mean())


@wrong("wasserstein_1d", "calls scipy", compared=False)
def of_scipy(x, y):
    import scipy.stats

    return float(scipy.stats.wasserstein_distance(x, y))


# ------------------------------------------------------------------------------------------ penalty_gradients


def _parts(x, w, v, outer=lambda length: 2 * (length - 1) / length, axis=1):
    """The two ways of w into P, and dv; `outer` is the factor of g in dP/dg, times N."""
    t = np.tanh(x @ w)
    d = 1 - t * t
    g = (d * v) @ w.T
    dg = outer(np.sqrt((g * g).sum(axis=axis, keepdims=True))) * g / len(x)
    back = dg @ w
    return dg.T @ (d * v), x.T @ (back * v * (-2 * t * d)), (back * d).sum(axis=0)


@wrong("penalty_gradients", "w inside of tanh is forgotten: w enters the slope g twice, and both ways add up")
def last_factor_only(x, w, v):
    outside, _, dv = _parts(x, w, v)
    return outside, dv


@wrong("penalty_gradients", "w as the last factor of g is forgotten: w enters the slope g twice, and both ways add up")
def inside_only(x, w, v):
    _, inside, dv = _parts(x, w, v)
    return inside, dv


@wrong("penalty_gradients", "the derivative of 1 - tanh^2 has the wrong sign: it is -2 tanh (1 - tanh^2)")
def sign_of_the_curvature(x, w, v):
    outside, inside, dv = _parts(x, w, v)
    return outside - inside, dv


@wrong("penalty_gradients", "the length is taken over the batch: each example has a length of its own, axis=1")
def length_of_the_batch(x, w, v):
    outside, inside, dv = _parts(x, w, v, axis=(0, 1))
    return outside + inside, dv


@wrong("penalty_gradients", "the 2 of the square is missing")
def no_two(x, w, v):
    return tuple(part / 2 for part in ref.penalty_gradients(x, w, v))


@wrong("penalty_gradients", "the 1/N is missing: P is a mean over the examples")
def no_mean(x, w, v):
    return tuple(part * len(x) for part in ref.penalty_gradients(x, w, v))


@wrong("penalty_gradients", "the - 1 is missing: that penalises every slope, as R1 does; this one asks for length 1")
def wants_no_slope(x, w, v):
    outside, inside, dv = _parts(x, w, v, lambda length: 2 + 0 * length)
    return outside + inside, dv


@wrong("penalty_gradients", "the root of |g| is not differentiated: d|g|/dg is g / |g|")
def no_root(x, w, v):
    outside, inside, dv = _parts(x, w, v, lambda length: 2 * (length - 1))
    return outside + inside, dv


@wrong("penalty_gradients", "the sign is flipped: the rule gives the gradient, and the optimizer takes the minus")
def downhill(x, w, v):
    return tuple(-part for part in ref.penalty_gradients(x, w, v))


@wrong("penalty_gradients", "that is the gradient of s itself: what is asked for is that of the penalty on its slope")
def first_order(x, w, v):
    t = np.tanh(x @ w)
    return x.T @ ((1 - t * t) * v) / len(x), t.mean(axis=0)


@wrong("penalty_gradients", "dw is right, and dv is zero everywhere: v is a factor of g too")
def no_dv(x, w, v):
    return ref.penalty_gradients(x, w, v)[0], np.zeros_like(v)


@wrong("penalty_gradients", "dw is transposed: it has the shape of w")
def transposed(x, w, v):
    dw, dv = ref.penalty_gradients(x, w, v)
    return dw.T.copy(), dv


@wrong("penalty_gradients", "numeric differentiation", compared=False)
def measured(x, w, v, h=1e-5):
    def penalty(w, v):
        g = ((1 - np.tanh(x @ w) ** 2) * v) @ w.T
        return ((np.sqrt((g * g).sum(axis=1)) - 1) ** 2).mean()

    dw, dv = np.zeros_like(w), np.zeros_like(v)
    for index in np.ndindex(*w.shape):
        step = np.zeros_like(w)
        step[index] = h
        dw[index] = (penalty(w + step, v) - penalty(w - step, v)) / (2 * h)
    for j, step in enumerate(h * np.eye(len(v))):
        dv[j] = (penalty(w, v + step) - penalty(w, v - step)) / (2 * h)
    return dw, dv


@wrong("penalty_gradients", "calls minigen", compared=False)
def of_the_library(x, w, v):
    w, v = mg.tensor(w, requires_grad=True), mg.tensor(v, requires_grad=True)
    places = mg.tensor(x, requires_grad=True)
    g = mg.grad(mg.sum(mg.tanh(places @ w) @ v), places, create_graph=True)
    dw, dv = mg.grad(mg.mean((mg.norm(g, axis=1) - 1) ** 2), [w, v])
    return dw.numpy(), dv.numpy()


# -------------------------------------------------------------------------------------------- power_iteration


def _unit(x):
    return x / np.sqrt(x @ x)


@wrong("power_iteration", "sigma is found with the u before the last: take the new one")
def old_u(w, u, rounds):
    if rounds > 1:
        _, u = ref.power_iteration(w, u, rounds - 1)
    v = _unit(w @ u)
    return float(v @ w @ u), _unit(v @ w)


@wrong("power_iteration", "u is not divided by its length")
def u_as_it_is(w, u, rounds):
    for _ in range(rounds):
        v = _unit(w @ u)
        u = v @ w
    return float(v @ w @ u), u


@wrong("power_iteration", "v is not divided by its length: sigma comes out too large by |w u|")
def v_as_it_is(w, u, rounds):
    for _ in range(rounds):
        v = w @ u
        u = _unit(v @ w)
    return float(v @ w @ u), u


@wrong("power_iteration", "every round starts from the first u: go on from the u of the round before")
def always_from_the_start(w, u, rounds):
    return ref.power_iteration(w, u, 1)


@wrong("power_iteration", "it is one round too many")
def one_more(w, u, rounds):
    return ref.power_iteration(w, u, rounds + 1)


@wrong("power_iteration", "that is sigma squared, the largest eigenvalue of w^T w")
def eigenvalue(w, u, rounds):
    sigma, u = ref.power_iteration(w, u, rounds)
    return sigma**2, u


@wrong("power_iteration", "that is the length of all entries together (Frobenius): the root of the sum of all sigma^2")
def frobenius(w, u, rounds):
    return float(np.sqrt((w * w).sum())), ref.power_iteration(w, u, rounds)[1]


@wrong("power_iteration", "the vectors are divided by the sum of their squares: take the root")
def no_root_of_the_length(w, u, rounds):
    for _ in range(rounds):
        v = w @ u
        v = v / (v @ v)
        u = v @ w
        u = u / (u @ u)
    return float(v @ w @ u), u


@wrong("power_iteration", "the vectors are divided by their sum: the length is the root of the sum of squares")
def by_the_sum(w, u, rounds):
    for _ in range(rounds):
        v = w @ u
        v = v / v.sum()
        u = v @ w
        u = u / u.sum()
    return float(v @ w @ u), u


@wrong("power_iteration", "that is the value after very many rounds: what is asked for is what `rounds` rounds find")
def exact(w, u, rounds):
    return float(np.linalg.norm(w, 2)), ref.power_iteration(w, u, rounds)[1]


@wrong("power_iteration", "it gives back v, and u is asked for")
def gives_v(w, u, rounds):
    sigma, u = ref.power_iteration(w, u, rounds)
    return sigma, _unit(w @ u)


@wrong("power_iteration", "changes its input u", compared=False)
def in_the_callers_array(w, u, rounds):
    sigma, u[...] = ref.power_iteration(w, u, rounds)
    return sigma, u


@wrong("power_iteration", "calls the reference itself", compared=False)
def the_reference(w, u, rounds):
    return cheat.power_iteration(w, u, rounds)


@wrong("power_iteration", "calls minigen", compared=False)
def lengths_of_the_library(w, u, rounds):
    for _ in range(rounds):
        v = w @ u
        v = v / mg.norm(v)
        u = v @ w
        u = u / mg.norm(u)
    return float(v @ w @ u), u


# ----------------------------------------------------------------------------------------------- largest_step


def _root(gamma):
    return np.sqrt(np.maximum(gamma**2 - 1, 0))


@wrong("largest_step", "that is right for gamma < 1; above, the eigenvalues are real")
def complex_everywhere(gamma):
    return 4 * gamma


@wrong("largest_step", "that is right for gamma >= 1; below, the eigenvalues are complex")
def real_everywhere(gamma):
    return 4 / np.maximum(gamma + _root(gamma), 1e-3)


@wrong("largest_step", "for gamma >= 1 the other root decides: the one that is farther from 0 leaves the circle first")
def slow_root(gamma):
    return np.where(gamma < 1, 4 * gamma, 4 / np.maximum(gamma - _root(gamma), 1e-3))


@wrong("largest_step", "for gamma >= 1 that is where 1 + h lambda is 0: it may go down to -1")
def until_zero(gamma):
    return np.where(gamma < 1, 4 * gamma, 2 / np.maximum(gamma + _root(gamma), 1))


@wrong("largest_step", "for gamma < 1 the product of the two eigenvalues is 1/4, not 1")
def modulus_one(gamma):
    return np.where(gamma < 1, gamma, 4 / np.maximum(gamma + _root(gamma), 1))


@wrong("largest_step", "that is the matrix with 1 in place of sigma(0) = 1/2")
def without_the_half(gamma):
    root = np.sqrt(np.maximum(gamma**2 - 4, 0))
    return np.where(gamma < 2, gamma, 4 / np.maximum(gamma + root, 1))


@wrong("largest_step", "that is H of players who move in turn")
def in_turn_steps(gamma):
    return 4 * (np.sqrt(gamma**2 + 1) - gamma) * (gamma > 0)


@wrong("largest_step", "calls minigen", compared=False)
def root_of_the_library(gamma):
    root = mg.sqrt(np.maximum(gamma**2 - 1, 0)).numpy()
    return np.where(gamma < 1, 4 * gamma, 4 / np.maximum(gamma + root, 1))


# ------------------------------------------------------------------------------------------------ best_critic


@wrong("best_critic", "share of W that is found", compared=False)
def first_coordinate(real, fake):
    sign = np.sign(real[:, 0].mean() - fake[:, 0].mean())
    return sign * real[:, 0], sign * fake[:, 0]


@wrong("best_critic", "share of W that is found", compared=False)
def towards_the_mean(real, fake):
    way = real.mean(axis=0) - fake.mean(axis=0)
    way = way / np.sqrt(way @ way)
    return real @ way, fake @ way


@wrong("best_critic", "share of W that is found", compared=False)
def distance_from_the_fakes_mean(real, fake):
    centre = fake.mean(axis=0)
    return np.linalg.norm(real - centre, axis=1), np.linalg.norm(fake - centre, axis=1)


@wrong("best_critic", "share of W that is found", compared=False)
def nearest_fake(real, fake):
    return np.linalg.norm(real[:, None] - fake, axis=2).min(axis=1), np.zeros(len(fake))


@wrong("best_critic", "share of W that is found", compared=False)
def a_perfect_judge(real, fake):
    return np.ones(len(real)), -np.ones(len(fake))


@wrong("best_critic", "share of W that is found", compared=False)
def wrong_way_round(real, fake):
    of_real, of_fake = ref.best_critic(real, fake)
    return -of_real, -of_fake


@wrong("best_critic", "expected a value for each", compared=False)
def one_number(real, fake):
    of_real, of_fake = ref.best_critic(real, fake)
    return of_real.mean(), of_fake.mean()


EQUIVALENT = {
    "dirac_step: np.exp(np.clip(..., -50, 50)) for np.exp(-psi * theta)": "sigma(-50) is 2e-22: float64 rounds it away",
    "wasserstein_1d: x sorted": "a sample has no order",
    "wasserstein_1d: y sorted": "a sample has no order",
    "wasserstein_1d: x and y exchanged": "a distance is symmetric",
    "wasserstein_1d: result at least 0": "a distance is never negative",
    "power_iteration: sides exchanged in v @ w @ u": "a product of two vectors does not depend on their order",
    "power_iteration: rounds at least 1": "rounds is 1 or more",
    "largest_step: <= in gamma < 1": "both formulas give 4 at gamma = 1",
    "largest_step: gamma for np.maximum(gamma, 1)": "np.where does not take the NaN of gamma < 1",
    "largest_step: 0 for 1 in large = np.maximum(gamma, 1)": "np.where does not take the NaN of gamma < 1",
    "largest_step: -1 for 1 in large = np.maximum(gamma, 1)": "np.where does not take the NaN of gamma < 1",
    "largest_step: gamma negative entries set to 0": "gamma is never negative",
    "largest_step: result at least 0": "a step has a length, which is never negative",
}
