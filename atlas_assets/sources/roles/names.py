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
    "vector": "vector embedding embeddings vec emb features values v",
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


_SAYING_NOTHING = frozenset(
    {
        *("entity", "entities", "item", "items", "collection", "collections", "source", "target", "src", "dst"),
        *("label", "labels", "title", "titles", "text", "texts", "description", "caption", "token", "key", "list"),
        *("data", "table", "metadata", "info", "details", "rows", "records", "nodes", "vertices", "features"),
    }
)


def noun(names: Sequence[Any]) -> tuple[str, str] | None:
    """("book", "books") from book_id; None where the name says nothing."""
    for name in names:
        parts = [w for w in words(str(name or "").rpartition(".")[2]) if w not in ("id", "ids", "idx", "key", "name")]
        if len(parts) == 1 and parts[0].isalpha() and len(parts[0]) > 2 and parts[0] not in _SAYING_NOTHING:
            one = _singular(parts[0])
            return one, _plural(one)
    return None


# Plurals of other words in -ies are of words in -y.
_IN_IE = frozenset({"movie", "cookie", "zombie", "calorie", "prairie", "genie", "selfie", "hoodie", "rookie"})
_ALIKE = frozenset(["series", "species", "news"])


def _singular(word: str) -> str:
    if word in _ALIKE or word.endswith("ss") or not word.endswith("s"):
        return word
    if word.endswith("ies") and len(word) > 4 and word[:-1] not in _IN_IE:
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("ches", "shes", "xes", "sses")) else word[:-1]


def _plural(word: str) -> str:
    if word in _ALIKE:
        return word
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return f"{word}es" if word.endswith(("ch", "sh", "x", "ss")) else f"{word}s"


def noun_of_file(name: str) -> tuple[str, str] | None:
    """("book", "books") from books.csv, a table of what is mapped; None where the file is not called by a plural."""
    stem = name.replace("\\", "/").rpartition("/")[2].partition(".")[0]
    return noun([stem]) if stem.endswith("s") and not stem.endswith("ss") else None
