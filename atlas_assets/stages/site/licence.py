"""What may be done with the data of an atlas, in words, for the folder in which it is handed on."""

from __future__ import annotations

from typing import Any

FILE = "LICENCE-DATA.txt"
UNKNOWN = (
    "No licence was stated. Ask whoever the data comes from before you publish it, or anything made from it, elsewhere."
)


def text(atlas: dict[str, Any]) -> str:
    """atlas: as a manifest describes it."""
    attribution = atlas.get("attribution") or "Not stated."
    return (
        f"{atlas['title']}\n\n"
        "The data: what is in data/ and downloads/\n\n"
        f"Licence: {atlas.get('licence') or UNKNOWN}\n"
        f"Source: {attribution}\n\n"
        "The page that shows it: index.html and what is in assets/\n\n"
        "Licence: MIT, as Atlas itself.\n"
    )
