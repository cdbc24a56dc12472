"""defs.yaml files that are not what they should be: every one is refused in a sentence; never a traceback."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.errors import AtlasError
from atlas_assets.spec.loading import load, validate

HEAD = "type: atlas_assets.components.Atlas\nattributes:\n  source: {interactions: [x.csv]}\n"


@dataclass(frozen=True)
class Spec:
    """text: the file, or what follows the source below ``attributes``. said: in the refusal, a pattern."""

    name: str
    text: str | bytes
    said: str


def more(name: str, text: str, said: str) -> Spec:
    return Spec(name, f"{HEAD}  {text}\n", said)


SPECS = [
    Spec("empty", "", "attributes"),
    Spec("a list", "- a\n", "attributes"),
    Spec("a text", "hello", "attributes"),
    Spec("a number", "1", "attributes"),
    Spec("null", "null", "attributes"),
    Spec("tabs", "type:\n\t- x", "cannot be read as YAML"),
    Spec("Latin-1", HEAD.encode() + b"  title: caf\xe9\n", "cannot be read as YAML"),
    Spec("UTF-16", HEAD.encode("utf-16-le"), "YAML"),
    Spec("a zero byte", HEAD + "  title: a\0b\n", "cannot be read as YAML"),
    Spec("an object of Python", HEAD + "  title: !!python/object/apply:os.system [ls]\n", "cannot be read as YAML"),
    Spec("nested without end", "[" * 20_000, "YAML"),
    Spec("digits without end", HEAD + "  seed: " + "9" * 5_000, "YAML|seed"),
    Spec("open brackets", HEAD + "  sweep: {a: [1\n", "cannot be read as YAML"),
    Spec("an alias of nothing", HEAD + "  title: *none\n", "cannot be read as YAML"),
    Spec("noise", bytes(range(256)), "YAML"),
    more("seed: 2^40", "seed: 1099511627776", "seed is 1099511627776; expected less than or equal to 2147483647"),
    more("seed: negative", "seed: -1", "seed is -1"),
    more("seed: a text", "seed: many", "seed is 'many'"),
    more("seed: a fraction", "seed: 1.5", "seed is 1.5"),
    more("an unknown key", "colour: blue", "colour"),
    more("a key that is null", "null: 1", "None"),
    more("a name with a way out", "name: ../x", "name is '../x'"),
    more("a filter that is a list", "filter: [1]", "filter"),
    more("no graph", "sweep: {n_neighbors: []}", "n_neighbors"),
    more("a graph of a million", "sweep: {n_neighbors: [1000000]}", "n_neighbors"),
    more("a method that is none", "sweep: {projections: [{method: umpa}]}", "Did you mean 'umap'"),
    more("min_dist: nan", "sweep: {projections: [{method: umap, min_dist: .nan}]}", "min_dist is nan"),
    more("min_dist: negative", "sweep: {projections: [{method: umap, min_dist: -1}]}", "min_dist is -1"),
    more("a link that is a script", "display: {links: [{name: x, url: 'javascript:alert(1)'}]}", "url"),
    more("an accent with CSS", "display: {accent: '#fff;}body{x:y'}", "accent"),
    more("max_shrink: nan", "refresh: {max_shrink: .nan}", "max_shrink is nan"),
    more("half-life: infinite", "relation: {time_half_life: .inf}", "time_half_life"),
    more("a schedule that is none", "refresh: {cron: '99 99 * * *'}", "cron"),
    more("an owner that is a number", "owners: [1]", "owners"),
]


@pytest.mark.parametrize("one", SPECS, ids=lambda one: one.name)
def test_a_hostile_spec_is_refused_in_a_sentence(
    one: Spec, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("outcome", "refused")
    path = tmp_path / "x" / "defs.yaml"
    path.parent.mkdir()
    path.write_bytes(one.text if isinstance(one.text, bytes) else one.text.encode())
    with pytest.raises(AtlasError, match=one.said) as raised:
        load(path)
    assert len(str(raised.value)) < 3_000


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SECTIONS = ("source", "filter", "relation", "sweep", "display", "refresh", "quality", "retention", "seed", "title")


@given(st.dictionaries(st.sampled_from(SECTIONS), anything, max_size=4))
def test_whatever_a_spec_holds_it_is_valid_or_refused(attributes: dict) -> None:
    with contextlib.suppress(AtlasError):  # anything else is a defect
        validate(attributes, file=Path("defs/x/defs.yaml"))
