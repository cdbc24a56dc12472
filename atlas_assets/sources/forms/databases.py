"""Databases: SQLite and DuckDB files, and whatever SQLAlchemy can reach by a URL. Read only, one table or one query.

A password is never written down: a URL holds the name of an environment variable, ``${DB_PASSWORD}``.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import polars as pl

from atlas_assets.errors import Found, UnreachableError
from atlas_assets.sources.forms.form import (
    ANY,
    Form,
    Given,
    Head,
    Pieces,
    Role,
    column,
    missing,
    no_rows,
    write_parquet,
)

_ROWS = 1 << 17
_DIALECTS = frozenset(
    [
        "postgresql",
        "postgres",
        "mysql",
        "mariadb",
        "mssql",
        "oracle",
        "sqlite",
        "duckdb",
        "snowflake",
        "bigquery",
        "redshift",
        "trino",
        "presto",
        "clickhouse",
        "clickhousedb",
        "cockroachdb",
        "databricks",
        "hive",
        "db2",
        "awsathena",
        "teradatasql",
        "exasol",
        "firebird",
    ]
)
_FILES = ("sqlite", "duckdb")
_READS = re.compile(r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(select|with|values|table|from|show|describe)\b", re.I | re.S)
_SECRETS = re.compile(r"(?i)(password|passwd|pwd|token|secret|access_key)")


def is_url(address: str) -> bool:
    """Whether a location is a database rather than a file."""
    scheme, sign, _ = address.partition("://")
    return bool(sign) and scheme.partition("+")[0].lower() in _DIALECTS


def file_of(address: str) -> Path | None:
    """The file of a URL such as ``sqlite:///shop.db``; None for a server's."""
    if not is_url(address) or address.partition("://")[0].partition("+")[0] not in _FILES:
        return None
    path = unquote(urlsplit(address).path)[1:]
    return Path(path) if path else None


def read_sqlite(given: Given) -> Pieces:
    """A table or a query of a SQLite file, which is opened read-only."""
    try:
        connection = sqlite3.connect(f"{given.path.resolve().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise given.unreadable(error, "a SQLite database") from error
    try:
        names = [n for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
        names = [name for name in names if not name.startswith("sqlite_")]
        query, told = _query(given, names)
        cursor = connection.execute(query)
        return _pieces(given, [column[0] for column in cursor.description], _fetched(cursor), told)
    except sqlite3.DatabaseError as error:
        raise _refused(given, error, "a SQLite database") from error
    finally:
        connection.close()


def read_duckdb(given: Given) -> Pieces:
    """A table or a query of a DuckDB file, which is opened read-only and without access to other files."""
    try:
        import duckdb
    except ImportError as error:
        raise missing(given, "duckdb", error) from error
    closed: dict[str, Any] = {"enable_external_access": "false", "autoload_known_extensions": "false"}
    try:
        with duckdb.connect(str(given.path), read_only=True, config=closed) as connection:
            found = connection.execute(
                "SELECT table_schema, table_name FROM information_schema.tables ORDER BY ALL"
            ).fetchall()
            query, told = _query(given, [name if schema == "main" else f"{schema}.{name}" for schema, name in found])
            answer = connection.sql(query)
            table = pl.DataFrame() if answer is None else pl.DataFrame(answer.to_arrow_table())
    except duckdb.Error as error:
        raise _refused(given, error, "a DuckDB database") from error
    if not table.height:
        raise no_rows(given)
    return Pieces(write_parquet(given, table), "parquet", told=(told,))


def read_url(given: Given, address: str) -> Pieces:
    """A table or a query of a server. The transaction is read-only where the server knows that, and rolled back.

    Raises UnreachableError where it does not answer, DataError for what it does not know.
    """
    import sqlalchemy as sa
    from sqlalchemy import exc

    url = sa.make_url(_expanded(given, address))
    try:
        engine = sa.create_engine(url, hide_parameters=True)
    except (ImportError, exc.ArgumentError, exc.NoSuchModuleError) as error:
        raise _no_driver(given, error, url.get_backend_name()) from error
    try:
        with engine.connect() as connection:
            readable = {"postgresql_readonly": True} if engine.dialect.name == "postgresql" else {}
            connection = connection.execution_options(stream_results=True, **readable)
            if engine.dialect.name in ("mysql", "mariadb"):
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            tables = [] if given.options.query else _tables(sa.inspect(connection))
            query, told = _query(given, tables, quote=engine.dialect.identifier_preparer.quote)
            result = connection.exec_driver_sql(query)
            made = _pieces(given, list(result.keys()), _fetched(result), told)
            connection.rollback()
            return made
    except exc.OperationalError as error:
        raise UnreachableError(
            file=given.name,
            where="",
            found=_said(f"does not answer ({error.orig})", url),
            expected="a database that does",
            remedy="Check the address, your network and the account.",
        ) from error
    except exc.SQLAlchemyError as error:
        raise _refused(given, error, "a database") from error
    finally:
        engine.dispose()


def _tables(inspector: Any) -> list[str]:
    return [*inspector.get_table_names(), *inspector.get_view_names()]


def _said(text: str, url: Any) -> Any:
    return Found(" ".join(text.replace(url.password, "***").split()) if url.password else " ".join(text.split()))


def check_address(given: Given, address: str) -> None:
    """Raise DataError for a URL in which a secret stands in clear."""
    parts = urlsplit(address)
    written = parts.password or ""
    for one in parts.query.split("&"):
        key, _, value = one.partition("=")
        written = value if _SECRETS.search(key) and value else written
    if written and not re.fullmatch(r"\$\{?\w+\}?", written):
        raise given.wrong(
            "holds a password",
            expected="the name of an environment variable in its place, so that it is written nowhere",
            remedy=f"Put it into a variable and write ${{DB_PASSWORD}} instead (in single quotes in a shell): "
            f"{parts.scheme}://{parts.username or 'user'}:${{DB_PASSWORD}}@{parts.hostname or 'host'}…",
        )


def _expanded(given: Given, address: str) -> str:
    check_address(given, address)
    unknown = [name for name in re.findall(r"\$\{(\w+)\}", address) if name not in os.environ]
    if unknown:
        raise given.wrong(
            f"uses the environment variable {unknown[0]}, which is not set",
            expected="its value",
            remedy=f"Set it where this runs: export {unknown[0]}=…",
        )
    return re.sub(r"\$\{(\w+)\}", lambda found: os.environ[found.group(1)], address)


def _no_driver(given: Given, error: Exception, backend: str) -> Exception:
    drivers = {"postgresql": "psycopg2-binary", "mysql": "pymysql", "mssql": "pyodbc", "oracle": "oracledb"}
    return given.wrong(
        f"needs a driver that is not installed ({error})",
        expected=f"a driver of SQLAlchemy for {backend}",
        remedy=f"Install one: pip install {drivers.get(backend, f'sqlalchemy-{backend}')}",
    )


def _query(given: Given, tables: list[str], *, quote: Any = None) -> tuple[str, str]:
    """What to ask, and what to say of it. Raises DataError where no table or more than one could be meant."""
    query = given.options.query if given.role != "entities" else None
    if query:
        if not _READS.match(query) or re.search(r";\s*\S", query):
            raise given.wrong(
                f"is asked {query.strip()[:60]!r}",
                expected="one query that only reads: SELECT … or WITH …",
                remedy="Correct source.query.",
            )
        return query, f"{given.name}: {' '.join(query.split())[:120]}"
    if given.part is not None and given.part not in tables:
        raise given.wrong(
            f"has no table {given.part!r}",
            expected=f"one of {', '.join(tables[:12]) or 'its tables'}",
            remedy="Name another behind the #, or give a query.",
        )
    if given.part is None and len(tables) != 1:
        raise given.wrong(
            f"holds {len(tables)} tables ({', '.join(tables[:8])})" if tables else "holds no table",
            expected="one",
            remedy=f"Name it behind a #: {given.name}#{tables[0]}, or ask with --query 'SELECT …'."
            if tables
            else "Check what wrote it.",
        )
    name = given.part or tables[0]
    quoted = quote or (lambda one: '"' + one.replace('"', '""') + '"')
    return f"SELECT * FROM {'.'.join(map(quoted, name.split('.')))}", f"{given.name}: the table {name!r}"


def _fetched(cursor: Any) -> Iterator[list[tuple]]:
    while rows := cursor.fetchmany(_ROWS):
        yield [tuple(row) for row in rows]


def _pieces(given: Given, names: list[str], blocks: Iterator[list[tuple]], told: str) -> Pieces:
    """Rows as Parquet, block by block; a column that changes its type on the way becomes text."""
    frames = [_frame(names, rows) for rows in blocks]
    if not frames:
        raise no_rows(given)
    for name in names:
        types = {frame.schema[name] for frame in frames} - {pl.Null()}
        if len(types) > 1 and not all(dtype.is_numeric() for dtype in types):
            frames = [frame.with_columns(pl.col(name).cast(pl.String)) for frame in frames]
    return Pieces(write_parquet(given, pl.concat(frames, how="vertical_relaxed")), "parquet", told=(told,))


def _frame(names: list[str], rows: list[tuple]) -> pl.DataFrame:
    return pl.DataFrame([column(name, [row[i] for row in rows]) for i, name in enumerate(names)])


def _refused(given: Given, error: Exception, title: str) -> Exception:
    if given.options.query and given.role != "entities":
        said = " ".join(str(getattr(error, "orig", None) or error).split())[:200]
        return given.wrong(f"does not answer the query ({said})", expected="rows", remedy="Correct source.query.")
    return given.unreadable(error, title)


def _is_sqlite(head: Head, role: Role) -> bool:
    return head.bytes.startswith(b"SQLite format 3\0")


def _is_duckdb(head: Head, role: Role) -> bool:
    return head.bytes[8:12] == b"DUCK"


FORMS = (
    Form("sqlite", "a SQLite database", (".sqlite", ".sqlite3", ".db", ".db3"), ANY, _is_sqlite, read_sqlite),
    Form("duckdb", "a DuckDB database", (".duckdb", ".ddb"), ANY, _is_duckdb, read_duckdb, needs="duckdb"),
)
