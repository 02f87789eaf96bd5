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
# **Time:** 35 minutes to read, about 45 with the four exercises. **You need** lesson 1 (gradients of arrays).
#
# First the picture. A network of three dense layers, trained for a few seconds, looks at digits it has never seen. Below
# each is the probability that it gives to each of the digits 0 to 9. On the left four that it knows; on the right the four to
# whose label it gives the *lowest* probability in the whole test set.
#
# ![Digits that the network knows and digits that it does not, with their probabilities](opening.png)

# %%
from itertools import islice

import matplotlib.pyplot as plt
import numpy as np

import minigen as mg
from minigen import nn, optim
from minigen.data import Loader
from minigen.lessons import check, handwritten, show_source

train, test = handwritten("train"), handwritten("test")
images, labels = train.x.reshape(len(train.x), -1), train.y  # (N, pixels), (N,)
unseen = test.x.reshape(len(test.x), -1)


def network(activation=nn.ReLU):
    rng, pixels = mg.Generator(0), images.shape[1]
    return nn.Sequential(
        nn.Dense(pixels, 100, init="he_normal", rng=rng),
        activation(),
        nn.Dense(100, 100, init="he_normal", rng=rng),
        activation(),
        nn.Dense(100, 10, rng=rng),
    )


def training(model, lr=0.3, output=lambda logits: logits):
    """Gradient descent on batches of 100, without end; gives the loss of each step. lr: a number or a function of t."""
    optimizer = optim.SGD(model.parameters(), lr=lr)
    loader = Loader(images, labels, batch_size=100, rng=mg.Generator(1))
    while True:
        for x, y in loader:
            loss = nn.cross_entropy_loss(output(model(mg.tensor(x))), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield loss.item()


def probabilities(model, x):
    with mg.no_grad():
        return mg.softmax(model(mg.tensor(x))).numpy()


model = network()
history = list(islice(training(model), 1200))
p = probabilities(model, unseen)
correct = p.argmax(axis=1) == test.y
print(
    f"{len(unseen)} unseen digits, {correct.mean():.1%} right; loss at first {history[0]:.2f}, at last {history[-1]:.3f}"
)
likely = p[np.arange(len(p)), test.y]
chosen = [*np.flatnonzero(correct)[:4], *np.argsort(likely)[:4]]
figure, axes = plt.subplots(2, 8, figsize=(11, 2.8), layout="constrained", height_ratios=(2, 1))
for (top, bottom), i in zip(axes.T, chosen, strict=True):
    top.imshow(test.x[i, :, :, 0], cmap="gray")
    top.set_title(f"label {test.y[i]}", fontsize=9)
    top.set_axis_off()
    bottom.bar(range(10), p[i], color=["C0" if k == test.y[i] else "C3" for k in range(10)])
    bottom.set(ylim=(0, 1), yticks=[], xticks=range(10))
    bottom.tick_params(labelsize=6)
plt.show()

# %% [markdown]
# ## A layer, and why it needs a bend
#
# A dense layer takes n features to m: y = x w + b, with w of shape (n, m). Each output is a weighted sum of all inputs.
# The library's version, with the gradient that lesson 1 derived:

# %%
show_source(mg.dense)

# %% [markdown]
# Two layers in a row are one: (x w + b) w' + b' = x (w w') + (b w' + b'). However many are stacked, the result is linear
# in x. So a function with a bend is put between them, most often the ReLU, max(z, 0). With it a network can come close
# to any continuous function on a bounded region, given enough units.
#
# ## The loss is a likelihood
#
# Begin with one question, yes or no: is this pixel white, is this image real? The network gives an unbounded number l, the
# *logit*. We take it for the logarithm of the odds, $l = \log\frac{p}{1-p}$. Solved for p it is the sigmoid,
# $p = 1/(1+e^{-l})$.
#
# The model says that t = 1 has probability p, and t = 0 has 1 - p; in one formula, $p^t (1-p)^{1-t}$. Good parameters
# give what was observed a high probability. Minus the logarithm turns the product over examples into a sum, and the
# maximum into a minimum: this is the *binary cross-entropy*, in nats,
#
# $$ L = -t \log p - (1-t)\log(1-p) . $$
#
# Do not compute it this way. With l = 20, p rounds to 1 in float32, and log(1 - p) is infinite. Put the sigmoid in:
# $\log p = -\log(1+e^{-l})$, and $1 - p = e^{-l}/(1+e^{-l})$, so $\log(1-p) = -l - \log(1+e^{-l})$. Hence
#
# $$ L = t\log(1+e^{-l}) + (1-t)\big(l + \log(1+e^{-l})\big) = l - l\,t + \log(1+e^{-l}) . $$
#
# For l >= 0 that is safe. For l < 0 use $\log(1+e^{-l}) = -l + \log(1+e^{l})$, which gives $-l\,t + \log(1+e^{l})$. Both in one:
# $L = \max(l,0) - l\,t + \log(1+e^{-|l|})$.

# %%
logits = np.linspace(-30, 120, 601, dtype=np.float32)
safe = mg.ops.bce_with_logits(logits, np.zeros_like(logits))
with np.errstate(all="ignore"):  # the point of the picture
    by_definition = -np.log(1 - 1 / (1 + np.exp(-logits)))  # t = 0
figure, axes = plt.subplots(1, 2, figsize=(9, 2.9), layout="constrained")
for axis, part in ((axes[0], slice(None)), (axes[1], slice(170, 200))):
    axis.plot(logits[part], safe[part], color="C0", label="max(l, 0) + log(1 + exp(-|l|))")
    axis.plot(logits[part], by_definition[part], "--", color="C3", linewidth=2, label="-log(1 - p)")
    axis.set(xlabel="logit l, float32", ylabel="loss for t = 0")
axes[0].legend(fontsize=8)
axes[1].set_title("the same, near the end of the red line", fontsize=9)
plt.show()
print("by definition infinite from l =", logits[np.isinf(by_definition)].min())

# %% [markdown]
# **Exercise 03.1.** `bce`. Summed over the features of an example, averaged over the batch: so the loss is nats per
# example, and a batch taken twice has the same loss. The test has logits of 2000.

# %%
check("03.1")

# %% [markdown]
# ## Many classes: softmax
#
# For K classes let the odds between *any* two be $p_k / p_j = e^{l_k - l_j}$. Then $p_k = e^{l_k} c$ with one c for all,
# and as they add up to 1,
#
# $$ p_k = \frac{e^{l_k}}{\sum_j e^{l_j}}, \qquad L = -\log p_y = -l_y + \log\sum_j e^{l_j} $$
#
# for an example of class y. Only differences of logits count: a number m added to all cancels. Choose $m = -\max_j l_j$,
# and no exponential exceeds 1. With K = 2 it is the sigmoid of $l_1 - l_0$. A network that knows nothing gives equal
# probabilities and the loss log K: for ten digits 2.303. Whatever your first loss is, compare it with this.
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
# **Predict before you run:** a network is certain and wrong: t = 1, and l = -6. How strong is the gradient of the
# cross-entropy there? And that of the squared error $(p - t)^2$? Which of them repairs the mistake?

# %%
logits = np.linspace(-8, 8, 200)
p = 1 / (1 + np.exp(-logits))
figure, axis = plt.subplots(figsize=(6, 2.9), layout="constrained")
axis.plot(logits, p - 1, label="cross-entropy: p - t")
axis.plot(logits, 2 * (p - 1) * p * (1 - p), label="squared error: 2 (p - t) p (1 - p)")
axis.axvline(-6, color="0.6", linestyle="--")
axis.set(xlabel="logit l, while t = 1", ylabel="derivative of the loss")
axis.legend(fontsize=8)
plt.show()
p = 1 / (1 + np.exp(6.0))
print(f"at l = -6: cross-entropy {p - 1:.4f}, squared error {2 * (p - 1) * p * (1 - p):.4f}")

# %% [markdown]
# The squared error hardly moves, two hundred times more slowly: the factor p (1 - p) of the sigmoid's derivative vanishes
# where the sigmoid is flat. The logarithm's 1/p cancels it. Lesson 9 meets the same in the losses of GANs.
#
# **Exercise 03.3.** `cross_entropy_backward`. Exercise 03.2 is its other half: no gradient check would notice a wrong loss.

# %%
check("03.3")

# %% [markdown]
# ## How large at the start?
#
# Not zero: if the weights into two units are equal, so are their values, and if those out of them are equal too, so are
# their gradients, and they stay equal. So random. How large? Take $z = \sum_{i=1}^n x_i w_i$ with independent
# weights of mean 0 and variance v. The mixed terms have mean 0, and
#
# $$ \mathrm{Var}\,z = \sum_{i=1}^n \mathbb{E}[x_i^2]\,\mathbb{E}[w_i^2] = n\,v\,\mathbb{E}[x^2] . $$
#
# As z is symmetric around 0, a ReLU cuts half of it away: $\mathbb{E}[\max(z,0)^2] = \tfrac12 \mathrm{Var}\,z$. So each layer
# multiplies the mean square by $n v / 2$. Over 20 layers that is $(nv/2)^{20}$, which vanishes or explodes unless
# $v = 2/n$ (He et al. 2015). Going backwards each gradient is a sum over the layer's *outputs*, and the same argument asks for 2 / fan_out;
# Glorot & Bengio (2010), without the ReLU's factor, take the middle, 2 / (fan_in + fan_out).

# %%
rng = np.random.default_rng(0)
figure, axis = plt.subplots(figsize=(6, 2.9), layout="constrained")
n = 256
variances = {"4 / n": 4 / n, "2 / n (He)": 2 / n, "1 / n": 1 / n, "0.02^2 (as DCGAN)": 0.02**2}
for name, v in variances.items():
    h = rng.standard_normal((200, n))
    sizes = []
    for _ in range(20):
        h = np.maximum(h @ (rng.standard_normal((n, n)) * np.sqrt(v)), 0)
        sizes.append(np.sqrt((h * h).mean()))
    axis.semilogy(range(1, 21), sizes, "o-", markersize=3, label=name)
axis.set(xlabel="layer", ylabel="root mean square", xticks=range(2, 21, 2))
axis.legend(fontsize=8, title="variance of the weights", title_fontsize=8)
plt.show()
show_source(nn.he_normal)

# %% [markdown]
# **Exercise 03.4.** `he_weights`. The noise is given, so that there is one right answer.

# %%
check("03.4")

# %% [markdown]
# ## Dying units
#
# The gradient of a unit's weights is $\sum_n g_n\,[z_n > 0]\,x_n$. If z is negative for *every* image, the gradient is zero,
# and the unit's weights never change again. In the first layer this is final, as its inputs are the images and stay
# what they are; a later layer may be rescued by changes below it. It takes one step that is too large. Here are the
# silent units of the first layer, with a learning rate of 1 for 100 steps, then of 0.1.

# %%
figure, axis = plt.subplots(figsize=(6, 2.8), layout="constrained")
for name, lr in {"0.1": 0.1, "1, then 0.1": lambda t: 1.0 if t < 100 else 0.1}.items():
    trained, silent = network(), []
    for t, _ in enumerate(islice(training(trained, lr), 301)):
        if t % 20 == 0:
            z = trained[0](images).numpy()  # of all training images
            silent.append((z.max(axis=0) <= 0).mean())
    right = (probabilities(trained, unseen).argmax(axis=1) == test.y).mean()
    axis.plot(range(0, 301, 20), silent, "o-", label=f"learning rate {name}: {right:.1%} right in the end")
axis.axvline(100, color="0.6", linestyle="--")
axis.set(xlabel="step", ylabel="share of silent units", ylim=(-0.05, 1.05))
axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# The curve never falls: none comes back, however careful one is from then on. Remedies: a smaller rate, or one that
# warms up; normalised inputs to each layer (lesson 10); or a *leaky* ReLU, whose slope on the left is 0.2 and not 0.
#
# ## A misconception, put to the test
#
# *"It trains, so the loss is right."* `cross_entropy_loss` takes logits. Give it probabilities, which looks reasonable,
# and the softmax is applied twice. **Predict:** what is the smallest loss that it can reach then?

# %%
figure, axis = plt.subplots(figsize=(6, 2.8), layout="constrained")
for name, output in (("logits", lambda logits: logits), ("softmax twice", mg.softmax)):
    trained = network()
    losses = list(islice(training(trained, output=output), 600))
    right = (probabilities(trained, unseen).argmax(axis=1) == test.y).mean()
    axis.plot(np.convolve(losses, np.ones(20) / 20, "valid"), label=f"{name}: {right:.1%} right")
axis.axhline(np.log(1 + 9 / np.e), color="0.6", linestyle="--", label="log(1 + 9 / e) = 1.461")
axis.set(xlabel="step", ylabel="loss, averaged over 20 steps", ylim=(0, 2.4))
axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# It trains, and even classifies. But the best it can feed to the second softmax is 1 for the right class and 0 for the
# nine others, whose softmax is $e/(e+9)$: the loss never falls below $\log(1 + 9/e)$. The probabilities are wrong, and
# learning is slower. A falling curve proves little; a *value* one has predicted proves more.
#
# ## Something to play with
#
# The weights into a unit of the first layer are an image: what it likes to see. Below is what training has *added* to
# twelve of them. Change the model: other rates, more steps, `nn.LeakyReLU`, `nn.Tanh`. Why are some images empty if the
# rate is 1? And why does the border of MNIST's images never change?

# %%
mine, start = network(nn.ReLU), network()[0].w.numpy()
losses = list(islice(training(mine, lr=0.3), 300))
figure, axes = plt.subplots(1, 12, figsize=(11, 1.2), layout="constrained")
for axis, column in zip(axes, (mine[0].w.numpy() - start).T, strict=False):
    axis.imshow(column.reshape(train.x.shape[1:3]), cmap="coolwarm", vmin=-0.2, vmax=0.2)
    axis.set_axis_off()
plt.show()

# %% [markdown]
# ## Where to go next
#
# - Goodfellow, Bengio & Courville 2016, *Deep Learning*, section 6.2: output units and maximum likelihood.
# - Glorot & Bengio 2010, *Understanding the difficulty of training deep feedforward neural networks*, section 4.2.
# - He, Zhang, Ren & Sun 2015, *Delving deep into rectifiers*, section 2.2: the factor 2.
# - Maas, Hannun & Ng 2013, *Rectifier nonlinearities improve neural network acoustic models*: the leaky ReLU.
# - In the library: `minigen/ops/linalg.py`, `minigen/nn/layers.py`, `nn/init.py` and `nn/losses.py`.
# - Lesson 4 looks at the step: from gradient descent to Adam.
