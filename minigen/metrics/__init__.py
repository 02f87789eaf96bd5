"""Numbers that say how good a generative model is."""

from .baselines import bicubic, fill_from_nearest, fill_with_mean, mean_filter
from .codes import code_error
from .copies import memorisation
from .decibels import psnr
from .feature_distance import floor, frechet, frechet_distance
from .kernel_density import parzen, parzen_log_likelihood
from .likelihood import elbo, nll
from .membership import AUC, auc, roc
from .modes import kl_to_uniform, modes_found, nearest_centre
from .neighbours import nearest, nearest_neighbour_error, precision_recall_density_coverage, two_sample_accuracy

__all__ = [
    "AUC",
    "auc",
    "bicubic",
    "code_error",
    "elbo",
    "fill_from_nearest",
    "fill_with_mean",
    "floor",
    "frechet",
    "frechet_distance",
    "kl_to_uniform",
    "mean_filter",
    "memorisation",
    "modes_found",
    "nearest",
    "nearest_centre",
    "nearest_neighbour_error",
    "nll",
    "parzen",
    "parzen_log_likelihood",
    "precision_recall_density_coverage",
    "psnr",
    "roc",
    "two_sample_accuracy",
]
