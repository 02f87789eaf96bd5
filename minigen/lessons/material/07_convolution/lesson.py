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
# gradients in NumPy, test an adjoint with random numbers, and see where a generator's checkerboards come from.
#
# **Time:** 30 minutes to read, about an hour with the four exercises. **You need** lesson 1 (the chain rule).
#
# First the picture: a digit, what two small kernels make of it, and what the *transposed* convolution makes of that.
#
# ![A digit, two filtered copies of it, and what the transposed convolution makes of them](opening.png)

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigen as mg
from minigen.lessons import check, handwritten, show_source
from minigen.ops import loops

digits = handwritten("test")
digit = digits.x[:1].astype(np.float64)  # (1, H, W, 1)


def show(images, titles, width=9.0, limit=None):
    """Images (H, W) in a row; grey is 0, dark is negative, and all have one scale if `limit` is given."""
    figure, axes = plt.subplots(1, len(images), figsize=(width, width / len(images) + 0.3), layout="constrained")
    for axis, image, title in zip(np.atleast_1d(axes), images, titles, strict=True):
        bound = limit or np.abs(image).max()
        axis.imshow(image, cmap="gray", vmin=-bound, vmax=bound)
        axis.set_title(f"{title}\n{image.shape[0]} x {image.shape[1]}", fontsize=9)
        axis.set_axis_off()
    plt.show()


edges = np.zeros((3, 3, 1, 2))  # (kh, kw, C, F): two kernels of 3 x 3
edges[:, :, 0, 0] = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]  # where it gets brighter to the right (Sobel)
edges[:, :, 0, 1] = edges[:, :, 0, 0].T  # where it gets brighter downwards
maps = mg.conv2d(digit, edges, stride=2, padding=1)
back = mg.conv2d_transpose(maps, edges, stride=2, padding=1, output_size=digit.shape[1:3])
show(
    [digit[0, :, :, 0], maps[0, :, :, 0], maps[0, :, :, 1], back[0, :, :, 0]],
    ["x", "conv: left to right", "conv: top to bottom", "transposed conv of both"],
)

# %% [markdown]
# The two maps in the middle have half the height and width. The last picture has the size of the first again: but it
# is not the first. By the end of this lesson you will know exactly what it is.
#
# ## Convolution
#
# A dense layer for an image of 28 x 28 pixels with 784 outputs has 614 656 weights, and must learn at every place
# anew what an edge is. A convolution makes two assumptions: what matters is *near by*, and what is worth seeing in one
# place is worth seeing *everywhere*. So a small kernel w looks at a window of the image, gives one number, moves on,
# and looks again with the same weights.
#
# With images x of shape (N, H, W, C), kernels w of shape (kh, kw, C, F), stride s and padding p,
#
# $$ y[n,i,j,f] \;=\; \sum_{a=0}^{k_h-1}\ \sum_{b=0}^{k_w-1}\ \sum_{c=0}^{C-1}\; x[n,\; s\,i + a - p,\; s\,j + b - p,\; c]\;\, w[a,b,c,f] $$
#
# where x is zero outside of the image. There are F kernels; each sees all C channels and gives one channel of the output.
# (In mathematics a convolution turns the kernel by 180 degrees, and this is a correlation. As the kernel is learnt,
# it makes no difference, and the field uses the shorter word.)
#
# Here is the window of output (i, j) = (1, 2), for a kernel of 3 x 3 with stride 2 and padding 1.

# %%
figure, axes = plt.subplots(1, 2, figsize=(7, 3.2), layout="constrained")
i, j, stride, padding = 1, 2, 2, 1
small = np.pad(np.arange(1, 50).reshape(7, 7) / 49, 1)
axes[0].imshow(small, cmap="gray", vmin=-0.3)
axes[0].add_patch(plt.Rectangle((0.5, 0.5), 7, 7, fill=False, color="C0", linewidth=2, label="the image, 7 x 7"))
corner = (stride * j - 0.5, stride * i - 0.5)
axes[0].add_patch(plt.Rectangle(corner, 3, 3, fill=False, color="C3", linewidth=3, label="the window of y[1, 2]"))
axes[0].legend(loc="lower left", fontsize=8)
axes[0].set_title("x with a border of zeros")
places = np.zeros((4, 4))
places[i, j] = 1
axes[1].imshow(places, cmap="Reds", vmax=1.3)
axes[1].set_title("y, 4 x 4")
for axis, size in zip(axes, (9, 4), strict=True):
    axis.set_xticks(np.arange(size + 1) - 0.5, [])
    axis.set_yticks(np.arange(size + 1) - 0.5, [])
    axis.grid(color="white", linewidth=0.5)
plt.show()

# %% [markdown]
# This is the same with plain loops, from the library. It is slow, and it is the definition: the fast version is tested
# against it.

# %%
show_source(loops.conv2d)
show_source(loops._terms)

# %% [markdown]
# ## The arithmetic of sizes
#
# **Predict before you run:** an axis has 28 pixels, the kernel 5, the stride is 2, there is no padding. How many
# outputs?
#
# With padding p on both sides the axis has n + 2p pixels. A kernel of length k that starts at pixel t ends at
# t + k - 1, so the last start that fits is t = n + 2p - k. The starts are 0, s, 2s, ...; those not larger than m are
# 0, s, ..., s floor(m / s), and these are floor(m / s) + 1. Hence
#
# $$ \text{out} \;=\; \Big\lfloor \frac{n + 2p - k}{s} \Big\rfloor + 1 . $$
#
# Two things follow. With stride 1, p = (k - 1) / 2 keeps the size, which is why kernels of 3 and 5 are so common. And
# with a stride s > 1, *s different sizes* n lead to the same output: what is left over at the end is not seen. Whoever
# goes back from out to n must say which one is meant.

# %%
for n, k, s, p in [(28, 5, 2, 0), (28, 3, 1, 1), (28, 4, 2, 1), (27, 3, 2, 1), (28, 3, 2, 1)]:
    out = mg.conv2d(np.zeros((1, n, n, 1)), np.zeros((k, k, 1, 1)), s, p).shape[1]
    print(f"{n} pixels, kernel {k}, stride {s}, padding {p}: {out} outputs")

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
# A convolution is linear in x: conv(x + x') = conv(x) + conv(x'). Every linear map has a matrix. Written out as a long
# vector, x has H W C entries, y has OH OW F, and y = A x. Column q of A is what the convolution makes of an image that
# is 1 at pixel q and 0 elsewhere, so we can simply measure A.

# %%
kernel = np.arange(1.0, 10.0).reshape(3, 3, 1, 1)
H = W = 5
units = np.eye(H * W).reshape(H * W, H, W, 1)  # a batch of 25 images, each with a single 1
A = mg.conv2d(units, kernel).reshape(H * W, -1).T  # (9, 25)

image = np.random.default_rng(0).standard_normal((1, H, W, 1))
print("conv equals A x:", np.allclose(mg.conv2d(image, kernel).ravel(), A @ image.ravel()))

figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained", width_ratios=(2, 1))
for axis, matrix, title in ((axes[0], A, "A: convolution, 25 to 9"), (axes[1], A.T, "A transposed: 9 to 25")):
    axis.imshow(np.where(matrix == 0, np.nan, matrix), cmap="viridis")
    axis.set_title(title, fontsize=10)
    axis.set_xlabel("from pixel")
    axis.set_ylabel("to pixel")
plt.show()

# %% [markdown]
# Each row holds the same nine numbers, moved on by one pixel (or by three, at the end of a line of the image). All
# else is zero. A dense layer would have 225 free numbers in this place; the convolution has nine.
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
# **With the indices** it tells us how to compute it. Which outputs does a pixel x[n, u, v, c] enter? Those y[n, i, j, f] for
# which there is a tap (a, b) with s i + a - p = u and s j + b - p = v, and each time with the factor w[a, b, c, f]:
#
# $$ \frac{\partial L}{\partial x[n,u,v,c]} \;=\; \sum_{i,j,a,b,f}\; \big[\, s\,i + a - p = u,\;\; s\,j + b - p = v \,\big]\;\; g[n,i,j,f]\;\, w[a,b,c,f] $$
#
# where the bracket is 1 if the condition holds and 0 if not. Nobody computes it that way, by testing conditions. Turn it
# round: go through the outputs (i, j) and taps (a, b), and *add* g w to the pixel that they belong to,
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
# Two random arrays and two sums: if the numbers agree to 15 digits, every one of the index calculations is right, because no
# accident could make them equal. It is the cheapest proof of a backward pass there is, and needs no step size.

# %%
rng = np.random.default_rng(1)
x, w = rng.standard_normal((2, 7, 6, 3)), rng.standard_normal((3, 2, 3, 4))
y = mg.conv2d(x, w, stride=2, padding=1)
g = rng.standard_normal(y.shape)
dx = mg.conv2d_transpose(g, w, stride=2, padding=1, output_size=(7, 6))
print(f"<conv(x), g>  = {(y * g).sum():.13f}")
print(f"<x, conv'(g)> = {(x * dx).sum():.13f}")

# %% [markdown]
# **Exercise 07.3.** `conv_dx`, the transposed convolution. When it is wrong, the message says where: "only where windows
# overlap" is a different mistake from "everywhere".

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
# It is the price, and the point, of sharing weights: one number is told by every place of every image what it should
# have been.
#
# Now look at the three results again. They are the derivatives of one expression that is linear in each of three
# arrays, $T(x, w, g) = \langle \mathrm{conv}(x, w), g\rangle = \sum x\, w\, g$:
#
# $$ \frac{\partial T}{\partial g} = \text{convolution},\qquad \frac{\partial T}{\partial x} = \text{transposed convolution},\qquad \frac{\partial T}{\partial w} = \text{weight gradient}. $$
#
# So the gradients of these three are again among these three, as often as you differentiate. The library's rules,
# in full, of which lesson 11 needs the second order:

# %%
source = open(mg.ops.conv.__file__).read()
print(source[source.index("conv2d.gradients(") :].split("conv2d_weight_gradient.gradients(")[0].rstrip())

# %% [markdown]
# **Exercise 07.4.** `conv_dw`. Two loops and one sum over n, i and j.

# %%
check("07.4")

# %% [markdown]
# ## A misconception, put to the test
#
# *"Deconvolution undoes convolution."* The name (and a paper or two) says so. If it did, A transposed times A would be
# the identity. Predict the picture before you run the cell: a digit, convolved with a blurring kernel at stride 2,
# then through the transposed convolution with the same kernel.

# %%
blur = np.outer([1, 2, 1], [1, 2, 1]).reshape(3, 3, 1, 1) / 16
small = mg.conv2d(digit, blur, stride=2, padding=1)
again = mg.conv2d_transpose(small, blur, stride=2, padding=1, output_size=digit.shape[1:3])
show([digit[0, :, :, 0], small[0, :, :, 0], again[0, :, :, 0]], ["x", "conv(x)", "transposed conv of it"], 7, 1.0)
print(f"largest error |again - x|: {np.abs(again - digit).max():.2f}")
for size in (27, 28):
    out = mg.conv2d(np.zeros((1, size, size, 1)), blur, stride=2, padding=1).shape[1]
    print(f"an image of {size} becomes {out}: so which size should {out} become?")

# %% [markdown]
# It is not even of a definite size: 27 and 28 both become 14, which is why `conv2d_transpose` has `output_size`. It
# gives back the *shape* of the input and not its values. It is an adjoint, not an inverse; "deconvolution" is best
# left to those who mean it.
#
# ## Checkerboards
#
# A generator turns a few large pixels into many small ones, by transposed convolution with stride 2. Feed it a
# constant image and a kernel of ones: the output counts how many stamps fall on each pixel.

# %%
flat = np.ones((1, 6, 6, 1))
counts = []
for k in (3, 4, 5):
    stamped = mg.conv2d_transpose(flat, np.ones((k, k, 1, 1)), stride=2)
    counts.append(stamped[0, k : -k or None, k : -k or None, 0])
    print(f"kernel {k}: inside, a pixel gets {sorted(set(counts[-1].ravel().astype(int).tolist()))} stamps")
figure, axes = plt.subplots(1, 3, figsize=(7, 2.6), layout="constrained")
for axis, count, k in zip(axes, counts, (3, 4, 5), strict=True):
    axis.imshow(count[:6, :6], cmap="magma", vmin=0, vmax=9)
    axis.set_title(f"kernel {k}, stride 2")
    axis.set_axis_off()
plt.show()

# %% [markdown]
# With a kernel of 3 and a stride of 2, in each direction every other pixel gets two stamps and its neighbour one: 1, 2
# or 4 altogether, a checkerboard before anything has been learnt. If the stride divides the kernel (4 by 2), all
# pixels get the same. The network *can* learn to make up for it, but it starts with the pattern, and the gradients
# that flow back through it have it too. This is why DCGAN's kernels in this library are 4 x 4; the other remedy is to
# enlarge by repetition and convolve with stride 1.
#
# ## Something to play with
#
# Change the numbers and run the cell again. Which kernels and strides give an even picture? What does padding do to
# the border? Use random weights instead of ones: does an even count make an even picture?

# %%
k, stride, padding = 5, 3, 0
weights = np.ones((k, k, 1, 1))
# weights = np.random.default_rng(0).standard_normal((k, k, 1, 1))
result = mg.conv2d_transpose(np.ones((1, 5, 5, 1)), weights, stride, padding)
show([result[0, :, :, 0]], [f"kernel {k}, stride {stride}, padding {padding}"], 3)

# %% [markdown]
# ## Where to go next
#
# - Dumoulin & Visin 2016, *A guide to convolution arithmetic for deep learning*, sections 2 and 4: all the cases of
#   sizes, drawn.
# - LeCun, Bottou, Bengio & Haffner 1998, *Gradient-based learning applied to document recognition*, section II-A: why
#   near-by and everywhere.
# - Odena, Dumoulin & Olah 2016, *Deconvolution and checkerboard artifacts* (distill.pub): what the third picture does to
#   real generators.
# - Radford, Metz & Chintala 2016, *Unsupervised representation learning with DCGANs*, section 3.
# - In the library: `minigen/ops/conv.py` has the same three operations as matrix products, fast, in 380 lines.
