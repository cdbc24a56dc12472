"""``atlas report``: the comparison of an atlas's maps in the terminal, as a page, and as plain figures."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.reports import table as report_table
from atlas_assets.reports.comparison import Comparison, compare
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.store.artifacts import project_store


def show(spec: AtlasSpec, console: Console, *, html: Path | None = None, json_file: Path | None = None) -> None:
    """Print the comparison, and write it to the files given. Raises AtlasError while no map is measured."""
    found = stored_comparison(spec)
    report_table.show(found, console)
    for path, content in ((html, lambda: found.page().html()), (json_file, lambda: _json(found.as_plain()))):
        if path is not None:
            _write(path, content())
            console.print(f"Written: {escape(str(path))}", soft_wrap=True)


def stored_comparison(spec: AtlasSpec) -> Comparison:
    """What is stored of an atlas, compared. Raises AtlasError while no map is measured."""
    return compare(Pipeline(spec, base=project.root()).run(project_store()))


def _json(value: dict) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise AtlasError(f"{path} cannot be written: {reason}. Give another file, in a folder that exists.") from error
