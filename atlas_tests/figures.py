"""``pytest atlas_tests/corpus atlas_tests/faults --figures``: what the tables of hostile inputs and faults came to.

A test that tries one line of a table says so with ``record_property("outcome", …)``, one that tries many states with
``record_property("states", n)``. What is printed at the end is the table in docs/reliability.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pytest

HEAD = "| table | tried | as expected | outcomes |\n|---|---|---|---|"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--figures", action="store_true", help="Print how many hostile inputs and faults were tried.")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if config.getoption("--figures"):
        reports = [one for kind in ("passed", "failed") for one in terminalreporter.getreports(kind)]
        terminalreporter.section("figures")
        terminalreporter.write_line(table([one for one in reports if one.when == "call"]))


def table(reports: list[Any]) -> str:
    """One line for each file with such tests, and one for all of them, in Markdown."""
    tried, passed = Counter[str](), Counter[str]()
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    for report in reports:
        said = dict(report.user_properties)
        n = said.get("states", 1 if "outcome" in said else 0)
        file = report.nodeid.partition("::")[0]
        if n:
            tried[file] += n
            passed[file] += n * report.passed
            outcomes[file][str(said.get("outcome", "states"))] += n
    lines = [_line(f"`{file}`", tried[file], passed[file], outcomes[file]) for file in sorted(tried)]
    return "\n".join([HEAD, *lines, _line("all", tried.total(), passed.total(), Counter())])


def _line(what: str, tried: int, passed: int, outcomes: Counter[str]) -> str:
    listed = ", ".join(f"{n:,} {outcome}" for outcome, n in outcomes.most_common())
    return f"| {what} | {tried:,} | {passed:,} | {listed} |"
