"""What lesson 7 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "07.a",
        "sizes[28, 5, 2, 0]",
        because="The starts are 0, 2, 4, ..., 22; a kernel of 5 that started at 24 would reach pixel 28, and the last "
        "pixel is number 27.",
        tolerance=0.0,
    ),
    Prediction(
        "07.b",
        "'b' if np.isclose(*sums) else 'a'",
        because="The second function is the transpose of the first, and that is all that the test asks. That the "
        "first is not the convolution is another matter, and needs another test.",
        choices="abc",
    ),
    Prediction(
        "07.c",
        "'a' if errors['transposed'] < errors['repeated'] else 'b'",
        because="The transposed convolution is no inverse. Its picture is too weak by a factor of about four, because "
        "nothing in a transpose makes up for what the stamps add up to.",
        choices="ab",
    ),
]

QUESTIONS = [
    Question(
        "An axis has 30 pixels, the kernel 4, the stride is 3, the padding 1 on each side. How many outputs are there?",
        ("9", "11", "10"),
        right=2,
        because=(
            "(30 + 2 - 4) / 3 is 9.33, rounded down 9: but the starts are 0, 3, ..., 27, and that makes one more.",
            "that is rounded up: a kernel that starts at 30 needs the pixels 30 to 33, and the padded axis has 32.",
            "(30 + 2 - 4) // 3 + 1 = 10, with starts 0, 3, ..., 27.",
        ),
    ),
    Question(
        "A convolution with kernels of 3 x 3, 16 channels in and 32 out, is applied to images of 28 x 28. How many "
        "weights has it, without biases?",
        ("3 612 672", "4608", "288"),
        right=1,
        because=(
            "that is a set of weights for each of the 784 places; the places share theirs.",
            "3 * 3 * 16 * 32: each of the 32 kernels sees all 16 channels. The image's size does not enter.",
            "that is 3 * 3 * 32: but each of the 32 kernels has weights for each of the 16 channels.",
        ),
    ),
    Question(
        "Your conv_forward and conv_dx pass the adjoint test with random numbers. What follows?",
        (
            "conv_dx is the transpose of conv_forward, whatever conv_forward computes",
            "both are right, because no accident could make the sums equal",
            "conv_dx is right up to a sign, because products do not show signs",
        ),
        right=0,
        because=(
            "so test conv_forward by itself, against its definition.",
            "a convolution with a turned kernel and its own transpose pass as well.",
            "with a wrong sign the two sums would have opposite signs, and differ.",
        ),
    ),
    Question(
        "In conv_dx a student writes = instead of +=. For which convolution is the result right all the same?",
        (
            "kernel 3, stride 1, padding 1, because the size stays the same",
            "kernel 4, stride 2, because the stride divides the kernel",
            "kernel 2, stride 2, because no pixel lies in two windows",
        ),
        right=2,
        because=(
            "windows overlap, so a pixel gets something from up to nine of them.",
            "each pixel gets the same number of stamps, but it gets four, and only the last would be left.",
            "each pixel gets one stamp; that is why a check needs overlapping windows.",
        ),
    ),
    Question(
        "Why does conv2d_transpose have the argument output_size?",
        (
            "because a transposed convolution can enlarge by any factor",
            "because with a stride several input sizes give the same output size, and it cannot know which one it was",
            "because the padding has to be added again",
        ),
        right=1,
        because=(
            "the factor is the stride; only the few pixels that are left over at the end are free.",
            "with a stride s there are s of them, such as 27 and 28 for a kernel of 3 with stride 2 and padding 1.",
            "the padding is cut off, and by how much is known from the argument padding.",
        ),
    ),
]
