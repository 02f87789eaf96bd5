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
# **Time:** ten minutes, two of them for the picture. **You need** Python, and nothing else yet.
#
# Run the next cell (Shift and Enter). It trains a *variational autoencoder*, from nothing, on handwritten digits. In each
# row are ten images that it draws from the same ten random codes: before it has learnt anything, and then later and later.
#
# ![Ten random codes, drawn as digits by the untrained model, and then at later and later stages](opening.png)

# %%
import importlib

import matplotlib.pyplot as plt
import numpy as np

import minigen as mg
from minigen.data import Loader
from minigen.lessons import check, handwritten, show_source
from minigen.models import VAE
from minigen.models.networks import dense_decoder, dense_encoder
from minigen.report.latent import lerp

digits = handwritten("train")
rng = mg.Generator(0)
model = VAE(dense_encoder(digits.shape, 16, [256], rng), dense_decoder(8, digits.shape, [256], rng), latent_dim=8)
optimizer = mg.optim.Adam(model.parameters(), lr=1e-3)
loader = Loader(digits.x, batch_size=100, rng=rng)
codes = mg.Generator(4).normal((10, 8))  # ten codes of 8 numbers


def draw(codes):
    """The images (N, H, W, 1) that the model makes of codes (N, 8)."""
    with mg.no_grad():
        return model.from_codes(mg.tensor(codes)).numpy()


def batches():
    """A hundred images at a time, without end."""
    while True:
        yield from loader


rows = {}
for step, x in zip(range(2001), batches(), strict=False):
    if step in (0, 30, 300, 2000):
        rows[step] = draw(codes)
    loss = model.loss(mg.tensor(x), rng).total
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def show(rows):
    """Rows of images with their titles."""
    images = np.array(list(rows.values()))[..., 0]  # (rows, 10, H, W)
    figure, axes = plt.subplots(*images.shape[:2], figsize=(9, 0.95 * len(rows)), layout="constrained", squeeze=False)
    for axis, image in zip(axes.flat, images.reshape(-1, *images.shape[2:]), strict=True):
        axis.imshow(image, cmap="gray", vmin=0, vmax=1)
        axis.set(xticks=[], yticks=[])
    for axis, title in zip(axes[:, 0], rows, strict=True):
        axis.set_ylabel(title, fontsize=9)
    plt.show()


show({f"step {step}": images for step, images in rows.items()})
print(sum(p.size for p in model.parameters()), "weights; learnt from", len(digits), "images")

# %% [markdown]
# Nobody told it what a digit is. It was shown images, and at every step all of its weights were changed a little, in the
# direction that makes such images more probable. How that direction is found is lesson 1; what "more probable" means
# here is lesson 6. This is all that happens when it draws:

# %%
show_source(VAE.sample)
show_source(VAE.from_codes)

# %% [markdown]
# ## A walk
#
# A code is a point in a space of 8 dimensions, and each point is an image. So one can *walk* from one image to another.
# **Predict before you run:** half-way between two digits, do you see the two of them, one over the other, or something else?

# %%
x = digits.x[[int(np.flatnonzero(digits.y == k)[0]) for k in (7, 6)]]
with mg.no_grad():
    start, end = model.encode(mg.tensor(x)).mean.numpy()  # the codes of a 7 and of a 6
ways = np.linspace(0, 1, 10)
show(
    {
        "codes": draw(np.array([lerp(start, end, t) for t in ways], np.float32)),
        "pixels": np.array([lerp(x[0], x[1], t) for t in ways]),
    }
)

# %% [markdown]
# Above, the images of the codes between that of a 7 and that of a 6: one digit *turns into* the other (in MNIST by way of
# a 9 and a 4), because most codes in between are codes of digits too. Below, the same formula on the pixels: both images, one
# over the other.
#
# ## From red to green
#
# In each lesson you write the functions that matter, and a check tells you whether they are right. **Every exercise
# starts red. That is not a failure: red is the start.** This one is nearly done; one line is missing.

# %%
check("00.1")

# %% [markdown]
# 1. Open `exercises.py` in an editor. The formula stands above the function.
# 2. Replace the line that begins with `raise` by one that returns the sum. Save the file.
# 3. Run the cell above again. It says that all cases are right. (In a terminal: `python -m minigen.lessons check 00`.)
#
# Make a mistake on purpose as well: a minus, or `b` without its factor. The check does not only say *wrong*; it says
# which entry, what it should have been, and most often why. Then run this cell: it walks with *your* function.

# %%
if check("00.1"):
    import exercises

    blend = importlib.reload(exercises).blend
    show({"yours": draw(np.array([blend(start, end, t) for t in ways], np.float32))})
else:
    show({"not yet": np.zeros((10, *digits.shape))})

# %% [markdown]
# ## How the course works
#
# - `python -m minigen.lessons` shows what you have solved, and what comes next.
# - `python -m minigen.lessons hint 00.1` gives a hint; `hint 00.1 2` says more, and 3 says nearly all.
# - `python -m minigen.lessons solution 00.1` shows the answer, after a question. `reset 00.1` starts it again.
#
# An exercise never depends on another one: you may leave one out and go on.
#
# ## Where to go next
#
# - Lesson 1, the derivative machine: how a program finds out in which direction to change so many weights.
# - In a hurry to see pictures? `python -m minigen train dcgan --data mnist --epochs 1` draws sharper ones, in some minutes.
# - Kingma & Welling 2019, *An introduction to variational autoencoders*, sections 1 and 2, if you know some probability.
