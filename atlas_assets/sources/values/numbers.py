"""Numbers as people write them: with a decimal point or comma, thousands marked, currencies, per cent."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from atlas_assets.sources.values.parsed import Parsed, is_plain, known, nothing_fits

_CURRENCY = r"(?:[$€£¥₹₽₩]|USD|EUR|GBP|JPY|CHF|CNY|INR|SEK|NOK|DKK|PLN|kr|zł)"
_MINUS = "^[\u2212\u2012\u2013]"
_BLANK = "\u00a0\u202f\u2009 '’"


@dataclass(frozen=True)
class NumberWay:
    """How the numbers of a column are written. decimal, thousands: the signs; told: for people."""

    name: str
    decimal: str
    thousands: str
    told: str

    @property
    def pattern(self) -> str:
        """A leading zero is never that of a group: 0,125 has a decimal comma."""
        group = f"[{self.thousands}{_BLANK}]" if self.thousands else "[]"
        whole = rf"\d+|[1-9]\d{{0,2}}(?:{group}\d{{3}})+"
        return rf"^[+-]?(?:(?:{whole})(?:\{self.decimal}\d*)?|\{self.decimal}\d+)(?:[eE][+-]?\d+)?$"

    def numbers(self, text: pl.Expr) -> pl.Expr:
        """float64; null where the text is no number written so."""
        if self is PLAIN:
            return text.cast(pl.Float64, strict=False)
        # Full-width digits and every blank in their usual form; then the minus of typographers.
        usual = text.str.normalize("NFKC").str.replace(_MINUS, "-")
        bare = usual.str.replace(rf"^([+-]?)\s*{_CURRENCY}\s*", "${1}").str.replace(rf"\s*(?:{_CURRENCY}|%)$", "")
        digits = bare.str.replace_all(f"[{self.thousands}{_BLANK}]", "").str.replace(self.decimal, ".", literal=True)
        return pl.when(bare.str.contains(self.pattern)).then(digits).cast(pl.Float64, strict=False)


PLAIN = NumberWay("plain", ".", "", "")
POINT = NumberWay("point", ".", ",", "a decimal point")
COMMA = NumberWay("comma", ",", ".", "a decimal comma")
WAYS = {way.name: way for way in (PLAIN, POINT, COMMA)}


def way_of(text: pl.Series) -> NumberWay:
    """The way in which most of the texts are numbers; of equals the plainer. Texts are stripped, none is absent."""
    shares = {way: _share(text, way) for way in (PLAIN, POINT, COMMA)}
    return max(shares, key=lambda way: (shares[way], way is PLAIN, way is POINT))


def _share(text: pl.Series, way: NumberWay) -> int:
    return len(text) - text.to_frame("text").select(way.numbers(pl.col("text"))).to_series().null_count()


def parse(values: pl.Series) -> Parsed:
    """A column as float64, or int64 where all are whole; infinite ones are not known."""
    name, dtype = values.name, values.dtype
    if not is_plain(dtype) or dtype.is_temporal():
        return nothing_fits(values, pl.Float64())
    told = ""
    if dtype == pl.String:
        text = values.to_frame().select(known(pl.col(name), dtype)).to_series()
        there = text.drop_nulls()
        way = way_of(there)
        made = text.to_frame().select(way.numbers(pl.col(name)).alias(name)).to_series()
        told = _told(there, way)
    else:
        text = values
        made = values if values.dtype.is_numeric() else values.cast(pl.Float64, strict=False)
    absent = text.is_null()
    wrong = made.is_null() & ~absent
    if made.dtype.is_float():
        made = made.to_frame().select(pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name)).to_series()
        whole = bool((made == made.round(0)).all()) and float(made.abs().max() or 0) < 2**53  # type: ignore[arg-type]
        made = made.cast(pl.Int64) if whole else made
    return Parsed(made, wrong, told)


def _told(text: pl.Series, way: NumberWay) -> str:
    if way is PLAIN:
        return ""
    marked = text.filter(text.str.contains(r"[^\d]")).head(1)
    if marked.is_empty():
        return ""
    number = marked.to_frame("text").select(way.numbers(pl.col("text"))).item()
    return f"{marked[0]!r} is read as {number:.10g}" if number is not None else f"with {way.told}"
