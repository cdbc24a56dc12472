"""``atlas download``: the files that a site offers."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_assets.publish.run import site_of

What = Literal["site", "data", "poster"]
FILES: dict[str, str] = {"site": "atlas-site.zip", "data": "atlas.parquet", "poster": "atlas-poster.png"}


def download(name: str, what: What, output: Path | None) -> Path:
    """Copy one of the downloads of a site; into the current folder, named after the atlas, unless told otherwise."""
    file = FILES[what]
    with site_of(name) as folder:
        source = folder / "downloads" / file
        if not source.exists():
            raise AtlasError(f"The site of {name} has no {file}: it is by an earlier Atlas. Run: atlas run {name}")
        target = project.output_file(output, file.replace("atlas", name, 1))
        target.write_bytes(source.read_bytes())
    return target
