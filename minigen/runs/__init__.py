"""What a run leaves: its folder, checkpoints, and where its pictures came from; written whole, read with suspicion.

folder            the folder: settings, metrics, weights, pictures
checkpoint        all that a run needs to go on
advice            how to go on with a run, as a command
untrusted_files   reading what may be damaged or hostile
provenance        texts in a picture that say which run made it
inspection        what lies in a file that minigen wrote
health            is the game of a GAN in balance?
"""

from .advice import quoted, resume_command, resume_options
from .checkpoint import FIVE_MINUTES, Checkpoint, Every, load_newest, remove_checkpoints, save_checkpoint
from .folder import Run, load_run, new_folder

__all__ = [
    "FIVE_MINUTES",
    "Checkpoint",
    "Every",
    "Run",
    "load_newest",
    "load_run",
    "new_folder",
    "quoted",
    "remove_checkpoints",
    "resume_command",
    "resume_options",
    "save_checkpoint",
]
