"""What lesson 6 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "06.a",
        "'a' if np.median(ratios[0]) < 20 else 'b' if np.median(ratios[0]) <= 1000 else 'c'",
        because="log p(x|z) is a large negative number for every z near the code, and this constant is multiplied by "
        "noise.",
        choices="abc",
    ),
    Prediction(
        "06.b",
        "np.median(ratios[1])",
        because="Almost all of the scatter came from the constant, and the baseline removes it. Beside a score "
        "function with a baseline, the gain of one derivative is modest in two dimensions.",
        digits=2,
        tolerance=0.3,
    ),
    Prediction(
        "06.c",
        "'b' if report else 'a'",
        because="The derivatives are right: they are the derivatives of the wrong function.",
        choices="ab",
    ),
    Prediction(
        "06.d",
        "used[1]",
        because="A weight of 4 acts like a decoder with four times the noise variance: more latents explain less than "
        "that, and are switched off.",
        unit="of 20",
        tolerance=0.25,
    ),
]

QUESTIONS = [
    Question(
        "The bound of a digit is -98 nats and its log p(x) is -95. What are the 3 nats between them?",
        (
            "KL(q(z|x) || p(z))",
            "KL(q(z|x) || p(z|x))",
            "the error of the reconstruction",
        ),
        right=1,
        because=(
            "this KL is a term of the bound itself; it is not the gap",
            "ELBO = log p(x) - KL(q || posterior): the gap is how far the encoder is from the true posterior",
            "the reconstruction is a term of the bound; the gap is 0 if q is the posterior, however poor the decoder",
        ),
    ),
    Question(
        "The encoder gives log_var = -4. What is the standard deviation of z?",
        ("e^-4 = 0.018", "e^-2 = 0.135", "4"),
        right=1,
        because=(
            "that is the variance",
            "the deviation is the root of e^log_var, which is e^(log_var / 2)",
            "log_var is a logarithm, and -4 stands for a small variance",
        ),
    ),
    Question(
        "Why is z written as mean + std * noise?",
        (
            "so that z is normally distributed",
            "so that the noise can be switched off in a test",
            "so that mean and std are in a function of z with a derivative, and the randomness is not",
        ),
        right=2,
        because=(
            "it is normally distributed either way; drawing it directly leaves no path for a gradient",
            "that is possible, and not the reason",
            "then the gradient of an average is the average of gradients, and one sample is enough for training",
        ),
    ),
    Question(
        "A loss is 'squared error, averaged over 784 pixels, + KL'. What is wrong with it?",
        (
            "nothing: only the scale of the learning rate changes",
            "the squared error is no likelihood",
            "the KL weighs 784 times too much beside the squared error",
        ),
        right=2,
        because=(
            "a common factor would only change the scale, but this one is on one of two terms",
            "it is: that of a Gaussian decoder, up to a constant and the factor 1 / (2 sigma^2)",
            "log-probabilities of independent pixels add up; the average acts like a beta of 784, and latents collapse",
        ),
    ),
    Question(
        "In a linear VAE, a latent's KL is 0 after training. What does that mean?",
        (
            "what it could explain is less than the decoder's noise, so the best solution does without it",
            "training has failed and has to be repeated with another seed",
            "the latent is perfectly encoded",
        ),
        right=0,
        because=(
            "for lambda < sigma^2 the likelihood itself is largest at w = 0",
            "another seed gives the same: it is the optimum",
            "q = p for every x: the latent says nothing about x",
        ),
    ),
]
