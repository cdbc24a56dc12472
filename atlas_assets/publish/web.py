"""What a web server says of the files of a site: their types, and how long browsers may keep them."""

from __future__ import annotations

# Fixed, because mimetypes asks the operating system, and a wrong answer for .js leaves the page blank.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".woff2": "font/woff2",
    ".bin": "application/octet-stream",
    ".parquet": "application/vnd.apache.parquet",
    ".zip": "application/zip",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
}
# Files below these have names made from their content; everything else may be another file tomorrow.
UNCHANGING = ("assets", "data")
FOR_A_YEAR = "public, max-age=31536000, immutable"


def is_unchanging(path: str) -> bool:
    """Whether a file of a site never changes under its name, so that browsers need not ask for it again."""
    *folders, name = path.strip("/").split("/")
    return any(folder in UNCHANGING for folder in folders) and not name.startswith("manifest.json")
