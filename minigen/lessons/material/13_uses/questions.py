"""What lesson 13 asks: predictions, and five quick questions."""

PREDICTIONS = []
QUESTIONS = []
