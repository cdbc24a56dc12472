"""The ``relation`` of a spec: which pairs count as similar, and how much each collection adds to a pair.

What the weights mean is in ``stages.pair_weights``; here is how they are written and what may not be.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from atlas_assets.errors import Found, SpecError
from atlas_assets.kinds import Relation
from atlas_assets.spec.model import Model, mistake
from atlas_assets.spec.time_spans import SECONDS, is_number, seconds_of

PUBLISHED_WIDTH = 0.5  # of the map of osu! beatmaps, whose form "linear" is


def _days(value: Any) -> Any:
    """``30``, ``"30d"`` or ``"12h"`` as days."""
    if value is None:
        return None
    seconds = seconds_of(value)
    days = value if seconds is None else seconds / SECONDS["d"]
    if not is_number(days) or days <= 0:
        raise mistake(
            value,
            expected=f"a time above 0: a number of days, or one with a unit ({', '.join(SECONDS)})",
            remedy="Write 30d for thirty days, or 12h for twelve hours.",
        )
    return float(days)


def _table(value: Any) -> Any:
    """A mapping of values to weights, numbers all; at least one weight above 0."""
    if value is None:
        return None
    example = "such as {6: 0.5, 8: 6.5, 10: 10.1}"
    if not isinstance(value, dict) or not value:
        raise mistake(
            Found("is empty") if value == {} else value,
            expected=f"a table from values to weights, {example}",
            remedy="List some values of source.columns.value with the weight of each; between them it is interpolated.",
        )
    for listed, weight in value.items():
        if not is_number(listed):
            raise mistake(
                Found(f"lists {listed!r}"),
                expected=f"numbers on the left of each colon, {example}",
                remedy="List values as they are in source.columns.value, without quotes.",
            )
        if not is_number(weight) or weight < 0:
            raise mistake(
                weight,
                expected="a weight: a number, 0 or more",
                remedy="Write 0 for values whose rows should take no part.",
                below=str(listed),
            )
    if not any(value.values()):
        raise mistake(
            Found("has weight 0 everywhere"),
            expected="at least one weight above 0",
            remedy="Give the values that should count a weight, or delete relation.value_weights.",
        )
    return {float(listed): float(weight) for listed, weight in sorted(value.items())}


class ValueCloseness(Model):
    """How much less a pair counts whose two values lie apart."""

    form: Literal["linear", "gaussian"] = Field(
        description="linear: 2 (1 - r / width), r = |a - b| / max(|a|, |b|). gaussian: exp(-(a - b)^2 / (2 width^2))."
    )
    width: Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)] = Field(
        description="linear: the share of the larger value at which nothing is left, default 0.5. "
        "gaussian: in units of the value, no default."
    )

    @model_validator(mode="before")
    @classmethod
    def _completed(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {"form": value}
        if not isinstance(value, dict):
            raise mistake(
                value,
                expected="linear, or a form with its width",
                remedy="Write {form: linear, width: 0.5} or {form: gaussian, width: 1}.",
            )
        if value.get("width") is None and value.get("form") == "gaussian":
            raise mistake(
                Found("has no width"),
                expected="how far apart two values may be, in units of the value",
                remedy="Write {form: gaussian, width: 1}: values 1 apart count 0.61 of equal ones, 2 apart 0.14.",
            )
        # an unknown form is reported by itself, without a missing width beside it
        return {**value, "width": PUBLISHED_WIDTH} if value.get("width") is None else value


class RelationSpec(Model):
    """How company becomes similarity."""

    similarity: str | None = Field(
        None,
        description="Which pairs count as similar; of collections jaccard (default), npmi, cosine, lift or count.",
    )
    metric: Literal["cosine", "euclidean", "dot"] | None = Field(
        None,
        description="Vectors only: what near means; dot: a large inner product. Default: guessed from them.",
    )
    shrinkage: float | None = Field(None, ge=0, description="Pulls the similarity of rarely seen pairs to zero.")
    normalise: Literal["none", "size", "log_size"] = Field(
        "none", description="Weigh large collections down: 1 / (s - 1) or 1 / log2 s, s = rows that take part."
    )
    use_weights: bool = Field(True, description="false ignores the source's weight column.")
    value_weights: Annotated[dict[float, float] | None, BeforeValidator(_table)] = Field(
        None, description="Weight of a row by its value, interpolated between the listed ones; 0 leaves rows out."
    )
    value_closeness: ValueCloseness | None = Field(None, description="Pairs with values far apart count less.")
    time_half_life: Annotated[float | None, BeforeValidator(_days)] = Field(
        None, description="Days, or text like 12h: a pair this far apart in time counts half."
    )

    hubs: Literal["keep", "damp"] = Field(
        "keep", description="damp: similarities relative to what is usual for both, so that fewer lists hold a hub."
    )

    def weighting(self) -> dict[str, Any]:
        """The options of ``stages.pair_weights.of``, in plain types."""
        return self.model_dump(include=set(_WEIGHTING))

    def columns(self) -> list[str]:
        """The columns of the source that weigh pairs, if it has them."""
        needed = {column for option, column in _NEEDS.items() if getattr(self, option) is not None}
        return sorted(needed | ({"weight"} if self.use_weights else set()))

    def weighting_given(self) -> dict[str, Any]:
        """Those of them that are not as they are by default."""
        fields = type(self).model_fields
        return {name: value for name, value in self.weighting().items() if value != fields[name].default}

    def mistakes(self, *, file: object, relation: Relation, may_have: dict[str, bool]) -> Iterator[SpecError]:
        """What contradicts the source: its relation, and the columns that it may have (value, timestamp)."""
        if self.metric is not None and relation.similarities():
            yield SpecError(
                file=file,
                field="relation.metric",
                found=Found(f"is given, but the source holds {relation.name}"),
                expected="it only with vectors",
                remedy="Delete it, or choose a relation.similarity.",
            )
        asked = [name for name in (*_WEIGHTING, "hubs") if getattr(self, name) != type(self).model_fields[name].default]
        for name in asked:
            if not relation.company:
                yield SpecError(
                    file=file,
                    field=f"relation.{name}",
                    found=Found(f"is given, but the source holds {relation.name}"),
                    expected="it only with collections",
                    remedy="Delete it.",
                )
            elif (column := _NEEDS.get(name)) and not may_have[column]:
                yield SpecError(
                    file=file,
                    field=f"relation.{name}",
                    found=Found(f"is given, but the source has no {column}"),
                    expected=f"a column for source.columns.{column}",
                    remedy=f"Name the column in source.columns.{column}, or delete relation.{name}.",
                )


_WEIGHTING = ("normalise", "use_weights", "value_weights", "value_closeness", "time_half_life")
_NEEDS = {"value_weights": "value", "value_closeness": "value", "time_half_life": "timestamp"}
