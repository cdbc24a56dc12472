"""Named regions of a map."""
