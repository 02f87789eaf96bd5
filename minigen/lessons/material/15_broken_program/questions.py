"""What lesson 15 asks: predictions, and five quick questions."""

PREDICTIONS = []
QUESTIONS = []
