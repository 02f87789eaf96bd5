"""What lesson 9 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "09.a",
        "slopes['non-saturating'] / slopes['minimax']",
        because="The slopes are -(1 - D) and -D, so their ratio is (1 - D) / D = e^-s = e^6.",
        unit="times as large",
        tolerance=1e-3,
    ),
    Prediction(
        "09.b",
        "'a' if np.mean(collapsed.found[12:]) >= 6 else 'b' if np.mean(collapsed.found[12:]) > 3 else 'c'",
        because="Against a D that stands still, the best G sends every z to the place that D believes most.",
        choices="abc",
    ),
    Prediction(
        "09.c",
        "(lambda r: 'c' if 0.9 < r < 1.1 else 'a' if r > 1 else 'b')(np.mean(minimax.good[12:]) / "
        "np.mean(balanced.good[12:]))",
        because="D's loss is low because the fakes are easily told apart; a G with weak gradients improves slowly.",
        choices="abc",
    ),
]

QUESTIONS = [
    Question(
        "D is the best one against G, and q = p. What is D's loss?",
        ("0", "2 log 2", "infinite"),
        right=1,
        because=(
            "A loss of 0 belongs to a D that is sure and right, when p and q share no place.",
            "D says 1/2 to everything: log 2 for the real examples and log 2 for the fakes.",
            "It would be infinite only for a D that is sure and wrong; the best D is unsure here.",
        ),
    ),
    Question(
        "What does the logit of the best discriminator tell you at a place x?",
        (
            "log p(x) - log q(x), the logarithm of a ratio of densities",
            "log p(x), the density of the data",
            "how far x is from the nearest real example",
        ),
        right=0,
        because=(
            "D* = p / (p + q), and its logit is log D* - log(1 - D*) = log p - log q.",
            "The density of the fakes counts as much: where q is large too, D is unsure although p is large.",
            "D never sees distances; it learns how frequent real examples and fakes are at x.",
        ),
    ),
    Question(
        "Why is -log D used for the generator in place of log(1 - D)?",
        (
            "its best G is another one",
            "it makes the game zero-sum",
            "its slope does not vanish where D rejects the fakes with confidence",
        ),
        right=2,
        because=(
            "Both fall as D rises, so against a D that stands still both want the same fakes.",
            "The other way round: with log(1 - D) the game is zero-sum, with -log D it is not.",
            "The slope is -(1 - D), nearly -1 there, while that of log(1 - D) is -D, nearly 0.",
        ),
    ),
    Question(
        "Against a D that stands still, what is the best generator?",
        (
            "one that sends every z to the point where D is largest",
            "one whose density is that of the data",
            "one that spreads its fakes over all places that D finds likely, in proportion",
        ),
        right=0,
        because=(
            "Each z is judged by itself, so each goes to the best place, and variety brings nothing.",
            "That is the best G against a D that answers every q at once, not against one that stands still.",
            "A place that is a little worse than the best one only raises the loss.",
        ),
    ),
    Question(
        "How can you notice that a generator has lost modes?",
        (
            "D's loss is 0",
            "by looking at many samples, and by a measure of how much of the data they cover",
            "G's loss is above log 2",
        ),
        right=1,
        because=(
            "Then D wins, for whatever reason; with lost modes it may be high, low or swinging.",
            "Neither loss asks how varied the fakes are, so the samples themselves must be examined.",
            "That says how D stands against G, not what is missing.",
        ),
    ),
]
