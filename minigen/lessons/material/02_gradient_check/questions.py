"""What lesson 2 asks: predictions, and five quick questions."""

PREDICTIONS = []
QUESTIONS = []
