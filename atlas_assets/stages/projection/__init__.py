"""Maps: two or three coordinates per entity."""
