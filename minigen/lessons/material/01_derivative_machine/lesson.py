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
# # Lesson 1: The derivative machine
#
# **Afterwards you can** follow a gradient through any program by hand, say why every step is visited once and in which
# order, write the rules for products and matrix products, and explain what broadcasting does on the way back.
#
# **Time:** 30 minutes to read, about an hour with the four exercises. **You need** derivatives of one variable.
#
# First the picture. On the left a program of five steps, drawn as a graph. On the right the same graph, passed through
# backwards: below each value stands how much the last one changes if this one is raised a little.
#
# ![A program as a graph, and the same graph with derivatives](opening.png)

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import minigen as mg
from minigen.autodiff import backpropagation
from minigen.lessons import check, handwritten, show_source

MADE = []  # all nodes, in the order in which they were made


class Node:
    """A number that remembers what it was computed from, and its derivatives with respect to that."""

    def __init__(self, value, name, inputs=(), slopes=()):
        self.value, self.name, self.inputs, self.slopes = value, name, inputs, slopes
        self.total = None  # d last / d this: not known yet
        self.number = len(MADE)
        MADE.append(self)


def times(a, b):
    return Node(a.value * b.value, f"{a.name} {b.name}", (a, b), (b.value, a.value))


def plus(a, b):
    return Node(a.value + b.value, f"{a.name} + {b.name}", (a, b), (1.0, 1.0))


def sine(a):
    return Node(math.sin(a.value), f"sin({a.name})", (a,), (math.cos(a.value),))


def program():
    """L = u sin(u) with u = x y + y."""
    MADE.clear()
    x, y = Node(2.0, "x"), Node(-1.5, "y")
    p = times(x, y)
    u = plus(p, y)
    u.name = "u"
    s = sine(u)
    last = times(u, s)
    last.name = "L"
    return [x, y, p, u, s, last]


PLACES = {"x": (0, 1), "y": (0, 0), "x y": (1, 1), "u": (2, 0.5), "sin(u)": (3, 1), "L": (4, 0.5)}


def draw(axis, nodes, title="", active=None):
    """The graph; values in black, derivatives that are known in red, arrows with their local slopes."""
    for node in nodes:
        x, y = PLACES[node.name]
        for source, slope in zip(node.inputs, node.slopes, strict=True):
            a, b = PLACES[source.name]
            color = "C3" if node is active else "0.6"
            axis.annotate(
                "", (x, y), (a, b), arrowprops={"arrowstyle": "->", "color": color, "shrinkA": 18, "shrinkB": 18}
            )
            if node is active:
                axis.text(0.5 * (a + x), 0.5 * (b + y) + 0.06, f"{slope:.2f}", color="C3", fontsize=8, ha="center")
        axis.add_patch(
            plt.Circle((x, y), 0.22, facecolor="white", edgecolor="C3" if node is active else "0.3", zorder=2)
        )
        axis.text(x, y + 0.04, f"{node.value:.2f}", ha="center", va="center", fontsize=8, zorder=3)
        axis.text(x, y + 0.3, node.name, ha="center", fontsize=9, weight="bold")
        if node.total is not None:
            axis.text(x, y - 0.1, f"{node.total:.2f}", ha="center", va="center", fontsize=8, color="C3", zorder=3)
    axis.set(xlim=(-0.4, 4.4), ylim=(-0.5, 1.5), title=title, aspect="equal")
    axis.set_axis_off()


def backward(nodes, last):
    """All derivatives of `last`: later nodes first, each hands its own on to what it was computed from."""
    last.total = 1.0
    for node in sorted(nodes, key=lambda node: node.number, reverse=True):
        for source, slope in zip(node.inputs, node.slopes, strict=True):
            source.total = (source.total or 0.0) + node.total * slope
        yield node


nodes = program()
figure, axes = plt.subplots(1, 2, figsize=(11, 2.8), layout="constrained")
draw(axes[0], nodes, "forward: values")
list(backward(nodes, nodes[-1]))
draw(axes[1], nodes, "backward: derivatives of L, in red")
plt.show()

# %% [markdown]
# The whole machine is `times`, `plus`, `sine` and `backward` above: an operation computes a value and notes two things,
# *from what* it was computed and *how steep* it is there. `backward` does the rest. Everything else in this course, from
# a digit classifier to a GAN, is trained by this loop with more operations and with arrays in place of numbers.
#
# ## One number
#
# If L depends on u and u depends on x, a little more x, dx, makes u larger by u'(x) dx, and this makes L larger by
# L'(u) u'(x) dx. Slopes along a chain are multiplied:
#
# $$ \frac{dL}{dx} = \frac{dL}{du}\,\frac{du}{dx} . $$
#
# One may multiply from either end. From the front, `du/dx` first, one pass gives the derivative of *every* result with
# respect to *one* input. From the back, `dL/du` first, one pass gives the derivative of *one* result with respect to
# *every* input. A network has millions of inputs (its weights) and one result (the loss). So we go from the back: one pass
# for all, and it costs about twice the forward pass, not a million times.
#
# ## Several ways to one result
#
# In the picture y is used twice: in x y and in the sum. If y is raised by dy, x y changes and u changes by that; and u
# changes by dy itself. To first order the two changes add up. In general, if L depends on $v_1 \ldots v_k$ and all of
# these on y,
#
# $$ \frac{\partial L}{\partial y} = \sum_{i=1}^{k} \frac{\partial L}{\partial v_i}\,\frac{\partial v_i}{\partial y} . $$
#
# *Why a sum?* Move the $v_i$ one after the other. Each move changes L by $\partial L / \partial v_i \cdot dv_i$, up to
# terms that shrink faster than the moves, and $dv_i = \partial v_i / \partial y \cdot dy$. The total change is the sum
# of the changes.
#
# That is the rule of the whole course: **at a fork, gradients add up**. In the program it is the `+` in `source.total`.
#
# ## Why in this order, and each node once
#
# A node may hand its derivative on when it is *complete*: when all nodes that use it have handed theirs. If it goes
# earlier, it hands on a part, and would have to come again with the rest. In a chain of forks the visits double at
# each: 2, 4, 8, ... An order in which every node comes after all that use it is a *topological order*; it lets each be
# visited once.
#
# There is one for free. Inputs exist before what is computed from them, so if nodes are numbered as they are made, an
# input always has the smaller number. Largest number first is a topological order. Here is the pass, node by node.

# %%
nodes = program()
steps = backward(nodes, nodes[-1])
figure, axes = plt.subplots(2, 2, figsize=(11, 5.2), layout="constrained")
for axis, node in zip(axes.flat, steps, strict=False):
    draw(axis, nodes, f"{node.name} hands on {node.total:.2f} times each slope", node)
plt.show()
list(steps)
print("dL/dx =", round(nodes[0].total, 6), "   dL/dy =", round(nodes[1].total, 6))

# %% [markdown]
# **Predict before you run:** if the pass went in the order in which the nodes were made, smallest number first, what
# would dL/dx be? And how often would `u` be visited if every node went on as soon as something arrived?

# %%
nodes = program()
nodes[-1].total = 1.0
for node in nodes:  # the wrong way round
    for source, slope in zip(node.inputs, node.slopes, strict=True):
        source.total = (source.total or 0.0) + (node.total or 0.0) * slope
print("smallest number first: dL/dx =", nodes[0].total)


def eager(node, amount, visits):
    """Go on at once with whatever arrives: right in the end, but each path is walked separately."""
    visits.append(node.name)
    for source, slope in zip(node.inputs, node.slopes, strict=True):
        eager(source, amount * slope, visits)


visits = []
eager(nodes[-1], 1.0, visits)
print(f"eager: u is visited {visits.count('u')} times, y {visits.count('y')} times")
counts = []
for depth in range(1, 13):
    MADE.clear()
    node = Node(1.0, "x")
    for _ in range(depth):
        node = plus(node, node)  # a fork, again and again
    visits = []
    eager(node, 1.0, visits)
    counts.append((len(visits), len(MADE)))
figure, axis = plt.subplots(figsize=(5, 2.8), layout="constrained")
axis.semilogy(range(1, 13), [c[0] for c in counts], "o-", label="eager: one visit a path")
axis.semilogy(range(1, 13), [c[1] for c in counts], "o-", label="in order: one visit a node")
axis.set(xlabel="forks in a row", ylabel="visits")
axis.legend()
plt.show()

# %% [markdown]
# **Exercise 01.1.** Write the pass yourself: `backward`, for a graph given as lists. Open
# `exercises.py` (in Jupyter Lab it is beside this notebook in the file browser), write the
# function, save the file, and run the next cell again. "Not written yet" is the start of every exercise.

# %%
check("01.1")

# %% [markdown]
# The library does the same. It first collects what lies behind the output (`_history`), sorted by number, and then goes
# through it once:

# %%
show_source(backpropagation._history)

# %% [markdown]
# ## From numbers to arrays
#
# A gradient G = dL/dY of an array Y has Y's shape: one derivative for each entry. What we need of an operation
# Y = f(A, B) is a rule that turns G into dL/dA and dL/dB.
#
# Operations on each entry bring nothing new. For Y = A * B, entry by entry, $Y_i = A_i B_i$, so
# $\partial L/\partial A_i = G_i B_i$ and $\partial L/\partial B_i = G_i A_i$.
#
# **Exercise 01.2.** `multiply_backward`.

# %%
check("01.2")

# %% [markdown]
# ## The matrix product
#
# Let Y = A B, that is $Y_{nm} = \sum_k A_{nk} B_{km}$. Which entries of Y does $A_{nk}$ enter? Those of row n,
# each with the factor $B_{km}$. Sum over the ways:
#
# $$ \frac{\partial L}{\partial A_{nk}} = \sum_m G_{nm} B_{km} = (G B^\top)_{nk} \qquad\text{and likewise}\qquad \frac{\partial L}{\partial B_{km}} = \sum_n A_{nk} G_{nm} = (A^\top G)_{km} . $$
#
# One need not remember which is transposed: only one arrangement of G and B has A's shape. (That works while all sizes
# differ. With square matrices every arrangement fits and most are wrong, which is why no test in this course has equal
# sizes.)
#
# **Exercise 01.3.** `matmul_backward`.

# %%
check("01.3")

# %% [markdown]
# ## Broadcasting and its adjoint
#
# `x + b` with x of shape (4, 3) and b of shape (3,) works: NumPy repeats b for each row. On the way back G has shape
# (4, 3), and b needs a gradient of shape (3,). What becomes of the rows?
#
# Repeating is an operation like any other: $R_{nj} = b_j$. Each $b_j$ goes four ways, to four rows; at a fork gradients
# add up: $\partial L/\partial b_j = \sum_n G_{nj}$. **Repeat on the way there, sum on the way back.** The same holds for
# an axis of length 1 that was stretched.

# %%
b = np.array([1.0, 2.0, 3.0])
G = np.random.default_rng(0).standard_normal((4, 3))
figure, axes = plt.subplots(1, 4, figsize=(9, 2.2), layout="constrained", width_ratios=(1, 1, 1, 1))
pictures = (
    (b[None], "b, (3,)"),
    (np.broadcast_to(b, (4, 3)), "repeated, (4, 3)"),
    (G, "G, (4, 3)"),
    (G.sum(0)[None], "its sum, (3,)"),
)
for axis, (array, title) in zip(axes, pictures, strict=True):
    axis.imshow(array, cmap="coolwarm", vmin=-4, vmax=4)
    for (i, j), value in np.ndenumerate(array):
        axis.text(j, i, f"{value:.1f}", ha="center", va="center", fontsize=8)
    axis.set_title(title, fontsize=9)
    axis.set_axis_off()
plt.show()
show_source(mg.autodiff.broadcast.unbroadcast)

# %% [markdown]
# **Exercise 01.4.** `unbroadcast`. With it no other rule has to think of shapes again.

# %%
check("01.4")

# %% [markdown]
# ## The whole machine on real data
#
# Now the library's tensors, on handwritten digits: a linear map from pixels to ten scores, and the gradient of a loss
# with respect to the weights. Each gradient has the shape of what it belongs to; a column of it can be looked at as an
# image. It says: to make this digit's score better, add these pixels and take away those.

# %%
digits = handwritten("test")
x = digits.x[:500]
x = x.reshape(len(x), -1)  # each image a row
w = mg.tensor(np.zeros((x.shape[1], 10), np.float32), requires_grad=True)
scores = mg.tensor(x) @ w
loss = mg.nn.cross_entropy_loss(scores, digits.y[:500])
loss.backward()
print("loss", round(loss.item(), 4), "= log 10;  w", w.shape, " dL/dw", w.grad.shape)
side = digits.shape[0]
figure, axes = plt.subplots(1, 10, figsize=(11, 1.5), layout="constrained")
for k, axis in enumerate(axes):
    picture = -w.grad.numpy()[:, k].reshape(side, side)
    axis.imshow(picture, cmap="coolwarm", vmin=-abs(picture).max(), vmax=abs(picture).max())
    axis.set_title(str(k), fontsize=9)
    axis.set_axis_off()
plt.show()

# %% [markdown]
# ## A misconception, put to the test
#
# *"In x * x the variable is used, so its gradient is set."* It is used twice. A machine that assigns instead of adding
# keeps the last of the two. Look at what that does, and at what happens when a backward pass runs twice without
# forgetting the first one's result.

# %%
x = mg.tensor(np.array([3.0]), requires_grad=True)
(x * x).sum().backward()
print("d(x x)/dx at 3:", x.grad.numpy(), "  (assigning would give 3: half of it)")
(x * x).sum().backward()
print("after a second pass:", x.grad.numpy(), "  the gradient was added to what was there")
x.grad = None
(x * x).sum().backward()
print("with x.grad = None before it:", x.grad.numpy())

# %% [markdown]
# So `grad` adds up too: a tensor that was used in two losses is a fork. Optimizers call `zero_grad` before each pass.
# A training loop without it goes on adding old gradients, and looks as if the learning rate were too high.
#
# ## Something to play with
#
# Change the program: put other operations in, use x three times, let L be y itself. Draw it, and check one derivative by
# hand.

# %%
MADE.clear()
x, y = Node(0.5, "x"), Node(2.0, "y")
square = times(x, x)
PLACES["x x"] = (1, 1)  # where it is drawn
u = plus(square, y)
u.name = "u"
s = sine(u)
last = times(s, s)
last.name = "L"
mine = [x, y, square, u, s, last]
list(backward(mine, last))
figure, axis = plt.subplots(figsize=(6, 2.8), layout="constrained")
draw(axis, mine, "L = sin(x x + y)^2")
plt.show()
print(
    "by hand: dL/dy = 2 sin(u) cos(u) =", round(2 * math.sin(2.25) * math.cos(2.25), 6), "  machine:", round(y.total, 6)
)

# %% [markdown]
# ## Where to go next
#
# - Baydin, Pearlmutter, Radul & Siskind 2018, *Automatic differentiation in machine learning: a survey*, section 3:
#   forward and reverse, and what each costs.
# - Griewank & Walther 2008, *Evaluating Derivatives*, chapter 3: why a gradient costs no more than a few evaluations.
# - Rumelhart, Hinton & Williams 1986, *Learning representations by back-propagating errors*: where it became learning.
# - In the library: `minigen/autodiff/backpropagation.py`, the machine in 240 lines; `minigen/ops/`, a rule for each operation.
# - Lesson 2 asks how one can be sure that a rule is right.
