"""What is written as nobody can have meant it: said by ``atlas new`` and by the report, left out, or refused."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from atlas_assets import project
from atlas_assets.errors import AtlasError, DataError
from atlas_assets.publish import address
from atlas_tests.cases import Reading, read_files, read_written

BOOKS = ("Dune", "Emma", "Ulysses", "Ivanhoe", "Walden", "Candide", "Beloved", "Solaris")


def pairs(books: tuple[str, ...] = BOOKS, n: int = 120) -> list[tuple[str, str]]:
    """Readers and books, in the order of the readers."""
    drawn = random.Random(0)
    return sorted({(f"u{drawn.randrange(30):02}", drawn.choice(books)) for _ in range(n)})


def lines(rows: list[tuple], separator: str = ",") -> list[str]:
    return [f"{separator.join(map(str, row))}\n" for row in rows]


def reading(place: Path, text: str, option: str = "interactions", name: str = "a.csv") -> Reading:
    (place / name).write_text(text, encoding="utf-8")
    return read_files(place, option, name)


@pytest.mark.parametrize(
    ("books", "said"),
    [
        (("FranÃ§ois", "BjÃ¶rk", "Emma"), "2 texts such as 'BjÃ¶rk' look like 'Björk', written in UTF-8"),
        (("FranÃ§ois", "François", "Emma"), "1 of them are there in both spellings, as two. Export it again, or mend"),
        (("Fran\ufffdois", "Dune", "Emma"), "1 texts such as 'Fran\ufffdois' hold letters that what made the file"),
        (("Bill &amp; Ted", "AC&#47;DC", "Emma"), "2 texts such as 'AC&#47;DC' hold signs as web pages write them"),
        (("Dune", "DUNE", "Emma"), "'DUNE' and 'Dune' differ only in capitals, as do 1 in all; they are as many ids"),
        (("Total", "Dune", "Emma"), "'Total' was read as one entity more. If it stands for a sum, leave it out"),
    ],
)
def test_ids_that_look_wrong_are_said_and_kept(books: tuple[str, ...], said: str, place: Path) -> None:
    rows = pairs(books)
    got = reading(place, "".join(["user,artist\n", *lines(rows)]))
    assert "column 'artist' of a.csv: " in got.printed
    assert said in got.printed
    assert said in got.notes
    assert set(got.entities["id"]) == set(books)
    assert got.report["rows"] == len(rows)


def test_nothing_is_said_of_names_as_people_have_them(place: Path) -> None:
    books = ("Björk", "Ångström", "Sigur Rós", "AT&T", "R&B;", "L'Âge d'or", "Total Recall", "Sum 41", "Πλάτων")
    got = reading(place, "".join(["user,artist\n", *lines(pairs(books))]))
    for said in ("look like", "hold ", "differ only", "more. If"):
        assert said not in got.printed + got.notes


@pytest.mark.parametrize("option", ["interactions", "vectors", "table", "edges"])
def test_a_header_that_comes_again_is_left_out(option: str, place: Path) -> None:
    names, rows = "user,book", pairs()
    if option in ("vectors", "table"):
        names, rows = "city,a,b,c", [(f"c{i}", i * 0.37 % 1, i * 0.61 % 1, i * 0.77 % 1) for i in range(40)]
    elif option == "edges":
        names, rows = "source,target,weight", [(a, b, i + 1) for i, a in enumerate(BOOKS) for b in BOOKS[:i]]
    made = lines(rows)
    cut = len(made) // 2
    (place / "a.csv").write_text("".join([names, "\n", *made[:cut], names, "\n", *made[cut:]]), encoding="utf-8")
    got = read_files(place, option, "a.csv")
    said = "its header comes 1 more times among the rows; these lines were left out"
    assert said in got.printed
    assert said in got.notes
    assert got.report["rows"] == len(rows)


def test_a_first_row_that_comes_again_is_no_header(place: Path) -> None:
    rows = [("ann", "Dune"), *((a.replace("u", "reader "), b) for a, b in pairs()), ("ann", "Emma"), ("ann", "Dune")]
    got = reading(place, "".join(lines(rows)))
    assert got.report["rows"] == len(rows)
    assert "has no header" in got.printed


@pytest.mark.parametrize("drawn", ["psql", "mysql", "markdown"])
def test_a_table_that_is_drawn_is_read_without_its_lines(drawn: str, place: Path) -> None:
    rows = pairs()
    if drawn == "psql":
        text = f" user | book \n------+------\n{''.join(f' {a} | {b} {chr(10)}' for a, b in rows)}({len(rows)} rows)\n"
    else:
        ruler = "+---+---+\n" if drawn == "mysql" else ""
        below = ruler or "|---|---|\n"
        text = f"{ruler}| user | book |\n{below}{''.join(f'| {a} | {b} |{chr(10)}' for a, b in rows)}{ruler}"
    got = reading(place, text, name="a.txt")
    assert "the lines that are drawn between its rows were left out" in got.printed
    assert got.interactions.select("collection", "entity").rows() == rows


def test_sums_of_a_wide_table_are_left_out(place: Path) -> None:
    drawn = random.Random(1)
    cells = {f"r{i}": [drawn.choice([0, 0, 1, 2]) for _ in BOOKS] for i in range(30)}
    text = "reader," + ",".join(BOOKS) + ",Total\n"
    text += "".join(f"{who},{','.join(map(str, row))},{sum(row)}\n" for who, row in cells.items())
    sums = [sum(column) for column in zip(*cells.values(), strict=True)]
    got = reading(place, f"{text}Total,{','.join(map(str, sums))},{sum(sums)}\n")
    assert "the row 'Total' holds the sums of the others, so it was left out" in got.printed
    assert "the column 'Total' holds the sums of the others, so it was left out" in got.printed
    assert got.interactions["value"].sum() == sum(sums)
    assert set(got.entities["id"]) == set(BOOKS)


def test_a_wide_table_of_few_zeros_is_none_of_ids(place: Path) -> None:
    drawn = random.Random(1)
    rows = [f"r{i},{','.join(str(drawn.randrange(6)) for _ in BOOKS)}\n" for i in range(30)]
    got = reading(place, "".join([f"reader,{','.join(BOOKS)}\n", *rows]))
    assert "a table with a column for every entity" in got.printed
    assert set(got.entities["id"]) == set(BOOKS)


def test_a_title_above_a_sheet_is_no_header(place: Path) -> None:
    rows = pairs()
    book = xlsxwriter.Workbook(str(place / "a.xlsx"))
    sheet = book.add_worksheet("loans")
    sheet.write(0, 0, "Loans of 2020")
    for i, row in enumerate([("user", "book"), *rows]):
        sheet.write_row(i + 2, 0, row)
    book.close()
    got = read_files(place, "interactions", "a.xlsx")
    assert "what stands above its header was left out (Loans of 2020)" in got.printed
    assert got.interactions.select("collection", "entity").rows() == rows


def test_names_above_fields_between_blanks_are_a_header(place: Path) -> None:
    rows = pairs()
    got = reading(place, "user  book\n" + "".join(f"{a:<6}{b:<12}\n" for a, b in rows), name="a.txt")
    assert got.interactions.select("collection", "entity").rows() == rows


def test_years_of_two_figures_are_of_this_century_or_the_last(place: Path) -> None:
    rows = [(*pair, f"{i % 28 + 1:02}/{i % 12 + 1:02}/{(i * 7) % 100:02}") for i, pair in enumerate(pairs())]
    got = reading(place, "".join(["user,book,date\n", *lines(rows)]))
    seconds = got.interactions["timestamp"]
    years = pl.from_epoch(seconds, "s").dt.year()
    assert (years % 100).to_list() == [int(row[2][-2:]) for row in rows]
    assert years.min() >= 1930  # type: ignore[operator]
    assert years.max() <= 2069  # type: ignore[operator]
    assert "day first, two figures of the year" in got.printed


def test_times_in_two_units_are_refused_with_their_row(place: Path) -> None:
    rows = [(*pair, 1_600_000_000 * (1 if i == 7 else 1000)) for i, pair in enumerate(pairs())]
    with pytest.raises(DataError, match=r"row 8 below.*'timestamp' is '1600000000'; expected Unix milliseconds"):
        reading(place, "".join(["user,book,timestamp\n", *lines(rows)]))


def test_a_column_that_is_no_value_after_all_is_said(place: Path) -> None:
    rows = [(*pair, ("good", "bad")[i % 2], f"2020-Q{i % 4 + 1}") for i, pair in enumerate(pairs())]
    got = reading(place, "".join(["user,book,rating,date\n", *lines(rows)]))
    assert "rating: not read as value, for it holds no numbers ('good', 'bad')" in got.printed
    assert "date: not read as timestamp, for it holds no times ('2020-Q1', '2020-Q2')" in got.printed


def test_collections_of_one_are_said_before_a_run(place: Path) -> None:
    got = reading(place, "user,book\n" + "".join(f"u{i},{BOOKS[i % 8]}\n" for i in range(60)))
    assert "of 60 values of 'user' only 0 stand beside more than one of 'book'" in got.printed
    assert "--collection COLUMN --entity COLUMN" in got.printed


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "Git LFS.*git lfs pull"),
        ("a.svm", "1 3:1 5:2\n0 2:1 5:1\n1 3:1 4:1\n", "SVMlight file.*load_svmlight_file"),
        ("a.net", '*Vertices 2\n1 "a"\n2 "b"\n*Edges\n1 2\n', "Pajek file.*read_pajek"),
        ("a.gv", "graph g {\n a -- b;\n b -- c;\n}\n", "Graphviz.*read_dot"),
        ("a.yaml", "- user: u1\n  book: Dune\n- user: u2\n  book: Emma\n", "YAML file.*safe_load"),
        ("a.sql", "INSERT INTO t VALUES ('u1','Dune'),('u2','Emma');\n", "dump of SQL.*sqlite3"),
    ],
)
def test_forms_that_could_be_taken_for_others_are_refused_with_a_remedy(
    name: str, text: str, said: str, place: Path
) -> None:
    (place / name).write_text(text, encoding="utf-8")
    with pytest.raises(AtlasError, match=f"(?s){said}"):
        read_files(place, "edges" if name in ("a.net", "a.gv") else "interactions", name)


@pytest.mark.parametrize("kind", ["int8", "in braces"])
def test_vectors_of_whole_numbers_and_in_braces_are_read(kind: str, place: Path) -> None:
    drawn = random.Random(2)
    vectors = [[drawn.randrange(-99, 99) for _ in range(8)] for _ in range(40)]
    ids = [f"n{i}" for i in range(40)]
    if kind == "int8":
        held = pl.Series("numbers", vectors, dtype=pl.List(pl.Int8))
        pl.DataFrame({"id": ids, "numbers": held}).write_parquet(place / "a.parquet")
    else:
        text = "".join(f'{i},"{{{",".join(f"{x / 10:.1f}" for x in v)}}}"\n' for i, v in zip(ids, vectors, strict=True))
        (place / "a.csv").write_text(f"id,numbers\n{text}", encoding="utf-8")
    got = read_files(place, "vectors", "a.parquet" if kind == "int8" else "a.csv")
    scale = 1 if kind == "int8" else 10
    assert (got.vectors * scale).round().astype(int).tolist() == vectors


@pytest.mark.parametrize("given", ["s3:/bucket/maps", "s3:bucket/maps", "sftp:/host/maps"])
def test_an_address_with_one_slash_is_no_folder(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_STORAGE", given)
    scheme, meant = given.partition(":")[0], f"{given.partition(':')[0]}://"
    with pytest.raises(AtlasError, match=f"ATLAS_STORAGE is '{given}'.*expected '{meant}"):
        project.storage_root()
    with pytest.raises(AtlasError, match=f"one slash or none behind its scheme; expected '{scheme}://"):
        address.parse(given)


@pytest.mark.parametrize("given", ["s3://bucket/maps", "C:/maps", "/data/s3:maps", "data"])
def test_other_addresses_are_as_they_were(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_STORAGE", given)
    assert project.storage_root() == given


def test_a_second_column_of_vectors_is_no_metadata_and_can_be_asked_for(place: Path) -> None:
    drawn = random.Random(3)
    vectors = {name: [[drawn.random() for _ in range(d)] for _ in range(40)] for name, d in (("title", 4), ("body", 6))}
    table = pl.DataFrame({"id": range(40), **vectors, "year": range(1950, 1990)})
    table.write_parquet(place / "a.parquet")
    got = read_files(place, "vectors", "a.parquet")
    said = "body: other vectors, not read; an atlas of its own maps them: --vector body"
    assert said in got.printed
    assert got.fields == {"year": "year"}
    assert got.vectors.shape == (40, 4)
    other = read_files(place, "vectors", "a.parquet", roles={"vector": "body"})
    assert other.vectors.shape == (40, 6)
    assert "title: other vectors, not read" in other.printed
    spec = place / "defs" / "x" / "defs.yaml"
    bare = [
        line for line in spec.read_text(encoding="utf-8").splitlines() if "fields:" not in line and "year:" not in line
    ]
    spec.write_text("\n".join(bare), encoding="utf-8")
    again = read_written(place)
    assert again.fields == {"year": "year"}
    assert "title: other vectors, not read" in again.notes


def test_what_was_done_to_a_later_file_is_said_too(place: Path) -> None:
    rows = lines(pairs())
    for name, again in (("a1.csv", ""), ("a2.csv", "user,book\n")):
        half = rows[::2] if name == "a1.csv" else rows[1::2]
        (place / name).write_text("".join(["user,book\n", half[0], again, *half[1:]]), encoding="utf-8")
    got = read_files(place, "interactions", "a*.csv")
    assert got.report["rows"] == len(rows)
    assert "a2.csv: its header comes 1 more times among the rows" in got.notes
