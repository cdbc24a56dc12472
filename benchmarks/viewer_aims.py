"""What the viewer should reach, and whether the rows of ``viewer`` say that it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from benchmarks import aims as aims_of
from benchmarks.aims import Aim, aim
from benchmarks.report import Row
from benchmarks.viewer import ALL, ELSEWHERE, FIRST_BYTES, FRAME, MOVED, PICK, SCRIPT, SEARCH, TYPICAL
from benchmarks.viewer_pages import BARE, DECK, REGL

AT = "100k"  # where an aim names a number of points


def aims(rows: Sequence[Row]) -> list[Aim]:
    """In the order of the cases; those about one number of points only there."""
    made: list[Aim] = []
    for case in dict.fromkeys(row.case for row in rows):
        of_case = [row for row in rows if row.case == case and row.of in ("", ALL, MOVED, ELSEWHERE, TYPICAL)]
        frame = _ours(of_case, FRAME)
        pick = max((row.ours for row in of_case if row.metric == PICK and row.ours), default=None)
        slower = _inverse(_ratio(of_case, FRAME, BARE))
        made += [
            aim(case, "a frame takes at most 1.3 times as long as bare gl.POINTS", slower, "{:.2f} times", most=1.3),
            aim(
                case,
                "and is at least 15 times faster than deck.gl",
                _ratio(of_case, FRAME, DECK),
                "{:.1f} times",
                least=15,
            ),
            aim(
                case,
                "and no slower than regl-scatterplot",
                _ratio(of_case, FRAME, REGL),
                "{:.2f} times as fast",
                least=1,
            ),
            aim(
                case,
                "picks after the map moved take less than 2 frames each",
                pick / frame if pick and frame else None,
                "{:.2f} frames",
                most=2,
            ),
        ]
        if case == AT:
            made += [
                aim(
                    case,
                    "the first paint needs less than 150 kB of data",
                    _kb(_ours(of_case, FIRST_BYTES)),
                    "{:.0f} kB",
                    most=150,
                ),
                aim(case, "a search takes less than 50 ms", _ms(_ours(of_case, SEARCH)), "{:.1f} ms", most=50),
                aim(case, "all JavaScript is less than 120 kB", _kb(_ours(of_case, SCRIPT)), "{:.0f} kB", most=120),
            ]
    return made


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return aims_of.as_json(aims(rows))


def show(rows: Sequence[Row], console: Console) -> None:
    aims_of.show(aims(rows), console)


def _find(rows: Sequence[Row], metric: str, peer: str | None = None) -> Row | None:
    return next((row for row in rows if row.metric == metric and peer in (None, row.peer)), None)


def _ours(rows: Sequence[Row], metric: str) -> float | None:
    row = _find(rows, metric)
    return row.ours if row else None


def _ratio(rows: Sequence[Row], metric: str, peer: str) -> float | None:
    row = _find(rows, metric, peer)
    return row.ratio if row else None


def _inverse(value: float | None) -> float | None:
    return None if not value else 1 / value


def _kb(value: float | None) -> float | None:
    return None if value is None else value / 1000


def _ms(value: float | None) -> float | None:
    return None if value is None else value * 1000
