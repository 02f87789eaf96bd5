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
# # Lesson 7: Convolution and its transpose
#
# **Afterwards you can** say what size a convolution's output has and why, write the convolution and both of its
# gradients in NumPy, test an adjoint with random numbers and say what that test does not show, and explain where a
# generator's checkerboards come from.
#
# **Time:** 35 minutes to read, about two hours with the six exercises. **You need** lesson 1 (the chain rule).
#
# First the picture: a digit, what two small kernels make of it, and what the *transposed* convolution makes of that.
#
# ![A digit, two filtered copies of it, and what the transposed convolution makes of them](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen.lessons import Choice, Slider, check, handwritten, move, predict, quiz, show_source
from minigen.lessons.pictures import convolution as pictures

digits = handwritten().x[:100].astype(np.float64)  # (100, H, W, 1)
sobel = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])  # where it gets brighter to the right
edges = np.stack([sobel, sobel.T], axis=-1)[:, :, None]  # (kh, kw, C, F): with the one for downwards, two kernels
maps = mg.conv2d(digits[:1], edges, stride=2, padding=1)
back = mg.conv2d_transpose(maps, edges, stride=2, padding=1, output_size=digits.shape[1:3])
pictures.row([digits, maps[..., :1], maps[..., 1:], back], ["x", "to the right", "downwards", "transposed"])

# %% [markdown]
# The two maps in the middle have half the height and half the width. The last picture has the size of the first
# again, but it is not the first. By the end of this lesson you will know exactly what it is.
#
# What draws the pictures is not the lesson's subject, so it is kept elsewhere; `show_source(pictures.row)` shows it.
#
# ## Convolution
#
# A dense layer for an image of 28 x 28 pixels with 784 outputs has 614 656 weights, and it must learn what an edge is
# at every place anew. A convolution makes two assumptions: what matters is *near by*, and what is worth seeing in one
# place is worth seeing *everywhere*. So a small kernel w looks at a window of the image, gives one number, moves on,
# and looks again with the same weights.
#
# With images x of shape (N, H, W, C), kernels w of shape (kh, kw, C, F), stride s and padding p,
#
# $$ y[n,i,j,f] \;=\; \sum_{a=0}^{k_h-1}\ \sum_{b=0}^{k_w-1}\ \sum_{c=0}^{C-1}\; x[n,\; s\,i + a - p,\; s\,j + b - p,\; c]\;\, w[a,b,c,f] $$
#
# where x is zero outside of the image. There are F kernels; each sees all C channels and gives one channel of the
# output. (In mathematics a convolution turns the kernel by 180 degrees, and this is a correlation. As the kernel is
# learnt, it makes no difference, and the field uses the shorter word.)
#
# Here is the window of the output (i, j) = (1, 2), for a kernel of 3 x 3 with stride 2 and padding 1.

# %%
figure = pictures.window(pixels=7, kernel=3, stride=2, padding=1, place=6)

# %% [markdown]
# This is the same with plain loops, from the library. It is slow, and it is the definition: the fast version is tested
# against it.

# %%
from minigen.ops import loops

show_source(loops.conv2d)
show_source(loops._terms)

# %% [markdown]
# ## The arithmetic of sizes
#
# **Predict before you run.** An axis has 28 pixels, the kernel has 5, the stride is 2, and there is no padding. How
# many outputs are there?

# %%
predict("07.a", ...)

# %%
sizes = {}
for n, k, s, p in [(28, 5, 2, 0), (28, 3, 1, 1), (28, 4, 2, 1), (27, 3, 2, 1), (28, 3, 2, 1)]:
    sizes[n, k, s, p] = mg.conv2d(np.zeros((1, n, n, 1)), np.zeros((k, k, 1, 1)), s, p).shape[1]
    print(f"{n} pixels, kernel {k}, stride {s}, padding {p}: {sizes[n, k, s, p]} outputs")

# %% [markdown]
# With padding p on both sides the axis has n + 2p pixels. A kernel of length k that starts at pixel t ends at
# t + k - 1, so the last start that fits is m = n + 2p - k. The starts are 0, s, 2s, ...; those not larger than m are
# 0, s, ..., s floor(m / s), and these are floor(m / s) + 1. Hence, for a kernel that fits at all (m >= 0),
#
# $$ \text{out} \;=\; \Big\lfloor \frac{n + 2p - k}{s} \Big\rfloor + 1 . $$
#
# Two things follow. With stride 1, p = (k - 1) / 2 keeps the size, which is why kernels of 3 and 5 are so common. And
# with a stride s > 1, *s different sizes* n lead to the same output: what is left over at the end is not seen. Whoever
# goes back from the output's size to n must say which one is meant.
#
# Move the sliders. When are pixels in no window at all (hatched)? Which strides and paddings give 4 x 4 outputs?

# %%
move(
    pictures.window,
    pixels=Slider(3, 10, 1, start=8, label="pixels of x"),
    kernel=Slider(1, 5, 1, start=3),
    stride=Slider(1, 4, 1, start=2),
    padding=Slider(0, 2, 1, start=0),
    place=Slider(0, 24, 1, start=4, label="place in y"),
)

# %% [markdown]
# **Exercise 07.1.** Open `exercises.py` in an editor, write `output_size`, save it, and run the
# next cell. It is red at first: that is the start of every exercise. (In a terminal:
# `python -m minigen.lessons check 07.1`.)

# %%
check("07.1")

# %% [markdown]
# **Exercise 07.2.** `conv_forward`, the convolution itself. Loops are welcome, but two (over the taps a and b) are
# enough: for one tap, all the pixels that it sees are one slice of the padded image.

# %%
check("07.2")

# %% [markdown]
# ## The matrix view
#
# A convolution is linear in x: conv(x + x') = conv(x) + conv(x'), and conv(2x) = 2 conv(x). Every linear map has a
# matrix. Written out as a long vector, x has H W C entries, y has OH OW F, and y = A x. Column q of A is what the
# convolution makes of an image that is 1 at pixel q and 0 elsewhere, so we can simply measure A.

# %%
kernel = np.arange(1.0, 10.0).reshape(3, 3, 1, 1)
H = W = 5
units = np.eye(H * W).reshape(H * W, H, W, 1)  # a batch of 25 images, each with a single 1
A = mg.conv2d(units, kernel).reshape(H * W, -1).T  # (9, 25)

image = np.random.default_rng(0).standard_normal((1, H, W, 1))
print("conv equals A x:", np.allclose(mg.conv2d(image, kernel).ravel(), A @ image.ravel()))
print(f"{np.count_nonzero(A)} of the {A.size} entries of A are not 0")
pictures.matrices(A)

# %% [markdown]
# Each row holds the same nine numbers, moved on by one pixel (or by three, where a new line of the output begins). All
# other entries are zero. A dense layer would have 225 free numbers in this place; the convolution has nine.
#
# ## The gradient with respect to the image
#
# Somewhere behind y there is a loss L, and the backward pass brings us g = dL/dy, of the shape of y. We want dL/dx.
#
# **With the matrix** it takes one line. By the chain rule, with y = A x,
#
# $$ \frac{\partial L}{\partial x_q} = \sum_r \frac{\partial L}{\partial y_r}\,\frac{\partial y_r}{\partial x_q} = \sum_r g_r\, A_{rq} \quad\Longrightarrow\quad \frac{\partial L}{\partial x} = A^\top g . $$
#
# So the gradient of a convolution is the multiplication by the *transposed* matrix: hence "transposed convolution".
#
# **With the indices** it tells us how to compute it. Which outputs does a pixel x[n, u, v, c] enter? Those y[n, i, j,
# f] for which there is a tap (a, b) with s i + a - p = u and s j + b - p = v, and each time with the factor w[a, b,
# c, f]:
#
# $$ \frac{\partial L}{\partial x[n,u,v,c]} \;=\; \sum_{i,j,a,b,f}\; \big[\, s\,i + a - p = u,\;\; s\,j + b - p = v \,\big]\;\; g[n,i,j,f]\;\, w[a,b,c,f] $$
#
# where the bracket is 1 if the condition holds and 0 if not. Nobody computes it that way, by testing conditions. Turn
# it round: go through the outputs (i, j) and taps (a, b), and *add* g w to the pixel that they belong to,
#
# $$ dx[n,\; s\,i + a - p,\; s\,j + b - p,\; c] \mathrel{+}= \sum_f g[n,i,j,f]\; w[a,b,c,f] . $$
#
# The forward pass *reads* windows, the backward pass *stamps* the kernel, scaled by g, onto the image. Where stamps
# overlap they add up. Read beside each other:

# %%
show_source(loops.conv2d_gradients)

# %% [markdown]
# **The adjoint test.** For all x and g, with any numbers in them,
#
# $$ \langle \mathrm{conv}(x),\, g\rangle = \langle A x,\, g\rangle = \langle x,\, A^\top g\rangle = \langle x,\, \mathrm{conv}^\top(g)\rangle . $$
#
# Draw two random arrays and compare two sums. If the second function were not the transpose of the first, the sums
# would differ, unless the random numbers happened to hide it, which has probability zero. No step size is needed, and
# the two sums agree up to rounding.

# %%
rng = np.random.default_rng(1)
x, w = rng.standard_normal((2, 7, 6, 3)), rng.standard_normal((3, 2, 3, 4))
y = mg.conv2d(x, w, stride=2, padding=1)
g = rng.standard_normal(y.shape)
dx = mg.conv2d_transpose(g, w, stride=2, padding=1, output_size=(7, 6))
print(f"<conv(x), g>  = {(y * g).sum():.13f}")
print(f"<x, conv'(g)> = {(x * dx).sum():.13f}")

# %% [markdown]
# **Predict before you run.** Now two functions that are wrong. The first turns the kernel by 180 degrees and then
# shifts the result by one row. The second undoes the shift and applies the transposed convolution with the turned
# kernel. Does the adjoint test find the mistake?
#
# - (a) Yes, the two sums differ: the indices are wrong in both functions.
# - (b) No, the two sums agree.
# - (c) It depends on the random numbers.

# %%
predict("07.b", ...)


# %%
def wrong_conv(x):
    return np.roll(mg.conv2d(x, w[::-1, ::-1], stride=2, padding=1), 1, axis=1)


def wrong_transpose(g):
    return mg.conv2d_transpose(np.roll(g, -1, axis=1), w[::-1, ::-1], stride=2, padding=1, output_size=(7, 6))


sums = (wrong_conv(x) * g).sum(), (x * wrong_transpose(g)).sum()
print(f"the adjoint test of the wrong pair: {sums[0]:.13f} and {sums[1]:.13f}")
print(f"the wrong convolution beside the right one: largest difference {np.abs(wrong_conv(x) - y).max():.2f}")

# %% [markdown]
# The test compares two functions with each other: it shows that the second is the transpose of the first, and not that
# the first is the convolution that you want. So it takes two tests: the forward pass against its definition (the
# loops above, or an image with a single 1), and then the adjoint test for the backward pass.
#
# **Exercise 07.3.** `conv_dx`, the transposed convolution. When it is wrong, the message says where: "only where
# windows overlap" is a different mistake from "everywhere".

# %%
check("07.3")

# %% [markdown]
# ## The gradient with respect to the kernel
#
# The same sum, asked for the other factor. The weight w[a, b, c, f] takes part in *every* output y[n, i, j, f], with
# the factor x[n, s i + a - p, s j + b - p, c]. By the chain rule all of them add up:
#
# $$ \frac{\partial L}{\partial w[a,b,c,f]} \;=\; \sum_{n,i,j}\; g[n,i,j,f]\;\; x[n,\; s\,i + a - p,\; s\,j + b - p,\; c] . $$
#
# This is what sharing a weight costs, and what it is good for: one number collects what every place of every image has
# to say about it.
#
# Now look at the three results again. They are the derivatives of one expression that is linear in each of three
# arrays, $T(x, w, g) = \langle \mathrm{conv}(x, w), g\rangle$, a sum of products x w g:
#
# $$ \frac{\partial T}{\partial g} = \text{convolution},\qquad \frac{\partial T}{\partial x} = \text{transposed convolution},\qquad \frac{\partial T}{\partial w} = \text{weight gradient}. $$
#
# So the gradients of these three are again among these three, as often as you differentiate. Here are the library's
# rules, in full. Lesson 11 needs their second order.

# %%
source = open(mg.ops.conv.__file__).read()
print(source[source.index("conv2d.gradients(") :].split("conv2d_weight_gradient.gradients(")[0].rstrip())

# %% [markdown]
# **Exercise 07.4.** `conv_dw`. Two loops and one sum over n, i and j.

# %%
check("07.4")

# %% [markdown]
# ## Two convolutions in a row
#
# Networks put a nonlinearity between two convolutions. What is lost without it? A convolution is a matrix, and the
# product of two matrices is again a matrix. And if the image moves, the result of both moves with it. So
# (away from the padding) two convolutions in a row do what a single one with a larger kernel could do: the second layer
# adds nothing that one layer cannot express. The size of that kernel is the *receptive field*: how many pixels of the image one number of
# the second layer depends on. With a nonlinearity in between there is no such kernel, but the receptive field is the
# same.
#
# **Exercise 07.5 (derivation).** `one_kernel`: find the single kernel. Neither its size nor its entries are given
# here; put one formula into the other.

# %%
check("07.5")

# %% [markdown]
# ## A misconception, put to the test
#
# *"Deconvolution undoes convolution."* The name (and a paper or two) says so. If it did, A transposed times A would be
# the identity. We shrink a hundred digits with a blurring kernel and stride 2, and want them back.
#
# **Predict before you run.** Which comes closer to the digits, measured by the root of the mean squared error?
#
# - (a) The transposed convolution with the same kernel.
# - (b) The plainest thing of all: each pixel of the small image, repeated 2 x 2 times.

# %%
predict("07.c", ...)

# %%
blur = np.outer([1, 2, 1], [1, 2, 1]).reshape(3, 3, 1, 1) / 16
small = mg.conv2d(digits, blur, stride=2, padding=1)
again = mg.conv2d_transpose(small, blur, stride=2, padding=1, output_size=digits.shape[1:3])
repeated = small.repeat(2, axis=1).repeat(2, axis=2)
tries = {"transposed": again, "repeated": repeated, "4 x transposed": 4 * again, "all black": 0 * digits}
errors = {name: np.sqrt(((image - digits) ** 2).mean()) for name, image in tries.items()}
print("root of the mean squared error:   " + "   ".join(f"{name} {error:.3f}" for name, error in errors.items()))
pictures.row([digits, small, again, repeated, 4 * again], ["x", "conv(x)", *list(tries)[:3]], limit=1)
for size in (27, 28):
    out = mg.conv2d(np.zeros((1, size, size, 1)), blur, stride=2, padding=1).shape[1]
    print(f"an image of {size} becomes {out}: so which size should {out} become?")

# %% [markdown]
# The transposed convolution gives back the *shape* of the input and not its values. Here it is even much too weak: the
# weights of the blurring kernel add up to 1, but they are spread over four times as many pixels, so that on a constant
# image each pixel gets stamps that add up to 1/4. Four times as bright, it is a smooth enlargement, and comes closer
# than repetition. But even that is not x, and no kernel could give x back: a quarter of the numbers cannot hold all
# of them.
#
# Nor is the size that it should return known: 27 and 28 both become 14, which is why `conv2d_transpose` has an argument
# `output_size`. The transposed convolution is an adjoint, not an inverse; the word "deconvolution" is best kept for
# methods that really invert.
#
# ## Checkerboards
#
# A generator turns a few large pixels into many small ones, by transposed convolution with stride 2. Feed it a
# constant image and a kernel of ones: the output counts how many stamps fall on each pixel.

# %%
flat = np.ones((1, 7, 7, 1))
counts = {}
for k in (3, 4, 5):
    inside = mg.conv2d_transpose(flat, np.ones((k, k, 1, 1)), stride=2)[0, k:-k, k:-k, 0]
    counts[f"kernel {k}, stride 2"] = inside[:6, :6]
figure = pictures.stamped(list(counts.values()), list(counts))

# %% [markdown]
# With a kernel of 3 and a stride of 2, in each direction every other pixel gets two stamps and its neighbour one: 1, 2
# or 4 altogether, a checkerboard before anything has been learnt. If the stride divides the kernel's length (4 by 2),
# all pixels get the same number.
#
# But a kernel that has not been trained does not hold ones, it holds random numbers. Does an even count then make an
# even picture? We draw a thousand kernels, let each enlarge a constant image, and look at four neighbouring pixels. As
# a baseline, the image is enlarged by repetition and then convolved with stride 1.

# %%
rng, spread = np.random.default_rng(0), {}
for name, k in (("kernel 3, stride 2", 3), ("kernel 4, stride 2", 4), ("repeated, kernel 3", 3)):
    if name.startswith("repeated"):
        result = mg.conv2d(flat.repeat(2, axis=1).repeat(2, axis=2), rng.standard_normal((k, k, 1, 1000)))
    else:
        result = mg.conv2d_transpose(flat, rng.standard_normal((k, k, 1000, 1)), stride=2)
    four = result[0, 4:6, 4:6].reshape(4, 1000)  # four neighbours, for each of a thousand kernels
    spread[name] = (four.std(axis=0) / np.sqrt((four**2).mean(axis=0))).mean()
    typical = np.sqrt((four**2).mean(axis=1))
    print(f"{name}: typical size {np.round(typical, 1)}, spread within one picture {100 * spread[name]:.0f} %")

# %% [markdown]
# On average over many kernels, a kernel of 4 treats all pixels alike, and a kernel of 3 makes the same pixels strong
# and the same pixels weak in every feature map. But each single random kernel of 4 x 4 still makes a pattern, because
# its four kinds of pixels meet different weights. An even count removes only the part of the checkerboard that all
# kernels share. Repetition followed by a convolution has no pattern at all on a constant image, whatever the weights.
#
# The same happens on the way back. The gradient of a strided convolution with respect to its image *is* a transposed
# convolution, so a discriminator with kernels of 3 x 3 and stride 2 sends a checkerboard to the generator. This is why
# the kernels of this library's DCGAN are 4 x 4, in both networks.
#
# **Exercise 07.6 (open task).** `enlarging_kernel`: find a kernel with which the transposed convolution with stride 2
# enlarges images well, better than repetition by at least 2 decibels. There are many ways to get there: known
# formulas, smooth kernels, or the examples.

# %%
check("07.6")

# %% [markdown]
# ## Something to play with
#
# A constant image of 5 x 5, enlarged. Which kernels and strides give an even picture inside? What does padding do to
# the border? And what changes with random weights?


# %%
def enlarge(kernel, stride, padding, weights):
    drawn = np.random.default_rng(0).standard_normal((kernel, kernel, 1, 1))
    result = mg.conv2d_transpose(
        np.ones((1, 5, 5, 1)), drawn if weights == "random" else 1 + 0 * drawn, stride, padding
    )
    return pictures.stamped([result[0, ..., 0]], [f"{result.shape[1]} x {result.shape[2]}"])


move(
    enlarge,
    kernel=Slider(1, 6, 1, start=3),
    stride=Slider(1, 3, 1, start=2),
    padding=Slider(0, 2, 1, start=0),
    weights=Choice(("ones", "random"), start="ones"),
)

# %% [markdown]
# ## Five quick questions

# %%
quiz("07")

# %% [markdown]
# ## Where to go next
#
# - V. Dumoulin and F. Visin, *A guide to convolution arithmetic for deep learning*, 2016,
#   [arXiv:1603.07285](https://arxiv.org/abs/1603.07285), sections 2 and 4: all the cases of sizes, drawn.
# - Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, *Gradient-based learning applied to document recognition*, 1998,
#   [doi:10.1109/5.726791](https://doi.org/10.1109/5.726791), section II-A: why near by and everywhere.
# - A. Odena, V. Dumoulin and C. Olah, *Deconvolution and checkerboard artifacts*, 2016,
#   [doi:10.23915/distill.00003](https://doi.org/10.23915/distill.00003): what this pattern does to real generators.
# - A. Radford, L. Metz and S. Chintala, *Unsupervised representation learning with deep convolutional generative
#   adversarial networks*, 2016, [arXiv:1511.06434](https://arxiv.org/abs/1511.06434), section 3.
# - In the library: `minigen/ops/conv.py` has the same three operations as matrix products, and is fast.
