"""Names of regions: true of most of each, of all kinds of values, readable, never twice; ids and shelf marks never."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas_assets.stages.regions.naming import readable
from atlas_assets.stages.regions.naming.by_hand import HandName, matched
from atlas_assets.stages.regions.naming.codes import spelled_out
from atlas_assets.stages.regions.naming.kept import is_kept
from atlas_assets.stages.regions.naming.names import Name, name_levels
from atlas_assets.stages.regions.naming.ranges import quantities, range_of, ranges_of


def named(members, fields=None, *, labels=None, described=(), earlier=None) -> list[Name]:
    members = np.array(members)
    labels = labels or [f"Book {chr(97 + i)}" for i in range(members.size)]
    return name_levels(
        [members],
        labels=labels,
        popularity=np.arange(members.size)[::-1],
        fields=pl.DataFrame(fields or {}),
        described=described,
        earlier=earlier,
    )[0]


def texts(*arguments, **options) -> list[str]:
    return [name.text for name in named(*arguments, **options)]


HALVES = [0] * 10 + [1] * 10


def test_a_value_that_is_common_everywhere_names_nothing():
    genre = ["fantasy"] * 10 + ["history"] * 10
    assert texts(HALVES, {"format": ["paper"] * 20, "genre": genre}) == ["fantasy", "history"]


def test_a_value_of_few_members_that_others_have_too_gives_way_to_the_two_best_known():
    labels = [f"Title {chr(97 + i)} (Series, #{i})" for i in range(20)]
    genre = ["fantasy"] * 3 + [None] * 7 + ["fantasy"] * 2 + [None] * 8
    assert texts(HALVES, {"genre": genre}, labels=labels) == ["Title a · Title b", "Title k · Title l"]


FIFTHS = np.repeat(np.arange(5), 20).tolist()


def in_the_first(*values: tuple[str, int], elsewhere: int = 0) -> list[str | None]:
    """Values of 100 entities: in the first fifth so many of each, and of the first value some in the last."""
    listed: list[str | None] = [value for value, count in values for _ in range(count)]
    listed += [None] * (100 - len(listed))
    listed[100 - elsewhere :] = [values[0][0]] * elsewhere
    return listed


def test_what_is_true_of_many_and_of_hardly_anybody_else_names_where_nothing_is_true_of_most():
    name = named(FIFTHS, {"genre": in_the_first(("horror", 8), elsewhere=1)})[0]
    assert (name.text, name.share) == ("horror", 0.4)
    assert name.lift == pytest.approx(0.4 / 0.09)
    assert "horror" not in texts(FIFTHS, {"genre": in_the_first(("horror", 5), elsewhere=5)})


def test_values_that_are_at_home_in_a_region_name_it_together():
    name = named(FIFTHS, {"maker": in_the_first(("pandas", 4), ("pyarrow", 4))})[0]
    assert (name.text, name.share) == ("pandas & pyarrow", 0.4)


def test_a_region_inside_may_say_more_truly_what_few_of_the_one_around_it_are():
    outer, inner = np.repeat([0, 1, 2, 3], 50), np.repeat(np.arange(8), 25)
    genre = ["horror"] * 20 + [None] * 179 + ["horror"]
    coarse, fine = name_levels(
        [outer, inner],
        labels=[f"Book {chr(97 + i % 26)}{i // 26}" for i in range(200)],
        popularity=np.arange(200),
        fields=pl.DataFrame({"genre": genre, "theme": ["ghosts"] * 24 + [None] * 176}),
    )
    assert coarse[0].text != fine[0].text
    assert {coarse[0].text, fine[0].text} & {"horror", "ghosts", "horror · ghosts", "ghosts · horror"}


def test_words_of_paths_name_a_region_though_few_have_each():
    words = ["frida", "exploit", "osint"]
    labels = [f"own{i}x/{words[i % 3]}-{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(12)]
    labels += [f"own{i}y/{chr(97 + i % 26)}{chr(97 + i // 26)}qq{i}" for i in range(12, 240)]
    found = named(np.repeat(np.arange(4), 60).tolist(), labels=labels)[0]
    assert set(found.text.split(" · ")) == set(words)
    assert (found.kind, found.share) == ("word", 0.2)


def test_a_word_that_is_hardly_without_another_is_told_with_it():
    thing = ["parser", "corpus", "model", "grammar", "metric"]
    about = ["on named entity", "of speech", "for translation", "in dialogue", "with parsing"]
    labels = [f"{about[i // 20]} {thing[i % 5]} {chr(97 + i % 20)}{chr(97 + i // 20)}" for i in range(100)]
    assert texts(FIFTHS, labels=labels) == ["named entity", "speech", "translation", "dialogue", "parsing"]


def test_codes_that_share_a_region_are_named_with_their_field_once():
    digits = [["4", "9"][i % 2] for i in range(20)] + [str(i % 3) for i in range(80)]
    described = [{"name": "class", "type": "category", "label": "Class", "unit": None}]
    assert texts(FIFTHS, {"class": digits}, described=described)[0] == "class 4 & 9"


def test_of_two_regions_of_which_the_same_is_all_that_can_be_said_the_second_is_counted():
    digits = ["1"] * 40 + ["2"] * 60
    numbers = [f"{digit} #{i}" for i, digit in enumerate(digits)]
    described = [{"name": "class", "type": "category", "label": "Class", "unit": None}]
    found = texts([0] * 20 + [1] * 20 + [2] * 60, {"class": digits}, labels=numbers, described=described)
    assert set(found[:2]) == {"class 1", "class 1 (2)"}


def test_a_hyphen_is_a_space_in_tags_and_part_of_a_name_elsewhere():
    assert texts(HALVES, {"tags": [["young-adult"]] * 10 + [["picture-book"]] * 10}) == ["young adult", "picture book"]
    assert texts(HALVES, {"package": ["scikit-learn"] * 10 + ["prompt-toolkit"] * 10}) == [
        "scikit-learn",
        "prompt-toolkit",
    ]


def test_typical_of_a_region_are_different_things():
    fields = {"author": ["Agatha Christie"] * 10 + [None] * 10, "tags": [["agatha-christie"]] * 10 + [[]] * 10}
    assert [text for text, *_ in named(HALVES, fields)[0].typical] == ["Agatha Christie"]


def test_a_range_of_dates_says_of_what_it_is_where_another_field_says_when_too():
    years = [2020] * 10 + [2010] * 10 + [2025] * 10
    seen = [date(year, 3, 1 + i % 10) for i, year in enumerate(years)]
    members = np.repeat([0, 1, 2], 10).tolist()
    assert texts(members, {"year": years, "seen": seen}, described=[YEAR])[0] == "2020"
    other = [1990, 2000, 2011, 1995, 2005] * 6
    assert texts(members, {"year": other, "seen": seen}, described=[YEAR])[0] == "seen Mar 2020"


YEAR = {"name": "year", "type": "year", "label": "Year", "unit": None}


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(-500, 2030), min_size=10, max_size=60),
    st.sampled_from(["year", "number", "date"]),
    st.sampled_from([None, "pages"]),
)
def test_a_range_is_read_as_it_was_written(values, kind, unit):
    scaled = np.array(values) * (86_400 * 30.0 if kind == "date" else 1.0)
    [quantity] = quantities(pl.DataFrame({"v": scaled}), {"v": kind}, {"v": "Length"}, {"v": unit}) or [None]
    if quantity is None:
        return
    inside = np.arange(len(values) // 2 + 1)
    for one in ranges_of(quantity, inside):
        read = range_of(one.text, quantity, inside)
        assert read is not None
        if kind != "date":
            assert (read.low, read.high, read.share) == (one.low, one.high, one.share)
        else:  # of a date the month or year is said
            assert read.share >= one.share
    assert range_of("fantasy", quantity, inside) is None


def test_a_range_that_is_still_true_stays_though_another_fits_a_little_better():
    members = [0] * 20 + [1] * 60
    years = [*range(1990, 2000), *range(1990, 2000), *range(1950, 1990), *range(2000, 2020)]
    assert texts(members, {"year": years}, described=[YEAR])[0] == "1990 – 1999"
    assert texts(members, {"year": years}, described=[YEAR], earlier=[["1991 – 1999", ""]])[0] == "1991 – 1999"
    assert texts(members, {"year": years}, described=[YEAR], earlier=[["1960 – 1970", ""]])[0] == "1990 – 1999"


def test_spellings_of_one_thing_are_one():
    tags = [["sci-fi"]] * 4 + [["scifi"]] * 3 + [["Science Fiction"]] * 3 + [["crime"]] * 10
    name = named(HALVES, {"tags": tags})[0]
    assert (name.text, name.share, name.lift) == ("science fiction", 1.0, 2.0)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("tags", ["to-read", "owned"]),
        ("cluster", ["14", "29"]),
        ("hash", ["9f86d081884c7d65", "2c26b46b68ffc68f"]),
        ("code", ["a91f0c77d2e1", "b77e0c11d2f9"]),
        ("ref_x", [1.0, 20.0]),
        ("source", ["import one", "import two"]),
    ],
)
def test_what_is_no_trait_is_never_used(field, values):
    found = texts(HALVES, {field: np.repeat(values, 10).tolist()})
    assert found == ["Book a · Book b", "Book k · Book l"]


def test_years_dates_and_numbers_are_ranges():
    decades = [0] * 10 + [1] * 10 + [2] * 10
    years = [*range(1975, 1985), *range(1990, 2000), *range(2005, 2015)]
    described = [{"name": "year", "type": "year", "label": "Year", "unit": None}]
    assert texts(decades, {"year": years}, described=described)[1] in ("1990 – 1999", "1990 – 1998")
    seen = [date(2020, 3, 1 + i) for i in range(10)] + [date(2021, 3, 1 + i) for i in range(20)]
    assert "2020" in texts(decades, {"when": seen})[0]
    pages = [{"name": "pages", "type": "number", "label": "Pages", "unit": "pages"}]
    members = [0] * 5 + [1] * 45
    assert texts(members, {"pages": [*range(410, 460, 10), *range(10, 370, 8)]}, described=pages)[0] == "over 400 pages"


def test_words_of_labels_and_beginnings_of_paths_name_too():
    labels = [f"org{i}x/kubernetes-thing{chr(97 + i)}" for i in range(10)] + [
        f"own{i}y/laravel-stuff{chr(97 + i)}" for i in range(30)
    ]
    assert "kubernetes" in texts([0] * 10 + [1] * 30, labels=labels)[0]
    paths = [f"numpy.linalg.f{chr(97 + i)}" for i in range(10)] + [f"torch.nn.g{chr(97 + i)}" for i in range(10)]
    assert {name.split(".")[0] for name in texts(HALVES, labels=paths)} == {"numpy", "torch"}


def test_two_genres_that_share_a_region_are_both_named():
    genres = [["fantasy"]] * 5 + [["science fiction"]] * 5 + [["crime"]] * 20
    assert texts([0] * 10 + [1] * 20, {"genres": genres})[0] == "fantasy & science fiction"


def test_inside_a_region_of_two_genres_one_may_be_of_one():
    outer, inner = np.array([0] * 20 + [1] * 60), np.array([0] * 10 + [1] * 10 + [2] * 60)
    genres = [["fantasy"]] * 10 + [["science fiction"]] * 10 + [["crime"]] * 60
    coarse, fine = name_levels(
        [outer, inner],
        labels=[f"Book {chr(97 + i % 26)}{i // 26}" for i in range(80)],
        popularity=np.arange(80),
        fields=pl.DataFrame({"genres": genres}),
    )
    assert coarse[0].text == "fantasy & science fiction"
    assert [name.text for name in fine][:2] == ["fantasy", "science fiction"]


def test_what_the_region_around_says_is_not_said_again():
    outer, inner = np.array([0] * 20 + [1] * 20), np.array([0] * 10 + [1] * 10 + [2] * 20)
    genres = [["fantasy", "elves"]] * 10 + [["fantasy", "dragons"]] * 10 + [["history"]] * 20
    coarse, fine = name_levels(
        [outer, inner],
        labels=[f"Book {chr(97 + i % 26)}{i // 26}" for i in range(40)],
        popularity=np.arange(40),
        fields=pl.DataFrame({"genres": genres}),
    )
    assert [name.text for name in coarse] == ["fantasy", "history"]
    assert [name.text for name in fine][:2] == ["elves", "dragons"]
    assert fine[2].text not in ("history", "fantasy")


def test_a_name_that_is_true_stays_though_another_would_be_a_little_better():
    fields = {"genre": ["fantasy"] * 9 + [None] + ["history"] * 10, "theme": ["elves"] * 10 + ["kings"] * 10}
    assert texts(HALVES, fields)[0] == "elves"
    assert texts(HALVES, fields, earlier=[["fantasy", ""]])[0] == "fantasy"
    assert texts(HALVES, fields, earlier=[["poetry", ""]])[0] == "elves"


def test_languages_and_countries_have_names():
    assert [spelled_out("language", code) for code in ("ara", "en-US", "fre")] == ["Arabic", "English", "French"]
    assert spelled_out("country_code", "DE") == "Germany"
    assert spelled_out("title", "DE") == "DE"


@pytest.mark.parametrize("shelf", ["to-read", "books-i-own", "read-in-2015", "kindle", "book-club", "5-stars", "dnf"])
def test_shelf_marks_are_known(shelf):
    assert is_kept(shelf)


@pytest.mark.parametrize("genre", ["fantasy", "non-fiction", "young-adult", "historical-fiction", "1920s"])
def test_genres_are_no_shelf_marks(genre):
    assert not is_kept(genre)


def test_values_of_several_letters_hold_for_each_of_them():
    colours = ["W"] * 3 + ["WU"] * 7 + ["U"] * 1 + ["R"] * 9
    name = named(HALVES, {"colors": colours})[0]
    assert (name.text, name.share) == ("colors W", 1.0)
    spoken = ["white"] * 3 + ["white & blue"] * 7 + ["blue"] * 1 + ["red"] * 9
    assert texts(HALVES, {"colors": spoken})[0] == "white"


def test_words_are_those_of_the_last_part_of_a_path():
    labels = [f"someone{chr(97 + i)}/kubernetes-thing{chr(97 + i)}" for i in range(10)]
    labels += [f"bigowner/other{chr(97 + i)}" for i in range(10)]
    labels += [f"by{chr(97 + i)}/thing{chr(97 + i)}" for i in range(20)]
    assert texts([0] * 10 + [1] * 10 + [2] * 20, labels=labels)[:2] == ["kubernetes", "bigowner"]


def test_those_who_are_at_home_in_a_region_speak_for_it():
    labels = ["Island", "Splinter Twin", *(f"Card {chr(97 + i)}" for i in range(18))]
    neighbours = np.stack([np.arange(1, 7) if i < 10 else np.arange(10, 16) for i in range(20)])
    neighbours[0] = np.arange(12, 18)  # is found with everybody
    found = name_levels([np.array(HALVES)], labels=labels, popularity=np.arange(20)[::-1], neighbours=neighbours)
    assert found[0][0].text == "Splinter Twin · Card a"


def test_a_name_knows_of_whom_it_is_true():
    genre = ["fantasy"] * 9 + ["history"] * 11
    first, second = named(HALVES, {"genre": genre})
    assert first.holds is not None
    assert first.holds().tolist() == [value == "fantasy" for value in genre]
    assert second.share == 1.0


@given(st.text(st.characters(categories=["Ll", "Lu", "Nd", "Zs", "Pd", "Po"]), max_size=80))
def test_a_member_is_never_cut_between_its_marks(label):
    shown = readable.member_name(label)
    assert len(shown) <= readable.LONGEST_MEMBER
    assert "…" not in shown
    turned = re.sub(r"^(The|A|An) (.+)$", r"\2, \1", shown)
    whole = " ".join(label.split())
    heads = [head for head in (shown, turned) if head]
    assert not heads or any(f"{whole} ".startswith((f"{head} ", f"{head}:", f"{head};")) for head in heads)


def test_names_by_hand_find_their_regions_again():
    coarse, fine = np.array([0] * 20 + [1] * 20), np.array([0] * 10 + [1] * 10 + [2] * 20)
    ids = pl.Series(range(100, 140))
    labels = [f"Book {i}" for i in range(40)]
    names = [
        HandName("Elves", [101, 102, "Book 3"]),
        HandName("All of fantasy", [101, 102, 103], size=21),
        HandName("Lost", ["Nowhere"]),
        HandName("Scattered", [101, 112, 125]),
        HandName("Elves again", [104, 105]),
    ]
    given, said = matched(names, [coarse, fine], ids, labels)
    assert given == [{0: "All of fantasy"}, {0: "Elves"}]
    assert [sentence.split(":")[0] for sentence in said] == ["Lost", "Scattered", "Elves again"]
    assert "none of its 1 members is on the map" in said[0]


def test_a_name_by_hand_stands_before_all_others():
    found = name_levels(
        [np.array(HALVES)],
        labels=[f"Book {chr(97 + i)}" for i in range(20)],
        popularity=np.arange(20),
        fields=pl.DataFrame({"genre": ["fantasy"] * 10 + ["history"] * 10}),
        given=[{1: "fantasy"}],
    )[0]
    assert [name.kind for name in found] == ["members", "hand"]
    assert [name.text for name in found] == ["Book j · Book i", "fantasy"]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["fantasy", "crime", "poetry", "travel", None])),
        min_size=12,
        max_size=60,
    )
)
def test_no_name_twice_and_every_stated_share_is_the_real_one(rows):
    members = np.unique([region for region, _ in rows], return_inverse=True)[1]
    genre = np.array([value or "" for _, value in rows])
    found = named(members, {"genre": genre})
    assert len({name.text for name in found}) == len(found)
    for region, name in enumerate(found):
        if name.text in genre:
            inside, holds = members == region, genre == name.text
            share = holds[inside].mean()
            tells = share * np.log(share / holds.mean()) >= 0.6
            home = holds[inside].sum() / holds.sum()
            assert share >= 0.5 or tells or (share >= 0.4 and home >= 0.5) or (share >= 0.25 and home >= 0.6)
            assert name.share == pytest.approx(share)
            assert name.lift == pytest.approx(share / (genre == name.text).mean())
