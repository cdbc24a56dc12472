"""A branch of a git repository as destination, as GitHub Pages and other hosts serve it.

What Atlas publishes is one commit, which the next publication replaces: the files of a map are compressed, so git
could not store the difference between two versions, and the repository would grow by a whole map at every refresh.
Earlier versions of the map are in the tree as long as they are kept. Commits of other people stay below Atlas's own,
and files of theirs stay in the tree.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from atlas_assets.errors import AtlasError
from atlas_assets.publish import address
from atlas_assets.publish.address import GitBranch
from atlas_assets.publish.changes import RECORD, Changes, There, read_record, write_record
from atlas_assets.stages.site import versions as site_versions
from atlas_assets.stages.site.versions import VERSIONS

TRAILER = "Published-by: atlas"
FILES = ("100644", "100755")  # what else is in a tree is a link, or another repository
NO_GENERATOR = ".nojekyll"  # at the root of the branch, or GitHub runs its own generator and leaves files out


class Branch:
    """One branch of one repository, fetched into a bare repository that is thrown away; ``folder`` within it."""

    def __init__(self, git: Git, where: GitBranch) -> None:
        self._git, self._url, self._branch = git, where.url, where.branch
        self._prefix = f"{where.folder}/" if where.folder else ""
        self._tip = self._fetch()

    def look(self) -> There:
        listed = self._git("ls-tree", "-r", "-z", self._tip, "--").split("\0") if self._tip else []
        modes = {name: facts.split(" ")[0] for facts, _, name in (entry.partition("\t") for entry in listed if entry)}
        inside = {
            name.removeprefix(self._prefix): mode for name, mode in modes.items() if name.startswith(self._prefix)
        }
        return There(
            site_versions.parse(self._read(VERSIONS), file=f"{VERSIONS} at the destination"),
            read_record(self._read(RECORD)),
            frozenset(inside),
            frozenset(name for name, mode in inside.items() if mode not in FILES),
        )

    def bring(self, changes: Changes, message: str) -> bool:
        """Push the new state; False where there is nothing to change."""
        own = {VERSIONS: changes.versions, RECORD: write_record(changes.record)}
        lines = [f"100644 {self._blob(data)}\t{self._prefix}{name}" for name, data in own.items()]
        # As they are: no filter may touch the ends of lines.
        paths = "\n".join(str(path.resolve()) for path in changes.bring.values())
        blobs = self._git("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=paths.encode()).split()
        lines += [f"100644 {blob}\t{self._prefix}{name}" for name, blob in zip(changes.bring, blobs, strict=True)]
        lines += [f"0 {'0' * 40}\t{self._prefix}{name}" for name in changes.remove]
        lines += [f"100644 {self._blob(b'')}\t{NO_GENERATOR}"]
        self._git("read-tree", *([self._tip] if self._tip else ["--empty"]))
        self._git("update-index", "--index-info", stdin="\n".join(lines).encode())
        tree = self._git("write-tree")
        if self._tip and tree == self._git("rev-parse", f"{self._tip}^{{tree}}"):
            return False
        parents = [part for parent in self._parents() for part in ("-p", parent)]
        commit = self._git("commit-tree", tree, *parents, stdin=f"{message}\n\n{TRAILER}\n".encode())
        target = f"refs/heads/{self._branch}"
        # Whoever pushed meanwhile is not overwritten.
        lease = f"--force-with-lease={target}:{self._tip or ''}"
        self._git("push", "--quiet", lease, "--", self._url, f"{commit}:{target}")
        return True

    def _fetch(self) -> str:
        found = self._git("ls-remote", "--", self._url, f"refs/heads/{self._branch}")
        if not found:
            return ""
        # Two commits: Atlas's own, and the one below it, on which the next one will stand.
        self._git("fetch", "--quiet", "--depth=2", "--no-tags", "--", self._url, f"refs/heads/{self._branch}")
        return self._git("rev-parse", "FETCH_HEAD")

    def _parents(self) -> list[str]:
        """What the new commit stands on: on what Atlas's last one stood, or on what somebody else has committed."""
        if not self._tip:
            return []
        if TRAILER not in self._git("log", "-1", "--format=%B", self._tip):
            return [self._tip]
        return self._git("log", "-1", "--format=%P", self._tip).split()

    def _read(self, name: str) -> bytes | None:
        if not self._tip or not self._git("ls-tree", self._tip, "--", f"{self._prefix}{name}"):
            return None
        return self._git.raw("cat-file", "blob", f"{self._tip}:{self._prefix}{name}")

    def _blob(self, data: bytes) -> str:
        return self._git("hash-object", "-w", "--stdin", stdin=data)


class Git:
    """git in one repository, without questions and without the hooks and helpers of the current folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, *arguments: str, stdin: bytes | None = None) -> str:
        return self.raw(*arguments, stdin=stdin).decode().strip()

    def raw(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        unset = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY")
        environment = {name: value for name, value in os.environ.items() if name not in unset}
        environment |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_ALLOW_PROTOCOL": ":".join(address.GIT)}
        for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
            environment.setdefault(f"{name}_NAME", "Atlas")
            environment.setdefault(f"{name}_EMAIL", "atlas@localhost")
        try:
            done = subprocess.run(
                ["git", "-C", str(self._folder), *arguments],
                input=stdin,
                capture_output=True,
                env=environment,
                check=True,
            )
        except FileNotFoundError:
            raise AtlasError("git is not installed, and publishing to a branch needs it.") from None
        except subprocess.CalledProcessError as error:
            raise AtlasError(f"git {arguments[0]} failed: {error.stderr.decode(errors='replace').strip()}") from error
        return done.stdout


@contextmanager
def opened(where: GitBranch) -> Iterator[Branch]:
    """The branch, in a repository that is thrown away at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="atlas-publish-") as place:
        git = Git(Path(place))
        git("init", "--quiet", "--bare")
        yield Branch(git, where)


def remote(folder: Path, name: str) -> str:
    """The URL of a remote of the repository around ``folder``; ``name`` itself where it is a URL or a path."""
    if re.search(r"[:/]", name):
        return address.git_url(name)
    address.parse(name)
    try:
        return Git(folder)("remote", "get-url", "--", name)
    except AtlasError as error:
        raise AtlasError(
            f"{folder} is in no git repository with a remote {name!r}. "
            "Name the repository: atlas publish NAME --github-pages git@github.com:you/maps.git"
        ) from error


def github_address(url: str, folder: str = "") -> str | None:
    """Where GitHub Pages serves a repository, as long as it has no domain of its own."""
    found = re.search(r"github\.com[:/]([\w.-]+)/([\w.-]+?)(?:\.git)?/?$", url)
    if found is None:
        return None
    owner, name = found[1].lower(), found[2]
    root = f"https://{owner}.github.io/" + ("" if name.lower() == f"{owner}.github.io" else f"{name}/")
    return root + (f"{folder}/" if folder else "")
