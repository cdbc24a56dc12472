"""Pictures as entities: in folders, named by a table, or inside of one; what cannot be read is left out and said."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from atlas_assets.errors import AtlasError
from atlas_assets.sources.pictures.pixels import look
from atlas_tests.cases import read_files

SIDE = 40


def stripes(*, upright: bool, seed: int, mode: str = "RGB") -> Image.Image:
    """Stripes of a width of 10, upright or lying, with a little noise."""
    at = (np.arange(SIDE) // 10 % 2) * 200.0
    grey = np.broadcast_to(at if upright else at[:, None], (SIDE, SIDE))
    noisy = np.clip(grey + np.random.default_rng(seed).normal(20, 5, (SIDE, SIDE)), 0, 255).astype(np.uint8)
    return Image.fromarray(noisy).convert(mode)


def encoded(picture: Image.Image) -> bytes:
    stored = io.BytesIO()
    picture.save(stored, "PNG")
    return stored.getvalue()


def album(place: Path) -> None:
    for kind, upright in (("upright", True), ("lying", False)):
        (place / "pics" / kind).mkdir(parents=True)
        for i in range(8):
            stripes(upright=upright, seed=10 * upright + i).save(place / "pics" / kind / f"{kind[0]}{i}.png")


def test_a_folder_of_pictures_is_a_map_of_them(place: Path) -> None:
    album(place)
    (place / "pics" / "upright" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (place / "pics" / "notes.txt").write_text("not a picture", encoding="utf-8")
    got = read_files(place, "images", "pics")
    assert got.report["rows"] == 16
    assert "1 pictures that cannot be read were left out; the first is upright/broken.jpg" in got.notes
    assert got.entities["id"][0] == "lying/l0.png"
    assert got.entities["label"][0] == "l0"
    assert got.fields == {"picture": "image", "folder": "category", "width": "number", "height": "number"}
    assert got.vectors.shape == (16, 32 * 32)  # grey: one number for each pixel
    far = ((got.vectors[:, None] - got.vectors) ** 2).sum(axis=2) + np.eye(16) * 1e9
    folders = got.entities["folder"].to_numpy()
    assert (folders[far.argmin(axis=1)] == folders).all()
    thumbnail = Image.open(io.BytesIO(base64.b64decode(got.entities["picture"][0].partition(",")[2])))
    assert thumbnail.size == (SIDE, SIDE)


@pytest.mark.parametrize("held", ["path", "bytes", "struct"])
def test_a_column_of_a_table_names_or_holds_pictures(held: str, place: Path) -> None:
    album(place)
    names = [f"pics/{kind}/{kind[0]}{i}.png" for kind in ("upright", "lying") for i in range(8)]
    inside = [(place / name).read_bytes() for name in names]
    table = pa.table(
        {"id": list(range(16)), "title": [f"T{i}" for i in range(16)], "year": [1900 + i for i in range(16)]}
    )
    column: pa.Array = pa.array(names)
    if held == "bytes":
        column = pa.array(inside)
    if held == "struct":
        column = pa.array([{"bytes": one, "path": None} for one in inside])
    pq.write_table(table.append_column("image", column), place / "t.parquet")
    got = read_files(place, "images", "t.parquet", column="image")
    assert got.spec.source.options.column == "image"
    assert got.entities["label"].to_list() == [f"T{i}" for i in range(16)]
    assert got.fields == {"picture": "image", "year": "year", "width": "number", "height": "number"}
    first = np.asarray(Image.open(place / names[0]).convert("L").resize((32, 32), Image.Resampling.BOX)) / 255
    np.testing.assert_allclose(got.vectors[0].reshape(32, 32), first, atol=0.01)


def test_a_picture_is_upright_and_on_white(tmp_path: Path) -> None:
    turned = Image.new("RGB", (20, 10), "red")
    exif = turned.getexif()
    exif[0x0112] = 6  # the camera was held on its side
    turned.save(tmp_path / "t.jpg", exif=exif)
    seen = look(tmp_path / "t.jpg", side=8, thumbnail=20)
    assert Image.open(io.BytesIO(base64.b64decode(seen.thumbnail.partition(",")[2]))).size == (10, 20)
    clear = encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0)))
    assert (look(clear, side=8, thumbnail=8).pixels == 255).all()


def test_what_holds_no_pictures_is_refused(place: Path) -> None:
    (place / "empty").mkdir()
    with pytest.raises(AtlasError, match=r"is a folder without pictures.*--column"):
        read_files(place, "images", "empty")
    pl.DataFrame({"id": ["a", "b"], "image": ["x.png", "y.png"]}).write_csv(place / "t.csv")
    with pytest.raises(AtlasError, match=r"has 0 pictures that can be read, and of a it is said.*No such file"):
        read_files(place, "images", "t.csv", column="image")
    with pytest.raises(AtlasError, match=r"'imgae' is missing.*Did you mean 'image'"):
        read_files(place, "images", "t.csv", column="imgae")
    with pytest.raises(AtlasError, match="--column goes with --images"):
        read_files(place, "table", "t.csv", column="image")
