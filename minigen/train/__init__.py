"""Training: recipes (what to build), trainers (one step), the loop, and the folder a run leaves behind."""

from .loop import generate, picture_of, train
from .recipes import RECIPES, Settings, build, recipe_of, settings_for
from .run import Run, load_run, write_whole

__all__ = [
    "RECIPES",
    "Run",
    "Settings",
    "build",
    "generate",
    "load_run",
    "picture_of",
    "recipe_of",
    "settings_for",
    "train",
    "write_whole",
]
