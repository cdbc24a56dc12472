"""What a benchmark should show, and whether its rows say that it does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape


@dataclass(frozen=True)
class Aim:
    """A sentence, what was found, and whether that is enough; None where there is no figure."""

    case: str
    text: str
    found: str
    met: bool | None


def aim(
    case: str, text: str, value: float | None, form: str, *, most: float | None = None, least: float | None = None
) -> Aim:
    if value is None:
        return Aim(case, text, "not measured", None)
    return Aim(case, text, form.format(value), (most is None or value <= most) and (least is None or value >= least))


def as_json(aims: Iterable[Aim]) -> list[dict[str, Any]]:
    return [asdict(one) for one in aims]


def show(aims: Iterable[Aim], console: Console) -> None:
    for one in aims:
        verdict = {True: "met", False: "MISSED", None: "unknown"}[one.met]
        console.print(escape(f"{verdict:>8}  {one.case}: {one.text}: {one.found}"), soft_wrap=True)
