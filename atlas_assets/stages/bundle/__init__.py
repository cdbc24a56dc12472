"""The files that the site loads."""
