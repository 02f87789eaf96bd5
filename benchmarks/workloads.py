"""What is measured: the networks' shapes, their initial weights and batches, and the arithmetic they need.

Everything here is NumPy and numbers, and no framework: each contender gets the arrays of `arrays(workload)` in
minigen's layout (images (N, H, W, C), kernels (kh, kw, C, F), transposed ones (kh, kw, outputs, inputs), dense weights
(inputs, outputs)) and brings them into its own.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

KERNEL, STRIDE = 4, 2  # of every convolution here; the padding is 1, so that a convolution halves each side
TAPS = KERNEL * KERNEL


class Layer(NamedTuple):
    """One layer with weights.

    Attributes:
        kind: 'dense', 'conv', 'deconv' (a transposed convolution), 'batch_norm', 'layer_norm' or 'table'.
        inputs, outputs: features or channels; of a table, how many vectors it has and their length.
        side: height and width of the image that comes in; 1 for a dense layer.
        bias: whether there is one.
        from_image, to_image: for a dense layer next to a Flatten or a Reshape, the image's (height, width, channels).
    """

    kind: str
    inputs: int
    outputs: int
    side: int = 1
    bias: bool = True
    from_image: tuple[int, int, int] | None = None
    to_image: tuple[int, int, int] | None = None


class Weight(NamedTuple):
    """One array to train: its name, its shape in minigen's layout, and the images next to it (see `Layer`)."""

    name: str
    shape: tuple[int, ...]
    from_image: tuple[int, int, int] | None
    to_image: tuple[int, int, int] | None

    @property
    def is_table(self) -> bool:
        """Whether its rows are looked up: then no framework has it transposed."""
        return ".table" in self.name


@dataclass(frozen=True)
class Workload:
    """One thing to measure.

    Attributes:
        name: what the tables call it.
        model: 'mlp-vae', 'conv-vae', 'dcgan', 'gpt', 'convolution', 'tiny' or 'sgemm'.
        batch: examples a step; rows of the matrices, for the last two.
        side, channels: of the images; of the input image for a convolution. The side of a text is its places.
        latent: the length of z.
        width: hidden units of a dense network, channels of the convolution next to the image; output channels of a
            single convolution; features of a place in a text.
        variant: 'conv' or 'deconv' for a convolution, the operation for tiny tensors.
    """

    name: str
    model: str
    batch: int = 0
    side: int = 28
    channels: int = 1
    latent: int = 20
    width: int = 0
    variant: str = ""


MODELS = {
    workload.name: workload
    for workload in (
        Workload("mlp-vae-128", "mlp-vae", 128, width=400),  # 784-400-20 and back
        Workload("mlp-vae-1024", "mlp-vae", 1024, width=400),
        Workload("conv-vae", "conv-vae", 128, width=32),
        Workload("dcgan28", "dcgan", 64, latent=100, width=64),
        Workload("dcgan64", "dcgan", 32, side=64, channels=3, latent=100, width=64),
        Workload("gpt", "gpt", 32, side=64, width=128),
    )
}

BLOCKS, HEADS, SYMBOLS = 4, 4, 65  # of the Transformer, and of its text

# The float32 matrix product that is taken for the most a machine can do.
SGEMM = Workload("sgemm", "sgemm", 2048, side=2048)

# ---------------------------------------------------------------------------------------------------- the networks


def channels_of(workload: Workload) -> list[int]:
    """The channels after each convolution, from the image inwards: they double. Sides end at 7 (from 28) or 4 (64)."""
    levels = 2 if workload.side == 28 else int(math.log2(workload.side // 4))
    return [workload.width << i for i in range(levels)]


def networks(workload: Workload) -> dict[str, list[Layer]]:
    """The layers with weights of each network of a model, by the network's name, in the order of the computation."""
    side, image, latent, width = workload.side, workload.channels, workload.latent, workload.width
    if workload.model == "mlp-vae":
        pixels = side * side * image
        return {
            "encoder": [Layer("dense", pixels, width), Layer("dense", width, 2 * latent)],
            "decoder": [Layer("dense", latent, width), Layer("dense", width, pixels)],
        }
    if workload.model == "gpt":
        norm = Layer("layer_norm", width, width)
        mlp = [Layer("dense", width, 4 * width), Layer("dense", 4 * width, width)]
        block = [norm, norm, Layer("dense", width, 3 * width), Layer("dense", width, width), *mlp]
        return {
            "body": [Layer("table", side, width), *BLOCKS * block, norm],
            "symbols": [Layer("table", SYMBOLS, width)],
            "head": [Layer("dense", width, SYMBOLS, bias=False)],
        }
    if workload.model not in ("conv-vae", "dcgan"):
        return {}
    channels = channels_of(workload)
    code_side = side >> len(channels)
    code = (code_side, code_side, channels[-1])
    norm = workload.model == "dcgan"
    down, up = [], []
    for i, (inputs, outputs) in enumerate(zip([image, *channels], channels, strict=False)):
        normed = norm and i > 0
        down += [Layer("conv", inputs, outputs, side >> i, bias=not normed)]
        down += [Layer("batch_norm", outputs, outputs)] * normed
    up += [Layer("batch_norm", channels[-1], channels[-1])] * norm
    for i, (inputs, outputs) in enumerate(zip(channels[::-1], [*channels[-2::-1], image], strict=True)):
        normed = norm and i < len(channels) - 1
        up += [Layer("deconv", inputs, outputs, code_side << i, bias=not normed)]
        up += [Layer("batch_norm", outputs, outputs)] * normed
    to_code = Layer("dense", latent, math.prod(code), bias=not norm, to_image=code)
    if norm:
        from_code = Layer("dense", math.prod(code), 1, from_image=code)
        return {"generator": [to_code, *up], "discriminator": [*down, from_code]}
    return {
        "encoder": [*down, Layer("dense", math.prod(code), 2 * latent, from_image=code)],
        "decoder": [to_code, *up],
    }


def convolutions() -> Iterator[Workload]:
    """Every convolution and transposed convolution of the convolutional models by itself, without its bias."""
    for model in MODELS.values():
        for layer in (layer for layers in networks(model).values() for layer in layers):
            if layer.kind in ("conv", "deconv"):
                yield Workload(
                    f"{model.name} {layer.kind} {layer.inputs}-{layer.outputs} {layer.side}x{layer.side}",
                    "convolution",
                    model.batch,
                    layer.side,
                    layer.inputs,
                    width=layer.outputs,
                    variant=layer.kind,
                )


def growing(model: str, field: str, values: Iterable[int]) -> list[Workload]:
    """A model of MODELS with other values of 'batch' or 'width'."""
    changes: list[dict[str, Any]] = [{field: value, "name": f"{model} {field} {value}"} for value in values]
    return [replace(MODELS[model], **change) for change in changes]


def tiny() -> list[Workload]:
    """Operations on 8x8 matrices; 'sum': `op(...).sum().backward()`, 'given': `op(...).backward(g)`."""
    return [
        Workload(f"{operation} {start}", "tiny", 8, side=8, variant=f"{operation} {start}")
        for operation in ("add", "matmul", "relu")
        for start in ("sum", "given")
    ]


# ------------------------------------------------------------------------------------------- weights and batches


def weights(workload: Workload) -> list[Weight]:
    """The arrays to train, in the order in which every framework lists them: layer by layer, w before b."""
    result = []
    for network, layers in networks(workload).items():
        counts: dict[str, int] = {}
        for layer in layers:
            counts[layer.kind] = counts.get(layer.kind, 0) + 1
            path = f"{network}.{layer.kind}{counts[layer.kind]}"
            if layer.kind in ("batch_norm", "layer_norm"):
                names, shape = ("gamma", "beta"), (layer.outputs,)
            else:
                names = ("w", "b") if layer.bias and layer.kind != "table" else ("w",)
                shape = {
                    "dense": (layer.inputs, layer.outputs),
                    "table": (layer.inputs, layer.outputs),
                    "conv": (KERNEL, KERNEL, layer.inputs, layer.outputs),
                    "deconv": (KERNEL, KERNEL, layer.outputs, layer.inputs),
                }[layer.kind]
            result.append(Weight(f"{path}.{names[0]}", shape, layer.from_image, layer.to_image))
            if len(names) == 2:
                result.append(Weight(f"{path}.{names[1]}", (layer.outputs,), None, layer.to_image))
    return result


def arrays(workload: Workload, seed: int = 0) -> dict[str, np.ndarray]:
    """All that contenders share: each weight by its name, 'batch' and 'noise'; or an operation's operands.

    Of float32, but for a text: a batch of integers (N, T + 1), and no noise.

    The shifts of the layers start near 0 and not at 0, and the scales of batch normalisation near 1, so that a mistake
    in them shows in the gradients.
    """
    rng = np.random.default_rng(seed)

    def normal(shape: tuple[int, ...], std: float = 1.0) -> np.ndarray:
        return np.float32(std) * rng.standard_normal(shape, dtype=np.float32)

    n, side, channels = workload.batch, workload.side, workload.channels
    if workload.model in ("tiny", "sgemm"):
        return {name: normal((n, side)) for name in ("a", "b", "g")}
    if workload.model == "convolution":
        down = workload.variant == "conv"
        after = side // STRIDE if down else side * STRIDE
        pair = (channels, workload.width) if down else (workload.width, channels)
        x, g = normal((n, side, side, channels)), normal((n, after, after, workload.width))
        return {"x": x, "w": normal((KERNEL, KERNEL, *pair), 0.02), "g": g}
    result = {}
    for weight in weights(workload):
        if len(weight.shape) == 1:
            result[weight.name] = normal(weight.shape, 0.02) + np.float32(weight.name.endswith("gamma"))
        else:
            std = 0.02 if workload.model == "dcgan" else (2 / sum(weight.shape[-2:])) ** 0.5
            if workload.model == "conv-vae" and len(weight.shape) == 4:
                std /= KERNEL
            result[weight.name] = normal(weight.shape, std)
    if workload.model == "gpt":
        return {**result, "batch": rng.integers(0, SYMBOLS, (n, side + 1))}
    low = -1 if workload.model == "dcgan" else 0
    batch = np.clip(normal((n, side, side, channels)), low, 1)
    result["batch"] = batch.reshape(n, -1) if workload.model == "mlp-vae" else batch
    result["noise"] = normal((n, workload.latent))
    return result


# -------------------------------------------------------------------------------------------------- the arithmetic


def products(layer: Layer, batch: int) -> int:
    """Multiply-adds of a layer's matrix product, forward: as many again give dW, and as many dX.

    Taps that fall on the padding are counted; normalisation, tables and activations, which have no products, are not.
    """
    if layer.kind in ("batch_norm", "layer_norm", "table"):
        return 0
    places = {"dense": 1, "conv": (layer.side // STRIDE) ** 2, "deconv": layer.side**2}[layer.kind]
    return batch * places * (1 if layer.kind == "dense" else TAPS) * layer.inputs * layer.outputs


def flops(workload: Workload) -> int:
    """Floating-point operations of the products of one training step, a multiply-add being two.

    Each layer takes its product forward, one for dW and one for dX; a network's first layer needs no dX, as nothing is
    to be learned about its input. In a GAN: the generator once; the discriminator in full on a real and on a fake
    batch; and forward and dX, down to the image, for the generator's sake. In attention the scores and
    the means of the values are such products, of what a place sees alone.
    """
    n = workload.batch
    if workload.model == "tiny":
        return 0
    if workload.model == "sgemm":
        return 2 * n**3
    if workload.model == "convolution":
        layer = Layer(workload.variant, workload.channels, workload.width, workload.side)
        return 2 * 3 * products(layer, n)
    nets = networks(workload)
    if workload.model == "gpt":
        dense = sum(products(layer, n * workload.side) for layers in nets.values() for layer in layers)
        seen = workload.side * (workload.side + 1) // 2  # pairs of a place and one that it sees
        return 2 * 3 * (dense + BLOCKS * 2 * n * seen * workload.width)
    forward = {name: sum(products(layer, n) for layer in layers) for name, layers in nets.items()}
    first = {name: products(layers[0], n) for name, layers in nets.items()}
    if workload.model == "dcgan":
        generator = 3 * forward["generator"] - first["generator"]
        discriminator = 3 * forward["discriminator"] - first["discriminator"]
        return 2 * (generator + 2 * discriminator + 2 * forward["discriminator"])
    return 2 * (3 * sum(forward.values()) - first["encoder"])
