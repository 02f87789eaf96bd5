"""Models of sequences: each symbol is given a distribution by those before it.

sequence_model   what they share: a body between an input and an output, the loss, the training
language         over symbols; sampling: how the next one is drawn
transformer      a body in which every place looks at all before it
ngram            counting: the baseline that stands beside every net of text
"""
