"""What lesson 10 asks: predictions, and five quick questions."""

PREDICTIONS = []
QUESTIONS = []
