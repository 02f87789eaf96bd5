"""What lesson 5 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "05.a",
        "'c' if max(errors) > 1.02 * values[2:].sum() else 'b' if np.mean(apart) > 10 else 'a'",
        because="Other matrices give the same product: only the plane is determined. There are no bad minima here, so "
        "each start reaches the error of PCA.",
        choices="abc",
    ),
    Prediction(
        "05.b",
        "bent",
        because="The bent surface comes nearer to the digits than any flat plane. But two numbers are few: most of the "
        "error of the mean image is still there.",
        tolerance=0.15,
    ),
    Prediction(
        "05.c",
        "'c' if shares[-1][1] < 0.8 * shares[0][1] else 'a' if shares[-1][1] > 1.2 * shares[0][1] else 'b'",
        because="Digits use an ever smaller part of the space of codes, and the fitted normal distribution covers much "
        "else.",
        choices="abc",
    ),
]

QUESTIONS = [
    Question(
        "Two different images get the same code. What is the best reconstruction under the squared error?",
        ("either of the two images", "the mean of both images", "the image that is more frequent in the data"),
        right=1,
        because=(
            "then the other image has the full error; the mean halves the distance to both, and squares reward that",
            "the sum of squared distances is smallest at the mean, which is why reconstructions are blurred",
            "the more frequent image has more weight, but the optimum is still a weighted mean, not one of them",
        ),
    ),
    Question(
        "An autoencoder with d = 784 numbers in the code reaches an error of 0 on MNIST. What has it learned?",
        (
            "possibly nothing: it may copy its input",
            "all that can be known about digits",
            "the principal components",
        ),
        right=0,
        because=(
            "with as many numbers as pixels the identity has the error 0, and it says nothing about digits",
            "an error of 0 needs no knowledge of digits when the code has room for every pixel",
            "with d = 784 every invertible matrix has the error 0; nothing singles out the components",
        ),
    ),
    Question(
        "A linear autoencoder with d = 2 has reached its smallest error. What are the two rows of its decoder?",
        (
            "the first two principal axes, in order",
            "the first two principal axes, in any order and with any sign",
            "any two vectors that span the plane of these axes",
        ),
        right=2,
        because=(
            "nothing in the loss orders them",
            "order and sign are not the only freedom: any invertible M may mix the rows",
            "A M and M^-1 B give the same reconstructions, so only the plane is determined",
        ),
    ),
    Question(
        "Why does z from N(0, 1) give poor images in the decoder of an autoencoder?",
        (
            "the decoder was trained for too few steps",
            "the loss never asked the codes to be distributed as N(0, 1)",
            "random numbers cannot be decoded",
        ),
        right=1,
        because=(
            "more steps make the reconstructions better; the codes still lie elsewhere",
            "the decoder has only seen the codes of real digits, and those lie where training happened to put them",
            "a VAE's decoder turns random numbers into digits: it was trained on such codes",
        ),
    ),
    Question(
        "The classifier is 99.9 % sure that an image is a 3. What does that say about the image?",
        (
            "it looks like a 3",
            "of the answers that the classifier may give, 3 fits best; it need not look like a digit at all",
            "it is in the training set",
        ),
        right=1,
        because=(
            "only if the classifier was also trained on images that are no digits: otherwise it can be sure of noise",
            "probabilities are shared out among the answers that exist, and one of the ten must win",
            "a classifier is sure of many images that it has never seen",
        ),
    ),
]
