"""The scanner on a tree whose names were worked out by hand; nothing in it is ever imported."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path

import polars as pl
import pytest

from atlas_assets.errors import DataError
from atlas_assets.sources.python_api import docs as python_docs
from atlas_assets.sources.python_api import names as python_names
from atlas_assets.sources.python_api import parse as python_parse
from atlas_assets.sources.python_api import scan as python_api
from atlas_assets.sources.python_api import tree as python_tree
from atlas_assets.sources.python_api.resolve import Resolver
from atlas_assets.store.content import content_hash

TREE = {
    "shapes/__init__.py": '''
        """Things with an area."""
        from ._impl.square import Square as Square, area
        from ._impl.circle import *
        raise RuntimeError("this file was imported")
    ''',
    "shapes/_impl/__init__.py": "",
    "shapes/_impl/square.py": '''
        import math as m
        class Square:
            """Four equal sides.

            And more."""
            SIDES = 4
            def grow(self, by): return m.sqrt(by)
            def _hidden(self): ...
        def area(square):
            """Its area, over
            two lines."""
            return Square
        UNIT = Square()
    ''',
    "shapes/_impl/circle.py": """
        class Circle:
            "Round."
    """,
    "shapes/tools.py": """
        from . import Square, _impl
        from ._impl import square as sq
        from ._impl.square import UNIT
        import os.path
        def fit(np):
            local = np.array([1])     # a parameter, not numpy
            Square = 3                # local here
            return local, os.path.join("a", sq.area(1)), UNIT.name.upper()
        def other(): return Square(1).grow(2), sq.Square.SIDES, _impl.square.area
    """,
    "shapes/tests/helper.py": "from shapes import Square\ndef check(): return Square\n",
    "shapes/tests/test_all.py": """
        import json, collections.abc
        from shapes.tests.helper import check
        from shapes import Square, Circle, area
        try:
            import numpy as np
        except ImportError:
            np = None
        def test(): check(Square, Circle, area(np.linspace(0, 1)), json.loads("1").x, collections.abc.Mapping)
    """,
    "shapes/_vendor/numpy/__init__.py": "import json\njson.loads('a vendored copy')\n",
    "app/main.py": """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from shapes import Circle
        from shapes._vendor.numpy import array
        def run(circle: Circle, *, key=lambda json: json.loads) -> Circle:
            import json as js
            return js.dumps, array(1), [x.y for x in circle]
        class App:
            js = 1
            def go(self): return js
    """,
    "app/copy_of_main.py": None,  # filled in below: the same bytes
    "app/broken.py": "def (:\n",
    "app/latin.py": b"x = '\xff'\n",
    "shapes-1.0.dist-info/RECORD": "shapes/__init__.py,,\nshapes/_impl/square.py,,\nshapes/tools.py,,\n"
    "shapes/_impl/circle.py,,\nshapes/_impl/__init__.py,,\nshapes/tests/helper.py,,\nshapes/tests/test_all.py,,\n",
    "Big_App-2.dist-info/RECORD": "app/main.py,,\n",
}
EXPECTED = {
    "app/main.py": {"json", "json.dumps", "numpy.array", "shapes.Circle", "typing.TYPE_CHECKING"},
    "shapes/_impl/square.py": {"math", "math.sqrt"},
    "shapes/tests/helper.py": {"shapes.Square"},
    "shapes/tests/test_all.py": {
        "collections.abc",
        "collections.abc.Mapping",
        "json",
        "json.loads",
        "numpy",
        "numpy.linspace",
        "shapes.Circle",
        "shapes.Square",
        "shapes.area",
    },
    "shapes/tools.py": {"os.path", "os.path.join", "shapes.Square", "shapes.Square.SIDES", "shapes.area"},
}


@pytest.fixture
def tree(tmp_path) -> Path:
    root = tmp_path / "site-packages"
    for name, content in TREE.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else textwrap.dedent(content or "").encode())
    (root / "app/copy_of_main.py").write_bytes((root / "app/main.py").read_bytes())
    return root


def scan(root: Path, out: Path, **options) -> tuple[dict[str, set[str]], pl.DataFrame, dict]:
    report = python_api.scan(out, roots=[root], **options)
    rows = pl.read_parquet(out / "interactions.parquet").with_columns(
        pl.read_parquet(out / f"{name}_ids.parquet")["id"]
        .gather(pl.read_parquet(out / "interactions.parquet")[name])
        .alias(name)
        for name in ("collection", "entity")
    )
    names = {c: set(part["entity"]) for (c,), part in rows.group_by("collection")}
    return names, pl.read_parquet(out / "entities.parquet"), report  # type: ignore[return-value]


def test_every_file_yields_the_names_worked_out_by_hand(tree, tmp_path):
    names, entities, report = scan(tree, tmp_path / "raw")
    # one of two identical files counts, the first by name
    assert {("app/main.py" if c == "app/copy_of_main.py" else c): n for c, n in names.items()} == EXPECTED
    assert (report["files_not_parsed"], report["files_identical_to_another"]) == (2, 1)
    assert any("app/broken.py does not parse: SyntaxError" in note for note in report["notes"])
    assert not {"shapes", "app"} & set(sys.modules)
    assert entities["id"].to_list() == sorted(set().union(*EXPECTED.values()))


def test_entities_are_described(tree, tmp_path):
    _, entities, _ = scan(tree, tmp_path / "raw")
    rows = {row["id"]: row for row in entities.iter_rows(named=True)}
    square = rows["shapes.Square"]
    assert (square["distribution"], square["module"], square["kind"]) == ("shapes", "shapes", "class")
    assert (square["packages"], square["summary"]) == (1, "Four equal sides.")
    assert rows["shapes.Circle"]["packages"] == 2  # app/copy_of_main.py is in no RECORD, so it belongs to "app"
    assert rows["shapes.area"]["summary"] == "Its area, over two lines."
    assert (rows["shapes.Square.SIDES"]["kind"], rows["shapes.Square.SIDES"]["module"]) == ("constant", "shapes")
    assert rows["math.sqrt"]["kind"] == "function"
    assert rows["math.sqrt"]["documentation"] == "https://docs.python.org/3/library/math.html#math.sqrt"
    assert rows["json"]["distribution"] == "standard library"
    assert rows["numpy.linspace"]["distribution"] == "numpy (not installed)"
    fields = json.loads((tmp_path / "raw" / "fields.json").read_text())
    assert entities.columns == ["id", "label", *(f["name"] for f in fields)]


def test_a_second_scan_reads_only_what_changed_and_any_number_of_workers_agrees(tree, tmp_path, monkeypatch):
    cold = scan(tree, tmp_path / "a", cache=tmp_path / "cache")
    warm = scan(tree, tmp_path / "b", cache=tmp_path / "cache")
    assert cold[2]["files_read_from_cache"] == 0
    assert warm[2]["files_read_from_cache"] == warm[2]["python_files"]
    (tree / "app/main.py").write_text("import json\njson.load\n")
    names, _, report = scan(tree, tmp_path / "c", cache=tmp_path / "cache")
    assert report["files_read_from_cache"] == report["python_files"] - 1
    assert names["app/main.py"] == {"json", "json.load"}
    monkeypatch.setattr(python_parse, "_TOO_FEW_FOR_WORKERS", 1)
    monkeypatch.setattr(python_parse, "_CHUNK", 3)
    told: list[float] = []
    in_parallel = scan(tree, tmp_path / "d", workers=2, progress=lambda share, text: told.append(share))
    assert in_parallel[0] == names
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert content_hash(tmp_path / "a") == content_hash(tmp_path / "b")


def test_a_damaged_cache_counts_as_empty(tree, tmp_path):
    scan(tree, tmp_path / "a", cache=tmp_path / "cache")
    (cached,) = (tmp_path / "cache").iterdir()
    cached.write_bytes(b"not a table")
    assert scan(tree, tmp_path / "b", cache=tmp_path / "cache")[2]["files_read_from_cache"] == 0


def test_a_worker_that_dies_is_told(tree, tmp_path, monkeypatch):
    monkeypatch.setattr(python_parse, "_TOO_FEW_FOR_WORKERS", 1)
    dead = tmp_path / "dead.py"
    dead.write_text("import sys; sys.stdin.readline()")
    monkeypatch.setattr(python_names, "__file__", str(dead))
    with pytest.raises(RuntimeError, match="a worker ended while reading"):
        python_api.scan(tmp_path / "raw", roots=[tree], workers=2)


@pytest.mark.parametrize(
    ("root", "message"),
    [
        ("nowhere", r"nowhere is not a folder; .*source\.python_api\.roots"),
        (".", r"no use of an imported name; .*roots"),
    ],
)
def test_a_root_without_python_is_told(tmp_path, root, message):
    with pytest.raises(DataError, match=message):
        python_api.scan(tmp_path / "raw", roots=[tmp_path / root])


def uses(source: str, module: str = "pkg.mod", is_package: bool = False) -> list[str]:
    return python_names.read_names(textwrap.dedent(source).encode(), module=module, is_package=is_package)["uses"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a.b.c\na.b.c.d.e(1)", ["a.b.c.d.e()"]),
        ("import a.b as c\nc.d[0].e", ["a.b.d"]),
        ("from .x import y as z\nz", ["pkg.x.y"]),
        ("from .. import y\ny", []),  # above the top level
        ("from . import y\ny.z = 1", ["pkg.y.z"]),
        ("from a import b\nb = 1\nb", ["a.b"]),
        ("import a\ndef f(a): return a.b", []),
        ("import a\ndef f():\n    a = 1\n    return a.b", []),
        ("import a\ndef f():\n    global a\n    a = a.b", ["a.b"]),
        ("import a\ndef f():\n    def g(): return a.b\n    return g", ["a.b"]),
        ("import a\nclass C:\n    a = 1\n    def f(self): return a.b", ["a.b"]),
        ("class C:\n    import a\n    def f(self): return a.b", []),  # a class's names are not seen by its methods
        ("import a\nf = lambda a, b=a.d: a.c", ["a.d"]),
        ("import a\n@a.deco(a.x)\ndef f(p: a.P = a.q) -> a.R: ...", ["a.P", "a.R", "a.deco()", "a.q", "a.x"]),
        ("import a\n[a.b for a in []]", ["a.b"]),  # a comprehension's own scope is not told apart
        ("from a import *\nb", []),
        ("import a\ntry: ...\nexcept a.E as a2: a2.x", ["a.E"]),
        ("def f():\n    from q import r\n    return r.s().t", ["q.r.s()"]),
    ],
)
def test_names_are_resolved_by_scope(source, expected):
    assert uses(source) == expected


def modules(**sources: str) -> Resolver:
    return Resolver(
        {
            name.replace("__", "."): python_names.read_names(
                textwrap.dedent(text).encode(), module=name.replace("__", "."), is_package=True
            )
            for name, text in sources.items()
        }
    )


def test_reexports_lead_to_one_key():
    resolver = modules(
        p="from .a import f as g\nfrom p.b import *",
        p__a="from p.b import f",
        p__b="def f(): ...\nclass K:\n  def m(self): ...",
    )
    assert {resolver.resolve(n)[1].key for n in ("p.g", "p.f", "p.a.f", "p.b.f()")} == {"p.b.f"}
    assert resolver.resolve("p.K.m.x")[0] == "p.K.m"
    assert resolver.resolve("p.K.m")[1].key == "p.b.K.m"


def test_what_the_source_leaves_open_stays_as_written():
    resolver = modules(
        p="try:\n    from p.c import f\nexcept ImportError:\n    from p.b import f",
        p__b="def f(): ...",
        p__c="def f(): ...",
    )
    assert resolver.resolve("p.f")[1].key == "p.f"
    circle = modules(p="from q import f", q="from p import f")
    assert circle.resolve("p.f")[1].kind == "attribute"


def test_a_submodule_and_a_function_of_one_name_are_told_apart():
    resolver = modules(tq="from .tq import tq", tq__tq="def tq(): ...")
    assert resolver.resolve("tq.tq()")[1].key == "tq.tq.tq"


@pytest.mark.parametrize(
    ("name", "module", "kind", "expected"),
    [
        ("os.path.join", "os.path", "function", "https://docs.python.org/3/library/os.path.html#os.path.join"),
        (
            "xml.etree.ElementTree",
            "xml.etree.ElementTree",
            "module",
            "https://docs.python.org/3/library/xml.etree.elementtree.html",
        ),
        ("_thread.lock", "_thread", "class", None),
        ("torch.nn.Linear", "torch.nn", "class", "https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html"),
        ("torch.nn.Linear.forward", "torch.nn", "function", None),
        ("unknown.name", "unknown", "function", None),
    ],
)
def test_documentation_links(name, module, kind, expected):
    standard = name.split(".")[0] in sys.stdlib_module_names
    assert python_docs.link(name, module=module, kind=kind, is_standard=standard) == expected


@pytest.mark.slow
def test_this_environment_makes_a_map_worth_having(tmp_path):
    """The shipped default: at least 8,000 names in three files, under the names people know them by."""
    from atlas_assets.stages.index import entity_index

    python_api.scan(tmp_path)
    index = entity_index.from_collections(tmp_path, holdout=0)
    ids = set(index.ids["id"])
    assert index.n_entities >= 8_000
    assert {"numpy.linspace", "re.compile", "pytest.raises", "os.path.join", "json.loads", "torch.nn.Linear"} <= ids
    assert python_tree.default_roots()
