"""The registry of methods: what one declares is all that anyone else has to know of it."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from atlas_assets import methods
from atlas_assets.errors import AtlasError
from atlas_assets.methods import METHODS, Cost, Library, Method, Parameter, ParameterError
from atlas_assets.orchestration.sweep_jobs import point_config
from atlas_assets.plan import search_space
from atlas_assets.plan.costs import units_of
from atlas_assets.spec import points_file
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.loading import validate
from atlas_assets.spec.sweep import ProjectionPoint, Sweep
from atlas_tests.bundle import synthetic


def spec_of(*projections: dict) -> AtlasSpec:
    attributes = {"source": {"interactions": "a.csv"}, "sweep": {"projections": list(projections)}}
    return validate(attributes, file=Path("defs/toy/defs.yaml"))


def points_of(*projections: dict) -> list[ProjectionPoint]:
    return list(Sweep.of(spec_of(*projections)).projections.values())


def wheel(inputs, start, *, warm, seed, progress, spokes, tilt) -> np.ndarray:
    angle = 2 * np.pi * (np.arange(len(start)) % spokes) / spokes + tilt
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


@pytest.fixture
def wheels(monkeypatch: pytest.MonkeyPatch) -> Method:
    """A method that nobody knew of, added to the registry and nowhere else."""
    toy = Method(
        name="wheel",
        label="Wheel",
        about="Puts everything on a rim.",
        parameters={
            "spokes": Parameter("sp", 8, 2, 64, True, "How many.", "stands on {} spokes", usual=(4, 16)),
            "tilt": Parameter("t", 0.0, 0.0, 7.0, False, "By what it is turned.", in_key="when set"),
        },
        sources=("graph",),
        lay_out=wheel,
        library=Library("wheel-learn", wheel, Cost(50.0)),
        neighbors=lambda values: values["spokes"] + 1,
        limits=lambda n_listed: {"spokes": n_listed - 1},
        cost=Cost(2.0, 0.5, in_3d=2.0),
    )
    monkeypatch.setitem(METHODS, toy.name, toy)
    return toy


@pytest.mark.usefixtures("wheels")
def test_a_method_that_is_added_is_known_to_specs_and_written_in_keys_and_files() -> None:
    plain, turned = points_of(
        {"method": "wheel", "from": "graph"}, {"method": "wheel", "from": "graph", "tilt": 0.5, "engine": "library"}
    )
    assert (plain.key, plain.name) == ("k15_wheel-sp8", "Wheel, spokes 8, from the graph")
    assert turned.key == "k15_wheel-sp8-t0.5-library"
    assert turned.name == "Wheel, spokes 8, tilt 0.5, from the graph, by wheel-learn"
    assert turned.describe()["engine"] == "library"
    again = [points_file.as_written(point)["projection"] for point in (plain, turned)]
    assert again[0] == {"method": "wheel", "from": "graph", "spokes": 8}
    assert points_of(*again) == [plain, turned]
    with pytest.raises(AtlasError, match="spokes is 1; expected an integer from 2 to 64"):
        spec_of({"method": "wheel", "from": "graph", "spokes": 1})
    with pytest.raises(AtlasError, match=r"spoke is 8.*wheel to have spokes, tilt.*Did you mean 'spokes'"):
        spec_of({"method": "wheel", "from": "graph", "spoke": 8})
    with pytest.raises(AtlasError, match=r"method is 'whel'.*Did you mean 'wheel'"):
        spec_of({"method": "whel"})


@pytest.mark.usefixtures("wheels")
def test_a_method_that_is_added_is_searched_priced_and_offered_in_forms() -> None:
    space = search_space.parse([], k=None, dim=None, known_k=[15], known_dim=[3])
    [branch] = [branch for branch in space.branches if branch.method == "wheel"]
    assert [(axis.name, axis.low, axis.high) for axis in branch.axes] == [("spokes", 4, 16)]
    assert branch.engine == "atlas"
    [point] = points_of({"method": "wheel", "from": "graph"})
    assert methods.neighbors_wanted("wheel", dict(point.parameters)) == 9
    assert units_of(point) == 1 + 2 + 0.5 * 9
    [slow] = points_of({"method": "wheel", "from": "graph", "engine": "library"})
    assert units_of(slow) == 1 + 50
    assert methods.maker("wheel", slow.engine) == "wheel by wheel-learn"
    assert "wheel-learn" in methods.libraries()
    form = point_config(tuple(methods.asked())).model_fields
    assert "WHEEL" in form["method"].annotation.__members__  # type: ignore[union-attr]
    assert "spokes, tilt of WHEEL" in (form["parameters"].description or "")


@pytest.mark.usefixtures("wheels")
def test_a_method_that_is_added_lays_out_and_its_words_reach_the_visitors(tmp_path: Path) -> None:
    from dataclasses import replace

    from atlas_assets.stages.bundle.reader import read
    from atlas_assets.stages.projection import projection
    from atlas_assets.stages.projection.layout_inputs import LayoutInputs
    from atlas_tests.stages.maps import grouped_vectors
    from atlas_tests.stages.test_knn_graph import from_vectors

    graph = from_vectors(grouped_vectors()[0], k=6)
    made = projection.project("wheel", inputs=LayoutInputs(graph))
    assert made.params == {"spokes": 5}  # no more than are listed
    assert len(np.unique(made.positions.round(3), axis=0)) == 5

    maps = [replace(one, method="wheel") for one in synthetic.projections(synthetic.positions(40))]
    synthetic.build(tmp_path, 40, projections=maps)
    assert read(tmp_path).manifest["methods"] == {
        "wheel": {
            "label": "Wheel",
            "about": "Puts everything on a rim.",
            "parameters": {"spokes": "stands on {} spokes"},
            "library": "wheel-learn",
        }
    }


def test_parameters_that_came_later_leave_the_keys_of_maps_made_before() -> None:
    [plain, wide] = points_of(
        {"method": "umap"},
        {"method": "umap", "spread": 1, "negative_sample_rate": 5},
        {"method": "umap", "spread": 2.5},
    )
    assert plain.key == "k15_d3_umap-nn15-md0.1"
    assert wide.key == "k15_d3_umap-nn15-md0.1-sp2.5"


def test_a_search_draws_a_parameter_that_came_later_only_where_it_is_asked_for() -> None:
    def keys(written: str) -> list[str]:
        space = search_space.parse([written], k=None, dim=None, known_k=[15], known_dim=[3])
        return [point.key for point in space.grid(3)]

    assert keys("umap:n_neighbors=20,from=graph") == ["k15_umap-nn20-md0.1"]
    assert keys("umap:n_neighbors=20,spread=1/2,from=graph") == ["k15_umap-nn20-md0.1", "k15_umap-nn20-md0.1-sp2"]
    assert keys("tsne:perplexity=20,engine=atlas/library,from=graph") == ["k15_tsne-p20", "k15_tsne-p20-library"]


def test_where_no_library_lays_out_none_can_be_asked_for() -> None:
    with pytest.raises(AtlasError, match="engine is 'library'; expected 'atlas': there is no library for pca"):
        spec_of({"method": "pca", "engine": "library"})
    with pytest.raises(ParameterError, match="engine is 'gpu'"):
        methods.check("umap", {}, source="graph", dims=2, engine="gpu")  # type: ignore[arg-type]
    with pytest.raises(AtlasError, match="engine is 'library'; expected atlas"):
        search_space.parse(["mde:engine=library"], k=None, dim=None, known_k=[15], known_dim=[3])


@pytest.mark.parametrize("method", METHODS)
def test_what_a_method_declares_holds_together(method: str) -> None:
    facts = METHODS[method]
    prefixes = [parameter.prefix for parameter in facts.parameters.values()]
    assert len(set(prefixes)) == len(prefixes)
    assert all(prefix.isascii() and prefix.isalpha() and prefix.islower() for prefix in prefixes)
    for name, parameter in facts.parameters.items():
        assert parameter.checked(name, parameter.default) == parameter.default
        assert parameter.words.count("{}") == 1
        low, high = parameter.usual or (parameter.minimum, parameter.maximum)
        assert parameter.minimum <= low <= parameter.default <= high <= parameter.maximum
    assert set(facts.limits(10)) <= set(facts.parameters)
    assert (facts.neighbors(facts.filled({})) > 0) == bool(facts.parameters)
    if facts.library:
        assert importlib.metadata.version(facts.library.distribution)


def test_the_maps_that_are_made_unasked_are_possible() -> None:
    written = [projection for projection, _ in methods.WRITTEN]
    assert len(points_of(*methods.UNSAID)) == len(points_of(*written)) == 5
    assert yaml.safe_load(yaml.safe_dump(written)) == written


def test_knowing_the_methods_loads_nothing_that_lays_out() -> None:
    """The command line and the definitions read the registry, and have to start at once."""
    heavy = ["numpy", "numba", "scipy", "sklearn", "torch", "umap", "openTSNE", "pacmap"]
    code = f"import sys, atlas_assets.methods; sys.exit(', '.join(m for m in {heavy} if m in sys.modules) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
