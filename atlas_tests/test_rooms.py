"""The folders of the package and which of them may import which: reading goes one way, and there is no circle."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from atlas_assets import project

PACKAGE = project.PACKAGE
ROOMS = {
    "errors": set(),
    "redact": set(),
    "limits": set(),
    "project": {"limits"},
    "registry": set(),
    "warm_up": set(),
    "kernels": {"similarities"},
    "store": set(),
    "language": set(),
    "stages": {"fields", "kernels", "language", "methods", "similarities", "store"},
    "methods": {"kernels", "stages"},
    "sources": {"fields", "kernels", "language", "stages", "store"},
    "similarities": set(),
    "fields": {"sources", "stages"},
    "kinds": {"similarities", "sources", "stages"},
    "spec": {"fields", "kinds", "methods", "store"},
    "plan": {"fields", "kinds", "methods", "similarities", "sources", "spec", "stages", "store"},
    "reports": {"plan", "spec", "stages", "store"},
    "builders": {"fields", "kernels", "kinds", "methods", "plan", "reports", "sources", "spec", "stages", "store"},
    "publish": {"plan", "spec", "stages", "store"},
    "commands": {"kinds", "methods", "plan", "reports", "sources", "spec", "store"},
    "orchestration": {"builders", "methods", "plan", "reports", "spec", "stages", "store"},
    "frames": {"stages", "store"},
    "exports": {"frames"},
    "placing": {
        *("builders", "exports", "frames", "kernels", "plan", "similarities", "sources", "spec", "stages", "store"),
    },
    "agents": {"frames", "plan", "spec", "store"},
    "notebook": {"frames", "publish"},
    "numerics": {"kernels", "methods", "similarities", "stages"},
    "estimators": {"numerics", "similarities"},
    "definitions": {"orchestration", "spec"},
    "components": {"orchestration"},
    "doctor": {"methods", "orchestration", "plan", "spec", "stages", "store"},
    "cli": {
        *("agents", "commands", "doctor", "exports", "frames", "orchestration", "plan", "publish", "reports", "spec"),
        *("limits", "placing", "store", "warm_up"),
    },
}
"""What each folder, or file beside them, may import; what is everybody's besides."""
EVERYBODYS = {"errors", "project", "redact", "registry"}
HEAVY = {"torch", "numba", "umap", "openTSNE", "pacmap", "pymde", "sklearn"}


class Module:
    """One file. imports: names of modules of the package; outside: top-level names of others, at module level."""

    def __init__(self, path: Path) -> None:
        self.path, tree = path, ast.parse(path.read_text(encoding="utf-8"))
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self.room = parts[0]
        typing = {inner for node in ast.walk(tree) if _is_type_checking(node) for inner in ast.walk(node)}
        nodes = [node for node in ast.walk(tree) if node not in typing]
        self.imports = {name for node in nodes for name in _inside(node)}
        at_once = [node for node in tree.body if node not in typing]
        self.outside = {name for node in at_once for name in _outside(node)}


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _inside(node: ast.AST) -> list[str]:
    if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("atlas_assets"):
        return []
    module = (node.module or "").removeprefix("atlas_assets").lstrip(".")
    found = []
    for alias in node.names:
        deeper = f"{module}.{alias.name}".lstrip(".")
        place = PACKAGE / deeper.replace(".", "/")
        found.append(deeper if place.is_dir() or place.with_suffix(".py").exists() else module)
    return [name for name in found if name]


def _outside(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").partition(".")[0]]
    return []


MODULES = [Module(path) for path in sorted(PACKAGE.rglob("*.py")) if "_project" not in path.parts]


@pytest.mark.parametrize("room", sorted({module.room for module in MODULES} - {"__init__"}))
def test_a_room_imports_only_what_it_may(room: str) -> None:
    allowed = ROOMS[room] | EVERYBODYS | {room}
    wrong = {
        f"{module.name} -> {name}"
        for module in MODULES
        if module.room == room
        for name in module.imports
        if name.partition(".")[0] not in allowed
    }
    assert not wrong


def test_the_rooms_have_no_circle_but_those_of_what_declares_itself() -> None:
    """A method is called by the stage of projections, and calls what that stage prepares; a type of fields likewise."""
    above = {room: set(of) for room, of in ROOMS.items()}
    above["methods"] -= {"stages"}
    above["fields"] -= {"sources", "stages"}
    seen: dict[str, int] = {}

    def depth(room: str, path: tuple[str, ...] = ()) -> int:
        assert room not in path, path
        if room not in seen:
            seen[room] = 1 + max((depth(under, (*path, room)) for under in above[room]), default=0)
        return seen[room]

    assert max(depth(room) for room in above) > 5


def test_no_two_modules_import_each_other() -> None:
    known = {module.name for module in MODULES}
    graph = {module.name: {name for name in module.imports if name in known} for module in MODULES}
    state: dict[str, int] = defaultdict(int)
    circles: list[tuple[str, ...]] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        state[name] = 1
        for other in sorted(graph[name]):
            if state[other] == 1:
                circles.append((*path[path.index(other) :], other) if other in path else (name, other))
            elif state[other] == 0:
                visit(other, (*path, other))
        state[name] = 2

    for name in graph:
        if state[name] == 0:
            visit(name, (name,))
    assert not circles


def test_only_orchestration_knows_dagster() -> None:
    """A cron expression is checked by Dagster, which is imported where there is one."""
    knowing = {module.room for module in MODULES if "dagster" in module.outside}
    assert knowing <= {"orchestration", "definitions"}


def test_numerics_are_imported_by_stages_and_kernels_only() -> None:
    wrong = {
        f"{module.name}: {', '.join(module.outside & HEAVY)}"
        for module in MODULES
        if module.outside & HEAVY and module.room not in ("stages", "kernels", "estimators")
    }
    assert not wrong


def test_no_private_name_of_dagster_is_used() -> None:
    wrong = [
        f"{path}:{number}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if "dagster._" in line or "dagster_shared._" in line
    ]
    assert not wrong
