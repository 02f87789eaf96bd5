"""What lesson 7 asks: predictions, and five quick questions."""

PREDICTIONS = []
QUESTIONS = []
