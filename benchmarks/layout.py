"""``layout``: from collections to maps, beside PyMDE, umap-learn, openTSNE, pacmap, dire-rapids and other routes.

Four measurements. Graph and embedding: from collections in memory to three dimensions, against the published recipe.
Iterations: the same embedding problem in our solver and in stock PyMDE. Layouts: maps of one graph from the same
neighbours and start positions, and maps of one embedding (``layout_methods``). Maps: how much of what was held out
every route keeps (``layout_maps``). All maps are judged by ``judge``, and ``layout_aims`` says what should come out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from atlas_assets.errors import AtlasError
from benchmarks import data, layout_data, layout_figures, layout_maps, measure
from benchmarks.layout_figures import RECALL, TRIPLETS, Figures
from benchmarks.layout_maps import Map, Told
from benchmarks.layout_methods import CONTESTS, DIRE, OPEN_TSNE, PACMAP, UMAP_LEARN, Contest, compared
from benchmarks.measure import Job, Limits, Series
from benchmarks.report import Row

EMBEDDING_SECONDS, ITERATION_SECONDS, DISTORTION = "graph+embedding seconds", "iteration seconds", "final distortion"
LAYOUT_SECONDS, DIFFERENT = "layout seconds", "coordinates that differ"
RECIPE, PYMDE = "pymde.preserve_neighbors", "pymde"
# asked for unless told otherwise; the recipe takes a quarter of an hour and more
DEFAULT_PEERS = (PYMDE, UMAP_LEARN, OPEN_TSNE, PACMAP, DIRE, "implicit", "scikit-learn")
ALL_PEERS = (RECIPE, *DEFAULT_PEERS)
# distributions whose versions decide what was measured
PACKAGES = (
    "numpy",
    "numba",
    "scipy",
    "torch",
    "pymde",
    "umap-learn",
    "pynndescent",
    "openTSNE",
    "pacmap",
    "dire-rapids",
    "scikit-learn",
    "implicit",
    "dagster",
    "atlas-assets",
)
CASE_OF_MAPS = "mtg-decks"  # whose maps are compared unless asked otherwise: DESIGN's table
# Name, weight of the pushes per edge and pairs they are sampled by per entity, iterations. The first two as PyMDE has
# them: three pushing pairs of weight 1 per edge; the last as Atlas has them unless told otherwise.
PROBLEMS = (
    ("three pushes per edge", {"ratio": 3.0, "samples": None}, 50),
    ("three pushes per edge", {"ratio": 3.0, "samples": None}, 300),
    ("200 pushes per entity", {"ratio": 6.0, "samples": 200}, 50),
)
PATIENCE = 60  # seconds of a first run beyond which there is no other
OURS = "ours"
Finished = Callable[[str, Path, list[Row], list[Map]], None]


def run(
    cases: Sequence[str],
    names: Sequence[str],
    *,
    runs: int,
    limits: Limits,
    cache: Path,
    maps: bool | None = None,
    progress: Told = lambda text: None,
    finished: Finished = lambda case, folder, rows, maps: None,
) -> list[Row]:
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
            made = [
                Row("layout", name, metric, "all", None, None, note=str(error))
                for metric in (EMBEDDING_SECONDS, ITERATION_SECONDS, LAYOUT_SECONDS, RECALL, TRIPLETS)
            ]
            finished(name, cache, made, [])
        else:
            with tempfile.TemporaryDirectory(prefix="layout-", dir=cache) as scratch:
                made = []
                for part in _Case(name, folder, Path(scratch), runs, limits, progress).measured(names):
                    finished(name, folder, part, [])
                    made += part
                if name == CASE_OF_MAPS if maps is None else maps:
                    made += _maps(name, folder, names, Path(scratch), limits, progress, finished)
        rows += made
    return rows


def _maps(
    name: str, folder: Path, peers: Sequence[str], scratch: Path, limits: Limits, progress: Told, finished: Finished
) -> list[Row]:
    try:
        found = layout_maps.maps(name, folder, peers, scratch, limits=limits, progress=progress)
    except AtlasError as error:
        made = [Row("layout", name, layout_maps.SECONDS, "all", None, None, note=str(error))]
        finished(name, folder, made, [])
        return made
    finished(name, folder, [], found)
    return layout_maps.rows(name, found)


class _Case:
    """The measurements of one case. What one leaves in ``scratch`` the next starts from."""

    def __init__(self, name: str, folder: Path, scratch: Path, runs: int, limits: Limits, progress: Told) -> None:
        self.name, self.folder, self.scratch = name, folder, scratch
        self.runs, self.limits, self.progress = runs, limits, progress

    def measured(self, names: Sequence[str]) -> Iterator[list[Row]]:
        yield self._embeddings(with_recipe=RECIPE in names)
        if PYMDE in names:
            yield self._iterations()
        if not (self.scratch / OURS / "positions.npy").exists():
            yield [Row("layout", self.name, LAYOUT_SECONDS, "all", None, None, note="ours gave no embedding")]
            return
        arguments = {"embedded": str(self.scratch / OURS), "out": str(self.scratch / "problem")}
        outcome = measure.run(Job("benchmarks.layout_methods:prepared", arguments), self.limits)
        if outcome.values is None:
            yield [Row("layout", self.name, LAYOUT_SECONDS, "all", None, None, note=outcome.note)]
            return
        for at, contest in enumerate(CONTESTS):
            if any(theirs.peer in names for theirs in contest.theirs):
                yield self._layouts(at, contest, names)

    def _embeddings(self, *, with_recipe: bool) -> list[Row]:
        """Ours is always made: later measurements start from it."""
        jobs = {OURS: self._job("embedded_by_atlas", out=OURS)}
        if with_recipe:
            jobs[RECIPE] = self._job("embedded_as_published", out=RECIPE)
        series = self._interleaved(jobs, "graph+embedding", compiled=[OURS])
        rows = [self._threads("3-D embedding", jobs[OURS], series[OURS])]
        if with_recipe:
            rows.append(self._row(EMBEDDING_SECONDS, RECIPE, series[OURS], series[RECIPE], "seconds"))
            judged = {name: self._judged(self.scratch / name / "positions.npy", series[name]) for name in series}
            rows += layout_figures.rows(self.name, RECIPE, judged[OURS], judged[RECIPE], of="3-D embedding")
        else:
            left_out = Series(note=f"takes a quarter of an hour and more: only with --peer {RECIPE}")
            rows.append(self._row(EMBEDDING_SECONDS, RECIPE, series[OURS], left_out, "seconds"))
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

    def _layouts(self, at: int, contest: Contest, names: Sequence[str]) -> list[Row]:
        """Maps of our graph or of our embedding, by ours and by theirs: each of ours against each of theirs.

        Every run has another seed, so that the errors of what maps keep contain what a seed makes of it.
        """
        asked = [theirs for theirs in contest.theirs if theirs.peer in names]
        jobs = self._contestants(at, contest, [theirs.name for theirs in asked])
        what = f"{contest.ours[0].label} of the {contest.source}"
        judged: dict[str, list[Figures]] = {name: [] for name in jobs}

        def judge(name: str, run: Series) -> None:
            judged[name].append(self._judged(Path(jobs[name].arguments["out"]), run))

        compiled = [ours.label for ours in contest.ours]
        series = self._interleaved(jobs, what, compiled=compiled, seeded=True, each=judge)
        figures = {name: layout_figures.mean(several) for name, several in judged.items()}
        rows = []
        for ours in contest.ours:
            what, mine = f"{ours.label} of the {contest.source}", series[ours.label]
            rows.append(self._threads(what, _with(jobs[ours.label], seed=layout_data.SEED), mine, of_seed=True))
            for theirs in asked:
                of = compared(ours, theirs, contest.source)
                rows.append(self._row(LAYOUT_SECONDS, theirs.peer, mine, series[theirs.name], "seconds", of=of))
                rows += layout_figures.rows(self.name, theirs.peer, figures[ours.label], figures[theirs.name], of=of)
        return rows

    def _contestants(self, at: int, contest: Contest, others: Sequence[str]) -> dict[str, Job]:
        embedded, problem = str(self.scratch / OURS), str(self.scratch / "problem")
        jobs = {}
        for name in (*(ours.label for ours in contest.ours), *others):
            arguments = {"contest": at, "embedded": embedded, "out": str(self.scratch / f"{at} {name}.npy")}
            if name in others:
                arguments |= {"name": name, "problem": problem}
                jobs[name] = Job("benchmarks.layout_methods:laid_out_by_peer", arguments)
            else:
                jobs[name] = Job("benchmarks.layout_methods:laid_out_by_atlas", arguments | {"label": name})
        return jobs

    def _job(self, function: str, *, out: str) -> Job:
        return Job(f"benchmarks.layout_jobs:{function}", {"folder": str(self.folder), "out": str(self.scratch / out)})

    def _interleaved(
        self,
        jobs: Mapping[str, Job],
        what: str,
        *,
        compiled: Sequence[str],
        seeded: bool = False,
        each: Callable[[str, Series], None] = lambda name, run: None,
    ) -> dict[str, Series]:
        """As ``measure.interleaved``, but who takes longer than ``PATIENCE`` is not run again.

        seeded: give every run another seed. each: called with every run before the next one of the same name.
        """
        series: dict[str, Series] = {name: Series() for name in jobs}
        for number in range(self.runs):
            left = [name for name, one in series.items() if not one.failed and not _slow(one)]
            turned = left[number % max(len(left), 1) :] + left[: number % max(len(left), 1)]
            seed = {"seed": layout_data.SEED + number} if seeded else {}
            runs = measure.interleaved(
                {name: _with(jobs[name], **seed) for name in turned},
                runs=1,
                limits=self.limits,
                compiled=compiled if number == 0 else (),
                progress=lambda text: self.progress(f"{self.name}, {what}: {text}"),
            )
            for name, run in runs.items():
                each(name, run)
                one = series[name]
                series[name] = Series([*one.counted, *run.counted], one.first or run.first, run.note)
        return series

    def _judged(self, positions: Path, series: Series) -> Figures:
        """Figures of what the last run has left; triplets as our graph orders them."""
        if series.failed:
            return Figures(note=series.note)
        graph = self.scratch / OURS / "graph"
        return layout_figures.judged(
            positions, self.folder, (graph / "indices.npy", graph / "similarity.npy"), self.limits
        )

    def _row(self, metric: str, peer: str, ours: Series, theirs: Series, key: str, of: str = "") -> Row:
        notes = [f"ours {ours.note}" if ours.failed else "", theirs.note]
        if self.runs > 1 and (slow := [who for who, one in ((OURS, ours), ("theirs", theirs)) if _slow(one)]):
            notes.append(f"{' and '.join(slow)} ran once, having taken more than {PATIENCE} s")
        mine = ours.median(key)
        if theirs.note.startswith("stopped after") and mine and key == "seconds":
            notes.append(f"so ours is more than {self.limits.seconds / mine:,.0f} times as fast")
        return Row(
            "layout",
            self.name,
            metric,
            peer,
            mine,
            theirs.median(key),
            note="; ".join(filter(None, notes)),
            runs={"ours": ours.all(key), "theirs": theirs.all(key)},
            of=of,
        )

    def _threads(self, what: str, job: Job, series: Series, *, of_seed: bool = False) -> Row:
        """How many other results than the first there were, in all runs and in one on a single thread.

        of_seed: only the first two runs had the seed of the job.
        """
        alone = measure.run(job, replace(self.limits, threads=1))
        there = [*([series.first] if series.first else []), *(series.counted[:1] if of_seed else series.counted)]
        found = [values["digest"] for values in [*there, *([alone.values] if alone.values else [])]]
        note = series.note or alone.note
        different = float(sum(one != found[0] for one in found)) if found and not note else None
        note = note or f"{len(found)} runs, one of them on one thread, the others on {self.limits.threads}"
        return Row("layout", self.name, DIFFERENT, OURS, different, None, note=note, of=what)


def _with(job: Job, **arguments: int) -> Job:
    return Job(job.call, {**job.arguments, **arguments})


def _slow(series: Series) -> bool:
    return bool(series.counted) and series.counted[0]["seconds"] > PATIENCE
