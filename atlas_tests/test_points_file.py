"""points.yaml: what is added there is what the sweep has then, and mistakes in it are said as those of defs.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given

from atlas_assets.errors import SpecError
from atlas_assets.spec import points_file
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.loading import load
from atlas_assets.spec.sweep import ProjectionPoint, Sweep
from atlas_tests.test_sweep import points, spec_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "toy" / "defs.yaml"
    path.parent.mkdir()
    attributes = {"source": {"interactions": "a.csv"}, "sweep": {"projections": [{"method": "pca"}]}}
    path.write_text(yaml.safe_dump({"type": "atlas_assets.components.Atlas", "attributes": attributes}))
    return path


def keys(spec: AtlasSpec) -> list[str]:
    return list(Sweep.of(spec).projections)


def some() -> list[ProjectionPoint]:
    listed = [
        {"n_neighbors": 50, "embedding_dim": 4, "projection": {"method": "umap", "min_dist": 0.25, "dims": 3}},
        {"n_neighbors": 15, "projection": {"method": "tsne", "from": "graph", "perplexity": 12.5}},
    ]
    return list(Sweep.of(spec_of(projections=[], points=listed)).projections.values())


def test_points_that_are_added_belong_to_the_sweep(file: Path) -> None:
    assert keys(load(file)) == ["k15_d3_pca"]
    points_file.add(points_file.beside(file), some()[:1], because="random, seed 0")
    points_file.add(points_file.beside(file), some()[1:], because="by hand")
    assert keys(load(file)) == ["k15_d3_pca", "k50_d4_umap-nn15-md0.25-3d", "k15_tsne-p12.5"]
    text = points_file.beside(file).read_text()
    assert text.startswith("# Points of the sweep")
    assert text.splitlines()[-1].endswith("# by hand")


def test_what_people_wrote_there_stays(file: Path) -> None:
    mine = "# mine\n- projection: {method: mde}   # no end of line"
    points_file.beside(file).write_text(mine)
    points_file.add(points_file.beside(file), some(), because="smart")
    assert points_file.beside(file).read_text().startswith(f"{mine}\n- {{n_neighbors: 50")
    assert len(keys(load(file))) == 4


@given(points)
def test_a_point_is_read_back_as_it_was(one: dict) -> None:
    [point] = Sweep.of(spec_of(projections=[], points=[one])).projections.values()
    assert list(Sweep.of(spec_of(projections=[], points=[points_file.as_written(point)])).projections) == [point.key]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {projection: {method: umpa}}", r"points.yaml: \[0\].projection.method is 'umpa'.*Did you mean 'umap'"),
        ("- {projection: {method: umap}, k: 3}", r"points.yaml: \[0\].k is not a known key.*embedding_dim"),
        ("- {projection: {method: umap, min_dist: 7}}", r"points.yaml: \[0\].projection.min_dist is 7.*0 to 1"),
        ("method: umap", "points.yaml holds no list"),
        ("- {", "points.yaml: line 1 cannot be read as YAML"),
    ],
)
def test_a_mistake_names_the_file_and_the_line(file: Path, text: str, message: str) -> None:
    points_file.beside(file).write_text(text)
    with pytest.raises(SpecError, match=message):
        load(file)
