"""A folder for TensorBoard's Embedding Projector: vectors, metadata, and the configuration that names them.

In TensorBoard itself the folder is the log directory; on projector.tensorflow.org the two files are loaded by hand.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from atlas_assets.exports import tables
from atlas_assets.frames import Atlas

METADATA = "metadata.tsv"


def write(atlas: Atlas, _: str, folder: Path) -> None:
    """Every map as a tensor of its own; one row of metadata per entity, its id first."""
    folder.mkdir(exist_ok=True)
    described = tables.flat(atlas.entities)
    rows = [described.columns, *([_cell(value) for value in row] for row in described.iter_rows())]
    (folder / METADATA).write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    tensors = []
    for key in atlas.maps:
        places, file = tables.places(atlas, key), re.sub(r"[^\w.-]", "_", key) + ".tsv"
        lines = ("\t".join(map(repr, row)) + "\n" for row in places.tolist())
        (folder / file).write_text("".join(lines), encoding="utf-8")
        tensors.append({"tensorName": key, "tensorShape": list(places.shape), "tensorPath": file})
    (folder / "projector_config.pbtxt").write_text("".join(map(_as_text, tensors)), encoding="utf-8")
    standalone = {"embeddings": [one | {"metadataPath": METADATA} for one in tensors]}
    (folder / "projector_config.json").write_text(json.dumps(standalone, indent=1), encoding="utf-8")


def _cell(value: object) -> str:
    """A cell of a TSV, which knows no quotes: no tab or line end inside."""
    return "" if value is None else re.sub(r"[\t\r\n]+", " ", str(value))


def _as_text(tensor: dict) -> str:
    return (
        f'embeddings {{\n  tensor_name: "{tensor["tensorName"]}"\n  tensor_path: "{tensor["tensorPath"]}"\n'
        f'  metadata_path: "{METADATA}"\n}}\n'
    )
