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
# # Lesson 11: Taming GANs
#
# **Afterwards you can** say why a GAN runs in circles and prove that R1 makes it settle, compute a Wasserstein distance
# and see it in a critic, write the gradient of a gradient, and bound the steepness of a network by power iteration.
#
# **Time:** 45 minutes to read, about two and a half hours with the six exercises. **You need** lessons 1 and 9.
#
# The picture shows the smallest GAN there is. It has two numbers, and each learns from the other. They start at the
# dot, and the solution is the cross in the middle.
#
# ![Paths of the two players of the Dirac-GAN: they circle the solution, or reach it with R1](opening.png)

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigen as mg
from minigen.lessons import Choice, Slider, check, handwritten, move, predict, quiz, show_source
from minigen.lessons.pictures import taming_gans as pictures
from minigen.lessons.pictures.taming_gans import no_penalty, sigma, walk, wgan_gp, with_r1
from minigen.models import GAN
from minigen.models.gans import penalties

pictures.opening()

# %% [markdown]
# The code that draws is in `pictures`, and `show_source(pictures.opening)` prints it, like any other function of this
# lesson.
#
# ## The smallest GAN
#
# In the Dirac-GAN (Mescheder, Geiger & Nowozin 2018) every real example is the number 0, every fake is the number θ,
# and the discriminator is the line s(x) = ψ x. With the logistic losses of lesson 9,
#
# $$ L_D = \log(1 + e^{-s(0)}) + \log(1 + e^{s(\theta)}) = \log 2 + \log(1 + e^{\psi\theta}), \qquad L_G = -\log(1 + e^{\psi\theta}). $$
#
# The derivative of $\log(1+e^t)$ is σ(t). Let both players go down their gradients in very small steps, so that time
# is continuous:
#
# $$ \dot\theta = -\frac{\partial L_G}{\partial\theta} = \psi\,\sigma(\psi\theta), \qquad \dot\psi = -\frac{\partial L_D}{\partial\psi} = -\theta\,\sigma(\psi\theta). $$
#
# How far are they from the solution (0, 0)? Let $V = \tfrac12(\theta^2 + \psi^2)$. Then
#
# $$ \dot V = \theta\dot\theta + \psi\dot\psi = \theta\psi\,\sigma - \psi\theta\,\sigma = 0 . $$
#
# The distance never changes, so **the game runs in circles**. When the fakes are to the right of 0, the discriminator
# learns to fall towards the right. That pushes the fakes to the left. They pass 0 at full speed, and then the same
# happens from the other side.
#
# (The non-saturating generator has $\dot\theta = \psi\,\sigma(-\psi\theta)$, and so $\dot V =
# -\psi\theta\tanh(\psi\theta/2) \le 0$. It does come nearer, but near the solution $\dot V$ is of the order of $V^2$,
# so it gets slower and slower.)
#
# **Predict before you run.** Real steps have a length h. Both players start at (1, 1), at distance 1.41, and take 500
# steps at the same time with h = 0.1. At what distance do they end? (a) below 1.3; (b) between 1.3 and 1.5; (c) above
# 1.5.

# %%
predict("11.a", ...)


# %%
def play(h, gamma=0.0, in_turn=False, n=500):
    """n steps of the Dirac-GAN from (1, 1), fewer if it runs away: the path (steps + 1, 2)."""
    theta, psi, path = 1.0, 1.0, [(1.0, 1.0)]
    while len(path) <= n and abs(theta) + abs(psi) < 20:
        new_psi = psi - h * (theta * sigma(psi * theta) + gamma * psi)
        seen = new_psi if in_turn else psi
        theta, psi = theta + h * seen * sigma(seen * theta), new_psi
        path.append((theta, psi))
    return np.array(path)


ends = {h: np.hypot(*play(h)[-1]) for h in (0.01, 0.03, 0.1)}
for h, distance in ends.items():
    print(f"h = {h:.2f}: distance {np.sqrt(2):.3f} at the start, {distance:.3f} after 500 steps")

# %% [markdown]
# With $\theta^+ = \theta + h\psi\sigma$ and $\psi^+ = \psi - h\theta\sigma$ the mixed terms cancel:
#
# $$ (\theta^+)^2 + (\psi^+)^2 = (\theta^2 + \psi^2)\,(1 + h^2\sigma^2). $$
#
# Every step leads *outwards*, however small h is.
#
# ## R1: a price on steepness
#
# At the solution the discriminator should be flat, because there is nothing left to tell apart. So let it pay for its
# slope at the real examples:
#
# $$ R_1 = \frac{\gamma}{2}\,E_{\text{real}}\big[\,|\nabla_x s(x)|^2\,\big], \qquad\text{here}\quad \frac{\gamma}{2}\,\psi^2, \qquad \dot\psi = -\theta\,\sigma(\psi\theta) - \gamma\psi . $$
#
# Now $\dot V = -\gamma\psi^2 \le 0$, and the distance shrinks whenever ψ ≠ 0. Can the players stop anywhere else? To
# stay at ψ = 0 they need $\dot\psi = -\theta/2 = 0$, so θ = 0 as well. (This is LaSalle's invariance principle: where V
# never grows, paths end up in a set where they can stay with $\dot V = 0$. Here that set is the solution alone.) R1
# acts like friction on a pendulum.
#
# The third game of the opening picture has Wasserstein losses and the penalty $\lambda(|\psi| - 1)^2$. It does not act
# like friction: it asks for a slope of 1, and pushes ψ *away* from 0. So the fakes pass the solution again and again.
# (Without a penalty, steps of 0.01 lead outwards too, only slowly.)

# %%
for game in (no_penalty, with_r1, wgan_gp):
    show_source(game)
    print(f"distance after 30,000 steps of 0.01: {np.hypot(*walk(game, n=30_000)[-1]):.4f}\n")

# %% [markdown]
# The library's GAN plays the same game. A dense layer whose weight is 0 makes the same fake from all noise, and a dense
# layer without a bias is the line. The gradients are those of the formulas:

# %%
fakes, line = mg.nn.Dense(1, 1), mg.nn.Dense(1, 1, bias=False)
fakes.w.data[...], fakes.b.data[...], line.w.data[...] = 0.0, 1.5, -0.4
dirac = GAN(fakes, line, latent_dim=1, loss="minimax", penalty="r1")
dirac.discriminator_loss(np.zeros((8, 1), np.float32)).total.backward()
dirac.generator_loss(8).backward()
s = sigma(-0.4 * 1.5)
print(f"dL_D/dpsi:   library {line.w.grad.item():.5f}   formula {1.5 * s + penalties.GAMMA * -0.4:.5f}")
print(f"dL_G/dtheta: library {fakes.b.grad.item():.5f}    formula {0.4 * s:.5f}")

# %% [markdown]
# **Exercise 11.1.** `dirac_step`: both players move once, with R1.

# %%
check("11.1")

# %% [markdown]
# ## The Wasserstein distance
#
# GANs have a second problem. Where real and fake examples do not overlap, a good discriminator tells them apart with
# certainty, *wherever* the fakes are. The Jensen-Shannon divergence of lesson 9 is then log 2 = 0.69, and its gradient
# is zero. We want a distance that says *how far* the fakes still have to go.
#
# Think of each distribution as a heap of earth. To turn heap p into heap q, each grain is carried somewhere, and the
# cost is the distance that it is carried:
#
# $$ W(p, q) = \min_{\text{pairings of } X\sim p,\ Y\sim q} E\,|X - Y| . $$
#
# Move the fakes and watch both distances. W is computed as the area between the two distribution functions, which we
# prove below.

# %%
t = np.linspace(-8, 8, 1601)


def densities(shift, width=0.4):
    """Of the real examples and of the fakes, on the grid t."""
    return tuple(np.exp(-0.5 * ((t - m) / width) ** 2) / (width * np.sqrt(2 * np.pi)) + 1e-300 for m in (0.0, shift))


def distances(shift):
    """The Jensen-Shannon divergence and W."""
    p, q = densities(shift)
    middle, dt = (p + q) / 2, t[1] - t[0]
    jsd = (p * np.log(p / middle) + q * np.log(q / middle)).sum() * dt / 2
    return jsd, np.abs(np.cumsum(p - q) * dt).sum() * dt


move(pictures.shifted(densities, t, distances), shift=Slider(-4.0, 4.0, 0.25, start=3.0, label="shift of the fakes"))

# %% [markdown]
# At a shift of 3 the divergence is flat, and a generator that follows its slope stays where it is. The slope of W is 1,
# and says in which direction to go.
#
# On a line we can find W. Let F and G be the distribution functions, $F(t) = P(X \le t)$ and $G(t) = P(Y \le t)$. A
# grain on its way from X to Y passes every t between them, so $|X - Y| = \int \big|[X \le t] - [Y \le t]\big|\,dt$,
# where a bracket is 1 if its statement is true and 0 if it is not. As $E|A| \ge |E A|$, for *every* pairing
#
# $$ E|X-Y| = \int E\,\big|[X \le t] - [Y \le t]\big|\,dt \;\ge\; \int |F(t) - G(t)|\,dt . $$
#
# Now **sort** both samples and pair the k-th smallest x with the k-th smallest y. Say a of the x and b of the y are at
# most t. Then the pairs with numbers min(a, b) + 1 to max(a, b) pass t, all in the same direction. So nothing cancels
# in the mean, and ≥ becomes =. No pairing is cheaper. Sorting gives W, and W is the area between F and G.

# %%
rng = np.random.default_rng(0)
n = 256
x = np.sort(np.where(rng.random(n) < 0.5, -1.0, 2.0) + 0.3 * rng.standard_normal(n))  # real: two heaps
y = np.sort(0.3 + 0.5 * rng.standard_normal(n))  # fake: one heap
distance = np.abs(x - y).mean()

t = np.linspace(-2.5, 3.5, 1201)
F, G = (np.searchsorted(sample, t, side="right") / n for sample in (x, y))
best = np.cumsum(np.sign(G - F)) * (t[1] - t[0])  # the critic of the next section
pictures.transport(x, y, t, F, G, best)
print(f"by sorting {distance:.4f}   by area {np.abs(F - G).sum() * (t[1] - t[0]):.4f}")
print(f"by the best critic {np.interp(x, t, best).mean() - np.interp(y, t, best).mean():.4f}")
print(f"distance of the means, for comparison {abs(x.mean() - y.mean()):.4f}")

# %% [markdown]
# **Exercise 11.2.** `wasserstein_1d`: the distance between two samples of one size.

# %%
check("11.2")

# %% [markdown]
# ## Duality: from carriers to a critic
#
# Images cannot be sorted. But W can be written in a second way. Let f be a function that is nowhere steeper than 1,
# that is |f(x) - f(y)| ≤ |x - y| (it is called *1-Lipschitz*). For every pairing $E f(X) - E f(Y) = E[f(X) - f(Y)] \le
# E|X - Y|$, hence
#
# $$ \max_{f\ \text{1-Lipschitz}} \big( E f(X) - E f(Y) \big) \;\le\; W . $$
#
# On the line the two sides are equal. Write $f(x) = f(t_0) + \int_{t_0} f'(t)\,[x > t]\,dt$, with $t_0$ left of
# everything, and average: $E f(X) - E f(Y) = \int f'(t)\,\big(G(t) - F(t)\big)\,dt$. Choose $f' = \mathrm{sign}(G -
# F)$. This slope is allowed, and the integral is $\int|F - G| = W$. The third picture above shows this f, and its
# number equals W. (In any dimension the equality is a theorem of Kantorovich and Rubinstein.)
#
# So a *critic* f, trained to make $E f(\text{real}) - E f(\text{fake})$ large, measures W, **provided that it is no
# steeper than 1**. The best critic has slope exactly 1 wherever something has to be carried. There are two ways to hold
# a network to that:
#
# - **Clipping** (WGAN): all weights stay in [-0.01, 0.01]. This bounds the slope, but at a value that nobody chose.
# - **Gradient penalty** (WGAN-GP): $\lambda\,E\big[(|\nabla f(\tilde x)| - 1)^2\big]$ at random places $\tilde x$
#   between real and fake examples. It asks for the slope that the best critic has.

# %%
show_source(penalties.input_gradient)
show_source(penalties.gradient_penalty)
show_source(penalties.clip)

# %% [markdown]
# We test both where we know W: with the same two samples, put in the plane. Each real example has the same second
# coordinate as the fake that it is paired with, so the cheapest way is still to carry along the first axis, and W is
# the number from above.
#
# **Predict before you run.** The critic has two hidden layers of 64 units, and W is about 1.1. What does the *clipped*
# critic find? (a) 0.5 to 2; (b) 0.02 to 0.5; (c) less than 0.02.

# %%
predict("11.b", ...)

# %%
from minigen.models.gans.losses import LOSSES
from minigen.models.gans.networks import dense_discriminator

up = rng.standard_normal(n)
real, fake = (np.stack([heap, up], axis=1).astype(np.float32) for heap in (x, y))


def train_critic(penalty, norm="none", n=600):
    """A critic of real and fake, held by a penalty or a norm."""
    rng = mg.Generator(1)
    critic = dense_discriminator((2,), [64, 64], rng, norm=norm)
    optimizer = mg.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.0, 0.9))
    penalty = penalties.PENALTIES[penalty]
    for _ in range(n):
        loss = LOSSES["wasserstein"].discriminator(critic(real), critic(fake))
        if penalty.term:
            loss = loss + penalty.term(critic, real, fake, rng)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if penalty.limit:
            penalty.limit(critic)
    for _ in range(30):
        critic(real)  # for spectral normalisation, see below: power iteration goes on
    return critic.eval()


# %%
def examine(axis, title, critic):
    """Draw a critic; print and return what it finds."""
    value = (critic(real).mean() - critic(fake).mean()).item()
    slopes = np.linalg.norm(penalties.input_gradient(critic, np.concatenate([real, fake])).numpy(), axis=1)
    print(f"{title:<17} finds {value:.4f} = {value / distance:.3f} W   median slope {np.median(slopes):.4f}, ", end="")
    print(f"largest {slopes.max():.4f}")
    pictures.critic_map(axis, critic, real, fake, title)
    return value


figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.2), layout="constrained")
found = {
    kind: examine(axis, kind, train_critic(kind))
    for axis, kind in zip(axes, ("clipping", "gradient-penalty"), strict=True)
}
axes[0].legend(fontsize=10)
plt.show()

# %% [markdown]
# Light means a high value. The clipped critic has the right shape, but it is hundreds of times too flat, so its number
# says nothing about W. (With three layers of weights below 0.01 it can't be otherwise.) With the penalty there is a
# valley where the fakes are, and its walls have a slope of about 1. What it finds is 3 % *above* W (3 and 4 % with two
# other seeds), because slopes of a little more than 1 cost little.
#
# **Exercise 11.6 (open task).** `best_critic`: find a critic of two small samples in the plane, by any method you like.
# It is measured by how much of W it finds, after its values have been divided by its steepest slope.

# %%
check("11.6")

# %% [markdown]
# ## A gradient of a gradient
#
# The penalty contains a slope, $g = \nabla_x s$. To train, we need the penalty's derivative with respect to the
# *weights*: $\partial/\partial w$ of a function of $\partial s/\partial x$. With `create_graph=True` the backward pass
# leaves a graph of its own, and a second backward pass can go through it. What happens there? Take one hidden layer,
# $s(x) = v\cdot\tanh(a)$ with $a = x\,w$, and write d for $1 - \tanh^2(a)$. The first backward pass computes
#
# $$ g = (d \odot v)\, w^\top, \qquad P = \frac1N \sum_n (|g_n| - 1)^2 . $$
#
# Now go backwards through these two lines. $\partial|g|/\partial g = g/|g|$, so $\bar g_n = \partial P/\partial g_n =
# \tfrac2N (|g_n| - 1)\, g_n/|g_n|$. The matrix product of lesson 1 hands on $b = \bar g\, w$ to $d \odot v$, and $\bar
# g^\top (d \odot v)$ to w. But w is also inside d, through a: $\partial d/\partial a = -2\tanh(a)\,d$, so a gets $\bar
# a = b \odot v \odot (-2\tanh(a)\, d)$, and $a = x\,w$ hands it on to w. The two contributions to w add up:
#
# $$ \frac{\partial P}{\partial w} = \bar g^\top (d \odot v) + x^\top \bar a, \qquad \frac{\partial P}{\partial v_j} = \sum_n b_{nj}\, d_{nj} . $$
#
# The second term needs the *second* derivative of tanh. (With ReLU or LeakyReLU it is zero, except at the kink.) A
# linear critic is a check that needs no network: $s = w\cdot x$ has $P = (|w| - 1)^2$ and $\partial P/\partial w =
# 2(|w| - 1)\,w/|w|$, whatever x is.

# %%
w = mg.tensor(np.array([[3.0], [4.0]]), requires_grad=True)
here, there = np.random.default_rng(2).standard_normal((2, 5, 2))
penalty = penalties.gradient_penalty(lambda x: x @ w, here, there, mg.Generator(0))
penalty.backward()
print("P / lambda  =", penalty.item() / penalties.LAMBDA, "        (5 - 1)^2 = 16")
print("dP/dw / lambda =", w.grad.numpy().ravel() / penalties.LAMBDA, "  2 (5 - 1) w / 5 = [4.8 6.4]")

# %% [markdown]
# **Exercise 11.3.** `penalty_gradients`: both contributions to w, and v.

# %%
check("11.3")

# %% [markdown]
# ## Spectral normalisation
#
# The third way needs no penalty. A layer W can stretch a difference of inputs by at most
# $\sigma_1 = \max |W u|/|u|$, its largest singular value. Activations like LeakyReLU have slopes of at most 1, and
# |f(g(x)) - f(g(y))| ≤ Lip(f) |g(x) - g(y)|, so a network is no steeper than the *product* of its layers' $\sigma_1$.
# Divide each W by its own $\sigma_1$, and the network is 1-Lipschitz.
#
# How can $\sigma_1$ be found cheaply? Expand u in the orthonormal eigenvectors $e_i$ of $W^\top W$, whose eigenvalues
# are $\sigma_i^2$. One round, $v = Wu$ and $u \leftarrow W^\top v$, multiplies component i by $\sigma_i^2$. So after k
# rounds
#
# $$ u \;\propto\; c_1 e_1 + \sum_{i>1} c_i \Big(\frac{\sigma_i}{\sigma_1}\Big)^{2k} e_i . $$
#
# All components but the first die out, and $|Wu|/|u| \to \sigma_1$. (This needs $c_1 \neq 0$, which is certain enough
# for a random start.) Let $\epsilon = (\sigma_2/\sigma_1)^{2k}$. The direction of u is wrong by about ε, but σ only by
# about ε²: in $|Wu|^2/|u|^2 = \sum c_i^2\sigma_i^2 / \sum c_i^2$ the components are squared. In training one round a
# step is enough, because W changes little and u is kept.

# %%
show_source(mg.nn.SpectralNorm._iterate)
W = np.random.default_rng(3).standard_normal((30, 20)) * 0.85 ** np.arange(20)
singular = np.linalg.svd(W, compute_uv=False)
u, errors = np.ones(20), []
for _ in range(20):
    v = W @ u / np.linalg.norm(W @ u)
    u = v @ W / np.linalg.norm(v @ W)
    errors.append(1 - (v @ W @ u) / singular[0])
pictures.power_rounds(np.array(errors), singular[1] / singular[0])

# %% [markdown]
# **Exercise 11.4.** `power_iteration`.

# %%
check("11.4")

# %% [markdown]
# How much of W does a spectrally normalised critic find?

# %%
figure, axis = plt.subplots(figsize=(4, 3.2), layout="constrained")
found["spectral"] = examine(axis, "spectral", train_critic("none", norm="spectral"))
plt.show()

# %% [markdown]
# No slope is above 1, so by duality it cannot find more than W. It finds clearly less: here 0.53 of W, with two other
# seeds 0.55 and 0.61, and here it ignores the heap on the left. The product of the $\sigma_1$ is only an upper bound:
# one layer seldom stretches most in the direction that the layer before it stretched most. So this critic measures no
# distance, but it holds the slope down without any penalty.
#
# ## On digits
#
# We train four dense GANs with the same generator, number of steps and learning rate: without a penalty, with R1, with
# the hinge loss, and with the hinge loss and a spectrally normalised discriminator. The hinge loss alone is there to
# show which of the two does the work. We watch how steep the discriminator is at real digits.

# %%
digits = 2 * handwritten("train").x.astype(np.float32) - 1
kinds = {
    "no penalty": {},
    "R1": {"penalty": "r1"},
    "hinge": {"loss": "hinge"},
    "hinge, spectral": {"loss": "hinge", "norm": "spectral"},
}
samples, steepness = {}, {}
for title, settings in kinds.items():
    samples[title], steepness[title] = pictures.train_on_digits(digits, **settings)
pictures.tamed(samples, steepness)


def roughness(images):
    """How much neighbouring pixels differ, on average."""
    return np.abs(np.diff(images, axis=2)).mean()


for title, images in samples.items():
    rough = roughness(images) / roughness(digits[:256])
    print(f"{title:<16} steepness {steepness[title][-1]:.2f}   roughness {rough:.2f} (real digits: 1)")

# %% [markdown]
# Without a penalty the discriminator is the steeper by far, and the hinge loss alone does not change that. R1 and
# spectral normalisation make it at least twice as flat. That was so with each of three seeds, on 28x28 and on 8x8
# digits. On 28x28 digits the picture changes with it: a steep discriminator looks at single pixels, and its generator's
# images are speckled, while those of R1 are the smoothest. (8x8 digits leave no room for speckles, and all four numbers
# are near 1.) These are small networks after seconds of training, and none of the images is good. Only the difference
# counts.
#
# ## A misconception, put to the test
#
# *"The stronger the penalty, the sooner the game settles."* Near the solution σ = 1/2 and the Dirac-GAN with R1 is
# linear:
#
# $$ \frac{d}{dt}\begin{pmatrix}\theta\\\psi\end{pmatrix} = \begin{pmatrix}0 & \tfrac12\\ -\tfrac12 & -\gamma\end{pmatrix}\begin{pmatrix}\theta\\\psi\end{pmatrix}, \qquad \lambda^2 + \gamma\lambda + \tfrac14 = 0, \qquad \lambda = \frac{-\gamma \pm \sqrt{\gamma^2 - 1}}{2} . $$
#
# Solutions are sums of two terms $e^{\lambda t}$, and the one that decays more slowly decides.
#
# **Predict before you run.** We try 25 values of γ between 0.05 and 20. With which one does the game settle first?

# %%
predict("11.c", ...)

# %%
gammas = np.geomspace(0.05, 20, 25)
path = walk(lambda theta, psi: with_r1(theta, psi, gammas), np.full((2, 25), 0.1), h=0.02, n=25_000)
outside = np.hypot(path[:, 0], path[:, 1]) > 0.01 * np.hypot(0.1, 0.1)  # (steps + 1, 25)
times = np.array([0.02 * (column.nonzero()[0][-1] + 1) for column in outside.T])  # the last time that it is outside
slowest = (-gammas + np.sqrt((gammas**2 - 1).astype(complex))).real / 2
pictures.settling(gammas, times, slowest)
print(f"the fastest of these: gamma = {gammas[np.argmin(times)]:.2f}")

# %% [markdown]
# For γ < 1 the real part of λ is -γ/2, so a larger γ does help. (Near γ = 1 the two roots meet, and $t\,e^{\lambda t}$
# takes a little longer than the line says.) For γ > 1 both roots are real, and the slower rate is $(\gamma -
# \sqrt{\gamma^2 - 1})/2 \approx 1/(4\gamma)$. There the discriminator is held so flat that it hardly tells the
# generator where to go, like a brake that is pulled so hard that the wheel stops turning.
#
# ## How long may a step be?
#
# With real steps, R1 has to beat the outward drift of the first section. Move h and γ. Which is the longest step with
# which the game still settles, for γ = 0.2, 1 and 2? Does it help when the players move *in turn*, so that the
# generator already sees the new ψ?

# %%
move(
    pictures.dirac_game(play),
    h=Slider(0.05, 4.0, 0.05, start=0.5, label="step h"),
    gamma=Slider(0.0, 3.0, 0.05, start=0.1, label="gamma"),
    rule=Choice(("at once", "in turn"), start="at once", label="players move"),
)

# %% [markdown]
# At once, with h = 0.5 and γ = 0.1, the players circle for ever, although with the same γ and h = 0.3 they settle. In
# turn they settle even with h = 0.5. (Without R1 and with the Wasserstein loss, where σ is replaced by 1, the two
# half-steps in turn are one matrix of determinant 1: it keeps areas, so the game can neither shrink nor grow.)
#
# **Exercise 11.5 (derivation).** `largest_step`: near the solution, and with both players at once, derive the bound on
# h from the eigenvalues λ above.

# %%
check("11.5")

# %% [markdown]
# ## Five quick questions

# %%
quiz("11")

# %% [markdown]
# ## Where to go next
#
# - [Mescheder, Geiger & Nowozin 2018, *Which training methods for GANs do actually
#   converge?*](https://arxiv.org/abs/1801.04406), sections 2 and 4: the Dirac-GAN under every penalty, and the general
#   proof for R1.
# - [Arjovsky, Chintala & Bottou 2017, *Wasserstein GAN*](https://arxiv.org/abs/1701.07875), sections 2 and 3.
# - [Gulrajani et al. 2017, *Improved training of Wasserstein GANs*](https://arxiv.org/abs/1704.00028), sections 3 (what
#   clipping does) and 4 (the penalty).
# - [Miyato et al. 2018, *Spectral normalization for generative adversarial
#   networks*](https://arxiv.org/abs/1802.05957), section 2.
# - [Villani 2009, *Optimal transport, old and new*](https://doi.org/10.1007/978-3-540-71050-9), chapter 5: duality in
#   any dimension.
# - In the library: `minigen/models/gans/penalties.py` and `minigen/nn/spectral.py`, and the recipes `wgan-gp` and
#   `sn-gan` of `python -m minigen train`.
