"""``atlas new``: from files to a ``defs.yaml`` that works as it is, every guess said aloud and left to be edited."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from atlas_assets import methods, project
from atlas_assets.commands import new_texts
from atlas_assets.commands.first_run import FirstRun, plan
from atlas_assets.errors import AtlasError, Found, SpecError
from atlas_assets.kinds import relations
from atlas_assets.sources.roles.coordinates import guess_coordinates
from atlas_assets.spec.atlas import COMPONENT_TYPE, NAME, RESERVED_NAMES
from atlas_assets.spec.loading import load

if TYPE_CHECKING:
    from atlas_assets.sources.forms.form import Options
    from atlas_assets.sources.infer import Inference

SWEEP = """\
  sweep:                        # lists are crossed; `atlas report` compares the maps
    n_neighbors: [{k}]{blank}# neighbours kept per entity
    embedding_dim: [3]          # of the intermediate embedding
    projections:
"""

MIN_COLLECTIONS = 5
FEW = {1: 50, 2: 300, 3: 1000}  # of fewer entities than that, those in so many collections already stay
REFRESH = """\
  # refresh:                    # how the maps follow the source while Dagster runs; these are the defaults
  #   every: 30s                # how often the source is looked at; watch: false: never
  #   threshold: 1%             # a smaller change waits ...
  #   within: 1d                # ... at most this long
  #   max_shrink: 10%           # a source that lost more rows is refused, and the site stays
  #   keep_versions: 5          # of the site, to go back to
  #   cron: "0 4 * * *"         # not by default: take any change then
  # owners: [me@example.org]    # whom to ask, shown in Dagster; or team:maps
"""


def new(
    name: str,
    console: Console,
    *,
    interactions: list[str] | None,
    edges: list[str] | None,
    vectors: list[str] | None,
    table: list[str] | None = None,
    images: list[str] | None = None,
    column: str | None = None,
    entities: list[str] | None,
    force: bool,
    texts: list[str] | None = None,
    words: bool = False,
    model: str | None = None,
    both: bool = False,
    entity_is: str = "entity",
    members: list[str] | None = None,
    form: str | None = None,
    query: str | None = None,
    trust: bool = False,
    roles: dict[str, str | None] | None = None,
    here: bool = False,
    folder: Path | None = None,
) -> Path:
    """Write the spec of a new atlas and say what was inferred. Raises AtlasError, and then writes nothing.

    The project is the one that the current folder is in, else the current folder, which becomes one. here: the current
    folder, although one above is a project; folder: that one.

    texts: columns of ``entities``; words: whether their words are mapped, not the texts; model: what makes vectors of
    them; both: whether their words count, too. column: of a table of ``images``. entity_is: entity, or collection where
    that is what is mapped; members: then a table of what collections hold.
    roles: columns that are known: collection, entity, value, timestamp, weight, source, target, distance, id, label,
    vector.
    """
    asked: dict[str, list[str] | None] = {"interactions": interactions, "edges": edges, "vectors": vectors}
    relation = _one_relation(asked | {"texts": texts, "table": table, "images": images})
    if column and not images:
        raise AtlasError("--column goes with --images: the column of a table that holds pictures.")
    _check_mapped(entity_is, next(iter(relation)), has_members=bool(members))
    known = _roles(roles or {}, next(iter(relation)), has_table=bool(entities))
    home = _home(here=here, folder=folder)
    path = project.defs_folder(home) / name / "defs.yaml"
    _check_name(name, path, force=force)
    given: dict[str, Any] = {option: [_portable(one, home) for one in files] for option, files in relation.items()}
    given = new_texts.asked(texts, words=words, model=model, both=both, has_table=bool(entities)) or given
    tables = [_portable(one, home) for one in entities or []]
    held = [_portable(one, home) for one in members or []]

    from atlas_assets.sources.forms.form import Options
    from atlas_assets.sources.infer import infer
    from atlas_assets.sources.pictures.infer import infer_pictures
    from atlas_assets.sources.roles.names import noun_of_file
    from atlas_assets.sources.rows.infer import infer_rows

    options = Options(form, query, trust)
    if tables and (table or images):
        raise AtlasError("--entities goes with other options: a table brings its own metadata.")
    look: dict[str, Any] = {"base": home, "options": options, "roles": known}
    if texts:
        inference = new_texts.infer(given, tables, **look)
    elif table:
        inference = infer_rows(given["table"], **look)
    elif images:
        inference = infer_pictures(given["images"], column=column, **look)
    else:
        inference = infer(**given, entities=tables or None, mapped=entity_is, **look)
    if inference.table_of_members:
        tables, held = [], [*tables, *held]
    if inference.entity_noun is None and (called := noun_of_file(name)) and called != inference.collection_noun:
        inference = replace(inference, entity_noun=called)  # the atlas "books" is a map of books
    for made in project.make(home):
        console.print(f"Wrote {escape(str(made))}: this folder is an Atlas project now.", soft_wrap=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    planned = plan(inference.kind, inference.n_entities, inference.n_numbers, memory=project.memory_of_a_run())
    path.write_text("".join(_document(name, given, tables, held, inference, planned, options)), encoding="utf-8")
    load(path)  # what is written is valid, or this is a defect
    coordinates = guess_coordinates(inference.fields)
    placed = [f"{', '.join(coordinates)} -> coordinates of one more map, by their names"] if coordinates else []
    _, points = inference.entity_noun or ("", "points")
    nouns = [f"visitors read of {points}; display: {{entity: [...]}} in the file says otherwise"]
    for sentence in (*inference.sentences, *placed, *nouns, *planned.sentences):
        console.print(f"  {escape(sentence)}", soft_wrap=True)
    if inference.examples:
        console.print("This is how it was understood:")
        for example in inference.examples:
            console.print(f"  {escape(example)}", soft_wrap=True)
    console.print(f"Wrote [bold]{escape(str(path))}[/bold]; everything in it can be edited.", soft_wrap=True)
    first = "" if home in (Path.cwd(), *Path.cwd().parents) else f"cd {escape(shlex.quote(str(home)))} && "
    console.print(f"Next: [bold]{first}atlas run {name}[/bold], then [bold]atlas serve {name}[/bold]", soft_wrap=True)
    return path


def _one_relation(options: dict[str, list[str] | None]) -> dict[str, list[str]]:
    given = {name: files for name, files in options.items() if files}
    if len(given) != 1:
        said = " and ".join(f"--{name}" for name in given) or "none of them"
        *others, last = (f"--{name}" for name in options)
        raise AtlasError(f"An atlas needs exactly one of {', '.join(others)} or {last}; {said} was given.")
    return given


def _check_mapped(mapped: str, option: str, *, has_members: bool) -> None:
    if mapped not in ("entity", "collection"):
        raise AtlasError(f"--entity-is is {mapped!r}; expected entity or collection.")
    if mapped == "collection" and option != "interactions":
        raise AtlasError(f"--entity-is collection goes with --interactions, and --{option} was given.")
    if has_members and mapped != "collection":
        raise AtlasError("--members goes with --entity-is collection; a table of what is mapped is --entities.")


def _roles(roles: dict[str, str | None], option: str, *, has_table: bool) -> dict[str, str]:
    """The roles that were given, if the files can have them. Raises AtlasError where one cannot be meant."""
    able = {
        "interactions": ("collection", "entity", "value", "timestamp", "weight"),
        "edges": ("source", "target", "weight", "distance"),
        "vectors": ("id", "vector"),
        "texts": (),
        "table": ("id", "label"),
        "images": ("id", "label"),
    }
    given = {role: column for role, column in roles.items() if column is not None}
    for role in given:
        shown = "time" if role == "timestamp" else role
        if role in ("id", "label") and role not in able[option]:
            if not has_table:
                raise AtlasError(f"--{shown} names a column of the entity table; give one with --entities.")
        elif role not in able[option]:
            kinds = " or ".join(f"--{kind}" for kind, its in able.items() if role in its)
            raise AtlasError(f"--{shown} goes with {kinds}, and --{option} was given.")
    return given


def _check_name(name: str, path: Path, *, force: bool) -> None:
    if not NAME.fullmatch(name) or name in RESERVED_NAMES:
        raise AtlasError(
            f"An atlas cannot be called {name!r}: use lower-case letters, digits and _, starting with a letter."
        )
    if path.exists() and not force:
        raise SpecError(
            file=path,
            field="",
            found=Found("exists already"),
            expected="a new name",
            remedy="Choose another name, edit that file, or replace it with --force.",
        )


def _home(*, here: bool, folder: Path | None) -> Path:
    """The project that the atlas goes to; it need not be one yet."""
    if here and folder:
        raise AtlasError("--here and --project name two folders; use one of them.")
    if folder and folder.exists() and not folder.is_dir():
        raise AtlasError(f"--project {folder} is a file; expected a folder, or the name of a new one.")
    if folder:
        return folder.expanduser().resolve()
    return Path.cwd() if here else project.above() or Path.cwd()


def _portable(location: str, home: Path) -> str:
    """A path as it is written down: from the project folder where it lies inside, else absolute; URLs as they are."""
    if "://" in location:
        return location
    path = Path(os.path.abspath(os.path.expanduser(location)))
    return str(path.relative_to(home)) if path.is_relative_to(home) else str(path)


def _document(
    name: str,
    relation: dict[str, Any],
    tables: list[str],
    members: list[str],
    found: Inference,
    planned: FirstRun,
    options: Options,
) -> Iterator[str]:
    """The YAML, section by section. Written by hand, because a dumper cannot write the comments."""
    yield f"# The atlas {name}. Every key is explained in the README; what is left out has a default.\n"
    yield f"type: {COMPONENT_TYPE}\nattributes:\n"
    yield f"  title: {_text(name.replace('_', ' ').capitalize())}\n"
    yield '  description: ""\n  attribution: ""             # where the data comes from; shown on the site\n'
    yield "  source:\n"
    for option, said in relation.items():
        if found.features:
            yield from _features(said, found.features)
        elif found.picture_column:
            yield f"    {option}:\n      files: {_inline(said)}\n      column: {_text(found.picture_column)}\n"
        else:
            yield f"    {option}: {_inline(said)}\n"
    if tables:
        yield f"    entities: {_inline(tables)}\n"
    if found.mapped == "collection":
        yield "    entity: collection          # what is mapped; entity: what collections hold\n"
    if members:
        yield f"    members: {_inline(members)}\n"
    for option in ("form", "query", "trust"):
        if value := getattr(options, option) or getattr(found, option, None):
            yield f"    {option}: {_inline(value)}\n"
    if found.columns:
        yield f"    columns: {_inline(found.columns)}\n"
    if found.separator:
        yield f"    separator: {json.dumps(found.separator):17}# between the entities of one cell; [] for lists\n"
    if found.entity_columns:
        yield f"    entity_columns: {_inline(found.entity_columns)}\n"
    if coordinates := guess_coordinates(found.fields):
        yield f"    coordinates: {_inline(coordinates):16}# one more map, where the data says that everything is\n"
    if found.fields:
        yield "    fields:                     # number, category, list, year, date, boolean, link, image or text\n"
        for field, facts in found.fields.items():
            yield f"      {_text(field)}: {_inline(facts)}\n"
    if found.kind == new_texts.BY_WORDS:
        yield from new_texts.sections(relation)
    else:
        yield from _filter(found.kind, planned, found.n_entities)
        if relations()[found.kind].company:
            yield from _relation(found.columns)
    if found.kind == "edges" and "distance" not in found.columns:
        yield "  # edges: {repeats: sum}       # rows that repeat an edge are added up, where now the strongest stays\n"
    if found.metric:
        yield f"  relation:\n    metric: {found.metric:21}# cosine, euclidean, or dot: the larger the product\n"
    k = f"{min(15, max(2, (found.n_entities or 16) - 1))}"
    yield SWEEP.format(k=k, blank=" " * (13 - len(k)))
    for projection, remark in methods.WRITTEN:
        yield f"      - {_inline(projection)}{f'  # {remark}' if remark else ''}\n"
    if found.entity_noun or found.collection_noun:
        yield "  display:\n"
        if found.entity_noun:
            yield f"    entity: {_inline(list(found.entity_noun))}\n"
        if found.collection_noun:
            yield f"    collection: {_inline(list(found.collection_noun))}\n"
    else:
        yield "  # display:                    # what visitors call a point, and what holds it: singular, plural\n"
        yield "  #   entity: [book, books]\n  #   collection: [shelf, shelves]\n"
    yield REFRESH


def _features(files: list[str], features: dict[str, str]) -> Iterator[str]:
    """A table, and how its columns are compared."""
    yield f"    table:\n      files: {_inline(files)}\n"
    yield "      features:                 # what rows are compared by: number, log, category, list, boolean\n"
    for name, encoding in features.items():
        yield f"        {_text(name)}: {encoding}\n"
    first, encoding = next(iter(features.items()))
    yield f"        # {_text(first)}: {{as: {encoding}, weight: 2}} counts as much as two\n"


def _filter(kind: str, planned: FirstRun, n_entities: int | None) -> Iterator[str]:
    relation = relations()[kind]
    if not relation.top:
        yield "  filter:\n"
        few = next((least for least, n in FEW.items() if n_entities is not None and n_entities < n), MIN_COLLECTIONS)
        yield f"    min_collections: {few}          # entities in fewer collections are left out\n"
        yield "    max_collection_size: 1000   # of larger collections a sample is taken\n"
        return
    if planned.remark:
        yield f"  # {planned.remark}.\n"
    key, which = "top: 50000" if planned.top is None else f"top: {planned.top}", relation.top
    lines = ["filter:", f"  {key:26}# only so many {which} entities"]
    yield "".join(f"  {'# ' if planned.top is None else ''}{line}\n" for line in lines)


def _relation(columns: dict[str, Any]) -> Iterator[str]:
    """The similarity, and as comments those weights that the columns allow."""
    yield "  relation:\n"
    yield "    similarity: jaccard         # or npmi, cosine, lift, count\n"
    yield "    # normalise: log_size       # large collections count less per pair; size: still less\n"
    if "value" in columns:
        value = _text(columns["value"])
        yield f"    # value_closeness: linear   # pairs whose {value} differs count less\n"
        yield f"    # value_weights: {{3: 0.5, 5: 1}}  # weight of a row by its {value}; 0 leaves it out\n"
    if "timestamp" in columns:
        yield "    # time_half_life: 30d       # pairs 30 days apart count half; also 12h, 2w, 1y\n"
    if "weight" in columns:
        yield f"    # use_weights: false        # ignore {_text(columns['weight'])}\n"


def _inline(value: Any) -> str:
    """A value in YAML's flow style, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(str(key))}: {_inline(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(one) for one in value) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(value: str) -> str:
    """Plain where YAML cannot misread it, else quoted; a JSON string is a YAML string."""
    plain = value.replace("_", "a").replace("-", "a").replace("/", "a").replace(".", "a").replace(" ", "a")
    reads_as_other = value.lower() in ("true", "false", "yes", "no", "on", "off", "null", "y", "n", "~", "")
    if plain.isascii() and plain.isalnum() and value[:1].isalpha() and value == value.strip() and not reads_as_other:
        return value
    return json.dumps(value, ensure_ascii=False)
