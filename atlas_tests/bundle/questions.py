"""Questions as Python reads them, for the page to read them alike: ``python -m atlas_tests.bundle.questions`` writes
them where the viewer's tests look."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import numpy as np

from atlas_assets import project
from atlas_assets.sources.prose.tokens import words_of
from atlas_assets.stages.bundle import meaning, text_index

FILE = project.PACKAGE.parent / "frontend" / "test" / "fixtures" / "questions.json"
# fmt: off
PIECES = (
    "network", "networks", "Ärger", "straße", "İstanbul", "ΟΔΟΣ", "naïve", "\ufb01nal", "don't", "Anna's", "l'amour",
    "dell'arte", "c++", "C#", "x", "y1", "3.14", "well-known", "東京大学", "中", "データ", "ภาษาไทย", "भाषा", "اللغة",
    "кот_и_пёс", "½", "e\u0301te\u0301", "rock’n’roll’s", "\U0001d4b3\U0001d4b4", "a_b", "...", "'quoted'", "O'Neil's",
)
# fmt: on
BETWEEN = (" ", "  ", ", ", "-", "\n", ". ", "/", "")


def texts(n: int = 120) -> list[str]:
    chance = random.Random(7)
    return [
        "".join(chance.choice(PIECES) + chance.choice(BETWEEN) for _ in range(chance.randint(0, 6))) for _ in range(n)
    ]


def words(text: str) -> list[str]:
    import polars as pl

    return words_of(pl.Series([text]))["word"].to_list()


def model() -> meaning.Meaning:
    """A vector for two of three words of the texts."""
    known = sorted({word for text in texts() for word in words(text)})[::3]
    chance = np.random.default_rng(3)
    vectors = chance.normal(size=(len(known), 20))
    return meaning.of(known, vectors, chance.uniform(1, 9, len(known)), chance.normal(size=(40, 20)), model="toy")


def made() -> dict[str, Any]:
    toy, holders = model(), np.array([1, 3, 2])
    rows, weights = np.array([70_000, 0, 1, 130, 5, 9_000_000]), np.array([255, 1, 2, 3, 4, 5])
    shard = text_index.encode(["apfel", "apfelmus", "東京"], holders, rows, weights)
    return {
        "questions": [
            {"text": text, "words": words(text), "vector": toy.vector_of(words(text)).tolist()} for text in texts()
        ],
        "model": {
            "words": toy.words,
            "scales": [float(scale) for scale in toy.scales],
            "steps": toy.steps.tolist(),
            "rows": toy.rows.tolist(),
        },
        "shard": {
            "bytes": base64.b64encode(shard).decode(),
            "holders": holders.tolist(),
            "rows": rows.tolist(),
            "weights": weights.tolist(),
        },
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(made(), ensure_ascii=True) + "\n", encoding="utf-8")
