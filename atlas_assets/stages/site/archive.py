"""A folder of files as one zip: equal files give equal bytes, whenever and under whatever rights they were written.

``SHA256SUMS`` in it lists all others; ``sha256sum -c SHA256SUMS`` compares them.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from atlas_assets.store import atomic_file

SUMS = "SHA256SUMS"
TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold
# Everything else that a site consists of (.bin, .png, .parquet, .woff2) is compressed already.
TEXT_SUFFIXES = frozenset({".html", ".js", ".css", ".json", ".svg", ".txt"})


def write(target: Path, folder: Path, names: Iterable[str], *, own: Mapping[str, bytes]) -> None:
    """Pack the files ``names`` of a folder into ``target``, which is replaced in one rename.

    own: files that are not in the folder, or that have another content in the archive.
    """
    sums: list[str] = []
    with atomic_file.replacing(target) as draft, zipfile.ZipFile(draft, "w") as archive:
        for name in sorted({*names, *own}):
            data = own[name] if name in own else (folder / name).read_bytes()
            sums.append(f"{hashlib.sha256(data).hexdigest()}  {name}\n")
            _put(archive, name, data)
        _put(archive, SUMS, "".join(sums).encode())


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, TIME)
    entry.create_system, entry.external_attr = 3, 0o100644 << 16  # Unix: a file that all may read
    text = Path(name).suffix in TEXT_SUFFIXES or name == SUMS
    entry.compress_type = zipfile.ZIP_DEFLATED if text else zipfile.ZIP_STORED
    archive.writestr(entry, data, compresslevel=9)
