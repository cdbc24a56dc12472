"""Writes ``atlas_assets/language``'s data: names from Unicode's CLDR (by babel), stop words of English (scikit-learn).

Both libraries are needed for this alone; together they would make an installation 90 MB larger. Run it with a newer
release of either: ``python scripts/write_language_data.py``. A test compares what is stored with what is installed.
"""

from __future__ import annotations

import json
from pathlib import Path

from babel import Locale
from babel.core import get_global
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

FOLDER = Path(__file__).parent.parent / "atlas_assets" / "language"


def names() -> dict[str, dict[str, str]]:
    """By code, also those of ISO 639-2 and former ones: the English names of languages and territories."""
    english = Locale("en")
    aliases = get_global("language_aliases")
    languages = dict(english.languages) | {code: english.languages.get(new) for code, new in aliases.items()}
    former = {code: new[0] for code, new in get_global("territory_aliases").items()}
    territories = dict(english.territories) | {code: english.territories.get(new) for code, new in former.items()}
    both = {"languages": languages, "territories": territories}
    return {kind: {code: name for code, name in sorted(found.items()) if name} for kind, found in both.items()}


if __name__ == "__main__":
    told = json.dumps(names(), ensure_ascii=False, indent=0)
    (FOLDER / "names.json").write_text(told + "\n", encoding="utf-8")
    (FOLDER / "english_stop_words.txt").write_text("\n".join(sorted(ENGLISH_STOP_WORDS)) + "\n", encoding="utf-8")
