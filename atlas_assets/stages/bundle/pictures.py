"""Pictures for the map: sheets of many small ones, each fetched when its part of the map is looked at.

Only pictures that the atlas holds itself are put on sheets; those that lie elsewhere are shown in details, by their
address, as a build asks no server for them.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import polars as pl
from PIL import Image, ImageOps, UnidentifiedImageError

from atlas_assets import project
from atlas_assets.stages.bundle import encoding
from atlas_assets.stages.bundle.files import Writer

ACROSS = 16
MOST_SIDE = 64  # pixels; thumbnails are as large by default
HELD = r"^data:image/(png|jpeg|webp);base64,"
QUALITY = 70
_SAMPLE = 64  # pictures that say how large all are

UNREADABLE = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    binascii.Error,
    Image.DecompressionBombError,
)


def put(rows: pl.DataFrame, fields: list[dict[str, Any]], out: Writer) -> tuple[dict[str, Any] | None, str | None]:
    """(the manifest's entry or None, a note or None) of the first field that holds pictures; rows in row order.

    A sheet has ACROSS × ACROSS squares, one per row, left to right and down; what a row lacks, or what cannot be read,
    stays see-through. A sheet without any picture is null.
    """
    chosen = next(
        (
            one
            for one in fields
            if one["type"] == "image" and rows[one["name"]].cast(pl.String).str.contains(HELD).any()
        ),
        None,
    )
    if chosen is None:
        return None, None
    held = rows[chosen["name"]].cast(pl.String)
    held = held.set(~held.str.contains(HELD).fill_null(False), None).to_list()
    side = _side([one for one in held if one is not None][:_SAMPLE])
    per_sheet = ACROSS * ACROSS
    parts = [held[begin : begin + per_sheet] for begin in range(0, len(held), per_sheet)]
    with ThreadPoolExecutor(project.cores()) as pool:
        made = list(pool.map(partial(_sheet, side=side), parts))
    sheets = [data and out.put_plain("pictures", str(i), data, "webp") for i, (data, _) in enumerate(made)]
    if not any(sheets):
        return None, f"{chosen['name']}: holds no picture that can be read, so none is on the map"
    unread = sum(count for _, count in made)
    entry = {
        "field": chosen["name"],
        "side": side,
        "across": ACROSS,
        "sheets": out.put("pictures", "sheets", encoding.encode_json(sheets)),
    }
    return entry, f"{chosen['name']}: {unread:,} pictures cannot be read and are not on the map" if unread else None


def _side(some: list[str]) -> int:
    """Of the squares: no larger than the pictures are, and than MOST_SIDE."""
    largest = [max(picture.size) for one in some if (picture := _open(one)) is not None]
    return min(MOST_SIDE, max(largest, default=MOST_SIDE))


def _open(address: str) -> Image.Image | None:
    try:
        picture = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2], validate=True)))
        picture.load()
    except UNREADABLE:
        return None
    return picture


def _sheet(part: list[str | None], *, side: int) -> tuple[bytes | None, int]:
    """The sheet of some rows, None where it would be empty, and how many pictures could not be read."""
    down = math.ceil(len(part) / ACROSS)
    sheet = Image.new("RGBA", (ACROSS * side, down * side))
    drawn, unread = 0, 0
    for i, address in enumerate(part):
        if address is None:
            continue
        picture = _open(address)
        if picture is None:
            unread += 1
            continue
        square = ImageOps.fit(picture.convert("RGBA"), (side, side))
        sheet.paste(square, (i % ACROSS * side, i // ACROSS * side))
        drawn += 1
    if not drawn:
        return None, unread
    stored = io.BytesIO()
    sheet.save(stored, "WEBP", quality=QUALITY)
    return stored.getvalue(), unread
