"""Which thing a dotted name means: follows imports and re-exports to the definition, and picks one name for it.

``torch.nn.Linear`` and ``torch.nn.modules.linear.Linear`` are one class. Two spellings are held to be the same only if
the source says so; where it is ambiguous (one of two modules by platform) or silent (filled in at run time), a name
stays what it is.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from atlas_assets.sources.python_api.names import CALLED, CLASS, CONSTANT, FUNCTION, MODULE
from atlas_assets.sources.python_api.tree import VENDOR_FOLDERS

KINDS = {MODULE: "module", CLASS: "class", FUNCTION: "function", CONSTANT: "constant", "": "attribute"}
_MAX_HOPS = 16  # re-exports followed before giving up; the longest chain seen is 6
# Set through sys.modules at run time, which no reading of the source would show.
_RUNTIME_MODULES = {"os.path": os.path.__name__}
# Modules of the platform, known under the name that is the same everywhere.
_SHOWN_AS = {"genericpath": "os.path", "posixpath": "os.path", "ntpath": "os.path", "posix": "os", "nt": "os"}
# Objects that serve as namespaces: what hangs on them is what people know.
_NAMESPACES = frozenset({"_pytest.mark.structures.MARK_GEN"})
# Used outside its own distribution by this many files, a spelling is how people write the name.
_ESTABLISHED = 3


@dataclass(frozen=True)
class Meaning:
    """What a name means. ``key`` is the same for all spellings; ``home`` is the last module found on the way."""

    key: str
    kind: str
    doc: str
    home: str


class Resolver:
    """Modules known by their names and definitions, as ``python_names.read_names`` gives them."""

    def __init__(self, modules: Mapping[str, Mapping[str, Any]], compiled: Iterable[str] = ()) -> None:
        self._modules = dict(modules)
        self._opaque = frozenset(compiled)
        self._members: dict[tuple[str, str], Meaning | str] = {}
        self._interpreted: dict[str, bool] = {}

    def resolve(self, dotted: str) -> tuple[str, Meaning]:
        """The name cut where its meaning ends (a function's attributes are dropped), and that meaning."""
        called = dotted.endswith(CALLED)
        parts = dotted.removesuffix(CALLED).split(".")
        for i in range(len(parts) - 2, 0, -1):  # a vendored copy counts as the original
            if parts[i] in VENDOR_FOLDERS:
                parts = parts[i + 1 :]
                break
        spelled, meaning = self._follow(parts)
        if called and meaning.kind == KINDS[""] and spelled == ".".join(parts):
            kind = KINDS[CLASS if _looks_like_class(parts[-1]) else FUNCTION]
            meaning = Meaning(meaning.key, kind, meaning.doc, meaning.home)
        return spelled, meaning

    def offered(self, homes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """(spelling, key) for every public name by which a package passes on one of the keys in ``homes``.

        Only packages around the thing's home count: what others import is for their own use.
        """
        defined_in: dict[str, list[str]] = defaultdict(list)
        for key, home in homes.items():
            if key.count(".") == home.count(".") + 1:
                defined_in[home].append(key.rpartition(".")[2])
        for module, record in list(self._modules.items()):
            if not record.get("is_package") or is_private(module):
                continue
            names = set(record["bindings"]).union(*(defined_in.get(star, ()) for star in record["stars"]))
            for name in sorted(names):
                member = self._member(module, name, 0)
                if name.startswith("_") or not isinstance(member, Meaning) or member.key not in homes:
                    continue
                if _is_around(module, homes[member.key]):
                    yield f"{module}.{name}", member.key

    def _follow(self, parts: Sequence[str], hops: int = 0) -> tuple[str, Meaning]:
        here = parts[0]
        if not self._is_module(here):
            return _guess(parts)
        for i in range(1, len(parts)):
            member = self._member(here, parts[i], hops)
            if isinstance(member, str):
                here = member
                continue
            if member.kind == KINDS[CLASS] and i + 1 < len(parts):
                return ".".join(parts[: i + 2]), self._class_member(member, parts[i + 1])
            is_holder = member.key in _NAMESPACES or (member.kind == KINDS[""] and _looks_like_class(parts[i]))
            if is_holder and i + 1 < len(parts):
                key = f"{member.key}.{parts[i + 1]}"
                return ".".join(parts[: i + 2]), Meaning(key, KINDS[""], "", member.home)
            return ".".join(parts[: i + 1]), member
        return ".".join(parts), Meaning(here, KINDS[MODULE], self._definition(here, "")[1:], here)

    def _is_module(self, name: str) -> bool:
        return name in self._modules or name in self._opaque or self._interpret(name)

    def _definition(self, module: str, name: str) -> str:
        return self._modules.get(module, {}).get("definitions", {}).get(name, "")

    def _class_member(self, owner: Meaning, name: str) -> Meaning:
        inside = owner.key[len(owner.home) + 1 :]
        found = self._definition(owner.home, f"{inside}.{name}")
        return Meaning(f"{owner.key}.{name}", KINDS[found[:1]], found[1:], owner.home)

    def _member(self, module: str, name: str, hops: int) -> Meaning | str:
        """What ``name`` is in ``module``: a module's name, or a meaning."""
        if (module, name) not in self._members:
            self._members[module, name] = self._unknown(module, name)  # a circle of re-exports ends here
            self._members[module, name] = self._find_member(module, name, hops)
        return self._members[module, name]

    def _find_member(self, module: str, name: str, hops: int) -> Meaning | str:
        within = f"{module}.{name}"
        if within in _RUNTIME_MODULES and _RUNTIME_MODULES[within] in self._modules:
            return _RUNTIME_MODULES[within]
        found = self._definition(module, name)
        if found and (found[0] != CONSTANT or not self._is_module(within)):
            return Meaning(within, KINDS[found[0]], found[1:], module)
        targets = [t for t in self._modules.get(module, {}).get("bindings", {}).get(name, ()) if t != within]
        if len(targets) == 1 and hops < _MAX_HOPS:
            followed = self._target(targets[0], hops + 1)
            if followed is not None:
                return followed
        if self._is_module(within):
            return within
        if hops < _MAX_HOPS and not name.startswith("_"):
            for star in self._modules.get(module, {}).get("stars", ()):
                if self._is_module(star) and star != module:
                    followed = self._member(star, name, hops + 1)
                    if isinstance(followed, str) or followed.kind != KINDS[""]:
                        return followed
        return self._unknown(module, name)

    def _target(self, dotted: str, hops: int) -> Meaning | str | None:
        """Where an import leads; None where it leaves what is known."""
        if not self._is_module(dotted.split(".")[0]):
            return None
        head, _, last = dotted.rpartition(".")
        if head and self._is_module(head):  # `from tqdm.tqdm import tqdm` means the module, whatever tqdm.tqdm is now
            return self._member(head, last, hops)
        spelled, meaning = self._follow(dotted.split("."), hops)
        if spelled != dotted:
            return None
        return meaning.key if meaning.kind == KINDS[MODULE] else meaning

    def _unknown(self, module: str, name: str) -> Meaning:
        return Meaning(f"{module}.{name}", KINDS[""], "", module)

    def _interpret(self, name: str) -> bool:
        """Learn a module that is part of the interpreter itself (sys, math): there is no source to read."""
        if name not in self._interpreted:
            self._interpreted[name] = name in sys.stdlib_module_names and _is_compiled_in(name)
            if self._interpreted[name]:
                self._modules[name] = {"definitions": _definitions_of_compiled(name)}
        return self._interpreted[name]


def _is_compiled_in(name: str) -> bool:
    spec = importlib.util.find_spec(name) if "." not in name else None
    origin = spec.origin if spec else None
    return origin == "built-in" or bool(origin and not origin.endswith((".py", ".pyc")) and origin != "frozen")


def _definitions_of_compiled(name: str) -> dict[str, str]:
    module = importlib.import_module(name)  # compiled into the interpreter or shipped with it: runs no scanned code
    found = {"": MODULE + _first_doc_line(module)}
    for attribute, value in vars(module).items():
        if isinstance(value, type):
            found[attribute] = CLASS + _first_doc_line(value)
            for inner, member in vars(value).items():
                if not inner.startswith("_"):
                    found[f"{attribute}.{inner}"] = (FUNCTION if callable(member) else CONSTANT) + _first_doc_line(
                        member
                    )
        elif callable(value):
            found[attribute] = FUNCTION + _first_doc_line(value)
        elif not isinstance(value, type(sys)):
            found[attribute] = CONSTANT
    return found


def _first_doc_line(value: object) -> str:
    doc = getattr(value, "__doc__", None)
    return doc.strip().split("\n")[0] if isinstance(doc, str) and doc.strip() else ""


def _looks_like_class(name: str) -> bool:
    return name[:1].isupper() and not name.isupper()


def _guess(parts: Sequence[str]) -> tuple[str, Meaning]:
    """A name of a package that is not installed: cut after the first thing that looks like a class's member."""
    end = next((i + 2 for i, part in enumerate(parts) if _looks_like_class(part)), len(parts))
    spelled = ".".join(parts[:end])
    kind = KINDS[MODULE] if len(parts) == 1 else KINDS[""]
    return spelled, Meaning(spelled, kind, "", parts[0])


def public_names(
    resolver: Resolver,
    spellings: Mapping[str, Meaning],
    *,
    users: Mapping[str, int],
    strangers: Mapping[str, int],
    owner_of: Callable[[str], str],
) -> dict[str, str]:
    """{key: the spelling to show}, the name by which people know a thing.

    Chosen among the spellings that lie in the thing's own distribution, used or offered by one of its packages:
    without a private part, then used by the most files of other distributions (``strangers``, three at least), then in
    a package around the thing's home, then with the fewest parts, then used by the most files (``users``), then first
    by the alphabet. ``owner_of``: top-level name -> distribution.
    """
    by_key: dict[str, set[str]] = defaultdict(set)
    homes: dict[str, str] = {}
    for spelling, meaning in spellings.items():
        key = meaning.key
        if _is_member(meaning):  # known by the name of its class
            spelling, key = spelling.rpartition(".")[0], key.rpartition(".")[0]
        by_key[key].add(spelling)
        homes[key] = meaning.home
    for spelling, key in resolver.offered(homes):
        by_key[key].add(spelling)

    def rank(spelling: str, home: str) -> tuple[Any, ...]:
        known = strangers.get(spelling, 0)
        established = known if known >= _ESTABLISHED else 0
        elsewhere = not _is_around(spelling.rpartition(".")[0], home)
        return is_private(spelling), -established, elsewhere, spelling.count("."), -users.get(spelling, 0), spelling

    chosen: dict[str, str] = {}
    for key, candidates in by_key.items():
        home = homes[key]
        if home in _SHOWN_AS:
            chosen[key] = _SHOWN_AS[home] + key[len(home) :]
            continue
        top = home.split(".")[0]
        near = [c for c in candidates if _same_family(c.split(".")[0], top, owner_of)]
        chosen[key] = min((rank(c, home) for c in near), default=(key,))[-1]
    for meaning in spellings.values():
        if _is_member(meaning):
            owner, _, name = meaning.key.rpartition(".")
            chosen[meaning.key] = f"{chosen[owner]}.{name}"
    return chosen


def _is_member(meaning: Meaning) -> bool:
    """Whether the thing is part of a class (or of an object that serves as a namespace) of its home module."""
    return meaning.key.count(".") == meaning.home.count(".") + 2


def _is_around(package: str, home: str) -> bool:
    """Whether ``package`` is ``home``, or contains it; anything may stand around a private top level (_pytest, _io)."""
    return home == package or home.startswith((f"{package}.", "_"))


def _same_family(top: str, home: str, owner_of: Callable[[str], str]) -> bool:
    # io.StringIO lives in _io and pytest.raises in _pytest, but zipfile.Path is not a name for pathlib.Path
    return top == home or (home.startswith("_") and owner_of(top) == owner_of(home))


def is_private(dotted: str) -> bool:
    """Whether a part of the name starts with an underscore (``__version__`` and the like do not count)."""
    return any(part.startswith("_") and not part.endswith("__") for part in dotted.split("."))
