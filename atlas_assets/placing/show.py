"""What ``atlas place`` prints and writes."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from atlas_assets import exports, project
from atlas_assets.errors import AtlasError
from atlas_assets.placing.place import place as place_all
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.store.artifacts import ArtifactStore

SHOWN, NEAR = 20, 3


def place(spec: AtlasSpec, files: list[str], console: Console, *, output: Path | None) -> None:
    """Place what is in the files; write it, or show the first on the first map."""
    if output is not None and output.suffix not in (".csv", ".parquet"):
        raise AtlasError(f"{output} is neither .csv nor .parquet.")
    pipeline = Pipeline(spec, base=project.root())
    placed = place_all(pipeline, ArtifactStore(project.storage_root()), files)
    for note in placed.notes:
        console.print(f"Note: {note}.", soft_wrap=True, markup=False)
    if output is not None:
        exports.write_table(placed.table, output)
        console.print(f"{output} ({placed.table.height:,} rows)", markup=False)
        return
    axes = [name for name in placed.table.columns if name.startswith(("x__", "y__", "z__"))]
    first = [name for name in axes if name[1:] == axes[0][1:]]
    table = Table(title=f"On {axes[0][3:]}; -o FILE has all maps and rows", title_justify="left")
    for name in ("id", "near", *(name[0] for name in first)):
        table.add_column(name)
    for row in placed.table.head(SHOWN).iter_rows(named=True):
        where = ("-" if row[name] is None else f"{row[name]:.3f}" for name in first)
        table.add_row(str(row["id"]), ", ".join(row["near"][:NEAR]) or "-", *where)
    console.print(table)
