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
# # Lesson 13: What a generative model is good for
#
# **Afterwards you can** remove noise, fill holes and raise the resolution with one conditional VAE, say how good it is
# and beside what, prove that the best answer in the mean square is never the sharpest, and try whether a model's images
# help a classifier that has few labels.
#
# **Time:** 35 minutes to read, about an hour with the four exercises. **You need** lesson 6 (the VAE).
#
# First the picture: three kinds of damage, and what one small network makes of each. It was trained for half a minute.
#
# ![Damaged digits and what the network makes of them](opening.png)

# %%
import dataclasses

import matplotlib.pyplot as plt
import numpy as np

import minigen as mg
from minigen import nn
from minigen.data.damage import DAMAGES
from minigen.lessons import check, handwritten, show_source
from minigen.metrics import psnr
from minigen.metrics.classifier import shifted
from minigen.models import VAE, RestorationVAE, recipe_of
from minigen.models.networks import dense_decoder, dense_encoder
from minigen.models.vaes.vae import VAETrainer
from minigen.optim import Adam, cosine
from minigen.report import Trained
from minigen.report.augmentation import LabelledInterpolation
from minigen.report.plots import mosaic
from minigen.report.restorations import BASELINES
from minigen.train import Batches, steps


def quick(data):
    """MNIST at half its size, 14x14 with a border of one pixel: a fourth of the work. Other digits as they are."""
    if data.shape[0] < 28:
        return data
    return dataclasses.replace(data, x=np.pad(mg.avg_pool2d(data.x, 2), ((0, 0), (1, 1), (1, 1), (0, 0))))


train, test = quick(handwritten("train")), quick(handwritten("test"))
shape = train.shape
large = shape[0] == 16
AMOUNTS = {"noise": 0.4, "hole": 0.5, "low resolution": 4 if large else 2}
STEPS = 1200 if large else 2000


def show(grids, columns=8, height=2.0):
    """Grids of images (N, H, W, 1) side by side, by their titles."""
    figure, axes = plt.subplots(1, len(grids), figsize=(10, height), layout="constrained", squeeze=False)
    for axis, (title, images) in zip(axes[0], grids.items(), strict=True):
        axis.imshow(mosaic(images, columns), cmap="gray", vmin=0, vmax=1)
        axis.set_title(title, fontsize=9)
        axis.set_axis_off()
    plt.show()


def batches(size):
    """Batches of training images, epoch after epoch, without end."""
    return Batches(train.x, batch_size=size, rng=mg.Generator(1))


def damage(x, kind, rng):
    """The images x damaged, with a channel more that says which pixels are known: (N, H, W, 2)."""
    return np.concatenate(DAMAGES[kind](x, AMOUNTS[kind], rng), axis=3)


def train_restorer(n):
    """One conditional VAE for all three; the KL comes in slowly, or the code would never be used."""
    rng = mg.Generator(0)
    model = RestorationVAE(shape, latent_dim=16, width=12, rng=rng)
    optimizer = Adam(model.parameters(), lr=cosine(4e-3, n))
    for step, (x,) in zip(range(n), batches(32), strict=False):
        y = damage(x, ("hole", "noise", "hole", "low resolution")[step % 4], rng)
        loss = model.loss(mg.tensor(x), mg.tensor(y), rng, kl_weight=min(1.0, 2 * step / n))
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
    return model


def restored(y, guesses, seed=3):
    """The mean of so many guesses of the model."""
    with mg.no_grad():
        return np.clip(model.restore(mg.tensor(y), mg.Generator(seed), guesses).numpy(), 0, 1)


model = train_restorer(STEPS)
x = test.x[:8]
grids = {}
for kind in DAMAGES:
    y = damage(x, kind, mg.Generator(2))
    grids[f"{kind}: original, damaged, restored"] = np.concatenate([x, np.clip(y[..., :1], 0, 1), restored(y, 16)])
show(grids)

# %% [markdown]
# ## What was lost can only be guessed
#
# Noise, a hole, a coarser grid: each destroys information, and no computation brings it back. Many originals x could have
# led to the same damaged y. What can be said is how probable each is, by Bayes' theorem:
#
# $$ p(x|y) = \frac{p(y|x)\,p(x)}{\sum_{x'} p(y|x')\,p(x')} . $$
#
# p(y|x) is the damage, which we know; p(x) is what images look like, and *that* is what a generative model is
# for. The simplest one needs no training: let x be one of M training images $t_1 \ldots t_M$, each with probability 1/M.
# With noise, y = x + σ·noise, each pixel is a Gaussian around that of x, and their product is
#
# $$ p(y|t_m) = \prod_{i} \frac{1}{\sqrt{2\pi}\,\sigma}\, e^{-(y_i - t_{mi})^2/2\sigma^2} \;\propto\; e^{-|y - t_m|^2/2\sigma^2} \quad\Longrightarrow\quad p(t_m|y) = \frac{e^{-|y-t_m|^2/2\sigma^2}}{\sum_k e^{-|y-t_k|^2/2\sigma^2}} . $$
#
# The 1/M and the constant factors cancel. Here is an image drowned in noise, and what it may have been.

# %%
sigma = 1.0 if large else 0.6
images = train.x[:4000].reshape(-1, train.x[0].size).astype(np.float64)


def posterior(y):
    """p(t_m | y) for rows y (N, D): (N, M)."""
    exponents = (y @ images.T - 0.5 * (images**2).sum(axis=1)) / sigma**2  # without |y|^2, which all share
    w = np.exp(exponents - exponents.max(axis=1, keepdims=True))
    return w / w.sum(axis=1, keepdims=True)


originals = images[:500]
noisy = originals + sigma * np.random.default_rng(0).standard_normal(originals.shape)
w = posterior(noisy)
example = int(np.flatnonzero((1 / (w**2).sum(axis=1) > 6) & (w.max(axis=1) < 0.3))[0])
likely = w[example].argsort()[::-1][:5]
row = [originals[example], noisy[example] / (3 * sigma) + 0.5, *images[likely], w[example] @ images]
titles = ["x", "y", *[f"p = {p:.2f}" for p in w[example, likely]], "E[x|y]"]
figure, axes = plt.subplots(1, 8, figsize=(10, 1.7), layout="constrained")
for axis, image, title in zip(axes, row, titles, strict=True):
    axis.imshow(image.reshape(shape[:2]), cmap="gray", vmin=0, vmax=1)
    axis.set_title(title, fontsize=9)
    axis.set_axis_off()
plt.show()

# %% [markdown]
# **Exercise 13.1.** `posterior_mean`, the last picture.

# %%
check("13.1")

# %% [markdown]
# ## How good is it?
#
# The usual number is the peak signal-to-noise ratio: the mean square error over the pixels that had to be restored,
# on a logarithmic scale, $10 \log_{10} (1 / \mathrm{MSE})$ decibels. 10 dB more is a tenth of the error, 3 dB about half.
# A number alone says nothing; compare it with methods that need no learning. These are the library's:

# %%
show_source(mg.metrics.baselines.fill_from_nearest)

# %% [markdown]
# **Exercise 13.2.** `psnr_unknown`. Mind which pixels count.

# %%
check("13.2")

# %%
x = test.x[:500]
figure, axes = plt.subplots(1, 3, figsize=(10, 2.6), layout="constrained")
for axis, kind in zip(axes, DAMAGES, strict=True):
    y = damage(x, kind, mg.Generator(2))
    image, known = y[..., :1], y[..., 1:]
    answers = {
        name: baseline(image, known, train.x[:4000], AMOUNTS[kind]) for name, baseline in BASELINES[kind].items()
    }
    answers |= {"model, 1 guess": restored(y, 1), "model, mean of 16": restored(y, 16)}
    decibels = [psnr(x, answer, 1 - known) for answer in answers.values()]
    axis.barh(list(answers), decibels, color=["0.7", "0.7", "C0", "C0"])
    axis.set_yticks(range(4), list(answers), fontsize=8)
    for place, value in enumerate(decibels):
        axis.text(value, place, f" {value:.1f}", va="center", fontsize=8)
    axis.set(title=kind, xlabel="PSNR (dB)", xlim=(0, max(decibels) * 1.25))
plt.show()

# %% [markdown]
# The grey bars set the scale. Noise and a low resolution leave something everywhere, which a network can learn to read;
# in a hole there is nothing, and copying from the most similar training image is hard to beat. Where a grey bar is
# as long as the blue ones, the network has not earned its keep in decibels. That one guess scores lower than the
# mean of 16 is no accident; we shall come to it.
#
# ## A model of the guesses
#
# A list of training images holds no new image. The conditional VAE (Sohn, Lee & Yan 2015) models p(x|y) for any y: one
# code z ~ N(0, 1) and the damaged image y are decoded into one guess g(y, z). The bound is that of lesson 6 with
# everything conditioned on y. For any q, by Jensen's inequality,
#
# $$ \log p(x|y) = \log \mathrm{E}_{q(z|x,y)} \frac{p(x|y,z)\,p(z)}{q(z|x,y)} \;\ge\; \mathrm{E}_q \log p(x|y,z) - \mathrm{KL}\big(q(z|x,y)\,\|\,p(z)\big) . $$
#
# p(x|y,z) is a Gaussian around the guess. Which scale? With U unknown pixels in a batch of N and $S = \sum (x - g)^2$ over
# them, −log p of the batch is $\frac U2 \log 2\pi\sigma^2 + \frac{S}{2\sigma^2}$. Its derivative with respect to σ² is
#
# $$ \frac{U}{2\sigma^2} - \frac{S}{2\sigma^4} = 0 \quad\Longleftrightarrow\quad \sigma^2 = \frac SU = \mathrm{MSE}, \qquad\text{and there}\quad -\log p = \frac U2\left(\log 2\pi\,\mathrm{MSE} + 1\right) . $$
#
# Divided by N it is the reconstruction term, in nats per image. Its gradient with respect to one unknown pixel of
# the guess: $\partial\,\mathrm{MSE}/\partial g = 2(g - x)/U$, and the logarithm divides by the MSE, so
#
# $$ \frac{\partial}{\partial g}\; \frac{U}{2N} \log \mathrm{MSE} = \frac{U}{2N}\cdot\frac{1}{\mathrm{MSE}}\cdot\frac{2\,(g - x)}{U} = \frac{g - x}{N\,\mathrm{MSE}} . $$
#
# The better the guesses, the more an error of the same size counts. This is the whole of it in the library:

# %%
show_source(RestorationVAE.guess)
show_source(RestorationVAE.loss)

# %% [markdown]
# **Exercises 13.3 and 13.4.** `restoration_loss` and its gradient, `restoration_gradient`.

# %%
check("13.3")

# %%
check("13.4")

# %% [markdown]
# Different codes, different guesses: where the hole leaves a choice, they differ, and elsewhere they agree. Below the
# guesses stands their deviation, pixel by pixel: the model's own statement of what it does not know.

# %%
y = damage(test.x[:200], "hole", mg.Generator(2))
several = np.stack([restored(y, 1, seed) for seed in range(16)])  # (16, N, H, W, 1)
open_ones = several.std(axis=0).mean(axis=(1, 2, 3)).argsort()[::-1][:8]
rows = [test.x[open_ones], y[open_ones, ..., :1], *several[:3, open_ones], 2 * several.std(axis=0)[open_ones]]
show({"original, damaged, three guesses, and twice the deviation of 16": np.clip(np.concatenate(rows), 0, 1)}, 8, 5.5)

# %% [markdown]
# ## A misconception, put to the test
#
# *"The restoration with the lowest mean square error is the best, and so the sharpest."* **Predict before you run:** of one
# draw from the exact p(x|y) and the mean of p(x|y), which has the lower error, by what factor, and which is sharper?
#
# *The mean is best.* For any answer a, with $m = \mathrm{E}[x|y]$,
#
# $$ \mathrm{E}\,|x - a|^2 = \mathrm{E}\,|x - m|^2 + 2\,(m - a)\cdot\mathrm{E}[x - m] + |m - a|^2 = V + |m - a|^2, \qquad V = \mathrm{E}\,|x - m|^2 , $$
#
# as E[x − m] = 0. *A draw costs twice as much.* Let a be drawn from p(x|y) too, independently of x; then
# $\mathrm{E}|m - a|^2 = V$, and the error is 2V. The mean of k draws has $\mathrm{E}|m - a|^2 = V/k$, hence $V(1 + 1/k)$. So
# a *perfect* restorer that answers with one sharp image stands 10 log₁₀ 2 = 3.0 dB below a blurred one.
#
# In our world of training images p(x|y) is exact, so it can be measured. Sharpness: the mean difference of
# neighbouring pixels.

# %%


def sharpness(rows):
    """The mean absolute difference of horizontal neighbours."""
    return np.abs(np.diff(rows.reshape(-1, *shape[:2]), axis=2)).mean()


rng = np.random.default_rng(1)
mean = w @ images
V = ((originals - mean) ** 2).mean()
draws = np.stack([[rng.choice(len(images), p=p) for p in w] for _ in range(16)])  # (16, N)
ks = [1, 2, 4, 8, 16]
answers = [images[draws[:k]].mean(axis=0) for k in ks]
figure, axes = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
axes[0].plot(ks, [((originals - a) ** 2).mean() for a in answers], "o", label="measured")
axes[0].plot(ks, [V * (1 + 1 / k) for k in ks], "-", label="V (1 + 1/k)")
axes[0].axhline(V, color="C3", linestyle=":", label="E[x|y]")
axes[0].set(title="mean square error", xscale="log", xlabel="draws averaged, k")
axes[1].plot(ks, [sharpness(a) for a in answers], "o-", label="mean of k draws")
axes[1].axhline(sharpness(originals), color="0.5", linestyle=":", label="originals")
axes[1].axhline(sharpness(mean), color="C3", linestyle=":", label="E[x|y]")
axes[1].set(title="sharpness", xscale="log", xlabel="draws averaged, k")
for axis in axes:
    axis.set_xticks(ks, ks)
    axis.minorticks_off()
    axis.legend(fontsize=8)
plt.show()
ratio = ((originals - answers[0]) ** 2).mean() / V
print(f"one draw: {ratio:.2f} times the error of the mean, {10 * np.log10(ratio):.1f} dB; sharp as the originals")

# %% [markdown]
# The lowest error and the sharpest picture are different goals, and one answer cannot have both (Blau & Michaeli 2018 show
# how one is traded for the other). Whoever reports PSNR alone rewards blur; whoever shows one sharp guess alone hides that
# it is a guess. A number plate or an X-ray "restored" by a model is one of many that fit.
#
# ## Augmentation with few labels
#
# A last use. Images are plentiful, labels are expensive. A VAE learns from all images *without* labels; then new images are made
# of the few labelled ones, by moving a code part of the way to that of another image with the same label
# (DeVries & Taylor 2017). Does a classifier gain by it? The library's maker of such images:

# %%
show_source(LabelledInterpolation.__call__)

vae_rng = mg.Generator(0)
vae = VAE(dense_encoder(shape, 32, [256], vae_rng), dense_decoder(16, shape, [256], vae_rng), 16)
for _ in steps(VAETrainer(vae, 1e-3), batches(100), vae_rng, 800):
    pass  # a step is taken each time that the next one is asked for
trained = Trained(vae, recipe_of("vae").settings(train, latent_dim=16, width=256), shape)


def accuracy(labels, kind, seed, n=200):
    """Of a small classifier, trained on so many labelled images and, for each, one that was made of it."""
    rng = mg.Generator(seed)
    of_each = [rng.host.permutation(np.flatnonzero(train.y == k))[: labels // 10] for k in range(10)]
    x, y = train.x[np.concatenate(of_each)], train.y[np.concatenate(of_each)]
    maker = LabelledInterpolation(trained, x, y)
    network = dense_encoder(shape, 10, [128], rng)
    optimizer = Adam(network.parameters(), lr=cosine(3e-3, n))
    for _ in range(n):
        rows = rng.host.integers(len(x), size=40)
        batch, names = x[rows], y[rows]
        if kind != "nothing":
            others = maker(batch, names, rng)[0] if kind == "generated" else shifted(batch, rng)
            batch, names = np.concatenate([batch, others]), np.concatenate([names, names])
        loss = nn.cross_entropy_loss(network(mg.tensor(batch)), names)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with mg.no_grad():
        return (network(mg.tensor(test.x[:2000])).numpy().argmax(axis=1) == test.y[:2000]).mean()


counts, seeds = (20, 50, 200), range(4)
figure, axis = plt.subplots(figsize=(6, 3), layout="constrained")
for place, kind in enumerate(("nothing", "generated", "shifted")):
    reached = np.array([[accuracy(n, kind, seed) for seed in seeds] for n in counts])  # (counts, seeds)
    axis.errorbar(
        np.arange(len(counts)) + 0.08 * place,
        reached.mean(axis=1),
        reached.std(axis=1),
        fmt="o-",
        capsize=3,
        label=f"{kind} added",
    )
    print(f"{kind:>9s}:", "  ".join(f"{a.mean():.1%} +- {a.std():.1%}" for a in reached))
axis.set_xticks(np.arange(len(counts)) + 0.08, counts)
axis.set(xlabel="labelled images", ylabel="test accuracy", title="mean and deviation over 4 choices of the labelled")
axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# Look at the bars before the dots: *which* images got their labels matters as much as what is done with them, so a
# comparison of single runs is worthless. (All three use the same choices.) Then compare the second line with the third:
# moving images by a few pixels needs no model, and states something true, that a shifted 3 is a 3. It is the baseline
# here. A generative model can only mix what it has seen, and a gain within the bars is no gain. It earns its place where
# no such simple truth is at hand.
#
# ## Something to play with
#
# Another damage: a hole with sides of seven tenths; much more noise; a hole *in* a noisy image. The model was never
# trained on it: what does it make of it, and does the deviation of its guesses tell?

# %%
AMOUNTS["hole"] = 0.7
x = test.x[:8]
y = damage(x, "hole", mg.Generator(5))
guesses = [restored(y, 1, seed) for seed in range(2)]
show({"original, damaged, two guesses, mean": np.concatenate([x, y[..., :1], *guesses, restored(y, 16)])}, 8, 4.5)

# %% [markdown]
# ## Where to go next
#
# - Sohn, Lee & Yan 2015, *Learning structured output representation using deep conditional generative models*, section 4:
#   the conditional VAE.
# - Rybkin, Daniilidis & Levine 2021, *Simple and effective VAE training with calibrated decoders*, section 4: the scale.
# - Blau & Michaeli 2018, *The perception-distortion tradeoff*: why lowest error and most natural exclude each other.
# - Ronneberger, Fischer & Brox 2015, *U-Net*, figure 1: the decoder's shape.
# - Kingma, Rezende, Mohamed & Welling 2014, *Semi-supervised learning with deep generative models*: few labels, used
#   inside the model.
# - In the library: `python -m minigen train inpaint` (also `denoise`, `super-resolve`), `python -m minigen augment`;
#   `minigen/models/vaes/restoration.py`, `minigen/report/augmentation.py`.
