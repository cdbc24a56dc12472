"""The ``Atlas`` component: one ``defs.yaml`` in, the assets of one atlas out.

It is imported when it is asked for: other modules of this package do without Dagster.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from atlas_assets.orchestration.component import Atlas

__all__ = ["Atlas"]


def __getattr__(name: str) -> Any:
    if name != "Atlas":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from atlas_assets.orchestration.component import Atlas

    return Atlas


def __dir__() -> list[str]:
    return __all__
