"""Text tables however they were written: the encoding, the separator, the quotation marks and the header are found.

What is found on the first lines is a guess until a second count has gone over the whole file, by other rules than the
reader's. Nothing here decides what a column means.
"""
