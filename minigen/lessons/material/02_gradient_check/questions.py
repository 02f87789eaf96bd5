"""What lesson 2 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "02.a",
        "'abcd'[int(np.argmin(np.abs(np.log10(error_at_1e12) - np.array([-25, -16, -10, -4]))))]",
        "The two values agree in nearly all of their 16 digits; their difference keeps only the few that are left.",
        choices="abcd",
    ),
    Prediction(
        "02.b",
        "shown['no biases']",
        "A random direction moves every weight, the biases too, and sees the sum of all that is wrong.",
        unit="of 100",
        tolerance=0.05,
    ),
    Prediction(
        "02.c",
        "{4: 'a', 2: 'b', 0: 'c'}[found_by['u all ones']]",
        "All ones is a special direction for each of these operations. A random direction finds all four.",
        choices="abc",
    ),
    Prediction(
        "02.d",
        "{(False, True): 'a', (True, False): 'b', (False, False): 'c', (True, True): 'd'}[tuple(passed.values())]",
        "Each gradient fits the values of its own program. The check does not know which values were wanted.",
        choices="abcd",
    ),
]

QUESTIONS = [
    Question(
        "You halve the step of a central difference, well to the right of the valley. Its error becomes",
        ("half as large.", "a quarter as large.", "twice as large.", "no different."),
        right=1,
        because=(
            "That holds for the forward difference, whose error is h f'' / 2.",
            "It is h^2 f''' / 6, and (h / 2)^2 is h^2 / 4.",
            "It grows with a smaller step only to the left of the valley, where rounding rules.",
            "It depends on the step: h^2 f''' / 6.",
        ),
    ),
    Question(
        "Why is a step of 1e-14 a bad one in float64?",
        (
            "The difference of two nearly equal numbers keeps few right digits, and is divided by a small number.",
            "The error of the Taylor series is large for such a step.",
            "Such numbers cannot be represented in float64.",
        ),
        right=0,
        because=(
            "Each value is rounded by about 1e-16 of itself. Divided by h, that is an error of a hundredth.",
            "The series is very exact for small steps. What spoils the result is rounding.",
            "They can: float64 goes down to about 1e-308. But x + h has only 16 digits.",
        ),
    ),
    Question(
        "A check multiplies the outputs by a random u. What does it lose against checking the whole Jacobian?",
        (
            "Half of the errors, on average.",
            "All errors in the rows where u is negative.",
            "Practically nothing: on average it sees all of the error.",
        ),
        right=2,
        because=(
            "The mean of |E u|^2 is the sum of all squared entries of E.",
            "The sign of u does not hide anything: E u is what counts.",
            "E u is 0 only for u in a subspace of fewer dimensions, which random numbers do not hit.",
        ),
    ),
    Question(
        "A rule for the softmax returns zeros. Which upstream gradient does not notice it?",
        ("A random one.", "One with a single 1 and zeros elsewhere.", "None: zeros are always wrong.", "All ones."),
        right=3,
        because=(
            "With random numbers the right gradient is not zero.",
            "Then the right gradient is that of one output, and it is not zero.",
            "There is one for which zeros are right: think of the sum of all outputs.",
            "The outputs add up to 1 whatever x is, so the gradient of their sum is zero.",
        ),
    ),
    Question(
        "All gradients of your model pass the check. What do you know?",
        (
            "The model is right.",
            "The gradients belong to the values that the program computes.",
            "The training will converge.",
        ),
        right=1,
        because=(
            "A wrong formula has a right gradient too: of the wrong formula.",
            "That is all that is compared. Whether the values are the ones you wanted needs a test of its own.",
            "Right gradients do not prevent a learning rate that is too large.",
        ),
    ),
]
