"""What a reader says reaches the page of its tables, and whoever runs ``atlas run``."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.reports import pages

note = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1).map(str.strip).filter(bool)


@given(notes=st.lists(note, max_size=pages.MOST_NOTES))
def test_notes_on_the_page_are_those_of_the_reader(notes: list[str]) -> None:
    told = pages.raw({"rows": 3, "files": [], "notes": notes})["notes"]
    assert pages.notes_in(told or "") == notes


def test_of_very_many_notes_it_is_said_how_many_more_there_are() -> None:
    told = pages.raw({"rows": 3, "files": [], "notes": [f"note {i}" for i in range(27)]})["notes"]
    assert pages.notes_in(told)[-2:] == ["note 19", "and 7 more, in report.json"]
