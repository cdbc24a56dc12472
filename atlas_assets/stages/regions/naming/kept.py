"""Shelves and tags that say how something was come by, kept or read, not what it is."""

from __future__ import annotations

import re

_PATTERNS = (
    # to be got and to be read
    *(
        "to ?(?:read|buy|get|watch|play|listen|reread).*",
        "wish ?list",
        "wanted",
        "want to .*",
        "tbr.*",
        "maybe.*",
        "next",
    ),
    *("later", "someday", "unread", "unfinished", "on hold", "did not finish", "dnf", "abandoned", "gave up.*"),
    # being and having been read
    *("currently reading", "reading", "read", "reads", "re ?read", r"read (?:in )?\d+", "i ve read.*", "finished"),
    *(
        r"\d{4}(?: (?:reads?|books|list))?",
        r".*\d.*challenge.*",
        r".*\b1001\b.*",
        r"\d+ books to .*",
        "seen.*",
        "watched",
    ),
    # owned, lent, and where it stands
    *(
        "i? ?own",
        "owned.*",
        ".* owned",
        "have",
        "i have",
        "books i .*",
        "library.*",
        ".* library",
        "from library",
        "borrowed",
    ),
    *("lent", "gifts?", "my (?:.* )?(?:books?|library|shelf|shelves|collection)", "shelf.*", "shelved", "bookshelf"),
    *("collection", "used", "imported", "unsorted", "untagged", "uncategori[sz]ed", "default", "(?:in )?netflix.*"),
    # in which form
    *("kindle.*", "e ?books?", "nook", "audio ?books?", "audible", "audio", "paperbacks?", "hard ?covers?", "dvds?.*"),
    *("vhs", "blu ?ray", "books", "novels?", "series", "stand ?alone"),
    # how it was liked, and by whom
    *(
        "(?:all ?time )?favou?rites?",
        "faves?",
        "fav",
        "best of .*",
        r"(?:.* )?stars?",
        "recommended.*",
        "recommendations?",
    ),
    *("review.*", "book ?club.*", ".* book ?club"),
    # nothing at all
    *(
        "misc.*",
        "others?",
        "unknown",
        "none",
        "n ?a",
        "null",
        "various",
        "general",
        "new",
        "true",
        "false",
        "yes",
        "no",
    ),
)
_KEPT = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS))


def is_kept(text: str) -> bool:
    """Whether a value says how something was collected ("to-read", "owned") rather than what it is."""
    return _KEPT.fullmatch(re.sub(r"[\W_]+", " ", text.casefold()).strip()) is not None
