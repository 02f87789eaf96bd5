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
# # Lesson 15: A broken program repaired
#
# **Afterwards you can** take a program that claims to train a VAE and a GAN, find out by measurements what it trains
# in fact, repair it fault by fault, and say what the images it makes are evidence of, and what not.
#
# **Time:** 40 minutes to read, about an hour with the four exercises. **You need** lessons 6 (the VAE) and 9 (the GAN).
#
# First the picture. The program below has an encoder, a decoder, a loss that is called ELBO, and a loss that falls.
# There are many tutorials of this kind. This one is ours, made of six faults that we have met in the wild; it runs from
# top to bottom without an error.
#
# ![Digits, and what the broken program generates after 300 steps: blots, all alike](opening.png)

# %%
import contextlib
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

import minigen as mg
from minigen import nn
from minigen.cli import main
from minigen.data import Loader
from minigen.distributions import Normal, kl_to_standard_normal
from minigen.errors import MinigenError
from minigen.lessons import check, handwritten, show_source
from minigen.metrics import memorisation, nearest, precision_recall_density_coverage
from minigen.models import GAN
from minigen.models.gans.networks import dcgan_discriminator, dcgan_generator, dense_discriminator
from minigen.models.networks import dense_decoder, dense_encoder
from minigen.optim import Adam
from minigen.report.plots import image_grid, mosaic
from minigen.runs import provenance

train, test = handwritten("train"), handwritten("test")
shape, D = train.shape, 16  # of an image, (H, W, 1); and the length of a code


def show(grids, size=(10.0, 2.6)):
    """Grids of images (N, H, W, 1) side by side, ten in a row, by their titles."""
    figure, axes = plt.subplots(1, len(grids), figsize=size, layout="constrained", squeeze=False)
    for axis, (title, images) in zip(axes[0], grids.items(), strict=True):
        axis.imshow(mosaic(images, 10), cmap="gray", vmin=0, vmax=1)
        axis.set_title(title, fontsize=9)
        axis.set_axis_off()
    plt.show()


def broken_loss(encoder, decoder, x, rng):
    """'ELBO = E[log p(x|z)] - KL. The KL is only a regulariser, so for simplicity we leave it out.'"""
    code = encoder(x)  # (N, 2 D)
    return -nn.bce_loss(decoder(code), x)  # log p(x|z)


def fit(loss, inputs, steps=300, data=train.x):
    """An encoder, and a decoder that takes `inputs` numbers, trained on this loss; and its values."""
    rng = mg.Generator(0)
    encoder, decoder = dense_encoder(shape, 2 * D, [256], rng), dense_decoder(inputs, shape, [256], rng)
    optimizer = Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
    values = []
    for x in batches(data, steps):
        value = loss(encoder, decoder, x, rng)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        values.append(value.item())
    return encoder, decoder, values


def batches(data, steps, size=100):
    """So many batches, epoch after epoch."""
    loader = Loader(data, batch_size=size, rng=mg.Generator(1))
    while True:
        for x in loader:
            if steps == 0:
                return
            steps -= 1
            yield mg.tensor(x)


def pictures(network, z):
    """What the network makes of codes z (N, code), as an array of images."""
    with mg.no_grad():
        return mg.sigmoid(network(mg.tensor(z))).numpy()


encoder, decoder, values = fit(broken_loss, 2 * D)
noise = mg.Generator(2).normal((1000, 2 * D))
show({"digits": test.x[:50], "'generated' by the program, after 300 steps": pictures(decoder, noise[:50])})
print("the loss that it reports:", [round(v) for v in values[::75]], "...", round(values[-1]))

# %% [markdown]
# The loss falls and falls, and the pictures are no digits. We shall now do what one does with a program of this kind:
# not rewrite it, but ask for each part *what would I see if it did its job?*, measure that, and mend what fails.
#
# For the pictures themselves we keep one pair of numbers, from the nearest neighbours in pixels (the library's
# `precision_recall_density_coverage`): **precision**, the share of generated images that lie among real ones,
# and **coverage**, the share of real images that have a generated one near by. Garbage has 0 of both.

# %%
history = {}


def measure(name, images):
    """Precision and coverage against as many test images, noted under a name."""
    real = test.x[: len(images)].reshape(-1, test.x[0].size)
    found = precision_recall_density_coverage(real, images[: len(real)].reshape(len(real), -1))
    history[name] = found.precision, found.coverage
    print(f"{name}: precision {found.precision:.2f}, coverage {found.coverage:.2f}")


measure("real images", train.x[:1000])
measure("as found", pictures(decoder, noise))

# %% [markdown]
# ## Fault 1: the sign, and a misconception put to the test
#
# *"The loss falls, so it learns."* **Predict before you run:** the program minimises
# what it calls the ELBO. A lower bound is to be made *large*. What will its reconstructions look like?
#
# There is a number that gives it away without any picture. The binary cross-entropy of a pixel x in [0, 1],
#
# $$ -x \log p - (1 - x) \log (1 - p) \;\ge\; 0 , $$
#
# is a sum of products of numbers that are not negative, and a KL divergence is never negative either (lesson 6). So the
# negative ELBO, which is what one minimises, is **never below 0**. The loss above is.

# %%
show(
    {"x": test.x[:20], "reconstructed by the program": pictures(lambda x: decoder(encoder(x)), test.x[:20])}, (10, 1.2)
)
figure, axis = plt.subplots(figsize=(6, 2.4), layout="constrained")
axis.plot(values)
axis.axhline(0, color="C3", linestyle=":", label="no negative ELBO is below")
axis.set(xlabel="step", ylabel="'loss'", title="a falling loss")
axis.legend()
plt.show()

# %% [markdown]
# It answers every image with the same one: ink where digits hardly ever have any, none where they often do, ever
# more surely. The cross-entropy has no upper bound, so there is no end to it. The repair is a minus. And a rule for later: know the number that a loss cannot pass, and the
# number it has before anything is learnt (here: all pixels at 1/2 cost log 2 each).

# %%


def with_the_sign(encoder, decoder, x, rng):
    """-log p(x|z), to be minimised."""
    return nn.bce_loss(decoder(encoder(x)), x)


encoder, decoder, values = fit(with_the_sign, 2 * D)
nothing = np.log(2) * test.x[0].size  # all pixels at 1/2
print(f"knowing nothing costs {nothing:.0f} nats; the loss: {values[0]:.0f} at first, now {values[-1]:.0f}")
reconstructed = pictures(lambda x: decoder(encoder(x)), test.x[:50])
show({"reconstructed": reconstructed, "generated": pictures(decoder, noise[:50])})
measure("1 sign", pictures(decoder, noise))

# %% [markdown]
# ## Fault 2: the encoder's 2D outputs, fed to the decoder
#
# Reconstructions are good now: this is an autoencoder. But a VAE's encoder gives *two* numbers for each dimension
# of the code, a mean and a log-variance; its 2 D outputs describe a distribution over codes of length D. The program
# hands all of them to the decoder as if they were the code. What gives it away: to generate, one draws z ~ N(0, 1) of
# length D, and the decoder refuses it.

# %%
try:
    decoder(mg.tensor(noise[:, :D]))
except MinigenError as error:
    print(error)

# %% [markdown]
# The author met this error too, and "repaired" it by drawing noise of length 2 D, as we did above. A shape that does
# not fit is the cheapest message there is: two parts of the program have different ideas of what is handed over. The
# repair is to split.

# %%


def with_a_split(encoder, decoder, x, rng):
    """-log p(x|z) at z = mean."""
    mean, log_var = mg.split(encoder(x), 2, axis=-1)  # (N, D) each
    return nn.bce_loss(decoder(mean), x)


encoder, decoder, values = fit(with_a_split, D)
z = noise[:, :D]
measure("2 split", pictures(decoder, z))

# %% [markdown]
# ## Fault 3: nothing is sampled
#
# What would we see if `log_var` did its work? The loss would depend on it. Ask the backward pass: the last layer of the
# encoder has 2 D columns of weights, D for the means and D for the log-variances.

# %%


def gradients_of_halves(loss):
    """The largest gradient of the encoder's last weights, for the means and for the log-variances."""
    last = encoder[-1].w
    last.grad = None
    loss(encoder, decoder, mg.tensor(train.x[:100]), mg.Generator(3)).backward()
    g = np.abs(last.grad.numpy())
    return f"for means {g[:, :D].max():.3g}, for log-variances {g[:, D:].max():.3g}"


print("largest gradient", gradients_of_halves(with_a_split))

# %% [markdown]
# Exactly zero: half of the encoder's output is decoration. It should be that z is *drawn* from
# q(z|x) = N(mean, exp(log_var)), in such a way that gradients pass (lesson 6): with noise $\epsilon \sim N(0, 1)$,
#
# $$ z = \mu + \sigma\,\epsilon, \qquad \sigma = \exp(\tfrac12 \log \sigma^2), \qquad \frac{\partial z}{\partial \mu} = 1, \qquad \frac{\partial z}{\partial \log \sigma^2} = \tfrac12\, \sigma\, \epsilon . $$
#
# **Exercise 15.1.** `codes_from_outputs`, from the encoder's output to z: the repair of faults 2 and 3. (Red at first, as
# always.)

# %%
check("15.1")

# %%


def with_samples(encoder, decoder, x, rng):
    """-log p(x|z) at a z drawn from q(z|x)."""
    mean, log_var = mg.split(encoder(x), 2, axis=-1)
    return nn.bce_loss(decoder(Normal(mean, log_var).sample(rng)), x)


encoder, decoder, values = fit(with_samples, D, steps=600)
print("largest gradient", gradients_of_halves(with_samples))
measure("3 samples", pictures(decoder, z))

# %% [markdown]
# ## Fault 4: no KL
#
# The log-variance is heard, and the pictures are still poor. Each image has a cloud of codes now, q(z|x). The decoder
# is trained on codes from these clouds, and asked, when generating, for codes from N(0, 1). If the two
# agreed, all clouds together would look like N(0, 1). Measure: how far apart are the means, and how large is a cloud?

# %%


def clouds(encoder):
    """The means (N, D) and deviations (N, D) of q(z|x) for test images."""
    with mg.no_grad():
        q = Normal(*mg.split(encoder(mg.tensor(test.x[:1000])), 2, axis=-1))
        return q.mean.numpy(), q.std.numpy()


without = clouds(encoder)
print(
    f"deviation of the means {without[0].std():.2f} (of all codes it should be 1), of a cloud {without[1].mean():.3f}"
)

# %% [markdown]
# Noise only makes this loss worse; so the network makes it small beside the distances of the means, and undoes the
# sampling. What is missing is the term that was left out "for simplicity". From Jensen's inequality, for any q,
#
# $$ \log p(x) = \log \mathrm{E}_{q(z|x)} \frac{p(x|z)\,p(z)}{q(z|x)} \;\ge\; \mathrm{E}_{q}\,\log \frac{p(x|z)\,p(z)}{q(z|x)} = \mathrm{E}_q \log p(x|z) - \underbrace{\mathrm{E}_q \log \frac{q(z|x)}{p(z)}}_{\mathrm{KL}(q(z|x)\,\|\,p(z))} . $$
#
# Without the KL, the number is not a bound on log p(x). For one dimension, with q = N(μ, σ²) and p = N(0, 1),
# $\log q - \log p = -\log\sigma - (z-\mu)^2/2\sigma^2 + z^2/2$. As $\mathrm{E}(z-\mu)^2 = \sigma^2$ and
# $\mathrm{E} z^2 = \mu^2 + \sigma^2$, the mean of it is
#
# $$ \mathrm{KL} = -\log\sigma - \tfrac12 + \tfrac12(\mu^2 + \sigma^2) = \tfrac12\left(\mu^2 + \sigma^2 - 1 - \log \sigma^2\right) . $$
#
# **Exercise 15.2.** `repaired_vae_loss`: the loss as it should have been from the start, summed over pixels and over
# dimensions, averaged over the batch.

# %%
check("15.2")

# %%


def negative_elbo(encoder, decoder, x, rng):
    """-ELBO in nats per example."""
    q = Normal(*mg.split(encoder(x), 2, axis=-1))
    return nn.bce_loss(decoder(q.sample(rng)), x) + mg.mean(nn.sum_features(kl_to_standard_normal(q)))


encoder, decoder, values = fit(negative_elbo, D, steps=1200)
figure, axes = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained", sharex=True, sharey=True)
for axis, (mean, std), title in zip(axes, (without, clouds(encoder)), ("without the KL", "with it"), strict=True):
    i, j = mean.var(axis=0).argsort()[-2:]  # the two dimensions that are used most
    axis.scatter(z[:, i], z[:, j], s=3, color="0.7", label="what the decoder is asked for")
    axis.errorbar(
        mean[:150, i],
        mean[:150, j],
        std[:150, j],
        std[:150, i],
        ".",
        markersize=3,
        elinewidth=0.7,
        label="q(z|x) of 150 digits",
    )
    axis.set(title=title, xlabel="a dimension of z", ylabel="another", xlim=(-9, 9), ylim=(-9, 9))
axes[0].legend(fontsize=8, loc="lower left")
plt.show()
measure("4 KL", pictures(decoder, z))

# %% [markdown]
# Compare the lengths of the bars with the grey cloud. That was the VAE; its grid stands below, beside the GAN's.
#
# ## Fault 5: a discriminator fitted with images as labels
#
# The program's second half says "GAN". Its discriminator is trained by `discriminator.fit(images, images)`: the images
# are what it sees, and also what it is supposed to answer. It runs, as the author gave it an output for each pixel.

# %%
rng = mg.Generator(0)
painter = nn.Sequential(*dense_discriminator(shape, [256, 128], rng, outputs=test.x[0].size), nn.Reshape(*shape))
optimizer = Adam(painter.parameters(), lr=5e-4)
for x in batches(train.x, 200):
    loss = nn.bce_loss(painter(x), x)  # images as labels
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
real, garbage = test.x[:500], rng.uniform((500, *shape))
answers = [pictures(painter, images).mean(axis=(1, 2, 3)) for images in (real, garbage)]  # one number for each image
print(f"'D(x)' of real images {answers[0].mean():.2f}, of noise {answers[1].mean():.2f}")
print(
    f"real images called real: {(answers[0] > 0.5).mean():.0%};  the mean pixel of all images is {train.x.mean():.2f}"
)

# %% [markdown]
# What would we see if it did its job? Numbers near 1 for digits and near 0 for noise. These say how bright an average
# digit is: it is an autoencoder again, and nothing in its training ever told it what a fake is. A discriminator is a
# classifier: *one* number s for an image, and the label says where the image came from, 1 for real and 0 for fake. With
# D = sigmoid(s), the negative log-likelihood of the labels is
#
# $$ -\log D(x) = \log(1 + e^{-s}) = \mathrm{softplus}(-s), \qquad -\log(1 - D(x)) = \log(1 + e^{s}) = \mathrm{softplus}(s) , $$
#
# and the generator, which wants label 1 for its fakes, has the loss softplus(−s). The derivative of softplus(s) is
# $e^s / (1 + e^s) = \mathrm{sigmoid}(s)$; of softplus(−s), by the chain rule, $-\mathrm{sigmoid}(-s) = \mathrm{sigmoid}(s) - 1$.
#
# **Exercises 15.3 and 15.4.** `player_losses`, the two losses, and `player_gradients`, what their logits send back.

# %%
check("15.3")

# %%
check("15.4")

# %% [markdown]
# ## Fault 6: a generator that is never updated
#
# The program makes its fakes once, under `no_grad`, so that the discriminator's step leaves the generator alone, and
# uses the same fakes for the generator's step. The library's GAN beside it, with both losses (the lesson on the ring has
# the derivation):

# %%
show_source(GAN.generator_loss)


def play(steps, mended):
    """A GAN after so many steps of both players, its losses, and the largest change of a weight of the generator."""
    rng = mg.Generator(0)
    generator = nn.Sequential(*dcgan_generator(32, shape, 16, rng), nn.Sigmoid())
    gan = GAN(generator, dcgan_discriminator(shape, 16, rng), 32)
    players = [Adam(p.parameters(), lr, betas=(0.5, 0.999)) for p, lr in ((generator, 2e-3), (gan.discriminator, 1e-3))]
    start, losses = [p.numpy().copy() for p in generator.parameters()], []
    for x in batches(train.x, steps, 64):
        d_loss = gan.discriminator_loss(x, rng).total
        players[1].zero_grad()
        d_loss.backward()
        players[1].step()
        if mended:
            g_loss = gan.generator_loss(len(x), rng)
        else:
            with mg.no_grad():
                fakes = gan.fakes(len(x), rng)
            g_loss = mg.mean(mg.softplus(-gan.discriminator(fakes)))
        players[0].zero_grad()
        g_loss.backward()
        players[0].step()
        losses.append((d_loss.item(), g_loss.item()))
    moved = max(np.abs(p.numpy() - s).max() for p, s in zip(generator.parameters(), start, strict=True))
    with mg.no_grad():
        return gan.sample(1000, mg.Generator(2)).numpy(), losses, moved


still, still_losses, moved = play(300, mended=False)
print(
    f"after 300 steps: D's loss {still_losses[-1][0]:.3f}, G's {still_losses[-1][1]:.2f}; G's weights moved by {moved}"
)
measure("5 labels", still)

# %% [markdown]
# D's loss near 0 looks like success, and is the opposite: 2 log 2 = 1.39 is the loss of a discriminator that can no
# longer tell. The plain proof is at the end of the line: no weight of the generator has moved. The repair is
# to make the fakes anew *with* a graph, and to freeze the discriminator meanwhile.

# %%
made, losses, moved = play(1000, mended=True)
print(f"G's weights moved by up to {moved:.2f}")
measure("6 update", made)
figure, axis = plt.subplots(figsize=(7, 2.6), layout="constrained")
for run, style in ((still_losses, ":"), (losses, "-")):
    for k, player in enumerate("DG"):
        label = f"{player}, mended" if style == "-" else f"{player}, G never updated"
        axis.plot(np.array(run)[:, k], f"C{k}{style}", linewidth=1, label=label)
axis.axhline(2 * np.log(2), color="0.5", linewidth=0.8)
axis.set(xlabel="step", ylabel="loss", title="the game; grey: 2 log 2", ylim=(0, 8))
axis.legend(fontsize=8, ncols=2)
plt.show()

# %% [markdown]
# ## The grid
#
# Ten by ten from each half of the program, none picked out, and the record of the repair.

# %%
show({"the VAE, mended": pictures(decoder, z[:100]), "the GAN, mended": made[:100]}, (10, 5))
figure, axis = plt.subplots(figsize=(8, 2.6), layout="constrained")
for k, name in enumerate(("precision", "coverage")):
    axis.bar(np.arange(len(history)) + 0.4 * k, [pair[k] for pair in history.values()], 0.4, label=name)
axis.set_xticks(np.arange(len(history)) + 0.2, list(history), fontsize=8)
axis.set(ylim=(0, 1.3))
axis.legend(loc="upper center", ncols=2)
plt.show()

# %% [markdown]
# Precision in pixels flatters blurred pictures, which lie in the middle of everything. (On MNIST it was nearly as high
# after the first repair of the VAE as it would ever be.) It asks less of a blur than of the GAN's sharp strokes, each of
# which must lie near a real one. Coverage tells the steps apart. No single number is to be believed; compare what each
# of them missed, and look.
#
# ## What can be believed about a generated image
#
# **Is it a copy?** Look for the nearest training image, and compare: of test images, which cannot be copies, 1 % are
# nearer than the threshold.

# %%
for name, images in (("VAE", pictures(decoder, z)), ("GAN", made)):
    found = memorisation(images[: len(test)], train.x[:10_000], test.x[:1000])
    print(f"{name}: {found.copies:.1%} of the samples are nearer to a training image than {found.threshold:.2f}")
twins = np.concatenate([made[:10], train.x[found.row[:10]]])
show({"the GAN's samples (above), and the training image that is nearest to each": twins}, (10, 2.4))

# %% [markdown]
# **Is it of what it shows?** A model trained on digits can answer with digits only. Show it something that is not a digit.

# %%
height, width = shape[:2]
row, column = np.indices((height, width)) - (height - 1) / 2
ring = np.maximum(abs(row), abs(column))
others = np.stack([(abs(abs(row) - abs(column)) < 1) * (ring < height / 3), abs(ring - height / 3) < 0.8, row % 4 < 2])
others = others[..., None].astype(np.float32)
asked = np.concatenate([test.x[:7], others])


def cost(encoder, decoder, x):
    """-ELBO of each image, in nats, averaged over 20 draws of z."""
    with mg.no_grad():
        q, x = Normal(*mg.split(encoder(mg.tensor(x)), 2, axis=-1)), mg.tensor(x)
        draws = [nn.sum_features(mg.bce_with_logits(decoder(q.sample(mg.Generator(k))), x)).numpy() for k in range(20)]
        return np.mean(draws, axis=0) + nn.sum_features(kl_to_standard_normal(q)).numpy()


def through(x):
    """The decoder at the mean of q(z|x)."""
    return decoder(mg.split(encoder(x), 2, axis=-1)[0])


show({"asked (above), answered (below)": np.concatenate([asked, pictures(through, asked)])}, (10, 2.4))
print("-ELBO in nats:", *[round(float(v)) for v in cost(encoder, decoder, asked)])

# %% [markdown]
# The answers to the last three are made of strokes of digits, and nothing in the *pictures* says that they are
# inventions. The bound can: where an image costs many times what digits cost, the model has not seen anything like it. Where it
# costs no more, even the bound does not notice. An image that a model completes, sharpens or reconstructs is evidence of
# its training data at least as much as of what was in front of the camera.
#
# ## Where data bias enters
#
# At every choice: what is collected; what is cut out, centred and scaled; what is left out as "bad"; how it is
# labelled; what the loss averages over (the many outvote the few); and which results are shown. We make one such choice:
# nine of ten images of the digit 2 are never collected.

# %%
kept = (train.y != 2) | (mg.Generator(4).uniform(train.y.shape) < 0.1)
poorer = fit(negative_elbo, D, steps=1200, data=train.x[kept])
tested = test.y[:1000]
for name, pair, share in (("all", (encoder, decoder), train.y == 2), ("few 2s", poorer[:2], train.y[kept] == 2)):
    nats = cost(*pair, test.x[:1000])
    label = train.y[:5000][nearest(pictures(pair[1], z), train.x[:5000]).row]
    print(
        f"trained on {name}: {share.mean():.1%} of the data and {(label == 2).mean():.1%} of the samples are 2s; "
        f"a 2 costs {nats[tested == 2].mean():.0f} nats, other digits {nats[tested != 2].mean():.0f}"
    )

# %% [markdown]
# Two harms. The group that was rarely seen is made more rarely (the nearest neighbour, which gives the samples their
# labels, calls some vague ones a 2); and it is *modelled worse*, while the average over all digits, the one number
# that is usually reported, hardly shows it. Report by group.
#
# ## How to mark what a model made
#
# Whoever passes generated images on should say so where it travels with the file. A PNG can carry text; the library
# writes them into all its pictures, and `python -m minigen inspect FILE` reads them.

# %%
with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
    figure = image_grid(made[:100])
    provenance.save_png(figure, Path("digits.png"), provenance.GENERATED, model="gan", data=train.name, seed=2)
    main(["inspect", "digits.png"])
    Image.open("digits.png").save("copy.png")  # as any program does that knows nothing of it
    main(["inspect", "copy.png"])

# %% [markdown]
# One more save, and the mark is gone. So it informs the honest and convicts nobody: a mark says "made by a model", its
# absence says nothing. Say it in the caption too.
#
# ## Something to play with
#
# Break it again. Put `std = mg.exp(log_var)` for `exp(log_var / 2)`, subtract the KL, average the cross-entropy over
# pixels (divide it by their number) beside a summed KL. Which of our measurements notices?

# %%


def my_loss(encoder, decoder, x, rng):
    """Break it here."""
    q = Normal(*mg.split(encoder(x), 2, axis=-1))
    return nn.bce_loss(decoder(q.sample(rng)), x) / x[0].size + mg.mean(nn.sum_features(kl_to_standard_normal(q)))


mine = fit(my_loss, D)
measure("mine", pictures(mine[1], z))
mean, std = clouds(mine[0])
print(f"deviation of the means {mean.std():.2f}, of a cloud {std.mean():.3f}; last loss {mine[2][-1]:.3f}")

# %% [markdown]
# ## Where to go next
#
# - Kingma & Welling 2014, *Auto-encoding variational Bayes*, sections 2.2 to 2.4 and appendix B: the loss that the program
#   meant.
# - Goodfellow et al. 2014, *Generative adversarial nets*, section 3 and algorithm 1: who is updated when, and by what.
# - Theis, van den Oord & Bethge 2016, *A note on the evaluation of generative models*, section 3: pictures, likelihoods
#   and nearest neighbours can each be good while the others are bad.
# - Gebru et al. 2021, *Datasheets for datasets*, section 3: what to ask about a data set before training on it.
# - Mitchell et al. 2019, *Model cards for model reporting*, section 4: results by group, and uses that are out of scope.
# - In the library: `minigen/runs/provenance.py`, `minigen/metrics/copies.py`; and `tests/models`, where faults of this
#   kind are tests.
