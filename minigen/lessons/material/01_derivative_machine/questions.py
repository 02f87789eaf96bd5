"""What lesson 1 asks: predictions, and five quick questions."""

PREDICTIONS = []
QUESTIONS = []
