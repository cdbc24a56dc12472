"""``python -m benchmarks NAME``: run a benchmark, print its table, write JSON."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from atlas_assets import project
from benchmarks import data, report
from benchmarks.measure import GIB, Limits
from benchmarks.peers import PACKAGES

app = typer.Typer(
    help="Side-by-side measurements against other libraries, on the same data in the same run.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
console = Console(highlight=False)

Peers = Annotated[list[str] | None, typer.Option("--peer", help="Default: all of them.")]
Runs = Annotated[int, typer.Option(min=1, help="Figures are medians of this many.")]
Json = Annotated[Path | None, typer.Option(help="Write the rows to this file.")]
Memory = Annotated[float, typer.Option(help="GiB that one process may use before it is stopped.")]
Minutes = Annotated[float, typer.Option(help="Time that one run may take before it is stopped.")]
Threads = Annotated[int, typer.Option(min=1, help="For every library alike.")]
Cache = Annotated[Path | None, typer.Option(help="Where generated and prepared data is kept.")]
CORES = os.cpu_count() or 1


@app.command()
def relate(
    case: Annotated[
        list[str] | None,
        typer.Option(
            help="mtg-decks, reddit-title-words, goodbooks-10k, python_api; "
            "generated-1m, generated-100m or any other size. Default: all that are not generated."
        ),
    ] = None,
    peer: Peers = None,
    runs: Runs = 3,
    json: Json = None,
    memory: Memory = 20.0,
    minutes: Minutes = 15.0,
    threads: Threads = CORES,
    cache: Cache = None,
) -> None:
    """From collections to nearest neighbours: seconds and memory, of the kernel and from file to disk."""
    from benchmarks import relate as benchmark

    names, limits = _known(peer, benchmark.ALL_PEERS), Limits(int(memory * GIB), minutes * 60, threads)
    session = _Session(PACKAGES, limits, json, runs=runs, seed=data.SEED, neighbours=benchmark.N_NEIGHBORS)
    with console.status("") as status:
        benchmark.run(
            case or data.DEFAULT,
            names,
            runs=runs,
            limits=limits,
            cache=_folder(cache),
            progress=status.update,
            finished=session.keep,
        )
    session.end()


@app.command()
def layout(
    case: Annotated[
        list[str] | None,
        typer.Option(
            help="mtg-decks, python_api, reddit-title-words; or any other that data.py knows, such as "
            "billboard-hot-100. Default: these three."
        ),
    ] = None,
    peer: Annotated[
        list[str] | None,
        typer.Option(help="Default: all but pymde.preserve_neighbors, which takes a quarter of an hour and more."),
    ] = None,
    runs: Runs = 3,
    maps: Annotated[
        bool | None,
        typer.Option(
            "--maps/--no-maps",
            help="Compare the maps of every route from collections to two dimensions. Default: of mtg-decks only.",
        ),
    ] = None,
    json: Json = None,
    memory: Memory = 20.0,
    minutes: Minutes = 15.0,
    threads: Threads = CORES,
    cache: Cache = None,
) -> None:
    """From collections to maps: seconds of each step, distortion, and how much of what was held out maps keep."""
    from benchmarks import layout as benchmark
    from benchmarks import layout_aims, layout_data, layout_maps, layout_methods, layout_table

    names = _known(peer, benchmark.ALL_PEERS) if peer else benchmark.DEFAULT_PEERS
    limits = Limits(int(memory * GIB), minutes * 60, threads)
    session = _Session(
        benchmark.PACKAGES,
        limits,
        json,
        runs=runs,
        seed=layout_data.SEED,
        held_out=layout_data.HOLDOUT,
        layouts=layout_methods.settings(),
    )
    compared: list[tuple[str, Path, list]] = []

    def finished(name: str, folder: Path, rows: list[report.Row], found: list) -> None:
        session.keep([row for row in rows if not layout_table.listed(row)])
        session.keep([row for row in rows if layout_table.listed(row)], shown=False)
        if found:  # rows of maps have a table of their own
            compared.append((name, folder, found))
            session.keep(layout_maps.rows(name, found), shown=False)

    with console.status("") as status:
        benchmark.run(
            case or layout_data.DEFAULT,
            names,
            runs=runs,
            limits=limits,
            cache=_folder(cache),
            maps=maps,
            progress=status.update,
            finished=finished,
        )
    session.about["aims"] = layout_aims.as_json(session.rows)
    session.keep([])
    session.end()
    layout_table.show([row for row in session.rows if not row.of.startswith(layout_maps.MAP_BY)], console)
    for name, folder, found in compared:
        layout_maps.show(name, folder, found, console)
    layout_aims.show(session.rows, console)


@app.command()
def sweep(
    case: Annotated[str, typer.Option(help="mtg-decks, or any case of relate.")] = "mtg-decks",
    runs: Runs = 3,
    all_scripts: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Run all 24 scripts; without it six, one of each kind, "
            "and the others are told from the steps of these.",
        ),
    ] = False,
    json: Json = None,
    memory: Memory = 20.0,
    minutes: Minutes = 30.0,
    threads: Threads = CORES,
    cache: Cache = None,
) -> None:
    """24 maps of one atlas by `atlas run`, beside 24 scripts with the same libraries; and what is no computation."""
    from benchmarks import layout, layout_data
    from benchmarks import sweep as benchmark

    limits = Limits(int(memory * GIB), minutes * 60, threads)
    session = _Session(
        layout.PACKAGES,
        limits,
        json,
        runs=runs,
        seed=layout_data.SEED,
        graphs=benchmark.GRAPHS,
        dimensions=benchmark.DIMENSIONS,
        layouts=benchmark.LAYOUTS,
    )
    with console.status("") as status:
        rows = benchmark.run(
            case, runs=runs, all_scripts=all_scripts, limits=limits, cache=_folder(cache), progress=status.update
        )
    session.keep(rows)
    session.end()


@app.command()
def place(
    case: Annotated[list[str] | None, typer.Option(help="mnist-test-10k, fashion-mnist-part, notmnist-10k.")] = None,
    json: Json = None,
) -> None:
    """New vectors on maps that are there, beside the transforms of umap-learn, openTSNE and PaCMAP."""
    from benchmarks import placing as benchmark

    session = _Session(PACKAGES, Limits(0, 0, CORES), json, runs=1, seed=benchmark.SEED)
    with console.status("") as status:
        for one in case or benchmark.CASES:
            for row in benchmark.run(one, progress=status.update):
                session.keep([row])
    session.end()


@app.command()
def by_dagster(
    case: Annotated[str, typer.Option(help="mtg-decks, or any case of relate.")] = "mtg-decks",
    runs: Runs = 3,
    json: Json = None,
    cache: Cache = None,
) -> None:
    """Everything, and 24 points, made from Dagster's pages, beside `atlas run` and the layouts' own seconds."""
    from benchmarks import by_dagster as benchmark
    from benchmarks import layout_data

    session = _Session(PACKAGES, Limits(0, benchmark.PATIENCE, CORES), json, runs=runs, seed=layout_data.SEED)
    with console.status("") as status:
        for row in benchmark.run(case, runs=runs, cache=_folder(cache), progress=status.update):
            session.keep([row])
    session.end()


@app.command()
def refresh(
    case: Annotated[list[str] | None, typer.Option(help="mtg-decks, github-trending. Default: both.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="Files that the source comes in, before the newest 1 %.")] = 10,
    runs: Runs = 3,
    json: Json = None,
    memory: Memory = 20.0,
    minutes: Minutes = 15.0,
    threads: Threads = CORES,
    cache: Cache = None,
) -> None:
    """An atlas whose source grows, replayed by time stamp, beside building it anew: seconds, movement, recall."""
    from benchmarks import refresh as benchmark
    from benchmarks import refresh_data

    names = _known(case, refresh_data.CASES, "--case")
    limits = Limits(int(memory * GIB), minutes * 60, threads)
    session = _Session(PACKAGES, limits, json, runs=runs, steps=steps)
    with console.status("") as status:
        for name in names:
            session.keep(
                benchmark.run(name, steps=steps, runs=runs, limits=limits, cache=_folder(cache), progress=status.update)
            )
    session.end()


@app.command()
def scale(
    case: Annotated[
        list[str] | None,
        typer.Option(
            help="10k, 1m or any other number of entities, with 100 rows each. Default: 10k, 30k, 100k, 300k."
        ),
    ] = None,
    runs: Runs = 1,
    json: Json = None,
    memory: Memory = 20.0,
    minutes: Minutes = 30.0,
    threads: Threads = CORES,
    cache: Cache = None,
) -> None:
    """What atlas new proposes, from the file to the site, for more and more entities: stages, memory, exponents."""
    from benchmarks import scale as benchmark

    names = list(case or benchmark.DEFAULT)
    for name in names:
        if benchmark.entities(name) is None:
            raise typer.BadParameter(f"{name!r} is no number of entities such as 10k or 1m", param_hint="--case")
    limits = Limits(int(memory * GIB), minutes * 60, threads)
    session = _Session(PACKAGES, limits, json, runs=runs, seed=data.SEED)
    with console.status("") as status:
        benchmark.run(
            names,
            runs=runs,
            limits=limits,
            cache=_folder(cache),
            progress=status.update,
            finished=lambda rows: session.keep(rows, shown=False),
        )
    benchmark.show(session.rows, console)


@app.command()
def texts(
    case: Annotated[
        list[str] | None,
        typer.Option(help="acl-titles, reddit-titles, docstrings, joined-100k. Default: all but the last."),
    ] = None,
    peer: Annotated[
        list[str] | None, typer.Option("--peer", help="Other ways to find what is near. Default: all.")
    ] = None,
    json: Json = None,
) -> None:
    """Texts: how many of the ten nearest belong to each, by words and by vectors; seconds."""
    from benchmarks import texts as benchmark
    from benchmarks import texts_data

    names = _known(case, list(texts_data.CASES), "--case") if case else list(texts_data.CASES)[:-1]
    ways = _known(peer, list(benchmark.WAYS))
    session = _Session(("scikit-learn", "wordllama"), Limits(), json, runs=1, seed=texts_data.SEED)
    with console.status("") as status:
        for name in names:
            session.keep(benchmark.run([name], list(ways), progress=status.update))
    session.end()


@app.command()
def viewer(
    case: Annotated[
        list[str] | None, typer.Option(help="10k, 100k, 1m or any other number of points. Default: these three.")
    ] = None,
    peer: Peers = None,
    runs: Annotated[
        int,
        typer.Option(
            min=1,
            help="How often every page is loaded; frames and picks are medians of 20, of less where they are slow.",
        ),
    ] = 3,
    json: Json = None,
    minutes: Annotated[float, typer.Option(help="Time that one page may take to load, or for a turn.")] = 3.0,
    cache: Cache = None,
) -> None:
    """The site in Chromium, beside other ways to draw the same points: frames, picks, loading, memory, searching."""
    from benchmarks import viewer as benchmark
    from benchmarks import viewer_aims, viewer_data, viewer_pages

    names, limits = _known(peer, viewer_pages.PEERS), Limits(seconds=minutes * 60)
    session = _Session(("atlas-assets", "playwright"), limits, json, runs=runs, seed=data.SEED)
    with console.status("") as status:
        version = benchmark.run(
            case or viewer_data.DEFAULT,
            names,
            runs=runs,
            limits=limits,
            cache=_folder(cache),
            progress=status.update,
            finished=session.keep,
        )
    session.about["versions"] |= {"chromium": version, **viewer_pages.versions()}
    session.about["aims"] = viewer_aims.as_json(session.rows)
    session.keep([])
    session.end()
    viewer_aims.show(session.rows, console)


@app.command()
def regions(
    case: Annotated[list[str] | None, typer.Option(help="Default: all seven.")] = None,
    peer: Peers = None,
    names: Annotated[bool, typer.Option("--names", help="Print all names of all levels.")] = False,
    json: Json = None,
    memory: Memory = 20.0,
    minutes: Minutes = 15.0,
    threads: Threads = CORES,
    cache: Cache = None,
) -> None:
    """Regions of seven maps beside HDBSCAN, EVoC and Leiden: agreement with what is known, and whether names hold."""
    from benchmarks import region_data, region_peers
    from benchmarks import regions as benchmark

    cases, peers = _known(case, region_data.DEFAULT, "--case"), _known(peer, list(region_peers.PEERS))
    limits = Limits(int(memory * GIB), minutes * 60, threads)
    session = _Session(region_peers.PACKAGES, limits, json, runs=1, seed=benchmark.SEED)
    listed: dict[str, list[dict[str, Any]]] = {}

    def finished(name: str, rows: list[report.Row], found: list[dict[str, Any]]) -> None:
        session.keep(rows)
        listed[name] = found

    with console.status("") as status:
        benchmark.run(cases, peers, limits=limits, cache=_folder(cache), progress=status.update, finished=finished)
    if names:
        for name, found in listed.items():
            benchmark.show_names(name, found, console)
    session.end()


class _Session:
    """The rows of one command: kept as they come, written after every case, printed at the end."""

    def __init__(
        self, packages: Sequence[str], limits: Limits, json: Path | None, *, runs: int, **settings: Any
    ) -> None:
        told = {"memory_bytes": limits.memory_bytes, "seconds": limits.seconds}
        self.about = report.machine(packages, threads=limits.threads, runs=runs, limits=told, **settings)
        self.json, self.rows, self.shown = json, [], []
        console.print(
            f"{self.about['cpu']}, {self.about['cores']} cores, {limits.threads} threads for everybody, median of "
            f"{runs} runs"
        )

    def keep(self, rows: list[report.Row], *, shown: bool = True) -> None:
        self.rows += rows
        self.shown += rows if shown else []
        if self.json is not None:  # after every case: an interrupted run keeps what it has
            report.write(self.json, self.rows, self.about)

    def end(self) -> None:
        """Print the table. Exits with 1 where results that should be equal differ."""
        report.show(self.shown, console)
        if any(not row.comparable for row in self.rows):
            raise typer.Exit(1)


def _known(given: list[str] | None, known: Sequence[str], option: str = "--peer") -> Sequence[str]:
    unknown = sorted(set(given or ()) - set(known))
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is not among {', '.join(known)}", param_hint=option)
    return given or known


def _folder(cache: Path | None) -> Path:
    folder = (cache or project.cache_folder() / "benchmarks").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
