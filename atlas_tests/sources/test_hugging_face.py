"""Folders that Hugging Face's ``datasets`` saves: their shards in order, their splits, and the names of classes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from atlas_assets.errors import DataError
from atlas_assets.sources import files


def saved_data_set(folder: Path, *, shards: int = 2, splits: Sequence[str] = ()) -> Path:
    """As ``datasets.Dataset.save_to_disk`` writes it, a folder for each split of a ``DatasetDict``."""
    if splits:
        folder.mkdir()
        (folder / "dataset_dict.json").write_text(json.dumps({"splits": list(splits)}), encoding="utf-8")
        for split in splits:
            saved_data_set(folder / split, shards=1)
        return folder
    classes = {"names": ["cat", "dog"], "_type": "ClassLabel"}
    features = {"id": {"dtype": "int64", "_type": "Value"}, "kind": classes}
    facts = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    schema = pa.schema({"id": pa.int64(), "vector": pa.list_(pa.float32()), "kind": pa.int64()}, metadata=facts)
    folder.mkdir()
    names = [f"data-{i:05}-of-{shards:05}.arrow" for i in range(shards)]
    for i, name in enumerate(names):
        rows = [{"id": 10 * i + j, "vector": [i, j, 1.0], "kind": j % 3 - 1} for j in range(10)]
        with pa.ipc.new_stream(folder / name, schema) as sink:
            sink.write_table(pa.Table.from_pylist(rows, schema))
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": n} for n in names]}), encoding="utf-8")
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}), encoding="utf-8")
    return folder


def test_a_folder_that_datasets_saved_is_its_shards_in_order(tmp_path: Path) -> None:
    folder = saved_data_set(tmp_path / "pets")
    report = files.read_vectors(tmp_path / "out", vectors=[str(folder)])
    assert report["rows"] == 20
    entities = pl.read_parquet(tmp_path / "out" / "entities.parquet")
    assert entities["id"].to_list() == list(range(20))
    assert entities["kind"][:4].to_list() == [None, "cat", "dog", None]
    assert any("kind -> the names of its 2 classes" in note for note in report["notes"])


def test_of_several_splits_one_must_be_named(tmp_path: Path) -> None:
    folder = saved_data_set(tmp_path / "pets", splits=["train", "test"])
    with pytest.raises(DataError, match=r"2 splits \(train, test\).*pets/train"):
        files.read_vectors(tmp_path / "out", vectors=[str(folder)])
    assert files.read_vectors(tmp_path / "out", vectors=[str(folder / "test")])["rows"] == 10
    only = saved_data_set(tmp_path / "one", splits=["train"])
    assert files.read_vectors(tmp_path / "other", vectors=[str(only)])["rows"] == 10
