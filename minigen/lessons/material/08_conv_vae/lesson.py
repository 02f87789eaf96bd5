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
# number that looks like one.
#
# **Time:** 35 minutes to read, about an hour with the four exercises. **You need** lessons 6 (the VAE) and 7
# (convolution).
#
# First the picture: test digits, what the model makes of them, and digits that nobody wrote.
#
# ![Test digits, their reconstructions, and new digits](opening.png)

# %%
import itertools

import matplotlib.pyplot as plt
import numpy as np

import minigen as mg
from minigen.lessons import check, handwritten, show_source
from minigen.metrics import nll
from minigen.models import IWAE, VAE
from minigen.models.networks import conv_decoder, conv_encoder
from minigen.models.vaes import iwae
from minigen.report import latent, plots

train, test = handwritten("train"), handwritten("test")
x_test = mg.data.binarize(test.x[:500], mg.Generator(9))
LATENTS, WIDTH, STEPS = 10, 16, 1000
rng = mg.Generator(0)
model = VAE(conv_encoder(train.shape, 2 * LATENTS, WIDTH, rng), conv_decoder(LATENTS, train.shape, WIDTH, rng), LATENTS)
adam = mg.optim.Adam(model.parameters(), lr=mg.optim.cosine(3e-3, STEPS, final=3e-4))
epochs = itertools.repeat(mg.data.Loader(train.x, batch_size=50, rng=rng))
for batch in itertools.islice(itertools.chain.from_iterable(epochs), STEPS):
    loss = model.loss(mg.tensor(mg.data.binarize(batch, rng)), rng)  # black or white, drawn anew for each batch
    adam.zero_grad()
    loss.total.backward()
    adam.step()

with mg.no_grad():
    again, new = model.reconstruct(mg.tensor(x_test[:12])).numpy(), model.sample(24, mg.Generator(1)).numpy()
figure, axis = plt.subplots(figsize=(9, 3.2), layout="constrained")
axis.imshow(plots.mosaic(np.concatenate([x_test[:12], again, new]), 12)[..., 0], cmap="gray")
axis.set_yticks((np.arange(4) + 0.5) * (train.shape[0] + 1), ["test digits", "reconstructed", "new", ""])
axis.set_xticks([])
plt.show()

# %% [markdown]
# ## The networks
#
# The bound of lesson 6 does not care what the encoder and the decoder are made of. The encoder here halves the image with
# convolutions of stride 2, doubling the channels; a dense layer gives a mean and a log-variance for each latent. The
# decoder is its mirror, with transposed convolutions. Their kernels are 4 x 4: a multiple of the stride, so that no
# checkerboard is built in (lesson 7).

# %%
show_source(conv_encoder)
show_source(conv_decoder)
for name, network, array in (
    ("encoder", model.encoder, x_test[:1]),
    ("decoder", model.decoder, np.zeros((1, LATENTS), np.float32)),
):
    for layer in network:
        array = layer(mg.tensor(array)).numpy()
        weights = sum(p.data.size for p in layer.parameters())
        if weights:
            print(f"{name}  {type(layer).__name__:16s} -> {array.shape[1:]!s:14s} {weights:7d} weights")

# %% [markdown]
# Two images, one of which is better: a matter of taste. Two models: the one that finds unseen digits likelier. The ELBO on
# test data is a bound on that and no more. By lesson 6 it is too low by KL(q || posterior); a model with a better
# decoder and a worse encoder can have the lower ELBO. We want log p(x) itself.
#
# ## Importance sampling
#
# $p(x)=\int p(z)p(x|z)dz$ is an average over codes from p(z), nearly all of which have nothing to do with x. Draw them from the encoder
# instead, which knows where to look, and correct for having done so:
#
# $$ p(x) = \int q(z|x)\,\frac{p(x|z)\,p(z)}{q(z|x)}\,dz = E_q[w(z)],\qquad \hat p_K = \frac1K\sum_{k=1}^K w(z_k),\quad w(z)=\frac{p(x|z)\,p(z)}{q(z|x)} . $$
#
# $\hat p_K$ is right on average for every K and every q that is positive wherever p(x|z) p(z) is. How far it scatters depends on q. If q were
# the posterior, w = p(x|z) p(z) / p(z|x) = p(x) for every z: one code would do.
#
# The weights are numbers like $e^{-90}$, too small for float32, so all is done with logarithms. For the mean, take
# out the largest, $m=\max_k\log w_k$:
#
# $$ \log\frac1K\sum_k w_k = m + \log\frac1K\sum_k e^{\log w_k-m} . $$

# %%
show_source(VAE.log_weights)
show_source(iwae.log_mean_exp)

# %% [markdown]
# **Exercise 08.1.** `log_weights`. **Exercise 08.2.** `log_mean_exp`.

# %%
check("08.1")

# %%
check("08.2")

# %% [markdown]
# ## A misconception, put to the test
#
# *"With 500 codes instead of one, the ELBO gets tighter."* **Predict before you run:** take 500 log-weights of a digit.
# The mean of the logarithms, or the logarithm of the mean: which of them moves as codes are added?

# %%
draw = mg.Generator(2)
with mg.no_grad():
    log_w = np.concatenate([model.log_weights(mg.tensor(x), 500, draw).numpy() for x in np.split(x_test[:60], 15)])
log_w = log_w.astype(np.float64)  # (60 digits, 500 codes)
counts = np.array([1, 2, 5, 10, 20, 50, 100, 250, 500])
grouped = [log_w.reshape(len(log_w), -1, k) for k in counts]  # as many independent groups of k codes as there are
mean_of_logs = [-group.mean() for group in grouped]
log_of_mean = [-iwae.log_mean_exp(group.reshape(-1, group.shape[2])).mean() for group in grouped]
figure, axes = plt.subplots(1, 2, figsize=(10, 3.3), layout="constrained")
axes[0].semilogx(counts, mean_of_logs, "o-", color="C3", label="mean of -log w: the ELBO")
axes[0].semilogx(counts, log_of_mean, "o-", color="C0", label="-log of the mean of w")
axes[0].set(xlabel="codes K", ylabel="nats per digit", title="60 test digits")
axes[0].legend()
shares = np.exp(log_w - log_w.max(1, keepdims=True))
effective = shares.sum(1) ** 2 / (shares**2).sum(1)
for i, color in ((effective.argmax(), "C0"), (effective.argmin(), "C1")):
    axes[1].hist(
        log_w[i] - log_w[i].mean(),
        40,
        histtype="step",
        color=color,
        label=f"a {test.y[i]}: effectively {effective[i]:.1f} of 500 codes",
    )
axes[1].set(xlabel="log w, less its mean", ylabel="codes", title="the digits with the best and the worst encoder")
axes[1].margins(y=0.4)
axes[1].legend()
plt.show()
print(
    f"ELBO {-mean_of_logs[-1]:.2f}   L_500 {-log_of_mean[-1]:.2f}   effective codes of 500: median {np.median(effective):.1f}"
)

# %% [markdown]
# The mean of logarithms is the ELBO however many codes one takes; they only make it less
# noisy. The logarithm of the mean falls, quickly first, and then slowly: the sum is decided by a few codes with large
# weights. Their number, $(\sum w)^2/\sum w^2$, is the *effective sample size*; 5000 codes a digit are the field's habit for good reason.
#
# ## The bound rises with K
#
# The estimate $\log\hat p_K$ is not right on average. By Jensen, $L_K:=E[\log\hat p_K]\le\log E[\hat p_K]=\log p(x)$. So a reported likelihood
# is too low, never (except by chance) too high. And it gets better:
#
# **Claim:** $L_M\le L_K$ for $M\le K$. Draw K codes, and among them at random a set I of M. Each code is in I with the same
# probability M/K, so $E_I\big[\frac1M\sum_{i\in I}w_i\big]=\frac1K\sum_i w_i$, the mean over all. Jensen for the choice of I:
#
# $$ L_K = E\Big[\log E_I\Big[\tfrac1M\sum_{i\in I}w_i\Big]\Big] \;\ge\; E\,E_I\Big[\log\tfrac1M\sum_{i\in I}w_i\Big] = L_M , $$
#
# as any M of independent codes are like any others. $L_1$ is the ELBO. And as K grows, $\hat p_K\to p(x)$ by the law of large
# numbers, so the bound goes to log p(x) (if the weights are bounded, say). How fast? With $\hat p_K=p(1+\delta)$,
# $E[\delta]=0$ and $\log(1+\delta)\approx\delta-\delta^2/2$, the gap is about $\tfrac12\mathrm{Var}[\delta]=\mathrm{Var}[w/p]\,/\,2K$.
#
# An example in which all can be computed: $z\sim N(0,1)$ and $x=|z|$ + noise of deviation 0.3. We see x = 1.5. The posterior
# has two humps, and a Gaussian q cannot have two.

# %%
seen, noise = 1.5, 0.3
line = np.linspace(-8, 8, 20001)


def log_joint(z):
    """log p(z) p(x|z)."""
    return -0.5 * z * z - 0.5 * ((seen - abs(z)) / noise) ** 2 - np.log(2 * np.pi * noise)


log_p = np.log(np.exp(log_joint(line)).sum() * (line[1] - line[0]))


def toy_log_weights(mean, log_var, e):
    z = mean + mg.exp(log_var / 2) * e
    return log_joint(z) + 0.5 * (np.log(2 * np.pi) + log_var + e * e)  # q(z) = N(e; 0, 1) / deviation


narrow, wide = (mg.tensor(np.array([[1.4, np.log(0.3**2)]])), mg.tensor(np.array([[0.0, np.log(1.5**2)]])))
e = np.random.default_rng(0).standard_normal((2000, 500))
figure, axis = plt.subplots(figsize=(6, 3.3), layout="constrained")
for q, name in ((narrow, "q on one hump"), (wide, "q over both")):
    w = toy_log_weights(q[:, :1], q[:, 1:], e).numpy()
    bounds = [iwae.log_mean_exp(w[:, :k]).mean() for k in counts]
    axis.semilogx(counts, bounds, "o-", label=name)
    print(f"{name}: L_1 {bounds[0]:.3f}   L_500 {bounds[-1]:.3f}   log p(x) {log_p:.3f}")
axis.axhline(log_p, color="k", linestyle=":", label="log p(x), by quadrature")
axis.set(xlabel="K", ylabel="L_K, nats")
axis.legend(loc="lower right")
plt.show()

# %% [markdown]
# The q on one hump has the better ELBO: it never leaves the good codes. But it hardly ever sees the other hump, so its
# bound misses half of p(x), that is log 2, for as long as one can wait. The wide q has the worse ELBO and the better
# estimate. *A good encoder for the ELBO is not a good one for measuring.*
#
# ## Training on a better bound
#
# So train on $L_K$ itself: the importance-weighted autoencoder. Its gradient, with $s=\sum_k w_k$ and $dw=w\,d\log w$:
#
# $$ d\log\Big(\frac1K\sum_k w_k\Big) = \frac{\sum_k dw_k}{s} = \sum_k \frac{w_k}{s}\,d\log w_k . $$
#
# The ELBO's gradient with K codes has 1/K instead of the shares $w_k/s$: it pulls every code up, however hopeless. $L_K$ lets
# the good codes decide, and so q may risk some.

# %%
show_source(IWAE.loss)

# %% [markdown]
# **Exercise 08.3.** `log_mean_exp_backward`.

# %%
check("08.3")

# %% [markdown]
# The same toy, and q is trained: on the ELBO, with five codes, and with fifty.

# %%
figure, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
axis.fill_between(line, np.exp(log_joint(line) - log_p), color="0.85", label="posterior")
for k in (1, 5, 50):
    q = mg.tensor(np.array([[0.5, 0.0]]), requires_grad=True)  # mean, log-variance
    descent, draw = mg.optim.Adam([q], lr=0.02), np.random.default_rng(1)
    for _ in range(1000):
        bound = iwae.log_mean_exp(toy_log_weights(q[:, :1], q[:, 1:], draw.standard_normal((100, k)))).mean()
        descent.zero_grad()
        (-bound).backward()
        descent.step()
    mean, std = q.numpy()[0, 0], np.exp(q.numpy()[0, 1] / 2)
    axis.plot(
        line, np.exp(-0.5 * ((line - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi)), label=f"q trained with K = {k}"
    )
    w = toy_log_weights(q[:, :1], q[:, 1:], e).numpy()
    print(
        f"K = {k:2d}: q = N({mean:.2f}, {std:.2f}^2)   L_1 {w.mean():.3f}   L_50 {iwae.log_mean_exp(w[:, :50]).mean():.3f}   log p(x) {log_p:.3f}"
    )
axis.set(xlim=(-4, 4), xlabel="z")
axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# With K = 1 one hump is given up: a code between the humps costs more than a missing one. With more, q covers both. On
# digits that frees the *decoder*: its posteriors need no longer be Gaussians for the bound to be tight.
#
# ## The likelihood of digits
#
# Now the measure, as the library has it: `nll`. What does the model find likely, and what not?

# %%
nats = nll(model, x_test[:100], samples=200)
print(
    f"-log p(x): {nats.mean():.1f} +- {nats.std() / 10:.1f} nats, or {nats.mean() / np.log(2) / x_test[0].size:.3f} bits a pixel"
)
order = np.argsort(nats)
figure, axis = plt.subplots(figsize=(9, 1.9), layout="constrained")
axis.imshow(plots.mosaic(x_test[np.concatenate([order[:12], order[-12:]])], 12)[..., 0], cmap="gray")
axis.set_yticks((np.arange(2) + 0.5) * (train.shape[0] + 1), ["likeliest", "least likely"])
axis.set_xticks([])
plt.show()

# %% [markdown]
# The likeliest are those with few strokes: fewer pixels in doubt. Likelihood is not beauty. It is the number of nats one
# needs to tell x to somebody who has the model.
#
# ## Grey pixels
#
# MNIST's pixels are grey, in 0 ... 1, and we drew them black and white. Most code does not: it puts grey x into the same
# cross-entropy, which accepts it, and calls the result a negative log-likelihood. What is it? With p = sigmoid(l),
#
# $$ f(x) = p^x(1-p)^{1-x} = \frac{e^{lx}}{1+e^l},\qquad x\in[0,1] . $$
#
# *Is it a density?* Its integral, the mass, would have to be 1:
#
# $$ M(l) = \int_0^1\frac{e^{lx}}{1+e^l}\,dx = \frac{e^l-1}{l\,(1+e^l)} = \frac{e^{l/2}-e^{-l/2}}{l\,(e^{l/2}+e^{-l/2})} = \frac{\tanh(l/2)}{l} \;\le\; \frac12 , $$
#
# as tanh(u) <= u for u >= 0, and M is even. At most one half for each pixel: over an image of J pixels less than
# $2^{-J}$. *Is it a probability of the 256 grey levels?* Their sum is about 255 M: not that either.
#
# *What is it then?* The exponent is linear in x, and x is the mean of a pixel b drawn black or white with probability x. So
#
# $$ \log f(x) = E_b[\log p(b|z)] , $$
#
# the mean over all drawings. In an ELBO this is legitimate: averaging the bound over b, one gets a valid bound on the
# mean of log p(b), with an encoder that sees x in place of b. But the logarithm of an integral over z of f is
# not the log-likelihood of anything: the mean over b now stands in the exponent. (As log-mean-exp is convex, it lies below the
# mean of log p(b).)
#
# **Exercise 08.4.** `log_mass`. Divide by M and f becomes a density, the *continuous Bernoulli*.

# %%
check("08.4")

# %%
levels = np.linspace(0, 1, 200)
figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
for p in (0.5, 0.8, 0.99):
    logit = np.log(p / (1 - p))
    mass = np.tanh(logit / 2) / logit if logit else 0.5
    axes[0].plot(levels, p**levels * (1 - p) ** (1 - levels), label=f"p = {p}: area {mass:.3f}")
axes[0].set(xlabel="grey level x", title="f(x), no density", ylim=(0, 1))
axes[0].legend()
with mg.no_grad():
    q = model.encode(mg.tensor(test.x[:500]))
    logits = model.decode(q.sample(mg.Generator(3))).logits.numpy().reshape(len(x_test), -1).astype(np.float64)
    grey, drawn, cut = (
        model.loss(mg.tensor(v), mg.Generator(3)).total.item() for v in (test.x[:500], x_test, np.round(test.x[:500]))
    )
log_mass = np.log(np.tanh(logits / 2) / logits).sum(1).mean()
names = ["pixels drawn", "pixels rounded", "grey, the same formula", "grey, as a density"]
values = [drawn, cut, grey, grey + log_mass]
bars = axes[1].barh(names[::-1], values[::-1], color=["C0", "C3", "C0", "C0"])
axes[1].bar_label(bars, fmt="%.0f", padding=3)
axes[1].margins(x=0.2)
axes[1].set(xlabel="'-ELBO', nats per digit", title="one model, four numbers")
plt.show()
print("   ".join(f"{name}: {value:.1f}" for name, value in zip(names, values, strict=True)))
try:
    nll(model, test.x[:10])
except mg.errors.ArgumentError as error:
    print(error)

# %% [markdown]
# One model, the same digits, four numbers. The first two belong to two different sets of data: drawn pixels hold
# randomness that no model can foresee; rounding removes it, and nats with it. The third bounds the first, by an encoder
# that sees grey; for grey images it is not a likelihood at all. The fourth is a density of grey images, whose logarithm may have either
# sign. None can be compared with another. So the library refuses grey pixels, and before you compare your number with a
# paper's, ask how its pixels were made.
#
# ## Something to play with
#
# Two test digits, and the way between their codes: straight, and along an arc that keeps the length (try
# `way="linear"`). Choose other digits. What do you see halfway?

# %%
first, second = [0, 3, 5], [1, 2, 7]


def decode(z):
    with mg.no_grad():
        return model.from_codes(mg.tensor(z)).numpy()


with mg.no_grad():
    z1, z2 = (model.encode(mg.tensor(x_test[which])).mean.numpy() for which in (first, second))
latent.interpolation(decode, z1, z2, 12, way="spherical")

# %% [markdown]
# ## Where to go next
#
# - Burda, Grosse & Salakhutdinov 2016, *Importance weighted autoencoders*, sections 3 and 5, and appendix A for the proof
#   that the bound rises.
# - Rainforth et al. 2018, *Tighter variational bounds are not necessarily better*: what large K does to the encoder's
#   gradient.
# - Salakhutdinov & Murray 2008, *On the quantitative analysis of deep belief networks*: the black and white MNIST that
#   likelihoods are measured on.
# - Loaiza-Ganem & Cunningham 2019, *The continuous Bernoulli*: grey pixels, with the missing factor.
# - Theis, van den Oord & Bethge 2016, *A note on the evaluation of generative models*: what likelihood says about
#   samples, and what it does not.
# - In the library: `minigen/models/vaes/iwae.py`, `minigen/metrics/likelihood.py`. `minigen train iwae` trains the full
#   model; `benchmarks/reproduce.py` sets it beside the paper.
