"""Values as people read them, and those that no person reads: ids, hashes, addresses, numbers of clusters."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 40  # characters of one value in a name; longer ones name nothing
LONGEST_MEMBER = 32

# Of two spellings the full one, by the folded key of the short one; only what is as good as a word of its own.
_ABBREVIATED = {
    "scifi": "science fiction",
    "sciencefictions": "science fiction",
    "sff": "science fiction and fantasy",
    "ya": "young adult",
    "nonfic": "nonfiction",
    "histfic": "historical fiction",
    "bio": "biography",
    "memoirs": "memoir",
    "sf": "science fiction",
    "childrens": "children's",
    "kids": "children's",
}
_MACHINE = re.compile(
    r"[0-9a-f]{8,}|[0-9a-f]{8}-[0-9a-f-]{9,}|\d[\d.,:_-]{3,}|\w+://\S+|[\w.+-]+@[\w-]+\.\S+|(?=\w*\d)(?=\w*[a-z])\w{12,}"
    r"|[a-z]{0,6}[_#-]?\d{4,}",
    re.IGNORECASE,
)
# Those of a slug that stand for a space: not that of "sci-fi" and "non-fiction".
_PREFIXES = ("sci", "non", "pre", "post", "re", "co", "anti", "self", "e", "k")
_HYPHEN = re.compile("_|" + "".join(rf"(?<!\b{prefix})" for prefix in _PREFIXES) + "-")
# Field names that hold neither words nor measures of what something is.
_NOT_A_TRAIT = re.compile(
    r"(?i)(.*_)?(id|ids|key|uuid|guid|hash|sha|md5|isbn(13)?|asin|doi|url|uri|link|slug|path|file|filename|index|row)"
    r"|(ref_?|umap_?|tsne_?|pc_?|pos_?)?[xyz]\d?|(.*_)?(x|y|z|lat|lon|lng|latitude|longitude|coord\w*|easting|northing)"
    r"|(.*_)?(cluster|community|component|partition|topic|group|segment)(_?(id|no|number))?"
    r"|(.*_)?(source|dataset|split|batch|shard|import\w*|crawl\w*|scrap\w*|fetched\w*|last_seen|fold)"
)
# Measures of how well known something is: they say nothing of what it is.
_FAME = re.compile(
    r"(?i)n_\w+|num_\w+|(.*_)?(n|count|counts|degree|rank|ranking|position|popularity|frequency|freq|votes?|views?"
    r"|plays|likes|stars|downloads|ratings?|score|scores|reviews|followers|citations|weeks\w*|sales|editions\w*|users?"
    r"|packages|weeks_on_chart|codepoints)"
)
_GRADE = re.compile(r"(?i)(.*_)?(rarity|kind|grade|level|status|difficulty|quality|size|condition|tier)")


def fold(text: str) -> str:
    """What spellings of one thing have in common: "Sci-Fi", "scifi" and "science-fiction" are one, plurals too."""
    plain = text.casefold()
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    plain = plain.replace("'", "").replace("&", "and")
    words = [_singular(word) for word in re.split(r"[\W_]+", plain) if word]
    merged: list[str] = []
    for word in words:  # "children-s" is "childrens"
        if word == "s" and merged:
            continue
        merged.append(word)
    key = "".join(merged) or text.strip().casefold()
    full = _ABBREVIATED.get(key)
    return fold(full) if full and full != text else key


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def readable(text: str, *, slug: bool) -> str:
    """The value as it is shown; slug: hyphens and underscores of its field stand for spaces."""
    text = " ".join(text.split())
    full = _ABBREVIATED.get(re.sub(r"[\W_]+", "", text.casefold()))
    if full is not None:
        return full
    if slug and text == text.lower():
        text = _HYPHEN.sub(" ", re.sub(r"(?<=\w{4})-s\b", "'s", text))
    return text


def is_machine_made(text: str) -> bool:
    """Whether a value is an id, a hash, an address or a long number."""
    return _MACHINE.fullmatch(text.strip()) is not None or not any(c.isalnum() for c in text)


def is_code(text: str) -> bool:
    """Whether a value means nothing without its field: a number, or one or two letters."""
    bare = text.strip()
    return len(bare) < 2 or bare.replace(".", "").replace("-", "").isdigit()


def tells_nothing(field: str) -> bool:
    """Whether a field of this name holds ids, coordinates, numbers of clusters, or where its rows were read."""
    return _NOT_A_TRAIT.fullmatch(field.strip().replace(" ", "_")) is not None


def tells_fame(field: str) -> bool:
    """Whether a field of this name says how well known something is."""
    return _FAME.fullmatch(field.strip().replace(" ", "_")) is not None


def is_grade(field: str) -> bool:
    """Whether a field of this name grades things: "common" and "hard" say little of what they are."""
    return _GRADE.fullmatch(field) is not None


def member_name(label: str) -> str:
    """A label short enough to be part of a name, without subtitle, series or artist; else ""."""
    text = " ".join(label.split())
    for mark in (" (", " — ", " // ", " – ", " - ", ": ", "; ", " / ", " [", " | "):
        head = text.split(mark)[0].strip()
        if head and (mark in (" (", " — ", " // ") or len(text) > LONGEST_MEMBER):
            text = head
    text = re.sub(r"^(.+), (The|A|An)$", r"\2 \1", text)
    said = len(text) <= LONGEST_MEMBER and any(c.isalpha() for c in text) and "#" not in text and "…" not in text
    return text if said and not is_machine_made(text) else ""
