"""What lesson 9 asks: predictions, and five quick questions."""

PREDICTIONS = []
QUESTIONS = []
