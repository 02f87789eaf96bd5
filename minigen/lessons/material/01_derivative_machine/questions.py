"""What lesson 1 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "01.a",
        "'b' if too_early == 0 else 'a' if abs(too_early / in_order - 1) < 1e-9 else 'c'",
        "x had its turn before anything had arrived at it or at the nodes that use it.",
        choices="abc",
    ),
    Prediction(
        "01.b",
        "eager_visits[-1]",
        "It walks every path separately, and each fork doubles the number of paths: 1 + 2 + 4 + ... + 4096.",
        unit="visits",
        digits=4,
        tolerance=0.0,
    ),
    Prediction(
        "01.c",
        "after_two",
        "The second pass adds its 6 to the 6 that are there: a tensor that is used in two losses is a fork.",
        tolerance=0.0,
    ),
]

QUESTIONS = [
    Question(
        "Why does training a network start at the loss and go backwards?",
        (
            "The derivatives at the end are larger, and so more exact.",
            "One such pass gives the derivatives of one result with respect to all inputs.",
            "From the front the chain rule does not hold.",
        ),
        right=1,
        because=(
            "Their size has nothing to do with it.",
            "There is one loss and there are millions of weights. From the front, each weight would need its own pass.",
            "It holds in both directions; from the front one pass gives the derivatives of all results with respect to "
            "one input.",
        ),
    ),
    Question(
        "y is used in three places. What is dL/dy?",
        (
            "The sum of what comes back from the three.",
            "The mean of what comes back from the three.",
            "What comes back from the place that was computed last.",
        ),
        right=0,
        because=(
            "Each place changes L by its own share, and to first order the changes add up.",
            "The three changes happen together: they add up, and nothing divides them.",
            "That is what a machine computes that assigns with = instead of adding with +=.",
        ),
    ),
    Question(
        "When may a node hand its derivative on?",
        (
            "As soon as something has arrived.",
            "When all of its inputs have handed on theirs.",
            "When all nodes that use it have handed on theirs.",
        ),
        right=2,
        because=(
            "Then it would have to come again with the rest, and with many forks very often.",
            "Its inputs wait for it: on the way back they come later.",
            "Then its own derivative is complete, and one visit is enough.",
        ),
    ),
    Question(
        "A bias of shape (3,) is added to an array of shape (4, 3). G has shape (4, 3). The bias gets",
        (
            "the mean of G over the 4 rows.",
            "the first row of G.",
            "the sum of G over the 3 columns.",
            "the sum of G over the 4 rows.",
        ),
        right=3,
        because=(
            "Each row is a use of the bias, and uses add up. A mean comes in only if the loss itself takes one.",
            "All four rows use the bias, not only the first.",
            "That has shape (4,). The bias was repeated along the rows.",
            "Repeating is a fork: each entry of the bias goes to four rows, and what comes back is added.",
        ),
    ),
    Question(
        "A training loop never calls zero_grad. What happens?",
        (
            "Each step uses the sum of all gradients so far.",
            "Nothing: every backward pass starts from 0 by itself.",
            "The second backward pass stops with an error.",
        ),
        right=0,
        because=(
            "A backward pass adds to what is in `grad`, so old gradients stay and the steps grow.",
            "It starts with 1 at the loss, but adds to the `grad` of the weights.",
            "There is no error, which makes this mistake hard to find.",
        ),
    ),
]
