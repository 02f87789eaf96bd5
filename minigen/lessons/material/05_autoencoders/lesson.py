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
# # Lesson 5: Autoencoders and latent space
#
# **Afterwards you can** build an autoencoder and say what its bottleneck does, prove that a linear one finds the
# principal components, read a latent plane, and explain why codes drawn at random make poor digits: which is what
# lesson 6 is about.
#
# **Time:** 35 minutes to read, about an hour with the four exercises. **You need** lessons 1 and 4 (gradients, Adam).
#
# First the picture. A network squeezes each digit into *two numbers*, and another makes the digit again from them. On
# the left these two numbers, as a point; on the right digits that it was not trained on, and below each what came
# out.
#
# ![Digits as points of a plane, and digits made again from two numbers](opening.png)

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigen as mg
from minigen import nn, optim
from minigen.lessons import check, handwritten, show_source
from minigen.models import networks
from minigen.report import plots
from minigen.report.latent import lerp

train, test = handwritten(), handwritten("test")
x, labels = train.x[:10000], train.y[:10000]
new, new_labels = test.x[:2000], test.y[:2000]


def autoencoder(codes):
    """An encoder (N, H, W, 1) to (N, codes), and a decoder back, with pixels in [0, 1]."""
    rng = mg.Generator(0)
    encoder = networks.dense_encoder(x.shape[1:], codes, [256, 64], rng)
    decoder = networks.dense_decoder(codes, x.shape[1:], [64, 256], rng)
    return encoder, nn.Sequential(*decoder, nn.Sigmoid())


def squared_error(y, target):
    """Summed over the pixels, averaged over the images."""
    return mg.mean(nn.sum_features((y - target) * (y - target)))


def fit(encoder, decoder, steps=1000, lr=3e-3):
    """Train both on the error of what comes out."""
    optimizer = optim.Adam(encoder.parameters() + decoder.parameters(), optim.cosine(lr, steps))
    loader = mg.data.Loader(x, batch_size=100, rng=mg.Generator(1))
    while optimizer.t < steps:
        for batch in loader:
            optimizer.zero_grad()
            squared_error(decoder(encoder(batch)), batch).backward()
            optimizer.step()
    return encoder, decoder


def apply(network, a):
    """The output for an array, as an array; nothing is recorded."""
    with mg.no_grad():
        return network(np.asarray(a, np.float32)).numpy()


def show(axis, images, columns, title):
    axis.imshow(plots.mosaic(images, columns).squeeze(-1), cmap="gray", vmin=0, vmax=1)
    axis.set_title(title, fontsize=10)
    axis.set_axis_off()


models = {2: fit(*autoencoder(2))}
encoder, decoder = models[2]
z = apply(encoder, new)
figure, axes = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
points = axes[0].scatter(*z.T, c=new_labels, cmap="tab10", s=5)
axes[0].legend(*points.legend_elements(), ncols=2, fontsize=8)
axes[0].set(xlabel="first number", ylabel="second number", title="2000 digits as points, coloured by label")
rows = [row for i in (0, 8, 16) for row in (new[i : i + 8], apply(decoder, z[i : i + 8]))]
show(axes[1], np.concatenate(rows), 8, "new digits, and below each what came out")
plt.show()

# %% [markdown]
# Nobody told it the labels. That zeros lie with zeros comes from the squeezing alone: with two numbers to spend, it
# pays to give like images like numbers.
#
# ## What is asked for
#
# The *encoder* e gives a *code* z = e(x) of d numbers, the *decoder* a *reconstruction* y = f(z). Both are trained on
# one loss, the squared error, summed over the pixels and averaged over the N examples:
#
# $$ L = \frac1N \sum_{n=1}^{N} \lVert f(e(x_n)) - x_n \rVert^2 . $$
#
# The target is the input itself, so no labels are needed. If d were as large as the number of pixels, both could
# learn to do nothing, with L = 0. The *bottleneck* makes the task worth something: what passes through d numbers is
# what most helps to tell one example from another. The space of the z is called *latent*, hidden, because no data
# show it.
#
# **Why are the reconstructions blurred?** Say k examples $x_1 \ldots x_k$ get the same code. The decoder has one
# image y for all of them. With their mean $\bar x$,
#
# $$ \sum_i \lVert y - x_i \rVert^2 = \sum_i \lVert (y - \bar x) + (\bar x - x_i) \rVert^2 = k\, \lVert y - \bar x \rVert^2 + \sum_i \lVert \bar x - x_i \rVert^2 , $$
#
# since the mixed terms, $2 (y - \bar x) \cdot \sum_i (\bar x - x_i)$, are 0. It is smallest at $y = \bar x$: **the
# best answer when in doubt is the mean of all that is possible**, and the mean of many digits is blurred.
#
# **Exercise 05.1.** `reconstruction_error`.

# %%
check("05.1")

# %% [markdown]
# The networks are the library's: nothing but layers in a row.

# %%
show_source(networks.dense_encoder)
encoder

# %% [markdown]
# ## A linear autoencoder
#
# What does the simplest one learn, without activations? With the examples as rows of X (N, D),
#
# $$ Z = X A, \qquad Y = Z B, \qquad R = Y - X, \qquad L = \frac1N \sum_{n,j} R_{nj}^2 . $$
#
# *Its gradients.* From L to Y: $\partial L / \partial Y_{nj} = \tfrac2N R_{nj}$. Then twice the rule for a matrix
# product of lesson 1, by which Y = Z B with $G = \partial L/\partial Y$ gives $\partial L/\partial B = Z^\top G$ and
# $\partial L/\partial Z = G B^\top$; the latter goes on through Z = X A:
#
# $$ \frac{\partial L}{\partial B} = \frac2N Z^\top R, \qquad \frac{\partial L}{\partial A} = X^\top \frac{\partial L}{\partial Z} = \frac2N X^\top R\, B^\top . $$
#
# **Exercise 05.2.** `linear_gradients`.

# %%
check("05.2")

# %% [markdown]
# ## The best plane, derived
#
# Now the best A and B, without any training. (A decoder may have a bias too. Given A and B, the best bias is the mean
# of the rows of X - X A B, by the argument about means above; so with a bias it is as if the mean of the data had
# been subtracted. Let X be centred.)
#
# 1. **A projection.** All rows of Y = Z B are combinations of the d rows of B: they lie in a space of d dimensions.
#    The point of a space that is nearest to $x_n$ is its orthogonal projection. Take an orthonormal basis of that
#    space, as columns of V (D, d): the projection of x is $V V^\top x$. So no A can do better, with this B, than
#    $Y = X V V^\top$; and A = V, B = V^T does just that. Only the space is left to be chosen.
# 2. **Pythagoras.** A row and its projection's remainder are at right angles,
#    $\lVert x \rVert^2 = \lVert V V^\top x \rVert^2 + \lVert x - V V^\top x \rVert^2$, and
#    $\lVert V V^\top x \rVert = \lVert V^\top x \rVert$. So L is smallest where
#    $\frac1N \sum_n \lVert V^\top x_n \rVert^2$ is largest. With the columns $v_i$ of V and the covariance
#    $C = \frac1N X^\top X$, that is $\sum_i v_i^\top C\, v_i$: the *variance* that the codes have.
# 3. **Eigenvectors.** C is symmetric: it has orthonormal eigenvectors $u_1 \ldots u_D$ with eigenvalues
#    $\lambda_1 \ge \lambda_2 \ge \ldots \ge 0$. As $C = \sum_j \lambda_j u_j u_j^\top$,
#
#    $$ \sum_i v_i^\top C\, v_i = \sum_j \lambda_j\, p_j \qquad\text{with}\qquad p_j = \sum_i (u_j \cdot v_i)^2 . $$
#
#    $p_j$ is the squared length of the projection of $u_j$ onto the space: it lies between 0 and 1. And
#    $\sum_j p_j = \sum_i \lVert v_i \rVert^2 = d$.
# 4. **Shares.** So d shares are given out, at most one to each $\lambda_j$. Best is to give them to the d largest:
#
#    $$ \sum_{j \le d} \lambda_j - \sum_j \lambda_j p_j = \sum_{j \le d} \lambda_j (1 - p_j) - \sum_{j > d} \lambda_j p_j \ge \lambda_d \Big( d - \sum_{j \le d} p_j - \sum_{j > d} p_j \Big) = 0 . $$
#
# The best space is spanned by the d eigenvectors with the largest eigenvalues. These are the *principal axes*, this
# is PCA, and what is lost is $L = \lambda_{d+1} + \ldots + \lambda_D$. **A linear autoencoder is PCA.** But not
# quite: any invertible M gives the same Y with A M and $M^{-1} B$. The *plane* is determined, the axes in it are not.
#
# **Predict before you run:** we train a linear autoencoder by Adam and compare. Will its error be that of PCA? Will
# the two pictures in its decoder be the principal axes?

# %%
size = x[0].size
centred = (x - x.mean(axis=0)).reshape(len(x), size)
values, vectors = np.linalg.eigh(centred.T.astype(np.float64) @ centred / len(x))
values, vectors = values[::-1], vectors[:, ::-1]  # largest first

rng = mg.Generator(0)
linear = (
    nn.Sequential(nn.Flatten(), nn.Dense(size, 2, rng=rng)),
    nn.Sequential(nn.Dense(2, size, rng=rng), nn.Reshape(*x.shape[1:])),
)
fit(*linear, lr=1e-2)
error = squared_error(apply(linear[1], apply(linear[0], x)), x)
b = linear[1][0].w.numpy()  # the decoder's matrix, (2, D)
mixing = np.array([[1.0, 2.0], [-1.0, 1.0]])  # any invertible M will do
mixed = np.linalg.inv(mixing) @ b
other = apply(linear[0], x) @ mixing @ mixed + linear[1][0].b.numpy()
basis, _ = np.linalg.qr(b.T)
angles = np.degrees(np.arccos(np.linalg.svd(basis.T @ vectors[:, :2])[1].clip(-1, 1)))
print(
    f"error {error:.2f}; with A M and M^-1 B {((other - x.reshape(len(x), size)) ** 2).sum(axis=1).mean():.2f}",
    end="; ",
)
print(f"PCA {values[2:].sum():.2f}")
print(f"angles between the two planes: {angles[0]:.1f} and {angles[1]:.1f} degrees")
figure, axes = plt.subplots(1, 6, figsize=(11, 2), layout="constrained")
pictures = (*b, *mixed, *vectors[:, :2].T)
titles = ("B, row 1", "B, row 2", "M^-1 B, row 1", "M^-1 B, row 2", "principal axis 1", "principal axis 2")
for axis, picture, title in zip(axes, pictures, titles, strict=True):
    picture = picture.reshape(x.shape[1:3])
    axis.imshow(picture, cmap="coolwarm", vmin=-abs(picture).max(), vmax=abs(picture).max())
    axis.set_title(title, fontsize=9)
    axis.set_axis_off()
plt.show()

# %% [markdown]
# The error is PCA's, and so, nearly, is the plane. (The errors agree first: if $\lambda_2$ and $\lambda_3$ are close,
# a plane turned from the one axis to the other loses little, and training is slow to turn it back. The 8x8 digits
# show it.) How near the rows of B come to the principal axes, in which order and with which signs, is an accident of
# the start: the pair in the middle does the same job. A code's two numbers have no meaning of their own; the plane
# has.
#
# **Exercise 05.3.** `pca_reconstruct`, the best linear autoencoder without any training.

# %%
check("05.3")

# %% [markdown]
# ## What the latent plane looks like
#
# With hidden layers and activations the code need no longer lie on a flat plane: the decoder bends it through the
# space of images. Side by side: the codes of PCA, those of our autoencoder, and the *map* of the latter: what
# the decoder makes of each point of a grid over the plane.

# %%
from_mean = (new - x.mean(axis=0)).reshape(len(new), size)
flat = from_mean @ vectors[:, :2]
missed = ((from_mean - flat @ vectors[:, :2].T) ** 2).sum(axis=1)
low, high = np.percentile(z, 1, axis=0), np.percentile(z, 99, axis=0)
grid = np.stack(np.meshgrid(np.linspace(low[0], high[0], 16), np.linspace(high[1], low[1], 16)), axis=-1)
figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
bent = squared_error(apply(decoder, z), new)
for axis, codes, title in (
    (axes[0], flat, f"PCA: error {missed.mean():.1f}"),
    (axes[1], z, f"autoencoder: {bent:.1f}"),
):
    axis.scatter(*codes.T, c=new_labels, cmap="tab10", s=4)
    axis.set_title(title + " on new digits")
axes[1].add_patch(plt.Rectangle(low, *(high - low), fill=False, color="black", label="the map's part"))
axes[1].legend()
show(axes[2], apply(decoder, grid.reshape(-1, 2)), 16, "the map of that rectangle")
plt.show()

# %% [markdown]
# Read the map. Some digits have a country of their own, others share one with digits that look like them. But look at what the loss
# did *not* ask for. Some countries are huge, others tiny and crowded. The scale and the centre are accidents of
# training: codes lie anywhere. Between the countries lie mixtures that are not digits, and there are empty parts, of
# which the decoder was never told anything.
#
# ## Where are the codes?
#
# A decoder turns numbers into images, so it looks like a machine for new digits: draw z, decode. But draw it *from
# where*? Now with 16 numbers, whose reconstructions are much better. We try N(0, 1), the usual choice of noise. And a
# normal distribution with the mean and the covariance of the training codes: with S = L L^T and noise e of covariance
# 1, z = m + L e has the covariance $E[L e e^\top L^\top] = L L^\top = S$.
#
# **Exercise 05.4.** `sample_codes` draws from it.

# %%
check("05.4")

# %%
models[16] = fit(*autoencoder(16))
noise = np.random.default_rng(0).standard_normal((400, 32))


def fitted(codes, noise):
    """Codes from the normal distribution that has the mean and covariance of these."""
    covariance = np.cov(codes.T, bias=True)
    return codes.mean(axis=0) + noise[:, : codes.shape[1]] @ np.linalg.cholesky(covariance).T


encoder, decoder = models[16]
codes = apply(encoder, x)
made = {
    "reconstructions": apply(encoder, new[:400]),
    "z from N(0, 1)": noise[:, :16],
    "z from the fitted normal": fitted(codes, noise),
}
figure, axes = plt.subplots(1, 3, figsize=(11, 3), layout="constrained")
for axis, (title, some) in zip(axes, made.items(), strict=True):
    show(axis, apply(decoder, some[:40]), 8, title)
plt.show()
spread = codes.std(axis=0)
print(
    f"codes: mean {codes.mean(axis=0).min():.1f} ... {codes.mean(axis=0).max():.1f}, deviation {spread.min():.1f} ... {spread.max():.1f}"
)

# %% [markdown]
# The reconstructions are digits. N(0, 1) gives blots: nothing has asked the codes to be *there*, as the last line
# shows, so the decoder has seen few codes like these. The normal distribution that was fitted does better: it knows
# the centre and the spread. Still, many of its samples are not digits. The codes lie in lumps and on bent sheets, and a mean
# and a covariance do not see that.
#
# ## A misconception, put to the test
#
# *"The smaller the reconstruction error, the better the samples."* **Predict:** we raise d from 2 to 32. The error
# falls. How does the share of good samples change?
#
# "Good" needs a judge. A classifier is trained on the real digits, and an image counts as good if it gives one of the
# ten labels a probability above 0.9. (It is a rough judge: it may be sure of nonsense. Lesson 8 asks for better
# ones.)

# %%
rng = mg.Generator(2)
judge = nn.Sequential(
    nn.Flatten(), nn.Dense(size, 128, init="he_uniform", rng=rng), nn.ReLU(), nn.Dense(128, 10, rng=rng)
)
optimizer = optim.Adam(judge.parameters(), optim.cosine(3e-3, 1000))
loader = mg.data.Loader(x, labels, batch_size=100, rng=mg.Generator(1))
while optimizer.t < 1000:
    for batch, answers in loader:
        optimizer.zero_grad()
        nn.cross_entropy_loss(judge(batch), answers).backward()
        optimizer.step()


def good(images):
    """The share of images whose label the judge is sure of."""
    return (mg.softmax(apply(judge, images)).max(axis=1) > 0.9).mean()


print(
    f"judge: {(apply(judge, new).argmax(axis=1) == new_labels).mean():.1%} right, sure of {good(new):.0%} of real digits"
)
sizes, errors, shares = (2, 4, 8, 16, 32), [], []
for d in sizes:
    if d not in models:
        models[d] = fit(*autoencoder(d))
    encoder, decoder = models[d]
    again = apply(decoder, apply(encoder, new))
    samples = apply(decoder, fitted(apply(encoder, x), noise))
    errors.append((squared_error(again, new), values[d:].sum()))
    shares.append((good(again), good(samples)))
    print(
        f"d = {d:2}: error {errors[-1][0]:5.1f}, good reconstructions {shares[-1][0]:.0%}, good samples {shares[-1][1]:.0%}"
    )
figure, axes = plt.subplots(1, 2, figsize=(10, 3), layout="constrained")
names = [str(d) for d in sizes]
axes[0].plot(names, errors, "o-", label=("autoencoder, new digits", "PCA, training digits"))
axes[0].set(xlabel="numbers in a code", ylabel="squared error")
axes[1].plot(names, shares, "o-", label=("reconstructions", "samples"))
axes[1].axhline(good(new), color="black", linestyle="--", label="real digits")
axes[1].set(xlabel="numbers in a code", ylabel="good ones", ylim=(0, 1))
for axis in axes:
    axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# The error falls all the way, and the reconstructions get about as good as real digits. The samples do not: their
# share goes *down*, and the gap to the reconstructions widens. The more numbers a code has, the smaller the part of
# their space that digits use, and the more often a random code misses it. At the very end, with as many numbers as
# pixels, there is an autoencoder with the error 0: the identity. To draw a code for it is to draw pixels.
#
# ## What lesson 6 mends
#
# Three things were never asked for, and so they are not there:
#
# 1. **A known place.** Nothing says where codes lie: there is no p(z) to draw from. The VAE asks the codes to be
#    distributed as N(0, 1), by a term of the loss.
# 2. **No holes.** A code is a point, and nothing trains the decoder beside it. The VAE makes the code a little cloud:
#    noise is added in training, and so all the neighbourhood has to decode well.
# 3. **A meaning for the loss.** A squared error says nothing of how *probable* an image is. The VAE is trained on a
#    bound on log p(x), and both terms above come out of it, with their weights.
#
# ## Something to play with
#
# A straight line from one code to another, decoded step by step. Change the two digits and d. Between which digits is
# the way through digits all along? What lies beyond the ends (t < 0 or t > 1)?

# %%
d, first, second = 16, 0, 1
encoder, decoder = models[d]
ends = apply(encoder, new[[first, second]])
path = np.array([lerp(ends[0], ends[1], t) for t in np.linspace(-0.5, 1.5, 17)])
figure, axis = plt.subplots(figsize=(10, 1), layout="constrained")
show(axis, apply(decoder, path), 17, f"from t = -0.5 to t = 1.5, d = {d}")
plt.show()

# %% [markdown]
# ## Where to go next
#
# - Baldi & Hornik 1989, *Neural networks and principal component analysis: learning from examples without local
#   minima*: the theorem above; and all other points where the gradient is zero are saddles, so that descent gets
#   there.
# - Hinton & Salakhutdinov 2006, *Reducing the dimensionality of data with neural networks*, figure 3: the plane of
#   MNIST by PCA and by a deep autoencoder.
# - Goodfellow, Bengio & Courville 2016, *Deep learning*, chapter 14: denoising, sparse and contractive autoencoders.
# - Ghosh, Sajjadi, Vergari, Black & Schölkopf 2020, *From variational to deterministic autoencoders*: how far one
#   gets with a density that is fitted to the codes afterwards, as in exercise 05.4.
# - In the library: `minigen/models/networks.py`, the encoders and decoders; `minigen/report/latent.py`, ways through a
#   latent space.
# - Lesson 6: the variational autoencoder.
