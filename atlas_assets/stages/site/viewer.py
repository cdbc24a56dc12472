"""The viewer, ready to be put into sites: built from ``frontend/`` with Node, or as it came inside the package.

Used by the wheel's build hook too, in an environment without Atlas's dependencies, so this module imports none of them.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from atlas_assets.errors import AtlasError, of_the_machine

PACKAGE = Path(__file__).parent.parent.parent
CHECKOUT = PACKAGE.parent / "frontend"
PREBUILT = PACKAGE / "_viewer"
NODE = (20, 19)  # the least that Vite 8 runs on
# What the build neither reads nor makes anew; tests change often and change nothing in the viewer.
NOT_SOURCES = {"node_modules", "dist", "test", "tests", ".svelte-kit", "coverage"}
LOCK = "package-lock.json"
INSTALLED_LOCK = ".atlas-lock"  # in node_modules: the hash of the lock file it was installed from

Progress = Callable[[float, str], Any]


def _no_progress(fraction: float, message: str) -> None:
    pass


def find() -> Path:
    """The folder the viewer comes from: a checkout's ``frontend``, or the built viewer inside an installed package."""
    if (CHECKOUT / "package.json").exists():
        return CHECKOUT
    if (PREBUILT / "index.html").exists():
        return PREBUILT
    raise AtlasError(
        f"There is no viewer: neither the sources {CHECKOUT} nor a built one in {PREBUILT}. "
        "Install Atlas from its wheel, or work in a checkout of its repository."
    )


def version() -> str:
    """A hash that changes when the viewer would: of its sources, or of the built files."""
    folder = find()
    return source_hash(folder) if folder == CHECKOUT else _hash_files(folder)


def provide(folder: Path, *, progress: Progress = _no_progress) -> None:
    """Fill ``folder`` with the viewer: ``index.html`` and ``assets/``."""
    origin = find()
    if origin == CHECKOUT:
        build(origin, folder, progress=progress)
        return
    progress(0.0, "copying the viewer that came with the package")
    shutil.copytree(origin, folder, dirs_exist_ok=True)


def build(frontend: Path, out: Path, *, progress: Progress = _no_progress) -> None:
    """Build the viewer from its sources in ``frontend`` into ``out``. Raises AtlasError with what is missing."""
    npm = _require_node()
    lock = hashlib.sha256((frontend / LOCK).read_bytes()).hexdigest()
    stamp = frontend / "node_modules" / INSTALLED_LOCK
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != lock:
        if not is_installed(frontend):
            progress(0.0, "installing the viewer's packages (npm ci)")
            _run([npm, "ci", "--no-audit", "--no-fund"], frontend)
        stamp.write_text(lock, encoding="utf-8")
    progress(0.4, "building the viewer (npm run build)")
    # Straight into the target, not through frontend/dist: another run may be building at the same time.
    _run([npm, "run", "build", "--silent", "--", "--outDir", str(out.resolve()), "--emptyOutDir"], frontend)
    if not (out / "index.html").exists():
        raise AtlasError(f"npm run build in {frontend} wrote no index.html to {out}. Run it by hand to see why.")


def source_hash(frontend: Path) -> str:
    """Hash over the sources and the lock file: equal hashes give the same viewer."""
    return _hash_files(frontend)


def _hash_files(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in _sources(folder):
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in NOT_SOURCES or path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _sources(path)
        else:
            yield path


def is_installed(frontend: Path) -> bool:
    """Whether somebody ran npm for this very lock file already: npm keeps a copy of what it installed."""
    installed = frontend / "node_modules" / ".package-lock.json"
    if not installed.exists():
        return False
    wanted = json.loads((frontend / LOCK).read_text(encoding="utf-8"))["packages"]
    present = json.loads(installed.read_text(encoding="utf-8"))["packages"]
    needed = {name: entry for name, entry in wanted.items() if name and not entry.get("optional")}
    return all(present.get(name, {}).get("version") == entry.get("version") for name, entry in needed.items())


def _require_node() -> str:
    """The path of npm. Raises AtlasError unless Node is there in a version that can build the viewer."""
    node, npm = shutil.which("node"), shutil.which("npm")
    least = ".".join(map(str, NODE))
    if node is None or npm is None:
        raise AtlasError(
            f"Building the viewer needs Node {least} or newer with npm, and {'npm' if node else 'node'} was not found "
            "on PATH. Install it from https://nodejs.org, or install Atlas from its wheel, which brings the viewer."
        )
    found = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    numbers = re.match(r"v(\d+)\.(\d+)", found)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < NODE:
        raise AtlasError(
            f"Building the viewer needs Node {least} or newer, and {node} is {found or 'not working'}. "
            "Install a newer one from https://nodejs.org."
        )
    return npm


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(  # Node writes UTF-8, whatever the locale is
        command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip())[-2000:]
        said = AtlasError(f"{' '.join(command[1:])} in {folder} failed:\n{reason}")
        raise of_the_machine(RuntimeError(reason)) or said
