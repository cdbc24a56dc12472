"""Which files of a folder are pictures."""

from __future__ import annotations

import os
from pathlib import Path

from atlas_assets.errors import DataError, Found
from atlas_assets.sources.listing import Listed, list_files

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm"})


def list_pictures(pattern: str, *, base: Path) -> list[Listed]:
    """Of a folder, the pictures in it and in the folders below, by name; of anything else as ``list_files``."""
    folder = base / os.path.expanduser(pattern)
    if "://" in pattern or not folder.is_dir():
        return list_files(pattern, base=base)
    found = sorted(str(path) for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise DataError(
            file=pattern,
            where="",
            found=Found("is a folder without pictures"),
            expected=f"files such as {', '.join(sorted(SUFFIXES)[:4])}",
            remedy="Name another folder; of a table of pictures, give the table and --column.",
        )
    return [Listed(name, (facts := os.stat(name)).st_size, str(facts.st_mtime_ns), facts.st_mtime) for name in found]
