"""The local server: right types, nothing stale, several atlases, a free port, and nothing else handed out."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPMessage
from pathlib import Path

import pytest

from atlas_assets.errors import AtlasError
from atlas_assets.publish import serve as server
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
    with running(storage / "synthetic" / "site", site=True) as address:
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
        assert "<strong>Synthetic &lt;things&gt; &amp; more</strong>" in page
        assert '<a href="synthetic/site/">' in page
        assert "200 things, 3 maps" in page
        assert '<a href="odd%20%3Cname%3E/site/">' in page
        assert "<strong>odd &lt;name&gt;</strong>" in page
        [picture] = re.findall(r'<img src="([^"]+)"', page)
        assert get(address + picture)[0].startswith(b"\x89PNG")
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


@pytest.fixture
def many(storage: Path) -> Iterator[str]:
    with running(storage) as address:
        yield address


def status(address: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


HIDDEN = ["synthetic/raw_edges/x.parquet", "synthetic/current.json", "synthetic/", "synthetic/site/.publishing.json"]
HIDDEN += ["synthetic/site/passwd", "synthetic/site/elsewhere/current.json", "synthetic/site/..%2fcurrent.json"]
HIDDEN += [".dagster/x", "../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "synthetic/site/a%00b", "a/site/"]
HIDDEN += [
    "synthetic/site/downloads/",
    "..%2f..%2fetc/site/passwd",
    "synthetic/site/a%0ab",
]


@pytest.mark.parametrize("path", HIDDEN)
def test_nothing_but_sites_is_handed_out(storage: Path, many: str, path: str) -> None:
    """Raw tables, pointers and whatever a link led to used to be served."""
    (storage / "synthetic" / "raw_edges").mkdir(exist_ok=True)
    for name in ("raw_edges/x.parquet", "current.json", "site/.publishing.json"):
        (storage / "synthetic" / name).write_text("{}")
    for name, to in (("passwd", "/etc/passwd"), ("elsewhere", str(storage / "synthetic"))):
        link = storage / "synthetic" / "site" / name
        link.unlink(missing_ok=True)
        link.symlink_to(to)
    assert status(many + path) == 404


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("localhost", 200),
        ("LOCALHOST.:80", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.nip.io", 421),
        ("192.168.1.5", 421),
        ("localhost@evil.example", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
def test_only_names_of_this_machine_are_answered_to(many: str, host: str, code: int) -> None:
    """A page whose name is made to lead to this machine could read all maps (DNS rebinding)."""
    assert status(many, Host=host) == code


def test_with_a_host_it_says_by_which_names_it_may_be_asked_for(storage: Path) -> None:
    with running(storage, host="0.0.0.0", names=["maps.example.org"]) as address:
        machine = socket.gethostname()
        for host in ("localhost", "192.168.1.5:80", "maps.example.org", machine, f"{machine}.local"):
            assert status(address, Host=host) == 200
        with pytest.raises(urllib.error.HTTPError) as refused:
            get_as(address, Host="evil.example")
    said = refused.value.read().decode()
    assert "maps.example.org" in said
    assert "its addresses in numbers" in said
    elsewhere = pytest.raises(AtlasError, match=r"203\.0\.113\.1 is no address of this machine")
    with elsewhere, running(storage, host="203.0.113.1"):
        pass


def get_as(address: str, **headers: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10) as answer:
        return answer.read()


def test_parts_of_files_can_be_asked_for_and_files_that_did_not_change_are_not_sent_again(address: str) -> None:
    whole, headers = get(address + "downloads/atlas.parquet")
    assert headers["Accept-Ranges"] == "bytes"
    for asked, wanted in (("bytes=0-3", whole[:4]), ("bytes=-4", whole[-4:]), (f"bytes={len(whole) - 2}-", whole[-2:])):
        with urllib.request.urlopen(
            urllib.request.Request(address + "downloads/atlas.parquet", headers={"Range": asked}), timeout=10
        ) as answer:
            assert (answer.status, answer.read()) == (206, wanted)
    assert status(address + "downloads/atlas.parquet", Range=f"bytes={len(whole)}-") == 416
    assert status(address + "downloads/atlas.parquet", **{"If-None-Match": headers["ETag"]}) == 304
    asked = urllib.request.Request(address + "downloads/atlas.parquet", method="HEAD")
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert (answer.read(), answer.headers["Content-Length"]) == (b"", str(len(whole)))
    with pytest.raises(urllib.error.HTTPError, match="405"):
        urllib.request.urlopen(urllib.request.Request(address, data=b"x"), timeout=10)


def test_what_is_not_there_now_may_be_there_soon(address: str) -> None:
    """A 404 below ``assets/`` used to be kept by browsers for a year."""
    with pytest.raises(urllib.error.HTTPError) as missing:
        get(address + "assets/nothing.js")
    assert missing.value.headers["Cache-Control"] == "no-store"


def test_a_picture_that_is_opened_at_its_own_address_runs_no_script(storage: Path, address: str) -> None:
    (storage / "synthetic" / "site" / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    policy = get(address + "logo.svg")[1]["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy


def test_clients_that_ask_for_nothing_are_let_go(storage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """300 of them used to hold 300 threads for ever."""
    monkeypatch.setattr(server, "SECONDS_FOR_A_REQUEST", 1)
    monkeypatch.setattr(server, "SECONDS_BETWEEN_REQUESTS", 1)
    before = threading.active_count()
    with running(storage) as address, contextlib.ExitStack() as stack:
        port = int(address.rstrip("/").rsplit(":", 1)[1])
        idle = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(100)]
        for number, client in enumerate(idle):
            client.settimeout(30)
            if number % 3 == 1:
                client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            elif number % 3 == 2:
                client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert status(address) == 200
        assert threading.active_count() < before + 50
        for client in idle:
            while client.recv(1 << 16):
                pass


def test_a_storage_elsewhere_is_served_too(storage: Path) -> None:
    import fsspec

    objects = fsspec.filesystem("memory")
    objects.put(str(storage / "synthetic" / "site"), "/serve/synthetic/site", recursive=True)
    objects.pipe_file("/serve/synthetic/current.json", b"{}")
    try:
        with running("memory://serve") as address:
            assert b"200 things, 3 maps" in get(address)[0]
            page = get(address + "synthetic/site/")[0]
            assert page == (storage / "synthetic" / "site" / "index.html").read_bytes()
            assert status(address + "synthetic/site/downloads/atlas.parquet", Range="bytes=0-3") == 206
            assert status(address + "synthetic/current.json") == 404
            objects.pipe_file("/serve/synthetic/site/index.html", b"another")
            assert get(address + "synthetic/site/")[0] == b"another"
            objects.rm("/serve/synthetic/site/index.html")
            assert status(address + "synthetic/site/index.html") == 404
        with running("memory://serve/synthetic/site", site=True) as address:
            assert get(address + "downloads.json")[0]
    finally:
        objects.rm("/serve", recursive=True)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_ctrl_c_ends_it_without_a_traceback(storage: Path) -> None:
    code = f"from atlas_assets.publish.serve import serve; serve({str(storage)!r}, site=False, port=0)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        assert p.stdout is not None
        assert "http://127.0.0.1:" in p.stdout.readline()
        p.send_signal(2)
        try:
            rest, errors = p.communicate(timeout=20)
        finally:
            p.kill()
    assert (p.returncode, rest.strip(), errors) == (0, "stopped", "")
