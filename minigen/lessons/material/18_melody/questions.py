"""What lesson 18 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "18.a",
        "(lambda q: 'c' if q > 1000 else 'b' if q > 10 else 'a')"
        "((lengths['GRU'] / lengths['GRU'][0])[20] / (lengths['plain'] / lengths['plain'][0])[20])",
        because="The plain recurrence multiplies by a matrix at every step; the GRU, with z near 1, hardly changes it.",
        choices="abc",
    ),
    Prediction(
        "18.b",
        "outside",
        because="Each key is tossed by itself, so the number of keys scatters like that of any independent tosses.",
        unit="per cent of the frames",
        tolerance=0.25,
        digits=2,
    ),
    Prediction(
        "18.c",
        "(lambda kl: 'a' if kl < 1.5 else 'b' if kl < 3.5 else 'c')(np.mean(kls['the bound'][-20:]))",
        because="The decoder sees the notes before, and soon knows the tune without z.",
        choices="abc",
    ),
]

QUESTIONS = [
    Question(
        "A key is an octave above another. What is its frequency?",
        ("440 hertz more", "twice as high", "2^(1/12) times as high"),
        right=1,
        because=(
            "Equal steps of pitch are equal factors of frequency, and no equal differences.",
            "Twelve steps of a factor 2^(1/12) each make a factor 2.",
            "That is the next key.",
        ),
    ),
    Question(
        "The update gate z of a number of the state is 1 for fifty steps. What happens to this number?",
        (
            "it stays as it is, and its gradient passes undamaged",
            "it is replaced at every step",
            "it grows exponentially",
        ),
        right=0,
        because=(
            "h' = (1 - z) n + z h is h for z = 1, and so dL/dh = dL/dh'.",
            "That would be z = 0.",
            "The new state is a weighted mean of the candidate and the old one: nothing can grow.",
        ),
    ),
    Question(
        "Why does a model with independent keys play wrong numbers of voices, however long it is trained?",
        (
            "its state is too small",
            "the true frames were given in training, and in sampling its own",
            "a product over the keys cannot say 'either this key or that one'",
        ),
        right=2,
        because=(
            "A larger state changes the 88 probabilities, and not that the keys are tossed one by one.",
            "That is so, but the first frame that it draws already has this fault.",
            "Given the state, no key knows of another. Voices that are drawn one after the other do.",
        ),
    ),
    Question(
        "The KL of a melody VAE has fallen to 0. What is its bound then?",
        (
            "infinite, as the codes are lost",
            "the exact log-likelihood of the decoder without a code: not bad at all",
            "0, as the KL is a part of it",
        ),
        right=1,
        because=(
            "The codes are lost, but the decoder predicts each note from those before.",
            "With q = p the decoder ignores z, and the bound is tight. So the bound does not show the collapse.",
            "The reconstruction term is still there.",
        ),
    ),
    Question(
        "Why are alto, tenor and bass predicted better by a model that is given the whole soprano first?",
        (
            "it has more weights",
            "a chord may prepare what the melody does next, and this model knows it",
            "there is less to predict, as the soprano is free",
        ),
        right=1,
        because=(
            "The order of the symbols changes no number of weights.",
            "With the voices interleaved, only the soprano up to the present frame is seen.",
            "In both cases only the notes of the three voices are counted.",
        ),
    ),
]
