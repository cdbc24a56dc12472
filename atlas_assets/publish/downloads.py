"""``atlas download``: the files that a site offers."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_assets.publish.run import site_of
from atlas_assets.store.artifacts import Address, ArtifactStore

What = Literal["site", "data", "poster"]
FILES: dict[str, str] = {"site": "atlas-site.zip", "data": "atlas.parquet", "poster": "atlas-poster.png"}


def download(name: str, what: What, output: Path | None, *, form: str | None = None, paper: str | None = None) -> Path:
    """Copy one of the downloads of a site; into the current folder, named after the atlas, unless told otherwise.

    form and paper: of a poster, which is drawn for them: png, pdf or svg (without, what the name of the output ends
    in), and 16x20 inches or a4 to a1.
    """
    from atlas_assets.stages.site import poster

    if what != "poster" and (form or paper):
        raise AtlasError("--format and --paper go with --what poster.")
    suffix = output.suffix.lower().removeprefix(".") if output is not None and what == "poster" else ""
    form = form or (suffix if suffix in poster.FORMS else "png")
    if what == "poster" and (form != "png" or paper):
        return _drawn(name, output, form, paper or poster.USUAL)
    file = FILES[what]
    with site_of(name) as folder:
        source = folder / "downloads" / file
        if not source.exists():
            raise AtlasError(f"The site of {name} has no {file}: it is by an earlier Atlas. Run: atlas run {name}")
        target = project.output_file(output, file.replace("atlas", name, 1))
        target.write_bytes(source.read_bytes())
    return target


def _drawn(name: str, output: Path | None, form: str, paper: str) -> Path:
    from atlas_assets.stages.bundle import reader
    from atlas_assets.stages.site import poster

    folder = ArtifactStore(project.storage_root()).folder(Address(name, "bundle"))
    data = poster.draw(reader.read(folder), address=project.public_url(name), form=form, paper=paper)
    target = project.output_file(output, f"{name}-poster.{form}")
    target.write_bytes(data)
    return target
