"""What type of metadata a column is, of those that are Atlas's own, judged by all of its values.

A guess tries the parser that will read the column, so that it is never of a type that reading refuses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from atlas_assets.sources.values import lists, numbers, times, truth
from atlas_assets.sources.values.parsed import Parsed, is_plain, known, present

_MAX_CATEGORIES = 65_534  # more do not fit the bundle's codes
_LIST_NAMES = {
    "genres",
    "genre",
    "tags",
    "tag",
    "keywords",
    "keyword",
    "topics",
    "topic",
    "categories",
    "types",
    "colors",
    "colours",
    "authors",
    "artists",
    "actors",
    "cast",
    "languages",
    "countries",
    "platforms",
    "mechanics",
    "ingredients",
    "labels",
    "subjects",
    "moods",
    "themes",
}
_CATEGORY_NAMES = {
    "class",
    "cluster",
    "category",
    "type",
    "kind",
    "group",
    "level",
    "genre",
    "language",
    "country",
    "rarity",
    "format",
    "status",
    "region",
    "label",
    "target",
    "digit",
    "code",
    "colour",
    "color",
    "season",
}
_ID_NAMES = {"id", "isbn", "uuid", "guid", "key", "hash", "asin", "doi", "barcode", "sku", "phone", "zip"}
_IMAGE_NAMES = {"image", "img", "cover", "thumbnail", "poster", "photo", "icon", "avatar", "picture", "logo"}
_TIME_NAMES = {"seen", "timestamp", "date", "time", "at", "on", "created", "updated", "modified", "released", "release"}
_URL = r"^https?://\S+$"
_IMAGE_URL = r"(?i)\.(png|jpe?g|gif|webp|svg|avif)(\?.*)?$"


@dataclass(frozen=True)
class Guess:
    """type: as in defs.yaml; separator: of lists written as text; why: a clause for people."""

    type: str
    why: str
    separator: str | None = None


def words(name: str) -> list[str]:
    """``userId`` and ``user_id`` -> [user, id]."""
    return [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def guess(values: pl.Series, *, typed: bool) -> Guess:
    """The type that fits all values of a column; ``typed`` is False for a CSV, where a number is text as well."""
    name, dtype = set(words(values.name)), values.dtype
    if isinstance(dtype, (pl.List, pl.Array)):
        return Guess("list", "its values are lists")
    if dtype == pl.Boolean:
        return Guess("boolean", "its values are true and false")
    if dtype in (pl.Date, pl.Datetime):
        return Guess("date", "its values are dates")
    if dtype.is_numeric():
        return _guess_number(values.drop_nulls(), name, "")
    if not is_plain(dtype):
        return Guess("text", f"its values are {str(dtype).lower()}")
    text = values.cast(pl.String)
    if text.to_frame().select(present(pl.col(values.name), pl.String()).is_null().all()).item():
        return Guess("text", "it is empty")
    if not typed:
        parsed = numbers.parse(text)
        padded = bool(text.str.contains(r"^\s*0\d").any())
        if parsed.fits and not padded and parsed.n_known:
            return _guess_number(parsed.values.drop_nulls(), name, parsed.told)
        wrong = text.filter(parsed.wrong)
        if len(wrong) and parsed.n_known > 0.25 * len(text):
            return _guess_text(text, name, f"; no number, because of {len(wrong):,} values such as {wrong[0]!r}")
    return _guess_text(text, name, "")


def _guess_number(there: pl.Series, name: set[str], told: str) -> Guess:
    if there.is_empty():
        return Guess("number", "it is empty")
    n_distinct = there.n_unique()
    low, high = float(there.min()), float(there.max())  # type: ignore[arg-type]
    whole = there.dtype.is_integer()
    if n_distinct <= 2 and {low, high} <= {0.0, 1.0} and name & {"is", "has", "was", "can"}:
        return Guess("boolean", "its values are 0 and 1")
    if whole and name & {"year", "years"} and not name & {"n", "count", "num"} and low >= -5000 and high <= 2200:
        return Guess("year", f"whole numbers from {low:.0f} to {high:.0f}, and the name says year")
    if whole and name & _TIME_NAMES:
        way = times.way_of(there)
        if way is not None and (way.name != "s" or (low > -3e9 and float(there.median()) > 1e8)):  # type: ignore[arg-type]
            kind = "year" if way.name == "year" else "date"
            return Guess(kind, f"numbers that read as {way.told}, and the name says time")
    if whole and name & _ID_NAMES and n_distinct > 0.5 * len(there):
        return Guess("text", "numbers that identify something, so their size means nothing")
    if whole and name & _CATEGORY_NAMES and n_distinct <= min(_MAX_CATEGORIES, max(2, len(there) // 2)):
        return Guess("category", f"{n_distinct:,} distinct whole numbers, and the name says kind")
    return Guess("number", f"numbers from {low:,.7g} to {high:,.7g}{f', {told}' if told else ''}")


def _guess_text(values: pl.Series, name: set[str], told: str) -> Guess:
    there = values.to_frame("v").select(present(pl.col("v"), pl.String())).to_series().drop_nulls()
    meant = there.to_frame("v").select(known(pl.col("v"), pl.String())).to_series().drop_nulls()
    if not meant.is_empty() and truth.are_words(meant):
        return Guess("boolean", f"its values are {' and '.join(sorted(meant.unique().to_list()))}")
    if there.str.contains(_URL).mean() > 0.95:  # type: ignore[operator]
        if name & _IMAGE_NAMES or there.str.contains(_IMAGE_URL).mean() > 0.8:  # type: ignore[operator]
            return Guess("image", "its values are addresses of images")
        return Guess("link", "its values are web addresses")
    if _may_be_dates(there):
        parsed = times.parse(values)
        if parsed.fits and parsed.n_known:
            unknown = there.len() - parsed.n_known
            more = f"; {unknown:,} of them say that it is not known" if unknown else ""
            return Guess("date", f"its values are dates{f', {parsed.told}' if parsed.told else ''}{more}")
    listed = _guess_list(there, name)
    if listed is not None:
        return listed
    n, distinct = len(there), there.n_unique()
    if distinct == 1:
        return Guess("text", f"all its values are the same{told}")
    repeated = distinct <= 0.5 * n or (distinct <= 12 and distinct < n)
    short = there.str.len_chars().mean() <= 60  # type: ignore[operator]
    if repeated and short and distinct <= _MAX_CATEGORIES and not name & _ID_NAMES:
        return Guess("category", f"{distinct:,} distinct texts in {n:,} rows{told}")
    return Guess("text", f"{distinct:,} distinct texts in {n:,} rows{told}")


def _may_be_dates(there: pl.Series) -> bool:
    """Whether the texts are as short as dates and have their figures, and are not figures alone, such as 01234."""
    if there.cast(pl.Float64, strict=False).null_count() == 0:
        return False
    dated = there.str.len_chars().le(40) & there.str.contains(r"\d{2}")
    return float(dated.mean() or 0) > 0.95  # type: ignore[arg-type]


def _guess_list(there: pl.Series, name: set[str]) -> Guess | None:
    if lists.are_literals(there):
        return Guess("list", "its values are lists in brackets", lists.LITERAL)
    for separator in ("|", ";", ", ", ","):
        having = there.str.contains(separator, literal=True)
        share = float(having.mean() or 0)  # type: ignore[arg-type]
        named = bool(name & _LIST_NAMES)
        if share < (0.05 if named else 0.2 if separator == "|" else 0.3):
            continue
        parts = there.str.split(separator).explode().str.strip_chars()
        reused = 1 - parts.n_unique() / len(parts)
        sentences = there.str.contains(r"[.!?]$|\d, ?\d").mean() > 0.2 or parts.str.len_chars().mean() > 25  # type: ignore[operator]
        if reused > (0.3 if named or separator == "|" else 0.6) and (named or not sentences):
            return Guess(
                "list", f"{share:.0%} of its values hold {separator.strip()!r}, and the parts recur", separator
            )
    return None


def parse_list(values: pl.Series) -> Parsed:
    """A column of lists, or of texts with a separator, which is guessed."""
    is_text = is_plain(values.dtype)
    return lists.parse(values, guess(values.cast(pl.String), typed=True).separator or "|" if is_text else None)
