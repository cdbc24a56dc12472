"""The default source: the Python that is installed, as files and the names they use."""
