"""Training: recipes (what to build), trainers (one step), the loop, checkpoints, and the folder a run leaves behind."""

from .checkpoint import Every
from .explore import explore
from .recipes import RECIPES, build, recipe_of, settings_for
from .results import from_codes, generate, picture_of
from .run import Run, load_run
from .settings import Settings
from .signals import Stopped
from .start import resume, train

__all__ = [
    "RECIPES",
    "Every",
    "Run",
    "Settings",
    "Stopped",
    "build",
    "explore",
    "from_codes",
    "generate",
    "load_run",
    "picture_of",
    "recipe_of",
    "resume",
    "settings_for",
    "train",
]
