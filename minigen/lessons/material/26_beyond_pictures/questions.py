"""What lesson 26 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "26.a",
        "'abc'[int(np.argmax([found[name].mean() for name in ('popularity', 'item cosine', 'EASE')]))]",
        because="EASE weighs all items together: what two items have in common with a third is not counted twice.",
        choices="abc",
    ),
    Prediction(
        "26.b",
        "'a' if abs(gain[0]) <= 1.96 * gain[1] else 'b' if gain[0] > 0 else 'c'",
        because="The difference is smaller than twice its standard error: 100 users cannot tell which one is better.",
        choices="abc",
    ),
    Prediction(
        "26.c",
        "ratios['Gaussian'][1.0]",
        because="One covariance has to serve both the many calm series and the few hard brakings.",
        unit="times as often",
        tolerance=0.1,
    ),
    Prediction(
        "26.d",
        "'a' if shifted_db > black_db + 1 else 'b' if shifted_db > black_db - 1 else 'c'",
        because="Each stroke is counted twice: where it should be and is not, and where it is and should not be.",
        choices="abc",
    ),
]

QUESTIONS = [
    Question(
        "A new recommender reaches an NDCG@100 of 0.42. What follows?",
        (
            "it finds 42 % of what users like",
            "nothing, before you know what popularity and EASE reach on the same split",
            "it is better than one with 0.40 in another paper",
        ),
        right=1,
        because=(
            "NDCG weighs ranks: it is no share of items that were found.",
            "A number means something beside a plain baseline on the same users.",
            "Other data, other users or another share held out give other numbers.",
        ),
    ),
    Question(
        "Why must EASE have B_jj = 0?",
        (
            "otherwise B = 1, each item told by itself, would have no error and recommend nothing",
            "so that the matrix can be inverted",
            "so that popular items do not count more",
        ),
        right=0,
        because=(
            "The identity copies what is known, and gives an unknown item no score.",
            "G + lambda can be inverted anyway, as lambda > 0.",
            "They do count more: the diagonal has nothing to do with it.",
        ),
    ),
    Question(
        "A model's test loss is better by far than the baseline's. How well does it know the rare, dangerous series?",
        (
            "better than the baseline, by the same factor",
            "the loss does not tell: an event of one in a hundred hardly moves a mean",
            "exactly, since the likelihood is exact",
        ),
        right=1,
        because=(
            "The loss is a mean over all series, most of which are harmless.",
            "Count the events that you care about, with an interval.",
            "An exact likelihood of the model says nothing about how near the model is to the truth there.",
        ),
    ),
    Question(
        "5 near-collisions in 10 000 simulated series, 9 in 10 000 generated ones. What may be said?",
        (
            "the model makes them nearly twice as often",
            "little: with so few, the interval of the ratio holds 1",
            "the model is right in the tail",
        ),
        right=1,
        because=(
            "Counts of 5 and 9 scatter by 2 and 3: chance alone makes such a ratio.",
            "More series are needed, or a method that makes the event common and weighs it.",
            "That nothing was shown is no proof of the opposite.",
        ),
    ),
    Question(
        "A model draws from the true distribution of what may come next. What costs its single guess 3 decibels "
        "against the mean of many?",
        (
            "its guess and the truth scatter about the mean independently, so the squared error doubles",
            "the decoder's blur",
            "too few training steps",
        ),
        right=0,
        because=(
            "One variance for the truth and one for the guess: a factor 2, which is 10 log10 2 = 3.01 dB.",
            "A blur would lower both.",
            "The model is perfect, by assumption.",
        ),
    ),
]
