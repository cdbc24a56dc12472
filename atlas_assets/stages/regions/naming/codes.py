"""Languages and countries by their names, from the data of Unicode's CLDR."""

from __future__ import annotations

import re

from atlas_assets import language

_LANGUAGE = re.compile(r"(?i)(.*_)?lang(uages?|s)?(_?codes?)?")
_COUNTRY = re.compile(r"(?i)(.*_)?(country|countries|nation|territory)(_?codes?)?")


def spelled_out(field: str, value: str) -> str:
    """ "Arabic" for "ara" or "ar" in a field of languages, "Germany" for "DE" in one of countries; else the value."""
    name = field.strip().replace(" ", "_")
    if len(value) > 7 or not (_LANGUAGE.fullmatch(name) or _COUNTRY.fullmatch(name)):
        return value
    return (language.language if _LANGUAGE.fullmatch(name) else language.territory)(value) or value
