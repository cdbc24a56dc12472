"""How true maps are, and which is recommended."""
