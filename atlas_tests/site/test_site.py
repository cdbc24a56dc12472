"""A site works wherever its files are, stays whole while it is updated, and takes texts for texts."""

from __future__ import annotations

import gzip
import hashlib
import html.parser
import json
import os
import re
import shutil
import stat
import zipfile
from pathlib import Path
from typing import Any

import brotli
import polars as pl
import pytest

from atlas_assets.errors import AtlasError
from atlas_assets.stages.bundle import bundle
from atlas_assets.stages.site import site
from atlas_assets.stages.site.site import SiteReport
from atlas_tests.bundle import synthetic
from atlas_tests.site.conftest import write_viewer


def publish(folder: Path, bundle_folder: Path, viewer_folder: Path, **changes: Any) -> SiteReport:
    options: dict[str, Any] = {"atlas": synthetic.ATLAS} | changes
    return site.build(folder, bundle_folder=bundle_folder, viewer_folder=viewer_folder, **options)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Head(html.parser.HTMLParser):
    """The metas, the title and the local references of a page, as a browser would understand them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.meta: dict[str, str] = {}
        self.tags: list[str] = []
        self.local: list[str] = []
        self._in_title, self.title = False, ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self._in_title = tag == "title"
        if tag == "meta" and (name := values.get("name") or values.get("property")):
            self.meta[name] = values.get("content") or ""
        self.local += [value for key in ("src", "href") if (value := values.get(key))]

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False


@pytest.fixture
def published(tmp_path: Path, bundle_folder: Path, viewer_folder: Path) -> tuple[Path, SiteReport]:
    folder = tmp_path / "site"
    return folder, publish(folder, bundle_folder, viewer_folder)


def test_the_page_leads_to_the_manifest_and_the_manifest_to_every_file(published: tuple[Path, SiteReport]) -> None:
    folder, report = published
    head = Head((folder / "index.html").read_text())
    path = folder / head.meta["atlas-manifest"]
    assert path == folder / report.manifest
    manifest = json.loads(path.read_text())
    paths = re.findall(r'"path":"([a-z]+/[^"]+\.(?:bin|png))"', path.read_text())
    assert len(paths) > 20
    assert all((path.parent / name).is_file() for name in paths)
    assert all((folder / download["path"]).is_file() for download in manifest["downloads"])
    assert all((folder / name).is_file() for name in head.local)


def test_nothing_on_the_page_is_an_absolute_path(published: tuple[Path, SiteReport]) -> None:
    head = Head((published[0] / "index.html").read_text())
    assert head.local
    assert not [name for name in [*head.local, head.meta["atlas-manifest"]] if re.match(r"/|[a-z]+:", name)]


def test_texts_of_the_atlas_are_text_on_the_page(published: tuple[Path, SiteReport]) -> None:
    page = (published[0] / "index.html").read_text()
    head = Head(page)
    assert head.title == synthetic.ATLAS["title"]
    assert head.meta["description"] == head.meta["og:description"] == synthetic.ATLAS["description"]
    assert head.meta["og:title"] == synthetic.ATLAS["title"]
    assert "things" not in head.tags
    assert "b" not in head.tags
    assert page.count("<noscript>") == 1


def test_a_title_that_looks_like_a_pattern_is_taken_as_it_is(
    tmp_path: Path, bundle_folder: Path, viewer_folder: Path
) -> None:
    publish(tmp_path, bundle_folder, viewer_folder, atlas=synthetic.ATLAS | {"title": r"\1 </title><script>"})
    head = Head((tmp_path / "index.html").read_text())
    assert head.title == r"\1 </title><script>"
    assert head.tags.count("script") == 1  # the viewer's


def test_link_previews_get_the_full_address_where_it_is_known(
    tmp_path: Path, bundle_folder: Path, viewer_folder: Path
) -> None:
    publish(tmp_path, bundle_folder, viewer_folder, public_url="https://example.org/maps/")
    meta = Head((tmp_path / "index.html").read_text()).meta
    assert meta["og:image"].startswith("https://example.org/maps/assets/preview.")
    assert (tmp_path / meta["og:image"].removeprefix("https://example.org/maps/")).read_bytes()[1:4] == b"PNG"


def test_downloads_are_listed_with_size_and_hash(published: tuple[Path, SiteReport]) -> None:
    folder, report = published
    downloads = json.loads((folder / "downloads.json").read_text())
    assert downloads == report.downloads
    assert [entry["name"] for entry in downloads] == ["atlas-site.zip", "atlas.parquet"]
    for entry in downloads:
        data = (folder / entry["path"]).read_bytes()
        assert (entry["bytes"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


def test_the_archive_is_the_same_site_without_itself(published: tuple[Path, SiteReport], tmp_path: Path) -> None:
    folder, report = published
    unzipped = tmp_path / "elsewhere"
    with zipfile.ZipFile(folder / "downloads" / "atlas-site.zip") as archive:
        archive.extractall(unzipped)
    inside, outside = contents(unzipped), contents(folder)
    assert inside["index.html"] == outside["index.html"]
    manifest = report.manifest
    own = {manifest, "downloads.json", "README.txt", "SHA256SUMS"}
    assert {name: data for name, data in inside.items() if name not in own}.items() <= outside.items()
    alone = json.loads(inside[manifest])
    assert [entry["path"] for entry in alone["downloads"]] == ["downloads/atlas.parquet"]
    assert "versions" not in alone
    assert bundle.read((unzipped / manifest).parent).n_rows == 200


def test_the_archive_says_what_it_holds_where_that_is_from_and_what_may_be_done_with_it(
    tmp_path: Path, bundle_folder: Path, viewer_folder: Path
) -> None:
    atlas = synthetic.ATLAS | {"licence": "CC BY 4.0"}
    synthetic.build(tmp_path / "bundle", 40, atlas=atlas)
    (tmp_path / "bundle" / "provenance.json").write_text('{"made": "of sums"}')
    publish(tmp_path / "site", tmp_path / "bundle", viewer_folder, atlas=atlas)
    with zipfile.ZipFile(tmp_path / "site" / "downloads" / "atlas-site.zip") as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    sums = {line[66:]: line[:64] for line in inside["SHA256SUMS"].decode().splitlines()}
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in inside.items() if name != "SHA256SUMS"}
    assert json.loads(inside["PROVENANCE.json"]) == {"made": "of sums"}
    assert "Licence: CC BY 4.0\nSource: Made up\n" in inside["LICENCE-DATA.txt"].decode()
    described = pl.read_parquet_metadata(inside["downloads/atlas.parquet"])
    assert (described["licence"], described["title"]) == ("CC BY 4.0", synthetic.ATLAS["title"])


def test_a_licence_that_nobody_stated_is_not_made_up(published: tuple[Path, SiteReport]) -> None:
    said = (published[0] / "LICENCE-DATA.txt").read_text()
    assert "No licence was stated. Ask whoever the data comes from" in said


def test_a_poster_in_the_bundle_is_one_of_the_downloads(
    tmp_path: Path, bundle_folder: Path, viewer_folder: Path
) -> None:
    shutil.copytree(bundle_folder, tmp_path / "bundle")
    (tmp_path / "bundle" / "poster.png").write_bytes(b"not much of a poster")
    report = publish(tmp_path / "site", tmp_path / "bundle", viewer_folder)
    assert [entry["name"] for entry in report.downloads] == ["atlas-site.zip", "atlas.parquet", "atlas-poster.png"]
    assert (tmp_path / "site" / "downloads" / "atlas-poster.png").read_bytes() == b"not much of a poster"
    manifest = json.loads((tmp_path / "site" / report.manifest).read_text())
    assert manifest["downloads"] == report.downloads
    assert not list(tmp_path.glob("site/data/*/poster.png"))


def test_the_archive_is_the_same_on_another_day_under_other_rights(
    published: tuple[Path, SiteReport], tmp_path: Path, bundle_folder: Path, viewer_folder: Path
) -> None:
    old = os.umask(0o077)
    try:
        for name, source in (("bundle", bundle_folder), ("viewer", viewer_folder)):
            shutil.copytree(source, tmp_path / name, copy_function=shutil.copyfile)
            for path in (tmp_path / name).rglob("*"):
                os.utime(path, (1_000_000_000, 1_000_000_000))
        publish(tmp_path / "site", tmp_path / "bundle", tmp_path / "viewer")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "site" / "index.html").stat().st_mode) == 0o600  # the control: rights did differ
    here, there = (folder / "downloads" / "atlas-site.zip" for folder in (published[0], tmp_path / "site"))
    assert here.read_bytes() == there.read_bytes()
    with zipfile.ZipFile(there) as archive:
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}


def test_equal_sites_have_equal_bytes(
    published: tuple[Path, SiteReport], tmp_path: Path, bundle_folder: Path, viewer_folder: Path
) -> None:
    publish(tmp_path / "again", bundle_folder, viewer_folder)
    first, second = contents(published[0]), contents(tmp_path / "again")
    assert first.keys() == second.keys()
    assert {name for name in first if first[name] != second[name]} <= {"versions.json"}  # says when


def test_texts_have_compressed_siblings_with_the_same_content(published: tuple[Path, SiteReport]) -> None:
    files = contents(published[0])
    texts = [name for name in files if name.endswith((".html", ".js", "downloads.json", "manifest.json"))]
    assert len(texts) == 4
    for name in texts:
        assert gzip.decompress(files[f"{name}.gz"]) == brotli.decompress(files[f"{name}.br"]) == files[name]
    assert not [name for name in files if name.endswith((".bin.gz", ".png.gz", ".parquet.br"))]


def test_a_page_loaded_before_an_update_keeps_finding_its_files(
    published: tuple[Path, SiteReport], tmp_path: Path, bundle_folder: Path
) -> None:
    folder, first = published
    before = contents(folder)
    second = publish(folder, bundle_folder, write_viewer(tmp_path / "viewer2", "bbbb"))
    after = contents(folder)
    assert first.version != second.version
    for name, data in before.items():
        if name.startswith(("data/", "assets/")) and "manifest.json" not in name:
            assert after[name] == data, name
    assert second.manifest in after["index.html"].decode()
    assert "index.bbbb.js" in after["index.html"].decode()


def test_the_third_viewer_of_a_map_takes_the_files_of_the_first_away(
    published: tuple[Path, SiteReport], tmp_path: Path, bundle_folder: Path
) -> None:
    folder, _ = published
    (folder / "data" / "mine.txt").write_text("put here by somebody")
    publish(folder, bundle_folder, write_viewer(tmp_path / "viewer2", "bbbb"))
    third = publish(folder, bundle_folder, write_viewer(tmp_path / "viewer3", "cccc"))
    assert not (folder / "assets" / "index.aaaa.js").exists()
    assert not (folder / "assets" / "index.aaaa.js.br").exists()
    assert (folder / "assets" / "index.bbbb.js").exists()
    assert (folder / third.manifest).exists()
    assert (folder / "data" / "mine.txt").exists()
    assert (folder / "downloads" / "atlas.parquet").exists()


def test_publishing_the_same_again_changes_nothing(
    published: tuple[Path, SiteReport], bundle_folder: Path, viewer_folder: Path
) -> None:
    folder, report = published
    before = contents(folder)
    assert publish(folder, bundle_folder, viewer_folder) == report
    assert contents(folder) == before


def test_a_failure_on_the_way_leaves_the_old_page(
    published: tuple[Path, SiteReport], tmp_path: Path, bundle_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = published
    before = contents(folder)
    calls = []

    def fail(*args: object, **kwargs: object) -> None:
        calls.append(args)
        raise OSError("disk full")

    monkeypatch.setattr(site.archive, "write", fail)
    with pytest.raises(OSError, match="disk full"):
        publish(folder, bundle_folder, write_viewer(tmp_path / "viewer2", "bbbb"))
    assert len(calls) == 1
    after = contents(folder)
    assert {name: after[name] for name in before} == before


def test_the_page_is_the_last_thing_to_change(
    published: tuple[Path, SiteReport], tmp_path: Path, bundle_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the moment of the switch everything that the new page names is in place already."""
    folder, _ = published
    seen: list[bool] = []
    replace = os.replace

    def watch(source: Path, target: Path) -> None:
        if Path(target).name == "index.html":
            head = Head(Path(source).read_text())
            seen.append(all((folder / name).is_file() for name in [*head.local, head.meta["atlas-manifest"]]))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watch)
    publish(folder, bundle_folder, write_viewer(tmp_path / "viewer2", "bbbb"))
    assert seen == [True]


def test_a_viewer_of_another_make_is_refused(tmp_path: Path, bundle_folder: Path) -> None:
    viewer = write_viewer(tmp_path / "viewer")
    (viewer / "index.html").write_text("<html><head></head><body></body></html>")
    with pytest.raises(AtlasError, match='has 0 elements <meta name="atlas-manifest">; expected one'):
        publish(tmp_path / "site", bundle_folder, viewer)
    with pytest.raises(AtlasError, match="holds no viewer"):
        publish(tmp_path / "site", bundle_folder, tmp_path / "nowhere")


def test_the_report_can_be_kept(published: tuple[Path, SiteReport], tmp_path: Path) -> None:
    published[1].save(tmp_path / "record")
    assert SiteReport.load(tmp_path / "record") == published[1]
    assert published[1].files == len(contents(published[0])) - len(["versions.json"])
