"""The manifest of a bundle, which describes everything else in it: checked against its schema, and small."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from atlas_assets.errors import AtlasError, DataError, Found
from atlas_assets.stages.bundle import encoding
from atlas_assets.stages.quality.measures import DECISIVE

SCHEMA = Path(__file__).with_name("bundle_schema.json")
MAX_BYTES = 50_000  # it is the first thing every visitor waits for


def as_bytes(manifest: dict[str, Any]) -> bytes:
    """The manifest as compact JSON of at most MAX_BYTES, valid by the schema.

    A manifest that is too long loses what a reader can do without, in this order: versions of single partitions, then
    figures of projections that are not the default, all but the decisive ones first, then which maps are missing.
    """
    manifest = json.loads(encoding.encode_json(manifest))  # a copy: what is trimmed here stays with the caller
    for trim in (lambda _: None, _trim_provenance, _trim_figures, _drop_figures, _drop_missing):
        trim(manifest)
        data = encoding.encode_json(manifest)
        if len(data) <= MAX_BYTES:
            _check_schema(manifest)
            return data
    raise AtlasError(
        f"The manifest of {manifest['atlas']['name']} has {len(data):,} bytes; expected at most "
        f"{MAX_BYTES:,}, as every visitor loads it first. Its {len(manifest['projections'])} projections and "
        f"{len(manifest['columns'])} columns take most of it: sweep fewer points, or read fewer fields."
    )


def _trim_provenance(manifest: dict[str, Any]) -> None:
    made_of = manifest["provenance"].get("artifacts", {})
    # A partition's key follows the stage's name after a slash; the stages that are not swept stay.
    manifest["provenance"]["artifacts"] = {name: value for name, value in made_of.items() if "/" not in name}


def _trim_figures(manifest: dict[str, Any]) -> None:
    for projection in _others(manifest):
        projection["figures"] = [figure for figure in projection["figures"] if figure["name"] in DECISIVE]


def _drop_figures(manifest: dict[str, Any]) -> None:
    for projection in _others(manifest):
        projection["figures"] = []


def _drop_missing(manifest: dict[str, Any]) -> None:
    manifest.pop("missing", None)


def _others(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for entry in manifest["projections"] if entry["key"] != manifest["default"]["projection"]]


@cache
def _schema() -> dict[str, Any]:
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


def _check_schema(manifest: dict[str, Any]) -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    errors = list(Draft202012Validator(_schema()).iter_errors(manifest))
    if errors:
        worst = best_match(errors)
        raise DataError(
            file="manifest.json",
            where=worst.json_path,
            found=Found(f"does not fit the schema: {worst.message}"[:300]),
            expected="what bundle_schema.json describes",
            remedy="Mend the field's description in the spec or source.",
        )
