"""One page over several sites, with a picture of each: for ``atlas gallery``, and the root of ``atlas serve``."""

from __future__ import annotations

import contextlib
import html
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from atlas_assets.errors import AtlasError
from atlas_assets.stages.site import versions
from atlas_assets.store import atomic_file, below

if TYPE_CHECKING:
    from rich.console import Console

    from atlas_assets.spec.atlas import AtlasSpec

INDEX = "index.html"
OURS = '<meta name="generator" content="Atlas gallery">'
_PICTURE = re.compile(r'<meta property="og:image" content="(?:[^"]*/)?(assets/preview\.[0-9a-f]+\.png)"')
_STYLE = """
:root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#161b24;--quiet:#5a6678;--line:#dfe4ea}
@media(prefers-color-scheme:dark){:root{--ground:#0b0e14;--card:#141923;--ink:#e6eaf1;--quiet:#9aa6b8;--line:#252c39}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:var(--ground);color:var(--ink)}
main{max-width:76rem;margin:0 auto;padding:clamp(1.5rem,5vw,4rem) 1rem}
h1{font-size:clamp(1.6rem,4vw,2.4rem);letter-spacing:-.02em;margin:0 0 2rem}
ul{list-style:none;margin:0;padding:0;display:grid;gap:1.25rem;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr))}
a{display:block;height:100%;color:inherit;text-decoration:none;background:var(--card);border:1px solid var(--line);
border-radius:14px;overflow:hidden;transition:transform .15s,border-color .15s}
a:hover,a:focus-visible{transform:translateY(-3px);border-color:#6fa4ff}
@media(prefers-reduced-motion:reduce){a{transition:none}a:hover,a:focus-visible{transform:none}}
img,.none{display:block;width:100%;aspect-ratio:1200/630;object-fit:cover;background:#0b0e14}
div.text{padding:.9rem 1.1rem 1.1rem}
strong{display:block;font-size:1.1rem}small{display:block;color:var(--quiet)}p{margin:.4rem 0 0;color:var(--quiet)}
"""


@dataclass(frozen=True)
class Entry:
    """One atlas: its name, and what its site says. picture: a file of the site, empty where it has none."""

    name: str
    title: str
    description: str = ""
    counts: str = ""
    picture: str = ""


def entry(name: str, read: Callable[[str], bytes]) -> Entry:
    """What a site says of itself; of one by another Atlas maybe no more than its name. read: a file of the site."""
    with contextlib.suppress(OSError, ValueError, KeyError, IndexError, TypeError):
        manifest = json.loads(read(versions.parse(read(versions.VERSIONS))[-1].manifest))
        told = manifest["atlas"]
        counts = f"{manifest['n']:,} {told['entity'][1]}, {len(manifest['projections'])} maps"
        found = _PICTURE.search(read(INDEX).decode("utf-8", "replace"))
        return Entry(name, told["title"], told.get("description", ""), counts, found[1] if found else "")
    return Entry(name, name)


def page(entries: Iterable[Entry], *, title: str = "Atlases", below_name: str = "") -> str:
    """The page, complete. below_name: where the site of an atlas lies in the folder of its name."""
    items = "".join(_card(one, f"{quote(one.name)}/{below_name}") for one in entries)
    shown = html.escape(title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{OURS}'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{shown}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{shown}</h1><ul>{items}</ul></main></body></html>"
    )


def _card(one: Entry, address: str) -> str:
    picture = (
        f'<img src="{address}{html.escape(one.picture)}" alt="" loading="lazy" width="1200" height="630">'
        if one.picture
        else '<span class="none"></span>'
    )
    description = f"<p>{html.escape(one.description)}</p>" if one.description.strip() else ""
    counts = f"<small>{html.escape(one.counts)}</small>" if one.counts else ""
    return (
        f'<li><a href="{address}">{picture}<div class="text"><strong>{html.escape(one.title)}</strong>'
        f"{counts}{description}</div></a></li>"
    )


def write(specs: Iterable[AtlasSpec], folder: Path, console: Console, *, title: str) -> list[str]:
    """Publish the sites of these atlases below ``folder``, each in its own, and the page over them last.

    Atlases without a site are left out, and named. Returns the names of the others. Raises AtlasError where there is
    none, and where the folder has a page of somebody else's.
    """
    from atlas_assets.publish import run  # with all that reads and writes sites, which showing them does without

    index = folder / INDEX
    if index.exists() and OURS not in index.read_text(encoding="utf-8", errors="replace"):
        raise AtlasError(f"{index} is a page of somebody else's; write the gallery to another folder.")
    entries = []
    for spec in specs:
        name = spec.name or ""
        try:
            with run.site_of(name):
                pass
        except AtlasError as missing:
            console.print(f"{name} is left out: {missing}", soft_wrap=True, markup=False)
            continue
        run.publish(spec, str(folder / name), console, run.Wish())
        entries.append(entry(name, lambda file, name=name: below.path(folder / name, file).read_bytes()))
    if not entries:
        raise AtlasError("No atlas of this project has a site yet. Make one with: atlas run NAME")
    atomic_file.write(index, page(entries, title=title).encode())
    return [one.name for one in entries]
