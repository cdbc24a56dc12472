"""A small web server for looking at sites on one's own machine; any other static server does as well.

Given the folder of one site it serves that site; given a folder of several atlases, a page that lists them.
"""

from __future__ import annotations

import contextlib
import functools
import html
import http.server
import io
import json
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from atlas_assets.errors import AtlasError

HOST = "127.0.0.1"
PORTS_TRIED = 20
# Fixed, because mimetypes asks the operating system, and a wrong answer for .js leaves the page blank.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".bin": "application/octet-stream",
    ".parquet": "application/vnd.apache.parquet",
    ".zip": "application/zip",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
}
# Files below these have names made from their content; everything else may be another file tomorrow.
UNCHANGING = ("assets", "data")
FOR_A_YEAR = "public, max-age=31536000, immutable"
STYLE = (
    "body{font:16px/1.5 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem;background:#0b0e14;color:#dfe5ee}"
    "a{color:#8ab8ff}li{margin:.75rem 0}small{display:block;color:#9aa6b8}"
)


def is_unchanging(path: str) -> bool:
    """Whether a file of a site never changes under its name, so that browsers need not ask for it again."""
    *folders, name = path.strip("/").split("/")
    return any(folder in UNCHANGING for folder in folders) and not name.startswith("manifest.json")


def serve(folder: Path, *, port: int = 8000, open_browser: bool = False) -> None:
    """Serve ``folder`` until Ctrl-C, on ``port`` or the next free one (0: any), and print the address."""
    with contextlib.suppress(KeyboardInterrupt), running(folder, port=port) as address:
        print(f"{folder} is at {address} (Ctrl-C ends)", flush=True)
        if open_browser:
            webbrowser.open(address)
        threading.Event().wait()
    print("\nstopped", flush=True)


@contextlib.contextmanager
def running(folder: Path, *, port: int = 0) -> Iterator[str]:
    """A server for ``folder`` in a thread of its own; gives its address and stops it at the end of the block."""
    if not folder.is_dir():
        raise AtlasError(f"{folder} is no folder, so there is nothing to serve. Make a site with: atlas run NAME")
    server = _listen(functools.partial(_Handler, directory=str(folder.resolve())), port)
    thread = threading.Thread(target=server.serve_forever, name="serve", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _listen(handler: functools.partial[_Handler], port: int) -> _Server:
    last = port + PORTS_TRIED if port else 0
    for candidate in range(port, last + 1):
        with contextlib.suppress(OSError):
            return _Server((HOST, candidate), handler)
    raise AtlasError(f"The ports {port} to {last} are all in use. Choose another with --port.")


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = sys.platform != "win32"  # there it would let two servers share a port

    def handle_error(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        """Browsers hang up on downloads they no longer need; that is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    extensions_map = TYPES | {"": "application/octet-stream"}

    def end_headers(self) -> None:
        unchanging = is_unchanging(unquote(urlsplit(self.path).path))
        self.send_header("Cache-Control", FOR_A_YEAR if unchanging else "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def list_directory(self, path: str | Path) -> io.BytesIO | None:  # type: ignore[override]
        """The sites below a folder of atlases; other folders are not listed."""
        sites = sorted(Path(path).glob("*/site/index.html"))
        if not sites:
            self.send_error(HTTPStatus.NOT_FOUND, "There is no page here")
            return None
        page = _overview([site.parent for site in sites]).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", TYPES[".html"])
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        return io.BytesIO(page)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the page itself says what it could not load."""


def _overview(sites: list[Path]) -> str:
    items = []
    for site in sites:
        name = site.parent.name
        title, counts = name, ""
        versions = site / "versions.json"
        with contextlib.suppress(OSError, ValueError, KeyError, IndexError):  # a site by another Atlas: name only
            newest = json.loads(versions.read_text(encoding="utf-8"))[-1]["manifest"]
            manifest = json.loads((site / newest).read_text(encoding="utf-8"))
            title = manifest["atlas"]["title"]
            counts = f"{manifest['n']:,} {manifest['atlas']['entity'][1]}, {len(manifest['projections'])} maps"
        items.append(
            f'<li><a href="{quote(name)}/site/">{html.escape(title)}</a><small>{html.escape(counts)}</small></li>'
        )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Atlases</title><style>{STYLE}</style>'
        f"<h1>Atlases</h1><ul>{''.join(items)}</ul></html>"
    )
