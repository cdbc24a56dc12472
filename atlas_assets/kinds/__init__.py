"""The kinds of source: what stands below ``source`` in a spec, and how its rows relate entities.

Each kind declares itself in a file of this package, installed packages add theirs (``registry``), and everything that
knows kinds anywhere (specs, the look at a source, reading, index, neighbours, words) derives from SOURCES.
"""

from __future__ import annotations

from atlas_assets.kinds.collections import COLLECTIONS, INTERACTIONS
from atlas_assets.kinds.edges import EDGES
from atlas_assets.kinds.images import IMAGES
from atlas_assets.kinds.kind import Paths, Reading, Relation, SourceKind, last_parts
from atlas_assets.kinds.python_api import PYTHON_API
from atlas_assets.kinds.table import TABLE
from atlas_assets.kinds.text_vectors import TEXT_VECTORS
from atlas_assets.kinds.texts import TEXTS
from atlas_assets.kinds.vectors import VECTORS
from atlas_assets.kinds.words_and_vectors import WORDS_AND_VECTORS
from atlas_assets.registry import Registry

__all__ = ["COLLECTIONS", "SOURCES", "Paths", "Reading", "Relation", "SourceKind", "last_parts", "relations"]

SOURCES = Registry(
    "atlas.sources",
    SourceKind,
    (INTERACTIONS, EDGES, VECTORS, TEXTS, TEXT_VECTORS, WORDS_AND_VECTORS, TABLE, IMAGES, PYTHON_API),
)


def relations() -> dict[str, Relation]:
    """Every relation of any kind, by name."""
    return {kind.relation.name: kind.relation for kind in SOURCES.values()}
