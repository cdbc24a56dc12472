"""``atlas``: make an atlas, materialise it, look at it. Everything here can be done in the Dagster UI as well."""

from __future__ import annotations

import io
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from atlas_assets import limits, project, warm_up
from atlas_assets.errors import AtlasError, Found, SpecError, of_the_machine
from atlas_assets.redact import redact

app = typer.Typer(
    help="Maps of anything that keeps company.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
console = Console(highlight=False)
problems = Console(stderr=True, highlight=False, soft_wrap=True)

Name = Annotated[str, typer.Argument(help="The atlas: the name of its folder in defs/.")]


@app.command()
def new(
    name: Name,
    interactions: Annotated[
        list[str] | None, typer.Option(help="Rows of (collection, entity): CSV, JSONL, Parquet.")
    ] = None,
    edges: Annotated[list[str] | None, typer.Option(help="Rows of (source, target), with or without a weight.")] = None,
    vectors: Annotated[list[str] | None, typer.Option(help="One vector per entity.")] = None,
    texts: Annotated[list[str] | None, typer.Option(help="Column of --entities with texts, mapped by words.")] = None,
    words: Annotated[bool, typer.Option("--words", help="Map the words of --texts instead of the texts.")] = False,
    model: Annotated[
        str | None, typer.Option(help="What makes vectors of --texts: wordllama, or see docs/texts.md.")
    ] = None,
    both: Annotated[
        bool, typer.Option("--both", help="By the words of --texts and by vectors of --model at once.")
    ] = False,
    table: Annotated[
        list[str] | None, typer.Option(help="One row per entity, compared by its columns: numbers, categories, lists.")
    ] = None,
    images: Annotated[
        list[str] | None, typer.Option(help="A folder of pictures, or with --column a table of them.")
    ] = None,
    column: Annotated[str | None, typer.Option(help="With --images: the column of paths or pictures.")] = None,
    entities: Annotated[list[str] | None, typer.Option(help="Table of the entities: id, label, metadata.")] = None,
    entity_is: Annotated[
        str, typer.Option(help="What is mapped: entity, or collection (decks by their cards).")
    ] = "entity",
    members: Annotated[
        list[str] | None, typer.Option(help="With --entity-is collection: table of what collections hold.")
    ] = None,
    form: Annotated[
        str | None, typer.Option(help="Of the files, where they do not say it: see docs/files.md; or table.")
    ] = None,
    query: Annotated[str | None, typer.Option(help="What to ask a database: SELECT …")] = None,
    trust: Annotated[bool, typer.Option(help="Read pickles, which run whatever code their writer put there.")] = False,
    collection: Annotated[str | None, typer.Option(help="The column of the collections.")] = None,
    entity: Annotated[str | None, typer.Option(help="The column of the entities.")] = None,
    value: Annotated[str | None, typer.Option(help="The column of values, such as ratings.")] = None,
    time: Annotated[str | None, typer.Option(help="The column of times.")] = None,
    weight: Annotated[str | None, typer.Option(help="The column of weights.")] = None,
    distance: Annotated[str | None, typer.Option(help="The column of distances between the ends of edges.")] = None,
    source: Annotated[str | None, typer.Option(help="The column of the one end of the edges.")] = None,
    target: Annotated[str | None, typer.Option(help="The column of the other end.")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="The column of the ids beside vectors or labels.")] = None,
    label: Annotated[str | None, typer.Option(help="The column of the entity table to show.")] = None,
    vector: Annotated[str | None, typer.Option(help="The column of --vectors, where several hold one.")] = None,
    force: Annotated[bool, typer.Option(help="Replace the defs.yaml that is there.")] = False,
    here: Annotated[
        bool, typer.Option("--here", help="Make this folder a project, also inside of another one.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option("--project", help="The project to write to; a new folder becomes one.")
    ] = None,
) -> None:
    """Write defs/NAME/defs.yaml for data of your own, after a look at its header and a sample."""
    from atlas_assets.commands import new as scaffold

    scaffold.new(
        name,
        console,
        interactions=interactions,
        edges=edges,
        vectors=vectors,
        texts=texts,
        words=words,
        model=model,
        both=both,
        table=table,
        images=images,
        column=column,
        entities=entities,
        entity_is=entity_is,
        members=members,
        force=force,
        form=form,
        query=query,
        trust=trust,
        roles={
            "collection": collection,
            "entity": entity,
            "value": value,
            "timestamp": time,
            "weight": weight,
            "distance": distance,
            "source": source,
            "target": target,
            "id": id_,
            "label": label,
            "vector": vector,
        },
        here=here,
        folder=folder,
    )


@app.command()
def run(
    name: Name,
    stage: Annotated[list[str] | None, typer.Option(help="Only these (cooccurrence is made only when named).")] = None,
    point: Annotated[list[str] | None, typer.Option(help="Only these keys of the sweep, and what they need.")] = None,
    force: Annotated[bool, typer.Option(help="Make everything again, also what is up to date.")] = False,
    accept: Annotated[bool, typer.Option(help="Take the source although it lost many rows, or columns.")] = False,
    timings: Annotated[Path | None, typer.Option(help="Write there, as JSON, what took how long.")] = None,
) -> None:
    """Materialise what is missing or out of date into the state that the Dagster UI shows."""
    from atlas_assets.reports import nothing_due

    spec = _spec(name)
    if not force and not timings and nothing_due.told(spec, console, stages=stage, points=point):
        return
    with warm_up.without_collector():
        from atlas_assets.orchestration import command

    try:
        made = command.run(spec, console, stages=stage, points=point, force=force, accept=accept, timings=timings)
    except KeyboardInterrupt:  # else typer ends without a word
        problems.print("Interrupted. What was finished is stored; the same command goes on from there.")
        raise typer.Exit(130) from None
    if not made:
        raise typer.Exit(1)


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Port to listen on; the next free one if it is taken.")] = 8000,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the site in the browser.")] = False,
    show: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the site once it is made.")] = True,
) -> None:
    """Map the Python that is installed here, build the site and serve it; no data of your own is needed."""
    if not (project.above() or project.checkout()):
        home = project.cache_folder() / "demo"
        project.make(home)
        os.chdir(home)
        console.print(f"This is no project, so the demo is kept in {escape(str(home))}", soft_wrap=True)
    run("python_api")
    if show:
        serve("python_api", port=port, open_browser=open_browser)


@app.command()
def sweep(
    name: Name,
    method: Annotated[
        list[str] | None,
        typer.Option(
            help="umap:n_neighbors=5..100,min_dist=0/0.1/0.5; .. is a range, / a list. "
            "Default: all that have parameters."
        ),
    ] = None,
    k: Annotated[str | None, typer.Option("--k", help="Neighbours of the graphs: 10,15,30 or 10..50.")] = None,
    dim: Annotated[str | None, typer.Option("--dim", help="Dimensions of the embeddings: 3,4 or 2..5.")] = None,
    search: Annotated[str, typer.Option(help="smart, random, or grid (all combinations).")] = "smart",
    budget: Annotated[
        str | None, typer.Option(help="So many points (20), or a time (10m). Default: 20 points; of a grid, all.")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Values that a grid takes of each range.")] = 3,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Another seed is another random or smart sweep.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many points, and about how long.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Make more than 200 points without being asked.")] = False,
) -> None:
    """Look for better maps: choose points of the sweep, add them to points.yaml, make them, compare them."""
    from atlas_assets.orchestration import command
    from atlas_assets.plan.sweep_request import Budget, Request

    how: Any = search  # checked with the rest of the request
    request = Request(
        how,
        tuple(method or ()),
        k,
        dim,
        Budget.parse(budget, how),
        steps,
        seed,
    )
    try:
        complete = command.sweep(_file(name), request, console, dry_run=dry_run, yes=yes)
    except KeyboardInterrupt:  # else typer ends without a word
        problems.print("Interrupted. What was finished is stored; the same command goes on from there.")
        raise typer.Exit(130) from None
    if not complete:
        raise typer.Exit(1)


@app.command()
def serve(
    name: Annotated[str | None, typer.Argument(help="The atlas; without it, a list of all sites.")] = None,
    port: Annotated[int, typer.Option(help="Port to listen on; the next free one if it is taken.")] = 8000,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0: everybody in your network can see it.")
    ] = "127.0.0.1",
    also: Annotated[
        list[str] | None, typer.Option("--name", help="A name by which it may be asked for beside those it has.")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the site in the browser.")] = False,
) -> None:
    """Serve the site of an atlas on this machine; nothing else that lies in the storage is handed out."""
    from atlas_assets.publish.serve import serve as serve_site
    from atlas_assets.store.artifacts import ArtifactStore

    root = project.storage_root()
    if name:
        if ArtifactStore(root).read(name, "site", "index.html") is None:
            raise AtlasError(f"{root}/{name}/site holds no site yet. Make it with: atlas run {name}")
        root = f"{root.rstrip('/')}/{name}/site"
    serve_site(root, site=name is not None, host=host, port=port, names=also or (), open_browser=open_browser)


@app.command()
def report(
    name: Name,
    html: Annotated[Path | None, typer.Option(help="Write a page there: table, pictures of all maps, reasons.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write all figures there, with their standard errors.")] = None,
) -> None:
    """Show how the maps of an atlas compare, which one is recommended, and why."""
    from atlas_assets.commands import report as reporting

    reporting.show(_spec(name), console, html=html, json_file=json)


@app.command()
def prune(
    name: Annotated[str | None, typer.Argument(help="The atlas; without it, all of them and the viewer.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Free space: earlier versions, points that the sweep does not have any more, what killed runs left."""
    from atlas_assets.orchestration import pictures
    from atlas_assets.plan import tidying

    specs = [_spec(name)] if name else None
    foreseen = [*tidying.tidy_all(specs, dry_run=True), *pictures.prune_here(dry_run=True)]
    tidying.show(foreseen, console)
    size = tidying.size_text(sum(done.bytes for _, done in foreseen))
    nothing = not any(done.gone for _, done in foreseen)
    console.print("Nothing to free." if nothing else f"{size} can go.")
    if not dry_run and (nothing or yes or typer.confirm("Delete it?")):
        done = [*tidying.tidy_all(specs), *pictures.prune_here()]  # if nothing: notes what is removed since today
        freed = sum(each.bytes for _, each in done)
        if not nothing:
            console.print(f"Freed {tidying.size_text(freed)}.")


@app.command()
def download(
    name: Name,
    what: Annotated[str, typer.Option(help="site (a zip), data (Parquet) or poster.")] = "site",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File or folder to write to.")] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="Of a poster: png, pdf or svg; default: what --output ends in.")
    ] = None,
    paper: Annotated[
        str | None, typer.Option(help="Of a poster: 16x20 (inches, the default), a4, a3, a2 or a1.")
    ] = None,
) -> None:
    """Write the site, the data or the poster of an atlas to a file."""
    from atlas_assets.publish import downloads

    if what not in downloads.FILES:
        raise AtlasError(f"--what is {what!r}; expected one of {', '.join(downloads.FILES)}.")
    target = downloads.download(name, what, output, form=form, paper=paper)  # type: ignore[arg-type]
    console.print(f"{escape(str(target))} ({target.stat().st_size / 1e6:.1f} MB)")


@app.command()
def export(
    name: Name,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="csv (default), parquet, npz, geojson, gexf, graphml, h5ad, embedding-atlas, datamapplot, "
            "jupyter-scatter or tensorboard.",
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File or folder to write to.")] = None,
    map_: Annotated[
        str | None, typer.Option("--map", help="Its key, of formats that hold one; see atlas report.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--single-file", help="The site as one HTML file that opens by double click.")
    ] = False,
) -> None:
    """Write every entity with its metadata, its places and regions, and the graph, for other programs."""
    if whole:
        from atlas_assets.publish import single_file

        if form or map_:
            raise AtlasError("--single-file is the whole site; --format and --map go with tables and graphs.")
        page = single_file.export(name, output)
        console.print(f"{escape(str(page))} ({page.stat().st_size / 1e6:.1f} MB): a double click opens it.")
        return
    from atlas_assets import exports, frames

    target, written = exports.export(frames.open(name), form, output, key=map_)
    console.print(f"{escape(str(target))} ({written.about})")
    if written.name == "csv":
        console.print(
            "Texts that begin like a formula (=, +, -, @) have an apostrophe before them; Parquet keeps them."
        )


@app.command()
def place(
    name: Name,
    files: Annotated[list[str], typer.Argument(help="Rows as in the source of the atlas, of what it does not have.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="CSV or Parquet; else the first are shown.")
    ] = None,
) -> None:
    """Say where new things would stand on the maps of an atlas, beside what; nothing that is there changes."""
    from atlas_assets.placing import show

    show.place(_spec(name), files, console, output=output)


@app.command()
def publish(
    name: Name,
    destination: Annotated[
        str | None,
        typer.Argument(help="A folder, a URL such as s3://bucket/maps, or git+URL#branch:folder."),
    ] = None,
    github_pages: Annotated[
        bool, typer.Option(help="To the branch gh-pages of DESTINATION, a remote or a URL (default: origin).")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Only say what would be done.")] = False,
    take_over: Annotated[bool, typer.Option(help="Replace files of the same names that are there already.")] = False,
) -> None:
    """Bring the site to where visitors find it: only what changed, the page last, earlier versions kept."""
    from atlas_assets.publish import address, branch
    from atlas_assets.publish import run as publishing

    if github_pages:
        destination = f"git+{branch.remote(project.root(), destination or 'origin')}#{address.BRANCH}"
    if destination is None:
        raise AtlasError("Where to? Name a folder, a URL such as s3://bucket/maps, or use --github-pages.")
    publishing.publish(_spec(name), destination, console, publishing.Wish(dry_run=dry_run, take_over=take_over))


@app.command()
def gallery(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the page and the sites.")] = Path(
        "gallery"
    ),
    name: Annotated[list[str] | None, typer.Option(help="Only these atlases. Default: all that have a site.")] = None,
    title: Annotated[str, typer.Option(help="Of the page.")] = "Atlases",
) -> None:
    """Put the sites of all atlases into one folder, with a page over them, ready for any host."""
    from atlas_assets.publish import gallery as galleries

    names = name or [path.parent.name for path in project.spec_files()]
    shown = galleries.write([_spec(one) for one in names], output, console, title=title)
    console.print(f"{escape(str(output / 'index.html'))}: {', '.join(shown)}")


@app.command()
def mcp(
    may_run: Annotated[bool, typer.Option("--may-run", help="Agents may also make what is due.")] = False,
) -> None:
    """Answer agents by the Model Context Protocol: search, neighbours, regions, maps, status. Started by them."""
    from atlas_assets.agents import server

    server.make(may_run=may_run).run("stdio")


@app.command()
def doctor(
    verify: Annotated[
        bool, typer.Option("--verify", help="Also read everything that is stored, and set aside what is broken.")
    ] = False,
) -> None:
    """Say what is there and what is missing: Python, Node, memory, disk, GPU, atlases."""
    from atlas_assets import doctor as checks

    if not checks.run(console, verify=verify):
        raise typer.Exit(1)


def _spec(name: str):
    from atlas_assets.spec.loading import load

    return load(_file(name))


def _file(name: str) -> Path:
    by_folder = {path.parent.name: path for path in project.spec_files()}
    if name in by_folder:
        return by_folder[name]
    import difflib

    close = difflib.get_close_matches(name, by_folder, n=1)
    raise SpecError(
        file=project.defs_folder(),
        field=name,
        found=Found("is not an atlas here"),
        expected=f"one of {', '.join(sorted(by_folder)) or 'none yet'}",
        remedy=f"Did you mean {close[0]!r}?" if close else f"Make it with: atlas new {name} --interactions FILE",
    )


def main() -> None:
    """Entry point: messages for users on stderr, exit code 1; a traceback only for defects (or ATLAS_DEBUG=1)."""
    _in_utf8()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal of ASCII or Latin-1 shows what it can
            stream.reconfigure(errors="backslashreplace")
    sys.excepthook = _told_without_secrets
    try:
        limits.ensure_room()
        app()
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:  # a panic of Polars is no Exception
        told = _in_words(error)
        if told is None or os.environ.get("ATLAS_DEBUG"):
            raise
        _tell(told)
        raise SystemExit(1) from None


def _tell(error: AtlasError) -> None:
    try:
        problems.print(f"[red]error[/red] {escape(str(error))}")
    except MemoryError:  # colours take a module that may not be loaded yet
        os.write(2, f"error {error}\n".encode())


def _in_utf8() -> None:
    """Begin anew in Python's UTF-8 mode where the locale is of another encoding.

    Polars takes names of files as UTF-8, whatever the locale; what is printed stays in the encoding of the terminal.
    """
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        os.environ["PYTHONUTF8"] = "1"
        os.environ["PYTHONIOENCODING"] = os.environ.get("PYTHONIOENCODING") or sys.stdout.encoding
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _told_without_secrets(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    print(redact("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)


def _in_words(error: BaseException) -> AtlasError | None:
    """What a user can mend, as one of our errors; None for a defect."""
    if isinstance(error, AtlasError):
        return error
    if "sqlalchemy" in sys.modules and isinstance(error, sys.modules["sqlalchemy"].exc.SQLAlchemyError):
        from atlas_assets.orchestration import state

        if told := state.trouble_with_databases(error):
            return told
    return of_the_machine(error)


if __name__ == "__main__":
    main()
