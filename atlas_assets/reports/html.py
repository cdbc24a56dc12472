"""The comparison of a sweep's maps as one HTML file: recommendation, table, pictures, and what the figures mean.

Nothing is loaded from anywhere: pictures are embedded, the script (it sorts the table) is a few lines, and without it
everything is there but the sorting. All text from users is escaped.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from atlas_assets import project
from atlas_assets.reports.small_multiples import turned_alike
from atlas_assets.spec.sweep import ProjectionPoint
from atlas_assets.stages.quality.measures import FIGURES, ONCE, OWN_GRAPH, PLUS_MINUS, remarks, value_text
from atlas_assets.stages.quality.sweep_report import SweepReport
from atlas_assets.stages.site.thumbnail import contact_sheet, thumbnail

PICTURE, PICTURE_BYTES = 280, 24_000  # of each map; fifty of them make a page of about a megabyte
LARGE, LARGE_BYTES = 640, 120_000


@dataclass(frozen=True)
class ReportPage:
    """What the page shows: a ranking, the maps themselves (key -> (n, 2 or 3)), and what to colour them by.

    regions (n,): a group per entity, of the recommended map (``small_multiples.coarse``). outdated: keys of points that
    were measured on an earlier state.
    """

    title: str
    summary: SweepReport
    points: Mapping[str, ProjectionPoint]
    seconds: Mapping[str, float | None]
    maps: Mapping[str, np.ndarray]
    regions: np.ndarray | None = None
    outdated: Sequence[str] = ()

    @property
    def several_graphs(self) -> bool:
        return len({point.graph for point in self.points.values()}) > 1

    @cached_property
    def names(self) -> dict[str, str]:
        """What people call each point; with the graph and the embedding it is made from, where these differ."""
        embeddings = {point.embedding.embedding_dim for point in self.points.values() if point.embedding}
        return {
            key: point.name
            + (f", k {point.graph.n_neighbors}" if self.several_graphs else "")
            + (f", embedding_dim {point.embedding.embedding_dim}" if point.embedding and len(embeddings) > 1 else "")
            for key, point in self.points.items()
        }

    @cached_property
    def turned(self) -> dict[str, np.ndarray]:
        """Every map as it lies over the recommended one, (n, 2)."""
        return turned_alike(self.maps, onto=self.summary.recommended)

    def sheet(self, *, size: int, columns: int, max_bytes: int) -> bytes:
        """All maps on one picture (PNG), best first, the recommended one framed; size: of each, in pixels."""
        rows = self.summary.rows
        captions = []
        for row in rows:
            made_from, _, method = row["key"].rpartition("_")  # in two lines, so that it is not cut
            captions.append(f"{row['rank']}. {made_from}\n{method}\n{self._figure(row, self.summary.ranked_by)}")
        keys = [row["key"] for row in rows]
        return contact_sheet(
            [(caption, self.turned[key]) for caption, key in zip(captions, keys, strict=True)],
            region=self.regions,
            framed=keys.index(self.summary.recommended),
            size=size,
            columns=columns,
            max_bytes=max_bytes,
        )

    def html(self) -> str:
        """The page. Made from the same figures, it is the same to the last byte."""
        summary = self.summary
        name = self.names[summary.recommended]
        title = f"{html.escape(self.title)}: {len(summary.rows)} maps compared"
        return _PAGE.format(
            title=title,
            style=_STYLE,
            script=_SCRIPT,
            name=html.escape(name),
            key=html.escape(summary.recommended),
            reason=html.escape(summary.reason),
            picture=self._picture(summary.recommended, LARGE),
            notes=self._notes(),
            table=self._table(),
            maps="\n".join(map(self._map, summary.rows)),
            meanings="\n".join(self._meaning(figure) for figure in self._shown(FIGURES)),
            plus_minus=html.escape(f"{PLUS_MINUS} {OWN_GRAPH}" if self.several_graphs else PLUS_MINUS),
            deciding=html.escape(FIGURES[summary.ranked_by].title.lower()),
        )

    def _shown(self, names) -> list[str]:
        return [name for name in names if any(row["metrics"].get(name) is not None for row in self.summary.rows)]

    def _figure(self, row: Mapping[str, Any], name: str, *, bare: bool = False) -> str:
        return value_text(name, row["metrics"].get(name), row["errors"].get(name), bare=bare)

    def _table(self) -> str:
        shown = [name for name in self._shown(FIGURES) if name not in ONCE]
        heads = ["rank", "map", *(FIGURES[name].head for name in shown), "seconds"]
        titles = [
            "by " + FIGURES[self.summary.ranked_by].title.lower(),
            "",
            *(FIGURES[name].meaning for name in shown),
            "that laying it out took",
        ]
        head = "".join(
            f'<th scope="col" title="{html.escape(title)}"><button type="button">{html.escape(text)}</button></th>'
            for text, title in zip(heads, titles, strict=True)
        )
        body = "\n".join(self._row(row, shown) for row in self.summary.rows)
        return f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"

    def _row(self, row: Mapping[str, Any], shown: list[str]) -> str:
        key, seconds = row["key"], self.seconds.get(row["key"])
        cells = [_cell(str(row["rank"]), row["rank"])]
        label = f'<a href="#{html.escape(key)}">{html.escape(self.names[key])}</a><br><code>{html.escape(key)}</code>'
        cells.append(f'<th scope="row" data-value="{html.escape(key)}">{label}</th>')
        cells += [
            _cell(self._figure(row, name, bare=True), row["metrics"].get(name), best=name in row["best_at"])
            for name in shown
        ]
        cells.append(_cell("–" if seconds is None else f"{seconds:,.1f}", seconds))
        chosen = ' class="chosen"' if key == self.summary.recommended else ""
        return f"<tr{chosen}>{''.join(cells)}</tr>"

    def _map(self, row: Mapping[str, Any]) -> str:
        key, deep = row["key"], ", seen from above" if row["dims"] == 3 else ""
        chosen = ' class="chosen"' if key == self.summary.recommended else ""
        figures = " · ".join(
            f"{FIGURES[name].short} {self._figure(row, name)}"
            for name in self._shown((self.summary.ranked_by, "triplet_accuracy"))
        )
        return (
            f'<figure id="{html.escape(key)}"{chosen}>{self._picture(key, PICTURE)}<figcaption>'
            f"<strong>{row['rank']}. {html.escape(self.names[key])}</strong>{deep}<br>"
            f"<code>{html.escape(key)}</code><br>{html.escape(figures)}</figcaption></figure>"
        )

    def _picture(self, key: str, size: int) -> str:
        data = base64.b64encode(self._pictures[key, size]).decode()
        alt = html.escape(f"Map: {self.names[key]}")
        return f'<img alt="{alt}" width="{size}" height="{size}" src="data:image/png;base64,{data}">'

    @cached_property
    def _pictures(self) -> dict[tuple[str, int], bytes]:
        """Of the recommended map a large picture, of each a small one; drawn on all cores."""
        places = self.turned

        def draw(wanted: tuple[str, int, int]) -> bytes:
            key, size, max_bytes = wanted
            positions = places[key]
            fitting = self.regions if self.regions is not None and len(self.regions) == len(positions) else None
            return thumbnail(positions, region=fitting, size=size, max_bytes=max_bytes)

        pictures = [(self.summary.recommended, LARGE, LARGE_BYTES)]
        pictures += [(row["key"], PICTURE, PICTURE_BYTES) for row in self.summary.rows]
        with ThreadPoolExecutor(project.cores()) as pool:
            drawn = pool.map(draw, pictures)
            return {(key, size): data for (key, size, _), data in zip(pictures, drawn, strict=True)}

    def _meaning(self, name: str) -> str:
        figure = FIGURES[name]
        better = {"more": " More is better.", "less": " Less is better.", None: ""}[figure.better]
        column = f" <small>({figure.short})</small>" if figure.short != figure.title.lower() else ""
        return f"<dt>{figure.title}{column}</dt><dd>{html.escape(figure.meaning)}{better}</dd>"

    def _notes(self) -> str:
        notes = []
        failures = self.summary.failures
        if waiting := [key for key in self.summary.missing if key not in failures]:
            many = f"Not made yet, {len(waiting)} of {len(self.points)} maps"
            notes.append(f"{many}: {html.escape(', '.join(waiting))}.")
        for key, message in failures.items():
            notes.append(f"{html.escape(key)} failed: {html.escape(message)}")
        if self.outdated:
            notes.append(
                "Figures of an earlier state of the data, the spec or the program: "
                f"{html.escape(', '.join(self.outdated))}."
            )
        chosen = next(row for row in self.summary.rows if row["key"] == self.summary.recommended)
        notes += map(html.escape, remarks(chosen["metrics"]))
        return "".join(f'<p class="note">{note}</p>' for note in notes)


def _cell(text: str, value: float | None, *, best: bool = False) -> str:
    order = "" if value is None else repr(float(value))
    return f'<td data-value="{order}"{" class=best" if best else ""}>{html.escape(text)}</td>'


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{title}</title><style>{style}</style></head><body>
<h1>{title}</h1>
{notes}
<section class="recommended">{picture}<div><p class="eyebrow">Recommended</p><h2>{name}</h2><p><code>{key}</code></p>
<p>{reason}</p></div></section>
<h2>All figures</h2>
<p>Ranked by {deciding}. Bold: the best of its column, and those that differ from it by less than the sampling error
(judged on one sample for all, which tells apart more than ± does). Press a column's head to sort by it.</p>
<div class="wide" tabindex="0"><table>{table}</table></div>
<h2>All maps</h2>
<p>Turned to lie over the recommended map, and coloured by its regions: a region that stays together has one colour.</p>
<div class="maps">{maps}</div>
<h2>What the figures mean</h2>
<dl>{meanings}</dl><p>{plus_minus}</p>
<script>{script}</script></body></html>
"""

_STYLE = """
:root { color-scheme: light dark; --paper: #fbfbfd; --ink: #1b1f27; --dim: #5b6472; --line: #d9dde5; --accent: #1f6feb;
 --tint: #eaf2ff; }
@media (prefers-color-scheme: dark) { :root { --paper: #0f131a; --ink: #e4e8ef; --dim: #9aa4b4; --line: #2a3140;
 --accent: #7fb2ff; --tint: #16233a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem clamp(0.8rem, 3vw, 2.5rem) 4rem; max-width: 84rem; background: var(--paper);
 color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { margin: 2.2rem 0 0.4rem; font-size: 1.2rem; }
p, dd { max-width: 46rem; } code { font-size: 0.85em; color: var(--dim); overflow-wrap: anywhere; }
a { color: var(--accent); } img { display: block; max-width: 100%; height: auto; border-radius: 6px; }
.note { padding: 0.5rem 0.8rem; border-left: 4px solid #d98e04; background: var(--tint); }
.recommended { display: flex; flex-wrap: wrap; gap: 1rem 2rem; align-items: center; }
.recommended img { width: min(26rem, 100%); } .recommended div { flex: 1 1 20rem; } .recommended h2 { margin: 0; }
.eyebrow { margin: 0; color: var(--accent); font-weight: 600; }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { width: 100%; border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums; }
td, th { padding: 0.4rem 0.7rem; border-top: 1px solid var(--line); text-align: right; white-space: nowrap; }
th[scope=row], thead th:nth-child(2) { text-align: left; font-weight: 400; }
th[scope=row] { min-width: 12rem; white-space: normal; }
thead th { border-top: 0; } thead button { all: unset; cursor: pointer; font-weight: 600; }
thead button:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; }
th[aria-sort=ascending] button::after { content: " ▲"; } th[aria-sort=descending] button::after { content: " ▼"; }
.best { font-weight: 700; } tr.chosen { background: var(--tint); }
.maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 44vw), 1fr)); gap: 1.2rem 1rem; }
figure { margin: 0; } figure img { width: 100%; }
figcaption { margin-top: 0.35rem; font-size: 0.82rem; line-height: 1.4; }
figure.chosen img { outline: 3px solid var(--accent); outline-offset: 2px; }
dt { margin-top: 0.7rem; font-weight: 600; } dd { margin: 0; } small { color: var(--dim); font-weight: 400; }
"""

_SCRIPT = """
for (const button of document.querySelectorAll('thead button')) button.onclick = () => {
  const head = button.closest('th'), body = document.querySelector('tbody'), column = head.cellIndex
  const value = row => row.cells[column].dataset.value, numeric = column !== 1
  const first = column < 2 || head.textContent === 'seconds' ? 'ascending' : 'descending'
  const other = first === 'ascending' ? 'descending' : 'ascending'
  const order = head.getAttribute('aria-sort') === first ? other : first
  const compare = (a, b) => numeric ? Number(a) - Number(b) : a.localeCompare(b)
  const rows = [...body.rows].sort((a, b) => value(a) === '' ? 1 : value(b) === '' ? -1
    : (order === 'ascending' ? 1 : -1) * compare(value(a), value(b)))
  for (const each of head.parentElement.cells) each.removeAttribute('aria-sort')
  head.setAttribute('aria-sort', order)
  body.append(...rows)
}
"""
