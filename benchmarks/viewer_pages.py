"""The pages that Chromium opens for ``viewer``: a published site of ours, and one page for each other library."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from atlas_assets.stages.site import site, viewer
from benchmarks import viewer_data

FOLDER = Path(__file__).parent / "viewer_peers"
BARE, REGL, DECK = "gl.POINTS", "regl-scatterplot", "deck.gl"
PEERS = (BARE, REGL, DECK)
PACKAGES = {REGL: ("regl-scatterplot", "regl"), DECK: ("@deck.gl/core", "@deck.gl/layers", "@luma.gl/webgl")}
POINTS = "points.gz"
_NPM_SECONDS = 600


def publish(folder: Path, made: viewer_data.Made) -> None:
    """Our side: the site of the bundle with the viewer as its sources are now."""
    built = folder.with_name("viewer")
    if not built.exists():
        viewer.provide(built)
    site.build(folder, bundle_folder=made.folder, viewer_folder=built, atlas=viewer_data.ATLAS, keep=1)


def provide(folder: Path, peers: Sequence[str]) -> dict[str, str]:
    """Their side: ``page.html`` and scripts, bundled from npm packages. Returns why a peer is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(FOLDER / "pages", folder / "pages", dirs_exist_ok=True)  # as it is, gl.POINTS needs no package
    shutil.copy(FOLDER / "page.html", folder)
    wanted = [peer for peer in peers if peer in PACKAGES]
    if wanted and (problem := _bundle(folder)):
        return dict.fromkeys(wanted, problem)
    return {}


def scripts(peer: str) -> list[str]:
    """The script of a peer, relative to the folder of ``provide``, and what it imports."""
    return [f"./pages/{peer}.js", "./pages/shared.js"] if peer == BARE else [f"./dist/{peer}.js"]


def script_bytes(scripts: Iterable[Path]) -> int:
    """Of all these scripts, each gzipped as a server would."""
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in scripts)


def versions() -> dict[str, str | None]:
    """Of the npm packages that are compared with, as installed."""
    return {name: _version(name) for names in PACKAGES.values() for name in names}


def _version(name: str) -> str | None:
    path = FOLDER / "node_modules" / name / "package.json"
    return json.loads(path.read_text(encoding="utf-8"))["version"] if path.exists() else None


def _bundle(folder: Path) -> str:
    """Bundle the scripts into ``folder``; returns what is in the way, or nothing."""
    npm = shutil.which("npm")
    if npm is None:
        return "missing: its packages come from npm, which is not installed"
    if not viewer.is_installed(FOLDER) and (problem := _npm(npm, "ci", "--no-audit", "--no-fund")):
        return f"missing: npm ci failed, so the registry may be out of reach: {problem}"
    if problem := _npm(npm, "run", "build", "--silent", "--", f"--outdir={folder / 'dist'}"):
        return f"missing: bundling failed: {problem}"
    return ""


def _npm(npm: str, *arguments: str) -> str:
    """Run npm; returns the end of what it complained about, or nothing."""
    try:
        done = subprocess.run(
            [npm, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=_NPM_SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"no end after {_NPM_SECONDS} s"
    if done.returncode == 0:
        return ""
    lines = [line for line in (done.stderr or done.stdout).strip().splitlines() if "npm warn" not in line]
    return " ".join(lines)[:200] or f"code {done.returncode}"
