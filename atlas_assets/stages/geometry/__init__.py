"""What embeddings and projections share: starts, alignment, isolated entities."""
