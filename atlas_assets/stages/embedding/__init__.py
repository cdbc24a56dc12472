"""The intermediate embedding of the neighbour graph."""
