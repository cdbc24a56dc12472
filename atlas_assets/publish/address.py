"""Addresses that people give as destinations, checked before anything is done with them.

What they name may be handed to other programs. So the schemes are a list, and nothing that those programs would take
for an option passes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_assets.store import below

FOLDERS = ("file", "local")
STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "sftp", "ssh", "ftp", "hdfs", "smb", "memory")
GIT = ("https", "ssh", "git", "http", "file")
BRANCH = "gh-pages"
_WHERE = "Name a folder, a URL such as s3://bucket/maps, or git+URL#branch:folder."
_SCHEME = re.compile(r"(?P<scheme>.*?)://(?P<rest>.*)", re.S)
# As ssh knows it: user@host:path. A path of this machine that holds a colon is written as file:///a:b.
_SCP = re.compile(r"(?:[\w.+][\w.+-]*@)?[\w.][\w.-]*:(?!//).+", re.ASCII)
_BRANCH = re.compile(r"(?!.*(?:\.\.|//|/\.|\.lock(?:/|$)))\w[\w./+#=-]*(?<![/.])")  # git takes a few more


@dataclass(frozen=True)
class Folder:
    """A folder of this machine."""

    path: str


@dataclass(frozen=True)
class Store:
    """A URL that fsspec knows."""

    url: str


@dataclass(frozen=True)
class GitBranch:
    """A branch of a repository, and a folder in it; "" for its root."""

    url: str
    branch: str
    folder: str


def parse(destination: str) -> Folder | Store | GitBranch:
    """What ``destination`` names. Raises AtlasError where that is no kind of place that can be published to."""
    _plain(destination)
    if destination.startswith("git+"):
        return _git(destination.removeprefix("git+"))
    if meant := project.meant_url(destination):
        raise AtlasError(f"{destination!r} has one slash or none behind its scheme; expected {meant!r}. {_WHERE}")
    if not (found := _SCHEME.fullmatch(destination)):
        return Folder(destination)
    if found["scheme"] in FOLDERS:
        return Folder(found["rest"])
    if found["scheme"] not in STORES:
        raise _mistake(destination, f"begins with {found['scheme']}://", f"{_listed(STORES)}")
    return Store(destination)


def git_url(url: str) -> str:
    """The address of a repository, as git may be given it. Raises AtlasError where git would run a command for it."""
    _plain(url)
    if found := _SCHEME.fullmatch(url):
        if found["scheme"] not in GIT:
            raise _mistake(url, f"begins with {found['scheme']}://", f"{_listed(GIT)}, or user@host:path")
        if found["rest"].startswith("-"):
            raise _mistake(url, "names a host that begins with -", "the name of a host")
    elif "::" in url or (":" in url.partition("/")[0] and not _SCP.fullmatch(url)):
        raise _mistake(url, "is no address of a repository", f"{_listed(GIT)}, user@host:path, or a folder")
    return url


def _git(rest: str) -> GitBranch:
    url, _, where = rest.partition("#")
    branch, _, folder = where.partition(":")
    branch, folder = branch or BRANCH, folder.strip("/")
    if not _BRANCH.fullmatch(branch):
        raise _mistake(branch, "is not the name of a branch", "letters, digits, - and / as in gh-pages")
    if folder and not below.is_name(folder):
        raise _mistake(folder, "is not a folder of the branch", "one below its root, such as maps/books")
    return GitBranch(git_url(url), branch, folder)


def _plain(address: str) -> None:
    if not address or address != address.strip() or re.search(r"[\x00-\x1f\x7f]", address):
        raise AtlasError(f"{address!r} is not an address. {_WHERE}")
    if address.startswith("-"):
        raise AtlasError(
            f"{address!r} begins with -, so that other programs would take it for an option; expected an address. "
            f"A folder of that name is ./{address}. {_WHERE}"
        )


def _listed(schemes: tuple[str, ...]) -> str:
    return ", ".join(f"{scheme}://" for scheme in schemes if scheme != "memory")


def _mistake(what: str, found: str, expected: str) -> AtlasError:
    return AtlasError(f"{what!r} {found}; expected {expected}. {_WHERE}")
