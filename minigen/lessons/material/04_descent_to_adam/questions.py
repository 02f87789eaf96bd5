"""What lesson 4 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "04.a",
        "'abc'[int(np.argmin(heights))]",
        choices="abc",
        because="0.02 crawls along the flat axis, and 0.101 lies above 2/20, so the steep axis grows. 0.09 shakes from "
        "side to side, but shrinks on both axes.",
    ),
    Prediction(
        "04.b",
        "settled",
        because="The running mean with beta1 = 0.9 averages over some twenty gradients, and sqrt(v) does not average "
        "the noise away. The ratio gets small, but it does not go to 0.",
        unit="lr",
    ),
    Prediction(
        "04.c",
        "uncorrected[0]",
        because="At t = 1 m is 0.1 g, and the root of v = 0.001 g^2 is 0.0316 |g|. v is too small by more than m is.",
        unit="lr",
        tolerance=0.01,
    ),
]

QUESTIONS = [
    Question(
        "The largest curvature of a loss is 50. Plain gradient descent with a rate of 0.05",
        (
            "converges, slowly along the flat axes",
            "diverges along the steepest axis",
            "shakes along the steepest axis, and converges",
        ),
        right=1,
        because=(
            "The limit is 2/50 = 0.04, and the steepest axis sets it for all.",
            "A step multiplies by 1 - 0.05 * 50 = -1.5.",
            "It would with a rate between 1/50 and 2/50.",
        ),
    ),
    Question(
        "With b <- 0.9 b + g, a gradient that is the same at every step moves a weight in the end by",
        ("lr g a step", "0.9 lr g a step", "10 lr g a step"),
        right=2,
        because=(
            "That would be a running mean, with 0.1 g. Here g enters whole.",
            "0.9 is how much of b is kept, not how much of g is used.",
            "b grows to g (1 + 0.9 + 0.81 + ...) = g / (1 - 0.9).",
        ),
    ),
    Question(
        "The loss is multiplied by 1000. What changes in a training with Adam?",
        (
            "Hardly anything: gradients are divided by their own size",
            "The steps become 1000 times longer",
            "The rate has to be divided by 1000 to get the same training",
        ),
        right=0,
        because=(
            "m and the root of v grow by the same factor, and only eps does not.",
            "That holds for plain descent and momentum. Adam's ratio m / sqrt(v) has no unit.",
            "That is so for gradient descent. With Adam it would make the steps 1000 times shorter.",
        ),
    ),
    Question(
        "Near the minimum the gradients are nearly all noise. What do Adam's steps do, at a constant rate?",
        (
            "They go to 0 by themselves, so no schedule is needed",
            "They stay at a fixed part of lr, about a quarter with beta1 = 0.9",
            "They stay as long as lr, for the ratio is always 1 or -1",
        ),
        right=1,
        because=(
            "They get smaller, but only down to a fixed part of lr: the noise is divided by its own size. To settle, "
            "lr has to fall.",
            "The mean over the past leaves about 0.23 of the noise, and the division sets the unit.",
            "That holds for gradients that are all alike, and for the first step.",
        ),
    ),
    Question(
        "Two optimizers are compared, each with a rate of 0.01. What does that tell?",
        (
            "Little: each has to get its own best rate, from a search of the same effort",
            "The one with the lower loss is better, as both had the same rate",
            "Nothing, ever: optimizers cannot be compared",
        ),
        right=0,
        because=(
            "Momentum alone changes what a rate means by a factor of ten. And the ranking is of this problem and this "
            "number of steps.",
            "The same number is not the same step: 0.01 may be the best rate of one and far from that of the other.",
            "They can, on a given problem, with a search for each rate and over several seeds.",
        ),
    ),
]
