"""Hostile inputs, a line each: what a file or a defs.yaml holds, and whether it is read or refused.

To add one, add a line to a table. Whatever it is, nothing but an AtlasError may come of it.
"""
