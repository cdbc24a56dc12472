"""The join at the end: all that is known about an atlas into its bundle, bundle and viewer into its site."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from atlas_assets import __version__, project
from atlas_assets.builders import provenance, searching
from atlas_assets.builders.tables import entity_table
from atlas_assets.plan import branding, freshness
from atlas_assets.plan.pipeline import VIEWER, StageRun
from atlas_assets.reports import pages
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.sweep import Sweep
from atlas_assets.stages.artifact import Outcome

if TYPE_CHECKING:
    import polars as pl

    from atlas_assets.stages.bundle.bundle import BundleReport
    from atlas_assets.stages.quality.sweep_report import SweepReport
    from atlas_assets.stages.site.site import SiteReport


def make_bundle(run: StageRun, folder: Path) -> Outcome:
    """The bundle of an atlas, and what its page says."""
    return Outcome([], pages.bundle(bundle_of(run, folder)))


def make_site(run: StageRun, folder: Path) -> Outcome:
    """The site of an atlas; ``folder`` keeps a record of it."""
    made = publish_site(run, folder)
    published = Path(run.store.path(run.name, "site")) if run.store.is_local else None
    return Outcome([], pages.site(made, run.name, published))


def bundle_of(run: StageRun, folder: Path) -> BundleReport:
    """Write the bundle of an atlas into ``folder``: the projections that are up to date, and all metadata.

    Projections are turned to the reference. Raises AtlasError unless the sweep report compares just these.
    """
    from atlas_assets.stages.bundle import bundle
    from atlas_assets.stages.bundle.default_colour import telling_field
    from atlas_assets.stages.bundle.default_size import telling_size
    from atlas_assets.stages.bundle.files import POSTER, PROVENANCE
    from atlas_assets.stages.bundle.map_names import map_names
    from atlas_assets.stages.projection.projection import Projection
    from atlas_assets.stages.quality.quality import Quality
    from atlas_assets.stages.quality.sweep_report import SweepReport
    from atlas_assets.stages.regions.regions import Regions
    from atlas_assets.stages.relation.knn_graph import KnnGraph
    from atlas_assets.stages.site import poster

    joined, display = freshness.joined(run), run.spec.display
    summary = run.load(SweepReport, "sweep_report")
    shown = display.projection if display.projection in joined.projections else summary.recommended
    offered = offered_maps(
        [row["key"] for row in summary.rows], first=shown, found=found_keys(run.spec), most=display.maps
    )
    reference = np.asarray(run.load(Projection, "projection", joined.reference.key).positions)
    projections = []
    points = joined.of_keys(offered).projections
    called = dict(zip(points, map_names([point.describe() for point in points.values()]), strict=True))
    for key, point in points.items():
        run.progress(len(projections) / len(offered) / 2, f"aligning {key}")
        measured, regions = run.load(Quality, "quality", key), run.load(Regions, "regions", key)
        positions = np.asarray(run.load(Projection, "projection", key).positions)
        table = regions.table
        if positions.shape == reference.shape:
            positions, table = _aligned(positions, table, reference)
        projections.append(
            bundle.BundleProjection(
                key=key,
                name=called[key],
                method=point.method,
                params=point.describe(),
                positions=positions,
                metrics=measured.metrics,
                errors=measured.errors,
                distortion=measured.distortion,
                region=regions.region,
                regions=table,
                recommended=key == summary.recommended,
            )
        )
    entities, fields = entity_table(run)
    graph = run.load(KnnGraph, "knn_graph", joined.largest_graph.key).of_entities()
    run.progress(0.5, "words to search")
    text_words, notes = searching.text_words(entities, fields)
    by_meaning, more = searching.by_meaning(run, entities, text_words)
    made = bundle.build(
        folder,
        atlas=_about(run),
        entities=entities,
        fields=fields,
        graph=graph,
        projections=projections,
        default={
            "projection": shown,
            "colour": display.colour or telling_field(entities, fields, graph),
            "size": display.size or telling_size(entities, fields),
        },
        search=display.search,
        logo=branding.logo(display, base=run.base),
        missing=maps_missing(run.sweep, summary),
        text_words=text_words,
        by_meaning=by_meaning,
        tours=[tour.model_dump() for tour in display.tours],
        suggest_tours=display.suggest_tours,
        provenance={"atlas_version": __version__, "artifacts": _versions(run)},
        progress=lambda share, message: run.progress(0.5 + share * 0.45, message),
    )
    run.progress(0.95, "drawing the poster")
    (folder / POSTER).write_bytes(poster.draw(bundle.read(folder), address=project.public_url(run.name)))
    known = provenance.of(run, joined)
    (folder / PROVENANCE).write_text(json.dumps(known, indent=1, ensure_ascii=False), encoding="utf-8")
    return dataclasses.replace(made, notes=[*made.notes, *notes, *more])


def offered_maps(ranked: list[str], *, first: str, found: set[str], most: int) -> set[str]:
    """The maps that a site offers: the one it opens on, then those that people wrote down, then the best of the found.

    ranked: all that there are, best first. found: those of points.yaml.
    """
    order = sorted(ranked, key=lambda key: (key != first, key in found))  # stable: by rank within each
    return set(order[:most])


def maps_missing(sweep: Sweep, summary: SweepReport) -> list[dict[str, str]]:
    """What visitors are told of the maps that are not there, in the order of the sweep.

    The message of a failure stays with ``atlas report``: it may name files of the machine that made the atlas.
    """
    names = Counter(point.name for point in sweep.projections.values())
    return [
        {"name": point.name if names[point.name] == 1 else f"{point.name}, {key}", "reason": summary.missing[key]}
        for key, point in sweep.projections.items()
        if key in summary.missing
    ]


def found_keys(spec: AtlasSpec) -> set[str]:
    """Points that are in points.yaml and not in the defs.yaml."""
    written = spec.model_copy(update={"sweep": spec.sweep.model_copy(update={"found": []})})
    return set(Sweep.of(spec).projections) - set(Sweep.of(written).projections)


def publish_site(run: StageRun, folder: Path) -> SiteReport:
    """Put the current bundle and the viewer into ``<storage>/<atlas>/site``; ``folder`` keeps a record of it."""
    from atlas_assets.stages.site import site

    sources: dict[str, Any] = {
        "bundle_folder": run.folder("bundle"),
        "viewer_folder": run.store.folder(VIEWER),
        "atlas": _about(run),
        "public_url": project.public_url(run.name),
        "keep": run.spec.refresh.keep_versions,
        "progress": run.progress,
    }
    if run.store.is_local:
        made = site.build(Path(run.store.path(run.name, "site")), **sources)
    else:
        made = _upload_site(run, sources)
    made.save(folder)
    return made


def _upload_site(run: StageRun, sources: dict[str, Any]) -> SiteReport:
    """The same on a host that is not a folder: built beside it, where only its list of versions is known."""
    from atlas_assets.stages.site import site
    from atlas_assets.stages.site import versions as site_versions

    place, versions = (run.name, "site"), site_versions.VERSIONS
    with tempfile.TemporaryDirectory(prefix="atlas-site-") as draft:
        folder = Path(draft)
        if listed := run.store.read(*place, versions):
            (folder / versions).write_bytes(listed)
        earlier = site_versions.read(folder)
        made = site.build(folder, **sources)
        succession = site_versions.Succession(earlier, site_versions.read(folder))
        switch = sorted(
            (name for name in succession.to_send if name.startswith(site.INDEX)), key=lambda name: name == site.INDEX
        )
        run.store.upload(folder, sorted(succession.to_send.difference(switch)), *place)
        (folder / versions).write_bytes(succession.meanwhile)
        run.store.upload(folder, [versions, *switch], *place)
        run.store.remove(sorted(succession.obsolete), *place)
        (folder / versions).write_bytes(site_versions.written(succession.kept))
        run.store.upload(folder, [versions], *place)
    return made


def _words(run: StageRun) -> tuple[list[str], list[str]]:
    """What visitors call the points, and what makes one popular: without a word of the user's, edges have links."""
    display = run.spec.display
    held = None if "collection" in display.model_fields_set else run.spec.related.held
    return list(display.entity), list(held or display.collection)


def _about(run: StageRun) -> dict[str, Any]:
    spec, display = run.spec, run.spec.display
    entity, collection = _words(run)
    about: dict[str, Any] = {
        "name": run.name,
        "title": spec.title or run.name.replace("_", " ").capitalize(),
        "description": spec.description,
        "attribution": spec.attribution,
        "entity": entity,
        "collection": collection,
        "kind": spec.kind,
        "near": spec.related.near.format(collection[1]),
    }
    if spec.licence:
        about["licence"] = spec.licence
    if display.links:
        about["links"] = [link.model_dump() for link in display.links]
    if theme := branding.theme(display):
        about["theme"] = theme
    return about


def _versions(run: StageRun) -> dict[str, str]:
    """Which version of each unswept artifact went into the bundle; points are told apart by their parameters."""
    stages = [run.pipeline.raw, "entity_index", "cooccurrence", "sweep_report"]
    stored = {stage: run.store.current(run.address(stage)) for stage in stages}
    return {stage: version.version for stage, version in stored.items() if version is not None}


def _aligned(positions: np.ndarray, table: pl.DataFrame, reference: np.ndarray) -> tuple[np.ndarray, pl.DataFrame]:
    """Positions and the anchors of the regions, turned together; anchors have no counterpart in the reference."""
    import polars as pl

    from atlas_assets.stages.geometry.alignment import align

    axes = ["x", "y", "z"][: positions.shape[1]]
    anchors = table.select(axes).to_numpy().astype(np.float32)
    both = align(np.vstack([positions, anchors]), np.vstack([reference, np.full_like(anchors, np.nan)]))
    moved = both[len(positions) :].astype(np.float64)
    return both[: len(positions)], table.with_columns(pl.Series(axis, moved[:, i]) for i, axis in enumerate(axes))
