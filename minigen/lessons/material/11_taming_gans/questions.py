"""What lesson 11 asks: predictions, and five quick questions."""

PREDICTIONS = []
QUESTIONS = []
