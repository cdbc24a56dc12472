"""``atlas report``: what it says of a whole sweep, of half of one, and of none; and its page and its JSON."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from atlas_assets import project
from atlas_assets.commands import report as reporting
from atlas_assets.commands.report import stored_comparison
from atlas_assets.errors import AtlasError
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.reports import pages as report
from atlas_assets.reports.html import ReportPage
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.stages.embedding.embedding import Embedding
from atlas_assets.stages.projection.projection import Projection
from atlas_assets.stages.quality.measures import FIGURES, value_text
from atlas_assets.stages.quality.quality import METRICS, Quality, measure
from atlas_assets.stages.quality.reference import Yardstick
from atlas_assets.stages.relation.knn_graph import KnnGraph
from atlas_assets.store.artifacts import ArtifactStore
from atlas_tests import toy
from atlas_tests.stages.maps import broken_graph

NASTY = "<script>alert(1)</script> & 'more'"


def sweep(n: int = 3) -> AtlasSpec:
    """A toy atlas with n points, of which the last is in three dimensions; its title tries to be markup."""
    perplexities = [{"method": "tsne", "from": "graph", "perplexity": 5 + i} for i in range(n - 1)]
    projections = [*perplexities, {"method": "mde", "dims": 3}]
    return toy.spec(title=NASTY, sweep={"n_neighbors": [5], "embedding_dim": [3], "projections": projections})


class Made:
    """A project in which some points of the toy atlas have a map and figures, without the stages before them."""

    def __init__(self, folder: Path, spec: AtlasSpec) -> None:
        self.spec, self.pipeline = spec, Pipeline(spec, base=folder)
        self.store = ArtifactStore(folder / "data")
        self.graph = broken_graph()
        self.keys = list(self.pipeline.sweep.projections)

    def put(self, stage: str, key: str, artifact: KnnGraph | Projection | Quality, *, recipe: str = "toy") -> None:
        with self.store.write(self.pipeline.address(stage, key), recipe=recipe) as draft:
            artifact.save(draft.folder)
            draft.cost["seconds"] = 1.25

    def point(self, key: str, *, noise: float) -> None:
        """A ring with noise: the less, the better the map."""
        generator = np.random.default_rng(int(noise * 1000))
        angle = np.arange(64) / 40 * 2 * np.pi
        ring = (
            np.stack([np.cos(angle), np.sin(angle), np.zeros(64)], axis=1) * np.where(np.arange(64) < 40, 1, 3)[:, None]
        )
        dims = self.pipeline.sweep.projections[key].dims
        positions = (ring + noise * generator.standard_normal(ring.shape))[:, :dims].astype(np.float32)
        pairs = np.stack([np.arange(39), np.arange(1, 40)], axis=1)
        yardstick = Yardstick(self.graph, holdout=(np.arange(0, 79, 2), pairs.ravel()))
        self.put("projection", key, Projection(positions, "tsne", {}))
        self.put("quality", key, measure(positions, yardstick))

    def report(self, *, in_colour: bool = False, **files: Path) -> str:
        out = io.StringIO()
        terminal = Console(
            file=out, width=110, highlight=False, force_terminal=in_colour, _environ={"TERM": "xterm-256color"}
        )
        reporting.show(self.spec, terminal, **files)
        return out.getvalue()


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    monkeypatch.delenv("ATLAS_STORAGE", raising=False)
    made = Made(tmp_path, sweep())
    for place, key in enumerate(made.keys):
        made.point(key, noise=0.02 + 0.5 * place)
    return made


class Page(HTMLParser):
    """The tags of a page, its text, and the rows of its table."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_table_ranks_marks_the_best_and_says_what_the_columns_mean(made: Made) -> None:
    said = made.report()
    rows = [line for line in said.splitlines() if re.match(r"\s*→?\s*k5_", line)]
    assert [re.findall(r"k5_\S+", row)[0] for row in rows] == made.keys  # the less noise the better
    assert rows[0].strip().startswith("→")
    assert "±" in rows[0]
    assert "1.2 s" in rows[0]
    assert f"Recommended: {made.keys[0]}" in said
    assert "collections the map never saw" in said
    for name in ("held_out_recall", "triplet_accuracy"):
        assert FIGURES[name].short in said.splitlines()[0]
        assert FIGURES[name].meaning[:40] in said
    assert "± is the sampling error" in said
    assert "Not made yet" not in said
    assert "Out of date" in said  # nothing was made from anything here


def test_bold_in_the_table_is_what_is_best_at(made: Made) -> None:
    said = made.report(in_colour=True)
    rows = [line for line in said.splitlines() if "k5_" in line][: len(made.keys)]
    for row, expected in zip(rows, stored_comparison(made.spec).summary.rows, strict=True):
        bold = re.findall(r"\x1b\[1m\s*([\d.]+[^\x1b]*)\x1b\[0m", row)
        assert len(bold) == len(expected["best_at"]), row
    assert stored_comparison(made.spec).summary.rows[0]["best_at"]


def test_points_that_are_missing_are_named_and_the_others_compared(made: Made) -> None:
    for stage in ("quality", "projection"):
        path = Path(made.store.path("toy", stage, made.keys[0], "current.json"))
        path.unlink()
    said = made.report()
    assert "Not made yet, 1 of 3 maps" in said
    assert made.keys[0] in said
    assert "atlas run toy" in said
    assert f"Recommended: {made.keys[1]}" in said


def test_nothing_made_yet_is_said_with_the_command_that_makes_it(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    monkeypatch.delenv("ATLAS_STORAGE", raising=False)
    with pytest.raises(AtlasError, match=r"No map of toy has been made yet.*its 3 maps with: atlas run toy"):
        Made(tmp_path, sweep()).report()


def test_json_holds_every_figure_with_its_standard_error(made: Made, tmp_path: Path) -> None:
    made.report(json_file=tmp_path / "report.json")
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert found["recommended"] == made.keys[0]
    assert [point["key"] for point in found["points"]] == made.keys
    first = found["points"][0]
    assert set(first["metrics"]) == set(METRICS) == set(found["figures"])
    assert first["seconds"] == 1.25
    assert first["parameters"]["perplexity"] == 5
    stored = Quality.load(made.store.folder(made.pipeline.address("quality", made.keys[0])))
    assert first["errors"] == stored.errors
    assert first["metrics"] == stored.metrics


def test_the_page_stands_alone_and_shows_every_map(made: Made, tmp_path: Path) -> None:
    made.report(html=tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert len(page.all("script")) == 1  # the title is no markup
    assert NASTY in page.text
    assert len(page.all("img")) == 1 + len(made.keys)
    assert all((image["src"] or "").startswith("data:image/png;base64,") and image["alt"] for image in page.all("img"))
    assert [figure["id"] for figure in page.all("figure")] == made.keys
    assert [figure.get("class") for figure in page.all("figure")] == ["chosen", None, None]
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", text)  # nothing comes from anywhere else
    [policy] = [m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert (policy or "").startswith("default-src 'none'")
    assert [row.get("class") for row in page.all("tr")] == [None, "chosen", None, None]  # the first is the head
    assert [cell for cell in page.all("td") if cell.get("class") == "best"]
    assert "prefers-color-scheme: dark" in text
    assert "width=device-width" in text
    for name in ("held_out_recall", "trustworthiness", "edge_length_p95"):
        assert FIGURES[name].meaning in page.text


def test_a_file_that_cannot_be_written_is_a_message(made: Made, tmp_path: Path) -> None:
    with pytest.raises(AtlasError, match=r"no/such/folder/x\.html cannot be written"):
        made.report(html=tmp_path / "no/such/folder/x.html")


def test_a_page_of_fifty_maps_is_a_megabyte_at_most_and_its_sheet_fits_into_the_event_log(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    monkeypatch.delenv("ATLAS_STORAGE", raising=False)
    made = Made(tmp_path, sweep(50))
    generator = np.random.default_rng(0)
    for key in made.keys:
        made.point(key, noise=float(generator.uniform(0.02, 1)))
    page = stored_comparison(made.spec).page()
    assert len(page.html()) < 3_000_000
    for storage in (None, "s3://bucket/atlas"):  # with and without files that the webserver serves
        if storage:
            monkeypatch.setenv("ATLAS_STORAGE", storage)
        shown = report.sweep_report(page)
        assert sum(len(str(value)) for value in shown.values()) < 50_000
        assert len(shown["best maps"]) < report.FOLDED
        assert shown["maps compared"] == 50
        assert shown["recommended"] == page.summary.recommended


def test_maps_of_another_number_of_entities_are_shown_as_they_are(made: Made) -> None:
    """A map made before the data grew is still compared, and not coloured by regions of others."""
    found = stored_comparison(made.spec).page()
    maps = dict(found.maps)
    maps[made.keys[1]] = maps[made.keys[1]][:40]
    page = ReportPage(
        title=found.title,
        summary=found.summary,
        points=found.points,
        seconds=found.seconds,
        maps=maps,
        regions=np.arange(64) % 3,
    )
    assert page.turned[made.keys[1]].shape == (40, 2)
    assert page.html().count("<figure") == 3


def test_the_page_of_a_map_shows_its_figures_with_their_errors_and_as_numbers_to_plot(made: Made) -> None:
    key = made.keys[0]
    stored = Quality.load(made.store.folder(made.pipeline.address("quality", key)))
    positions = Projection.load(made.store.folder(made.pipeline.address("projection", key))).positions
    shown = report.quality(stored, positions, made.pipeline.sweep.projections[key])
    assert re.search(r"\| Overall shape \| [\d.]+ % ± [\d.]+ \|", shown["figures"])
    assert shown["overall shape"] == pytest.approx(stored.metrics["triplet_accuracy"], rel=1e-4)
    assert "embedding recall" not in shown  # it was made from the graph
    assert all(len(value) < report.FOLDED for value in shown.values() if isinstance(value, str))
    assert str(shown["map"]).startswith("![t-SNE")


@pytest.mark.parametrize("dims", [2, 3, 5])
def test_the_page_of_an_embedding_shows_it(made: Made, dims: int) -> None:
    positions = np.random.default_rng(0).standard_normal((50, dims)).astype(np.float32)
    shown = report.embedding(Embedding(positions=positions, loss=0.2, iterations=9, residual=0.1, device="cpu"))
    assert str(shown["map"]).startswith("![the embedding](/logs/")
    assert (shown["dimensions"], shown["ended"]) == (dims, "converged")


@pytest.mark.parametrize(
    ("name", "value", "error", "expected"),
    [
        ("held_out_recall", 0.1535, 0.0014, "15.3 % ± 0.3"),
        ("held_out_recall", 0.01553, 0.00004, "1.55 % ± 0.01"),
        ("neighbour_recall", 0.4945, None, "49.5 %"),
        ("trustworthiness", 1.0, 0.0, "100.0 % ± 0.0"),
        ("held_out_lift", 45.9, 0.43, "45.9 × ± 0.9"),
        ("edge_length_median", 0.0696, None, "0.07"),
        ("isolated", 1234.0, None, "1,234"),
        ("continuity", None, None, "–"),
    ],
)
def test_figures_are_written_with_the_digits_that_their_error_leaves(name, value, error, expected) -> None:
    assert value_text(name, value, error) == expected


def test_columns_with_the_unit_in_their_head_have_bare_figures() -> None:
    assert value_text("held_out_recall", 0.1535, 0.0014, bare=True) == "15.3\u00a0±0.3"
    assert value_text("held_out_recall", None, bare=True) == "–"
