"""What ``atlas new`` makes of pictures."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from atlas_assets.sources import tables
from atlas_assets.sources.forms.form import Options
from atlas_assets.sources.infer import Inference
from atlas_assets.sources.pictures.pixels import look_at_all, vectors_of
from atlas_assets.sources.pictures.read import find, those_that_are
from atlas_assets.sources.roles.vectors import guess_id
from atlas_assets.sources.rows.infer import as_written

_FIRST = 200  # pictures that are opened
_SIDE, _THUMBNAIL = 32, 64
_SHOWN = 3


def infer_pictures(
    images: Sequence[str],
    *,
    column: str | None = None,
    base: Path = Path(),
    options: Options | None = None,
    roles: Mapping[str, str] | None = None,
) -> Inference:
    """Look at the first pictures of a folder, or of a column of a table; paths as in defs.yaml.

    roles: the columns of id and label, where they are known. Raises DataError where pictures cannot be read.
    """
    roles = roles or {}
    name, label = roles.get("id"), {"label": roles["label"]} if "label" in roles else {}
    with tempfile.TemporaryDirectory(prefix="atlas-") as place:
        scratch, whole = Path(place), None
        if column is not None:
            located = tables.located(images, base=base, scratch=scratch / "look", role="entities", options=options)
            whole = tables.collect(tables.scan(located[0]), located[0])
            for role, one in roles.items():
                tables.column(located[0], whole.columns, one, field=f"--{role}")
            name = name or guess_id(whole, [one for one in whole.columns if one != column])[0]
        album = find(
            images,
            column=column,
            columns={"id": name} if name else {},
            entity_columns=label,
            fields=None,
            base=base,
            scratch=scratch,
            options=options,
        )
        some = look_at_all(album.sources[:_FIRST], side=_SIDE, thumbnail=_THUMBNAIL, progress=lambda _: None)
        pictures, are, left = those_that_are(some, album)
    fields, guessed = as_written(whole, name, album.fields) if whole is not None else ({}, {})
    shown = album.table.head(len(some)).filter(are).head(_SHOWN)
    return Inference(
        "vectors",
        {"id": name} if name else {},
        label or guessed,
        fields,
        [*album.notes, *left, f"{len(album.sources):,} pictures, compared by their pixels: {_SIDE} × {_SIDE}"],
        n_entities=len(album.sources),
        n_numbers=vectors_of(pictures).shape[1],
        examples=[
            f"{called}: {picture.width} × {picture.height} pixels"
            for called, picture in zip(shown["label"], pictures, strict=False)
        ],
        metric="euclidean",
        picture_column=column,
    )
