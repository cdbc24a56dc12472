"""The static site: the viewer with one atlas's bundle, ready for any host that can serve files.

A site is updated in place while people are looking at it. Everything a version consists of has a name made from its
content and is written first; ``index.html``, which names the version, is replaced last in one rename. Whoever loads the
page meanwhile gets the old version or the new one, never a mixture, and pages that are open keep finding their files
until ``keep`` newer maps have been published. A map has its own folder below ``data/``, whichever viewer shows it.
"""

from __future__ import annotations

import contextlib
import filecmp
import hashlib
import html
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import brotli
import numpy as np

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_assets.stages.artifact import Artifact, Progress, no_progress
from atlas_assets.stages.bundle import bundle, encoding
from atlas_assets.stages.bundle import files as bundle_files
from atlas_assets.stages.bundle import manifest as manifest_file
from atlas_assets.stages.bundle.reader import Bundle
from atlas_assets.stages.site import archive, for_programs, licence
from atlas_assets.stages.site import versions as site_versions
from atlas_assets.stages.site.thumbnail import PALETTE, thumbnail
from atlas_assets.stages.site.versions import VERSIONS, Succession, Version
from atlas_assets.store import atomic_file, below

INDEX, DOWNLOADS = "index.html", "downloads.json"
JOURNAL = ".publishing.json"  # the names of what is being written, for whoever comes after a kill
OPEN_DATA, ARCHIVE = f"downloads/{bundle.OPEN_DATA}", "downloads/atlas-site.zip"
POSTER = "downloads/atlas-poster.png"
PROVENANCE = "PROVENANCE.json"
SIDECARS = (".gz", ".br")
PREVIEW_SIZE = (1200, 630)  # what services that show a linked page crop to
README = """This folder is a complete website. Browsers do not let pages opened from the disk read other files,
so serve it, for instance with

    python -m http.server --directory .

and open http://localhost:8000. Any static host will do, under any path.
"""


@dataclass(frozen=True)
class SiteReport(Artifact):
    """What was published: the version, where its manifest lies, how many files it has, and their size."""

    version: str
    manifest: str
    files: int
    bytes: int
    downloads: list[dict[str, Any]]


def build(
    site_folder: Path,
    *,
    bundle_folder: Path,
    viewer_folder: Path,
    atlas: dict[str, Any],
    public_url: str | None = None,
    keep: int = 5,
    progress: Progress = no_progress,
) -> SiteReport:
    """Publish a bundle with a viewer into ``site_folder``; a site that is there is switched over to them.

    atlas: as for ``bundle.build``; its title and description go into the page's head. public_url: where the site will
    be found, if known; services that preview links insist on the full address of the picture. keep: maps that stay and
    can be chosen in the viewer, this one included.
    """
    template = _template(viewer_folder)
    opened = Bundle(bundle_folder)
    version, map_name = _version(bundle_folder, viewer_folder)
    manifest = site_versions.manifest_of(map_name)
    files = _Files(site_folder)
    copies = {path: viewer_folder / path for path in _files_below(viewer_folder) if path != INDEX}
    elsewhere = {"manifest.json", bundle_files.PROVENANCE, bundle_files.POSTER, bundle.OPEN_DATA}
    copies |= {
        f"data/{map_name}/{path}": bundle_folder / path for path in _files_below(bundle_folder) if path not in elsewhere
    }
    preview = _preview(opened)
    preview_path = f"assets/preview.{hashlib.sha256(preview).hexdigest()[:8]}.png"
    abandoned = _begin(site_folder, [*copies, preview_path, manifest])

    progress(0.0, "copying the viewer and the bundle")
    for name, source in copies.items():
        files.copy(source, name)
    files.replace(".nojekyll", b"")  # GitHub Pages would otherwise run the folder through its own generator
    files.replace(preview_path, preview)
    page = _page(template, atlas, manifest, preview_path, public_url).encode()
    files.replace(OPEN_DATA, (bundle_folder / bundle.OPEN_DATA).read_bytes())
    files.replace(licence.FILE, licence.text(opened.manifest["atlas"]).encode())
    files.replace(PROVENANCE, _provenance(opened, bundle_folder))
    alone = [*opened.manifest["downloads"]]
    if (bundle_folder / bundle_files.POSTER).exists():
        files.replace(POSTER, (bundle_folder / bundle_files.POSTER).read_bytes())
        alone.append(bundle.describe_file(site_folder / POSTER, POSTER))

    held = sum((site_folder / name).stat().st_size for name in files.names)
    address = f"{public_url.rstrip('/')}/" if public_url else ""
    for name, data in for_programs.files(opened, site_bytes=held, address=address).items():
        files.replace(name, data)

    progress(0.4, "packing the downloads")
    # The archive cannot list its own hash, so the manifest inside it lists the other downloads only.
    archive.write(
        site_folder / ARCHIVE,
        site_folder,
        files.names,
        own={
            INDEX: page,
            manifest: manifest_file.as_bytes(opened.manifest | {"downloads": alone}),
            DOWNLOADS: _listing(alone),
            "README.txt": README.encode(),
        },
    )
    files.names.append(ARCHIVE)
    downloads = [bundle.describe_file(site_folder / ARCHIVE, ARCHIVE), *alone]
    published = opened.manifest | {"downloads": downloads, "versions": VERSIONS}
    files.replace(manifest, manifest_file.as_bytes(published))
    files.replace(DOWNLOADS, _listing(downloads))

    progress(0.8, "compressing texts")
    files.add_sidecars([name for name in files.names if Path(name).suffix in archive.TEXT_SUFFIXES])
    new = Version(version, site_versions.now(), opened.manifest["n"], manifest, [])
    _publish(files, page, new, keep=keep, abandoned=abandoned)
    progress(1.0, f"{len(files.names):,} files")
    total = sum((site_folder / name).stat().st_size for name in files.names)
    return SiteReport(version=version, manifest=manifest, files=len(files.names), bytes=total, downloads=downloads)


class _Files:
    """The files of one version in a site's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: list[str] = []

    def copy(self, source: Path, name: str) -> None:
        """A file that most likely is there from the version before; then it is left alone, with its time."""
        target = self.folder / name
        if target.exists() and filecmp.cmp(source, target, shallow=False):
            self.names.append(name)
        else:
            self.replace(name, source.read_bytes())

    def replace(self, name: str, data: bytes) -> None:
        """A file of this version, written as ``write`` does."""
        self.write(name, data)
        if name not in self.names:
            self.names.append(name)

    def write(self, name: str, data: bytes) -> None:
        """A file that readers may be asking for meanwhile: they get the old content or the new one in full."""
        atomic_file.write(self.folder / name, data)

    def add_sidecars(self, names: list[str]) -> None:
        """``.gz`` and ``.br`` beside texts, for servers that hand them out (nginx and Caddy can); on all cores."""
        beside = [(name, suffix) for name in names for suffix in SIDECARS]
        there = {
            (name, suffix)
            for name, suffix in beside
            if site_versions.never_changes(name) and (self.folder / (name + suffix)).exists()
        }
        wanted = [pair for pair in beside if pair not in there]
        with ThreadPoolExecutor(project.cores()) as pool:
            made = pool.map(lambda pair: _compressed((self.folder / pair[0]).read_bytes(), pair[1]), wanted)
            for (name, suffix), data in zip(wanted, made, strict=True):
                self.replace(name + suffix, data)
        self.names += [name + suffix for name, suffix in beside if (name, suffix) in there]


def _begin(site_folder: Path, names: list[str]) -> list[str]:
    """Note what is going to be written; returns what a publication that was killed had noted, its drafts swept."""
    journal = site_folder / JOURNAL
    site_folder.mkdir(parents=True, exist_ok=True)
    abandoned: list[str] = []
    with contextlib.suppress(OSError, ValueError):  # no journal, or one that was cut off before anything else began
        abandoned = [name for name in json.loads(journal.read_text(encoding="utf-8")) if below.is_name(name)]
        for draft in site_folder.rglob(atomic_file.DRAFTS):
            draft.unlink(missing_ok=True)
    noted = [name + suffix for name in names for suffix in ("", *SIDECARS)]
    journal.write_text(json.dumps(sorted({*abandoned, *noted})), encoding="utf-8")
    return abandoned


def _publish(files: _Files, page: bytes, new: Version, *, keep: int, abandoned: list[str]) -> None:
    """Switch the site to the new page, and forget the versions that nobody should be looking at any more."""
    indexes = {INDEX + suffix: _compressed(page, suffix) for suffix in SIDECARS} | {INDEX: page}
    new = replace(new, files=sorted({*files.names, *indexes}))
    succession = Succession.of(site_versions.read(files.folder), new, keep=keep)
    files.write(VERSIONS, succession.meanwhile)
    for name, data in indexes.items():
        files.replace(name, data)
    # Only what an earlier version has listed is removed: anything else in the folder is not ours.
    needed = {name for version in succession.kept for name in version.files}
    for name in {*succession.obsolete, *abandoned} - needed:
        (files.folder / name).unlink(missing_ok=True)
    for folder in sorted((path for path in files.folder.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    files.write(VERSIONS, site_versions.written(succession.kept))
    (files.folder / JOURNAL).unlink()


def _listing(downloads: list[dict[str, Any]]) -> bytes:
    return json.dumps(downloads, indent=1).encode()


def _provenance(opened: Bundle, bundle_folder: Path) -> bytes:
    """All that is known; of a bundle without a pipeline only what its manifest says."""
    path = bundle_folder / bundle_files.PROVENANCE
    return path.read_bytes() if path.exists() else json.dumps(opened.manifest["provenance"], indent=1).encode()


def _compressed(data: bytes, suffix: str) -> bytes:
    return encoding.pack(data) if suffix == ".gz" else brotli.compress(data, quality=11)


def _files_below(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())


def _version(bundle_folder: Path, viewer_folder: Path) -> tuple[str, str]:
    """The names of this version and of its map: the manifest stands for the bundle, as it holds all other hashes."""
    digest = hashlib.sha256((bundle_folder / "manifest.json").read_bytes())
    map_name = digest.hexdigest()[:12]
    for name in _files_below(viewer_folder):
        digest.update(f"{name}\0{hashlib.sha256((viewer_folder / name).read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:12], map_name


def _preview(opened: Bundle) -> bytes:
    """A picture of the default projection in the shape in which shared links are shown, coloured as the page opens."""
    default = opened.manifest["default"]
    group = None
    shown = {entry["name"]: entry for entry in opened.manifest["columns"]}.get(default["colour"])
    if shown is not None and shown["encoding"].startswith("codes"):
        codes = opened.codes(shown["name"])  # by frequency: the most frequent get a colour each, the rest grey
        group = np.where(codes < len(PALETTE), codes, -1)
    return thumbnail(opened.positions(default["projection"]), region=group, size=PREVIEW_SIZE, max_bytes=300_000)


def _template(viewer_folder: Path) -> str:
    path = viewer_folder / INDEX
    if not path.exists():
        raise AtlasError(f"{viewer_folder} holds no viewer: index.html is missing. Build it with: atlas run viewer")
    return path.read_text(encoding="utf-8")


def _page(template: str, atlas: dict[str, Any], manifest: str, preview: str, public_url: str | None) -> str:
    """The viewer's page with this atlas's name, texts and manifest in its head. Texts are escaped."""
    title, description = _text(atlas.get("title") or atlas["name"]), _text(atlas.get("description") or "")
    base = f"{public_url.rstrip('/')}/" if public_url else ""
    page, found = re.subn(
        r'<meta\s+name="atlas-manifest"[^>]*>', lambda _: _meta("name", "atlas-manifest", manifest), template
    )
    if found != 1:
        raise AtlasError(
            f'The viewer\'s index.html has {found} elements <meta name="atlas-manifest">; expected one. '
            "Build the viewer and the site from the same Atlas."
        )
    page = re.sub(r"<title>.*?</title>", lambda _: f"<title>{html.escape(title)}</title>", page, count=1, flags=re.S)
    page = re.sub(r'\s*<meta\s+name="description"[^>]*>', "", page)
    metas = [_meta("name", "description", description)] if description else []
    metas += [_meta("property", "og:type", "website"), _meta("property", "og:title", title)]
    metas += [_meta("property", "og:description", description)] if description else []
    metas += [_meta("property", "og:image", base + preview), _meta("name", "twitter:card", "summary_large_image")]
    metas += [_meta("property", "og:url", base)] if base else []
    # Asked for with the script that will read it, not after it.
    metas += [f'<link rel="preload" as="fetch" crossorigin="anonymous" href="{html.escape(manifest)}" />']
    page = page.replace("</head>", "".join(f"  {meta}\n  " for meta in metas) + "</head>", 1)
    sorry = (
        f"<noscript><h1>{html.escape(title)}</h1><p>{html.escape(description)}</p>"
        "<p>This map is drawn by your browser, which needs JavaScript for it. "
        f'Everything on it is also in a file: <a href="{OPEN_DATA}">{bundle.OPEN_DATA}</a>.</p></noscript>'
    )
    page = re.sub(r"\s*<noscript>.*?</noscript>", "", page, flags=re.S)
    return re.sub(r"<body[^>]*>", lambda body: f"{body[0]}\n    {sorry}", page, count=1)


def _meta(kind: str, name: str, content: str) -> str:
    return f'<meta {kind}="{name}" content="{html.escape(content)}" />'


def _text(value: str) -> str:
    return " ".join(value.split())
