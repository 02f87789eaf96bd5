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
# principal components, read a latent plane, and explain why codes drawn at random make poor digits, which is the
# problem that lesson 6 solves.
#
# **Time:** 40 minutes to read, about two hours with the six exercises. **You need** lessons 1 and 4 (gradients, Adam).
#
# First the picture. One network squeezes each digit into *two numbers*, and another makes the digit again from them.
# On the left are these two numbers, as a point for each digit. On the right are digits that the networks were not
# trained on, and below each digit what came out.
#
# ![Digits as points of a plane, and digits made again from two numbers](opening.png)

# %%
import numpy as np

from minigen.lessons import Choice, Slider, check, handwritten, move, predict, quiz, show_source
from minigen.lessons.pictures import autoencoders as ae

train, test = handwritten(), handwritten("test")
x, labels = train.x[:10000], train.y[:10000]
new, new_labels = test.x[:2000], test.y[:2000]
models = {2: ae.fit(ae.autoencoder(x.shape[1:], codes=2), x)}
encoder, decoder = models[2]
z = ae.apply(encoder, new)
figure = ae.opening(z, new_labels, new, ae.apply(decoder, z))

# %% [markdown]
# Nobody told the networks the labels. Zeros lie near zeros because of the squeezing alone: with only two numbers to
# spend, it pays to give similar images similar numbers.
#
# The module `ae` holds the training and the drawing code of this lesson. `show_source` prints any function of it; try
# `show_source(ae.opening)`.
#
# ## What is asked for
#
# The *encoder* e gives a *code* z = e(x) of d numbers, and the *decoder* f gives a *reconstruction* y = f(z). Both are
# trained on one loss, the squared error, summed over the pixels and averaged over the N examples:
#
# $$ L = \frac1N \sum_{n=1}^{N} \lVert f(e(x_n)) - x_n \rVert^2 . $$
#
# The target is the input itself, so no labels are needed. If d were as large as the number of pixels, both networks
# could learn to copy, with L = 0. The *bottleneck* makes the task useful: the d numbers have to hold what helps most to
# tell one example from another. The space of the codes is called *latent*, which means hidden, because the data do not
# contain the codes.
#
# **Why are the reconstructions blurred?** Suppose that k examples $x_1 \ldots x_k$ get the same code. The decoder gives
# the same image y for all of them. With their mean $\bar x$,
#
# $$ \sum_i \lVert y - x_i \rVert^2 = \sum_i \lVert (y - \bar x) + (\bar x - x_i) \rVert^2 = k\, \lVert y - \bar x \rVert^2 + \sum_i \lVert \bar x - x_i \rVert^2 , $$
#
# because the mixed terms, $2 (y - \bar x) \cdot \sum_i (\bar x - x_i)$, are 0. The sum is smallest at $y = \bar x$:
# **under a squared error, the best answer is the mean of everything that is possible**, and the mean of many digits is
# blurred.
#
# **Exercise 05.1.** `reconstruction_error`.

# %%
check("05.1")

# %% [markdown]
# The networks are nothing but layers in a row, and the training is the loop of lesson 4:

# %%
show_source(ae.autoencoder)
show_source(ae.fit)

# %% [markdown]
# ## A linear autoencoder
#
# What does the simplest autoencoder learn, one without activations? With the examples as rows of X (N, D),
#
# $$ Z = X A, \qquad Y = Z B, \qquad R = Y - X, \qquad L = \frac1N \sum_{n,j} R_{nj}^2 . $$
#
# *Its gradients.* From L to Y: $\partial L / \partial Y_{nj} = \tfrac2N R_{nj}$. Then we use the rule for a matrix
# product of lesson 1 twice: for Y = Z B with $G = \partial L/\partial Y$ it gives $\partial L/\partial B = Z^\top G$
# and $\partial L/\partial Z = G B^\top$, and the latter goes on through Z = X A:
#
# $$ \frac{\partial L}{\partial B} = \frac2N Z^\top R, \qquad \frac{\partial L}{\partial A} = X^\top \frac{\partial L}{\partial Z} = \frac2N X^\top R\, B^\top . $$
#
# **Exercise 05.2.** `linear_gradients`.

# %%
check("05.2")

# %% [markdown]
# ## The best plane, derived
#
# Now the best A and B, without any training. (A decoder may also have a bias. Given A and B, the best bias is the mean
# of the rows of X - X A B, by the argument about means above. So a bias has the same effect as subtracting the mean of
# the data. Let X be centred.)
#
# 1. **A projection.** All rows of Y = Z B are combinations of the d rows of B: they lie in a space of d dimensions.
#    The point of that space nearest to $x_n$ is its orthogonal projection. Take an orthonormal basis of the space, as
#    columns of V (D, d): the projection of x is $V V^\top x$. So with this B, no A can do better than
#    $Y = X V V^\top$, and A = V, B = V^T reaches it. Only the space is left to be chosen.
# 2. **Pythagoras.** The projection of a row is at right angles to what remains of the row,
#    $\lVert x \rVert^2 = \lVert V V^\top x \rVert^2 + \lVert x - V V^\top x \rVert^2$, and
#    $\lVert V V^\top x \rVert = \lVert V^\top x \rVert$. So L is smallest where
#    $\frac1N \sum_n \lVert V^\top x_n \rVert^2$ is largest. With the columns $v_i$ of V and the covariance
#    $C = \frac1N X^\top X$, that is $\sum_i v_i^\top C\, v_i$: the *variance* of the codes.
# 3. **Eigenvectors.** C is symmetric: it has orthonormal eigenvectors $u_1 \ldots u_D$ with eigenvalues
#    $\lambda_1 \ge \lambda_2 \ge \ldots \ge 0$. As $C = \sum_j \lambda_j u_j u_j^\top$,
#
#    $$ \sum_i v_i^\top C\, v_i = \sum_j \lambda_j\, p_j \qquad\text{with}\qquad p_j = \sum_i (u_j \cdot v_i)^2 . $$
#
#    $p_j$ is the squared length of the projection of $u_j$ onto the space: it lies between 0 and 1. And
#    $\sum_j p_j = \sum_i \lVert v_i \rVert^2 = d$.
# 4. **Shares.** So a total of d is shared out among the $\lambda_j$, at most 1 to each. It is best to give 1 to each of
#    the d largest:
#
#    $$ \sum_{j \le d} \lambda_j - \sum_j \lambda_j p_j = \sum_{j \le d} \lambda_j (1 - p_j) - \sum_{j > d} \lambda_j p_j \ge \lambda_d \Big( d - \sum_{j \le d} p_j - \sum_{j > d} p_j \Big) = 0 . $$
#
# The best space is spanned by the d eigenvectors with the largest eigenvalues. These are the *principal axes*, the
# method is *principal component analysis* (PCA), and the error that remains is
# $L = \lambda_{d+1} + \ldots + \lambda_D$.
#
# **Predict before you run.** We train a linear autoencoder with two numbers by Adam, from three different starts. The
# two rows of its decoder's matrix B can be drawn as pictures. What will come out? (a) The error of PCA each time, and
# the rows of B are the two principal axes. (b) The error of PCA each time, but the rows are others from each start.
# (c) Another error from each start, because descent ends in different minima.

# %%
predict("05.a", ...)

# %%
size = x[0].size
mean = x.mean(axis=0).reshape(-1)
centred = x.reshape(len(x), -1) - mean
values, vectors = np.linalg.eigh(centred.T.astype(np.float64) @ centred / len(x))
values, axes = values[::-1], vectors.T[::-1]  # largest first; the rows are the principal axes

linear = [ae.fit(ae.linear(x.shape[1:], 2, seed), x, lr=0.3 / size**0.5) for seed in (1, 2, 3)]
matrices = [decoder[0].w.numpy() for _, decoder in linear]  # B, (2, D)
errors = [ae.squared_error(ae.apply(f, ae.apply(e, x)), x).item() for e, f in linear]
apart = [min(ae.angles(row[None], axis[None])[0] for axis in axes[:2]) for b in matrices for row in b]
print(f"the mean image for every digit: error {values.sum():.2f}; PCA with two axes: {values[2:].sum():.2f}")
for i, (b, error) in enumerate(zip(matrices, errors, strict=True)):
    between = ae.angles(b, axes[:2])[1]
    print(f"start {i + 1}: error {error:.2f}; its plane and PCA's: at most {between:.0f} degrees apart", end="; ")
    print(f"rows and the nearest axis: {apart[2 * i]:.0f} and {apart[2 * i + 1]:.0f} degrees")
figure = ae.rows_and_axes(matrices, axes[:2], x.shape[1:])

# %% [markdown]
# The error is that of PCA, and the plane is nearly the same each time. The rows of B are not: for any invertible M, the
# matrices A M and $M^{-1} B$ give the same Y, so nothing makes the rows come out as the axes. How near they come is an
# accident of the start. **A linear autoencoder finds the plane of PCA, but not its axes.** A single number of its code
# has no meaning of its own; the plane has. (The plane takes longer to settle than the error: where $\lambda_2$ and
# $\lambda_3$ are close, turning the plane from one axis towards the other changes the error little. Some starts end a
# few degrees away.)
#
# **Exercise 05.3.** `pca_reconstruct`, the best linear autoencoder without any training.

# %%
check("05.3")

# %% [markdown]
# **Exercise 05.5 (derivation).** `best_denoiser`. Now let the input be noisy and the target clean, with no bottleneck
# at all: which matrix W brings (x + noise) W closest to x on average? Derive it from the definitions in the docstring.
# What does it do to each principal axis?

# %%
check("05.5")

# %% [markdown]
# ## What the latent plane looks like
#
# With hidden layers and activations, the decoded images no longer have to lie on a flat plane: the decoder bends its
# plane through the space of images.
#
# **Predict before you run.** The cell above printed two errors for the training digits: of the mean image, and of PCA
# with two axes. On new digits both are within a tenth of that. What is the error of our autoencoder on new digits,
# also with two numbers?

# %%
predict("05.b", ...)

# %%
from_mean = new.reshape(len(new), -1) - mean
flat = from_mean @ axes[:2].T
missed = ((from_mean - flat @ axes[:2]) ** 2).sum(axis=1).mean()
bent = ae.squared_error(ae.apply(decoder, z), new).item()
print(f"on new digits: mean image {(from_mean**2).sum(axis=1).mean():.1f}, PCA {missed:.1f}, autoencoder {bent:.1f}")
titles = (f"PCA: error {missed:.1f}", f"autoencoder: error {bent:.1f}")
figure = ae.planes(flat, z, new_labels, decoder, titles)

# %% [markdown]
# Read the map. Some digits have a region of their own, others share one with digits that look like them. Now look at
# what the loss did *not* ask for. Some regions are huge, others tiny and crowded. The scale and the centre are
# accidents of training, and another seed gives another map. Between the regions lie mixtures that are not digits, and
# there are empty parts, where the decoder was never trained.
#
# ## Where are the codes?
#
# A decoder turns numbers into images, so it looks like a machine for new digits: draw z and decode it. But *from which
# distribution* should z be drawn? We take 16 numbers now, because their reconstructions are much better, and try two
# distributions. The first is N(0, 1), the usual choice of noise. The second is a normal distribution with the mean m
# and the covariance S of the training codes. With S = L L^T and noise e of covariance 1, z = m + L e has the covariance
# $E[L e e^\top L^\top] = L L^\top = S$.
#
# **Exercise 05.4.** `sample_codes` draws from it.

# %%
check("05.4")


# %%
def fitted(codes, noise):
    """Codes from the normal distribution that has the mean and the covariance of these codes."""
    return codes.mean(axis=0) + noise @ np.linalg.cholesky(np.cov(codes.T, bias=True)).T


models[16] = ae.fit(ae.autoencoder(x.shape[1:], codes=16), x)
encoder, decoder = models[16]
codes, noise = ae.apply(encoder, x), np.random.default_rng(0).standard_normal((400, 32))
again = ae.apply(decoder, ae.apply(encoder, new[:400]))
from_noise = ae.apply(decoder, noise[:, :16])
from_fitted = ae.apply(decoder, fitted(codes, noise[:, :16]))
figure = ae.sources({"reconstructions": again, "z from N(0, 1)": from_noise, "z from the fitted normal": from_fitted})
spread = codes.std(axis=0)
print(f"means of the 16 numbers: {codes.mean(axis=0).min():.1f} ... {codes.mean(axis=0).max():.1f}", end="; ")
print(f"their standard deviations: {spread.min():.1f} ... {spread.max():.1f}")

# %% [markdown]
# Most of the reconstructions are digits. N(0, 1) gives blots: the printed means and deviations show that the codes lie
# elsewhere, since nothing asked them to have mean 0 and deviation 1, and the decoder has seen few codes like these. The
# fitted normal distribution does better, because it knows the centre and the spread. Still, many of its samples are not
# digits. The codes lie in lumps and on bent sheets, which a mean and a covariance do not describe.
#
# **Exercise 05.6 (open task).** `draw_codes`. Draw new codes from a cloud of lumps, closer to its distribution than the
# fitted normal is, and without copying. There are many ways; the docstring says how yours is measured.

# %%
check("05.6")

# %% [markdown]
# ## A misconception, put to the test
#
# *"The smaller the reconstruction error, the better the samples."* We raise d from 2 to 32 and draw codes from the
# fitted normal distribution each time.
#
# We need a judge of what is a digit. It is a classifier with eleven answers: the ten digits, and "no digit". For the
# eleventh, it is trained on the left or upper half of one digit beside the rest of another, and on means of two digits.
# (A classifier without this eleventh answer never had a reason to doubt: on MNIST ours was more than 90 % sure of its
# label for 96 % of images of pure noise. The judge has faults, too. How many real digits and how many mixtures it takes
# for digits is printed, and drawn as lines in the picture.)
#
# **Predict before you run.** The error falls as d grows. The share of samples that the judge takes for digits is, at
# d = 32, (a) higher than at d = 2; (b) the same within a fifth; (c) lower.

# %%
predict("05.c", ...)

# %%
judge = ae.train_judge(x, labels)
real, halves = ((judge(images) < 10).mean() for images in (new, ae.chimeras(new, np.random.default_rng(1))))
right, blots = (judge(new) == new_labels).mean(), (judge(from_noise) < 10).mean()
print(f"judge: {right:.0%} of new digits right; it takes {real:.0%} of them for digits, {halves:.0%} of mixtures,")
print(f"and at d = 16 {blots:.0%} of what z from N(0, 1) gives")
sizes, table, shares = (2, 4, 8, 16, 32), [], []
for d in sizes:
    if d not in models:
        models[d] = ae.fit(ae.autoencoder(x.shape[1:], codes=d), x)
    encoder, decoder = models[d]
    again = ae.apply(decoder, ae.apply(encoder, new))
    samples = ae.apply(decoder, fitted(ae.apply(encoder, x), noise[:, :d]))
    pca = ((from_mean - from_mean @ axes[:d].T @ axes[:d]) ** 2).sum(axis=1).mean()
    table.append((ae.squared_error(again, new).item(), pca))
    shares.append([(judge(images) < 10).mean() for images in (again, samples)])
    print(f"d = {d:2}: error {table[-1][0]:4.1f} (PCA {pca:4.1f})", end=", ")
    print(f"taken for digits: {shares[-1][0]:.0%} of the reconstructions, {shares[-1][1]:.0%} of the samples")
figure = ae.error_and_shares(sizes, table, shares, real, halves)

# %% [markdown]
# The error falls all the way, and the reconstructions come close to real digits. The samples do not: beyond d = 4 a
# larger code makes them worse, and the gap to the reconstructions widens. The more numbers a code has, the smaller the
# part of their space that digits use, and the more often a random code misses it. (The shares depend a little on the
# seed; that 32 numbers give fewer good samples than 2 held for every seed that we tried.) At the very end, with as many
# numbers as pixels, there is an autoencoder with the error 0, the identity, and drawing a code for it is drawing
# pixels.
#
# ## Something to move
#
# Move the bottleneck. Compare the second row with the first, and then look at the third. In the picture after it, a
# straight line leads from the code of one digit to the code of another, decoded step by step. Between which digits do
# all steps look like digits? What lies beyond the ends (t < 0 or t > 1)?

# %%
move(ae.bottleneck(models, new, fitted), d=Choice(sizes, start=2, label="numbers in a code, d"))

# %%
move(
    ae.walk(models, new[:20]),
    d=Choice(sizes, start=16, label="numbers in a code, d"),
    first=Slider(0, 19, 1, start=0, label="first digit"),
    second=Slider(0, 19, 1, start=1, label="second digit"),
)

# %% [markdown]
# ## What lesson 6 mends
#
# Three things were never asked for, and so they are not there:
#
# 1. **A known place.** Nothing says where the codes lie, so there is no p(z) to draw from. The VAE asks the codes to be
#    distributed as N(0, 1), by a term of the loss.
# 2. **No holes.** A code is a point, and the decoder is trained at these points only. The VAE turns the code into a
#    little cloud: noise is added in training, so that everything near a code has to decode well.
# 3. **A meaning for the loss.** A squared error alone does not say how *probable* an image is. The VAE is trained on a
#    bound on log p(x), and both terms above come out of it, with their weights.
#
# ## Five quick questions

# %%
quiz("05")

# %% [markdown]
# ## Where to go next
#
# - [Baldi & Hornik 1989, doi:10.1016/0893-6080(89)90014-2](https://doi.org/10.1016/0893-6080%2889%2990014-2), *Neural
#   networks and principal component analysis: learning from examples without local minima*: the theorem above; and all
#   other points where the gradient is zero are saddles, so that descent gets to the plane of PCA.
# - [Hinton & Salakhutdinov 2006, doi:10.1126/science.1127647](https://doi.org/10.1126/science.1127647), *Reducing the
#   dimensionality of data with neural networks*, figure 3: the plane of MNIST by PCA and by a deep autoencoder.
# - [Goodfellow, Bengio & Courville 2016](https://www.deeplearningbook.org/contents/autoencoders.html), *Deep learning*,
#   chapter 14: denoising, sparse and contractive autoencoders.
# - [Vincent, Larochelle, Bengio & Manzagol 2008, doi:10.1145/1390156.1390294](https://doi.org/10.1145/1390156.1390294),
#   *Extracting and composing robust features with denoising autoencoders*: exercise 05.5 with hidden layers.
# - [Ghosh, Sajjadi, Vergari, Black & Schölkopf 2020, arXiv:1903.12436](https://arxiv.org/abs/1903.12436), *From
#   variational to deterministic autoencoders*: how far a density gets that is fitted to the codes afterwards, as in
#   exercises 05.4 and 05.6.
# - In the library: `minigen/models/networks.py` holds the encoders and decoders, `minigen/report/latent.py` ways
#   through a latent space.
# - Lesson 6: the variational autoencoder.
