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
# # Lesson 24: What a model remembers
#
# **Afterwards you can** attack a model to find out what it was trained on, say how sure the result is and why a failed
# attack proves nothing, state what differential privacy promises, derive how much one noisy sum and many of them reveal,
# train with clipped and noisy gradients, and say what that costs and what it does not promise.
#
# **Time:** 50 minutes to read, about two hours with the six exercises. **You need** the bound of lesson 6, the GAN of
# lesson 9, and the classifier of lesson 3.
#
# First the picture. A VAE was trained on 200 digits, the *members*. It then scores these and 750 *others*, which it has
# never seen. Members tend to score higher. On the right is what an attacker makes of that.
#
# ![Scores of members and of others, and the ROC curve](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen.lessons import Slider, check, move, predict, quiz, show_source
from minigen.lessons.pictures import membership
from minigen.metrics import auc
from minigen.privacy import PerExample, PrivateTrainer, divergence, epsilon_of, noise_for, spent

train, test = mg.data.load("digits"), mg.data.load("digits", "test")
x, others = train.x, train.x[750:]  # the first 750 may become members
vae, _ = membership.fit("vae", x[:200], 600)
figure = membership.opening(membership.score(vae, x[:200]), membership.score(vae, others))

# %% [markdown]
# The drawing code and the trainings stand in `minigen/lessons/pictures/membership.py`. `show_source(membership.fit)`
# prints one of its functions.
#
# ## An attack is a test
#
# Somebody has the model and one image, and asks: was this image among the training data? If the data are patients, the
# answer alone may do harm. This is a *hypothesis test*. The attack computes a *score* s(x), such as a bound on log p(x),
# and says "member" if it is at least some threshold t. Two shares describe what it does:
#
# $$ \text{found}(t) = P(s(x) \ge t \mid x \text{ a member}), \qquad f(t) = P(s(y) \ge t \mid y \text{ another}) . $$
#
# As t falls, both rise from 0 to 1, and draw the *ROC curve*. Its area, the *AUC*, needs no threshold. It has a simple
# meaning. When t passes the score of another example y, the curve goes a step to the right, at the height found(t),
# which is the share of members that score higher than y. The area is the mean of these heights:
#
# $$ \text{AUC} = E_y[\,P(s(x) > s(y))\,] = P(s(x) > s(y)), $$
#
# the probability that a member scores higher than another example. (Where scores are equal, the curve is a slanted line,
# and half of them count.) A score that knows nothing has 1/2.
#
# How sure is an AUC from m members and n others? It is a mean over m n pairs, but the pairs are not independent: each
# score stands in many of them. Let V_x be the share of others that lie below the member x, and V_y the share of members
# that lie above y. To first order, the error of the AUC is the error of the mean of the V_x plus that of the mean of
# the V_y (what is left has a variance of the order 1/(m n)). Members and others are drawn independently, so the
# variances add up:
#
# $$ \mathrm{Var}(\text{AUC}) \approx \frac{\mathrm{Var}(V_x)}{m} + \frac{\mathrm{Var}(V_y)}{n} . $$
#
# This is DeLong's interval. The library's `auc` gives 1.96 of these errors on both sides.
#
# **Exercise 24.1.** `auc_with_error`.

# %%
check("24.1")

# %% [markdown]
# ## What overfitting gives away
#
# Why should a score betray members? Because training has pushed it up for them alone. Let a loss l lie between 0 and B,
# and let the attack say "member" with the probability 1 - l/B. Then
#
# $$ \text{found} - f = E\!\left[1 - \tfrac{l(x)}{B}\right] - E\!\left[1 - \tfrac{l(y)}{B}\right]
# = \frac{E[\,l(y)\,] - E[\,l(x)\,]}{B} . $$
#
# The *gap between test loss and training loss* is what this attack gains (Yeom et al. 2018). A model that overfits leaks.
#
# Now we train VAEs on 50, 200 and 750 digits and GANs on 50 and 200, each for 600 steps of 50 images. The
# score for a VAE is its bound, and for a GAN its discriminator's logit. Each attack is held against the *plainest score*,
# which has never seen the model: how near an image is to the mean image (dashed). If that one tells the two groups
# apart, they differ by themselves, and the attack counts from there.
#
# **Predict before you run.** After the same number of steps, the attack on a VAE of 50 images is (a) clearly better than
# that on a VAE of 750; (b) about as good; (c) clearly worse.

# %%
predict("24.a", ...)

# %%
at = (75, 150, 300, 600)
found = {
    "vae": membership.by_epochs("vae", x, others, (50, 200, 750), at),
    "gan": membership.by_epochs("gan", x, others, (50, 200), at),
}
baselines = {size: membership.without_a_model(x[:size], others) for size in (50, 200, 750)}
figure = membership.epochs(found, baselines)
last = {size: list(values.values())[-1].value for size, values in found["vae"].items()}
for name, sizes in found.items():
    for size, values in sizes.items():
        n_epochs, value = list(values.items())[-1]
        print(f"{name} of {size:3d} images after {n_epochs:5.0f} epochs: AUC {value}; no model: {baselines[size]}")

# %% [markdown]
# Few images and many epochs leak most. (At the same number of *epochs*, the larger sets have had more steps.) Mind the
# bands, though: with 50 members, an AUC of .6 can hardly be told from nothing.
#
# ## A misconception, put to the test
#
# *"The attack has an AUC near .5, so the model gives nothing away."* The AUC is a mean over all members, and this attack
# is one of many. Think of a program that prints one of its 1000 training images, chosen by chance. The owner of that
# image has lost everything, and the AUC is 1/2 + 1/2000.
#
# A network can do the same. Here a classifier learns from 750 digits, and 20 of them have a *wrong label*. As a
# member's score we take log p(label). Nothing but these 20 images says that their labels are so.
#
# **Predict before you run.** Over all 750 members the AUC is near .5. What is it for the 20, held against 200 wrongly
# labelled digits that were not in the training?

# %%
predict("24.b", ...)

# %%
y = train.y
wrong = (y + mg.Generator(0).host.integers(1, 10, len(y))) % 10
labels = np.concatenate([wrong[:20], y[20:]])
n, rate, count = 750, 0.1, 800  # members, the share of them in a batch, steps


def attack(model):
    """The AUC over all members, and over those with a wrong label."""
    score = membership.log_p_of_labels
    whole = auc(score(model, x[:n], labels[:n]), score(model, others, y[n:]))
    return whole, auc(score(model, x[:20], wrong[:20]), score(model, x[n:950], wrong[n:950]))


plain = membership.classifier(x[:n], labels[:n], count, clip=1e9, noise=0, rate=rate)
of_all, of_wrong = attack(plain)
print(f"all members: AUC {of_all}; wrong labels: AUC {of_wrong}")
print(f"accuracy on test digits: {membership.accuracy(plain, test.x, test.y):.3f}")

# %%
score = membership.log_p_of_labels
groups = {
    "all": (score(plain, x[:n], labels[:n]), score(plain, others, y[n:])),
    "wrong labels": (score(plain, x[:20], wrong[:20]), score(plain, x[n:950], wrong[n:950])),
}
figure = membership.canaries(groups)

# %% [markdown]
# The model is good on new digits, the attack finds next to nothing on average, and it knows these 20 members almost for
# certain. (On the left they are the lowest points of the members, and of little weight among so many.) They are no
# accident: what is rare can be learnt only by heart (Feldman 2020). The mean hides it.
#
# The attack may also become better while the model stays as it is. An attacker who trains such models herself, with and
# without an image, knows how low its loss is in both cases (Carlini et al. 2022).
#
# **Exercise 24.6 (open task).** `tell_members`: beat the attack by the loss alone.

# %%
check("24.6")

# %% [markdown]
# **An attack that succeeds proves a leak. An attack that fails proves nothing.** For a proof we need a promise about
# every attack and every example.
#
# ## A promise about every attack
#
# Let two data sets D and D' differ in one example, which is in one of them and not in the other. Training is random. It
# is *(epsilon, delta) differentially private* if for all such pairs and all sets S of results
#
# $$ P(S \mid D) \le e^{\varepsilon} P(S \mid D') + \delta . $$
#
# (The letter $\varepsilon$ stood for normal noise in lessons 6 and 21. Here it is a number.) Take for S "the attack says yes". D
# has the example and D' has not, so P(S|D) is the probability of finding this member and P(S|D') is that of naming it
# wrongly:
#
# $$ \text{found} \le e^{\varepsilon} f + \delta . $$
#
# This is true for each example by itself, and for every attack that will ever be thought of. (So it is true of the
# means over many examples, if each of them is a member by a coin of its own.) It stays true for whatever is done with
# the model later, as that is only another S. Now take for S "the attack says no", and let D and D' change places:
# $1 - f \le e^{\varepsilon} (1 - \text{found}) + \delta$. Solve it for found:
#
# $$ \text{found} \le 1 - e^{-\varepsilon} (1 - \delta - f) . $$
#
# **Exercise 24.2.** `most_found`: both together.

# %%
check("24.2")

# %% [markdown]
# Let delta = 0. The two lines meet where $e^{\varepsilon} f = 1 - e^{-\varepsilon}(1 - f)$. Multiply by
# $e^{\varepsilon}$ and solve: $f\,(e^{2\varepsilon} - 1) = e^{\varepsilon} - 1$, so $f = 1/(1 + e^{\varepsilon})$, and
# found = 1 - f there. The area below the two lines is a triangle of width f and a trapezium of width 1 - f:
#
# $$ \tfrac12 f (1-f) + \tfrac12 (1-f)\,\big((1-f) + 1\big) = \tfrac12 (1-f)(f + 2 - f) = 1 - f . $$
#
# So no attack has an AUC above $1 - f = e^{\varepsilon}/(1 + e^{\varepsilon})$. It is the sigmoid of epsilon.
#
# **Predict before you run.** What AUC does epsilon = 1 allow at most?

# %%
predict("24.c", ...)

# %%
f = np.linspace(0, 1, 100_001)
for epsilon in (0.1, 0.5, 1, 2, 4, 8):
    found_at_most = np.minimum(np.exp(epsilon) * f, 1 - np.exp(-epsilon) * (1 - f))
    area = (found_at_most[1:] + found_at_most[:-1]).mean() / 2
    print(f"epsilon {epsilon:3}: AUC at most {area:.4f} by adding up, {1 / (1 + np.exp(-epsilon)):.4f} by the formula")

# %% [markdown]
# Epsilon 1 is a strong promise. Epsilon 8 hardly promises anything. (That does not mean that an attack comes near it.)
# Delta is a probability with which the promise may fail. It must be far below one over the number of examples: a
# program that prints each example with the probability delta is (0, delta) private.
#
# ## One noisy sum
#
# How does one keep such a promise? Say we want to publish a sum of vectors, one from each example, and none is longer
# than C. One example more or less moves the sum by at most C. Add noise from N(0, (sigma C)^2) to each entry: the
# *Gaussian mechanism*. The noise is the same in all directions, so only the direction of the one vector matters. In
# units of C, and at the worst length, an observer sees one number z:
#
# $$ \text{without the example } z \sim p_0 = N(0, \sigma^2), \qquad \text{with it } z \sim p_1 = N(1, \sigma^2) . $$
#
# The logarithm of the ratio is what z says about the example, the *privacy loss*:
#
# $$ L = \log \frac{p_1(z)}{p_0(z)} = \frac{z^2 - (z - 1)^2}{2\sigma^2} = \frac{2z - 1}{2 \sigma^2} . $$
#
# It grows with z. For an epsilon, the least delta is the largest value of $P_1(S) - e^{\varepsilon} P_0(S) = \int_S (p_1
# - e^{\varepsilon} p_0)\,dz$. It is largest if S holds just those z where the integrand is above zero, so where $L >
# \varepsilon$. (With and without may change places in the promise. Here that asks for nothing new: the two densities
# are mirror images of each other.)
#
# **Exercise 24.5 (derivation).** `least_delta`: what is its value?

# %%
check("24.5")

# %% [markdown]
# The best test for one noisy sum is a threshold on z. Its ROC curve is the black one below. The dashed lines are what
# (epsilon, delta) allows, with the least delta for this noise. Move epsilon at a fixed noise: each epsilon gives two
# lines that touch the curve. Every pair (epsilon, delta) is another view of the same noise.

# %%
move(
    membership.promise_to_move(),
    noise=Slider(0.3, 4.0, 0.1, start=1.0, label="noise sigma"),
    epsilon=Slider(0.0, 4.0, 0.1, start=1.0, label="epsilon"),
)

# %% [markdown]
# ## No example moves the sum by more than C
#
# A training step publishes a sum too: that of the gradients. But a gradient may have any length. So DP-SGD (Abadi et al.
# 2016) *clips* that of each example, $g_n \leftarrow g_n \min(1, C / \lVert g_n \rVert)$, adds the noise, and divides by
# the expected size of a batch:
#
# $$ g = \frac{1}{qN} \left( \sum_{n \in \text{batch}} g_n \min\!\left(1, \frac{C}{\lVert g_n \rVert}\right) + N(0, \sigma^2 C^2) \right) . $$
#
# It needs the norm of *each* gradient, and a backward pass gives only their sum. For a dense layer y = x W that is
# enough. Example n has the gradient $x_n^\top \delta_n$, where $\delta_n = \partial L_n / \partial y_n$ is computed
# anyway. It is an outer product, so
#
# $$ \lVert x_n^\top \delta_n \rVert^2 = \sum_{i,j} x_{ni}^2\,\delta_{nj}^2 = |x_n|^2\,|\delta_n|^2 . $$
#
# **Exercise 24.3.** `clipped_sum`.

# %%
check("24.3")

# %%
show_source(PerExample.norms)
some = slice(0, 200)
each = PerExample(plain, lambda: membership.losses_of(plain)(mg.tensor(x[some]), mg.Generator(0), labels[some]))
norms = each.norms()
slowly = np.zeros(200)
for i in range(200):
    plain.zero_grad()
    membership.losses_of(plain)(mg.tensor(x[i : i + 1]), mg.Generator(0), labels[i : i + 1]).sum().backward()
    slowly[i] = np.sqrt(sum((p.grad.numpy() ** 2).sum() for p in plain.parameters()))
plain.zero_grad()
print(f"norms by one pass and by 200 passes differ by at most {np.abs(norms - slowly).max():.1e}")
print(f"median norm: right labels {np.median(norms[20:]):.4f}, wrong labels {np.median(norms[:20]):.4f}")

# %% [markdown]
# Look at the two medians. The examples that were learnt by heart still pull hardest. Clipping and noise take from just
# these.
#
# Clipping has a price of its own, without any noise. Let the model be one number w, with the loss $(w - x_n)^2/2$. Its
# gradients are w - x_n, and plain descent ends at the mean of the x_n. Clipped descent ends where the clipped gradients
# add up to 0. Take numbers with a long tail to the right: exponential ones.
#
# **Predict before you run.** C becomes very small, there is no noise, and descent goes on until it rests. Where is w?
# (a) at the mean, as before, only later; (b) at the median; (c) somewhere else.

# %%
predict("24.d", ...)

# %%
numbers = -np.log(mg.Generator(1).host.random(1001))
tight = membership.resting_place(numbers, 1e-3)
print(f"mean {numbers.mean():.3f}, median {np.median(numbers):.3f}, with C = 0.001 descent ends at {tight:.3f}")
figure = membership.resting_places(numbers, np.geomspace(1e-2, 10, 60))

# %% [markdown]
# A gradient of length C says only in which direction its example lies. For a small C each example has one vote, and the
# votes balance at the median. For a large C nothing is clipped, and w is the mean. So **clipping is not only slower: it
# optimises something else**, in which rare and extreme examples count less. A large C avoids that, but the noise sigma C
# grows with it.
#
# ## Many steps add up
#
# A training has hundreds of steps. If each is (epsilon, delta) private, T of them are (T epsilon, T delta) private: the
# factors multiply. That is true and wasteful, since it adds up worst cases. A better account adds up something else,
# the *Rényi divergence* of order alpha > 1:
#
# $$ D_\alpha(p_1 \,\Vert\, p_0) = \frac{1}{\alpha - 1} \log A_\alpha, \qquad A_\alpha = E_0\!\left[ r(z)^\alpha \right], \quad r = p_1/p_0 , $$
#
# where $E_0$ is a mean over z from $p_0$, and $E_1$ one over z from $p_1$.
#
# **One Gaussian.** Here $r(z) = e^{(2z-1)/(2\sigma^2)}$. For a number t from N(0, 1), $E[e^{at}] = e^{a^2/2}$, since $at -
# t^2/2 = a^2/2 - (t-a)^2/2$, and what is left is the density of N(a, 1). So with z = sigma t
#
# $$ E_0[r^i] = e^{-i/(2\sigma^2)}\,E[e^{i t/\sigma}] = e^{(i^2 - i)/(2\sigma^2)}, \qquad D_\alpha = \frac{\alpha^2 - \alpha}{2\sigma^2 (\alpha - 1)} = \frac{\alpha}{2 \sigma^2} . $$
#
# **A random batch.** Each example is in the batch with probability q, whatever the others do. Then z comes from $N(0,
# \sigma^2)$ without the example, and from $(1-q) N(0, \sigma^2) + q N(1, \sigma^2)$ with it: the ratio is
# $1 - q + q r$. For a whole alpha the binomial theorem gives
#
# $$ A_\alpha = E_0[(1 - q + q r)^\alpha] = \sum_{i=0}^{\alpha} \binom{\alpha}{i} (1-q)^{\alpha-i} q^i\,e^{(i^2-i)/(2\sigma^2)} . $$
#
# That the worst case is this one, in one dimension and in this direction (the divergence of $p_0$ from the mixture is
# not larger), is not proved here, but by Mironov, Talwar & Zhang 2019 (theorem 5). For alpha = 2 the sum is $1 + q^2
# (e^{1/\sigma^2} - 1)$: being in a batch by chance only counts *squared*.
#
# **Exercise 24.4.** `sampled_divergence`.

# %%
check("24.4")

# %% [markdown]
# **Many steps.** From here on $p_1$ and $p_0$ are the densities of all that a training shows, with and without the
# example, and r is their ratio: the product of those of the single steps, $r_1 r_2$ for two. Step 2 depends on what step
# 1 gave. But given $z_1$, whatever it is, the mean of $r_2^\alpha$ without the example is at most $A_\alpha$. So
#
# $$ E_0[(r_1 r_2)^\alpha] = E_0\big[\,r_1^\alpha\,E_0[r_2^\alpha \mid z_1]\,\big] \le A_\alpha\,A_\alpha , $$
#
# and so on: the logarithms add up, and T steps have at most $T D_\alpha$.
#
# **Back to epsilon.** Let $L = \log r$ be the loss of the whole training, and D its divergence. The best S is where L is
# above epsilon, so $\delta = E_1[\max(0, 1 - e^{-u})]$ with $u = L - \varepsilon$. For every number c with $1 - e^{-u} \le
# c\,e^{(\alpha-1)u}$ for all u,
#
# $$ \delta \le c\,E_1\big[e^{(\alpha-1)(L-\varepsilon)}\big] = c\,e^{(\alpha-1)(D-\varepsilon)}, \qquad\text{as } E_1[r^{\alpha-1}] = E_0[r^\alpha] = e^{(\alpha-1)D} . $$
#
# The least c is the maximum of $e^{-(\alpha-1)u} - e^{-\alpha u}$. Its derivative is 0 where $e^{u} =
# \alpha/(\alpha-1)$, and its value there is $c = \frac1\alpha (1 - \frac1\alpha)^{\alpha-1}$. Solve for epsilon:
#
# $$ \varepsilon = D + \log\frac{\alpha-1}{\alpha} - \frac{\log(\delta\alpha)}{\alpha-1} . $$
#
# It holds for every alpha, so the best one counts. That is the whole accountant:

# %%
delta = 1e-5  # far below 1 / 1500
sigma = 1.0
for order in (2, 4, 8, 16, 32):
    d = 300 * divergence(0.05, sigma, order)
    print(f"order {order:2d}: divergence of 300 steps {d:8.3g}, epsilon {epsilon_of(d, order, delta):8.3g}")
print("the best of all orders:", spent(0.05, sigma, 300, delta))
figure = membership.ways_to_count(0.05, sigma, (1, 3, 10, 30, 100, 300, 1000, 3000), delta)

# %% [markdown]
# **Predict before you run.** A training is made four times as long, 1200 steps for 300. By which factor does epsilon
# grow?

# %%
predict("24.e", ...)

# %%
sooner, later = spent(0.05, sigma, 300, delta).epsilon, spent(0.05, sigma, 1200, delta).epsilon
print(f"epsilon {sooner:.2f} after 300 steps, {later:.2f} after 1200: {later / sooner:.2f} times as much")
print(f"noise that keeps epsilon at {sooner:.2f} for 1200 steps: {noise_for(sooner, 0.05, 1200, delta):.2f}")

# %% [markdown]
# Now move all three settings of a training on 1500 digits, in which each batch has a twentieth of them on average. Which
# of them changes epsilon, and which does not? On the right are the norms of the gradients of a network after 100 such
# steps.

# %%
half = membership.classifier(x, y, 100, clip=1.0, noise=1.0, rate=0.05)
each = PerExample(half, lambda: membership.losses_of(half)(mg.tensor(x), mg.Generator(0), y))
move(
    membership.settings_to_move(each.norms(), len(x), 0.05, delta),
    noise=Slider(0.6, 8.0, 0.2, start=1.0, label="noise sigma"),
    clip=Slider(0.2, 5.0, 0.2, start=1.0, label="clip C"),
    epochs=Slider(1, 200, 1, start=15, label="epochs"),
)

# %% [markdown]
# **C does not change epsilon**: the noise is measured in units of it. It decides how much is clipped, and how much noise
# there is on each weight.
#
# ## What privacy costs
#
# In the library, one step is this:

# %%
show_source(PrivateTrainer.step)

# %% [markdown]
# A small network learns the 1500 training digits in 300 steps with C = 1, for four noises and three seeds. Two more lines
# show what clipping costs alone, and what plain SGD reaches.

# %%
noises, seeds = (1.0, 2.0, 4.0, 8.0), (0, 1, 2)


def reached(noise, clip=1.0, seed=0):
    """Accuracy on test digits after 300 steps."""
    model = membership.classifier(x, y, 300, clip, noise, 0.05, seed=seed)
    return membership.accuracy(model, test.x, test.y)


accuracies = np.array([[reached(noise, seed=seed) for seed in seeds] for noise in noises])
epsilons = [spent(0.05, noise, 300, delta).epsilon for noise in noises]
without, clipped = reached(0, clip=1e9), reached(0)
figure = membership.price(epsilons, accuracies, without, clipped)
for noise, epsilon, row in zip(noises, epsilons, accuracies, strict=True):
    print(
        f"sigma {noise:3}: epsilon {epsilon:6.2f}, accuracy {row.mean():.3f} (from {row.min():.3f} to {row.max():.3f})"
    )
print(f"clipped without noise {clipped:.3f}, plain {without:.3f}")

# %% [markdown]
# Privacy has a price, and it rises steeply as epsilon falls. It also depends on N: with a fixed batch, more data mean a
# smaller q, so a smaller epsilon for the same noise. That is why 60 000 MNIST digits are far cheaper (docs/privacy.md).
#
# **Does the attack fall?** Again the 750 digits with 20 wrong labels, and the GAN of 50 images, of which only the
# discriminator sees the data.

# %%
unseen = membership.classifier(x[20:n], labels[20:n], count, clip=1e9, noise=0, rate=rate)
results = {"labels, not in training": attack(unseen)[1], "labels, plain SGD": of_wrong}
by_heart = {"plain SGD": plain}
for name, noise in (("clipped", 0), ("sigma 1", 1.0), ("sigma 3", 3.0)):
    model = membership.classifier(x[:n], labels[:n], count, 1.0, noise, rate)
    results[f"labels, {name}"] = attack(model)[1]
    promised = f"epsilon {spent(rate, noise, count, delta).epsilon:.1f}" if noise else "no epsilon"
    by_heart[name] = model
    print(f"{name}: {promised}, accuracy on test digits {membership.accuracy(model, test.x, test.y):.3f}")
learnt = {name: round(20 * membership.accuracy(model, x[:20], wrong[:20])) for name, model in by_heart.items()}
print("of the 20 wrong labels, so many are answered:", ", ".join(f"{name} {k}" for name, k in learnt.items()))

# %% [markdown]
# Where is the price? With sigma 1 the accuracy is not below the 0.960 of plain SGD. That is because of the wrong labels.
# Plain SGD learns some of them by heart, and is worse on new digits for it. Their gradients are the longest (see the
# medians above), so clipping holds back just them. Here that helps. If all 750 labels are right, plain SGD is ahead
# again, by 0.01 or less (0.977 and 0.970, the means of three seeds): an epsilon of 23.7 is cheap, as it promises next
# to nothing. With sigma 3 the price is plain.

# %%
gans = {
    "plain": membership.fit("gan", x[:50], 300)[0],
    "sigma 4": membership.private_gan(x[:50], 300, clip=1.0, noise=4.0, rate=1.0),
}
for name, gan in gans.items():
    results[f"GAN, {name}"] = auc(membership.score(gan, x[:50]), membership.score(gan, others))
print(f"the GAN with sigma 4: epsilon {spent(1.0, 4.0, 300, delta).epsilon:.0f}")
print("\n".join(f"{name:23s} AUC {value}" for name, value in results.items()))
figure = membership.falls(results)

# %%
samples = {name: gan.sample(10, mg.Generator(5)) for name, gan in gans.items()}
figure = membership.drawn({"members": x[:10], **samples})

# %% [markdown]
# The attack falls. On the labels it is the clipping that does it: without any noise the AUC is already as low as with
# sigma 1. (Mind the bars: where one does not reach 1/2, something is left. And the private GAN draws grey: 50 images are
# too few to be seen through such noise.) But clipping alone promises nothing at all, since its epsilon is infinite: the
# next attack may get through. With noise there is a promise, and this attack stays far below what even a large epsilon
# allows. Both facts say the same. **An attack shows a lower bound on what leaks, an accountant an upper one, and the
# truth lies between.**
#
# ## Limits
#
# - **The bound is for the worst case**: an attacker who knows all other examples and sees every step. A large epsilon
#   need not mean that anything leaks; it means that nothing is promised.
# - **The unit is what differs between D and D'.** Here it is one image. A person with k images is protected by k epsilon
#   only: k changes, and $e^{\varepsilon}$ for each.
# - **Settings are chosen by looking at the data.** Noise, clip and rate of this lesson were. Each look is an answer, and
#   none of them is in epsilon (Papernot & Steinke 2022). The losses printed in training are such looks too.
# - **Batches must be drawn as the accountant assumes**, each example by its own coin. A loader that shuffles has another
#   epsilon. Batch normalisation breaks the proof, and whoever knows the seed can subtract the noise.
# - **What is true of everybody is not hidden.** That a 7 looks like a 7 is what the model should say, also about you.
#
# ## Five quick questions

# %%
quiz("24")

# %% [markdown]
# ## Where to go next
#
# - DeLong, DeLong & Clarke-Pearson 1988, [*Comparing the areas under two or more correlated receiver operating
#   characteristic curves: a nonparametric approach*, doi:10.2307/2531595](https://doi.org/10.2307/2531595): the
#   interval of the AUC.
# - Yeom, Giacomelli, Fredrikson & Jha 2018, [*Privacy risk in machine learning: analyzing the connection to overfitting*,
#   arXiv:1709.01604](https://arxiv.org/abs/1709.01604): the gap in the loss as an attack.
# - Hayes, Melis, Danezis & De Cristofaro 2019, [*LOGAN: membership inference attacks against generative models*,
#   arXiv:1705.07663](https://arxiv.org/abs/1705.07663): the discriminator's verdict.
# - Carlini et al. 2022, [*Membership inference attacks from first principles*,
#   arXiv:2112.03570](https://arxiv.org/abs/2112.03570): why few sure hits count more than an AUC; exercise 24.6.
# - Feldman 2020, [*Does learning require memorization?*, arXiv:1906.05271](https://arxiv.org/abs/1906.05271): why rare
#   examples are learnt by heart.
# - Abadi et al. 2016, [*Deep learning with differential privacy*,
#   arXiv:1607.00133](https://arxiv.org/abs/1607.00133): DP-SGD, algorithm 1.
# - Goodfellow 2015, [*Efficient per-example gradient computations*,
#   arXiv:1510.01799](https://arxiv.org/abs/1510.01799): the norms, in two pages.
# - Mironov 2017, [*Rényi differential privacy*, arXiv:1702.07476](https://arxiv.org/abs/1702.07476); Mironov, Talwar &
#   Zhang 2019, [*Rényi differential privacy of the sampled Gaussian mechanism*,
#   arXiv:1908.10530](https://arxiv.org/abs/1908.10530): the accountant.
# - Balle et al. 2020, [*Hypothesis testing interpretations and Rényi differential privacy*,
#   arXiv:1905.09982](https://arxiv.org/abs/1905.09982): the way back to epsilon, theorem 21.
# - Papernot & Steinke 2022, [*Hyperparameter tuning with Rényi differential privacy*,
#   arXiv:2110.03620](https://arxiv.org/abs/2110.03620): what choosing settings costs.
# - In the library: `minigen/privacy`, `minigen/metrics/membership.py`, and the page docs/privacy.md.
#   `python -m minigen evaluate DIR` attacks your own models.
