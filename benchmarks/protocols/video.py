"""Moving digits: five frames are given, five are drawn; decibels beside what needs no learning.

PSNR over all pixels of the frames that are not given, of 200 test clips, whose digits are in no training clip. Of the
model there is one guess, and the mean of eight, which is nearer to the truth in squared error where it is not sure.
`words` is what the decoder makes of the true frames' words: about as much as a continuation can reach. That the last
motion goes on is right for a single digit until it bounces. The mean frame is a grey cloud, and hard to beat by drawing
a digit in a wrong place: that counts twice, where it is and where it should be.
"""

from typing import Any

from benchmarks.protocols.row import Goal, Job, Row
from benchmarks.protocols.trained import model_of, trained
from minigen import backend, data
from minigen.metrics import psnr
from minigen.random import Generator
from minigen.report.clips import GUESSES, TESTED, compared

FULL = 40_000  # steps without a budget
NAMES = {f"mean of {GUESSES} guesses": "mean_of_guesses", "words of the truth": "words"}


def video_row(name: str, **settings: Any) -> Any:
    """The row's job: train, and go on from the given frames of test clips."""

    def run(job: Job) -> dict[str, Any]:
        train, test = data.load(name), data.load(name, "test")
        finished = trained(job, "run", "video-gpt", train, test, 0.85, FULL, **settings)
        with backend.device(job.device):
            truth, found = compared(model_of(finished), train, test, TESTED, Generator(job.seed))
        decibels = {NAMES.get(key, key.replace(" ", "_")): round(psnr(truth, x), 2) for key, x in found.items()}
        last = finished.metrics()[-1]
        return decibels | {"nats_a_word": round(last["test_word_nats"], 3), "steps": finished.settings.steps}

    return run


def _row(name: str, reports: str, protocol: str, full: str, **settings: Any) -> Row:
    goal = Goal("mean_of_guesses", ">=", "last_motion")
    return Row(
        "Srivastava, Mansimov and Salakhutdinov 2015 (the data)",
        reports,
        protocol,
        30,
        full,
        video_row(name, **settings),
        goal,
    )


ROWS = {
    "moving-digits": _row(
        "moving-digits",
        "no number for digits of 8x8",
        "VQ-VAE of frames and Transformer over words (2 layers, 64 wide), batch 16; 5 of 10 frames of 16x16 given; dB",
        f"{FULL} steps: 4 hours",
        width=64,
        depth=2,
        batch_size=16,
    ),
    "moving-mnist": _row(
        "moving-mnist",
        "theirs has 64x64 pixels and 20 frames: other numbers",
        "as moving-digits, two digits of half size; 5 of 10 frames of 32x32 given, batch 8; dB",
        f"{FULL} steps: 16 hours",
        width=64,
        depth=2,
        batch_size=8,
    ),
}
