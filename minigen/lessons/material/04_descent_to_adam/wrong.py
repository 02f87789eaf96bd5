"""Classic wrong answers to the exercises of lesson 4."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)

EQUIVALENT = {
    "adam_step: v negative entries set to 0": "a mean of squares is never negative",
    "adam_step: t at least 1": "the first step is t = 1",
    "learning_rates: warmup at least 1": "a warm-up of 0 steps would be divided by",
    "learning_rates: total at least 1": "a schedule of 0 steps would be divided by",
    "learning_rates: result at least 0": "no factor is ever negative",
    "noise_left: result at least 0": "a standard deviation is never negative",
}


# ---------------------------------------------------------------------------------------------- momentum_step


@wrong("momentum_step", "it goes uphill: the step is subtracted, w - lr b")
def uphill(w, b, g, lr, momentum):
    b = momentum * b + g
    return w + lr * b, b


@wrong("momentum_step", "w takes the step with the old b: first b, then w with the new one")
def old_b(w, b, g, lr, momentum):
    return w - lr * b, momentum * b + g


@wrong("momentum_step", "momentum is ignored in w's step: subtract lr b, not lr g")
def plain(w, b, g, lr, momentum):
    return w - lr * g, momentum * b + g


@wrong(
    "momentum_step",
    "that b is a running mean, with (1 - momentum) g: here g enters whole, and b is 1/(1 - momentum) larger",
)
def mean_of_gradients(w, b, g, lr, momentum):
    b = momentum * b + (1 - momentum) * g
    return w - lr * b, b


@wrong("momentum_step", "the learning rate is inside b: here b holds gradients, and lr multiplies it in w's step")
def rate_inside(w, b, g, lr, momentum):
    b = momentum * b + lr * g
    return w - b, b


@wrong("momentum_step", "nothing is forgotten: b must be multiplied by momentum before g is added")
def never_forgets(w, b, g, lr, momentum):
    b = b + g
    return w - lr * b, b


@wrong("momentum_step", "momentum multiplies g: it belongs to b")
def on_the_gradient(w, b, g, lr, momentum):
    b = b + momentum * g
    return w - lr * b, b


@wrong("momentum_step", "that is Nesterov's variant, which looks ahead: here w - lr b")
def nesterov(w, b, g, lr, momentum):
    b = momentum * b + g
    return w - lr * (g + momentum * b), b


@wrong("momentum_step", "the results are exchanged: w comes first")
def in_the_other_order(w, b, g, lr, momentum):
    return ref.momentum_step(w, b, g, lr, momentum)[::-1]


@wrong("momentum_step", "b is returned as it came: the next step needs the new one")
def forgets_b(w, b, g, lr, momentum):
    return ref.momentum_step(w, b, g, lr, momentum)[0], b.copy()


@wrong("momentum_step", "changes its input b", compared=False)
def in_place(w, b, g, lr, momentum):
    b *= momentum
    b += g
    return w - lr * b, b


@wrong("momentum_step", "calls minigen", compared=False)
def of_the_library(w, b, g, lr, momentum):
    parameter = mg.tensor(w, requires_grad=True)
    optimizer = mg.optim.SGD([parameter], lr, momentum)
    optimizer.memory["b"][...] = b.ravel()
    (parameter * mg.tensor(g)).sum().backward()
    optimizer.step()
    return parameter.numpy(), optimizer.memory["b"].reshape(b.shape)


# ---------------------------------------------------------------------------------------------- running_means


def _times(g):
    return range(1, len(g) + 1)


def _recursion(g, beta, corrected, start=None):
    m = np.zeros_like(g[0]) if start is None else start
    means = []
    for t, entry in enumerate(g, 1):
        m = beta * m + (1 - beta) * entry
        means.append(corrected(m, t))
    return np.stack(means)


@wrong("running_means", "the correction is missing: divide by 1 - beta^t")
def uncorrected(g, beta):
    return _recursion(g, beta, lambda m, t: m)


@wrong("running_means", "t starts at 0, and 1 - beta^0 = 0: the first entry is t = 1")
def from_zero(g, beta):
    return _recursion(g, beta, lambda m, t: m / (1 - np.float64(beta) ** (t - 1)))


@wrong("running_means", "t is one too large: the first entry is t = 1, so that m_hat_1 = g_1")
def from_two(g, beta):
    return _recursion(g, beta, lambda m, t: m / (1 - beta ** (t + 1)))


@wrong("running_means", "every entry is divided by 1 - beta^T: each needs its own t")
def by_the_last(g, beta):
    return _recursion(g, beta, lambda m, t: m / (1 - beta ** len(g)))


@wrong("running_means", "divided by 1 - beta t: it is a power, beta**t")
def product(g, beta):
    return _recursion(g, beta, lambda m, t: m / (1 - beta * t))


@wrong("running_means", "the corrected mean is fed back: the recursion goes on from m, not from m_hat")
def fed_back(g, beta):
    m, means = np.zeros_like(g[0]), []
    for t, entry in enumerate(g, 1):
        m = (beta * m + (1 - beta) * entry) / (1 - beta**t)
        means.append(m)
    return np.stack(means)


@wrong("running_means", "beta and 1 - beta are exchanged: beta is the share that is kept")
def exchanged(g, beta):
    return ref.running_means(g, 1 - beta)


@wrong(
    "running_means", "it starts at g_1 instead of 0: then the first entry counts too much, and no division repairs it"
)
def starts_at_the_first(g, beta):
    return _recursion(g, beta, lambda m, t: m, start=g[0])


@wrong(
    "running_means", "that is the plain mean of all so far: here older entries count less, by a factor beta each step"
)
def plain_mean(g, beta):
    return np.cumsum(g, axis=0) / np.arange(1, len(g) + 1).reshape(-1, *[1] * (g.ndim - 1))


@wrong("running_means", "only the last mean is returned: give all T of them")
def last(g, beta):
    return ref.running_means(g, beta)[-1]


@wrong("running_means", "the correction stops after a while: 1 - beta^t is needed for every t")
def corrected_at_first(g, beta):
    return _recursion(g, beta, lambda m, t: m / (1 - beta**t) if t <= 100 else m)


@wrong("running_means", "only the last ten entries are counted: all of them are, older ones less")
def window_of_ten(g, beta):
    return np.stack([np.average(g[max(0, t - 10) : t], 0, beta ** np.arange(min(t, 10))[::-1]) for t in _times(g)])


@wrong("running_means", "it is zero everywhere")
def zeros(g, beta):
    return np.zeros_like(g)


@wrong("running_means", "changes its input g", compared=False)
def in_the_input(g, beta):
    g[...] = ref.running_means(g, beta)
    return g


@wrong("running_means", "calls the reference itself", compared=False)
def the_reference(g, beta):
    return cheat.running_means(g, beta)


# -------------------------------------------------------------------------------------------------- adam_step


def _means(m, v, g, beta1, beta2):
    return beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2


@wrong("adam_step", "the correction is missing: the step uses m / (1 - beta1^t) and v / (1 - beta2^t)")
def without_correction(w, m, v, g, t, lr, beta1, beta2, eps):
    m, v = _means(m, v, g, beta1, beta2)
    return w - lr * m / (np.sqrt(v) + eps), m, v


@wrong("adam_step", "only m is corrected: v needs its 1 - beta2^t too")
def only_m_corrected(w, m, v, g, t, lr, beta1, beta2, eps):
    m, v = _means(m, v, g, beta1, beta2)
    return w - lr * m / (1 - beta1**t) / (np.sqrt(v) + eps), m, v


@wrong("adam_step", "the corrected m and v are returned: the next step would correct them again")
def remembers_the_corrected(w, m, v, g, t, lr, beta1, beta2, eps):
    w, m, v = ref.adam_step(w, m, v, g, t, lr, beta1, beta2, eps)
    return w, m / (1 - beta1**t), v / (1 - beta2**t)


@wrong("adam_step", "t is one too large: the first step is t = 1")
def one_step_on(w, m, v, g, t, lr, beta1, beta2, eps):
    return ref.adam_step(w, m, v, g, t + 1, lr, beta1, beta2, eps)


@wrong("adam_step", "eps stands under the root: sqrt(v_hat) + eps")
def eps_under_the_root(w, m, v, g, t, lr, beta1, beta2, eps):
    m, v = _means(m, v, g, beta1, beta2)
    return w - lr * m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t) + eps), m, v


@wrong("adam_step", "eps is missing: a weight whose gradient was always 0 would be divided by 0")
def no_eps(w, m, v, g, t, lr, beta1, beta2, eps):
    return ref.adam_step(w, m, v, g, t, lr, beta1, beta2, 0.0)


@wrong("adam_step", "the root is missing: m_hat / v_hat has the unit 1/g, and small gradients make huge steps")
def no_root(w, m, v, g, t, lr, beta1, beta2, eps):
    m, v = _means(m, v, g, beta1, beta2)
    return w - lr * m / (1 - beta1**t) / (v / (1 - beta2**t) + eps), m, v


@wrong("adam_step", "v is the running mean of |g|: it is that of g^2")
def absolute_values(w, m, v, g, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * np.abs(g)
    return w - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


@wrong("adam_step", "v is the mean square of the smoothed m: it is that of the gradient g")
def squares_of_m(w, m, v, g, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * m**2
    return w - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


@wrong("adam_step", "v is a variance, of g - m: it is the mean of g^2, not centred")
def centred(w, m, v, g, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g - m) ** 2
    return w - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


@wrong("adam_step", "beta1 and beta2 are exchanged: beta1 belongs to m")
def betas_exchanged(w, m, v, g, t, lr, beta1, beta2, eps):
    return ref.adam_step(w, m, v, g, t, lr, beta2, beta1, eps)


@wrong("adam_step", "the factors 1 - beta1 and 1 - beta2 are missing: m and v are means, not sums")
def sums(w, m, v, g, t, lr, beta1, beta2, eps):
    m, v = beta1 * m + g, beta2 * v + g**2
    return w - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


@wrong("adam_step", "the step uses g: it is m_hat, the mean, that is divided by the root")
def no_momentum(w, m, v, g, t, lr, beta1, beta2, eps):
    m, v = _means(m, v, g, beta1, beta2)
    return w - lr * g / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


@wrong("adam_step", "t is capped at 10: the correction of v is needed for thousands of steps")
def corrected_for_ten_steps(w, m, v, g, t, lr, beta1, beta2, eps):
    return ref.adam_step(w, m, v, g, min(t, 10), lr, beta1, beta2, eps)


@wrong("adam_step", "it goes uphill: the step is subtracted")
def upwards(w, m, v, g, t, lr, beta1, beta2, eps):
    new, m, v = ref.adam_step(w, m, v, g, t, lr, beta1, beta2, eps)
    return 2 * w - new, m, v


@wrong("adam_step", "changes its input m", compared=False)
def means_in_place(w, m, v, g, t, lr, beta1, beta2, eps):
    w, new, v = ref.adam_step(w, m, v, g, t, lr, beta1, beta2, eps)
    m[...] = new
    return w, m, v


@wrong("adam_step", "calls minigen", compared=False)
def adam_of_the_library(w, m, v, g, t, lr, beta1, beta2, eps):
    parameter = mg.tensor(w, requires_grad=True)
    optimizer = mg.optim.Adam([parameter], lr, (beta1, beta2), eps)
    optimizer.load_state({"t": t - 1, "counts": np.array([t - 1]), "m": m.ravel(), "v": v.ravel()})
    (parameter * mg.tensor(g)).sum().backward()
    optimizer.step()
    return parameter.numpy(), *(optimizer.memory[name].reshape(w.shape) for name in "mv")


@wrong("adam_step", "calls the reference itself", compared=False)
def reference_for_adam(w, m, v, g, t, lr, beta1, beta2, eps):
    return cheat.adam_step(w, m, v, g, t, lr, beta1, beta2, eps)


# --------------------------------------------------------------------------------------------- learning_rates


def _rates(steps, lr, warmup, total, up=None, down=None):
    if up is None:
        up = np.minimum((steps + 1) / warmup, 1)
    if down is None:
        down = (1 + np.cos(np.pi * np.minimum(steps / total, 1))) / 2
    return lr * up * down


@wrong("learning_rates", "the first rate is 0, and the first step is lost: (t + 1) / warmup")
def starts_at_zero(steps, lr, warmup, total):
    return _rates(steps, lr, warmup, total, up=np.minimum(steps / warmup, 1))


@wrong("learning_rates", "the warm-up goes on rising: its factor stays at 1, np.minimum(..., 1)")
def keeps_rising(steps, lr, warmup, total):
    return _rates(steps, lr, warmup, total, up=(steps + 1) / warmup)


@wrong("learning_rates", "the warm-up is missing: multiply by min((t + 1) / warmup, 1)")
def no_warmup(steps, lr, warmup, total):
    return _rates(steps, lr, warmup, total, up=1)


@wrong("learning_rates", "beyond `total` the rate rises again, with the cosine: min(t / total, 1)")
def rises_again(steps, lr, warmup, total):
    return _rates(steps, lr, warmup, total, down=(1 + np.cos(np.pi * steps / total)) / 2)


@wrong("learning_rates", "the rate is twice as large: (1 + cos) / 2 lies between 0 and 1")
def not_halved(steps, lr, warmup, total):
    return 2 * _rates(steps, lr, warmup, total)


@wrong("learning_rates", "pi is missing: half a cosine wave is an angle from 0 to pi")
def no_pi(steps, lr, warmup, total):
    return _rates(steps, lr, warmup, total, down=(1 + np.cos(np.minimum(steps / total, 1))) / 2)


@wrong("learning_rates", "it rises where it should fall: 1 + cos, not 1 - cos")
def upside_down(steps, lr, warmup, total):
    return _rates(steps, lr, warmup, total, down=(1 - np.cos(np.pi * np.minimum(steps / total, 1))) / 2)


@wrong("learning_rates", "that falls in a straight line: here along half a cosine wave")
def straight(steps, lr, warmup, total):
    return _rates(steps, lr, warmup, total, down=1 - np.minimum(steps / total, 1))


@wrong("learning_rates", "a whole cosine wave comes up again at the end: the angle is pi t / total, not 2 pi t / total")
def whole_wave(steps, lr, warmup, total):
    return _rates(steps, lr, warmup, total, down=(1 + np.cos(2 * np.pi * np.minimum(steps / total, 1))) / 2)


@wrong(
    "learning_rates",
    "the cosine counts from the end of the warm-up: here it counts from step 0, and the factors are multiplied",
)
def one_after_the_other(steps, lr, warmup, total):
    share = np.clip((steps - warmup) / (total - warmup), 0, 1)
    return _rates(steps, lr, warmup, total, down=(1 + np.cos(np.pi * share)) / 2)


@wrong("learning_rates", "warm-up or cosine: the two factors are multiplied, during the warm-up too")
def first_one_then_the_other(steps, lr, warmup, total):
    down = (1 + np.cos(np.pi * np.minimum(steps / total, 1))) / 2
    return lr * np.where(steps + 1 < warmup, (steps + 1) / warmup, down)


@wrong("learning_rates", "the smaller of the two factors: they are multiplied")
def the_smaller_one(steps, lr, warmup, total):
    down = (1 + np.cos(np.pi * np.minimum(steps / total, 1))) / 2
    return lr * np.minimum(np.minimum((steps + 1) / warmup, 1), down)


@wrong("learning_rates", "lr is missing: the factors lie between 0 and 1")
def no_rate(steps, lr, warmup, total):
    return ref.learning_rates(steps, 1.0, warmup, total)


@wrong("learning_rates", "changes its input steps", compared=False)
def clips_in_place(steps, lr, warmup, total):
    np.minimum(steps, total, out=steps)
    return ref.learning_rates(steps, lr, warmup, total)


@wrong("learning_rates", "calls minigen", compared=False)
def schedule_of_the_library(steps, lr, warmup, total):
    rate = mg.optim.warmup(mg.optim.cosine(lr, total), warmup)
    return np.array([rate(int(t)) for t in steps])


# ------------------------------------------------------------------------------------------------- noise_left


@wrong("noise_left", "that is the variance: take the root")
def variance(beta, t):
    return ref.noise_left(beta, t) ** 2


@wrong("noise_left", "that is m's standard deviation: m_hat is m divided by 1 - beta^t")
def of_m(beta, t):
    return ref.noise_left(beta, t) * (1 - beta**t)


@wrong("noise_left", "the variance of m is divided by 1 - beta^t: it needs the square of that")
def corrected_once(beta, t):
    return ref.noise_left(beta, t) * np.sqrt(1 - beta**t)


@wrong("noise_left", "that is the value for large t: the series breaks off after t terms")
def in_the_end(beta, t):
    return np.full(len(t), np.sqrt((1 - beta) / (1 + beta)))


@wrong("noise_left", "that is a plain mean's 1/sqrt(t): here older entries count less, and noise is always left")
def of_a_plain_mean(beta, t):
    return 1 / np.sqrt(t)


@wrong("noise_left", "the weights are not squared: variances add up with the squares of the weights")
def weights_not_squared(beta, t):
    return np.ones(len(t))


@wrong("noise_left", "the ratio of the squared weights is beta^2, not beta")
def ratio_beta(beta, t):
    return np.sqrt((1 - beta) / (1 - beta**t))


@wrong("noise_left", "t is one too large: m_t has t terms")
def one_term_more(beta, t):
    return ref.noise_left(beta, t + 1)


@wrong("noise_left", "changes its input t", compared=False)
def t_in_place(beta, t):
    result = ref.noise_left(beta, t)
    t += 1
    return result


@wrong("noise_left", "calls the reference itself", compared=False)
def noise_of_the_reference(beta, t):
    return cheat.noise_left(beta, t)


# ------------------------------------------------------------------------------------------ rates_that_settle


@wrong("rates_that_settle", "loss beside the best constant rate's", compared=False)
def constant(curvature, noise, start, steps):
    return np.full(steps, 1 / curvature.max())


@wrong("rates_that_settle", "loss beside the best constant rate's", compared=False)
def only_a_warmup(curvature, noise, start, steps):
    return np.minimum(np.arange(1, steps + 1) / (steps / 4), 1) * 0.2 / curvature.max()


@wrong("rates_that_settle", "loss beside the best constant rate's", compared=False)
def too_high_at_first(curvature, noise, start, steps):
    return 2.5 / curvature.max() * (1 - np.arange(steps) / steps)


@wrong("rates_that_settle", "loss beside the best constant rate's", compared=False)
def small_from_the_start(curvature, noise, start, steps):
    return 0.01 / curvature.max() * (1 - np.arange(steps) / steps)


@wrong("rates_that_settle", "of shape", compared=False)
def a_single_rate(curvature, noise, start, steps):
    return 0.5 / curvature.max()


@wrong("rates_that_settle", "expected finite rates >= 0", compared=False)
def below_zero(curvature, noise, start, steps):
    return np.linspace(1, -1, steps) / curvature.max()
