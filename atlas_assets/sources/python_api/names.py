"""What one Python file says about names: which it uses, which it defines, which it passes on. Read, never imported.

Runs as a worker process too (``python python_names.py`` with one JSON request per line on standard input), so it
depends on the standard library only: a worker starts in 50 ms and has nothing of Atlas in memory.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
import warnings
from typing import Any

MAX_DOC_CHARACTERS = 200
MAX_FILE_BYTES = 2_000_000  # larger Python files are data in disguise (unicode tables, recorded responses)

# Kinds of a definition, as single letters to keep the cache small.
FUNCTION, CLASS, CONSTANT, MODULE = "f", "c", "v", "m"
CALLED = "()"  # ends a used name that is called: all that is known about the kind of a name defined in C

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BLOCKS = (ast.If, ast.Try, ast.With, ast.For, ast.While)


class _Scope:
    """Names of one function, class or module: loaded (dotted), stored, and bound by an import."""

    __slots__ = ("imports", "is_class", "loads", "passed_on", "stores")

    def __init__(self, is_class: bool = False) -> None:
        self.is_class = is_class
        self.loads: set[str] = set()
        self.stores: set[str] = set()
        self.imports: dict[str, list[str]] = {}
        self.passed_on: set[str] = set()  # declared global or nonlocal


def read_names(source: bytes, *, module: str, is_package: bool) -> dict[str, Any]:
    """Names in ``source``, the text of ``module``.

    uses: absolute dotted names, imported ones only (``numpy.linalg.norm``), each once, sorted; chains end at a call
    (marked ``()``) or an index. imports: modules named by ``import`` statements. bindings: {name: [absolute targets]}
    made by imports at module level, which is how names are re-exported; stars: modules star-imported there.
    definitions: {qualified name: kind letter + first line of the docstring}, of the module's top level and one level
    into its classes; the empty name is the module itself. Raises SyntaxError, ValueError, RecursionError or MemoryError
    where Python itself would.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes in other people's strings
        tree = ast.parse(source)
    reader = _Reader(module, is_package)
    uses, imports = reader.read(tree)
    return {
        "uses": sorted(uses),
        "imports": sorted(imports),
        "bindings": reader.top.imports,
        "stars": reader.stars,
        "definitions": _definitions(tree),
    }


class _Reader:
    """Walks one tree once. A load is settled when the scope that holds it ends: bound there, or passed outwards."""

    def __init__(self, module: str, is_package: bool) -> None:
        parts = module.split(".")
        self.package = parts if is_package else parts[:-1]
        self.top = _Scope()
        self.stars: list[str] = []
        self.uses: set[str] = set()
        self.modules: set[str] = set()

    def read(self, tree: ast.Module) -> tuple[set[str], set[str]]:
        for statement in tree.body:
            self._visit(statement, [self.top])
        self._settle([self.top])
        return self.uses, self.modules

    def _visit(self, node: ast.AST, scopes: list[_Scope]) -> None:
        scope = scopes[-1]
        if isinstance(node, ast.Name):
            (scope.loads if isinstance(node.ctx, ast.Load) else scope.stores).add(node.id)
        elif isinstance(node, ast.Attribute):
            self._visit_chain(node, scopes)
        elif isinstance(node, ast.Call):
            if (dotted := _dotted(node.func)) is not None:
                scope.loads.add(dotted + CALLED)
                self._visit_all([*node.args, *node.keywords], scopes)
            else:
                self._visit_children(node, scopes)
        elif isinstance(node, _FUNCTIONS):
            scope.stores.add(node.name)
            self._visit_outside(node, scopes)
            inner = _Scope()
            inner.stores.update(_arguments(node.args))
            self._enter(node.body, [*scopes, inner])
        elif isinstance(node, ast.Lambda):
            self._visit_all([*node.args.defaults, *filter(None, node.args.kw_defaults)], scopes)
            inner = _Scope()
            inner.stores.update(_arguments(node.args))
            self._enter([node.body], [*scopes, inner])
        elif isinstance(node, ast.ClassDef):
            scope.stores.add(node.name)
            self._visit_all([*node.decorator_list, *node.bases, *node.keywords], scopes)
            self._enter(node.body, [*scopes, _Scope(is_class=True)])
        elif isinstance(node, ast.Import):
            for alias in node.names:
                self.modules.add(alias.name)
                name = alias.asname or alias.name.split(".")[0]
                _bind(scope, name, alias.name if alias.asname else name)
        elif isinstance(node, ast.ImportFrom):
            self._visit_import_from(node, scopes)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            scope.passed_on.update(node.names)
        elif isinstance(node, ast.ExceptHandler):
            if node.name:
                scope.stores.add(node.name)
            self._visit_children(node, scopes)
        else:
            self._visit_children(node, scopes)

    def _visit_children(self, node: ast.AST, scopes: list[_Scope]) -> None:
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                for item in value:
                    if isinstance(item, ast.AST):
                        self._visit(item, scopes)
            elif isinstance(value, ast.AST) and not isinstance(value, (ast.Constant, ast.expr_context)):
                self._visit(value, scopes)

    def _visit_all(self, nodes: list[Any], scopes: list[_Scope]) -> None:
        for node in nodes:
            self._visit(node, scopes)

    def _visit_chain(self, node: ast.Attribute, scopes: list[_Scope]) -> None:
        if (dotted := _dotted(node)) is not None:
            scopes[-1].loads.add(dotted)
        else:
            root: ast.expr = node
            while isinstance(root, ast.Attribute):
                root = root.value
            self._visit(root, scopes)

    def _visit_outside(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scopes: list[_Scope]) -> None:
        """Decorators, defaults and annotations are evaluated outside the function."""
        arguments = node.args
        self._visit_all([*node.decorator_list, *arguments.defaults, *filter(None, arguments.kw_defaults)], scopes)
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        self._visit_all([a.annotation for a in every if a is not None and a.annotation is not None], scopes)
        if node.returns is not None:
            self._visit(node.returns, scopes)

    def _enter(self, body: list[Any], scopes: list[_Scope]) -> None:
        self._visit_all(body, scopes)
        self._settle(scopes)

    def _visit_import_from(self, node: ast.ImportFrom, scopes: list[_Scope]) -> None:
        if node.level > len(self.package) + 1 or node.module == "__future__":
            return
        base = self.package[: len(self.package) - node.level + 1] if node.level else []
        module = ".".join([*base, *([node.module] if node.module else [])])
        if not module:
            return
        for alias in node.names:
            if alias.name == "*":
                if len(scopes) == 1:
                    self.stars.append(module)
            else:
                _bind(scopes[-1], alias.asname or alias.name, f"{module}.{alias.name}")

    def _settle(self, scopes: list[_Scope]) -> None:
        """Split the innermost scope's loads into uses of imports, local names, and names that an outer scope binds."""
        scope = scopes[-1]
        outer = next((s for s in reversed(scopes[:-1]) if not s.is_class), None)
        for dotted in scope.loads:
            root = dotted.removesuffix(CALLED).partition(".")[0]
            targets = scope.imports.get(root)
            if targets:  # also where it is assigned as well: `except ImportError: numpy = None`
                self.uses.add(targets[0] + dotted[len(root) :])
            elif outer is not None and (root not in scope.stores or root in scope.passed_on):
                outer.loads.add(dotted)


def _dotted(node: ast.expr) -> str | None:
    """``a.b.c`` where the expression is a name or a chain of attributes of a name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def _bind(scope: _Scope, name: str, target: str) -> None:
    targets = scope.imports.setdefault(name, [])
    if target not in targets:
        targets.append(target)


def _arguments(arguments: ast.arguments) -> list[str]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return [a.arg for a in every if a is not None]


def _definitions(tree: ast.Module) -> dict[str, str]:
    found = {"": MODULE + _first_line(tree)}
    _define(tree.body, "", found)
    return found


def _define(body: list[ast.stmt], prefix: str, found: dict[str, str]) -> None:
    for node in body:
        if isinstance(node, _FUNCTIONS):
            if not prefix or not node.name.startswith("_"):
                found[prefix + node.name] = FUNCTION + _first_line(node)
        elif isinstance(node, ast.ClassDef):
            found[prefix + node.name] = CLASS + _first_line(node)
            if not prefix:
                _define(node.body, f"{node.name}.", found)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name) and (not prefix or not target.id.startswith("_")):
                    found.setdefault(prefix + target.id, CONSTANT)
        elif isinstance(node, _BLOCKS):
            for field in ("body", "orelse", "finalbody"):
                _define(getattr(node, field, []), prefix, found)
            for handler in getattr(node, "handlers", []):
                _define(handler.body, prefix, found)


def _first_line(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The first sentence or paragraph of the docstring on one line; empty where there is none."""
    first = node.body[0] if node.body else None
    if not (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    ):
        return ""
    lines: list[str] = []
    for line in first.value.value.strip().splitlines():
        if not line.strip():
            # numpy's C functions open with their signature, and the sentence follows
            if lines and lines[0].endswith(")") and "(" in lines[0] and len(lines) == 1:
                lines = []
                continue
            break
        lines.append(line.strip())
        if lines[-1].endswith((".", ":")):
            break
    text = " ".join(lines)
    text = "".join(c for c in text if c.isprintable() and not 0xD800 <= ord(c) < 0xE000)
    return text if len(text) <= MAX_DOC_CHARACTERS else text[: MAX_DOC_CHARACTERS - 1].rstrip() + "…"


def read_file(path: str, *, module: str, is_package: bool) -> dict[str, Any]:
    """``read_names`` of a file, with its ``digest``; ``error`` instead of the names where it cannot be read."""
    try:
        with open(path, "rb") as file:
            source = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        return {"digest": "", "error": f"cannot be read: {error.strerror}"}
    if len(source) > MAX_FILE_BYTES:
        return {"digest": "", "error": f"is larger than {MAX_FILE_BYTES:,} bytes"}
    digest = hashlib.blake2b(source, digest_size=12).hexdigest()
    try:
        return {"digest": digest, **read_names(source, module=module, is_package=is_package)}
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return {"digest": digest, "error": f"does not parse: {type(error).__name__}"}


def serve() -> None:
    """Worker loop: a JSON list of [path, module, is_package] per line in, a JSON list of results per line out."""
    for line in sys.stdin:
        results = [read_file(path, module=module, is_package=package) for path, module, package in json.loads(line)]
        sys.stdout.write(json.dumps(results, separators=(",", ":")) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
