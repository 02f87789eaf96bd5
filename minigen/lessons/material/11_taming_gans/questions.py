"""What lesson 11 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "11.a",
        "'a' if ends[0.1] < 1.3 else 'b' if ends[0.1] <= 1.5 else 'c'",
        because="The circle belongs to steps of no length. A step along the tangent ends outside of the circle, and so "
        "does the next one.",
        choices="abc",
    ),
    Prediction(
        "11.b",
        "'a' if found['clipping'] > 0.5 else 'b' if found['clipping'] > 0.02 else 'c'",
        because="Weights of at most 0.01 in each of three layers make a function that is nearly flat, and a flat "
        "function finds nearly nothing.",
        choices="abc",
    ),
    Prediction(
        "11.c",
        "gammas[np.argmin(times)]",
        because="With a smaller gamma the game circles for long. With a larger one the discriminator stays so flat "
        "that the generator hardly moves.",
    ),
]
QUESTIONS = [
    Question(
        "The Dirac-GAN without a penalty is played with both players at once and a very small step. What happens?",
        (
            "it settles, if one waits long enough",
            "it drifts outwards, slowly",
            "it stays on its circle, as the step is small",
        ),
        right=1,
        because=(
            "Each step multiplies the squared distance by 1 + h^2 sigma^2, which is more than 1 for every h.",
            "Each step multiplies the squared distance by 1 + h^2 sigma^2. A small h makes this slow, and not 1.",
            "Only in the limit of steps of no length. A real step follows the tangent, and ends outside of the circle.",
        ),
    ),
    Question(
        "Real examples are at 0, fakes at 5, and neither has any width. The fakes move to 4. What changes?",
        (
            "W, from 5 to 4; the Jensen-Shannon divergence stays log 2",
            "both become smaller",
            "neither does, as there is still no overlap",
        ),
        right=0,
        because=(
            "W is how far the earth is carried. The divergence only sees that the two can be told apart for sure.",
            "The divergence is log 2 wherever the fakes are, as long as the two do not overlap.",
            "That holds for the divergence. W is the distance, 5 and then 4.",
        ),
    ),
    Question(
        "A critic finds E f(real) - E f(fake) = 3, and its slope is at most 2 everywhere. What do you know about W?",
        ("W is 3", "W is at most 3", "W is at least 1.5"),
        right=2,
        because=(
            "Only the best critic of slope at most 1 finds W itself.",
            "What a critic finds bounds W from below, not from above.",
            "f / 2 has slope at most 1 and finds 1.5, and no critic of slope at most 1 finds more than W.",
        ),
    ),
    Question(
        "What do you need to train a discriminator with R1 or a gradient penalty?",
        (
            "derivatives of the slope with respect to the weights",
            "derivatives of the slope with respect to the examples",
            "no derivatives but those of the plain loss",
        ),
        right=0,
        because=(
            "The slope is a derivative with respect to x, and training needs the derivative of its penalty by w.",
            "The slope is already the derivative with respect to the examples; the weights are what is trained.",
            "The penalty contains a slope, so its gradient is a derivative of a derivative.",
        ),
    ),
    Question(
        "Every layer is divided by its largest singular value. How steep is the network?",
        (
            "1 everywhere",
            "1 at most, often less",
            "the product of what is left of the layers, which may be more than 1",
        ),
        right=1,
        because=(
            "Only if each layer stretches most in the very direction that the layer before it stretched most.",
            "The product of the layers' bounds is 1, and it is reached only if the directions fit together.",
            "After the division each bound is 1, and so is their product.",
        ),
    ),
]
