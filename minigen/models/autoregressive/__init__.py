"""Images one pixel after the other: networks with masks, so that no output sees what comes later.

grids      what both have in common: grids of levels, their log-probability, training
made       dense layers
pixelcnn   convolutions
"""
