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
# # Lesson 0: Start
#
# **Afterwards you have** seen a machine learn to draw digits, and turned your first exercise from red to green.
# **Afterwards you can** work through all other lessons in the same way.
#
# **Time:** fifteen minutes, and another half hour for the second and third exercise. **You need** Python, and nothing
# else yet.
#
# Run the next cell (Shift and Enter). It trains a *variational autoencoder* on handwritten digits; that takes about a
# minute. Each row shows ten images that it draws from the same ten random codes: first before it has learnt anything,
# then later and later.
#
# ![Ten random codes, drawn as digits by the untrained model, and then at later and later stages](opening.png)

# %%
import numpy as np

from minigen.lessons import animate, check, handwritten, predict, quiz, show_source
from minigen.lessons.pictures import start
from minigen.models import VAE
from minigen.report.latent import lerp

digits = handwritten("train")
code_size = 8 if digits.shape[0] == 28 else 2  # how many numbers a code has; 2 for the 8x8 digits
model, losses, stages = start.train(digits, code_size)
start.rows({f"step {step}": stages[step] for step in (0, 30, 300, 2000)})

# %% [markdown]
# Nobody told it what a digit is. It was shown images, a hundred at each step, and at each step all of its weights were
# changed a little, in the direction that makes such images more probable. Here is the same training as a film.

# %%
animate(lambda i: start.frame(start.SHOWN[i], stages[start.SHOWN[i]]), len(start.SHOWN), seconds=0.5)
print(sum(p.size for p in model.parameters()), "weights; learnt from", len(digits), "images")

# %% [markdown]
# The *loss* says how improbable the model finds the images it is shown; training makes it smaller. In lesson 6 you
# will derive it.
#
# **Predict before you run.** The training takes 2000 steps. After about how many of them is half of the fall in the
# loss done?
#
# (a) about 10 &nbsp; (b) about 100 &nbsp; (c) about 1000

# %%
predict("00.a", ...)

# %%
first, last = losses[0], losses[-100:].mean()
half = int(np.argmax(losses < (first + last) / 2))
baseline = start.mean_image_loss(digits)
start.loss_curve(losses, half, baseline)
print(f"loss: {first:.0f} at first, {last:.1f} in the end; half of the fall is done at step {half}")
print(f"the mean image: {baseline:.1f}; the model is better from step {int(np.argmax(losses < baseline))} on")

# %% [markdown]
# The first steps learn what all digits have in common: the border is dark, and the middle is often light. A program that
# knows nothing else, and always answers with the mean image, has the loss of the dashed line. To get below it, the model
# has to tell one digit from another, and that takes the other steps. A loss alone says little: it needs such a
# *baseline* beside it. You will find one in every lesson.
#
# This is how it was trained. Every lesson keeps its drawing and its preparations in a module of `minigen.lessons.pictures`,
# and `show_source` shows any of it on request.

# %%
show_source(start.train)

# %% [markdown]
# How `backward` finds the direction is lesson 1; what "probable" means here is lesson 6. And this is all that happens when
# the model draws:

# %%
show_source(VAE.sample)
show_source(VAE.from_codes)

# %% [markdown]
# ## A walk
#
# A code is a point in a space of a few dimensions, and each point is an image. So you can *walk* from one image to another.
# Take two codes, a and b, and go straight from one to the other, in ten stations: $(1 - t)\,a + t\,b$. The model draws
# each station.
#
# **Predict before you run.** What do you see half-way between the codes of two digits?
#
# (a) both digits, one over the other &nbsp; (b) an image with strokes that neither of the two has

# %%
predict("00.b", ...)

# %%
ways = np.linspace(0, 1, 10)
one_of_each = digits.x[[int(np.flatnonzero(digits.y == k)[0]) for k in range(10)]]
codes = start.codes_of(model, one_of_each)
a, b = start.clearest_pair(model, codes)
by_codes = start.draw(model, np.array([lerp(codes[a], codes[b], t) for t in ways]))
by_pixels = np.array([lerp(by_codes[0], by_codes[-1], t) for t in ways])
start.rows({"codes": by_codes, "pixels": by_pixels})

new_light = {}
for name, walk in (("codes", by_codes), ("pixels", by_pixels)):
    beyond = np.maximum(walk - np.maximum(walk[0], walk[-1]), 0).sum(axis=(1, 2, 3))  # light that neither end has
    new_light[name] = beyond.max() / walk[0].sum()
    print(f"{name}: up to {new_light[name]:.0%} of the light is where neither the {a} nor the {b} has any")

# %% [markdown]
# The upper row walks through the codes: one digit *turns into* the other, by way of other shapes. Many codes in between
# belong to digits too, or to something like digits. The lower row uses the same formula on the pixels of the two ends.
# It shows both images, one over the other, and can never make a stroke that neither of them has.
#
# Of the 45 pairs of ten digits the program took the one for which the two walks differ most. For others the difference
# is smaller, and with another seed it may be another pair. The code's size matters, too: with few numbers (the 8x8
# digits get 2) there is less room between the digits, and a walk more often passes through a third one.
#
# ## From red to green
#
# In each lesson you write the functions that matter, and a check tells you whether they are right. **Every exercise
# starts red. That is not a failure: red is the start.** This one is nearly done; one line is missing.

# %%
check("00.1")

# %% [markdown]
# 1. Open `exercises.py`, which lies beside this notebook, in an editor. The formula stands above the function.
# 2. Replace the line that begins with `raise` by one that returns the sum. Save the file.
# 3. Run the cell above again. It says that all cases are right. (In a terminal: `python -m minigen.lessons check 00.1`.)
#
# Make a mistake on purpose as well: a minus, or `b` without its factor. The check does not only say *wrong*. It says
# which entry is wrong, what it should have been, and most often why. Then run this cell: it walks with *your* function.

# %%
if check("00.1"):
    blend = start.written("blend")
    start.rows({"yours": start.draw(model, np.array([blend(codes[a], codes[b], t) for t in ways]))})
else:
    print("not yet: 00.1 is still red")

# %% [markdown]
# ## Three levels
#
# Most lessons have six exercises, of three levels. The first four are *transcriptions*: the formula is in the text,
# and you write it as a program. The fifth is a *derivation*: the text says what is wanted, and you find the formula,
# with paper and pencil. The sixth is an *open task*: there is a goal that can be measured, and many ways to
# reach it. (So the number tells the level. A lesson asks for each exercise where its text has come to it, which may be
# in another order.) This lesson has one of each.
#
# **Exercise 00.2 (derivation).** `other_end`: you know where a way starts and one point on it. Where does it end?

# %%
check("00.2")

# %% [markdown]
# The straight way is not always a good one. Codes can lie around a hole, as in the next picture, and in the hole the
# model has seen nothing. (Random codes of many dimensions do the same: nearly all of them are about equally far from the
# origin, and the middle of a straight way between two of them is nearer to it.)
#
# **Exercise 00.3 (open task).** `walk_round`: go from one code to another and stay near the cloud. The straight walk gets
# more than 1 away from it; the goal is at most 0.35, with at most 100 stations.

# %%
rng = np.random.default_rng(0)
angles, radii = 2 * np.pi * np.arange(400) / 400, 3 + 0.15 * rng.standard_normal(400)
cloud = np.column_stack([4 + radii * np.cos(angles), 3 + radii * np.sin(angles)])
ends = cloud[0], cloud[170]
walks = {"straight": np.array([lerp(*ends, t) for t in ways])}
if check("00.3"):
    walks["yours"] = np.asarray(start.written("walk_round")(*ends, cloud))
start.ring(cloud, walks)

# %%
check("00.3")

# %% [markdown]
# ## How the course works
#
# - `python -m minigen.lessons` shows what you have solved, and what comes next.
# - `python -m minigen.lessons hint 00.1` gives a hint; `hint 00.1 2` says more, and 3 says nearly all.
# - `python -m minigen.lessons solution 00.1` shows the answer, after a question. `reset 00.1` starts it again.
# - A cell `predict(...)` asks for a guess before a result is shown. It keeps your first guess. A wrong one costs nothing
#   and is remembered best.
#
# An exercise never depends on another one: you may leave one out and go on.
#
# ## Five quick questions
#
# Run the cell, and then again with your five letters: `quiz("00", "a b c a b")`.

# %%
quiz("00")

# %% [markdown]
# ## Where to go next
#
# - Lesson 1, the derivative machine: how a program finds out in which direction to change so many weights.
# - In a hurry to see pictures? `python -m minigen train dcgan --data mnist --epochs 1` draws sharper ones in some minutes.
# - Kingma & Welling 2019, [*An introduction to variational autoencoders*, arXiv:1906.02691](https://arxiv.org/abs/1906.02691),
#   sections 1 and 2, if you know some probability.
# - White 2016, [*Sampling generative networks*, arXiv:1609.04468](https://arxiv.org/abs/1609.04468): why a walk through
#   codes should avoid the hole in the middle.
