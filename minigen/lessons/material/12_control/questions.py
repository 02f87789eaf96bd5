"""What lesson 12 asks: predictions, and five quick questions."""

PREDICTIONS = []
QUESTIONS = []
