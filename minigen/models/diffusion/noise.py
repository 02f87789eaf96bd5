"""How an example turns to noise: the schedules of diffusion.

In T steps a little noise is added each time (Ho, Jain & Abbeel 2020, equations 2 and 4), with z ~ N(0, 1):

    x_t  =  sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) z        one step
    x_t  =  a_t x_0 + s_t z                                  all of them at once, as Gaussians add up

    a_t^2  =  (1 - beta_1) ... (1 - beta_t),    s_t^2 = 1 - a_t^2

So x_0 is the example, x_T nearly nothing but noise, and a_t^2 / s_t^2 the ratio of signal to noise, which only falls.
What is called alpha-bar there is a^2 here. Two schedules are in use:

    linear   beta_t from 1e-4 to 0.02, for T = 1000 (Ho et al.)
    cosine   a_t^2 proportional to cos^2((t/T + 0.008) / 1.008 * pi/2) (Nichol & Dhariwal 2021, equation 17)

The linear one destroys small images early: much of its time nothing is left to be seen.

Lesson 21 draws both.
"""

import numpy as np

from ...errors import one_of, whole

SCHEDULES = ("cosine", "linear")
LARGEST_BETA = 0.999  # Nichol & Dhariwal, below equation 17


class Noise:
    """A schedule of T steps.

    Args:
        steps: T. schedule: 'cosine' or 'linear'.

    Attributes:
        signal, deviation: a_t and s_t for t = 0 ... T, in float64: (T + 1,). At 0 they are 1 and 0.
    """

    def __init__(self, steps: int, schedule: str = "cosine") -> None:
        self.steps = whole("timesteps", steps)
        one_of("schedule", schedule, SCHEDULES)
        t = np.arange(1, steps + 1)
        if schedule == "linear":  # as much noise in all, in however many steps
            beta = np.linspace(1e-4, 0.02, steps) * 1000 / steps
        else:
            beta = 1 - _cosine(t / steps) / _cosine((t - 1) / steps)
        squared = np.cumprod(1 - np.minimum(beta, LARGEST_BETA))
        self.signal = np.sqrt(np.concatenate([[1.0], squared]))
        self.deviation = np.sqrt(np.concatenate([[0.0], 1 - squared]))

    def ratio(self, t: np.ndarray | int) -> np.ndarray:
        """The ratio of signal to noise at t >= 1, a_t^2 / s_t^2: of powers, the same shape as t."""
        return (self.signal[t] / self.deviation[t]) ** 2

    def fewer(self, evaluations: int) -> np.ndarray:
        """T, ..., 0 with so many steps between them, as even as can be: (evaluations + 1,) integers."""
        return np.rint(np.linspace(self.steps, 0, min(evaluations, self.steps) + 1)).astype(int)


def _cosine(time: np.ndarray) -> np.ndarray:
    return np.cos((time + 0.008) / 1.008 * np.pi / 2) ** 2
