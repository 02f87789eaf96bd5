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
# # Lesson 9: The GAN game on a ring of Gaussians
#
# **Afterwards you can** write both players' losses, derive the best discriminator and what the generator minimises
# against it, say why the generator is given another loss in practice, and recognise mode collapse, which no loss shows.
#
# **Time:** 35 minutes to read, about two hours with the six exercises. **You need** lesson 1, and logits from lesson
# 3.
#
# First the picture: ten moments of a game. The data are eight narrow clusters on a circle (grey rings). The red
# crosses are what the generator makes of noise. The blue shade is where the discriminator believes an example to be
# real. Nobody told the generator about the ring.
#
# ![Ten moments of a GAN on a ring of eight Gaussians](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen import optim
from minigen.lessons import Slider, animate, check, move, predict, quiz, show_source
from minigen.lessons.pictures import gan_ring
from minigen.models import GAN
from minigen.models.gans import losses as game_losses

balanced = gan_ring.play(gan_ring.new_game(), turns=400)
gan_ring.show(balanced)

# %% [markdown]
# The same game, as it was played:

# %%
animate(gan_ring.frame(balanced), len(balanced.stills))

# %% [markdown]
# ## The game
#
# A VAE maximises a bound on the likelihood of the data. A GAN has no likelihood at all. It learns from a contest. The
# *generator* G turns noise z into an example, a *fake*. The *discriminator* D is an ordinary classifier: it sees real
# examples and fakes, and says for each how probable it is that the example is real. If D can tell them apart, it has
# noticed what is still wrong with the fakes. And since D is differentiable, its gradient says in which direction a
# fake should move.
#
# D is trained like every classifier, to maximise the log-likelihood of the labels "real" and "fake":
#
# $$ V(D, G) = \mathbb{E}_{x\sim p}\big[\log D(x)\big] + \mathbb{E}_{z}\big[\log\big(1 - D(G(z))\big)\big] $$
#
# D wants V large, G wants it small: $\min_G \max_D V$, the *minimax* game. D's network gives a logit s, and D is
# sigmoid(s) = 1 / (1 + e^-s). Hence
#
# $$ -\log D = \log\frac{1 + e^{-s}}{1} = \operatorname{softplus}(-s), \qquad -\log(1 - D) = \log\frac{1 + e^{-s}}{e^{-s}} = \operatorname{softplus}(s), $$
#
# with softplus(s) = log(1 + e^s). D itself is never formed: it would round to 0 or 1, and its logarithm to minus
# infinity. In the library D's loss, -V, is one line, and a step of the game is a step of each player:

# %%
show_source(game_losses._log_loss)
show_source(GAN.discriminator_loss)
show_source(GAN.generator_loss)

# %% [markdown]
# Two things are left alone here. In D's step the fakes are made without a graph (`still`), so nothing leads back to the
# generator. In G's step D is frozen: the gradient passes through D to the fake and on to G's weights, but D's weights
# get no gradient.
#
# The games of this lesson are played by the function below, in turns. It and all drawing code stand in
# `minigen/lessons/pictures/gan_ring.py`, and `show_source` shows any part of it. D sees a point of the plane through
# 225 bumps, one around each knot of a grid, as a small dense network alone would need thousands of steps to tell such
# narrow clusters apart.

# %%
show_source(gan_ring.play)

# %% [markdown]
# **Exercise 09.1.** `game_loss`: D's loss, exact for every logit.

# %%
check("09.1")

# %% [markdown]
# ## The best discriminator
#
# Let q be the density of the fakes, and let G stand still. Which D is best? As integrals over x,
#
# $$ V = \int p(x)\,\log D(x) + q(x)\,\log(1 - D(x))\; dx . $$
#
# D may be any function, so we can choose D(x) at each x by itself. With a = p(x) and b = q(x), maximise
# f(d) = a log d + b log(1 - d) for 0 < d < 1:
#
# $$ f'(d) = \frac{a}{d} - \frac{b}{1-d} = 0 \iff a(1-d) = b\,d \iff d = \frac{a}{a+b}, \qquad f''(d) = -\frac{a}{d^2} - \frac{b}{(1-d)^2} < 0 . $$
#
# f is concave, so this is its maximum:
#
# $$ D^*(x) = \frac{p(x)}{p(x) + q(x)}, \qquad s^*(x) = \log\frac{D^*}{1 - D^*} = \log p(x) - \log q(x). $$
#
# A discriminator learns *the logarithm of the ratio of two densities*, from samples alone: neither density is ever
# computed. Can a network find it? Two densities that we know, and a discriminator trained on their samples:

# %%
rng = mg.Generator(0)
x = np.linspace(-4, 4, 801)
p = 0.5 * gan_ring.normal(x, -1.5, 0.5) + 0.5 * gan_ring.normal(x, 1.5, 0.5)  # the data
q = gan_ring.normal(x, 0, 1)  # the fakes
judge = gan_ring.dense_discriminator((1,), [64, 64], rng)
optimizer = optim.Adam(judge.parameters(), lr=optim.cosine(1e-2, 1000))
losses = []
for _ in range(1000):
    fake = rng.normal((512, 1))
    real = 1.5 * np.sign(rng.normal((512, 1))) + 0.5 * rng.normal((512, 1))
    loss = game_losses.LOSSES["non-saturating"].discriminator(judge(mg.tensor(real)), judge(mg.tensor(fake)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
with mg.no_grad():
    learnt = mg.sigmoid(judge(mg.tensor(x[:, None].astype(np.float32)))).numpy()[:, 0]
gan_ring.best_and_learnt(x, p, q, learnt, losses)
best, dx = p / (p + q), x[1] - x[0]
print(
    f"loss: best D {gan_ring.best_loss(x, p, q):.4f}, learnt D {np.mean(losses[-100:]):.4f}, a coin {2 * np.log(2):.4f}"
)
print(f"|D - D*|, averaged over where examples are: {((p + q) / 2 * abs(learnt - best)).sum() * dx:.3f}")
print(f"the same for a coin, which says 1/2:        {((p + q) / 2 * abs(0.5 - best)).sum() * dx:.3f}")

# %% [markdown]
# Near the edges there are hardly any examples, and D may be far from the best one there: nothing has tested it.
#
# **Exercise 09.2.** `best_discriminator`, for distributions over K places. Some places are visited by only one of the
# two, and some shares are tiny.

# %%
check("09.2")

# %% [markdown]
# ## What the generator then minimises
#
# Put D* into V. With m = (p + q) / 2, the mixture of both, D* = p / 2m and 1 - D* = q / 2m:
#
# $$ V(D^*, G) = \int p \log\frac{p}{2m} + q \log\frac{q}{2m} = -2\log 2 + \underbrace{\mathrm{KL}(p\,\|\,m) + \mathrm{KL}(q\,\|\,m)}_{2\ \mathrm{JSD}(p,\,q)} . $$
#
# The *Jensen-Shannon divergence* JSD is never negative: by Jensen's inequality, as the logarithm is concave,
# $-\mathrm{KL}(p\|m) = \mathbb{E}_p \log\frac{m}{p} \le \log \mathbb{E}_p \frac{m}{p} \le \log 1 = 0$, and equality
# needs m / p constant, that is p = m = q. So against the best D the generator's only goal is **q = p**. There D = 1/2
# everywhere, V = -2 log 2, and D's loss is **2 log 2 = 1.386**. And the JSD is never more than log 2, which it is
# when p and q share no place: each logarithm is then log 2. D is sure of everything, and its loss is 0.
#
# Move the fakes away from the data and watch three numbers: the JSD, the loss of the best D, which is
# 2 log 2 - 2 JSD, and a third distance. W1 is how far the average example must be carried to turn the fakes into the
# data; lesson 11 is about it.

# %%
move(
    gan_ring.mean_shift(),
    t=Slider(0.0, 12.0, 0.25, start=7.0, label="t, the mean of the fakes"),
    sigma=Slider(0.2, 2.0, 0.1, start=1.0, label="sigma of the fakes"),
)

# %% [markdown]
# From about t = 6 on, D's loss is nearly 0 and the JSD is *flat*, close to log 2 = 0.693. Fakes at 7 and at 12 look
# equally bad to it, so its gradient does not say which way to go. W1 keeps the slope 1. When training begins, data and
# fakes usually lie far apart, and a D that is the best one leaves G without a direction.
#
# ## Two losses for the generator
#
# Look at the same problem from a single fake with logit s. G's minimax loss is log(1 - D) = -softplus(s). As
# $\operatorname{softplus}'(s) = e^s / (1 + e^s) = D$, its slope is **-D**. When D rejects the fake with confidence,
# s is far below 0 and this slope is nearly 0: the worst fakes learn least. In the same paper Goodfellow and his
# co-authors proposed that G minimise **-log D** instead. That is softplus(-s), and by the chain rule its slope is
# **-(1 - D)**, nearly -1 for a rejected fake. Both losses fall as s rises, so G still wants the same; the signal differs
# in strength. With this *non-saturating* loss, the library's default, the two players no longer share one V, and the
# game is not zero-sum.
#
# **Predict before you run.** D rejects a fake with s = -6. How many times as large is the slope of the non-saturating
# loss as that of the minimax loss?

# %%
predict("09.a", ...)

# %%
slopes = {}
for name in ("minimax", "non-saturating"):
    s = mg.tensor(np.array([-6.0]), requires_grad=True)
    game_losses.LOSSES[name].generator(s).backward()
    slopes[name] = s.grad.numpy()[0]
    print(f"{name:15} slope at s = -6: {slopes[name]:.4f}")
gan_ring.two_losses()

# %% [markdown]
# The ratio is (1 - D) / D = e^-s, which grows without bound as D becomes more confident.
#
# **Exercise 09.3.** `generator_gradients`: both, for a batch.

# %%
check("09.3")

# %% [markdown]
# ## Mode collapse, frame by frame
#
# The theorem needs a D that is the best one for *every* q. In the first game D came near to that: its rate was 25 times
# the generator's. Now take the other extreme, a D that stands still, and ask for the best G. Its loss is a mean over z,
# and each z is judged by itself:
#
# $$ \min_G\ \mathbb{E}_z\big[\ell(s(G(z)))\big] = \min_x\, \ell(s(x)) . $$
#
# So the best G sends **every** z to the one point that D believes most. Nothing in this loss asks for variety. It is
# D's next step that objects. It sees all fakes in one place and rejects that place.
#
# Let us play it so: in each turn D takes 20 steps while G stands still, then G takes 60 while D stands still, and G's
# rate is twice that of D.
#
# **Predict before you run.** In the second half of this game, how many of the eight clusters do the fakes reach on
# average? (a) six or more, (b) more than three and fewer than six, (c) three or fewer.

# %%
predict("09.b", ...)

# %%
collapsed = gan_ring.play(gan_ring.new_game(), turns=24, steps=(20, 60), rates=(5e-3, 1e-2))
gan_ring.show(collapsed)
animate(gan_ring.frame(collapsed), len(collapsed.stills), seconds=0.5)
print("the cluster with at least half of the fakes, turn by turn where there is one:", collapsed.visited())

# %% [markdown]
# Most fakes are good: they lie at a cluster. But they crowd at one or two clusters, and the other six or seven are
# missing. This is **mode collapse**. The crowd does not stay: D learns to reject the place where it is, some other
# cluster then looks better, and in the next turn the crowd moves there. How bad the collapse is depends on the seed:
# with seeds 1 and 2 the fakes reached 5.2 and 3.4 clusters on average, against about 8 in the first game.
#
# **Exercise 09.4.** `count_modes`, the number above the pictures.

# %%
check("09.4")

# %% [markdown]
# ## A remedy: packs
#
# Let D judge m examples at once ("packing"). Real examples in a pack differ from each other. A pack of fakes that are
# all alike is found out, even if each of them looks real. Here is the same game with packs of four.

# %%
packed = gan_ring.play(gan_ring.new_game(pack=4), turns=24, steps=(20, 60), rates=(5e-3, 1e-2))
gan_ring.show(packed)
gan_ring.table({"one by one": collapsed, "packs of 4": packed})

# %% [markdown]
# With packs more clusters are reached, though seldom all eight at the same time. One game proves little, however. With
# seeds 1 and 2 packs reached 4.7 and 3.8 clusters, where single examples reached 5.2 and 3.4: no clear difference. Packs
# help most where the collapse is worst, because a pack of fakes that are all alike is the easiest to find out. And they
# make D stronger, which the exercise puts into numbers.
#
# **Exercise 09.5 (derivation).** `packed_best_loss`: what is the loss of the best D that judges packs of m?

# %%
check("09.5")

# %% [markdown]
# ## The losses do not tell
#
# Here is D's loss in the three games, step by step. The dashed line at 2 log 2 = 1.386 is the loss of a coin: of a D
# that says 1/2 to everything, and of the best D when q = p.

# %%
games = {"first game": balanced, "one by one": collapsed, "packs of 4": packed}
gan_ring.compare_losses(games)
gan_ring.table(games)

# %% [markdown]
# - In the first game D stays a little better than a coin, and its loss stays below 2 log 2: a part of the fakes lies
#   between the clusters, and D recognises those.
# - In the collapse D is often *worse than a coin*. At the beginning of its turn all fakes are where it believed most, so
#   its loss jumps above 2 log 2. Twenty steps later it has found them out, and its loss is far below. The average of
#   these swings looks like that of a D that wins.
# - With packs the loss swings in the same way, and its mean is lower still. Yet this game reaches more clusters.
#
# So the order of the losses is not the order of the games. The loss says how D stands against this G at this moment, and
# the swings say that the players chase each other. Neither says how many clusters are missing. And a loss of exactly
# 2 log 2 would not say it either: it is the balance, but also the loss of a D that has not learnt anything.
#
# ## What shows it
#
# Look at the samples, and measure them. For points you can count clusters. For images there is no list of clusters;
# there the first thing to look at is how different the fakes of a batch are from each other (their *spread*: their
# variance, divided by that of the data). It is near 0 for a heap, but may be near 1 for fakes that reach every other
# cluster. Can you do better?
#
# **Exercise 09.6 (open task).** `coverage`: estimate which share of the clusters the fakes reach, when nobody tells
# you where the clusters are.

# %%
check("09.6")

# %% [markdown]
# ## A misconception, put to the test
#
# *"D's loss is low: the training is a success."* For a classifier that would be so. Play the first game of this lesson
# once more, with the minimax loss for G and all else as it was. D's loss comes out lower this time.
#
# **Predict before you run.** A fake is good if it lies within 3 sigma of a cluster. Does the game with the lower D loss
# have (a) more good fakes than the first game, (b) fewer, (c) equally many, within a tenth?

# %%
predict("09.c", ...)

# %%
minimax = gan_ring.play(gan_ring.new_game(loss="minimax"), turns=400)
gan_ring.slow_players({"non-saturating": balanced, "minimax": minimax})
gan_ring.table({"non-saturating": balanced, "minimax": minimax})

# %% [markdown]
# D's loss is low *because* the fakes are easily told apart from the data. And the worse they are, the less the minimax
# loss tells G: its gradient is smaller, as the slopes -D and -(1 - D) foretold. (It is far from 0 all the same. The
# slope with respect to s is small, but s changes fast from place to place where D is sure.) A loss of D that falls to 0
# is a warning; at q = p it would be 2 log 2.
#
# ## Something to play with
#
# Change who is faster: `rates=(5e-3, 2e-3)`, `steps=(1, 5)`, other seeds, `pack=2`. When does the generator begin to
# lose clusters?
#
# ## Five quick questions
#
# Answer with a letter for each, as in `quiz("09", "a b c a b")`.

# %%
quiz("09")

# %% [markdown]
# ## Where to go next
#
# - [Goodfellow et al. 2014, *Generative adversarial nets*](https://arxiv.org/abs/1406.2661), section 3 (the two losses)
#   and 4.1 (the best D, and q = p).
# - [Goodfellow 2016, *NIPS 2016 tutorial: Generative adversarial networks*](https://arxiv.org/abs/1701.00160), section
#   5.1: why the game need not converge.
# - [Arjovsky & Bottou 2017, *Towards principled methods for training generative adversarial
#   networks*](https://arxiv.org/abs/1701.04862), section 2: the flat part of the curve, and what -log D does there.
# - [Metz, Poole, Pfau & Sohl-Dickstein 2017, *Unrolled generative adversarial
#   networks*](https://arxiv.org/abs/1611.02163), section 3.1: collapse on the same ring. In the library:
#   `minigen/models/gans/unrolled.py`, and `python -m minigen train unrolled-gan --data ring`.
# - [Lin, Khetan, Fanti & Oh 2018, *PacGAN: The power of two samples in generative adversarial
#   networks*](https://arxiv.org/abs/1712.04086), section 4.1: how many clusters are found with packs.
# - Lesson 10 plays the game with images; lesson 11 replaces the JSD by a distance that is not flat.
