"""The workers of ``ATLAS_EXECUTOR=celery``: ``celery -A atlas_assets.orchestration.celery_app worker -Q dagster,gpu``.

A task is acknowledged when it is done, so that one whose worker died goes to another: at once where the process of the
task was killed, after ``ATLAS_CELERY_PATIENCE`` seconds where the whole worker is gone. A step that takes longer than
that would be started a second time.
"""

from __future__ import annotations

import os
from typing import Any

BROKER, BACKEND, PATIENCE = "ATLAS_CELERY_BROKER", "ATLAS_CELERY_BACKEND", "ATLAS_CELERY_PATIENCE"
DEFAULT_BROKER, DEFAULT_PATIENCE = "redis://localhost:6379/0", 4 * 3600


def settings() -> dict[str, Any]:
    """Broker, backend and the rest, alike for who sends tasks and who takes them."""
    broker = os.environ.get(BROKER) or DEFAULT_BROKER
    patience = int(os.environ.get(PATIENCE) or DEFAULT_PATIENCE)
    return {
        "broker": broker,
        "backend": os.environ.get(BACKEND) or broker,
        "config_source": {
            "task_acks_late": True,
            "task_reject_on_worker_lost": True,
            "worker_prefetch_multiplier": 1,
            "broker_transport_options": {"visibility_timeout": patience},
            "broker_connection_retry_on_startup": True,
        },
    }


def __getattr__(name: str) -> Any:
    """The app, made when Celery asks for it: who only sends tasks needs no more than the settings."""
    if name not in ("app", "celery"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dagster_celery.make_app import make_app  # pyright: ignore[reportMissingImports]  # extra: distributed
    from dagster_celery.tasks import create_task  # pyright: ignore[reportMissingImports]

    given = settings()
    made = make_app()
    made.conf.update(
        {"broker_url": given["broker"], "result_backend": given["backend"], "task_default_queue": "dagster"}
        | given["config_source"]
    )
    create_task(made)
    globals()[name] = made
    return made
