"""What lesson 23 asks: predictions, and five quick questions."""

from minigen.lessons import Prediction, Question

PREDICTIONS = [
    Prediction(
        "23.a",
        "bounds[1]",
        because="The bound is never above log N, and log 4 = 1.39: among few names a loss cannot show more.",
        unit="nats",
        tolerance=0.05,
    ),
    Prediction(
        "23.b",
        "'a' if first['held out'] > 0.9 else 'b' if first['held out'] > 0.5 else 'c'",
        because="Four names have the same words, or two: a bag of words gives all of them the same vector, and one "
        "has to guess among them.",
        choices="abc",
    ),
    Prediction(
        "23.c",
        "'a' if told[3.0] > told[0.0] and spread[3.0] < spread[0.0] else 'b' if told[3.0] > told[0.0] else 'c'",
        because="Away from what is any digit means away from the borders between digits: what is left is clearer, and "
        "less varied.",
        choices="abc",
    ),
]

QUESTIONS = [
    Question(
        "A contrastive loss is 0.3 nats in batches of 1000, and another model's is 0.2 nats in batches of 100. Which "
        "model has shown more mutual information?",
        ("the first", "the second, since its loss is lower", "both the same"),
        right=0,
        because=(
            "log 1000 - 0.3 = 6.6 nats, against log 100 - 0.2 = 4.4.",
            "Choosing among 100 is easier: a loss means something only beside log N.",
            "The bounds are log N - loss, and differ.",
        ),
    ),
    Question(
        "All similarities of a model are equal. What is its recall@10 among 1000 items?",
        ("0", "1 %", "100 %, since no item is more similar than the right one"),
        right=1,
        because=(
            "In random order the right one is among the first ten now and then.",
            "k / M, what chance gets: ties count as if they stood in random order.",
            "Then the worst model of all would be perfect: ties have to be shared out.",
        ),
    ),
    Question(
        "Why is a low temperature needed?",
        (
            "so that the gradients are small",
            "so that the vectors have length 1",
            "since cosines lie between -1 and 1, and a softmax of such numbers is never sure",
        ),
        right=2,
        because=(
            "It makes them larger, if anything.",
            "They have it by division.",
            "Among 64 pairs and at t = 1, the best loss is above 3 nats, however good the encoders are.",
        ),
    ),
    Question(
        "Two experts say N(0, 1) and N(4, 1) of a number z, whose prior is N(0, 1). What is their product?",
        ("N(4/3, 1/3)", "N(2, 1/2)", "N(2, 5), which is wide as they disagree"),
        right=0,
        because=(
            "Precisions add up to 3, the prior's with them, and the mean is 4 of 3.",
            "The prior has its say, too.",
            "That is how a mixture behaves; a product is narrower than each of its experts, even if they disagree.",
        ),
    ),
    Question(
        "What is lost with strong guidance?",
        (
            "examples look less like their class",
            "the variety of the examples",
            "the speed of the network, and nothing else",
        ),
        right=1,
        because=(
            "They look more like it: a classifier is surer of them.",
            "All move to where the class is least like the others, and become alike.",
            "It does cost two evaluations a step, but the samples change as well.",
        ),
    ),
]
