"""Atlases for programs that reason: their questions and answers by the Model Context Protocol (``atlas mcp``)."""
