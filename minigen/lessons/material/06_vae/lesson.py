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
# **Time:** 45 minutes to read, about two hours with the six exercises. **You need** lesson 1, and the rules for means
# and variances.
#
# First the picture: a VAE with two numbers for each digit. On the left is what the decoder makes of points of the
# plane. On the right is where the encoder puts digits that it has not been trained on. Nobody told it the labels that
# are printed there.
#
# ![The decoder's plane of digits, and where the encoder puts test digits](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen.lessons import Slider, check, handwritten, move, predict, quiz, show_source
from minigen.lessons.pictures import vae

train, test = handwritten("train"), handwritten("test")
x_test = mg.data.binarize(test.x[:1000], mg.Generator(9))  # each pixel black or white, at random by its grey
plane = vae.fit(vae.dense_vae(train.shape, latents=2), train.x, steps=2000)
with mg.no_grad():
    means = plane.encode(mg.tensor(x_test)).mean.numpy()
figure = vae.opening(plane, means, test.y[:1000])

# %% [markdown]
# The module `vae` holds the training and the drawing code of this lesson. `show_source` prints any function of it; try
# `show_source(vae.fit)`.
#
# ## Maximum likelihood
#
# A *decoder* turns a code z into a distribution of images, p(x|z). Codes are drawn from the *prior* p(z) = N(0, 1). So an image has
# the probability
#
# $$ p(x) = \int p(z)\,p(x|z)\,dz , $$
#
# and the best decoder is the one that makes the data most probable: it maximises the mean of log p(x). This integral
# has no closed form. We could average p(x|z) over codes drawn from p(z), but nearly all of these codes belong to other
# digits, and the few that fit decide the sum. In two dimensions we can afford a grid. In twenty dimensions, a grid with
# 100 points along each axis has 10^40 points.
#
# ## The bound from Jensen
#
# Let an *encoder* propose the codes that matter for x: q(z|x) = N(mean(x), variance(x)), or any other density that is
# positive everywhere. Then
#
# $$ \log p(x) = \log \int q(z|x)\,\frac{p(z)\,p(x|z)}{q(z|x)}\,dz = \log E_q\!\left[\frac{p(z)\,p(x|z)}{q(z|x)}\right] . $$
#
# The logarithm is concave: it lies below each of its tangents. Take the tangent at the mean m of a positive random
# number w: log w <= log m + (w - m)/m. Average both sides. The last term vanishes, and E[log w] <= log E[w] remains.
# This is Jensen's inequality, and it gives
#
# $$ \log p(x) \;\ge\; E_q\!\left[\log\frac{p(z)\,p(x|z)}{q(z|x)}\right] = E_q[\log p(x|z)] - E_q\!\left[\log\frac{q(z|x)}{p(z)}\right] = E_q[\log p(x|z)] - \mathrm{KL}(q(z|x)\,\|\,p(z)) . $$
#
# The right-hand side is the *evidence lower bound*, or ELBO. Its first term asks for codes from which x can be rebuilt.
# The second keeps the codes near p(z), so that the decoder can also make sense of a new code that is drawn from p(z).
# In the library:

# %%
show_source(mg.models.VAE.elbo)
show_source(mg.models.VAE.loss)

# %% [markdown]
# How good is the model of the first picture? A number of nats alone says little, so here is a baseline: the
# *independent pixels*, where each pixel is white with the frequency that it has in the training set, whatever the other
# pixels are.

# %%
with mg.no_grad():
    loss, reconstruction, kl = (part.item() for part in plane.loss(mg.tensor(x_test), mg.Generator(0)))
print(f"-ELBO {loss:.1f} nats for a test digit: {reconstruction:.1f} for the pixels and {kl:.1f} for the code")
print(f"independent pixels: {vae.independent_pixels(train.x, x_test):.1f} nats")

# %% [markdown]
# ## The bound as log p minus KL
#
# How far below log p(x) is the bound? By Bayes' rule, the posterior is p(z|x) = p(z) p(x|z) / p(x). Put
# p(z) p(x|z) = p(x) p(z|x) into the bound:
#
# $$ \mathrm{ELBO} = E_q\!\left[\log\frac{p(x)\,p(z|x)}{q(z|x)}\right] = \log p(x) - \mathrm{KL}(q(z|x)\,\|\,p(z|x)) . $$
#
# This is an equation. (A KL is never negative: that is Jensen's inequality again, for w = p/q.) So whatever raises the
# bound either makes x more probable or brings the encoder closer to the true posterior.
#
# With two latents we can compute all three terms on a grid, for twenty test digits. The picture shows the true
# posterior in grey and the encoder's q as two ellipses, at one and at two standard deviations, for the digits with the
# smallest, the middle and the largest gap.

# %%
with mg.no_grad():
    q = plane.encode(mg.tensor(x_test[:20]))
mean, std = q.mean.numpy().astype(np.float64), q.std.numpy().astype(np.float64)
kl_to_prior = mg.distributions.kl_to_standard_normal(q).numpy().sum(axis=1)
terms, found = [], []
for i, x in enumerate(x_test[:20]):
    grid = vae.window(plane, x, mean[i], std[i])  # the part of the plane that matters for x
    z = grid.points
    log_px_z = vae.log_likelihoods(plane, z, x)
    log_joint = log_px_z - 0.5 * (z**2).sum(axis=1) - np.log(2 * np.pi)  # log p(z) p(x|z)
    log_px = np.logaddexp.reduce(log_joint) + np.log(grid.cell)  # the integral, as a sum
    log_q = -(0.5 * ((z - mean[i]) / std[i]) ** 2 + np.log(std[i])).sum(axis=1) - np.log(2 * np.pi)
    weight = np.exp(log_q) * grid.cell
    elbo = weight @ log_px_z - kl_to_prior[i]
    gap = weight @ (log_q - log_joint + log_px)  # KL(q || posterior)
    terms.append((log_px, elbo, gap))
    title = f"a {test.y[i]}: log p {log_px:.2f}\nELBO {elbo:.2f}\nKL(q || posterior) {gap:.2f}"
    found.append(vae.OnGrid(title, grid, log_joint - log_px, log_q))
log_p, elbos, gaps = np.array(terms).T
print(f"largest difference between ELBO and log p - KL: {abs(elbos - log_p + gaps).max():.4f} nats")
print(
    f"gaps: smallest {gaps.min():.2f}, mean {gaps.mean():.2f}, largest {gaps.max():.2f} nats; mean log p {log_p.mean():.0f}"
)
figure = vae.posteriors([found[i] for i in np.argsort(gaps)[[0, 10, 19]]])

# %% [markdown]
# Both sides of the equation agree, up to the error of the grid. The gap is small for most digits and large for a few.
# It has two causes. A Gaussian with its axes along the latents cannot follow a posterior that is bent, tilted or in two
# pieces. And one encoder has to serve all images, so that for some of them it misses the place. (Which digits these are
# depends on the seed.)
#
# ## The divergence of two Gaussians
#
# For one latent with q = N(m, s^2) and p = N(0, 1), write $z = m + s\varepsilon$ with $E[\varepsilon]=0$ and
# $E[\varepsilon^2]=1$:
#
# $$ E_q[\log q] = -\tfrac12\log 2\pi - \log s - \tfrac12 E[\varepsilon^2] = -\tfrac12\big(\log 2\pi + \log s^2 + 1\big) $$
#
# $$ E_q[\log p] = -\tfrac12\log 2\pi - \tfrac12 E[(m+s\varepsilon)^2] = -\tfrac12\big(\log 2\pi + m^2 + s^2\big) $$
#
# The divergence is the difference:
#
# $$ \mathrm{KL} = E_q[\log q - \log p] = \tfrac12\left(m^2 + s^2 - 1 - \log s^2\right) . $$
#
# For several independent latents, both densities are products and their logarithms are sums, so the divergences add up.
# The encoder gives v = log s^2, which may be any number. The library writes e^v - 1 as `expm1(v)`, which is accurate
# for small v:

# %%
show_source(mg.distributions.kl_to_standard_normal)

# %% [markdown]
# **Exercise 06.1.** `gaussian_kl`.

# %%
check("06.1")

# %% [markdown]
# **Exercise 06.5 (derivation).** `kl_between`, the divergence of any two Gaussians. The derivation above shows the way;
# models with several layers of latents need the result.

# %%
check("06.5")

# %% [markdown]
# ## A gradient through a random number
#
# We need the gradient of $E_{z\sim N(m,s^2)}[f(z)]$ with respect to m, from samples. The difficulty is that m is in the
# distribution and not in f. There are two solutions.
#
# **Score function.** As $\partial q/\partial m = q\,\partial\log q/\partial m$, and for the Gaussian
# $\partial\log q/\partial m = (z-m)/s^2 = \varepsilon/s$,
#
# $$ \frac{\partial}{\partial m}\int q\,f\,dz = \int q\,\frac{\partial\log q}{\partial m}\,f\,dz = E\!\left[f(z)\,\frac{\varepsilon}{s}\right] . $$
#
# This needs only the values of f. As $E[\varepsilon/s]=0$, a constant b, the *baseline*, may be subtracted from f
# without changing the mean.
#
# **Reparameterisation.** Write $z = m + s\varepsilon$ with $\varepsilon\sim N(0,1)$. Now m is in f:
#
# $$ \frac{\partial}{\partial m}E[f(m+s\varepsilon)] = E[f'(z)] \qquad\text{and}\qquad \frac{\partial}{\partial v}E[f(m+e^{v/2}\varepsilon)] = E\big[f'(z)\,\tfrac12 e^{v/2}\varepsilon\big] . $$
#
# Both are right on average. How much do they scatter? Take $f(z)=|z|^2$ with D latents at m = 0, s = 1, and the
# gradient with respect to $m_1$. The reparameterised one is $2\varepsilon_1$, with variance 4. The score function's is
# $|\varepsilon|^2\varepsilon_1$. With $R=\sum_{j>1}\varepsilon_j^2$ and the moments 1, 3, 15 of
# $\varepsilon^2, \varepsilon^4, \varepsilon^6$ its variance is
#
# $$ E[(\varepsilon_1^2+R)^2\varepsilon_1^2] = 15 + 6(D-1) + (D-1)^2 + 2(D-1) = (D+2)(D+4) , $$
#
# and with the baseline $b=E[f]=D$ it is $(D+2)(D+4) - 2D\,E[f\varepsilon_1^2] + D^2 = 2D+8$, since
# $E[f\varepsilon_1^2]=D+2$. In two dimensions these variances are 24 and 12, beside 4.
#
# **Predict before you run.** Now f is log p(x|z) of a digit of MNIST under our model of two latents. How many samples
# of the score function, without a baseline, are as good as one reparameterised sample? (The ratio of the variances; the
# median of twenty digits.) (a) Fewer than 20. (b) 20 to 1000. (c) More than 1000.

# %%
predict("06.a", ...)

# %% [markdown]
# **Predict before you run.** And how many, if the mean of f is subtracted as a baseline?

# %%
predict("06.b", ...)

# %%
rng, sizes = np.random.default_rng(0), np.array([1, 2, 5, 10, 20, 50, 100])
measured = []
for D in sizes:
    e = rng.standard_normal((20000, D))
    f = (e**2).sum(axis=1)
    measured.append([(f * e[:, 0]).var(), ((f - D) * e[:, 0]).var(), (2 * e[:, 0]).var()])
derived = (sizes + 2) * (sizes + 4), 2 * sizes + 8, 4 + 0 * sizes


def estimates(x, samples=1000):
    """Three estimates of d E[log p(x|z)] / d mean of the first latent, from each of many samples of z."""
    with mg.no_grad():
        q = plane.encode(mg.tensor(x[None]))
    noise = mg.Generator(3).normal((samples, 2))
    z = mg.tensor(q.mean.numpy() + q.std.numpy() * noise, requires_grad=True)
    log_p = plane.decode(z).log_likelihood(mg.tensor(np.repeat(x[None], samples, axis=0)))
    (slope,) = mg.grad(log_p.sum(), [z])
    f, score = log_p.numpy(), noise[:, 0] / q.std.numpy()[0, 0]
    return f * score, (f - f.mean()) * score, slope.numpy()[:, 0]


ratios = np.array([[estimate.var() for estimate in estimates(x)] for x in x_test[:20]])
ratios = (ratios / ratios[:, 2:]).T
names = ("score function", "with a baseline", "reparameterised")
figure = vae.scatter_of_estimators(sizes, derived, np.array(measured), ratios, names)
for name, ratio in zip(names, ratios, strict=True):
    print(
        f"{name:16s} median variance {np.median(ratio):8.1f}, smallest {ratio.min():6.1f}, largest {ratio.max():9.1f}"
    )

# %% [markdown]
# Most of the huge number is not the fault of the score function. On MNIST, log p(x|z) is some -150 nats for every z
# near the digit's code, and this constant is multiplied by noise. **Compare with the baseline before you blame the
# method:** with the mean subtracted, a few samples of the score function are as good as one reparameterised sample.
# (The median was about 5 for each of three seeds; the ratio of a single digit may be 3 or 40. Subtracting the mean of
# the same samples adds a tiny bias; the mean of the *other* samples adds none.)
#
# What remains grows with the number of latents, as the left picture shows. The score function multiplies the noise of
# one latent by a single number, f, which contains the effects of all the other latents too. The derivative tells each
# latent its own effect. That is why a VAE can be trained with a single z for each image. Where z has no derivative, as
# when it is a choice among words, the score function and good baselines are what we have.
#
# **Exercise 06.2.** `sample_code`. **Exercise 06.3.** `sample_code_backward`.

# %%
check("06.2")

# %%
check("06.3")

# %% [markdown]
# **Exercise 06.6 (open task).** `slopes_from_values`. Estimate derivatives from values alone, with half the error of
# the baseline or less. What else can be subtracted from f, besides a constant?

# %%
check("06.6")

# %% [markdown]
# ## A misconception, put to the test
#
# *"If my VAE is wrong somewhere, the gradient check finds it."* The most common slip mistakes the log-variance for the logarithm
# of the standard deviation: `z = mean + exp(log_var) * noise`.
#
# **Predict before you run.** `gradcheck` compares the derivatives of this wrong sampler with measured slopes. (a) It
# fails. (b) It passes.

# %%
predict("06.c", ...)

# %%
noise = np.random.default_rng(1).standard_normal((3, 2))
inputs = np.random.default_rng(2).standard_normal((2, 3, 2))
report = mg.gradcheck(lambda mean, log_var: mean + mg.exp(log_var) * noise, *inputs)
print("gradcheck of the wrong sampler:", "passed" if report else "failed")
print("log_var   KL in the loss   KL of the codes that are really drawn")
for v in (-6.0, -3.0, 0.0, 1.0):
    q_loss, q_drawn = (mg.distributions.Normal(mg.tensor([0.5]), mg.tensor([value])) for value in (v, 2 * v))
    in_loss, drawn = (mg.distributions.kl_to_standard_normal(q).item() for q in (q_loss, q_drawn))
    print(f"{v:6.1f} {in_loss:14.3f} {drawn:19.3f}")

# %% [markdown]
# A gradient check compares a function with its own derivative. It cannot know which function you meant. Here the
# sampler and the KL describe different Gaussians: for small variances, the loss counts half of the nats that the codes
# carry, and the number that it reports is not a bound. Only a check of the *values* finds this: the standard deviation
# of many samples has to be e^(v/2).
#
# ## Bernoulli and Gaussian decoders
#
# The decoder's last layer gives a number for each pixel. What this number means is our choice of p(x|z).
#
# **Bernoulli**, for pixels that are 0 or 1. With p = sigmoid(l), $\log p(x|z)=\sum_j x_j\log p_j+(1-x_j)\log(1-p_j)$,
# where log p = -log(1 + e^-l) and log(1 - p) = -log(1 + e^l). It is the negative of the cross-entropy, *summed* over
# the pixels. (Averaged, it would be 784 times smaller on MNIST, and the KL would dominate.)
#
# **Gaussian**, for any real numbers, with means $\mu_j$ from the decoder and one learned standard deviation $\sigma$:
#
# $$ \log p(x|z) = -\frac{1}{2\sigma^2}\sum_{j=1}^{J}(x_j-\mu_j)^2 - \frac J2\log(2\pi\sigma^2) . $$
#
# So the squared error is a likelihood too, weighted by $1/2\sigma^2$. A loss of "squared error + KL" has chosen
# $\sigma^2=1/2$ without saying so. Which value is best? The derivative of the mean of log p(x|z) with respect to
# $\sigma^2$ is $\frac{J}{2\sigma^4}(\mathrm{MSE}-\sigma^2)$, so the best is $\sigma^2=\mathrm{MSE}$. It can be learned
# with the rest.

# %%
bernoulli = vae.fit(vae.dense_vae(train.shape, 20), train.x, steps=700)
gaussian = vae.dense_vae(train.shape, 20, "gaussian")
gaussian.log_var.data[...] = np.log(train.x.var())  # begin with the variance of all pixels
vae.fit(gaussian, train.x, steps=900, lr=3e-3)
grey = test.x[:1000]
with mg.no_grad():
    b = bernoulli.decode(bernoulli.encode(mg.tensor(x_test)).sample(mg.Generator(4)))
    g = gaussian.decode(gaussian.encode(mg.tensor(grey)).sample(mg.Generator(4)))
    b_mean, b_sample, g_mean, g_sample = (
        a.numpy() for a in (b.mean, b.sample(mg.Generator(5)), g.mean, g.sample(mg.Generator(5)))
    )
errors = [np.sqrt(((image - grey) ** 2).mean()) for image in (train.x.mean(axis=0), g_mean)]
print(f"root of the mean squared error: mean image {errors[0]:.3f}, Gaussian decoder {errors[1]:.3f}", end="; ")
print(f"its learned deviation: {np.exp(gaussian.log_var.numpy()[0] / 2):.3f}")
rows = (x_test, b_mean, b_sample, grey, g_mean, g_sample)
names = ("black or white x", "Bernoulli: mean", "a sample of p(x|z)", "grey x", "Gaussian: mean", "a sample of p(x|z)")
figure = vae.rows_of_images(rows, names)

# %% [markdown]
# The pictures of VAEs that one usually sees are *means*. What the Gaussian model really draws has noise of deviation
# $\sigma$ in every pixel: everything that the model cannot explain counts as noise, and as equally strong everywhere.
#
# **Exercise 06.4.** `negative_elbo`, exact for any logits.

# %%
check("06.4")

# %% [markdown]
# ## Posterior collapse
#
# A latent with q(z|x) = p(z) for all x costs no KL and carries no information. When does this happen? Take one number x
# of variance $\lambda$ and a linear decoder, $x = wz + \text{noise}$ with variance $\sigma^2$. Then p(x) = N(0, V),
# with $V=w^2+\sigma^2$, and the mean of log p(x) is $-\frac12(\log 2\pi V+\lambda/V)$. It rises until $V=\lambda$ and
# falls from there. So
#
# $$ w^2=\lambda-\sigma^2 \;\text{ if } \lambda>\sigma^2,\qquad w=0 \;\text{ otherwise.} $$
#
# The posterior is Gaussian here: its variance is $\sigma^2/V$ and its mean $wx/V$. A perfect encoder closes the gap,
# and its KL, averaged over x, is
# $\frac12\big(\frac{w^2\lambda}{V^2}+\frac{\sigma^2}{V}-1-\log\frac{\sigma^2}{V}\big)=\frac12\log(\lambda/\sigma^2)$
# with $V=\lambda$, as the first three terms cancel. **A latent is used if it explains more than the decoder's noise,
# and it is switched off otherwise.** The likelihood itself asks for this; the optimiser is not to blame. A weight
# $\beta$ on the KL has the same effect as the variance $\beta\sigma^2$ in place of $\sigma^2$, so it switches more
# latents off.
#
# **Predict before you run.** On MNIST, our model with 20 latents keeps all of them above 0.1 nats. We train the same
# model with $\beta=4$. How many of the 20 stay above 0.1 nats?

# %%
predict("06.d", ...)

# %%
variances, noise_var = np.array([4.0, 2.0, 1.0, 0.5, 0.25, 0.1]), 0.4
linear = vae.linear_vae(variances, noise_var)
wanted = 0.5 * np.log(np.maximum(variances / noise_var, 1))
measured = vae.kl_of_latents(linear, vae.gaussian_examples(variances, 5000, mg.Generator(2)))
print("linear model, nats: derived", wanted.round(2), " measured", measured.round(2))

stronger = vae.fit(vae.dense_vae(train.shape, 20, beta=4.0), train.x, steps=700)
nats = [vae.kl_of_latents(model, x_test) for model in (bernoulli, stronger)]
used = [int((kl > 0.1).sum()) for kl in nats]
print(f"latents above 0.1 nats, of 20: {used[0]} with beta 1, {used[1]} with beta 4")
bars = {f"beta {beta}: {n} above 0.1": kl for beta, n, kl in zip((1, 4), used, nats, strict=True)}
figure = vae.collapse(variances, wanted, measured, noise_var, bars)

# %% [markdown]
# The linear model spends what was derived for it, and a larger $\beta$ switches latents of digits off. How many it
# leaves depends on the data: on 8x8 digits, which have few pixels to explain, $\beta=4$ can leave none.
#
# There is a second kind of collapse, for which the optimiser *is* to blame. Early in training the decoder ignores z.
# Then the KL is the only thing that the encoder gets a gradient from, and it may shrink to p(z) before it has learned
# anything useful. Decoders that can model x well without z, such as those of text, are prone to it; our small models
# are not. Raising $\beta$ slowly from 0 to 1 during training helps against this second kind. It does nothing against
# the first: such a latent is not worth its nats.
#
# ## Something to move
#
# Move a code through the plane. Where does one digit turn into the next, and is what lies between them still a digit?
# Where does the decoder make digits of which the encoder put none nearby?

# %%
move(
    vae.plane_to_move(plane, means, test.y[:1000]),
    first=Slider(-3.0, 3.0, 0.1, start=0.5, label="first latent"),
    second=Slider(-3.0, 3.0, 0.1, start=0.5, label="second latent"),
)

# %% [markdown]
# Move the decoder's noise, and watch the latents of the linear model switch off one after the other.

# %%
move(vae.noise_to_move(variances), noise=Slider(0.05, 4.5, 0.05, start=0.4, label="beta times the noise variance"))

# %% [markdown]
# ## Five quick questions

# %%
quiz("06")

# %% [markdown]
# ## Where to go next
#
# - [Kingma & Welling 2014, arXiv:1312.6114](https://arxiv.org/abs/1312.6114), *Auto-encoding variational Bayes*,
#   sections 2.2 to 2.4, and appendix B for the divergence.
# - [Rezende, Mohamed & Wierstra 2014, arXiv:1401.4082](https://arxiv.org/abs/1401.4082), *Stochastic backpropagation
#   and approximate inference in deep generative models*: the same model, found at the same time.
# - [Mohamed, Rosca, Figurnov & Mnih 2020, arXiv:1906.10652](https://arxiv.org/abs/1906.10652), *Monte Carlo gradient
#   estimation in machine learning*: sections 4 and 5 on the score function and the path, section 7 on control variates,
#   which exercise 06.6 asks for.
# - [Lucas, Tucker, Grosse & Norouzi 2019, arXiv:1911.02469](https://arxiv.org/abs/1911.02469), *Don't blame the ELBO! A
#   linear VAE perspective on posterior collapse*: the first kind of collapse.
# - [Bowman, Vilnis, Vinyals, Dai, Jozefowicz & Bengio 2016, arXiv:1511.06349](https://arxiv.org/abs/1511.06349),
#   *Generating sentences from a continuous space*: the second kind, and the slow rise of the KL's weight.
# - [Higgins et al. 2017](https://openreview.net/forum?id=Sy2fzU9gl), *beta-VAE: learning basic visual concepts with a
#   constrained variational framework*: what else the weight of the KL does.
# - In the library: `minigen/models/vaes/vae.py`, `minigen/distributions.py`. `minigen train vae` trains the full model.
# - Lesson 8 asks how good such a model is.
