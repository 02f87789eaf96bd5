"""What lesson 15 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "15.a",
        "first_loss",
        because="Each of the 784 pixels costs log 2 = 0.693 nats, 543 together. A first loss far from this number is "
        "a sign of a wrong mean, a wrong sign or a wrong input.",
        unit="nats",
        tolerance=0.05,
    ),
    Prediction(
        "15.b",
        "history['mean image'][0]",
        because="It lies in the ball of at least one real image, and more is not asked. Precision says nothing about "
        "a picture that is near to everything.",
    ),
    Prediction(
        "15.c",
        "'a' if within > 0.3 * centres else 'b' if within > 0.01 * centres else 'c'",
        choices="abc",
        because="Noise only costs, and nothing in this loss pays for it. The network makes the clouds tiny and "
        "spreads their centres.",
    ),
    Prediction(
        "15.d",
        "nats['few 2s'][0] - nats['all'][0]",
        because="The average over all digits rises ten times less, since nine of ten images are others.",
        unit="nats",
        tolerance=0.25,
    ),
]
QUESTIONS = [
    Question(
        "A VAE with Bernoulli pixels reports a loss of -40. What do you conclude?",
        (
            "It fits very well",
            "The sign or the loss is wrong: it cannot be negative",
            "Nothing: log-densities may be positive",
        ),
        right=1,
        because=(
            "A perfect fit of binary pixels would cost 0 nats, and the KL is not negative.",
            "Probabilities are at most 1, so -log p is at least 0, and so is the KL.",
            "Densities may exceed 1, as with Gaussian pixels. Bernoulli pixels have probabilities.",
        ),
    ),
    Question(
        "The gradient of the loss with respect to the log-variances is exactly 0. Why?",
        (
            "The decoder gets the mean, and no noise",
            "The log-variances have converged",
            "The learning rate is too small",
        ),
        right=0,
        because=(
            "The loss does not depend on them at all: they have no way to it.",
            "At an optimum gradients of batches are small, but not exactly 0.",
            "The learning rate scales the step, not the gradient.",
        ),
    ),
    Question(
        "A set of generated images has a precision of 0.97, in pixels. What do you look at next?",
        (
            "Nothing, it is nearly perfect",
            "The training loss",
            "The pictures, the coverage, and the precision of the mean image",
        ),
        right=2,
        because=(
            "The mean image alone, a grey blot, reaches 1.",
            "A loss says how well something was minimised. Whether it was the right thing is the question.",
            "A number needs the same number of the plainest baseline, and eyes.",
        ),
    ),
    Question(
        "The discriminator's loss has fallen to 0.001 and stays there. This means that",
        (
            "the GAN has converged",
            "the generator has lost, or is not trained at all",
            "the discriminator memorised the training set",
        ),
        right=1,
        because=(
            "At the balance it cannot tell real from fake, and its loss is 2 log 2 = 1.39.",
            "Check first whether any weight of the generator has moved.",
            "It may have, but the next look is at the generator: does it move at all?",
        ),
    ),
    Question(
        "An image costs a VAE no more nats than digits do. Is it a digit?",
        (
            "Yes, the bound says so",
            "Yes, if its reconstruction looks like a digit",
            "Not necessarily: other simple images are cheap too",
        ),
        right=2,
        because=(
            "The cross in this lesson costs about as much as a difficult digit.",
            "The model answers everything with strokes of digits.",
            "A high cost is a reason for doubt. A low one is no proof.",
        ),
    ),
]
