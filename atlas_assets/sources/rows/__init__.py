"""Rows of a table as vectors: numbers, categories, lists, dates, yes and no; a column counts as much as any other."""
