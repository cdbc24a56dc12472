"""The recipes of docs/hosting.md in the real servers: the very text, but for the address and the folder."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import brotli
import pytest
from typer.testing import CliRunner

from atlas_assets.cli import app
from atlas_assets.publish.web import TYPES
from atlas_assets.stages.site import site
from atlas_tests.bundle import synthetic
from atlas_tests.conftest import REPOSITORY

SECONDS_TO_START = 20
PAGE = "/maps/toys/"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Server:
    """A server that hands out ``folder`` below /maps/toys/."""

    kind: str
    port: int
    folder: Path

    def get(self, path: str, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        found = Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        connection.close()
        return found


def recipe(language: str) -> str:
    document = (REPOSITORY / "docs" / "hosting.md").read_text(encoding="utf-8")
    [text] = re.findall(rf"^```{language}\n(.*?)^```", document, re.M | re.S)
    return text


def written(kind: str, place: Path, maps: Path, port: int) -> list[str]:
    """Puts the recipe down for a server of that kind; gives the command that runs it."""
    text = recipe(kind).replace("/srv/maps", str(maps))
    if kind == "nginx":
        assert "listen 80;" in text
        text = text.replace("listen 80;", f"listen 127.0.0.1:{port};")
        temporary = "".join(
            f"{part}_temp_path {place / part};\n" for part in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (place / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {place / 'pid'}; error_log stderr;\nevents {{}}\n"
            f"http {{\naccess_log off;\n{temporary}{text}}}\n"
        )
        return ["nginx", "-p", str(place), "-c", str(place / "nginx.conf")]
    assert text.startswith("maps.example.org\n")
    site_block = text.replace("maps.example.org\n", f"http://127.0.0.1:{port}\n", 1)
    (place / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https off\n}\n" + _in_braces(site_block))
    return ["caddy", "run", "--config", str(place / "Caddyfile"), "--adapter", "caddyfile"]


def _in_braces(block: str) -> str:
    """A Caddyfile of a single site needs no braces; behind global options it does."""
    address, _, rest = block.partition("\n")
    return f"{address} {{\n{rest}}}\n"


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, bundle_folder: Path
) -> Iterator[Server]:
    kind = request.param
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"])
    program = shutil.which(kind, path=path)
    if program is None:
        pytest.skip(f"{kind} is not installed (scripts/ensure_servers.sh does it where apt can)")
    place, maps = tmp_path_factory.mktemp(kind), tmp_path_factory.mktemp("maps")
    viewer = place / "viewer"
    (viewer / "assets").mkdir(parents=True)
    template = (REPOSITORY / "frontend" / "index.html").read_text(encoding="utf-8")
    (viewer / "index.html").write_text(template, encoding="utf-8")
    (viewer / "assets" / "index.aaaa.js").write_text("console.log('here')\n" * 50)
    made = place / "data" / "toys" / "site"
    site.build(made, bundle_folder=bundle_folder, viewer_folder=viewer, atlas=synthetic.ATLAS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ATLAS_STORAGE", str(place / "data"))
        patch.setenv("ATLAS_DEFS", str(place / "defs"))
        (place / "defs" / "toys").mkdir(parents=True)
        (place / "defs" / "toys" / "defs.yaml").write_text(
            "type: atlas_assets.components.Atlas\nattributes: {source: {edges: [edges.csv]}}\n"
        )
        assert CliRunner().invoke(app, ["publish", "toys", str(maps / "toys")]).exit_code == 0
    port = _free_port()
    command = [program, *written(kind, place, maps, port)[1:]]
    environment = os.environ | {"HOME": str(place), "XDG_CONFIG_HOME": str(place), "XDG_DATA_HOME": str(place)}
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=place)
    try:
        _wait_for(port, process, place / "log")
        yield Server(kind, port, maps / "toys")
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    pytest.fail(f"the server did not start: {log.read_text()}")


def test_the_page_is_asked_for_each_time_and_not_sent_again_unchanged(server: Server) -> None:
    page = server.get(PAGE)
    assert page.status == 200
    assert page.body == (server.folder / "index.html").read_bytes()
    assert page.headers["content-type"].replace(" ", "").lower() == "text/html;charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    again = server.get(PAGE, If_None_Match=page.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert b"Content-Security-Policy" in page.body
    assert "content-security-policy" not in page.headers  # the page brings its own, and two would both have to agree


@pytest.mark.parametrize("name", ["versions.json", "downloads.json", "downloads/atlas-site.zip", "manifest"])
def test_what_may_change_is_asked_for_each_time(server: Server, name: str) -> None:
    if name == "manifest":
        [path] = server.folder.glob("data/*/manifest.json")
        name = path.relative_to(server.folder).as_posix()
    answer = server.get(PAGE + name)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-cache")
    assert answer.body == (server.folder / name).read_bytes()


def test_what_never_changes_is_kept_for_a_year(server: Server) -> None:
    names = [path.relative_to(server.folder).as_posix() for path in server.folder.rglob("*") if path.is_file()]
    unchanging = [name for name in names if name.startswith(("assets/", "data/")) and "manifest.json" not in name]
    assert len(unchanging) > 30
    for name in unchanging:
        answer = server.get(PAGE + name)
        assert answer.status == 200, name
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable", name
        assert answer.body == (server.folder / name).read_bytes(), name


def test_every_file_has_its_type_and_is_not_packed_twice(server: Server) -> None:
    for path in server.folder.rglob("*"):
        name = path.relative_to(server.folder).as_posix()
        if path.is_file() and path.suffix in TYPES and not path.name.startswith("."):
            answer = server.get(PAGE + name)
            assert answer.headers["content-type"].split(";")[0] == TYPES[path.suffix].split(";")[0], name
            assert "content-encoding" not in answer.headers, name


def test_texts_come_compressed_as_they_lie_there(server: Server) -> None:
    expected = [("gzip", ".gz", gzip.decompress)]
    expected += [("br", ".br", brotli.decompress)] if server.kind == "caddy" else []  # nginx: only with a module
    for name in ("index.html", "assets/index.aaaa.js", "downloads.json"):
        for coding, suffix, unpacked in expected:
            answer = server.get(PAGE + ("" if name == "index.html" else name), Accept_Encoding=coding)
            assert answer.headers["content-encoding"] == coding, name
            assert answer.headers["content-type"].split(";")[0] == TYPES[Path(name).suffix].split(";")[0]
            assert "accept-encoding" in answer.headers["vary"].lower()
            assert answer.body == (server.folder / (name + suffix)).read_bytes()
            assert unpacked(answer.body) == (server.folder / name).read_bytes()


def test_what_is_not_there_is_not_found(server: Server) -> None:
    for name in ("nothing.json", "data/nothing/manifest.json", "assets/index.bbbb.js", ".published.json"):
        assert server.get(PAGE + name).status == 404, name
    assert server.get("/elsewhere").status == 404
    assert (server.folder / ".published.json").exists()


def test_the_path_without_a_slash_leads_to_the_page(server: Server) -> None:
    answer = server.get(PAGE.rstrip("/"))
    assert answer.status in (301, 307, 308)
    assert answer.headers["location"].endswith(PAGE)
