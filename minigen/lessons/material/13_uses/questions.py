"""What lesson 13 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "13.a",
        "ratio",
        because="The original is itself a draw from p(x|y). A second draw is as far from the mean as the original is, "
        "and the squares of the two add up. So a perfect restorer that draws is 3 dB below one that averages.",
    ),
    Prediction(
        "13.b",
        "'abc'[int(np.argmax([scores['hole'][n] for n in ('nearest neighbour', 'mean image', 'model, mean of 16')]))]",
        choices="abc",
        because="Copying from the most similar training image needs no training at all, and it wins here. Without that "
        "bar nobody would have noticed.",
    ),
    Prediction(
        "13.c",
        "error_in_hole / deviation",
        because="The guesses agree with one another better than with the truth: the model is overconfident.",
        tolerance=0.15,
    ),
    Prediction(
        "13.d",
        "better['generated'][0]",
        because="The accuracies scatter by several points from choice to choice, more than the gain. Within a "
        "choice the scatter is shared, so nearly every difference has the same sign.",
        unit="of 12",
        tolerance=0.25,
    ),
]
QUESTIONS = [
    Question(
        "Why is the mean of p(x|y) the answer with the lowest expected square error?",
        (
            "It is the most probable image",
            "It is a draw from p(x|y) without the noise",
            "Any other answer a adds |m - a|^2 to the error V that no answer avoids",
        ),
        right=2,
        because=(
            "The mean is often an image of probability zero: a blur that nobody ever drew.",
            "A draw costs 2V on average, twice as much as the mean.",
            "E|x - a|^2 = V + |m - a|^2, which is smallest at a = m.",
        ),
    ),
    Question(
        "A model's single guesses score 1.4 dB less than the mean of many. What does this say, if the mean is a good "
        "one?",
        (
            "The guesses vary less than draws from p(x|y) would",
            "The guesses are better than draws from p(x|y)",
            "Nothing: a guess always scores less",
        ),
        right=0,
        because=(
            "Draws from the true p(x|y) would stand 3 dB below. A smaller distance means too little variety.",
            "They are closer to their mean, but they no longer show what else is possible.",
            "How much less is what matters: 3 dB is the value for honest draws.",
        ),
    ),
    Question(
        "In the hole a model reaches 11 dB. When is that a good result?",
        (
            "When it is above 10 dB",
            "When methods without learning, tested on the same images, reach less",
            "When the pictures look plausible",
        ),
        right=1,
        because=(
            "A decibel has no meaning by itself: a larger hole alone changes it by several.",
            "In this lesson the nearest neighbour reaches more, so the model's number is no success.",
            "Plausible and right are different: one sharp guess of many may be wrong.",
        ),
    ),
    Question(
        "Two classifiers are trained on the same twelve choices of labelled images. What tells whether one is better?",
        (
            "Whether the bars of mean +- deviation overlap",
            "Which of them reached the highest accuracy of all",
            "The mean of the twelve differences, beside its standard error",
        ),
        right=2,
        because=(
            "These bars show how much the choices differ, which both classifiers share.",
            "That is one choice, picked because it was lucky.",
            "The difference within a choice leaves out what the choice does to both.",
        ),
    ),
    Question(
        "Generated images helped with 20 labels and did not with 200. What may be said?",
        (
            "Generated images help a classifier",
            "They helped this classifier when labels were very few",
            "They never help where it matters, with many labels",
        ),
        right=1,
        because=(
            "The same experiment shows no gain at 200 labels.",
            "A result belongs to its set-up: the classifier, the data, the number of labels.",
            "Another model or data set may differ. One set-up proves nothing about all.",
        ),
    ),
]
