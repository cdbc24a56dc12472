"""The words that people call columns by, and how well a name fits a role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from atlas_assets.sources.field_types import words

_WORDS = {
    "collection": """
        collection session basket cart order invoice transaction receipt deck playlist user reader customer client
        group member person listener player visitor account paper document doc file recipe patient household list
        chart post query u uid
    """,
    "entity": """
        entity item book card track song movie film product article stock artist game word token term tag page url
        repo repository package dependency crate ingredient subreddit author show channel gene skill function
        i iid sku ean isbn asin upc gtin barcode
    """,
    "value": """
        value rating score stars star copies count quantity qty plays playcount hours amount times frequency freq
        rank position listens purchases n
    """,
    "timestamp": "timestamp time date datetime ts created added when played updated day",
    "weight": "weight w similarity strength score value count frequency correlation n",
    "distance": "distance dist dissimilarity d",
    "source": "source src from head cue start left u a parent word1 node1 item1 i",
    "target": "target dst dest destination to tail response end right v b child word2 node2 item2 j",
    "vector": "vector embedding embeddings vec features values v",
    "id": "id entity item key word token name label uid",
    "label": "label title name word term text track song book card description caption",
}
NAMES = {role: tuple(words.split()) for role, words in _WORDS.items()}
"""Of each role the words that columns are called by, the usual ones first; a name alone never decides."""


def name_score(role: str, name: str) -> float:
    """How well a name fits a role: 2 for the word itself, less for rarer words and for words among others; else 0."""
    parts = words(name.rpartition(".")[2])
    significant = [p for p in parts if p not in ("id", "ids", "idx", "index", "key", "no", "number")] or parts
    best = 0.0
    for place, word in enumerate(NAMES[role]):
        if (
            word in significant
            or f"{word}s" in significant
            or (role in ("source", "target") and word == "".join(parts))
        ):
            best = max(best, (2.0 if len(significant) == 1 else 1.0) - 0.01 * place)
    return best


def noun(names: Sequence[Any]) -> tuple[str, str] | None:
    """("book", "books") from book_id; None where the name says nothing."""
    for name in names:
        parts = [w for w in words(str(name or "").rpartition(".")[2]) if w not in ("id", "ids", "idx", "key", "name")]
        if (
            len(parts) == 1
            and parts[0].isalpha()
            and len(parts[0]) > 2
            and parts[0]
            not in (
                "entity",
                "item",
                "items",
                "collection",
                "source",
                "target",
                "label",
                "src",
                "dst",
            )
        ):
            one = parts[0].removesuffix("s") if not parts[0].endswith("ss") else parts[0]
            many = one[:-1] + "ies" if one.endswith("y") and one[-2] not in "aeiou" else f"{one}s"
            return one, many
    return None
