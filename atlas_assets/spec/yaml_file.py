"""YAML that people write: read, or said what is wrong with it and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from atlas_assets.errors import Found, SpecError


def read(path: Path) -> Any:
    """What the file holds. Raises FileNotFoundError, and SpecError with the line where it is no YAML."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # digits and nesting without end
        where = getattr(error, "problem_mark", None)
        raise SpecError(
            file=path,
            field=f"line {where.line + 1}" if where else "",
            found=Found("cannot be read as YAML"),
            expected="YAML text in UTF-8",
            remedy=f"Mend this: {getattr(error, 'problem', None) or error}.",
        ) from error
