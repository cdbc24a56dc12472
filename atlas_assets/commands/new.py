"""``atlas new``: from files to a ``defs.yaml`` that works as it is, every guess said aloud and left to be edited."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from atlas_assets import methods, project
from atlas_assets.commands import new_texts
from atlas_assets.commands.first_run import FirstRun, plan
from atlas_assets.errors import AtlasError, Found, SpecError
from atlas_assets.kinds import relations
from atlas_assets.spec.atlas import COMPONENT_TYPE, NAME, RESERVED_NAMES
from atlas_assets.spec.loading import load

if TYPE_CHECKING:
    from atlas_assets.sources.forms.form import Options
    from atlas_assets.sources.infer import Inference

SWEEP = """\
  sweep:                        # lists are crossed; `atlas report` compares the maps
    n_neighbors: [15]           # neighbours kept per entity
    embedding_dim: [3]          # of the intermediate embedding
    projections:
"""

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
    entities: list[str] | None,
    force: bool,
    texts: list[str] | None = None,
    words: bool = False,
    model: str | None = None,
    form: str | None = None,
    query: str | None = None,
    trust: bool = False,
    roles: dict[str, str | None] | None = None,
) -> Path:
    """Write the spec of a new atlas and say what was inferred. Raises AtlasError, and then writes nothing.

    texts: columns of ``entities``; words: whether their words are mapped, not the texts; model: what
    makes vectors of them.
    roles: columns that are known: collection, entity, value, timestamp, source, target, weight, id, label.
    """
    relation = _one_relation({"interactions": interactions, "edges": edges, "vectors": vectors, "texts": texts})
    known = _roles(roles or {}, next(iter(relation)), has_table=bool(entities))
    path = project.defs_folder() / name / "defs.yaml"
    _check_name(name, path, force=force)
    given: dict[str, Any] = {option: [_portable(one) for one in files] for option, files in relation.items()}
    given = new_texts.asked(texts, words=words, model=model, has_table=bool(entities)) or given
    tables = [_portable(one) for one in entities or []]

    from atlas_assets.sources.forms.form import Options
    from atlas_assets.sources.infer import infer

    options = Options(form, query, trust)
    if texts:
        inference = new_texts.infer(given, tables, base=project.root(), options=options, roles=known)
    else:
        inference = infer(**given, entities=tables or None, base=project.root(), options=options, roles=known)
    _ensure_project(console)
    path.parent.mkdir(parents=True, exist_ok=True)
    planned = plan(inference.kind, inference.n_entities, inference.n_numbers, memory=project.memory_of_a_run())
    path.write_text("".join(_document(name, given, tables, inference, planned, options)), encoding="utf-8")
    load(path)  # what is written is valid, or this is a defect
    for sentence in (*inference.sentences, *planned.sentences):
        console.print(f"  {escape(sentence)}", soft_wrap=True)
    if inference.examples:
        console.print("This is how it was understood:")
        for example in inference.examples:
            console.print(f"  {escape(example)}", soft_wrap=True)
    console.print(f"Wrote [bold]{escape(str(path))}[/bold]; everything in it can be edited.", soft_wrap=True)
    console.print(f"Next: [bold]atlas run {name}[/bold], then [bold]atlas serve {name}[/bold]")
    return path


def _one_relation(options: dict[str, list[str] | None]) -> dict[str, list[str]]:
    given = {name: files for name, files in options.items() if files}
    if len(given) != 1:
        said = " and ".join(f"--{name}" for name in given) or "none of them"
        raise AtlasError(
            f"An atlas needs exactly one of --interactions, --edges, --vectors or --texts; {said} was given."
        )
    return given


def _roles(roles: dict[str, str | None], option: str, *, has_table: bool) -> dict[str, str]:
    """The roles that were given, if the files can have them. Raises AtlasError where one cannot be meant."""
    able = {
        "interactions": ("collection", "entity", "value", "timestamp", "weight"),
        "edges": ("source", "target", "weight"),
        "vectors": ("id",),
        "texts": (),
    }
    given = {role: column for role, column in roles.items() if column is not None}
    for role in given:
        shown = "time" if role == "timestamp" else role
        if role == "label" or (role == "id" and option != "vectors"):
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


def _portable(location: str) -> str:
    """A path as it is written down: from the project folder where it lies inside, else absolute; URLs as they are."""
    if "://" in location:
        return location
    path = Path.cwd() / Path(location).expanduser()
    return str(path.relative_to(project.root())) if path.is_relative_to(project.root()) else str(path)


def _ensure_project(console: Console) -> None:
    """Outside a checkout: the two files that make a folder a project, so that Dagster keeps its state there."""
    if project.checkout() == project.root():
        return
    for name in (project.MARKER, "workspace.yaml"):
        target = project.root() / name
        if not target.exists():
            shutil.copy(project.template(name), target)
            console.print(f"Wrote {escape(str(target))}: this folder is an Atlas project now.", soft_wrap=True)


def _document(
    name: str, relation: dict[str, Any], tables: list[str], found: Inference, planned: FirstRun, options: Options
) -> Iterator[str]:
    """The YAML, section by section. Written by hand, because a dumper cannot write the comments."""
    yield f"# The atlas {name}. Every key is explained in the README; what is left out has a default.\n"
    yield f"type: {COMPONENT_TYPE}\nattributes:\n"
    yield f"  title: {_text(name.replace('_', ' ').capitalize())}\n"
    yield '  description: ""\n  attribution: ""             # where the data comes from; shown on the site\n'
    yield "  source:\n"
    for option, said in relation.items():
        yield f"    {option}: {_inline(said)}\n"
    if tables:
        yield f"    entities: {_inline(tables)}\n"
    for option in ("form", "query", "trust"):
        if value := getattr(options, option) or getattr(found, option, None):
            yield f"    {option}: {_inline(value)}\n"
    if found.columns:
        yield f"    columns: {_inline(found.columns)}\n"
    if found.entity_columns:
        yield f"    entity_columns: {_inline(found.entity_columns)}\n"
    if found.fields:
        yield "    fields:                     # number, category, list, year, date, boolean, link, image or text\n"
        for field, facts in found.fields.items():
            yield f"      {_text(field)}: {_inline(facts)}\n"
    if found.kind == new_texts.BY_WORDS:
        yield from new_texts.sections(relation)
    else:
        yield from _filter(found.kind, planned)
        if relations()[found.kind].company:
            yield from _relation(found.columns)
    if found.metric:
        yield f"  relation:\n    metric: {found.metric:21}# cosine, euclidean, or dot: the larger the product\n"
    yield SWEEP
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


def _filter(kind: str, planned: FirstRun) -> Iterator[str]:
    relation = relations()[kind]
    if not relation.top:
        yield "  filter:\n"
        yield "    min_collections: 5          # entities in fewer collections are left out\n"
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
