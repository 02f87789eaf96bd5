"""What lesson 21 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "21.a",
        "drowned['linear']",
        because="The sum of the betas has to reach log 2, and it grows as the square of t.",
        how="Computed",
        tolerance=1e-3,
    ),
    Prediction(
        "21.b",
        "'a' if near['DDIM'][0] > 0.9 else 'b' if near['DDIM'][0] > 0.1 else 'c'",
        because="In pure noise nothing is decided: the best answer is the mean of all data, where no example lies.",
        choices="abc",
    ),
    Prediction(
        "21.c",
        "'a' if hundred < 0.5 else 'b' if hundred < 1.5 else 'c'",
        because="The last step jumps to a mean, which leaves out all detail that is finer than the noise at t = 10.",
        choices="abc",
    ),
    Prediction(
        "21.d",
        "'a' if digits_bound < 95 else 'b' if digits_bound <= 105 else 'c'",
        because="The nats are lost in the exact grey level of each pixel, which the loss hardly weighs.",
        choices="abc",
    ),
    Prediction(
        "21.e",
        "width[3.0]",
        because="Guidance pushes away from the other two classes, from the left and from the right.",
        digits=2,
        tolerance=0.1,
    ),
    Prediction(
        "21.f",
        "'a' if gain['diffusion'] > 3 else 'b' if gain['diffusion'] > 2 else 'c'",
        because="The gain comes from what differs among the guesses, and they share much of their error.",
        choices="abc",
    ),
]

QUESTIONS = [
    Question(
        "What does the best denoiser answer to x_t?",
        ("the likeliest original", "the mean of all originals that are possible", "one of the originals, at random"),
        right=1,
        because=(
            "that has a larger mean square error, unless only one is possible",
            "no other answer has a lower mean square error, at any noise level",
            "a draw costs twice the error of the mean (lesson 13)",
        ),
    ),
    Question(
        "What does Tweedie's formula say?",
        (
            "the gradient of log p of the noisy data follows from the best denoiser",
            "the best denoiser answers with the place where the data are densest",
            "the noise can be removed exactly, if its deviation is known",
        ),
        right=0,
        because=(
            "it is (a E[x|x_t] - x_t) / s^2",
            "it answers with a mean, and there may be no example at all at that place",
            "what the noise has destroyed can only be guessed",
        ),
    ),
    Question(
        "Why does sampling need several steps?",
        (
            "because networks are not perfect",
            "because fresh noise must be added",
            "because at high noise even the best guess is a mean of many examples, and no example",
        ),
        right=2,
        because=(
            "a perfect denoiser needs them too: its first guess is the middle of all data",
            "DDIM adds none, and needs several steps as well",
            "a small step only follows its direction, and then fewer originals are possible",
        ),
    ),
    Question(
        "What would a network draw that reached the smallest possible loss on its training images?",
        ("the training images", "new images of the same kind", "the mean of the training images"),
        right=0,
        because=(
            "its guesses are means over the training images alone, and at little noise only one is possible",
            "new images come from what the network cannot learn by heart",
            "that is only its first guess",
        ),
    ),
    Question(
        "Samples with guidance w = 4 look better than those with w = 0. What follows?",
        (
            "the model has learned the data better",
            "the classes are clearer, and the samples differ less than the data do",
            "the bound in nats is lower with w = 4",
        ),
        right=1,
        because=(
            "the model is the same; only the question has changed",
            "that is what guidance trades, and why its w belongs beside the samples",
            "what guidance draws belongs to no density that has a bound",
        ),
    ),
]
