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
# # Lesson 19: Change of variables
#
# **Afterwards you can** say what a map does to a density, derive the log-determinant, build a map that is cheap to undo
# and cheap to measure, check both by numbers, train a flow on its exact likelihood, and name what no flow can do.
#
# **Time:** 35 minutes to read, about two hours with the six exercises. **You need** lesson 1, and the determinant of a
# matrix. Lesson 6 helps.
#
# First the picture: a *normalizing flow* that was trained on two half moons. On the left are draws of z from N(0, 1),
# blue where the first number is negative and orange where it is not. In the middle is what the flow makes of each of
# these points. On the right is the density of x, which a flow knows exactly: no bound, no game.
#
# ![Draws of z, two moons made of them, and the density of the moons](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen.lessons import Slider, check, move, predict, quiz, show_source
from minigen.lessons.pictures import flows
from minigen.models.flows.coupling import Coupling

train, test = mg.data.load("moons").x, mg.data.load("moons", "test").x
flow = flows.new_flow()
losses = flows.fit(flow, train, steps=800)
flows.opening(flow)

# %% [markdown]
# The training and the drawing code stand in `minigen/lessons/pictures/flows.py`; `show_source(flows.fit)` shows the
# training.
#
# A VAE bounds the likelihood (lesson 6), and a GAN has none (lesson 9). A flow has the likelihood itself. It pays for
# that with a condition on the map from z to x: the map can be undone.
#
# ## One number
#
# Let z be a random number with the density p(z), and let x be made from it by a rising map, which a map f takes back:
# z = f(x). How dense is x? Probability is neither made nor lost. The probability of x between a and b is that of z
# between f(a) and f(b):
#
# $$ \int_a^b p_X(x)\,dx = \int_{f(a)}^{f(b)} p_Z(z)\,dz . $$
#
# Differentiate both sides with respect to b. The left-hand side gives $p_X(b)$, and by the chain rule the right-hand
# side gives $p_Z(f(b))\,f'(b)$. For a falling map the two ends change places, and f' is negative. In both cases
#
# $$ p_X(x) = p_Z(f(x))\,|f'(x)| . $$
#
# **Predict before you run.** N(0, 1) has the density 0.40 at z = 0. Let x = 2 z + 1. What is the density of x at
# x = 1, which is where z = 0 goes?

# %%
predict("19.a", ...)

# %%
x = 2 * mg.Generator(0).normal((1_000_000,)) + 1
near = (np.abs(x - 1) < 0.05).mean() / 0.1  # the share in a strip around 1, over the width of the strip
print(f"density of x at 1, counted: {near:.3f}")

# %% [markdown]
# Where the line is stretched, the same probability lies on a longer piece, so the density falls. Here is a map that
# stretches the middle of the line for a > 0 and squeezes it for a < 0. Each strip keeps its area:

# %%
move(
    flows.stretched(),
    a=Slider(-0.3, 2.0, 0.1, start=2.0, label="a"),
    b=Slider(0.2, 2.0, 0.1, start=2.0, label="b"),
)

# %% [markdown]
# With a = 2 and b = 2 the hill has become two hills: the middle is stretched five times, so its density falls to a fifth.
#
# ## Many numbers
#
# For D numbers, f' becomes the *Jacobian*, the matrix $J_{ij} = \partial z_i / \partial x_j$. Near a point, f is the
# linear map J. It turns a small cube of volume h^D into a parallelepiped, and its volume is $h^D\,|\det J|$. The
# probability inside stays, so
#
# $$ \log p(x) = \log p(f(x)) + \log |\det J(x)| . $$
#
# This is the *change of variables*. For a map in several steps the Jacobians are multiplied, and the determinant of a
# product is the product of the determinants: the *log-determinants add up*.
#
# The trained flow, looked at as a map of the plane. Each dot tells how much the map from z to x stretches the
# area around it.

# %%
flows.stretched_plane(flow)

# %% [markdown]
# Does the number say what happens to an area? Take a small square of z, let the flow map its corners, and measure the
# area that they enclose. (The copy in float64 is there because the corners are so near to each other.)

# %%
h, exact = 1e-6, flows.in_float64(flow)
corner = np.array([0.9, -0.4])
square = corner + h * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
with mg.no_grad():
    image, log_dets = (part.numpy() for part in exact.bijection.inverse(mg.tensor(square)))
a, b = (image - image[0]).T
area = abs(a @ np.roll(b, -1) - b @ np.roll(a, -1)) / 2  # of a polygon, from its corners
print(f"area of the square {h * h:.1e}, of its image {area:.2e}: {area / h**2:.4f} times as large")
print(f"e^log_det, as the flow says it: {np.exp(log_dets[0]):.4f}")

# %% [markdown]
# **Exercise 19.1.** `log_density`, for the simplest flow: each number is shifted and stretched by itself.

# %%
check("19.1")

# %% [markdown]
# ## A map that is cheap both ways
#
# Any invertible network would do, but three things must be cheap: the map, its inverse, and its determinant. The
# determinant of a D x D matrix takes some D^3 multiplications, for each example and each layer. With D = 784 these are
# half a billion.
#
# A *triangular* Jacobian is the way out: its determinant is the product of its diagonal. An *affine coupling*
# cuts x into two halves. The first half stays and is shown to a network. The network says how the second half is
# stretched and shifted:
#
# $$ y_a = x_a, \qquad y_b = x_b \odot e^{s(x_a)} + t(x_a) . $$
#
# Nothing in $y_a$ depends on $x_b$, and each number of $y_b$ depends on one number of $x_b$ only. So
#
# $$ J = \begin{pmatrix} I & 0 \\ \text{anything} & \mathrm{diag}(e^s) \end{pmatrix}, \qquad \log |\det J| = \sum_j s_j . $$
#
# The network's own derivative stands in the corner that does not count. And to undo the coupling, the network is asked
# again, because $x_a$ is still there: $x_b = (y_b - t(x_a))\,e^{-s(x_a)}$. The network is never inverted, so it may be
# any network. In the library:

# %%
show_source(Coupling.forward)
show_source(Coupling.inverse)

# %% [markdown]
# Where s comes from a network, a large s makes e^s overflow. The library holds it within a bound, $s = c \tanh(h / c)$
# for the network's h, with a learnt c that starts at 1. The last layer of the network starts with zeros, so that
# each coupling begins as the identity.
#
# **Exercise 19.2.** `coupling`, and **Exercise 19.3.** `coupling_inverse`.

# %%
check("19.2")

# %%
check("19.3")

# %% [markdown]
# One coupling leaves half of the numbers as they are. So the halves change places before each coupling (`Swap`).
# Six couplings later every number has been moved three times. Move the slider from z to the moons:

# %%
move(flows.stages(flow), k=Slider(0, len(flow.bijection.maps), 1, start=10, label="maps"))

# %% [markdown]
# ## Trust, but measure
#
# A wrong sign in a log-determinant breaks nothing that you would see: the loss falls, and the samples look odd. So two
# checks belong to every flow. The inverse must give back what went in, and the log-determinant must be that of the
# Jacobian, taken column by column by differences (lesson 2).

# %%
x = test[:5]
with mg.no_grad():
    back = flow.bijection.inverse(flow.bijection(mg.tensor(x))[0])[0].numpy()
    x = x.astype(np.float64)
    log_det = exact.bijection(mg.tensor(x))[1]
    h, columns = 1e-6, []
    for e in np.eye(2) * h / 2:  # one number of x at a time
        columns.append((exact.bijection(mg.tensor(x + e))[0] - exact.bijection(mg.tensor(x - e))[0]).numpy() / h)
numeric = np.linalg.slogdet(np.stack(columns, axis=2))[1]  # J[n, i, j] = dz_i / dx_j
print("largest error of the inverse:", f"{np.abs(back - x).max():.1e}")
for ours, theirs in zip(log_det.numpy(), numeric, strict=True):
    print(f"log |det J|: the flow says {ours:7.3f}, the differences say {theirs:7.3f}")

# %% [markdown]
# ## Pixels
#
# Pixels lie in [0, 1], and z lies anywhere. So a flow of images begins with a *logit*. It is infinite for 0 and 1, so the
# pixels are shrunk a little first. Both steps change volumes, and it is easy to forget the determinant of the shrinking.
#
# **Exercise 19.4.** `logit_map`, with its log-determinant.

# %%
check("19.4")

# %% [markdown]
# ## Other maps
#
# Couplings are not the only maps with a cheap determinant. Here is one whose Jacobian is not triangular: it moves every
# point along one direction u, by an amount that depends on <w, x>.
#
# **Exercise 19.5 (derivation).** `planar_log_det`: what does a push along one direction do to volumes?

# %%
check("19.5")

# %% [markdown]
# ## Training, and what to hold it against
#
# Training is maximum likelihood, without any bound: draw a batch, and descend on the mean of -log p(x). The number
# that comes out is one of nats for a point. Two others say what it is worth. The plainest baseline is *one Gaussian*
# with the mean and the covariances of the training points. And because we know how the moons are drawn, we can compute
# the mean of -log p under the *true density*. On average no model can be below that.

# %%
lines = {"one Gaussian": flows.gaussian_nats(train, test), "the true density": flows.moons_nats(test)}
flows.curve(losses, lines)
reached = flows.nats(flow, test)
print(f"the flow on test points: {reached:.3f} nats; {reached - lines['the true density']:.3f} above the true density")

# %% [markdown]
# ## What no flow can do
#
# N(0, 1) is one hill, and there are two moons with a gap between them. In the data, a point farther than five
# deviations of the noise from the middle of both moons is as good as never seen.
#
# **Predict before you run.** How many of the flow's samples lie farther than that from both moons? (a) fewer than one
# in a thousand, as in the data; (b) more than that, but less than a fifth; (c) a fifth or more.

# %%
predict("19.b", ...)

# %%
samples = flow.sample(10_000, mg.Generator(5)).numpy()
far = flows.distance(samples) > 5 * flows.NOISE
far_data = (flows.distance(test) > 5 * flows.NOISE).mean()
flows.bridge(samples[:3000], far[:3000])
print(f"far from both moons: {far.mean():.1%} of the samples, {far_data:.2%} of the data")

# %% [markdown]
# A flow is continuous in both directions. It can bend, stretch and squeeze the plane, but it cannot tear it. The plane
# is connected, so what a flow makes of it is connected too: between the moons a bridge must remain. A good flow makes
# it thin, and it never vanishes. (How much of it there is depends on the seed and on the training.)
#
# For the same reason a flow has as many numbers in z as in x. It cannot leave out what does not matter, as the narrow
# code of a VAE does.
#
# ## A misconception, put to the test
#
# *"A loss of -log p cannot be below zero, because a probability is at most 1."* That holds for probabilities. A density
# is a probability *for each unit of volume*, and so it depends on the units. Write down the same moons in units that are
# ten times as large, so that every number is a tenth of what it was. The best flow is then the old one with a map in
# front of it that multiplies by 10.
#
# **Predict before you run.** By how many nats does the loss change? (Write a fall as a negative number.)

# %%
predict("19.c", ...)


# %%
def times_ten(x):
    """y = 10 x for two numbers, and its log-determinant: an area becomes 100 times as large."""
    return 10 * x, np.full(len(x), np.log(100), np.float32)


with mg.no_grad():
    y, stretch = times_ten(mg.tensor(test / 10))
    z, log_det = flow.bijection(y)
    log_p = (-0.5 * (np.log(2 * np.pi) + z * z)).sum(axis=1) + log_det + stretch
in_tens = -float(log_p.numpy().mean())
print(f"in the old units {reached:.3f} nats, in the new ones {in_tens:.3f}: {in_tens - reached:+.3f}")

# %% [markdown]
# Nothing was learnt between the two lines. A number of nats *of a density* means something only beside another one for
# the same data in the same units, and its sign means nothing at all.
#
# Now fit a flow yourself, and with your own hands: one coupling, two polynomials in place of a network.
#
# **Exercise 19.6 (open task).** `fit_banana`: reach the true density within 0.03 nats.

# %%
check("19.6")

# %% [markdown]
# For images there is worse than units. A pixel has one of 256 levels, and a density can be as large as it likes on 256
# points: the likelihood has no upper bound, and means nothing. Lesson 20 puts noise between the levels, and so turns a
# density into a bound on a probability. Then a flow can stand in one table with all the other models. `python -m
# minigen train realnvp --data digits` trains such a flow.
#
# ## Five quick questions

# %%
quiz("19")

# %% [markdown]
# ## Where to go next
#
# - Dinh, Sohl-Dickstein & Bengio 2017, [*Density estimation using Real NVP*,
#   arXiv:1605.08803](https://arxiv.org/abs/1605.08803): sections 3.1 to 3.4 are this lesson, 3.6 is for images.
# - Dinh, Krueger & Bengio 2015, [*NICE: non-linear independent components estimation*,
#   arXiv:1410.8516](https://arxiv.org/abs/1410.8516): couplings that only shift.
# - Rezende & Mohamed 2015, [*Variational inference with normalizing flows*,
#   arXiv:1505.05770](https://arxiv.org/abs/1505.05770), section 4: planar maps, inside a VAE.
# - Kingma & Dhariwal 2018, [*Glow: generative flow with invertible 1x1 convolutions*,
#   arXiv:1807.03039](https://arxiv.org/abs/1807.03039): a learnt mixture in place of the swap.
# - Papamakarios et al. 2021, [*Normalizing flows for probabilistic modeling and inference*,
#   arXiv:1912.02762](https://arxiv.org/abs/1912.02762): a survey; section 2 has the theory.
# - Cornish et al. 2020, [*Relaxing bijectivity constraints with continuously indexed normalising flows*,
#   arXiv:1909.13833](https://arxiv.org/abs/1909.13833): the bridge, and a way round it.
# - In the library: `minigen/models/flows`, a map a file; `tests/models/flows/jacobian.py` checks each of them as above.
