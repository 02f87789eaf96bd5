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
# **Time:** 35 minutes to read, about two hours with the six exercises. **You need** lessons 7 (transposed convolution)
# and 9 (the game).
#
# First the picture: a DCGAN learns handwriting. Each column is one noise vector, each row a moment of the training.
# The training takes less than half a minute, and goes on while you read.
#
# ![Samples of a DCGAN, row by row, as it trains](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen import nn, ops
from minigen.lessons import Slider, check, handwritten, move, predict, quiz, show_source
from minigen.lessons.pictures import dcgan

real = 2 * handwritten().x - 1  # tanh gives numbers in (-1, 1)
gan, rng = dcgan.new_gan(real)
seen, log = dcgan.train(gan, real, rng, 500, moments=range(25, 501, 25))
rows = (0, 25, 50, 100, 200, 350, 500)
dcgan.show([*(seen[step][:16] for step in rows), real[:16]], [*(f"step {step}" for step in rows), "real"])

# %% [markdown]
# ## The networks
#
# For years GANs of convolutions were unstable. Radford, Metz and Chintala tried many and wrote down what worked
# (their section 3): strided convolutions instead of pooling, in D, and transposed ones in G (lesson 7); no dense
# hidden layers; ReLU in G and tanh at its output; LeakyReLU in D; and **batch normalisation in both, except at G's
# output and D's input**. With weights from N(0, 0.02), Adam and beta1 = 0.5 it is known as DCGAN. Ours is a small
# one.
#
# What is trained and drawn in this lesson stands in `minigen/lessons/pictures/dcgan.py`; `show_source(dcgan.train)`
# shows a part of it.

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
groups = {}
for title, g in (("g random", numbers.standard_normal(x.shape)), ("g = 1", np.ones_like(x))):
    leaf = mg.Tensor(x, requires_grad=True)
    (ops.batch_norm(leaf, one, none, eps)[0] * g).sum().backward()
    moves = [h * np.eye(8)[:, [j]] for j in range(8)]
    values = [[(g * ops.batch_norm(x + sign * e, one, none, eps)[0]).sum() for sign in (1, -1)] for e in moves]
    measured = np.array([(above - below) / (2 * h) for above, below in values])
    constants = g / np.sqrt(x.var() + eps)
    groups[title] = leaf.grad.numpy()[:, 0], constants[:, 0], measured
dcgan.gradients(groups)

# %% [markdown]
# **Exercise 10.2.** `batch_norm_backward`.

# %%
check("10.2")

# %% [markdown]
# ## A misconception, put to the test
#
# *"The mean and deviation are just numbers that we divide by. Leave them out of the gradient; it saves work."* Take
# the smallest network there is: u = w x + b, normalised, with a squared error. Neither w nor b can change the result
# (a w > 0 is divided out again, b is subtracted).
#
# **Predict before you run.** With the full gradient, w stays at 1 and b at 0. What does gradient descent do with
# "constants", from the same start? (a) the same, (b) w and b move, and the loss falls, (c) w and b move and move, and
# the loss stays.

# %%
predict("10.a", ...)

# %%
inputs = numbers.standard_normal((64, 1))
target = 2 * inputs + 1 + 0.3 * numbers.standard_normal((64, 1))
paths = {}
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
    paths[name] = np.array(path)
    print(f"{name:10} after 200 steps: w {path[-1][0]:6.2f}, b {path[-1][1]:6.2f}, loss {path[-1][2]:.6f}")
dcgan.paths(paths)

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
# The second trap: **generating with the training mode.** Take one code z, in batches with different neighbours. (The
# layers are frozen here, so that our looking does not change the averages.) A neighbour contributes 1/N to the
# statistics, and the average over N of them scatters like 1 / sqrt(N).
#
# **Predict before you run.** Compare two draws of neighbours: how many times as much does the image of z change from one
# to the other in batches of 4 as in batches of 64?

# %%
predict("10.b", ...)


# %%
def image_of(z, neighbours, seed):
    """The image of the first code, in training mode, among so many neighbours."""
    others = gan.noise(neighbours, mg.Generator(seed)).numpy()
    return gan.from_codes(mg.tensor(np.concatenate([z, others]))).numpy()[0]


z = gan.noise(1, mg.Generator(6)).numpy()
eval_mode = dcgan.look(gan, mg.tensor(z))[0]
with mg.no_grad(), gan.generator.frozen():
    pictures = [image_of(z, size - 1, seed) for size in (64, 4) for seed in (0, 1)]
    alike = gan.from_codes(mg.tensor(np.repeat(z, 64, axis=0))).numpy()[0]
    changes = {}
    for size in (64, 16, 4):
        many = [image_of(gan.noise(1, mg.Generator(i // 2)).numpy(), size - 1, 100 + i) for i in range(48)]
        changes[size] = np.mean([abs(many[i] - many[i + 1]).mean() for i in range(0, 48, 2)])
        print(f"batches of {size:2}: mean change of a pixel from one draw of neighbours to another {changes[size]:.3f}")
dcgan.company([eval_mode, *pictures, alike], ["eval mode", "64", "64", "4", "4", "64 times z"])

# %% [markdown]
# Above is the image of one z: in eval mode, in batches of 64 and of 4, and in a batch of 64 copies of z. Below is how it
# differs from eval mode (red is brighter), with the mean size of the difference. Nobody asked for these changes: the
# neighbours have a say in what is drawn. A single picture proves little; the printed means over 24 codes show that the
# neighbours' influence grows as the batch gets smaller. So call `.eval()` before you sample, and `.train()` before you
# go on. And mind the opposite fault: the averages of a model that was trained for a few steps only are still near those
# it began with.
#
# **Exercise 10.3.** `update_running`: one step of the averages.

# %%
check("10.3")

# %% [markdown]
# In eval mode batch norm is a fixed line for each channel, y -> scale y + shift. A convolution before it can take
# that over, and the layer is gone. This is what programs do that only *use* a network.
#
# **Exercise 10.4.** `fold` a batch norm into the convolution before it.

# %%
check("10.4")

# %% [markdown]
# **Exercise 10.6 (open task).** `alone`: a normalisation that does not depend on the neighbours at all.

# %%
check("10.6")

# %% [markdown]
# ## One batch for real and fake?
#
# The third trap. D gets real images and fakes; why not in one batch, with one pass? Because of the statistics. In
# D's step they would be those of the mixture; in G's step D sees fakes alone, with their own. **D is not the same
# function in both steps.** Here are both ways, on the small embedded digits, so that it is quick.
#
# **Exercise 10.5 (derivation).** `mixed_statistics`: mean and variance of the mixture, from those of its parts.

# %%
check("10.5")


# %%
from minigen.data import load
from minigen.models import GAN


class Mixed(GAN):
    """D's step on one batch of real examples and fakes."""

    def discriminator_loss(self, real, rng=None):
        """The loss of D on both, in one pass."""
        fake = self.still(self.fakes, real.shape[0], rng)
        logits = self.discriminator(ops.concatenate([real, fake]))
        n = real.shape[0]
        return self.game(self.discriminator, real, fake, logits[:n], logits[n:], rng)


# %% [markdown]
# After 300 steps each D is asked for its opinion of the same 64 fakes, as it sees them in its own step and as it sees
# them in G's step.
#
# **Predict before you run.** A D that was trained on mixed batches finds out nearly all fakes in its own step. Which
# share does it find out in G's step? (a) nearly all, (b) about a half, (c) nearly none.

# %%
predict("10.c", ...)

# %%
small = 2 * load("digits").x - 1
pictures, found_out = [small[:16]], {}
for kind in (GAN, Mixed):
    model, rng_small = dcgan.new_gan(small, kind)
    images, small_log = dcgan.train(model, small, rng_small, 300, (300,))
    pictures.append(images[300][:16])
    with mg.no_grad(), model.frozen():
        fake = mg.tensor(images[300][:64])
        alone = model.discriminator(fake).numpy()
        mixed = model.discriminator(ops.concatenate([mg.tensor(small[:64]), fake])).numpy()[64:]
    own = mixed if kind is Mixed else alone
    found_out[kind.__name__] = (own < 0).mean(), (alone < 0).mean()
    print(
        f"{kind.__name__:6} share of 64 fakes that D finds out: {found_out[kind.__name__][0]:4.0%} in its own step, "
        f"{found_out[kind.__name__][1]:4.0%} in G's;  D's loss {small_log[0, -50:].mean():.2f}, "
        f"G's loss {small_log[1, -50:].mean():.2f}, spread {small_log[4, -50:].mean():.2f}"
    )
dcgan.show(pictures, ["real", "separate", "mixed"])

# %% [markdown]
# With mixed batches D finds out every fake in its own step, by comparing. Alone with the fakes it has nothing to compare
# them with, and takes them for real. G is told that it has won, and ends with nearly one picture for every z. Hence
# **real and fake in separate batches**, as `GAN.discriminator_loss` has them.
#
# ## Reading the losses
#
# The curves of the first training. D's loss has its balance at 2 log 2 = 1.386, G's at log 2 = 0.693 (lesson 9). The
# accuracies are D's shares of real images and of fakes told right; the spread is the fakes' variance over that of the
# real ones. Beside them is a measure that the game does not know: the Fréchet distance (means and covariances compared)
# of 500 fakes from 500 real images, both shrunk to a few pixels. Its baseline is the distance of real images from
# other real images.

# %%
distance, least = dcgan.distances(seen, real)
moments = list(seen)
dcgan.curves(log, moments, distance, least)
around = np.array([log[:2, max(0, step - 10) : step + 10].mean(axis=1) for step in moments])
print("step   D's loss   G's loss   distance")
for step, (d_loss, g_loss), value in list(zip(moments, around, distance, strict=True))[::4]:
    print(f"{step:4}{d_loss:11.2f}{g_loss:11.2f}{value:11.2f}")
print(f"real images from real images: {least:.2f}")
for first in (1, 8):
    d, g = (dcgan.rank_correlation(around[first:, i], distance[first:]) for i in (0, 1))
    print(f"rank correlation with the distance from step {moments[first]:3} on: D's loss {d:+.2f}, G's loss {g:+.2f}")

# %% [markdown]
# Read them so:
#
# - **G's loss follows the pictures for a while, D's does not.** In the first 50 steps G's loss rises steeply while the
#   distance falls. From step 25 on, G's loss falls with the distance: the rank correlation on MNIST is about 0.9, with this seed
#   and with two others. From step 200 on, where one would like to know when to stop, it is about 0.6. The correlation
#   of D's loss even has another sign for other seeds (from step 200 on: +0.7, -0.4 and -0.1). Each loss is measured
#   against an opponent who learns too. So measure the pictures.
# - **D's loss near 0, both accuracies at 1:** D has won, and G learns little. Make D's steps smaller.
# - **D's loss at 2 log 2, accuracies about 1/2:** D cannot tell. That is the goal, or a D that has not learnt
#   anything: at step 0 it looks the same.
# - **The spread near 0:** the fakes are all alike. The losses alone do not say so.
# - **Wild swings late in training:** the game goes in circles. Keep several states, and look at the pictures.
#
# ## Something to play with
#
# A straight line between two codes, five times. If G had learnt single images by heart, it would jump from one to the
# other. Go beyond the ends, too: t from -1 to 2. Then train with another `generator_speed`, or without batch norm
# (`dcgan_discriminator(..., norm="none")`).

# %%
move(dcgan.between(gan), t=Slider(-1.0, 2.0, 0.1, start=0.5, label="t: 0 and 1 are the two codes"))

# %% [markdown]
# ## Five quick questions
#
# Answer with a letter for each, as in `quiz("10", "a b c a b")`.

# %%
quiz("10")

# %% [markdown]
# ## Where to go next
#
# - [Radford, Metz & Chintala 2016, *Unsupervised representation learning with deep convolutional generative adversarial
#   networks*](https://arxiv.org/abs/1511.06434), section 3 (the architecture) and 6.3 (arithmetic with codes).
# - [Ioffe & Szegedy 2015, *Batch normalization*](https://arxiv.org/abs/1502.03167), section 2 (the parameter that runs
#   away) and 3 (algorithms 1 and 2).
# - [Salimans et al. 2016, *Improved techniques for training GANs*](https://arxiv.org/abs/1606.03498), section 3.5:
#   virtual batch normalisation, which ends the dependence on the neighbours.
# - [Ulyanov, Vedaldi & Lempitsky 2016, *Instance normalization*](https://arxiv.org/abs/1607.08022), and [Ba, Kiros &
#   Hinton 2016, *Layer normalization*](https://arxiv.org/abs/1607.06450): two normalisations without neighbours.
# - [Santurkar, Tsipras, Ilyas & Madry 2018, *How does batch normalization help
#   optimization?*](https://arxiv.org/abs/1805.11604): it is not what its inventors thought.
# - In the library: `minigen/ops/normalize.py`, `minigen/models/gans/networks.py`, and a full training:
#   `python -m minigen train dcgan --data mnist --epochs 1`.
# - Lesson 11 tames the game: other distances, and other ways than batch norm to keep D from becoming too steep.
