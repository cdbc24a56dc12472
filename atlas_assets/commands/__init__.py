"""Commands of ``atlas`` that need no Dagster."""
