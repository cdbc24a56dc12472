"""A folder of files as one zip: equal files give equal bytes, whenever and under whatever rights they were written."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold
# Everything else that a site consists of (.bin, .png, .parquet, .woff2) is compressed already.
TEXT_SUFFIXES = frozenset({".html", ".js", ".css", ".json", ".svg", ".txt"})


def write(target: Path, folder: Path, names: Iterable[str], *, own: Mapping[str, bytes]) -> None:
    """Pack the files ``names`` of a folder into ``target``, which is replaced in one rename.

    own: files that are not in the folder, or that have another content in the archive.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    draft.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(draft, "w") as archive:
        for name in sorted({*names, *own}):
            entry = zipfile.ZipInfo(name, TIME)
            entry.external_attr = 0o644 << 16
            text = Path(name).suffix in TEXT_SUFFIXES
            entry.compress_type = zipfile.ZIP_DEFLATED if text else zipfile.ZIP_STORED
            archive.writestr(entry, own[name] if name in own else (folder / name).read_bytes(), compresslevel=9)
    os.replace(draft, target)
