"""What lesson 6 asks: predictions, and five quick questions."""

PREDICTIONS = []
QUESTIONS = []
