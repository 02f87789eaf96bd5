"""What lesson 8 asks: predictions, and five quick questions."""

PREDICTIONS = []
QUESTIONS = []
