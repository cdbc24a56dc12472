"""What things are called in Dagster, and how the steps of an atlas are kept from getting into each other's way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from atlas_assets.store import lock

REFRESH, REBUILD, SWEEP, ADD_POINT, PRUNE = "refresh", "rebuild", "sweep", "add_point", "prune"
ALL_MAPS = "all_maps"  # the check of a site: whether it shows everything that was asked for
ELSEWHERE = ("celery", "celery_k8s", "k8s", "docker")  # executors whose steps run on other machines


def job_name(atlas: str, what: str = REFRESH) -> str:
    """The name of a job of an atlas."""
    return f"{atlas}_{what}"


def pool(atlas: str) -> str:
    """The pool of everything that makes an atlas: with one slot per run, one run at a time makes it."""
    return f"atlas_{atlas}"


def executor() -> str:
    """What ATLAS_EXECUTOR says: in_process, multiprocess, celery, celery_k8s, k8s or docker."""
    return os.environ.get("ATLAS_EXECUTOR") or "in_process"


def spreads() -> bool:
    """Whether steps go to other machines, so that partitions are worth steps of their own."""
    return executor() in ELSEWHERE


@contextmanager
def one_at_a_time(atlas: str, context: dg.OpExecutionContext | dg.AssetExecutionContext) -> Iterator[None]:
    """Inside, no command makes the atlas on this machine. Runs are kept apart by the run queue (dagster.yaml)."""
    if spreads():
        yield
        return
    wait = lambda other: context.log.info(f"Waiting for {other}: one at a time makes an atlas.")  # noqa: E731
    with lock.held(atlas, f"run {context.run_id[:8]}", waiting=wait):
        yield
