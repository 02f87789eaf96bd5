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
# # Lesson 21: Diffusion
#
# **Afterwards you can** turn lesson 13's denoiser into a generator: say what the best denoiser answers and derive the
# score from it, compute how noise comes in and how it is taken out again, derive the loss from a bound in nats, draw
# with few steps and say what that costs, guide a model to a class, and fill holes with a model that never saw one.
#
# **Time:** 45 minutes to read, about two hours with the six exercises. **You need** the bound of lesson 6 and the mean
# of all originals of lesson 13. Lesson 20 helps.
#
# First the picture: 1200 points of pure noise (left), which a trained network takes to eight small clusters on a ring.
# The colours say where each point ends.
#
# ![A cloud of noise, and three stages of its way to eight clusters on a ring](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen.lessons import Choice, Slider, animate, check, move, predict, quiz, show_source
from minigen.lessons.pictures import diffusion, yardstick
from minigen.metrics import baselines, modes_found, psnr
from minigen.models.diffusion.ddpm import Diffusion
from minigen.models.diffusion.noise import Noise

ring, ring_test = mg.data.load("ring"), mg.data.load("ring", "test").x
model = diffusion.train_points(ring.x)
diffusion.opening(model)

# %% [markdown]
# The module `diffusion` of this lesson's pictures trains and draws; `show_source(diffusion.train)` prints the training.
#
# A flow must find one map that turns noise into data, and one that can be undone (lesson 19). Diffusion goes a
# thousand small steps, and each of them needs only what lesson 13 could do: remove a little noise.
#
# ## Noise, a little at a time
#
# Take an example x. In each of T = 1000 steps it loses a little of itself, and noise comes in:
#
# $$ x_t = \sqrt{1-\beta_t}\;x_{t-1} + \sqrt{\beta_t}\;\varepsilon_t, \qquad \varepsilon_t \sim N(0, 1), \qquad x_0 = x . $$
#
# All the steps together are one step. Suppose that $x_{t-1} = a_{t-1}x + s_{t-1}z$ with $z \sim N(0,1)$ and
# $a_{t-1}^2 + s_{t-1}^2 = 1$. Then $x_t = \sqrt{1-\beta_t}\,a_{t-1}x$ plus a sum of two independent Gaussians, whose
# variances add up to $(1-\beta_t)\,s_{t-1}^2 + \beta_t = 1 - (1-\beta_t)\,a_{t-1}^2$. So again
#
# $$ x_t = a_t x + s_t z, \qquad a_t^2 = (1-\beta_1)\cdots(1-\beta_t), \qquad s_t^2 = 1 - a_t^2 . $$
#
# We can jump to any t at once. What matters is the *signal-to-noise ratio*, $R_t = a_t^2 / s_t^2$, which only falls.
# Two schedules are in use. *Linear*: $\beta_t$ rises evenly from 0.0001 to 0.02. *Cosine*: $a_t$ falls nearly as
# $\cos(\frac\pi2 \frac tT)$.
#
# **Predict before you run.** With the linear schedule and T = 1000: from which step on is there more noise than
# signal, $R_t < 1$?

# %%
predict("21.a", ...)

# %%
noise = {name: Noise(1000, name) for name in ("linear", "cosine")}
steps = np.arange(1, 1001)
drowned = {name: int(steps[schedule.ratio(steps) < 1][0]) for name, schedule in noise.items()}
print("more noise than signal from step:", drowned)
train, valid, test = yardstick.split()  # the 8x8 digits of lesson 20
diffusion.schedules(diffusion.pixels(train[:1])[0])

# %% [markdown]
# The linear schedule spends three quarters of its steps where the noise is stronger than the signal. That suits large
# images, in which neighbouring pixels tell the same thing. For small images and points we take the cosine.
#
# **Exercise 21.1.** `signal_and_deviation`, from any $\beta$.

# %%
check("21.1")

# %% [markdown]
# ## The best denoiser, at every noise level
#
# Lesson 13 proved it for noise, holes and coarse pixels alike: of all answers to $x_t$, the one with the lowest mean
# square error is the mean of all originals that are possible, $\mathrm{E}[x|x_t]$. Nothing in the proof depends on how
# much noise there is.
#
# For some data we can write this mean down. Our ring is a mixture of K = 8 Gaussians with centres $c_k$ and the
# deviation $\sigma = 0.01$. Given k, the noisy point is Gaussian too: $x_t \sim N(a c_k,\, a^2\sigma^2 + s^2)$. So
# Bayes' theorem says how likely each k is,
#
# $$ w_k \propto e^{-|x_t - a c_k|^2 / 2(a^2\sigma^2+s^2)}, \qquad \sum_k w_k = 1 . $$
#
# Given k *and* $x_t$, the mean of x is a regression of one Gaussian on another: $c_k$ plus covariance over variance
# times what $x_t$ is above its mean. The covariance of x and $a x + s z$ is $a\sigma^2$. Together
#
# $$ \mathrm{E}[x|x_t] = \sum_k w_k \Big( c_k + \frac{a\sigma^2}{a^2\sigma^2+s^2}\,(x_t - a c_k) \Big) . $$
#
# **Exercise 21.2.** `best_guess`. The rest of this lesson uses it as an oracle: a network with nothing left to learn.

# %%
check("21.2")

# %% [markdown]
# ## The score
#
# Let $p_t$ be the density of $x_t$. It is the density of the data, shrunk by a and blurred by the noise:
# $p_t(x_t) = \int p(x)\,N(x_t;\, a x,\, s^2)\,dx$. Differentiate with respect to $x_t$. Only the Gaussian depends on
# it, and its gradient is the Gaussian times $(a x - x_t)/s^2$:
#
# $$ \nabla p_t(x_t) = \int p(x)\,N(x_t; a x, s^2)\,\frac{a x - x_t}{s^2}\,dx . $$
#
# Divide by $p_t(x_t)$. By Bayes' theorem $p(x)\,N(x_t; a x, s^2)/p_t(x_t)$ is $p(x|x_t)$, and so the integral is a mean
# over the originals that are possible. On the left is the gradient of a logarithm. It is called the *score*:
#
# $$ \nabla \log p_t(x_t) = \frac{a\,\mathrm{E}[x|x_t] - x_t}{s^2} = -\frac{\mathrm{E}[z|x_t]}{s}, \qquad\text{as } x_t = a x + s z . $$
#
# This is *Tweedie's formula*. **Whoever can denoise knows the score**: in which direction, and how steeply, the
# density of the noisy data rises. No density had to be learned for that, and no constant that makes it sum to 1.
# Let us check it, with differences (lesson 2) of the exact $\log p_t$:

# %%
oracle = diffusion.best()  # the library's model of the ring, with the best network in it
t, h = 400, 1e-5
a, s = oracle.noise.signal[t], oracle.noise.deviation[t]
x_t = np.random.default_rng(0).standard_normal((4, 2))
score = (a * diffusion.best_guess(oracle, x_t, t) - x_t) / s**2
for i, e in enumerate(np.eye(2) * h):
    slope = diffusion.log_density(oracle, x_t + e, t) - diffusion.log_density(oracle, x_t - e, t)
    print(f"d log p / dx_{i + 1}: measured {np.round(slope / (2 * h), 5)}, by Tweedie {np.round(score[:, i], 5)}")

# %% [markdown]
# Move t. Grey is the density $p_t$, the arrows show the direction of the score, and each star is the best guess for the
# dot that it is joined to. At t = 900 all guesses are near the middle, the mean of the data. As the noise falls, the
# guesses move outwards, and at last each dot is told to go to the nearest cluster.

# %%
move(diffusion.field(), t=Slider(20, 980, 20, start=500, label="t"))

# %% [markdown]
# ## Back, a step at a time
#
# If we had $x_t$ *and* x, where was the chain at an earlier step s? (As an index s is that step, so $s_s$ is the
# deviation of the noise there.) By Bayes' theorem $q(x_s|x_t, x) \propto q(x_t|x_s)\,q(x_s|x)$, and both are
# Gaussians. With $\alpha = a_t/a_s$ the first one is $x_t \sim N(\alpha x_s,\, 1-\alpha^2)$. Precisions add up, so
# the variance $c^2$ of $x_s$ is
#
# $$ \frac1{c^2} = \frac{\alpha^2}{1-\alpha^2} + \frac1{s_s^2} \quad\Longrightarrow\quad c^2 = \frac{s_s^2\,(1-\alpha^2)}{\alpha^2 s_s^2 + 1 - \alpha^2} = \frac{s_s^2}{s_t^2}\,(1-\alpha^2) , $$
#
# since $\alpha^2 s_s^2 + 1 - \alpha^2 = 1 - \alpha^2 (1 - s_s^2) = 1 - \alpha^2 a_s^2 = 1 - a_t^2 = s_t^2$. The mean
# weighs what both say by their precisions, $c^2\,(\alpha x_t/(1-\alpha^2) + a_s x/s_s^2)$. Put in
# $x_t = a_t x + s_t z$, where z is the noise that is there, and $a_t = \alpha a_s$. Then x has the factor
# $c^2 a_s\,(\alpha^2/(1-\alpha^2) + 1/s_s^2) = a_s$, and z has $c^2 \alpha s_t/(1-\alpha^2) = \alpha s_s^2/s_t$. The
# square of that is $s_s^2 - c^2$, by the same equations. So
#
# $$ x_s = a_s x + \sqrt{s_s^2 - c^2}\;z + c\,\varepsilon, \qquad \varepsilon \sim N(0, 1) . $$
#
# That this has the right noise level is plain: the variances of the two noises add up to $s_s^2$. And that holds for
# *every* c from 0 to $s_s$. Old noise may be kept or replaced by fresh noise, as we like.
#
# Now we do not have x. So **put the best guess $x'$ in its place, and go back only a little.** With the c of Bayes this
# is *ancestral sampling* (DDPM), with c = 0 it is *DDIM*, in which nothing is random after the first draw. In the
# library `eta` is 1 or 0:

# %%
show_source(Diffusion.earlier)

# %% [markdown]
# **Exercise 21.3.** `step_back`.

# %%
check("21.3")

# %%
animate(diffusion.flowing(model), 26)

# %% [markdown]
# ## A misconception, put to the test
#
# *"The many steps are there because networks are imperfect. A perfect denoiser takes noise to an example in one step."*
#
# Our oracle is perfect. Give it pure noise, and take its guess.
#
# **Predict before you run.** How many of 1000 such guesses lie within three deviations of one of the eight centres?
# (a) all, or nearly all; (b) about half; (c) none.

# %%
predict("21.b", ...)

# %%
counts = (1, 2, 3, 5, 10, 20, 50, 100, 1000)
near, spread = {"DDIM": [], "DDPM": []}, {"DDIM": [], "DDPM": []}
for sampler in near:
    for k in counts:
        x = oracle.sample(1000, mg.Generator(1), evaluations=k, sampler=sampler.lower()).numpy()
        off = x - ring.centres[((x[:, None] - ring.centres) ** 2).sum(axis=2).argmin(axis=1)]
        near[sampler].append(modes_found(x, ring.centres, ring.sigma).high_quality)
        spread[sampler].append(float(np.sqrt((off**2).mean())) / ring.sigma)
for k, *row in zip(counts, *near.values(), *spread.values(), strict=True):
    print("{:4d} evaluations: near a mode {:4.0%}, {:4.0%}; deviation {:5.2f}, {:5.2f} sigma".format(k, *row))
diffusion.quality(counts, near)

# %% [markdown]
# None. In pure noise nothing is decided, so all originals are possible, and their mean is the middle of the ring, where
# no example lies. This is the blur of lesson 13, and a better network cannot help: the mean *is* the best answer. The
# steps are needed because a small step uses only the *direction* of the mean. The next guess is a mean over fewer
# possibilities, until one is left.
#
# Move the number of evaluations. With few of them the paths have corners, and DDPM's paths tremble.

# %%
move(
    diffusion.paths(oracle),
    evaluations=Choice((1, 2, 3, 5, 10, 20, 50, 100), start=5),
    sampler=Choice(("ddim", "ddpm"), start="ddim"),
)

# %% [markdown]
# **Predict before you run.** With 100 evaluations nearly all samples are near a mode. The data have the deviation
# $\sigma$ around their centre. The samples have ... (a) less than half of that; (b) about the same; (c) twice as much.

# %%
predict("21.c", ...)

# %%
hundred = spread["DDIM"][counts.index(100)]
print(f"with 100 evaluations {hundred:.2f} sigma, with 1000 {spread['DDIM'][-1]:.2f} sigma")

# %% [markdown]
# The last step is again a jump to the mean. Where it begins, at t = 10, the noise is larger than $\sigma$, and so the
# guess leaves out the detail that is finer than the noise. "Near a mode" does not see that: **fewer steps first cost
# the finest detail**, and a measure has to look for it.
#
# ## The loss, from a bound
#
# Where does the loss of a network come from? Read backwards, $x_T, \dots, x_1$ are latent variables, and x is decoded
# from $x_1$. So there is an ELBO as in lesson 6, with the noising chain q as the encoder, which has nothing to learn:
#
# $$ \log p(x) \ge \mathrm{E}_q\Big[\log \frac{p(x_T)\,\prod_t p(x_{t-1}|x_t)}{\prod_t q(x_t|x_{t-1})}\Big] . $$
#
# Turn each factor of the encoder round by Bayes' theorem, for t > 1:
# $q(x_t|x_{t-1}) = q(x_{t-1}|x_t, x)\,q(x_t|x)\,/\,q(x_{t-1}|x)$. In the product all $q(x_t|x)$ cancel but the last.
# What is left are Kullback-Leibler divergences:
#
# $$ -\log p(x) \le \underbrace{\mathrm{KL}(q(x_T|x)\,\|\,N(0,1))}_{\text{prior}} + \sum_{t=2}^{T} \underbrace{\mathrm{E}\,\mathrm{KL}(q(x_{t-1}|x_t,x)\,\|\,p(x_{t-1}|x_t))}_{\text{steps}} + \underbrace{\mathrm{E}[-\log p(x|x_1)]}_{\text{decoder}} . $$
#
# Let $p(x_s|x_t)$ be the same Gaussian as $q(x_s|x_t,x)$ with the guess x' in the place of x. Their variances are
# equal, and so the KL is the squared distance of the means over $2c^2$. With $\sqrt{s_s^2-c^2} = \alpha s_s^2/s_t$
# the mean depends on x by the factor $a_s - a_t\,\alpha\,s_s^2/s_t^2 = a_s\,(1-\alpha^2)/s_t^2$, and
#
# $$ \mathrm{KL} = \frac{a_s^2\,(1-\alpha^2)^2}{s_t^4}\cdot\frac{s_t^2}{2\,s_s^2\,(1-\alpha^2)}\,|x-x'|^2 = \frac{a_s^2\,(1-\alpha^2)}{2\,s_s^2 s_t^2}\,|x-x'|^2 = \tfrac12\,(R_s - R_t)\,|x-x'|^2 , $$
#
# as $R_s - R_t = (a_s^2 s_t^2 - a_t^2 s_s^2)/(s_s^2 s_t^2)$, and $s^2 = 1 - a^2$ makes the bracket $a_s^2 - a_t^2$.
# **Each step costs the error of the denoiser, times the fall of the ratio of signal to noise, in nats.**
#
# A network need not answer with x' itself. It may guess the noise z' (then $x' = (x_t - s z')/a$), or
# $v = a z - s x$ (then $x' = a x_t - s v'$; put in $x_t$ and v to check it). For the same $x_t$,
# $z - z' = -\frac as (x - x')$ and $v - v' = -\frac1s (x - x')$. So
#
# $$ |z-z'|^2 = R\,|x-x'|^2, \qquad |v-v'|^2 = \tfrac1{s^2}\,|x-x'|^2 = (R+1)\,|x-x'|^2 . $$
#
# Training takes the plain mean of one of these over all t. That is the bound with other weights: it has the same best
# answer at every t, and spends the network's strength elsewhere.

# %%
diffusion.weights()
show_source(Diffusion.loss)

# %% [markdown]
# The bound cares most about the last bit of noise, the two losses spread their attention. Where the noise is strong, z
# says next to nothing about x: an error of z' is multiplied by s/a in x'. With v it is multiplied by s, which is never
# above 1. That is why v is the library's default.
#
# **Exercise 21.5 (derivation).** `score_of_v`: which score follows from a guess at v?

# %%
check("21.5")

# %% [markdown]
# How near does a trained network come to the best one? First the error of its guesses beside the smallest possible
# one. Then the bound in nats, as in lesson 19: a density, so only the difference means something.

# %%
levels, rng, found = np.arange(20, 1001, 35), mg.Generator(2), {"learned": [], "the best possible": []}
x = ring_test[:1000]
with mg.no_grad():
    for t in levels:
        for name, m in zip(found, (model, oracle), strict=True):
            inside = m.inside(mg.tensor(x))
            z = mg.tensor(rng.normal(x.shape))
            guess = m.guess(m.noised(inside, np.full(1000, t), z), np.full(1000, t))
            found[name].append(float(((m.outside(guess).numpy() - x) ** 2).sum(axis=1).mean()))
    bounds = [m.bound(mg.tensor(x), mg.Generator(3), draws=64).total.numpy().mean() for m in (model, oracle)]
diffusion.errors(levels, {name: np.array(values) for name, values in found.items()})
entropy = np.log(8) + 1 + np.log(2 * np.pi * ring.sigma**2)
print(f"-log p(x), on average: true {entropy:.2f} nats; at most, best network {bounds[1]:.2f}, learned {bounds[0]:.2f}")
x = model.sample(2000, mg.Generator(4), evaluations=100).numpy()
print("learned, 100 evaluations:", modes_found(x, ring.centres, ring.sigma))

# %% [markdown]
# Even the best network's bound lies above the truth. The chain has finitely many steps, and in the last ones the ratio
# R changes by large factors. What is above that is the network's own fault: its guesses are nearly the best ones until
# little noise is left, and there the clusters, with a deviation of a hundredth of the ring's radius, ask for a steeper
# function than it has learned. So all eight clusters are found, and about a tenth of the points miss them. After
# minutes of training instead of seconds far fewer do (docs/reproduction.md, the row `ring-ddpm`).
#
# ## Digits
#
# The same for images: 1000 digits of 8x8 pixels to learn from, with a dense network, for the sake of time.
# (`python -m minigen train ddpm --data digits` takes a U-Net.) It is told the class of an image in six cases of ten; in
# the others it is told only that it is not told. So it learns to denoise digits of a class, and digits of any class.

# %%
y_train, _, y_test = diffusion.labels_of_digits()
digits = diffusion.train_digits(train, y_train)
drawn = {f"evaluations: {k}": diffusion.path(digits, 10, k, told=False)[-1] for k in (1, 2, 5, 50)}
diffusion.rows_of_digits({"training digits": diffusion.pixels(train[:10]), **drawn})

# %% [markdown]
# The four rows begin with the same noise. One evaluation gives ten times nearly the same picture: the mean of all
# digits.
#
# Pixels have 17 levels, so the bound is one on a probability, and comparable with lesson 20. There, on the same 447
# test images, independent pixels cost about 106 nats and a mixture of ten tables about 100. Told the class, the model
# bounds $-\log P(x|y)$. That is enough: $P(x) \ge P(x|y)\,P(y)$ with P(y) = 1/10, so $-\log P(x)$ is at most log 10
# more.
#
# **Predict before you run.** With 50 evaluations two or three of the ten can be read. The bound of this diffusion model
# is ... (a) below 95 nats; (b) 95 to 105 nats; (c) above 105 nats.

# %%
predict("21.d", ...)

# %%
with mg.no_grad():
    bound = digits.bound(mg.tensor(diffusion.pixels(test)), mg.Generator(2), y_test, draws=64)
terms = {name: float(part.numpy().mean()) for name, part in zip(("prior", "steps", "decoder"), bound, strict=True)}
digits_bound = sum(terms.values()) + np.log(10)
print("in nats an image:", ", ".join(f"{name} {value:.2f}" for name, value in terms.items()))
independent = -yardstick.log_p_of(yardstick.shares(train), test).mean()
mixture = -yardstick.mixture(train, test).mean()
found = {"independent pixels": independent, "mixture of 10": mixture, "diffusion (bound)": digits_bound}
diffusion.bars(found, "nats an image")

# %% [markdown]
# Even independent pixels have the better number, and nobody would take *their* samples for digits. Most nats are lost
# in the last bit of noise, in the exact grey level of each pixel. The bound weighs it heavily, the loss hardly weighs
# it, and the eye hardly sees it. A number of nats does not tell how samples look, and samples do not tell the nats
# (lesson 20). Part of the fault is ours: a dense network and half a minute. The page *One yardstick* (docs/yardstick.md)
# is the place for models that were trained to their end.
#
# ## What the loss really asks for
#
# The loss is a mean over the *training images*. So its best answer is the mean over all training images that may be
# behind $x_t$: the oracle again, with the training images as centres and $\sigma = 0$. We can have this perfect minimum
# without any training:

# %%
perfect = diffusion.best(diffusion.pixels(train), 0.0, levels=17)
copied = perfect.sample(10, mg.Generator(3), evaluations=50).numpy()
nearest = [((diffusion.pixels(train) - image) ** 2).sum(axis=(1, 2, 3)).argmin() for image in copied]
gap = float(np.abs(diffusion.pixels(train[nearest]) - copied).max())
with mg.no_grad():
    sets = {"training": mg.tensor(diffusion.pixels(train[:300])), "test": mg.tensor(diffusion.pixels(test[:300]))}
    of_perfect = {name: perfect.bound(x, mg.Generator(2)).total.numpy().mean() for name, x in sets.items()}
diffusion.rows_of_digits({"drawn": copied, "nearest in training": diffusion.pixels(train[nearest])})
print(f"largest difference of a drawn pixel: {gap:.3f} of the range from -1 to 1")
print("its bound:", ", ".join(f"{value:.0f} nats on {name} images" for name, value in of_perfect.items()))

# %% [markdown]
# **The perfect minimum of the loss draws copies of the training images**, and is worthless for any other image. What
# makes a trained network draw *new* digits is that it cannot reach this minimum: it is too small, or stopped too early,
# or too smooth. Lesson 24 asks how much such a model remembers.
#
# **Exercise 21.6 (open task).** `denoise`: few points to learn from. Be better than their perfect minimum.

# %%
check("21.6")

# %% [markdown]
# ## Guidance
#
# How do we ask for a class y? Bayes' theorem, in logarithms and differentiated: $\nabla\log p_t(x_t|y) = \nabla\log
# p_t(x_t) + \nabla\log p(y|x_t)$, since p(y) does not depend on $x_t$. So the difference of two scores, that of a
# network that was told y and that of one that was not, *is* the gradient of a classifier that nobody trained.
# *Guidance* takes more of it than is due:
#
# $$ \underbrace{\nabla\log p_t(x_t|y)}_{\text{told}} + w\,\big(\nabla\log p_t(x_t|y) - \nabla\log p_t(x_t)\big) . $$
#
# By Tweedie's formula the same can be done with guesses at z or v. Here are three classes that overlap, and the oracle.
# w = 0 draws the class as it is. What does a larger w gain, and what does it cost?

# %%
move(diffusion.guided(), w=Slider(0.0, 6.0, 0.5, start=3.0, label="w"))

# %% [markdown]
# **Predict before you run.** How large is the deviation of the samples from side to side at w = 3, as a share of that
# of the class?

# %%
predict("21.e", ...)

# %%
three, width = diffusion.best(diffusion.THREE, diffusion.THREE_SIGMA, np.arange(3)), {}
for w in (0.0, 1.0, 3.0, 6.0):
    x = three.sample(2000, mg.Generator(6), label=0, evaluations=100, guidance=w).numpy()
    own = (((x[:, None] - diffusion.THREE) ** 2).sum(axis=2).argmin(axis=1) == 0).mean()
    width[w] = float(x[:, 0].std()) / diffusion.THREE_SIGMA
    print(f"w = {w:.0f}: {own:.0%} nearest to their class, mean height {x[:, 1].mean():.2f}, deviation {width[w]:.2f}")
rows = {f"w = {w:.0f}": digits.sample(10, mg.Generator(7), guidance=w).numpy() for w in (0.0, 1.0, 4.0)}
diffusion.rows_of_digits(rows)

# %% [markdown]
# In the plane guidance makes samples surer of their class and more alike. It pushes them away from the other classes,
# here upwards, beyond the centre of their own. The digits show little of that: each column is nearly the same picture
# three times. With w = 4 it is harsher, more black and white, and hardly easier to read. What guidance draws is not
# $p(x|y)$, and not the density of any noising chain. It is a preference, and it should be reported with its w.
#
# ## Holes
#
# Lesson 13 trained a conditional VAE *for* holes. A diffusion model needs no such training. On the way back its guess
# x' is made to agree with what is known, at every step (DDNM): known pixels are put in their place, and the rest
# follows, as the network sees both together. For coarse images, y holds the mean of each block of pixels, and the
# agreement is
#
# $$ x' + A^+(y - A x') , $$
#
# where A takes the means of blocks, and $A^+$ gives each pixel of a block the block's number.
#
# **Exercise 21.4.** `with_block_means`.

# %%
check("21.4")

# %% [markdown]
# If the guesses are draws from p(x|y), the mean of m of them has (1 + 1/m)/2 of the square error of one (lesson 13). For
# m = 8 that is a gain of 2.5 decibels.
#
# **Predict before you run.** For our diffusion model the mean of 8 guesses is better than one guess by (a) more than 3
# decibels; (b) 2 to 3; (c) less than 2.

# %%
predict("21.f", ...)

# %%
x = yardstick.images(test)
holes = mg.data.damage.cut_hole(x, 0.5, mg.Generator(1))
vae = diffusion.train_filler(train)
guesses = {"VAE": diffusion.filled(vae, holes, 8), "diffusion": diffusion.filled(digits, holes, 8)}
known, others = yardstick.images(train), {}
others["mean image"] = baselines.fill_with_mean(holes.y, holes.known, known)
others["nearest image"] = baselines.fill_from_nearest(holes.y, holes.known, known)
answers = {**others, **{f"{name}, 1 guess": g[0] for name, g in guesses.items()}}
answers |= {f"{name}, mean of 8": g.mean(axis=0) for name, g in guesses.items()}
decibels = {name: psnr(x, answer, 1 - holes.known) for name, answer in answers.items()}
gain = {name: decibels[f"{name}, mean of 8"] - decibels[f"{name}, 1 guess"] for name in guesses}
diffusion.bars(decibels, "PSNR in the hole, dB")
shown = {"original": x, "damaged": holes.y, "VAE": guesses["VAE"][0], "diffusion": guesses["diffusion"][0]}
diffusion.rows_of_digits({name: 2 * image[:10] - 1 for name, image in shown.items()})
print("decibels gained by the mean of 8:", ", ".join(f"{name} {value:.1f}" for name, value in gain.items()))

# %%
blocks = diffusion.coarse(x)
sharp = diffusion.filled(digits, blocks, 8, "low resolution")
print(f"coarse pixels as they are {psnr(x, blocks.y):.1f} dB, mean of 8 guesses {psnr(x, sharp.mean(axis=0)):.1f} dB")
shown = {"original": x, "coarse": blocks.y, "diffusion": sharp[0]}
diffusion.rows_of_digits({name: 2 * image[:10] - 1 for name, image in shown.items()})

# %% [markdown]
# One model, trained on whole images, restores what is damaged in ways that it never saw. It has never seen a hole, and
# the mean of its guesses still comes near to that of the VAE, which was trained for nothing else. So does the nearest of
# 1000 images: the plain answer belongs beside every model. As in lesson 13 a single guess costs decibels. The mean of
# eight wins back less than the 2.5 of true draws, and hardly anything for the VAE: the guesses of one model are more
# alike than its uncertainty ought to make them, those of the VAE nearly all the same after its short training here.
#
# ## What to keep, and its limits
#
# A denoiser knows the score, and the score leads from noise to data. The loss is a bound with other weights. Its
# perfect minimum copies, so what is new in a sample comes from the limits of the network. All that is said here of
# perfect denoisers is exact. What is said of trained ones holds for small networks, few data and half a minute; it says
# little about large ones.
#
# ## Five quick questions

# %%
quiz("21")

# %% [markdown]
# ## Where to go next
#
# - Ho, Jain & Abbeel 2020, [*Denoising diffusion probabilistic models*,
#   arXiv:2006.11239](https://arxiv.org/abs/2006.11239): sections 2 and 3 are the chain, the bound and the loss.
# - Song, Meng & Ermon 2021, [*Denoising diffusion implicit models*,
#   arXiv:2010.02502](https://arxiv.org/abs/2010.02502): any c, and few steps.
# - Nichol & Dhariwal 2021, [*Improved denoising diffusion probabilistic models*,
#   arXiv:2102.09672](https://arxiv.org/abs/2102.09672): the cosine.
# - Salimans & Ho 2022, [*Progressive distillation for fast sampling of diffusion models*,
#   arXiv:2202.00512](https://arxiv.org/abs/2202.00512), section 4: v.
# - Kingma, Salimans, Poole & Ho 2021, [*Variational diffusion models*,
#   arXiv:2107.00630](https://arxiv.org/abs/2107.00630): the bound by the ratio of signal to noise.
# - Ho & Salimans 2022, [*Classifier-free diffusion guidance*,
#   arXiv:2207.12598](https://arxiv.org/abs/2207.12598).
# - Wang, Yu & Zhang 2023, [*Zero-shot image restoration using denoising diffusion null-space model*,
#   arXiv:2212.00490](https://arxiv.org/abs/2212.00490): holes and coarse pixels.
# - Efron 2011, [*Tweedie's formula and selection bias*,
#   doi:10.1198/jasa.2011.tm11181](https://doi.org/10.1198/jasa.2011.tm11181), and Vincent 2011, [*A connection between
#   score matching and denoising autoencoders*, doi:10.1162/NECO_a_00142](https://doi.org/10.1162/NECO_a_00142).
# - In the library: `minigen/models/diffusion`; `python -m minigen train ddpm --data ring`, and `cddpm` for classes.
