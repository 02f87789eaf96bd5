"""Flow matching (Lipman et al. 2023; Liu et al. 2023): learn the wind that carries noise to data along straight lines.

Take noise x_0 ~ N(0, 1) and an example x_1, and go from one to the other in one unit of time:

    x_t = (1 - t) x_0 + t x_1,     with the velocity     x_1 - x_0

Many such lines cross at a place. A network is asked for the velocity there, and the best answer in the mean square is
the mean over all lines that pass (Lipman et al., theorem 2). This mean wind moves the whole cloud of noise onto the
data, though no single line is followed:

    dx/dt = u(x, t)      from t = 0 to 1

Euler's rule takes steps of length h along u; Heun's goes there, looks again and takes the mean of both winds, for two
evaluations a step.

Crossing lines bend the way of a particle, and bent ways need more steps. So in a batch noise and examples can be paired
such that the sum of squared distances is smallest (optimal transport; Tong et al. 2024, section 3.2): such lines
do not cross.

Lesson 22 derives it.
"""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ... import ops
from ...autodiff import Tensor
from ...backend import Array, to_numpy
from ...errors import one_of, whole
from ...nn import Module
from ...random import Generator, given_or_default
from ..recipe import CLASSES_OF_DATA, SCHEDULE, Option, Recipe, Settings, Shape
from ..trainer import Metrics
from .ddpm import EVALUATIONS, GUIDANCE, OPTIONS, denoiser_trainer, squared_error
from .denoiser import Denoiser, column, spread_out
from .networks import denoising_network

PAIRINGS, SOLVERS = ("random", "optimal"), ("heun", "euler")
OF_NETWORK = ("steps", "batch_size", "lr", "width", "depth")


class FlowMatchingLoss(NamedTuple):
    """A scalar: the mean square error of the velocity, of a number."""

    total: Tensor


class FlowMatching(Denoiser):
    """A velocity for every place and time.

    Args:
        network, shape, classes, evaluations, guidance: see `Denoiser`.
        pairing: of noise and examples in a batch, 'random' or 'optimal'. solver: 'heun' or 'euler'.

    Raises:
        ArgumentError: a name that is unknown, or a number that is impossible.
    """

    def __init__(
        self,
        network: Module,
        shape: Shape,
        pairing: str = "random",
        classes: int = 0,
        evaluations: int = 50,
        guidance: float = 0.0,
        solver: str = "heun",
    ) -> None:
        super().__init__(network, shape, classes, evaluations, guidance)
        self.pairing, self.solver = one_of("pairing", pairing, PAIRINGS), one_of("solver", solver, SOLVERS)

    def loss(self, x: Tensor, rng: Generator | None = None, labels: Array | None = None) -> FlowMatchingLoss:
        """The mean square error of the velocity at one time for each example of x (N, *shape)."""
        x_1, rng, n = self.inside(x), given_or_default(rng), len(x)
        x_0 = Tensor(rng.normal(x.shape, dtype=x.dtype, device=x.device))
        if self.pairing == "optimal":
            x_0 = x_0[paired(x_0, x_1)]
        t = spread_out(n, rng)[rng.permutation(n)]
        x_t = column(1 - t, x) * x_0 + column(t, x) * x_1
        velocity = self.output(x_t, t, self.some_told(labels, n, rng))
        return FlowMatchingLoss(ops.mean((velocity - (x_1 - x_0)) ** 2))  # Tong et al., equation 10

    def sample(
        self,
        n: int,
        rng: Generator | None = None,
        label: int | None = None,
        evaluations: int | None = None,
        guidance: float | None = None,
        solver: str | None = None,
    ) -> Tensor:
        """n examples, from noise in so many evaluations of the network.

        Args:
            label: the class, or each in turn. guidance: w. solver: 'heun' or 'euler'.

        Raises:
            ArgumentError: a value that is impossible.
        """
        labels, evaluations, guidance = self.asked(n, label, evaluations, guidance)
        solver = self.solver if solver is None else solver
        return self.carry(self.start(n, rng)[0], evaluations, solver, labels, guidance)

    def carry(
        self, z: Tensor, evaluations: int, solver: str, labels: Array | None = None, guidance: float = 0.0
    ) -> Tensor:
        """The examples that noise z (N, *shape) is carried to; the rest as for `sample`, labels (N,)."""

        def velocity(x: Tensor, t: float) -> Tensor:
            return self.output(x, np.full(len(z), t), labels, guidance)

        x = carried(velocity, z, evaluations, solver)
        return self.outside(ops.clip(x, -1.0, 1.0) if len(self.shape) == 3 else x)  # pixels have ends

    def measures(self, x: Tensor, rng: Generator, labels: Array | None = None) -> Metrics:
        """Nothing besides the loss."""
        return {}


def paired(x_0: Tensor, x_1: Tensor) -> np.ndarray:
    """The order of x_0 (N, *shape) in which the sum of squared distances to x_1 is smallest: (N,)."""
    from scipy.optimize import linear_sum_assignment

    a, b = (to_numpy(x.data).reshape(len(x), -1).astype(np.float64) for x in (x_1, x_0))
    cost = -2 * a @ b.T  # the squares themselves are the same in every order
    return np.asarray(linear_sum_assignment(cost)[1])


def carried(velocity: Callable[[Tensor, float], Tensor], x: Tensor, evaluations: int, solver: str) -> Tensor:
    """x (N, *shape) from time 0 to time 1 along a velocity of place and time.

    The steps, equal ones of an angle whose sine is the time, grow small towards the data, where the fine structure is
    settled: what is narrow is reached only once the noise is as narrow.

    Args:
        evaluations: of the velocity: one for a step of Euler's, two for one of Heun's, whose last is Euler's where the
            number is odd.
        solver: 'heun' or 'euler'.
    """
    one_of("solver", solver, SOLVERS)
    left = whole("evaluations", evaluations)
    steps = evaluations if solver == "euler" else -(-evaluations // 2)
    times = np.sin(np.linspace(0, np.pi / 2, steps + 1)).tolist()
    for t, s in itertools.pairwise(times):
        wind, left = velocity(x, t), left - 1
        if solver == "heun" and left:
            wind, left = (wind + velocity(x + (s - t) * wind, s)) / 2, left - 1
        x = x + (s - t) * wind
    return x


# ---------------------------------------------------------------------------------------------------------- recipes

PAIRING = Option("pairing", "random", "of noise and examples in a batch; optimal: nearest in all", choices=PAIRINGS)
SOLVER = Option("solver", "heun", "of the differential equation", choices=SOLVERS)
FLOW_OPTIONS = (*(option for option in OPTIONS if option.name in OF_NETWORK), PAIRING, EVALUATIONS, SOLVER)
FOR_DATA = {"points": {"width": 128, "batch_size": 256, "steps": 6000}}


def flow_matching(s: Settings, shape: Shape, rng: Generator) -> FlowMatching:
    """As the options say, with classes or without."""
    classes = s.get("classes", 0)
    network = denoising_network(shape, s.width, s.depth, classes, rng)
    return FlowMatching(network, shape, s.pairing, classes, s.evaluations, s.get("guidance", 0.0), s.solver)


def meaning_of_velocity(s: Settings) -> str:
    """What the loss is."""
    return "the loss is the mean square error of the velocity, most of which no network can avoid: lines cross"


RECIPES = tuple(
    Recipe(
        name,
        summary,
        flow_matching,
        denoiser_trainer,
        (*FLOW_OPTIONS, *others, SCHEDULE("cosine")),
        for_data=FOR_DATA,
        labelled=bool(others),
        meaning=meaning_of_velocity,
        unit=squared_error,
        black=-1.0,
    )
    for name, summary, others in (
        ("flow-matching", "velocities from noise to data (Lipman et al. 2023)", ()),
        ("cflow-matching", "velocities of classes, guided (Lipman et al. 2023)", (GUIDANCE, CLASSES_OF_DATA)),
    )
)
