"""Lesson 2: the pictures of measured slopes and of their errors."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure


def claims(measured: np.ndarray, claimed: Mapping[str, np.ndarray]) -> None:
    """Show each program's gradient against the measured one; what is right lies on the diagonal."""
    _, axes = plt.subplots(2, 2, figsize=(6.0, 5.8), layout="constrained", sharex=True, sharey=True)
    for axis, (name, gradient) in zip(axes.flat, claimed.items(), strict=True):
        axis.axline((0, 0), slope=1, color="0.8")
        axis.plot(measured, gradient.ravel(), "o", markersize=4)
        axis.set(title=f"program {name}", aspect="equal")
    for axis in axes[1]:
        axis.set_xlabel("measured")
    for axis in axes[:, 0]:
        axis.set_ylabel("program")
    plt.show()


def secants(h: float) -> Figure:
    """Forward and central difference of exp at 0.6, as lines beside the tangent."""
    points, at = np.linspace(-0.5, 1.7, 100), 0.6
    figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.4), layout="constrained", sharey=True)
    for axis, left, title in ((axes[0], at, "forward"), (axes[1], at - h, "central")):
        secant = (np.exp(at + h) - np.exp(left)) / (at + h - left)
        axis.plot(points, np.exp(points), color="0.4")
        axis.axline((at, np.exp(at)), slope=np.exp(at), color="C0", label=f"tangent, slope {np.exp(at):.4f}")
        label = f"measured, slope {secant:.4f}"
        axis.axline((left, np.exp(left)), slope=secant, color="C3", linestyle="--", label=label)
        axis.plot([left, at + h], np.exp([left, at + h]), "o", color="C3")
        error = secant / np.exp(at) - 1
        axis.set(title=f"{title}, h = {h:.2f}: error {error:.2%}", xlabel="x", xlim=(-0.5, 1.7), ylim=(0, 5.5))
        axis.legend(loc="upper left")
    return figure


def valley(curves: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]], eps: Mapping[str, float]) -> None:
    """Show the error of a measured slope for every step.

    Args:
        curves: by type, the steps, and the relative errors of the forward and of the central difference.
        eps: by type, how precisely it rounds.
    """
    _, axis = plt.subplots(figsize=(7.0, 3.8), layout="constrained")
    for color, (name, (steps, forward, central)) in zip(("C0", "C1"), curves.items(), strict=False):
        axis.loglog(steps, forward, "--", color=color, label=f"{name}, forward")
        axis.loglog(steps, central, color=color, label=f"{name}, central")
        axis.loglog(steps, eps[name] / steps + steps**2 / 6, ":", color="0.2")
        axis.axvline((3 * eps[name]) ** (1 / 3), color=color, linewidth=0.8, linestyle="-.")
    axis.plot([], [], ":", color="0.2", label="bound of the central one")
    axis.plot([], [], "-.", color="0.5", linewidth=0.8, label="where it is smallest")
    axis.set(xlabel="step h", ylabel="relative error of the slope of exp", ylim=(1e-12, 3))
    axis.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.5, 1.42))
    plt.show()


def histograms(values: Mapping[str, np.ndarray], bins: np.ndarray, xlabel: str, ylabel: str) -> None:
    """Show histograms of several arrays over each other, told apart by hatching too."""
    _, axis = plt.subplots(figsize=(6.5, 2.9), layout="constrained")
    for hatch, (name, array) in zip(("", "///"), values.items(), strict=False):
        axis.hist(array, bins=bins.tolist(), alpha=0.6, hatch=hatch, edgecolor="0.2", linewidth=0.4, label=name)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.legend()
    plt.show()


def found(errors: Mapping[str, Sequence[float]], names: Sequence[str], limit: float) -> None:
    """Show the error that each direction finds in each wrong rule; above the limit it counts as found."""
    _, axis = plt.subplots(figsize=(7.0, 3.2), layout="constrained")
    places = np.arange(len(names))
    for shift, hatch, (direction, values) in zip((-0.2, 0.2), ("", "///"), errors.items(), strict=False):
        axis.bar(places + shift, values, 0.35, bottom=1e-16, hatch=hatch, edgecolor="0.2", label=direction)
    axis.axhline(limit, color="0.2", linestyle="--", label="above: found")
    axis.set(yscale="log", ylabel="largest error", ylim=(1e-16, 1e3))
    axis.set_xticks(places, names)
    axis.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.22))
    plt.show()


def curves(steps: np.ndarray, values: Mapping[str, np.ndarray], ylabel: str, floor: float) -> None:
    """Show curves over the step, both logarithmic; what is below the floor is drawn on it."""
    _, axis = plt.subplots(figsize=(6.5, 2.9), layout="constrained")
    for style, (name, array) in zip(("o-", "s--", "^:"), values.items(), strict=False):
        axis.loglog(steps, np.maximum(array, floor), style, markersize=4, label=name)
    axis.set(xlabel="step h", ylabel=ylabel)
    axis.legend()
    plt.show()
