"""The sites of a storage as a web application: nothing else that lies there is handed out.

A file is asked for by its name below a site. Names that lead elsewhere, hidden files and links out of the site are not
there. Sites on an object store are brought to a passing folder file by file, as they are asked for.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from atlas_assets.errors import UnreachableError
from atlas_assets.publish import gallery
from atlas_assets.publish.web import TYPES, is_unchanging
from atlas_assets.store import atomic_file, below
from atlas_assets.store.reaching import reach

INDEX = "index.html"
# A picture may hold a script; opened at its own address it must not run with the rights of the site.
NO_SCRIPTS = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


class Files(Protocol):
    """Where files lie. ``bring`` sees to it that a file is in the folder as it is now, if there is one."""

    folder: Path

    def bring(self, name: str) -> None: ...
    def sites(self) -> list[str]: ...


class Local:
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def bring(self, name: str) -> None:
        """Nothing: it is there."""

    def sites(self) -> list[str]:
        """The names of the atlases that have a site."""
        return sorted(page.parent.parent.name for page in self.folder.glob(f"*/site/{INDEX}"))


class Remote:
    """Any storage that fsspec knows, beside a folder for what was asked for."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self._fs: Any
        self._fs, root = reach(url)
        self._root = root.rstrip("/")
        self._marks: dict[str, str] = {}
        self._lock = threading.Lock()

    def bring(self, name: str) -> None:
        target = self.folder / name
        with self._lock:
            if target.exists() and is_unchanging(name):
                return
            self._fs.invalidate_cache()
            path = f"{self._root}/{name}"
            try:
                facts = self._fs.info(path)
            except FileNotFoundError:
                target.unlink(missing_ok=True)
                return
            mark = repr(
                [facts.get(key) for key in ("type", "ETag", "etag", "LastModified", "mtime", "created", "size")]
            )
            if facts["type"] == "file" and not (target.exists() and self._marks.get(name) == mark):
                with atomic_file.replacing(target) as draft:
                    self._fs.get_file(path, str(draft))
                self._marks[name] = mark

    def sites(self) -> list[str]:
        with self._lock:
            self._fs.invalidate_cache()
            return sorted(str(page).split("/")[-3] for page in self._fs.glob(f"{self._root}/*/site/{INDEX}"))


@contextlib.contextmanager
def files_of(place: str) -> Iterator[Files]:
    """The files of a folder or a URL, for as long as the block lasts."""
    if "://" not in place:
        yield Local(Path(place))
        return
    with tempfile.TemporaryDirectory(prefix="atlas-serve-") as folder:
        yield Remote(place, Path(folder))


def one(files: Files) -> Starlette:
    """A single site, at the root of the server."""
    return _application([Mount("/", _Site(files, ""))])


def many(files: Files) -> Starlette:
    """All sites of a storage, each at ``/<name>/site/``, and a list of them at the root."""

    def overview(request: Request) -> Response:
        entries = [gallery.entry(name, partial(_read, files, name)) for name in files.sites()]
        return HTMLResponse(gallery.page(entries, below_name="site/"))

    return _application([Route("/", overview), Mount("/{name}/site", _Chosen(files))])


def _application(routes: list[BaseRoute]) -> Starlette:
    def unreachable(request: Request, error: Exception) -> Response:
        return PlainTextResponse(f"{error}\n", status_code=503)

    return Starlette(routes=routes, exception_handlers={UnreachableError: unreachable})


class _Chosen:
    """The site whose name is in the address."""

    def __init__(self, files: Files) -> None:
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path_params"]["name"]
        if not below.is_name(name) or name.startswith("."):
            raise HTTPException(404)
        await _Site(self._files, f"{name}/site")(scope, receive, send)


class _Site(StaticFiles):
    """The files below one folder of a storage."""

    def __init__(self, files: Files, place: str) -> None:
        super().__init__(directory=files.folder / place, html=True, check_dir=False)
        self._files, self._place, self.config_checked = files, place, True

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        path = os.path.normpath(path)  # of the page of a folder: that of the root is ./index.html
        if path == ".":
            self._files.bring(f"{self._place}/{INDEX}".lstrip("/"))
            return super().lookup_path(path)
        if not below.is_name(path) or any(part.startswith(".") for part in path.split("/")):
            return "", None
        try:
            self._files.bring(f"{self._place}/{path}".lstrip("/"))
            return super().lookup_path(path)
        except OSError:  # not to be read: for a visitor it is not there
            return "", None

    def file_response(
        self, full_path: Any, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        answer = super().file_response(full_path, stat_result, scope, status_code)
        if isinstance(answer, FileResponse):
            suffix = Path(full_path).suffix
            answer.headers["content-type"] = TYPES.get(suffix, "application/octet-stream")
            if suffix == ".svg":
                answer.headers["content-security-policy"] = NO_SCRIPTS
        return answer


def _read(files: Files, atlas: str, name: str) -> bytes:
    place = f"{atlas}/site/{name}"
    files.bring(place)
    return below.path(files.folder / atlas / "site", name).read_bytes()
