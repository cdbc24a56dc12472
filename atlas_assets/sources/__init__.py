"""Readers: whatever the user has, turned into the canonical tables that the first stage expects."""
