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
# # Lesson 6: The variational autoencoder
#
# **Afterwards you can** derive the bound that a VAE is trained on in two ways, compute the divergence of two Gaussians,
# pass a gradient through a random number, choose between a Bernoulli and a Gaussian decoder, and say when a latent is
# switched off.
#
# **Time:** 40 minutes to read, about an hour with the four exercises. **You need** lesson 1, and the rules for means and
# variances.
#
# First the picture: two numbers for each digit. On the left what the decoder makes of the points of a plane, on the
# right where the encoder puts digits that it has not been trained on; it was never told the labels that colour them.
#
# ![The decoder's plane of digits, and where the encoder puts test digits](opening.png)

# %%
import itertools

import matplotlib.pyplot as plt
import numpy as np

import minigen as mg
from minigen.distributions import Normal, kl_to_standard_normal
from minigen.lessons import check, handwritten, show_source
from minigen.models import VAE
from minigen.models.networks import dense_decoder, dense_encoder
from minigen.report import latent, plots

train, test = handwritten("train"), handwritten("test")
x_test = mg.data.binarize(test.x[:1000], mg.Generator(9))  # each pixel black or white, at random by its grey


def dense_vae(latents, likelihood="bernoulli", beta=1.0):
    """One hidden layer of 200 units on each side."""
    rng = mg.Generator(1)
    encoder = dense_encoder(train.shape, 2 * latents, [200], rng, init="glorot_uniform")
    decoder = dense_decoder(latents, train.shape, [200], rng, init="glorot_uniform")
    return VAE(encoder, decoder, latents, likelihood, beta)


def fit(model, steps, lr=2e-3):
    """Adam on the model's loss; for a Bernoulli decoder each batch is drawn black and white anew."""
    rng = mg.Generator(0)
    adam = mg.optim.Adam(model.parameters(), lr=lr)
    epochs = itertools.repeat(mg.data.Loader(train.x, batch_size=100, rng=rng))
    for batch in itertools.islice(itertools.chain.from_iterable(epochs), steps):
        x = mg.data.binarize(batch, rng) if model.likelihood == "bernoulli" else batch
        loss = model.loss(mg.tensor(x), rng)
        adam.zero_grad()
        loss.total.backward()
        adam.step()
    return model


plane = fit(dense_vae(2), 2000)
with mg.no_grad():
    images = plane.from_codes(mg.tensor(plots.manifold_codes(16))).numpy()
    means = plane.encode(mg.tensor(x_test)).mean.numpy()
figure, axes = plt.subplots(1, 2, figsize=(9.5, 4.6), layout="constrained")
axes[0].imshow(plots.mosaic(images, 16)[..., 0], cmap="gray")
axes[0].set_axis_off()
dots = axes[1].scatter(*means.T, c=test.y[:1000], cmap="tab10", s=8)
axes[1].set(xlabel="first latent", ylabel="second latent", aspect="equal")
figure.colorbar(dots, ax=axes[1], ticks=range(10), shrink=0.8)
plt.show()

# %% [markdown]
# ## Maximum likelihood
#
# A *decoder* turns a code z into a distribution of images, p(x|z). Codes are drawn from p(z) = N(0, 1). So an image has
# the probability
#
# $$ p(x) = \int p(z)\,p(x|z)\,dz , $$
#
# and the best decoder makes the data likeliest: it maximises the mean of log p(x). The integral has no formula. One could
# average p(x|z) over codes from p(z), but nearly all of them belong to other digits: a handful decide the sum. In
# two dimensions we can afford a grid. In twenty, a grid with 100 points an axis has 10^40.
#
# ## The bound from Jensen
#
# Let an *encoder* propose the codes that matter for x: q(z|x) = N(mean(x), variance(x)), any density that is positive. Then
#
# $$ \log p(x) = \log \int q(z|x)\,\frac{p(z)\,p(x|z)}{q(z|x)}\,dz = \log E_q\!\left[\frac{p(z)\,p(x|z)}{q(z|x)}\right] . $$
#
# The logarithm is concave: it lies below each of its tangents. Take the tangent at the mean m of a positive random number w:
# log w <= log m + (w - m)/m. Average both sides: the last term vanishes, and E[log w] <= log E[w]. This is Jensen's
# inequality, and it gives
#
# $$ \log p(x) \;\ge\; E_q\!\left[\log\frac{p(z)\,p(x|z)}{q(z|x)}\right] = E_q[\log p(x|z)] - E_q\!\left[\log\frac{q(z|x)}{p(z)}\right] = E_q[\log p(x|z)] - \mathrm{KL}(q(z|x)\,\|\,p(z)) . $$
#
# The *evidence lower bound*, ELBO. The first term asks for codes from which x can be rebuilt; the second keeps
# them near p(z), so that a fresh code from p(z) is one that the decoder knows. In the library:

# %%
show_source(VAE.elbo)
show_source(VAE.loss)

# %% [markdown]
# ## The bound as log p minus KL
#
# How much is lost? By Bayes, the posterior is p(z|x) = p(z) p(x|z) / p(x). Put p(z) p(x|z) = p(x) p(z|x) into the bound:
#
# $$ \mathrm{ELBO} = E_q\!\left[\log\frac{p(x)\,p(z|x)}{q(z|x)}\right] = \log p(x) - \mathrm{KL}(q(z|x)\,\|\,p(z|x)) . $$
#
# This is an equation. (A KL is never negative: Jensen again, for w = p/q.) So whatever raises the bound makes x likelier,
# or makes the encoder more like the true posterior.
#
# With two latents we can look: the true posterior by Bayes on a fine grid, and the encoder's q as circles at one and two
# deviations, for the test digits with the smallest, the middle and the largest gap among fifty.

# %%
step, x = 0.04, x_test[:50].reshape(50, -1).astype(np.float64)
axis_points = np.arange(-5, 5, step)
grid = np.stack(np.meshgrid(axis_points, axis_points), axis=-1).reshape(-1, 2)
with mg.no_grad():
    parts = np.array_split(grid.astype(np.float32), 25)
    logits = [plane.decode(mg.tensor(part)).logits.numpy().reshape(len(part), -1) for part in parts]
    q = plane.encode(mg.tensor(x_test[:50]))
log_px_z = np.concatenate([part @ x.T - np.logaddexp(0, part).sum(1)[:, None] for part in logits])
log_joint = log_px_z - 0.5 * (grid**2).sum(1)[:, None] - np.log(2 * np.pi)  # log p(z) p(x|z): (codes, images)
largest = log_joint.max(0)
log_px = largest + np.log(np.exp(log_joint - largest).sum(0) * step**2)  # the integral, as a sum
mean, std = q.mean.numpy().astype(np.float64), q.std.numpy().astype(np.float64)
log_q = -(0.5 * ((grid[:, None] - mean) / std) ** 2 + np.log(std)).sum(2) - np.log(2 * np.pi)
weight = np.exp(log_q) * step**2
kl_posterior = (weight * (log_q - log_joint + log_px)).sum(0)
elbo = (weight * log_px_z).sum(0) - kl_to_standard_normal(q).numpy().sum(1)

order = np.argsort(kl_posterior)
figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), layout="constrained")
for axis, i in zip(axes, order[[0, 25, 49]], strict=True):
    posterior = np.exp(log_joint[:, i] - log_px[i]).reshape(len(axis_points), -1)
    axis.imshow(posterior, origin="lower", extent=(-5, 5, -5, 5), cmap="magma")
    circles = log_q[:, i].reshape(posterior.shape) - log_q[:, i].max()
    axis.contour(axis_points, axis_points, circles, levels=[-2, -0.5], colors="cyan", linewidths=1)
    near = 5 * std[i].max() + 0.3
    axis.set(xlim=mean[i, 0] + np.array([-near, near]), ylim=mean[i, 1] + np.array([-near, near]))
    axis.set_title(
        f"a {test.y[i]}: log p {log_px[i]:.2f}, ELBO {elbo[i]:.2f}\nKL(q || posterior) {kl_posterior[i]:.2f}",
        fontsize=9,
    )
plt.show()
print(f"largest difference of ELBO and log p - KL, of 50 digits: {abs(elbo - log_px + kl_posterior).max():.4f} nats")

# %% [markdown]
# The equation holds to the digits of the arithmetic. The gap is that between a Gaussian along the axes and the true
# posterior, which may be bent, tilted, or in two pieces; and an encoder that has to serve all images serves some badly.
#
# ## The divergence of two Gaussians
#
# For one latent with q = N(m, s^2) and p = N(0, 1), and $z = m + s\varepsilon$ with $E[\varepsilon]=0$, $E[\varepsilon^2]=1$:
#
# $$ E_q[\log q] = -\tfrac12\log 2\pi - \log s - \tfrac12 E[\varepsilon^2] = -\tfrac12\big(\log 2\pi + \log s^2 + 1\big) $$
#
# $$ E_q[\log p] = -\tfrac12\log 2\pi - \tfrac12 E[(m+s\varepsilon)^2] = -\tfrac12\big(\log 2\pi + m^2 + s^2\big) $$
#
# The divergence is the difference:
#
# $$ \mathrm{KL} = E_q[\log q - \log p] = \tfrac12\left(m^2 + s^2 - 1 - \log s^2\right) . $$
#
# Both densities of several independent latents are products, their logarithms sums: the divergences add up. The encoder
# gives v = log s^2, which may be any number. The library writes e^v - 1 as `expm1(v)`, exact for small v:

# %%
show_source(kl_to_standard_normal)

# %% [markdown]
# **Exercise 06.1.** `gaussian_kl`.

# %%
check("06.1")

# %% [markdown]
# ## A gradient through a random number
#
# We need the gradient of $E_{z\sim N(m,s^2)}[f(z)]$ with respect to m, from samples. The trouble is that m is in the
# distribution and not in f. There are two ways out.
#
# **Score function.** As $\partial q/\partial m = q\,\partial\log q/\partial m$, and for the Gaussian
# $\partial\log q/\partial m = (z-m)/s^2 = \varepsilon/s$,
#
# $$ \frac{\partial}{\partial m}\int q\,f\,dz = \int q\,\frac{\partial\log q}{\partial m}\,f\,dz = E\!\left[f(z)\,\frac{\varepsilon}{s}\right] . $$
#
# It needs the values of f alone. As $E[\varepsilon/s]=0$, a constant b may be taken off f.
#
# **Reparameterisation.** Write $z = m + s\varepsilon$ with $\varepsilon\sim N(0,1)$. Now m is in f:
#
# $$ \frac{\partial}{\partial m}E[f(m+s\varepsilon)] = E[f'(z)] \qquad\text{and}\qquad \frac{\partial}{\partial v}E[f(m+e^{v/2}\varepsilon)] = E\big[f'(z)\,\tfrac12 e^{v/2}\varepsilon\big] . $$
#
# Both are right on average. How much do they scatter? Take $f(z)=|z|^2$ with D latents at m = 0, s = 1, and the gradient
# with respect to $m_1$. Reparameterised, it is $2\varepsilon_1$: variance 4. The score estimate is $|\varepsilon|^2\varepsilon_1$; with
# $R=\sum_{j>1}\varepsilon_j^2$ and the moments 1, 3, 15 of $\varepsilon^2, \varepsilon^4, \varepsilon^6$ its variance is
#
# $$ E[(\varepsilon_1^2+R)^2\varepsilon_1^2] = 15 + 6(D-1) + (D-1)^2 + 2(D-1) = (D+2)(D+4) , $$
#
# and with the baseline $b=E[f]=D$ it is $(D+2)(D+4) - 2D\,E[f\varepsilon_1^2] + D^2 = 2D+8$, since $E[f\varepsilon_1^2]=D+2$.
#
# **Predict before you run:** on a digit, how many score samples are as good as one reparameterised one?

# %%
rng = np.random.default_rng(0)
sizes = [1, 2, 5, 10, 20, 50, 100]
measured = []
for D in sizes:
    e = rng.standard_normal((20000, D))
    f = (e**2).sum(1)
    measured.append([(f * e[:, 0]).var(), ((f - D) * e[:, 0]).var(), (2 * e[:, 0]).var()])
figure, axes = plt.subplots(1, 2, figsize=(10, 3.3), layout="constrained")
D = np.array(sizes)
theory = ((D + 2) * (D + 4), 2 * D + 8, 4 + 0 * D)
names = ("score function", "score, with baseline", "reparameterised")
for name, line, points, color in zip(names, theory, np.transpose(measured), ("C3", "C1", "C0"), strict=True):
    axes[0].loglog(D, line, color=color, label=name)
    axes[0].loglog(D, points, "o", color=color)
axes[0].set(xlabel="latents D", ylabel="variance of one sample", title="f = |z|^2: lines derived, dots measured")
axes[0].legend()

one = mg.tensor(np.repeat(x_test[:1], 4000, axis=0))  # the first test digit, 4000 samples of z
with mg.no_grad():
    q1 = plane.encode(mg.tensor(x_test[:1]))
noise = mg.Generator(3).normal((4000, 2))
z = mg.tensor(q1.mean.numpy() + q1.std.numpy() * noise, requires_grad=True)
log_likelihood = plane.decode(z).log_likelihood(one)
path = mg.grad(log_likelihood.sum(), [z])[0].numpy()[:, 0]
f = log_likelihood.numpy()
score = f * noise[:, 0] / q1.std.numpy()[0, 0]
centred = (f - f.mean()) * noise[:, 0] / q1.std.numpy()[0, 0]
for row, (name, estimates, color) in enumerate(zip(names, (score, centred, path), ("C3", "C1", "C0"), strict=True)):
    print(
        f"{name:22s} mean {estimates.mean():7.1f} +- {estimates.std() / 4000**0.5:5.1f}   one sample {estimates.std():7.1f}"
    )
    axes[1].barh(row, estimates.std(), color=color)
    axes[1].text(1.2 * estimates.std(), row, f"{estimates.std():.1f}", va="center")
axes[1].set(xscale="log", xlabel="deviation of one sample", title="d E[log p(x|z)] / d mean, for one digit")
axes[1].set(xlim=(path.std() / 5, 6 * score.std()))
axes[1].minorticks_off()
axes[1].set_yticks(range(3), names)
print(f"one reparameterised sample is worth {score.var() / path.var():.0f} of the score function")
plt.show()

# %% [markdown]
# The score function hears one number, f, about all latents, most of which says nothing about this one. The derivative tells
# each latent its own. That is why VAEs could be trained with a single z per image, and why a z that has no derivative (a
# choice among words) needs other means.
#
# **Exercise 06.2.** `sample_code`. **Exercise 06.3.** `sample_code_backward`.

# %%
check("06.2")

# %%
check("06.3")

# %% [markdown]
# ## A misconception, put to the test
#
# *"My gradients pass the check, so my VAE is right."* The commonest slip takes the log-variance for the logarithm of the
# deviation: `z = mean + exp(log_var) * noise`. Do you expect `gradcheck` to find it?

# %%
noise = np.random.default_rng(1).standard_normal((3, 2))
inputs = np.random.default_rng(2).standard_normal((2, 3, 2))
report = mg.gradcheck(lambda mean, log_var: mean + mg.exp(log_var) * noise, *inputs)
print("gradcheck of the wrong sampler:", "passed" if report else "failed")
print("log_var   KL in the loss   KL of the codes that are really drawn")
for v in (-6.0, -3.0, 0.0, 1.0):
    q_loss, q_drawn = (Normal(mg.tensor([0.5]), mg.tensor([value])) for value in (v, 2 * v))
    print(f"{v:6.1f} {kl_to_standard_normal(q_loss).item():14.3f} {kl_to_standard_normal(q_drawn).item():19.3f}")

# %% [markdown]
# It passes: the derivatives *are* those of the wrong function. But sampler and KL now speak of different
# Gaussians. For small variances the loss charges half of the nats that the codes carry, and what it reports as a bound is
# not one. Only a check of the *values* finds this: the deviation of many samples must be e^(v/2).
#
# ## Bernoulli and Gaussian decoders
#
# The decoder's last layer gives a number for each pixel. What it stands for is a choice of p(x|z).
#
# **Bernoulli**, for pixels that are 0 or 1. With p = sigmoid(l),
# $\log p(x|z)=\sum_j x_j\log p_j+(1-x_j)\log(1-p_j)=\sum_j x_jl_j-\log(1+e^{l_j})$, as log p = l - log(1 + e^l) and
# log(1 - p) = -log(1 + e^l). The negative of the cross-entropy, *summed* over pixels. (Averaged, it would be 784 times
# smaller on MNIST, and the KL would win.)
#
# **Gaussian**, for any real numbers, with means $\mu_j$ from the decoder and one learned deviation $\sigma$:
#
# $$ \log p(x|z) = -\frac{1}{2\sigma^2}\sum_{j=1}^{J}(x_j-\mu_j)^2 - \frac J2\log(2\pi\sigma^2) . $$
#
# So the squared error is a likelihood too, weighted by $1/2\sigma^2$. "Squared error + KL" has chosen $\sigma^2=1/2$ without saying
# so. The best value: the derivative of the mean of log p(x|z) with respect to $\sigma^2$ is $\frac{J}{2\sigma^4}(\mathrm{MSE}-\sigma^2)$, so
# $\sigma^2=\mathrm{MSE}$. It can be learned with the rest.

# %%
bernoulli, gaussian = fit(dense_vae(20), 700), dense_vae(20, "gaussian")
gaussian.log_var.data[...] = np.log(train.x.var())  # begin with the error of the constant image
fit(gaussian, 900, lr=3e-3)
with mg.no_grad():
    b = bernoulli.decode(bernoulli.encode(mg.tensor(x_test)).sample(mg.Generator(4)))
    g = gaussian.decode(gaussian.encode(mg.tensor(test.x[:1000])).sample(mg.Generator(4)))
    rows = [
        x_test,
        b.mean.numpy(),
        b.sample(mg.Generator(5)).numpy(),
        test.x[:1000],
        g.mean.numpy(),
        g.sample(mg.Generator(5)).numpy(),
    ]
error = np.sqrt(((g.mean.numpy() - test.x[:1000]) ** 2).mean())
print(
    f"Gaussian: learned deviation {np.exp(gaussian.log_var.numpy()[0] / 2):.3f}, root of the mean squared error on test images {error:.3f}"
)
figure, axis = plt.subplots(figsize=(9, 4.8), layout="constrained")
axis.imshow(plots.mosaic(np.concatenate([row[:12] for row in rows]).clip(0, 1), 12)[..., 0], cmap="gray")
names = (
    "x, black or white",
    "Bernoulli: mean",
    "a sample of p(x|z)",
    "x, grey",
    "Gaussian: mean",
    "a sample of p(x|z)",
)
axis.set_yticks((np.arange(6) + 0.5) * (train.shape[0] + 1), names)
axis.set_xticks([])
plt.show()

# %% [markdown]
# The usual pictures show *means*. What the Gaussian model really draws has noise of deviation $\sigma$ in every pixel: it
# calls everything it cannot explain noise, equally everywhere.
#
# **Exercise 06.4.** `negative_elbo`, finite for any logits.

# %%
check("06.4")

# %% [markdown]
# ## Posterior collapse
#
# A latent with q(z|x) = p(z) for all x costs no KL and says nothing. When does it come to that? Take one number x of
# variance $\lambda$ and a linear decoder, $x = wz + \text{noise}$ with variance $\sigma^2$. Then p(x) = N(0, V), with
# $V=w^2+\sigma^2$, and the mean of log p(x) is $-\frac12(\log 2\pi V+\lambda/V)$. It rises until $V=\lambda$ and falls from there. So
#
# $$ w^2=\lambda-\sigma^2 \;\text{ if } \lambda>\sigma^2,\qquad w=0 \;\text{ otherwise.} $$
#
# The posterior is Gaussian here: variance $\sigma^2/V$ and mean $wx/V$. A perfect encoder closes the gap, and its KL, averaged over x, is
# $\frac12\big(\frac{w^2\lambda}{V^2}+\frac{\sigma^2}{V}-1-\log\frac{\sigma^2}{V}\big)=\frac12\log(\lambda/\sigma^2)$ with $V=\lambda$, as the first three terms cancel.
# **A latent is used if it explains more than the decoder's noise, and switched off if not**, by the likelihood itself and
# with no fault of the optimiser. A weight $\beta$ on the KL divides the first term of the loss by $\beta$ in comparison: as if $\sigma^2$
# were $\beta\sigma^2$. More are switched off.

# %%
variances, noise_var = np.array([4.0, 2.0, 1.0, 0.5, 0.25, 0.1]), 0.4
rng = mg.Generator(1)
linear = VAE(dense_encoder((6,), 12, [], rng), dense_decoder(6, (6,), [], rng), 6, "gaussian")
linear.log_var.data[...] = np.log(noise_var)  # and it stays there
adam = mg.optim.Adam([p for p in linear.parameters() if p is not linear.log_var], lr=mg.optim.cosine(2e-2, 1500))
for _ in range(1500):
    loss = linear.loss(mg.tensor(rng.normal((256, 6)) * np.sqrt(variances).astype(np.float32)), rng)
    adam.zero_grad()
    loss.total.backward()
    adam.step()


def kl_of_latents(model, x):
    """The mean KL of each latent, largest first."""
    with mg.no_grad():
        return np.sort(kl_to_standard_normal(model.encode(mg.tensor(x))).numpy().mean(0))[::-1]


wanted = 0.5 * np.log(np.maximum(variances / noise_var, 1))
measured = kl_of_latents(linear, rng.normal((5000, 6)) * np.sqrt(variances).astype(np.float32))
figure, axes = plt.subplots(1, 2, figsize=(10, 3), layout="constrained")
axes[0].bar(range(6), measured, label="measured")
axes[0].plot(range(6), wanted, "k_", markersize=28, label="1/2 log(variance / noise)")
axes[0].set(xlabel="variance of x", ylabel="nats", title=f"a latent's KL: linear, noise variance {noise_var}")
axes[0].set_xticks(range(6), variances)
stronger = fit(dense_vae(20, beta=4.0), 700)
for model, name in ((bernoulli, "beta 1"), (stronger, "beta 4")):
    kl = kl_of_latents(model, x_test)
    axes[1].step(range(20), kl, where="mid", label=f"{name}: {(kl > 0.1).sum()} of 20 above 0.1 nats")
axes[1].set(xlabel="latent, largest first", ylabel="nats", title="a latent's KL: digits")
for axis in axes:
    axis.legend()
plt.show()
print("linear model, nats: derived", wanted.round(2), " measured", measured.round(2))

# %% [markdown]
# There is a second kind, which *is* the optimiser's: early on the decoder ignores z, so the KL is all that the
# encoder hears, and it falls silent before there was anything to say. Raising $\beta$ from 0 to 1 during training helps against
# that one. Against the first it does nothing: such a latent is not worth its nats.
#
# ## Something to play with
#
# Walk through the plane: choose two codes in the first picture. Where does one digit turn into the next, and is what
# lies between still a digit?

# %%
start, end = [-2.0, 0.5], [1.5, -1.0]


def decode(z):
    with mg.no_grad():
        return plane.from_codes(mg.tensor(z)).numpy()


latent.interpolation(decode, np.array([start], np.float32), np.array([end], np.float32), 14, way="linear")

# %% [markdown]
# ## Where to go next
#
# - Kingma & Welling 2014, *Auto-encoding variational Bayes*, sections 2.2 to 2.4, and appendix B for the divergence.
# - Rezende, Mohamed & Wierstra 2014, *Stochastic backpropagation and approximate inference in deep generative models*:
#   the same model, found at the same time.
# - Mohamed, Rosca, Figurnov & Mnih 2020, *Monte Carlo gradient estimation in machine learning*, sections 4 and 5: score
#   function and path, with all conditions.
# - Lucas, Tucker, Grosse & Norouzi 2019, *Don't blame the ELBO! A linear VAE perspective on posterior collapse*.
# - Higgins et al. 2017, *beta-VAE*: what else the weight of the KL does.
# - In the library: `minigen/models/vaes/vae.py`, `minigen/distributions.py`. `minigen train vae` trains the full model.
# - Lesson 8 asks how good such a model is.
