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
# **Time:** 35 minutes to read, about an hour with the four exercises. **You need** lesson 1 (gradients).
#
# First the picture: a winding valley, and four ways down it from the same point, each of 150 steps.
#
# ![Four optimizers' ways down a winding valley](opening.png)

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigen as mg
from minigen import optim
from minigen.lessons import check, handwritten, show_source


def walk(f, make, start, steps):
    """The points an optimizer visits on f(x, y), and the last one: (steps + 1, 2)."""
    w = mg.tensor(np.array(start, float), requires_grad=True)
    optimizer = make([w])
    path = [w.numpy().copy()]
    for _ in range(steps):
        optimizer.zero_grad()
        f(w[0], w[1]).backward()
        optimizer.step()
        path.append(w.numpy().copy())
    return np.array(path)


def valley(x, y):
    """Its floor winds along y = sin(x), and falls slowly to x = 3."""
    return 2 * (y - mg.sin(x)) ** 2 + 0.05 * (x - 3) ** 2


def ground(axis, f, left, right, low, high):
    """The height of f from above, dark where it is low; returns the points and heights."""
    x, y = np.meshgrid(np.linspace(left, right, 150), np.linspace(low, high, 150))
    axis.contourf(x, y, np.sqrt(f(x, y)), 24, cmap="Greys_r")
    axis.set(xlim=(left, right), ylim=(low, high))
    return x, y, f(x, y)


START = (-3.2, 1.8)
RULES = {
    "gradient descent": lambda w: optim.SGD(w, lr=0.1),
    "with momentum": lambda w: optim.SGD(w, lr=0.05, momentum=0.9),
    "RMSProp": lambda w: optim.RMSProp(w, lr=0.08, alpha=0.95),
    "Adam": lambda w: optim.Adam(w, lr=0.2, betas=(0.9, 0.95)),
}
figure = plt.figure(figsize=(11, 4.2), layout="constrained")
hill = figure.add_subplot(1, 2, 1, projection="3d", computed_zorder=False)
hill.view_init(58, -80)
hill.set(xticks=[], yticks=[], zticks=[])
above = figure.add_subplot(1, 2, 2)
surface = ground(above, valley, -5.8, 4.5, -2.2, 2.4)
hill.plot_surface(*surface, cmap="Greys_r", alpha=0.7, rstride=4, cstride=4, linewidth=0)
above.plot(3, np.sin(3), "*", color="white", markersize=14)
for (name, make), color in zip(RULES.items(), ("C0", "C1", "C2", "C3"), strict=True):
    path = walk(valley, make, START, 150)
    hill.plot(*path.T, valley(*path.T) + 0.1, color=color)
    above.plot(*path.T, ".-", color=color, markersize=3, linewidth=1, label=f"{name}: {valley(*path[-1]):.3f}")
    above.plot(*path[-1], "o", color=color, markeredgecolor="white", markersize=8)
above.legend(fontsize=8, loc="upper right", title="height after 150 steps", title_fontsize=8)
plt.show()

# %% [markdown]
# All four see only the slope under their feet. They differ in what they remember of the slopes before. (A round dot
# is where a path ends, the star is the lowest point.)
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
# **Predict before you run:** $\lambda$ = 1 and 20. What do the paths look like for η = 0.02, 0.09 and 0.101?

# %%
LAMBDA = np.array([1.0, 20.0])


def bowl(x, y):
    return 0.5 * (LAMBDA[0] * x**2 + LAMBDA[1] * y**2)


def draw(axis, make, steps, title):
    """A path in the bowl, and how high its last point lies."""
    path = walk(bowl, make, (-4.0, 1.0), steps)
    ground(axis, bowl, -4.5, 1, -1.6, 1.6)
    axis.plot(*path.T, ".-", color="C3", linewidth=1, markersize=4)
    axis.set(title=f"{title}\nL = {bowl(*path[-1]):.2g} after {steps} steps")


figure, axes = plt.subplots(1, 3, figsize=(11, 2.6), layout="constrained")
for axis, lr in zip(axes, (0.02, 0.09, 0.101), strict=True):
    draw(axis, lambda w, lr=lr: optim.SGD(w, lr), 30, f"lr {lr}")
plt.show()

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
figure, axes = plt.subplots(1, 3, figsize=(12, 3.1), layout="constrained", width_ratios=(1.2, 1, 1))
shown = axes[0].contourf(curvature, mu.ravel(), np.minimum(factor, 1.2), np.linspace(0, 1.2, 25), cmap="RdBu_r")
axes[0].contour(curvature, mu.ravel(), factor, [1], colors="black")
axes[0].plot((1 - np.sqrt(mu)) ** 2, mu, "--", (1 + np.sqrt(mu)) ** 2, mu, "--", color="white")
axes[0].set(xlabel="lr times curvature", ylabel="momentum", title="factor of a step (black: 1)", xlim=(0, 4))
figure.colorbar(shown, ax=axes[0])
kappa = LAMBDA[1] / LAMBDA[0]
sqrt_mu = (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)
draw(axes[1], lambda w: optim.SGD(w, 2 / LAMBDA.sum()), 30, "best plain rate")
best = (1 + sqrt_mu) ** 2 / LAMBDA[1]
draw(
    axes[2],
    lambda w: optim.SGD(w, best, momentum=sqrt_mu**2),
    30,
    f"best pair: lr {best:.2f}, momentum {sqrt_mu**2:.2f}",
)
plt.show()
print(f"kappa {kappa:.0f}: a step shrinks by {(kappa - 1) / (kappa + 1):.3f} without, {sqrt_mu:.3f} with momentum")

# %% [markdown]
# Between the dashed lines the rate depends on μ alone. At μ = 0 that region is a single point, and it widens upwards;
# the black line, where a step no longer shrinks anything, is at $\eta\lambda = 2(1 + \mu)$ (set r = -1): momentum
# allows larger rates too.
#
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
t = np.arange(1, 101)
running = np.array([(1 - beta) * (beta ** np.arange(i)[::-1] * noisy[:i]).sum() for i in t])
figure, axes = plt.subplots(1, 2, figsize=(10, 2.8), layout="constrained")
for last in (5, 20, 60):
    axes[0].plot(t[:last], (1 - beta) * beta ** (last - t[:last]), ".-", label=f"t = {last}: sum {1 - beta**last:.2f}")
axes[0].set(xlabel="i", ylabel="weight of g_i in m_t", title=f"beta = {beta}", ylim=(0, 0.085))
axes[0].legend(loc="upper right")
axes[1].plot(t, noisy, ".", color="0.7", label="g")
axes[1].plot(t, running, label="m")
axes[1].plot(t, running / (1 - beta**t), label="m, corrected")
axes[1].axhline(1, color="black", linewidth=0.5)
axes[1].legend(ncols=3, loc="upper center")
axes[1].set(xlabel="t", title="the running mean, and its correction", ylim=(-0.3, 2.7))
plt.show()

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
# **How large is a step?** At t = 1, $\hat m = g$ and $\hat v = g^2$: the step is η times the sign of g. Later, if the
# g are all alike, $\hat m/\sqrt{\hat v}$ is ±1 still; if they are mostly noise around 0, $\hat m$ averages it away
# and $\sqrt{\hat v}$ does not, and the steps get small by themselves. Signal over noise, weight by weight.
#
# The library's rule is the same. It only multiplies both sides of the fraction by $\sqrt{1 - \beta_2^t}$, so that two
# numbers are corrected instead of two long vectors:

# %%
show_source(optim.Adam.update)

# %% [markdown]
# **Exercise 04.3.** `adam_step`.

# %%
check("04.3")

# %% [markdown]
# ## A misconception, put to the test
#
# *"Without the correction m and v are too small at first, so Adam starts too slowly."* Both are too small. But the
# step is their *ratio*. **Predict:** how long is the first uncorrected step, in units of η, for β = 0.9 and 0.999?
#
# At t = 1, $m = 0.1\, g$ and $\sqrt v = \sqrt{0.001}\,|g| = 0.0316\,|g|$: the step is **3.16 η**, not smaller but
# larger. For gradients that are all alike, the same sum as above gives at step t
#
# $$ \frac{1 - \beta_1^t}{\sqrt{1 - \beta_2^t}} . $$
#
# m recovers in some ten steps, v needs a thousand. We measure it with the library's Adam, with the correction taken
# out.


# %%
class Uncorrected(optim.Adam):
    """Adam without the division by 1 - beta^t."""

    def update(self, t, lr, w, g, tmp, m, v):  # noqa: D102
        beta1, beta2 = self.betas
        m += (1 - beta1) * (g - m)
        v += (1 - beta2) * (g * g - v)
        w -= lr * m / (np.sqrt(v) + self.eps)


def lengths(rule, steps=3000):
    """The steps a weight takes under a constant gradient, in units of the rate."""
    w = mg.tensor(np.zeros(1), requires_grad=True)
    optimizer, before, taken = rule([w], lr=1.0), 0.0, []
    for _ in range(steps):
        optimizer.zero_grad()
        (0.3 * w).sum().backward()
        optimizer.step()
        taken.append(before - w.item())
        before = w.item()
    return np.array(taken)


t = np.arange(1, 3001)
taken = lengths(Uncorrected)
formula = (1 - 0.9**t) / np.sqrt(1 - 0.999**t)
print(f"first step {taken[0]:.3f}; longest {taken.max():.2f}, at step {taken.argmax() + 1}; at 1000: {taken[999]:.2f}")
print(f"largest deviation from the formula: {abs(taken - formula).max():.1e}")
figure, axis = plt.subplots(figsize=(6, 2.8), layout="constrained")
axis.semilogx(t, taken, label="uncorrected")
axis.semilogx(t, lengths(optim.Adam), label="Adam")
axis.set(xlabel="step", ylabel="length, in units of lr", ylim=(0, 7.5))
axis.legend()
plt.show()

# %% [markdown]
# So it does not start too slowly but far too fast, at the very time when nothing is known yet.
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
# gradient, for every weight, however little that gradient says. With warm-up these steps are short. (In the picture,
# of plain descent on one weight, it gains nothing.)

# %%
STEPS, LAM, SIGMA = 400, 1.0, 1.0
schedules = {
    "0.5": optim.constant(0.5),
    "0.02": optim.constant(0.02),
    "0.5, cosine": optim.cosine(0.5, STEPS),
    "0.5, warm-up and cosine": optim.warmup(optim.cosine(0.5, STEPS), 40),
}
figure, axes = plt.subplots(1, 2, figsize=(10, 3), layout="constrained")
for (name, rate), color in zip(schedules.items(), ("C0", "C1", "C2", "C3"), strict=True):
    rng, w, losses = np.random.default_rng(0), np.full(2000, 5.0), []  # 2000 trainings side by side
    for step in range(STEPS):
        w = w - rate(step) * (LAM * w + SIGMA * rng.standard_normal(2000))
        losses.append(0.5 * LAM * (w**2).mean())
    axes[0].plot([rate(step) for step in range(STEPS)], color=color, label=name)
    axes[1].semilogy(losses, color=color)
    if "," not in name:
        floor = float(name) * SIGMA**2 / (4 - 2 * float(name) * LAM)
        axes[1].axhline(floor, color=color, linestyle="--", linewidth=1)
        print(f"lr {name}: floor predicted {floor:.4f}, measured {np.mean(losses[-100:]):.4f}")
axes[0].set(xlabel="step", title="learning rate")
axes[0].legend(fontsize=8)
axes[1].set(xlabel="step", title="mean loss (dashed: the predicted floor)")
plt.show()

# %% [markdown]
# **Exercise 04.4.** `learning_rates`, warm-up and cosine.

# %%
check("04.4")

# %% [markdown]
# ## On digits
#
# A small classifier, trained from the same weights on the same batches, by five rules and at many rates. What is the
# loss after 200 steps?

# %%
digits = handwritten()
images, labels = digits.x[:5000].reshape(len(digits.x[:5000]), -1), digits.y[:5000]


def train(make, steps=200):
    """The mean loss of the last 50 batches, for a network with one hidden layer."""
    rng, losses = mg.Generator(0), []
    hidden = mg.nn.Dense(images.shape[1], 32, init="he_uniform", rng=rng)
    network = mg.nn.Sequential(hidden, mg.nn.ReLU(), mg.nn.Dense(32, 10, rng=rng))
    optimizer = make(network.parameters())
    loader = mg.data.Loader(images, labels, batch_size=50, rng=mg.Generator(1))
    while len(losses) < steps:
        for x, y in loader:
            optimizer.zero_grad()
            loss = mg.nn.cross_entropy_loss(network(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return np.mean(losses[:steps][-50:])


RATES = np.logspace(-4, 1, 11)
RULES = {
    "gradient descent": optim.SGD,
    "with momentum": lambda w, lr: optim.SGD(w, lr, momentum=0.9),
    "Adam": optim.Adam,
    "Adam, uncorrected": Uncorrected,
    "Adam, cosine": lambda w, lr: optim.Adam(w, optim.cosine(lr, 200)),
}
figure, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
for name, rule in RULES.items():
    ends = np.array([train(lambda w, lr=lr, rule=rule: rule(w, lr)) for lr in RATES])
    axis.loglog(RATES, ends, "o-", label=name)
    print(f"{name:18} best rate {RATES[ends.argmin()]:.4f}, loss {ends.min():.3f}")
axis.set(xlabel="learning rate", ylabel="loss after 200 steps", ylim=(None, 10))
axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# At small rates momentum's curve is that of plain descent, moved by a factor ten: $1/(1 - \mu)$. Adam gets lower in
# the same number of steps.
#
# The surprise is the uncorrected Adam. As predicted it wants smaller rates, and breaks down at some that Adam bears
# well. But at its own best rate it ends lower! Look at its steps again: 6.6 times too long at first, 2.3 times at
# step 200. They shrink; it is a *schedule* that came about by accident. Give Adam a schedule on purpose, and it does as
# well.
#
# ## Something to play with
#
# Change the surface, the start and the rules. Find a rate at which momentum overshoots the star and Adam does not, or
# the other way round. Raise Adam's rate until it fails: which schedule saves it?

# %%
path = walk(valley, lambda w: optim.Adam(w, lr=0.4, betas=(0.8, 0.95)), (-3.2, -1.5), 100)
figure, axis = plt.subplots(figsize=(5, 3), layout="constrained")
ground(axis, valley, -5, 4.5, -2.2, 2.4)
axis.plot(*path.T, ".-", color="C3", linewidth=1, markersize=4)
axis.plot(3, np.sin(3), "*", color="white", markersize=14)
axis.set_title(f"height {valley(*path[-1]):.4f}")
plt.show()

# %% [markdown]
# ## Where to go next
#
# - Kingma & Ba 2015, *Adam: a method for stochastic optimization*, sections 2 and 3: the rule, and its correction.
# - Sutskever, Martens, Dahl & Hinton 2013, *On the importance of initialization and momentum in deep learning*,
#   section 2: momentum, and Nesterov's variant of it.
# - Goh 2017, *Why momentum really works* (distill.pub): the picture of complex roots, to be moved with the mouse.
# - Loshchilov & Hutter 2019, *Decoupled weight decay regularization*, section 2: why AdamW is not Adam with a
#   penalty.
# - Reddi, Kale & Kumar 2018, *On the convergence of Adam and beyond*, section 3: a case in which Adam goes wrong.
# - In the library: `minigen/optim/optimizers.py`, each rule in a few lines; `minigen/optim/schedules.py`.
# - Lesson 5 trains the first model that has a latent space.
