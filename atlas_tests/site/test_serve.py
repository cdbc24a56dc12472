"""The local server: right types, nothing stale, several atlases, and a free port."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPMessage
from pathlib import Path

import pytest

from atlas_assets.errors import AtlasError
from atlas_assets.publish.serve import running
from atlas_assets.stages.site import site
from atlas_tests.bundle import synthetic


def get(address: str) -> tuple[bytes, HTTPMessage]:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.read(), answer.headers


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory, bundle_folder: Path, viewer_folder: Path) -> Path:
    folder = tmp_path_factory.mktemp("storage")
    site.build(
        folder / "synthetic" / "site", bundle_folder=bundle_folder, viewer_folder=viewer_folder, atlas=synthetic.ATLAS
    )
    return folder


@pytest.fixture
def address(storage: Path) -> Iterator[str]:
    with running(storage / "synthetic" / "site") as address:
        yield address


@pytest.mark.parametrize(
    ("path", "type_"),
    [
        ("", "text/html; charset=utf-8"),
        ("assets/index.aaaa.js", "text/javascript; charset=utf-8"),
        ("downloads.json", "application/json"),
        ("downloads/atlas.parquet", "application/vnd.apache.parquet"),
        ("downloads/atlas-site.zip", "application/zip"),
    ],
)
def test_files_have_their_type(address: str, path: str, type_: str) -> None:
    assert get(address + path)[1]["Content-Type"] == type_


def test_only_names_made_from_content_are_kept_by_browsers(address: str) -> None:
    assert get(address)[1]["Cache-Control"] == "no-cache"
    assert get(address + "downloads.json")[1]["Cache-Control"] == "no-cache"
    assert "immutable" in get(address + "assets/index.aaaa.js")[1]["Cache-Control"]


def test_what_is_not_there_is_404_and_folders_are_not_listed(address: str) -> None:
    for path in ("nothing.bin", "downloads/", "../../synthetic"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(address + path)


def test_a_storage_with_several_atlases_opens_with_a_list(storage: Path) -> None:
    (storage / "odd <name>" / "site").mkdir(parents=True, exist_ok=True)
    (storage / "odd <name>" / "site" / "index.html").write_text("odd")
    with running(storage) as address:
        page = get(address)[0].decode()
        assert '<a href="synthetic/site/">Synthetic &lt;things&gt; &amp; more</a>' in page
        assert "200 things, 3 maps" in page
        assert '<a href="odd%20%3Cname%3E/site/">odd &lt;name&gt;</a>' in page
        assert get(address + "odd%20%3Cname%3E/site/")[0] == b"odd"


def test_a_taken_port_is_left_to_its_owner(storage: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        if port > 65_000:
            pytest.skip("the free port is too near the last one")
        with running(storage, port=port) as address:
            assert int(address.rstrip("/").rsplit(":", 1)[1]) > port
            assert get(address)[0]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AtlasError, match="nowhere is no folder"), running(tmp_path / "nowhere"):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_ctrl_c_ends_it_without_a_traceback(storage: Path) -> None:
    code = (
        f"from pathlib import Path; from atlas_assets.publish.serve import serve; serve(Path({str(storage)!r}), port=0)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        assert p.stdout is not None
        assert "http://127.0.0.1:" in p.stdout.readline()
        p.send_signal(2)
        try:
            rest, errors = p.communicate(timeout=20)
        finally:
            p.kill()
    assert (p.returncode, rest.strip(), errors) == (0, "stopped", "")
