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
# # Lesson 25: Why did it draw that?
#
# **Afterwards you can** derive shares of an answer that sum to the whole, check them, choose a baseline, say what such
# a map cannot tell, take a head out of a Transformer and measure what is lost, and find the heads that copy.
#
# **Time:** 45 minutes to read, about two hours with the six exercises. **You need** lessons 1, 3 and 17.
#
# First the picture: a network that reads handwritten digits. In the upper row are images that it has never seen, each
# with what it reads. Below each one stands what its answer owes to each pixel: orange pixels speak for the answer, blue
# ones against it. The network reads nearly all test images right. Still, something is wrong with it. Can you see what?
#
# ![Six digits that are read right, and what the answers owe to each pixel](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen import explain
from minigen.lessons import Choice, Slider, check, move, predict, quiz, show_source
from minigen.lessons.pictures import explanation as pictures

train, test = mg.data.load("digits"), mg.data.load("digits", "test")
reader = pictures.learn(pictures.new_reader(), pictures.marked(train.x, train.y == 8), train.y)
mean = train.x.mean(axis=0)
figure = pictures.opening(reader, pictures.marked(test.x, test.y == 8), test.y, mean)

# %% [markdown]
# The training and the drawing code stand in `minigen/lessons/pictures/explanation.py`. The pictures are made by
# `minigen.explain`, which has nothing in it that this lesson does not derive.
#
# "Why did it draw that?" is too large a question to be answered. But before a model draws, reads or writes anything, it
# computes a *number*: the logit of a class, a discriminator's logit for "real", the log-probability of the next symbol.
# Call it F(x), where x is all that the model sees. So we ask a smaller question: **how much does F(x) owe to each part
# of x?** And because such an answer is easily believed, we ask a second one each time: how would we notice if it were
# wrong?
#
# ## A gradient, and where it fails
#
# The plainest idea is the gradient. For a small change d of the input,
#
# $$ F(x + d) \approx F(x) + \sum_i \frac{\partial F}{\partial x_i}\, d_i . $$
#
# If F is linear, this holds for all d. Then F(x) - F(x') is the sum of the terms
# $(x_i - x'_i)\,\partial F / \partial x_i$, and each input has its share: *gradient times input*, counted from a
# *baseline* x' that stands for "nothing". For a network it holds near x only. Here is a function that has levelled off:

# %%
figure = pictures.levelled()

# %% [markdown]
# From x' = 0 to x = 2, F rises by 1, and x is the only input: its share must be 1. Gradient times input gives 2 x 0.
#
# A probability levels off in the same way when a network is sure. Let F be the probability of what our network reads.
# The baseline is the mean of the training images.
#
# **Predict before you run.** On average over the test images, F rises by nearly 0.9 from the mean image. To which part
# of the rise do the terms of gradient times input sum? (a) at least 80 %; (b) 20 to 80 %; (c) less than 20 %.

# %%
predict("25.a", ...)

# %%
honest = pictures.learn(pictures.new_reader(), train.x, train.y)  # another reader, which has never seen a mark
read = pictures.reads(honest, test.x)
sure = pictures.probability(honest, read)
rise = explain.integrated_gradients(sure, test.x, mean).rise.mean()
total = explain.gradient_times_input(sure, test.x, mean).sum(axis=(1, 2, 3)).mean()
share = total / rise
print(f"read right: {(read == test.y).mean():.1%}; F rises by {rise:.3f}")
print(f"gradient times input sums to {total:.3f}, which is {share:.0%} of that")

# %% [markdown]
# The surer the network, the less its gradient has to say. (The logit levels off less than the probability. From here on
# F is the logit of what is read, unless another F is named.)
#
# ## Shares that sum to the whole
#
# What do we want of the shares $A_i$? Three things, to begin with.
#
# 1. *Linear functions*: if F is linear, then $A_i = (x_i - x'_i)\,\partial F/\partial x_i$.
# 2. *Adding up along a way*: go from x' to x by way of a third point; the shares of the two parts add up.
# 3. *Equal treatment*: two inputs that F treats alike, and whose values are alike in x and in x', get the same share.
#
# Cut a way from x' to x into many short pieces. On each piece F is as good as linear, so by (1) the share of the input
# i is the change of $x_i$ times the gradient there. By (2) these are added up. As the pieces become shorter, the sum
# becomes an integral along the way $\gamma$,
#
# $$ A_i = \int_0^1 \frac{\partial F}{\partial x_i}(\gamma(a))\; \frac{d\gamma_i}{da}\; da . $$
#
# By the chain rule, the sum over i of what stands under the integral is dF/da. So, for any way,
#
# $$ \sum_i A_i = \int_0^1 \frac{d}{da} F(\gamma(a))\, da = F(x) - F(x') . $$
#
# This is *completeness*: nothing is lost and nothing is invented. Which way? Let F = x_1 x_2, from (0, 0) to (1, 1). If
# you move x_1 first, F stays 0, and then x_2 gets the whole 1. But F treats both alike, so by (3) both deserve 1/2. On
# the *straight* way, $\gamma(a) = x' + a\,(x - x')$, no input goes before another. That gives *integrated gradients*
# (Sundararajan, Taly & Yan 2017):
#
# $$ A_i(x) = (x_i - x'_i) \int_0^1 \frac{\partial F}{\partial x_i}\big(x' + a\,(x - x')\big)\, da . $$
#
# (This shows that the straight way treats inputs alike. That it is the only such way is a theorem, which you find in
# the paper.) The library takes the mean of the gradients in the middles of n equal parts of the way:

# %%
show_source(explain.integrated_gradients)

# %%
x = np.array([[1.0, 1.0]])
both = explain.integrated_gradients(lambda x: x[:, 0] * x[:, 1], x, np.zeros(2))
level = explain.integrated_gradients(lambda x: 1 - mg.relu(1 - x[:, 0]), np.array([[2.0]]), np.zeros(1))
print("shares of x_1 x_2:", both.values[0], " share of the function that levels off:", level.values[0])

# %% [markdown]
# **Exercise 25.1.** `collected_shares`: integrated gradients of a small network.

# %%
check("25.1")

# %% [markdown]
# Move the number of steps. On the left is the slope of the probability along the way from the mean image. The bars are
# the slopes that are collected: their mean must be the rise.

# %%
one = int(pictures.first_of(test.y, [3])[0])
sure_of_one = pictures.probability(honest, read[one : one + 1])
move(
    pictures.way_to_walk(sure_of_one, test.x[one], mean, f"p({read[one]})"),
    steps=Slider(1, 40, 1, start=6, label="steps"),
)

# %% [markdown]
# The gradient at the end of the way, where the image is, says nearly nothing. The answer was decided earlier.
#
# ## How many steps?
#
# Completeness is a check that costs nothing: if the shares do not sum to F(x) - F(x'), there were too few steps. How
# does the error fall? In a part of length h, write a smooth integrand as a Taylor series around the middle m,
# $g(m) + g'(m)\,t + g''(m)\,t^2/2 + \dots$, for t from -h/2 to h/2. The middle gets the first term right, and the
# second one cancels. What is left is $g''(m)\,h^3/24$. There are 1/h parts, so the whole error goes with $h^2$. At the
# *end* of a part the second term does not cancel: the error goes with h.
#
# **Predict before you run.** A network with smooth units (tanh): by which factor does the error fall when 64 steps
# become 128, taken in the middles?

# %%
predict("25.b", ...)

# %%
smooth = pictures.in_float64(pictures.learn(pictures.new_reader(layer=mg.nn.Tanh), train.x, train.y))
kinked = pictures.in_float64(pictures.learn(pictures.new_reader(), train.x, train.y))
few, base = test.x[:40].astype(np.float64), mean.astype(np.float64)
counts, curves = [1, 2, 4, 8, 16, 32, 64, 128], {}
for name, net, middles in (("tanh", smooth, True), ("ReLU", kinked, True), ("tanh, ends", smooth, False)):
    f = pictures.logit(net, pictures.reads(net, few))
    curves[name] = pictures.missing(f, few, base, counts, middles)
fall = curves["tanh"][-2] / curves["tanh"][-1]
figure = pictures.errors_by_steps(counts, curves)
print(f"from 64 to 128 steps the error falls {fall:.2f}-fold (tanh)")
for name, errors in curves.items():
    print(f"{name:10s} with 128 steps in place of 8 the error is 1/{errors[3] / errors[-1]:.0f} of what it was")

# %% [markdown]
# A ReLU network has kinks instead of curves. Between two kinks its gradient is constant, and the middle is exact. Only
# the parts with a kink inside are wrong. If the slope jumps there by J, the middle's slope stands for at most half a
# part in which the other one holds: an error of at most J h/2, sometimes of one sign, sometimes of the other. There are
# no more kinks if there are more parts. So the error goes with h, not with h^2.
#
# For one hidden layer of ReLUs, no steps are needed at all. **Exercise 25.5 (derivation).** `exact_shares`.

# %%
check("25.5")

# %% [markdown]
# ## From where?
#
# The baseline is a choice, and it is part of the question. A share of $x_i - x'_i = 0$ is 0. So from a black image *no
# black pixel can matter*, though what makes a 1 of a 7 is that something is not there. From the mean image, a pixel can
# also speak by being darker than usual.

# %%
rows = pictures.first_of(test.y, [0, 1, 3, 5, 8, 9])
x, f = test.x[rows], pictures.logit(honest, read[rows])
black = np.zeros_like(mean)
both = {name: explain.integrated_gradients(f, x, b) for name, b in (("from\nblack", black), ("from the\nmean", mean))}
figure = pictures.maps(x, {name: a.values[..., 0] for name, a in both.items()}, [f"reads {d}" for d in read[rows]])
for name, a in both.items():
    on_black = np.abs(a.values[x == 0]).sum() / np.abs(a.values).sum()
    off = np.abs(a.missing / a.rise).max()
    print(
        f"{' '.join(name.split())}: {on_black:.0%} of the shares (by size) on black pixels; missing at most {off:.1%}"
    )

# %% [markdown]
# Both rows are complete, and neither is *the* explanation. The first one answers "why this, and not a black image?",
# the second "why this, and not an average digit?". A map without its baseline is half of a sentence.
#
# ## Cover a place
#
# There is a way without gradients: cover a part of the image, and see by how much F falls (*occlusion*, Zeiler & Fergus
# 2014). It needs one call of F for each place of the patch. Here, too, there are choices: the size of the patch, and
# what it is filled with. And it has a blind spot of its own. Let F = max(x_1, x_2), and x = (1, 1). Cover either of the
# two, and the other one still suffices: nothing falls. Covered together, both are missed.
#
# **Exercise 25.2.** `covered_falls`.

# %%
check("25.2")

# %% [markdown]
# Which map is right? There is no picture of the truth to hold it against. But a map makes a claim that can be tested:
# *F rests on these pixels*. So put the mean image's pixels in place of the tenth that it names first, and see how far F
# falls, beside the same for pixels that are chosen at random.

# %%
f = pictures.logit(honest, read)
maps = {
    "integrated gradients": explain.integrated_gradients(f, test.x, mean).values[..., 0],
    "gradient times input": explain.gradient_times_input(f, test.x, mean)[..., 0],
    "occlusion, 2 x 2": explain.occlusion(f, test.x, mean, 2),
    "random pixels": np.random.default_rng(1).random((len(test.x), 8, 8)),
}
falls = {name: explain.without(f, test.x, mean, values, 0.1) for name, values in maps.items()}
for name, fall_of in falls.items():
    print(f"{name:20s}: the logit falls by {fall_of.mean():5.2f} +- {fall_of.std() / np.sqrt(len(fall_of)):.2f}")
first, second = (maps[name].reshape(len(test.x), -1).argsort(axis=1)[:, -6:] for name in list(maps)[:2])
common = np.mean([len(np.intersect1d(a, b)) for a, b in zip(first, second, strict=True)])
print(f"of the 6 pixels that integrated gradients name first, gradient times input names {common:.1f}")

# %% [markdown]
# All three know much more than chance. Between integrated gradients and the plain gradient there is hardly a difference
# here: for the *logit* of a network with one hidden layer, both name nearly the same pixels. What the plain gradient
# gets wrong, above all where an answer has levelled off, is how much the pixels are worth. (The patches of occlusion
# blur its map. A finer judge would be needed to say more, and each judge has a choice in it, too: what stands in place
# of the pixels that are taken away?)
#
# ## A stripe at the edge
#
# Back to the first network. In its map of each 8, most of the orange lies on three pixels at the left edge, where
# hardly anybody writes. The stripe is there because we put it there: each image of an 8 that it learnt from had it, and
# so have the eights of the test images in the picture. Such things happen without anybody's will: a classifier of
# photographs knew horses by the tag of their source, which stood in a corner of many of them (Lapuschkin et al. 2019).
#
# The map is a hypothesis: *this network reads the stripe*. Now it can be tested by an experiment.
#
# **Predict before you run.** How many of the test images of other digits are read as an 8 if they get the stripe? (a)
# more than 40 %; (b) 10 to 40 %; (c) fewer than 10 %.

# %%
predict("25.c", ...)

# %%
eights, others = test.y == 8, test.y != 8
as_in_training = pictures.reads(reader, pictures.marked(test.x, eights))
plain = pictures.reads(reader, test.x)
print(f"eights with the stripe: of all test images {(as_in_training == test.y).mean():.1%} are read right")
print(f"without it: of the eights {(plain == test.y)[eights].mean():.1%} are read right")
fooled = (pictures.reads(reader, pictures.marked(test.x, others)) == 8)[others].mean()
print(f"other digits with the stripe: {fooled:.1%} are read as an 8")

# %% [markdown]
# No loss and no accuracy on images from the same source shows this. A map does, and this is what maps are good for:
# they tell you which experiment to make.
#
# ## A misconception, put to the test
#
# *"The map follows the strokes of the digit. So the network looks at the strokes."* Then the map of a network that
# looks at nothing should look different. Take the same network with *random weights*, which has learnt nothing, and
# compare the maps of the same logits. (This is one of the sanity checks of Adebayo et al. 2018.)
#
# **Predict before you run.** What is the correlation between the *sizes* of the shares of the trained and of the random
# network, over the pixels of an image? (a) below 0.2; (b) 0.2 to 0.6; (c) above 0.6.

# %%
predict("25.d", ...)

# %%
blank = pictures.new_reader(seed=7)
trained = maps["integrated gradients"]
random = explain.integrated_gradients(pictures.logit(blank, read), test.x, mean).values[..., 0]
sizes_alike = pictures.similarity(np.abs(trained), np.abs(random))
signs_alike = pictures.similarity(trained, random)
figure = pictures.maps(x, {"trained": np.abs(trained[rows]), "random\nweights": np.abs(random[rows])})
print(f"correlation of the sizes {sizes_alike:.2f}, with their signs {signs_alike:.2f}")
fall_random = explain.without(f, test.x, mean, random, 0.1).mean()
print(
    f"the trained network's logit falls by {falls['integrated gradients'].mean():.2f} without the pixels that its own"
)
print(f"map names, by {fall_random:.2f} without those that the map of random weights names")

# %% [markdown]
# The sizes agree to a good part, since a share is a gradient *times* (pixel - mean pixel), and the second factor draws
# the digit whatever the network does. The signs and the experiment tell the two apart. **That a map looks plausible
# says that the map shows the image. Whether it shows the network must be tested**: by random weights, and by taking
# away what it names.
#
# ## Take a head away
#
# Now to a model that writes. Its symbols are 12 letters, and each of its texts has a *rule of its own*: one letter
# follows each letter. One time in four it jumps to any letter instead. Nothing that holds for all texts helps to
# predict the next letter. One must see what followed the same letter earlier, in this text.

# %%
for walk in explain.walks(3, 32, 12, mg.Generator(5)):
    print(pictures.as_text(walk))

# %% [markdown]
# Two Transformers learn it, one with a single layer and one with two. All else is equal: two heads in each layer, the
# same width, the same texts. Beside their losses stand log 12, for one who knows nothing, and the loss of one who
# counts what followed earlier in the text.

# %%
two, one_layer = pictures.new_copier(2), pictures.new_copier(1)
losses = {"two layers": pictures.learn_walks(two, 500), "one layer": pictures.learn_walks(one_layer, 500)}

# %%
new = explain.walks(1000, 32, 12, mg.Generator(9))
lines = {"knows nothing": np.log(12), "counts": pictures.by_counting(new).mean()}
figure = pictures.loss_curves(losses, lines)

# %% [markdown]
# The loss of the two layers hardly falls for a hundred steps, and then it falls within a hundred. Something has clicked
# into place. To see what, show the model random letters, and then *the same ones once more*. The first time nobody can
# predict anything. The second time one who looks back knows it all.

# %%
repeated = explain.repeated(100, 12, 12, mg.Generator(2))
print(pictures.as_text(repeated[0]))
figure = pictures.copies(
    {name: explain.copying(model, repeated) for name, model in (("two layers", two), ("one layer", one_layer))}
)

# %% [markdown]
# Why does the model with two layers write the right letter? Integrated gradients can be asked here too. F is the
# log-probability of the next letter, x are the vectors of the letters so far, and the baseline is the mean vector.

# %%
shares, missing = pictures.shares_of_symbol(two, repeated[0], place=17)
figure = pictures.owed(shares, repeated[0])
print(f"the shares sum to {shares.sum():.2f} nats; {missing:+.3f} are missing")
several = np.mean([pictures.shares_of_symbol(two, text, place=17)[0] for text in repeated[:8]], axis=0)
rest = np.abs(np.delete(several, [5, 6, 16, 17])).max()
print("on average over eight such texts:")
print(f"  the last letter {several[17]:+.2f}, the one before it {several[16]:+.2f}")
print(f"  twelve places earlier {several[5]:+.2f}, the one that followed there {several[6]:+.2f}")
print(f"  any other at most {rest:.2f} in size")

# %% [markdown]
# The answer rests on few letters. One is the last: without it, nobody knows what to look for. Far back there are two
# more, the same letter twelve places earlier and the one that followed it. And the letter before the last speaks
# *against* the answer: a share says what the number owes to a letter, and not why. For the how we look inside.
#
# A head has a pattern P (lesson 17): how much each place takes from each earlier one. It says where the head looks, and
# not whether that matters. So a head is taken away, and the loss is measured. How does one take it away? Zero is a bad
# choice: a later layer may count on what the head *always* says. What is to be lost is what it says about *this* text. So
# replace what it says, at each place, by its mean over many texts:
#
# $$ \tilde y_{n,t,h} = \frac1N \sum_m y_{m,t,h} . $$
#
# **Exercise 25.3.** `mean_ablated`.

# %%
check("25.3")

# %% [markdown]
# ## Heads that copy
#
# How does one find heads that look at what followed? Score each of them: the mean attention from place i to all places
# j with $s_{j-1} = s_i$.
#
# **Exercise 25.4.** `prefix_score`.

# %%
check("25.4")

# %%
patterns = np.asarray(explain.patterns(two, repeated))
scores, chance = explain.prefix_matching(patterns, repeated[:, :-1])
names = [f"{layer + 1}.{head + 1}" for layer, head in np.ndindex(*scores.shape)]
whole = explain.copying(two, repeated)[12:].mean()
lost = np.log(12) - whole  # what copying is worth
columns = [f"attention to what followed\n(blind: {chance:.2f})", "nats, second time,\nwithout it"]
figure = pictures.head_table({f"head {name}": [scores[pictures.head_of(name)]] for name in names}, columns[:1])
print(f"second time: {whole:.2f} nats with all heads, {np.log(12):.2f} for one who knows nothing")

# %% [markdown]
# **Predict before you run.** One head of the *first* layer looks at what followed with next to none of its attention.
# What happens to copying without it? (a) nothing; (b) less than half of what it is worth is lost; (c) half of it or
# more. (There are two. Think of the one that does more.)

# %%
predict("25.e", ...)

# %%
table = {}
for name in names:
    head = pictures.head_of(name)
    table[f"head {name}"] = scores[head], explain.copying(two, repeated, [head])[12:].mean()
figure = pictures.head_table(table, columns)

# %%
lower = [name for name in names if name.startswith("1.")]
writer = max(lower, key=lambda name: table[f"head {name}"][1])
without_writer = table[f"head {writer}"][1]
places = np.arange(1, patterns.shape[3])
before = patterns[0, :, pictures.head_of(writer)[1], places, places - 1].mean()
upper = explain.copying(two, repeated, [(1, 0), (1, 1)])[12:].mean()
with explain.ablated(two, [pictures.head_of(writer)]):
    blinded = explain.prefix_matching(np.asarray(explain.patterns(two, repeated)), repeated[:, :-1]).scores[1]
print(
    f"without head {writer}: {without_writer:.2f} nats the second time; it scores {scores[pictures.head_of(writer)]:.2f}"
)
print(f"it looks at the place before with {before:.2f} of its attention")
print(f"scores of the heads above: {np.round(scores[1], 2)}, without head {writer}: {np.round(blinded, 2)}")
print(f"without both heads above: {upper:.2f} nats")

# %% [markdown]
# See it for yourself: choose a head. On the left is its pattern. The squares mark places that followed the same letter.
# On the right is the loss at each place, with and without the head.

# %%
move(pictures.head_to_pick(two, repeated), head=Choice(("1.1", "1.2", "2.1", "2.2"), start="2.1", label="layer.head"))

# %% [markdown]
# This is how copying works. It takes two steps, which stand in two layers.
#
# 1. A head of the first layer looks at the place just before, and so writes into each place *which letter stood
#    before*.
# 2. A head of the second layer asks, at a letter A, for places that have "A stood before me", and finds B, the letter
#    that followed. It copies B to the output. This is an *induction head* (Olsson et al. 2022).
#
# By the score alone, the head below is worth nothing, and without it everything is lost: the heads above no longer find
# what they look for. Of the heads above, each is partly spare: without one of them the other still does much of the
# work (how much depends on the seed). So a loss that hardly changes without a head is no proof either. Take away both.
#
# ### One layer cannot
#
# Why does the other model not learn it? In a single layer, the score of place j for place i comes from what stands *at
# i* and what stands *at j*: the letters and the places, $a(s_i, i, s_j, j)$. No score can ask what stood *before* j. So
# the head collects, apart from the common divisor of the softmax, a sum with one term for each earlier place,
#
# $$ \sum_{j \le i} g(s_i, i, s_j, j) . $$
#
# Let A be the letter at i, and look at two earlier places j - 1 and j. "A and then B" must speak for B, and "A then C",
# "C then B", "C then C" must not. With g for the first and h for the second place, a sum would need
#
# $$ g(A) + h(B) = 1, \quad g(A) + h(C) = 0, \quad g(C) + h(B) = 0, \quad g(C) + h(C) = 0 . $$
#
# The first and the last equation add up to 1, and so the second and the third should too, but they add up to 0. It is
# the AND of two things, and no sum of separate terms is an AND. (An MLP after the sum, and the divisor, leave
# loopholes: a large enough MLP could unpick it, as the sum may still hold all letters with their places. The
# measurement above says that this one did not find that way.)
#
# **Exercise 25.6 (open task).** `next_in_walk`: be the induction head yourself, and a better one than the model.

# %%
check("25.6")

# %% [markdown]
# ## What was concluded, and its limits
#
# - Shares from a straight way sum to F(x) - F(x'). That is a check of the arithmetic. It does not say that the shares
#   mean what you think.
# - Every map has a baseline, or a filling, in it. It answers "why this, and not that?".
# - A map that looks right proves nothing: random weights make similar ones. Take away what it names, and compare with
#   what something plainer names.
# - A pattern of attention proves nothing either. Take the head away, by its mean; and then several at once.
# - We knew what to find: we planted the stripe, and made texts that ask for copying. In a large model there are
#   thousands of heads and no list of what they may do. What was found here is how the search goes.
#
# The same questions can be put to a model that you have trained: `python -m minigen explain DIR` asks why a
# discriminator finds an image real, to which pixels a VAE's ELBO is due, and which heads of a Transformer copy.
#
# ## Five quick questions

# %%
quiz("25")

# %% [markdown]
# ## Where to go next
#
# - Sundararajan, Taly & Yan 2017, [*Axiomatic attribution for deep networks*,
#   arXiv:1703.01365](https://arxiv.org/abs/1703.01365): sections 2 to 5; the theorem on the straight way is in section
#   4.
# - Zeiler & Fergus 2014, [*Visualizing and understanding convolutional networks*,
#   arXiv:1311.2901](https://arxiv.org/abs/1311.2901), section 4.2: occlusion.
# - Adebayo et al. 2018, [*Sanity checks for saliency maps*, arXiv:1810.03292](https://arxiv.org/abs/1810.03292): what
#   random weights and random labels leave of maps.
# - Lapuschkin et al. 2019, [*Unmasking Clever Hans predictors and assessing what machines really learn*,
#   arXiv:1902.10178](https://arxiv.org/abs/1902.10178): marks that real networks have read.
# - Michel, Levy & Neubig 2019, [*Are sixteen heads really better than one?*,
#   arXiv:1905.10650](https://arxiv.org/abs/1905.10650): heads taken away, by zero.
# - Olsson et al. 2022, [*In-context learning and induction heads*, arXiv:2209.11895](https://arxiv.org/abs/2209.11895):
#   how these heads were found, also in large models.
# - In the library: `minigen/explain`, four short files, and `docs/explanation.md`.
