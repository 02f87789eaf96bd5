"""Models that give one thing after the other.

ngram      counting: symbols given the few before them, the baseline of every net of text
pixelcnn   a grid of words, each given those before it
"""
