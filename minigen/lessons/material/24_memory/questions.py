"""What lesson 24 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "24.a",
        "'a' if last[50] > last[750] + 0.05 else 'b' if abs(last[50] - last[750]) <= 0.05 else 'c'",
        because="With the same number of steps, each of 50 images is seen fifteen times as often as each of 750.",
        choices="abc",
    ),
    Prediction(
        "24.b",
        "of_wrong.value",
        because="A wrong label follows from nothing else in the data: it can only be learnt by heart.",
        tolerance=0.15,
    ),
    Prediction(
        "24.c",
        "1 / (1 + np.exp(-1))",
        because="The best curve that the promise allows has the area e^eps / (1 + e^eps).",
        how="Computed",
        tolerance=1e-6,
    ),
    Prediction(
        "24.d",
        "'a' if abs(tight - numbers.mean()) < 0.1 else 'b' if abs(tight - np.median(numbers)) < 0.1 else 'c'",
        because="Clipped to one length, the gradients only vote: as many pull to the left as to the right.",
        choices="abc",
        how="Computed",
    ),
    Prediction(
        "24.e",
        "later / sooner",
        because="While the best order is far from 1, epsilon grows about with the root of the number of steps.",
        how="Computed",
        tolerance=1e-3,
    ),
]

QUESTIONS = [
    Question(
        "An attack on a model has an AUC of 0.50, from 0.48 to 0.52. What follows?",
        (
            "the model is private",
            "this attack tells little of these members on average; another attack, or another member, may fare worse",
            "the model has not learnt anything",
        ),
        right=1,
        because=(
            "Privacy is a promise about every attack and every example; this was one attack, averaged.",
            "A few examples may be known by heart without moving the average.",
            "A model may learn much about digits and little about any one of them: that is what we want.",
        ),
    ),
    Question(
        "Two models have the same epsilon and delta. One was trained with C = 1, the other with C = 10. Which noise "
        "did their sums get?",
        ("the same", "the second ten times as much", "the first ten times as much"),
        right=1,
        because=(
            "The noise is sigma C: ten times the reach of an example needs ten times the noise.",
            "sigma is the same, and the deviation of the noise is sigma C.",
            "It is the other way round: the noise must hide what one example can do.",
        ),
    ),
    Question(
        "Why is batch normalisation not used with DP-SGD?",
        (
            "it makes training slower",
            "it needs a batch of a fixed size",
            "an example then changes the gradients of the others, and clipping its own does not bound what it does",
        ),
        right=2,
        because=(
            "That would be a nuisance, no reason.",
            "It does not; but a mean over the batch is what is wrong with it.",
            "Its effect on the sum may then be larger than C, and the proof breaks.",
        ),
    ),
    Question(
        "Somebody tries 50 settings of DP-SGD, each with epsilon 1, and publishes the most accurate model. What was "
        "promised?",
        (
            "less privacy than epsilon 1: the choice looked at the data, through 50 trainings",
            "epsilon 1, as only one model is published",
            "epsilon 1/50, as the others are thrown away",
        ),
        right=0,
        because=(
            "Which one is published says something about all of them. The accuracy on the data is an answer too.",
            "The choice among the models was made by looking at the data.",
            "Throwing away does not undo that they were looked at.",
        ),
    ),
    Question(
        "A person has ten photographs in the data. The training is (1, 0) private with respect to one photograph. What "
        "holds for the person?",
        ("epsilon 1", "epsilon 10", "epsilon 1/10"),
        right=1,
        because=(
            "That is the promise about one photograph; all ten come and go with the person.",
            "Ten changes of one photograph each: the factors e^1 are multiplied.",
            "More photographs of a person make it easier to see that the person is there, not harder.",
        ),
    ),
]
