"""A remote file system whose failures say which store did not answer, and what to look at."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import fsspec

from atlas_assets.errors import AtlasError, Found, UnreachableError

LIBRARIES = ("botocore", "aiobotocore", "aiohttp", "asyncio", "s3fs", "gcsfs", "adlfs", "fsspec", "google", "azure")
OF_THE_STORE = (
    "Check ATLAS_STORAGE, your network and your credentials. What was stored stays; the same command goes on from "
    "there."
)
NO_BUCKET = "bucket does not exist"
WRITES = ("put_file", "pipe_file", "mv")  # where something that is not found is the bucket


def reach(url: str, *, remedy: str = OF_THE_STORE, **options: Any) -> tuple[Any, str]:
    """The file system of an address and the path in it; one elsewhere raises UnreachableError, as :class:`Reached`.

    Raises AtlasError for an address of a kind that is not known here, and for one that is not reached at once.
    """
    try:
        fs, path = fsspec.core.url_to_fs(url, **options)
    except (ImportError, ValueError) as error:
        raise AtlasError(f"{url} cannot be used: {error}. {remedy}") from error
    except OSError as error:  # as FTP, which connects before it is asked for anything
        raise _unreachable(url, error, remedy) from error
    protocols = fs.protocol if isinstance(fs.protocol, tuple) else (fs.protocol,)
    return (fs if "file" in protocols else Reached(fs, url, remedy=remedy)), path


class Reached:
    """Calls of ``fs`` raise UnreachableError instead of what its libraries raise; FileNotFoundError of reads passes."""

    def __init__(self, fs: Any, address: str, *, remedy: str = OF_THE_STORE) -> None:
        self._fs, self._address, self._remedy = fs, address, remedy

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._fs, name)
        return self._told(attribute, name) if callable(attribute) else attribute

    def _told(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        @functools.wraps(call)
        def reached(*args: Any, **options: Any) -> Any:
            try:
                return call(*args, **options)
            except FileNotFoundError as error:
                if name not in WRITES and NO_BUCKET not in str(error):
                    raise  # a file that is not there, of a store that is
                raise _unreachable(self._address, error, self._remedy) from error
            except AtlasError:
                raise
            except Exception as error:
                if not isinstance(error, OSError) and type(error).__module__.split(".")[0] not in LIBRARIES:
                    raise
                raise _unreachable(self._address, error, self._remedy) from error

        return reached


def _unreachable(address: str, error: Exception, remedy: str) -> UnreachableError:
    return UnreachableError(
        file=address,
        where="",
        found=Found(f"cannot be read or written ({type(error).__name__}: {error})"),
        expected="a store that answers",
        remedy=remedy,
    )
