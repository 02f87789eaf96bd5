"""What is timed beside PyTorch: models at batch sizes, and how fast they are to be."""

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.workloads import MODELS, Workload

GOALS = {"mlp-vae": 1.2, "dcgan28": 1.2, "dcgan64": 1.5, "gpt": None}  # of PyTorch's time; one may not be there yet
BATCHES = (64, 256, 1024, 4096)
CONTENDERS = ("minigen", "torch-fused")  # PyTorch eager with its fastest Adam on a GPU


def models() -> dict[str, Workload]:
    """Those of GOALS that `benchmarks.workloads` has; 'mlp-vae' is there as 'mlp-vae-128', 128 being a batch size."""
    found = {}
    for name in GOALS:
        matching = [w for known, w in MODELS.items() if known == name or known.startswith(f"{name}-")]
        if matching:
            found[name] = matching[0]
    return found


def cells(rehearse: bool) -> Iterator[tuple[str, Workload]]:
    """(model, workload), the small batches first; tiny ones for a rehearsal."""
    for batch in (4, 8) if rehearse else BATCHES:
        for name, workload in models().items():
            width = 4 if rehearse else workload.width
            yield name, replace(workload, name=f"{name} {batch}", batch=batch, width=width)
