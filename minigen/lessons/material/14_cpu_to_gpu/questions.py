"""What lesson 14 asks: predictions, and five quick questions."""

PREDICTIONS = []
QUESTIONS = []
