"""What lesson 4 asks: predictions, and five quick questions."""

PREDICTIONS = []
QUESTIONS = []
