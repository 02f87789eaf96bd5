# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lesson 4: From gradient descent to Adam
#
# **Afterwards you can** say how large a learning rate may be and why, what momentum does to slow and to shaking
# directions, what Adam divides by, why its means are corrected, and why the rate falls at the end of a training.
#
# **Time:** 40 minutes to read, about an hour and three quarters with the six exercises. **You need** lesson 1
# (gradients).
#
# First the picture: a winding valley seen from above, dark where it is low, and four ways down it from the same point.
# Each has 150 steps, and the learning rate with which it ends lowest, of the same 13 rates.
#
# ![Four optimizers' ways down a winding valley](opening.png)

# %%
from functools import partial

import numpy as np

import minigen as mg
from minigen import optim
from minigen.lessons import Choice, Slider, check, handwritten, move, predict, quiz, show_source
from minigen.lessons.pictures import descent_to_adam as pictures

RULES = {"gradient descent": optim.SGD, "momentum 0.9": partial(optim.SGD, momentum=0.9)}
RULES |= {"RMSProp": partial(optim.RMSProp, alpha=0.95), "Adam": partial(optim.Adam, betas=(0.9, 0.95))}
best = pictures.ways_down(RULES, start=(-3.2, 1.8), steps=150)

# %% [markdown]
# All four see only the slope under their feet. They differ in what they remember of the slopes before. `walk` takes
# such a way, and `show_source` shows how, as it shows the source of everything else that the lesson uses. What does
# another start change? Here are the same rates from 200 other places.

# %%
show_source(pictures.walk)
rng = np.random.default_rng(0)
starts = rng.uniform([[-5], [-2]], [[4], [2]], (2, 200))
ends = {
    name: pictures.valley(*pictures.walk(pictures.valley, RULES[name], starts, 150, lr=best[name])[-1])
    for name in RULES
}
lowest = np.argmin(list(ends.values()), axis=0)
for i, (name, heights) in enumerate(ends.items()):
    print(f"{name:17} median height {np.median(heights):.1e}, the lowest of the four from {(lowest == i).mean():.0%}")

# %% [markdown]
# In this valley momentum wins, with each rule at its own rate and from nearly everywhere. Do not conclude that it
# always does. This valley is smooth, its slopes are known exactly, and there are only two weights. At the end of the
# lesson we repeat the comparison with digits, and it comes out differently.
#
# ## Downhill
#
# Near w the loss is $L(w + d) \approx L(w) + g \cdot d$, with the gradient g. Among all d of one length, $g \cdot d$
# is smallest for d against g. So take a step that way:
#
# $$ w \leftarrow w - \eta\, g . $$
#
# How large may the *learning rate* η be? Take the simplest valley, $L = \tfrac12 (\lambda_1 x^2 + \lambda_2 y^2)$.
# From close by, most minima look like it, along the axes of their curvature. The gradient is
# $(\lambda_1 x, \lambda_2 y)$, and the two axes know nothing of each other:
#
# $$ x \leftarrow (1 - \eta \lambda_1)\, x, \qquad y \leftarrow (1 - \eta \lambda_2)\, y . $$
#
# Each step multiplies by a fixed number. It must lie between -1 and 1, for both axes, so
#
# $$ 0 < \eta < \frac{2}{\lambda_{\max}} . $$
#
# **Predict before you run.** Let $\lambda$ be 1 along x and 20 along y. After 30 steps, with which rate does the path
# end lowest? (a) η = 0.02, (b) η = 0.09, (c) η = 0.101.

# %%
predict("04.a", ...)

# %%
LAMBDA = np.array([1.0, 20.0])


def bowl(x, y):
    return 0.5 * (LAMBDA[0] * x**2 + LAMBDA[1] * y**2)


paths = {f"lr {lr}": pictures.walk(bowl, optim.SGD, (-4.0, 1.0), 30, lr=lr) for lr in (0.02, 0.09, 0.101)}
heights = [bowl(*path[-1]) for path in paths.values()]
pictures.ways_in_bowl(bowl, paths)

# %% [markdown]
# Too small a rate crawls along x; one near 2/20 throws y from side to side; above it y grows. The steep axis sets the
# limit, and the flat one pays. The best rate makes both factors equally large,
# $1 - \eta\lambda_{\min} = \eta\lambda_{\max} - 1$. So $\eta = 2 / (\lambda_{\min} + \lambda_{\max})$, and both
# shrink by
#
# $$ \frac{\lambda_{\max} - \lambda_{\min}}{\lambda_{\max} + \lambda_{\min}} = \frac{\kappa - 1}{\kappa + 1}, \qquad \kappa = \frac{\lambda_{\max}}{\lambda_{\min}} . $$
#
# That is about $1 - 2/\kappa$: the steps needed grow with κ, and in networks κ is large.
#
# ## Momentum
#
# Let the step have a memory, b, of the gradients before (Polyak's heavy ball):
#
# $$ b \leftarrow \mu\, b + g, \qquad w \leftarrow w - \eta\, b . $$
#
# If g is always the same, b grows to $g (1 + \mu + \mu^2 + \ldots) = g / (1 - \mu)$: ten times g, for μ = 0.9. If g
# changes its sign at every step, b goes to $g (1 - \mu + \mu^2 - \ldots) = g / (1 + \mu)$: about half of g. Steady
# directions are sped up, shaking ones are damped.
#
# **How fast in the valley?** Along one axis $g = \lambda w$. As
# $w_{t+1} - w_t = -\eta b_{t+1} = -\eta(\mu b_t + \lambda w_t)$ and $-\eta b_t = w_t - w_{t-1}$,
#
# $$ w_{t+1} = (1 + \mu - \eta\lambda)\, w_t - \mu\, w_{t-1} . $$
#
# Try $w_t = r^t$: it solves this if $r^2 - (1 + \mu - \eta\lambda)\, r + \mu = 0$. The two roots have the product μ.
# If they are complex they are conjugates, of equal size, and so $|r| = \sqrt{\mu}$, *whatever λ is*. They are complex
# if $(1 + \mu - \eta\lambda)^2 < 4\mu$, that is, if
#
# $$ (1 - \sqrt\mu)^2 < \eta\lambda < (1 + \sqrt\mu)^2 . $$
#
# Now fit the whole valley in: $\eta\lambda_{\min}$ at the left end, $\eta\lambda_{\max}$ at the right. The ratio of
# the ends is κ, so $\sqrt\kappa = (1 + \sqrt\mu)/(1 - \sqrt\mu)$, and every axis shrinks by
#
# $$ \sqrt\mu = \frac{\sqrt\kappa - 1}{\sqrt\kappa + 1} . $$
#
# It is the result from above with $\sqrt\kappa$ in place of κ: for κ = 100, ten times fewer steps. (At the ends
# themselves the two roots coincide and a factor t joins in, as in $t\, r^t$; a power beats it soon.)

# %%
curvature = np.linspace(0.002, 4, 400)  # lr times lambda
mu = np.linspace(0, 0.99, 200)[:, None]
half = (1 + mu - curvature) / 2
root = np.sqrt((half**2 - mu).astype(complex))
factor = np.maximum(abs(half + root), abs(half - root))  # |r| of the slower of the two solutions
pictures.factors(curvature, mu, factor)

# %% [markdown]
# Between the dashed lines the factor depends on μ alone. At μ = 0 that region is a single point, and it widens upwards.
# The full line, where a step no longer shrinks anything, is at $\eta\lambda = 2(1 + \mu)$ (set r = -1): momentum
# allows larger rates too. Now the bowl from above, with the best plain rate and with the best pair.

# %%
kappa = LAMBDA[1] / LAMBDA[0]
sqrt_mu = (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)
plain, pair = 2 / LAMBDA.sum(), (1 + sqrt_mu) ** 2 / LAMBDA[1]
ways = {
    f"best plain rate, {plain:.3f}": pictures.walk(bowl, optim.SGD, (-4.0, 1.0), 30, lr=plain),
    f"best pair: {pair:.3f}, momentum {sqrt_mu**2:.2f}": pictures.walk(
        bowl, optim.SGD, (-4.0, 1.0), 30, lr=pair, momentum=sqrt_mu**2
    ),
}
pictures.ways_in_bowl(bowl, ways)
print(f"kappa {kappa:.0f}: a step shrinks by {(kappa - 1) / (kappa + 1):.3f} without, {sqrt_mu:.3f} with momentum")

# %% [markdown]
# **Exercise 04.1.** `momentum_step`: two lines, as `SGD` in the library.

# %%
check("04.1")

# %% [markdown]
# ## A rate for each weight
#
# Momentum still has one rate for all. Say a weight is given in other units: w = c u. Then $dL/du = c\, dL/dw$: with c
# = 1000 the gradient is a thousand times larger, while the way to go, in u, is a thousand times *shorter*. A gradient
# is not a distance; its unit is loss per weight. Divided by its own usual size it is a pure number. So let each
# weight keep a running mean v of its $g^2$, and divide by the root:
#
# $$ v \leftarrow \beta v + (1 - \beta)\, g^2, \qquad w \leftarrow w - \eta\, \frac{g}{\sqrt v + \varepsilon} . $$
#
# This is RMSProp. Now η means something: about how far a weight moves in a step. And a loss that is multiplied by
# 1000 is trained as before, except for the tiny ε, which is there for v = 0.
#
# ## Means that start at zero
#
# m and v are means over the past, and there is no past at first. From $m_0 = 0$ and
# $m_t = \beta m_{t-1} + (1-\beta) g_t$,
#
# $$ m_t = (1 - \beta) \sum_{i=1}^{t} \beta^{\,t-i} g_i , $$
#
# as one sees by putting each step into the next. The weights of the $g_i$ have the sum
#
# $$ (1 - \beta)(1 + \beta + \ldots + \beta^{t-1}) = 1 - \beta^t , $$
#
# which is not 1: for β = 0.999 it is 0.001 at first, and after 1000 steps still only 0.63. If the g have the mean
# $\bar g$, then m has the mean $(1 - \beta^t)\, \bar g$. The remedy is to divide by the sum of the weights:
# $\hat m_t = m_t / (1 - \beta^t)$.

# %%
beta = 0.95
noisy = 1 + 0.5 * np.random.default_rng(0).standard_normal(100)  # their mean is 1
running = np.array([(1 - beta) * (beta ** np.arange(t)[::-1] * noisy[:t]).sum() for t in range(1, 101)])
pictures.running_mean(beta, noisy, running)

# %% [markdown]
# **Exercise 04.2.** `running_means`, with the correction.

# %%
check("04.2")

# %% [markdown]
# ## Adam
#
# Put together what we have: momentum (a running mean m of g), a rate for each weight (v of $g^2$), both corrected.
#
# $$ w \leftarrow w - \eta\, \frac{\hat m}{\sqrt{\hat v} + \varepsilon} $$
#
# **How large is a step?** At t = 1, $\hat m = g$ and $\hat v = g^2$: the step is η times the sign of g. Later, if the g
# are all alike, $\hat m/\sqrt{\hat v}$ is still ±1. If they are mostly noise around 0, $\hat m$ averages the noise, and
# $\sqrt{\hat v}$ does not: the steps become shorter. They measure signal over noise, weight by weight.
#
# **Predict before you run.** Let the gradients be nothing but noise, of mean 0. How long is a typical step (its root
# mean square) after 1000 steps, in units of η, for the usual $\beta_1$ = 0.9 and $\beta_2$ = 0.999?

# %%
predict("04.b", ...)


# %%
def steps(rule, gradients):
    """The steps that an optimizer takes under given gradients (T, W), in units of the learning rate."""
    w = mg.tensor(np.zeros(gradients.shape[1]), requires_grad=True)
    optimizer, taken = rule([w], lr=1.0), []
    for g in gradients:
        before = w.numpy().copy()
        optimizer.zero_grad()
        (w * mg.tensor(g)).sum().backward()
        optimizer.step()
        taken.append(before - w.numpy())
    return np.array(taken)


noise = np.random.default_rng(0).standard_normal((1000, 500))  # for 500 weights
typical = {}
for signal in (0, 0.3, 1, 3):
    typical[f"mean {signal}, noise 1"] = np.sqrt((steps(optim.Adam, signal + noise) ** 2).mean(axis=1))
settled = typical["mean 0, noise 1"][-100:].mean()
pictures.lengths(typical, limit=1.5)
print(f"pure noise, the last 100 of 1000 steps: {settled:.3f} lr")

# %% [markdown]
# All begin with a step of η. Under pure noise the steps fall to a quarter of it within some twenty steps, and then no
# further: the noise is divided by its own size. So Adam does not come to rest by itself. Whether the noise is large or
# small, near a minimum each weight goes on moving by about 0.23 η a step. To settle, η itself has to fall (see below,
# "Schedules").
#
# **Exercise 04.5 (derivation).** `noise_left`: where does this number come from, and how does it depend on $\beta_1$
# and t? The formula is not given here. The weights of the $g_i$ in $m_t$, above, are all you need.

# %%
check("04.5")

# %% [markdown]
# The library's rule is the same as the one above. It only multiplies both sides of the fraction by
# $\sqrt{1 - \beta_2^t}$, so that two numbers are corrected instead of two long vectors:

# %%
show_source(optim.Adam.update)

# %% [markdown]
# **Exercise 04.3.** `adam_step`.

# %%
check("04.3")

# %% [markdown]
# Now move things: the rule, the rate and the betas, in a bowl whose curvature is 1 along x and larger along y. At a
# high rate Adam overshoots, and circles around the minimum. Which rates are too high for which rule, if y is 1, 20 or
# 100 times as steep as x? Whose limit depends on the steepness, and whose does not?

# %%
move(
    pictures.rolling(),
    rule=Choice(("gradient descent", "momentum", "RMSProp", "Adam"), start="Adam", label="rule"),
    rate=Slider(-3.0, 0.5, 0.1, start=-0.3, label="log10 of the rate"),
    beta1=Slider(0.0, 0.98, 0.02, start=0.9, label="momentum, or beta1"),
    beta2=Slider(0.5, 0.999, 0.001, start=0.999, label="beta2"),
    ratio=Slider(1, 100, 1, start=20, label="curvature along y"),
)

# %% [markdown]
# ## A misconception, put to the test
#
# *"Without the correction m and v are too small at first, so Adam starts too slowly."* Both are too small. But the
# step is their *ratio*.
#
# **Predict before you run.** How long is the first uncorrected step, in units of η, for $\beta_1$ = 0.9 and $\beta_2$ =
# 0.999?

# %%
predict("04.c", ...)


# %%
class Uncorrected(optim.Adam):
    """Adam without the division by 1 - beta^t."""

    def update(self, t, lr, w, g, tmp, m, v):  # noqa: D102
        beta1, beta2 = self.betas
        m += (1 - beta1) * (g - m)
        v += (1 - beta2) * (g * g - v)
        w -= lr * m / (np.sqrt(v) + self.eps)


alike = np.full((3000, 1), 0.3)  # the same gradient at each step
uncorrected = steps(Uncorrected, alike)[:, 0]
t = np.arange(1, 3001)
formula = (1 - 0.9**t) / np.sqrt(1 - 0.999**t)
longest = uncorrected.argmax()
print(f"first step {uncorrected[0]:.3f}; longest {uncorrected[longest]:.2f}, at step {longest + 1}")
print(
    f"at step 1000: {uncorrected[999]:.2f}; largest deviation from the formula: {abs(uncorrected - formula).max():.1e}"
)
pictures.lengths({"uncorrected": uncorrected, "Adam": steps(optim.Adam, alike)[:, 0]}, limit=7.5)

# %% [markdown]
# At t = 1, $m = 0.1\, g$ and $\sqrt v = \sqrt{0.001}\,|g| = 0.0316\,|g|$: the step is **3.16 η**, not smaller but
# larger. For gradients that are all alike, the sum of the weights gives at step t
#
# $$ \frac{1 - \beta_1^t}{\sqrt{1 - \beta_2^t}} , $$
#
# which is the formula in the code. m recovers in some ten steps, v needs a thousand. So Adam without the correction
# does not start too slowly but too fast, at the very time when nothing is known yet.
#
# ## Schedules
#
# Gradients of minibatches are noisy. In one dimension, say $g = \lambda w + \xi$, with noise ξ of mean 0 and variance
# $\sigma^2$, new at each step. Then $w \leftarrow (1 - \eta\lambda) w - \eta\xi$. The two terms are independent, so
# their variances add up, and when the variance V of w no longer changes,
#
# $$ V = (1 - \eta\lambda)^2\, V + \eta^2 \sigma^2 \;\Longrightarrow\; V = \frac{\eta^2\sigma^2}{1 - (1 - \eta\lambda)^2} = \frac{\eta\, \sigma^2}{\lambda (2 - \eta\lambda)} . $$
#
# The loss stays at $\tfrac12 \lambda V = \eta\sigma^2 / (4 - 2\eta\lambda)$ on average and falls no further. This
# floor is proportional to η (while ηλ is small), and the time to reach it to 1/η. Hence a *schedule*: large at first,
# to get there, then small, to settle. The library's `cosine` falls along half a cosine wave.
#
# *Warm-up*, a rate that rises at the start, has another reason: Adam's first step is η times the sign of one noisy
# gradient, for every weight, however little that gradient says. With warm-up these steps are short.
#
# A fair comparison gives each schedule its own best rate. On one weight no random numbers are needed, for the mean of
# $w^2$ obeys the equation above: $\mathbb{E}[w^2] \leftarrow (1 - \eta\lambda)^2\, \mathbb{E}[w^2] + \eta^2\sigma^2$.

# %%
STEPS, LAM, SIGMA = 400, 1.0, 1.0


def mean_losses(rate):
    """The mean loss after each step from w = 5. rate: a function of the step."""
    square, losses = 25.0, []
    for step in range(STEPS):
        square = (1 - rate(step) * LAM) ** 2 * square + (rate(step) * SIGMA) ** 2
        losses.append(0.5 * LAM * square)
    return losses


schedules = {
    "constant": optim.constant,
    "cosine": lambda peak: optim.cosine(peak, STEPS),
    "warm-up, cosine": lambda peak: optim.warmup(optim.cosine(peak, STEPS), 40),
}
peaks = np.geomspace(0.003, 1.5, 60)
at_the_end = {name: [mean_losses(make(peak))[-1] for peak in peaks] for name, make in schedules.items()}
shown = {"constant 0.5": mean_losses(optim.constant(0.5))}
for name, make in schedules.items():
    best_peak = peaks[np.argmin(at_the_end[name])]
    shown[f"{name} {best_peak:.2g}"] = mean_losses(make(best_peak))
    print(f"{name:15}  best highest rate {best_peak:.3f}, loss at the end {min(at_the_end[name]):.5f}")
tenth = {name: mean_losses(make(0.1))[-1] for name, make in schedules.items()}
print(f"at a highest rate of 0.1: constant {tenth['constant']:.4f}, cosine {tenth['cosine']:.4f}")
print(f"floor of 0.5: predicted {0.5 * SIGMA**2 / (4 - 2 * 0.5 * LAM):.4f}, computed {shown['constant 0.5'][-1]:.4f}")
pictures.schedules(shown, peaks, at_the_end)

# %% [markdown]
# Each with its best rate, the cosine ends 1.7 times lower than a constant rate. A well-chosen constant rate is not bad:
# here the gain is a factor, not an order of magnitude. The larger gain is on the right: with the cosine the choice
# matters much less. At a highest rate of 0.1 its loss is 1.5 times its best; that of the constant rate is 7 times its
# best. Warm-up gains nothing in this example, which is plain descent on one weight.
#
# **Exercise 04.4.** `learning_rates`, warm-up and cosine.

# %%
check("04.4")

# %% [markdown]
# **Exercise 04.6 (open task).** `rates_that_settle`: a schedule of your own for a bowl with a flat and a steep
# direction, where a constant rate has a harder time. It has to end at 0.7 of the best constant rate's loss, or lower.
# There are many ways.

# %%
check("04.6")

# %% [markdown]
# ## On digits
#
# Now a small classifier, trained from the same weights on the same batches of 50, by five rules, at twelve rates and
# from three seeds. What is the loss after 200 steps?

# %%
digits = handwritten()
RATES = np.logspace(-3.25, 0.5, 12)
RULES = {
    "gradient descent": optim.SGD,
    "momentum 0.9": partial(optim.SGD, momentum=0.9),
    "Adam": optim.Adam,
    "Adam, uncorrected": Uncorrected,
    "Adam, cosine": lambda w, lr: optim.Adam(w, optim.cosine(lr, 200)),
}
losses = {
    name: np.array([[pictures.train(digits, rule, lr, seed) for lr in RATES] for seed in range(3)])
    for name, rule in RULES.items()
}
pictures.by_rate(RATES, losses)
for name, ends in losses.items():
    rate = ends.mean(axis=0).argmin()
    print(
        f"{name:18} best rate {RATES[rate]:.4f}, losses of the three seeds", *(f"{loss:.3f}" for loss in ends[:, rate])
    )

# %% [markdown]
# At small rates momentum's curve is that of plain descent, moved by a factor of ten: $1/(1 - \mu)$. At its best rate it
# is only a little better than plain descent at its own, on MNIST. Where is the gain that the theory promised, and that
# the valley showed? The theory is about curvature. Here the noise of small batches sets the limit. With batches of 500
# it is smaller:

# %%
for name in ("gradient descent", "momentum 0.9", "Adam"):
    ends = [pictures.train(digits, RULES[name], lr, seed=0, batch=500) for lr in RATES[3:11]]
    print(f"batches of 500, {name:17} best rate {RATES[3 + np.argmin(ends)]:.4f}, loss {min(ends):.3f}")

# %% [markdown]
# Now momentum's loss is several times lower than plain descent's. (Do not compare the numbers with those above: 200
# larger batches are ten times as many images.)
#
# With batches of 50 Adam ends lower than both on MNIST, from each of the three seeds; on the 8x8 digits it and momentum
# are close. So no ranking of rules is true everywhere: in the valley, with exact gradients, momentum was best.
#
# The surprise is the uncorrected Adam. As predicted it wants smaller rates, and breaks down at some that Adam bears
# well. But at its own best rate it ends lower than Adam! Look at its steps again: 6.6 times too long at first, 2.3
# times at step 200. They shrink: it is a *schedule* that came about by accident. Give Adam a schedule on purpose, and
# it does about as well.
#
# ## Something to play with
#
# Change the surface, the start and the rules. Find a rate at which momentum overshoots the star and Adam does not, or
# the other way round. Raise Adam's rate until it fails: which schedule saves it?

# %%
path = pictures.walk(pictures.valley, optim.Adam, (-3.2, -1.5), 100, lr=0.4, betas=(0.8, 0.95))
pictures.one_way(path)

# %% [markdown]
# ## Five quick questions
#
# Answer with letters, like `quiz("04", "b a c d a")`.

# %%
quiz("04")

# %% [markdown]
# ## Where to go next
#
# - Kingma & Ba 2015, [*Adam: a method for stochastic optimization*](https://arxiv.org/abs/1412.6980), arXiv:1412.6980,
#   sections 2 and 3: the rule, and its correction.
# - Polyak 1964, [*Some methods of speeding up the convergence of iteration
#   methods*](https://doi.org/10.1016/0041-5553(64)90137-5): the heavy ball.
# - Sutskever, Martens, Dahl & Hinton 2013, [*On the importance of initialization and momentum in deep
#   learning*](https://proceedings.mlr.press/v28/sutskever13.html), section 2: momentum, and Nesterov's variant of it.
# - Goh 2017, [*Why momentum really works*](https://doi.org/10.23915/distill.00006): the picture of complex roots, to be
#   moved with the mouse.
# - Shallue et al. 2019, [*Measuring the effects of data parallelism on neural network
#   training*](https://arxiv.org/abs/1811.03600), arXiv:1811.03600: at which batch sizes momentum helps.
# - Loshchilov & Hutter 2019, [*Decoupled weight decay regularization*](https://arxiv.org/abs/1711.05101),
#   arXiv:1711.05101, section 2: why AdamW is not Adam with a penalty.
# - Reddi, Kale & Kumar 2018, [*On the convergence of Adam and beyond*](https://arxiv.org/abs/1904.09237),
#   arXiv:1904.09237, section 3: a case in which Adam goes wrong.
# - In the library: `minigen/optim/optimizers.py`, each rule in a few lines; `minigen/optim/schedules.py`.
# - Lesson 5 trains the first model that has a latent space.
