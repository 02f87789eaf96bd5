"""What lesson 14 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "14.a",
        "'c' if launched < done / 20 else 'b' if launched < done / 3 else 'a'",
        choices="abc",
        tolerance=None,
        because="Putting five requests into a queue takes no longer than writing five notes. The products are computed "
        "afterwards, while the main thread goes on.",
    ),
    Prediction(
        "14.b",
        "gains['small', 256, 'H100 SXM']",
        unit="times",
        digits=2,
        tolerance=None,
        how="Computed",
        because="Nearly all that is left on the GPU is calls and launches, which the card does not make faster.",
    ),
    Prediction(
        "14.c",
        "big + (-big + small)",
        because="-1e8 + 1 is no number of float32, which are 8 apart there. It is rounded to -1e8, and the 1 is lost.",
    ),
    Prediction(
        "14.d",
        "most",
        choices="abc",
        how="Computed",
        because="The crossover is the difference of the fixed parts over that of the times per example. The GPU's time "
        "per example is next to nothing already, so only the launches matter.",
    ),
]
QUESTIONS = [
    Question(
        "A matrix product on the GPU is timed: the clock is read right before and right after the call. What was "
        "measured?",
        (
            "The time of the product.",
            "The time that it takes to ask for the product.",
            "The time to move the matrices to the GPU.",
        ),
        right=1,
        because=(
            "The call returns before the product is there: one has to synchronise before reading the clock.",
            "The launch returns at once. Speed-ups in the thousands often come from this.",
            "The matrices are there already; and a launch does not wait for anything.",
        ),
    ),
    Question(
        "A step of a small network takes 1 ms, of which 0.8 ms are calls. A GPU makes the rest 50 times faster. How "
        "much faster can the step become at best?",
        ("50 times.", "40 times.", "1.25 times."),
        right=2,
        because=(
            "Only a fifth of the step gets faster at all.",
            "Shares of time do not multiply gains like that: the calls stay.",
            "0.8 ms stay, so no more than 1 / 0.8, however fast the card is (Amdahl). Launches make it less.",
        ),
    ),
    Question(
        "Two lines are fitted to times of batches of 4 and of 4096 examples. Why by relative least squares?",
        (
            "An error of 5 % at the large batch would otherwise outweigh everything at the small one.",
            "Relative errors are smaller, so the fit is better.",
            "Times are always positive.",
        ),
        right=0,
        because=(
            "The fixed part shows only at small batches, which would hardly count.",
            "They are other numbers, not better ones: the question is which errors should count alike.",
            "They are, but the fit does not use it: even a negative fixed part is possible.",
        ),
    ),
    Question(
        "The GPU has cheaper calls and the same time per example as the CPU. From which batch does it win?",
        ("From none: the lines are parallel.", "At every batch.", "It depends on the launches."),
        right=1,
        because=(
            "Parallel lines do not cross, but one lies below the other everywhere.",
            "It saves the difference of the fixed parts at every step, whatever the batch.",
            "Launches are in the fixed part already.",
        ),
    ),
    Question(
        "With batch normalisation, the mean of eight shards' gradients is not the gradient of the batch. Why?",
        (
            "Float32 rounds sums that are taken in another order.",
            "The shards are too small for a good gradient.",
            "An example's loss depends on all the examples that are normalised together with it.",
        ),
        right=2,
        because=(
            "That changes the last digits only; here the difference is of some tens of percent.",
            "For a loss that is a mean over examples, any size is exact.",
            "So the loss is not a mean of terms that know one example each, with which the derivation began.",
        ),
    ),
]
