"""What is shown and measured of a trained model: figures and numbers; nothing here writes a file.

trained          a model as seen from outside
findings         numbers with how they were taken, figures, files
plots            grids, curves, points
kinds            a module for each kind of data, with the same functions: pictures (images, points; their measures are
                 in evaluation), sequences (text, lines, rolls), recommendation, illustrations (pairs), scenarios
                 (series), clips; retrieval and restorations of models that make no samples
learning_curves  the metrics of a run
samples          what the command `sample` writes
writing          what a model of text writes
music            a roll as sound, as notes, as a picture; playing makes them of what a trained model draws
latent           ways between codes, traversals, arithmetic; exploration draws them of a trained model
evaluation       the measures that suit a model
membership       attacks that tell what a model was trained on
explaining       what an answer depends on; heat_maps draws it
augmentation     what a model's images are worth to a classifier with few labels
"""

from .augmentation import accuracies_from_few_labels
from .explaining import explanations
from .exploration import latent_pictures
from .kinds import baselines, evaluate, results, showing
from .learning_curves import curves
from .pictures import modes, picture_of
from .trained import Trained

__all__ = [
    "Trained",
    "accuracies_from_few_labels",
    "baselines",
    "curves",
    "evaluate",
    "explanations",
    "latent_pictures",
    "modes",
    "picture_of",
    "results",
    "showing",
]
