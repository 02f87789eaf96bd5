"""Whether an output of a grid model changes with what it must not see."""

import numpy as np

from minigen import backend


def in_float64(model):
    """The model, all of its numbers in float64."""
    for _, tensor in model.named_tensors():
        tensor.data = tensor.data.astype(np.float64)
    return model


def sees_no_later_place(model, seed):
    """Assert that output i does not change with inputs >= i; which inputs change some later output, (D,)."""
    grid = np.random.default_rng(seed).integers(model.levels, size=(1, *model.shape))
    size = grid.size
    others = np.repeat(grid.reshape(1, size), size, axis=0)  # another value at place i of the i-th
    others[np.arange(size), np.arange(size)] += 1
    others = (others % model.levels).reshape(size, *model.shape)
    all_grids = backend.to_device(np.concatenate([grid, others]), model.device)
    logits = backend.to_numpy(model(all_grids).data).reshape(size + 1, size, -1)
    changed = np.abs(logits[1:] - logits[:1]).max(axis=2) > 1e-6  # [input, output]
    assert not np.tril(changed).any()
    return changed.any(axis=1)
