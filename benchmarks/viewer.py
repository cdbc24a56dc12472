"""``viewer``: frames, picks, loading and searching of the site, beside other ways to draw the same points in a browser.

Chromium with software rendering, 1200 x 800 CSS px at a pixel ratio of 1. Every side shows the same points in the same
places, with the same diameters and opacity, and moves them along the same path; sides take turns, a few frames each.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np

from atlas_assets.errors import AtlasError
from atlas_assets.publish import serve
from benchmarks import viewer_browser, viewer_data, viewer_pages
from benchmarks.data import SEED, Absent
from benchmarks.measure import Limits
from benchmarks.report import Row
from benchmarks.viewer_browser import HEIGHT, NETWORK_TEXT, WIDTH, Side, Stopped
from benchmarks.viewer_pages import BARE

OURS, NOBODY = "ours", "-"
FRAME, PICK, SEARCH = "frame seconds", "pick seconds", "search seconds"
FIRST_BYTES, FIRST_SECONDS = "first-paint bytes", "first-paint seconds"
COMPLETE_BYTES, COMPLETE_SECONDS = "complete bytes", "complete seconds"
MEMORY, SCRIPT = "memory bytes", "script bytes"
ALL, MOVING, ALONE = "all points", "while moving", "without labels"
MOVED, ELSEWHERE, RESTING = "after the map moved", "elsewhere after that", "of a resting map"
TYPICAL, SLOWEST = "median query", "slowest query"
ROUNDS, FRAMES = 5, 4  # turns of every side, and frames in each
SETTLING = 12  # frames in which the level of detail finds its level, not counted
SECONDS_PER_TURN = 3.0  # in this time a slower side draws fewer frames, but at least one
SLOWEST_MS = 5_000  # a side with slower frames has one turn
BACKGROUND = (246, 247, 250)


@dataclass
class Measured:
    """What one side did, in single measurements, or why there is nothing. Times in ms."""

    loads: list[dict[str, float]] = field(default_factory=list)
    frames: dict[str, list[float]] = field(default_factory=dict)
    picks: dict[str, list[float]] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    search: list[float] = field(default_factory=list)
    script: int | None = None
    points: int = 0  # that are drawn as while moving
    note: str = ""


def run(
    cases: Sequence[str],
    peers: Sequence[str],
    *,
    runs: int,
    limits: Limits,
    cache: Path,
    progress: Callable[[str], None],
    finished: Callable[[list[Row]], None],
) -> str:
    """Measure every case; ``finished`` gets its rows. Returns the version of Chromium."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise AtlasError("The benchmark needs playwright: pip install --group dev") from error
    if viewer_browser.executable() is None:
        raise AtlasError("The benchmark needs Chromium: scripts/ensure_chromium.sh installs it, or set CHROMIUM")
    version = ""
    with tempfile.TemporaryDirectory(prefix="viewer-", dir=cache) as scratch, sync_playwright() as playwright:
        for case in cases:
            try:
                n = viewer_data.size(case)
            except Absent as error:
                finished([Row("viewer", case, FRAME, "all", None, None, note=str(error))])
                continue
            measuring = _Case(case, n, peers, runs, limits, Path(scratch), cache, playwright, progress)
            finished(measuring.rows())
            version = measuring.version
    return version


class _Case:
    """One number of points."""

    def __init__(
        self,
        name: str,
        n: int,
        peers: Sequence[str],
        runs: int,
        limits: Limits,
        scratch: Path,
        cache: Path,
        playwright: Any,
        progress: Callable[[str], None],
    ) -> None:
        self.name, self.n, self.peers, self.runs, self.limits = name, n, peers, runs, limits
        self.scratch, self.playwright, self.version = scratch, playwright, ""
        self.progress: Callable[[str], None] = lambda text: progress(f"{name}: {text}")
        self.progress("making the points")
        self.made = viewer_data.made(n, cache=cache)
        self.found = {side: Measured() for side in (OURS, *peers)}
        self.sides: dict[str, Side] = {}
        self.random = np.random.default_rng(SEED)
        self.places = np.empty((0, 2))

    def rows(self) -> list[Row]:
        self._prepare()
        with serve.running(self.scratch, site=True) as address:
            try:
                self._open(OURS, f"{address}{self.name}/", data="/data/")
                self.version = self.sides[OURS].version
                self._try(OURS, lambda side: self.found[OURS].loads.append(side.load()))
                if OURS not in self.sides:
                    raise AtlasError(f"our own page failed: {self.found[OURS].note}")
                settings = self._settings(self.sides[OURS])
                for peer in self.peers:
                    if not self.found[peer].note:
                        query = urlencode({"script": viewer_pages.scripts(peer)[0], "settings": json.dumps(settings)})
                        self._open(peer, f"{address}peers/page.html?{query}", data=viewer_pages.POINTS)
                        self._try(peer, lambda side, to=self.found[peer].loads: to.append(side.load()))
                for number in range(1, self.runs):
                    for name in self._turn(number):
                        self.progress(f"{name}, loading again")
                        self._try(name, lambda side, to=self.found[name].loads: to.append(side.load()))
                for number in range(ROUNDS):
                    for name in self._turn(number):
                        self.progress(f"{name}, turn {number + 1} of {ROUNDS}")
                        self._try(name, lambda side, number=number: self._draw(side, number))
                self._try(OURS, self._search)
                for name in list(self.sides):
                    self._try(name, lambda side, to=self.found[name].memory: to.update(side.memory()))
            finally:
                for side in self.sides.values():
                    side.close()
        return rows(self.name, self.found)

    def _prepare(self) -> None:
        self.progress("building the site and the other pages")
        viewer_pages.publish(self.scratch / self.name, self.made)
        missing = viewer_pages.provide(self.scratch / "peers", self.peers)
        self.found[OURS].script = viewer_pages.script_bytes((self.scratch / self.name).glob("assets/*.js"))
        for peer in self.peers:
            self.found[peer].note = missing.get(peer, "")
            if peer not in missing:
                paths = (self.scratch / "peers" / name for name in viewer_pages.scripts(peer))
                self.found[peer].script = viewer_pages.script_bytes(paths)

    def _open(self, name: str, address: str, *, data: str) -> None:
        self.progress(f"{name}, loading")
        self.sides[name] = Side(self.playwright, name, address, data=data, seconds=self.limits.seconds)

    def _try(self, name: str, action: Callable[[Side], None]) -> None:
        """A side that fails once is out: its limit would only be reached again."""
        if (side := self.sides.get(name)) is None:
            return
        try:
            action(side)
        except Stopped as stopped:
            self.found[name].note = str(stopped)
            del self.sides[name]

    def _turn(self, number: int) -> list[str]:
        """Everybody, each time beginning with somebody else."""
        names = list(self.sides)
        start = number % max(len(names), 1)
        return names[start:] + names[:start]

    def _settings(self, ours: Side) -> dict[str, Any]:
        """How our side draws the points, for the others to do the same; writes their points file."""
        sample = self.random.choice(self.n, min(self.n, 300), replace=False)
        look = ours.look(sample.tolist(), self.n)
        on_screen = np.array([[place["x"], place["y"]] for place in look["places"]])
        fits = [
            viewer_browser.affine(self.made.rows[axis].to_numpy()[sample].astype(float), on_screen[:, dim])
            for dim, axis in enumerate("xy")
        ]
        if (off := max(residual for _, _, residual in fits)) > 0.5:
            raise AtlasError(f"the map does not show the points where they are: {off:.1f} px off")
        inside = (on_screen > 150).all(axis=1) & (on_screen < (WIDTH - 150, HEIGHT - 150)).all(axis=1)
        self.places = on_screen[inside] if inside.any() else on_screen
        points = self.scratch / "peers" / f"{self.name}-{viewer_pages.POINTS}"
        viewer_data.write_points(points, self.made.rows, np.array(look["sizes"], np.uint8))
        return {
            "points": points.name,
            "n": self.n,
            "scale": [scale for scale, _, _ in fits],
            "offset": [offset for _, offset, _ in fits],
            "colours": viewer_data.COLOURS,
            "background": BACKGROUND,
            **look["style"],
        }

    def _draw(self, side: Side, number: int) -> None:
        """One turn: frames along a part of the path, then picks."""
        found = self.found[side.name]
        path = viewer_browser.circle(ROUNDS * FRAMES)[number * FRAMES : (number + 1) * FRAMES]
        known = found.frames.get(ALL) or side.frames(path[:1])  # the first one after loading does not count
        if number and known[-1] > SLOWEST_MS:
            return
        path = path[: frames_in(SECONDS_PER_TURN, known[-1])]
        found.frames.setdefault(ALL, []).extend(side.frames(path))
        if side.ours:
            found.frames.setdefault(ALONE, []).extend(side.frames(path, "alone"))
            settled = side.frames(path * -(-SETTLING // len(path)) + path, "moving")[-len(path) :]
            found.frames.setdefault(MOVING, []).extend(settled)
            found.points = side.drawn()
        if side.name != BARE:
            places = self.random.choice(self.places, 3 * len(path)) + 1.0
            for picks in side.picks(path, places.tolist()):
                for of, (ms, _) in zip((MOVED, ELSEWHERE, RESTING), picks, strict=True):
                    found.picks.setdefault(of, []).append(ms)

    def _search(self, side: Side) -> None:
        queries = viewer_data.queries(self.made.rows["label"].to_list())
        side.search(queries[-2:])  # whatever is compiled or built at the first question
        runs = [side.search(queries) for _ in range(3)]
        self.found[OURS].search = [float(ms) for ms in np.median(runs, axis=0)]


def frames_in(seconds: float, ms: float) -> int:
    """How many frames of that many ms fit into a turn."""
    return max(1, min(FRAMES, int(seconds * 1000 / max(ms, 1e-3))))


def rows(case: str, found: dict[str, Measured]) -> list[Row]:
    """The table of a case: each figure of ours beside that of every peer that has it."""
    ours = found[OURS]
    made: list[Row] = []

    def add(metric: str, peer: str, mine: list[float], others: list[float], *, of: str = "", note: str = "") -> None:
        told = "; ".join(filter(None, [found[peer].note if peer in found else "", note]))
        made.append(
            Row(
                "viewer",
                case,
                metric,
                peer,
                _median(mine),
                _median(others),
                note=told,
                of=of,
                runs={name: figures for name, figures in (("ours", mine), ("theirs", others)) if len(figures) > 1},
            )
        )

    peers = {name: one for name, one in found.items() if name != OURS}
    reduced = f"while it moves, ours draws the more important points alone where frames are slow: {ours.points:,} here"
    for of, note in ((ALL, ""), (ALONE, ""), (MOVING, reduced)):
        for name, one in peers.items():
            if of != ALONE or name == BARE:
                add(FRAME, name, _seconds(ours.frames.get(of)), _seconds(one.frames.get(ALL)), of=of, note=note)
    for of in (MOVED, ELSEWHERE, RESTING):
        for name, one in peers.items():
            if name != BARE:
                add(PICK, name, _seconds(ours.picks.get(of)), _seconds(one.picks.get(of)), of=of)
    network = f"loading over {NETWORK_TEXT}; bytes are those of data, scripts come on top"
    more = "ours is complete with names, columns and the search over them; theirs with places, sizes and colours"
    for metric, key, scale, note in (
        (FIRST_BYTES, "first_bytes", 1.0, ""),
        (FIRST_SECONDS, "first_ms", 1e-3, network),
        (COMPLETE_BYTES, "complete_bytes", 1.0, more),
        (COMPLETE_SECONDS, "complete_ms", 1e-3, ""),
    ):
        for name, one in peers.items():
            add(
                metric,
                name,
                [load[key] * scale for load in ours.loads],
                [load[key] * scale for load in one.loads],
                note=note,
            )
    for of, key in (("page and graphics process", "processes"), ("script heap", "heap")):
        for name, one in peers.items():
            add(MEMORY, name, _one(ours.memory.get(key)), _one(one.memory.get(key)), of=of)
    for name, one in peers.items():
        add(SCRIPT, name, _one(ours.script), _one(one.script))
    if ours.search:
        add(SEARCH, NOBODY, [float(np.median(ours.search)) / 1000], [], of=TYPICAL, note="the others have no search")
        add(SEARCH, NOBODY, [max(ours.search) / 1000], [], of=SLOWEST)
    return made


def _median(figures: list[float]) -> float | None:
    return float(np.median(figures)) if figures else None


def _seconds(ms: list[float] | None) -> list[float]:
    return [one / 1000 for one in ms or []]


def _one(figure: float | None) -> list[float]:
    return [] if figure is None else [float(figure)]
