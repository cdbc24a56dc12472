"""Graphs as tools for graphs write them: GraphML, GEXF and GML, read by NetworkX. Attributes of nodes are metadata."""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from atlas_assets.sources.forms.form import (
    RELATIONS,
    Form,
    Given,
    Head,
    Pieces,
    Role,
    missing,
    no_rows,
    records,
    write_parquet,
)

_LABELS = ("label", "name", "title")
_WEIGHTS = ("weight", "value", "Weight")


def read_graphml(given: Given) -> Pieces:
    """A GraphML file."""
    return _read(given, _networkx(given).read_graphml, "a GraphML file")


def read_gexf(given: Given) -> Pieces:
    """A GEXF file, as Gephi writes it."""
    return _read(given, _networkx(given).read_gexf, "a GEXF file")


def read_gml(given: Given) -> Pieces:
    """A GML file; ids are those that edges use, labels need not differ."""
    networkx = _networkx(given)
    return _read(given, lambda path: networkx.read_gml(path, label="id"), "a GML file")


def _networkx(given: Given) -> Any:
    try:
        import networkx
    except ImportError as error:
        raise missing(given, "graphs", error) from error
    return networkx


def _read(given: Given, reader: Any, title: str) -> Pieces:
    try:
        graph = reader(str(given.path))
    except Exception as error:  # readers of NetworkX raise whatever their parsers do
        raise given.unreadable(error, title) from error
    if not graph.number_of_edges():
        raise no_rows(given)
    nodes = _nodes(graph)
    if given.role == "entities":
        return Pieces(write_parquet(given, nodes), "parquet")
    edges = [(source, target, _weight(facts)) for source, target, facts in graph.edges(data=True)]
    names = ("source", "target") if given.role == "edges" else ("collection", "entity")
    rows = [
        dict(zip(names, edge, strict=False)) | ({"weight": edge[2]} if edge[2] is not None else {}) for edge in edges
    ]
    kind = "directed" if graph.is_directed() else "undirected"
    told = f"{given.name}: {title}, {kind}, {len(nodes):,} nodes and {len(rows):,} edges"
    entities = write_parquet(given, nodes, "entities.parquet") if given.role == "edges" else None
    return Pieces(write_parquet(given, records(rows)), "parquet", entities, (told,))


def _nodes(graph: Any) -> pl.DataFrame:
    """id, label where one is given, and the attributes; positions and colours of a drawing are none."""
    rows = [
        {"id": node} | {k: v for k, v in facts.items() if k not in ("id", "viz", "graphics")}
        for node, facts in graph.nodes(data=True)
    ]
    table = records([{k: _plain(v) for k, v in row.items()} for row in rows])
    if "label" not in table.columns:
        named = next((name for name in _LABELS if name in table.columns and table[name].dtype == pl.String), None)
        if named:
            table = table.rename({named: "label"})
    return table


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _weight(facts: dict[str, Any]) -> float | None:
    value = next((facts[name] for name in _WEIGHTS if name in facts), None)
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def _root(head: Head) -> str:
    """The name of the first element of an XML file."""
    found = re.search(r"<([A-Za-z_][\w.:-]*)[\s/>]", "\n".join(head.lines[:200]) + "\n")
    return (
        found.group(1).rpartition(":")[2].lower()
        if found and "\n".join(head.lines[:1]).lstrip().startswith("<")
        else ""
    )


def _is_gml(head: Head, role: Role) -> bool:
    text = "\n".join(head.lines[:50])
    return bool(re.search(r"(?m)^\s*graph\s*\[?\s*$|^\s*graph\s*\[", text)) and (
        head.suffix == ".gml" or bool(re.search(r"(?m)^\s*node\s*\[?", text))
    )


_GIVES: frozenset[Role] = frozenset({*RELATIONS, "entities"})
FORMS = (
    Form("graphml", "a GraphML file", (".graphml",), _GIVES, lambda head, role: _root(head) == "graphml", read_graphml),
    Form("gexf", "a GEXF file", (".gexf",), _GIVES, lambda head, role: _root(head) == "gexf", read_gexf),
    Form("gml", "a GML file", (".gml",), _GIVES, _is_gml, read_gml),
)
