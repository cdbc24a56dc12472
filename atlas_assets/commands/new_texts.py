"""What ``atlas new`` writes for texts: what is asked for on the command line, and the sections of the spec."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_assets.errors import AtlasError

if TYPE_CHECKING:
    from atlas_assets.sources.forms.form import Options
    from atlas_assets.sources.infer import Inference

BY_WORDS, BY_VECTORS, BY_BOTH = "texts", "text_vectors", "words_and_vectors"


def asked(
    columns: Sequence[str] | None, *, words: bool, model: str | None, both: bool, has_table: bool
) -> dict[str, Any] | None:
    """What stands below ``source``, None where no texts are given. Raises AtlasError for what does not go together."""
    if not columns:
        for option in ("words",) * words + ("model",) * bool(model) + ("both",) * both:
            raise AtlasError(f"--{option} goes with --texts COLUMN, which was not given.")
        return None
    if not has_table:
        raise AtlasError("--texts names columns of a table; give its file with --entities.")
    if model and words:
        raise AtlasError("--words maps words by the texts that hold them, without a --model; give one of the two.")
    if both and words:
        raise AtlasError("--both maps texts by their words and by vectors, --words the words; give one of the two.")
    if both:
        return {BY_BOTH: {"column": list(columns), "model": model or "wordllama"}}
    if model:
        return {BY_VECTORS: {"column": list(columns), "model": model}}
    return {BY_WORDS: {"column": list(columns)} | ({"entity": "word"} if words else {})}


def infer(
    source: dict[str, Any], tables: Sequence[str], *, base: Path, options: Options, roles: dict[str, str]
) -> Inference:
    """See ``infer_texts``."""
    from atlas_assets.sources.prose.guess import infer_texts

    [(kind, said)] = source.items()
    return infer_texts(
        said["column"],
        tables,
        entity=said.get("entity", "row"),
        key=kind,
        base=base,
        options=options,
        roles=roles,
    )


def sections(source: dict[str, Any]) -> Iterator[str]:
    """The similarity, and what else may be said of words, as comments."""
    if source[BY_WORDS].get("entity") == "word":
        yield "  relation:\n    similarity: npmi            # by the texts that hold both; or jaccard, cosine, lift\n"
        return
    yield "  # texts: may say besides entity: word, to map the words; phrases: true; stop_words: [english] or []\n"
    yield "  #   min_texts: 2 and max_share: 0.2, which leave out words in fewer texts and in more than that share\n"
    yield "  relation:\n    similarity: cosine          # of tf-idf: sharing a rare word counts more\n"
