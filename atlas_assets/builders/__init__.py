"""How each artifact is made from stored ones: one function per stage."""
