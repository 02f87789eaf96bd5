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
# # Lesson 8: A convolutional VAE, and how good is it?
#
# **Afterwards you can** build a VAE of convolutions, estimate the likelihood that it gives to an image and say on which
# side the estimate errs, prove that more codes give a better bound, train on that bound, and tell a likelihood from a
# number that only looks like one.
#
# **Time:** 40 minutes to read, about two hours with the six exercises. **You need** lessons 6 (the VAE) and 7
# (convolution).
#
# First the picture: test digits, what the model makes of them, and digits that nobody wrote.
#
# ![Test digits, their reconstructions, and new digits](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen.lessons import Choice, Slider, check, handwritten, move, predict, quiz, show_source
from minigen.lessons.pictures import conv_vae as pictures

train, test = handwritten("train"), handwritten("test")
x_test = mg.data.binarize(test.x[:500], mg.Generator(9))  # each pixel black or white, drawn with its grey value
model = pictures.trained(train, latents=10, width=16, steps=1000, seed=0)  # this takes a moment
figure = pictures.opening(model, x_test)

# %% [markdown]
# ## The networks
#
# The bound of lesson 6 does not care what the encoder and the decoder are made of. Here the encoder halves the image
# with convolutions of stride 2 and doubles the channels; then a dense layer gives a mean and a log-variance for each
# latent. The decoder is its mirror image, with transposed convolutions. Their kernels are 4 x 4, so that all pixels get
# equally many stamps (lesson 7). The training loop is that of lesson 6; `show_source(pictures.trained)` shows it, and
# the code of the pictures in the same way.

# %%
from minigen.models.networks import conv_decoder, conv_encoder

show_source(conv_encoder)
show_source(conv_decoder)
for name, network, array in (
    ("encoder", model.encoder, x_test[:1]),
    ("decoder", model.decoder, np.zeros((1, model.latent_dim), np.float32)),
):
    for layer in network:
        array = layer(mg.tensor(array)).numpy()
        weights = sum(p.data.size for p in layer.parameters())
        if weights:
            print(f"{name}  {type(layer).__name__:16s} -> {array.shape[1:]!s:14s} {weights:7d} weights")

# %% [markdown]
# How good is it? Which of two images looks better is a matter of taste. Of two models, the better one is the one that
# finds digits likelier that it has not seen. Lesson 6 gave us the ELBO on test data, but that is only a bound: it is
# too low by KL(q || posterior), and a model with a better decoder and a worse encoder can have the lower ELBO. We want
# log p(x) itself.
#
# ## Importance sampling
#
# $p(x)=\int p(z)p(x|z)dz$ is an average over codes from p(z), and nearly all of these have nothing to do with x. So we
# draw the codes from the encoder, which knows where to look, and correct for that:
#
# $$ p(x) = \int q(z|x)\,\frac{p(x|z)\,p(z)}{q(z|x)}\,dz = E_q[w(z)],\qquad \hat p_K = \frac1K\sum_{k=1}^K w(z_k),\quad w(z)=\frac{p(x|z)\,p(z)}{q(z|x)} . $$
#
# $\hat p_K$ is right on average, for every K and for every q that is positive wherever p(x|z) p(z) is. How much it
# scatters depends on q. If q were the posterior, then w = p(x|z) p(z) / p(z|x) = p(x) for every z: one code would do.
#
# The weights are numbers like $e^{-90}$ and smaller, too small for float32, so everything is computed with logarithms.
# For the mean, take out the largest, $m=\max_k\log w_k$:
#
# $$ \log\frac1K\sum_k w_k = m + \log\frac1K\sum_k e^{\log w_k-m} . $$

# %%
from minigen.models import IWAE, VAE
from minigen.models.vaes import iwae

show_source(VAE.log_weights)
show_source(iwae.log_mean_exp)

# %% [markdown]
# **Exercise 08.1.** `log_weights`. **Exercise 08.2.** `log_mean_exp`.

# %%
check("08.1")

# %%
check("08.2")

# %% [markdown]
# ## The likelihood of digits
#
# A number of nats says little by itself. So first the baselines: a fair coin for each pixel, and independent pixels,
# each with the frequency with which it is white in the training data.

# %%
frequency = train.x.mean(axis=0, dtype=np.float64).clip(0.001, 0.999)


def independent_nats(x):
    """-log p of each image, if pixels are independent."""
    return -(x * np.log(frequency) + (1 - x) * np.log(1 - frequency)).sum(axis=(1, 2, 3))


print(f"a fair coin for each pixel: {frequency.size * np.log(2):.0f} nats per digit")
print(f"independent pixels: {independent_nats(x_test[:100]).mean():.0f} nats per digit")

# %% [markdown]
# **Predict before you run.** On MNIST, independent pixels need about 200 nats for a test digit. How many nats does the
# VAE need, by importance sampling with 200 codes for each digit?

# %%
predict("08.a", ...)

# %%
from minigen.metrics import nll

nats, pixels = nll(model, x_test[:100], samples=200), x_test[0].size
bits = nats.mean() / np.log(2) / pixels
print(f"-log p(x): {nats.mean():.1f} +- {nats.std() / 10:.1f} nats per digit, or {bits:.3f} bits per pixel")
order = np.argsort(nats)
figure = pictures.rows({"likeliest": x_test[order[:12]], "least likely": x_test[order[-12:]]})


def rank_correlation(a, b):
    return np.corrcoef(a.argsort().argsort(), b.argsort().argsort())[0, 1]


white, independent = x_test[:100].sum(axis=(1, 2, 3)), independent_nats(x_test[:100])
print(f"rank correlation of the VAE's nats with the number of white pixels: {rank_correlation(nats, white):.2f}")
print(f"rank correlation of the VAE's nats with those of independent pixels: {rank_correlation(nats, independent):.2f}")

# %% [markdown]
# The likeliest digits of MNIST are nearly all ones: few strokes, and so few pixels that are in doubt. (The 8x8 digits
# fill their image, so there it is not the number of white pixels that counts.) Much of this order comes from the
# images and not from the model: independent pixels rank them in a similar way. So the likelihood is no grade for an
# image: -log p(x) is the number of nats that it takes to tell x to somebody who has the model. Use it to compare
# *models on the same images*.
#
# **Exercise 08.6 (open task).** `pattern_probabilities`: a model of your own for very small images, of which there are
# only 512. Here the likelihood can be computed exactly, and independent pixels are the baseline again. (The exercises'
# numbers follow their kind, not the order of the text.)

# %%
check("08.6")

# %% [markdown]
# ## A misconception, put to the test
#
# *"With 500 codes instead of one, the ELBO gets tighter."* There are two ways to use K codes: the mean of the
# logarithms of their weights, and the logarithm of their mean.
#
# **Predict before you run.** We take 500 log-weights of each of 60 digits, and estimate with groups of K of them. As K
# grows, which of the two moves, on average over the groups and apart from its scatter?
#
# - (a) The mean of the logarithms.
# - (b) The logarithm of the mean.
# - (c) Both.
# - (d) Neither.

# %%
predict("08.b", ...)

# %%
draw = mg.Generator(2)
with mg.no_grad():
    log_w = np.concatenate([model.log_weights(mg.tensor(x), 500, draw).numpy() for x in np.split(x_test[:60], 15)])
log_w = log_w.astype(np.float64)  # (60 digits, 500 codes)
counts = np.array([1, 2, 5, 10, 20, 50, 100, 250, 500])
groups = [log_w.reshape(60, -1, k) for k in counts]  # as many separate groups of K codes as there are
elbo = [group.mean(axis=(0, 2)) for group in groups]  # over digits and codes: a number for each group
bound = [iwae.log_mean_exp(group.reshape(-1, group.shape[2])).reshape(60, -1).mean(axis=0) for group in groups]


def effective(log_w):
    """How many codes count, (sum w)^2 / sum w^2."""
    w = np.exp(log_w - log_w.max(axis=-1, keepdims=True))
    return w.sum(axis=-1) ** 2 / (w**2).sum(axis=-1)


extremes = effective(log_w).argmax(), effective(log_w).argmin()
pictures.estimates(counts, elbo, bound, {f"{effective(log_w[i]):.0f} of 500 count": log_w[i] for i in extremes})
for name, values in (("mean of log w", elbo), ("log of mean w", bound)):
    print(f"{name}: K = 1 {values[0].mean():.2f} (scatter {values[0].std():.2f})   K = 500 {values[-1].mean():.2f}")
print(f"effective number of codes of 500: median over digits {np.median(effective(log_w)):.1f}")

# %% [markdown]
# The mean of the logarithms is the ELBO, however many codes are taken. That its line is flat is mere arithmetic: each
# point of it is a mean over the same 500 codes. What changes are the groups (the small squares): more codes make the
# estimate of the ELBO less noisy, and not higher. The logarithm of the mean rises, first quickly and then slowly, since
# a few codes with large weights decide the sum. Their number, $(\sum w)^2/\sum w^2$, is the *effective sample size*. On
# MNIST it is about one per cent of the codes, and the curve still rises at 500: this is why papers take 5000 codes for
# each digit. On the 8x8 digits about a third of the codes count, and a hundred codes are enough.
#
# ## The bound rises with K
#
# The estimate $\log\hat p_K$ is not right on average. By Jensen's inequality
#
# $$ L_K := E[\log\hat p_K] \;\le\; \log E[\hat p_K] = \log p(x) . $$
#
# So a reported likelihood is too low on average; it is too high only by chance. And it gets better:
#
# **Claim:** $L_M\le L_K$ for $M\le K$. Draw K codes, and among them at random a set I of M. Each code is in I with the
# same probability M/K, so $E_I\big[\frac1M\sum_{i\in I}w_i\big]=\frac1K\sum_i w_i$, the mean over all. With Jensen's
# inequality for the choice of I,
#
# $$ L_K = E\Big[\log E_I\Big[\tfrac1M\sum_{i\in I}w_i\Big]\Big] \;\ge\; E\,E_I\Big[\log\tfrac1M\sum_{i\in I}w_i\Big] = L_M , $$
#
# as any M of the independent codes are like any others. $L_1$ is the ELBO. And as K grows, $\hat p_K\to p(x)$ by the
# law of large numbers, so the bound tends to log p(x) (for instance if the weights are bounded). How fast? With
# $\hat p_K=p(1+\delta)$, $E[\delta]=0$ and $\log(1+\delta)\approx\delta-\delta^2/2$, the gap is about
# $\tfrac12\mathrm{Var}[\delta]=\mathrm{Var}[w/p]\,/\,2K$, if that variance is finite.
#
# Here is an example in which everything can be computed: $z\sim N(0,1)$ and $x=|z|$ + noise of deviation 0.3. We see
# x = 1.5. The posterior has two humps, near -1.4 and 1.4, and a Gaussian q cannot have two.
#
# **Predict before you run.** One encoder sits on one hump, q = N(1.4, 0.3^2); the other covers both, q = N(0, 1.5^2).
#
# - (a) The one on a single hump has the better ELBO, and the better estimate from 500 codes.
# - (b) The one over both has the better ELBO, and the better estimate from 500 codes.
# - (c) The one on a single hump has the better ELBO, the one over both the better estimate.
# - (d) The one over both has the better ELBO, the one on a single hump the better estimate.

# %%
predict("08.c", ...)

# %%
seen, noise = 1.5, 0.3
line = np.linspace(-8, 8, 20001)


def log_joint(z):
    """log p(z) p(x|z)."""
    return -0.5 * z * z - 0.5 * ((seen - abs(z)) / noise) ** 2 - np.log(2 * np.pi * noise)


def toy_log_weights(mean, log_var, e):
    """Of the codes mean + deviation e, where q(z) = N(e; 0, 1) / deviation."""
    z = mean + mg.exp(log_var / 2) * e
    return log_joint(z) + 0.5 * (np.log(2 * np.pi) + log_var + e * e)


log_p = np.log(np.exp(log_joint(line)).sum() * (line[1] - line[0]))
e, bounds = np.random.default_rng(0).standard_normal((2000, 500)), {}
for name, mean, deviation in (("q on one hump", 1.4, 0.3), ("q over both", 0.0, 1.5)):
    w = toy_log_weights(mean, np.log(deviation**2), e)
    bounds[name] = [iwae.log_mean_exp(w[:, :k]).mean() for k in counts]
    print(f"{name}: L_1 {bounds[name][0]:.3f}   L_500 {bounds[name][-1]:.3f}   log p(x) {log_p:.3f}")
pictures.bounds_over_k(counts, bounds, log_p)

# %% [markdown]
# The q on one hump has the better ELBO: all its codes are good ones. But it hardly ever sees the other hump, so with
# any number of codes that one can afford it misses half of p(x), and that is log 2 = 0.69 nats. The wide q has the
# worse ELBO, because most of its codes are bad, and the better estimate. *A good encoder for the ELBO need not be a
# good one for measuring.*
#
# Move q and K. Which q is best for K = 1, which for K = 50?


# %%
def toy(K, mean, deviation):
    w = toy_log_weights(mean, np.log(deviation**2), e[:, :K])
    title = f"L_1 = {w.mean():.2f}   L_{K} = {iwae.log_mean_exp(w).mean():.2f}   log p(x) = {log_p:.2f}"
    return pictures.gaussians(line, np.exp(log_joint(line) - log_p), {"q": (mean, deviation)}, title)


move(
    toy,
    K=Slider(1, 100, 1, start=50),
    mean=Slider(-2.0, 2.0, 0.1, start=0.0, label="mean of q"),
    deviation=Slider(0.2, 2.0, 0.1, start=1.4, label="deviation of q"),
)

# %% [markdown]
# ## How many codes count
#
# If q is too wide, many codes are wasted; if it is too narrow, a few codes that happen to lie far out get enormous
# weights. How much does that cost? Take a posterior that is a Gaussian, so that a perfect q exists, and a q with the
# right mean and the wrong deviation, for one latent and for ten independent ones.

# %%
draws = np.random.default_rng(0).standard_normal((100_000, 10))
for factor in (0.6, 0.8, 1.0, 1.5, 2.0):  # q's deviation, in units of the posterior's
    each = np.log(factor) + 0.5 * draws**2 * (1 - factor**2)  # log posterior(z) / q(z) of each latent, z = factor e
    one, ten = (100 * effective(each[:, :d].sum(axis=1)) / len(each) for d in (1, 10))
    print(f"q {factor:.1f} times as wide: of 100 000 codes {one:5.1f} % count with one latent, {ten:5.1f} % with ten")

# %% [markdown]
# An error that costs little in one latent costs much in ten: the shares multiply. And the first line hides something
# worse. With another seed its numbers change by a factor of five or ten, because they hang on single codes with
# enormous weights; for a q that is too narrow, even 100 000 codes do not tell how many of them count. What does the
# share tend to?
#
# **Exercise 08.5 (derivation).** `effective_share`: find the share of the codes that counts, in the limit of many
# codes, if q and the posterior are Gaussians. With it you can check the lines above.

# %%
check("08.5")

# %% [markdown]
# ## Training on a better bound
#
# We can also train on $L_K$ itself: this is the importance-weighted autoencoder. Its gradient, with $s=\sum_k w_k$ and
# $dw=w\,d\log w$:
#
# $$ d\log\Big(\frac1K\sum_k w_k\Big) = \frac{\sum_k dw_k}{s} = \sum_k \frac{w_k}{s}\,d\log w_k . $$
#
# The ELBO's gradient with K codes has 1/K in place of the shares $w_k/s$: it tries to improve every code, however
# hopeless it is. $L_K$ lets the good codes decide, so q can afford some bad ones.

# %%
show_source(IWAE.loss)

# %% [markdown]
# **Exercise 08.3.** `log_mean_exp_backward`.

# %%
check("08.3")

# %% [markdown]
# The toy again. First we look for the best q without any training, among many means and deviations. Then we train with
# Adam, from a wide start and from a narrow one on the right hump.


# %%
def bound_of(mean, deviation, K):
    """L_K, from 40 000 codes."""
    return iwae.log_mean_exp(toy_log_weights(mean, np.log(deviation**2), e[:80].reshape(-1, K))).mean()


best = {}
grid = [(mean, deviation) for mean in np.arange(0, 1.7, 0.2) for deviation in np.arange(0.2, 2.0, 0.1)]
for K in (1, 5, 50):
    best[f"best for K = {K}"] = q = max(grid, key=lambda q: bound_of(*q, K))  # by symmetry means >= 0 are enough
    others = "   ".join(f"L_{k} {bound_of(*q, k):.2f}" for k in (1, 5, 50))
    print(f"best q for K = {K}: mean {q[0]:.1f}, deviation {q[1]:.1f}   {others}")
figure = pictures.gaussians(line, np.exp(log_joint(line) - log_p), best)

# %%
for start in ([0.5, 1.0], [1.5, 0.22]):
    for K in (1, 5, 50):
        q = mg.tensor(np.array([[start[0], 2 * np.log(start[1])]]), requires_grad=True)  # mean, log-variance
        descent, draw = mg.optim.Adam([q], lr=0.02), np.random.default_rng(1)
        for _ in range(1000):
            w = toy_log_weights(q[:, :1], q[:, 1:], draw.standard_normal((100, K)))
            descent.zero_grad()
            (-iwae.log_mean_exp(w).mean()).backward()
            descent.step()
        mean, deviation = q.numpy()[0, 0], np.exp(q.numpy()[0, 1] / 2)
        print(f"from N({start[0]}, {start[1]}^2), K = {K:2d}: q = N({mean:.2f}, {deviation:.2f}^2)")

# %% [markdown]
# For K = 1 the best q gives up one hump: a code between the humps costs more than a hump that is never seen. For K = 5
# and 50 the best q covers both. Training finds it from the wide start. From the narrow start it mostly stays where it
# is: no code reaches the other hump, so nothing tells q that it is there. And for K = 1 the wide start can end either
# way, depending on the seed. A better bound has a better optimum, and it does not promise that training gets there.
#
# On digits a bound that forgives bad codes also frees the *decoder*: its posteriors need not be nearly Gaussian for the
# bound to be tight. Burda et al. report better likelihoods with K = 5 and K = 50 than with K = 1.
#
# ## Grey pixels
#
# MNIST's pixels are grey, between 0 and 1, and we drew them black or white. Much code does not. It puts the grey x into
# the same cross-entropy, which accepts it, and calls the result a negative log-likelihood. What is it? With
# p = sigmoid(l),
#
# $$ f(x) = p^x(1-p)^{1-x} = \frac{e^{lx}}{1+e^l},\qquad x\in[0,1] . $$
#
# *Is it a density?* Then its integral, the mass, would be 1. But
#
# $$ M(l) = \int_0^1\frac{e^{lx}}{1+e^l}\,dx = \frac{e^l-1}{l\,(1+e^l)} = \frac{e^{l/2}-e^{-l/2}}{l\,(e^{l/2}+e^{-l/2})} = \frac{\tanh(l/2)}{l} \;\le\; \frac12 , $$
#
# as tanh(u) <= u for u >= 0, and M is even. That is at most one half for each pixel, and for an image of J pixels at
# most $2^{-J}$. *Is it a probability of the 256 grey levels?* Their sum is about 255 M, so it is not that either.
#
# *What is it then?* The exponent is linear in x, and x is the mean of a pixel b that is drawn white with probability x.
# So
#
# $$ \log f(x) = E_b[\log p(b|z)] , $$
#
# the mean over all drawings. In an ELBO this is legitimate: the average of the bound over b is a valid bound on the
# mean of log p(b), with an encoder that sees x in place of b. But the logarithm of an integral of f over z is not the
# log-likelihood of anything, because the mean over b now stands in the exponent. (As log-mean-exp is convex, it lies
# below the mean of log p(b).)
#
# **Exercise 08.4.** `log_mass`. Divide by M, and f becomes a density, the *continuous Bernoulli*.

# %%
check("08.4")

# %%
with mg.no_grad():
    rounded = np.round(test.x[:500])
    drawn, cut, mixed = (
        model.loss(mg.tensor(x), mg.Generator(3)).total.item() for x in (x_test, rounded, test.x[:500])
    )
    codes = model.encode(mg.tensor(test.x[:500])).sample(mg.Generator(3))
    logits = model.decode(codes).logits.numpy().astype(np.float64)


def log_mass(logits):
    """log M of whole images; none of these logits is exactly 0."""
    return np.log(np.tanh(logits / 2) / logits).sum(axis=(1, 2, 3)).mean()


constant = np.log(frequency / (1 - frequency))[None]  # the logits of independent pixels
table = {
    "pixels drawn": (drawn, independent_nats(x_test).mean()),
    "pixels rounded": (cut, independent_nats(rounded).mean()),
    "grey, same formula": (mixed, independent_nats(test.x[:500]).mean()),
}
table["grey, as a density"] = (mixed + log_mass(logits), table["grey, same formula"][1] + log_mass(constant))
levels = np.linspace(0, 1, 200)
curves = {p: p**levels * (1 - p) ** (1 - levels) for p in (0.5, 0.8, 0.99)}
pictures.grey(levels, curves, table)

# %% [markdown]
# One model, the same digits, four numbers, and the baseline of independent pixels beside each. The first two belong to
# two different sets of data: drawn pixels hold randomness that no model can foresee. Rounding removes it, and the
# VAE needs fewer nats, though it has not become better. The third bounds the first, with an encoder that sees grey;
# for grey images it is not a likelihood at all. The fourth is a density of grey images, whose logarithm may have either
# sign. None can be compared with another, and even the lead over the baseline is not the same. So the library refuses
# grey pixels:

# %%
try:
    nll(model, test.x[:10])
except mg.errors.ArgumentError as error:
    print(error)

# %% [markdown]
# Before you compare your number with a paper's, ask how its pixels were made.
#
# ## Something to play with
#
# Two test digits, and the way between them: between their codes, in a straight line or along an arc that keeps the
# length, and below, as a baseline, a mixture of the two images themselves. Choose other digits. What do you see
# halfway, and what does the mixture show?

# %%
from minigen.report.latent import lerp, slerp

with mg.no_grad():
    means = model.encode(mg.tensor(x_test[:40])).mean.numpy()


def between(first, second, way):
    steps = np.linspace(0, 1, 12)
    along = slerp if way == "arc" else lerp
    with mg.no_grad():
        images = model.from_codes(mg.tensor(np.stack([along(means[first], means[second], t) for t in steps]))).numpy()
    mixed = np.stack([(1 - t) * x_test[first] + t * x_test[second] for t in steps])
    return pictures.rows({"codes": images, "pixels": mixed})


move(
    between,
    first=Slider(0, 39, 1, start=0, label="first digit"),
    second=Slider(0, 39, 1, start=1, label="second digit"),
    way=Choice(("arc", "straight"), start="arc"),
)

# %% [markdown]
# ## Five quick questions

# %%
quiz("08")

# %% [markdown]
# ## Where to go next
#
# - Y. Burda, R. Grosse and R. Salakhutdinov, *Importance weighted autoencoders*, 2016,
#   [arXiv:1509.00519](https://arxiv.org/abs/1509.00519), sections 3 and 5, and appendix A for the proof that the bound
#   rises.
# - T. Rainforth et al., *Tighter variational bounds are not necessarily better*, 2018,
#   [arXiv:1802.04537](https://arxiv.org/abs/1802.04537): what a large K does to the encoder's gradient.
# - S. Chatterjee and P. Diaconis, *The sample size required in importance sampling*, 2018,
#   [arXiv:1511.01437](https://arxiv.org/abs/1511.01437): how many samples it takes, and why the variance misleads.
# - R. Salakhutdinov and I. Murray, *On the quantitative analysis of deep belief networks*, 2008,
#   [doi:10.1145/1390156.1390266](https://doi.org/10.1145/1390156.1390266): the black and white MNIST that likelihoods
#   are measured on.
# - G. Loaiza-Ganem and J. P. Cunningham, *The continuous Bernoulli: fixing a pervasive error in variational
#   autoencoders*, 2019, [arXiv:1907.06845](https://arxiv.org/abs/1907.06845).
# - L. Theis, A. van den Oord and M. Bethge, *A note on the evaluation of generative models*, 2016,
#   [arXiv:1511.01844](https://arxiv.org/abs/1511.01844): what likelihood says about samples, and what it does not.
# - In the library: `minigen/models/vaes/iwae.py`, `minigen/metrics/likelihood.py`. `minigen train iwae` trains the full
#   model; `benchmarks/reproduce.py` sets it beside the paper.
