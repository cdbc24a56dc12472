"""A spec that would keep its reader busy for ever is refused at once, with the line and a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from atlas_assets.errors import SpecError
from atlas_assets.spec import yaml_file

BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(20)
)
REFUSED = {
    BOMB + "title: *u\n": r"line 2 cannot be read.*\*a stands in what has a name itself",
    "a: &a " + "{b: " * 9 + "*a" + "}" * 9: r"\*a stands in what has a name itself",
    "a: &a x\nb: [" + "*a, " * 101 + "]": "more than 100 aliases",
    "[" * 60: "line 1 cannot be read.*nested deeper than 50 levels",
    "{a: " * 60: "nested deeper than 50 levels",
    "- " * 100_000: "nested deeper than 50 levels",
    "a: 1\nb: 2\na: 3\n": "line 3 cannot be read.*the key 'a' is there already, in line 1; keep one of the two",
    "x: {a: 1, 'a': 2}": "the key 'a' is there already",
    "# " + "x" * 2_000_000: "more than 2,000,000 bytes",
    "a: " + "1" * 5000: "Exceeds the limit",
    "a: 2024-13-45": "month must be in",
}


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
@pytest.mark.timeout(20)
def test_it_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "defs.yaml").write_text(text)
    with pytest.raises(SpecError, match=REFUSED[text]):
        yaml_file.read(tmp_path / "defs.yaml")


def test_aliases_that_save_typing_are_kept(tmp_path: Path) -> None:
    (tmp_path / "defs.yaml").write_text("a: &a {x: 1}\nb: *a\nc:\n  <<: *a\n  x: 2\n  y: 3\nd: [*a, *a]\n")
    read = yaml_file.read(tmp_path / "defs.yaml")
    assert read == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 2, "y": 3}, "d": [{"x": 1}, {"x": 1}]}
