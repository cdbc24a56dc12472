"""The words and phrases of labels and texts, without those that every text has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from atlas_assets.language import english_stop_words

FEWEST = 3  # texts with a word
IN_PHRASES = 0.8  # of the texts with a word
_WORD = r"\p{L}[\p{L}\p{N}+#']*[\p{L}\p{N}]|\p{L}[+#]+"
# Beside the English ones of scikit-learn: articles and prepositions of titles, what files and editions are called, and
# verbs that every description has.
_STOP_WORDS = """
der die das und den dem ein eine von mit im le la les des du un une et en au aux el los las de del lo il gli di da van
het een op vs ft feat featuring vol volume part edition book books novel new com www http https oh um uma os as do dos
na no don't it's i'm you're can't ain't that's won't i'll you've the's
represent represents return returns returning returned given gives used uses using use provides provide
"""


def words_of(texts: Sequence[str | None]) -> Iterator[pl.DataFrame]:
    """Two tables of row and value: the words that are no stop words; and words that stand together more than apart.

    A word that is hardly ever without the other of a phrase is told by the phrase alone.
    """
    lower = pl.col("text").str.replace_all(r"(\p{Ll})(\p{Lu})", "$1 $2").str.to_lowercase()  # camelCase is two words
    table = pl.DataFrame({"text": texts}, schema={"text": pl.String}).with_row_index("row")
    words = table.select("row", word=lower.str.extract_all(_WORD)).explode("word").drop_nulls()
    words = words.with_columns(stop=pl.col("word").is_in([*english_stop_words(), *_STOP_WORDS.split()]))
    often = words.filter(~pl.col("stop")).unique().group_by("word").agg(n=pl.len()).filter(pl.col("n") >= FEWEST)
    shifted = {"next": pl.col("word").shift(-1), "other": pl.col("row").shift(-1), "ends": pl.col("stop").shift(-1)}
    pairs = words.with_columns(**shifted).filter((pl.col("row") == pl.col("other")) & ~pl.col("stop") & ~pl.col("ends"))
    pairs = pairs.filter(pl.col("word") != pl.col("next"))  # a word that is said twice is no phrase
    pairs = pairs.join(often, on="word").join(often.rename({"word": "next", "n": "m"}), on="next")
    both = pl.col("row").n_unique().over("word", "next")
    pairs = pairs.filter((both >= FEWEST) & (both >= 0.5 * pl.min_horizontal("n", "m")))
    parts = pl.concat([pairs.select("row", "word"), pairs.select("row", word="next")]).unique()
    in_phrases = parts.group_by("word").agg(within=pl.len()).join(often, on="word")
    alone = often.join(in_phrases.filter(pl.col("within") >= IN_PHRASES * pl.col("n")), on="word", how="anti")
    yield words.filter(~pl.col("stop")).join(alone, on="word").select("row", value="word").unique()
    yield pairs.select("row", value=pl.concat_str("word", "next", separator=" ")).unique()
