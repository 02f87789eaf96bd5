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
# # Lesson 14: From CPU to GPU
#
# **Afterwards you can** say how much of a training step is arithmetic and how much is the cost of calls, write one
# source that runs on two kinds of arrays, estimate from which batch size a GPU wins, and read a benchmark with suspicion.
#
# **Time:** 40 minutes to read, about an hour with the six exercises. **You need** lesson 3 (dense networks). You need **no
# GPU**: everything that is *measured* below is measured on this machine's CPU, and what is said of GPUs is a *model*, with
# its assumptions beside it.
#
# First the picture: how long one addition of two arrays takes, and one matrix product, as they get larger. All times in
# this lesson are measured when it runs, and yours will be others. (`pictures` measures and draws; to read how, call for
# example `show_source(pictures.call_times)` in a cell of your own.)
#
# ![Microseconds for a sum and for a product of two arrays, against their size](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen.bench import measuring, workloads
from minigen.lessons import Choice, Slider, check, move, predict, quiz, show_source
from minigen.lessons.pictures import cpu_to_gpu as pictures

sizes, sides = 4 ** np.arange(1, 11), 2 ** np.arange(1, 10)
vectors, matrices = [np.zeros(n, np.float32) for n in sizes], [np.ones((n, n), np.float32) for n in sides]
adding = pictures.call_times([lambda a=a: np.add(a, a, out=a) for a in vectors])
products = pictures.call_times([lambda a=a: a @ a for a in matrices])
pictures.bends(sizes, adding, 2 * sides.astype(float) ** 3, products)

# %% [markdown]
# Flat, then straight. At the left end one pays for the *call*: Python finds the function, NumPy looks at types and shapes,
# and then a handful of numbers is added, which takes next to no time. At the right end one pays for the *work*. The bend
# is where both cost the same. The simplest model with a bend is
#
# $$ \text{time} = \text{calls} \times \text{cost of a call} + \frac{\text{operations}}{\text{rate}} , $$
#
# and this lesson is about its four quantities.
#
# ## What a launch costs
#
# A GPU is a second computer. An operation on its arrays is a *kernel*, a program for thousands of threads; the CPU puts a
# request into a queue (it *launches* the kernel) and goes on. For CuPy we shall assume that this takes the CPU 10
# microseconds (5 to 20 is what one reads; measure yours), several times the cost of a NumPy call. The GPU's rate, on the
# other hand, is ten to hundreds of times a CPU's. Which of the two matters depends on how many calls there are.
# Count them, by noting every operation of the library that is called. (Views like `reshape` compute nothing.)

# %%
from minigen.autodiff import Op

calls, original = [], Op.__call__
VIEWS = ("broadcast_to", "getitem", "reshape", "transpose")


def counted(op, *inputs, **settings):
    """Called in place of any operation of the library, forward and backward."""
    if op.name not in VIEWS:
        calls.append(op.name)
    return original(op, *inputs, **settings)


NETWORKS = {"small": (64, 100, 8), "large": (784, 400, 20)}  # pixels, hidden units, latents
model = pictures.trainer_of(*NETWORKS["small"]).model
x = mg.tensor(np.full((16, 64), 0.5, np.float32))
Op.__call__ = counted
model.loss(x, mg.Generator(0)).total.backward()
Op.__call__ = original
LAUNCHES = len(calls)
names, counts = np.unique(calls, return_counts=True)
order = counts.argsort()[::-1]
print(f"{LAUNCHES} operations for one batch, forward and backward:")
print(", ".join(f"{names[i]} {counts[i]}" for i in order))

# %% [markdown]
# Whatever the sizes of the network and of the batch, their number is the same, because the program is. Only the eleven
# products have arithmetic worth mentioning: `dense` four times forward and three times for the gradients of inputs,
# `matmul` for four gradients of weights. The others are small, and each is a call, or several. That is why
# `minigen/fused.py` writes the longest chains (Adam, bias and activation, batch norm, the cross-entropy) a second time,
# as one CUDA kernel each: not to compute faster, but to ask less often.
#
# ## One source for two devices
#
# CuPy has NumPy's functions under NumPy's names. So an operation need not know where it computes, if it asks its
# arrays: `xp = xp_of(x)` is `numpy` or `cupy`. The dispatch goes by the *array* and not by a global switch, so arrays on
# both devices may live in one program. This is all of it, and an operation that uses it:

# %%
from minigen.backend import xp_of
from minigen.errors import MinigenError

show_source(xp_of)
show_source(mg.softplus)

# %% [markdown]
# `import cupy` is in one file of the library, `backend.py`, and happens when somebody asks for the GPU. Having the
# package is not having a GPU, so it is tried step by step: the package, the driver, a device, a kernel that computes.
# Where one fails, the message says which, and what helps. On the machine that made this page:

# %%
try:
    mg.use_device("cuda")
    mg.use_device("cpu")
    print("there is a GPU: run `python -m minigen.bench`, and compare it with the model below")
except MinigenError as error:
    print(error)

# %% [markdown]
# What does *not* come for free: `float(loss)`, `if x.sum() > 0` and `print(x)` need the number on the CPU, and wait
# until the queue is empty. A loop that prints its loss at every step waits at every step. (The library's training loop
# reads its metrics from time to time.)
#
# ## The clock and the queue
#
# Below, a thread stands for the GPU. It multiplies matrices, five times, while the main thread goes on and reads the
# clock twice: at once, and when the last product is there.
#
# **Predict before you run.** What does the first clock show?
#
# (a) About as much as the second. (b) About a fifth: the time of one product. (c) Less than a twentieth.

# %%
predict("14.a", ...)

# %%
import time
from concurrent.futures import ThreadPoolExecutor

a = np.ones((700, 700), np.float32)
with ThreadPoolExecutor(1) as queue:
    queue.submit(np.matmul, a, a).result()  # a warm-up
    start = time.perf_counter()
    answers = [queue.submit(np.matmul, a, a) for _ in range(5)]
    launched = time.perf_counter() - start
    for answer in answers:
        answer.result()  # wait for it: what `synchronize` does on a GPU
    done = time.perf_counter() - start
print(f"read at once: {launched * 1e3:.2f} ms; read when the work is done: {done * 1e3:.2f} ms")
show_source(workloads.Job.time)

# %% [markdown]
# The first clock measured how fast one can *ask*. Speed-ups in the thousands are usually this. The library's benchmark
# synchronises before it starts the clock and before it reads it.
#
# ## The arithmetic of a step
#
# A product of (n, k) and (k, m) has n m entries, each a sum of k products: 2 n k m operations. A dense layer Y = X W with a
# batch of b and W of (n, m) needs three of them: X W forward; and backward, from lesson 1, $X^\top G$ for its weights and
# $G W^\top$ for its input. Each takes 2 b n m, whichever is transposed. The first layer's input is data, for which no one
# asks a gradient. Hence for a network with layers $(n_i, m_i)$
#
# $$ \text{operations} = 2b \Big(3 \sum_i n_i m_i - n_1 m_1\Big) . $$
#
# **Exercise 14.1.** `dense_flops`.

# %%
check("14.1")

# %% [markdown]
# The rate is measured by a large product, in which nothing else counts. (`OMP_NUM_THREADS` says on how many threads.)

# %%
FLOPS = {
    name: workloads.flops(pictures.trainer_of(*sizes).model, sizes[:1]) for name, sizes in NETWORKS.items()
}  # an example
peak = max(measuring.sgemm_peak("cpu", 1024, time.perf_counter) for _ in range(4))  # GFLOP/s
for name, flops in FLOPS.items():
    print(f"{name}: {flops / 1e6:.2f} million operations, no less than {flops / peak / 1e3:.2f} µs an example")

# %% [markdown]
# ## The model, fitted
#
# A step's calls are the same for every batch, its operations grow with the batch b. So the model says
#
# $$ t(b) = \text{fixed} + \text{per example} \cdot b . $$
#
# We measure t at some batch sizes and fit the two. Ordinary least squares would minimise $\sum_i (t(b_i) - t_i)^2$, in
# which an error of 5 % at the largest batch outweighs everything at the smallest. What we want small are the *relative*
# errors, $\sum_i (t(b_i)/t_i - 1)^2$. With $u_i = 1/t_i$ and $v_i = b_i/t_i$, and derivatives set to zero,
#
# $$ \sum_i u_i\,(f u_i + p v_i - 1) = 0, \qquad \sum_i v_i\,(f u_i + p v_i - 1) = 0 , $$
#
# two linear equations for f (fixed) and p (per example).
#
# **Exercise 14.2.** `fit_step_time`.

# %%
check("14.2")

# %%
batches = np.array([4, 8, 16, 32, 64, 128, 256, 512])
TRAINERS = {name: pictures.trainer_of(*sizes) for name, sizes in NETWORKS.items()}
TIMES = {name: pictures.step_times(trainer, NETWORKS[name][0], batches) for name, trainer in TRAINERS.items()}  # ms


def fit(times):
    """(fixed, per example) by relative least squares."""
    columns = np.stack([1 / times, batches / times], axis=1)
    return tuple(np.linalg.lstsq(columns, np.ones(len(batches)), rcond=None)[0])


CPU = {name: fit(times) for name, times in TIMES.items()}
for name, (fixed, per_example) in CPU.items():
    print(f"{name}: {FLOPS[name] / per_example / 1e6:.0f} GFLOP/s of {peak:.0f}; measured over fitted", end=" ")
    print(np.round(TIMES[name] / (fixed + per_example * batches), 2))
pictures.fits(batches, TIMES, CPU)

# %% [markdown]
# (We take the best times here, because they say what the program needs when nothing disturbs it. To compare two programs,
# take medians; see below.)
#
# A line is good to some tens of percent, on a busy machine to worse, since the rate itself depends on the size (caches;
# small products). Now compare the two fixed parts. Both networks make the same calls: Python, the recording of the
# graph, NumPy. But the large one's fixed part holds work as well that does not depend on the batch: Adam updates every
# weight at every step, however few the examples. So "fixed" is not always overhead. The small network has so few weights
# that we take its fixed part to be the calls; what the large one has on top is work.

# %%
WEIGHTS = {name: sum(p.size for p in trainer.model.parameters()) for name, trainer in TRAINERS.items()}
CALLS = CPU["small"][0]  # ms
for name, weights in WEIGHTS.items():
    print(f"{name}: {weights} weights; calls {CALLS:.2f} ms, other fixed work {CPU[name][0] - CALLS:.2f} ms")

# %% [markdown]
# %% [markdown]
# ## Where the lines cross
#
# *From here on nothing about a GPU is measured:* all numbers, those of the predictions too, are computed. We put assumed numbers into the same formula:
#
# - the calls: those just found, as the same Python runs on the same CPU;
# - launches on top: as many as were counted, and 15 more for Adam and the noise; 5, 10 and 20 µs each;
# - arithmetic: at a third of the peak that the maker publishes for float32, as products of this size do not fill a card;
# - Adam: it reads four numbers for each weight (weight, gradient, two means) and writes three, 28 bytes in all, and
#   computes little: it runs at the speed of the memory. Of that we assume a third too.
#
# It is the sum of these. As the queue lets the GPU compute while the CPU launches, the truth lies between the larger
# of launching (a) and computing (b) and their sum; that is at most twice too much: max(a, b) ≤ t ≤ a + b ≤ 2 max(a, b).
#
# Two lines $f_c + p_c\,b$ and $f_g + p_g\,b$ are equal at
#
# $$ b^* = \frac{f_g - f_c}{p_c - p_g} , $$
#
# if $p_g < p_c$; beyond it the GPU wins. If $f_g \le f_c$ it wins at every batch. (And if the slopes are equal?)
#
# **Exercise 14.3.** `crossover_batch`.

# %%
check("14.3")

# %%
CARDS = {"T4": (8.1e12, 320e9), "A100": (19.5e12, 1555e9), "H100 SXM": (67e12, 3350e9)}  # FLOP/s, bytes/s; published


def modelled(name, launch, card, launches=LAUNCHES + 15):
    """(fixed, per example) in ms, of a card on which a launch takes so many seconds."""
    rate, memory = (published / 3 for published in CARDS[card])
    fixed = CALLS + launches * launch * 1e3 + 28 * WEIGHTS[name] / memory * 1e3
    return fixed, FLOPS[name] / rate * 1e3


GPUS = {(name, card): [modelled(name, us * 1e-6, card) for us in (5, 10, 20)] for name in NETWORKS for card in CARDS}
for (name, card), lines in GPUS.items():
    low, middle, high = (pictures.in_words(pictures.crossing(CPU[name], line)) for line in lines)
    print(f"{name}, {card}: wins {middle} (launches of 5 µs: {low}; of 20 µs: {high})")
pictures.devices(batches, TIMES, CPU, GPUS)

# %% [markdown]
# For the small network it hardly matters *which* card it is, although the last does eight times as many operations per
# second as the first. The numerator decides: launches, and what each costs. The large network has work that every card
# does faster, Adam and large products, so the cards win much earlier. A crossover is not a property of a GPU but of
# a program on it.
#
# Move the assumptions. A rate of 0.1 TFLOP/s is a good CPU's; a launch of 0 µs is what perfect fusion would come to.

# %%
moved = {name: 28 * weights / (CARDS["T4"][1] / 3) * 1e3 for name, weights in WEIGHTS.items()}  # Adam on a T4, in ms
move(
    pictures.movable(CPU, CALLS, LAUNCHES + 15, FLOPS, moved),
    network=Choice(("small", "large"), start="small", label="network"),
    launch=Slider(0, 50, 1, start=10, label="a launch (µs)"),
    rate=Slider(0.1, 30.0, 0.1, start=2.7, label="rate reached (TFLOP/s)"),
)

# %% [markdown]
# ## A misconception, put to the test
#
# *"This GPU does fifty times as many operations per second, so my training takes a fiftieth."* Let the share s of the
# CPU's time be work that gets k times faster, and let the rest stay: the gain is $1 / (1 - s + s/k)$, and even for
# k = ∞ not more than $1/(1 - s)$ (Amdahl's law). Here everything gets faster except the calls. And the rest does not
# even stay: launches come on top.
#
# **Predict before you run.** How many times as fast is a step of the small network with a batch of 256 on the H100 of
# our model, with launches of 10 µs?

# %%
predict("14.b", ...)

# %%
gains, limits = {}, {}
for name, (fixed, per_example) in CPU.items():
    for batch in (16, 256, 4096):
        cpu = fixed + per_example * batch
        limits[name, batch] = cpu / CALLS
        for card in CARDS:
            f, p = GPUS[name, card][1]
            gains[name, batch, card] = cpu / (f + p * batch)
        shown = ", ".join(f"{card} {gains[name, batch, card]:.1f}" for card in CARDS)
        print(f"{name}, batch {batch:4d}: Amdahl's limit {limits[name, batch]:5.1f}; modelled {shown}")
print(f"gains above the limit: {sum(gain > limits[key[:2]] for key, gain in gains.items())} of {len(gains)}")

# %% [markdown]
# A gain below 1 is a loss: a small network with a small batch is the wrong job for a large GPU. Larger batches, larger
# networks, or fewer and larger operations make it the right one; buying a faster card does not.
#
# ## The batch that is done first
#
# So larger batches are better? An example costs less in a larger batch, but what counts is when the training is *done*.
# A gradient of a large batch is nearly the true gradient already, and further examples hardly make the step better.
# McCandlish et al. 2018 found this law for the number of steps to a given loss, in many kinds of tasks:
#
# $$ \text{steps}(b) = \text{least} \cdot \Big(1 + \frac{\text{critical}}{b}\Big) . $$
#
# Far below the critical batch size, twice the batch needs half the steps. Far above it, twice the batch needs as many
# steps as before. Between them lies the batch with which the whole training takes the least time, and it depends on
# the device.
#
# **Exercise 14.5 (derivation).** `best_batch`: find it from the law and from the two numbers of a device.

# %%
check("14.5")

# %%
CRITICAL = 200  # an assumption; it depends on the data, the network and the loss
candidates = np.arange(1, 20000)
for device, (f, p) in {"this CPU": CPU["small"], **{card: GPUS["small", card][1] for card in CARDS}}.items():
    total = (1 + CRITICAL / candidates) * (f + p * candidates)
    print(f"small network, {device}: done first with a batch of {candidates[total.argmin()]}")

# %% [markdown]
# Where calls are expensive and examples cheap, large batches pay. (The law knows nothing of how well the result generalises.)
#
# ## Reading a benchmark
#
# Whom shall one believe? Ask five questions of every table of times. Was the clock read after the work was done? Were the
# first, slow steps left out? Do both compute the same (the library compares losses and gradients first)? How large is
# the spread? And did the two take *turns*? A machine gets slower and faster. Whoever measures one program first and the
# other afterwards measures the weather as well.
#
# See it with two programs that are the same, so that the true ratio is 1. There are two choices, the order and the
# average, so there are four ways. Comparing two ways that differ in both would not tell which choice it was.


# %%
def milliseconds():
    """Of some work."""
    start = time.perf_counter()
    for _ in range(3):
        a @ a
    return (time.perf_counter() - start) * 1e3


def pairs(in_turns, count=6):
    """Times of two equal programs, (count, 2): one after the other, or in turns."""
    if in_turns:
        return np.array([(milliseconds(), milliseconds()) for _ in range(count)])
    return np.array([[milliseconds() for _ in range(count)] for _ in range(2)]).T


WAYS = {"blocks, means": [], "blocks, medians": [], "turns, means": [], "turns, medians": []}
milliseconds()
for _ in range(12):
    for order in ("blocks", "turns"):
        ratios = np.divide(*pairs(order == "turns").T)
        WAYS[f"{order}, means"].append(ratios.mean())
        WAYS[f"{order}, medians"].append(np.median(ratios))
pictures.attempts(WAYS)
for way, values in WAYS.items():
    print(f"{way:>16s}: {min(values):.2f} to {max(values):.2f}")

# %% [markdown]
# On a quiet machine all four are narrow. On a busy one, compare two rows that differ in one choice. Turns are meant
# against slow changes, medians against single disturbances. Whether they help depends on what disturbs, and in a single
# run they may not. A gain that is smaller than the spread of *nothing* is no gain.
#
# **Exercise 14.4.** `paired_ratio`: of turns the median, and the range, as in the library's tables.

# %%
check("14.4")

# %% [markdown]
# ## Several processes
#
# A batch can also be shared out: each of P processes, on a core, a GPU or a machine of its own, computes a part of it.
# What do they have to tell each other? The loss of b examples is a mean. Cut the batch into S *shards* of b/S examples
# each; with $L_s$ the mean of shard s,
#
# $$ L = \frac1b \sum_{i=1}^{b} \ell_i = \frac1S \sum_{s=1}^{S} \underbrace{\frac Sb \sum_{i \in s} \ell_i}_{L_s}
# \qquad\text{so}\qquad \nabla L = \frac1S \sum_{s=1}^{S} \nabla L_s . $$
#
# The gradient of the batch is the mean of the shards' gradients: one vector as long as the weights, from each process,
# once a step. A step is as slow as its slowest process. So if shards are not alike (sentences of different lengths,
# say), somebody has to share them out well.
#
# **Exercise 14.6 (open task).** `share_out`: pieces of very different costs to some workers, so that the busiest one is
# busy for no more than 1.01 times the mean. The check says how far you are.

# %%
check("14.6")

# %% [markdown]
# Exact arithmetic does not care in which order the S vectors are added. Float32 does. Let `big` be 1e8 and `small` be
# 1, both in float32. In exact arithmetic `(big + -big) + small` and `big + (-big + small)` are both 1.
#
# **Predict before you run.** What is the second one in float32?

# %%
predict("14.c", ...)

# %%
big, small = np.float32(1e8), np.float32(1)
print((big + -big) + small, big + (-big + small))

# %% [markdown]
# Near 1e8 the numbers of float32 are 8 apart, so the 1 is lost. Now with gradients. If each process added the gradients in the order in which they arrive, every run would end with different
# weights. The library adds in pairs, pairs of pairs, and so on, whichever process computes them. With two processes, each
# computes half of this tree and then has one sum to send.

# %%
rng = mg.Generator(0)
examples, targets = rng.normal((64, 20)), rng.normal((64, 5))
SHARDS = [slice(start, start + 8) for start in range(0, 64, 8)]


def gradient(network, part):
    """Of the mean squared error of some of the examples, as one vector."""
    network.zero_grad()
    ((network(mg.tensor(examples[part])) - mg.tensor(targets[part])) ** 2).mean().backward()
    return np.concatenate([p.grad.numpy().ravel() for p in network.parameters()])


def tree(vectors):
    """Their sum: that of the first half and that of the second."""
    half = len(vectors) // 2
    return tree(vectors[:half]) + tree(vectors[half:]) if half else vectors[0]


def apart(found, wanted):
    """The largest difference, beside the largest number."""
    return np.abs(found - wanted).max() / np.abs(wanted).max()


# %%
plain = mg.nn.Sequential(mg.nn.Dense(20, 50, rng=rng), mg.nn.Tanh(), mg.nn.Dense(50, 5, rng=rng))
parts = [gradient(plain, shard) for shard in SHARDS]
print(f"mean of the shards' gradients, and the batch's: {apart(tree(parts) / 8, gradient(plain, slice(64))):.0e} apart")
for what, found in (
    ("one after the other", sum(parts[1:], parts[0])),
    ("in another order", tree([parts[i] for i in (0, 2, 4, 6, 1, 3, 5, 7)])),
    ("two processes, half the tree each", tree(parts[:4]) + tree(parts[4:])),
):
    print(f"{what}: {(found != tree(parts)).sum()} of {found.size} numbers differ from the tree's")

# %% [markdown]
# So `mpiexec -n 2` and `mpiexec -n 8` can give the same weights to the last bit, if S stays the same. But the derivation
# began with "the loss is a mean" of terms that know one example each. Batch normalisation breaks that: each example is
# standardised by the mean and variance of all those in its batch, and a shard knows only its own.

# %%
hidden = mg.nn.Dense(20, 50, rng=rng), mg.nn.BatchNorm(50), mg.nn.Tanh()
normal = mg.nn.Sequential(*hidden, mg.nn.Dense(50, 5, rng=rng))
parts = [gradient(normal, shard) for shard in SHARDS]
print(f"with batch norm: {apart(tree(parts) / 8, gradient(normal, slice(64))):.0%} apart")

# %% [markdown]
# That is no rounding. It is another training, with statistics of 8 examples instead of 64 ("ghost batches"; Hoffer et al.
# 2017, who found that it may even generalise better). One could sum the statistics as well, at one more exchange for each
# such layer, in both directions. The library does not, and says so: `docs/processes.md` has the rest, and from which
# batch on it pays to send a vector at all. It is the question of the crossover once more: what is saved against what
# is paid for every step.
#
# ## Something to play with
#
# Change the assumptions: (a) kernels fused to half as many launches; (b) a rate ten times as large; (c) the way of the
# data over the bus, 256 bytes an example of the small network at 12 GB/s.
#
# **Predict before you run.** Which of the three moves the crossover of the small network most?

# %%
predict("14.d", ...)


# %%
def with_changes(launches=LAUNCHES + 15, faster=1, bus=np.inf):
    """The crossover of the small network on the T4 of the model, with changed assumptions."""
    fixed, per_example = modelled("small", 10e-6, "T4", launches)
    return pictures.crossing(CPU["small"], (fixed, per_example / faster + 256 / bus * 1e3))


before = with_changes()
after = {"a": with_changes((LAUNCHES + 15) / 2), "b": with_changes(faster=10), "c": with_changes(bus=12e9)}
print(f"before: {pictures.in_words(before)}")
for letter, at in after.items():
    print(f"({letter}): {pictures.in_words(at)}")
most = max(after, key=lambda letter: abs(after[letter] - before))
dcgan = workloads.flops(workloads.Job("dcgan", "cpu").model, (28, 28, 1))
print(f"DCGAN has {dcgan / FLOPS['small']:.0f} times the operations of the small VAE for each example")

# %% [markdown]
# ## Five quick questions

# %%
quiz("14")

# %% [markdown]
# ## Where to go next
#
# - Williams, Waterman & Patterson 2009, [*Roofline: an insightful visual performance model for multicore
#   architectures*](https://doi.org/10.1145/1498765.1498785): the third limit, the memory, which was Adam's here.
# - Amdahl 1967, [*Validity of the single processor approach to achieving large scale computing
#   capabilities*](https://doi.org/10.1145/1465482.1465560).
# - McCandlish, Kaplan, Amodei et al. 2018, [*An empirical model of large-batch
#   training*](https://arxiv.org/abs/1812.06162): the law of the steps, and how to measure the critical batch size.
# - Hoffer, Hubara & Soudry 2017, [*Train longer, generalize better*](https://arxiv.org/abs/1705.08741).
# - Thakur, Rabenseifner & Gropp 2005, [*Optimization of collective communication operations in
#   MPICH*](https://doi.org/10.1177/1094342005051521).
# - Fleming & Wallace 1986, [*How not to lie with statistics: the correct way to summarize benchmark
#   results*](https://doi.org/10.1145/5666.5673).
# - Okuta et al. 2017, [*CuPy: a NumPy-compatible library for NVIDIA GPU
#   calculations*](http://learningsys.org/nips17/assets/papers/paper_16.pdf).
# - In the library: `minigen/backend.py`, `minigen/fused.py`, `minigen/bench/`; with a GPU, `python -m minigen.bench --plot
#   bench.png` draws the picture of "where the lines cross" with measured points.
