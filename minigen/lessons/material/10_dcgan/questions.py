"""What lesson 10 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "10.a",
        "(lambda p: 'a' if abs(p[-1, :2] - p[0, :2]).max() < 0.01 else 'b' if p[-1, 2] < 0.99 * p[0, 2] else 'c')"
        "(paths['constants'])",
        because="The gradient promises a descent, and the next forward pass takes it back: the output cannot change.",
        choices="abc",
    ),
    Prediction(
        "10.b",
        "changes[4] / changes[64]",
        because="With 16 times fewer examples, the statistics scatter about sqrt(16) = 4 times as much.",
        unit="times as much",
        digits=2,
        tolerance=0.25,
    ),
    Prediction(
        "10.c",
        "(lambda s: 'a' if s > 0.8 else 'c' if s < 0.2 else 'b')(found_out['Mixed'][1])",
        because="What it has learnt to see is how fakes differ from real images in the same batch; here are none.",
        choices="abc",
    ),
]

QUESTIONS = [
    Question(
        "Over which values does batch norm take the mean of a channel of images (N, H, W, C)?",
        ("over height and width of one image", "over N, H and W", "over the channels of one place"),
        right=1,
        because=(
            "That is instance normalisation: it knows of no neighbours.",
            "One mean and one variance for each channel, over all images and places.",
            "That is the idea of layer normalisation.",
        ),
    ),
    Question(
        "The upstream gradient of a batch norm is 1 everywhere. What is the gradient of its input?",
        ("0", "gamma times r everywhere", "1 everywhere"),
        right=0,
        because=(
            "The sum of the outputs is n beta, whatever x is: nothing can change it.",
            "That is the rule with constant statistics; mean(g) is subtracted, and it is 1.",
            "Even with constant statistics there would be the factor gamma r.",
        ),
    ),
    Question(
        "You draw single images from a trained DCGAN in training mode. What happens?",
        (
            "nothing special, the weights are the same",
            "an error, as a variance needs two values",
            "each image is normalised with its own statistics, not with those of the training",
        ),
        right=2,
        because=(
            "The weights are, but the statistics are taken from the batch: here from this one image.",
            "One image has H W values in each channel, so there is a variance, but the wrong one.",
            "Call .eval() first: then the running averages are used, and the image is the same in any company.",
        ),
    ),
    Question(
        "Why do real images and fakes pass D in separate batches?",
        (
            "to save memory",
            "so that D is the same function in its own step and in G's",
            "because their numbers may differ",
        ),
        right=1,
        because=(
            "Two passes of half the size need no less in total.",
            "G's step shows D fakes alone; if D was trained on mixtures, it meets other statistics there.",
            "They may, but that would be no obstacle to one batch.",
        ),
    ),
    Question(
        "D's loss is at 2 log 2 and both accuracies are about 1/2. What do you know?",
        (
            "D cannot tell the fakes: they are good, or D has not learnt anything",
            "the fakes are as good as real images",
            "G has collapsed",
        ),
        right=0,
        because=(
            "At step 0 it looks the same. Look at the images, or measure a distance.",
            "That is one of two explanations; an untrained D gives the same numbers.",
            "It might have, but these numbers do not say so; the spread would.",
        ),
    ),
]
