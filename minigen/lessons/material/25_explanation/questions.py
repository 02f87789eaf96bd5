"""What lesson 25 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "25.a",
        "'a' if share > 0.8 else 'b' if share > 0.2 else 'c'",
        because="Where a probability is nearly 1 it has levelled off, and its gradient is nearly 0 for every pixel.",
        choices="abc",
    ),
    Prediction(
        "25.b",
        "fall",
        because="The error of a mean over the middles goes with the square of the distance between them: 2^2 = 4.",
        tolerance=0.15,
    ),
    Prediction(
        "25.c",
        "'a' if fooled > 0.4 else 'b' if fooled > 0.1 else 'c'",
        because="In training each image with the stripe was an 8, so the stripe alone was proof.",
        choices="abc",
    ),
    Prediction(
        "25.d",
        "'a' if sizes_alike < 0.2 else 'b' if sizes_alike < 0.6 else 'c'",
        because="A share is a gradient times (pixel - mean pixel), and the second factor knows nothing of the network.",
        choices="abc",
    ),
    Prediction(
        "25.e",
        "'a' if without_writer - whole < 0.1 * lost else 'b' if without_writer - whole < 0.5 * lost else 'c'",
        because="It writes into each place what stood before, and that is what the heads above it look for.",
        choices="abc",
    ),
]

QUESTIONS = [
    Question(
        "A pixel has a gradient of 0. What follows?",
        (
            "the answer does not depend on it",
            "a small change of it changes the answer by next to nothing",
            "the network has never seen it",
        ),
        right=1,
        because=(
            "The answer may have levelled off: without the pixel it could be another one.",
            "That is all that a gradient says: what small changes do, from here.",
            "A gradient says nothing about training data.",
        ),
    ),
    Question(
        "The shares of integrated gradients sum to 3.1, and F rises by 4.0. What now?",
        (
            "the rest is noise, and may be left alone",
            "divide all shares by 0.775",
            "take more steps, until the sums agree",
        ),
        right=2,
        because=(
            "Completeness is exact: what is missing is an error of the sum over steps.",
            "Then they sum to the right number and are wrong, each in its own way.",
            "More steps bring the sum to the integral, and its shares sum to F(x) - F(x').",
        ),
    ),
    Question(
        "From a black image, which share can a black pixel have?",
        ("only 0", "a negative one", "any"),
        right=0,
        because=(
            "Its x - x' is 0, whatever the gradient is. So a gap that makes a 3 of an 8 gets nothing.",
            "That would take a difference between image and baseline.",
            "With another baseline, yes.",
        ),
    ),
    Question(
        "Either of two pixels is enough for the answer. What does occlusion of single pixels say?",
        ("each owes half", "the first one owes all", "neither matters"),
        right=2,
        because=(
            "Integrated gradients may say so. Occlusion covers one pixel while the other one is still there.",
            "It treats all pixels alike.",
            "Cover one, and the other one still suffices: F does not fall. A patch over both would show it.",
        ),
    ),
    Question(
        "Two heads look at the same place. Without the first, nothing changes. What is known?",
        (
            "the first one is not used",
            "not enough: take away the second, and both",
            "the second one is used",
        ),
        right=1,
        because=(
            "It may be, while the other one can stand in for it.",
            "What two parts do together is found by taking both away.",
            "Perhaps neither is, and a third does the work.",
        ),
    ),
]
