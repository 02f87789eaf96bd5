"""What lesson 3 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "03.a",
        "ratio",
        because="The squared error's derivative is 2 p (1 - p) times the cross-entropy's, and at l = -6 p (1 - p) is "
        "0.0025.",
        tolerance=0.01,
    ),
    Prediction(
        "03.b",
        "'c' if revived == 0 else 'a' if revived > silenced / 2 else 'b'",
        choices="abc",
        because="A unit of the first layer whose z is negative for every image gets no gradient from any of them, and "
        "its inputs never change: it stays as it is.",
    ),
    Prediction(
        "03.c",
        "floor",
        because="The best that the second softmax can be given is a 1 and nine 0. It makes e / (e + 9) of the 1, and "
        "the loss is log(1 + 9 / e).",
        tolerance=0.01,
        unit="nats",
    ),
]

QUESTIONS = [
    Question(
        "Three dense layers stand on each other with nothing in between. Which functions can they compute?",
        (
            "Any continuous function, if the layers are wide enough",
            "Polynomials of degree three",
            "The same as one dense layer whose inputs and outputs are theirs, at most",
        ),
        right=2,
        because=(
            "That needs a bend between the layers. Without one, width adds nothing.",
            "Nothing is ever multiplied by itself here: each layer is linear in its input.",
            "x w w' w'' is x times one matrix. A narrow layer in the middle can only take something away.",
        ),
    ),
    Question(
        "A new classifier of 1000 classes reports a first loss of 2.3. What do you think?",
        (
            "It is suspicious: a network that knows nothing should begin near log 1000 = 6.9",
            "It is as expected: a network that knows nothing begins near 2.3",
            "The first loss says nothing: weights are random",
        ),
        right=0,
        because=(
            "Equal probabilities cost log K. 2.3 is log 10: perhaps there are only ten outputs, or the labels leak.",
            "2.3 is log 10, which is right for ten classes alone.",
            "Random weights make the probabilities roughly equal, so the first loss is near log K, or a little above.",
        ),
    ),
    Question(
        "A loss is computed as -log(softmax(l)[y] + 1e-8), to avoid log 0. What is wrong with that?",
        (
            "Nothing: 1e-8 is far below what matters",
            "An example that is predicted very wrongly costs no more than 18.4 nats and has hardly a gradient",
            "The softmax does not sum to 1 any more, so the classes cannot be compared",
        ),
        right=1,
        because=(
            "It matters exactly where the network is most wrong.",
            "-log(1e-8) = 18.4 is a ceiling, and below it the curve is flat: the worst mistakes are not repaired. Use "
            "the logits: l_y - log sum exp(l).",
            "The probabilities are what they were. It is the logarithm that is taken of something else.",
        ),
    ),
    Question(
        "Weights have variance 1/n instead of 2/n, with ReLUs. By the 20th layer the root mean square of the values "
        "has become",
        ("about half of what it was", "about a thousandth of what it was", "about a millionth of what it was"),
        right=1,
        because=(
            "It is the mean square that is halved, and in every layer.",
            "The mean square is halved 20 times, by 2^20 or a million; its root falls by 2^10, about a thousand.",
            "That is the mean square. The size of the values is its root.",
        ),
    ),
    Question(
        "A unit of the second hidden layer is silent for every training image. Can it come back?",
        (
            "No: its weights get no gradient any more",
            "Yes: the layer below it still learns, and so its inputs may change",
            "Yes: the gradient of a ReLU is never exactly 0",
        ),
        right=1,
        because=(
            "Its own weights get none. But its inputs are the values of other units, and those may change.",
            "Other units that live change the first layer, so the unit's z may rise above 0 again. In the first layer "
            "the inputs are the images, and nothing changes.",
            "For z < 0 it is exactly 0. The leaky ReLU's is not.",
        ),
    ),
]
