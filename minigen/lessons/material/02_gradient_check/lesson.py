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
# **Time:** 30 minutes to read, about two hours with the six exercises. **You need** lesson 1 (gradients of arrays).
#
# Four programs claim to compute the gradient of a layer, Y = tanh(x w), with respect to w. The *upstream gradient* dL/dY is
# an array u of random numbers. Each dot is one weight: to the right the slope that was *measured*, upwards the one
# that the program gives. One program is right.
#
# ![Four claimed gradients against the measured one: only one lies on the diagonal](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen.autodiff import numeric_derivatives
from minigen.lessons import Slider, check, handwritten, move, predict, quiz, show_source
from minigen.lessons.pictures import gradient_check as pictures

rng = np.random.default_rng(0)
x, w, u = rng.standard_normal((6, 4)), rng.standard_normal((4, 5)), rng.standard_normal((6, 5))
slope = 1 - np.tanh(x @ w) ** 2  # the derivative of tanh
claims = {"A": x.T @ (u * slope), "B": -x.T @ (u * slope), "C": x.T @ (u * slope) / len(x), "D": x.T @ slope}
pictures.claims(numeric_derivatives(lambda w: (np.tanh(x @ w) * u).sum(), w, np.ndindex(*w.shape))[:, 0], claims)

# %% [markdown]
# A lies on the diagonal. B has the wrong sign, C takes a mean instead of a sum, and D forgets u. Each mistake
# leaves its own pattern. The checks of this course use such patterns to name a mistake.
#
# A wrong gradient seldom stops a program. The loss falls, a little slower, to a slightly higher value, and you look for
# the fault in the learning rate. So we measure. (The pictures' code is in `minigen.lessons.pictures.gradient_check`;
# `show_source(pictures.claims)` shows it.)
#
# ## Measuring a slope
#
# The Taylor series of a smooth function, for a step to the right and a step to the left:
#
# $$ f(x \pm h) = f \pm h f' + \tfrac{h^2}{2} f'' \pm \tfrac{h^3}{6} f''' + \tfrac{h^4}{24} f'''' \pm \ldots \qquad\text{(all at x).} $$
#
# The *forward difference* takes the first and f(x). The *central difference* subtracts the two, and all even terms cancel:
#
# $$ \frac{f(x+h) - f(x)}{h} = f' + \frac{h}{2} f'' + \ldots, \qquad \frac{f(x+h) - f(x-h)}{2h} = f' + \frac{h^2}{6} f''' + \ldots $$
#
# So half the step gives half the error of the forward difference, and a quarter of the error of the central one. The
# price: for n entries the forward difference takes n + 1 evaluations, the central one 2n. Move the step and compare the
# two errors.

# %%
move(pictures.secants, h=Slider(0.05, 1.0, 0.05, start=0.5, label="step h"))

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
# The error of the central difference is $h^2 f''' / 6$, which for h = 1e-12 is about 1e-25. Can that be?
#
# **Predict before you run.** You measure the slope of exp near 1 with a central difference and h = 1e-12, in float64. How
# large is the relative error?
#
# (a) about 1e-25 &nbsp; (b) about 1e-16 &nbsp; (c) about 1e-10 &nbsp; (d) about 1e-4

# %%
predict("02.a", ...)

# %%
eps = {"float64": 1.1e-16, "float32": 6e-8}
places = np.random.default_rng(1).uniform(0.5, 1.5, 100)
steps = 10.0 ** np.arange(-14, 0.1, 0.25)
curves = {}
for dtype in (np.float64, np.float32):
    at, truth = places.astype(dtype), np.exp(places.astype(dtype).astype(np.float64))
    h = steps[steps > 5 * eps[dtype.__name__]].astype(dtype)[:, None]  # below it, x + h is x
    forward = (np.exp(at + h) - np.exp(at)) / h
    central = (np.exp(at + h) - np.exp(at - h)) / (2 * h)
    errors = [np.abs(measured / truth - 1).mean(axis=1) for measured in (forward, central)]
    curves[dtype.__name__] = (h[:, 0], *errors)
pictures.valley(curves, eps)
for name, (h, _, errors) in curves.items():
    print(f"{name}: smallest error of the central difference {errors.min():.0e}, at h = {h[errors.argmin()]:.0e}")
h, _, errors = curves["float64"]
error_at_1e12 = errors[np.argmin(np.abs(h - 1e-12))]
print(f"float64, h = 1e-12: error {error_at_1e12:.0e}")

# %% [markdown]
# Smaller is not better. To the right of the valley the error falls with h^2 (forward: with h). To the left it *rises* as
# h falls.
#
# The reason is that the computer rounds. It does not give f(x) but f(x)(1 + d) with |d| <= eps; in float64, eps is
# 1.1e-16. In the worst case the two roundings, each at most eps |f|, add up to 2 eps |f|, and are divided by 2h. Hence
#
# $$ \text{error}(h) \;\le\; \underbrace{\frac{\varepsilon\,|f|}{h}}_{\text{rounding}} \;+\; \underbrace{\frac{h^2}{6}\,|f'''|}_{\text{cutting the series}} . $$
#
# This is the dotted bound. It is smallest where its derivative is 0:
#
# $$ -\frac{\varepsilon |f|}{h^2} + \frac{h}{3}|f'''| = 0 \quad\Longrightarrow\quad h^3 = \frac{3\,\varepsilon\,|f|}{|f'''|}. $$
#
# Where f and f''' are of one size, that is h = 7e-6 in float64 and 6e-3 in float32, where eps is 6e-8. The error there is
# about eps^(2/3): ten digits or a little more in float64, and about five in float32. That is why gradients are checked in
# float64. (x + h is rounded as well. That has the same effect as a rounding of f by eps |x f'|, which is of the same size
# here.)
#
# **Exercise 02.2.** `best_step`.

# %%
check("02.2")

# %% [markdown]
# ## More points
#
# The central difference uses two points, and the errors of even order cancel. With more points, on both sides or on one,
# more errors cancel. What are the weights?
#
# **Exercise 02.5 (derivation).** `stencil`: for any n different points, find the weights for which the formula is exact for all
# polynomials up to the degree n - 1.

# %%
check("02.5")

# %% [markdown]
# ## Many outputs, one number
#
# A layer has n inputs and m outputs, so m n derivatives, the Jacobian J with $J_{kj} = \partial y_k / \partial x_j$. We
# need not look at all of them. Take a random direction u and make a number of the outputs, $s = \langle f(x), u\rangle$.
# By the chain rule $\partial s/\partial x_j = \sum_k u_k J_{kj}$, so its gradient is $J^\top u$. That is just what a backward
# pass computes when u comes in as the upstream gradient, as in the opening picture.
#
# Can a wrong rule, one with another matrix, escape? Let E be the difference of the two transposed Jacobians. We see E u. For
# u with independent entries of mean 0 and variance 1, $\mathbb{E}[u_k u_l]$ is 1 for k = l and 0 otherwise, so
#
# $$ \mathbb{E}\,\|E u\|^2 = \sum_j \sum_{k,l} E_{jk} E_{jl}\,\mathbb{E}[u_k u_l] = \sum_{j,k} E_{jk}^2 . $$
#
# On average none of the error is lost. And E u is exactly 0 only if u lies in the null space of E. Unless E is 0,
# that is a subspace of fewer dimensions, which a Gaussian u hits with probability 0.
#
# The same trick works on the other side: move *all* weights at once, along a random v. The slope along v is
# $\langle \nabla L, v\rangle$, and two evaluations measure it, however many weights there are. Here is a network
# on digits, and two programs for its gradient. One of them forgets the biases.

# %%
digits = handwritten("test")
images, labels = digits.x[:100].reshape(100, -1).astype(np.float64), digits.y[:100]
rng = np.random.default_rng(2)
weights = [rng.standard_normal(s) / 5 for s in ((images.shape[1], 32), (32,), (32, 10), (10,))]


def loss(w1, b1, w2, b2):
    return mg.nn.cross_entropy_loss(mg.dense(mg.tanh(mg.dense(images, w1, b1)), w2, b2), labels)


tensors = [mg.tensor(w, requires_grad=True) for w in weights]
right = [g.numpy() for g in mg.grad(loss(*tensors), tensors)]
gradients = {"right": right, "no biases": [g if g.ndim == 2 else np.zeros_like(g) for g in right]}
print(f"{sum(w.size for w in weights)} weights, of which biases: {sum(w.size for w in weights if w.ndim == 1)}")

# %% [markdown]
# **Predict before you run.** Only a few of the weights are biases. Of 100 random directions, each with two evaluations, how
# many show that the second program is wrong? (It counts as shown if
# the claimed slope is off by more than a ten-thousandth of the measured one.)

# %%
predict("02.b", ...)

# %%
mismatch = {"right": [], "no biases": []}
for _ in range(100):
    v = [rng.standard_normal(w.shape) for w in weights]
    ends = [float(loss(*(w + step * a for w, a in zip(weights, v, strict=True)))) for step in (1e-5, -1e-5)]
    along = (ends[0] - ends[1]) / 2e-5
    for name, gradient in gradients.items():
        claim = sum((g * a).sum() for g, a in zip(gradient, v, strict=True))
        mismatch[name].append(abs(claim - along) / abs(along))
logs = {name: np.log10(np.array(values)) for name, values in mismatch.items()}
xlabel = "log10 of the relative mismatch along a random direction"
pictures.histograms(logs, np.arange(-12, 3, 0.25), xlabel, "of 100 directions")
shown = {name: int((values > -4).sum()) for name, values in logs.items()}
print("directions that show a mistake:", shown)

# %% [markdown]
# The wrong program is found in all directions or nearly all, and the right one is not accused. (Its mismatch is largest along
# directions in which the loss hardly changes, as the error is relative to the slope.) One direction says *that* something
# is wrong. To say *where*, measure entry by entry, as the library's check does. It takes a random u for the outputs, and
# entries one at a time:

# %%
print(mg.check_gradients(lambda x: mg.softmax(x) * mg.sigmoid(x), np.random.default_rng(3).standard_normal((3, 4))))

# %% [markdown]
# ## A misconception, put to the test: the sum is enough
#
# *"I call backward on the sum of the outputs, and check that."* The sum is the direction u = (1, ..., 1). It is not random,
# and for many operations it is a special direction. Here are four wrong rules, of the kind that people write.
#
# **Predict before you run.** How many of the four wrong rules does the check of the sum find?
#
# (a) all four &nbsp; (b) two of them &nbsp; (c) none

# %%
predict("02.c", ...)


# %%
def standard(x):
    return (x - x.mean(0)) / x.std(0)  # over the batch, as batch norm does


def softmax(x):
    return np.exp(x) / np.exp(x).sum(1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


suspects = {  # by name: the function, and a wrong rule for its gradient
    "softmax:\nzeros": (softmax, lambda x, u: np.zeros_like(x)),
    "batch norm:\nzeros": (standard, lambda x, u: np.zeros_like(x)),
    "sigmoid:\nignores u": (sigmoid, lambda x, u: sigmoid(x) * (1 - sigmoid(x))),
    "x[::-1]:\nnot turned back": (lambda x: x[::-1], lambda x, u: u),
}
x = np.random.default_rng(4).standard_normal((5, 3))
largest = {}
for name, u in (("u all ones", np.ones((5, 3))), ("u random", rng.standard_normal((5, 3)))):
    largest[name] = []
    for f, rule in suspects.values():
        measured = numeric_derivatives(lambda x, f=f, u=u: (f(x) * u).sum(), x.copy(), np.ndindex(*x.shape))[:, 0]
        largest[name].append(np.abs(rule(x, u).ravel() - measured).max())
pictures.found(largest, list(suspects), limit=1e-7)
found_by = {name: int((np.array(errors) > 1e-7).sum()) for name, errors in largest.items()}
print("wrong rules found:", found_by)

# %% [markdown]
# The outputs of a softmax add up to 1 *whatever* x is, and those of a batch norm to 0. So the gradient of their sum is
# zero, and a rule that returns zeros is right there. A direction of ones also hides whether the rule multiplies by
# u, and whether it puts the entries of u into the right order.
#
# The right rule for the softmax follows from $y_k = e^{x_k} / S$ with $S = \sum_i e^{x_i}$. As
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
steps = 10.0 ** np.arange(-6, 0)
functions = {
    "x^2, smooth": np.square,
    "relu at 0": lambda x: max(x, 0.0),
    "relu at 0.001": lambda x: max(x + 1e-3, 0.0),
}
gaps = {
    name: np.array([abs((f(h) - f(0.0)) / h - (f(0.0) - f(-h)) / h) for h in steps]) for name, f in functions.items()
}
pictures.curves(steps, gaps, "gap of the slopes", floor=1e-7)
print(mg.check_gradients(lambda x: mg.relu(x), np.array([-1.0, 0.0, 0.5, 2.0]), order=1))
show_source(mg.autodiff.slopes.Line.slope)

# %% [markdown]
# (A gap of 0 is drawn at 1e-7.) The third curve is the trap: a kink *within* the step spoils the measurement, although
# there is a derivative at the point itself. So the library takes two steps, h and h/2. With D for the central difference
# and G for the gap,
#
# $$ \frac{4 D(h/2) - D(h)}{3} = f' + O(h^4), \qquad \text{error} \le |D(h) - D(h/2)| + |2\,G(h/2) - G(h)| + \text{rounding} . $$
#
# The first is Richardson's extrapolation: the terms in h^2 cancel. The second is an estimate of the error. On a smooth
# function 2 G(h/2) is nearly G(h); at a kink it is twice as large. And h is relative to x, for at x = 1e-4 a step of
# 1e-5 is long, and at 1e8 it is nothing. Where no step makes that error small, the answer is neither right nor wrong:
# *cannot tell*.
#
# ## When are two numbers equal?
#
# Never, if one of them was measured. Allow an error relative to the measured slope, because a slope of 1000 can only be
# measured to more decimals than it has digits. Add an absolute one, for slopes that are 0 but are measured as
# 1e-11. Then ask the question so that NaN fails it:

# %%
error = np.array([0.5, 3.0, np.nan])
print("wrong, asked as error > 1:        ", error > 1)
print("wrong, asked as not (error <= 1): ", ~(error <= 1))

# %% [markdown]
# **Exercise 02.4.** `error_ratios`. With it you have a complete check: measure, compute, compare.

# %%
check("02.4")

# %% [markdown]
# ## Two programs for one distribution
#
# Here are two programs that should draw from a Gaussian of mean m and *variance* e^v, given standard noise. (This is the
# heart of lesson 6.) The first computes m + exp(v / 2) noise, the second m + exp(v) noise.
#
# **Predict before you run.** Which one does the gradient check refuse?
#
# (a) the first &nbsp; (b) the second &nbsp; (c) both &nbsp; (d) neither

# %%
predict("02.d", ...)

# %%
noise = np.random.default_rng(5).standard_normal(20000)
samplers = {
    "m + exp(v / 2) noise": lambda m, v: m + mg.exp(v / 2) * noise,
    "m + exp(v) noise": lambda m, v: m + mg.exp(v) * noise,
}
m, v = np.array([0.3]), np.array([-2.0])
passed, samples = {}, {}
for name, sampler in samplers.items():
    passed[name], samples[name] = bool(mg.check_gradients(sampler, m, v)), sampler(m, v)
    verdict = "right" if passed[name] else "WRONG"
    print(f"{name:21} gradient {verdict}; variance {samples[name].var():.4f}, wanted {np.exp(v[0]):.4f}")
pictures.histograms(samples, np.linspace(-1, 1.6, 81), "sample", "of 20000")

# %% [markdown]
# The check compares a program with itself: the derivative with the values. It cannot know which values you wanted.
# Only the *value* shows the mistake: the variance of the samples. So beside each gradient check in this course there is
# a check of a value or of a property. When you write a model of your own, you need both.
#
# ## Many digits
#
# Ten digits are enough to find a mistake. Sometimes one wants more of them, for a reference or for a table. You have seen
# what limits them: the step, rounding, and the number of points.
#
# **Exercise 02.6 (open task).** `sharp_slope`: the slope of a function with many bends, with an error that is 11.5 digits
# below the slope. A central difference gets to about 10. Try it before you read on: there are several ways, and
# the next section shows one of them.

# %%
check("02.6")

# %% [markdown]
# ## Something to play with
#
# If a function can be computed with complex numbers, a step in the imaginary direction needs no subtraction:
# $f(x + ih) = f + ih f' - \ldots$, so f' is the imaginary part over h, with nothing to cancel. Put in other functions,
# and other points. When does it fail? (Try `abs`. An error of 0 is drawn at 1e-17.)

# %%
f, exact, at = np.sin, np.cos, 1.0
steps = 10.0 ** np.arange(-20.0, 0, 0.5)
central = np.array([abs((f(at + h) - f(at - h)) / (2 * h) - exact(at)) for h in steps])
imaginary = np.array([abs(f(at + 1j * h).imag / h - exact(at)) for h in steps])
pictures.curves(steps, {"central": central, "imaginary step": imaginary}, "error", floor=1e-17)

# %% [markdown]
# ## Five quick questions
#
# Run the cell, and then again with your five letters.

# %%
quiz("02")

# %% [markdown]
# ## Where to go next
#
# - Nocedal & Wright 2006, [*Numerical Optimization*,
#   doi:10.1007/978-0-387-40065-5](https://doi.org/10.1007/978-0-387-40065-5), section 8.1: finite differences and their errors.
# - Fornberg 1988, [*Generation of finite difference formulas on arbitrarily spaced grids*,
#   doi:10.1090/S0025-5718-1988-0935077-0](https://doi.org/10.1090/S0025-5718-1988-0935077-0): the weights for any points.
# - Baydin, Pearlmutter, Radul & Siskind 2018, [*Automatic differentiation in machine learning: a survey*,
#   arXiv:1502.05767](https://arxiv.org/abs/1502.05767), section 2: what automatic differentiation is not.
# - Squire & Trapp 1998, [*Using complex variables to estimate derivatives of real functions*,
#   doi:10.1137/S003614459631241X](https://doi.org/10.1137/S003614459631241X): the imaginary step.
# - Goodfellow, Bengio & Courville 2016, [*Deep Learning*](https://www.deeplearningbook.org), section 11.5: gradient checks
#   among other ways to find faults.
# - In the library: `minigen/autodiff/checking.py`, with the second order, and `causes.py`, the patterns of mistakes.
# - Lesson 3 builds a network whose gradients you can now trust.
