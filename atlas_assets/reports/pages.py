"""What a materialisation shows on its page in the Dagster UI: figures, tables and a picture, under 50 kB.

Each function takes an artifact and returns plain values; texts that are Markdown are :class:`Markdown`. Only
``components.atlas`` knows how Dagster wants them.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from atlas_assets.reports import webserver_files
from atlas_assets.stages.quality.measures import DECISIVE, FIGURES, PLUS_MINUS, value_text

if TYPE_CHECKING:
    from atlas_assets.reports.html import ReportPage
    from atlas_assets.spec.sweep import ProjectionPoint
    from atlas_assets.stages.bundle.bundle import BundleReport
    from atlas_assets.stages.embedding.embedding import Embedding
    from atlas_assets.stages.projection.projection import Projection
    from atlas_assets.stages.quality.quality import Quality
    from atlas_assets.stages.regions.regions import Regions
    from atlas_assets.stages.relation.cooccurrence import Cooccurrence
    from atlas_assets.stages.relation.knn_graph import KnnGraph
    from atlas_assets.stages.relation.neighbours import Neighbours
    from atlas_assets.stages.site.site import SiteReport

Metadata = dict[str, Any]
ROW_COUNT = "dagster/row_count"  # the name under which Dagster plots it and shows it in the asset list
FOLDED = 1_000  # characters of Markdown from which on Dagster 1.13 shows a button instead
MOST_NOTES = 20  # of a reader, on its page
SHEET_MAP = 136  # pixels of each map of a sheet: three side by side fill the column that Dagster leaves for values
MAX_SHEET_BYTES = 2_000_000  # of a sheet of all maps that lies in a file
MAX_PICTURES_BYTES = (
    30_000  # embedded as base64: 40 of the 50 kB that metadata may take, kept in the event log at every run
)


class Markdown(str):
    """Text to be rendered as Markdown."""


def table(rows: Iterable[Mapping[str, Any]]) -> Markdown:
    """A Markdown table with the keys of the first row as its head; None is shown as a dash."""
    rows = list(rows)
    if not rows:
        return Markdown("")
    head = list(rows[0])
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(_cell(row.get(name)) for name in head) + " |" for row in rows]
    return Markdown("\n".join(lines))


def picture(png: bytes, alt: str) -> Markdown:
    """An image as Markdown: a link to a file the webserver serves, or the image itself where it cannot serve one."""
    return Markdown(f"![{alt}]({webserver_files.publish(png, 'png') or _embedded(png)})")


def _embedded(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def cost(measured: Mapping[str, Any]) -> Metadata:
    """Seconds, peak memory and device of one build."""
    facts: Metadata = {"seconds": measured.get("seconds"), "device": measured.get("device")}
    if measured.get("peak_memory_bytes"):
        facts["peak_memory_mib"] = round(measured["peak_memory_bytes"] / 2**20)
    return facts


def raw(facts: Mapping[str, Any]) -> Metadata:
    files = facts.get("files") or []
    return {
        ROW_COUNT: facts.get("rows"),
        "files": table([{"file": f["path"], "bytes": f["bytes"]} for f in files[:20]]),
        "notes": _notes(facts.get("notes", [])) or None,
    } | {name: value for name, value in facts.items() if isinstance(value, (int, float)) and name != "rows"}


def _notes(notes: list[str]) -> Markdown:
    more = [f"and {len(notes) - MOST_NOTES:,} more, in report.json"] if len(notes) > MOST_NOTES else []
    return table([{"note": note} for note in [*notes[:MOST_NOTES], *more]])


def notes_in(notes: str) -> list[str]:
    """The notes on the page of raw tables, one by one."""
    return [line.removeprefix("| ").removesuffix(" |").replace("\\|", "|") for line in notes.splitlines()[2:]]


def entity_index(index: Any) -> Metadata:
    facts: Metadata = {ROW_COUNT: index.n_entities, "filter": table(index.steps)}
    if getattr(index, "indptr", None) is not None:
        facts |= {"collections": len(index.indptr) - 1, "memberships": len(index.entities)}
        if index.holdout_indptr is not None:
            facts["held_out_collections"] = len(index.holdout_indptr) - 1
    return facts


def cooccurrence(matrix: Cooccurrence) -> Metadata:
    n, pairs = len(matrix.indptr) - 1, len(matrix.indices) // 2
    return {
        ROW_COUNT: n,
        "pairs": pairs,
        "density": pairs / max(1, n * (n - 1) / 2),
        "collections": float(matrix.total),
    }


def neighbours(lists: Neighbours, labels: list[str], n_neighbors: int) -> Metadata:
    """With the neighbours of a few entities, spread over the index, so that nonsense shows at once; and hubs.

    n_neighbors: how many of each list the largest graph takes.
    """
    from atlas_assets.stages.relation.hubs import hubness

    figures, n = hubness(np.asarray(lists.indices[:, :n_neighbors])), lists.n_entities
    most = figures["most_listed_entity"]
    return {
        ROW_COUNT: n,
        "similarity": lists.method,
        "neighbours": n_neighbors,
        "without_neighbours": int((lists.indices[:, 0] < 0).sum()),
        "hubness_skewness": figures["skewness"],
        "largest_hub": None if most is None else f"{labels[most]} (on {figures['most_listed']:,} lists)",
        "on_no_list": f"{figures['never_listed']:,} ({figures['never_listed_share']:.1%})",
        "examples": _examples(np.asarray(lists.indices), labels),
    } | {name: value for name, value in lists.notes.items() if isinstance(value, (int, float, str))}


def updated(how: str) -> Metadata:
    """Of an artifact that was made from its earlier version."""
    return {"updated_from_the_difference": how}


def weights(options: Mapping[str, Any], notes: Iterable[str]) -> Metadata:
    """The options of ``relation`` that weigh pairs, as they are in force, and what they met."""
    rows = [{"weight": name, "is": str(value)} for name, value in options.items()]
    rows += [{"weight": "note", "is": note} for note in notes]
    return {"weights": table(rows)}


def _examples(indices: np.ndarray, labels: list[str]) -> Markdown:
    rows = np.linspace(0, len(indices) - 1, min(8, len(indices))).astype(int)
    return table(
        {"entity": labels[row], "nearest": ", ".join(labels[j] for j in indices[row][:6] if j >= 0)} for row in rows
    )


def knn_graph(graph: KnnGraph, labels: list[str]) -> Metadata:
    return {
        ROW_COUNT: len(graph.indices),
        "neighbours": graph.indices.shape[1],
        "edges": len(graph.edges),
        "without_neighbours": int((graph.indices[:, 0] < 0).sum()),
        "filled_from_two_hops": int(np.asarray(graph.filled).sum()),
        "examples": _examples(np.asarray(graph.indices), labels),
    }


def embedding(result: Embedding) -> Metadata:
    from atlas_assets.stages.site.thumbnail import thumbnail

    seen = np.asarray(result.positions)[:, :3]
    return {
        "map": picture(thumbnail(seen, size=360, max_bytes=MAX_PICTURES_BYTES), "the embedding"),
        ROW_COUNT: len(result.positions),
        "dimensions": result.positions.shape[1],
        "loss": _rounded(result.loss),
        "iterations": int(result.iterations),
        "residual": _rounded(result.residual),
        "ended": result.ending,
    }


def projection(result: Projection, point: ProjectionPoint) -> Metadata:
    return {
        "map": _map(result.positions, point),
        ROW_COUNT: len(result.positions),
        "name": point.name,
        **{name: value for name, value in point.describe().items() if name != "method"},
    }


def regions(result: Regions) -> Metadata:
    biggest = result.table.sort("size", descending=True).head(25)
    return {
        ROW_COUNT: len(result.region),
        "regions": result.table.height,
        "unassigned": int((np.asarray(result.region) < 0).sum()),
        "largest": table(biggest.select("name", "level", "size", "kind", "share", "lift").iter_rows(named=True)),
        "asked": table(result.audit.iter_rows(named=True)) if result.audit is not None else None,
        "names_without_a_region": table([{"name": sentence} for sentence in result.unmatched or ()]) or None,
    }


def quality(result: Quality, positions: np.ndarray, point: ProjectionPoint) -> Metadata:
    """The map beside its figures in words; and each as a number, which Dagster plots over partitions and over time."""
    rows = [
        {"figure": FIGURES[name].title, "value": value_text(name, value, (result.errors or {}).get(name))}
        for name, value in result.metrics.items()
        if value is not None
    ]
    numbers = {
        FIGURES[name].title.lower(): _rounded(value) for name, value in result.metrics.items() if value is not None
    }
    return {
        "map": _map(positions, point),
        "figures": table(rows),
        **numbers,
        "mean distortion": _rounded(np.mean(result.distortion)),
        "about ±": PLUS_MINUS,
    }


def _map(positions: np.ndarray, point: ProjectionPoint) -> Markdown:
    return picture(_drawn(np.asarray(positions, np.float32).tobytes(), positions.shape[1]), point.name)


@functools.lru_cache(maxsize=1)  # what is shown of a projection is shown again with its quality
def _drawn(positions: bytes, dims: int) -> bytes:
    from atlas_assets.stages.site.thumbnail import thumbnail

    rows = np.frombuffer(positions, np.float32).reshape(-1, dims)
    return thumbnail(rows, size=360, max_bytes=MAX_PICTURES_BYTES)


def sweep_report(pages: ReportPage) -> Metadata:
    """The recommendation, all maps on one sheet, the table, and a link to the whole report.

    Of a long table only the first rows: Dagster folds away Markdown of ``FOLDED`` characters.
    """
    summary = pages.summary
    link = webserver_files.publish(pages.html().encode(), "html")
    budget = MAX_SHEET_BYTES if webserver_files.is_possible() else MAX_PICTURES_BYTES
    rows = [
        {"": row["rank"], "map": row["key"]}
        | {
            FIGURES[name].head: value_text(name, row["metrics"].get(name), row["errors"].get(name), bare=True)
            for name in DECISIVE
        }
        | {"seconds": None if (seconds := pages.seconds.get(row["key"])) is None else round(seconds, 1)}
        for row in summary.rows
    ]
    shown = next(n for n in range(len(rows), 0, -1) if len(table(rows[:n])) < FOLDED or n == 1)
    figures = Markdown(table(rows[:shown]).replace("\u00a0", " "))  # may break: the column is narrow
    return {
        "recommended": summary.recommended,
        "reason": summary.reason,
        "full report": Markdown(f"[Download the report (HTML)]({link})") if link else None,
        "maps": picture(
            pages.sheet(size=SHEET_MAP, columns=3, max_bytes=budget), "all maps, the recommended one framed"
        ),
        "maps compared": len(rows),
        "maps missing": len(summary.missing),
        "missing": table(
            {"map": key, "why": summary.failures.get(key, why)} for key, why in list(summary.missing.items())[:20]
        )
        or None,
        "best maps" if shown < len(rows) else "figures": figures,
        "about ±": PLUS_MINUS,
    }


def bundle(made: BundleReport) -> Metadata:
    parts = [{"part": name, "bytes": size} for name, size in made.bytes_per_part.items()]
    return {"first_paint_bytes": made.first_paint_bytes, "files": made.files, "parts": table(parts)}


def site(made: SiteReport, name: str, folder: Path | None) -> Metadata:
    """folder: where the site lies; None where that is not on this machine, and files cannot be handed out."""
    return {
        "see_it": Markdown(f"`atlas serve {name}`"),
        "files": made.files,
        "bytes": made.bytes,
        "downloads": table(
            {"file": _download(entry, name, folder), "MB": entry["bytes"] / 1e6} for entry in made.downloads
        ),
    }


def _download(entry: Mapping[str, Any], name: str, folder: Path | None) -> str:
    """A link that saves the file, named after the atlas; its name alone where there is nothing to be linked to."""
    called = entry["name"].replace("atlas", name, 1)
    link = webserver_files.publish_download(folder / entry["path"], called) if folder else None
    return f"[{called}]({link})" if link else called


def _rounded(value: float | np.floating) -> float:
    """With five significant digits: as many as anybody reads."""
    return float(f"{value:.5g}")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value).replace("|", "\\|").replace("\n", " ")
