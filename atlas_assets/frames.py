"""Atlas from Python: what was made of an atlas as frames, and a map of a frame in one call.

    import atlas_assets as atlas

    books = atlas.open("books")                 # of the project that the current folder is in
    books.entities                              # a Polars frame: id, label, popularity, metadata
    books.neighbours("Dune", k=10)              # the nearest in the data, with how similar they are, and why
    books.map()                                 # the recommended map: id, x, y, and its regions
    books.quality                               # every map with its figures

    made = atlas.map(ratings, collection="user", entity="book")    # any frame: Polars, pandas, pyarrow, DuckDB

Frames go in and out through the Arrow PyCapsule interface: ``pandas.DataFrame.from_arrow(books.entities)``,
``duckdb.sql("from frame")``, ``pyarrow.table(frame)``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_assets.store.artifacts import Address, ArtifactStore
from atlas_assets.store.records import parsed

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from atlas_assets.stages.regions.regions import Regions
    from atlas_assets.stages.relation.knn_graph import KnnGraph

DATA = "atlas.parquet"
DETAILS = "__"  # what columns of a map have in their names


def open(name: str, *, project_folder: str | os.PathLike[str] | None = None) -> Atlas:
    """An atlas that was made (``atlas run``), by its name.

    project_folder: the folder with its ``dagster.yaml`` (its storage is ``data`` in it); without, what commands take:
    the project that the current folder is in, and ``ATLAS_STORAGE``. Raises AtlasError where nothing was made.
    """
    root = str(Path(project_folder) / "data") if project_folder is not None else project.storage_root()
    return Atlas(name, ArtifactStore(root))


class Atlas:
    """What was made of one atlas. Frames are read when they are first asked for, and are of the site of that moment."""

    def __init__(self, name: str, store: ArtifactStore) -> None:
        self.name, self._store = name, store
        self._report  # noqa: B018 - so that it is said at once where nothing was made

    @property
    def store(self) -> ArtifactStore:
        """Where its artifacts and its site are."""
        return self._store

    def __repr__(self) -> str:
        return f"<Atlas {self.name}: {len(self._report['rows'])} maps, {self.recommended} recommended>"

    @property
    def maps(self) -> list[str]:
        """The keys of its maps, the best first."""
        return [row["key"] for row in self._report["rows"]]

    @property
    def recommended(self) -> str:
        """The key of the map that its report recommends."""
        return self._report["recommended"]

    @cached_property
    def quality(self) -> pl.DataFrame:
        """One row per map, the best first: its key, whether it is recommended, and every figure of the report.

        A figure that could not be measured is null. docs/layouts.md says what they mean.
        """
        import polars as pl

        rows = [
            {"map": row["key"], "dims": row["dims"], "recommended": row["key"] == self.recommended} | row["metrics"]
            for row in self._report["rows"]
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    @cached_property
    def entities(self) -> pl.DataFrame:
        """One row per entity on the maps: id, label, popularity and metadata."""
        places = {place for key in self.maps for place in _places(key)}
        return self._data.select(name for name in self._data.columns if name not in places)

    def map(self, key: str | None = None) -> pl.DataFrame:
        """One map, in the rows of ``entities``: id, label, x, y (and z), and region: the finest that an entity is in.

        key: one of ``maps``; the recommended one without. region: a row of ``regions``, null for none.
        """
        import polars as pl

        key = self._known(key)
        columns = {name: name[0] for name in self._data.columns if name in _places(key) and name[0] in "xyz"}
        regions = self._regions(key)
        inside = (
            self._ids.cast(pl.String)
            .to_frame("id")
            .with_columns(pl.Series("region", regions.region).replace({-1: None}))
        )
        placed = self._data.select("id", "label", *columns).rename(columns)
        return (
            placed.with_columns(pl.col("id").cast(pl.String).alias("_id"))
            .join(inside, left_on="_id", right_on="id", how="left", maintain_order="left")
            .drop("_id")
        )

    def regions(self, key: str | None = None) -> pl.DataFrame:
        """The regions of a map, one row each: region, name, level (0 is the coarsest), parent, n_entities, where its
        name stands, and share and lift: of how many of its entities the name is true, and how much more often than
        elsewhere.
        """
        table = self._regions(self._known(key)).table.rename({"size": "n_entities"})
        shown = ("region", "name", "level", "parent", "n_entities", "x", "y", "z", "share", "lift")
        return table.select(name for name in shown if name in table.columns)

    def region_names(self, key: str | None = None) -> dict[int, list[str]]:
        """Of each region of a map its own name behind those of the regions that it lies in, coarse to fine."""
        told = {row["region"]: row for row in self.regions(key).sort("level").to_dicts()}  # parents come first
        names: dict[int, list[str]] = {}
        for region, row in told.items():
            names[region] = [*names.get(row["parent"], ()), row["name"]]
        return names

    def neighbours(self, entity: str | int, *, k: int = 10) -> pl.DataFrame:
        """The k nearest of an entity in the data, nearest first: id, label, similarity, and why.

        entity: an id, or a label that only one has. k: at most as many as the largest graph of the sweep lists.
        shared: the weight of the collections that hold both, null for edges and vectors; direct: False where the two
        share nothing, and this is the best way over one other entity.
        """
        import numpy as np
        import polars as pl

        ids, labels, graph = self._ids, self._labels, self._graph
        row = self._row(entity)
        found = np.flatnonzero(graph.indices[row] >= 0)[:k]
        near = graph.indices[row][found]
        shared = None if graph.shared is None else pl.Series(graph.shared[row][found])
        return pl.DataFrame(
            {
                "id": ids[near],
                "label": labels[near],
                "similarity": graph.similarity[row][found],
                "shared": shared if shared is not None else pl.Series([None] * len(found), dtype=pl.Float32),
                "direct": ~graph.filled[row][found],
            }
        )

    def search(self, text: str, *, most: int = 10) -> pl.DataFrame:
        """Entities whose id is, or whose label holds, all words of ``text``: id, label, popularity.

        Those that are it or begin with it come first, the best known among equals.
        """
        import polars as pl

        wanted, table = text.strip().lower(), self.entities.select("id", "label", "popularity")
        label, id_ = pl.col("label").str.to_lowercase(), pl.col("id").cast(pl.String)
        holds = pl.all_horizontal(label.str.contains(word, literal=True) for word in wanted.split() or [""])
        rank = pl.when((label == wanted) | (id_ == text.strip())).then(0).when(label.str.starts_with(wanted)).then(1)
        found = table.filter(holds | (id_ == text.strip())).with_columns(rank.otherwise(2).alias("_rank"))
        return found.sort("_rank", "popularity", descending=[False, True]).drop("_rank").head(most)

    def recommend(self, liked: Sequence[str | int], *, most: int = 10) -> pl.DataFrame:
        """What is nearest to several entities at once, best first: id, label, score, and because of which of them.

        liked: ids or labels. score: the sum of the similarities to them, of those whose lists hold it. Raises
        AtlasError for what is not there.
        """
        import polars as pl

        rows = list(dict.fromkeys(self._row(one) for one in liked))
        if not rows:
            raise AtlasError("Nothing was named that the others should be near to.")
        near = [self.neighbours(str(self._ids[row]), k=self._graph.n_neighbors) for row in rows]
        because = [frame.with_columns(because=pl.lit(self._labels[row])) for row, frame in zip(rows, near, strict=True)]
        return (
            pl.concat(because)
            .filter(~pl.col("id").is_in(self._ids[rows].implode()))
            .sort("similarity", descending=True)
            .group_by("id", "label", maintain_order=True)
            .agg(pl.col("similarity").sum().alias("score"), "because")
            .sort("score", descending=True, maintain_order=True)
            .head(most)
        )

    @property
    def table(self) -> pl.DataFrame:
        """``entities`` with their places on every map (``x__KEY``, ``y__KEY``, ``z__KEY``) and their regions there
        (``region__KEY``, a name)."""
        return self._data

    @cached_property
    def edges(self) -> pl.DataFrame:
        """Every listed neighbour, one row each: source and target (ids), similarity; of a source the nearest first."""
        import polars as pl

        source, target, similarity = self.edge_rows
        ids = self.entities["id"]
        return pl.DataFrame({"source": ids[source], "target": ids[target], "similarity": similarity})

    @cached_property
    def edge_rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The same by rows of ``entities``: source (m,) int64, target (m,) int64, similarity (m,) float."""
        import numpy as np
        import polars as pl

        rows = pl.DataFrame({"id": self.entities["id"].cast(pl.String)}).with_row_index("row")
        ours = self._ids.cast(pl.String).to_frame("id").join(rows, on="id", how="left", maintain_order="left")
        row_of = ours["row"].to_numpy().astype(np.int64)
        listed = self._graph.indices >= 0
        source = row_of[np.nonzero(listed)[0]]
        order = np.argsort(source, kind="stable")
        target, similarity = row_of[self._graph.indices[listed]], self._graph.similarity[listed]
        return source[order], target[order], similarity[order]

    def row_of(self, entity: str | int) -> int:
        """The row of ``entities`` and ``map`` of an entity, by id or by a label that only one has.

        Raises AtlasError where there is none, with labels that are like it.
        """
        name = str(self._ids[self._row(entity)])
        return int((self.entities["id"].cast(str) == name).arg_true()[0])

    def _row(self, entity: str | int) -> int:
        ids, labels = self._ids, self._labels
        for column in (ids, labels):
            rows = (column.cast(str) == str(entity)).arg_true()
            if len(rows) == 1:
                return int(rows[0])
            if len(rows) > 1:
                raise AtlasError(
                    f"{len(rows)} entities of {self.name} are called {entity!r}; ask by id, one of "
                    f"{', '.join(repr(one) for one in ids[rows].to_list()[:5])}"
                )
        lower = labels.str.to_lowercase().str.contains(str(entity).lower(), literal=True)
        near = labels.filter(lower).head(3).to_list()
        hint = f" Did you mean {' or '.join(repr(one) for one in near)}?" if near else ""
        raise AtlasError(f"Nothing on the maps of {self.name} has the id or label {entity!r}.{hint}")

    @cached_property
    def _ids(self) -> pl.Series:
        import polars as pl

        return pl.read_parquet(self._folder("entity_index") / "ids.parquet")["id"]

    @cached_property
    def _labels(self) -> pl.Series:
        import polars as pl

        known = self._data.select(pl.col("id").cast(str), "label")
        named = self._ids.cast(str).to_frame("id").join(known, on="id", how="left", maintain_order="left")["label"]
        return named.fill_null(self._ids.cast(str))

    @cached_property
    def _graph(self) -> KnnGraph:
        """The one with the longest lists."""
        from atlas_assets.stages.relation.knn_graph import KnnGraph

        keys = {key.partition("_")[0] for key in self.maps}
        longest = max(keys, key=lambda key: int(re.sub(r"\D", "", key) or 0))
        return KnnGraph.load(self._folder("knn_graph", longest)).of_entities()

    def _regions(self, key: str) -> Regions:
        from atlas_assets.stages.regions.regions import Regions

        return Regions.load(self._folder("regions", key))

    @cached_property
    def _report(self) -> dict[str, Any]:
        path = self._folder("sweep_report") / "info.json"
        return parsed(path.read_bytes(), str(path))

    @cached_property
    def _data(self) -> pl.DataFrame:
        import polars as pl

        return pl.read_parquet(self._folder("bundle") / DATA)

    def _folder(self, stage: str, key: str | None = None) -> Path:
        return self._store.folder(Address(self.name, stage, key))

    def _known(self, key: str | None) -> str:
        key = key or self.recommended
        if key not in self.maps:
            raise AtlasError(f"{self.name} has no map {key!r}; expected one of {', '.join(self.maps)}")
        return key


def _places(key: str) -> set[str]:
    """The columns of a map in the data of all."""
    return {f"{what}{DETAILS}{key}" for what in ("x", "y", "z", "region")}


def map(
    frame: Any,
    *,
    collection: str | None = None,
    entity: str | None = None,
    value: str | None = None,
    entities: Any = None,
    name: str = "map",
    folder: str | os.PathLike[str] | None = None,
    **spec: Any,
) -> Atlas:
    """Map a frame: rows of collection and entity. Shows progress as ``atlas run`` does; returns what was made.

    frame, entities: whatever speaks Arrow (Polars, pandas, pyarrow, DuckDB), or the path of a file. collection, entity,
    value: its columns, guessed where they are not given. folder: the project that it is made in, kept and taken up
    again (default: one in the cache, by name). spec: attributes of the ``defs.yaml``, such as
    ``filter={"min_collections": 5}``. The same frame and spec are not made twice. Raises AtlasError with what
    ``atlas new`` or ``atlas run`` said where one fails.
    """
    place = Path(folder) if folder is not None else project.cache_folder() / "maps" / name
    project.make(place)
    arguments = ["--interactions", str(_file(frame, place / "rows.parquet"))]
    if entities is not None:
        arguments += ["--entities", str(_file(entities, place / "entities.parquet"))]
    for role, column in (("collection", collection), ("entity", entity), ("value", value)):
        arguments += [f"--{role}", column] if column else []
    _command(place, "new", name, *arguments, "--force", quiet=True)
    file = place / "defs" / name / "defs.yaml"
    written = yaml.safe_load(file.read_text(encoding="utf-8"))
    for key, changed in spec.items():
        old = written["attributes"].get(key)
        written["attributes"][key] = old | changed if isinstance(old, dict) and isinstance(changed, dict) else changed
    file.write_text(yaml.safe_dump(written, sort_keys=False, allow_unicode=True), encoding="utf-8")
    _command(place, "run", name)
    return open(name, project_folder=place)


def _file(given: Any, target: Path) -> Path:
    import polars as pl

    if isinstance(given, str | os.PathLike):
        return Path(given).resolve()
    if isinstance(given, pl.LazyFrame):
        given = given.collect()
    try:
        pl.DataFrame(given).write_parquet(target)
    except (TypeError, ValueError) as error:
        raise AtlasError(
            f"A {type(given).__name__} is no frame that can be read ({error}); expected one of Polars, pandas, pyarrow "
            "or DuckDB, or the path of a file."
        ) from error
    return target


def _command(folder: Path, *arguments: str, quiet: bool = False) -> None:
    """A process of its own: what a run sets up for itself stays out of whoever calls this, a notebook for example."""
    own = {"ATLAS_DEFS": str(folder / "defs"), "ATLAS_STORAGE": str(folder / "data")}
    command = [sys.executable, "-m", "atlas_assets.cli", *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | own,
        text=True,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise AtlasError(f"atlas {arguments[0]} failed: {done.stderr.strip() or 'see above'}")
