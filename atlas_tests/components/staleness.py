"""What the Dagster UI shows as stale, by the resolver that it asks."""

from __future__ import annotations

import dagster as dg
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest


def stale_of(definitions: dg.Definitions, instance: dg.DagsterInstance) -> set[str]:
    """Stage and key of every artifact that is stale."""
    graph = definitions.resolve_asset_graph()
    resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
    found = set()
    for asset in graph.materializable_asset_keys:
        partitions = graph.get(asset).partitions_def
        for key in partitions.get_partition_keys() if partitions else [None]:
            if resolver.get_status(asset, key) == StaleStatus.STALE:
                found.add(" ".join(filter(None, [asset.path[-1], key])))
    return found
