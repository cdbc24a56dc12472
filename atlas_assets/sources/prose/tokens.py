"""The words of texts in any script, in the order in which they stand."""

from __future__ import annotations

import polars as pl

# Scripts that set no blanks between words: there every two characters that stand side by side are taken for one.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々"
_SPACED = rf"[[\p{{L}}\p{{M}}\p{{N}}]--[{_UNSPACED}]]"
_WORD = rf"[{_UNSPACED}]+|{_SPACED}+(?:['’]{_SPACED}+)*(?:\+\+|#)?"  # don't, c++, c#
_POSSESSIVE = r"['’]s\b"
_ELIDED = r"\b(?:[cdjlmnst]|qu|dell|nell|sull|dall|all|un)['’]"  # l'amour, dell'arte


def words_of(texts: pl.Series, *, first: int = 0) -> pl.DataFrame:
    """text: Int32, the number of each text from ``first`` on; word: lower-case, in the order of the texts.

    Words are letters, marks and digits of Unicode (NFKC), split at hyphens; a single letter or digit is none. A run of
    Chinese, Japanese, Thai, Lao, Khmer or Burmese is its pairs of characters.
    """
    numbers = pl.int_range(first, first + len(texts), dtype=pl.Int32, eager=True)
    text = pl.col("word").cast(pl.String).str.normalize("NFKC").str.to_lowercase()
    text = text.str.replace_all(_POSSESSIVE, "").str.replace_all(_ELIDED, " ")
    found = pl.DataFrame({"text": numbers, "word": texts}).with_columns(text.str.extract_all(_WORD))
    found = found.explode("word").drop_nulls()
    unspaced = pl.col("word").str.contains(rf"^[{_UNSPACED}]")
    found = found.filter((pl.col("word").str.len_bytes() > 1) & (unspaced | (pl.col("word").str.len_chars() > 1)))
    runs = found.filter(unspaced & (pl.col("word").str.len_chars() > 2))["word"].unique()
    if runs.is_empty():
        return found
    pairs = pl.DataFrame({"word": runs, "pairs": [_pairs(run) for run in runs]})
    found = found.join(pairs, on="word", how="left", maintain_order="left")
    several = pl.coalesce("pairs", pl.concat_list("word"))
    return found.select("text", word=several).explode("word")


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]
