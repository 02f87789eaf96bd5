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
# # Lesson 16: The next symbol
#
# **Afterwards you can** write the probability of a text as a product, derive that counting is maximum likelihood, read
# a loss in nats, bits and perplexity, say why a likelihood on the training text proves nothing, smooth counts so that
# nothing is impossible, and draw names that nobody has.
#
# **Time:** 40 minutes to read, about two hours with the six exercises. **You need** the softmax and its loss from
# lesson 3, and the KL divergence from lesson 6.
#
# Lesson 15 ended the first part of the course: images, and models that give their likelihood as a bound or not at all.
# The second part is about things that come one after the other, and here the likelihood is exact. First the
# picture: how often each letter follows each other letter in 4647 first names, as a share of its row. A dot stands for
# the end of a line, which begins and ends every name.
#
# ![A table of 27 by 27 shares: after q comes u, and names often end with a](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen.data import load
from minigen.lessons import Choice, Slider, check, move, predict, quiz, show_source
from minigen.lessons.pictures import next_symbol
from minigen.models.sequences.ngram import PAD, NGram, text_of

train, test = load("names"), load("names", "test")  # x: a row a name, its letters as numbers
text = np.append(0, train.x[:, 1:][train.x[:, 1:] != PAD])  # one name after the other, a line end between two
figure = next_symbol.shares_after(text, train.alphabet)

# %% [markdown]
# Look at the row of q: after it comes u, nearly always. Look at the column of the dot: after y, a or e the name is
# often over. (The module `next_symbol` holds the drawing code; `show_source(next_symbol.shares_after)` prints it.)
#
# ## A text is a product
#
# Each symbol of a text is a number from 0 to V - 1; here V = 27, and 0 is the line end. Whatever distribution p over
# texts we choose, the *chain rule* of probability writes it as
#
# $$ p(x_1, \dots, x_T) = \prod_{t=1}^{T} p(x_t \mid x_1, \dots, x_{t-1}), \qquad \log p(x) = \sum_{t=1}^{T} \log p(x_t \mid x_1, \dots, x_{t-1}) . $$
#
# So a model of texts is a model of the *next symbol*. It has no latent variable, hence there is no integral and no
# bound: log p(x) is exact, and we get it by adding T logarithms. To draw a text we draw one symbol after the other.
# Models of this kind are called *autoregressive*.
#
# The whole past has too many forms to make a list of them. The simplest way out is to forget: an *n-gram* model of
# *order* k looks back at the last k symbols only, its *context* h (and n = k + 1). Order 1 is the picture above.
#
# **Exercise 16.1.** `count_pairs`: how often each symbol follows each other one.

# %%
check("16.1")

# %% [markdown]
# ## Counting is maximum likelihood
#
# For order 1, the parameters are a table p(s|h) whose rows sum to 1. Let c(h, s) be the number of times that s follows
# h in the training text, and N(h) the sum of its row. The same factor p(s|h) stands c(h, s) times in the product, so
# that
#
# $$ \log p(\text{text}) = \sum_h \sum_s c(h, s) \log p(s|h) . $$
#
# Each row can be chosen by itself. Write f(s) = c(h, s) / N(h) for the row's relative frequencies, and add and subtract
# their logarithm:
#
# $$ \sum_s c(h, s) \log p(s|h) = N(h) \sum_s f(s) \log f(s) \;-\; N(h)\,\mathrm{KL}(f \,\|\, p(\cdot|h)) . $$
#
# The first term does not depend on p, and a KL is never negative. It is 0 for p = f alone. So the *relative
# frequencies are the maximum-likelihood estimate*: no gradient, no step size, one pass over the text.
#
# A net can learn the same table: 27 times 27 logits, a softmax for each row, the loss of lesson 3, and Adam.
#
# **Predict before you run.** After 400 steps, the training loss of this net is, compared with that of the relative
# frequencies, (a) more than 0.01 nats lower, (b) equal within 0.01 nats, (c) more than 0.01 nats higher.

# %%
predict("16.a", ...)

# %%
counts = np.bincount(27 * text[:-1].astype(int) + text[1:], minlength=27 * 27).reshape(27, 27)
frequencies = counts / counts.sum(axis=1, keepdims=True)
counted = -np.log(frequencies[text[:-1], text[1:]]).mean()

logits = mg.tensor(np.zeros((27, 27)), requires_grad=True)
adam, losses = mg.optim.Adam([logits], lr=0.1), []
for _ in range(400):
    loss = -(mg.log_softmax(logits) * counts).sum() / counts.sum()
    adam.zero_grad()
    loss.backward()
    adam.step()
    losses.append(loss.item())
figure = next_symbol.learnt_and_counted(losses, counted)
print(
    f"training text: counted {counted:.4f} nats a symbol, learnt {losses[-1]:.4f}, all letters alike {np.log(27):.4f}"
)

# %% [markdown]
# The net cannot get below the counts, as they are the minimum, and it comes as near as you like. The derivative of the
# loss with respect to a logit is (N(h) softmax - c(h, s)) / N: it vanishes exactly where the softmax is the relative
# frequency. A larger net that sees more of the past does the same kind of counting, but it shares what it learns
# between contexts. Lesson 17 is about that.
#
# **Exercise 16.2.** `nats_a_symbol`: the loss of a table on a text.

# %%
check("16.2")

# %% [markdown]
# ## Nats, bits, perplexity
#
# A symbol with probability p costs -log p nats, or -log2 p *bits*: 1 nat is 1/log 2 = 1.443 bits. Shannon's theorem
# says what these bits are. An *arithmetic coder* that uses the model's probabilities writes the text in -log2 p(text)
# bits, but for two bits at the end, and if texts really come from the model, no code does better on average. So **a
# model of texts is a compressor**, and its test loss in bits a symbol tells the size of the file. The *perplexity*
# $e^{\text{nats}}$ says the same as a number of choices: the model is as uncertain as if so many symbols were equally
# likely.
#
# Each bar below is the price of one letter of a name that is not in the training set: for counting with order 1, and
# with order 3, where both are smoothed as explained below.

# %%
model = NGram(6, 27).fit(train.x)
figure = next_symbol.price_of_letters(NGram(1, 27).fit(train.x), NGram(3, 27).fit(train.x), "katherina", train.alphabet)
next_symbol.compressors(train, test, {f"order {k}": model.nats(test.x)[k] for k in (0, 1, 3)})

# %% [markdown]
# General compressors do not know that these are names; they have to find out from the training names, which they got
# first. Still, this is a fair baseline, and any model of text should be held against it.
#
# ## What has never been seen
#
# The training names hold nearly every pair of letters that a new name needs. A longer context should know more.
#
# **Predict before you run.** We count all contexts of three symbols in the 4647 training names. What percentage of the
# 516 test names contain at least one symbol that never followed its context, and so get the probability 0?

# %%
predict("16.b", ...)

# %%
name_of = np.nonzero(test.x[:, 1:] != PAD)[0]  # the row of each symbol that is predicted
impossible = {}
print("order   training nats   test nats   impossible test names")
for order in range(7):
    c, n = next_symbol.counts_after(train.x, train.x, order)  # how often this symbol followed, and how often any did
    c_test, n_test = next_symbol.counts_after(train.x, test.x, order)
    impossible[order] = len(np.unique(name_of[c_test == 0])) / len(test)
    with np.errstate(divide="ignore"):
        nats = [-np.log(a / np.maximum(b, 1)).mean() for a, b in ((c, n), (c_test, n_test))]
    print(f"{order:5} {nats[0]:15.3f} {nats[1]:11.3f} {impossible[order]:17.1%}")

# %% [markdown]
# The training nats fall with every order: a longer context can only fit better. But a single symbol with p = 0 costs
# infinitely many nats, and the test loss is infinite already with order 1. The maximum-likelihood table takes "not
# seen" for "impossible".
#
# The oldest remedy adds $\alpha$ to every count (Laplace added 1):
#
# $$ p(s|h) = \frac{c(h, s) + \alpha}{N(h) + \alpha V} . $$
#
# Move $\alpha$ and look at what it does to each order.

# %%
move(
    next_symbol.added(train.x, test.x),
    alpha=Slider(-3.0, 1.0, 0.25, start=0.0, label="log10 of alpha"),
    part=Choice(("test", "training"), start="test", label="names"),
)

# %% [markdown]
# For order 1 nearly any $\alpha$ will do. For order 3, $\alpha = 1$ ruins the model: most contexts were seen a few
# times only, and 27 invented counts outweigh them. A small $\alpha$ is better, but how small depends on the order. To
# choose it, one may hold out a part of the names. There is a way without.
#
# **Exercise 16.5 (derivation).** `leave_one_out`: what would the loss be if each symbol were predicted by the counts of
# all the others?

# %%
check("16.5")

# %% [markdown]
# ## Ask the shorter context
#
# Adding the same $\alpha$ for every symbol treats x and e alike after a context that was never seen. But the *shorter
# context* knows better. Read the N(h) symbols that follow h one by one. T(h) of them, as many as there are different
# ones, were *new* when they came. So "something new" has happened T(h) times: count it as an event of its own,
# beside the N(h) others. And if something new comes, let the shorter context h' (h without its oldest symbol) say what:
#
# $$ p(s|h) = \frac{c(h, s) + T(h)\, p(s|h')}{N(h) + T(h)} . $$
#
# This is the smoothing of Witten and Bell. It is an *interpolation*, $a f(s) + (1-a)\,p(s|h')$ with a = N / (N + T): a
# context that was seen often, with few followers, is trusted; a context that was never seen is not asked. At the end
# of the chain stands the uniform distribution. In the library `kinds` is T, and the formula is the line that begins
# with `p = (c`. Each turn of the loop makes the context one symbol longer:

# %%
show_source(NGram._by_order)

# %% [markdown]
# **Exercise 16.3.** `interpolated`: one step of it.

# %%
check("16.3")

# %% [markdown]
# ## A misconception, put to the test
#
# *"A model that sees more of the past cannot predict worse."* As a statement about the truth it is right: conditioning
# on more never makes the best prediction worse on average. Is it right for models that are learnt from 4647 names?
#
# **Predict before you run.** With this smoothing nothing is impossible any more. Compared with order 3, the test loss
# of order 6 is (a) lower, (b) equal within 0.02 nats, (c) higher.

# %%
predict("16.c", ...)

# %%
smoothed = {"test": model.nats(test.x), "training": model.nats(train.x)}
adding = [next_symbol.best_alpha(train.x, test.x, order) for order in range(7)]
figure = next_symbol.by_order(smoothed, adding)
best = int(np.argmin(smoothed["test"]))
print(f"best order {best}: {smoothed['test'][best]:.3f} nats a symbol, perplexity {np.exp(smoothed['test'][best]):.1f}")
print(f"order 6: {smoothed['test'][6]:.3f};  adding the best alpha, order 3: {adding[3]:.3f}")

# %% [markdown]
# The best order is in the middle. Beyond it the contexts are so rare that what followed them is chance, and smoothing
# cannot undo that completely. More text moves the best order up: in the megabyte of Shakespeare's plays it is 4. Note
# also that the dotted line *chose its alpha on the test names*, which is not allowed, and still lies above the solid
# one from order 2 on.
#
# The training loss would have told us to take the longest context. **A model is judged on text that it has not seen.**
#
# **Exercise 16.6 (open task).** `names_model`: predict the letters of new names better than this smoothing does.

# %%
check("16.6")

# %% [markdown]
# ## Drawing names
#
# Begin with a line end, draw the next symbol, append it, and go on until a line end comes. A *temperature* T takes each
# p to the power 1/T and makes the sum 1 again: below 1 what is likely becomes likelier, above 1 all symbols become
# more alike.

# %%
third = NGram(3, 27).fit(train.x)
for temperature in (0.5, 1.0, 1.5):
    print(f"T = {temperature}:", *next_symbol.drawn(third, train.alphabet, 10, temperature, seed=1))
for order in (0, 1, 2, 5):
    print(f"order {order}:", *next_symbol.drawn(NGram(order, 27).fit(train.x), train.alphabet, 10, seed=1))
shares = {k: next_symbol.share_of_copies(NGram(k, 27).fit(train.x), train, 500) for k in (1, 3, 5)}
print("drawn names that are training names:", *(f"order {k}: {share:.0%}" for k, share in shares.items()))

# %% [markdown]
# Higher orders look better, and the last line says one reason why: many of their names are copies. **Nice samples are
# no proof**: the test loss has told us that order 5 is the worse model. A low temperature gives up variety for safety:
# its names are all of the same kind.
#
# **Exercise 16.4.** `with_temperature`.

# %%
check("16.4")

# %% [markdown]
# ## What counting cannot do
#
# A text is no different from a list of names. Here are Shakespeare's sonnets, 96 kB, by character.

# %%
sonnets, rest = load("sonnets"), load("sonnets", "test")
lines = text_of(sonnets.x), text_of(rest.x)
bard = NGram(5, len(sonnets.alphabet)).fit(lines[0])
print("test nats by order:", *np.round(bard.nats(lines[1]), 3))
print(next_symbol.verse(NGram(3, len(sonnets.alphabet)).fit(lines[0]), sonnets.alphabet, 200))

# %% [markdown]
# The words are nearly English, and the sentences lead nowhere: three letters back, everything is forgotten. Counting
# has two limits. It needs a new row for each context, so that what it learns of "my love is" says nothing about "thy
# love is". And it cannot skip: to use a rhyme that stands two lines back, its context would have to hold all letters in
# between. A net can do both, if it learns *what to look at*. That is the attention of lesson 17. But first it has to
# beat these numbers, which took no training at all. On Shakespeare's plays counting gets 1.67 nats. nanoGPT's
# Transformer of 0.8 million weights, with the settings that its README gives for a CPU, gets 1.88. That is why
# `python -m minigen train` reports what counting gets beside the loss of every net of text.
#
# ## Five quick questions

# %%
quiz("16")

# %% [markdown]
# ## Where to go next
#
# - Shannon 1948, [*A mathematical theory of communication*,
#   doi:10.1002/j.1538-7305.1948.tb01338.x](https://doi.org/10.1002/j.1538-7305.1948.tb01338.x), sections 3 and 9: texts
#   drawn from counts of letters and of words, and what a code can save.
# - Witten & Bell 1991, [*The zero-frequency problem*, doi:10.1109/18.87000](https://doi.org/10.1109/18.87000): ways
#   to give the new a probability; ours is method C.
# - Chen & Goodman 1999, [*An empirical study of smoothing techniques for language modeling*,
#   doi:10.1006/csla.1999.0128](https://doi.org/10.1006/csla.1999.0128): which smoothing is best, and by how much. The
#   best one needs an idea more (exercise 16.6).
# - Bengio et al. 2003, [*A neural probabilistic language model*](https://www.jmlr.org/papers/v3/bengio03a.html): the
#   net that shares what it learns between contexts.
# - In the library: `minigen/models/sequences/ngram.py`. Try `python -m minigen train transformer --data names`.
# - Lesson 17 lets a net choose what to look at.
