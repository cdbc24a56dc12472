"""Maps of anything that keeps company: from collections of entities to a map in the browser, as Dagster assets."""

__version__ = "0.1.0"
