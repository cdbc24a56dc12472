"""How an atlas follows its source, and what is kept of what it was: the ``refresh`` and ``retention`` of a spec."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from atlas_assets.errors import Found
from atlas_assets.spec.model import Model, mistake
from atlas_assets.spec.time_spans import Seconds, is_number

_EVERY_AT_LEAST = 5.0  # seconds; looking more often only keeps the daemon busy
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_OWNER = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}|team:\S+")  # as Dagster has it


def _share(value: Any) -> Any:
    """``"1%"`` as 0.01; a bare number would leave open whether 1 is all or a hundredth."""
    percent = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    share = float(percent[1]) / 100 if percent else 0.0 if is_number(value) and value == 0 else None
    if share is None or share > 1:
        raise mistake(value, expected="a percentage from 0% to 100%", remedy="Write 1% for one in a hundred.")
    return share


Share = Annotated[
    float,
    BeforeValidator(_share),
    PlainSerializer(lambda share: f"{100 * share:.12g}%", return_type=str),
    WithJsonSchema({"type": "string", "examples": ["1%"]}),
]


def _interval(seconds: float) -> float:
    if seconds < _EVERY_AT_LEAST:
        raise mistake(
            f"{seconds:g}s",
            expected=f"at least {_EVERY_AT_LEAST:g}s",
            remedy="Write 30s; a change is noticed at the next look.",
        )
    return seconds


def _time_to_live(seconds: float | None) -> float | None:
    if seconds == 0:
        raise mistake("0s", expected="a time above 0, or null", remedy="Write 7d for seven days.")
    return seconds


def _cron(text: str | None) -> str | None:
    if text is None:
        return None
    import dagster as dg  # here: most specs have no schedule, and need no Dagster to be read

    try:
        dg.ScheduleDefinition(name="schedule", job_name="job", cron_schedule=text)
    except dg.DagsterInvalidDefinitionError:
        raise mistake(
            text,
            expected="five fields: minute, hour, day of the month, month, day of the week",
            remedy='Write "0 4 * * *" for every day at four, "0 4 * * 1" for Mondays.',
        ) from None
    return text


def _owner(text: str) -> str:
    if not _OWNER.fullmatch(text):
        raise mistake(
            Found(f"names {text!r}"),
            expected="an e-mail address, or team: and a name",
            remedy="Write me@example.org or team:maps.",
        )
    return text


Owner = Annotated[str, AfterValidator(_owner)]


class RefreshSpec(Model):
    """When a change of the source is taken, and what a change may be. Times in seconds, shares from 0 to 1."""

    watch: bool | None = Field(
        None, description="Whether the sensor looks at the source. Default: true, but false for python_api."
    )
    every: Annotated[Seconds, AfterValidator(_interval)] = Field(
        30.0, description="How often the sensor looks; at least 5s."
    )
    threshold: Share = Field(0.01, description="Of the source's bytes: a change of fewer waits, 0% waits for nothing.")
    within: Seconds = Field(86400.0, description="A change below the threshold waits at most this long.")
    settle: Seconds = Field(
        10.0, description="A file that changed more recently than this is taken to be still being written."
    )
    cron: Annotated[str | None, AfterValidator(_cron)] = Field(
        None, description="Take any change at these times, such as '0 4 * * *'; with watch: false, only then."
    )
    max_shrink: Share = Field(
        0.1, description="Of the rows: a source that lost more fails its check and is not read, 100% lets it shrink."
    )
    positions: Literal["follow", "frozen"] = Field(
        "follow",
        description="follow: a refreshed map goes on from where entities stood; frozen: what is there keeps its place, "
        "what is new finds one beside its neighbours.",
    )
    keep_versions: int = Field(5, ge=1, description="Versions of the site that visitors can go back to.")
    max_age: Annotated[Seconds | None, AfterValidator(_time_to_live)] = Field(
        None, description="An older site counts as stale (a freshness policy in Dagster), such as 7d."
    )


class RetentionSpec(Model):
    """What stays on the disk besides what is current."""

    versions: int = Field(2, ge=1, description="Versions kept of every artifact, the current one included.")
    removed_points: Seconds | None = Field(
        14 * 86400.0,
        description="How long the maps of points stay that the sweep does not have any more; null: always.",
    )
    runs: Seconds | None = Field(
        14 * 86400.0,
        description="How long what the steps of a run handed to each other stays, for it to be executed again from "
        "where it failed; null: always.",
    )
