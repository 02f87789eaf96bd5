"""The training steps in JAX, each compiled as a whole by jit, with Adam written by hand.

Images are channels last and kernels (kh, kw, C, F), as in minigen and as is usual in JAX. Parameters are lists of
tuples, one for each layer with weights: (w, b), (w,) or (gamma, beta). The attention is `jax.nn.dot_product_attention`.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, nn

from benchmarks.workloads import BLOCKS, HEADS, Workload, channels_of, networks, weights

Arrays = dict[str, np.ndarray]
Tree = Any


def versions() -> dict[str, str]:
    """What computes here."""
    return {"jax": jax.__version__}


def load(workload: Workload, arrays: Arrays) -> list[list[tuple[Any, ...]]]:
    """The parameters of each network."""
    flat = iter(jnp.array(arrays[weight.name]) for weight in weights(workload))
    count = {True: 2, False: 1}
    return [
        [tuple(next(flat) for _ in range(count[layer.bias and layer.kind != "table"])) for layer in layers]
        for layers in networks(workload).values()
    ]


def gradients(tree: Tree, workload: Workload) -> Arrays:
    """The gradients by name; the layout is minigen's."""
    pairs = zip(weights(workload), jax.tree.leaves(tree), strict=True)
    return {weight.name: np.asarray(g) for weight, g in pairs}


# ------------------------------------------------------------------------------------------------ layers and Adam


def dense(x: Any, w: Any, b: Any = 0.0) -> Any:
    """x w + b."""
    return x @ w + b


def conv(x: Any, w: Any, b: Any = 0.0) -> Any:
    """A 4x4 convolution of stride 2."""
    return lax.conv_general_dilated(x, w, (2, 2), [(1, 1), (1, 1)], dimension_numbers=("NHWC", "HWIO", "NHWC")) + b


def deconv(x: Any, w: Any, b: Any = 0.0) -> Any:
    """The transpose of `conv`."""
    numbers = ("NHWC", "HWIO", "NHWC")
    return lax.conv_transpose(x, w, (2, 2), "SAME", dimension_numbers=numbers, transpose_kernel=True) + b


def batch_norm(x: Any, gamma: Any, beta: Any) -> tuple[Any, Any]:
    """x standardised over all axes but the last, and the batch's mean and variance for the running statistics."""
    axes, count = tuple(range(x.ndim - 1)), x.size // x.shape[-1]
    mean, var = jnp.mean(x, axes), jnp.var(x, axes)
    return (x - mean) * (gamma * lax.rsqrt(var + 1e-5)) + beta, (mean, var * (count / (count - 1)))


def remember(running: Tree, batch: Tree) -> Tree:
    """New running statistics."""
    return jax.tree.map(lambda r, b: 0.9 * r + 0.1 * b, running, batch)


def adam_start(params: Tree) -> Tree:
    """Adam's memory: the step, and the two means."""
    return jnp.zeros(()), jax.tree.map(jnp.zeros_like, params), jax.tree.map(jnp.zeros_like, params)


def adam(params: Tree, grads: Tree, state: Tree, lr: float, beta1: float, beta2: float) -> tuple[Tree, Tree]:
    """One step of Adam: new parameters and new memory."""
    t, m, v = state
    t = t + 1
    m = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, m, grads)
    v = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, v, grads)
    rate, root = lr / (1 - beta1**t), jnp.sqrt(1 - beta2**t)
    params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) / root + 1e-8), params, m, v)
    return params, (t, m, v)


# ------------------------------------------------------------------------------------------------------------ VAE


def mlp_encoder(params: Tree, x: Any) -> Any:
    """Examples to means and log-variances."""
    hidden, last = params
    return dense(nn.relu(dense(x, *hidden)), *last)


mlp_decoder = mlp_encoder  # codes to logits: also one hidden layer


def conv_encoder(params: Tree, x: Any) -> Any:
    """Images to means and log-variances."""
    for layer in params[:-1]:
        x = nn.relu(conv(x, *layer))
    return dense(x.reshape(x.shape[0], -1), *params[-1])


def conv_decoder(params: Tree, z: Any) -> Any:
    """Codes to images of logits."""
    first, *layers, last = params
    channels = layers[0][0].shape[3] if layers else last[0].shape[3]
    x = nn.relu(dense(z, *first))
    side = round((x.shape[1] // channels) ** 0.5)
    x = x.reshape(-1, side, side, channels)
    for layer in layers:
        x = nn.relu(deconv(x, *layer))
    return deconv(x, *last)


NETWORKS = {"mlp-vae": (mlp_encoder, mlp_decoder), "conv-vae": (conv_encoder, conv_decoder)}


class VAEStep:
    """A training step of a VAE."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        self.workload = workload
        encoder, decoder = NETWORKS[workload.model]

        def loss_of(params: Tree, x: Any, noise: Any) -> Any:
            mean, log_var = jnp.split(encoder(params[0], x), 2, axis=-1)
            logits = decoder(params[1], mean + jnp.exp(0.5 * log_var) * noise)
            reconstruction = jnp.sum(nn.softplus(logits) - x * logits)
            kl = -0.5 * jnp.sum(1 + log_var - mean**2 - jnp.exp(log_var))
            return (reconstruction + kl) / x.shape[0]

        def train(params: Tree, state: Tree, x: Any, noise: Any) -> tuple[Tree, Tree, Any]:
            loss, grads = jax.value_and_grad(loss_of)(params, x, noise)
            return *adam(params, grads, state, 1e-3, 0.9, 0.999), loss

        def train_with_key(params: Tree, state: Tree, key: Any, x: Any) -> tuple[Tree, Tree, Any, Any]:
            key, now = jax.random.split(key)
            noise = jax.random.normal(now, (x.shape[0], workload.latent))
            params, state, loss = train(params, state, x, noise)
            return params, state, key, loss

        self.loss_and_gradients, self.train = jax.jit(jax.value_and_grad(loss_of)), jax.jit(train)
        self.train_with_key = jax.jit(train_with_key, donate_argnums=(0, 1, 2))
        self.params = load(workload, arrays)
        self.state, self.key = adam_start(self.params), jax.random.key(0)
        self.x, self.given = jnp.array(arrays["batch"]), jnp.array(arrays["noise"])

    def check(self) -> Arrays:
        """See `benchmarks.workers.serve`."""
        loss, grads = self.loss_and_gradients(self.params, self.x, self.given)
        params, state, later = self.params, self.state, []
        for _ in range(3):
            params, state, loss_then = self.train(params, state, self.x, self.given)
            later.append(loss_then.item())
        return {
            "loss": np.array(loss),
            **gradients(grads, self.workload),
            "losses of three steps": np.array(later),
        }

    def step(self) -> None:
        """One training step."""
        self.params, self.state, self.key, loss = self.train_with_key(self.params, self.state, self.key, self.x)
        jax.block_until_ready((self.params, loss))


# ---------------------------------------------------------------------------------------------------------- DCGAN


def generator(params: Tree, z: Any, side: int) -> tuple[Any, Tree]:
    """Images, and the statistics of the batch for each batch normalisation."""
    first, norm, *layers, last = params
    x = dense(z, *first).reshape(z.shape[0], side, side, -1)
    x, seen = batch_norm(x, *norm)
    x, statistics = nn.relu(x), [seen]
    for layer, norm in zip(layers[::2], layers[1::2], strict=True):
        x, seen = batch_norm(deconv(x, *layer), *norm)
        x = nn.relu(x)
        statistics.append(seen)
    return jnp.tanh(deconv(x, *last)), statistics


def discriminator(params: Tree, x: Any) -> tuple[Any, Tree]:
    """Logits (N, 1), and the statistics of the batch for each batch normalisation."""
    first, *layers, last = params
    x, statistics = nn.leaky_relu(conv(x, *first), 0.2), []
    for layer, norm in zip(layers[::2], layers[1::2], strict=True):
        x, seen = batch_norm(conv(x, *layer), *norm)
        x = nn.leaky_relu(x, 0.2)
        statistics.append(seen)
    return dense(x.reshape(x.shape[0], -1), *last), statistics


class DCGANStep:
    """One step of the discriminator and one of the generator."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        self.workload = workload
        side = workload.side >> len(channels_of(workload))

        def d_loss_of(d_params: Tree, real: Any, fake: Any) -> tuple[Any, Tree]:
            real_logits, seen_real = discriminator(d_params, real)
            fake_logits, seen_fake = discriminator(d_params, fake)
            return jnp.mean(nn.softplus(-real_logits)) + jnp.mean(nn.softplus(fake_logits)), [seen_real, seen_fake]

        def g_loss_of(fake: Any, d_params: Tree) -> Any:
            return jnp.mean(nn.softplus(-discriminator(d_params, fake)[0]))

        def train(params: Tree, states: Tree, running: Tree, real: Any, noise: Any) -> Any:
            g_params, d_params = params
            g_state, d_state = states
            fake, g_vjp, seen = jax.vjp(lambda p: generator(p, noise, side), g_params, has_aux=True)
            (d_loss, (real_seen, fake_seen)), d_grads = jax.value_and_grad(d_loss_of, has_aux=True)(
                d_params, real, fake
            )
            d_params, d_state = adam(d_params, d_grads, d_state, 2e-4, 0.5, 0.999)
            g_loss, fake_grad = jax.value_and_grad(g_loss_of)(fake, d_params)
            (g_grads,) = g_vjp(fake_grad)
            g_params, g_state = adam(g_params, g_grads, g_state, 2e-4, 0.5, 0.999)
            running = [remember(running[0], seen), remember(remember(running[1], real_seen), fake_seen)]
            return [g_params, d_params], [g_state, d_state], running, (d_loss, g_loss)

        def train_with_key(params: Tree, states: Tree, running: Tree, key: Any, real: Any) -> Any:
            key, now = jax.random.split(key)
            noise = jax.random.normal(now, (real.shape[0], workload.latent))
            params, states, running, losses = train(params, states, running, real, noise)
            return params, states, running, key, losses

        def losses_and_gradients(params: Tree, real: Any, noise: Any) -> Any:
            """Of both, with the discriminator unchanged in between."""
            fake, g_vjp, _ = jax.vjp(lambda p: generator(p, noise, side), params[0], has_aux=True)
            (d_loss, _), d_grads = jax.value_and_grad(d_loss_of, has_aux=True)(params[1], real, fake)
            g_loss, fake_grad = jax.value_and_grad(g_loss_of)(fake, params[1])
            return d_loss, g_loss, [g_vjp(fake_grad)[0], d_grads]

        self.losses_and_gradients, self.train = jax.jit(losses_and_gradients), jax.jit(train)
        self.train_with_key = jax.jit(train_with_key, donate_argnums=(0, 1, 2, 3))
        self.params = load(workload, arrays)
        self.states, self.key = [adam_start(p) for p in self.params], jax.random.key(0)
        self.running = [
            [(jnp.zeros(layer.outputs), jnp.ones(layer.outputs)) for layer in layers if layer.kind == "batch_norm"]
            for layers in networks(workload).values()
        ]
        self.real, self.given = jnp.array(arrays["batch"]), jnp.array(arrays["noise"])

    def check(self) -> Arrays:
        """See `benchmarks.workers.serve`; the generator's loss is that against the unchanged discriminator."""
        d_loss, g_loss, grads = self.losses_and_gradients(self.params, self.real, self.given)
        params, states, running, later = self.params, self.states, self.running, []
        for _ in range(3):
            params, states, running, losses = self.train(params, states, running, self.real, self.given)
            later.append([loss.item() for loss in losses])
        found = {"loss of D": np.array(d_loss), "loss of G": np.array(g_loss), **gradients(grads, self.workload)}
        return {**found, "losses of three steps": np.array(later)}

    def step(self) -> None:
        """One training step."""
        self.params, self.states, self.running, self.key, losses = self.train_with_key(
            self.params, self.states, self.running, self.key, self.real
        )
        jax.block_until_ready((self.params, self.running, losses))


# ---------------------------------------------------------------------------------------------------- Transformer


def layer_norm(x: Any, gamma: Any, beta: Any) -> Any:
    """x standardised over its last axis."""
    d = x - jnp.mean(x, -1, keepdims=True)
    return d * lax.rsqrt(jnp.mean(d * d, -1, keepdims=True) + 1e-5) * gamma + beta


def gpt_loss(params: Tree, x: Any) -> Any:
    """The loss of texts (N, T + 1), in nats a symbol."""
    ((places,), *blocks, last_norm), ((symbols,),), ((head,),) = params
    h = symbols[x[:, :-1]] + places
    n, t, c = h.shape
    for i in range(BLOCKS):
        norm1, norm2, qkv, out, wide, narrow = blocks[6 * i : 6 * i + 6]
        parts = dense(layer_norm(h, *norm1), *qkv).reshape(n, t, 3, HEADS, c // HEADS)
        y = nn.dot_product_attention(parts[:, :, 0], parts[:, :, 1], parts[:, :, 2], is_causal=True)
        h = h + dense(y.reshape(n, t, c), *out)
        h = h + dense(nn.gelu(dense(layer_norm(h, *norm2), *wide)), *narrow)
    log_p = nn.log_softmax(dense(layer_norm(h, *last_norm), head))
    return -jnp.mean(jnp.take_along_axis(log_p, x[:, 1:, None], axis=2))


class GPTStep:
    """A training step of a Transformer on a text."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        def train(params: Tree, state: Tree, x: Any) -> tuple[Tree, Tree, Any]:
            loss, grads = jax.value_and_grad(gpt_loss)(params, x)
            return *adam(params, grads, state, 1e-3, 0.9, 0.999), loss

        self.workload = workload
        self.loss_and_gradients, self.train = jax.jit(jax.value_and_grad(gpt_loss)), jax.jit(train)
        self.train_in_place = jax.jit(train, donate_argnums=(0, 1))
        self.params = load(workload, arrays)
        self.state, self.x = adam_start(self.params), jnp.array(arrays["batch"])

    def check(self) -> Arrays:
        """See `benchmarks.workers.serve`."""
        loss, grads = self.loss_and_gradients(self.params, self.x)
        params, state, later = self.params, self.state, []
        for _ in range(3):
            params, state, loss_then = self.train(params, state, self.x)
            later.append(loss_then.item())
        found = {"loss": np.array(loss), **gradients(grads, self.workload)}
        return {**found, "losses of three steps": np.array(later)}

    def step(self) -> None:
        """One training step."""
        self.params, self.state, loss = self.train_in_place(self.params, self.state, self.x)
        jax.block_until_ready((self.params, loss))


# ------------------------------------------------------------------------------------------------- tiny operations


def forward_and_backward(operation: Callable[..., Any]) -> Callable[..., Any]:
    """A compiled function of operands and the gradient g at the result: the result, and the operands' gradients."""

    def run(operands: Tree, g: Any) -> tuple[Any, Tree]:
        y, backward = jax.vjp(operation, *operands)
        return y, backward(g)

    return jax.jit(run)


OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "matmul": lambda a, b: a @ b,
    "relu": lambda a: nn.relu(a),
}


class TinyStep:
    """An operation on tiny tensors, forward and backward, in one compiled function."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        name, start = workload.variant.split()
        operation, self.g = OPERATIONS[name], jnp.array(arrays["g"])
        if start == "sum":
            self.run, self.g = forward_and_backward(lambda *operands: operation(*operands).sum()), jnp.ones(())
        else:
            self.run = forward_and_backward(operation)
        self.operands = [jnp.array(arrays[name]) for name in ("ab" if name != "relu" else "a")]

    def step(self) -> Any:
        """Forward and backward."""
        return jax.block_until_ready(self.run(self.operands, self.g))

    def check(self) -> Arrays:
        """See `benchmarks.workers.serve`."""
        return {f"d{name}": np.asarray(grad) for name, grad in zip("ab", self.step()[1], strict=False)}


STEPS: dict[str, Any] = {
    "mlp-vae": VAEStep,
    "conv-vae": VAEStep,
    "dcgan": DCGANStep,
    "gpt": GPTStep,
    "tiny": TinyStep,
}


def build(workload: Workload, arrays: Arrays, option: str) -> Any:
    """The step of the workload."""
    return STEPS[workload.model](workload, arrays, option)
