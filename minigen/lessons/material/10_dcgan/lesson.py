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
# # Lesson 10: DCGAN on MNIST, and batch normalisation
#
# **Afterwards you can** train a convolutional GAN, derive the gradient of batch normalisation in full, recognise its
# three classic traps by what they do, and read the curves of a GAN for what they say and not for more.
#
# **Time:** 35 minutes to read, about an hour with the four exercises. **You need** lessons 7 (transposed convolution)
# and 9 (the game).
#
# First the picture: a DCGAN learns handwriting. Each column is one noise vector, each row a moment of the training.
# The training takes less than half a minute, and goes on while you read.
#
# ![Samples of a DCGAN, row by row, as it trains](opening.png)

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigen as mg
from minigen import nn, ops, optim
from minigen.data import load
from minigen.lessons import check, handwritten, show_source
from minigen.metrics import floor, frechet
from minigen.models import GAN
from minigen.models.gans.gan import GANTrainer
from minigen.models.gans.networks import dcgan_discriminator, dcgan_generator
from minigen.report.plots import mosaic
from minigen.train import steps


def new_gan(images, kind=GAN, width=16, seed=0):
    """A small DCGAN for images (N, H, W, 1) in [-1, 1]."""
    rng = mg.Generator(seed)
    generator = nn.Sequential(*dcgan_generator(32, images.shape[1:], width, rng), nn.Tanh())
    return kind(generator, dcgan_discriminator(images.shape[1:], width, rng), latent_dim=32), rng


def look(gan, codes):
    """G's images of codes, in eval mode."""
    gan.eval()
    with mg.no_grad():
        images = gan.from_codes(codes).numpy()
    gan.train()
    return images


def train(gan, images, rng, n, moments=()):
    """Train for n steps; returns G's images of 1000 fixed codes at the moments, and five metrics of every step."""
    trainer = GANTrainer(gan, optim.constant(1e-3), generator_speed=2.0)
    batches = (images[rng.host.integers(len(images), size=64)] for _ in range(n))
    codes, log = gan.noise(1000, mg.Generator(1)), []
    seen = {0: look(gan, codes)}
    for step, metrics in steps(trainer, batches, rng, n):
        log.append([metrics[k].item() for k in ("d_loss", "g_loss", "real_accuracy", "fake_accuracy", "spread")])
        if step in moments:
            seen[step] = look(gan, codes)
    return seen, np.array(log).T


def show(rows, labels):
    """Rows of images (N, H, W, 1) in [-1, 1]."""
    canvas = mosaic(np.concatenate(rows) / 2 + 0.5, len(rows[0]))[..., 0]
    figure, axis = plt.subplots(figsize=(9, 9 * canvas.shape[0] / canvas.shape[1]), layout="constrained")
    axis.imshow(canvas, cmap="gray", vmin=0, vmax=1)
    axis.set_yticks((np.arange(len(rows)) + 0.5) * (canvas.shape[0] + 1) / len(rows), labels, fontsize=8)
    axis.set_xticks([])
    plt.show()


digits = handwritten()
real = 2 * digits.x - 1  # tanh gives numbers in (-1, 1)
gan, rng = new_gan(real)
MOMENTS = (0, 25, 50, 100, 200, 350, 500)
seen, log = train(gan, real, rng, 500, MOMENTS)
show([*(seen[step][:16] for step in MOMENTS), real[:16]], [*(f"step {step}" for step in MOMENTS), "real"])

# %% [markdown]
# ## The networks
#
# For years GANs of convolutions were unstable. Radford, Metz and Chintala tried many and wrote down what worked
# (their section 3): strided convolutions instead of pooling, in D, and transposed ones in G (lesson 7); no dense
# hidden layers; ReLU in G and tanh at its output; LeakyReLU in D; and **batch normalisation in both, except at G's
# output and D's input**. With weights from N(0, 0.02), Adam and beta1 = 0.5 it is known as DCGAN. Ours is a small
# one.

# %%
print(gan.generator.summary((32,)))
print(gan.discriminator.summary(real.shape[1:]))

# %% [markdown]
# ## Batch normalisation
#
# Look at one channel of one layer, over a whole batch: n numbers x_i (n = N H W for images). If they are all large,
# all small, or nearly equal, the layers behind have a hard time. So subtract their mean and divide by their
# deviation, and then let two learned numbers say which mean and deviation the network would like:
#
# $$ m = \frac1n\sum_i x_i,\quad v = \frac1n\sum_i (x_i - m)^2,\quad r = \frac{1}{\sqrt{v + \varepsilon}},\quad \hat x_i = (x_i - m)\,r,\quad y_i = \gamma\,\hat x_i + \beta . $$
#
# What is new is not the formula but what it depends on: **y_i depends on all x_j of the batch.** Until now each
# example passed a network by itself. All three traps of this lesson come from there.
#
# **Exercise 10.1.** `batch_norm`.

# %%
check("10.1")

# %% [markdown]
# ## Its gradient, in full
#
# Given g_i = dL/dy_i. For gamma and beta it is short, as each is used n times, and at a fork gradients add up:
# $\partial L/\partial\gamma = \sum_i g_i \hat x_i$ and $\partial L/\partial\beta = \sum_i g_i$.
#
# For x_j there are three ways: directly, through m, and through r. First the statistics:
#
# $$ \frac{\partial m}{\partial x_j} = \frac1n, \qquad \frac{\partial v}{\partial x_j} = \frac2n \sum_i (x_i - m)\Big(\delta_{ij} - \frac1n\Big) = \frac2n (x_j - m), $$
#
# as $\sum_i (x_i - m) = 0$ (delta_ij is 1 for i = j and else 0). And with $r = (v + \varepsilon)^{-1/2}$,
#
# $$ \frac{\partial r}{\partial x_j} = -\frac12 (v+\varepsilon)^{-3/2}\,\frac{\partial v}{\partial x_j} = -\frac{r^3}{n}(x_j - m) = -\frac{r^2}{n}\,\hat x_j . $$
#
# Now the product rule for $\hat x_i = (x_i - m)\, r$:
#
# $$ \frac{\partial \hat x_i}{\partial x_j} = \Big(\delta_{ij} - \frac1n\Big) r + (x_i - m)\Big(-\frac{r^2}{n}\hat x_j\Big) = r\,\Big(\delta_{ij} - \frac1n - \frac1n\,\hat x_i \hat x_j\Big). $$
#
# Multiply by $\gamma g_i$ and sum over i:
#
# $$ \frac{\partial L}{\partial x_j} = \gamma\, r\,\Big( g_j - \underbrace{\tfrac1n\textstyle\sum_i g_i}_{\text{mean}(g)} - \hat x_j\,\underbrace{\tfrac1n\textstyle\sum_i g_i \hat x_i}_{\text{mean}(g \hat x)} \Big). $$
#
# Of the gradient that arrives, two parts are taken out: what would shift all x alike, and what would stretch them.
# Neither could change y. In the library, written with its own operations:

# %%
show_source(ops.normalize._standardized)
show_source(ops.normalize._standardize_gradient)

# %% [markdown]
# Measured, for a channel of eight values: each x_j is raised and lowered a little (black). The rule in full agrees.
# "Constants" is gamma r g, the rule of someone who forgot that m and r move along. On the right the upstream gradient
# is all ones: the true gradient is 0, whatever x is. A check of gradients with ones would pass "return zeros".

# %%
numbers = np.random.default_rng(3)
x = numbers.standard_normal((8, 1)) + 1
one, none, eps, h = np.ones(1), np.zeros(1), 1e-5, 1e-5
figure, axes = plt.subplots(1, 2, figsize=(10, 2.6), layout="constrained", sharey=True)
for axis, g, title in zip(
    axes, (numbers.standard_normal(x.shape), np.ones_like(x)), ("g random", "g = 1"), strict=True
):
    leaf = mg.Tensor(x, requires_grad=True)
    (ops.batch_norm(leaf, one, none, eps)[0] * g).sum().backward()
    moves = [h * np.eye(8)[:, [j]] for j in range(8)]
    values = [[(g * ops.batch_norm(x + sign * e, one, none, eps)[0]).sum() for sign in (1, -1)] for e in moves]
    measured = [(above - below) / (2 * h) for above, below in values]
    constants = g / np.sqrt(x.var() + eps)
    for offset, bars, label in ((-0.2, leaf.grad.numpy(), "the rule in full"), (0.2, constants, "constants")):
        axis.bar(np.arange(8) + offset, bars[:, 0], 0.4, label=label)
    axis.plot(np.arange(8), measured, "k_", markersize=22, label="measured")
    axis.set(title=title, xlabel="j")
axes[0].set_ylabel("dL / dx_j")
axes[1].legend(fontsize=8, loc="lower right")
plt.show()

# %% [markdown]
# **Exercise 10.2.** `batch_norm_backward`.

# %%
check("10.2")

# %% [markdown]
# ## A misconception, put to the test
#
# *"The mean and deviation are just numbers that we divide by. Leave them out of the gradient; it saves work."* Take
# the smallest network there is: u = w x + b, normalised, with a squared error. Neither w nor b can change the result
# (w > 0 is divided out again, b subtracted). **Predict before you run:** what does gradient descent do to w, to b,
# and to the loss, with the full gradient and with "constants"?

# %%
inputs = numbers.standard_normal((64, 1))
target = 2 * inputs + 1 + 0.3 * numbers.standard_normal((64, 1))
figure, axes = plt.subplots(1, 3, figsize=(11, 2.5), layout="constrained")
for name in ("full", "constants"):
    w, b = (mg.Tensor(np.array([start]), requires_grad=True) for start in (1.0, 0.0))
    path = []
    for _ in range(200):
        u = inputs * w + b
        if name == "full":
            y = ops.batch_norm(u, one, none, eps)[0]
        else:
            y = (u - u.data.mean()) / np.sqrt(u.data.var() + eps)  # .data: numbers, not part of the graph
        loss = nn.mse_loss(y, mg.Tensor(target))
        slopes = mg.grad(loss, [w, b])
        path.append((w.item(), b.item(), loss.item()))
        for parameter, slope in zip((w, b), slopes, strict=True):
            parameter.data -= 0.05 * slope.data
    for axis, values, title in zip(axes, np.array(path).T, ("w", "b", "loss"), strict=True):
        axis.plot(values, label=name, linewidth=4 if name == "full" else 1.5)
        axis.set(title=title, xlabel="step")
    print(f"{name:10} after 200 steps: w {path[-1][0]:6.2f}, b {path[-1][1]:6.2f}, loss {path[-1][2]:.6f}")
axes[2].set_ylim(0, 2 * path[0][2])
axes[0].legend(fontsize=8)
plt.show()

# %% [markdown]
# The loss does not move, and the parameters run away for ever: the gradient promises a descent that the next forward
# pass takes back. Ioffe and Szegedy saw it happen (section 2 of their paper). The true gradient knows that
# there is nothing to gain, and is 0. That was the first trap: **batch statistics treated as constants.**
#
# ## Two modes
#
# In use there may be no batch. So the layer keeps *running averages* of its statistics while it is trained, and in
# *eval mode* uses those instead of the batch's. Then y_i depends on x_i alone.

# %%
show_source(nn.BatchNorm.forward)

# %% [markdown]
# The second trap: **generating with the training mode.** One code z, in batches with different neighbours. (The
# layers are frozen here, so that our looking does not change the averages.)

# %%
z = gan.noise(1, mg.Generator(6)).numpy()
pictures, labels = [], []
with mg.no_grad(), gan.generator.frozen():
    gan.eval()
    pictures.append(gan.from_codes(mg.tensor(z)).numpy()[0])
    labels.append("eval mode")
    gan.train()
    for size, seed in ((64, 0), (64, 1), (4, 0), (4, 1)):
        others = gan.noise(size - 1, mg.Generator(seed)).numpy()
        pictures.append(gan.from_codes(mg.tensor(np.concatenate([z, others]))).numpy()[0])
        labels.append(f"batch of {size}")
    pictures.append(gan.from_codes(mg.tensor(np.repeat(z, 64, axis=0))).numpy()[0])
    labels.append("64 times z")
figure, axes = plt.subplots(2, len(pictures), figsize=(10, 3.6), layout="constrained")
for column, picture, label in zip(axes.T, pictures, labels, strict=True):
    change = (picture - pictures[0])[..., 0]
    column[0].imshow(picture[..., 0], cmap="gray", vmin=-1, vmax=1)
    column[1].imshow(change, cmap="coolwarm", vmin=-0.3, vmax=0.3)
    column[0].set_title(label, fontsize=9)
    column[1].set_title(f"mean {abs(change).mean():.3f}", fontsize=9)
    for axis in column:
        axis.set_axis_off()
plt.show()

# %% [markdown]
# One z, and below what has changed against eval mode (red is brighter). Nobody asked for these changes: the
# neighbours have a say in what is drawn, most of all when there are few of them, or when they are all alike. So call
# `.eval()` before you sample, and `.train()` before you go on. And mind the opposite fault: the averages of a model
# that was trained for a few steps only are still those it began with.
#
# **Exercise 10.3.** `update_running`: one step of the averages.

# %%
check("10.3")

# %% [markdown]
# In eval mode batch norm is a fixed line for each channel, y -> scale y + shift. A convolution before it can take
# that over, and the layer is gone: this is what programs do that only *use* a network.
#
# **Exercise 10.4.** `fold` a batch norm into the convolution before it.

# %%
check("10.4")

# %% [markdown]
# ## One batch for real and fake?
#
# The third trap. D gets real images and fakes; why not one batch of both, and one pass? Because of the statistics. In
# D's step they would be those of the mixture; in G's step D sees fakes alone, with theirs. **D is not the same
# function in both.** What it learnt to see, how the fakes of a batch differ from its real images, has been normalised
# away when G asks. Here are both ways, on the small embedded digits, so that it is quick. Each is asked for its
# opinion of the same 64 fakes, as it sees them in its own step and as it sees them in G's.


# %%
class Mixed(GAN):
    """D's step on one batch of real examples and fakes."""

    def discriminator_loss(self, real, rng=None):
        """The loss of D on both, in one pass."""
        fake = self.still(self.fakes, real.shape[0], rng)
        logits = self.discriminator(ops.concatenate([real, fake]))
        n = real.shape[0]
        return self.game(self.discriminator, real, fake, logits[:n], logits[n:], rng)


small = 2 * load("digits").x - 1
rows = [small[:16]]
for kind in (GAN, Mixed):
    model, rng_small = new_gan(small, kind)
    images, small_log = train(model, small, rng_small, 300, (300,))
    rows.append(images[300][:16])
    with mg.no_grad(), model.frozen():
        fake = mg.tensor(images[300][:64])
        alone = model.discriminator(fake).numpy()
        mixed = model.discriminator(ops.concatenate([mg.tensor(small[:64]), fake])).numpy()[64:]
    own = mixed if kind is Mixed else alone
    print(
        f"{kind.__name__:6} share of 64 fakes that D finds out: {(own < 0).mean():4.0%} in its own step, "
        f"{(alone < 0).mean():4.0%} in G's;  D's loss {small_log[0, -50:].mean():.2f}, "
        f"G's loss {small_log[1, -50:].mean():.2f}"
    )
show(rows, ["real", "separate", "mixed"])

# %% [markdown]
# With mixed batches D is always right in its own step, by comparing. Alone with the fakes it has nothing to compare
# with, and takes them for real: G is told that it has won, and ends with one picture for every z. Hence **real and
# fake in separate batches**, as `GAN.discriminator_loss` has them.
#
# ## Reading the losses
#
# The curves of the training above. D's loss has its balance at 2 log 2 = 1.386, G's at log 2 = 0.693 (lesson 9). The
# accuracies are D's shares of real images and of fakes told right; the spread is the fakes' variance over that of the
# real ones. Beside them a measure that the game does not know: the Fréchet distance (means and covariances compared)
# of 1000 fakes from 1000 real images, both shrunk to a few pixels.


# %%
def shrunk(images):
    """Means of blocks of pixels: (N, 49) of MNIST, (N, 16) of the small digits."""
    n, side = images.shape[:2]
    k = 4 if side > 8 else 2
    return images.reshape(n, side // k, k, side // k, k).mean(axis=(2, 4)).reshape(n, -1)


figure, axes = plt.subplots(1, 3, figsize=(11, 2.8), layout="constrained")
for row, label in enumerate(("D's loss", "G's loss", "real told right", "fakes told right", "spread")):
    axes[0 if row < 2 else 1].plot(np.convolve(log[row], np.ones(10) / 10, "valid"), label=label, linewidth=1)
axes[0].axhline(2 * np.log(2), color="C0", linestyle=":")
axes[0].axhline(np.log(2), color="C1", linestyle=":")
distances = [frechet(shrunk(seen[step]), shrunk(real[:1000])) for step in MOMENTS]
axes[2].semilogy(MOMENTS, distances, "o-", label="fakes")
axes[2].axhline(floor(shrunk(real[:2000]), mg.Generator(0)), color="0.4", linestyle=":", label="real images")
for axis, title in zip(axes, ("losses", "shares", "Fréchet distance of small images"), strict=True):
    axis.set_title(title, fontsize=10)
    axis.set_xlabel("step")
    axis.legend(fontsize=8)
plt.show()
print("step   D's loss   G's loss   distance")
for step, distance in zip(MOMENTS, distances, strict=True):
    around = log[:, max(0, step - 10) : step + 10].mean(axis=1)
    print(f"{step:4}{around[0]:11.2f}{around[1]:11.2f}{distance:11.2f}")

# %% [markdown]
# Read them so:
#
# - **The losses do not follow the pictures.** Each is measured against an opponent who learns too. At the beginning
#   G's loss rises while the distance falls; D's loss is the same at steps 100 and 500, and the distance has halved.
# - **D's loss near 0, both accuracies at 1:** D has won, and G learns little. Make D's steps smaller.
# - **D's loss at 2 log 2, accuracies about 1/2:** D cannot tell. That is the goal, or a D that has not learnt
#   anything: at step 0 it looks the same.
# - **The spread near 0:** the fakes are all alike. The losses would not have said so.
# - **Wild swings late in training:** the game goes in circles. Keep several states, and look at the pictures.
#
# ## Something to play with
#
# A straight line between two codes. If G had learnt single images by heart, it would jump from one to the other. Try
# other codes, and go beyond the ends: t from -1 to 2. Then train with another `generator_speed`, or without batch
# norm (`dcgan_discriminator(..., norm="none")`).

# %%
ends = gan.noise(6, mg.Generator(4)).numpy()
t = np.linspace(0, 1, 14, dtype=np.float32)[:, None]
gan.eval()
with mg.no_grad():
    lines = [gan.from_codes(mg.tensor((1 - t) * ends[i] + t * ends[i + 1])).numpy() for i in (0, 2, 4)]
show(lines, ["", "", ""])

# %% [markdown]
# ## Where to go next
#
# - Radford, Metz & Chintala 2016, *Unsupervised representation learning with DCGANs*, section 3 (the architecture) and 6.3
#   (arithmetic with codes).
# - Ioffe & Szegedy 2015, *Batch normalization*, section 2 (the parameter that runs away) and 3 (algorithms 1 and 2).
# - Salimans et al. 2016, *Improved techniques for training GANs*, section 3.5: virtual batch normalisation, which ends
#   the dependence on the neighbours.
# - Santurkar, Tsipras, Ilyas & Madry 2018, *How does batch normalization help optimization?*: it is not what its
#   inventors thought.
# - In the library: `minigen/ops/normalize.py`, `minigen/models/gans/networks.py`, and a full training:
#   `python -m minigen train dcgan --data mnist --epochs 1`.
# - Lesson 11 tames the game: other distances, and other ways than batch norm to keep D from becoming too steep.
