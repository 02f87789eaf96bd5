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
# # Lesson 20: One yardstick
#
# **Afterwards you can** say which likelihoods may be compared and which may not, turn a density into a bound on a
# probability, build the masks of a network that tells one pixel after the other, recognise a loss that is too good to
# be true, and say how sure a difference between two models is.
#
# **Time:** 40 minutes to read, about two hours with the six exercises. **You need** the bound of lesson 6, the many
# codes of lesson 8, the chain rule of lesson 16, and the change of variables of lesson 19.
#
# Lesson 19 ended with densities that are exact. By now we have five kinds of models that give a number of nats: counts,
# VAEs, autoregressive networks, mixtures and flows. This lesson puts them side by side. First the picture: 8x8 digits
# with 17 grey levels, and the mean of minus log p over 447 test digits, for four simple models. Less is better. So is
# the grey bar, which is even below zero, the best?
#
# ![Test digits, and bars of nats: three of probabilities, and one of a density](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen.lessons import Slider, check, move, predict, quiz, show_source
from minigen.lessons.pictures import yardstick

train, valid, test = yardstick.split()  # levels 0 ... 16 of 64 pixels
shares = yardstick.shares(train)  # of the 17 levels at each pixel
independent, mixture = -yardstick.log_p_of(shares, test), -yardstick.mixture(train, test)
density = -yardstick.log_density_of_peaks(test + 0.5, shares, width=0.05)
figure = yardstick.opening(test, independent, mixture, density)

# %% [markdown]
# The module `yardstick` holds the drawing code and the plain models; `show_source(yardstick.mixture)` prints one of
# them. The split is the one of Tomczak's book: 1000 images to train on, 350 to decide when to stop, 447 to test.
#
# ## Probabilities and densities
#
# A blue bar is a mean of -log P(x), and P is a *probability*: the probabilities of all images add up to 1, so none is
# above 1, and -log P is never below zero. If a model knows nothing, each level has the probability 1/17, and an image
# costs 64 log 17 = 181.3 nats. The *independent pixels* give each pixel its own table of 17 shares. The mixture has ten
# such sets of tables and chooses one of them for each image.
#
# The grey bar is a mean of -log p(x), where p is a *density* of real numbers: each pixel is a mixture of 17 narrow
# Gaussians, one on each level, with the same shares as the independent pixels. A density is a probability *per unit of
# volume*, and here the volume has 64 sides. What is large or small depends on the unit. If v = a x with a number a, the
# change of variables of lesson 19 says
#
# $$ p_v(v) = p_x(x)\,\left|\frac{dx}{dv}\right|^{64} = p_x(x)\,a^{-64}, \qquad -\log p_v(v) = -\log p_x(x) + 64 \log a . $$
#
# **Predict before you run.** The grey bar was measured with levels from 0 to 16. How many nats is it for the same
# pixels, divided by 16, and the peaks as well?

# %%
predict("20.a", ...)

# %%
scaled = density - 64 * np.log(16)
print(f"in levels: {density.mean():.1f} nats; divided by 16: {scaled.mean():.1f} nats")
for width in (0.2, 0.05, 0.01, 0.001):
    nats = -yardstick.log_density_of_peaks(test + 0.5, shares, width)
    print(f"peaks of width {width:5.3f}: {nats.mean():7.1f} nats (in levels)")
print(f"the same shares, as probabilities: {independent.mean():.1f} nats")

# %% [markdown]
# The model is the same and the images are the same. Only the unit has changed, and it is worth more than anything that
# a model could learn. So **two densities can be compared only in the same unit, and a density cannot be compared with a
# probability at all.**
#
# It gets worse. The narrower the peaks, the better the number: it falls without end. Nothing has been learned about
# digits by that, since the shares are always the same. The data have only 17 values, and a density can grow as high as
# one likes on 17 points. A flow that is trained on the bare levels finds this way out, too.
#
# ## From a density to a probability
#
# There is a way out. Let the level k stand for the whole cell from k to k + 1. The mass of a density over the cell *is*
# a probability. For an image of D pixels, with u in a cube of side 1,
#
# $$ P(k) = \int_{[0,1]^D} p(k+u)\,du . $$
#
# These masses add up to 1 (if no density lies outside of all cells). For independent Gaussians the integral is a
# difference of two values of their distribution function. For a flow there is no formula. But the integral is a mean over
# uniform noise u, and the logarithm of a mean is at least the mean of the logarithm (Jensen's inequality, lesson 6):
#
# $$ \log P(k) = \log E_u[p(k+u)] \;\ge\; E_u[\log p(k+u)] . $$
#
# So add uniform noise to the data (*dequantisation*) and take the density of what comes out: its mean logarithm is a
# lower bound on the log-probability. The noise need not be uniform. For any density q of it,
#
# $$ \log P(k) = \log E_q\!\left[\frac{p(k+u)}{q(u|k)}\right] \;\ge\; E_q[\log p(k+u) - \log q(u|k)] , $$
#
# which is the ELBO again, with u in the place of the code z. If the data are scaled to v = (k + u)/17, which lies
# between 0 and 1, the unit costs D log 17 more.
#
# When is the bound equal to log P(k)? When p(k + u)/q(u|k) is the same number for all u: with uniform noise, when the
# density is flat over the cell. Move a Gaussian over the cell of level 8. When does the bound lose much?

# %%
move(
    yardstick.cell_to_move(np.linspace(0.005, 0.995, 100)),
    mean=Slider(6.0, 11.0, 0.1, start=8.5, label="mean"),
    deviation=Slider(0.1, 3.0, 0.05, start=0.2, label="deviation"),
)

# %% [markdown]
# **Exercise 20.3.** `dequantised_bound`, from noise that was drawn. **Exercise 20.5 (derivation).** `uniform_bound`:
# for Gaussian pixels the mean over the noise has a closed form.

# %%
check("20.3")

# %%
check("20.5")

# %% [markdown]
# **Predict before you run.** We choose the width of the peaks. Where is the bound by uniform noise best? (a) The narrower,
# the better, as for the density. (b) Between a tenth of a level and one level. (c) Above one level.

# %%
predict("20.b", ...)

# %%
rng, widths, curves = np.random.default_rng(0), np.geomspace(0.03, 3, 21), []
for width in widths:
    at_levels = yardstick.log_density_of_peaks(test + 0.5, shares, width)
    log_mass = yardstick.log_p_of(yardstick.mass_of_peaks(shares, width), test)
    bound = [yardstick.log_density_of_peaks(test + rng.random(test.shape), shares, width) for _ in range(3)]
    curves.append([-at_levels.mean(), -log_mass.mean(), -np.mean(bound)])
figure = yardstick.widths(widths, *np.array(curves).T)
best = np.argmin(curves, axis=0)
for name, i, j in zip(("density", "probability", "bound"), best, (0, 1, 2), strict=True):
    print(f"minus log {name:11s} is least at a width of {widths[i]:4.2f} levels: {curves[i][j]:6.1f} nats")
print(f"independent pixels, counted: {independent.mean():.1f} nats")

# %% [markdown]
# The density rewards narrow peaks without end. The probability does not care how narrow they are: once each peak lies
# inside its cell, its mass is the counted share. The bound punishes them, since uniform noise falls outside of a narrow
# peak most of the time. For wide peaks the density and the bound agree, as a wide density is flat over a cell; but wide
# peaks blur the shares, and much of them lies outside of all cells. (The exact curve gives that to the outermost cells,
# where many pixels are.) **The bound is best where the density is nearly flat over the cells**, and even there it loses some nats. Noise
# that is learned loses less: it goes where the peaks are.
#
# ## Exact, by the product rule
#
# No integral is left if the model tells one pixel after the other, as lesson 16 does with letters:
#
# $$ \log P(x) = \sum_{d=1}^{64} \log P(x_d \mid x_1, \dots, x_{d-1}) . $$
#
# Each factor is a table of 17 probabilities. One network can give all 64 tables in one pass, if its output for pixel d
# sees the pixels before d and no other. *MADE* gets that from a dense network by masks. Input d and output d have the
# *degree* d. Each hidden unit k gets a degree m(k) from 1 to 63. A weight is kept if
#
# $$ \text{input } d \to \text{hidden } k:\; m(k) \ge d, \qquad \text{hidden } k \to \text{output } d:\; d > m(k) . $$
#
# A path from input d' over k to output d needs d' <= m(k) < d. So an output sees earlier inputs only. Here are the
# masks of a small MADE with 16 pixels and 24 hidden units (black: kept), and where a path is left.

# %%
small = mg.models.MADE((4, 4, 1), 17, [24])
first, last = small.hidden[0].mask.numpy(), small.last.mask.numpy()[:, ::17]  # 17 outputs of a pixel share a mask
figure = yardstick.masks(first, last)

# %% [markdown]
# **Exercise 20.1.** `made_masks`. **Exercise 20.2.** `log_probability`.

# %%
check("20.1")

# %%
check("20.2")

# %% [markdown]
# In the library:

# %%
show_source(mg.models.MADE.forward)

# %% [markdown]
# ## A misconception, put to the test
#
# *"A lower loss on new images is a better model."* It is, if the loss is what it claims to be. We train the same MADE
# twice. In the second one, a single sign is wrong: its last mask keeps a weight where d >= m(k), in place of d > m(k).
#
# **Predict before you run.** The right one comes to about 95 nats on the test images. The wrong one comes to ...
# (a) more than 100 nats. (b) 80 to 100 nats. (c) less than 80 nats.

# %%
predict("20.c", ...)

# %%
images = yardstick.images
made = mg.models.MADE(yardstick.SHAPE, 17, [200], rng=mg.Generator(0))
leaky = mg.models.MADE(yardstick.SHAPE, 17, [200], rng=mg.Generator(0))
inside = leaky.hidden[0].mask.numpy()
degrees = inside.sum(axis=0)  # hidden unit k sees the first m(k) inputs
leaky.last.mask.data[...] = np.repeat(np.arange(1, 65), 17) >= degrees[:, None]
for model in (made, leaky):
    yardstick.fit(model, images(train), images(valid), lr=5e-3)
with mg.no_grad():
    nats_made, nats_leaky = (-model.log_prob(mg.tensor(images(test))).numpy() for model in (made, leaky))
print(f"right masks {nats_made.mean():.1f} nats, one wrong sign {nats_leaky.mean():.1f} nats on the test images")
samples = {name: model.sample(10, mg.Generator(5)).numpy() for name, model in (("right", made), ("wrong", leaky))}
figure = yardstick.drawn({"test digits": images(test), **samples})


# %%
def first_change(model):
    """The first output that changes when pixel 20 of an image does."""
    image, other = test[:1].copy(), test[:1].copy()
    other[0, 20] = 16 - other[0, 20]
    logits = [model(levels.reshape(1, 8, 8, 1)).numpy().reshape(64, 17) for levels in (image, other)]
    return np.flatnonzero(abs(logits[0] - logits[1]).max(axis=1) > 1e-6)[0]


for name, model in (("right", made), ("wrong", leaky)):
    print(f"{name}: pixel 20 changes, and the first output that changes is {first_change(model)}")

# %% [markdown]
# One wrong sign, and the loss is better than that of any model in this lesson. It is also worthless: each output may
# look at the pixel that it should guess. What it reports is no probability, as the products do not add up to 1 over
# all images, and its samples are rubbish: when it draws a pixel, the answer that it would copy is not there yet.
#
# The loss cannot show this mistake. Two other things can. **Change a pixel, and look at which outputs change**: none
# at or before it may. And **look at samples**. A number that is too good to be true deserves both before it is told to
# anybody.
#
# ## Bounds, from many codes
#
# A VAE of grey levels has a decoder with 17 logits for each pixel. Its ELBO is a lower bound on log P(x), so minus the
# ELBO is an *upper* bound on the nats: the model is at least as good as the number says. With k codes,
#
# $$ L_k = E\!\left[\log \frac1k \sum_{i=1}^k \frac{P(x|z_i)\,p(z_i)}{q(z_i|x)}\right] $$
#
# is a tighter bound (lesson 8). Nothing about the model changes with k. Only the measurement becomes better.
#
# **Predict before you run.** By how many nats does the number fall, from one code to 1000 codes an image?

# %%
predict("20.d", ...)

# %%
vae = yardstick.fit(yardstick.grey_vae(), images(train), images(valid), lr=2e-3)
some = test[:200]
with mg.no_grad():
    x, rng = mg.tensor(images(some)), mg.Generator(3)
    log_w = np.concatenate([vae.log_weights(x, 50, rng).numpy() for _ in range(20)], axis=1).astype(float)
counts, bounds = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000), []
for k in counts:
    groups = log_w.reshape(len(some), -1, k)  # (images, 1000 / k, k)
    bounds.append(-(np.logaddexp.reduce(groups, axis=2) - np.log(k)).mean())
print(f"-ELBO {bounds[0]:.2f} nats, with 1000 codes {bounds[-1]:.2f}; from 500 to 1000: {bounds[-2] - bounds[-1]:.2f}")
exact = {"MADE": nats_made[:200].mean(), "mixture": mixture[:200].mean()}
print(", ".join(f"{name} {value:.2f}" for name, value in exact.items()), "on the same images")
figure = yardstick.codes(counts, bounds, exact)

# %% [markdown]
# The curve has not quite come to rest. What may be said at each of its points? If a bound lies **below** the exact
# number of another model, the VAE is better for certain, since its true number lies lower still. If it lies
# **above**, nothing follows: the true number may lie on either side. And two bounds say nothing certain about each
# other, as nobody knows how much each of them loses. (A flow with dequantisation stands here too: its number is a
# bound in the same direction.)
#
# ## How sure is a difference?
#
# The nats of single images scatter widely, because some digits are harder than others. So the mean over 447 images has
# an error of about half a nat. But a difference between two models can be far surer than that: both find the *same*
# images hard, and this cancels if the difference is taken image by image.
#
# **Exercise 20.4.** `paired_difference`.

# %%
check("20.4")

# %%
with mg.no_grad():
    log_w = vae.log_weights(mg.tensor(images(test)), 100, mg.Generator(4)).numpy().astype(float)
nats_vae = -(np.logaddexp.reduce(log_w, axis=1) - np.log(100))
models = {"independent pixels": independent, "mixture of 10": mixture, "VAE, 100 codes": nats_vae, "MADE": nats_made}
errors = [nats.std(ddof=1) / np.sqrt(len(nats)) for nats in models.values()]
kinds = {name: "bound" if "VAE" in name else "exact" for name in models}
figure = yardstick.table({name: (nats.mean(), kinds[name]) for name, nats in models.items()}, errors)
for (name, nats), error in zip(models.items(), errors, strict=True):
    difference = nats - nats_made
    paired = difference.std(ddof=1) / np.sqrt(len(nats))
    print(f"{name:19s} {nats.mean():6.2f} +- {error:.2f}; less MADE: {difference.mean():6.2f} +- {paired:.2f}")

# %%
figure = yardstick.differences(mixture, nats_made, ("mixture", "MADE"))
with mg.no_grad():
    on_valid = -made.log_prob(mg.tensor(images(valid))).numpy()
print(f"MADE: {on_valid.mean():.1f} nats on the validation images, {nats_made.mean():.1f} on the test images")

# %% [markdown]
# The validation images are several nats harder than the test images, although the MADE stopped where *they* were
# likeliest. The three parts are not drawn at random: they follow the order of the file, and one part is harder than
# another. So a number belongs to its images: **never compare a number on one split with a number on another**, and
# mistrust a table whose rows come from different papers, unless each of them says which images it was measured on,
# black and white or grey, in how many levels.
#
# The page *One yardstick* (docs/yardstick.md) has all families of this library on these test images, trained to
# their end: counts, MADE, PixelCNN, Transformer, flow, VAE and IWAE. For each number it says whether it is exact or a
# bound.
#
# **Exercise 20.6 (open task).** `next_pixel`: be better than counted shares at guessing the next pixel, with NumPy alone.
# Which of the training images are like this one so far?

# %%
check("20.6")

# %% [markdown]
# ## Five quick questions

# %%
quiz("20")

# %% [markdown]
# ## Where to go next
#
# - [Theis, van den Oord & Bethge 2016, arXiv:1511.01844](https://arxiv.org/abs/1511.01844), *A note on the evaluation of
#   generative models*: likelihoods, samples and what one says about the other; section 3.1 on dequantisation.
# - [Germain, Gregor, Murray & Larochelle 2015, arXiv:1502.03509](https://arxiv.org/abs/1502.03509), *MADE: masked
#   autoencoder for distribution estimation*.
# - [van den Oord, Kalchbrenner & Kavukcuoglu 2016, arXiv:1601.06759](https://arxiv.org/abs/1601.06759), *Pixel recurrent
#   neural networks*: masks on convolutions.
# - [Ho, Chen, Srinivas, Duan & Abbeel 2019, arXiv:1902.00275](https://arxiv.org/abs/1902.00275), *Flow++*: noise that is
#   learned, section 3.1.
# - [Burda, Grosse & Salakhutdinov 2016, arXiv:1509.00519](https://arxiv.org/abs/1509.00519), *Importance weighted
#   autoencoders*: the bound from many codes.
# - [Tomczak 2022, doi:10.1007/978-3-030-93158-2](https://doi.org/10.1007/978-3-030-93158-2), *Deep generative modeling*:
#   all these families on the same small digits.
# - In the library: `minigen/models/autoregressive/`, `benchmarks/protocols/grey_digits.py`. `python -m minigen train made` and
#   `python -m minigen train pixelcnn` train the full models, on the library's own split of these digits (1500 and 297
#   images), so that their nats are not those of this lesson's split (1000, 350 and 447).
