"""What lesson 17 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "17.a",
        "products.std()",
        because="A sum of 64 independent terms of variance 1 has the variance 64, and the deviation 8.",
        tolerance=0.02,
    ),
    Prediction(
        "17.b",
        "'a' if copied > 0.9 else 'b' if copied > 0.1 else 'c'",
        because="It has learnt to copy the symbol to its right, and when it writes, none is there.",
        choices="abc",
    ),
    Prediction(
        "17.c",
        "without_places",
        because="Without places the last place takes a mean over a bag of symbols, and the bag is the same: 0 but for "
        "rounding.",
        tolerance=None,
    ),
]

QUESTIONS = [
    Question(
        "Why are the scores divided by the root of D?",
        (
            "so that the weights sum to 1",
            "so that their spread does not grow with the length of the vectors",
            "so that long vectors need less memory",
        ),
        right=1,
        because=(
            "The softmax sees to that, whatever the scores are.",
            "A sum of D terms has a deviation of sqrt(D); sharp weights from the start have no gradient.",
            "Scores are numbers of one size, divided or not.",
        ),
    ),
    Question(
        "A model of texts reaches a loss of 0.01 nats a symbol after a minute, and writes nonsense. What is likely?",
        (
            "places see what they are asked to predict",
            "the learning rate is too high",
            "it has too few heads",
        ),
        right=0,
        because=(
            "A mask that is missing or shifted by one: test that later symbols change nothing before them.",
            "Then the loss would be high or not finite.",
            "Then the loss would be higher.",
        ),
    ),
    Question(
        "What happens to the output of attention without places if two earlier symbols change places?",
        ("it changes a little", "it changes its sign", "nothing"),
        right=2,
        because=(
            "Keys and values move together, and a sum does not depend on the order of its terms.",
            "No part of attention has a sign that depends on the order.",
            "A weighted mean is one over a bag; only vectors of places tell the order.",
        ),
    ),
    Question(
        "What does a cache of keys and values rest on?",
        (
            "attention weights that do not change as the text grows",
            "keys and values that do not depend on what follows",
            "queries that repeat",
        ),
        right=1,
        because=(
            "They change with each new key: the softmax is taken anew for each query.",
            "That is what the mask gives: what a place knows comes from places up to it.",
            "Each place has a query of its own, which is used once.",
        ),
    ),
    Question(
        "A head gives a weight of 0.9 to the line break. May it be removed?",
        (
            "yes, since it looks at nothing",
            "yes, if its values are small",
            "that is to be measured: without it, what gets worse?",
        ),
        right=2,
        because=(
            "The rest of the net may count on what it adds, even if that is always the same.",
            "Values are one factor; the matrix after them is another, and the net may count on the sum.",
            "Weights tell where a head looks, a knock-out tells whether it matters.",
        ),
    ),
]
