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
# **Afterwards you can** take a program that claims to train a VAE and a GAN, find out by measurements what it really
# trains, repair it fault by fault, tell a number that measures success from one that only looks like it, and say what
# generated images are evidence of, and what not.
#
# **Time:** 45 minutes to read, about two hours with the six exercises. **You need** lessons 6 (the VAE) and 9 (the
# GAN).
#
# First the picture. The program has an encoder, a decoder, a loss that is called ELBO, and that loss falls. There are
# many tutorials of this kind. This one is ours. We built it from six faults that we have met in real programs. It runs
# from top to bottom without an error.
#
# ![Digits, and what the broken program generates after 300 steps: blots, nearly all alike](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen import nn
from minigen.distributions import Normal, kl_to_standard_normal
from minigen.lessons import Slider, check, handwritten, move, predict, quiz, show_source
from minigen.lessons.pictures import broken_program as program

train, test = handwritten("train"), handwritten("test")
shape, D = train.shape, program.CODE  # of an image, (H, W, 1); and the length of a code
encoder, decoder, values = program.fit(program.broken_loss, train.x, 2 * D)
program.opening(test.x, decoder, 2 * D)

# %% [markdown]
# This is the first half of the program, its loss and its training. (`show_source` also shows how a picture is drawn,
# for instance `show_source(program.clouds)`.)

# %%
show_source(program.broken_loss)
print()
show_source(program.fit)
print("\nThe loss that it reports, from step 75 on:", *[f"{v:.3g}" for v in values[75::75]], "...", f"{values[-1]:.3g}")

# %% [markdown]
# The loss falls and falls, and the pictures are not digits. We shall do what one does with such a program: we do not
# write it anew, but ask of each part *what would I see if it did its job?*, measure that, and repair what fails.
#
# For the pictures we keep two numbers. Around each of 1000 real test images we draw a ball that reaches to its fifth
# nearest neighbour among the others, with distances in pixels. **Precision** is the share of generated images that lie
# in at least one ball. **Coverage** is the share of balls with at least one generated image inside. After each repair
# we look at the numbers *and* at ten pictures, beside those from before.

# %%
history = {}


def measure(name, images):
    """Note precision, coverage and ten of the images under a name, and show the last two stages."""
    precision, coverage = program.precision_and_coverage(test.x[:1000], images)
    history[name] = precision, coverage, images[:10]
    print(f"{name}: precision {precision:.2f}, coverage {coverage:.2f}")
    program.named_rows({stage: history[stage][2] for stage in list(history)[-2:]})


noise = program.noise(2 * D)
measure("real images", train.x[:1000])
measure("as found", program.images_of(decoder, noise))

# %% [markdown]
# ## Fault 1: the sign, and a misconception put to the test
#
# *"The loss falls, so it learns."*
#
# The program minimises what it calls the ELBO. But a lower bound is to be made *large*. One number shows the fault
# without any picture. The decoder describes each pixel as a Bernoulli variable, and the binary cross-entropy of a pixel
# x in [0, 1],
#
# $$ -x \log p - (1 - x) \log (1 - p) \;\ge\; 0 , $$
#
# is a sum of products that are not negative, because a probability is at most 1. A KL divergence is not negative either
# (lesson 6). So the negative ELBO of a VAE **with Bernoulli pixels** is never below 0. The loss of this program is.
#
# This holds for Bernoulli pixels, not for every VAE. The *density* of a Gaussian can exceed 1, and then −log p is
# negative: the loss of lesson 13, with Gaussian pixels, falls below 0 without any fault.

# %%
asked = test.x[:10]
answered = program.images_of(program.through(encoder, decoder, split=False), asked)
program.named_rows({"x": asked, "reconstructed": answered})
program.falling(values)

# %% [markdown]
# The program answers every image with the same one. It puts ink where digits hardly ever have any, and none where they
# often do, and it becomes ever more certain of this. The cross-entropy has no upper bound, so this never ends. The
# repair is a minus.
#
# **Predict before you run.** Before anything is learnt, the decoder's outputs are near 0: each pixel is 1 with a
# probability of about 1/2. What will the repaired loss be at the first step, in nats, for an image of 28x28 pixels?

# %%
predict("15.a", ...)

# %%


def with_the_sign(encoder, decoder, x, rng):
    """-log p(x|z), to be minimised."""
    return nn.bce_loss(decoder(encoder(x)), x)


encoder, decoder, values = program.fit(with_the_sign, train.x, 2 * D)
first_loss = values[0]
blind = program.independent_pixels(train.x, test.x[:1000]).mean()
print(f"a pixel at 1/2 costs log 2, an image {np.log(2) * test.x[0].size:.0f} nats; the loss at first {first_loss:.0f}")
print(f"after 300 steps {values[-1]:.0f}; a model that knows the mean of each pixel and nothing else: {blind:.0f}")
program.named_rows({"x": asked, "reconstructed": program.images_of(program.through(encoder, decoder, False), asked)})
measure("1 sign", program.images_of(decoder, noise))

# %% [markdown]
# Remember three numbers of a loss: the one before anything is learnt, the one of the simplest model, and the one that
# it cannot pass. With grey pixels the last is even above 0.
#
# **Exercise 15.5 (derivation).** `loss_limits`: how low the loss can be at best, and how low without a code.

# %%
check("15.5")

# %% [markdown]
# ## A precision that means nothing
#
# The reconstructions are good, and the generated pictures are blots. Yet on MNIST their precision is about as high as
# that of real images (0.87 to 0.94 with three seeds). Before we go on, we have to understand a number that praises
# blots.
#
# **Predict before you run.** The laziest generator of all answers 1000 times with the mean of all training images. What
# is its precision, from 0 to 1?

# %%
predict("15.b", ...)

# %%
mean_image = np.broadcast_to(train.x.mean(axis=0), (1000, *shape))
measure("mean image", mean_image)

# %% [markdown]
# In pixels two digits are far apart, even two of the same kind: their strokes miss each other. So the balls are large.
# A grey image in the middle of all digits has no stroke that could miss another, and it is nearer to many digits than
# they are to each other. It lies in a good part of the balls, and one ball is enough. Precision in pixels rewards blur,
# just as the mean square error does (lesson 13). Coverage notices, because one picture lies in one place: it has only
# the balls around that place. But coverage too can be misled. Move real images towards their mean, and watch both
# numbers:

# %%
draw = program.towards_the_mean(test.x[:500], train.x[:5000])
move(draw, share=Slider(0.0, 1.0, 0.1, start=0.3, label="share of the way to the mean"))

# %% [markdown]
# Three tenths of the way, both numbers are *higher* than for the images as they are. From here on we compare coverage
# between stages, and always look.
#
# ## Fault 2: the encoder's 2D outputs, fed to the decoder
#
# The program is an autoencoder now. But a VAE's encoder gives *two* numbers for each dimension
# of the code, a mean and a log-variance; its 2D outputs describe a distribution over codes of length D. The program
# hands all of them to the decoder as if they were the code. One can see it when generating: one draws z ~ N(0, 1) of
# length D, and the decoder refuses it.

# %%
from minigen.errors import MinigenError

try:
    decoder(mg.tensor(noise[:, :D]))
except MinigenError as error:
    print(error)

# %% [markdown]
# The author met this error too, and "repaired" it by drawing noise of length 2D, as we did above. A shape that does not
# fit is the cheapest message there is: it says that two parts of the program disagree about what is handed over. The
# repair is to split the outputs.

# %%


def with_a_split(encoder, decoder, x, rng):
    """-log p(x|z) at z = mean."""
    mean, log_var = mg.split(encoder(x), 2, axis=-1)  # (N, D) each
    return nn.bce_loss(decoder(mean), x)


encoder, decoder, values = program.fit(with_a_split, train.x, D)
z = noise[:, :D]
measure("2 split", program.images_of(decoder, z))

# %% [markdown]
# ## Fault 3: nothing is sampled
#
# What would we see if `log_var` did its job? The loss would depend on it. Ask the backward pass: the last layer of the
# encoder has 2D columns of weights, D for the means and D for the log-variances.

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
# It is exactly zero for the log-variances: half of the encoder's output has no effect. A code should be *drawn* from
# q(z|x) = N(mean, exp(log_var)), in such a way that gradients pass (lesson 6). With noise $\epsilon \sim N(0, 1)$,
#
# $$ z = \mu + \sigma\,\epsilon, \qquad \sigma = \exp(\tfrac12 \log \sigma^2), \qquad \frac{\partial z}{\partial \mu} = 1, \qquad \frac{\partial z}{\partial \log \sigma^2} = \tfrac12\, \sigma\, \epsilon . $$
#
# **Exercise 15.1.** `codes_from_outputs`, from the encoder's output to z: the repair of faults 2 and 3. (It is red at
# first, as always.)

# %%
check("15.1")

# %%


def with_samples(encoder, decoder, x, rng):
    """-log p(x|z) at a z drawn from q(z|x)."""
    mean, log_var = mg.split(encoder(x), 2, axis=-1)
    return nn.bce_loss(decoder(Normal(mean, log_var).sample(rng)), x)


encoder, decoder, values = program.fit(with_samples, train.x, D, steps=600)
print("largest gradient", gradients_of_halves(with_samples))
measure("3 samples", program.images_of(decoder, z))

# %% [markdown]
# ## Fault 4: no KL
#
# The log-variance has an effect now, and the pictures are still poor. Each image has a cloud of codes, q(z|x). The
# decoder is trained on codes from these clouds, and to generate it gets codes from N(0, 1). If the two agreed, all
# clouds together would look like N(0, 1).
#
# **Predict before you run.** Compare the deviation within a cloud with the deviation of the clouds' centres (the means
# of test images). Is the first (a) about as large as the second, (b) about a tenth of it, or (c) less than a hundredth?

# %%
predict("15.c", ...)

# %%


def clouds(encoder):
    """The means (N, D) and deviations (N, D) of q(z|x) for test images."""
    with mg.no_grad():
        q = Normal(*mg.split(encoder(mg.tensor(test.x[:1000])), 2, axis=-1))
        return q.mean.numpy(), q.std.numpy()


without = clouds(encoder)
centres, within = without[0].std(), without[1].mean()
print(f"deviation of the means {centres:.2f}, within a cloud {within:.3f}; all codes together should have 1")

# %% [markdown]
# Noise can only make this loss worse. So the network makes it small beside the distances of the means, which undoes
# the sampling. What is missing is the term that was left out "for simplicity". From Jensen's inequality, for any q,
#
# $$ \log p(x) = \log \mathrm{E}_{q(z|x)} \frac{p(x|z)\,p(z)}{q(z|x)} \;\ge\; \mathrm{E}_{q}\,\log \frac{p(x|z)\,p(z)}{q(z|x)} = \mathrm{E}_q \log p(x|z) - \underbrace{\mathrm{E}_q \log \frac{q(z|x)}{p(z)}}_{\mathrm{KL}(q(z|x)\,\|\,p(z))} . $$
#
# Without the KL, the number is not a bound on log p(x). For one dimension, with q = N(μ, σ²) and p = N(0, 1),
# $\log q - \log p = -\log\sigma - (z-\mu)^2/2\sigma^2 + z^2/2$. As $\mathrm{E}(z-\mu)^2 = \sigma^2$ and
# $\mathrm{E} z^2 = \mu^2 + \sigma^2$, its mean is
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


encoder, decoder, values = program.fit(negative_elbo, train.x, D, steps=1200)
program.clouds({"without the KL": without, "with it": clouds(encoder)}, z)
measure("4 KL", program.images_of(decoder, z))

# %% [markdown]
# Without the KL the clouds are points, spread far beyond the grey codes that the decoder is asked for. With it, clouds
# and grey codes cover the same place. The program's first half is a VAE now.
#
# **Exercise 15.6 (open task).** `diagnose`: given the losses and codes of many programs, say which fault each of them
# has. What would you see if it did its job?

# %%
check("15.6")

# %% [markdown]
# ## Fault 5: a discriminator fitted with images as labels
#
# The program's second half claims to be a GAN. Its discriminator is trained by `discriminator.fit(images, images)`: the
# images are its inputs, and also the answers that it should give. This runs, because the author gave it an output for
# each pixel. We ask it about ten images: five digits and five of pure noise.

# %%
painter = program.fit_images_to_images(train.x)
garbage = mg.Generator(0).uniform((500, *shape))
shown = np.concatenate([test.x[:5], garbage[:5]])
program.named_rows({"shown to it": shown, "'D(x)'": program.images_of(painter, shown)})
of_real, of_noise = (program.images_of(painter, a).mean(axis=(1, 2, 3)) for a in (test.x[:500], garbage))
print(f"its mean output: for real images {of_real.mean():.2f}, for noise {of_noise.mean():.2f}")
print(f"real images called real (above 1/2): {(of_real > 0.5).mean():.0%}; the mean pixel is {train.x.mean():.2f}")

# %% [markdown]
# If it did its job, we would see numbers near 1 for digits and near 0 for noise. It draws pictures instead, and their
# mean says how bright an average digit is. It is an autoencoder again, and nothing in its training ever told it what a
# fake is. A discriminator is a classifier: it gives *one* number s for an image, and the label says where the image
# came from, 1 for real and 0 for fake. With D = sigmoid(s), the negative log-likelihood of the labels is
#
# $$ -\log D(x) = \log(1 + e^{-s}) = \mathrm{softplus}(-s), \qquad -\log(1 - D(x)) = \log(1 + e^{s}) = \mathrm{softplus}(s) , $$
#
# and the generator, which wants label 1 for its fakes, has the loss softplus(−s). The derivative of softplus(s) is
# $e^s / (1 + e^s) = \mathrm{sigmoid}(s)$; that of softplus(−s), by the chain rule,
# $-\mathrm{sigmoid}(-s) = \mathrm{sigmoid}(s) - 1$.
#
# **Exercises 15.3 and 15.4.** `player_losses`, the two losses, and `player_gradients`, what they send back to the
# logits.

# %%
check("15.3")

# %%
check("15.4")

# %% [markdown]
# ## Fault 6: a generator that is never updated
#
# The program makes its fakes once, under `no_grad`, so that the discriminator's step leaves the generator alone. Then
# it uses the same fakes for the generator's step. Both versions are below; the mended one uses the library's loss
# (lesson 9 derives it).

# %%
from minigen.models import GAN

show_source(GAN.generator_loss)

# %%


def play(steps, mended):
    """1000 images, both losses at each step, and the largest change of a weight of G."""
    rng = mg.Generator(0)
    gan, g, d = program.players(shape, rng)
    start, losses = [p.numpy().copy() for p in gan.generator.parameters()], []
    for x in program.batches(train.x, steps, 32):
        d_loss = gan.discriminator_loss(x, rng).total
        d.zero_grad()
        d_loss.backward()
        d.step()
        if mended:
            g_loss = gan.generator_loss(len(x), rng)
        else:
            with mg.no_grad():
                fakes = gan.fakes(len(x), rng)
            g_loss = mg.mean(mg.softplus(-gan.discriminator(fakes)))
        g.zero_grad()
        g_loss.backward()
        g.step()
        losses.append((d_loss.item(), g_loss.item()))
    moved = max(np.abs(p.numpy() - s).max() for p, s in zip(gan.generator.parameters(), start, strict=True))
    with mg.no_grad():
        return gan.sample(1000, mg.Generator(2)).numpy(), losses, moved


# %%
still, still_losses, moved = play(200, mended=False)
print(f"after 200 steps: D's loss {still_losses[-1][0]:.3f}, G's loss {still_losses[-1][1]:.2f}")
print(f"the largest change of a weight of G: {moved}")
measure("5 labels", still)

# %% [markdown]
# The upper row still shows the VAE's images, the lower one what this generator makes. The discriminator of fault 5 is
# mended, and its loss is near 0. This looks like success and is the opposite: a discriminator that can no longer tell
# real from fake has a loss of 2 log 2 = 1.39. The proof is in the second line: no weight of the generator has moved.
# The repair is to make the fakes anew *with* a graph, and to freeze the discriminator meanwhile.

# %%
made, losses, moved = play(600, mended=True)
print(f"the largest change of a weight of G: {moved:.2f}")
program.games({"G never updated": still_losses, "mended": losses})
measure("6 update", made)

# %% [markdown]
# ## The record of the repair
#
# First, 64 images from each half of the program, not selected. Then all stages with their numbers.

# %%
program.panels({"the VAE, mended": program.images_of(decoder, z[:64]), "the GAN, mended": made[:64]}, 8)
program.record(history)
softened = made + 0.3 * (mean_image - made)
scores = program.precision_and_coverage(test.x[:1000], softened)
print("the GAN's images, three tenths of the way to the mean image: precision {:.2f}, coverage {:.2f}".format(*scores))

# %% [markdown]
# Precision hardly tells the stages of the VAE apart on MNIST, and the mean image wins. The GAN's images score far below
# the VAE's, and the last line says why: they are sharp. The same images with a grey veil over them score much better in
# both numbers. On MNIST coverage does rise with each repair of the VAE. No single number is to be believed: ask of each
# what it would miss, and look at the pictures.
#
# ## What can be believed about a generated image
#
# **Is it a copy?** Look for the nearest training image. How near is too near? Test images cannot be copies, so we use
# the distance that only 1 % of them fall below.

# %%
from minigen.metrics import memorisation, nearest

for name, images in (("VAE", program.images_of(decoder, z)), ("GAN", made)):
    found = memorisation(images[: len(test)], train.x[:10_000], test.x[:1000])
    print(f"{name}: {found.copies:.1%} of the samples are nearer to a training image than {found.threshold:.2f}")
program.named_rows({"GAN": made[:10], "nearest": train.x[found.row[:10]]})

# %% [markdown]
# **Does it show what was there?** A model trained on digits can only answer with digits. Show it something else.

# %%
asked = np.concatenate([test.x[:7], program.no_digits(shape)])
program.named_rows({"shown": asked, "answered": program.images_of(program.through(encoder, decoder), asked)})
print("-ELBO in nats:", *[round(float(v)) for v in program.cost(encoder, decoder, asked)])

# %% [markdown]
# The answers to the last three are made of strokes of digits, and nothing in the *pictures* says that they are
# invented. The bound can say it: the stripes cost many times what a digit costs, so the model has not seen anything
# like them. On MNIST the cross costs no more than a difficult digit: even the bound does not notice it. An image that a
# model completes, sharpens or reconstructs is evidence of its training data at least as much as of what was in front of
# the camera.
#
# ## Where data bias enters
#
# It enters with every choice: what is collected; what is cut out, centred and scaled; what is left out as "bad"; how it
# is labelled; what the loss averages over (the many outvote the few); and which results are shown. We make one such
# choice: nine of ten images of the digit 2 are never collected.
#
# **Predict before you run.** By how many nats will the bound of a test image of a 2 rise? (With all data, an image
# costs a bit more than 110 nats on MNIST. A model of independent pixels needs about 200.)

# %%
predict("15.d", ...)

# %%
kept = (train.y != 2) | (mg.Generator(4).uniform(train.y.shape) < 0.1)
poorer = program.fit(negative_elbo, train.x[kept], D, steps=1200)
tested, nats = test.y[:1000], {}
for name, pair, share in (("all", (encoder, decoder), train.y == 2), ("few 2s", poorer[:2], train.y[kept] == 2)):
    costs = program.cost(*pair, test.x[:1000])
    nats[name] = costs[tested == 2].mean(), costs[tested != 2].mean(), costs.mean()
    labels = train.y[:5000][nearest(program.images_of(pair[1], z), train.x[:5000]).row]
    print(f"trained on {name}: {share.mean():.1%} of the data and {(labels == 2).mean():.1%} of the samples are 2s")
    print("   a 2 costs {:.0f} nats, another digit {:.0f}, all together {:.1f}".format(*nats[name]))
pixels = program.independent_pixels(train.x, test.x[:1000])
print(f"independent pixels: a 2 costs {pixels[tested == 2].mean():.0f}, another digit {pixels[tested != 2].mean():.0f}")

# %% [markdown]
# Two harms. The group that was rarely seen is generated more rarely. (The samples get the label of their nearest
# neighbour, and some vague ones count as a 2.) And it is *modelled worse*, while the average over all digits, the one
# number that is usually reported, hardly rises. Report results by group.
#
# ## How to mark what a model made
#
# Whoever passes generated images on should say so in a place that travels with the file. A PNG can carry text. The
# library writes it into all its pictures, and `python -m minigen inspect FILE` reads it.

# %%
import contextlib
import tempfile
from pathlib import Path

from PIL import Image

from minigen.cli import main
from minigen.report.plots import image_grid
from minigen.runs import provenance

with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
    figure = image_grid(made[:100])
    provenance.save_png(figure, Path("digits.png"), provenance.GENERATED, model="gan", data=train.name, seed=2)
    main(["inspect", "digits.png"])
    Image.open("digits.png").save("copy.png")  # as any program does that does not know these texts
    main(["inspect", "copy.png"])

# %% [markdown]
# One more save, and the mark is gone. So it informs honest readers and convicts nobody: a mark says "made by a model",
# its absence says nothing. Write it in the caption too.
#
# ## Something to play with
#
# Break it again. Put `std = mg.exp(log_var)` for `exp(log_var / 2)`, subtract the KL, average the cross-entropy over
# pixels (divide it by their number) beside a summed KL. Which of our measurements notices? The last of the three is
# below.

# %%


def my_loss(encoder, decoder, x, rng):
    """Break it here."""
    q = Normal(*mg.split(encoder(x), 2, axis=-1))
    return nn.bce_loss(decoder(q.sample(rng)), x) / x[0].size + mg.mean(nn.sum_features(kl_to_standard_normal(q)))


mine = program.fit(my_loss, train.x, D)
measure("mine", program.images_of(mine[1], z))
mean, std = clouds(mine[0])
print(f"deviation of the means {mean.std():.2f}, within a cloud {std.mean():.3f}; last loss {mine[2][-1]:.3f}")

# %% [markdown]
# ## Five quick questions

# %%
quiz("15")

# %% [markdown]
# ## Where to go next
#
# - Kingma & Welling 2014, [*Auto-encoding variational Bayes*, arXiv:1312.6114](https://arxiv.org/abs/1312.6114),
#   sections 2.2 to 2.4 and appendix B: the loss that the program meant.
# - Goodfellow et al. 2014, [*Generative adversarial nets*, arXiv:1406.2661](https://arxiv.org/abs/1406.2661), section 3
#   and algorithm 1: who is updated when, and by what.
# - Naeem et al. 2020, [*Reliable fidelity and diversity metrics for generative models*,
#   arXiv:2002.09797](https://arxiv.org/abs/2002.09797): coverage, and what is wrong with precision.
# - Theis, van den Oord & Bethge 2016, [*A note on the evaluation of generative models*,
#   arXiv:1511.01844](https://arxiv.org/abs/1511.01844), section 3: pictures, likelihoods and nearest neighbours can
#   each be good while the others are bad.
# - Nalisnick et al. 2019, [*Do deep generative models know what they don't know?*,
#   arXiv:1810.09136](https://arxiv.org/abs/1810.09136): the bound is not a reliable alarm.
# - Gebru et al. 2021, [*Datasheets for datasets*, doi:10.1145/3458723](https://doi.org/10.1145/3458723), section 3:
#   what to ask about a data set before training on it.
# - Mitchell et al. 2019, [*Model cards for model reporting*,
#   doi:10.1145/3287560.3287596](https://doi.org/10.1145/3287560.3287596), section 4: results by group, and uses that
#   are out of scope.
# - In the library: `minigen/runs/provenance.py`, `minigen/metrics/copies.py`; and `tests/models`, where faults of this
#   kind are tests.
# - Lesson 16 begins the second part of the course: what comes one thing after the other, such as text.
