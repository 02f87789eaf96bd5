"""What lesson 3 asks: predictions, and five quick questions."""

PREDICTIONS = []
QUESTIONS = []
