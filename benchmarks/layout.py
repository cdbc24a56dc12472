"""``layout``: from collections to maps, beside PyMDE, umap-learn, openTSNE and the routes that people take otherwise.

Four measurements. Graph and embedding: from collections in memory to three dimensions, against the published recipe.
Iterations: the same embedding problem in our solver and in stock PyMDE. Layouts: a map of one embedding from scratch.
Maps: how much of what was held out every route keeps (``layout_maps``). All maps are judged by ``judge``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from atlas_assets.errors import AtlasError
from benchmarks import data, layout_data, layout_maps, measure
from benchmarks.layout_maps import RECALL, TRIPLETS, Map, Told
from benchmarks.measure import Job, Limits, Series
from benchmarks.report import Row

EMBEDDING_SECONDS, ITERATION_SECONDS, DISTORTION = "graph+embedding seconds", "iteration seconds", "final distortion"
LAYOUT_SECONDS, DIFFERENT = "layout seconds", "coordinates that differ"
RECIPE, PYMDE, UMAP, TSNE = "pymde.preserve_neighbors", "pymde", "umap-learn", "openTSNE"
ALL_PEERS = (RECIPE, PYMDE, UMAP, TSNE, "implicit", "scikit-learn")
# distributions whose versions decide what was measured
PACKAGES = ("numpy", "numba", "scipy", "torch", "pymde", "umap-learn", "pynndescent", "openTSNE", "scikit-learn",
            "implicit", "dagster", "atlas-assets")  # fmt: skip
CASE_OF_MAPS = "mtg-decks"  # whose maps are compared unless asked otherwise: DESIGN's table
SETTINGS = {"n_neighbors": 15, "min_dist": 0.1, "perplexity": 30}
# Name, weight of the pushes per edge and pairs they are sampled by per entity, iterations. The first two as PyMDE has
# them: three pushing pairs of weight 1 per edge; the last as Atlas has them unless told otherwise.
PROBLEMS = (
    ("three pushes per edge", {"ratio": 3.0, "samples": None}, 50),
    ("three pushes per edge", {"ratio": 3.0, "samples": None}, 300),
    ("200 pushes per entity", {"ratio": 6.0, "samples": 200}, 50),
)
# peer -> ours and theirs in ``layout_jobs.LAYOUTS``, the latter by how they were called
LAYOUTS = {
    UMAP: ("atlas umap", {"": "umap-learn", "without a seed": "umap-learn, no seed"}),
    TSNE: ("atlas tsne", {"": "openTSNE"}),
}
OURS = "ours"
Finished = Callable[[str, Path, list[Row], list[Map]], None]


def run(
    cases: Sequence[str], names: Sequence[str], *, runs: int, limits: Limits, cache: Path, maps: bool | None = None,
    progress: Told = lambda text: None, finished: Finished = lambda case, folder, rows, maps: None,
) -> list[Row]:  # fmt: skip
    """The rows of every case. ``maps``: compare the routes; None for the case of DESIGN's table alone.

    ``finished`` is called with the rows of each measurement, or its maps, as soon as they are there; the rows of the
    maps are only in what is returned.
    """
    rows = []
    for name in cases:
        progress(f"{name}: data")
        try:
            folder = layout_data.prepared(name, cache=cache)
        except (data.Absent, AtlasError) as error:
            made = [Row("layout", name, metric, "all", None, None, note=str(error))
                    for metric in (EMBEDDING_SECONDS, ITERATION_SECONDS, LAYOUT_SECONDS, RECALL, TRIPLETS)]  # fmt: skip
            finished(name, cache, made, [])
        else:
            with tempfile.TemporaryDirectory(prefix="layout-", dir=cache) as scratch:
                made = []
                for part in _Case(name, folder, Path(scratch), runs, limits, progress).measured(names):
                    finished(name, folder, part, [])
                    made += part
                if name == CASE_OF_MAPS if maps is None else maps:
                    found = layout_maps.maps(name, folder, names, Path(scratch), limits=limits, progress=progress)
                    finished(name, folder, [], found)
                    made += layout_maps.rows(name, found)
        rows += made
    return rows


class _Case:
    """The measurements of one case. What one leaves in ``scratch`` the next starts from."""

    def __init__(self, name: str, folder: Path, scratch: Path, runs: int, limits: Limits, progress: Told) -> None:
        self.name, self.folder, self.scratch = name, folder, scratch
        self.runs, self.limits, self.progress = runs, limits, progress

    def measured(self, names: Sequence[str]) -> Iterator[list[Row]]:
        yield self._embeddings(with_recipe=RECIPE in names)
        if PYMDE in names:
            yield self._iterations()
        for peer in (UMAP, TSNE):
            if peer in names:
                yield self._layouts(peer)

    def _embeddings(self, *, with_recipe: bool) -> list[Row]:
        """Ours is always made: later measurements start from it."""
        jobs = {OURS: self._job("embedded_by_atlas", out=OURS)}
        if with_recipe:
            jobs[RECIPE] = self._job("embedded_as_published", out=RECIPE)
        series = self._interleaved(jobs, "graph+embedding", compiled=[OURS])
        rows = [self._threads("3-D embedding", jobs[OURS], series[OURS])]
        if with_recipe:
            rows.append(self._row(EMBEDDING_SECONDS, RECIPE, series[OURS], series[RECIPE], "seconds"))
            quality = {name: self._judged(self.scratch / name / "positions.npy", series[name]) for name in series}
            rows += self._quality(RECIPE, "3-D embedding", quality[OURS], quality[RECIPE])
        return rows

    def _iterations(self) -> list[Row]:
        """Both sides from one start over one list of pairs; distortion as ``judge`` computes it, for both."""
        rows = []
        for about, problem, iterations in PROBLEMS:
            arguments = problem | {"graph": str(self.scratch / OURS / "graph"), "iterations": iterations}
            jobs = {by: Job("benchmarks.layout_jobs:iterated", {"by": by} | arguments) for by in (OURS, PYMDE)}
            series = self._interleaved(jobs, f"{iterations} iterations", compiled=[OURS])
            of = f"{iterations} iterations, {about}"
            rows.append(self._row(ITERATION_SECONDS, PYMDE, series[OURS], series[PYMDE], "iteration_seconds", of=of))
            rows.append(self._row(DISTORTION, PYMDE, series[OURS], series[PYMDE], "distortion", of=of))
        return rows

    def _layouts(self, peer: str) -> list[Row]:
        """UMAP or t-SNE of our embedding, each library searching its own neighbours."""
        if not (self.scratch / OURS / "positions.npy").exists():
            return [Row("layout", self.name, LAYOUT_SECONDS, peer, None, None, note="ours gave no embedding")]
        mine, others = LAYOUTS[peer]
        jobs = {by: self._layout_job(by) for by in (mine, *others.values())}
        series = self._interleaved(jobs, peer, compiled=[mine])
        quality = {by: self._judged(Path(jobs[by].arguments["out"]), series[by]) for by in series}
        rows = [self._threads(f"{peer} of the embedding", jobs[mine], series[mine])]
        for how, by in others.items():
            of = " ".join(filter(None, ["2-D map of the embedding", how]))
            rows.append(self._row(LAYOUT_SECONDS, peer, series[mine], series[by], "seconds", of=how))
            rows += self._quality(peer, of, quality[mine], quality[by])
        return rows

    def _job(self, function: str, *, out: str) -> Job:
        return Job(f"benchmarks.layout_jobs:{function}", {"folder": str(self.folder), "out": str(self.scratch / out)})

    def _layout_job(self, by: str) -> Job:
        arguments = {"by": by, "embedded": str(self.scratch / OURS), "out": str(self.scratch / f"{by}.npy")}
        return Job("benchmarks.layout_jobs:laid_out", arguments | SETTINGS)

    def _interleaved(self, jobs: dict[str, Job], what: str, *, compiled: Sequence[str]) -> dict[str, Series]:
        return measure.interleaved(
            jobs, runs=self.runs, limits=self.limits, compiled=compiled,
            progress=lambda text: self.progress(f"{self.name}, {what}: {text}"),
        )  # fmt: skip

    def _judged(self, positions: Path, series: Series) -> dict[str, Any]:
        """Figures of what the last run has left; triplets as our graph orders them."""
        if series.failed:
            return {}
        graph = self.scratch / OURS / "graph"
        outcome = measure.run(
            Job("benchmarks.layout_jobs:judged", {
                "folder": str(self.folder), "positions": str(positions),
                "lists": [str(graph / "indices.npy"), str(graph / "similarity.npy")],
            }), self.limits,
        )  # fmt: skip
        return outcome.values or {}

    def _quality(self, peer: str, of: str, ours: dict[str, Any], theirs: dict[str, Any]) -> list[Row]:
        return [
            Row("layout", self.name, metric, peer, ours.get(key), theirs.get(key), "gain", of=of)
            for metric, key in ((RECALL, "recall"), (TRIPLETS, "triplets"))
        ]

    def _row(self, metric: str, peer: str, ours: Series, theirs: Series, key: str, of: str = "") -> Row:
        notes = [f"ours {ours.note}" if ours.failed else "", theirs.note]
        mine = ours.median(key)
        if theirs.note.startswith("stopped after") and mine and key == "seconds":
            notes.append(f"so ours is more than {self.limits.seconds / mine:,.0f} times as fast")
        return Row(
            "layout", self.name, metric, peer, mine, theirs.median(key), note="; ".join(filter(None, notes)),
            runs={"ours": ours.all(key), "theirs": theirs.all(key)}, of=of,
        )  # fmt: skip

    def _threads(self, what: str, job: Job, series: Series) -> Row:
        """How many other results than the first there were, in all runs and in one on a single thread."""
        alone = measure.run(job, replace(self.limits, threads=1))
        found = [values["digest"] for values in series.counted]
        found += [alone.values["digest"]] if alone.values else []
        note = series.note or alone.note
        different = float(sum(one != found[0] for one in found)) if found and not note else None
        note = note or f"{len(found)} runs, one of them on one thread, the others on {self.limits.threads}"
        return Row("layout", self.name, DIFFERENT, OURS, different, None, note=note, of=what)
