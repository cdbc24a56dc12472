"""``python -m benchmarks NAME``: run a benchmark, print its table, write JSON."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from atlas_assets import project
from benchmarks import data, report
from benchmarks.measure import GIB, Limits
from benchmarks.peers import PACKAGES

app = typer.Typer(
    help="Side-by-side measurements against other libraries, on the same data in the same run.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip
console = Console(highlight=False)


@app.callback()
def _commands() -> None:
    """Keeps typer from dropping the command's name as long as there is only one."""


@app.command()
def relate(
    case: Annotated[list[str] | None, typer.Option(help="mtg-decks, reddit-title-words, goodbooks-10k, python_api; "
        "generated-1m, generated-100m or any other size. Default: all that are not generated.")] = None,
    peer: Annotated[list[str] | None, typer.Option(help="Default: all of them.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="Figures are medians of this many.")] = 3,
    json: Annotated[Path | None, typer.Option(help="Write the rows to this file.")] = None,
    memory: Annotated[float, typer.Option(help="GiB that one process may use before it is stopped.")] = 20.0,
    minutes: Annotated[float, typer.Option(help="Time that one run may take before it is stopped.")] = 15.0,
    threads: Annotated[int, typer.Option(min=1, help="For every library alike.")] = os.cpu_count() or 1,
    cache: Annotated[Path | None, typer.Option(help="Where generated and prepared data is kept.")] = None,
) -> None:  # fmt: skip
    """From collections to nearest neighbours: seconds and memory, of the kernel and from file to disk."""
    from benchmarks import relate as benchmark

    unknown = sorted(set(peer or ()) - set(benchmark.ALL_PEERS))
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is not among {', '.join(benchmark.ALL_PEERS)}", param_hint="--peer")
    limits = Limits(int(memory * GIB), minutes * 60, threads)
    about = report.machine(
        PACKAGES, threads=threads, runs=runs, seed=data.SEED, neighbours=benchmark.N_NEIGHBORS,
        limits={"memory_bytes": limits.memory_bytes, "seconds": limits.seconds},
    )  # fmt: skip
    console.print(f"{about['cpu']}, {about['cores']} cores, {threads} threads for everybody, median of {runs} runs")
    rows: list[report.Row] = []

    def keep(made: list[report.Row]) -> None:
        rows.extend(made)
        if json is not None:  # after every case: an interrupted run keeps what it has
            report.write(json, rows, about)

    folder = (cache or project.cache_folder() / "benchmarks").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with console.status("") as status:
        benchmark.run(
            case or data.DEFAULT, peer or benchmark.ALL_PEERS, runs=runs, limits=limits, cache=folder,
            progress=status.update, finished=keep,
        )  # fmt: skip
    report.show(rows, console)
    if any(not row.comparable for row in rows):
        raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
