"""What lesson 19 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "19.a",
        "near",
        because="The line is stretched by 2, so the density is halved: 0.399 / 2.",
        tolerance=0.02,
    ),
    Prediction(
        "19.b",
        "'a' if far.mean() < 0.001 else 'b' if far.mean() < 0.2 else 'c'",
        because="A continuous map cannot tear the plane: a bridge stays between the moons. Training makes it thin.",
        choices="abc",
    ),
    Prediction(
        "19.c",
        "in_tens - reached",
        because="An area becomes 100 times as large on the way to z: log p rises by log 100 = 4.605.",
        unit="nats",
        tolerance=1e-3,
    ),
]

QUESTIONS = [
    Question(
        "x = f(z) stretches every small volume by 8. What is log p(x)?",
        ("log p(z) + log 8", "log p(z)", "log p(z) - log 8"),
        right=2,
        because=(
            "That is the sign of the way from x to z, whose determinant is 1/8.",
            "Probability stays the same, but it lies on 8 times the volume.",
            "The same probability on 8 times the volume: an eighth of the density.",
        ),
    ),
    Question(
        "Why is the log-determinant of an affine coupling the sum of s?",
        (
            "its Jacobian is triangular, with ones and e^s on the diagonal",
            "its network is linear",
            "its Jacobian is the identity where the network is 0",
        ),
        right=0,
        because=(
            "The derivative of the network stands in the corner below the diagonal, and does not count.",
            "The network may be anything: its own derivative is never needed.",
            "That is the beginning of training; the formula holds for every s.",
        ),
    ),
    Question(
        "What must the network inside a coupling be?",
        ("invertible", "any network with the right number of outputs", "a network without biases"),
        right=1,
        because=(
            "It is asked for s and t on the way back too, with the same input, and never inverted.",
            "It sees the half that stays, so the way back can ask it again.",
            "Biases shift, and a coupling may shift.",
        ),
    ),
    Question(
        "A flow reaches -1.3 nats on its test points. What follows?",
        (
            "there is a mistake in the log-determinant",
            "it is a better model than one that reaches 2.0 nats on other data",
            "nothing, before you know what others reach on the same points in the same units",
        ),
        right=2,
        because=(
            "A density may be above 1, and then -log p is below 0.",
            "Nats of densities of different data, or in different units, cannot be compared.",
            "Other units shift the number by D times a logarithm; only differences count.",
        ),
    ),
    Question(
        "Why do samples lie between the two moons?",
        (
            "the flow was not trained long enough; with more steps none would",
            "a continuous, invertible map keeps the plane in one piece",
            "the log-determinant is only approximate there",
        ),
        right=1,
        because=(
            "More training makes the bridge thinner, but no amount tears it.",
            "N(0, 1) is positive everywhere on a connected plane, and so is what the flow makes of it.",
            "It is exact everywhere; that is what the check by differences shows.",
        ),
    ),
]
