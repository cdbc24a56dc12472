"""A small web server for looking at sites on one's own machine; any other static server does as well.

It listens on this machine only, unless told otherwise, and answers only to names of this machine: a page of somebody
else's whose name is made to lead here (DNS rebinding) gets nothing.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import re
import socket
import threading
import time
import webbrowser
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import uvicorn
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from atlas_assets.errors import AtlasError
from atlas_assets.publish import sites
from atlas_assets.publish.web import FOR_A_YEAR, is_unchanging
from atlas_assets.redact import redact

HOST = "127.0.0.1"
PORTS_TRIED = 20
HERE = frozenset({"localhost", "127.0.0.1", "::1"})
SECONDS_FOR_A_REQUEST = 10  # of a client that has connected, until what it wants is known
SECONDS_BETWEEN_REQUESTS = 30
SECONDS_UNTIL_CTRL_C = 0.3
CLIENTS = 400  # at a time; more are told to come again


def serve(
    place: str,
    *,
    site: bool,
    host: str = HOST,
    port: int = 8000,
    names: Sequence[str] = (),
    open_browser: bool = False,
) -> None:
    """Serve one ``site`` or a storage of several until Ctrl-C, on ``port`` or the next free one (0: any).

    place: a folder, or a URL that fsspec knows. host: the address to listen on. names: by which it may be asked for
    beside those of this machine.
    """
    with (
        contextlib.suppress(KeyboardInterrupt),
        running(place, site=site, host=host, port=port, names=names) as address,
    ):
        print(f"{'The site' if site else 'The sites'} of {redact(place)}: {address} (Ctrl-C ends)", flush=True)
        if host not in HERE:
            print(f"Everybody who reaches this machine can see it, under {_said(_names_of(host, names))}.", flush=True)
        if open_browser:
            webbrowser.open(address)
        while True:  # not one long wait: with Polars in the process, Ctrl-C does not end that
            time.sleep(SECONDS_UNTIL_CTRL_C)
    print("\nstopped", flush=True)


@contextlib.contextmanager
def running(
    place: str | Path, *, site: bool = False, host: str = HOST, port: int = 0, names: Sequence[str] = ()
) -> Iterator[str]:
    """A server in a thread of its own; gives its address and stops it at the end of the block."""
    place = str(place)
    if "://" not in place and not Path(place).is_dir():
        raise AtlasError(f"{place} is no folder, so there is nothing to serve. Make a site with: atlas run NAME")
    with sites.files_of(place) as files, _listening(host, port) as listening:
        app = sites.one(files) if site else sites.many(files)
        server = uvicorn.Server(_config(_Door(app, _names_of(host, names))))
        thread = threading.Thread(target=server.run, args=([listening],), name="serve", daemon=True)
        thread.start()
        shown = HOST if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
        try:
            yield f"http://{shown}:{listening.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,  # quiet: the page itself says what it could not load
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CLIENTS,
        timeout_keep_alive=SECONDS_BETWEEN_REQUESTS,
        timeout_graceful_shutdown=1,
    )


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    last = port + PORTS_TRIED if port else 0
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, last + 1):
        try:
            opened = socket.create_server((host, candidate), family=family)
        except OSError as error:
            if isinstance(error, socket.gaierror) or candidate == last == 0:
                raise AtlasError(f"{host} is no address of this machine to listen on ({error}).") from error
            continue
        with opened:
            yield opened
        return
    raise AtlasError(f"The ports {port} to {last} of {host} cannot be had. Choose another with --port.")


class _Protocol(H11Protocol):
    """HTTP with a limit for clients that connect and do not say what they want, or say it very slowly."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait_for_a_request()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait_for_a_request(SECONDS_BETWEEN_REQUESTS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._waiting.cancel()
        super().connection_lost(exc)

    def _wait_for_a_request(self, more: int = 0) -> None:
        if (waiting := getattr(self, "_waiting", None)) is not None:
            waiting.cancel()
        self._waiting = self.loop.call_later(SECONDS_FOR_A_REQUEST + more, self._give_up)

    def _give_up(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


class _Door:
    """Who is let in, and what goes out with every answer."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer = functools.partial(_sent, send, is_unchanging(scope["path"]))
        if not self._lets_in(Headers(scope=scope).getlist("host")):
            said = f"This server answers to {_said(self._names)}; ask for it by one of these names.\n"
            await PlainTextResponse(said, status_code=421)(scope, receive, answer)
        else:
            await self._app(scope, receive, answer)

    def _lets_in(self, hosts: list[str]) -> bool:
        found = (
            re.fullmatch(r"\[([0-9a-f:.]+)\](?::\d+)?|([^:\[\]/@]+)(?::\d+)?", hosts[0], re.I)
            if len(hosts) == 1
            else None
        )
        if found is None:
            return False
        name = (found[1] or found[2]).lower().removesuffix(".")
        return name in self._names or (not self._names <= HERE and _is_number(name))


async def _sent(send: Send, unchanging: bool, message: Message) -> None:
    if message["type"] == "http.response.start":
        headers = MutableHeaders(scope=message)
        found = message["status"] < 400
        headers["cache-control"] = (FOR_A_YEAR if unchanging else "no-cache") if found else "no-store"
        headers["x-content-type-options"] = "nosniff"
        headers["cross-origin-resource-policy"] = "same-origin"
    await send(message)


def _names_of(host: str, names: Sequence[str]) -> frozenset[str]:
    """By which a server that listens on ``host`` may be asked for."""
    if host in HERE and not names:
        return HERE
    machine = socket.gethostname().lower()
    own = {host.lower(), machine, f"{machine}.local", *map(str.lower, names)} - {"0.0.0.0", "::"}
    return HERE | own


def _said(names: frozenset[str]) -> str:
    numbers = [] if names <= HERE else ["its addresses in numbers"]
    return ", ".join([*sorted(names), *numbers])


def _is_number(name: str) -> bool:
    """An address in numbers cannot be made to lead elsewhere."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
