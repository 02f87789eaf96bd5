"""What is shown and measured of a trained model: figures and numbers; nothing here writes a file.

trained        a model as seen from outside
plots          grids, curves, points
pictures       what a finished run shows
writing        what a model of text writes
music          a roll as sound, as notes, as a picture; playing makes them of what a trained model draws
music          piano rolls as sounds, as MIDI, as pictures
latent         ways between codes, traversals, arithmetic; exploration draws them of a trained model
restorations   decibels beside what needs no learning
scenarios      drivers beside the simulator's, and how often they nearly collide
clips          how a clip goes on, beside the truth
evaluation     the measures that suit a model
augmentation   what a model's images are worth to a classifier with few labels
"""

from .augmentation import accuracies_from_few_labels
from .evaluation import evaluate
from .exploration import latent_pictures
from .pictures import baselines, curves, final_files, modes, picture_of
from .trained import Trained

__all__ = [
    "Trained",
    "accuracies_from_few_labels",
    "baselines",
    "curves",
    "evaluate",
    "final_files",
    "latent_pictures",
    "modes",
    "picture_of",
]
