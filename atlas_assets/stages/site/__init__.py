"""The site, its viewer, poster and downloads."""
