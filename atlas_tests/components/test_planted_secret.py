"""A password, a token and a signature in the address of a source stay in the spec: nothing else repeats them."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from io import StringIO

import pytest
import yaml
from rich.console import Console

from atlas_assets import doctor
from atlas_assets.commands import report
from atlas_assets.orchestration import command
from atlas_assets.plan.pipeline import viewer_recipe
from atlas_assets.spec.loading import load
from atlas_tests import toy
from atlas_tests.components.world import World
from atlas_tests.conftest import REPOSITORY

PLANTED = ("planted-user", "planted-password", "planted-token", "planted-signature")
ADDRESS = "http://planted-user:planted-password@{host}/{file}?token=planted-token&X-Amz-Signature=planted-signature"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def host(world: World) -> Iterator[str]:
    """Hands out the tables of the toy atlas, whoever asks."""
    handler = functools.partial(_Quiet, directory=str(world.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_nothing_that_a_run_writes_or_says_holds_a_secret(
    world: World, host: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """They stood in current.json, in failed.json, in Dagster's databases, in its logs and in what was printed."""
    monkeypatch.chdir(world.folder)
    monkeypatch.setenv("ATLAS_STORAGE", world.storage)
    monkeypatch.setenv("ATLAS_DEFS", str(world.folder / "defs"))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    (world.folder / "dagster.yaml").write_bytes((REPOSITORY / "dagster.yaml").read_bytes())
    toy.put_viewer(world.store, recipe=viewer_recipe())
    said = Console(file=StringIO(), width=300)
    file = world.folder / "defs" / "toy" / "defs.yaml"
    file.parent.mkdir(parents=True)
    for table in ("ratings.csv", "missing.csv"):  # one run that succeeds, and one that cannot
        spec = toy.spec(sweep={"n_neighbors": [5], "projections": [{"method": "pca"}]})
        attributes = spec.model_dump(by_alias=True, exclude_unset=True, exclude={"name"}, mode="json")
        attributes["source"]["interactions"] = [ADDRESS.format(host=host, file=table)]
        attributes["source"]["entities"] = [ADDRESS.format(host=host, file="books.csv")]
        file.write_text(yaml.safe_dump({"type": "atlas_assets.components.Atlas", "attributes": attributes}))
        made = command.run(load(file), said)
        assert made is (table == "ratings.csv"), said.file.getvalue()  # type: ignore[attr-defined]
        report.show(load(file), said, html=world.folder / "report.html", json_file=world.folder / "report.json")
    doctor.run(said)
    output = said.file.getvalue()  # type: ignore[attr-defined]
    assert "missing.csv?token=***" in output
    seen = {"what was printed": (output + "".join(capfd.readouterr())).encode()}
    seen |= {str(path): path.read_bytes() for path in world.folder.rglob("*") if path.is_file() and path != file}
    assert any(path.endswith(".db") for path in seen)
    assert any(path.endswith("site/index.html") for path in seen)
    told = {path: word for path, data in seen.items() for word in PLANTED if word.encode() in data}
    assert not told
