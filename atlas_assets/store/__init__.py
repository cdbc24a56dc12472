"""Artifacts on disk or in an object store: versions, pointers, locks, and what goes when."""
