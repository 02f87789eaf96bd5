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
# **Afterwards you can** make a VAE or a GAN draw what you ask for, prove InfoGAN's bound on mutual information and
# write it with its gradient, say which of a VAE-GAN's three networks learns from which loss, and mix styles.
#
# **Time:** 45 minutes to read, about two hours with the six exercises. **You need** lessons 6 and 9.
#
# The picture shows what a VAE draws that is told the class. Each column is a class, and each row one code z. *Which*
# digit is drawn and *how* it is written have mostly come apart.
#
# ![Ten classes, one in each column; one way of writing in each row](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen.lessons import Slider, check, handwritten, move, predict, quiz, show_source
from minigen.lessons.pictures import control as pictures

digits = handwritten("train")
cvae = pictures.conditional_vae(digits)
z = np.repeat(mg.Generator(2).normal((5, 3)), 10, axis=0)  # each row one z
classes = np.tile(np.eye(10, dtype=np.float32), (5, 1))  # each column one class
drawn = cvae.from_codes(mg.tensor(np.concatenate([z, classes], axis=1))).numpy()
figure = pictures.show(drawn, 10)

# %% [markdown]
# ## Told the class
#
# The **VAE** needs nothing new. Fix a class y and go through lesson 6 again with everything given y. The prior
# of z stays as it was, p(z|y) = p(z):
#
# $$ \log p(x|y) = \log E_{q(z|x,y)}\Big[\frac{p(x|z,y)\,p(z)}{q(z|x,y)}\Big] \;\ge\; E_{q}\big[\log p(x|z,y)\big] - KL\big(q(z|x,y)\,\|\,p(z)\big), $$
#
# by Jensen's inequality, as the logarithm is concave. Both networks get y as a one-hot vector beside their input. If z
# repeated what y already says, that would cost KL and gain nothing. So z describes the rest: slant, width, thickness of
# the stroke.

# %%
show_source(pictures.conditional_vae)

# %% [markdown]
# Move the three numbers of z. What does each of them change, and does it change the same thing in all ten digits? (The
# drawing code is in `pictures`, too, for `show_source`.)

# %%
move(
    pictures.traversal(cvae),
    z1=Slider(-2.5, 2.5, 0.25, start=-1.5),
    z2=Slider(-2.5, 2.5, 0.25, start=0.0),
    z3=Slider(-2.5, 2.5, 0.25, start=0.0),
)

# %% [markdown]
# How often does it draw the class that was asked for? A simple judge is the nearest of the ten classes' mean images. It
# is not always right even about real digits, so their number stands beside it.

# %%
means = np.stack([digits.x[digits.y == k].mean(axis=0).ravel() for k in range(10)])


def judged(images):
    """The class whose mean image is nearest."""
    flat = images.reshape(len(images), -1)
    return ((flat[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)


asked = np.arange(500) % 10
codes = [mg.Generator(3).normal((500, 3)), np.eye(10, dtype=np.float32)[asked]]
of_cvae = (judged(cvae.from_codes(mg.tensor(np.concatenate(codes, axis=1))).numpy()) == asked).mean()
of_real = (judged(digits.x[:500]) == digits.y[:500]).mean()
print(f"judged to be the right class: {of_cvae:.0%} of the VAE's images, {of_real:.0%} of real digits, 10% by guessing")

# %% [markdown]
# On 28x28 digits that is less often than for real ones, and the picture shows why: a z that is common among 3s can be
# rare among 1s. There the decoder has learned little. p(z|y) = p(z) was assumed, and after seconds of training it is only
# roughly so. (On 8x8 digits nearly all are right, more than of the real ones: what the VAE draws is more typical.)
#
# The **GAN** becomes one game for each class, with the same two players in all of them (Mirza & Osindero 2014):
#
# $$ V = E_{y}\Big[ E_{x|y}\big[\log D(x|y)\big] + E_z\big[\log(1 - D(G(z,y)|y))\big] \Big]. $$
#
# For each y lesson 9 applies: the best D is $p(x|y)/(p(x|y) + p_G(x|y))$, and V is least when $p_G(x|y) = p(x|y)$.
#
# How does a convolution see a class? It gets K more channels: a plane of ones for the class, and planes of zeros for
# all others.

# %%
from minigen.models import ConditionalGAN

show_source(ConditionalGAN.judge)

# %% [markdown]
# **Exercise 12.1.** `with_class_planes`.

# %%
check("12.1")

# %% [markdown]
# The **AC-GAN** (Odena et al. 2017) does it the other way round. Its discriminator is not told the class but has to
# *name* it, and both players are rewarded for right names: $E[\log Q(y|x)]$ over real examples and over fakes made for
# y. The next section explains what such a reward achieves, and it does so for codes without any labels.
#
# ## A bound on mutual information
#
# Suppose there are no labels. We give the generator a category c beside its noise, drawn uniformly from K. It could
# ignore c and win the game just as well. InfoGAN (Chen et al. 2016) asks that c can be read off the fake x = G(z, c).
# In other words, their *mutual information* should be large:
#
# $$ I(c; x) = H(c) - H(c|x), \qquad H(c) = \log K, \qquad H(c|x) = -E_x\, E_{c'\sim P(c'|x)} \log P(c'|x). $$
#
# It says by how much the uncertainty about c shrinks when x is seen, and it is at most log K, as H(c|x) ≥ 0. But P(c|x)
# is unknown. To know it, we would have to invert the generator. Put *any* distribution Q(c|x) in its place. For each x
#
# $$ E_{c'\sim P}\log P(c'|x) = E_{c'\sim P}\log Q(c'|x) + \underbrace{E_{c'\sim P}\log\frac{P(c'|x)}{Q(c'|x)}}_{KL(P\|Q)\ \ge\ 0}, $$
#
# where KL ≥ 0 by Jensen's inequality: $-KL = E_P \log\frac QP \le \log E_P\frac QP = \log 1$. So
#
# $$ I(c; x) \;\ge\; \log K + E_x\, E_{c'\sim P(c'|x)} \log Q(c'|x) . $$
#
# One step is left, because c' is still drawn from the unknown P(c'|x). First drawing x and then c' from P(c'|x) gives
# the same *pairs* as first drawing c and then x: both are the joint distribution, P(x) P(c|x) = P(c) P(x|c). So draw c,
# make the fake, and ask Q for that c:
#
# $$ I(c; x) \;\ge\; L_I = \log K + E_{c}\,E_{x = G(z,c)} \log Q(c|x), $$
#
# with equality for Q = P(c|x). Q is a second head of the discriminator, and G *and* Q maximise L_I.
#
# Here is a small world in which everything is known. There are four categories, and x shows the right one in 7 of 10
# cases, so P(c|x) is 0.7 for that one and 0.1 for each other. For Q we take $P^t$, normalised. With t < 1 it is less
# sure than the truth, with t > 1 surer.
#
# **Predict before you run.** Where is the bound for t = 3, where Q gives 0.99 to the category that x shows? (a) above
# I(c; x); (b) between 0 and I(c; x); (c) below 0.

# %%
predict("12.a", ...)

# %%
posterior = np.full((4, 4), 0.1) + 0.6 * np.eye(4)  # P(c|x): rows x, columns c; x is uniform too
information = np.log(4) + (posterior * np.log(posterior)).sum(axis=1).mean()


def bound(t):
    """L_I for Q = P^t."""
    q = posterior**t / (posterior**t).sum(axis=1, keepdims=True)
    return np.log(4) + (posterior * np.log(q)).sum(axis=1).mean()


powers = np.linspace(0, 4, 81)
bounds = [bound(t) for t in powers]
pictures.bounds(powers, bounds, information)
print(f"I = {information:.4f}; the best bound is {max(bounds):.4f}, at t = {powers[np.argmax(bounds)]:.2f}")

# %% [markdown]
# The bound reaches I at t = 1 and is below it everywhere else. A uniform Q (t = 0) gives 0. A Q that is much too sure
# gives a *negative* number: in the 3 cases of 10 in which it is wrong, log Q is very low. That is still a valid bound,
# but a useless one, as I is never below 0.
#
# The rule for the gradient is short. With logits l, one fake has $\log Q(c) = l_c - \log\sum_j e^{l_j}$, and
#
# $$ \frac{\partial \log Q(c)}{\partial l_k} = [k = c] - \frac{e^{l_k}}{\sum_j e^{l_j}} = [k = c] - Q(k) . $$
#
# **Exercises 12.2 and 12.3.** `information_bound` and `information_gradient`.

# %%
check("12.2")

# %%
check("12.3")

# %% [markdown]
# A code need not be a category. For a number c between -1 and 1, Q is a density, for example a normal distribution
# whose mean the second head gives. How wide should it be, and what is the bound then?
#
# **Exercise 12.5 (derivation).** `continuous_bound`: find the best width yourself.

# %%
check("12.5")

# %% [markdown]
# Now train InfoGAN on the ring of eight Gaussians of lesson 9, with K = 8 and no labels at all. What will the
# categories become?

# %%
from minigen.data import load
from minigen.models import InfoGAN
from minigen.models.gans.gan import GANTrainer
from minigen.models.gans.networks import dense_discriminator
from minigen.models.networks import dense_decoder
from minigen.optim import constant, cosine

show_source(InfoGAN.information)
ring = load("ring", "train")
rng = mg.Generator(1)
info = InfoGAN(dense_decoder(10, (2,), [64, 64], rng), dense_discriminator((2,), [64, 64], rng, outputs=9), 2, 8)
rows = pictures.train(GANTrainer(info, cosine(1e-3, 1200), 2.0), ring.x, n=1200, batch=128, seed=1)
points = info.sample(240, mg.Generator(2)).numpy()  # of categories 0, 1, ... 7, 0, 1, ...
reached = [row["information"].item() for row in rows]
pictures.categories_on_ring(reached, points, ring.centres)
print(f"the bound at the end: {reached[-1]:.3f} of log 8 = {np.log(8):.3f}")

# %% [markdown]
# A category for each cluster: of all ways to be readable, that is the one which the data suggest. It was so with three
# of four seeds. With the fourth the fakes missed a cluster, two categories shared another one, and the bound ended at
# 2.02 instead of 2.04, so it hardly shows the fault. On digits, the paper's categories become mostly the ten digits,
# and two continuous codes become slant and width: `python -m minigen train infogan`. Nothing *guarantees* that. The
# bound asks for information, not for meaning.
#
# ## VAE-GAN: three networks, three losses
#
# A VAE compares images pixel by pixel. A stroke that is one pixel off counts as two errors, one where it is and one
# where it should be, so a blurred stroke is the safer choice. A GAN draws sharp edges, but has no encoder. Larsen et
# al. (2016) let the VAE's decoder *be* the GAN's generator, and compare images in the features of the discriminator.

# %%
pictures.vaegan_scheme()

# %% [markdown]
# With $\mathrm{Dis}_l$ for the discriminator's last hidden layer,
#
# $$ L_{like} = -E_q \log N\big(\mathrm{Dis}_l(x);\ \mathrm{Dis}_l(\tilde x),\ 1\big) = \tfrac12 E_q\big|\mathrm{Dis}_l(x) - \mathrm{Dis}_l(\tilde x)\big|^2 + \text{const}, $$
#
# a Gaussian likelihood of *features*. L_GAN adds up log Dis for real images and log(1 - Dis) for both kinds of fakes.
# It would be wrong to give the sum of all losses to all networks: the discriminator could then bring L_like to zero by
# having no features at all. So each loss trains only its own network. The table shows which networks get a gradient
# from which loss. (The images are 16x16 from here on, so that all this trains in seconds.)

# %%
from minigen.models import VAEGAN
from minigen.models.gans.networks import dcgan_discriminator, dcgan_generator
from minigen.models.gans.vaegan import VAEGANTrainer
from minigen.models.networks import conv_encoder

small = pictures.halved(2 * digits.x[:20_000].astype(np.float32) - 1)
shape, rng = small.shape[1:], mg.Generator(0)
vaegan = VAEGAN(
    conv_encoder(shape, 2 * 16, 16, rng),
    mg.nn.Sequential(*dcgan_generator(16, shape, 16, rng), mg.nn.Tanh()),
    dcgan_discriminator(shape, 16, rng),
    16,
    gamma=0.02,
)
networks = {"encoder": vaegan.encoder, "decoder": vaegan.generator, "discriminator": vaegan.discriminator}
print(f"{'gradients in':20}", *(f"{name:14}" for name in networks))
for loss in ("encoder_loss", "decoder_loss", "discriminator_loss"):
    vaegan.zero_grad()
    value = getattr(vaegan, loss)(mg.tensor(small[:8]), rng)
    (value if loss == "decoder_loss" else value.total).backward()
    touched = [any(p.grad is not None for p in network.parameters()) for network in networks.values()]
    print(f"{loss:20}", *(f"{'yes' if there else '-':14}" for there in touched))

# %% [markdown]
# We compare it with a VAE that has as many numbers in z and compares pixels.
#
# **Predict before you run.** Both reconstruct digits that they have not seen. Whose reconstructions have the smaller
# squared error per pixel? (a) the VAE-GAN's, because they look sharper; (b) the VAE's.

# %%
predict("12.b", ...)

# %%
pictures.train(VAEGANTrainer(vaegan, constant(1e-3)), small, n=500, batch=32)
vaegan.eval()
vae = pictures.pixel_vae((small + 1) / 2, 16, n=1000)
test = pictures.halved(2 * handwritten("test").x[:200].astype(np.float32) - 1)
again = {"VAE-GAN": vaegan.reconstruct(test).numpy(), "VAE": 2 * vae.reconstruct((test + 1) / 2).numpy() - 1}
new = vaegan.sample(10, mg.Generator(1)).numpy()
picked = [test[:10], again["VAE-GAN"][:10], again["VAE"][:10], new]
figure = pictures.show(np.concatenate(picked), 10, ("real", "VAE-GAN", "VAE", "VAE-GAN, new"), low=-1)


def roughness(images):
    """How much neighbouring pixels differ, on average: blurring lowers it."""
    return np.abs(np.diff(images, axis=2)).mean()


errors = {name: ((images - test) ** 2).mean() / 4 for name, images in again.items()}  # of pixels from 0 to 1
errors["always the mean image"] = ((small.mean(axis=0) - test) ** 2).mean() / 4
print("squared error per pixel:", *(f"{name} {error:.4f}" for name, error in errors.items()), sep="   ")
sharp = {name: roughness(images) / roughness(test) for name, images in again.items()}
print("neighbouring pixels differ, as a share of real ones:", *(f"{name} {value:.2f}" for name, value in sharp.items()))

# %% [markdown]
# The VAE's error is smaller, and still its images are blurred: neighbouring pixels differ less than in real digits.
# Those of the VAE-GAN look about as sharp as real ones, and pay with a larger error, as their edges are not quite in
# the right place. (Always drawing the mean image is much worse than both.) So a small squared error does not mean a
# sharp image. New images from N(0, 1), in the last row, are not as good as the reconstructions. After so few steps the
# encoder's codes do not fill N(0, 1) evenly, and the decoder meets codes that it has not seen.
#
# ## Style
#
# So far control was an *input*. In a style-based generator (Karras et al. 2019) it acts at every layer. The image
# begins as a learned constant. A small network turns z into w. At each layer an affine function of w gives each channel
# a scale and a shift, after the channel has been standardised with its own mean and variance (AdaIN):
#
# $$ y_{nijc} = (1 + \text{scale}_{nc})\,\frac{x_{nijc} - m_{nc}}{\sqrt{\mathrm{var}_{nc} + \epsilon}} + \text{shift}_{nc} , $$
#
# with m and var over the pixels of one channel of one image. Standardised numbers have mean 0 and variance 1. So the
# result has mean *shift* and deviation *|1 + scale|* (up to ε), whatever came in: **each layer's style replaces that of
# the layer before**. This is why styles can be exchanged layer by layer.

# %%
from minigen.models.gans.style_generator import StyledLayer

show_source(StyledLayer.forward)

# %% [markdown]
# **Exercise 12.4.** `adain`.

# %%
check("12.4")

# %% [markdown]
# We train such a generator on the 16x16 digits. It has six layers, two for each of the sizes 4, 8 and 16. Its
# discriminator is spectrally normalised (lesson 11). Every image inside of the tables takes the styles of its first
# layers from the digit at the left of its row, and the rest from the digit on top of its column.

# %%
from minigen.models import StyleGAN
from minigen.models.gans.style_generator import StyleGenerator

rng = mg.Generator(0)
network = StyleGenerator(16, shape, 12, rng)
gan = StyleGAN(network, dcgan_discriminator(shape, 12, rng, "spectral"), 16, loss="hinge")
trainer = GANTrainer(gan, constant(2e-3), ema=0.98, betas=(0.0, 0.99))
pictures.train(trainer, small, n=600, batch=32)
count, tables = len(network.layers), {}
with trainer.averaged():
    gan.eval()
    coarse, fine = (gan.noise(n, mg.Generator(seed)).numpy() for n, seed in ((4, 5), (6, 6)))
    for change in (count // 3, 2 * count // 3):
        images, share = pictures.style_table(gan, coarse, fine, change)
        tables[f"{change} of {count} layers from the left"] = images
        print(f"{change} of {count} layers from the left: {share:.0%} are nearer to the digit at the left")
    w, psis = network.styles(gan.noise(24, mg.Generator(7)).numpy()), np.arange(16) / 10
    truncated = {psi: network.paint([network.truncated(w, psi)] * count, [0.0] * count).numpy() for psi in psis}
pictures.style_tables(tables, 7)

# %% [markdown]
# With two layers from the rows, most images are nearer to the digit on top. With four, most are nearer to the digit at
# the left. After 600 steps coarse and fine are not cleanly separated, and the shares depend on the seed. In the paper's
# networks, of 18 layers and for faces, coarse styles set pose and shape, and fine ones the colours (section 3.1).
#
# Truncation pulls w towards its mean, $w' = \bar w + \psi\,(w - \bar w)$. Move ψ. What do ψ = 0 and ψ > 1 give, and
# what is traded for what?

# %%
move(pictures.truncation(truncated), psi=Slider(0.0, 1.5, 0.1, start=0.6, label="psi"))

# %% [markdown]
# At ψ = 0 all images are the same, that of the mean style. A larger ψ gives more variety, and beyond 1 more broken
# digits as well: the styles lie where few were seen in training.
#
# Control can also come afterwards, without any class or code: draw a few pixels, and search for a z whose image agrees
# with them.
#
# **Exercise 12.6 (open task).** `find_code`: find such a z for a small decoder, by any method you like.

# %%
check("12.6")

# %% [markdown]
# ## A misconception, put to the test
#
# *"To make a GAN conditional, tell its generator the class."* Take two conditional GANs on the ring, alike except for
# one thing: the second one's discriminator is shown zeros instead of the class.
#
# **Predict before you run.** How many of the second one's fakes lie nearest to the cluster that was asked for, in per
# cent?

# %%
predict("12.c", ...)

# %%
import matplotlib.pyplot as plt

from minigen.metrics.modes import nearest_centre


class Blind(ConditionalGAN):
    """A conditional GAN whose discriminator does not see the class."""

    def judge(self, x, classes):
        """The logits of x, whatever its class."""
        return super().judge(x, 0 * classes)


figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.8), layout="constrained")
right, asked = {}, np.arange(800) % 8
for axis, kind in zip(axes, (ConditionalGAN, Blind), strict=True):
    rng = mg.Generator(0)
    ring_gan = kind(dense_decoder(10, (2,), [64, 64], rng), dense_discriminator((10,), [64, 64], rng), 2, 8)
    pictures.train(GANTrainer(ring_gan, cosine(1e-3, 1200), 2.0), ring.x, ring.y, n=1200, batch=128)
    points = ring_gan.sample(800, mg.Generator(1)).numpy()
    name = kind.__name__
    right[name] = 100 * (nearest_centre(points, ring.centres) == asked).mean()
    pictures.ring_of(axis, points[:240], asked[:240], ring.centres, f"{name}: {right[name]:.0f}% where asked")
plt.show()

# %% [markdown]
# The first GAN puts its fakes where they were asked for. The second is near the 12.5 % of guessing: 13, 11 and 6 % with
# three seeds. A discriminator without y plays lesson 9's game on the mixture $\sum_y p(y)\,p_G(x|y)$, and is content
# with any generator whose mixture is right. (It has not even reached that: the fakes miss most clusters. Eight games
# with a cluster each are the easier task.) Nothing in its loss knows for which class a fake was made, so no gradient
# can tell the generator. *Control must be in the loss.*
#
# ## Five quick questions

# %%
quiz("12")

# %% [markdown]
# ## Where to go next
#
# - [Mirza & Osindero 2014, *Conditional generative adversarial nets*](https://arxiv.org/abs/1411.1784), section 3.2.
# - [Sohn, Lee & Yan 2015, *Learning structured output representation using deep conditional generative
#   models*](https://proceedings.neurips.cc/paper/2015/hash/8d55a249e6baa5c06772297520da2051-Abstract.html), section 4.
# - [Chen et al. 2016, *InfoGAN*](https://arxiv.org/abs/1606.03657), sections 4 and 5: the bound.
# - [Odena, Olah & Shlens 2017, *Conditional image synthesis with auxiliary classifier
#   GANs*](https://arxiv.org/abs/1610.09585).
# - [Larsen et al. 2016, *Autoencoding beyond pixels using a learned similarity
#   metric*](https://arxiv.org/abs/1512.09300), section 2 and algorithm 1.
# - [Karras, Laine & Aila 2019, *A style-based generator architecture for GANs*](https://arxiv.org/abs/1812.04948),
#   sections 2 and 3.
# - [Zhu et al. 2016, *Generative visual manipulation on the natural image manifold*](https://arxiv.org/abs/1609.03552):
#   drawing by search in z.
# - In the library: `conditional.py`, `infogan.py`, `acgan.py`, `vaegan.py` and `style_generator.py` in
#   `minigen/models/gans/`, each one idea, and the recipes `cgan`, `infogan`, `vae-gan` and `style-gan` of `python -m
#   minigen train`.
