"""Secrets in addresses and messages: taken out before anything is written or shown.

Addresses of sources, storages and destinations may hold a password (``https://me:secret@host``), a token
(``?token=secret``) or a signature. They are used as they are, and nothing but the spec itself ever repeats them: what
goes to a file, a database, a page or a terminal has gone through here.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from typing import Any

GONE = "***"
# Whoever is named before the @ is not told either, for tokens stand there too; but `ssh://git@…` is no secret.
_USER = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<user>[^\s/?#\"'<>]*)@")
# `user:password@bucket`, as libraries quote what stood between the scheme and the path.
_WITHOUT_SCHEME = re.compile(r"(?<![\w/:*])(?!mailto:)[\w.+-]+:[^\s/@:\"'<>*]{4,}@(?=\w)")
_NO_PASSWORDS = frozenset({"ssh", "git+ssh", "sftp"})
# Parameters of an address by their names, and those whose values nobody can have meant to be read.
_PARAMETER = re.compile(
    r"(?P<name>[?&;#][\w.%-]*?(?:access|api|auth|credential|key|pass|policy|pwd|sas|secret|session|sig|token)[\w.%-]*)"
    r"=[^\s&;#\"'<>]+",
    re.IGNORECASE,
)
_LONG = re.compile(r"(?P<name>[?&;#][\w.%-]+)=[A-Za-z0-9._~%+/=-]{24,}")
# `password=…`, also as it stands in a printed dict.
_NAMED = re.compile(
    r"(?P<name>\b\w*(?:token|secret|password|passwd|signature|access_?key)\w*[\"']?)(?P<is>=|:\s*)(?P<quote>[\"']?)"
    r"(?P<value>(?<=[\"'=])[^\s&;#\"'<>,)\]}]+)",
    re.IGNORECASE,
)
_HEADER = re.compile(r"\b(?P<how>Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_VARIABLE = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|ACCESS_KEY|API_KEY")


def redact(text: str) -> str:
    """``text`` without what is secret in the addresses in it, and without the secrets of the environment."""
    if "://" in text:
        text = _USER.sub(_without_user, text)
        text = _PARAMETER.sub(rf"\g<name>={GONE}", text)
        text = _LONG.sub(rf"\g<name>={GONE}", text)
    if "@" in text:
        text = _WITHOUT_SCHEME.sub(f"{GONE}@", text)
    text = _NAMED.sub(rf"\g<name>\g<is>\g<quote>{GONE}", text)
    if "asic " in text or "earer " in text:
        text = _HEADER.sub(rf"\g<how> {GONE}", text)
    if (known := _of_environment()) is not None:
        text = known.sub(GONE, text)
    return text


def within(value: Any) -> Any:
    """The same with every text in it redacted: of a list, a tuple or a dict, those that it holds."""
    plain: Any = value
    if isinstance(plain, str):
        return redact(plain) if type(plain) is str else type(plain)(redact(plain))
    if isinstance(plain, Mapping):
        return {name: within(one) for name, one in plain.items()}
    if isinstance(plain, (list, tuple)) and type(plain) in (list, tuple):
        return type(plain)(within(one) for one in plain)
    return value


def harmless(error: BaseException) -> BaseException | None:
    """The error as the cause of another; None where it tells a secret, since causes are written down with it."""
    text = str(error)
    return error if redact(text) == text and not any(_tells(cause) for cause in _causes(error)) else None


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    while (after := error.__cause__ or error.__context__) is not None and after not in found:
        found.append(after)
        error = after
    return found


def _tells(error: BaseException) -> bool:
    return redact(str(error)) != str(error)


def _without_user(found: re.Match[str]) -> str:
    scheme, user = found["scheme"], found["user"]
    if scheme.lower() in _NO_PASSWORDS and ":" not in user:
        return found[0]
    return f"{scheme}://{GONE}@"


def _of_environment() -> re.Pattern[str] | None:
    values = {value for name, value in os.environ.items() if _VARIABLE.search(name) and len(value) >= 12}
    return _any_of(frozenset(values)) if values else None


@functools.lru_cache(maxsize=4)
def _any_of(values: frozenset[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(value) for value in sorted(values, key=len, reverse=True)))
