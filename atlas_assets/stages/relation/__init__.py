"""Who keeps company with whom, and how closely: up to the neighbour graph."""
