"""What makes vectors of texts: a static model that its package brings along, models by name, or an endpoint."""

from __future__ import annotations

import importlib.metadata
import logging
import os
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from atlas_assets.errors import AtlasError, DataError, Found
from atlas_assets.redact import redact

WORDLLAMA = "wordllama"
MOST_TEXTS, MOST_CHARACTERS = 128, 200_000  # of one request to an endpoint
SECONDS = 120  # that an endpoint may take to answer
ATTEMPTS = 5
_BEGINS, _WHOLE = "▁Ġ", re.compile(r"[^\W\d_]{3,}")  # marks of a word's beginning, in SentencePiece and BPE
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")


@dataclass(frozen=True)
class Model:
    """identity: differs wherever the same text may have another vector. embed: texts to (n, d) float32, in order.

    batch: how many texts it is best given at a time. words: of a static model, whose vector of a text is that of its
    words, words that it knows, in lower case; None for others.
    """

    identity: str
    embed: Callable[[list[str]], np.ndarray]
    batch: int
    words: Callable[[], list[str]] | None = None


Loaded = tuple[Callable[[list[str]], np.ndarray], int, Callable[[], list[str]] | None]
"""embed, batch and words of a model."""


def load(model: str, *, url: str | None = None, key: str | None = None) -> Model:
    """``wordllama``; ``model2vec:NAME``, ``fastembed:NAME`` or ``sentence-transformers:NAME``; with url, what it has.

    url: of an endpoint as OpenAI's, up to ``/v1``; key: the name of the environment variable with its key. Raises
    DataError where the library is not installed, has no such model, or the variable is not set.
    """
    if url is not None:
        if model == WORDLLAMA:
            raise _wrong("model", Found("is not named"), "the model of the endpoint", "Name one that it has.")
        return _endpoint(url, model, _key(key))
    if key is not None:
        raise _wrong(
            "key", Found("is given, but no url"), "it only with an endpoint", "Name its url, or delete the key."
        )
    library, _, name = model.partition(":")
    if library not in _LIBRARIES or bool(name) == (library == WORDLLAMA):
        raise _wrong(
            "model",
            model,
            f"{WORDLLAMA}, or {', '.join(f'{one}:NAME' for one in _LIBRARIES if one != WORDLLAMA)}",
            "Choose one of these, or name the url of an endpoint beside it.",
        )
    package, make = _LIBRARIES[library]
    try:
        version = importlib.metadata.version(package)
        embed, batch, words = make(name)
    except ImportError as error:
        extra = "'atlas-assets[texts]'" if library == WORDLLAMA else package
        found = Found(f"is {model}, and {package} is not installed")
        raise _wrong("model", found, f"the package {package}", f"Install it: pip install {extra}") from error
    except (OSError, ValueError, RuntimeError) as error:  # what these libraries raise for a model that is not there
        raise _wrong(
            "model",
            Found(f"is {model}, which {library} cannot load ({_first_line(error)})"),
            "a model that is on this machine or can be fetched",
            "Look at its name and at the network, or choose wordllama, which needs none.",
        ) from error
    return Model(f"{library} {version} {name}", embed, batch, words)


def _wordllama(_: str) -> Loaded:
    with _logging_as_it_was():  # it sets up logging when it is imported
        import wordllama
        from wordllama import WordLlama

    # Its wheel has the weights and the tokenizer; it finds both in a cache, which the package's own folder can be.
    model = WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
    known = partial(_whole_words, model.tokenizer.get_vocab())
    return lambda texts: np.asarray(model.embed(texts), np.float32), 1_024, known


def _model2vec(name: str) -> Loaded:
    from model2vec import StaticModel  # type: ignore[import-not-found]

    model = StaticModel.from_pretrained(name)
    known = partial(_whole_words, model.tokenizer.get_vocab())
    return lambda texts: np.asarray(model.encode(texts), np.float32), 1_024, known


def _fastembed(name: str) -> Loaded:
    from fastembed import TextEmbedding  # type: ignore[import-not-found]

    model = TextEmbedding(name)
    return lambda texts: np.stack(list(model.embed(texts))).astype(np.float32), 256, None


def _sentence_transformers(name: str) -> Loaded:
    from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found]

    model = SentenceTransformer(name)
    return lambda texts: np.asarray(model.encode(texts, show_progress_bar=False), np.float32), 256, None


def _whole_words(vocabulary: Iterable[str]) -> list[str]:
    """Those of a tokenizer's pieces that are words: where pieces say that a word begins, only these."""
    pieces = list(vocabulary)
    begins = [piece[1:] for piece in pieces if piece[0] in _BEGINS]
    words = begins or [piece for piece in pieces if not piece.startswith("##")]
    return sorted({word.lower() for word in words if _WHOLE.fullmatch(word)})


_LIBRARIES: dict[str, tuple[str, Callable[[str], Loaded]]] = {
    WORDLLAMA: ("wordllama", _wordllama),
    "model2vec": ("model2vec", _model2vec),
    "fastembed": ("fastembed", _fastembed),
    "sentence-transformers": ("sentence-transformers", _sentence_transformers),
}


@contextmanager
def _logging_as_it_was():
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers


def _key(variable: str | None) -> str | None:
    if variable is None:
        return None
    if not (value := os.environ.get(variable)):
        named = _VARIABLE.fullmatch(variable)  # else it may be the key
        found = f"names the environment variable {variable}, which is not set" if named else "is no variable's name"
        raise _wrong(
            "key",
            Found(found),
            "the name of a variable that holds the key; the key itself is stored nowhere",
            f"Set it: export {variable if named else 'OPENAI_API_KEY'}=…",
        )
    return value


def _endpoint(url: str, model: str, key: str | None) -> Model:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    session = requests.Session()
    again = Retry(
        total=ATTEMPTS,
        backoff_factor=1,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=None,
        raise_on_status=False,
    )
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=again))
    if key:
        session.headers["Authorization"] = f"Bearer {key}"
    address = f"{url.rstrip('/')}/embeddings"

    def ask(texts: Sequence[str]) -> np.ndarray:
        try:
            answer = session.post(address, json={"model": model, "input": list(texts)}, timeout=SECONDS)
        except requests.RequestException as error:
            raise _refused(address, f"cannot be reached ({_first_line(error)})") from error
        if answer.status_code != 200:
            raise _refused(address, f"answers {answer.status_code} ({answer.text.strip()[:200] or answer.reason})")
        return _vectors_of(answer, len(texts), address)

    def embed(texts: list[str]) -> np.ndarray:
        return np.concatenate([ask(part) for part in _requests(texts)])

    return Model(f"endpoint {redact(address)} {model}", embed, MOST_TEXTS)


def _requests(texts: Sequence[str]) -> list[list[str]]:
    """The texts divided so that no request has too many, or too many characters."""
    parts: list[list[str]] = []
    room = 0
    for text in texts:
        if not parts or len(parts[-1]) == MOST_TEXTS or len(text) > room:
            parts.append([])
            room = MOST_CHARACTERS
        parts[-1].append(text)
        room -= len(text)
    return parts


def _vectors_of(answer: Any, n: int, address: str) -> np.ndarray:
    try:
        rows = sorted(answer.json()["data"], key=lambda row: row["index"])
        vectors = np.array([row["embedding"] for row in rows], np.float32)
    except (ValueError, KeyError, TypeError) as error:
        raise _refused(address, f"answers something else than embeddings ({answer.text.strip()[:100]})") from error
    if vectors.ndim != 2 or len(vectors) != n:
        raise _refused(address, f"answers {len(vectors):,} embeddings for {n:,} texts")
    return vectors


def _wrong(field: str, found: str, expected: str, remedy: str) -> DataError:
    return DataError(file="source", where=f"text_vectors.{field}", found=found, expected=expected, remedy=remedy)


def _refused(address: str, found: str) -> AtlasError:
    return DataError(
        file=address,
        where="",
        found=Found(found),
        expected="embeddings, as OpenAI's endpoint gives them",
        remedy="Look at source.text_vectors (url, model, key). What it has answered is kept, and not asked again.",
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
