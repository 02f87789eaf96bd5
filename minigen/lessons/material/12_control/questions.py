"""What lesson 12 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "12.a",
        "'a' if bound(3.0) > information else 'b' if bound(3.0) >= 0 else 'c'",
        because="In the 3 of 10 cases in which Q is wrong, it gives the truth a probability of 0.003, and the "
        "logarithm of that is -5.8. It would be better not to know anything.",
        choices="abc",
    ),
    Prediction(
        "12.b",
        "'a' if errors['VAE-GAN'] < errors['VAE'] else 'b'",
        because="The VAE was trained for this very error. Sharp edges that are a little off cost more than "
        "blurred ones.",
        choices="ab",
    ),
    Prediction(
        "12.c",
        "right['Blind']",
        because="That is what guessing one of eight clusters gives. Nothing in the losses knows what was asked for.",
        unit="per cent",
        tolerance=0.4,
    ),
]
QUESTIONS = [
    Question(
        "What does z describe in a conditional VAE that is trained well?",
        (
            "the class, and how it is written",
            "what the class does not say, such as slant and width",
            "nothing: the class says it all",
        ),
        right=1,
        because=(
            "Saying the class again would cost KL, and the decoder is told the class anyway.",
            "The decoder knows the class already; z pays KL only for what helps besides.",
            "Digits of one class differ, and without z the decoder could only draw their mean.",
        ),
    ),
    Question(
        "InfoGAN's bound has reached log K. What is certain?",
        (
            "that each category is one of the data's classes",
            "that the fakes look real",
            "that the category can be read off the fake",
        ),
        right=2,
        because=(
            "The bound asks for information and not for meaning: categories may split the data in any way.",
            "The bound says nothing about real examples; that is what the GAN's own losses are for.",
            "Q names it with certainty, and I(c; x) cannot be more than log K.",
        ),
    ),
    Question(
        "Q is a poor guess of P(c|x). What does that do to the bound?",
        (
            "it stays a bound, but a lower one",
            "it may become larger than the true information",
            "nothing, as Q does not occur in I(c; x)",
        ),
        right=0,
        because=(
            "What is lost is KL(P || Q), which is never below 0.",
            "The difference is KL(P || Q), which is never below 0, so the bound is never too large.",
            "It does not occur in I, but in the bound: the poorer Q is, the farther below I the bound lies.",
        ),
    ),
    Question(
        "Why does the VAE-GAN's discriminator not learn from L_like?",
        (
            "because features have no gradient",
            "because it could make all features zero, and then any two images would be alike",
            "because L_like is the encoder's alone",
        ),
        right=1,
        because=(
            "They have one: the decoder and the encoder learn through them.",
            "Features that are all the same make L_like vanish, and teach nobody anything.",
            "The decoder learns from it too, with the weight gamma.",
        ),
    ),
    Question(
        "After AdaIN a channel has the mean `shift`. What was its mean before?",
        (
            "it cannot be told: the channel was standardised first",
            "the same, as AdaIN keeps the mean",
            "zero, as all channels have",
        ),
        right=0,
        because=(
            "The old mean and deviation are taken out, so each layer's style replaces the one before it.",
            "The old mean is subtracted, and the style's shift is added.",
            "Only after the standardisation; before, it was what the layers before it made.",
        ),
    ),
]
