"""What is shown of a model that drives: its drivers beside the simulator's, and how often they nearly collide."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import Dataset
from ..data.car_following import GAP, LEADER, SPEED, STEP, followed
from ..metrics.scenarios import GaussianDriver, nearest_driver, ratio_interval, share_interval, smallest_ttc
from ..random import Generator
from .canvas import new_figure, own_settings
from .findings import Figures, Files, Measure, Measures
from .pictures import as_files
from .pictures import suffixes as suffixes
from .trained import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

THRESHOLDS = (1.0, 1.5, 2.0, 3.0, 4.0)  # seconds of time to collision
PICTURED, MOST = 4, 12  # samples: of a run, and in one picture
NO_SAMPLES = ""
SHOWN = 3  # situations in a picture
DRIVERS = 12  # in each situation
COLOURS = {"simulated": "0.35", "generated": "C3", "Gaussian": "C0", "nearest": "C2"}


def samples(
    trained: Trained,
    n: int | None,
    rng: Generator,
    suffixes: Sequence[str],
    test: Callable[[], Dataset],
    title: str,
    **how: Any,
) -> tuple[str, Files]:
    """See `Showing.samples`."""
    return as_files(trained, n or PICTURED, rng, suffixes, MOST, lambda x: samples_picture(x, title), **how)


def results(trained: Trained, train: Dataset, test: Dataset, rng: Generator) -> tuple[dict[str, float], Files]:
    """See `Showing.results`."""
    return {}, {"samples.png": final_picture(trained, test, rng)}


def baselines(train: Dataset, test: Dataset, a_line: bool = False) -> dict[str, float]:
    """In nats a series, beside the loss: the Gaussian's."""
    return {"gaussian": round(-float(GaussianDriver(train.x).log_prob(test.x).mean()), 4)}


def drawn(n: int, train: Dataset) -> int:
    """As many as are asked for, but not more than there are test series: see `measured`."""
    return n


def evaluated(
    trained: Trained, train: Dataset, test: Dataset, n: int, rng: Generator, say: Callable[[str], object]
) -> tuple[Measures, Figures]:
    """The likelihood beside a Gaussian's, and near-collisions beside the simulator's."""
    say("the likelihood of test examples")
    nats = -float(trained.log_prob(test.x, rng).mean(dtype=np.float64))
    measures = {"NLL": Measure(nats, None, f"nats a series, of {len(test)} test series, exact")}
    for name, value in baselines(train, test).items():
        measures[f"NLL, {name}"] = Measure(value, None, "the same, of accelerations by least squares")
    say(f"{min(n, len(test))} series")
    found, figure = measured(trained, train, test, n, rng)
    return measures | {name: Measure(*about) for name, about in found.items()}, {"tail.png": figure}


def final_picture(trained: Trained, test: Dataset, rng: Generator) -> "Figure":
    """samples.png: in a few situations of the test data, drivers of the simulator and of the model."""
    hardest = np.argsort(np.diff(test.x[:, :, LEADER], axis=1).min(axis=1))  # by the leader's braking
    some = hardest[[len(test) * i // 20 for i in (0, 4, 12)]][:SHOWN]
    given = np.repeat(test.x[some], DRIVERS, axis=0)
    shape = (len(some), DRIVERS, *test.shape)
    kinds = {"simulated": followed(given, rng.spawn()), "generated": trained.continued(given, rng.spawn())}
    title = f"{trained.title}: {DRIVERS} drivers behind the same leader, of the simulator and of the model"
    return trajectories({name: x.reshape(shape) for name, x in kinds.items()}, title)


def samples_picture(x: np.ndarray, title: str) -> "Figure":
    """Series (N, T+1, 3), each in a column of its own."""
    return trajectories({"generated": x[:, None]}, title)


@own_settings()
def trajectories(kinds: dict[str, np.ndarray], title: str) -> "Figure":
    """Speeds above gaps against time; a column for each situation, which all kinds share.

    Args:
        kinds: series (situations, drivers, T+1, 3) by the drivers' name.
    """
    columns = len(next(iter(kinds.values())))
    figure = new_figure(1.2 + 2.6 * columns, 4.4, dpi=110, layout="constrained")
    axes = figure.subplots(2, columns, sharex=True, sharey="row", squeeze=False)
    for i in range(columns):
        for name, x in kinds.items():
            t = STEP * np.arange(x.shape[2])
            for row, channel in enumerate((SPEED, GAP)):
                axes[row, i].plot(t, x[i, :, :, channel].T, color=COLOURS[name], linewidth=0.7, alpha=0.8)
                axes[row, i].plot([], [], color=COLOURS[name], label=name)
        axes[0, i].plot(t, x[i, 0, :, LEADER], color="black", linewidth=1.8, label="leader")
        axes[1, i].axhline(0, color="black", linewidth=0.8)
        axes[1, i].set_xlabel("seconds")
    axes[0, 0].set_ylabel("speed (m/s)")
    axes[1, 0].set_ylabel("gap (m)")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=len(kinds) + 1)
    figure.suptitle(title, fontsize=10)
    return figure


def compared(trained: Trained, train: Dataset, test: Dataset, n: int, rng: Generator) -> dict[str, np.ndarray]:
    """The smallest times to collision of n series each: of the model, the simulator, and drivers without a net.

    All are in the same situations, those of the first n test series.
    """
    given = test.x[:n]
    gaussian = GaussianDriver(train.x).sample(given, rng.spawn())
    found = {
        "simulated": given,
        "generated": trained.continued(given, rng.spawn()),
        "Gaussian": gaussian,
        "nearest": nearest_driver(given, train.x),
        "simulated again": followed(given, rng.spawn()),
    }
    return {name: smallest_ttc(x) for name, x in found.items()}


def shares(ttc: dict[str, np.ndarray]) -> dict[str, tuple[float, float, str]]:
    """For each threshold and kind of driver: its share of near-collisions, the simulator's, and intervals in words."""
    found, real, n = {}, ttc["simulated"], len(ttc["simulated"])
    for threshold in THRESHOLDS:
        k2 = int((real < threshold).sum())
        low, high = share_interval(k2, n)
        for name, times in ttc.items():
            if name == "simulated":
                continue
            k = int((times < threshold).sum())
            r, least, most = ratio_interval(k, n, k2, n)
            note = f"ratio {r:.2f} ({least:.2f} ... {most:.2f})"
            if name == "generated":
                note += f"; simulated {low:.2%} ... {high:.2%}"
            label = f"TTC < {threshold:g} s" + ("" if name == "generated" else f", {name}")
            found[label] = (k / n, k2 / n, note)
    return found


@own_settings()
def tail(ttc: dict[str, np.ndarray], title: str) -> "Figure":
    """tail.png: how often the smallest TTC is below each threshold, and the ratio to the simulator, with intervals."""
    figure = new_figure(7, 6.4, dpi=110, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    seconds, n = np.linspace(0.25, 6, 47), len(ttc["simulated"])
    counts = {name: (times[:, None] < seconds).sum(axis=0) for name, times in ttc.items() if name in COLOURS}
    for name, k in counts.items():
        band = np.array([share_interval(int(one), n) for one in k]).T
        share = np.where(k > 0, k / n, np.nan)
        above.plot(seconds, share, color=COLOURS[name], label=name)
        above.fill_between(seconds, *band, color=COLOURS[name], alpha=0.15, linewidth=0)
        if name == "simulated":
            continue
        r, low, high = np.array(
            [ratio_interval(int(a), n, int(b), n) for a, b in zip(k, counts["simulated"], strict=True)]
        ).T
        below.plot(seconds, r, color=COLOURS[name])
        below.fill_between(seconds, low, high, color=COLOURS[name], alpha=0.15, linewidth=0)
    below.axhline(1, color=COLOURS["simulated"], linewidth=1)
    above.set(yscale="log", ylabel="share of series")
    above.set_title(title, fontsize=10)
    below.set(yscale="log", ylabel="ratio to simulated", xlabel="smallest time to collision below (s)")
    for axes in (above, below):
        axes.grid(alpha=0.3)
    above.legend()
    return figure


def measured(trained: Trained, train: Dataset, test: Dataset, n: int, rng: Generator) -> tuple[Any, "Figure"]:
    """Shares of near-collisions, see `shares`, and the picture of the tail."""
    n = min(n, len(test))
    ttc = compared(trained, train, test, n, rng)
    title = f"{trained.title}: near-collisions in {n} situations, bands of 95 %"
    return shares(ttc), tail(ttc, title)
