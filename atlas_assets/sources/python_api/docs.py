"""Where the documentation of a Python name is on the web, for the projects whose addresses follow a rule."""

from __future__ import annotations

# {} is the qualified name. Only projects with one page per function or class; members of classes have none.
_PAGES = {
    "numpy": "https://numpy.org/doc/stable/reference/generated/{}.html",
    "scipy": "https://docs.scipy.org/doc/scipy/reference/generated/{}.html",
    "pandas": "https://pandas.pydata.org/docs/reference/api/{}.html",
    "torch": "https://docs.pytorch.org/docs/stable/generated/{}.html",
    "sklearn": "https://scikit-learn.org/stable/modules/generated/{}.html",
    "matplotlib": "https://matplotlib.org/stable/api/_as_gen/{}.html",
    "networkx": "https://networkx.org/documentation/stable/reference/generated/{}.html",
}
_STANDARD = "https://docs.python.org/3/library/{page}.html"
# Documented under another name than the module's own.
_STANDARD_PAGES = {"os.path": "os.path", "collections.abc": "collections.abc"}


def link(name: str, *, module: str, kind: str, is_standard: bool) -> str | None:
    """The page about ``name``, which lives in ``module`` as people write it; None where no rule is known."""
    if is_standard:
        if any(part.startswith("_") for part in module.split(".")):
            return None
        page = _STANDARD.format(page=_STANDARD_PAGES.get(module, module.lower()))
        return page if kind == "module" else f"{page}#{name}"
    top = name.split(".")[0]
    within = name[len(module) + 1 :]
    if top in _PAGES and kind in ("class", "function") and within and "." not in within:
        return _PAGES[top].format(name)
    return None
