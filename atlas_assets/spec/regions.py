"""What regions of maps are called, as far as people say it: ``regions:`` of a spec, and ``regions.yaml`` beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from atlas_assets.errors import Found, SpecError
from atlas_assets.spec import yaml_file
from atlas_assets.spec.model import Model

NAME = "regions.yaml"
LONGEST = 60  # characters of a name


class RegionName(Model):
    """The name that a person gave to the region where these entities are."""

    name: str = Field(min_length=1, max_length=LONGEST)
    members: list[str | int] = Field(min_length=1, description="Some of its entities, by label or id.")
    size: int | None = Field(
        None, ge=1, description="How many entities it had: of a region and one inside it, that of this size is meant."
    )
    map: str | None = Field(None, description="Key of the only map that it is for. Default: every map.")


class LanguageModelSpec(Model):
    """A language model that is asked for names: any server that speaks OpenAI's chat completions."""

    url: str = Field(pattern=r"^https?://\S+$", description="Up to and without /chat/completions.")
    model: str = Field(min_length=1, description="What the server calls it.")
    key_from: str | None = Field(None, description="Environment variable that holds the key, where one is needed.")
    questions: int = Field(
        200, ge=1, description="At most so many are asked for each map, the largest regions first; one per region."
    )
    language: str = Field("English", description="Of the names.")


class RegionsSpec(Model):
    """Where names of regions come from beside what the entities have in common."""

    names: list[RegionName] = Field([], description="Those of regions.yaml beside the defs.yaml.")
    llm: LanguageModelSpec | None = Field(None, description="Off by default: nothing leaves the machine.")


def beside(spec_file: Path) -> Path:
    return spec_file.parent / NAME


def read(path: Path) -> list[Any]:
    """The names in the file as they are written, none where there is no file. Raises SpecError where it is no list."""
    try:
        names = yaml_file.read(path)
    except FileNotFoundError:
        return []
    if names is None:
        return []
    if not isinstance(names, list):
        raise SpecError(
            file=path,
            field="",
            found=Found("holds no list"),
            expected="one name per line, each after a '- '",
            remedy="Write '- {name: Space opera, members: [Dune, Hyperion]}', or delete the file.",
        )
    return names
