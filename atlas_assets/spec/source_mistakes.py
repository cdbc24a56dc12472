"""What of a source contradicts the rest of it: keys that only make sense beside others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from atlas_assets.errors import Found, SpecError
from atlas_assets.fields import column_of
from atlas_assets.spec.atlas import AtlasSpec


def source_mistakes(spec: AtlasSpec, file: Path) -> Iterator[SpecError]:
    """Every one of them, said with what to delete or to add."""
    if spec.edges.repeats != "strongest" and spec.kind != "edges":
        yield SpecError(
            file=file,
            field="edges.repeats",
            found=Found(f"is {spec.edges.repeats}, but the source holds {spec.kind}"),
            expected="it only with source.edges",
            remedy="Delete it; of collections, filter.deduplicate says how repeated rows are counted.",
        )
    if spec.source.separator is not None and not (spec.related.company and spec.source.columns.entity):
        yield SpecError(
            file=file,
            field="source.separator",
            found=Found("is given without a column to divide"),
            expected="it beside source.interactions and source.columns.entity",
            remedy="Name the column with the lists in source.columns.entity, or delete it.",
        )
    if spec.source.entity == "collection" and spec.kind != "collections":
        yield SpecError(
            file=file,
            field="source.entity",
            found=Found(f"is collection, but the source holds {spec.kind}"),
            expected="it only with collections",
            remedy="Delete it.",
        )
    if spec.source.columns.distance and (spec.source.columns.weight or spec.edges.repeats == "sum"):
        other = "source.columns.weight" if spec.source.columns.weight else "edges.repeats: sum"
        yield SpecError(
            file=file,
            field="source.columns.distance",
            found=Found(f"is given beside {other}"),
            expected="one of the two: distances are compared, weights are added up",
            remedy="Delete the other.",
        )
    kept = spec.source.fields or {}
    for name in (spec.source.coordinates or []) if kept else []:
        if name not in kept or column_of(kept[name].type) != "numbers":
            yield SpecError(
                file=file,
                field="source.coordinates",
                found=name,
                expected="columns that are numbers among source.fields",
                remedy=f"Add '{name}: {{type: number}}' there.",
            )
    if spec.source.members and spec.source.entity != "collection":
        yield SpecError(
            file=file,
            field="source.members",
            found=Found("is given, but collections are not what is mapped"),
            expected="it only beside entity: collection",
            remedy="Call it entities, or add entity: collection.",
        )
