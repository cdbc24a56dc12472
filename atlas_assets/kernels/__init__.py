"""Inner loops (numba, torch), each beside the naive reference its test compares it with."""
