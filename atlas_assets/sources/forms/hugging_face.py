"""Folders that Hugging Face's ``datasets`` writes: which files in them are the data, and what classes are called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from atlas_assets.errors import DataError, Found

_SPLITS, _STATE, _METADATA = "dataset_dict.json", "state.json", b"huggingface"


def data_files(folder: Path, name: str) -> list[Path] | None:
    """The files of rows of a saved data set, in order; None for any other folder. name: as the user wrote it.

    Raises DataError where a split must be named.
    """
    if (folder / _SPLITS).is_file():
        splits = _json(folder / _SPLITS).get("splits") or []
        if len(splits) != 1:
            first = splits[0] if splits else "train"
            raise DataError(
                file=name,
                where="",
                found=Found(f"is a data set of {len(splits)} splits ({', '.join(splits)})"),
                expected="one of them",
                remedy=f"Name it: {name.rstrip('/')}/{first}; several can be given one after the other.",
            )
        folder = folder / splits[0]
    if not (folder / _STATE).is_file():
        return None
    listed = _json(folder / _STATE).get("_data_files")
    return [folder / one["filename"] for one in listed] if listed else None


def class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """Of columns that hold numbers of classes, what these are called."""
    stored = (schema.metadata or {}).get(_METADATA)
    try:
        features = json.loads(stored)["info"]["features"] if stored else {}
    except (ValueError, KeyError, TypeError):
        return {}
    return {
        name: feature["names"]
        for name, feature in features.items()
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and feature.get("names")
    }


def named(column: pa.Array, names: list[str]) -> pa.Array:
    """Numbers of classes as their names; none for those that are no class, such as -1."""
    values = [names[value] if value is not None and 0 <= value < len(names) else None for value in column.to_pylist()]
    return pa.array(values, pa.string())


def _json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            file=path,
            where="",
            found=Found(f"cannot be read ({error})"),
            expected="what datasets' save_to_disk writes",
            remedy="Save the data set again, or give its .arrow files.",
        ) from error
