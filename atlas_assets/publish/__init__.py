"""Bringing a site to where visitors find it: a folder, an object store, or a branch that GitHub or others serve."""
