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
# # Lesson 22: Flow matching, and quality for time
#
# **Afterwards you can** derive which velocity carries noise to data, train a network on it, follow it with Euler's and
# Heun's rule and say how their errors fall, turn the noise that a diffusion model guesses into a velocity, pair noise
# and data so that a few steps are enough, and compare models by quality *and* time.
#
# **Time:** 45 minutes to read, about two hours with the six exercises. **You need** the ring of lesson 9, the change of
# variables of lesson 19, and the diffusion of lesson 21.
#
# First the picture: noise on the left, the ring of eight clusters on the right, and three moments between them. Each
# point moves along a velocity that a network has learnt. Its colour tells in which cluster it ends.
#
# ![A cloud of noise becomes a ring of eight clusters, at five moments](opening.png)

# %%
import itertools
import time

import numpy as np

import minigen as mg
from minigen.lessons import Choice, Slider, animate, check, move, predict, quiz, show_source
from minigen.lessons.pictures import flow_matching, gan_ring

flows = {"random": flow_matching.new_flow()}
courses = {"random": flow_matching.fit(flows["random"], steps=3000, looks=10)}
flow_matching.opening(flows["random"])

# %% [markdown]
# The trainings and the drawings stand in `minigen/lessons/pictures/flow_matching.py`. The network sees the ring's
# points divided by their deviation, which is 0.71, as the library does with all points. So in the pictures of this
# lesson the ring has a radius of 1.41, and each cluster a deviation of 0.07.
#
# ## A velocity that moves a cloud
#
# A *velocity field* u gives a velocity for each place x and time t. A point that follows it obeys the *ordinary
# differential equation*
#
# $$ \frac{dx}{dt} = u(x, t), \qquad t \text{ from } 0 \text{ (noise) to } 1 \text{ (data)} . $$
#
# Let a whole cloud of points follow it, with the density p(x, t). How does the density change? On a line, look at the
# piece from a to b. The probability inside changes only by what comes in at a and what goes out at b. In a time dt all
# points cross an end that had less than u dt to go, so
#
# $$ \frac{d}{dt} \int_a^b p\,dx = p(a, t)\,u(a, t) - p(b, t)\,u(b, t) = -\int_a^b \frac{\partial (p\,u)}{\partial x}\,dx . $$
#
# This holds for every piece, so the integrands are equal. With D numbers there is such a term for each of them:
#
# $$ \frac{\partial p}{\partial t} = -\sum_i \frac{\partial (p\,u_i)}{\partial x_i} = -\operatorname{div}(p\,u) . $$
#
# This is the *continuity equation*. If the cloud at t = 0 is N(0, 1), then the velocity decides all that follows. Here
# is a velocity that ends at the ring. Move the time:

# %%
move(flow_matching.wind(), t=Slider(0.0, 1.0, 0.05, start=0.6, label="t"))

# %% [markdown]
# At first all arrows point to the middle. Only later do they tell one cluster from another. Why is that so?
#
# ## Lines, and their mean
#
# How do we find such a velocity? Take a point of noise $x_0$ and an example $x_1$, and go from one to the other on a
# straight line, in one unit of time:
#
# $$ x_t = (1 - t)\,x_0 + t\,x_1, \qquad \frac{dx_t}{dt} = x_1 - x_0 . $$
#
# (Here time runs from noise to data, as in the papers on flow matching. In lesson 21 it runs the other way.) At t = 0
# the density of $x_t$ is that of the noise, and at t = 1 that of the data. But the velocity $x_1 - x_0$ is of no use
# yet: whoever wants to generate has no $x_1$. So let a network v look at $x_t$ and t alone, and train it to answer $x_1
# - x_0$ in the mean square:
#
# $$ L = \mathbb{E}\,\big\lVert v(x_t, t) - (x_1 - x_0) \big\rVert^2 , \qquad \text{with } x_0, x_1, t \text{ drawn anew.} $$
#
# **The best answer is a mean.** Write $u(x, t) = \mathbb{E}[x_1 - x_0 \mid x_t = x]$ for the mean over all lines that
# pass the place x at the time t. Add and subtract u in the square. The mixed term is $2\,\mathbb{E}\,\langle v - u,\; u
# - (x_1 - x_0)\rangle$. For a given $x_t$ the first factor is fixed and the second has the mean 0, so it vanishes:
#
# $$ L = \mathbb{E}\,\lVert v - u \rVert^2 + \mathbb{E}\,\lVert u - (x_1 - x_0) \rVert^2 . $$
#
# The second term does not depend on the network: it is the variance of the lines around their mean. The first one is
# least, namely 0, for v = u.
#
# **And the mean carries the cloud.** Let $\varphi$ be any smooth function that vanishes far away. Follow its mean along
# the lines:
#
# $$ \frac{d}{dt} \mathbb{E}\,\varphi(x_t) = \mathbb{E}\,\langle \nabla\varphi(x_t),\, x_1 - x_0 \rangle = \mathbb{E}\,\langle \nabla\varphi(x_t),\, u(x_t, t) \rangle , $$
#
# by the chain rule, and because only the mean of $x_1 - x_0$ counts once $x_t$ is known. Write both ends as integrals
# over the density p of $x_t$, and integrate the right one by parts:
#
# $$ \int \varphi\,\frac{\partial p}{\partial t}\,dx = \int \langle \nabla\varphi,\, u \rangle\, p\,dx = -\int \varphi\,\operatorname{div}(p\,u)\,dx . $$
#
# It holds for every $\varphi$, so p and u satisfy the continuity equation. But that equation is what points obey that
# *follow* u. Both clouds begin as N(0, 1), and for a smooth u the equation has one solution from there. So **points
# that follow the mean velocity have at each time the same density as points on the lines**, and at t = 1 that of the
# data. Regression on $x_1 - x_0$ is all that is needed. This is *flow matching* (more exactly *conditional flow
# matching*, because the target belongs to one known pair). The library's loss:

# %%
from minigen.models.diffusion.flow_matching import FlowMatching

show_source(FlowMatching.loss)

# %% [markdown]
# (`spread_out` draws times evenly. The `pairing` comes later: at first each example gets some noise at random.)
#
# **Exercise 22.1.** `interpolate`. **Exercise 22.2 (derivation).** `mixture_velocity`: for a mixture of Gaussians the
# best velocity has a formula. The arrows above were drawn with it.

# %%
check("22.1")

# %%
check("22.2")

# %% [markdown]
# With the formula we can check both halves of the argument. First the continuity equation, by differences, at a few
# places at t = 0.6:

# %%
places, t, h = np.random.default_rng(0).uniform(-1.5, 1.5, (4, 2)), 0.6, 1e-4


def density(x, t):
    return np.exp(flow_matching.shares(x, t)[0])


def flux(x, t):
    return density(x, t)[:, None] * flow_matching.best_velocity(x, t)


change = (density(places, t + h) - density(places, t - h)) / (2 * h)
outflow = sum((flux(places + e, t) - flux(places - e, t))[:, i] / (2 * h) for i, e in enumerate(h * np.eye(2)))
for a, b in zip(change, outflow, strict=True):
    print(f"change of the density {a:+.5f}, less what flows out {-b:+.5f}")

# %% [markdown]
# Then the two terms of the loss, on 20 000 fresh lines:

# %%
rng = mg.Generator(5)
x_1, x_0 = gan_ring.ring(20_000, rng) / flow_matching.SCALE, rng.normal((20_000, 2))
times = rng.uniform((20_000, 1)).astype(np.float64)
x_t, line = (1 - times) * x_0 + times * x_1, x_1 - x_0
best = flow_matching.best_velocity(x_t, times)
with mg.no_grad():
    learnt = flows["random"].output(mg.tensor(x_t.astype(np.float32)), times[:, 0]).numpy()
print(f"always 0:           loss {np.mean(line**2):.4f}")
print(f"the best velocity:  loss {np.mean((line - best) ** 2):.4f}")
print(f"the network:        loss {np.mean((line - learnt) ** 2):.4f}")
print(f"the network's distance from the best velocity: {np.mean((learnt - best) ** 2):.4f}")

# %% [markdown]
# The loss of the network is the sum of the second and the last number, but for the chance of the draw. Most of the loss
# cannot be avoided, so its size says little about the quality of a flow.
#
# ## A misconception, put to the test
#
# *"The network is trained on straight lines, so its points go straight to an example, and one step is enough."*
#
# **Predict before you run.** Take one step of Euler's rule with the network, from t = 0 to t = 1: x = z + v(z, 0). How
# far from the middle of the ring do the points end, in units of the ring's radius? (a) below 0.2: they gather in the
# middle. (b) From 0.2 to 0.8. (c) Above 0.8: on the ring.

# %%
predict("22.a", ...)

# %%
z = flow_matching.even_noise(400).astype(np.float32)
one_step = flow_matching.carry(flows["random"], z, 1)
radius = np.linalg.norm(one_step, axis=1).mean()
print(f"mean distance from the middle after one step: {radius:.2f} of the ring's radius")

# %% [markdown]
# At t = 0 the place is the noise itself, and the noise says nothing of the example that it is paired with. So the mean
# of $x_1 - x_0$ is the mean of all data, less $x_0$: every arrow points to the middle. The lines are straight, but they
# cross, and the mean velocity turns wherever lines from elsewhere join or leave. Two points that follow a
# smooth velocity can *not* cross: at one place and one time there is only one velocity. So the ways must bend.

# %%
from minigen.models.diffusion.flow_matching import paired

few = flow_matching.even_noise(40)
ends = flow_matching.even_ring(40)[np.random.default_rng(1).permutation(40)] / flow_matching.SCALE
known = flow_matching.known_flow()
order = paired(mg.tensor(few), mg.tensor(ends))
flow_matching.crossing(few, ends, order, flow_matching.path(known, few, 200))

# %% [markdown]
# (The picture in the middle comes later.) What was promised is the *density* at each time, and not which point goes
# where.
#
# ## Steps
#
# How many steps do bent ways need? *Euler's rule* goes along the velocity for a time h, as if it stayed the same. By
# Taylor's formula
#
# $$ x(t + h) = x + h\,u(x, t) + \tfrac12 h^2\,x''(t) + O(h^3) . $$
#
# A step of Euler's keeps the first two terms. Its error is about $\frac12 h^2 \lVert x'' \rVert$: 0 for a straight way
# of constant speed. There are 1/h steps, and each error is carried on by a smooth velocity. So the error at the end is
# proportional to h. Euler's rule has the *order* 1.
#
# *Heun's rule* looks again at where Euler's step ends, and goes along the mean of both velocities. As the rate of
# change is x' at the beginning and $x' + h\,x'' + O(h^2)$ at the end of the step, the step is
#
# $$ h\,\tfrac12\big(x' + x' + h\,x'' + O(h^2)\big) = h\,x' + \tfrac12 h^2\,x'' + O(h^3) . $$
#
# (The place where it looks is wrong by $O(h^2)$, and so is the velocity there; times h that is $O(h^3)$ too.) So
# the error of a step is $O(h^3)$, and the error at the end is proportional to h²: order 2. It costs two evaluations a
# step, so a fair comparison counts *evaluations of the velocity*, not steps.
#
# **Exercise 22.3.** `heun`.

# %%
check("22.3")

# %% [markdown]
# **Predict before you run.** We follow the known velocity with Heun's rule. The error with 320 evaluations, divided by
# the error with 640: what is it?

# %%
predict("22.b", ...)


# %%
def even_heun(x, evaluations):
    """Heun's rule with equal steps of the time."""
    u = flow_matching.best_velocity
    for t, s in itertools.pairwise(np.linspace(0, 1, evaluations // 2 + 1)):
        first = u(x, t)
        x = x + (s - t) * (first + u(x + (s - t) * first, s)) / 2
    return x * flow_matching.SCALE


starts, counts = flow_matching.even_noise(200), (10, 20, 40, 80, 160, 320, 640)
exact = flow_matching.carry(known, starts, 3000, "heun")
errors = {"Euler": [], "Heun": [], "Heun, even steps": []}
for n in counts:
    ends = [flow_matching.carry(known, starts, n, solver) for solver in ("euler", "heun")] + [even_heun(starts, n)]
    for values, end in zip(errors.values(), ends, strict=True):
        values.append(np.linalg.norm(end - exact, axis=1).mean())
flow_matching.orders(counts, errors)
fall = errors["Heun"][-2] / errors["Heun"][-1]
print(f"from 320 to 640 evaluations the error of Euler falls to 1/{errors['Euler'][-2] / errors['Euler'][-1]:.2f},")
print(
    f"that of Heun to 1/{fall:.2f}; with 10 evaluations: Euler {errors['Euler'][0]:.4f}, Heun {errors['Heun'][0]:.4f}"
)

# %% [markdown]
# The order says how fast an error *falls* once the steps are small. It does not say that the error is smaller for a
# given number of steps: with few evaluations Heun's steps are twice as long, and it gains little.
#
# The third curve has equal steps of the time. Near t = 1 the cloud is as narrow as the clusters, and the velocity
# changes within a time of about 0.07, their deviation. So the library's steps become small there: its times are
# $\sin(\pi s / 2)$ for evenly spaced s. The order is the same, and the error is smaller. In the library:

# %%
from minigen.models.diffusion.flow_matching import carried

show_source(carried)

# %% [markdown]
# ## The density along the way
#
# A flow of lesson 19 is a map with an exact density. So is this one. Follow log p along the way of a point:
#
# $$ \frac{d}{dt} \log p(x(t), t) = \frac{1}{p}\Big(\frac{\partial p}{\partial t} + \langle u, \nabla p \rangle\Big) = \frac{1}{p}\big(-\operatorname{div}(p\,u) + \langle u, \nabla p \rangle\big) = -\operatorname{div} u , $$
#
# because div(p u) = p div u + <u, grad p>. Hence
#
# $$ \log p(x(1)) = \log \mathcal{N}(x(0); 0, 1) - \int_0^1 \operatorname{div} u(x(t), t)\,dt . $$
#
# The integral takes the place of the log-determinant, and this is called a *continuous normalizing flow*. The network
# needs no triangular Jacobian: any network will do. The price is many evaluations, and a divergence at each of them.

# %%
x, log_p, h = np.array([[0.3, 1.1], [-1.4, 0.2], [0.9, -0.6]]), 0.0, 1e-4
log_p = -0.5 * (x**2).sum(axis=1) - np.log(2 * np.pi)
u = flow_matching.best_velocity
for t, s in itertools.pairwise(np.sin(np.linspace(0, np.pi / 2, 2001))):
    m = (t + s) / 2  # the midpoint rule
    half = x + (m - t) * u(x, t)
    div = sum((u(half + e, m) - u(half - e, m))[:, i] / (2 * h) for i, e in enumerate(h * np.eye(2)))
    x, log_p = x + (s - t) * u(half, m), log_p - (s - t) * div
for ours, known_one in zip(log_p, flow_matching.shares(x, 1.0)[0], strict=True):
    print(f"log p: along the way {ours:.4f}, by the formula of the mixture {known_one:.4f}")

# %% [markdown]
# Lesson 19 also said what no flow can do: tear the plane.
#
# **Predict before you run.** With 50 evaluations, how many of the network's points lie farther than five deviations
# from all clusters? (a) Fewer than one in a thousand, (b) more than that, but less than a fifth, (c) a fifth or more.

# %%
predict("22.c", ...)

# %%
many = flow_matching.even_noise(2000).astype(np.float32)
outside = {}
for name, model in (("known velocity", known), ("network", flows["random"])):
    x = flow_matching.carry(model, many, 50)
    outside[name] = (np.linalg.norm(x[:, None] - gan_ring.RING, axis=2).min(axis=1) > 5 * gan_ring.SIGMA).mean()
    print(f"{name:14s}: {outside[name]:.2%} of the points are farther than 5 sigma from all clusters")
far = outside["network"]

# %% [markdown]
# The known velocity does not tear the plane either: it makes the bridges between the clusters so thin that hardly any
# point lies on one. For that it must be very steep where the lands of two clusters meet. The network is smoother.
#
# ## The same network, another path
#
# Lesson 21's diffusion looks at $a_t x + s_t z$. In the letters of this lesson that is $y = a\,x_1 + s\,x_0$, where
# $x_1$ is the example, $x_0$ the noise, and $a^2 + s^2 = 1$. It guesses the noise, $\mathbb{E}[x_0 \mid y]$. In the
# plane of the two weights, (a, s) runs along a quarter of a circle, and (t, 1 - t) along a line. Both go from (0, 1) to
# (1, 0), and each ray from the origin meets both. So y, divided by the right number, *is* a point of flow matching. The
# network is the same as well: it takes an example with noise and a time, and answers with an array of the same shape.
# Only the target differs.
#
# **Exercise 22.4 (derivation).** `velocity_of_guess`: from the guess of the noise to the velocity.

# %%
check("22.4")

# %% [markdown]
# The steps correspond, too. Let x follow the mean velocity. As $x_t - t\,(x_1 - x_0) = x_0$, we have
# $x - t\,u = \mathbb{E}[x_0 \mid x]$, and so
#
# $$ \frac{d}{dt}\,\frac{x}{t} = \frac{u\,t - x}{t^2} = -\frac{\mathbb{E}[x_0 \mid x]}{t^2}, \qquad \frac{d}{dt}\,\frac{1 - t}{t} = -\frac{1}{t^2} . $$
#
# Divide the first by the second: with $r = (1 - t)/t = s/a$, the ratio of noise to signal, and $y/a = x/t$,
#
# $$ \frac{d(y/a)}{dr} = \mathbb{E}[x_0 \mid y] . $$
#
# A step of Euler's along r is exactly a step of DDIM. So DDIM and flow matching follow the same ways, as far as their
# networks agree. They differ in the coordinates in which a step is straight, and in the times that training stresses.
#
# ## Lines that do not cross
#
# The ways bend because lines cross. Could the lines be drawn so that they do not? The derivation above never used that
# $x_0$ and $x_1$ are *independent*. It needs only that all $x_0$ together are N(0, 1) and all $x_1$ together are the
# data. So we may choose which noise is paired with which example.
#
# Suppose two lines meet: at some time t, $(1-t)\,a + t\,c = (1-t)\,b + t\,d$, where a and b are noise, c and d
# examples. Then $a - b = -\frac{t}{1-t}(c - d)$, and hence
#
# $$ \langle a - b,\, c - d \rangle = -\frac{t}{1-t}\,\lVert c - d \rVert^2 < 0 . $$
#
# What changes if the two exchange their ends? The squares of single points cancel, and what is left is
#
# $$ \lVert a-d \rVert^2 + \lVert b-c \rVert^2 - \lVert a-c \rVert^2 - \lVert b-d \rVert^2 = 2\,\langle a - b,\, c - d \rangle < 0 . $$
#
# The exchange makes the sum of squared lengths smaller. So in the pairing with the *smallest* sum no two lines meet at
# the same place and time. This is *optimal transport*. The root of the smallest mean square is the *Wasserstein-2
# distance*, $W_2$, and it is how we have to measure clouds as well: how far must points be carried to turn one cloud
# into the other? (Lesson 11 had the mean distance, $W_1$.) If no lines meet, the velocity at a place is that of the one
# line through it: the way *is* the line, and one step of Euler's follows it.
#
# **Exercise 22.5.** `pair_on_a_line`, where it is easy.

# %%
check("22.5")

# %% [markdown]
# In the plane it is an *assignment problem*, which SciPy solves (`linear_sum_assignment`), for each batch by itself.
# That is an approximation: lines of different batches still cross. How large should a batch be?

# %%
sizes, squares, milliseconds = (1, 4, 16, 64, 256), [], []
for size in sizes:
    found, start = [], time.process_time()
    for _ in range(512 // size):
        a, b = mg.tensor(rng.normal((size, 2))), mg.tensor(gan_ring.ring(size, rng) / flow_matching.SCALE)
        found.append(((a.numpy()[paired(a, b)] - b.numpy()) ** 2).sum(axis=1).mean())
    milliseconds.append((time.process_time() - start) / len(found) * 1000)
    squares.append(np.mean(found))
flow_matching.batches(sizes, squares, milliseconds)

# %% [markdown]
# Most of the gain is there with 64 pairs. For large batches the cost of the assignment grows faster than the square of
# their number. We take 128, as before. Now the same network, trained on optimal pairs. A step takes longer, as the
# pairs have to be found, so it gets half as many:

# %%
flows["optimal"] = flow_matching.new_flow("optimal")
courses["optimal"] = flow_matching.fit(flows["optimal"], steps=1500, looks=10)
for name, course in courses.items():
    loss, detour = np.mean(course.losses[-100:]), flow_matching.detour(flows[name])
    print(
        f"{name:8s}{course.seconds[-1]:5.1f} s of training, loss {loss:.3f}, ways {detour:.2f} times the straight line"
    )
each = {name: course.seconds[-1] / len(course.losses) for name, course in courses.items()}
print(f"a step on optimal pairs takes {each['optimal'] / each['random']:.1f} times as long")

# %% [markdown]
# The loss has nearly vanished, as there is hardly anything left to average. (So losses of two pairings cannot be
# compared.)
#
# **Predict before you run.** W2 to the ring, with 5 evaluations of Euler's rule. With optimal pairs it is (a) about
# the same as with random pairs, within a tenth; (b) better than that, but more than half of it; (c) less than half.

# %%
predict("22.d", ...)

# %%
from minigen.metrics.transport import wasserstein_2

counts, found = (1, 2, 3, 5, 10, 20, 50), {}
for (name, model), solver in itertools.product(flows.items(), ("Euler", "Heun")):
    ends = [flow_matching.carry(model, z, n, solver.lower()) for n in counts]
    found[f"{name}, {solver}"] = [flow_matching.quality(x) for x in ends]
floor = wasserstein_2(flow_matching.carry(known, z, 50), flow_matching.even_ring(400))
flow_matching.curves(counts, found, floor)
at_five = {name: found[f"{name}, Euler"][counts.index(5)] for name in flows}
for name in flows:
    shown = [f"{found[f'{name}, Euler'][counts.index(n)].w2:.3f} with {n}" for n in (1, 3, 5, 50)]
    print(f"{name:8s} W2 by evaluations, Euler: {', '.join(shown)}")
print(f"the known velocity, with 50: {floor:.3f}")

# %% [markdown]
# (W2 is taken between 400 points from evenly spread noise and 400 evenly spread points of the ring, so that it measures
# the model and not the luck of a draw: for the known velocity it is the dotted line.) With optimal pairs one evaluation
# is already worth as much as three or more with random ones. With many evaluations the two should be equally good: both
# then have the right density. What is left there is the error of the networks, and which of the two is ahead depends on
# the seed.
#
# With three and five evaluations Heun's rule is ahead of Euler's in W2, and later both are limited by the network. With
# two evaluations Heun's takes one step over the whole time, and looks at t = 1 at places where the network has seen
# hardly any line.
#
# See it for yourself: the ways of 48 points, and where 400 end.

# %%
move(
    flow_matching.ways(flows),
    evaluations=Slider(1, 30, 1, start=5, label="evaluations"),
    pairing=Choice(["random", "optimal"], "random", label="pairs"),
    solver=Choice(["euler", "heun"], "euler", label="rule"),
)

# %%
animate(flow_matching.flowing(flows), 15, seconds=0.2)

# %% [markdown]
# **Exercise 22.6 (open task).** `nearly_optimal_pairs`: find short lines yourself, without SciPy.

# %%
check("22.6")

# %% [markdown]
# ## Quality for time, beside the GAN
#
# A GAN needs a single evaluation for a sample. So which of the two should one take? Let the first game of lesson 9 run
# for about as long as our trainings took: the same ring, the same clock, the same measure. Beside it stands the same
# game with a generator whose rate is five times as high.

# %%
games = {"GAN": gan_ring.new_game(), "faster G": gan_ring.new_game()}
for (name, game), rate in zip(games.items(), (2e-4, 1e-3), strict=True):
    courses[name] = flow_matching.play(game, turns=1200, rates=(5e-3, rate), looks=10)
flow_matching.for_time(courses)
for name, course in courses.items():
    q = course.seen[-1]
    print(
        f"{name:8s} after {course.seconds[-1]:4.1f} s: W2 {q.w2:.3f}, {q.found} of 8 clusters, {q.good:.0%} within 3 sigma"
    )

# %% [markdown]
# (The flows are looked at with ten evaluations.) The game with the rates of lesson 9 reaches all clusters, but not
# equally often, and W2 notices that. With the faster generator clusters are lost. The right-hand picture does not tell:
# most of its points are good, as they crowd in the clusters that are left. Then the time of a sample:

# %%
noise = flow_matching.even_noise(10_000).astype(np.float32)
makers = {"GAN, 1": lambda: flow_matching.paint(games["GAN"], noise)}
for name, n in itertools.product(flows, (1, 5, 20)):
    makers[f"{name}, {n}"] = lambda name=name, n=n: flow_matching.carry(flows[name], noise, n)
for name, make in makers.items():
    start = time.process_time()
    x = make()
    spent, q = time.process_time() - start, flow_matching.quality(x[::25])
    print(f"{name:11s} evaluations: {1000 * spent:5.0f} ms for 10 000 points, W2 {q.w2:.3f}, {q.good:.0%} good")
clouds = {f"{name}, 1": flow_matching.paint(game, z) for name, game in games.items()}
clouds |= {f"{name}, {n}": flow_matching.carry(flows[name], z, n) for name, n in (("random", 5), ("optimal", 5))}
flow_matching.side_by_side(clouds)  # the number is that of the evaluations

# %% [markdown]
# Three things are to be read from this, for this ring and these networks:
#
# - **Training.** In the same time both flows come nearer to the ring than the games. Their loss is an ordinary regression
#   with one best v, while a game has to keep a balance between two rates. No cluster can be left out: its examples are in
#   the loss.
# - **Sampling.** The GAN's single evaluation is the cheapest. A flow pays for each evaluation, and how many it needs
#   depends on how bent its ways are. With optimal pairs even a single one comes nearer to the ring than the game does,
#   though fewer of its points are good.
# - **Both at once.** "Which is better?" has no answer without a budget. One that has 1 evaluation for a sample and one
#   that has 50 should choose differently.
#
# ## What holds, and what does not
#
# Derived: the best answer to the regression is the mean velocity; it carries the noise to the data for every pairing
# that keeps both sets; the orders of the two rules; lines of optimal pairs do not meet. Measured, on one ring in the
# plane: everything else. The plane is small, and 128 points fill it well. How much shorter do optimal pairs make the
# lines between noise and 128 images?

# %%
digits = mg.data.load("digits").x[:128].reshape(128, 64)
for name, x in (("the ring", gan_ring.ring(128, rng)), ("8x8 digits", digits)):
    b = (x - x.mean(axis=0)) / x.std()
    a = rng.normal(b.shape)
    alone, best = (((some - b) ** 2).sum(axis=1).mean() for some in (a, a[paired(mg.tensor(a), mg.tensor(b))]))
    print(
        f"{name:10s}: mean squared length {alone:6.2f} at random, {best:6.2f} with optimal pairs: {best / alone - 1:+.0%}"
    )

# %% [markdown]
# In 64 dimensions the points of noise are more nearly equally far from an image, so there is less to gain. What optimal
# pairs are worth for images must be measured on images, and so must the comparison with a GAN. `python -m minigen train
# flow-matching --data ring --pairing optimal` trains the library's model, and `--data digits` one of images.
#
# ## Five quick questions

# %%
quiz("22")

# %% [markdown]
# ## Where to go next
#
# - Lipman, Chen, Ben-Hamu, Nickel & Le 2023, [*Flow matching for generative modeling*,
#   arXiv:2210.02747](https://arxiv.org/abs/2210.02747): section 3 is our derivation, theorems 1 and 2.
# - Liu, Gong & Liu 2023, [*Flow straight and fast: learning to generate and transfer data with rectified flow*,
#   arXiv:2209.03003](https://arxiv.org/abs/2209.03003): the same lines, and a second training on the ends of the first
#   one's ways, which makes them straighter.
# - Tong et al. 2024, [*Improving and generalizing flow-based generative models with minibatch optimal transport*,
#   arXiv:2302.00482](https://arxiv.org/abs/2302.00482): section 3.2 has the optimal pairs.
# - Chen, Rubanova, Bettencourt & Duvenaud 2018, [*Neural ordinary differential equations*,
#   arXiv:1806.07366](https://arxiv.org/abs/1806.07366): the density along the way.
# - Song, Meng & Ermon 2021, [*Denoising diffusion implicit models*,
#   arXiv:2010.02502](https://arxiv.org/abs/2010.02502): section 4.3 has the differential equation of DDIM.
# - Karras, Aittala, Aila & Laine 2022, [*Elucidating the design space of diffusion-based generative models*,
#   arXiv:2206.00364](https://arxiv.org/abs/2206.00364): Heun's rule and the grid of times, for images.
# - In the library: `minigen/models/diffusion/flow_matching.py`; `tests/models/diffusion/test_flow_matching.py` checks the
#   orders and the pairs.
