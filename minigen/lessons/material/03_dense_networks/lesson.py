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
# # Lesson 3: Dense networks
#
# **Afterwards you can** build and train a classifier, derive its loss and the loss's gradient from the likelihood,
# compute both for logits of any size, choose initial weights, and tell when units have died.
#
# **Time:** 40 minutes to read, about an hour and a half with the six exercises. **You need** lesson 1 (gradients of
# arrays).
#
# First the picture. A network of three dense layers, trained for a few seconds, looks at digits that it has never seen.
# Below each digit is the probability that the network gives to each of the classes 0 to 9, in blue for the right class.
# Above are four that it knows; below the four to whose label it gives the *lowest* probability in the whole test set.
#
# ![Digits that the network knows and digits that it does not, with their probabilities](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen import nn
from minigen.lessons import Choice, Slider, check, handwritten, move, predict, quiz, show_source
from minigen.lessons.pictures import dense_networks as pictures

train, test = handwritten("train"), handwritten("test")
model = pictures.network(train)
history = list(pictures.training(model, train, steps=1200))
pictures.known_and_unknown(model, test)

# %% [markdown]
# `show_source` prints the source of anything that the lesson uses: of the library, and of its pictures, for example
# `show_source(pictures.known_and_unknown)`. Here are the network and its training. This lesson explains each line.

# %%
show_source(pictures.network)
show_source(pictures.training)

# %% [markdown]
# Is the result good? A number says little without another beside it. The simplest guess is the same for every
# image: the class that is most frequent. The simplest network is a single dense layer, trained in the same way.

# %%
single = nn.Dense(train.x[0].size, 10, rng=mg.Generator(0))
list(pictures.training(single, train, steps=1200))
most_frequent = np.bincount(test.y).max() / len(test.y)
print(f"of {len(test.y)} unseen digits right: always the same class {most_frequent:.1%}")
print(f"one dense layer {pictures.accuracy(single, test):.1%}, the network {pictures.accuracy(model, test):.1%}")
print(f"the network's loss at first {history[0]:.2f}, in the last 50 steps {np.mean(history[-50:]):.3f}")

# %% [markdown]
# ## A layer, and why it needs a bend
#
# A dense layer takes n features to m: y = x w + b, with w of shape (n, m). Each output is a weighted sum of all inputs.
# Here is the library's version, with the gradient that lesson 1 derived:

# %%
show_source(mg.dense)

# %% [markdown]
# Two layers in a row are one: (x w + b) w' + b' = x (w w') + (b w' + b'). However many are stacked, the result is
# linear in x, and no better than the single layer above. So a function with a bend is put between them, most often the
# ReLU, max(z, 0). With it a network can come close to any continuous function on a bounded region, given enough units.
#
# **Exercise 03.6 (open task).** `bends`: find the weights of a network with 16 units that follows a given curve. There
# are many ways; only the distance from the curve is checked. (It is numbered last because it is the freest. You can do
# it now.)

# %%
check("03.6")

# %% [markdown]
# ## The loss is a likelihood
#
# We begin with one question, yes or no: is this pixel white, is this image real? The network gives an unbounded number
# l, the *logit*. We take it for the logarithm of the odds, $l = \log\frac{p}{1-p}$. Solved for p this is the sigmoid,
# $p = 1/(1+e^{-l})$.
#
# The model says that t = 1 has probability p, and t = 0 has 1 - p; in one formula, $p^t (1-p)^{1-t}$. Good parameters
# give what was observed a high probability. The logarithm turns the product over examples into a sum, and its negative
# turns the maximum into a minimum: this is the *binary cross-entropy*, in nats,
#
# $$ L = -t \log p - (1-t)\log(1-p) . $$
#
# Do not compute it this way. With l = 20, p rounds to 1 in float32, and log(1 - p) is minus infinity. Put the sigmoid
# in: $\log p = -\log(1+e^{-l})$, and $1 - p = e^{-l}/(1+e^{-l})$, so $\log(1-p) = -l - \log(1+e^{-l})$. Hence
#
# $$ L = t\log(1+e^{-l}) + (1-t)\big(l + \log(1+e^{-l})\big) = l - l\,t + \log(1+e^{-l}) . $$
#
# For l >= 0 that is safe. For l < 0 use $\log(1+e^{-l}) = -l + \log(1+e^{l})$, which gives $-l\,t + \log(1+e^{l})$.
# Both in one: $L = \max(l,0) - l\,t + \log(1+e^{-|l|})$.

# %%
logits = np.linspace(-30, 120, 601, dtype=np.float32)
safe = mg.ops.bce_with_logits(logits, np.zeros_like(logits))
with np.errstate(all="ignore"):  # the point of the picture
    by_definition = -np.log(1 - 1 / (1 + np.exp(-logits)))  # t = 0
print("by definition infinite from l =", logits[np.isinf(by_definition)].min())
pictures.losses_in_float32(logits, safe, by_definition)

# %% [markdown]
# The definition is wrong even before it becomes infinite: its steps on the right are the few float32 numbers just below
# one.
#
# **Exercise 03.1.** `bce`. It is summed over the features of an example and averaged over the batch: so the loss is in
# nats per example, and a batch taken twice has the same loss. The test has logits of 2000.

# %%
check("03.1")

# %% [markdown]
# ## Many classes: softmax
#
# For K classes let the odds between *any* two be $p_k / p_j = e^{l_k - l_j}$. Then $p_k = e^{l_k} c$ with one c for
# all, and as they add up to 1,
#
# $$ p_k = \frac{e^{l_k}}{\sum_j e^{l_j}}, \qquad L = -\log p_y = -l_y + \log\sum_j e^{l_j} $$
#
# for an example of class y. Only differences of logits count: a number m added to all cancels. Choose
# $m = -\max_j l_j$, and no exponential exceeds 1. With K = 2 it is the sigmoid of $l_1 - l_0$. A network that knows
# nothing gives equal probabilities, and its loss is log K: for ten digits 2.303. Compare your first loss with this
# number. (Ours, above, was a little higher: random weights make the probabilities slightly unequal, and that costs
# something.)
#
# **Exercise 03.2.** `cross_entropy`.

# %%
check("03.2")

# %%
show_source(nn.cross_entropy_loss)

# %% [markdown]
# ## The gradient: what is predicted minus what is true
#
# Differentiate $L = -l_y + \log\sum_j e^{l_j}$. The first term gives -1 for k = y. In the second,
# $\frac{\partial}{\partial l_k}\log\sum_j e^{l_j} = e^{l_k} / \sum_j e^{l_j} = p_k$. So
#
# $$ \frac{\partial L}{\partial l_k} = p_k - [k = y], \qquad\text{and for yes or no}\qquad \frac{\partial L}{\partial l} = 1 - t - \frac{e^{-l}}{1+e^{-l}} = p - t . $$
#
# A network could also be trained with the squared error $(p - t)^2$. By the chain rule its derivative is
# $2 (p - t)\, p (1 - p)$, as the sigmoid's is p (1 - p).
#
# **Predict before you run.** A network is certain and wrong: t = 1, and l = -6. How many times stronger is the gradient
# of the cross-entropy there than that of the squared error?

# %%
predict("03.a", ...)

# %%
logits = np.linspace(-8, 8, 200)
p = 1 / (1 + np.exp(-logits))
curves = {"cross-entropy: p - t": p - 1, "squared error: 2 (p - t) p (1 - p)": 2 * (p - 1) * p * (1 - p)}
pictures.slopes(logits, curves, marked=-6)
p = 1 / (1 + np.exp(6.0))
entropy, square = p - 1, 2 * (p - 1) * p * (1 - p)
ratio = entropy / square
print(f"at l = -6: cross-entropy {entropy:.4f}, squared error {square:.4f}, ratio {ratio:.0f}")

# %% [markdown]
# The squared error hardly repairs the mistake: the factor p (1 - p) of the sigmoid's derivative vanishes where the
# sigmoid is flat. In the cross-entropy the logarithm's 1/p cancels it. Lesson 9 meets the same factor in the losses of
# GANs.
#
# **Exercise 03.3.** `cross_entropy_backward`. No gradient check would notice a wrong loss, so 03.2 comes first.

# %%
check("03.3")

# %% [markdown]
# **Exercise 03.5 (derivation).** `tries`. The way from a likelihood to a loss and its gradient is always the same. Go
# it yourself for another kind of observation: how often someone failed before the first success. The formula is not
# given here. Derive it on paper first, and write both results for logits of any size.

# %%
check("03.5")

# %% [markdown]
# ## How large at the start?
#
# Not zero: if the weights into two units are equal, so are their values, and if those out of them are equal too, so are
# their gradients, and they stay equal. So random. How large? Take $z = \sum_{i=1}^n x_i w_i$ with independent
# weights of mean 0 and variance v. The mixed terms have mean 0, and
#
# $$ \mathrm{Var}\,z = \sum_{i=1}^n \mathbb{E}[x_i^2]\,\mathbb{E}[w_i^2] = n\,v\,\mathbb{E}[x^2] . $$
#
# Let the weights be symmetric around 0 as well, as Gaussian or uniform ones are. Then z is symmetric too, and a ReLU
# cuts half of it away: $\mathbb{E}[\max(z,0)^2] = \tfrac12 \mathrm{Var}\,z$. So each layer multiplies the mean square
# by $n v / 2$. Over 20 layers that is $(nv/2)^{20}$, which vanishes or explodes unless $v = 2/n$ (He et al. 2015).
# Going backwards each gradient is a sum over the layer's *outputs*, and the same argument asks for 2 / fan_out; Glorot
# & Bengio (2010), without the ReLU's factor, take the middle, 2 / (fan_in + fan_out).

# %%
rng = np.random.default_rng(0)
n = 256
variances = {"4 / n": 4 / n, "2 / n (He)": 2 / n, "1 / n": 1 / n, "0.02^2 (as DCGAN)": 0.02**2}
sizes = {name: [] for name in variances}
for name, v in variances.items():
    h = rng.standard_normal((200, n))
    for _ in range(20):
        h = np.maximum(h @ (rng.standard_normal((n, n)) * np.sqrt(v)), 0)
        sizes[name].append(np.sqrt((h * h).mean()))
pictures.sizes_by_layer(sizes)
show_source(nn.he_normal)

# %% [markdown]
# Only 2 / n keeps the size. (The DCGAN's 0.02 belongs to other widths, and to batch normalisation, which lesson 10
# has.) Move the factor c in the variance c / n, and try other activations. Which c keeps the size with none, and which
# with the leaky ReLU? Why does tanh not explode, however large c is?

# %%
move(
    pictures.signal(),
    c=Slider(0.2, 5.0, 0.1, start=1.0, label="c, in the variance c / n"),
    activation=Choice(("none", "ReLU", "leaky ReLU (0.2)", "tanh"), start="ReLU", label="activation"),
)

# %% [markdown]
# **Exercise 03.4.** `he_weights`. The noise is given, so that there is one right answer.

# %%
check("03.4")

# %% [markdown]
# ## Dying units
#
# The gradient of a unit's weights is $\sum_n g_n\,[z_n > 0]\,x_n$. If z is negative for *every* image, the gradient is
# zero, and no step changes the unit's weights: it is *silent*, or dead. It takes one step that is too large. We train
# with a learning rate of 1 for 100 steps, and then with 0.1, which is harmless. We do this from three seeds, and count
# the silent units of both hidden layers.
#
# **Predict before you run.** Of the units of the *first* layer that are silent at step 100, how many speak again at
# step 300? (a) most of them, (b) some, but less than half, (c) none.

# %%
predict("03.b", ...)


# %%
def too_fast(t):
    return 1.0 if t < 100 else 0.1


runs = {"0.1, seed 0": (0.1, 0), **{f"1, then 0.1, seed {seed}": (too_fast, seed) for seed in range(3)}}
silent, revived, silenced = {name: [] for name in runs}, 0, 0
for name, (lr, seed) in runs.items():
    trained = pictures.network(train, seed=seed)
    for t, _ in enumerate(pictures.training(trained, train, 301, lr, seed=seed + 1)):
        if t % 20 == 0:
            silent[name].append(pictures.silent_units(trained, train))  # a bool for each unit, in two layers
    after, at_the_end = silent[name][5], silent[name][-1]
    print(f"rate {name}: {pictures.accuracy(trained, test):.1%} right;", end=" ")
    print("silent in the end", *(f"{units.mean():.0%} of layer {k}" for k, units in enumerate(at_the_end, 1)))
    if lr is too_fast:
        silenced += after[0].sum()
        revived += (after[0] & ~at_the_end[0]).sum()
pictures.silent_shares(silent, every=20, marked=100)

# %% [markdown]
# In the first layer none comes back, however careful one is from then on: its inputs are the images, and they stay what
# they are. In the second layer the share goes up and down. There a silent unit is rescued if the units below it, its
# inputs, change. How many die depends on the seed, and so does the accuracy. It suffers most where the fewest units of
# the *second* layer are left, as everything has to go through these.
#
# Remedies: a smaller rate, or one that warms up; normalised inputs to each layer (lesson 10); or a *leaky* ReLU, whose
# slope on the left is 0.2 and not 0.
#
# ## A misconception, put to the test
#
# *"It trains, so the loss is right."* `cross_entropy_loss` takes logits. Give it probabilities, which looks reasonable,
# and the softmax is applied twice.
#
# **Predict before you run.** What is the smallest loss that a network with ten classes can reach then, in nats?

# %%
predict("03.c", ...)

# %%
floor = np.log(1 + 9 / np.e)
curves = {}
for name, output in (("logits", lambda logits: logits), ("softmax twice", mg.softmax)):
    trained = pictures.network(train)
    losses = list(pictures.training(trained, train, 600, output=output))
    curves[f"{name}: {pictures.accuracy(trained, test):.1%} right"] = losses
    print(f"{name}: the smallest loss of any batch is {min(losses):.3f}")
pictures.compared(curves, floor)

# %% [markdown]
# It trains, and even classifies. But the best it can feed to the second softmax is 1 for the right class and 0 for the
# nine others. Their softmax is $e/(e+9)$, so the loss never falls below $\log(1 + 9/e)$. The probabilities are wrong,
# and learning is slower: after as many steps fewer digits are right. (How many fewer depends on the seed: 4 to 12 in a
# hundred on MNIST, 9 to 31 on the 8x8 digits.) A falling curve proves little; a *value* that you predicted proves more.
#
# ## Something to play with
#
# The weights into a unit of the first layer are an image: what it likes to see. Below is what training has *added* to
# twelve of them. Change the model: other rates, more steps, `nn.LeakyReLU`, `nn.Tanh`. Why does the border of MNIST's
# images never change? With a rate of 1, units die. Are their images empty, or do you see the step that killed them?

# %%
mine, start = pictures.network(train, nn.ReLU), pictures.network(train)
losses = list(pictures.training(mine, train, 300, lr=0.3))
pictures.added_by_training(mine[0].w.numpy() - start[0].w.numpy(), train.x.shape[1:3])

# %% [markdown]
# ## Five quick questions
#
# Answer with letters, like `quiz("03", "b a c d a")`.

# %%
quiz("03")

# %% [markdown]
# ## Where to go next
#
# - Goodfellow, Bengio & Courville 2016, [*Deep Learning*](https://www.deeplearningbook.org/contents/mlp.html), section
#   6.2: output units and maximum likelihood.
# - Glorot & Bengio 2010, [*Understanding the difficulty of training deep feedforward neural
#   networks*](https://proceedings.mlr.press/v9/glorot10a.html), section 4.2.
# - He, Zhang, Ren & Sun 2015, [*Delving deep into rectifiers*](https://arxiv.org/abs/1502.01852), arXiv:1502.01852,
#   section 2.2: the factor 2.
# - Cybenko 1989, [*Approximation by superpositions of a sigmoidal function*](https://doi.org/10.1007/BF02551274): with
#   enough units a network comes close to any continuous function.
# - Maas, Hannun & Ng 2013, [*Rectifier nonlinearities improve neural network acoustic
#   models*](https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf): the leaky ReLU.
# - In the library: `minigen/ops/linalg.py`, `minigen/nn/layers.py`, `minigen/nn/init.py` and `minigen/nn/losses.py`.
# - Lesson 4 looks at the step: from gradient descent to Adam.
