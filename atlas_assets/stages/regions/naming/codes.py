"""Languages and countries by their names, from the data of Unicode's CLDR."""

from __future__ import annotations

import re
from functools import cache

_LANGUAGE = re.compile(r"(?i)(.*_)?lang(uages?|s)?(_?codes?)?")
_COUNTRY = re.compile(r"(?i)(.*_)?(country|countries|nation|territory)(_?codes?)?")


def spelled_out(field: str, value: str) -> str:
    """ "Arabic" for "ara" or "ar" in a field of languages, "Germany" for "DE" in one of countries; else the value."""
    name = field.strip().replace(" ", "_")
    if len(value) > 7 or not (_LANGUAGE.fullmatch(name) or _COUNTRY.fullmatch(name)):
        return value
    return (_language if _LANGUAGE.fullmatch(name) else _country)(value) or value


@cache
def _language(code: str) -> str | None:
    from babel import Locale
    from babel.core import get_global

    base = re.split(r"[-_]", code)[0].lower()
    return Locale("en").languages.get(get_global("language_aliases").get(base, base))


@cache
def _country(code: str) -> str | None:
    from babel import Locale
    from babel.core import get_global

    known = get_global("territory_aliases").get(code.upper(), [code.upper()])
    return Locale("en").territories.get(known[0])
