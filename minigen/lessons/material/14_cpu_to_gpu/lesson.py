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
# **Afterwards you can** say how much of a training step is arithmetic and how much is only asking for it, write one
# source that runs on two kinds of arrays, estimate from which batch size a GPU wins, and read a benchmark with suspicion.
#
# **Time:** 30 minutes to read, 40 more with the four exercises. **You need** lesson 3 (dense networks). You need **no
# GPU**: everything that is *measured* below is measured on this machine's CPU, and what is said of GPUs is a *model*, with
# its assumptions beside it.
#
# First the picture: how long one addition of two arrays takes, and one matrix product, as they get larger. (All times in
# this lesson are measured when it runs; yours will be others.)
#
# ![Microseconds for a sum and for a product of two arrays, against their size](opening.png)

# %%
import time
from concurrent.futures import ThreadPoolExecutor

import matplotlib.pyplot as plt
import numpy as np

import minigen as mg
from minigen import nn
from minigen.backend import xp_of
from minigen.bench import measuring, workloads
from minigen.errors import MinigenError
from minigen.lessons import check, show_source
from minigen.models import VAE
from minigen.models.networks import dense_decoder, dense_encoder
from minigen.models.vaes.vae import VAETrainer


def microseconds(action, repeats=7, least=2e-3):
    """Of one call: the best of some runs, each long enough to be timed."""
    count, start = 1, time.perf_counter()
    action()
    count = max(1, int(least / max(time.perf_counter() - start, 1e-7)))
    runs = []
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(count):
            action()
        runs.append((time.perf_counter() - start) / count)
    return min(runs) * 1e6


sizes = 4 ** np.arange(1, 11)
vectors = [np.ones(n, np.float32) for n in sizes]
outs = [np.empty_like(v) for v in vectors]
adding = [microseconds(lambda a=a, out=out: np.add(a, a, out=out)) for a, out in zip(vectors, outs, strict=True)]
sides = 2 ** np.arange(1, 10)
matrices = [np.ones((n, n), np.float32) for n in sides]
products = [microseconds(lambda a=a: a @ a) for a in matrices]

figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
axes[0].loglog(sizes, adding, "o-")
axes[0].set(title="a + a", xlabel="numbers in the array", ylabel="µs")
axes[1].loglog(2 * sides.astype(float) ** 3, products, "o-")
axes[1].set(title="a @ a", xlabel="floating-point operations", ylabel="µs")
for axis, smallest in zip(axes, (adding[0], products[0]), strict=True):
    axis.axhline(smallest, color="C3", linestyle=":", label=f"what the call costs: {smallest:.2f} µs")
    axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# Flat, then straight. On the left end one pays for the *call*: Python finds the function, NumPy looks at types and shapes,
# memory is prepared, and then four numbers are added, which takes a few thousandths of it. On the right end one pays for
# the *work*. The bend is where both cost the same. The simplest model with a bend is
#
# $$ \text{time} = \text{calls} \times \text{cost of a call} + \frac{\text{operations}}{\text{rate}} , $$
#
# and this lesson is about its four quantities.
#
# ## What a launch costs
#
# A GPU is a second computer. An operation on its arrays is a *kernel*, a program for thousands of threads; the CPU puts a
# request into a queue (it *launches* the kernel) and goes on. For CuPy we shall assume that this takes the CPU 10
# microseconds (5 to 20 is what one reads; measure yours): some ten times the cost of a NumPy call. The GPU's rate, on
# the other hand, is ten to hundreds of times a CPU's. Which of the two matters depends on how many calls there are.
# Count them, with an array that notes every operation it takes part in.

# %%
calls = []


class Counting(np.ndarray):
    """An array like any other, that notes what is done with it."""

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **settings):
        """Called by NumPy in place of any operation on numbers."""
        calls.append(ufunc.__name__)
        plain = [x.view(np.ndarray) if isinstance(x, Counting) else x for x in inputs]
        if out is not None:
            settings["out"] = tuple(x.view(np.ndarray) if isinstance(x, Counting) else x for x in out)
        result = getattr(ufunc, method)(*plain, **settings)
        return result.view(Counting) if isinstance(result, np.ndarray) else result


def trainer_of(pixels, hidden, latent):
    """A dense VAE with its Adam: pixels - hidden - latent - hidden - pixels."""
    rng = mg.Generator(0)
    encoder = dense_encoder((pixels,), 2 * latent, [hidden], rng)
    return VAETrainer(VAE(encoder, dense_decoder(latent, (pixels,), [hidden], rng), latent), 1e-3)


NETWORKS = {"small": (64, 100, 8), "large": (784, 400, 20)}
model = trainer_of(*NETWORKS["small"]).model
for p in model.parameters():
    p.data = p.data.view(Counting)
x = mg.tensor(np.full((16, 64), 0.5, np.float32).view(Counting))
calls.clear()
model.loss(x, mg.Generator(0)).total.backward()
LAUNCHES = len(calls)
names, counts = np.unique(calls, return_counts=True)
order = counts.argsort()[::-1]
print(f"{LAUNCHES} operations for one batch, forward and backward:")
print(", ".join(f"{names[i]} {counts[i]}" for i in order))

# %% [markdown]
# Whatever the sizes of the network and of the batch, their number is the same, because the program is. Only the eleven products (`matmul`: four layers forward, four gradients of weights, three of inputs) have arithmetic
# worth mentioning. The others are small, and each is a call. (Copies are not counted, so it is a little more.) That is
# why `minigen/fused.py` writes the longest chains (Adam, bias and activation, batch norm, the cross-entropy) a second
# time, as one CUDA kernel each: not to compute faster, but to ask less often.
#
# ## One source for two devices
#
# CuPy has NumPy's functions under NumPy's names. So an operation need not know where it computes, if it asks its
# arrays: `xp = xp_of(x)` is `numpy` or `cupy`. The dispatch goes by the *array* and not by a global switch, so arrays on
# both devices may live in one program. This is all of it, and an operation that uses it:

# %%
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
# A launch returns at once; the result comes later. **Predict before you run:** here a thread stands for the GPU. It
# multiplies matrices while the main thread goes on. What do the two clocks show?

# %%
a = np.ones((700, 700), np.float32)
with ThreadPoolExecutor(1) as queue:
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
FLOPS = {name: workloads.flops(trainer_of(*sizes).model, sizes[:1]) for name, sizes in NETWORKS.items()}  # an example
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


def step_times(name):
    """Ms of a step at each batch size: the best of some rounds, in which nothing else disturbed it."""
    trainer, rng = trainer_of(*NETWORKS[name]), mg.Generator(1)
    data = [mg.tensor(rng.uniform((int(b), NETWORKS[name][0]))) for b in batches]
    rounds = []
    for _ in range(12):
        rounds.append([])
        for x in data:
            start = time.perf_counter()
            for _ in range(3):
                trainer.step(x, rng)
            rounds[-1].append((time.perf_counter() - start) * 1e3 / 3)
    return np.min(rounds, axis=0)


def fit(times):
    """(fixed, per example) by relative least squares."""
    columns = np.stack([1 / times, batches / times], axis=1)
    return tuple(np.linalg.lstsq(columns, np.ones(len(batches)), rcond=None)[0])


TIMES = {name: step_times(name) for name in NETWORKS}
CPU = {name: fit(times) for name, times in TIMES.items()}
b = np.geomspace(4, 4096, 60)
figure, axis = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
for color, (name, (fixed, per_example)) in zip(("C0", "C1"), CPU.items(), strict=True):
    axis.loglog(batches, TIMES[name], "o", color=color, label=f"{name} VAE, measured")
    line = f"{fixed:.2f} ms + {per_example * 1e3:.1f} µs x batch"
    axis.loglog(b[b < 1000], fixed + per_example * b[b < 1000], color=color, label=line)
    print(f"{name}: {FLOPS[name] / per_example / 1e6:.0f} GFLOP/s of {peak:.0f}; measured over fitted", end=" ")
    print(np.round(TIMES[name] / (fixed + per_example * batches), 2))
axis.set(xlabel="batch size", ylabel="ms a step, on this CPU")
axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# (The best times say what a program *needs*. Comparing two programs is another matter; see below.)
#
# A line is good to some tens of percent, since the rate itself depends on the size (caches; small products). Now compare
# the two fixed parts. Both networks make the same calls; with the small one hardly anything else is left, so its fixed
# part *is* the calls: Python, the recording of the graph, NumPy. The large one's holds work as well that does not depend
# on the batch: Adam updates its 650 000 weights at every step, however few the examples. "Fixed" is not always overhead.
#
# ## Where the lines cross
#
# *From here on nothing about a GPU is measured.* We put assumed numbers into the same formula:
#
# - the program's own work: that of the small network's fixed part, as the same Python runs on the same CPU;
# - launches on top: as many as were counted, and 15 more for Adam and the noise; 5, 10 and 20 µs each;
# - rate: a third of the peak that the maker publishes for float32 (T4 8.1, A100 19.5, H100 SXM 67 TFLOP/s), as products
#   of this size do not fill a large card.
#
# It is the sum of these. As the queue lets the GPU compute while the CPU launches, the truth lies between the larger
# of launching (a) and computing (b) and their sum; that is at most twice too much: max(a, b) ≤ t ≤ a + b ≤ 2 max(a, b).
#
# Two lines $f_c + p_c\,b$ and $f_g + p_g\,b$ are equal at
#
# $$ b^* = \frac{f_g - f_c}{p_c - p_g} , $$
#
# if $p_g < p_c$; beyond it the GPU wins. If $f_g \le f_c$ it wins from the start.
#
# **Exercise 14.3.** `crossover_batch`.

# %%
check("14.3")

# %%
PEAKS = {"T4": 8.1e12, "A100": 19.5e12, "H100 SXM": 67e12}  # FLOP/s in float32, as published


def modelled(name, launch, rate, launches=LAUNCHES + 15):
    """(fixed, per example) in ms, of a GPU with this cost of a launch (s) and this rate (FLOP/s)."""
    return CPU["small"][0] + launches * launch * 1e3, FLOPS[name] / rate * 1e3


def cross(cpu, gpu):
    """The batch from which the second wins; NaN if it does not."""
    return max(0.0, (gpu[0] - cpu[0]) / (cpu[1] - gpu[1])) if gpu[1] < cpu[1] else np.nan


figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained", sharey=True)
for axis, name in zip(axes, NETWORKS, strict=True):
    axis.loglog(batches, TIMES[name] / batches * 1e3, "ko", label="this CPU, measured")
    axis.loglog(b, (CPU[name][0] + CPU[name][1] * b) / b * 1e3, "k-", linewidth=0.8)
    for color, (card, rate) in zip(("C0", "C1", "C2"), PEAKS.items(), strict=True):
        low, mid, high = (modelled(name, launch, rate / 3) for launch in (5e-6, 10e-6, 20e-6))
        axis.fill_between(b, *[(f + p * b) / b * 1e3 for f, p in (low, high)], color=color, alpha=0.2)
        axis.loglog(b, (mid[0] + mid[1] * b) / b * 1e3, "--", color=color, label=f"{card}, modelled")
        at = [cross(CPU[name], gpu) for gpu in (low, mid, high)]
        print(
            f"{name}, {card}: wins from a batch of {at[1]:.0f} (launches of 5 and 20 µs: {at[0]:.0f} and {at[2]:.0f})"
        )
    axis.set(xlabel="batch size", ylabel="µs an example", title=f"{name} VAE; GPUs: a model, NOT a measurement")
axes[0].legend(fontsize=7)
plt.show()

# %% [markdown]
# For the small network the crossover lies at a batch of hundreds; and it hardly matters *which* card it is, although the
# last does eight times as many operations per second as the first. The numerator is what decides: launches, and what each
# costs. For the large one the model says that any card wins from small batches on, because of work on the CPU that is not
# arithmetic of the batch at all. A crossover is not a property of a GPU but of a program on it.
#
# ## A misconception, put to the test
#
# *"This GPU does fifty times as many operations per second, so my training takes a fiftieth."* **Predict before you
# run:** by how much is a step faster at a batch of 16, 256, 4096? Let the share s of the CPU's time be arithmetic,
# which gets k times faster, and the rest stay: the gain is $1 / (1 - s + s/k)$, and even for k = ∞ not more than
# $1/(1 - s)$ (Amdahl's law). Here the rest does not even stay: launches come on top.

# %%
for name, (fixed, per_example) in CPU.items():
    for batch in (16, 256, 4096):
        cpu = fixed + per_example * batch
        share = per_example * batch / cpu
        gains = [cpu / (f + p * batch) for f, p in (modelled(name, 10e-6, rate / 3) for rate in PEAKS.values())]
        print(
            f"{name}, batch {batch:4d}: {share:.0%} grows with the batch; Amdahl's limit {1 / (1 - share):.1f}; modelled "
            + ", ".join(f"{card} {gain:.1f}x" for card, gain in zip(PEAKS, gains, strict=True))
        )

# %% [markdown]
# A small network with a small batch is the wrong job for a large GPU. Larger batches, larger networks, or fewer and larger
# operations make it the right one; buying a faster card does not.
#
# ## Reading a benchmark
#
# Whom shall one believe? Ask five questions of every table of times. Was the clock read after the work was done? Were the
# first, slow steps left out? Do both compute the same (the library compares losses and gradients first)? How large is
# the spread? And did the two take *turns*? A machine gets slower and faster; who measures one first and the other
# afterwards measures the weather. See it: two programs that are the same, so that the true ratio is 1.

# %%


def program():
    """Some work, in milliseconds."""
    start = time.perf_counter()
    for _ in range(3):
        a @ a
    return (time.perf_counter() - start) * 1e3


blocks, turns = [], []
for _ in range(12):
    first = [program() for _ in range(6)]
    second = [program() for _ in range(6)]
    blocks.append(np.mean(first) / np.mean(second))
    pairs = np.array([(program(), program()) for _ in range(6)])
    turns.append(np.median(pairs[:, 0] / pairs[:, 1]))
figure, axis = plt.subplots(figsize=(7, 2), layout="constrained")
axis.plot(blocks, np.zeros(12), "o", alpha=0.6)
axis.plot(turns, np.ones(12), "o", alpha=0.6)
axis.axvline(1, color="0.5", linestyle=":")
axis.set_yticks([0, 1], ["one after the other, means", "in turns, median of ratios"])
axis.set(xlabel="ratio of two equal programs, twelve attempts", ylim=(-0.6, 1.6))
plt.show()
print(f"one after the other: {min(blocks):.2f} to {max(blocks):.2f}; in turns: {min(turns):.2f} to {max(turns):.2f}")

# %% [markdown]
# On a quiet machine both are narrow; on a busy one, compare. A gain that is smaller than the spread of *nothing* is no
# gain.
#
# **Exercise 14.4.** `paired_ratio`, as the library's tables have it: the median, and the range.

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
# once a step. Exact arithmetic does not care in which order the S vectors are added. Float32 does. **Predict before you
# run:** what are these two sums?

# %%
big, small = np.float32(1e8), np.float32(1)
print((big + -big) + small, big + (-big + small))

# %% [markdown]
# Now with gradients. If each process added the gradients in the order in which they arrive, every run would end with different
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


plain = nn.Sequential(nn.Dense(20, 50, rng=rng), nn.Tanh(), nn.Dense(50, 5, rng=rng))
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
normal = nn.Sequential(nn.Dense(20, 50, rng=rng), nn.BatchNorm(50), nn.Tanh(), nn.Dense(50, 5, rng=rng))
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
# Change the assumptions: kernels fused to half as many launches; a rate ten times as large; the way of the data over
# the bus, 256 bytes an example of the small network at 12 GB/s. Before you run, say which of the three moves the
# crossover most. (And DCGAN's examples are another matter altogether.)

# %%
for what, launches, rate, bus in (
    ("as above", LAUNCHES + 15, PEAKS["T4"] / 3, np.inf),
    ("half the launches", (LAUNCHES + 15) / 2, PEAKS["T4"] / 3, np.inf),
    ("ten times the rate", LAUNCHES + 15, 10 * PEAKS["T4"] / 3, np.inf),
    ("with the bus", LAUNCHES + 15, PEAKS["T4"] / 3, 12e9),
):
    gpu = modelled("small", 10e-6, rate, launches)
    gpu = gpu[0], gpu[1] + 256 / bus * 1e3
    print(f"{what:>18s}: crossover at a batch of {cross(CPU['small'], gpu):.0f}  (model)")
dcgan = workloads.flops(workloads.Job("dcgan", "cpu").model, (28, 28, 1))
print(f"DCGAN has {dcgan / FLOPS['small']:.0f} times the operations of the small VAE for each example")

# %% [markdown]
# ## Where to go next
#
# - Williams, Waterman & Patterson 2009, *Roofline: an insightful visual performance model for multicore architectures*:
#   the third limit, the memory, of which this lesson did not speak.
# - Amdahl 1967, *Validity of the single processor approach to achieving large scale computing capabilities*.
# - Hoffer, Hubara & Soudry 2017, *Train longer, generalize better*; Thakur, Rabenseifner & Gropp 2005, *Optimization of
#   collective communication operations in MPICH*.
# - Okuta et al. 2017, *CuPy: a NumPy-compatible library for NVIDIA GPU calculations*.
# - Fleming & Wallace 1986, *How not to lie with statistics: the correct way to summarize benchmark results*.
# - In the library: `minigen/backend.py`, `minigen/fused.py`, `minigen/bench/`; with a GPU, `python -m minigen.bench --plot
#   bench.png` draws the first picture of "where the lines cross" with measured points.
