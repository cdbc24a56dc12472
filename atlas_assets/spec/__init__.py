"""What a user writes: the defs.yaml of an atlas, the points of its sweep, and what they mean."""
