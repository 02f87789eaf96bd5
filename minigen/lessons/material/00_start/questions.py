"""What lesson 0 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "00.a",
        "'a' if half < 30 else 'b' if half < 300 else 'c'",
        "What all digits have in common, such as the dark border, is learnt at once and is most of the fall. What "
        "makes one digit different from another comes later, and in smaller steps.",
        choices="abc",
    ),
    Prediction(
        "00.b",
        "'b' if new_light['codes'] > 0.02 else 'a'",
        "The codes in between have images of their own. Only a walk on the pixels shows both images at once.",
        choices="ab",
    ),
]

QUESTIONS = [
    Question(
        "What does the model learn from?",
        (
            "From images and the digit that each of them shows.",
            "From rules for drawing lines and loops.",
            "From images alone.",
        ),
        right=2,
        because=(
            "The labels are not used: nobody tells it which digit an image shows.",
            "There are no such rules in the program. It changes weights so that the images become more probable.",
            "It is shown a hundred images at each step, and nothing else.",
        ),
    ),
    Question(
        "What is a code?",
        (
            "A list of a few numbers from which the model draws an image.",
            "The label of an image, from 0 to 9.",
            "An image with fewer pixels.",
        ),
        right=0,
        because=(
            "A point in a space of a few dimensions; the model turns each such point into an image.",
            "The model has no labels. Its codes are points between which one can walk.",
            "The numbers of a code are no pixels: all of them together decide about every pixel.",
        ),
    ),
    Question(
        "A walk on the pixels: how bright can a pixel get on the way?",
        (
            "Brighter than at both ends.",
            "At most as bright as at the brighter one of the two ends.",
            "Always as bright as at the start.",
        ),
        right=1,
        because=(
            "A weighted mean of two numbers, with weights t and 1 - t from 0 to 1, is never above the larger one.",
            "It is a weighted mean of the two ends, so no stroke can appear that neither of them has.",
            "It changes step by step from its brightness at the start to that at the end.",
        ),
    ),
    Question(
        "A loss of 122 was reached. What do you need to know before you call that good?",
        (
            "Nothing: it is far below the loss of the first step.",
            "How long the training took.",
            "The loss of a simple program, such as one that always answers with the mean image.",
        ),
        right=2,
        because=(
            "The first step has random weights, and nearly everything is better than that.",
            "A long training can end with a bad model, and a short one with a good one.",
            "That is a baseline. Only what lies below it was learnt about single images.",
        ),
    ),
    Question(
        "The check of an exercise says 'not written yet'. What has happened?",
        (
            "Something is broken: install the course again.",
            "Nothing yet. Every exercise begins like this; write the function and save the file.",
            "Your function has a mistake.",
        ),
        right=1,
        because=(
            "This message is the start of every exercise, and not a fault.",
            "Red is the start. If you have written something, the file may not be saved.",
            "A mistake gets another message, which says which entry is wrong and most often why.",
        ),
    ),
]
