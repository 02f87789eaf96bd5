"""The same training steps in each framework, a file for each with the same names, to be compared line by line."""
