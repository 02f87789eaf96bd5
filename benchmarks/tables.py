"""What was measured, as text: lines for the console, Markdown tables for the README."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.report import SGEMM, Spread, growth_of

Result = Mapping[str, Any]  # of one workload, as in the JSON file
NAMES = {
    "minigen": "minigen",
    "torch": "PyTorch",
    "torch-fused": "PyTorch (fused Adam)",
    "jax": "JAX jit",
    "autograd": "HIPS autograd",
    "by-hand": "NumPy by hand",
}
ADAM = {"torch": "default", "torch-fused": "fused"}


def time_of(ms: float) -> str:
    """A time with three digits, in microseconds where it is short."""
    if ms < 1:
        return f"{1e3 * ms:.3g} µs"
    return f"{ms:.3g} ms" if ms < 1000 else f"{ms:.0f} ms"


def ratio_of(summary: Result, peer: str | None) -> str:
    """minigen's time over the peer's: median [least-largest]."""
    return str(Spread(*summary["ratios"][peer])) if peer in summary["ratios"] else ""


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def console(name: str, result: Result) -> str:
    """One workload on the console: a line for each contender."""
    summary, memory = result["summary"], result["memory"]
    lines = []
    for n in (n for n in summary["ms"] if n not in SGEMM):
        line = f"{name if not lines else '':<28} {n:<12}{time_of(summary['ms'][n]):>9}  "
        line += f"{ratio_of(summary, n):<18}"
        if "gflops" in summary:
            line += f"{summary['gflops'][n]:5.0f} GFLOP/s"
            line += f" {summary['share'][n][0]:4.0%} of sgemm" if "share" in summary else ""
            line += f"{memory[n]['peak']:6.0f} MB (+{memory[n]['increase']:.0f})"
        if n in result["parity"]:
            worst, error = result["parity"][n]
            line += f"  parity {error:.0e} ({worst})"
        lines.append(line.rstrip())
    return "\n".join(lines)


def models(results: Mapping[str, Result]) -> str:
    """The training steps of the models."""
    head = ["training step", "minigen", "PyTorch (Adam)", "ratio [min-max]", "JAX jit", "ratio [min-max]", "GFLOP/s"]
    head += ["of sgemm peak", "peak memory, minigen / PyTorch"]
    rows = []
    for name, result in results.items():
        summary, memory = result["summary"], result["memory"]
        torch, ms = summary["torch"], summary["ms"]
        shown = [name, time_of(ms["minigen"])]
        shown += [f"{time_of(ms[torch])} ({ADAM[torch]})" if torch else "", ratio_of(summary, torch)]
        shown += [time_of(ms["jax"]) if "jax" in ms else "", ratio_of(summary, "jax")]
        shown += [f"{summary['gflops']['minigen']:.0f}"]
        shown += [f"{summary['share']['minigen'][0]:.0%}" if "share" in summary else ""]
        sizes = [f"{memory[n]['peak']:.0f} (+{memory[n]['increase']:.0f})" for n in ("minigen", torch) if n]
        rows.append([*shown, " / ".join(sizes) + " MB"])
    return markdown(head, rows)


def beside(results: Mapping[str, Result]) -> str:
    """The other contenders, of the models that they have."""
    others = ("autograd", "by-hand")
    shown = {name: r for name, r in results.items() if any(n in r["summary"]["ms"] for n in others)}
    head = ["training step", *(cell for n in others for cell in (NAMES[n], "ratio [min-max]"))]
    rows = []
    for name, result in shown.items():
        summary = result["summary"]
        cells = [(time_of(summary["ms"][n]) if n in summary["ms"] else "", ratio_of(summary, n)) for n in others]
        rows.append([name, *(cell for pair in cells for cell in pair)])
    return markdown(head, rows) if rows else ""


def peak(results: Mapping[str, Result]) -> str:
    """What the shares in `models` are shares of."""
    found = [result["summary"]["sgemm"]["gflops"] for result in results.values() if "sgemm" in result["summary"]]
    if not found:
        return ""
    return (
        "The sgemm peak is that of a float32 product of 2048x2048 matrices, by NumPy or PyTorch, whichever is faster, "
        f"in the same rounds: {min(found):.0f} to {max(found):.0f} GFLOP/s. Memory: the peak, in brackets without "
        "imports and data.\n"
    )


def operations(title: str, results: Mapping[str, Result]) -> str:
    """Single operations, forward and backward."""
    first = next(iter(results.values()))["summary"]["ms"]
    peers = [n for n in first if n != "minigen"]
    head = [title, "minigen", *(cell for n in peers for cell in (NAMES[n], "ratio [min-max]"))]
    rows = []
    for name, result in results.items():
        summary = result["summary"]
        cells = [cell for n in peers for cell in (time_of(summary["ms"][n]), ratio_of(summary, n))]
        rows.append([name, time_of(summary["ms"]["minigen"]), *cells])
    return markdown(head, rows)


def growing(results: Sequence[Result], field: str) -> str:
    """How time and memory of one model grow with the batch or the width."""
    names = list(results[0]["ms"])
    head = [f"{results[0]['workload']['model']}, {field}"]
    head += [f"{NAMES[n]}, {what}" for n in names for what in ("time", "memory")]
    rows = []
    for result in results:
        cells = [str(result["workload"][field])]
        for n in names:
            cells += [time_of(result["summary"]["ms"][n]), f"+{result['memory'][n]['increase']:.0f} MB"]
        rows.append(cells)
    exponents = ["exponent (steepest)"]
    for n in names:
        for growth in growth_by(results, field, n).values():
            exponents.append(f"{growth['overall']:.2f} ({growth['steepest']:.2f})")
    return markdown(head, [*rows, exponents])


def growth_by(results: Sequence[Result], field: str, contender: str) -> dict[str, dict[str, float]]:
    """The exponents of time and memory."""
    sizes = [result["workload"][field] for result in results]
    times = [result["summary"]["ms"][contender] for result in results]
    memory = [max(1.0, result["memory"][contender]["increase"]) for result in results]
    return {"time": growth_of(sizes, times), "memory": growth_of(sizes, memory)}
