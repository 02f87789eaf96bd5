"""What lesson 5 asks: predictions, and five quick questions."""

PREDICTIONS = []
QUESTIONS = []
