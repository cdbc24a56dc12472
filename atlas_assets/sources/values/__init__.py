"""What values mean: one parser for every kind, which tells how a column is written, what fits, and what does not.

``atlas new`` guesses by the same parsers that ``atlas run`` reads with, so that what the one says the other does.
"""
