"""How a site looks, out of its spec: colours, links and the logo, which is a file of the user's."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_assets.errors import DataError, Found
from atlas_assets.plan import drawing
from atlas_assets.spec.display import LOGO_SUFFIXES, MAX_LOGO_BYTES, DisplaySpec

if TYPE_CHECKING:
    from atlas_assets.stages.bundle.bundle import Logo


def theme(display: DisplaySpec) -> dict[str, Any]:
    """The manifest's theme without the logo; only what the spec names."""
    given = {
        "accent": display.accent,
        "palette": display.palette,
        "background": display.background and display.background.model_dump(exclude_none=True),
    }
    return {name: value for name, value in given.items() if value}


def logo(display: DisplaySpec, *, base: Path) -> Logo | None:
    """The logo's content. Raises DataError where it is no picture that a page can show at once."""
    from atlas_assets.stages.bundle.bundle import Logo

    if display.logo is None:
        return None
    path = base / display.logo
    suffix = path.suffix.lower().lstrip(".").replace("jpeg", "jpg")
    if suffix not in LOGO_SUFFIXES:
        raise _mistake(display.logo, Found("is not a picture that browsers show"), "Save it as one of these.")
    if not path.is_file():
        raise _mistake(display.logo, Found(f"does not exist (looked for {path})"), "Correct the path, or delete it.")
    if (size := path.stat().st_size) > MAX_LOGO_BYTES:
        raise _mistake(display.logo, Found(f"has {size:,} bytes"), "Scale it down: it is shown 32 pixels high.")
    data = path.read_bytes()
    if not _begins_like(data, suffix):
        raise _mistake(display.logo, Found(f"does not begin as a {suffix} file does"), "Save it again in that format.")
    if suffix == "svg" and (active := drawing.first_active(data)):
        remedy = "Remove it (scour or svgo do), or save the picture as png."
        raise _mistake(display.logo, Found(f"holds {active}, which could run or fetch something"), remedy)
    return Logo(data, suffix)


def fingerprint(display: DisplaySpec, *, base: Path) -> str | None:
    """Changes with the logo's content; None where there is none (yet)."""
    path = base / display.logo if display.logo else None
    return hashlib.sha256(path.read_bytes()).hexdigest() if path is not None and path.is_file() else None


def _begins_like(data: bytes, suffix: str) -> bool:
    if suffix == "svg":
        return b"<svg" in data[:4096]
    if suffix == "webp":
        return data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    return data.startswith({"png": b"\x89PNG", "jpg": b"\xff\xd8\xff"}[suffix])


def _mistake(name: str, found: Found, remedy: str) -> DataError:
    return DataError(
        file=name,
        where="display.logo",
        found=found,
        expected=f"a file of type {', '.join(LOGO_SUFFIXES)} with at most {MAX_LOGO_BYTES:,} bytes",
        remedy=remedy,
    )
