"""Models that give one thing after the other.

pixelcnn   a grid of words, each given those before it
"""
