"""Why did it answer that? What suits a trained model: `python -m minigen explain DIR`.

    attribution-*.png   of images: what the logit of a class, the verdict or the ELBO owes to each pixel
    attribution.png     of text: what each predicted symbol owes to those before it
    attention.png, heads.png, induction.png     of a Transformer: see `minigen.explain`

The numbers that are printed with them say how far to believe them: what the shares of integrated gradients lack to the
rise that they explain; and by how much the answer falls when what a map names is taken away, beside the same for a
plain gradient and for inputs that are drawn at random.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..autodiff import Tensor, raw
from ..backend import Array, to_device, to_numpy, xp_of
from ..data import PAD, Dataset, unscale
from ..distributions import Categorical
from ..errors import ArgumentError
from ..explain import (
    Attribution,
    copying,
    gradient_times_input,
    head_losses,
    integrated_gradients,
    occlusion,
    patterns,
    repeated,
    without,
)
from ..explain.attribution import Answer, answers
from ..explain.heads import WAYS, Head, attention_layers
from ..explain.induction import scores_of
from ..models.recipe import KINDS
from ..random import Generator
from . import heat_maps
from .heat_maps import HeadMap
from .pictures import Files
from .trained import Trained

SYMBOLS = ("text", "lines")  # kinds of data
IMAGES, CODES = 10, 8  # images that are explained, draws of z for an ELBO
STEPS, MOST_STEPS, ENOUGH = 32, 512, 0.01  # on the way from the baseline, doubled until no more is missing
TAKEN = 0.1  # share of the pixels that are taken away
PLACES = 32  # symbols of a text that are explained
SEQUENCES = 200  # by which heads are judged
REPEATED, LONGEST = 100, 32  # sequences of random symbols, and the most symbols of one copy
GRADIENTS = "integrated gradients, from the mean vector"
INDUCTION = 0.3  # a head that looks so much at what followed is called an induction head

Lines = list[str]


def explanations(trained: Trained, train: Dataset, test: Dataset, rng: Generator) -> tuple[Lines, Files]:
    """Figures by file name, and what they say in numbers.

    Args:
        trained: the model. train, test: its data; explained are the first examples of the test data.
        rng: for what is drawn.

    Raises:
        ArgumentError: a model, or data, for which there is nothing of this kind.
    """
    trained.recipe.check_data(trained.settings, train)
    if trained.is_image and (found := _answers(trained, test)):
        return _of_images(trained, train, test, found, rng)
    lines: Lines = []
    files: Files = {}
    parts: list[Callable[[Trained, Dataset, Generator], tuple[Lines, Files]]] = []
    if trained.kind in SYMBOLS and hasattr(trained.model, "from_vectors"):
        parts.append(_of_symbols)
    if attention_layers(trained.model) and trained.can_show("places"):
        parts.append(_of_heads)
        parts += [_of_induction] if trained.kind in SYMBOLS else []
    for part in parts:
        more, drawn = part(trained, test, rng)
        lines, files = lines + more, files | drawn
    if not files:
        raise ArgumentError(
            f"folder: nothing is explained of {trained.settings.model!r} on {KINDS[trained.kind].name}; it takes a "
            "discriminator, a class or an ELBO of images, or a model of text or music with symbols or heads"
        )
    return lines, files


# ----------------------------------------------------------------------------------------------------------- images


def _answers(trained: Trained, test: Dataset) -> dict[str, Callable[[Array], Answer]]:
    """What can be asked of a model of images: by its name, the function that is to be explained, given the examples.

    Args:
        trained: the model. test: its data, of which the examples are the first; a conditional GAN is told their labels.
    """
    model = trained.model
    found: dict[str, Callable[[Array], Answer]] = {}

    def of_likeliest_class(x: Array) -> Answer:
        best = raw(model.class_logits(Tensor(x))).argmax(axis=1)
        return lambda at: ops.getitem(model.class_logits(at), (xp_of(x).arange(len(x)), best))

    def of_bound(x: Array) -> Answer:
        return lambda at: ops.mean(model.log_weights(at, CODES, Generator(0)), axis=1)  # the same draws at every call

    if trained.can_show("class logits"):
        found["class"] = of_likeliest_class
    if trained.can_show("verdicts"):
        found["real"] = lambda x: model.verdicts
    elif trained.recipe.labelled and hasattr(model, "verdicts"):
        found["real"] = lambda x: lambda at: model.verdicts(at, to_device(np.asarray(test.y)[: len(at)], model.device))
    if trained.can_show("log-weights"):
        found["elbo"] = of_bound
    return found


def _of_images(
    trained: Trained, train: Dataset, test: Dataset, found: dict[str, Callable[[Array], Answer]], rng: Generator
) -> tuple[Lines, Files]:
    """Of each answer: integrated gradients from black and from the mean image, and occlusion."""
    device = trained.model.device
    x = to_device(trained.prepared(np.asarray(test.x[:IMAGES])), device)
    mean = to_device(trained.prepared(np.asarray(train.x[:10_000])).mean(axis=0), device)
    black = xp_of(x).full_like(mean, trained.black)
    size = max(2, round(x.shape[1] / 7))
    lines: Lines = []
    files: Files = {}
    for name, of in found.items():
        f = of(x)
        from_black, from_mean = (completed(f, x, baseline) for baseline in (black, mean))
        covered = occlusion(f, x, mean, size, max(1, size // 2))
        maps = {
            "integrated gradients": from_mean.values.sum(axis=3),
            "gradient x input": gradient_times_input(f, x, mean).sum(axis=3),
            "occlusion": covered,
            "random pixels": to_device(rng.uniform(covered.shape, device="cpu"), device),
        }
        for a, baseline in ((from_black, "black"), (from_mean, "the mean image")):
            lines.append(f"{name}: {_completeness(a, baseline)}")
        falls = ", ".join(f"{what} {without(f, x, mean, m, TAKEN).mean():.3g}" for what, m in maps.items())
        lines.append(f"{name}: falls, if the {TAKEN:.0%} of pixels named first become the mean image's: {falls}")
        shown = [to_numpy(m) for m in (from_black.values.sum(axis=3), maps["integrated gradients"], covered)]
        title = f"{trained.title}, {name}: integrated gradients from black, from the mean; occlusion"
        images = unscale(to_numpy(x), trained.black)
        files[f"attribution-{name}.png"] = heat_maps.maps_below(images, shown, title)
    return lines, files


def completed(f: Answer, x: Array, baseline: Array) -> Attribution:
    """Integrated gradients with as many steps as it takes until next to nothing is missing, or MOST_STEPS."""
    steps = STEPS
    while True:
        found = integrated_gradients(f, x, baseline, steps)
        if steps >= MOST_STEPS or _share_missing(found) <= ENOUGH:
            return found
        steps *= 2


def _share_missing(a: Attribution) -> float:
    """What is missing of the rise, as a share of it, at the median example."""
    missing, rise = abs(to_numpy(a.missing)), abs(to_numpy(a.rise))
    return float(np.median(missing / np.maximum(rise, 1e-30)))


def _completeness(a: Attribution, baseline: str) -> str:
    rise, total = float(a.rise.mean()), float((a.rise - a.missing).mean())
    return f"from {baseline} it rises by {rise:.4g}, the attributions sum to {total:.4g} ({_share_missing(a):.2%} off)"


# ---------------------------------------------------------------------------------------------------------- symbols


def _of_symbols(trained: Trained, test: Dataset, rng: Generator) -> tuple[Lines, Files]:
    """What log p of each symbol owes to each one before it: integrated gradients and occlusion, of the vectors."""
    model = trained.model
    x = np.asarray(max(test.x[:SEQUENCES], key=lambda row: int((row != PAD).sum())))
    x = x[: min(PLACES + 1, int((x != PAD).sum()))].astype(np.int64)
    device, t = model.device, len(x) - 1
    symbols, table = to_device(x, device), raw(model.table.w)
    vectors = xp_of(table).tile(table[symbols[:-1]], (t, 1, 1))  # row i is asked for what follows place i
    mean = table.mean(axis=0)
    at = xp_of(table).arange(t)

    def f(h: Tensor) -> Tensor:
        logits = ops.getitem(model.from_vectors(h), (at, at))  # (T, symbols)
        return Categorical(logits).log_prob(symbols[1:])

    found = completed(f, vectors, xp_of(table).broadcast_to(mean, vectors.shape))
    covered = np.zeros((t, t))
    before = answers(f, vectors)
    for place in range(t):
        without_it = vectors.copy()
        without_it[:, place] = mean
        covered[:, place] = to_numpy(before - answers(f, without_it))
    text = _text(trained, x)
    maps = {
        GRADIENTS: to_numpy(found.values.sum(axis=2)),
        "occlusion: the symbol becomes the mean vector": covered,
    }
    title = f"{trained.title}: what log p of a symbol owes to those before it"
    figure = heat_maps.symbol_maps(maps, text[:-1], text[1:], title)
    named, seen = np.where(np.tri(t) > 0, maps[GRADIENTS], -np.inf).argmax(axis=1), np.arange(1, t + 1)
    falls = covered[np.arange(t), named].mean(), covered.diagonal().mean(), (covered.sum(axis=1) / seen).mean()
    line = "symbols: log p falls, if one symbol becomes the mean vector: of the one named first by {:.3f} nats, "
    line += "of the last one before it by {:.3f}, of one at random by {:.3f}"
    return [f"symbols: {_completeness(found, 'the mean vector')}", line.format(*falls)], {"attribution.png": figure}


def _text(trained: Trained, symbols: np.ndarray) -> list[str]:
    """Symbols (T,) as characters that are seen."""
    return heat_maps.shown("".join(trained.settings.alphabet[int(k)] for k in symbols))


# ------------------------------------------------------------------------------------------------------------ heads


def _of_heads(trained: Trained, test: Dataset, rng: Generator) -> tuple[Lines, Files]:
    """Where the heads look in one example, and what is lost without each."""
    model = trained.model
    x = to_device(np.asarray(test.x[:: max(1, len(test) // SEQUENCES)][:SEQUENCES]), model.device)
    longest = int((to_numpy(model.counted(x))).sum(axis=1).argmax())
    t = min(PLACES, int(to_numpy(model.counted(x))[longest].sum()))
    attention = to_numpy(patterns(model, x[longest : longest + 1]))[:, 0, :, :t, :t]
    text = _text(trained, to_numpy(x)[longest, :t]) if trained.kind in SYMBOLS else []
    losses = {way: head_losses(model, x, way) for way in WAYS}
    names = {"mean": "by its mean over examples", "zero": "by zero"}
    maps = [HeadMap(f"replaced {names[way]}", loss.rise, loss.error) for way, loss in losses.items()]
    intact, rise = losses["mean"].intact, losses["mean"].rise
    title = f"{trained.title}: what the loss of {intact:.3f} nats rises by without a head"
    worst = np.unravel_index(rise.argmax(), rise.shape)
    line = f"heads: the loss is {intact:.4f} nats; without {_named([worst])} it rises most, by "
    line += f"{rise[worst]:.4f} \u00b1 {losses['mean'].error[worst]:.4f}; the median head costs {np.median(rise):.4f}"
    return [line], {
        "attention.png": heat_maps.head_patterns(attention, text, f"{trained.title}: where each head looks"),
        "heads.png": heat_maps.head_numbers(maps, title),
    }


def _of_induction(trained: Trained, test: Dataset, rng: Generator) -> tuple[Lines, Files]:
    """Prefix matching of each head, and the loss of repeated symbols: whole, without the best heads, without others."""
    model, symbols = trained.model, len(trained.settings.alphabet)
    first = int(trained.kind == "lines")  # symbol 0 ends a line
    length = min(LONGEST, (trained.shape[0]) // 2)
    if symbols - first < 2 or length < 2:
        return [], {}
    x = repeated(REPEATED, length, symbols, rng, first)
    found = scores_of(model, x)
    every: list[Head] = [(layer, head) for layer, head in np.ndindex(*found.scores.shape)]
    order = sorted(every, key=lambda head: -found.scores[head])
    heads = [head for head in order if found.scores[head] >= INDUCTION] or order[:1]
    curves = {"the model": copying(model, x)}
    curves[f"without {_named(heads)}"] = copying(model, x, heads)
    if others := [head for head in order[len(heads) :] if head[0] in {layer for layer, _ in heads}][-len(heads) :]:
        curves[f"without {_named(others)}"] = copying(model, x, others)
    first_copy = float(curves["the model"][: length - 1].mean())
    second = {name: float(losses[length:].mean()) for name, losses in curves.items()}
    best = found.scores[order[0]]
    line = f"induction: the best head, {_named(order[:1])}, looks at what followed with {best:.2f} of its attention "
    line += f"(all places alike: {found.chance:.2f}); the first copy costs "
    line += f"{first_copy:.3f} nats a symbol, the second copy "
    line += "; ".join(f"{name} {nats:.3f} nats" for name, nats in second.items())
    if best < INDUCTION:
        line += f"; no head is an induction head, which would have {INDUCTION:.1f} or more"
    scores = HeadMap(f"attention to what followed\n(all places alike: {found.chance:.2f})", found.scores)
    title = f"{trained.title}: random symbols, and the same again"
    blind = math.log(symbols - first)
    return [line], {"induction.png": heat_maps.copying_curves(scores, curves, blind, title)}


def _named(heads: list[Any]) -> str:
    """'head 2.1 and 2.3': layer and number."""
    names = [f"{layer + 1}.{head + 1}" for layer, head in heads]
    return f"head{'s' if len(names) > 1 else ''} " + ", ".join(names)
