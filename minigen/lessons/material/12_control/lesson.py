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
# # Lesson 12: Control
#
# **Afterwards you can** make a VAE or a GAN draw what you ask for, prove InfoGAN's bound on mutual information and write it
# with its gradient, say which of a VAE-GAN's three networks learns from which loss, and mix styles.
#
# **Time:** 40 minutes to read, about an hour with the four exercises. **You need** lessons 6 and 9.
#
# First the picture: a conditional VAE, told the class. Each column is a class, each row one z: *which* digit and
# *how it is written* have come apart.
#
# ![Ten classes, one a column; one way of writing a row](opening.png)

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigen as mg
from minigen.data import load
from minigen.lessons import check, handwritten, show_source
from minigen.metrics.modes import nearest_centre
from minigen.models import VAEGAN, ConditionalGAN, ConditionalVAE, InfoGAN, StyleGAN
from minigen.models.gans.gan import GANTrainer
from minigen.models.gans.networks import dcgan_discriminator, dense_discriminator
from minigen.models.gans.style_generator import StyledLayer, StyleGenerator
from minigen.models.gans.vaegan import VAEGANTrainer
from minigen.models.networks import dense_decoder, dense_encoder
from minigen.models.vaes.vae import VAETrainer
from minigen.optim import constant, cosine
from minigen.report.plots import image_grid, mosaic
from minigen.train import steps

digits = handwritten("train")
pixels = digits.x.astype(np.float32)


def train(trainer, *arrays, n=800, batch=64, seed=0):
    """n steps on random batches of examples, and of their labels if they are given; the metrics of every step."""
    rng = mg.Generator(seed)
    chosen = (rng.host.integers(len(arrays[0]), size=batch) for _ in range(n))
    batches = (tuple(array[rows] for array in arrays) for rows in chosen)
    return [metrics for _, metrics in steps(trainer, batches, rng, n)]


rng = mg.Generator(0)
size, latents = int(np.prod(digits.shape)), 3
encoder = dense_encoder((size + 10,), 2 * latents, [256], rng)
cvae = ConditionalVAE(encoder, dense_decoder(latents + 10, digits.shape, [256], rng), latents, 10)
train(VAETrainer(cvae, 2e-3), pixels, digits.y, batch=100)
z = np.repeat(mg.Generator(2).normal((5, latents)), 10, axis=0)  # each row one z
classes = np.tile(np.eye(10, dtype=np.float32), (5, 1))  # each column one class
drawn = cvae.from_codes(mg.tensor(np.concatenate([z, classes], axis=1))).numpy()
figure, axis = plt.subplots(figsize=(8, 4), layout="constrained")
axis.imshow(mosaic(drawn, 10)[..., 0], cmap="gray", vmin=0, vmax=1)
axis.set_axis_off()
plt.show()

# %% [markdown]
# ## Told the class
#
# Nothing new is needed for the **VAE**. Fix a class y and go through lesson 6 again with everything given y; the prior
# of z is left as it was, p(z|y) = p(z):
#
# $$ \log p(x|y) = \log E_{q(z|x,y)}\Big[\frac{p(x|z,y)\,p(z)}{q(z|x,y)}\Big] \;\ge\; E_{q}\big[\log p(x|z,y)\big] - KL\big(q(z|x,y)\,\|\,p(z)\big), $$
#
# by Jensen, as the logarithm is concave. Both networks get y as a one-hot vector beside their input. As saying in z what y
# says already would cost KL and gain nothing, z is left with the rest: slant, width, stroke.
#
# For the **GAN** there is a game for each class, and the players meet in all of them (Mirza & Osindero 2014):
#
# $$ V = E_{y}\Big[ E_{x|y}\big[\log D(x|y)\big] + E_z\big[\log(1 - D(G(z,y)|y))\big] \Big]. $$
#
# For each y lesson 9 applies: the best D is $p(x|y)/(p(x|y) + p_G(x|y))$, and V is least when $p_G(x|y) = p(x|y)$.
#
# How does a convolution see a class? As K channels more: a plane of ones for the class, zeros for all others.

# %%
show_source(ConditionalGAN.judge)

# %% [markdown]
# **Exercise 12.1.** `with_class_planes`.

# %%
check("12.1")

# %% [markdown]
# The **AC-GAN** (Odena et al. 2017) goes the other way: its discriminator is not told the class but has to *name* it, and
# both players are paid for right names: $E[\log Q(y|x)]$ over real examples and over fakes made for y. What that buys, the next
# section explains, and there without any labels.
#
# ## A bound on mutual information
#
# Suppose there are no labels. We give the generator a category c beside its noise, drawn uniformly from K. Why should it care? The
# game can be won just as well if it ignores c. InfoGAN (Chen et al. 2016) asks that c can be read off the fake x = G(z, c): that their
# *mutual information* is large,
#
# $$ I(c; x) = H(c) - H(c|x), \qquad H(c) = \log K, \qquad H(c|x) = -E_x\, E_{c'\sim P(c'|x)} \log P(c'|x), $$
#
# how much less uncertain c is once x is seen. It is at most log K, as H(c|x) ≥ 0. But P(c|x) is unknown: it would need the
# generator turned round. Put *any* distribution Q(c|x) in its place. For each x
#
# $$ E_{c'\sim P}\log P(c'|x) = E_{c'\sim P}\log Q(c'|x) + \underbrace{E_{c'\sim P}\log\frac{P(c'|x)}{Q(c'|x)}}_{KL(P\|Q)\ \ge\ 0}, $$
#
# and KL ≥ 0 by Jensen: $-KL = E_P \log\frac QP \le \log E_P\frac QP = \log 1$. So
#
# $$ I(c; x) \;\ge\; \log K + E_x\, E_{c'\sim P(c'|x)} \log Q(c'|x) . $$
#
# One step is left: c' is still drawn from the unknown P(c'|x). But to draw x and then c' from P(c'|x) gives the same *pairs* as to draw
# c and then x: both are the joint distribution, P(x) P(c|x) = P(c) P(x|c). So draw c, make the fake, and ask Q for that c:
#
# $$ I(c; x) \;\ge\; L_I = \log K + E_{c}\,E_{x = G(z,c)} \log Q(c|x), $$
#
# with equality for Q = P(c|x). Q is a second head of the discriminator; G *and* Q maximise L_I. A small world where all is known: four
# categories, of which x shows the right one in 7 of 10 cases. Q is the true posterior to the power t, normalised: t < 1 too modest, t
# > 1 too sure of itself.

# %%
posterior = np.full((4, 4), 0.1) + 0.6 * np.eye(4)  # P(c|x): rows x, columns c; x is uniform too
information = np.log(4) + (posterior * np.log(posterior)).sum(axis=1).mean()
powers = np.linspace(0, 4, 81)
bounds = []
for t in powers:
    q = posterior**t / (posterior**t).sum(axis=1, keepdims=True)
    bounds.append(np.log(4) + (posterior * np.log(q)).sum(axis=1).mean())
figure, axis = plt.subplots(figsize=(5.5, 2.8), layout="constrained")
axis.plot(powers, bounds, label="the bound with Q = P^t")
axis.axhline(information, color="C3", linestyle="--", label="I(c; x)")
axis.set(xlabel="t", ylabel="nats", ylim=(-0.5, 0.7))
axis.legend()
plt.show()
print(f"I = {information:.4f}; the best bound is {max(bounds):.4f}, at t = {powers[np.argmax(bounds)]:.2f}")

# %% [markdown]
# It touches at t = 1, from below; Q = uniform gives 0, and a Q that is too sure gives *less* than nothing.
#
# The rule for the gradient is short. For one fake $\log Q(c) = l_c - \log\sum_j e^{l_j}$ with the logits l, and
#
# $$ \frac{\partial \log Q(c)}{\partial l_k} = [k = c] - \frac{e^{l_k}}{\sum_j e^{l_j}} = [k = c] - Q(k) . $$
#
# **Exercises 12.2 and 12.3.** `information_bound` and `information_gradient`.

# %%
check("12.2")

# %%
check("12.3")

# %% [markdown]
# Now InfoGAN on the ring of eight Gaussians of lesson 9, with K = 8, and no labels at all. What will the categories become?

# %%
show_source(InfoGAN.information)
ring = load("ring", "train")
rng = mg.Generator(1)
info = InfoGAN(dense_decoder(10, (2,), [64, 64], rng), dense_discriminator((2,), [64, 64], rng, outputs=9), 2, 8)
rows = train(GANTrainer(info, cosine(1e-3, 1200), 2.0), ring.x, n=1200, batch=128, seed=1)
points = info.sample(800, mg.Generator(2)).numpy()  # of categories 0, 1, ... 7, 0, 1, ...
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
axes[0].plot([row["information"].item() for row in rows], linewidth=0.7)
axes[0].axhline(np.log(8), color="C3", linestyle="--", label="log 8")
axes[0].set(title="the bound on I(c; x), in nats", xlabel="step", ylim=(0, 2.3))
axes[0].legend(loc="lower right")
axes[1].scatter(*points.T, c=np.arange(800) % 8, cmap="tab10", s=6)
axes[1].plot(*ring.centres.T, "k+")
axes[1].set(title="fakes, coloured by their category", aspect="equal")
plt.show()

# %% [markdown]
# Of all ways to be readable, the data offer one: a category for each cluster. On digits, the paper's categories become
# mostly the ten digits, and two continuous codes slant and width: `python -m minigen train infogan`. Nobody *guarantees* that:
# the bound asks for information, not for meaning.
#
# ## VAE-GAN: three networks, three losses
#
# A VAE compares images pixel by pixel. A stroke that is one pixel off counts as two errors, so it is safer to be blurred. A GAN's
# images are sharp, but it has no encoder. Larsen et al. (2016) let the VAE's decoder *be* the GAN's generator, and
# compare images in the features of the discriminator.

# %%
figure, axis = plt.subplots(figsize=(10, 3.3), layout="constrained")


def box(x, y, text, colour):
    style = {"boxstyle": "round,pad=0.5", "facecolor": colour, "edgecolor": "0.3"}
    axis.text(x, y, text, ha="center", va="center", fontsize=10, bbox=style, zorder=3)


def arrow(a, b, colour="0.3", style="-"):
    axis.annotate("", b, a, arrowprops={"arrowstyle": "->", "color": colour, "linestyle": style, "linewidth": 1.4})


for x, y, text, colour in (
    (0, 1, "real x", "white"),
    (1.6, 1, "encoder", "#cfe3f7"),
    (3.2, 1, "z ~ q(z|x)", "white"),
    (3.2, 0, "z_p ~ N(0, 1)", "white"),
    (5, 0.5, "decoder\n= generator", "#d5f0d0"),
    (6.8, 1, "x~, again", "white"),
    (6.8, 0, "x_p, new", "white"),
    (8.6, 0.5, "discriminator", "#f9dccb"),
    (10.2, 0.5, "real?", "white"),
):
    box(x, y, text, colour)
arrow((0.42, 1), (1.08, 1))
arrow((2.12, 1), (2.6, 1))
arrow((3.78, 0.95), (4.42, 0.66))
arrow((3.9, 0.06), (4.42, 0.34))
arrow((5.58, 0.66), (6.3, 0.95))
arrow((5.58, 0.34), (6.32, 0.06))
arrow((7.3, 0.95), (7.95, 0.62))
arrow((7.28, 0.06), (7.95, 0.38))
arrow((9.27, 0.5), (9.85, 0.5))
axis.plot([0, 0, 8.6], [1.25, 1.75, 1.75], color="0.3", linewidth=1.4)
arrow((8.6, 1.75), (8.6, 0.75))
axis.text(3.2, 1.35, "L_prior: KL(q || N(0, 1))", color="C0", ha="center", fontsize=9)
axis.text(8.7, 1.2, "L_like: features\nof x and of x~", color="C2", fontsize=9)
axis.text(10.2, 0.05, "L_GAN", color="C3", ha="center", fontsize=9)
axis.text(1.6, 0.55, "learns from\nL_prior + L_like", color="C0", ha="center", va="center", fontsize=9)
axis.text(5, -0.25, "learns from gamma L_like - L_GAN", color="C2", ha="center", fontsize=9)
axis.text(8.6, -0.05, "learns from -L_GAN", color="C3", ha="center", fontsize=9)
axis.set(xlim=(-0.6, 10.8), ylim=(-0.4, 1.95))
axis.set_axis_off()
plt.show()

# %% [markdown]
# With $\mathrm{Dis}_l$ for the discriminator's last hidden layer,
#
# $$ L_{like} = -E_q \log N\big(\mathrm{Dis}_l(x);\ \mathrm{Dis}_l(\tilde x),\ 1\big) = \tfrac12 E_q\big|\mathrm{Dis}_l(x) - \mathrm{Dis}_l(\tilde x)\big|^2 + \text{const}, $$
#
# a Gaussian likelihood of *features*; L_GAN adds log Dis of real images and log(1 - Dis) of both kinds of fakes. The sum of
# all losses must not be given to all networks: the discriminator could make L_like zero by having no features at all. Each
# loss stops at its own network, and that can be seen:

# %%
scaled = 2 * pixels - 1
rng = mg.Generator(0)
generator = mg.nn.Sequential(*dense_decoder(16, digits.shape, [128], rng), mg.nn.Tanh())
vaegan = VAEGAN(
    dense_encoder(digits.shape, 32, [128], rng),
    generator,
    dense_discriminator(digits.shape, [128, 64], rng),
    16,
    gamma=0.01,
    penalty="r1",
)
networks = {"encoder": vaegan.encoder, "decoder": vaegan.generator, "discriminator": vaegan.discriminator}
print(f"{'gradients in':20}", *(f"{name:14}" for name in networks))
losses = {"encoder_loss": 0, "decoder_loss": 0, "discriminator_loss": 0}
for loss in losses:
    vaegan.zero_grad()
    value = getattr(vaegan, loss)(mg.tensor(scaled[:8]), rng)
    (value if loss == "decoder_loss" else value.total).backward()
    reached = [any(p.grad is not None for p in network.parameters()) for network in networks.values()]
    print(f"{loss:20}", *(f"{'yes' if there else '-':14}" for there in reached))

train(VAEGANTrainer(vaegan, constant(1e-3)), scaled, n=500)
test = 2 * handwritten("test").x[:10].astype(np.float32) - 1
shown = [test, vaegan.reconstruct(test).numpy(), vaegan.sample(10, mg.Generator(1)).numpy()]
image_grid((np.concatenate(shown) + 1) / 2, 10, "real; again, through z; new, from N(0, 1)")

# %% [markdown]
# ## Style
#
# So far control was an *input*. A style-based generator (Karras et al. 2019) lets it act at every layer. The image begins as
# a learned constant; z goes through a small network and becomes w, and at each layer an affine function of w gives each
# channel a scale and a shift, after the channel's own mean and deviation have been taken out (AdaIN):
#
# $$ y_{nijc} = (1 + \text{scale}_{nc})\,\frac{x_{nijc} - m_{nc}}{\sqrt{\mathrm{var}_{nc} + \epsilon}} + \text{shift}_{nc} , $$
#
# m and var over the pixels of one channel of one image. Standardised numbers have mean 0 and variance 1, so what comes out has mean
# *shift* and deviation *1 + scale* (except for ε), whatever came in: **each layer's style replaces that of the layer before**.
# This is why styles can be exchanged layer by layer.

# %%
show_source(StyledLayer.forward)

# %% [markdown]
# **Exercise 12.4.** `adain`.

# %%
check("12.4")

# %% [markdown]
# Now such a generator on digits of half the size, 16 x 16, so that it learns in seconds: six layers, two for each of the sizes
# 4, 8 and 16. Its discriminator is spectrally normalised (lesson 11). Every image of the tables takes the styles of its first
# layers from the digit at the left, and the rest from the digit on top.

# %%
small = scaled
if digits.shape[0] == 28:  # a border of 2, then the mean of 2 x 2 pixels; the embedded digits are small enough
    padded = np.pad(scaled[:20_000], ((0, 0), (2, 2), (2, 2), (0, 0)), constant_values=-1)
    small = padded.reshape(-1, 16, 2, 16, 2, 1).mean(axis=(2, 4))
rng = mg.Generator(0)
network = StyleGenerator(16, small.shape[1:], 16, rng)
style = StyleGAN(network, dcgan_discriminator(small.shape[1:], 16, rng, "spectral"), 16, loss="hinge")
trainer = GANTrainer(style, constant(2e-3), ema=0.98, betas=(0.0, 0.99))
train(trainer, small, n=400, batch=32)


def table(coarse, fine, change):
    """Rows of `coarse`, columns of `fine`, and what they give together."""
    mixed = style.mix(np.repeat(coarse, len(fine), axis=0), np.tile(fine, (len(coarse), 1)), change).numpy()
    left, top = (network(z).numpy() for z in (coarse, fine))
    rows = [np.ones_like(top[:1]), top]
    for i, first in enumerate(left):
        rows += [first[None], mixed[i * len(fine) : (i + 1) * len(fine)]]
    return mosaic(np.concatenate(rows), len(fine) + 1)[..., 0]


with trainer.averaged():
    style.eval()
    coarse, fine = (style.noise(n, mg.Generator(seed)).numpy() for n, seed in ((5, 5), (9, 6)))
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.3), layout="constrained")
    for axis, change in zip(axes, (2, 4), strict=True):
        axis.imshow(table(coarse, fine, change), cmap="gray", vmin=-1, vmax=1)
        axis.set_title(f"layers 0 ... {change - 1} from the left, {change} ... 5 from the top")
        axis.set_axis_off()
plt.show()

# %% [markdown]
# In the left table, where two layers come from the rows, an image is nearly the one on top. In the right one, with four, the shape
# follows the row much more, and the column how bold it is drawn. After 400 steps the two are not cleanly parted; in the paper's
# networks, of 18 layers and for faces, coarse styles set pose and shape, fine ones colour (section 3.1).
#
# ## A misconception, put to the test
#
# *"To make a GAN conditional, tell its generator the class."* **Predict before you run:** two conditional GANs on the ring,
# alike except for one thing: the second one's discriminator is shown zeros instead of the class. How many of its fakes lie at the
# cluster that was asked for?

# %%


class Blind(ConditionalGAN):
    """A conditional GAN whose discriminator does not see the class."""

    def judge(self, x, classes):
        """The logits of x, whatever its class."""
        return super().judge(x, 0 * classes)


figure, axes = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
for axis, kind in zip(axes, (ConditionalGAN, Blind), strict=True):
    rng = mg.Generator(0)
    gan = kind(dense_decoder(10, (2,), [64, 64], rng), dense_discriminator((10,), [64, 64], rng), 2, 8)
    train(GANTrainer(gan, cosine(1e-3, 1200), 2.0), ring.x, ring.y, n=1200, batch=128)
    asked = np.arange(800) % 8
    points = gan.sample(800, mg.Generator(1)).numpy()
    right = (nearest_centre(points, ring.centres) == asked).mean()
    axis.scatter(*points.T, c=asked, cmap="tab10", s=6)
    axis.plot(*ring.centres.T, "k+")
    axis.set(title=f"{kind.__name__}: {right:.0%} where asked", aspect="equal", xlim=(-1.5, 1.5), ylim=(-1.5, 1.5))
plt.show()

# %% [markdown]
# A discriminator without y plays lesson 9's game on the mixture $\sum_y p(y)\,p_G(x|y)$, and is content with any generator
# whose mixture is right. (Even that it has not reached yet: eight games with a cluster each are the easier game.) Nothing in its loss knows which class a fake was made for, so no gradient can. *Control must be in the loss.*
#
# ## Something to play with
#
# Truncation: w is pulled towards its mean, $w' = \bar w + \psi\,(w - \bar w)$. What do ψ = 0 and ψ > 1 give? What is traded for
# what? Try other seeds, or a walk from one z to another.

# %%
psis = (0.0, 0.4, 0.7, 1.0, 1.5)
with trainer.averaged():
    w = network.styles(style.noise(12, mg.Generator(7)).numpy())
    rows = [network.paint([network.truncated(w, psi)] * 6, [0.0] * 6).numpy() for psi in psis]
image_grid((np.concatenate(rows) + 1) / 2, 12, f"from top to bottom: psi = {', '.join(map(str, psis))}")

# %% [markdown]
# ## Where to go next
#
# - Mirza & Osindero 2014, *Conditional generative adversarial nets*, section 3.2; Sohn, Lee & Yan 2015, *Learning structured output
#   representation using deep conditional generative models*, section 4.
# - Chen et al. 2016, *InfoGAN*, sections 4 and 5: the bound.
# - Odena, Olah & Shlens 2017, *Conditional image synthesis with auxiliary classifier GANs*.
# - Larsen et al. 2016, *Autoencoding beyond pixels using a learned similarity metric*, section 2 and algorithm 1.
# - Karras, Laine & Aila 2019, *A style-based generator architecture for GANs*, sections 2 and 3.
# - In the library: `conditional.py`, `infogan.py`, `acgan.py`, `vaegan.py` and `style_generator.py` in `minigen/models/gans/`, each one idea; the
#   recipes `cgan`, `infogan`, `vae-gan` and `style-gan` of `python -m minigen train`.
