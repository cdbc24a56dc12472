"""Vectors of texts are made once, kept whatever happens, and asked for as the model wants them."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import polars as pl
import pytest

from atlas_assets.errors import DataError
from atlas_assets.sources.prose import models, vectors
from atlas_assets.sources.prose.models import Model


class Asked:
    """A model whose vectors are the length of the text and 1; ``texts`` are those it was given."""

    def __init__(self, fails_after: int | None = None, identity: str = "toy", length: int = 2) -> None:
        self.texts: list[str] = []
        self.fails_after, self.length = fails_after, length
        self.model = Model(identity, self.embed, batch=2)

    def embed(self, texts: list[str]) -> np.ndarray:
        if self.fails_after is not None and len(self.texts) >= self.fails_after:
            raise KeyboardInterrupt
        self.texts += texts
        return np.array([[len(text)] + [1] * (self.length - 1) for text in texts], np.float32)


TEXTS = ["aaaa", "a", "bb", "a", "ccccc", "ddd"]


def test_each_text_is_embedded_once_also_where_it_repeats_and_the_table_grows(tmp_path):
    asked = Asked()
    made, n_new = vectors.embed(TEXTS, asked.model, tmp_path)
    assert made[:, 0].tolist() == [len(text) for text in TEXTS]
    assert (n_new, asked.texts) == (5, ["a", "bb", "ddd", "aaaa", "ccccc"])  # by length
    again = Asked()
    made, n_new = vectors.embed([*TEXTS, "eeeeee"], again.model, tmp_path)
    assert made[:, 0].tolist() == [4, 1, 2, 1, 5, 3, 6]
    assert (n_new, again.texts) == (1, ["eeeeee"])
    other = Asked(identity="other")
    vectors.embed(TEXTS, other.model, tmp_path)
    assert len(other.texts) == 5  # another model, other vectors


def test_what_was_made_before_an_interruption_is_not_made_again(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        vectors.embed(TEXTS, Asked(fails_after=4).model, tmp_path)
    rest = Asked()
    made, n_new = vectors.embed(TEXTS, rest.model, tmp_path)
    assert (n_new, rest.texts) == (1, ["ccccc"])
    assert made[:, 0].tolist() == [4, 1, 2, 1, 5, 3]


def test_a_broken_file_of_kept_vectors_is_made_again(tmp_path):
    vectors.embed(TEXTS, Asked().model, tmp_path)
    [file] = tmp_path.rglob("*.npz")
    file.write_bytes(file.read_bytes()[:100])
    again = Asked()
    made, _ = vectors.embed(TEXTS, again.model, tmp_path)
    assert len(again.texts) == 5
    assert made[:, 0].tolist() == [4, 1, 2, 1, 5, 3]


def test_vectors_of_another_length_are_refused(tmp_path):
    vectors.embed(["a"], Asked().model, tmp_path)
    with pytest.raises(DataError, match=r"toy gives an array of shape \(1, 3\) for 1 texts; expected 1 vectors of 2"):
        vectors.embed(["bb"], Asked(length=3).model, tmp_path)


def test_the_model_of_the_wheel_needs_no_network(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    texts = ["a recipe for sourdough bread", "baking loaves in the oven", "compilers and type systems", None, ""]
    table = pl.DataFrame({"id": ["a", "b", "c", "d", "e"], "text": texts})
    table.write_parquet(tmp_path / "texts.parquet")
    options = {"columns": ["text"], "entities": ["texts.parquet"], "base": tmp_path, "cache": tmp_path / "cache"}
    report = vectors.read(tmp_path / "raw", model="wordllama", **options)
    made = np.load(tmp_path / "raw" / "vectors.npy")
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    assert made[0] @ made[1] > made[0] @ made[2]
    assert pl.read_parquet(tmp_path / "raw" / "entities.parquet")["id"].to_list() == ["a", "b", "c"]
    assert "2 rows without a text are left out, such as 'd'" in report["notes"]
    assert report["texts_embedded"] == 3


@pytest.mark.parametrize("name", ["word2vec", "wordllama:big", "model2vec"])
def test_an_unknown_model_is_answered_with_those_there_are(name):
    with pytest.raises(DataError, match=rf"text_vectors.model is '{name}'; expected wordllama, or model2vec:NAME"):
        models.load(name)


def test_a_library_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(models._LIBRARIES, "fastembed", ("no-such-package", models._fastembed))
    with pytest.raises(DataError, match=r"no-such-package is not installed.*pip install no-such-package"):
        models.load("fastembed:small")


class Endpoint(BaseHTTPRequestHandler):
    """Answers with the length of each text, backwards; the first request it is too busy for."""

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server: Server = self.server  # type: ignore[assignment]
        server.asked.append((self.path, self.headers.get("Authorization"), len(told["input"])))
        status, answer = 200, {"data": []}
        if len(server.asked) == 1:
            status = 429
        elif told["model"] == "small":
            answer["data"] = [{"index": i, "embedding": [len(t), 1]} for i, t in enumerate(told["input"])][::-1]
        elif told["model"] != "silent":
            status, answer = 404, {"error": "no such model"}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


class Server(ThreadingHTTPServer):
    asked: list[tuple[str, str | None, int]]


@pytest.fixture
def endpoint() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Endpoint)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_endpoint_is_asked_in_parts_and_again_and_its_key_is_kept_nowhere(tmp_path, monkeypatch, endpoint):
    monkeypatch.setenv("TOY_KEY", "very-secret")
    url = f"http://127.0.0.1:{endpoint.server_port}/v1"
    texts = ["x" * n for n in range(1, 301)]
    made, _ = vectors.embed(texts, models.load("small", url=url, key="TOY_KEY"), tmp_path)
    assert made[:, 0].tolist() == list(range(1, 301))
    assert endpoint.asked[0] == ("/v1/embeddings", "Bearer very-secret", 128)
    assert [n for _, _, n in endpoint.asked] == [128, 128, 128, 44]
    assert not any(b"very-secret" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    with pytest.raises(DataError, match=r"answers 404 .*no such model"):
        models.load("large", url=url).embed(["a"])
    with pytest.raises(DataError, match=r"answers 0 embeddings for 1 texts"):
        models.load("silent", url=url).embed(["a"])


def test_a_key_that_is_written_itself_is_not_repeated(monkeypatch):
    monkeypatch.delenv("TOY_KEY", raising=False)
    with pytest.raises(DataError, match=r"variable TOY_KEY, which is not set.*export TOY_KEY"):
        models.load("small", url="http://127.0.0.1:9", key="TOY_KEY")
    with pytest.raises(DataError, match=r"text_vectors.key is no variable's name") as told:
        models.load("small", url="http://127.0.0.1:9", key="sk-abcdef0123456789")
    assert "abcdef" not in str(told.value)


def test_a_url_goes_with_a_model_of_its_own_and_a_key_with_a_url():
    with pytest.raises(DataError, match=r"text_vectors.model is not named; expected the model of the endpoint"):
        models.load("wordllama", url="http://127.0.0.1:9")
    with pytest.raises(DataError, match=r"text_vectors.key is given, but no url"):
        models.load("wordllama", key="TOY_KEY")


def test_long_texts_are_asked_for_alone():
    long = "x" * (models.MOST_CHARACTERS - 1)
    assert [len(part) for part in models._requests(["a", "b", long, "c", "d"])] == [2, 2, 1]
