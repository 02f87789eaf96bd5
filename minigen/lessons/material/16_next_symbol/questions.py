"""What lesson 16 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "16.a",
        "'a' if losses[-1] < counted - 0.01 else 'c' if losses[-1] > counted + 0.01 else 'b'",
        because="The relative frequencies are the minimum of this loss, and the loss is convex: Adam gets there.",
        choices="abc",
    ),
    Prediction(
        "16.b",
        "100 * impossible[3]",
        because="There are 17 576 contexts of three letters, and most that occur were seen a few times only.",
        unit="per cent of the test names",
        tolerance=0.02,
    ),
    Prediction(
        "16.c",
        "(lambda d: 'b' if abs(d) < 0.02 else 'c' if d > 0 else 'a')(smoothed['test'][6] - smoothed['test'][3])",
        because="What followed a context that was seen once is chance, and half of the weight goes to it.",
        choices="abc",
    ),
]

QUESTIONS = [
    Question(
        "Why is log p(x) of an autoregressive model exact, while a VAE has only a bound?",
        (
            "its network is smaller",
            "it has no latent variable that would have to be integrated out",
            "it is trained with the exact gradient",
        ),
        right=1,
        because=(
            "Its size does not matter: the product of the factors is exact for any network.",
            "The chain rule writes p(x) as a product of factors that the model gives directly.",
            "A VAE's gradient may be exact too; it is its objective that lies below log p(x).",
        ),
    ),
    Question(
        "After the context 'th' the training text has 6 e, 3 a and 1 o. Which p(e|th) makes the text most probable?",
        ("0.6", "7 / 37, as every letter and the line end get one more", "1, as e is the likeliest"),
        right=0,
        because=(
            "The maximum-likelihood estimate is the relative frequency.",
            "That is Laplace's smoothing, which makes the training text less probable.",
            "Then a and o would be impossible, and the text with them.",
        ),
    ),
    Question(
        "A model costs 2 bits a letter. What is its perplexity?",
        ("2", "e^2 = 7.4", "4"),
        right=2,
        because=(
            "2 is the number of bits; the perplexity is a number of choices.",
            "e^2 would belong to 2 nats.",
            "2 bits tell four equally likely symbols apart: 2^2 = e^(2 log 2) = 4.",
        ),
    ),
    Question(
        "After a context h there came 4 symbols, all of them a. What weight does Witten and Bell's rule give to the "
        "shorter context?",
        ("1/5", "1/2", "0, as h was seen"),
        right=0,
        because=(
            "N = 4 and T = 1, so the weight is T / (N + T) = 1/5.",
            "That would be right for N = T, as after a context that was seen once.",
            "Then every other symbol would be impossible after h.",
        ),
    ),
    Question(
        "Two models of the same text are compared. Which number decides?",
        (
            "the likelihood of the training text",
            "how good ten drawn texts look",
            "the likelihood of a text that neither of them has seen",
        ),
        right=2,
        because=(
            "It rises with every longer context, also where the model only learns the text by heart.",
            "A model that copies its training text draws the best ones.",
            "It falls if the model learns by heart, and also if it finds the true text impossible.",
        ),
    ),
]
