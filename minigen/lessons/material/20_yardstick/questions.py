"""What lesson 20 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "20.a",
        "scaled.mean()",
        because="Each of 64 pixels gives log 16 = 2.77 nats: 177.4 together, for a change of unit.",
        unit="nats",
        tolerance=0.02,
    ),
    Prediction(
        "20.b",
        "'a' if widths[best[2]] < 0.1 else 'b' if widths[best[2]] <= 1 else 'c'",
        because="Noise of width 1 falls outside of a narrow peak, and a wide one blurs the shares.",
        choices="abc",
    ),
    Prediction(
        "20.c",
        "'a' if nats_leaky.mean() > 100 else 'b' if nats_leaky.mean() >= 80 else 'c'",
        because="An output that sees its own pixel has only to copy it.",
        choices="abc",
    ),
    Prediction(
        "20.d",
        "bounds[0] - bounds[-1]",
        because="The encoder is not the true posterior, and the weights of many codes make up for most of that.",
        unit="nats",
        digits=2,
        tolerance=0.3,
    ),
]

QUESTIONS = [
    Question(
        "A flow reports -150 nats an image on pixels in [0, 1], and a PixelCNN 84 nats on the same images. Which is "
        "better?",
        (
            "the flow, by 234 nats",
            "the PixelCNN, as nats are never negative",
            "nobody can tell: one is a density, the other a probability",
        ),
        right=2,
        because=(
            "the difference is one of kinds and units, not of models",
            "those of a probability are not; those of a density may well be",
            "noise between the levels would turn the flow's number into a bound that can be compared",
        ),
    ),
    Question(
        "A VAE's bound is 90 nats, and a MADE's exact number is 88 on the same images. What follows?",
        (
            "nothing: the VAE's true number is at most 90, and may be below 88",
            "the MADE is better by 2 nats",
            "the VAE is better, as its true number is lower than its bound",
        ),
        right=0,
        because=(
            "an upper bound that lies above another number decides nothing; more codes may",
            "only if the bound were exact",
            "it is lower than 90; whether it is lower than 88 nobody knows",
        ),
    ),
    Question(
        "When is uniform dequantisation's bound equal to the log-probability?",
        (
            "when enough noise is averaged",
            "when the density is flat over each cell",
            "when the density is narrow on the levels",
        ),
        right=1,
        because=(
            "more noise makes the mean of the logarithms more precise, and it stays below the logarithm of the mean",
            "then the logarithm of the mean is the mean of the logarithm",
            "there it loses most: nearly all of the noise falls outside of the peak",
        ),
    ),
    Question(
        "An autoregressive network reports 3 nats for an 8x8 digit on test images. What do you do first?",
        (
            "train it longer, as it is going well",
            "change one pixel, and see whether an output at or before it changes",
            "compare it with the training loss, to see whether it overfits",
        ),
        right=1,
        because=(
            "a number that is too good to be true is to be checked before it is improved",
            "an output that sees its own pixel has only to copy it, on new images as well",
            "a leak gives the same loss on the training images and on new ones",
        ),
    ),
    Question(
        "Two models differ by 0.8 nats; the standard error of each mean is 0.6. Is the difference sure?",
        (
            "no: 0.8 is less than 0.6 + 0.6",
            "yes: 0.8 is more than 0.6",
            "look at the differences image by image: their mean may have a much smaller error",
        ),
        right=2,
        because=(
            "that would hold for different images; on the same ones, what is hard for both cancels",
            "the error of a difference is not that of one mean",
            "both models find the same images hard",
        ),
    ),
]
