"""Training that reveals little of any one example, and how little.

per_example    the norm of each example's gradient, from one backward pass
dp_sgd         gradients clipped and noised; batches in which each example is by chance
accountant     what so many steps reveal at most: the Renyi divergence of the sampled Gaussian
"""

from .accountant import Spent, divergence, epsilon_of, noise_for, spent
from .dp_sgd import PoissonBatches, PrivateTrainer, clip_factors
from .per_example import PerExample, gradients_by_loop

__all__ = [
    "PerExample",
    "PoissonBatches",
    "PrivateTrainer",
    "Spent",
    "clip_factors",
    "divergence",
    "epsilon_of",
    "gradients_by_loop",
    "noise_for",
    "spent",
]
