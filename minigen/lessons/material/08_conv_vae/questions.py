"""What lesson 8 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "08.a",
        "nats.mean()",
        because="That is on MNIST; the next cell measures yours. The VAE knows which pixels go together: that saves "
        "nearly half of the nats.",
        unit="nats",
    ),
    Prediction(
        "08.b",
        "'b' if bound[-1].mean() - bound[0].mean() > 10 * abs(elbo[-1].mean() - elbo[0].mean()) else 'c'",
        because="Each logarithm has the ELBO as its mean, so the mean of many has it too. Under the logarithm the mean "
        "itself gets better, and by Jensen's inequality less is lost.",
        choices="abcd",
    ),
    Prediction(
        "08.c",
        "'adcb'[2 * (bounds['q over both'][-1] > bounds['q on one hump'][-1]) "
        "+ (bounds['q over both'][0] > bounds['q on one hump'][0])]",
        because="Each code from the narrow q is a good one, but all of them miss the other hump. Of 500 codes from the "
        "wide q enough lie on each hump.",
        choices="abcd",
    ),
]

QUESTIONS = [
    Question(
        "You report log p(x) by importance sampling with 100 codes for each digit. On which side does the number err?",
        ("on neither, it is right on average", "it is too low on average", "it is too high on average"),
        right=1,
        because=(
            "the mean of the weights is right on average; its logarithm is not, by Jensen's inequality.",
            "E[log of the mean] <= log E[mean] = log p(x); more codes make the gap smaller.",
            "that would be the case for -log p(x): then the nats you report are too many.",
        ),
    ),
    Question(
        "Of 500 codes for a digit, effectively 5 count. What does that say?",
        (
            "the encoder's q is far from the posterior of this digit",
            "the decoder gives the digit a low likelihood",
            "five latents are used and the others are switched off",
        ),
        right=0,
        because=(
            "if q were the posterior, all weights would be equal and all 500 would count.",
            "a digit can be unlikely and have equal weights: a common factor does not change the effective number.",
            "codes are draws of z, each with all latents.",
        ),
    ),
    Question(
        "On the same images, model A has an ELBO of -100 nats, model B one of -102. Which has the higher likelihood?",
        ("A, for certain", "B, for certain", "this cannot be said"),
        right=2,
        because=(
            "the ELBO is a lower bound; the gap is KL(q || posterior) and may be larger for B.",
            "it can be, if B's encoder is the worse one, but nothing says that it is.",
            "both are bounds; the gaps may differ by more than two nats. Importance sampling with many codes tells.",
        ),
    ),
    Question(
        "You average the logarithms of the weights of 5000 codes in place of one. What do you get?",
        (
            "a better bound, nearly log p(x)",
            "the same bound with less noise",
            "a number that is no bound at all",
        ),
        right=1,
        because=(
            "that is the logarithm of the mean, not the mean of the logarithms.",
            "each logarithm has the ELBO as its mean, and so has the average of many.",
            "it is still an estimate of the ELBO, and that is a bound.",
        ),
    ),
    Question(
        "A paper reports 80 nats on MNIST, your model needs 110 on drawn pixels. What comes first?",
        (
            "train longer, the model is worse",
            "take more codes, the estimate is too low",
            "ask how the paper's pixels were made",
        ),
        right=2,
        because=(
            "that may be so, but only numbers on the same pixels can be compared.",
            "more codes lower the nats a little, hardly by 30.",
            "a fixed or a new drawing, rounded or grey pixels give different numbers for one and the same model.",
        ),
    ),
]
