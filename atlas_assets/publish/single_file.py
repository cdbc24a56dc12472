"""A site as one HTML file that opens by double click: the viewer's code and the data inside, nothing to be loaded.

Pages that are opened from the disk may load neither modules nor data. So every module of the viewer becomes a blob that
the page makes of what it carries, an import map says which is which, and the data is read from the page itself
(``frontend/src/core/data/carried.ts``).
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from pathlib import Path
from typing import Any

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_assets.publish.run import site_of
from atlas_assets.store.atomic_file import write

MOST_BYTES = 150_000_000
"""Of such a file; beyond, browsers take long to open it and e-mail and chats refuse it long before."""

_START = """\
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
const read = (id) => Object.entries(JSON.parse(document.getElementById(id).textContent))
globalThis.atlasFiles = new Map(read('atlas-data'))
globalThis.atlasCode = {}
for (const [name, text] of read('atlas-code'))
  atlasCode[name] = URL.createObjectURL(new Blob([bytes(text)], { type: 'text/javascript' }))
const map = document.createElement('script')
map.type = 'importmap'
map.nonce = document.currentScript.nonce
map.textContent = JSON.stringify({
  imports: Object.fromEntries(Object.entries(atlasCode).map(([name, url]) => ['atlas/' + name, url])),
})
document.head.append(map)
"""
_PAGE = """\
<!doctype html>
<html lang="en"{embed}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'nonce-{nonce}' blob:; \
worker-src blob:; style-src 'unsafe-inline'; img-src https: data: blob:; connect-src 'none'; base-uri 'none'; \
form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="dark light">
<meta name="atlas-manifest" content="manifest.json">
<meta name="description" content="{description}">
<title>{title}</title>
<link rel="icon" type="image/svg+xml" href="data:image/svg+xml;base64,{icon}">
<style>{style}</style>
</head>
<body>
<noscript>This map is drawn in the browser and needs JavaScript.</noscript>
<div id="app"></div>
<script type="application/json" id="atlas-code">{code}</script>
<script type="application/json" id="atlas-data">{data}</script>
<script nonce="{nonce}">{start}</script>
<script nonce="{nonce}" type="module">import 'atlas/{main}'</script>
</body>
</html>
"""


def export(name: str, output: Path | None) -> Path:
    """Write the site of an atlas as one file, ``NAME.html`` in the current folder unless told otherwise.

    Raises AtlasError where there is no site, and where the file would be larger than MOST_BYTES.
    """
    target = project.output_file(output, f"{name}.html")
    with site_of(name) as folder:
        page = make(folder, name)
    write(target, page)
    return target


def make(site: Path, name: str, *, embedded: bool = False) -> bytes:
    """The page. embedded: for an ``<iframe>``, with the controls of ``?embed``."""
    index = (site / "index.html").read_text(encoding="utf-8")
    manifest_path = site / _found(r'name="atlas-manifest" content="([^"]+)"', index, name)
    manifest: dict[str, Any] = json.loads(manifest_path.read_bytes())
    # What a site has beside its map: none of it comes along.
    manifest = {key: value for key, value in manifest.items() if key != "versions"} | {"downloads": []}
    data = {"manifest.json": json.dumps(manifest).encode()}
    for path in sorted(manifest_path.parent.rglob("*")):
        if path.is_file() and path.name != "manifest.json" and path.suffix not in (".br", ".gz"):
            data[path.relative_to(manifest_path.parent).as_posix()] = path.read_bytes()
    size = sum(map(len, data.values())) * 4 // 3
    if size > MOST_BYTES:
        raise AtlasError(
            f"{name} would be a file of {size / 1e6:,.0f} MB, and browsers open {MOST_BYTES / 1e6:.0f} MB well. "
            f"Publish it instead (atlas publish {name} FOLDER), or make a smaller map (filter: top, fewer projections)."
        )
    nonce = hashlib.sha256(b"".join(data.values())).hexdigest()[:24]
    atlas = manifest["atlas"]
    page = _PAGE.format(
        embed=" data-embed" if embedded else "",
        nonce=nonce,
        description=html.escape(atlas.get("description") or atlas["title"]),
        title=html.escape(atlas["title"]),
        icon=_text((site / _found(r'rel="icon"[^>]* href="\./([^"]+)"', index, name)).read_bytes()),
        style=(site / _found(r'rel="stylesheet"[^>]* href="\./([^"]+)"', index, name)).read_text(encoding="utf-8"),
        code=json.dumps({module: _text(code.encode()) for module, code in _modules(site / "assets").items()}),
        data=json.dumps({path: _text(content) for path, content in data.items()}),
        start=_START,
        main=Path(_found(r'<script type="module"[^>]* src="\./([^"]+)"', index, name)).name,
    )
    return page.encode()


def _modules(assets: Path) -> dict[str, str]:
    """The viewer's modules, which import each other by names of the import map and find workers among the blobs.

    Workers import nothing, and start as plain scripts: browsers load no modules into those of a page from the disk.
    """
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(assets.glob("*.js"))}
    one = "|".join(map(re.escape, files))
    made = {}
    for name, code in files.items():
        code = re.sub(r"__vite__mapDeps\(\[[\d,]*\]\)", "[]", code)  # nothing is there to be loaded ahead
        code = re.sub(rf"([\"'`])\./({one})\1", r"\1atlas/\2\1", code)
        worker = rf"new Worker\(new URL\([^,]*([\"'`])({one})\1.*?\{{type:.module.\}}\)"
        code = re.sub(worker, r"new Worker(atlasCode['\2'])", code)
        made[name] = code
    return made


def _found(pattern: str, index: str, name: str) -> str:
    found = re.search(pattern, index)
    if found is None:
        raise AtlasError(f"The site of {name} is by another Atlas. Make it again: atlas run {name}")
    return html.unescape(found[1])


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
