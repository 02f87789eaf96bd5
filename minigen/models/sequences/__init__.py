"""Models of sequences: each symbol is given a distribution by those before it."""
