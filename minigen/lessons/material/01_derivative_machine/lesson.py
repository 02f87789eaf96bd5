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
# **Time:** 30 minutes to read, about two hours with the six exercises. **You need** derivatives of one variable.
#
# The picture shows a program of four steps as a graph: first with its values, and then passed through backwards. The
# red number below each value says how much the last value changes if this one is raised a little.
#
# ![A program as a graph, and the same graph with derivatives](opening.png)

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import minigen as mg
from minigen.autodiff import backpropagation
from minigen.lessons import Slider, animate, check, handwritten, move, predict, quiz, show_source
from minigen.lessons.pictures import derivative_machine as pictures

pictures.opening()

# %% [markdown]
# You will now build the machine that finds the red numbers, in three cells. (The drawing is not part of it. If you
# want to see how the graph lays itself out: `show_source(pictures.layout)`.)
#
# ## A number that remembers
#
# The first cell is a number that knows where it comes from. It remembers which numbers it was computed from, and how
# steep it is with respect to each of them. That is its *slope*: by how much it changes for each unit of that input, for
# small changes.

# %%
MADE = []  # all nodes, in the order in which they were made


class Node:
    """A number that remembers what it was computed from, and its slopes with respect to that."""

    def __init__(self, value, name, inputs=(), slopes=()):
        self.value, self.name, self.inputs, self.slopes = value, name, inputs, slopes
        self.total = None  # the derivative of the last node with respect to this one: not known yet
        MADE.append(self)


# %% [markdown]
# The second cell has operations. Each computes a value and notes its slopes: x y has the slope y with respect to x and
# the slope x with respect to y; a sum has 1 for both; and the slope of the sine is the cosine.


# %%
def times(a, b):
    return Node(a.value * b.value, f"{a.name} {b.name}", (a, b), (b.value, a.value))


def plus(a, b):
    return Node(a.value + b.value, f"{a.name} + {b.name}", (a, b), (1.0, 1.0))


def sine(a):
    return Node(math.sin(a.value), f"sin({a.name})", (a,), (math.cos(a.value),))


def program(x=2.0, y=-1.5):
    """L = u sin(u) with u = x y + y."""
    MADE.clear()
    x, y = Node(x, "x"), Node(y, "y")
    u = plus(times(x, y), y)
    u.name = "u"
    times(u, sine(u)).name = "L"
    return list(MADE)


nodes = program()
for node in nodes:
    slopes = [f"{slope:.2f} for {source.name}" for source, slope in zip(node.inputs, node.slopes, strict=True)]
    print(f"{node.name:7} value {node.value:5.2f}   slopes:", ", ".join(slopes) or "none, a variable")

# %% [markdown]
# ## One number
#
# If L depends on u and u depends on x, a little more x, dx, makes u larger by u'(x) dx, and this makes L larger by
# L'(u) u'(x) dx. Slopes along a chain are multiplied:
#
# $$ \frac{dL}{dx} = \frac{dL}{du}\,\frac{du}{dx} . $$
#
# The multiplication can start at either end. From the front, `du/dx` first, one pass gives the derivative of *every*
# result with respect to *one* input. From the back, `dL/du` first, one pass gives the derivative of *one* result with
# respect to *every* input. A network has millions of inputs (its weights) and one result (the loss). So we go from the
# back. One pass is enough for all of them, and it does about twice the arithmetic of the forward pass, not a million
# times as much.
#
# ## Several ways to one result
#
# In the picture y is used twice: in x y and in the sum. If y is raised by dy, x y changes and u changes by that; and u
# changes by dy itself. To first order the two changes add up. In general, if L depends on $v_1 \ldots v_k$ and all of
# these depend on y,
#
# $$ \frac{\partial L}{\partial y} = \sum_{i=1}^{k} \frac{\partial L}{\partial v_i}\,\frac{\partial v_i}{\partial y} . $$
#
# *Why a sum?* Move the $v_i$ one after the other. Each move changes L by $\partial L / \partial v_i \cdot dv_i$, up to
# terms that shrink faster than the moves, and $dv_i = \partial v_i / \partial y \cdot dy$. The total change is the sum
# of the changes.
#
# That is the rule of the whole course: **at a fork, gradients add up**. The third cell is the machine itself. The rule
# is the `+=` in it.


# %%
def hand_on(node):
    """Give each input of this node its share."""
    for source, slope in zip(node.inputs, node.slopes, strict=True):
        source.total += node.total * slope


def backward(nodes, last):
    """The derivatives of `last` with respect to all nodes: later nodes first."""
    for node in nodes:
        node.total = 0.0  # nothing has arrived yet
    last.total = 1.0
    for node in reversed(nodes):
        hand_on(node)


backward(nodes, nodes[-1])
print({node.name: round(node.total, 2) for node in nodes})

# %% [markdown]
# These are the red numbers of the opening picture, which the library computed. This way through the graph, from the
# last node back to the inputs, is called *reverse mode*: one pass gives the derivatives with respect to all inputs.
# Everything else in this course, from a digit classifier to a GAN, is trained by this loop, with more operations and
# with arrays in place of numbers.
#
# Move x and y. Can you find a place where raising x changes nothing, but raising y does?


# %%
def at(x, y):
    nodes = program(x, y)
    backward(nodes, nodes[-1])
    return pictures.graph(nodes, f"L = u sin(u) = {nodes[-1].value:.2f}")


move(at, x=Slider(-3.0, 3.0, 0.1, start=2.0), y=Slider(-3.0, 3.0, 0.1, start=-1.5))

# %% [markdown]
# ## Why in this order, and each node once
#
# A node may hand its derivative on when it is *complete*: when all nodes that use it have handed on theirs. If it goes
# earlier, it hands on a part, and has to come again with the rest. An order in which every node comes after all
# that use it is a *topological order*. It lets each node be visited once.
#
# There is one for free. Inputs exist before what is computed from them, so if nodes are kept in the order in which they
# were made, every input stands before what uses it. The reverse of this order is a topological order. Here is the pass,
# node by node. The red node hands on its number times each of its slopes.

# %%
nodes = program()


def after(steps):
    """The graph when so many nodes have handed on."""
    for node in nodes:
        node.total = 0.0
    nodes[-1].total = 1.0
    for node in reversed(nodes[len(nodes) - steps :]):
        hand_on(node)
    active = nodes[-steps] if steps else None
    return pictures.graph(nodes, f"{active.name} hands on {active.total:.2f}" if active else "at first", active)


animate(after, 5, seconds=1.5)

# %% [markdown]
# **Predict before you run.** Suppose the pass went in the order in which the nodes were made, x first and L last. What
# would dL/dx be?
#
# (a) the same as before &nbsp; (b) 0 &nbsp; (c) half of it

# %%
predict("01.a", ...)

# %%
in_order = nodes[0].total
for node in nodes:
    node.total = 0.0
nodes[-1].total = 1.0
for node in nodes:  # the wrong way round
    hand_on(node)
too_early = nodes[0].total
print("x first, L last:", {node.name: round(node.total, 2) for node in nodes})

# %% [markdown]
# Only L had something to hand on, and it came last. All others had handed on nothing, because nothing had arrived.
#
# Another idea needs no order at all: every node hands on at once whatever arrives, each time something arrives.
#
# **Predict before you run.** That gives the right numbers too, but at what price? Take x, and then twelve times in a row
# `node = plus(node, node)`: 13 nodes. How many visits does such an eager pass make in all?

# %%
predict("01.b", ...)


# %%
def eager(node, amount, visits):
    """Go on at once with whatever arrives; each path is walked separately."""
    visits.append(node.name)
    for source, slope in zip(node.inputs, node.slopes, strict=True):
        eager(source, amount * slope, visits)


visits = []
eager(program()[-1], 1.0, visits)
print(f"the program: u is visited {visits.count('u')} times, y {visits.count('y')} times")
eager_visits, ordered_visits = [], []
for forks in range(1, 13):
    MADE.clear()
    node = Node(1.0, "x")
    for _ in range(forks):
        node = plus(node, node)
    visits = []
    eager(node, 1.0, visits)
    eager_visits.append(len(visits))
    ordered_visits.append(len(MADE))
pictures.visits(eager_visits, ordered_visits)
print("12 forks:", eager_visits[-1], "visits if eager,", ordered_visits[-1], "in order")

# %% [markdown]
# At each fork the number of paths doubles: 1 + 2 + 4 + ... + 4096 visits. In order, each node is visited once.
#
# **Exercise 01.1.** Write the pass yourself: `backward`, for a graph given as lists. Open `exercises.py` (in Jupyter Lab
# it is beside this notebook in the file browser), write the function, save the file, and run the next cell again.
# "Not written yet" is the start of every exercise.
# (The numbers of the exercises follow their kind: .5 is a derivation, .6 an open task. They do not always stand in that
# order.)

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
# Y = f(A, B) is a rule that turns G into dL/dA and dL/dB. G is also called the *upstream gradient*.
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
# You need not remember which one is transposed: only one arrangement of G and B has A's shape. That helps as long
# as all sizes differ. With square matrices every arrangement fits, and most of them are wrong.
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
repeated = np.broadcast_to(b, (4, 3))
pictures.matrices({"b, (3,)": b, "repeated, (4, 3)": repeated, "G, (4, 3)": G, "its sum, (3,)": G.sum(0)})

# %% [markdown]
# **Exercise 01.4.** `unbroadcast`. With it no other rule has to think of shapes again.

# %%
check("01.4")

# %% [markdown]
# The library has its own version, which also looks for mistakes in the shapes:

# %%
show_source(mg.autodiff.broadcast.unbroadcast)

# %% [markdown]
# ## A rule of your own
#
# The rules so far stood in the text. For the next one you have what you need, and it is yours to find. Many models divide
# vectors by their lengths, so that only their directions count.
#
# **Exercise 01.5 (derivation).** `normalize_backward`: each row of Y is a row of X, divided by its length. Draw the graph of
# one row first. Where is a fork?

# %%
check("01.5")

# %% [markdown]
# ## The whole machine on real data
#
# Now the library's tensors, on handwritten digits: a linear map from pixels to ten scores, and the gradient of a loss
# with respect to the weights. Each gradient has the shape of what it belongs to. A column of it, with its sign turned, can be
# looked at as an image. It says: to make this digit's score better, add the red pixels and take away the blue ones.

# %%
digits = handwritten("test")
x = digits.x[:500]
x = x.reshape(len(x), -1)  # each image a row
w = mg.tensor(np.zeros((x.shape[1], 10), np.float32), requires_grad=True)
scores = mg.tensor(x) @ w
loss = mg.nn.cross_entropy_loss(scores, digits.y[:500])
loss.backward()
print(f"loss {loss.item():.4f}; log 10 = {math.log(10):.4f}; w {w.shape}, dL/dw {w.grad.shape}")
pictures.weight_images(-w.grad.numpy(), digits.shape[:2])

# %% [markdown]
# With weights of 0 all ten digits have the probability 1/10, so the loss is log 10. In each image you can see the digit
# in red, where it differs from the others.
#
# ## What the way back has to remember
#
# The slope of x y in x is y. So when the pass comes back to a product, it needs the values of the forward pass, and the
# machine keeps them all, in every node. For a long program that is a lot of memory. There is a way out: keep some
# of the values, and compute those in between once more when their turn comes. That costs a second forward pass.
#
# Take a chain of 100 steps, in which each value is computed from the one before. In memory are those that are kept, plus,
# for a while, the longest stretch that is computed again:

# %%
pictures.stored(
    {"all": range(1, 100), "every 20th": range(20, 100, 20), "every 4th": range(4, 100, 4), "none": []}, 100
)

# %% [markdown]
# **Exercise 01.6 (open task).** `checkpoints`: which values do you keep in a chain of n steps? The goal is at most
# $2.25 \sqrt{n}$ values in memory, for chains of any length.

# %%
check("01.6")

# %% [markdown]
# ## A misconception, put to the test
#
# *"In x * x the variable is used, so its gradient is set."* It is used twice. A machine that assigns instead of adding
# keeps only the last of the two parts. The same question comes up again when a backward pass runs twice.
#
# **Predict before you run.** At x = 3, the derivative of x x is 6. After `backward()` on x * x, a second `backward()` on a
# new x * x follows, with nothing in between. What does `x.grad` hold?

# %%
predict("01.c", ...)

# %%
x = mg.tensor(np.array([3.0]), requires_grad=True)
(x * x).sum().backward()
print("d(x x)/dx at 3:", x.grad.numpy(), "  (assigning would give", x.numpy(), "which is half of it)")
(x * x).sum().backward()
after_two = x.grad.numpy()[0]
print("after a second pass:", x.grad.numpy(), "  the gradient was added to what was there")
x.grad = None
(x * x).sum().backward()
print("with x.grad = None before it:", x.grad.numpy())

# %% [markdown]
# So `grad` adds up too: a tensor that was used in two losses is a fork. Optimizers have `zero_grad`, to be called before each
# pass. A training loop without it goes on adding old gradients, and looks as if the learning rate were too high.
#
# ## Something to play with
#
# Change the program: put other operations in, use x three times, let L be y itself. The graph lays itself out. Check one
# derivative by hand.

# %%
MADE.clear()
x, y = Node(0.5, "x"), Node(2.0, "y")
u = plus(times(x, x), y)
s = sine(u)
last = times(s, s)
last.name = "L"
backward(MADE, last)
pictures.graph(MADE, "L = sin(x x + y)^2")
plt.show()
by_hand = 2 * math.sin(u.value) * math.cos(u.value)
print(f"by hand: dL/dy = 2 sin(u) cos(u) = {by_hand:.6f}; the machine: {y.total:.6f}")

# %% [markdown]
# ## Five quick questions
#
# Run the cell, and then again with your five letters.

# %%
quiz("01")

# %% [markdown]
# ## Where to go next
#
# - Baydin, Pearlmutter, Radul & Siskind 2018, [*Automatic differentiation in machine learning: a survey*,
#   arXiv:1502.05767](https://arxiv.org/abs/1502.05767), section 3: forward and reverse, and what each costs.
# - Griewank & Walther 2008, [*Evaluating Derivatives*,
#   doi:10.1137/1.9780898717761](https://doi.org/10.1137/1.9780898717761),
#   chapter 3: why a gradient costs no more than a few evaluations.
# - Rumelhart, Hinton & Williams 1986, [*Learning representations by back-propagating errors*,
#   doi:10.1038/323533a0](https://doi.org/10.1038/323533a0): where it became learning.
# - Chen, Xu, Zhang & Guestrin 2016, [*Training deep nets with sublinear memory cost*,
#   arXiv:1604.06174](https://arxiv.org/abs/1604.06174): checkpoints in networks.
# - In the library: `minigen/autodiff/backpropagation.py`, the machine; `minigen/ops/`, a rule for each operation.
# - Lesson 2 asks how you can be sure that a rule is right.
