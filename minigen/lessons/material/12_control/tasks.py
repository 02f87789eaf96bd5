"""The exercises of lesson 12: on which inputs they are checked, and hints."""

from minigen.lessons import Exercise


def labelled(rng):
    """Images with N, H, W, C and K all different, and labels that leave out the last class."""
    n, h, w, c, k = (int(size) for size in rng.choice([2, 3, 4, 5, 6, 7], 5, replace=False))
    labels = rng.integers(k - 1, size=n)
    labels[0] = k - 2
    return {"x": rng.standard_normal((n, h, w, c)), "labels": labels, "classes": k}


def readings(size):
    """Logits of that size, and codes of which at least one is not the likeliest."""

    def draw(rng):
        n, k = (int(m) for m in rng.choice([3, 4, 5, 6, 7], 2, replace=False))
        logits = size * rng.standard_normal((n, k))
        codes = rng.integers(k, size=n)
        codes[0] = logits[0].argmin()
        return {"logits": logits, "codes": codes}

    return draw


def bound(reference, inputs):
    """information_bound as a function of the logits."""
    logits, codes = inputs.values()
    return [(lambda logits: reference["information_bound"](logits, codes), logits)]


def styled(eps):
    """Images whose channels have a mean and a deviation of their own, and a style for each image."""

    def draw(rng):
        n, h, w, c = (int(size) for size in rng.choice([2, 3, 4, 5, 6], 4, replace=False))
        own = rng.uniform(-2, 2, (n, 1, 1, c)), rng.uniform(0.5, 2, (n, 1, 1, c))
        x = own[0] + own[1] * rng.standard_normal((n, h, w, c))
        return {"x": x, "scale": rng.standard_normal((n, c)), "shift": rng.standard_normal((n, c)), "eps": eps}

    return draw


EXERCISES = [
    Exercise(
        key="12.1",
        function="with_class_planes",
        section="Told the class",
        cases={"some sizes": labelled, "other sizes": labelled, "and others": labelled},
        hints=(
            "First make the one-hot vectors, (N, K). What does `labels[:, None] == np.arange(classes)` give?",
            "Give them two axes more, one_hot[:, None, None, :], (N, 1, 1, K), and repeat them for every pixel with "
            "np.broadcast_to. Then put both behind each other along the last axis.",
            "np.concatenate([x, np.broadcast_to(one_hot[:, None, None, :], (*x.shape[:3], classes))], axis=3), with "
            "one_hot of x's type: .astype(x.dtype).",
        ),
    ),
    Exercise(
        key="12.2",
        function="information_bound",
        section="A bound on mutual information",
        cases={"logits of size 1": readings(1.0), "of size 3": readings(3.0), "of size 1000": readings(1000.0)},
        hints=(
            "If Q guesses, with all logits equal, log Q is -log K and the bound is 0. If Q is certain and right it is "
            "log K. Check these two first.",
            "log Q(k) = logits[k] - log sum_j e^logits[j]. Subtract the row's largest logit from all of the row before "
            "exp; for each row pick the entry of its code.",
            "s = logits - logits.max(axis=1, keepdims=True); log_q = s - np.log(np.exp(s).sum(axis=1, keepdims=True)); "
            "then np.log(k) + log_q[np.arange(n), codes].mean(), as a float.",
        ),
    ),
    Exercise(
        key="12.3",
        function="information_gradient",
        section="A bound on mutual information",
        measured=bound,
        cases={"logits of size 1": readings(1.0), "again": readings(1.0), "of size 2": readings(2.0)},
        hints=(
            "For one row, log Q(c) = logits[c] - log sum_j e^logits[j]. Differentiate both terms with respect to "
            "logits[k].",
            "The first gives 1 for k = c and 0 otherwise: a one-hot vector. The second gives -e^logits[k] / sum, which "
            "is -Q(k). The mean over rows gives 1/N.",
            "With q the softmax over axis 1: return ((codes[:, None] == np.arange(k)) - q) / n.",
        ),
    ),
    Exercise(
        key="12.4",
        function="adain",
        section="Style",
        cases={"eps 1e-5": styled(1e-5), "eps 0.1": styled(0.1), "eps 1e-3": styled(1e-3)},
        hints=(
            "Batch norm takes the mean over axes 0, 1 and 2: one for each channel. Here each image has its own: over "
            "which axes?",
            "Over (1, 2), with keepdims=True, so that m is (N, 1, 1, C) and x - m broadcasts. scale and shift are "
            "(N, C): give them the same two axes.",
            "(1 + scale[:, None, None]) * (x - m) / np.sqrt(var + eps) + shift[:, None, None], with "
            "var = x.var(axis=(1, 2), keepdims=True).",
        ),
    ),
]
