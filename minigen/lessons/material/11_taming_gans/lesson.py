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
# **Time:** 40 minutes to read, about an hour and a half with the four exercises. **You need** lessons 1 and 9.
#
# First the picture: the smallest GAN there is, two numbers, each learning from the other. The solution is the cross in
# the middle.
#
# ![Ways of the two players of the Dirac-GAN, which circle the solution or reach it](opening.png)

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigen as mg
from minigen.lessons import check, handwritten, show_source
from minigen.models import GAN
from minigen.models.gans import penalties
from minigen.models.gans.gan import GANTrainer
from minigen.models.gans.losses import LOSSES
from minigen.models.gans.networks import dense_discriminator
from minigen.models.networks import dense_decoder
from minigen.report.plots import mosaic
from minigen.train import steps


def sigma(t):
    return 1 / (1 + np.exp(-t))


def no_penalty(theta, psi):
    return psi * sigma(psi * theta), -theta * sigma(psi * theta)


def with_r1(theta, psi, gamma=0.3):
    return psi * sigma(psi * theta), -theta * sigma(psi * theta) - gamma * psi


def wgan_gp(theta, psi, lambda_=0.3):
    return psi, -theta - 2 * lambda_ * (abs(psi) - 1) * np.sign(psi)


def walk(velocity, start=(1.0, 1.0), h=0.01, steps=3000):
    """Small steps of both players at once: the path (steps + 1, 2, ...)."""
    path = [np.array(start)]
    for _ in range(steps):
        path.append(path[-1] + h * np.array(velocity(*path[-1])))
    return np.array(path)


figure, axes = plt.subplots(1, 3, figsize=(10.5, 3.6), layout="constrained")
theta, psi = np.meshgrid(np.linspace(-2, 2, 15), np.linspace(-2, 2, 15))
games = {"no penalty": no_penalty, "R1": with_r1, "Wasserstein, gradient penalty": wgan_gp}
for axis, (title, velocity) in zip(axes, games.items(), strict=True):
    axis.quiver(theta, psi, *velocity(theta, psi), color="0.7")
    axis.plot(*walk(velocity).T, color="C3", linewidth=1)
    axis.plot(1, 1, "o", color="C3")
    axis.plot(0, 0, "+", color="C0", markersize=14, markeredgewidth=3)
    axis.set(title=title, xlabel="theta: where the fakes are", xlim=(-2, 2), ylim=(-2, 2), aspect="equal")
axes[0].set_ylabel("psi: slope of the discriminator")
plt.show()

# %% [markdown]
# ## The smallest GAN
#
# The Dirac-GAN (Mescheder, Geiger & Nowozin 2018): every real example is the number 0, every fake is the number θ, and
# the discriminator is the line s(x) = ψ x. With the logistic losses of lesson 9,
#
# $$ L_D = \log(1 + e^{-s(0)}) + \log(1 + e^{s(\theta)}) = \log 2 + \log(1 + e^{\psi\theta}), \qquad L_G = -\log(1 + e^{\psi\theta}). $$
#
# The derivative of $\log(1+e^t)$ is σ(t). Let both players go down their gradients in very small steps, so that time
# is continuous:
#
# $$ \dot\theta = -\frac{\partial L_G}{\partial\theta} = \psi\,\sigma(\psi\theta), \qquad \dot\psi = -\frac{\partial L_D}{\partial\psi} = -\theta\,\sigma(\psi\theta). $$
#
# How far from the solution (0, 0) are they? Let $V = \tfrac12(\theta^2 + \psi^2)$. Then
#
# $$ \dot V = \theta\dot\theta + \psi\dot\psi = \theta\psi\,\sigma - \psi\theta\,\sigma = 0 . $$
#
# The distance never changes: **the game runs in circles**. If the fakes are right of 0, the discriminator learns to
# fall to the right; the fakes go left, pass 0 at full speed, and it all starts anew from the other side. (The non-saturating generator has $\dot\theta = \psi\,\sigma(-\psi\theta)$ and
# $\dot V = -\psi\theta\tanh(\psi\theta/2) \le 0$: it comes nearer, but at the speed of $V^2$, so ever more slowly.)
#
# Real steps have a length h. With $\theta^+ = \theta + h\psi\sigma$ and $\psi^+ = \psi - h\theta\sigma$ the mixed terms
# cancel:
#
# $$ (\theta^+)^2 + (\psi^+)^2 = (\theta^2 + \psi^2)\,(1 + h^2\sigma^2). $$
#
# Every step leads *outwards*, however small h is.
#
# ## R1: a price on steepness
#
# At the solution the discriminator should be flat: there is nothing to tell apart. So let it pay for a slope where the
# real examples are:
#
# $$ R_1 = \frac{\gamma}{2}\,E_{\text{real}}\big[\,|\nabla_x s(x)|^2\,\big], \qquad\text{here}\quad \frac{\gamma}{2}\,\psi^2, \qquad \dot\psi = -\theta\,\sigma(\psi\theta) - \gamma\psi . $$
#
# Now $\dot V = -\gamma\psi^2 \le 0$: the distance shrinks whenever ψ ≠ 0. It cannot stop elsewhere either: to stay at
# ψ = 0 it takes $\dot\psi = -\theta/2 = 0$, so θ = 0. (LaSalle's invariance principle: where V does not grow,
# paths end up where they can stay with $\dot V = 0$, and that is the solution alone.) R1 is a brake, as friction is for a
# pendulum.
#
# The gradient penalty $\lambda(|\psi| - 1)^2$ of the third picture is not a brake: it asks for a slope of 1, and pushes ψ
# *away* from 0. The fakes pass the solution again and again.
#
# The library's GAN is the same game. A dense layer whose weight is 0 gives the same fake for all noise, one without a
# bias is the line; and the gradients are the formulas above:

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
# There is a second trouble. If real and fake examples do not overlap, a good discriminator tells them apart with
# certainty, *wherever* the fakes are: the Jensen-Shannon divergence is then log 2, constant, and its gradient zero.
# One wants a distance that says *how far*.
#
# Take the samples for heaps of earth. To turn heap x into heap y each grain is carried somewhere, and costs the way:
#
# $$ W(p, q) = \min_{\text{pairings of } X\sim p,\ Y\sim q} E\,|X - Y| . $$
#
# On a line we can find it. Let F and G be the distribution functions, $F(t) = P(X \le t)$. A grain on its way from X to Y
# passes every t between them, so $|X - Y| = \int \big|[X \le t] - [Y \le t]\big|\,dt$ with brackets that are 1 or 0.
# For *every* pairing, as $E|A| \ge |E A|$,
#
# $$ E|X-Y| = \int E\,\big|[X \le t] - [Y \le t]\big|\,dt \;\ge\; \int |F(t) - G(t)|\,dt . $$
#
# If both are **sorted** and the k-th smallest paired with the k-th smallest, all grains that pass t pass it in the same
# direction: with a of the x and b of the y up to t, they are pairs number min(a, b) + 1 to max(a, b). So nothing cancels,
# ≥ becomes =, and no pairing is cheaper. Sorting gives W, and W is the area between F and G.

# %%
rng = np.random.default_rng(0)
n = 256
x = np.sort(np.where(rng.random(n) < 0.5, -1.0, 2.0) + 0.3 * rng.standard_normal(n))  # real: two heaps
y = np.sort(0.3 + 0.5 * rng.standard_normal(n))  # fake: one heap
distance = np.abs(x - y).mean()

t = np.linspace(-2.5, 3.5, 1201)
F, G = (np.searchsorted(sample, t, side="right") / n for sample in (x, y))
best = np.cumsum(np.sign(G - F)) * (t[1] - t[0])  # the critic of the next section
figure, axes = plt.subplots(1, 3, figsize=(11, 2.8), layout="constrained")
for a, b in zip(x[::8], y[::8], strict=True):
    axes[0].plot([b, a], [0, 1], color="0.6", linewidth=0.8)
axes[0].plot(x, np.ones(n), "|", color="C0", label="real")
axes[0].plot(y, np.zeros(n), "|", color="C3", label="fake")
axes[0].set(title="sorted and paired", yticks=[])
axes[0].legend(loc="center left", fontsize=8)
axes[1].plot(t, F, color="C0")
axes[1].plot(t, G, color="C3")
axes[1].fill_between(t, F, G, color="0.85")
axes[1].set(title="F, G, and the area between them")
axes[2].plot(t, best)
axes[2].set(title="the best critic: slope +1 or -1")
plt.show()
print(f"by sorting {distance:.4f}   by area {np.abs(F - G).sum() * (t[1] - t[0]):.4f}")
print(f"by the best critic {np.interp(x, t, best).mean() - np.interp(y, t, best).mean():.4f}")

# %% [markdown]
# **Exercise 11.2.** `wasserstein_1d`: one line, if you know which.

# %%
check("11.2")

# %% [markdown]
# ## Duality: from carriers to a critic
#
# Images cannot be sorted. But W has a second face. Let f be a function that is nowhere steeper than 1 (*1-Lipschitz*:
# |f(x) - f(y)| ≤ |x - y|). For every pairing $E f(X) - E f(Y) = E[f(X) - f(Y)] \le E|X - Y|$, hence
#
# $$ \max_{f\ \text{1-Lipschitz}} \big( E f(X) - E f(Y) \big) \;\le\; W . $$
#
# On the line there is equality. Write $f(x) = f(t_0) + \int_{t_0} f'(t)\,[x > t]\,dt$, with $t_0$ left of everything, and
# average: $E f(X) - E f(Y) = \int f'(t)\,\big(G(t) - F(t)\big)\,dt$. Choose $f' = \mathrm{sign}(G - F)$: allowed, and the
# integral is $\int|F - G| = W$. That is the third picture, and the third number. (In any dimension the equality is the theorem of
# Kantorovich and Rubinstein.)
#
# So a *critic* f, trained to make $E f(\text{real}) - E f(\text{fake})$ large, measures W: **provided it is no steeper
# than 1**. The best one has slope exactly 1 wherever there is anything to carry. Two ways to hold it:
#
# - **Clipping** (WGAN): all weights in [-0.01, 0.01]. Some bound on the slope follows, but nobody knows which one.
# - **Gradient penalty** (WGAN-GP): $\lambda\,E\big[(|\nabla f(\tilde x)| - 1)^2\big]$ at random places between real
#   and fake. It asks for just what the best critic has.

# %%
show_source(penalties.input_gradient)
show_source(penalties.gradient_penalty)
show_source(penalties.clip)

# %% [markdown]
# Put to the test where we know the truth: the same heaps, in the plane. Real and fake have the same second coordinates,
# so W is still the number above (carry along the first axis; f(x) = best critic of the first coordinate).

# %%
up = rng.standard_normal(n)
real, fake = (np.stack([heap, up], axis=1).astype(np.float32) for heap in (x, y))
across, along = np.meshgrid(np.linspace(-2.2, 3.4, 57), np.linspace(-2.5, 2.5, 51))
places = np.stack([across.ravel(), along.ravel()], axis=1).astype(np.float32)


def train_critic(kind, n=600):
    rng = mg.Generator(1)
    critic = dense_discriminator((2,), [64, 64], rng, norm="spectral" if kind == "spectral" else "none")
    optimizer = mg.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.0, 0.9))
    penalty = penalties.PENALTIES["none" if kind == "spectral" else kind]
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
        critic(real)  # each pass is also a round of power iteration, see below: now sigma is exact
    return critic.eval()


figure, axes = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
print(f"the truth             W = {distance:.4f}")
for axis, kind in zip(axes, ("clipping", "gradient-penalty", "spectral"), strict=True):
    critic = train_critic(kind)
    found = (critic(real).mean() - critic(fake).mean()).item()
    slopes = np.linalg.norm(penalties.input_gradient(critic, np.concatenate([real, fake])).numpy(), axis=1)
    print(f"{kind:<18} finds {found:.4f}   slopes {slopes.min():.4f} to {slopes.max():.4f}")
    contours = axis.contourf(across, along, critic(places).numpy().reshape(across.shape), 20)
    axis.plot(*real.T, ".", color="white", markersize=2)
    axis.plot(*fake.T, ".", color="C3", markersize=2)
    axis.set(title=kind, xlim=(-2.2, 3.4), ylim=(-2.5, 2.5))
    figure.colorbar(contours)
plt.show()

# %% [markdown]
# Fakes are red. The clipped critic is hundreds of times too flat, and its number says nothing. With the penalty a
# valley lies where the fakes are, with walls of slope 1, and the number is near the truth (or above it: slopes of a
# little more than 1 cost little). The third critic comes below.
#
# ## A gradient of a gradient
#
# The penalty contains a slope, $g = \nabla_x s$, and to train we need its derivative with respect to the *weights*:
# $\partial/\partial w$ of a function of $\partial s/\partial x$. `create_graph=True` makes the backward pass itself leave a graph,
# and the backward pass goes through it again. What happens there? Take one hidden layer, $s(x) = v\cdot\tanh(a)$,
# $a = x\,w$, and write d for $1 - \tanh^2(a)$. The first backward pass computes
#
# $$ g = (d \odot v)\, w^\top, \qquad P = \frac1N \sum_n (|g_n| - 1)^2 . $$
#
# Now go backwards through these two lines. $\partial|g|/\partial g = g/|g|$, so
# $\bar g_n = \partial P/\partial g_n = \tfrac2N (|g_n| - 1)\, g_n/|g_n|$. The matrix product of lesson 1 hands on
# $b = \bar g\, w$ to $d \odot v$, and $\bar g^\top (d \odot v)$ to w. But w is in d as well, through a:
# $\partial d/\partial a = -2\tanh(a)\,d$, so a gets $\bar a = b \odot v \odot (-2\tanh(a)\, d)$, and $a = x\,w$ hands it on. At a
# fork gradients add up:
#
# $$ \frac{\partial P}{\partial w} = \bar g^\top (d \odot v) + x^\top \bar a, \qquad \frac{\partial P}{\partial v_j} = \sum_n b_{nj}\, d_{nj} . $$
#
# The second term needs the *second* derivative of tanh. (With ReLU or LeakyReLU it is zero, except at the kink.) A check that needs no
# arithmetic: a linear critic $s = w\cdot x$ has $P = (|w| - 1)^2$ and $\partial P/\partial w = 2(|w| - 1)\,w/|w|$, wherever x is.

# %%
w = mg.tensor(np.array([[3.0], [4.0]]), requires_grad=True)
here, there = np.random.default_rng(2).standard_normal((2, 5, 2))
penalty = penalties.gradient_penalty(lambda x: x @ w, here, there, mg.Generator(0))
penalty.backward()
print("P / lambda  =", penalty.item() / penalties.LAMBDA, "        (5 - 1)^2 = 16")
print("dP/dw / lambda =", w.grad.numpy().ravel() / penalties.LAMBDA, "  2 (5 - 1) w / 5 = [4.8 6.4]")

# %% [markdown]
# **Exercise 11.3.** `penalty_gradients`: both ways of w.

# %%
check("11.3")

# %% [markdown]
# ## Spectral normalisation
#
# The third way needs no penalty. A layer W can stretch a difference of inputs by at most
# $\sigma_1 = \max |W u|/|u|$, its largest singular value. Activations like LeakyReLU have slopes of at most 1, and
# |f(g(x)) - f(g(y))| ≤ Lip(f) |g(x) - g(y)|, so a network is no steeper than the *product* of its layers' $\sigma_1$.
# Divide each W by its own, and the network is 1-Lipschitz. By duality what such a critic finds is below W: above, clearly so, for
# layers do not all stretch the same direction.
#
# How to find $\sigma_1$ cheaply? Expand u in the orthonormal eigenvectors $e_i$ of $W^\top W$, whose eigenvalues are
# $\sigma_i^2$. One round, $v = Wu$, $u \leftarrow W^\top v$, multiplies component i by $\sigma_i^2$, so after k
# rounds
#
# $$ u \;\propto\; c_1 e_1 + \sum_{i>1} c_i \Big(\frac{\sigma_i}{\sigma_1}\Big)^{2k} e_i . $$
#
# All but the first die out (if $c_1 \neq 0$, which chance sees to), and $|Wu| \to \sigma_1$. With $\epsilon = (\sigma_2/\sigma_1)^{2k}$ the
# angle is wrong by about ε, and σ by ε² only: $|Wu|^2/|u|^2 = \sum c_i^2\sigma_i^2 / \sum c_i^2$ has the components
# squared. In training one round a step is enough, as W changes little and u is kept.

# %%
show_source(mg.nn.SpectralNorm._iterate)
W = np.random.default_rng(3).standard_normal((30, 20)) * 0.85 ** np.arange(20)
singular = np.linalg.svd(W, compute_uv=False)
u, errors = np.ones(20), []
for _ in range(20):
    v = W @ u / np.linalg.norm(W @ u)
    u = v @ W / np.linalg.norm(v @ W)
    errors.append(1 - (v @ W @ u) / singular[0])
rounds = np.arange(1, 21)
figure, axis = plt.subplots(figsize=(5.5, 2.8), layout="constrained")
axis.semilogy(rounds, errors, "o", markersize=3, label="relative error of sigma")
ratio = singular[1] / singular[0]
axis.semilogy(
    rounds, errors[9] * ratio ** (4.0 * (rounds - 10)), "--", label=f"(sigma_2 / sigma_1)^4k, ratio {ratio:.2f}"
)
axis.set(xlabel="rounds", xticks=range(0, 21, 5))
axis.legend()
plt.show()

# %% [markdown]
# **Exercise 11.4.** `power_iteration`.

# %%
check("11.4")

# %% [markdown]
# ## On digits
#
# Three dense GANs with the same generator, number of steps and learning rate: no penalty, R1, and the hinge loss with a
# spectrally normalised discriminator. We watch how steep the discriminator is at real digits.

# %%
digits = 2 * handwritten("train").x.astype(np.float32) - 1


def train(n=600, norm="none", **settings):
    rng = mg.Generator(0)
    generator = mg.nn.Sequential(*dense_decoder(32, digits.shape[1:], [128, 128], rng), mg.nn.Tanh())
    gan = GAN(generator, dense_discriminator(digits.shape[1:], [128, 128], rng, norm), 32, **settings)
    trainer = GANTrainer(gan, lambda step: 1e-3, betas=(0.0, 0.999))
    batches = (digits[rng.host.integers(len(digits), size=64)] for _ in range(n))
    steepness = []
    for step, _ in steps(trainer, batches, rng, n):
        if step % 20 == 0:
            slope = penalties.input_gradient(gan.discriminator, digits[:64]).numpy().reshape(64, -1)
            steepness.append(np.linalg.norm(slope, axis=1).mean())
    return gan.eval().sample(16, mg.Generator(1)).numpy(), steepness


kinds = {
    "no penalty": {},
    "R1": {"penalty": "r1"},
    "hinge, spectral": {"loss": "hinge", "norm": "spectral"},
}
figure, axes = plt.subplots(1, 4, figsize=(11, 2.9), layout="constrained", width_ratios=(1, 1, 1, 1.2))
for axis, (title, settings) in zip(axes, kinds.items(), strict=False):
    samples, steepness = train(**settings)
    axis.imshow(mosaic(samples, 4)[..., 0], cmap="gray", vmin=-1, vmax=1)
    axis.set_title(title)
    axis.set_axis_off()
    axes[3].semilogy(20 * np.arange(1, len(steepness) + 1), steepness, label=title)
axes[3].set(title="|grad s| at real digits", xlabel="step", ylim=(None, 10))
axes[3].legend(fontsize=8, loc="upper right")
plt.show()

# %% [markdown]
# The discriminator without a penalty is by far the steepest, and its generator follows whatever single pixels it
# happens to look at. (Small networks, after seconds: what counts is the difference.)
#
# ## A misconception, put to the test
#
# *"The stronger the penalty, the sooner the game settles."* **Predict before you run:** sketch how the time to settle depends on
# γ. Near the solution σ = 1/2 and the Dirac-GAN is linear:
#
# $$ \frac{d}{dt}\begin{pmatrix}\theta\\\psi\end{pmatrix} = \begin{pmatrix}0 & \tfrac12\\ -\tfrac12 & -\gamma\end{pmatrix}\begin{pmatrix}\theta\\\psi\end{pmatrix}, \qquad \lambda^2 + \gamma\lambda + \tfrac14 = 0, \qquad \lambda = \frac{-\gamma \pm \sqrt{\gamma^2 - 1}}{2} . $$
#
# Solutions are sums of $e^{\lambda t}$; the slowest one counts.

# %%
gammas = np.geomspace(0.05, 20, 25)
path = walk(lambda theta, psi: with_r1(theta, psi, gammas), np.full((2, 25), 0.1), h=0.02, steps=25_000)
outside = np.hypot(path[:, 0], path[:, 1]) > 0.01 * np.hypot(0.1, 0.1)  # (steps + 1, 25)
times = [0.02 * (column.nonzero()[0][-1] + 1) for column in outside.T]  # the last time that it is outside
slowest = (-gammas + np.sqrt((gammas**2 - 1).astype(complex))).real / 2
figure, axis = plt.subplots(figsize=(5.5, 3), layout="constrained")
axis.loglog(gammas, times, "o", label="until it stays within 1 % of the start")
axis.loglog(gammas, np.log(100) / -slowest, label="log(100) / |slowest rate|")
axis.set(xlabel="gamma", ylabel="time")
axis.legend()
plt.show()
print(f"the fastest of these: gamma = {gammas[np.argmin(times)]:.2f}")

# %% [markdown]
# For γ < 1 the rate is γ/2: more helps. (Near γ = 1 the two roots meet, and $t\,e^{\lambda t}$ takes a little longer.)
# From γ = 1 on the root is real, and the slow rate is $(\gamma - \sqrt{\gamma^2 - 1})/2 \approx 1/(4\gamma)$: the
# discriminator is held so flat that it can hardly tell the generator where to go. A brake that blocks the wheel.
#
# ## Something to play with
#
# Discrete steps, any loss. Does taking *turns* (the generator sees the new ψ) still spiral outwards? For the Wasserstein
# loss (σ replaced by 1) the two half-steps make one matrix with determinant 1: what does that say? Add R1, or change h.

# %%
h, gamma, in_turn = 0.4, 0.0, True
theta, psi, path = 1.0, 1.0, []
for _ in range(150):
    path.append((theta, psi))
    new_psi = psi - h * (theta * sigma(psi * theta) + gamma * psi)
    seen = new_psi if in_turn else psi
    theta, psi = theta + h * seen * sigma(seen * theta), new_psi
figure, axis = plt.subplots(figsize=(3.2, 3.2), layout="constrained")
axis.plot(*np.transpose(path), ".-", linewidth=0.5)
axis.set(xlabel="theta", ylabel="psi", aspect="equal", title=f"h {h}, gamma {gamma}, in turn: {in_turn}")
plt.show()

# %% [markdown]
# ## Where to go next
#
# - Mescheder, Geiger & Nowozin 2018, *Which training methods for GANs do actually converge?*, sections 2 and 4: the
#   Dirac-GAN under every penalty, and the general proof for R1.
# - Arjovsky, Chintala & Bottou 2017, *Wasserstein GAN*, sections 2 and 3.
# - Gulrajani et al. 2017, *Improved training of Wasserstein GANs*, section 3 (what clipping does) and 4 (the penalty).
# - Miyato et al. 2018, *Spectral normalization for generative adversarial networks*, section 2.
# - Villani 2009, *Optimal transport, old and new*, chapter 5: duality in any dimension.
# - In the library: `minigen/models/gans/penalties.py` and `minigen/nn/spectral.py`, 60 lines each, and the recipes
#   `wgan-gp` and `sn-gan` of `python -m minigen train`.
