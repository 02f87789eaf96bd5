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
# # Lesson 17: Attention and the Transformer
#
# **Afterwards you can** write attention and derive its gradient, say what the mask, the heads and the cache are for,
# build a Transformer of these parts, and open a trained one to see which head does what.
#
# **Time:** 45 minutes to read, about two hours with the six exercises. **You need** lessons 1 and 3, and of lesson 16
# that a model of texts is trained on -log p of the next symbol.
#
# First the picture: a Transformer with a single block has learnt to add numbers of two digits, from 9 000 of the 10 000
# sums. A line such as `38+47=580` has the sum written backwards, the units first: 38 + 47 = 085. The table shows what
# each of its three heads looks at while it writes a digit, on the average over 1 000 sums that it has never seen. (`a1`
# and `a0` are the tens and units of the first number, `s0` is the first digit that it writes.)
#
# ![What three heads look at while a Transformer adds](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen.data import load
from minigen.lessons import Choice, Slider, check, move, predict, quiz, show_source
from minigen.lessons.pictures import attention as pictures

train, test = load("adder").x, load("adder", "test").x
net = pictures.new_net(seed=1)
losses = pictures.fit(net, train, steps=2500, seed=1)
figure = pictures.opening(net, test)

# %% [markdown]
# The training and the drawing code stand in `minigen/lessons/pictures/attention.py`; `show_source(pictures.fit)` shows
# the training.
#
# ## What counting cannot do
#
# A model that counts contexts (lesson 16) needs to have seen a context before it can say anything about it. For the first
# digit, the units, it has to know both units digits, and the farther one stands five places back. That makes a thousand
# contexts with nine training lines each, and will do. The tens digit needs both tens digits and the carry, which makes
# a context of seven symbols: the whole sum. How many of the unseen sums does counting get right?

# %%
for order in (1, 3, 5, 7):
    share, digits = pictures.right(pictures.counting(train, order), test)
    print(f"counting, order {order}: {share:.1%} of the sums right; units, tens, hundreds: {np.round(digits, 2)}")
share, digits = pictures.right(net, test)
print(f"the Transformer:   {share:.1%} of the sums right; units, tens, hundreds: {np.round(digits, 2)}")

# %% [markdown]
# An unseen sum has no counts. To get it right, a model must find out that tens and units are two questions, and fetch
# for each the digits that it needs, wherever they stand, without the rest. That is attention.
#
# ## A dictionary that is soft
#
# A dictionary answers a *query* with the *value* of the *key* that is equal to it. There is no gradient in that: a key
# is equal or it is not. Attention takes the mean of all values, weighted by how well the keys fit. Query, keys and
# values are vectors, and the fit is their inner product. For the queries Q (Tq, D), the keys K (Tk, D) and the values V
# (Tk, M), a row for each place,
#
# $$ S = \frac{Q K^\top}{\sqrt D}, \qquad P = \mathrm{softmax}(S) \text{ row by row}, \qquad Y = P V . $$
#
# **Predict before you run.** Why the root? Let the numbers of the queries and keys be N(0, 1), 64 in each vector. What
# is the standard deviation of the inner products?

# %%
predict("17.a", ...)

# %%
rng = np.random.default_rng(0)
q, k = rng.standard_normal((2, 1000, 64))
products = q @ k.T
sharp = mg.softmax(products).max(axis=1).mean()
soft = mg.softmax(products / 8).max(axis=1).mean()
print(f"deviation {products.std():.2f}; the largest of 1000 weights: {sharp:.2f}, over the root {soft:.3f} (mean)")

# %% [markdown]
# A sum of D independent terms of variance 1 has the variance D. Without the root, the scores would grow with the length
# of the vectors, and the softmax would put nearly all weight on one key from the start. Where the weights are 0 and 1
# the softmax has a gradient of nearly 0, and nothing is learnt. Move the factor:

# %%
move(
    pictures.sharpened(),
    factor=Slider(0.0, 3.0, 0.25, start=1.0, label="factor of the queries"),
    masked=Choice((True, False), start=True, label="mask"),
)

# %% [markdown]
# **Exercise 17.1.** `attention_weights`, for scores of any size.

# %%
check("17.1")

# %% [markdown]
# ## The mask
#
# A model of texts says at each place what comes *next*. If a place could look at the next one, it would have the answer.
# So its scores for later keys are set to minus infinity, and the weights are exactly 0: *causal* attention.
#
# What happens without the mask? The same net, the same lines, but every place sees all others. (Training ends when the
# mean of 50 losses is below 0.01.)

# %%
cheat = pictures.unmasked(pictures.new_net())
free = pictures.fit(cheat, train, steps=300)
figure = pictures.curves(losses[:300], free)

# %% [markdown]
# **Predict before you run.** The net without a mask reaches a loss of nearly 0, many times as fast. Now it has to write
# the sums itself, digit after digit, where no later symbol is there to be seen. How many of its sums are right?
# (a) nearly all; (b) about a half; (c) fewer than one in ten.

# %%
predict("17.b", ...)

# %%
copied, _ = pictures.right(cheat, test)
print(f"loss of the last steps: {np.mean(free[-20:]):.4f} nats; sums that it writes right: {copied:.1%}")

# %% [markdown]
# It has learnt to copy the symbol to its right. **A loss that is too good is a symptom**, and nothing in the curve shows
# it. So the library has a test for each causal model: change a later symbol, and nothing before it may change.

# %%
x = test[:1, :-1].astype(int)
y = x.copy()
y[0, 8] = 3 + (y[0, 8] - 2) % 10  # another digit in the last place but one
for name, model in (("with the mask", net), ("without", cheat)):
    with mg.no_grad():
        moved = np.abs((model(x) - model(y)).numpy()).max(axis=2)[0]
    print(f"{name:14}", "largest change of the logits, by place:", np.round(moved, 2))

# %% [markdown]
# **Exercise 17.2.** `causal_attention`. The queries may be fewer than the keys: then they are the last ones. You will
# see below what that is good for.

# %%
check("17.2")

# %% [markdown]
# ## The gradient by hand
#
# Attention is two products with a softmax between them, so its gradient is a short chain. G = dL/dY arrives. From
# Y = P V, by the rule of the product (lesson 1),
#
# $$ \frac{\partial L}{\partial V} = P^\top G, \qquad \frac{\partial L}{\partial P} = G V^\top . $$
#
# The softmax of a row has the derivative $\partial p_j / \partial s_i = p_j (\delta_{ij} - p_i)$. So with
# $dP = \partial L / \partial P$,
#
# $$ \frac{\partial L}{\partial s_i} = \sum_j dP_j\, p_j (\delta_{ij} - p_i) = p_i \Big( dP_i - \sum_j p_j\, dP_j \Big) . $$
#
# In words: a score should rise if its key's value serves better than what the query gets now, the weighted mean. A
# hidden key has $p_i = 0$ and gets no gradient. And from $S = Q K^\top / \sqrt D$,
#
# $$ \frac{\partial L}{\partial Q} = \frac{1}{\sqrt D}\, dS\, K, \qquad \frac{\partial L}{\partial K} = \frac{1}{\sqrt D}\, dS^\top Q . $$
#
# **Exercise 17.3.** `attention_gradient`.

# %%
check("17.3")

# %% [markdown]
# One more step, which programs use: $\sum_j p_j\, dP_j = \sum_j p_j \sum_m g_m v_{jm} = \sum_m g_m y_m$. The sum over
# all keys is a sum over the few numbers of the result. Check it, and the whole gradient, against the library's:

# %%
q, k, v = (mg.tensor(a, requires_grad=True) for a in rng.standard_normal((3, 1, 5, 1, 4)))  # (N, T, H, D)
g = rng.standard_normal((1, 5, 1, 4))
out = mg.attention(q, k, v)
out.backward(g)
p = mg.attention_weights(q, k).numpy()[0, 0]
upstream, values, result = g[0, :, 0], v.numpy()[0, :, 0], out.numpy()[0, :, 0]
dp = upstream @ values.T
ds = p * (dp - (upstream * result).sum(axis=1, keepdims=True)) / 2  # the root of 4
print("largest difference of dL/dQ:", f"{np.abs(ds @ k.numpy()[0, :, 0] - q.grad.numpy()[0, :, 0]).max():.1e}")

# %% [markdown]
# In the library attention is one operation (`minigen/ops/dot_product_attention.py`). All three gradients need dS, and
# computed as one they share it. And half of a causal P is zeros: rows are taken in blocks, each only up to the last key
# that it sees.
#
# ## Heads
#
# A weighted mean of values mixes what it takes: with one softmax a place cannot fetch one thing from here and another
# from there and keep them apart. So there are several *heads*, each with queries, keys and values of its own in a part
# of the features. The results stand side by side, and a last matrix mixes them.
#
# **Exercise 17.4.** `multi_head`.

# %%
check("17.4")

# %% [markdown]
# ## The block, and the places
#
# A Transformer is a stack of blocks of two parts, each *added* to what passes:
#
# $$ h \leftarrow h + \mathrm{attention}(\mathrm{norm}(h)), \qquad h \leftarrow h + \mathrm{MLP}(\mathrm{norm}(h)) . $$
#
# Attention is the only part in which places meet. The MLP works on each place by itself. The norm is lesson 10's layer
# norm, and because of the sums a gradient reaches the lowest layer undiminished.

# %%
(block,) = net.body.blocks
show_source(type(block).forward)

# %% [markdown]
# Something is still missing. A weighted mean does not know the order of what it is taken of.
#
# **Predict before you run.** Take away the vectors of the places, so that each symbol is only itself, and exchange two
# symbols near the beginning of a line. By how much do the logits at the *last* place change, at most? (They are
# numbers of the size of 1 to 20.)

# %%
predict("17.c", ...)

# %%
exchanged = x[:, [0, 4, 2, 3, 1, 5, 6, 7, 8, 9]]
places = net.body.places.numpy().copy()
with mg.no_grad():
    with_places = np.abs((net(x) - net(exchanged)).numpy()[0, -1]).max()
    net.body.places.data[...] = 0
    without_places = np.abs((net(x) - net(exchanged)).numpy()[0, -1]).max()
    net.body.places.data[...] = places
symbols = [pictures.ALPHABET[i] for i in x[0, [1, 4]]]
print(f"exchanged: {symbols}; largest change with places {with_places:.2f}, without {without_places:.1e}")

# %% [markdown]
# For one block, the text before a place is a bag of symbols. So each place gets a vector of its own, which is added to
# that of the symbol and learnt with the rest (fixed waves do as well). How can a head use it to look at "the symbol
# three places back"? Build one by hand.
#
# **Exercise 17.6 (open task).** `look_back`: queries and keys for a head that looks a given distance back.

# %%
check("17.6")

# %% [markdown]
# ## The adder, opened up
#
# Look at the opening picture again. What does the net need for each digit? For the units, both units digits. For the
# tens, both tens digits, and whether the units give a carry: for that it may look at the units digits again, or at the
# digit that it has just written. For the hundreds, only a carry is left. (In the net of the picture, which head looks
# at the units digits again while the tens are written?)
#
# Weights tell where a head looks. They do not tell whether it matters. For that, drop what one head says and see which
# digits suffer:

# %%
figure = pictures.knocked_out(net, test)

# %%
w = pictures.weights(net, test).mean(axis=0)
_, digits = pictures.right(net, test)
for head in range(pictures.HEADS):
    print(f"head {head} writes the units: {w[head, 6, 2]:.2f} of its weight on a0, {w[head, 6, 5]:.2f} on b0")
a0, b0 = w[:, 6, 2].sum(), w[:, 6, 5].sum()
print(f"all heads together: {a0:.2f} on a0, {b0:.2f} on b0, {pictures.HEADS - a0 - b0:.2f} on all the rest")

# %% [markdown]
# Taken together, the heads look at a0 and b0 for the most part. They must: a sum takes both digits, and the mean of two
# vectors is their sum in disguise. The MLP then turns "the mean of 8 and 7" into "5". How the heads share the work is
# another matter. It depends on the seed, and even on how a computer rounds: in some nets each head looks at both digits,
# in others one looks more at a0 and another at b0, and the two lower rows are less tidy. (The time that training takes
# depends on the seed, too. The net soon finds the units. Until it has found the carry, the tens are right in one of
# ten, and some nets are still there after 2500 steps.)
#
# ## A misconception, put to the test
#
# *"A head's importance can be read off its weights."* Then a head that looks at the right digits should be one that the
# net needs. Here is what each head looks at while the units are written, beside what is left of the units without it.
# And for the head that is missed most: what do the weights say after it was dropped?

# %%
left = [pictures.without_head(net, head, test)[0] for head in range(pictures.HEADS)]
for head in range(pictures.HEADS):
    useful = w[head, 6, [2, 5]].sum()
    print(f"head {head}: {useful:.2f} of its weight on a0 and b0; units right without it: {left[head]:.0%}")
missed = int(np.argmin(left))
with pictures.silenced(net, missed):
    change = np.abs(pictures.weights(net, test).mean(axis=0) - w).max()
print(f"units right: {digits[0]:.0%}, without head {missed} {left[missed]:.0%}; the weights change by {change:.1g}")

# %% [markdown]
# Two nets with the same weights everywhere: one writes the units, and the other one does not. So no weight can tell how
# much a head matters. A weight says where the head looks. It does not say what the head takes from there, a value that
# may be long or short or, as here, dropped, nor whether the others know it as well. Often the two go together: a head
# that looks elsewhere can be spared, and one that looks at the right digits is missed (by how much depends on the seed).
# But a head that rests on a symbol which says nothing, the line break or the `=`, adds the same vector each time, and
# the rest of the net may have learnt to expect it. So weights are a hint, and a knock-out is evidence.
#
# ## The cache
#
# A text is written symbol by symbol. Written naively, each new symbol costs a pass over all that came before. But with
# the mask, the keys and values of a place do not depend on what follows it. So they are kept, and a new place costs one
# query that looks at all keys: Tq = 1, Tk = all.

# %%
with mg.no_grad(), net.evaluating():
    whole = net(x).numpy()
    state = net.body.start(1)
    one_by_one = np.concatenate([net(x[:, t : t + 1], state).numpy() for t in range(x.shape[1])], axis=1)
print("largest difference of the logits:", f"{np.abs(whole - one_by_one).max():.1e}")
for length in (64, 256, 1024):
    naive, cached = sum(t * t for t in range(1, length + 1)), sum(range(1, length + 1))
    print(f"{length} symbols: {naive / cached:.0f} times as many scores without the cache")

# %% [markdown]
# Keys come in pieces, then: what is in the cache, and what is new. Can attention to all of them be put together from
# attention to each piece?
#
# **Exercise 17.5 (derivation).** `merged`: put two softmaxes together without their scores. (With this, programs take
# the keys block by block and never store the whole matrix of weights.)

# %%
check("17.5")

# %% [markdown]
# To train a Transformer on a text, and to write with it: `python -m minigen train transformer --data shakespeare`, then
# `python -m minigen sample RUN --prompt "ROMEO:"`. Hold its loss against counting's, which is printed beside it.
#
# ## Five quick questions

# %%
quiz("17")

# %% [markdown]
# ## Where to go next
#
# - Vaswani et al. 2017, [*Attention is all you need*, arXiv:1706.03762](https://arxiv.org/abs/1706.03762): section 3.2
#   is the first half of this lesson.
# - Bahdanau, Cho & Bengio 2015, [*Neural machine translation by jointly learning to align and translate*,
#   arXiv:1409.0473](https://arxiv.org/abs/1409.0473): attention before the Transformer.
# - Xiong et al. 2020, [*On layer normalization in the Transformer architecture*,
#   arXiv:2002.04745](https://arxiv.org/abs/2002.04745): why the norm stands before each part.
# - Dao et al. 2022, [*FlashAttention*, arXiv:2205.14135](https://arxiv.org/abs/2205.14135): exercise 17.5, made fast.
# - Jain & Wallace 2019, [*Attention is not explanation*, arXiv:1902.10186](https://arxiv.org/abs/1902.10186): the
#   misconception, on real texts.
# - Nanda et al. 2023, [*Progress measures for grokking via mechanistic interpretability*,
#   arXiv:2301.05217](https://arxiv.org/abs/2301.05217): another adder, opened up to the last number.
# - In the library: `minigen/models/sequences/transformer.py`, `minigen/ops/dot_product_attention.py`, and the same
#   operation in plain loops in `minigen/ops/loops.py`.
# - Lesson 18 turns to music.
