"""What an atlas knows for other programs, opened by those programs' own packages; ids come back as they went."""

from __future__ import annotations

import json
from pathlib import Path

import anndata
import networkx
import numpy as np
import polars as pl
import pytest
from scipy import sparse
from typer.testing import CliRunner

from atlas_assets import exports
from atlas_assets.cli import app
from atlas_assets.errors import AtlasError
from atlas_assets.exports import tables
from atlas_assets.frames import Atlas


def written(books: Atlas, form: str, folder: Path) -> Path:
    return exports.export(books, form, folder)[0]


def test_tables_hold_every_row_with_ids_in_their_type(books: Atlas, tmp_path: Path) -> None:
    known = books.entities
    assert pl.read_parquet(written(books, "parquet", tmp_path)).equals(books.table)
    csv = pl.read_csv(written(books, "csv", tmp_path))
    assert csv.select("id", "label", "year").equals(known.select("id", "label", "year"))
    arrays = np.load(written(books, "npz", tmp_path))
    assert arrays["id"].tolist() == known["id"].to_list()
    assert np.array_equal(arrays[f"map__{books.recommended}"], books.map().select("x", "y").to_numpy())
    points = json.loads(written(books, "geojson", tmp_path).read_text())["features"]
    assert [point["properties"]["id"] for point in points] == known["id"].to_list()
    assert np.allclose([point["geometry"]["coordinates"] for point in points], books.map().select("x", "y").to_numpy())


def test_graphs_are_read_back_by_the_libraries_of_their_formats(books: Atlas, tmp_path: Path) -> None:
    places = {str(row["id"]): row for row in books.map().to_dicts()}
    both = {frozenset((str(row["source"]), str(row["target"]))): row["similarity"] for row in books.edges.to_dicts()}
    gexf = networkx.read_gexf(written(books, "gexf", tmp_path))
    graphml = networkx.read_graphml(written(books, "graphml", tmp_path))
    for graph in (gexf, graphml):
        assert set(graph) == set(places)
        weights = {frozenset(edge): data["weight"] for *edge, data in graph.edges(data=True)}
        assert weights == pytest.approx(both)
        assert (graph.nodes["60"]["label"], graph.nodes["60"]["genre"]) == ("The Bridge", "both")
    assert gexf.nodes["60"]["viz"]["position"]["x"] == pytest.approx(places["60"]["x"], abs=1e-4)
    assert graphml.nodes["60"]["y"] == pytest.approx(places["60"]["y"])


def test_anndata_has_maps_and_neighbours(books: Atlas, tmp_path: Path) -> None:
    data = anndata.read_h5ad(written(books, "h5ad", tmp_path))
    assert data.obs_names.tolist() == [str(one) for one in books.entities["id"]]
    assert np.array_equal(data.obsm[f"X_{books.recommended}"], books.map().select("x", "y").to_numpy())
    assert sparse.csr_matrix(data.obsp["neighbours"]).nnz == books.edges.height
    assert data.obs["genre"].tolist() == books.entities["genre"].to_list()


def test_frames_of_one_map_have_lists_and_layers(books: Atlas, tmp_path: Path) -> None:
    lists = pl.read_parquet(written(books, "embedding-atlas", tmp_path))
    row = lists["label"].to_list().index("Crime 3")
    near = books.neighbours("Crime 3", k=4)
    first = lists["neighbors"][row]
    assert lists["id"][first["ids"][:4]].to_list() == near["id"].to_list()
    assert first["distances"][:4] == pytest.approx((1 - near["similarity"]).to_list())
    layers = pl.read_parquet(written(books, "datamapplot", tmp_path))
    top = books.regions().filter(pl.col("level") == 0)
    assert set(layers["layer_0"]) <= {*top["name"], "Unlabelled"}
    assert layers.select("x", "y").equals(books.map().select("x", "y"))


def test_the_projector_finds_a_row_of_metadata_for_each_point(books: Atlas, tmp_path: Path) -> None:
    folder = written(books, "tensorboard", tmp_path)
    [tensor] = json.loads((folder / "projector_config.json").read_text())["embeddings"]
    vectors = np.loadtxt(folder / tensor["tensorPath"], delimiter="\t")
    assert list(vectors.shape) == tensor["tensorShape"] == [61, 2]
    head, *rows = (folder / tensor["metadataPath"]).read_text().splitlines()
    assert (head.split("\t")[:2], len(rows)) == (["id", "label"], 61)
    assert f'tensor_path: "{tensor["tensorPath"]}"' in (folder / "projector_config.pbtxt").read_text()


def test_the_format_is_asked_for_or_said_by_the_file(books: Atlas, tmp_path: Path) -> None:
    for suffix in ("csv", "parquet", "gexf", "h5ad"):
        assert exports.export(books, None, tmp_path / f"a.{suffix}")[1].name == suffix
    assert exports.export(books, None, tmp_path)[0] == tmp_path / "books.csv"
    with pytest.raises(AtlasError, match=r"expected one of csv, parquet.*Did you mean gexf"):
        exports.export(books, "gefx", tmp_path)
    with pytest.raises(AtlasError, match=r"ends in \.xlsx, which says no format"):
        exports.export(books, None, tmp_path / "books.xlsx")
    with pytest.raises(AtlasError, match="is no folder; make it first"):
        exports.export(books, "csv", tmp_path / "nowhere" / "books.csv")
    with pytest.raises(AtlasError, match="holds all maps"):
        exports.export(books, "csv", tmp_path, key=books.recommended)
    with pytest.raises(AtlasError, match="has no map 'k99_pca'; expected one of"):
        exports.export(books, "gexf", tmp_path, key="k99_pca")


def test_the_command_lists_every_format_and_writes(
    books: Atlas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATLAS_STORAGE", str(books._store.root))
    shown = CliRunner().invoke(app, ["export", "--help"], env={"COLUMNS": "200"}).output
    assert all(name in shown for name in exports.FORMATS)
    told = CliRunner().invoke(app, ["export", "books", "-o", str(tmp_path / "books.csv")], catch_exceptions=False)
    assert "apostrophe" in told.output
    assert (tmp_path / "books.csv").exists()


def test_no_cell_of_a_csv_is_a_formula() -> None:
    """``=cmd|…`` as a label used to be run by the spreadsheet that opened the file."""
    cells = ["=1+1", "+cmd", "-2 apples", "@x", "\t=1", "-2.5", "+3", "plain", "a=b", None]
    made = tables.without_formulas(pl.DataFrame({"label": cells, "n": range(10)}))
    assert made["label"].to_list() == ["'=1+1", "'+cmd", "'-2 apples", "'@x", "'\t=1", *cells[5:]]
    assert made["n"].to_list() == list(range(10))
