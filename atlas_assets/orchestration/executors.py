"""How the steps of a run execute, chosen by ATLAS_EXECUTOR and set up by the environment of the machine."""

from __future__ import annotations

import os

import dagster as dg

from atlas_assets.errors import AtlasError
from atlas_assets.orchestration import celery_app, names

PRELOADED = ["atlas_assets.orchestration.preload"]
STEPS_AT_ONCE = "ATLAS_STEPS_AT_ONCE"
KNOWN = ("in_process", "multiprocess", "celery", "celery_k8s", "k8s", "docker")


def chosen() -> dg.ExecutorDefinition:
    """The executor that ATLAS_EXECUTOR names. Raises AtlasError for any other, and where its package is missing."""
    name = names.executor()
    try:
        match name:
            case "in_process":
                return dg.in_process_executor
            case "multiprocess":
                return _multiprocess()
            case "celery":
                return _celery()
            case "k8s":
                from dagster_k8s import k8s_job_executor  # pyright: ignore[reportMissingImports]

                return k8s_job_executor
            case "celery_k8s":
                from dagster_celery_k8s import celery_k8s_job_executor  # pyright: ignore[reportMissingImports]

                return celery_k8s_job_executor
            case "docker":
                from dagster_docker import docker_executor  # pyright: ignore[reportMissingImports]

                return docker_executor
    except ModuleNotFoundError as missing:
        raise AtlasError(
            f"ATLAS_EXECUTOR is {name}, for which {missing.name} is not installed. Install it with: pip install "
            f"'atlas-assets[{'distributed' if name == 'celery' else 'k8s'}]'"
        ) from missing
    raise AtlasError(f"ATLAS_EXECUTOR is {name!r}; expected one of {', '.join(KNOWN)}.")


def _multiprocess() -> dg.ExecutorDefinition:
    """Steps side by side on one machine, in forks of a server that has imported what they need."""
    at_once = int(os.environ.get(STEPS_AT_ONCE) or 2)
    start = {"forkserver": {"preload_modules": PRELOADED}}
    return dg.multiprocess_executor.configured({"max_concurrent": at_once, "start_method": start})


def _celery() -> dg.ExecutorDefinition:
    """Steps as tasks of Celery, which the workers of ``celery_app`` take."""
    from dagster_celery import celery_executor  # pyright: ignore[reportMissingImports]

    return celery_executor.configured(celery_app.settings())
