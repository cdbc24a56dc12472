"""The neighbour graph with what is known of its nodes, by the libraries whose formats these are."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_assets.errors import NotInstalled
from atlas_assets.exports import tables
from atlas_assets.frames import Atlas

if TYPE_CHECKING:
    import networkx


def write_gexf(atlas: Atlas, key: str, target: Path) -> None:
    """Nodes by id at their places on the map, with labels and metadata; edges weighted by similarity."""
    graph = _graph(atlas, key)
    import networkx

    for _, node in graph.nodes(data=True):
        at = {axis: node.pop(axis) for axis in "xyz" if axis in node}
        node["viz"] = {"position": {"z": 0.0} | at}
    networkx.write_gexf(graph, target)


def write_graphml(atlas: Atlas, key: str, target: Path) -> None:
    """The same, with places as attributes x, y and z."""
    graph = _graph(atlas, key)
    import networkx

    networkx.write_graphml(graph, target)


def _graph(atlas: Atlas, key: str) -> networkx.Graph:
    """Undirected; an edge that both ends list has the weight that both have."""
    if find_spec("networkx") is None:
        raise NotInstalled("A graph for other programs", "networkx", "graphs")
    import networkx

    described = tables.flat(atlas.entities).drop("id")
    placed = atlas.map(key)
    at = placed.select(axis for axis in "xyz" if axis in placed.columns)
    graph = networkx.Graph(name=atlas.name)
    rows = zip(placed["id"], described.iter_rows(named=True), at.iter_rows(named=True), strict=True)
    for name, told, place in rows:
        graph.add_node(name, **{k: _plain(v) for k, v in (told | place).items() if v is not None})
    edges = atlas.edges.select("source", "target", "similarity")
    graph.add_weighted_edges_from(edges.iter_rows())
    return graph


def _plain(value: Any) -> Any:
    return value if isinstance(value, (bool, int, float, str)) else str(value)


def write_h5ad(atlas: Atlas, _: str, target: Path) -> None:
    """obs: metadata, by id as a text; obsm: every map as ``X_`` and its key; obsp: similarities of neighbours."""
    if find_spec("anndata") is None:
        raise NotInstalled("The format h5ad", "anndata", "anndata")
    import anndata
    import pandas
    from scipy import sparse

    entities = tables.flat(atlas.entities)
    obs = pandas.DataFrame(
        {name: entities[name].to_list() for name in entities.columns if name != "id"},
        index=pandas.Index([str(one) for one in entities["id"]], name="id"),
    )
    source, target_rows, similarity = atlas.edge_rows
    shape = (entities.height, entities.height)
    data = anndata.AnnData(
        obs=obs,
        obsm={f"X_{key}": tables.places(atlas, key) for key in atlas.maps},
        uns={"atlas": atlas.name, "recommended": f"X_{atlas.recommended}"},
    )
    data.obsp["neighbours"] = sparse.csr_matrix((similarity, (source, target_rows)), shape=shape)
    data.write_h5ad(target)
