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
# **Time:** 35 minutes to read, about an hour with the four exercises. **You need** lesson 1, and logits from lesson
# 3.
#
# First the picture: nine moments of a game. The data, eight narrow Gaussians on a circle, are grey. Red is what the
# generator makes of noise. The blue shade is what the discriminator takes for real. Nobody told the generator about
# the ring.
#
# ![Nine moments of a GAN on a ring of eight Gaussians](opening.png)

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigen as mg
from minigen import optim
from minigen.data import load
from minigen.lessons import check, show_source
from minigen.metrics import modes_found
from minigen.models import GAN
from minigen.models.gans import losses as game_losses
from minigen.models.gans.gan import GANTrainer
from minigen.models.gans.networks import dense_discriminator
from minigen.models.networks import dense_decoder
from minigen.train import steps

ring = load("ring")
plane = np.stack(np.meshgrid(np.linspace(-1.8, 1.8, 40), np.linspace(-1.8, 1.8, 40)), axis=-1).astype(np.float32)


def look(gan):
    """Samples, and how far the discriminator believes in each point of the plane."""
    with mg.no_grad():
        points = np.tile(plane.reshape(-1, 2), gan.pack)  # a pack of one point, repeated
        belief = mg.sigmoid(gan.discriminator(mg.tensor(points))).numpy().reshape(40, 40)
        return gan.sample(500, mg.Generator(9)).numpy(), belief


def play(schedule, n=1000, speed=1.0, beta1=0.5, frames=9, seed=0, **choices):
    """One game on the ring: what there was to see at `frames` moments, and four metrics of each step."""
    rng = mg.Generator(seed)
    pack = choices.get("pack", 1)
    players = dense_decoder(2, (2,), [128, 128], rng), dense_discriminator((2,), [128, 128], rng, pack=pack)
    gan = GAN(*players, latent_dim=2, **choices)
    trainer = GANTrainer(gan, schedule, speed, betas=(beta1, 0.999))
    batches = (ring.x[rng.host.integers(len(ring.x), size=128)] for _ in range(n))
    stills, log = [(0, *look(gan))], []
    for step, metrics in steps(trainer, batches, rng, n):
        log.append([metrics[name].item() for name in ("d_loss", "g_loss", "g_gradient", "spread")])
        if step % (n // (frames - 1)) == 0:
            stills.append((step, *look(gan)))
    return stills, np.array(log).T


def show(stills):
    """The moments in a row, with how many of the eight clusters have a sample within 3 sigma."""
    figure, axes = plt.subplots(1, len(stills), figsize=(12, 1.7), layout="constrained")
    for axis, (step, samples, belief) in zip(axes, stills, strict=True):
        axis.imshow(belief, extent=(-1.8, 1.8, -1.8, 1.8), origin="lower", cmap="Blues", vmin=0, vmax=1.5)
        axis.scatter(*ring.centres.T, s=25, color="0.6")
        axis.scatter(*samples.T, s=1, color="C3")
        axis.set(xlim=(-1.8, 1.8), ylim=(-1.8, 1.8))
        axis.set_title(f"step {step}\n{modes_found(samples, ring.centres, ring.sigma).found} of 8", fontsize=8)
        axis.set_axis_off()
    plt.show()


balanced, balanced_log = play(optim.cosine(5e-3, 1000))
show(balanced)

# %% [markdown]
# ## The game
#
# A VAE maximises a bound on the likelihood of the data. A GAN has no likelihood at all. It learns from a contest. The
# *generator* G turns noise z into an example. The *discriminator* D is an ordinary classifier: it sees examples, real
# ones and fakes, and says with which probability each is real. If it can tell them apart, what it has noticed is what
# is still wrong with the fakes; and as it is differentiable, it says in which direction a fake should move.
#
# D is fitted as every classifier, by the log-likelihood of the labels "real" and "fake":
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
# Note what is *not* touched. In D's step the fakes are made without a graph (`still`): nothing leads to the
# generator. In G's step D is frozen: the gradient passes through it, to the fake and on to G's weights, but D's
# weights get none.
#
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


def normal_density(x, mean, sigma):
    return np.exp(-0.5 * ((x - mean) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))


x = np.linspace(-4, 4, 801)
p = 0.5 * normal_density(x, -1.5, 0.5) + 0.5 * normal_density(x, 1.5, 0.5)  # the data
q = normal_density(x, 0, 1)  # the fakes
judge = dense_discriminator((1,), [64, 64], rng)
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
best = p / (p + q)
dx = x[1] - x[0]
best_loss = -((p * np.log(best) + q * np.log(1 - best)).sum() * dx)
figure, axes = plt.subplots(1, 3, figsize=(11, 2.6), layout="constrained")
axes[0].plot(x, p, color="0.5", label="p, the data")
axes[0].plot(x, q, color="C3", label="q, the fakes")
axes[1].plot(x, best, color="0.5", linewidth=4, label="p / (p + q)")
axes[1].plot(x, learnt, color="C0", label="D, learnt from samples")
axes[2].plot(losses, color="C0", linewidth=0.7, label="D's loss")
axes[2].axhline(best_loss, color="0.3", linestyle="--", label="that of the best D")
for axis, title, top in zip(axes, ("densities over x", "D(x)", "loss, by step"), (0.6, 1.5, 2.1), strict=True):
    axis.set_title(title, fontsize=10)
    axis.set_ylim(top=top)
    axis.legend(fontsize=8, loc="upper center")
plt.show()
print(f"loss of the best D {best_loss:.4f}, of the learnt one {np.mean(losses[-100:]):.4f}")
print(f"|D - D*|, averaged over where examples are: {((p + q) / 2 * abs(learnt - best)).sum() * dx:.3f}")

# %% [markdown]
# At the borders, where there were hardly any examples, D is a guess: nothing has tested it there.
#
# **Exercise 09.2.** `best_discriminator`, for distributions over K places. Some places only one of the two visits.

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
# Here is D's best loss, 2 log 2 - 2 JSD, when the fakes are N(t, 1) and the data N(0, 1):

# %%
wide = np.linspace(-12, 24, 4000)
shifts = np.linspace(0, 12, 61)
data = normal_density(wide, 0, 1)
divergences = []
for t in shifts:
    mixture = 0.5 * (data + normal_density(wide, t, 1))
    terms = [0.5 * (r * np.log(r / mixture)).sum() for r in (data, normal_density(wide, t, 1) + 1e-300)]
    divergences.append(sum(terms) * (wide[1] - wide[0]))
figure, axis = plt.subplots(figsize=(6, 2.6), layout="constrained")
axis.plot(shifts, divergences, label="JSD: what G lowers, if D is the best")
axis.plot(shifts, 2 * np.log(2) - 2 * np.array(divergences), label="D's loss")
axis.axhline(2 * np.log(2), color="0.5", linestyle=":", linewidth=1)
axis.text(12, 2 * np.log(2) - 0.02, "2 log 2", ha="right", va="top", fontsize=8)
axis.set(xlabel="t, how far the fakes are off", ylabel="nats", ylim=(-0.1, 1.5))
axis.legend(fontsize=8, loc=(0.5, 0.2))
plt.show()

# %% [markdown]
# Look to the right of t = 6. D's loss is 0, and the JSD is *flat*: better or worse fakes make no difference that
# could be seen, so no gradient says which way to go. At the beginning of training that is where everyone is.
#
# ## Two losses for the generator
#
# The same seen from one fake, with logit s. G's minimax loss is log(1 - D) = -softplus(s). As
# $\operatorname{softplus}'(s) = e^s / (1 + e^s) = D$, its slope is **-D**. When D rejects the fake with confidence,
# s << 0, that is nearly nothing: the worst fakes learn least. Goodfellow and his co-authors proposed, in the same
# paper, to let G minimise **-log D** instead, softplus(-s), whose slope is **-(1 - D)** by the chain rule: nearly -1
# just there. Both losses fall as s rises, so G wants the same; only the strength of the signal differs. (It is no longer
# the same V: the game is not zero-sum. That is the *non-saturating* loss, and the library's default.)
#
# **Predict before you run:** D is sure at s = -6. How do the two slopes compare?

# %%
for name in ("minimax", "non-saturating"):
    s = mg.tensor(np.array([-6.0]), requires_grad=True)
    game_losses.LOSSES[name].generator(s).backward()
    print(f"{name:15} slope at s = -6: {s.grad.numpy()[0]:.4f}")
s = np.linspace(-8, 8, 200)
d = 1 / (1 + np.exp(-s))
figure, axes = plt.subplots(1, 2, figsize=(8, 2.6), layout="constrained")
axes[0].plot(s, np.log(1 - d), label="log(1 - D), minimax")
axes[0].plot(s, -np.log(d), label="-log D, non-saturating")
axes[1].plot(s, -d, label="-D")
axes[1].plot(s, -(1 - d), label="-(1 - D)")
for axis, title in zip(axes, ("G's loss for one fake", "its slope"), strict=True):
    axis.set(title=title, xlabel="s: from 'surely fake' to 'surely real'")
    axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# **Exercise 09.3.** `generator_gradients`: both, for a batch.

# %%
check("09.3")

# %% [markdown]
# ## Mode collapse, frame by frame
#
# The theorem speaks of a D that is the best one for *every* q. In practice D is a few steps behind. Take the other
# extreme, a D that stands still, and ask for the best G. Its loss is a mean over z, and each z is judged alone:
#
# $$ \min_G\ \mathbb{E}_z\big[\ell(s(G(z)))\big] = \min_x\, \ell(s(x)) . $$
#
# The best G sends **every** z to the one point that D believes most. Nothing in this loss asks for variety. It is D's
# next step that objects: it sees all fakes in one place, and rejects it. Then the best place is another one, and the
# whole heap moves on. Which of the two happens, q = p or the chase, depends on who is faster. Now the generator is to
# be ten times as fast as D, and its Adam has more momentum (beta1 = 0.9):

# %%
chase, chase_log = play(optim.constant(5e-4), n=1200, speed=10.0, beta1=0.9, frames=13)
show(chase)

# %%
figure, axes = plt.subplots(1, 3, figsize=(11, 2.6), layout="constrained")
for axis, row, title in zip(
    axes, (0, 1, 3), ("D's loss", "G's loss", "spread of the fakes / of the data"), strict=True
):
    for log, label in ((balanced_log, "the first game"), (chase_log, "the chase")):
        axis.plot(np.convolve(log[row], np.ones(20) / 20, "valid"), label=label, linewidth=1)
    axis.set(title=title, xlabel="step")
    axis.legend(fontsize=8)
axes[0].axhline(2 * np.log(2), color="0.5", linestyle=":")
axes[2].set_yscale("log")
plt.show()
narrowest = int(np.convolve(chase_log[3], np.ones(50) / 50, "valid").argmin())
print("means of 50 steps           D's loss   G's loss   spread")
for name, log, start in (
    ("first game, the last", balanced_log, -50),
    ("chase, the narrowest heap", chase_log, narrowest),
):
    d_loss, g_loss, _, spread = log[:, start:][:, :50].mean(axis=1)
    print(f"{name:26}{d_loss:10.2f}{g_loss:11.2f}{spread:9.0e}")

# %% [markdown]
# When the heap moves on, both losses swing wildly. But when it is narrowest, all fakes nearly one point, they are as
# calm as in the first game and not far from its values. The losses do not show it. To see it, look at the samples,
# and count: here how many clusters are reached; for images, how different the fakes of a batch are from each other
# (the *spread*: their variance over that of the data).
#
# **Exercise 09.4.** `count_modes`, the measure below the pictures.

# %%
check("09.4")

# %% [markdown]
# ## A misconception, put to the test
#
# *"D's loss has gone to 0: the training was a success."* For a classifier that would be so. Predict: of three games,
# one as above and two in which the generator is slow (a tenth of D's rate), which has the lowest D loss, and which
# the most clusters?

# %%
games = {"balanced": (balanced, balanced_log)}
for loss in ("non-saturating", "minimax"):
    games[f"slow G, {loss}"] = play(optim.constant(5e-3), n=600, speed=0.1, frames=2, loss=loss)
figure, axes = plt.subplots(1, 2, figsize=(9, 2.6), layout="constrained")
print("game                    D's loss   |gradient| of G   clusters   good samples")
for name, (stills, log) in games.items():
    modes = modes_found(stills[-1][1], ring.centres, ring.sigma)
    d_loss, _, gradient, _ = log[:, -100:].mean(axis=1)
    print(f"{name:22}{d_loss:10.3f}{gradient:18.4f}{modes.found:11}{modes.high_quality:15.0%}")
    for axis, row in zip(axes, (0, 2), strict=True):
        axis.plot(np.convolve(log[row], np.ones(20) / 20, "valid"), label=name, linewidth=1)
axes[0].axhline(2 * np.log(2), color="0.5", linestyle=":")
axes[0].set(title="D's loss", xlabel="step")
axes[1].set(title="the norm of G's gradient", xlabel="step", yscale="log")
axes[1].legend(fontsize=8)
plt.show()

# %% [markdown]
# The game that is won by D is lost by both: D's loss is low *because* the fakes are easily told. And the worse they
# are, the less the minimax loss says: its gradient is a small part of the other one, as the slopes -D and -(1 - D)
# foretold. (It is not 0, because a D that is so sure is also steep.) The balance is at 2 log 2; the first game ends a
# little below it, as some of its fakes lie between the clusters. But as the chase has shown, not everything near 2
# log 2 is balanced.
#
# ## Something to play with
#
# One remedy is to let D judge several examples at once ("packing"): a heap is then found out, because real examples
# do not come in packs that are all alike. Try `pack=1`, 2 and 4 with the settings of the chase, other speeds, other
# seeds. From which speed on does the chase begin?

# %%
packed, packed_log = play(optim.constant(5e-4), n=800, speed=10.0, beta1=0.9, pack=4, seed=0)
show(packed)
print(
    f"median spread: {np.median(packed_log[3]):.3f}; in the chase, to the same step: {np.median(chase_log[3, :800]):.3f}"
)

# %% [markdown]
# ## Where to go next
#
# - Goodfellow et al. 2014, *Generative adversarial nets*, section 3 (the two losses) and 4.1 (the best D, and q = p).
# - Goodfellow 2016, *NIPS 2016 tutorial: Generative adversarial networks*, section 5.1: why the game need not converge.
# - Arjovsky & Bottou 2017, *Towards principled methods for training GANs*, section 2: the flat part of the curve, and
#   what -log D does in its place.
# - Metz, Poole, Pfau & Sohl-Dickstein 2017, *Unrolled GANs*, section 3.1: the same ring, the same chase. In the
#   library `minigen/models/gans/unrolled.py`, and `python -m minigen train unrolled-gan --data ring`.
# - Lin, Khetan, Fanti & Oh 2018, *PacGAN*, section 4.1: how many clusters are found with packs.
# - Lesson 10 plays the game with images; lesson 11 replaces the JSD by a distance that is not flat.
