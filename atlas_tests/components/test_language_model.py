"""Names from a language model, of a small server of chat completions: asked once, audited, and no reason to fail."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from atlas_assets.builders import language_model
from atlas_assets.errors import AtlasError, SpecError
from atlas_assets.spec.loading import validate
from atlas_assets.spec.regions import LanguageModelSpec
from atlas_assets.stages.regions import regions
from atlas_assets.stages.regions.naming import asked

LABELS = [f"Book {chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(240)]
POPULARITY = np.arange(240)[::-1]


class Server:
    """What it was sent, and what it answers; a ``reply`` that raises is an error of the server."""

    def __init__(self) -> None:
        self.received: list[dict] = []
        self.keys: list[str | None] = []
        self.reply: Callable[[str], str] = lambda question: "Strange tales"


@pytest.fixture
def server() -> Iterator[tuple[Server, str]]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.received.append(body | {"path": self.path})
            told.keys.append(self.headers["Authorization"])
            try:
                content = told.reply(body["messages"][-1]["content"])
            except RuntimeError:
                self.send_error(500)
                return
            answer = json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield told, f"http://127.0.0.1:{http.server_port}/v1"
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture(scope="module")
def made() -> regions.Regions:
    """Four clumps of sixty books, each of one genre."""
    clump = np.repeat(np.arange(4), 60)
    positions = np.stack([20.0 * clump, np.zeros(240)], axis=1)
    positions += np.random.default_rng(0).standard_normal((240, 2))
    genre = np.array(["crime", "poetry", "travel", "fantasy"])[clump]
    return regions.build(positions, popularity=POPULARITY, labels=LABELS, fields=pl.DataFrame({"genre": genre}))


def named(made: regions.Regions, url: str, cache: Path, **more: object) -> regions.Regions:
    model = LanguageModelSpec.model_validate({"url": url, "model": "small"} | more)
    about = asked.questions(made, labels=LABELS, popularity=POPULARITY, most=model.questions)
    said = asked.instruction("books", model.language)
    answers = language_model.ask(model, said, about, progress=lambda share, note: None, cache=cache)
    return asked.renamed(made, answers)


def test_answers_are_names_and_the_table_tells_what_was_asked(made, server, tmp_path):
    told, url = server
    told.reply = lambda question: f"About {question.split('Called so far: ')[1]}."
    found = named(made, url, tmp_path)

    assert found.table["name"].to_list() == [f"About {name}" for name in made.table["name"]]
    assert set(found.table["kind"]) == {"model"}
    assert found.table["share"].null_count() == found.table.height
    assert found.audit is not None
    assert sorted(found.audit["before"]) == sorted(made.table["name"])
    question = told.received[0]["messages"][-1]["content"]
    assert "Best known: Book " in question
    assert "Typical: " in question
    assert "Beside: " in question
    assert told.received[0]["path"] == "/v1/chat/completions"
    assert "map of books" in told.received[0]["messages"][0]["content"]


def test_what_was_asked_is_not_asked_again(made, server, tmp_path):
    told, url = server
    told.reply = lambda question: f"About {question.split('Called so far: ')[1]}"
    first = named(made, url, tmp_path)
    n = len(told.received)

    assert named(made, url, tmp_path).table.equals(first.table)
    assert len(told.received) == n
    named(made, url, tmp_path, language="German")
    assert len(told.received) == 2 * n


def test_answers_that_are_no_names_leave_the_name_as_it_was(made, server, tmp_path):
    told, url = server
    answers = iter(["Strange tales", "strange tales", "A name that goes on and on and never comes to an end", "12"])
    told.reply = lambda question: next(answers, "")
    found = named(made, url, tmp_path)

    assert found.audit is not None
    assert found.audit["taken"].to_list()[:2] == [True, False]
    assert found.audit["why_not"].to_list()[1] == "another region has this name"
    assert set(found.table["name"]) - set(made.table["name"]) == {"Strange tales"}
    assert all(check.passed for check in found.check())


def test_a_server_that_fails_leaves_all_names_and_is_not_asked_for_ever(made, server, tmp_path):
    told, url = server

    def fail(question: str) -> str:
        raise RuntimeError

    told.reply = fail
    found = named(made, url, tmp_path)

    assert found.table["name"].equals(made.table["name"])
    assert len(told.received) == min(language_model.GIVEN_UP, made.table.height)
    assert found.audit is not None
    assert "500" in found.audit["why_not"][0]
    nowhere = named(made, "http://127.0.0.1:9/v1", tmp_path)
    assert nowhere.table["name"].equals(made.table["name"])


def test_the_budget_is_kept_and_the_key_is_sent_but_never_told(made, server, tmp_path, monkeypatch):
    told, url = server
    with pytest.raises(AtlasError, match=r"NAMES_KEY, which regions.llm.key_from names, is not set"):
        named(made, url, tmp_path, key_from="NAMES_KEY")
    monkeypatch.setenv("NAMES_KEY", "planted-secret")
    found = named(made, url, tmp_path, key_from="NAMES_KEY", questions=2)

    assert told.keys == ["Bearer planted-secret"] * 2
    assert found.audit is not None
    assert found.audit.height == 2
    assert "planted-secret" not in found.audit.write_csv()
    assert all("planted-secret" not in file.read_text() for file in tmp_path.iterdir())


def test_it_is_off_unless_the_spec_says_so():
    plain = {"source": {"interactions": "a.csv"}}
    assert validate(plain, file=Path("defs/toy/defs.yaml")).regions.llm is None
    with pytest.raises(SpecError, match=r"regions.llm.url"):
        validate(plain | {"regions": {"llm": {"url": "ftp://x", "model": "m"}}}, file=Path("defs/toy/defs.yaml"))
