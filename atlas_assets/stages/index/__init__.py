"""Entities as dense indices."""
