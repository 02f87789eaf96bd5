"""What lesson 22 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "22.a",
        "'a' if radius < 0.2 else 'b' if radius < 0.8 else 'c'",
        because="At t = 0 the example is independent of the noise: the mean of x_1 - x_0 is that of the data, which is "
        "the middle of the ring, less x_0. The step ends in the middle.",
        choices="abc",
    ),
    Prediction(
        "22.b",
        "fall",
        because="The error of Heun's rule falls as h^2: with half the step, to a quarter.",
        tolerance=0.15,
    ),
    Prediction(
        "22.c",
        "'a' if far < 0.001 else 'b' if far < 0.2 else 'c'",
        because="The map from noise to data is continuous and can be undone. It cannot tear the plane (lesson 19). How "
        "thin the bridges are depends on how steep the velocity is, and the network is smoother than the known one.",
        choices="abc",
    ),
    Prediction(
        "22.d",
        "'a' if at_five['optimal'].w2 > 0.9 * at_five['random'].w2 else "
        "'b' if at_five['optimal'].w2 > 0.5 * at_five['random'].w2 else 'c'",
        because="Lines that do not cross have hardly any mean to bend them: the ways are nearly straight, and a few "
        "steps follow them.",
        choices="abc",
    ),
]

QUESTIONS = [
    Question(
        "The loss of flow matching stays far above 0, even with the best network. Why?",
        (
            "the network is too small",
            "many lines pass through the same place at the same time, and one answer cannot be right for all",
            "Euler's steps are too long",
        ),
        right=1,
        because=(
            "The best answer of all has this loss too, as the lesson measures.",
            "The loss of the mean is the variance of the velocities around it.",
            "In training nothing is integrated: the loss knows no steps.",
        ),
    ),
    Question(
        "What does the network learn at t = 0, with random pairs?",
        (
            "the mean of the data, less the place",
            "the nearest example, less the place",
            "nothing: it is zero there",
        ),
        right=0,
        because=(
            "x_0 says nothing of the x_1 it is paired with, so the mean of x_1 is that of all data.",
            "That would be near to what optimal pairs teach.",
            "It is -x_0 plus the mean of the data.",
        ),
    ),
    Question(
        "Euler's rule with 100 evaluations has an error of 0.02, where the steps are small enough. With 400?",
        ("0.01", "0.005", "0.00125"),
        right=1,
        because=(
            "That would be the error with 200.",
            "The error of order 1 falls as the step does: to a quarter.",
            "That is order 2, and so Heun's rule.",
        ),
    ),
    Question(
        "What does the pairing of noise and examples by optimal transport change?",
        (
            "the distribution of the noise in a batch",
            "which noise is shown with which example: the lines become shorter and do not cross",
            "the network's inputs: it is told the example",
        ),
        right=1,
        because=(
            "The same points of noise are there, in another order.",
            "Both sets stay as they are; only the pairs are others.",
            "It sees x_t and t, as before.",
        ),
    ),
    Question(
        "A GAN needs one evaluation for a sample, flow matching ten. What follows?",
        (
            "the GAN is the better model",
            "flow matching takes ten times as long to train",
            "for the same network a sample costs ten times as much; how good it is must be measured",
        ),
        right=2,
        because=(
            "It may leave out clusters, which its speed does not make up for.",
            "A step of training evaluates the network once, whatever the number of steps of a sample.",
            "Time and quality are two numbers, and a comparison needs both.",
        ),
    ),
]
