"""``atlas doctor``: what this machine has and lacks for making maps, each with what to do about it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape

from atlas_assets import methods, project
from atlas_assets.errors import AtlasError
from atlas_assets.redact import redact
from atlas_assets.stages.site import viewer

MIN_FREE_GB = 5
EXTRAS = (
    ("dagster-webserver", "it shows Dagster's own pages, where sweeps and refreshes run by themselves", "ui"),
    ("torch", "it computes embeddings and large maps on a GPU", "pymde"),
    ("pymde", "it has penalties for embeddings that Atlas has no kernel of", "pymde"),
    ("networkx", "it reads and writes GraphML, GEXF and GML", "graphs"),
    ("scikit-learn", "pipelines of it take the layouts as estimators", "sklearn"),
    ("anywidget", "it shows maps in notebooks", "notebook"),
    ("pandas", "it reads pickles", "pandas"),
    ("anndata", "it reads and writes .h5ad", "anndata"),
    ("duckdb", "it reads databases of DuckDB", "duckdb"),
    ("wordllama", "it makes vectors of texts", "texts"),
    ("s3fs", "it reaches s3:// addresses", "s3"),
    ("mcp", "agents ask an atlas by it", "mcp"),
)
TO_COMPARE = "it lays out with `engine: library`, to compare with"


class Finding(NamedTuple):
    """One fact about the machine. ``ok`` is None where it is worth knowing but nothing depends on it."""

    ok: bool | None
    what: str
    detail: str


def run(console: Console, *, verify: bool = False) -> bool:
    """Print every finding. Returns whether nothing is wrong. verify: compare all that is stored with its hash."""
    findings = list(_findings())
    if verify:
        findings += _verified(console)
    marks = {True: "[green]✓[/green]", False: "[red]✗[/red]", None: "[dim]·[/dim]"}
    for finding in findings:
        console.print(f"{marks[finding.ok]} {finding.what:<10} {escape(finding.detail)}", soft_wrap=True)
    return all(finding.ok is not False for finding in findings)


def _findings() -> Iterator[Finding]:
    yield Finding(
        True, "Python", f"{platform.python_version()} at {shutil.which('python') or 'an embedded interpreter'}"
    )
    for package in ("dagster", "numba", "polars"):
        yield Finding(True, package, importlib.metadata.version(package))
    yield from _extras()
    yield _node()
    yield _memory()
    yield from _devices()
    yield _disk()
    yield from _atlases()
    yield from _dead_runs()


def _extras() -> Iterator[Finding]:
    """What is installed beside the least, and what each extra that is not would bring."""
    for package, brings, extra in (*EXTRAS, *((one, TO_COMPARE, "libraries") for one in methods.libraries())):
        try:
            yield Finding(True, package, importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            told = f"is not installed, and not needed: {brings}. Install it with: pip install 'atlas-assets[{extra}]'"
            yield Finding(None, package, told)


def _node() -> Finding:
    if (project.PACKAGE / "_viewer" / "index.html").exists():
        return Finding(True, "viewer", "comes built with the package; Node.js is not needed")
    node, least = shutil.which("node"), ".".join(map(str, viewer.NODE))
    if node is None or shutil.which("npm") is None:
        return Finding(False, "Node.js", f"is missing; install Node.js {least} or newer with npm (https://nodejs.org)")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if tuple(int(part) for part in version.lstrip("v").split(".")[:2]) < viewer.NODE:
        return Finding(False, "Node.js", f"is {version}; the viewer needs {least} or newer (https://nodejs.org)")
    return Finding(True, "Node.js", version)


def _memory() -> Finding:
    machine = f"{os.cpu_count()} cores, {project.machine_memory() / 2**30:.0f} GiB of memory"
    try:
        return Finding(None, "machine", f"{machine}, of which a step may use {project.memory_budget() / 2**30:.1f} GiB")
    except AtlasError as error:
        return Finding(False, "machine", f"{machine}; {error}")


def _devices() -> Iterator[Finding]:
    from atlas_assets.stages.embedding.embedding import GPU_PAIRS, gpu_present

    if not gpu_present():
        yield Finding(None, "GPU", "none that torch can use; embeddings and maps are computed on the CPU")
        return
    import torch

    from atlas_assets.methods.devices import GPU_ENTITIES
    from atlas_assets.stages.embedding.torch_distortion import WORKING_PAIRS

    for number in range(torch.cuda.device_count()):
        facts = torch.cuda.get_device_properties(number)
        free = torch.cuda.mem_get_info(number)[0]
        use = (
            f"for embeddings of more than {GPU_PAIRS:,} pairs, {WORKING_PAIRS:,} at a time, and for maps of more than "
            f"{GPU_ENTITIES:,} entities"
            if number == 0
            else "not used: embeddings and maps take the first"
        )
        memory = f"{facts.total_memory / 2**30:.0f} GiB, {free / 2**30:.1f} GiB free"
        yield Finding(True, "GPU", f"{facts.name}, {memory}; {use}")


def _disk() -> Finding:
    try:
        root = project.storage_root()
    except AtlasError as error:
        return Finding(False, "storage", str(error))
    if "://" in root:
        return Finding(None, "storage", redact(root))
    folder = Path(root)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    return Finding(free > MIN_FREE_GB, "storage", f"{root}, {free:.0f} GB free")


def _atlases() -> Iterator[Finding]:
    from atlas_assets.spec.loading import load

    for path in project.spec_files():
        try:
            spec = load(path)
        except AtlasError as error:
            yield Finding(False, "atlas", str(error))
        else:
            yield Finding(True, "atlas", f"{spec.name} ({spec.kind}), {path}")


def _verified(console: Console) -> Iterator[Finding]:
    """What is stored, read in full. A file of an atlas that cannot be read says nothing of what is stored of it."""
    from atlas_assets.plan import soundness
    from atlas_assets.plan.pipeline import VIEWER, Pipeline
    from atlas_assets.plan.tidying import size_text
    from atlas_assets.spec.loading import load
    from atlas_assets.store.artifacts import project_store

    store, pipelines = project_store(), dict[str, Pipeline | None]()
    for path in project.spec_files():
        pipelines[path.parent.name] = None
        with contextlib.suppress(AtlasError):
            pipelines[path.parent.name] = Pipeline(load(path), base=project.root())
    for name, pipeline in {**pipelines, VIEWER.atlas: None}.items():
        with console.status("") as status:
            looking = lambda what: status.update(f"reading {escape(what)}")  # noqa: E731
            done = soundness.verify(store, name, pipeline, looking=looking)
        for fault in done.broken:
            yield Finding(False, "stored", fault)
        if done.versions and not done.broken:
            number = f"{done.versions:,} version{'s' if done.versions > 1 else ''}"
            yield Finding(True, "stored", f"{name}: {number} ({size_text(done.bytes)}), each as it was written")


def _dead_runs() -> Iterator[Finding]:
    """Runs that count as started though their process was killed; a daemon or ``atlas run`` puts them right."""
    from atlas_assets.orchestration import dead_runs
    from atlas_assets.orchestration.state import instance, trouble_with_databases

    if not (project.root() / ".dagster").exists():
        return
    if trouble := trouble_with_databases():
        yield Finding(False, "runs", str(trouble))
        return
    with instance() as state:
        dead = dead_runs.find(state, [path.parent.name for path in project.spec_files()])
    if dead:
        count = "1 run" if len(dead) == 1 else f"{len(dead)} runs"
        yield Finding(
            False,
            "runs",
            f"{count} in Dagster counted as under way, but killed: the next look of a sensor reports "
            "them (make dev), or the next: atlas run NAME",
        )
