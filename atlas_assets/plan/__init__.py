"""What there is to make, what of it is due, and what it costs. Nothing here makes anything."""
