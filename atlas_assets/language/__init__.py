"""What is known of languages: their names and those of territories by code, and English words that say nothing.

The data is Unicode's CLDR and scikit-learn's list, written by ``scripts/write_language_data.py``.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


def language(code: str) -> str | None:
    """ "Arabic" for "ar", "ara" or "ar-EG"; None for what is no code."""
    return _names()["languages"].get(code.replace("_", "-").partition("-")[0].lower())


def territory(code: str) -> str | None:
    """ "Germany" for "DE" or "deu"; None for what is no code."""
    return _names()["territories"].get(code.upper())


@cache
def english_stop_words() -> frozenset[str]:
    """Words of English that say nothing about a text, as scikit-learn lists them."""
    return frozenset((_FOLDER / "english_stop_words.txt").read_text(encoding="utf-8").split())


@cache
def _names() -> dict[str, dict[str, str]]:
    return json.loads((_FOLDER / "names.json").read_text(encoding="utf-8"))
