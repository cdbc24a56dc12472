"""What pydantic finds wrong with a spec, said so that it can be mended."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from atlas_assets.errors import Found, SpecError
from atlas_assets.kinds import SOURCES
from atlas_assets.spec.atlas import SourceSpec
from atlas_assets.spec.model import MISTAKE, nearest


def spec_error(problem: Any, file: Path, model: type[BaseModel]) -> SpecError:
    """One problem of a ValidationError of ``model``, which was read from ``file``."""
    location = [part for part in problem["loc"] if not str(part).startswith("function-")]
    field = re.sub(r"\.\[", "[", ".".join(f"[{p}]" if isinstance(p, int) else str(p) for p in location))
    found: object = problem["input"]
    if problem["type"] == "extra_forbidden":
        known = _known_keys(location[:-1], model)
        return SpecError(
            file=file,
            field=field,
            found=Found("is not a known key"),
            expected=f"one of {', '.join(known)}",
            remedy=nearest(str(location[-1]), known),
        )
    if problem["type"] == "missing":
        return SpecError(
            file=file,
            field=field,
            found=Found("is missing"),
            expected="a value",
            remedy=f"Add '{location[-1]}:'.",
        )
    if problem["type"] == MISTAKE:
        said = dict(problem["ctx"])
        below = said.pop("below")
        return SpecError(file=file, field=f"{field}.{below}" if below else field, **said)
    if problem["type"] == "value_error":
        return SpecError(
            file=file,
            field=field,
            found=Found("does not say one thing"),
            expected=str(problem["ctx"]["error"]),
            remedy="Keep one and delete the others.",
        )
    expected = re.sub(r"^(Input should be|Value should have) ", "", problem["msg"])
    choices = re.findall(r"'([^']+)'", expected) if problem["type"] == "literal_error" else []
    shown = found if isinstance(found, (str, int, float, bool, type(None))) else Found(f"is {found!r:.80}")
    return SpecError(file=file, field=field, found=shown, expected=expected, remedy=nearest(str(found), choices))


def _known_keys(location: list[Any], model: Any) -> list[str]:
    """The keys that the model at ``location`` inside of ``model`` knows, found by walking its annotations."""
    for part in location:  # of which some are no fields: places in lists, and keys that the user chose
        if isinstance(part, int) or not (isinstance(model, type) and issubclass(model, BaseModel)):
            continue
        if part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation)
        elif issubclass(model, SourceSpec) and part in SOURCES:
            model = _model_in(SOURCES[part].options)
    if model is None:
        return []
    more = model.more_keys() if issubclass(model, SourceSpec) else []
    return sorted([*(field.alias or key for key, field in model.model_fields.items()), *more])


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part))), None)
