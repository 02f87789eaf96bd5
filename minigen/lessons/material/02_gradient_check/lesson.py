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
# # Lesson 2: Is my gradient right?
#
# **Afterwards you can** measure any gradient, choose the step and say how many digits it gives, check a network of
# thousands of weights with two evaluations, and name what such a check does *not* find.
#
# **Time:** 30 minutes to read, about 45 with the four exercises. **You need** lesson 1 (gradients of arrays).
#
# First the picture. Four programs claim to compute the gradient of a layer, tanh(x w), with respect to w. Each dot is one
# weight: to the right the slope that was *measured*, upwards the one that the program gives. One program is right.
#
# ![Four claimed gradients against the measured one: only one lies on the diagonal](opening.png)

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigen as mg
from minigen.autodiff import numeric_derivatives, slopes
from minigen.lessons import check, handwritten, show_source

rng = np.random.default_rng(0)
x, w, u = rng.standard_normal((6, 4)), rng.standard_normal((4, 5)), rng.standard_normal((6, 5))
slope = 1 - np.tanh(x @ w) ** 2  # the derivative of tanh
claims = {
    "A": x.T @ (u * slope),
    "B": -x.T @ (u * slope),
    "C": x.T @ (u * slope) / len(x),
    "D": x.T @ slope,
}
measured = numeric_derivatives(lambda w: (np.tanh(x @ w) * u).sum(), w, np.ndindex(*w.shape))[:, 0]
figure, axes = plt.subplots(1, 4, figsize=(11, 2.8), layout="constrained", sharex=True, sharey=True)
for axis, (name, claim) in zip(axes, claims.items(), strict=True):
    axis.axline((0, 0), slope=1, color="0.8")
    axis.plot(measured, claim.ravel(), ".", color="C0" if np.allclose(claim.ravel(), measured) else "C3")
    axis.set(title=f"program {name}", xlabel="measured", aspect="equal")
axes[0].set_ylabel("program")
plt.show()

# %% [markdown]
# A is on the diagonal. B has a wrong sign, C takes a mean instead of a sum, D forgets the upstream gradient: each leaves its
# own pattern, and it is by such patterns that the checks of this course name a mistake.
#
# A wrong gradient seldom stops a program. The loss falls, a little slower, to a slightly higher value, and you look for
# the fault in the learning rate. So we measure.
#
# ## Measuring a slope
#
# The Taylor series of a smooth function, a step to the right and a step to the left:
#
# $$ f(x \pm h) = f \pm h f' + \tfrac{h^2}{2} f'' \pm \tfrac{h^3}{6} f''' + \tfrac{h^4}{24} f'''' \pm \ldots \qquad\text{(all at x).} $$
#
# The *forward difference* takes the first and f(x). The *central difference* subtracts the two, and all even terms cancel:
#
# $$ \frac{f(x+h) - f(x)}{h} = f' + \frac{h}{2} f'' + \ldots, \qquad \frac{f(x+h) - f(x-h)}{2h} = f' + \frac{h^2}{6} f''' + \ldots $$
#
# So half the step gives half the error of the one, and a quarter of the error of the other. The price: for n entries
# the forward difference takes n + 1 evaluations, the central one 2n.

# %%
points = np.linspace(-0.2, 1.4, 100)
at, h = 0.6, 0.5
figure, axes = plt.subplots(1, 2, figsize=(9, 2.9), layout="constrained", sharey=True)
for axis, left, title in ((axes[0], at, "forward"), (axes[1], at - h, "central")):
    secant = (np.exp(at + h) - np.exp(left)) / (at + h - left)
    axis.plot(points, np.exp(points), color="0.4")
    axis.axline((at, np.exp(at)), slope=np.exp(at), color="C0", label=f"tangent, slope {np.exp(at):.3f}")
    axis.axline((left, np.exp(left)), slope=secant, color="C3", linestyle="--", label=f"measured, slope {secant:.3f}")
    axis.plot([left, at + h], np.exp([left, at + h]), "o", color="C3")
    axis.set(title=f"{title} difference of exp, h = {h}", xlabel="x", ylim=(0.3, 4))
    axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# **Exercise 02.1.** `numeric_gradient`, for an array of any shape. It is red until you have written it: that is the
# start of every exercise.

# %%
check("02.1")

# %% [markdown]
# The library's version has a few more lines, for the slopes on either side:

# %%
show_source(numeric_derivatives)

# %% [markdown]
# ## The step: not too large, not too small
#
# **Predict before you run:** the error of the central difference is h^2 f''' / 6. How small is it with h = 1e-12?
#
# The computer rounds. It does not give f(x) but f(x)(1 + d) with |d| <= eps; in float64, eps is 1.1e-16. In the
# worst case the two roundings, each at most eps |f|, add up to 2 eps |f|, and are divided by 2h. Hence
#
# $$ \text{error}(h) \;\le\; \underbrace{\frac{\varepsilon\,|f|}{h}}_{\text{rounding}} \;+\; \underbrace{\frac{h^2}{6}\,|f'''|}_{\text{cutting the series}} . $$
#
# It is smallest where its derivative is 0:
#
# $$ -\frac{\varepsilon |f|}{h^2} + \frac{h}{3}|f'''| = 0 \quad\Longrightarrow\quad h^3 = \frac{3\,\varepsilon\,|f|}{|f'''|}. $$
#
# Where f and f''' are of one size, that is h = 7e-6 in float64 and 6e-3 in float32, where eps is 6e-8. The error there is
# about eps^(2/3): ten digits in float64, and barely five in float32, which is why gradients are checked in float64.
# (x + h is rounded as well; it has the same effect as a rounding of f by eps |x f'|, of the same order.)

# %%
steps = 10.0 ** np.arange(-14, 0.1, 0.25)
places = np.random.default_rng(1).uniform(0.5, 1.5, 100)
figure, axis = plt.subplots(figsize=(7, 3.8), layout="constrained")
for dtype, eps, color in ((np.float64, 1.1e-16, "C0"), (np.float32, 6e-8, "C1")):
    at = places.astype(dtype)
    truth = np.exp(at.astype(np.float64))
    reachable = steps[steps > 5 * eps]  # below it x + h is x
    errors = {"forward": [], "central": []}
    for h in reachable.astype(dtype):
        right, left = np.exp(at + h), np.exp(at - h)
        for name, estimate in (("forward", (right - np.exp(at)) / h), ("central", (right - left) / (2 * h))):
            errors[name].append(np.mean(abs(estimate / truth - 1)))
    axis.loglog(reachable, errors["forward"], color=color, alpha=0.4, label=f"{dtype.__name__}, forward")
    axis.loglog(reachable, errors["central"], color=color, label=f"{dtype.__name__}, central")
    axis.loglog(reachable, eps / reachable + reachable**2 / 6, ":", color="0.3")
    axis.axvline((3 * eps) ** (1 / 3), color=color, linewidth=0.7, linestyle="--")
axis.set(xlabel="step h", ylabel="relative error of the slope of exp", ylim=(1e-12, 3))
axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# Smaller is not better. To the right of the valley the error falls with h^2 (forward: with h); to the left it *rises* as
# h falls. At h = 1e-12 four digits are left. The dotted bound is what we derived, the dashed line its minimum.
#
# **Exercise 02.2.** `best_step`.

# %%
check("02.2")

# %% [markdown]
# ## Many outputs, one number
#
# A layer has n inputs and m outputs, so m n derivatives, the Jacobian J with $J_{kj} = \partial y_k / \partial x_j$. We
# need not look at all of them. Take a random direction u and make a number of the outputs, $s = \langle f(x), u\rangle$.
# By the chain rule $\partial s/\partial x_j = \sum_k u_k J_{kj}$, so its gradient is $J^\top u$: just what a backward
# pass computes when u comes in as the upstream gradient.
#
# Can a wrong rule, one with another matrix, escape? Let E be the difference of the two matrices. We see E u. For u with
# independent entries of variance 1, $\mathbb{E}[u_k u_l]$ is 1 for k = l and 0 otherwise, so
#
# $$ \mathbb{E}\,\|E u\|^2 = \sum_j \sum_{k,l} E_{jk} E_{jl}\,\mathbb{E}[u_k u_l] = \sum_{j,k} E_{jk}^2 . $$
#
# On average none of the error is lost. And E u is exactly 0 only if u lies in the null space of E; unless E is 0,
# that is a plane of fewer dimensions, which a Gaussian u hits with probability 0.
#
# The same trick on the other side: move *all* weights at once, along a random v. The slope along v is
# $\langle \nabla L, v\rangle$, and two evaluations measure it, however many weights there are. Here is a network
# on digits, and two programs for its gradient; one forgets the biases.

# %%
digits = handwritten("test")
images, labels = digits.x[:100].reshape(100, -1).astype(np.float64), digits.y[:100]
rng = np.random.default_rng(2)
weights = [rng.standard_normal(s) / 5 for s in ((images.shape[1], 32), (32,), (32, 10), (10,))]


def loss(w1, b1, w2, b2):
    return mg.nn.cross_entropy_loss(mg.dense(mg.tanh(mg.dense(images, w1, b1)), w2, b2), labels)


tensors = [mg.tensor(w, requires_grad=True) for w in weights]
right = [g.numpy() for g in mg.grad(loss(*tensors), tensors)]
wrong = [g if g.ndim == 2 else np.zeros_like(g) for g in right]  # no gradient for the biases
mismatch = {"right": [], "no biases": []}
for _ in range(100):
    vs = [rng.standard_normal(w.shape) for w in weights]
    ends = [float(loss(*(w + step * v for w, v in zip(weights, vs, strict=True)))) for step in (1e-5, -1e-5)]
    along = (ends[0] - ends[1]) / 2e-5
    for name, gradient in (("right", right), ("no biases", wrong)):
        claim = sum((g * v).sum() for g, v in zip(gradient, vs, strict=True))
        mismatch[name].append(abs(claim - along) / abs(along))
print(f"{sum(w.size for w in weights)} weights, of which biases: {sum(w.size for w in weights if w.ndim == 1)}")
figure, axis = plt.subplots(figsize=(7, 2.6), layout="constrained")
for name, values in mismatch.items():
    axis.hist(np.log10(values), bins=np.arange(-12, 3, 0.25), alpha=0.7, label=name)
axis.set(xlabel="log10 of the relative mismatch along a random direction", ylabel="of 100 directions")
axis.legend()
plt.show()

# %% [markdown]
# A hundred out of a hundred. One direction says *that* something is wrong; to say *where*, measure entry by entry, as
# the library's check does. It takes a random u for the outputs, and entries one at a time:

# %%
print(mg.check_gradients(lambda x: mg.softmax(x) * mg.sigmoid(x), np.random.default_rng(3).standard_normal((3, 4))))

# %% [markdown]
# ## A misconception, put to the test: the sum is enough
#
# *"I call backward on the sum of the outputs, and check that."* The sum is the direction u = (1, ..., 1). It is not random,
# and for many operations it is a special direction. Here are four wrong rules, of the kind that people write. Which of them does the sum find?


# %%
def standard(x):
    return (x - x.mean(0)) / x.std(0)  # over the batch, as batch norm does


def softmax(x):
    return np.exp(x) / np.exp(x).sum(1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def measure(f, x, u):
    """The gradient of <f(x), u>."""
    slopes = numeric_derivatives(lambda x: (f(x) * u).sum(), x.copy(), np.ndindex(*x.shape))
    return slopes[:, 0].reshape(x.shape)


suspects = {
    "softmax:\nreturns zeros": (softmax, lambda x, g: np.zeros_like(x)),
    "batch norm:\nreturns zeros": (standard, lambda x, g: np.zeros_like(x)),
    "sigmoid:\nignores upstream": (sigmoid, lambda x, g: sigmoid(x) * (1 - sigmoid(x))),
    "x[::-1]:\nnot turned back": (lambda x: x[::-1], lambda x, g: g),
}
x = np.random.default_rng(4).standard_normal((5, 3))
figure, axis = plt.subplots(figsize=(9, 2.8), layout="constrained")
for shift, name, u in ((-0.2, "all ones", np.ones((5, 3))), (0.2, "random", rng.standard_normal((5, 3)))):
    errors = [abs(rule(x, u) - measure(f, x, u)).max() for f, rule in suspects.values()]
    axis.bar(np.arange(4) + shift, errors, 0.35, bottom=1e-13, label=f"direction: {name}")
axis.axhline(1e-7, color="0.3", linestyle="--", label="above: found")
axis.set(yscale="log", ylabel="largest error", ylim=(1e-13, 30), xlim=(-0.5, 3.5))
axis.set_xticks(range(4), suspects)
axis.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# None. The outputs of a softmax add up to 1 *whatever* x is, those of a batch norm to 0, so the gradient of their sum is
# zero, and a rule that returns zeros is right there. A direction of ones also makes multiplying by the upstream gradient,
# and the order of its entries, invisible.
#
# What the right rule for the softmax is follows from $y_k = e^{x_k} / S$ with $S = \sum_i e^{x_i}$. As
# $\partial S/\partial x_j = e^{x_j}$, the rule for quotients gives
#
# $$ \frac{\partial y_k}{\partial x_j} = \frac{[k = j]\, e^{x_j} S - e^{x_k} e^{x_j}}{S^2} = y_k\,\big([k = j] - y_j\big), \qquad \frac{\partial L}{\partial x_j} = \sum_k g_k\, y_k \big([k = j] - y_j\big) = y_j \Big( g_j - \sum_k g_k y_k \Big). $$
#
# **Exercise 02.3.** `softmax_backward`. The upstream gradient is random.

# %%
check("02.3")

# %% [markdown]
# ## Kinks
#
# A ReLU, max(x, 0), has no derivative at 0: the slope is 0 on the left and 1 on the right, and a central difference gives 1/2.
# Programs return 0 there, or 1, and neither is wrong. How does a check tell a kink from a mistake? By the slopes on
# either side. On a smooth function their gap is $h f''$, up to higher terms, and shrinks with the step. At a kink it stays.

# %%
figure, axis = plt.subplots(figsize=(6, 2.8), layout="constrained")
steps = 10.0 ** np.arange(-6, 0)
functions = {
    "x^2, smooth": np.square,
    "relu at 0": lambda x: max(x, 0.0),
    "relu at 0.001": lambda x: max(x + 1e-3, 0.0),
}
for name, f in functions.items():
    gaps = [abs((f(h) - f(0.0)) / h - (f(0.0) - f(-h)) / h) for h in steps]
    axis.loglog(steps, np.maximum(gaps, 1e-7), "o-", label=name)
axis.set(xlabel="step h", ylabel="gap of the slopes left and right")
axis.legend(fontsize=8)
plt.show()
print(mg.check_gradients(lambda x: mg.relu(x), np.array([-1.0, 0.0, 0.5, 2.0]), order=1))
show_source(slopes.Line.slope)

# %% [markdown]
# (A gap of 0 is drawn at 1e-7.) The third curve is the trap: a kink *within* the step spoils the measurement although there is a derivative at the
# point itself. So the library takes two steps, h and h/2. With D for the central difference and G for the gap,
#
# $$ \frac{4 D(h/2) - D(h)}{3} = f' + O(h^4), \qquad \text{error} \le |D(h) - D(h/2)| + |2\,G(h/2) - G(h)| + \text{rounding} . $$
#
# The first is Richardson's extrapolation: the terms in h^2 cancel. The second is the honest part: on a smooth function
# 2 G(h/2) is G(h), at a kink it is twice as large. And h is relative to x, for at x = 1e-4 a step of 1e-5 is long, and at
# 1e8 it is nothing. Where no step makes that error small, the answer is neither right nor wrong: *cannot tell*.
# Rounding counts only in the outputs that depend on x; in the others f(x + h) and f(x - h) are equal to the last bit.
#
# ## When are two numbers equal?
#
# Never, if one of them was measured. Allow an error relative to the measured slope, as ten digits of 1000 are not ten of 0.001;
# and add an absolute one, for slopes that are 0 but are measured as 1e-11. Then ask the question so that NaN fails it:

# %%
error = np.array([0.5, 3.0, np.nan])
print("wrong, asked as error > 1:        ", error > 1)
print("wrong, asked as not (error <= 1): ", ~(error <= 1))

# %% [markdown]
# **Exercise 02.4.** `error_ratios`. With it you have a complete check: measure, compute, compare.

# %%
check("02.4")

# %% [markdown]
# ## A right gradient of a wrong model
#
# The check compares a program with itself: the derivative with the values. It cannot know which values you wanted.
# Here are two programs that should draw from a Gaussian of mean m and *variance* e^v, given standard noise (it is the
# heart of lesson 6). **Predict:** which one does the gradient check refuse?

# %%
noise = np.random.default_rng(5).standard_normal(20000)
samplers = {
    "m + exp(v / 2) noise": lambda m, v: m + mg.exp(v / 2) * noise,
    "m + exp(v) noise": lambda m, v: m + mg.exp(v) * noise,
}
m, v = np.array([0.3]), np.array([-2.0])
figure, axis = plt.subplots(figsize=(6, 2.6), layout="constrained")
for name, sampler in samplers.items():
    verdict = "right" if mg.check_gradients(sampler, m, v) else "WRONG"
    z = sampler(m, v)
    print(f"{name:21} gradient {verdict}; variance {z.var():.4f}, wanted {np.exp(v[0]):.4f}")
    axis.hist(z, bins=80, range=(-1, 1.6), alpha=0.6, density=True, label=name)
axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# Neither. Only the *value* shows it: the variance of the samples. So beside each gradient check in this course there is
# a check of a value or of a property, and when you write a model of your own, you need both.
#
# ## Something to play with
#
# If a function can be computed with complex numbers, a step in the imaginary direction needs no subtraction:
# $f(x + ih) = f + ih f' - \ldots$, so f' is the imaginary part over h, with nothing to cancel. Put in other functions,
# and other points. When does it fail? (Try `abs`.)

# %%
f, exact, at = np.sin, np.cos, 1.0
steps = 10.0 ** np.arange(-20.0, 0, 0.5)
central = np.array([abs((f(at + h) - f(at - h)) / (2 * h) - exact(at)) for h in steps])
imaginary = np.array([abs(f(at + 1j * h).imag / h - exact(at)) for h in steps])
figure, axis = plt.subplots(figsize=(6, 2.8), layout="constrained")
axis.loglog(steps, np.maximum(central, 1e-17), label="central")
axis.loglog(steps, np.maximum(imaginary, 1e-17), label="imaginary step")
axis.set(xlabel="step h", ylabel="error")
axis.legend()
plt.show()

# %% [markdown]
# ## Where to go next
#
# - Nocedal & Wright 2006, *Numerical Optimization*, section 8.1: finite differences and their errors.
# - Baydin, Pearlmutter, Radul & Siskind 2018, *Automatic differentiation in machine learning: a survey*, section 2: what
#   automatic differentiation is not.
# - Squire & Trapp 1998, *Using complex variables to estimate derivatives of real functions*, SIAM Review 40(1): the
#   imaginary step.
# - Goodfellow, Bengio & Courville 2016, *Deep Learning*, section 11.5: gradient checks among other ways to find faults.
# - In the library: `minigen/autodiff/checking.py`, with the second order, and `causes.py`, the patterns of mistakes.
# - Lesson 3 builds a network whose gradients you can now trust.
