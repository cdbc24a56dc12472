"""``atlas publish``: from the site of an atlas in its storage to a destination of any kind."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_assets.publish import address, branch, places
from atlas_assets.publish.changes import Changes, changes
from atlas_assets.redact import redact
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.stages.site import versions as site_versions
from atlas_assets.store.artifacts import ArtifactStore


@dataclass(frozen=True)
class Wish:
    """dry_run: only say what would be done. take_over: replace files of other people that have the same names."""

    dry_run: bool = False
    take_over: bool = False


def publish(spec: AtlasSpec, destination: str, console: Console, wish: Wish) -> Changes:
    """Bring the site of an atlas to a folder, a URL that fsspec knows, or ``git+URL#branch:folder``."""
    keep, name = spec.refresh.keep_versions, spec.name or ""
    where = address.parse(destination)
    with site_of(name) as folder:
        if isinstance(where, address.GitBranch):
            with branch.opened(where) as there:
                due = changes(folder, there.look(), keep=keep, take_over=wish.take_over)
                _say(due, destination, console, dry=wish.dry_run)
                if not wish.dry_run:
                    there.bring(due, f"{spec.title or name}: the map of {site_versions.read(folder)[-1].published}")
            if found := branch.github_address(where.url, where.folder):
                console.print(f"GitHub serves it at {found}, some minutes from now, unless it has another domain.")
            return due
        place = places.Store(where.url) if isinstance(where, address.Store) else places.Folder(Path(where.path))
        due = changes(folder, places.look(place), keep=keep, take_over=wish.take_over)
        _say(due, destination, console, dry=wish.dry_run)
        if not wish.dry_run:
            with console.status("") as status:
                places.bring(place, due, lambda name: status.update(f"bringing {name}"))
        return due


@contextmanager
def site_of(name: str, store: ArtifactStore | None = None) -> Iterator[Path]:
    """A folder with the files of all versions of a site; a passing copy where storage is remote."""
    store = store or ArtifactStore(project.storage_root())
    if store.is_local:
        folder = Path(store.path(name, "site"))
        if not (folder / "index.html").exists():
            raise AtlasError(f"{folder} holds no site yet. Make it with: atlas run {name}")
        yield folder
        return
    listed = store.read(name, "site", site_versions.VERSIONS)
    if listed is None:
        raise AtlasError(f"{store.path(name, 'site')} holds no site yet. Make it with: atlas run {name}")
    with tempfile.TemporaryDirectory(prefix="atlas-publish-") as place:
        folder = Path(place)
        wanted = {
            one
            for version in site_versions.parse(listed, file=f"{site_versions.VERSIONS} of {name}")
            for one in version.files
        }
        for file in sorted(wanted):
            data = store.read(name, "site", file)
            if data is not None:
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_bytes(data)
        (folder / site_versions.VERSIONS).write_bytes(listed)
        yield folder


def _say(due: Changes, destination: str, console: Console, *, dry: bool) -> None:
    would = "would bring" if dry else "brings"
    shown = redact(destination)
    console.print(
        f"{shown}: {would} {len(due.bring):,} files ({due.size / 1e6:.1f} MB), "
        f"{'take' if dry else 'takes'} {len(due.remove):,} away; {due.unchanged:,} are there already"
    )
    if dry:
        for name in due.bring:
            console.print(f"  + {name}")
        for name in due.remove:
            console.print(f"  - {name}")
