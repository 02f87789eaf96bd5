"""What lesson 0 asks: predictions, and five quick questions."""

PREDICTIONS = []
QUESTIONS = []
