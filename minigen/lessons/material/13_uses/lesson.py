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
# # Lesson 13: What a generative model is good for
#
# **Afterwards you can** remove noise, fill holes and raise the resolution with one conditional VAE; prove which answer
# has the lowest mean square error and what a single guess costs; say whether a model beats methods that need no
# learning, and whether its uncertainty can be trusted; and find out by paired differences whether generated images help
# a classifier.
#
# **Time:** 40 minutes to read, about two hours with the six exercises. **You need** lesson 6 (the VAE).
#
# First the picture: three kinds of damage, and what one small network makes of each. It trains for half a minute.
#
# ![Three panels: digits, the same digits with noise, a hole or coarse pixels, and what the network makes of them](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen.lessons import Choice, Slider, check, handwritten, move, predict, quiz, show_source
from minigen.lessons.pictures import uses
from minigen.metrics import baselines, psnr
from minigen.models import RestorationVAE
from minigen.report.augmentation import LabelledInterpolation

train, test = uses.quick(handwritten("train")), uses.quick(handwritten("test"))
model = uses.train_restorer(train)
uses.opening(model, test.x[:5])

# %% [markdown]
# The training and the drawing of this lesson's pictures are in the module `uses`. You need not read it, but you can:
# `show_source(uses.train_restorer)` prints the training loop, and `show_source(uses.bars)` a function that draws.
#
# ## What was lost can only be guessed
#
# Noise, a hole, a coarser grid: each destroys information, and no computation brings it back. Many originals x could
# have led to the same damaged y. What we can say is how probable each of them is, by Bayes' theorem:
#
# $$ p(x|y) = \frac{p(y|x)\,p(x)}{\sum_{x'} p(y|x')\,p(x')} . $$
#
# p(y|x) describes the damage, which we know. p(x) describes what images look like, and *that* is what a generative
# model is for. The simplest one needs no training: let x be one of M training images $t_1 \ldots t_M$, each with
# probability 1/M. With noise, y = x + σ·noise, each pixel is a Gaussian around that of x, and their product is
#
# $$ p(y|t_m) = \prod_{i} \frac{1}{\sqrt{2\pi}\,\sigma}\, e^{-(y_i - t_{mi})^2/2\sigma^2} \;\propto\; e^{-|y - t_m|^2/2\sigma^2} \quad\Longrightarrow\quad p(t_m|y) = \frac{e^{-|y-t_m|^2/2\sigma^2}}{\sum_k e^{-|y-t_k|^2/2\sigma^2}} . $$
#
# The 1/M and the constant factors cancel. We take 4000 training images as the whole world: each original is one of
# them, so p(x|y) is exact. Below: an original x, the noisy y, the five likeliest originals, and the mean of all,
# E[x|y].

# %%
shape = train.shape
sigma = 1.0 if shape[0] == 16 else 0.6
images = train.x[:4000].reshape(-1, train.x[0].size).astype(np.float64)


def posterior(y):
    """p(t_m | y) for rows y (N, D): (N, M)."""
    exponents = (y @ images.T - 0.5 * (images**2).sum(axis=1)) / sigma**2  # without |y|^2, which all share
    w = np.exp(exponents - exponents.max(axis=1, keepdims=True))
    return w / w.sum(axis=1, keepdims=True)


originals = images[:500]
noisy = originals + sigma * np.random.default_rng(0).standard_normal(originals.shape)
w = posterior(noisy)  # (500, M)
undecided = (1 / (w**2).sum(axis=1) > 6) & (w.max(axis=1) < 0.3)  # several originals are about as likely
example = int(np.flatnonzero(undecided)[0])
uses.candidates(originals[example], noisy[example], images, w[example], shape[0])

# %% [markdown]
# **Exercise 13.1.** `posterior_mean`, the last picture.

# %%
check("13.1")

# %% [markdown]
# ## A misconception, put to the test
#
# *"The restoration with the lowest mean square error is the best one, so it is also the sharpest."*
#
# There are two natural ways to answer with one image: draw an image from p(x|y), or take the mean E[x|y].
#
# **Predict before you run.** In our world of 4000 images p(x|y) is exact. How many times as large is the mean square
# error of one draw as that of the mean?

# %%
predict("13.a", ...)

# %%
rng = np.random.default_rng(1)
mean = w @ images
V = ((originals - mean) ** 2).mean()
draws = np.stack([[rng.choice(len(images), p=p) for p in w] for _ in range(16)])  # (16, N): which image
ks = [1, 2, 4, 8, 16]
answers = [images[draws[:k]].mean(axis=0) for k in ks]
errors = [((originals - answer) ** 2).mean() for answer in answers]


def sharpness(rows):
    """The mean absolute difference of horizontal neighbours."""
    return np.abs(np.diff(rows.reshape(-1, *shape[:2]), axis=2)).mean()


sharp = [sharpness(answer) for answer in answers]
uses.averages(ks, errors, V, sharp, {"originals": sharpness(originals), "E[x|y]": sharpness(mean)})
ratio = errors[0] / V
print(f"one draw has {ratio:.2f} times the error of the mean: {10 * np.log10(ratio):.1f} dB")
print(f"sharpness: originals {sharpness(originals):.3f}, one draw {sharp[0]:.3f}, mean {sharpness(mean):.3f}")

# %% [markdown]
# *The mean has the lowest error.* For any answer a that depends on y alone, with $m = \mathrm{E}[x|y]$,
#
# $$ \mathrm{E}\,|x - a|^2 = \mathrm{E}\,|x - m|^2 + 2\,(m - a)\cdot\mathrm{E}[x - m] + |m - a|^2 = V + |m - a|^2, \qquad V = \mathrm{E}\,|x - m|^2 , $$
#
# because E[x − m] = 0. *A draw costs twice as much.* Let a be drawn from p(x|y) too, independently of x; then
# $\mathrm{E}|m - a|^2 = V$, and the error is 2V. The mean of k draws has $\mathrm{E}|m - a|^2 = V/k$, hence the error
# $V(1 + 1/k)$, which is the line in the left picture. So a *perfect* restorer that answers with one draw stands
# 10 log₁₀ 2 = 3.0 dB below the mean.
#
# *The mean is not sharper than the draws are on average.* Let d be the difference of two neighbouring pixels. Then
# $|\mathrm{E}\,d| \le \mathrm{E}\,|d|$. The two are equal only if d has the same sign in all images that are possible.
# A draw and an original have the same distribution, so they are equally sharp on average, as the right picture shows.
#
# That is what is proved. It is *not* true that the best answer is always blurred: where y leaves only one possibility,
# the mean is that image, with all of its sharpness. And "best" always belongs to a measure. With another measure of
# error another answer is the best one:
#
# **Exercise 13.5 (derivation).** `least_absolute`: the answer with the lowest expected *absolute* error.

# %%
check("13.5")

# %% [markdown]
# Blau & Michaeli (2018) prove a general limit: of the restorers that no other beats in both respects, the one with the
# lower error makes images that are easier to tell from real ones. So a report of the error alone rewards blur, and one
# sharp guess shown alone hides that it is a guess. A number plate or an X-ray "restored" by a model is one of many that
# fit.
#
# ## How good is it?
#
# The usual number is the peak signal-to-noise ratio: the mean square error over the pixels that had to be restored, on
# a logarithmic scale, $10 \log_{10} (1 / \mathrm{MSE})$ decibels. 10 dB more is a tenth of the error, 3 dB about half.
#
# **Exercise 13.2.** `psnr_unknown`. Pay attention to which pixels count.

# %%
check("13.2")

# %% [markdown]
# A number alone says nothing. It has to stand beside methods that need no learning. For noise these are the noisy image
# itself and the mean of 3x3 pixels; for a low resolution the blocks and bicubic interpolation; for a hole the mean of
# all training images, and the training image that agrees best with what is left:

# %%
show_source(baselines.fill_from_nearest)

# %% [markdown]
# **Predict before you run.** Which fills the holes of 500 test images with the highest PSNR: (a) the nearest of 4000
# training images, (b) the mean of all training images, or (c) the model, with the mean of 16 guesses?

# %%
predict("13.b", ...)

# %%
x, scores = test.x[:500], {}
for kind, others in uses.BASELINES.items():
    y, amount = uses.damaged(x, kind), uses.amounts(shape)[kind]
    image, known = y[..., :1], y[..., 1:]
    answers = {name: restore(image, known, train.x[:4000], amount) for name, restore in others.items()}
    answers = {name: np.clip(answer, 0, 1) for name, answer in answers.items()}  # as the model's are
    answers["model, 1 guess"] = uses.restored(model, y, 1)
    answers["model, mean of 16"] = uses.restored(model, y, 16)
    scores[kind] = {name: psnr(x, answer, 1 - known) for name, answer in answers.items()}
    ours, best = scores[kind]["model, mean of 16"], max(others, key=scores[kind].get)
    print(f"{kind}: the model {ours:.1f} dB, {best} {scores[kind][best]:.1f} dB: {ours - scores[kind][best]:+.1f} dB")
uses.bars(scores)

# %% [markdown]
# Against noise the model is worth its training: it is one and a half to two decibels above the mean of 3x3 pixels. A
# coarse image leaves something everywhere too, and there the model is ahead, on MNIST by little. In the hole it **loses
# to the nearest neighbour**, and on MNIST it scores no more than the mean image does. This does not depend on the seed:
# three trainings reached 11.3 to 11.5 dB beside the neighbour's 11.6, which rises to 12.1 with all 60 000 training
# images to choose from. Nor is the training too short: three times as many steps gave 11.3 again. At full size the
# model and the neighbour are about level (docs/reproduction.md). So decibels are no reason to fill holes with this
# model. What it has to offer is several different guesses instead of one.
#
# **Exercise 13.6 (open task).** `fill_hole`: fill holes in 8x8 digits at least 1 dB better than the nearest neighbour,
# with NumPy and 500 training images. The world of the first section is a good start.

# %%
check("13.6")

# %% [markdown]
# ## A model of the guesses
#
# A list of training images holds no new image. The conditional VAE (Sohn, Lee & Yan 2015) models p(x|y) for any y: one
# code z ~ N(0, 1) and the damaged image y are decoded into one guess g(y, z). The bound is that of lesson 6 with
# everything conditioned on y. For any q, by Jensen's inequality,
#
# $$ \log p(x|y) = \log \mathrm{E}_{q(z|x,y)} \frac{p(x|y,z)\,p(z)}{q(z|x,y)} \;\ge\; \mathrm{E}_q \log p(x|y,z) - \mathrm{KL}\big(q(z|x,y)\,\|\,p(z)\big) . $$
#
# p(x|y,z) is a Gaussian around the guess. Which scale should it have? Let there be U unknown pixels in a batch of N,
# and let S be the sum of their squared errors. Then −log p of the batch is
# $\frac U2 \log 2\pi\sigma^2 + \frac{S}{2\sigma^2}$. Its derivative with respect to σ² is
#
# $$ \frac{U}{2\sigma^2} - \frac{S}{2\sigma^4} = 0 \quad\Longleftrightarrow\quad \sigma^2 = \frac SU = \mathrm{MSE}, \qquad\text{and there}\quad -\log p = \frac U2\left(\log 2\pi\,\mathrm{MSE} + 1\right) . $$
#
# Divided by N this is the reconstruction term, in nats per image. Its gradient with respect to one unknown pixel of
# the guess: $\partial\,\mathrm{MSE}/\partial g = 2(g - x)/U$, and the logarithm divides by the MSE, so
#
# $$ \frac{\partial}{\partial g}\; \frac{U}{2N} \log \mathrm{MSE} = \frac{U}{2N}\cdot\frac{1}{\mathrm{MSE}}\cdot\frac{2\,(g - x)}{U} = \frac{g - x}{N\,\mathrm{MSE}} . $$
#
# The better the guesses, the more an error of the same size counts. These two methods are all of it in the library:

# %%
show_source(RestorationVAE.guess)
show_source(RestorationVAE.loss)

# %% [markdown]
# **Exercises 13.3 and 13.4.** `restoration_loss` and its gradient, `restoration_gradient`.

# %%
check("13.3")

# %%
check("13.4")

# %% [markdown]
# Different codes give different guesses. Here are the eight of 500 test images for which 16 guesses differ most, and
# three of the guesses. The last row shows the deviation of the 16, pixel by pixel (twice, so that it can be seen): the
# model's own statement of what it does not know.

# %%
y = uses.damaged(x, "hole")
hole = 1 - y[..., 1:]
several = np.stack([uses.restored(model, y, 1, seed) for seed in range(16)])  # (16, N, H, W, 1)
most = several.var(axis=0).sum(axis=(1, 2, 3)).argsort()[::-1][:8]
guesses = {f"guess {k + 1}": several[k, most] for k in range(3)}
uses.named_rows(
    {"original": x[most], "damaged": y[most, ..., :1], **guesses, "deviation": 2 * several.std(axis=0)[most]}
)

# %% [markdown]
# Is the statement true? If the guesses were draws from the true p(x|y), then the original would be one more draw. Each
# guess would differ from the mean of all by some deviation d, and so would the original: the root mean square error
# of the mean of 16 would be $\sqrt{1 + 1/16}\,d$.
#
# **Predict before you run.** By what factor is the error in the hole larger than d, the deviation of the guesses?
# Honest guesses give 1.03.

# %%
predict("13.c", ...)

# %%


def rms(squares):
    """The root of the mean over the unknown pixels."""
    return float(np.sqrt((hole * squares).sum() / hole.sum()))


deviation = rms(several.var(axis=0, ddof=1))
error_in_hole = rms((several.mean(axis=0) - x) ** 2)
scale = uses.own_scale(model, x, y)
print(f"deviation of the guesses {deviation:.2f}")
print(f"error of their mean {error_in_hole:.2f}: {error_in_hole / deviation:.2f} times as large")
print(f"deviation together with the decoder's own scale, {scale:.2f}: {np.hypot(deviation, scale):.2f}")
predicted, real = several.var(axis=0), (several.mean(axis=0) - x) ** 2
ranks = [(hole * a).sum(axis=(1, 2, 3)).argsort().argsort() for a in (predicted, real)]  # of the 500 images
print(f"rank correlation of predicted and real error, image by image: {np.corrcoef(ranks)[0, 1]:.2f}")

# %% [markdown]
# The guesses are too much alike: the model is **overconfident**. Part of the difference is left out on purpose.
# p(x|y,z) is a Gaussian with a scale of its own *around* the guess, and we show the guess without it. With that scale
# the predicted error is closer; on MNIST it still falls short of the real one. The bars above showed the same: honest
# draws would stand 2.7 dB below the mean of 16, and these guesses stand at half of that. The deviation does say *where*
# to look, since images with a larger one tend to have larger errors, as the rank correlation shows. But as a number it
# must be checked against real errors before anybody relies on it.
#
# ## Noise and guesses to move
#
# The model was trained with noise of deviation 0.4 alone. Move the noise and the number of guesses. What do more
# guesses do to the sharpness and to the decibels? At which noise is it best to do nothing at all?

# %%
draw = uses.noise_and_guesses(model, test.x[:100])
move(draw, noise=Slider(0.1, 1.0, 0.1, start=0.8), guesses=Choice((1, 2, 4, 8, 16), start=16))

# %% [markdown]
# ## Augmentation with few labels
#
# Here is a last use. Images are plentiful, and labels are expensive. A VAE learns from all images *without* labels;
# then new images are made of the few labelled ones, by moving a code part of the way to that of another image with the
# same label (DeVries & Taylor 2017). Does a classifier gain by it? The library's maker of such images:

# %%
show_source(LabelledInterpolation.__call__)

# %% [markdown]
# What needs no model stands beside it: the same images, shifted by up to one pixel or up to two. We draw twelve choices
# of the images that get their labels. Each choice is used by all four classifiers.

# %%
trained = uses.train_vae(train)
ADDED = {
    "nothing": lambda maker, x, y, rng: x[:0],
    "generated": lambda maker, x, y, rng: maker(x, y, rng)[0],
    "shifted by 1": lambda maker, x, y, rng: uses.shifted(x, 1, rng),
    "shifted by 2": lambda maker, x, y, rng: uses.shifted(x, 2, rng),
}


def accuracy(labels, added, choice):
    """On test images, of a small classifier trained on so many labelled images and on what is made of each batch."""
    rng = mg.Generator(choice)
    of_each = [rng.host.permutation(np.flatnonzero(train.y == k))[: labels // 10] for k in range(10)]
    x, y = train.x[np.concatenate(of_each)], train.y[np.concatenate(of_each)]
    maker = LabelledInterpolation(trained, x, y)
    network = uses.train_classifier(x, y, lambda *batch: ADDED[added](maker, *batch), rng)
    with mg.no_grad():
        return (network(mg.tensor(test.x[:2000])).numpy().argmax(axis=1) == test.y[:2000]).mean()


# %% [markdown]
# **Predict before you run.** With 20 labelled images, in how many of the twelve choices is the classifier with
# generated images better than the one with nothing added?

# %%
predict("13.d", ...)

# %%
counts, choices = (20, 50, 200), range(12)
reached = {name: np.array([[accuracy(n, name, choice) for n in counts] for choice in choices]) for name in ADDED}
uses.gains(counts, reached)
for name, a in reached.items():
    of_choices = zip(a.mean(axis=0), a.std(axis=0, ddof=1), strict=True)
    print(f"{name:>12}:", "   ".join(f"{mean:.1%} +- {std:.1%}" for mean, std in of_choices))
better = {}
for name in list(ADDED)[1:]:
    gain = 100 * (reached[name] - reached["nothing"])  # (choices, counts): paired
    errors = gain.std(axis=0, ddof=1) / np.sqrt(len(choices))
    better[name] = (gain > 0).sum(axis=0)
    for n, mean_gain, error, times in zip(counts, gain.mean(axis=0), errors, better[name], strict=True):
        print(f"{name}, {n} labels: {mean_gain:+.1f} +- {error:.1f} points, better in {times} of {len(choices)}")

# %% [markdown]
# The left picture is what many reports show: bars that overlap, so "no difference". But these bars are the scatter over
# the *choices*. One choice of 20 images is better than another, for all four classifiers alike, and that does not
# concern the question. The question is about differences, so **take the difference within each choice, then its mean
# and its standard error** $s/\sqrt{12}$. The right picture shows these paired differences.
#
# Now something can be said. With 20 labels the generated images help, by two to three points, in nearly every choice.
# With 200 labels they do not help; they rather harm. In between the gain is small on MNIST, and on the 8x8 digits it is
# already a loss at 50. The shifted images carry a warning about baselines. Shifted by up to two pixels of 14, they do
# not beat nothing with 20 labels; shifted by one, they do. Test digits are centred, so large shifts show the classifier
# images that it is never asked about. A baseline has to be tuned as carefully as the model. And a result belongs to its
# set-up: a convolutional classifier of full-size MNIST with 100 labels gains 2.7 points from generated images and 16.5
# from shifted ones (docs/reproduction.md).
#
# ## Something to play with
#
# Another damage: a hole with sides of seven tenths; much more noise; a hole *in* a noisy image. The model was never
# trained on it. What does it make of it, and does the deviation of its guesses tell?

# %%
x = test.x[:8]
y = uses.damaged(x, "hole", seed=5, amount=0.7)
guesses = {f"guess {seed + 1}": uses.restored(model, y, 1, seed) for seed in range(2)}
uses.named_rows({"original": x, "damaged": y[..., :1], **guesses, "mean of 16": uses.restored(model, y, 16)})

# %% [markdown]
# ## Five quick questions

# %%
quiz("13")

# %% [markdown]
# ## Where to go next
#
# - Sohn, Lee & Yan 2015, [*Learning structured output representation using deep conditional generative
#   models*](https://papers.nips.cc/paper/5775), section 4: the conditional VAE.
# - Rybkin, Daniilidis & Levine 2021, [*Simple and effective VAE training with calibrated decoders*,
#   arXiv:2006.13202](https://arxiv.org/abs/2006.13202), section 4: the scale.
# - Blau & Michaeli 2018, [*The perception-distortion tradeoff*,
#   doi:10.1109/CVPR.2018.00652](https://doi.org/10.1109/CVPR.2018.00652): lowest error and most natural exclude each
#   other.
# - Ronneberger, Fischer & Brox 2015, [*U-Net*,
#   doi:10.1007/978-3-319-24574-4_28](https://doi.org/10.1007/978-3-319-24574-4_28), figure 1: the decoder's shape.
# - DeVries & Taylor 2017, [*Dataset augmentation in feature space*,
#   arXiv:1702.05538](https://arxiv.org/abs/1702.05538), section 3.3: generated images of the same label.
# - Kingma, Rezende, Mohamed & Welling 2014, [*Semi-supervised learning with deep generative models*,
#   arXiv:1406.5298](https://arxiv.org/abs/1406.5298): few labels, used inside the model.
# - In the library: `python -m minigen train inpaint` (also `denoise`, `super-resolve`), `python -m minigen augment`;
#   `minigen/models/vaes/restoration.py`, `minigen/report/augmentation.py`.
