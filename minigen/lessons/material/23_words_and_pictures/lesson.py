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
# # Lesson 23: Words and pictures
#
# **Afterwards you can** train two encoders by a contrast, say what its loss proves and how the temperature limits it,
# measure search by recall beside chance, tell a bag of words from a sentence, multiply Gaussian experts, and say what
# guidance gains and what it costs.
#
# **Time:** 45 minutes to read, about two hours with the six exercises. **You need** the bound of lesson 6, mutual
# information from lesson 12, the score of lesson 21 and the velocity of lesson 22.
#
# Pictures and names become vectors, and a cosine says how well they suit each other. None of these pairs was trained
# on.
#
# ![Six small pictures, six names, and the cosine of each picture with each name](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen.lessons import Slider, check, move, predict, quiz, show_source
from minigen.lessons.pictures import scenes
from minigen.lessons.pictures import words_and_pictures as pictures

names, y, words, out = scenes.scenes()  # y: the places of the words of each name; out: held out
pair, losses = scenes.scene_pair()
pictures.opening(pair)

# %% [markdown]
# The pictures are made by the lesson itself: one thing above another, in six colours and four shapes. A name has five
# words, such as *orange ring above blue cross*. There are 24 x 23 names of two different things. A fifth of them is
# held out. **Each word of a held-out name is known; the composition is new.** Whenever a name is needed, a new
# picture of it is painted: the things move, and the light changes.

# %%
seen = ~out
print(f"{len(names)} names of {len(words) - 1} words; {seen.sum()} are trained on, {out.sum()} are held out")
print("held out:", *(names[i] for i in np.flatnonzero(out)[::30]), sep="\n  ")

# %% [markdown]
# ## A contrast
#
# An encoder makes a vector of each picture, another one of each name. Both are divided by their lengths: u_i and v_j.
# The *similarity* of picture i and name j is their cosine, divided by a *temperature* t:
#
# $$ s_{ij} = \langle u_i, v_j \rangle / t . $$
#
# Nobody tells the encoders what a ring is. The only signal is which pairs belong together. Take N pairs. Give a
# classifier one of the pictures and all N names, and ask which name is the picture's. Let it answer j with the
# probability $e^{s_{ij}}/\sum_k e^{s_{ik}}$, a softmax. Its cross-entropy (lesson 3) is the loss. Then exchange the
# two sides: each name looks for its picture. The mean of both is the *contrastive loss* (InfoNCE):
#
# $$ L = \frac{1}{2N}\sum_i \Big[ -\log\frac{e^{s_{ii}}}{\sum_k e^{s_{ik}}} \;-\; \log\frac{e^{s_{ii}}}{\sum_k e^{s_{ki}}} \Big] . $$
#
# The N - 1 wrong names cost nothing: they are the right names of the others in the batch. A guess costs log N nats,
# so **a contrastive loss means nothing without its N.**

# %%
from minigen.models.pairs.contrastive import ContrastivePair

show_source(ContrastivePair.loss)

# %% [markdown]
# **Exercise 23.1.** `contrastive_loss`.

# %%
check("23.1")

# %% [markdown]
# ## What the best similarity is, and what the loss proves
#
# Let pairs come from p(x, y). The index j of the right name is drawn first, each of N equally likely. The right name
# is drawn from p(y|x), all others from p(y). By Bayes' rule,
#
# $$ p(j \mid x, y_1 \dots y_N) = \frac{p(y_j|x)\prod_{k\ne j}p(y_k)}{\sum_i p(y_i|x)\prod_{k\ne i}p(y_k)} = \frac{r(x, y_j)}{\sum_i r(x, y_i)}, \qquad r(x, y) = \frac{p(y|x)}{p(y)} . $$
#
# (Divide above and below by the product of all p(y_k).) No classifier beats this one. So the best similarity is **s =
# log p(y|x)/p(y)**, plus anything that depends on x alone, which the softmax does not see. For names that look for
# pictures it is the same ratio, as p(y|x)/p(y) = p(x|y)/p(x). A name that is common gets no bonus for that. (In our
# batches no name comes twice, so the names are not drawn independently. Here that changes nothing, as all names are
# equally likely, in any order: neither this result nor the next.)
#
# Write Y for all the names. The loss of picture to name is a cross-entropy, which is at least the entropy of what is
# asked for, and j was uniform:
#
# $$ L \;\ge\; H(j \mid x, Y) = \log N - I(j;\, x, Y) . $$
#
# How much can x and Y tell of j? By the chain rule $I(j; x, Y) = I(j; Y) + I(j; x|Y)$. The names alone say nothing,
# as without x each of them is a draw from p(y): I(j; Y) = 0. Once more by the chain rule,
#
# $$ I(j; x \mid Y) \;\le\; I(j, Y;\, x) = I(j; x) + I(Y; x \mid j) = 0 + I(y; x), $$
#
# since j alone says nothing of x, and if j is known, only the name y_j has to do with x. Together:
#
# $$ \boxed{\; I(x; y) \;\ge\; \log N - L \;} $$
#
# A low loss proves mutual information. How much can it prove? Take a world in which everything is known: x is one of
# 16 symbols, and y is a copy of x in 9 of 10 cases, or else any of the 16. Then I(x; y) is a sum over a table.
#
# **Predict before you run.** I(x; y) is about 2.2 nats. We take the best of all similarities and batches of N = 4.
# How many nats is log N - L?

# %%
predict("23.a", ...)

# %%
world = pictures.copying_world()
sizes, information = (2, 4, 8, 16, 32, 64, 128, 256, 512), pictures.information(world)
bounds = [pictures.bound_of_best(world, n) for n in sizes]
pictures.bounds(sizes, bounds, information)
print(f"I = {information:.3f} nats; N = {sizes[1]}: {bounds[1]:.3f}; N = {sizes[-1]}: {bounds[-1]:.3f}")

# %% [markdown]
# The loss is never below 0, so the bound is never above log N. With small batches that is all it can show. Only where
# log N is well above I does the bound come near I. This is one reason for huge batches: CLIP, the best-known model of
# this kind, was trained on 32 768 pairs at a time (Radford et al. 2021). The encoders of the opening picture, in
# batches of 64:

# %%
last = np.mean(losses[-50:])
print(
    f"loss {last:.3f} nats; a guess {np.log(64):.3f}; so pictures and names share at least {np.log(64) - last:.2f} nats"
)
print(f"each picture has one name, so the truth is log {seen.sum()} = {np.log(seen.sum()):.2f} nats")

# %% [markdown]
# ## Temperature
#
# Cosines lie between -1 and 1. Without a temperature (t = 1) the right name could get at most e^1 and a wrong one at
# least e^-1: a softmax of such numbers is never sure. Suppose that the encoders are perfect, and right pairs have the
# cosine 1, wrong ones 0. Then the loss is log(1 + (N - 1) e^(-1/t)):

# %%
for t in (1.0, 0.3, 0.1, 0.05):
    print(f"t = {t:4.2f}: {np.log(1 + 63 * np.exp(-1 / t)):.4f} nats, of {np.log(64):.4f} for a guess, N = 64")
print(f"learnt with the encoders: t = {1 / pair.scale.item():.3f}, from 0.07 at the beginning")

# %% [markdown]
# Can wrong pairs do better than cosine 0? All of them at -1 is impossible: two vectors that are both opposite to a
# third are equal to each other.
#
# **Exercise 23.5 (derivation).** `least_loss`: how small can the loss be?

# %%
check("23.5")

# %% [markdown]
# ## Search
#
# What is learnt serves for search: the names are ranked by their cosine with a picture, or the other way round.
#
# $$ \text{recall@}k = \text{the share of queries whose right item is among the first } k . $$
#
# If all similarities were equal, the right one of M items would be at any rank, and recall@k is k/M: *chance*. (So
# ties have to be treated as if in random order. Counted as found, they would make a model that knows nothing
# perfect.) And there is a baseline without any learning, the *bridge*: take the known picture whose colours are most
# like the query's, and search for names that share words with *its* name.
#
# **Exercise 23.2.** `recall_at`.

# %%
check("23.2")

# %%
x = scenes.paint(names, np.random.default_rng(1))  # one new picture of each name
cosines = scenes.compared(pair, x, y)
ten = scenes.recalls(cosines, seen, 10)
print(f"recall@10, of all {len(names)} names: {ten['trained on']:.1%} trained on, {ten['held out']:.1%} held out")
print(f"the bridge {scenes.bridge(x, y, seen, 10):.1%}, chance {10 / len(names):.1%}")
pictures.found(x, names, cosines, np.flatnonzero(out)[:40:10])

# %% [markdown]
# (A frame marks the right picture.) The held-out names are found about as often as the others. What does that show?
# The vector of a name is a mean over its words, and each word was trained on in many other names. So **new
# compositions of known words come for free, if the picture's encoder takes the picture apart in the same way.** It
# says nothing about new words: *purple* has no vector.
#
# ## A misconception, put to the test
#
# *"It finds the right picture for names that it has never seen, so it understands them."* Look at the finds once
# more. *Orange ring above blue cross* and *blue cross above orange ring* consist of the same words, and so does
# *orange cross above blue ring*.
#
# **Predict before you run.** recall@10 of held-out pictures was nearly perfect. And recall@1? (a) above 90 %; (b)
# between 50 and 90 %; (c) below 50 %.

# %%
predict("23.b", ...)

# %%
ordered, losses_in_order = scenes.scene_pair(order=True)
first = scenes.recalls(cosines, seen, 1)
in_order = scenes.recalls(scenes.compared(ordered, x, y), seen, 1)
bags = len({tuple(sorted(row)) for row in y}) / len(y)
table = {"bag of words": first, "words in order": in_order, "bridge": {"held out": scenes.bridge(x, y, seen, 1)}}
pictures.bars(table, 1 / len(names))
print(f"{bags:.1%}: different bags, a share of all names; no bag of words has a higher recall@1 on average")
print(f"loss in batches of 64: bag of words {last:.3f} nats, words in order {np.mean(losses_in_order[-50:]):.3f} nats")

# %%
one = names.index("orange ring above blue cross")
alike = [i for i in range(len(names)) if sorted(y[i]) == sorted(y[one])]
pictures.table(x[alike], [names[i] for i in alike], scenes.compared(ordered, x[alike], y[alike]))
print(
    np.round(cosines[np.ix_(alike, alike)], 2), "are the cosines of the bag of words: a column for each name", sep="\n"
)

# %% [markdown]
# A bag of words gives these names one and the same vector. So it can only guess among them, and its recall@1 is near
# the share of different bags. recall@10 hid this, as ten finds have room for all of them. The loss was a hint: it stays
# above that of the second encoder, *words in order*, which gives each word another vector at each place. That one
# knows which thing is above. Large models of pictures and texts have encoders that could see the order, and still confuse
# such sentences often: in most batches, the words alone suffice to choose (Yuksekgonul et al. 2023).
#
# **What a contrast asks for is what tells the pairs of a batch apart, and no more.** Ask for the very distinction
# that you care about: with wrong names that differ in it alone.
#
# **Exercise 23.6 (open task).** `match_names`: suit new pictures to new compositions, without any network. Light in
# the pictures is stronger than the words.

# %%
check("23.6")

# %% [markdown]
# ## Real names
#
# The library has 1391 emoji with their Unicode names, if the font is on this machine. They are drawn once each: what
# is held out is a new composition *and* a new drawing. We train for seconds, on pictures of half the size.

# %%
emoji = scenes.emoji()
if emoji is None:
    print("The font Noto Color Emoji is not on this machine: apt install fonts-noto-color-emoji, and run this again.")
else:
    cosines_of_emoji = scenes.compared(scenes.emoji_pair(emoji), emoji.x, emoji.y)
    ten_of_emoji = scenes.recalls(cosines_of_emoji, emoji.seen, 10)
    bridge = scenes.bridge(emoji.x, emoji.y, emoji.seen, 10)
    print(
        ", ".join(f"{name} {value:.1%}" for name, value in ten_of_emoji.items()),
        "of pictures find their name, recall@10",
    )
    print(f"the bridge {bridge:.1%}, chance {10 / len(emoji.x):.1%}")
    pictures.found(emoji.x, emoji.names, cosines_of_emoji, np.flatnonzero(~emoji.seen)[:60:10])

# %% [markdown]
# The rows of pictures have no frame: for none of the six names is the right picture among the first eight. (So it was
# in the run that is shown here. When about one in ten is found, six failures out of six are no surprise.) Sometimes
# what stands there instead is at least alike: arrows and signs for an arrow, a ball for *cricket bat and ball*. A *medium
# black circle* gets people and a telephone.
#
# Held-out emoji are found far less often than those trained on, and less often than by the bridge: **a search without
# any learning beats this model.** A thousand pictures are few, most words stand in a handful of names, and a drawing
# of a new thing is not composed of drawings that are known. Recall on what was trained on does not show it. (`python
# -m minigen train contrastive --data emoji` trains for longer and on whole pictures.)
#
# ## Two experts and one code
#
# A contrast compares, it draws nothing. A *joint VAE* has one code z for an image x and its label y: p(x, y, z) =
# p(z) p(x|z) p(y|z). Either of the two may be missing. What does the posterior look like? Given z, image and label
# are independent, so by Bayes' rule, twice,
#
# $$ p(z|x, y) = \frac{p(z)\,p(x|z)\,p(y|z)}{p(x, y)} \;\propto\; p(z)\,\frac{p(z|x)}{p(z)}\,\frac{p(z|y)}{p(z)} . $$
#
# So let each side have an *expert*, $e_x(z)$ in the place of p(z|x)/p(z), and $e_y(z)$ likewise. The posterior is the
# **product of the prior and the experts that are present**, scaled to a density: a *product of experts*. With
# Gaussian experts of mean m_i and *precision* T_i = 1/variance, and T = 1, m = 0 for the prior, the exponents add up:
#
# $$ -\frac12\Big[z^2 + \sum_i T_i (z - m_i)^2\Big] = -\frac{T}{2}\Big(z - \frac{\sum_i T_i m_i}{T}\Big)^2 + \text{const}, \qquad T = 1 + \sum_i T_i . $$
#
# (Compare what stands before z^2 and before z.) A Gaussian again: precisions add up, and the mean is weighted by
# them. A sure expert decides; one that is absent has precision 0. Move the expert of the image. Is the product ever
# wider than the narrowest of the three?

# %%
move(
    pictures.experts_to_move(),
    mean=Slider(-3.0, 3.0, 0.25, start=2.0, label="mean"),
    deviation=Slider(0.2, 3.0, 0.1, start=0.8, label="deviation"),
)

# %% [markdown]
# **Exercise 23.3.** `product_of_experts`.

# %%
check("23.3")

# %% [markdown]
# The bound of lesson 6 holds for every q: $\log p(x, y) \ge E_q[\log p(x|z) + \log p(y|z)] - KL(q\|p(z))$, whatever q
# sees. If we trained only with both, no expert would ever learn to speak alone. So three bounds are trained on at
# once (Wu & Goodman 2018): with q of both, with q of the image, and with q of the label. The last one is on log p(y)
# alone. (In the paper, that of the image is on log p(x) alone. Here it keeps the label's term, so that the image's
# expert learns which digit it is.) A label is worth two nats and an image dozens, so log p(y|z) gets a weight, here 20.
# With it, they are no bounds any more.

# %%
from minigen.models.vaes.joint import product

show_source(product)

# %%
from minigen.data import load

digits, test = load("digits"), load("digits", "test")
joint = scenes.joint_vae(digits)
asked = np.repeat(np.arange(10), 20)
made = np.concatenate([joint.sample(20, mg.Generator(k), label=k).numpy() for k in range(10)])
with mg.no_grad():
    labels = joint.class_logits(mg.tensor(test.x)).numpy().argmax(axis=1)
means = np.stack([digits.x[digits.y == k].mean(axis=0) for k in range(10)])[asked]

# %%
real = (scenes.nearest_label(test.x, digits) == test.y).mean()
print(
    f"image -> label: {(labels == test.y).mean():.1%} right; by the nearest training image {real:.1%}; by guessing 10%"
)
for name, images in (("joint VAE", made), ("mean of the class", means)):
    right = (scenes.nearest_label(images, digits) == asked).mean()
    print(f"label -> image, {name:17s}: {right:.1%} judged as asked for, deviation {scenes.variety(images, asked):.2f}")
real_variety = scenes.variety(test.x, test.y)
print(f"real digits: deviation {real_variety:.2f} within a class")
pictures.named_rows({"joint VAE": made[::20], "another": made[1::20], "means": means[::20]})

# %% [markdown]
# The judge of images is plain: the label of the nearest training image. Two baselines keep us honest. For image to
# label, this same nearest image. For label to image, the mean of the class: the judge finds it right every time, and
# it is always the same picture. So **"judged as asked for" alone is no measure of a generator: variety has to stand
# beside it.** The joint VAE's images are less varied than real digits, and each of them is a mean of p(x|z).
#
# ## Guidance
#
# Diffusion and flow matching can be told a class as well: the network gets y beside the time. *Classifier-free
# guidance* goes further. In training, one label in ten is replaced by "not told". So one network knows two scores,
# grad log p(x|y) and grad log p(x) of noisy examples x. By Bayes' rule log p(y|x) = log p(x|y) + log p(y) - log p(x),
# and p(y) does not depend on x:
#
# $$ \nabla \log p(x|y) + w\,\big(\nabla \log p(x|y) - \nabla \log p(x)\big) = \nabla \log p(x|y) + w\,\nabla \log p(y|x) = \nabla \log\big[p(x|y)\, p(y|x)^w\big] . $$
#
# The left side needs no classifier, and still we climb towards where a classifier would be surer of y. The same holds
# for velocities. With $x_t = (1-t)x_0 + t x_1$, the velocity is $u = E[x_1 - x_0|x_t] = (x_t - E[x_0|x_t])/t$, and
# the noise is $E[x_0|x_t] = -(1-t)\nabla\log p_t(x_t)$ by Tweedie's formula. So
#
# $$ u(x, t) = \frac{x + (1-t)\,\nabla \log p_t(x)}{t} \qquad\text{and}\qquad u_y + w\,(u_y - u) \text{ is the velocity of the guided score.} $$

# %%
from minigen.models.diffusion.denoiser import Denoiser

show_source(Denoiser.output)

# %% [markdown]
# **Exercise 23.4.** `guided_score`, for mixtures of Gaussians, where both scores are known.

# %%
check("23.4")

# %% [markdown]
# We look at two worlds. In the first, three classes are Gaussians in the plane that overlap, so nothing is learnt:
# both velocities are exact. In the second, a dense network has learnt velocities of the 8x8 digits.
#
# **Predict before you run.** With w = 3 instead of 0, the digits are ... (a) judged right more often, and less
# varied; (b) judged right more often, and as varied or more; (c) judged right no more often.

# %%
predict("23.c", ...)

# %%
from minigen.metrics import nearest_neighbour_error

guidances = np.arange(0.0, 7.0).tolist()
flow = scenes.guided_flow(digits)
raw = {w: scenes.drawn_digits(flow, w) for w in guidances}
drawn = {w: images.clip(0, 1) for w, images in raw.items()}
told = {w: (scenes.nearest_label(images, digits) == asked).mean() for w, images in drawn.items()}
spread = {w: scenes.variety(images, asked) for w, images in drawn.items()}
error = {w: nearest_neighbour_error(images, asked, test.x, test.y) for w, images in drawn.items()}
beyond = {w: (abs(images - 0.5) > 0.55).mean() for w, images in raw.items()}
pictures.trade(told, spread, (real, real_variety))
print("guidance w            ", *(f"{w:6g}" for w in guidances))
print("judged as asked for   ", *(f"{told[w]:6.1%}" for w in guidances))
print("deviation             ", *(f"{spread[w]:6.2f}" for w in guidances))
print("error, taught by them ", *(f"{error[w]:6.1%}" for w in guidances))
print("beyond black and white", *(f"{beyond[w]:6.1%}" for w in guidances))

# %%
points = {w: pictures.guided_points(w) for w in guidances}
move(pictures.guidance_to_move(points, drawn), w=Slider(0.0, 6.0, 1.0, start=2.0, label="guidance w"))

# %% [markdown]
# The cloud moves away from the other classes and shrinks; the digits become clearer, and alike. **Guidance trades
# variety for clearness.** What is it worth? The line *error, taught by them* is that of a judge who knows the drawn
# digits alone and names real ones. It is about the same for small w, and clearly worse for the largest: these digits
# are clear, but they no longer show how digits differ. And they overshoot: more and more pixels would have to be
# blacker than black or whiter than white. They are cut off, and the deviation stops falling. What varies then is harsh
# pixels, not ways of writing. The best w depends on what the images are for; only w = 0 aims at the data.
#
# Does it at least draw from the product p(x|y) p(y|x)^w? At each noise level the guided score is the gradient of such
# a product *of noisy densities*. But the product of two noisy densities is not the noisy version of the product, so
# the levels do not belong to one distribution. In the plane we can measure it:

# %%
print("        drawn               the product")
print("   w    belief  deviation   belief  deviation")
for w in guidances:
    ours, exact = pictures.measured(points[w]), pictures.measured(*pictures.product_of_belief(w))
    print(f"{w:4g}    {ours[0]:.3f}   {ours[1]:.3f}       {exact[0]:.3f}   {exact[1]:.3f}")

# %% [markdown]
# For w = 0 both columns agree. For larger w they part: what guidance draws is narrower than the product. "It samples
# from the sharpened distribution" is a misreading of the formula, though a common one (Bradley & Nakkiran 2024).
#
# ## What holds, and where it ends
#
# - A contrast is a classification among the pairs of a batch. Its loss proves log N - L nats of mutual information,
#   never more than log N.
# - The temperature is needed, as cosines are bounded; it is learnt.
# - Recall is told beside chance and a baseline. Held-out compositions test compositions, not new words.
# - A contrast learns what tells the pairs of a batch apart. A bag of words cannot do more, and others often do not.
# - Gaussian experts multiply: precisions add up, and a missing one is left out.
# - Guidance makes what is asked for clearer and less varied, and samples from no distribution that is easy to write
#   down.
#
# All this is measured on tiny scenes, 8x8 digits and small networks. The directions of the effects are as in the
# papers; the sizes are not. And the scenes are cleaner than any collection of captions: no name is wrong or missing
# here.
#
# ## Five quick questions

# %%
quiz("23")

# %% [markdown]
# ## Where to go next
#
# - [Radford et al. 2021, arXiv:2103.00020](https://arxiv.org/abs/2103.00020), *Learning transferable visual models
#   from natural language supervision*: CLIP; figure 3 is the loss above.
# - [van den Oord, Li & Vinyals 2018, arXiv:1807.03748](https://arxiv.org/abs/1807.03748), *Representation learning
#   with contrastive predictive coding*: InfoNCE and its bound.
# - [Poole, Ozair, van den Oord, Alemi & Tucker 2019, arXiv:1905.06922](https://arxiv.org/abs/1905.06922), *On
#   variational bounds of mutual information*: why log N limits it.
# - [Yuksekgonul, Bianchi, Kalluri, Jurafsky & Zou 2023, arXiv:2210.01936](https://arxiv.org/abs/2210.01936), *When
#   and why vision-language models behave like bags-of-words, and what to do about it?*
# - [Wu & Goodman 2018, arXiv:1802.05335](https://arxiv.org/abs/1802.05335), *Multimodal generative models for
#   scalable weakly-supervised learning*: the joint VAE.
# - [Ho & Salimans 2022, arXiv:2207.12598](https://arxiv.org/abs/2207.12598), *Classifier-free diffusion guidance*.
# - [Bradley & Nakkiran 2024, arXiv:2408.09000](https://arxiv.org/abs/2408.09000), *Classifier-free guidance is a
#   predictor-corrector*: what guidance does not sample from.
# - In the library: `minigen/models/pairs/`, `minigen/models/vaes/joint.py`, `minigen/models/diffusion/denoiser.py`.
#   `python -m minigen train joint-vae` and `python -m minigen train cflow-matching` train the full models.
