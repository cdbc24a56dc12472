"""An S3 of one's own, and one that answers as badly as it is told to."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import socket
import struct
import threading
import urllib.request
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

import fsspec
import fsspec.config
import pytest

Fault = Literal["slow down", "internal", "reset", "half", "stalled", "denied", "no bucket"]
ERRORS = {
    "slow down": (503, "SlowDown", "Please reduce your request rate"),
    "internal": (500, "InternalError", "We encountered an internal error. Please try again"),
    "denied": (403, "AccessDenied", "Access Denied"),
    "no bucket": (404, "NoSuchBucket", "The specified bucket does not exist"),
}
SECONDS_STALLED = 3


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The address of an S3 that is empty and whole."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).close()
    yield endpoint
    server.stop()


def use(monkeypatch: pytest.MonkeyPatch, endpoint: str, **config: Any) -> None:
    """Make s3:// lead there, in this process and those that it starts. config: of botocore, for this process."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setitem(fsspec.config.conf, "s3", {"config_kwargs": config})
    fsspec.get_filesystem_class("s3").clear_instance_cache()


class Faulty:
    """Passes requests on, until it is told to break some of those that follow: the first ``n`` after ``after`` others.

    half: a body ends in its middle; stalled: nothing comes after that; reset: the connection is.
    """

    def __init__(self, behind: str) -> None:
        self.behind = urlsplit(behind).netloc
        self.fault: Fault | None = None
        self.after = self.left = self.n_broken = 0
        self._lock = threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def breaks(self, fault: Fault | None, n: int = 1_000_000, *, after: int = 0) -> None:
        self.fault, self.left, self.after, self.n_broken = fault, n, after, 0

    def next_fault(self) -> Fault | None:
        with self._lock:
            if self.fault is None or self.after > 0 or self.left == 0:
                self.after -= 1
                return None
            self.left -= 1
            self.n_broken += 1
            return self.fault

    def __enter__(self) -> Faulty:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(faulty: Faulty) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            fault = faulty.next_fault()
            if fault == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
            elif fault in ERRORS:
                status, code, message = ERRORS[fault]
                self._send(status, [], f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode())
            else:
                self._pass_on(sent, fault)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

        def _pass_on(self, sent: bytes, fault: Fault | None) -> None:
            there = http.client.HTTPConnection(faulty.behind, timeout=30)
            there.request(self.command, self.path, sent, dict(self.headers))
            answer = there.getresponse()
            body = answer.read()
            there.close()
            self._send(answer.status, answer.getheaders(), body, cut=fault is not None)
            if fault == "stalled":
                threading.Event().wait(SECONDS_STALLED)

        def _send(self, status: int, headers: list[tuple[str, str]], body: bytes, *, cut: bool = False) -> None:
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                    self.send_header(name, value)
            length = next((value for name, value in headers if name.lower() == "content-length"), str(len(body)))
            self.send_header("Content-Length", length if self.command == "HEAD" else str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[: len(body) // 2] if cut else body)
                self.wfile.flush()
            self.close_connection = cut

    return Handler
