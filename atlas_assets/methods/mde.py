"""The embedding itself, where it has as many dimensions as the map."""

from __future__ import annotations

from atlas_assets.methods.method import Method
from atlas_assets.methods.pca import lay_out  # of as many axes as there are: the embedding, turned

METHOD = Method(
    name="mde",
    label="MDE",
    nickname="Balance",
    about="Pulls neighbours together and pushes strangers apart until both balance.",
    parameters={},
    sources=("embedding",),
    lay_out=lay_out,
)
