"""Training: the loop, and the supervisor around it.

loop               batches in, a step each, metrics out
supervisor         bar, log, checkpoints, and what to do when a step fails
begin_and_resume   a whole run, from data to pictures
"""

from ..signals import Stopped
from .begin_and_resume import begin, reopen, resume, supervise, train
from .loop import Batches, steps
from .supervisor import check_on_nan

__all__ = ["Batches", "Stopped", "begin", "check_on_nan", "reopen", "resume", "steps", "supervise", "train"]
