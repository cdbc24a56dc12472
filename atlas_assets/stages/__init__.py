"""One pure module per artifact: arrays in, arrays out. Nothing here imports Dagster."""
