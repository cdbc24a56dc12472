"""The sheets of small pictures that a map shows when it is looked at from near."""

from __future__ import annotations

import base64
import gzip
import io
import json
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from atlas_assets.stages.bundle import bundle
from atlas_tests.bundle import synthetic

N = 600
COLOURS = [(250, 10, 10), (10, 250, 10), (10, 10, 250)]


def held(i: int) -> str | None:
    """Entity i has a picture in one of three colours, wider than high; one in ten has none."""
    if i % 10 == 9:
        return None
    stored = io.BytesIO()
    Image.new("RGB", (40, 20), COLOURS[i % 3]).save(stored, "PNG")
    return "data:image/png;base64," + base64.b64encode(stored.getvalue()).decode()


def made(folder: Path, pictures: list[str | None]) -> tuple[dict, bundle.BundleReport]:
    report = synthetic.build(
        folder,
        len(pictures),
        entities=synthetic.entities(len(pictures)).with_columns(face=pl.Series(pictures, dtype=pl.String)),
        fields=[*synthetic.FIELDS, {"name": "face", "label": "Face", "type": "image", "unit": None}],
    )
    return json.loads((folder / "manifest.json").read_text()), report


def test_every_row_has_its_picture_on_a_sheet_or_a_square_to_be_seen_through(tmp_path: Path) -> None:
    manifest, report = made(tmp_path, [held(i) for i in range(N)])
    album = manifest["pictures"]
    assert album["field"] == "face"
    assert album["side"] == 40  # no larger than the pictures themselves
    sheets = json.loads(gzip.decompress((tmp_path / album["sheets"]["path"]).read_bytes()))
    assert len(sheets) == 3
    per_sheet = album["across"] ** 2
    opened = [np.asarray(Image.open(tmp_path / sheet["path"]).convert("RGBA")) for sheet in sheets]
    for row, text in enumerate(bundle.read(tmp_path).ids):
        entity, at = int(text) // 3, row % per_sheet
        y, x = ((at // album["across"]) * 40 + 20, at % album["across"] * 40 + 20)
        pixel = opened[row // per_sheet][y, x].astype(int)
        if entity % 10 == 9:
            assert pixel[3] == 0
        else:
            assert pixel[3] == 255
            assert np.abs(pixel[:3] - COLOURS[entity % 3]).max() < 30
    assert report.first_paint_bytes < 60_000  # nothing of it is loaded before the map is looked at


def test_a_map_without_pictures_of_its_own_has_no_sheets(tmp_path: Path) -> None:
    manifest, report = made(tmp_path, ["https://example.org/a.png"] * 30)
    assert "pictures" not in manifest
    assert not [note for note in report.notes if "face" in note]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    manifest, report = made(tmp_path, [held(0), held(1), "data:image/png;base64,AAAA", None])
    assert manifest["pictures"]["field"] == "face"
    assert "face: 1 pictures cannot be read and are not on the map" in report.notes
