"""The layouts as estimators of scikit-learn, for pipelines and grid searches: ``pip install 'atlas-assets[sklearn]'``.

    from atlas_assets.estimators import TSNE, UMAP

    UMAP(n_neighbors=30).fit_transform(vectors)
    TSNE(metric="jaccard", similarity_power=1.5).fit_transform(memberships)     # sparse: entities x collections

Like scikit-learn's own t-SNE they place what they are fitted on, and have no ``transform``; to place what is new beside
a finished map there is ``atlas place``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from atlas_assets import numerics
from atlas_assets.errors import AtlasError, NotInstalled
from atlas_assets.similarities import SIMILARITIES

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.validation import validate_data
except ImportError as missing:
    raise NotInstalled("atlas_assets.estimators", "scikit-learn", "sklearn") from missing

__all__ = ["TSNE", "UMAP", "LocalMAP", "PaCMAP"]


class _Layout(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """metric: of vectors ``cosine``, ``euclidean`` or ``dot``, or ``auto`` to have it guessed; of a sparse matrix of
    memberships (entities x collections, 1 where one holds the other) ``jaccard``, ``cosine``, ``npmi``, ``lift`` or
    ``count``. n_listed: neighbours per row of the graph. random_state: as everywhere in scikit-learn.

    After ``fit``: ``embedding_`` (n, n_components) float32 and ``graph_``, a ``KnnGraph``.
    """

    n_components: int
    n_listed: int
    metric: str
    random_state: Any
    _method: str

    def fit(self, X: Any, y: Any = None) -> Any:
        """Lay out the rows of X."""
        checked = validate_data(self, X, accept_sparse=self.metric in SIMILARITIES, ensure_min_samples=2)
        if not sparse.issparse(checked) and self.metric in SIMILARITIES and self.metric not in numerics.METRICS:
            raise ValueError(f"metric is {self.metric!r}, which is of sparse memberships; X is an array of vectors.")
        own = ("n_components", "n_listed", "metric", "random_state")
        options = {name: value for name, value in self.get_params().items() if name not in own}
        if options.get("similarity_power"):
            del options["perplexity"]  # in whose place it stands
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        try:
            similarity = None if self.metric == "auto" else self.metric
            self.graph_ = numerics.neighbours(checked, n_neighbors=self.n_listed, similarity=similarity)
            lay_out = getattr(numerics, self._method)
            self.embedding_ = lay_out(self.graph_, n_components=self.n_components, seed=seed, **options)
        except AtlasError as error:
            raise ValueError(str(error)) from error
        return self

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> np.ndarray:
        """The positions of the rows of X, (n, n_components) float32."""
        return self.fit(X, y, **fit_params).embedding_

    @property
    def _n_features_out(self) -> int:
        return self.n_components


class UMAP(_Layout):
    __doc__ = f"UMAP (McInnes, Healy & Melville 2018).\n\n    {_Layout.__doc__}"
    _method = "umap"

    def __init__(
        self,
        n_components: int = 2,
        *,
        n_neighbors: int = 15,
        min_dist: float = 0.1,
        n_listed: int = 15,
        metric: str = "auto",
        random_state: Any = 0,
    ) -> None:
        self.n_components, self.n_neighbors, self.min_dist = n_components, n_neighbors, min_dist
        self.n_listed, self.metric, self.random_state = n_listed, metric, random_state


class TSNE(_Layout):
    __doc__ = f"""t-SNE (van der Maaten & Hinton 2008).

    similarity_power: neighbours pull by their similarity to this power (1.5 is good); 0: by perplexity, which is at
    most two thirds of n_listed.

    {_Layout.__doc__}"""
    _method = "tsne"

    def __init__(
        self,
        n_components: int = 2,
        *,
        perplexity: float = 30.0,
        similarity_power: float = 0.0,
        n_listed: int = 45,
        metric: str = "auto",
        random_state: Any = 0,
    ) -> None:
        self.n_components, self.perplexity, self.similarity_power = n_components, perplexity, similarity_power
        self.n_listed, self.metric, self.random_state = n_listed, metric, random_state


class PaCMAP(_Layout):
    __doc__ = f"PaCMAP (Wang, Huang, Rudin & Shaposhnik 2021).\n\n    {_Layout.__doc__}"
    _method = "pacmap"

    def __init__(
        self,
        n_components: int = 2,
        *,
        n_neighbors: int = 15,
        n_listed: int = 15,
        metric: str = "auto",
        random_state: Any = 0,
    ) -> None:
        self.n_components, self.n_neighbors = n_components, n_neighbors
        self.n_listed, self.metric, self.random_state = n_listed, metric, random_state


class LocalMAP(PaCMAP):
    __doc__ = f"LocalMAP (Wang et al. 2025).\n\n    {_Layout.__doc__}"
    _method = "localmap"
