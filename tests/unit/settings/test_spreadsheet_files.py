"""rooms.csv as spreadsheet programs write it: encodings, other kinds of file, and the numbers of the rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import UserError
from connector.settings import RoomsResult, load_rooms, load_settings

HEADER = "id,name,calendar,device_type,ip_address,notes"


def load(folder: Path, data: bytes) -> RoomsResult:
    path = folder / "rooms.csv"
    path.write_bytes(data)
    return load_rooms(path, load_settings(None, {}).settings, known_drivers=("cisco",))


def refused(folder: Path, data: bytes) -> str:
    with pytest.raises(UserError) as caught:
        load(folder, data)
    (sentence,) = caught.value.problems
    return sentence


def table(names: list[str], delimiter: str = ",", end: str = "\r\n") -> str:
    rows = [f"r{n},{name},{n}.ics,cisco,10.0.{n // 250}.{n % 250 + 1}," for n, name in enumerate(names)]
    return "".join(row.replace(",", delimiter) + end for row in [HEADER, *rows])


# ------------------------------------------------------------------------------------ C1: what kind of file it is


@pytest.mark.parametrize(
    ("encoding", "end", "told"),
    [
        ("cp1252", "\r\n", "Windows-1252"),
        ("cp1252", "\n", "Windows-1252"),
        ("cp850", "\r\n", "DOS (code page 850)"),
        ("mac_roman", "\r", "Mac Roman"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_c1_an_older_encoding_is_read_with_one_warning(
    tmp_path: Path, encoding: str, end: str, told: str, delimiter: str
) -> None:
    names = [f"Besprechungsraum München {n} größer" for n in range(300)]
    result = load(tmp_path, table(names, delimiter, end).encode(encoding))
    assert [room.name for room in result.rooms] == names
    assert result.problems == ()
    assert result.warnings == (
        f"rooms.csv: this is not UTF-8 text; it is read as {told}."
        " Look whether the names are right, or save the file as CSV UTF-8.",
    )


def test_c1_one_accent_in_an_export_of_windows_is_read(tmp_path: Path) -> None:
    result = load(tmp_path, table(["Plain", "Café"]).encode("cp1252"))
    assert ([room.name for room in result.rooms], result.problems) == (["Plain", "Café"], ())
    assert len(result.warnings) == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-8", "utf-32"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_c1_unicode_text_is_read_as_it_is(tmp_path: Path, encoding: str, mark: str, delimiter: str, end: str) -> None:
    result = load(tmp_path, (mark + table(["Salle é", "会议室"], delimiter, end)).encode(encoding))
    assert [room.name for room in result.rooms] == ["Salle é", "会议室"]
    assert (result.problems, result.warnings) == ((), ())


def test_c1_lines_of_two_encodings_are_both_read(tmp_path: Path) -> None:
    lines = table(["Zürich", "Köln", "Łódź", "Plain"], end="\n").splitlines(keepends=True)
    data = b"".join(line.encode("utf-8" if "Ł" in line else "cp1252") for line in lines)
    result = load(tmp_path, data)
    assert [room.name for room in result.rooms] == ["Zürich", "Köln", "Łódź", "Plain"]
    assert result.problems == ()
    (sentence,) = result.warnings
    assert sentence.startswith("rooms.csv: some lines are not UTF-8 text; they are read as Windows-1252.")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00", "rooms.csv: this is a workbook; in the spreadsheet program, save it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "rooms.csv: this is a workbook of an old kind (.xls); in the"),
        (b"<html><body><table><tr><td>id</td></tr></table>", "rooms.csv: this is a web page or XML, not a table;"),
        (b"\xef\xbb\xbf\r\n<!DOCTYPE html>\n", "rooms.csv: this is a web page or XML, not a table;"),
        ("<?xml version='1.0'?><Workbook/>".encode("utf-16"), "rooms.csv: this is a web page or XML, not a table;"),
        (b"{\\rtf1\\ansi id;calendar}", "rooms.csv: this is a formatted text (RTF);"),
        (b"%PDF-1.7\n", "rooms.csv: this is a PDF;"),
        (b"", "rooms.csv: the file is empty;"),
        (b"\xef\xbb\xbf", "rooms.csv: the file is empty;"),
        (b"\xff\xfe", "rooms.csv: the file is empty;"),
        (b"\0" * 4096, "rooms.csv: the file is empty;"),
        (b"sep=;\r\n", "rooms.csv: the file is empty;"),
        (b" \r\n\xc2\xa0\r\n", "rooms.csv: the file is empty;"),
    ],
)
def test_c1_a_file_of_another_kind_is_one_sentence(tmp_path: Path, data: bytes, sentence: str) -> None:
    assert refused(tmp_path, data).startswith(sentence)


def test_c1_a_nul_character_costs_its_row_and_padding_nothing(tmp_path: Path) -> None:
    """A damaged byte must not choose a unit."""
    result = load(tmp_path, table(["One", "Two\0"]).encode() + b"\0" * 100)
    assert [room.name for room in result.rooms] == ["One"]
    (sentence,) = result.problems
    assert "row 3" in sentence


def test_c1_a_mistake_of_all_rows_is_one_sentence(tmp_path: Path) -> None:
    lines = table(["Room"] * 300).splitlines()
    result = load(tmp_path, "\n".join([lines[0], *(f"{line},more" for line in lines[1:])]).encode())
    (sentence,) = result.problems
    assert sentence.startswith("rooms.csv, rows 2, 3, 4 and 297 more: there are 7 cells but 6 columns;")


@pytest.mark.parametrize(
    ("encoding", "sentence"),
    [
        ("utf-16", "connector.toml: this is UTF-16 text; save the file as plain text in UTF-8."),
        ("utf-16-le", "connector.toml: this is UTF-16 text; save the file as plain text in UTF-8."),
        ("utf-16-be", "connector.toml: this is UTF-16 text; save the file as plain text in UTF-8."),
        ("utf-32", "connector.toml: this is UTF-32 text; save the file as plain text in UTF-8."),
        ("cp1252", "connector.toml, line 2: this is not UTF-8 text; save the file as UTF-8."),
    ],
)
def test_c1_settings_in_another_encoding_are_one_sentence(tmp_path: Path, encoding: str, sentence: str) -> None:
    (tmp_path / "connector.toml").write_bytes("[connector]\r\nname = 'Zürich'\r\n".encode(encoding))
    with pytest.raises(UserError) as caught:
        load_settings(tmp_path, {})
    assert caught.value.problems == (sentence,)


@pytest.mark.parametrize(
    ("data", "kind"), [(b"PK\x03\x04\x14", "a workbook"), (b"{\\rtf1 [connector]}", "a formatted text (RTF)")]
)
def test_c1_settings_of_another_kind_are_one_sentence(tmp_path: Path, data: bytes, kind: str) -> None:
    (tmp_path / "connector.toml").write_bytes(data)
    with pytest.raises(UserError) as caught:
        load_settings(tmp_path, {})
    assert caught.value.problems == (f"connector.toml: this is {kind}; save the file as plain text in UTF-8.",)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_c1_settings_may_have_any_line_ends(tmp_path: Path, end: str) -> None:
    (tmp_path / "connector.toml").write_bytes(f"[connector]{end}name = 'south'{end}".encode())
    assert load_settings(tmp_path, {}).settings.connector.name == "south"


# ------------------------------------------------------------------------------------ C2: the numbers of the rows

BAD = "bad,Bad,b.ics,cisco,10.0.0.9.9,"


def row_of_the_bad_room(folder: Path, text: str) -> int:
    (sentence,) = load(folder, text.encode()).problems
    assert ", column ip_address: '10.0.0.9.9' is not an IP address" in sentence
    return int(sentence.removeprefix("rooms.csv, row ").partition(",")[0])


@pytest.mark.parametrize(
    ("above", "row"),
    [
        ("", 1),
        ("sep=,\n", 1),
        ("\ufeffsep=,\n", 1),
        ('"sep=,"\n', 1),
        ("sep=,,,,,\n", 1),
        ("SEP=;\n", 1),
        ("\n", 2),
        (",,,,,\n", 2),
        ("# our rooms\n\n", 3),
        ('"# our\nrooms",,,,,\n', 2),
        ('# ours,"in\nBerlin",,,,\n', 2),
        ("sep=,\n\n# ours\n", 3),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_c2_rows_above_the_header_count_as_in_the_spreadsheet(tmp_path: Path, above: str, row: int, end: str) -> None:
    text = f"{above}{HEADER}\n{BAD}\n".replace("\n", end)
    assert row_of_the_bad_room(tmp_path, text) == row + 1
    broken = f"{above}{HEADER.replace('ip_address', 'x')}\n".replace("\n", end)
    assert refused(tmp_path, broken.encode()).startswith(f"rooms.csv, row {row}: there is no column ip_address;")


@pytest.mark.parametrize(
    ("between", "rows"),
    [
        ('r1,"two\nlines",a.ics,cisco,10.0.0.1,\n', 1),  # refused, but one row
        ('r1,Room,a.ics,cisco,10.0.0.1,"one\ntwo\n\nthree"\n', 1),
        ('r1,Room,a.ics,cisco,10.0.0.1,"one, ""two""\r\nthree"\n', 1),
        ("\n\n,,,,,\n", 3),
        ("# a remark\n", 1),
        ('"# a remark\nof two lines",,,,,\n', 1),
        ('#,"a remark\nof two lines",,,,\n', 1),
        ('r1,Room,a.ics,cisco,10.0.0.1,"narrow\nor wide",,,\n', 1),
        ('r1,"narrow\nrow"\n', 1),
    ],
)
def test_c2_a_cell_with_line_ends_is_one_row_and_blank_rows_count(tmp_path: Path, between: str, rows: int) -> None:
    result = load(tmp_path, f"{HEADER}\n{between}{BAD}\n".encode())
    assert f"rooms.csv, row {rows + 2}, column ip_address: '10.0.0.9.9' is not an IP" in result.problems[-1]


def test_c2_a_header_with_line_ends_in_its_cells_is_one_row(tmp_path: Path) -> None:
    header = '"id","Room\nname","calendar","Device\ntype","IP\naddress"'
    result = load(tmp_path, f"{header}\nr1,One,a.ics,cisco,10.0.0.1\nbad,Bad,b.ics,cisco,10.0.0.9.9\n".encode())
    assert [room.name for room in result.rooms] == ["One"]
    assert result.problems[0].startswith("rooms.csv, row 3, column ip_address:")


def test_c2_other_rows_are_named_by_the_same_numbers(tmp_path: Path) -> None:
    first = 'r1,Room,a.ics,cisco,10.0.0.1,"a\nb"'
    same_id = 'R1,Room,b.ics,cisco,10.0.0.2,"a\nb"'
    same_unit = "r3,Room,c.ics,cisco,10.0.0.1,"
    result = load(tmp_path, f"sep=,\n{HEADER}\n{first}\n{same_id}\n{same_unit}\n".encode())
    assert result.problems[0].startswith("rooms.csv, row 3, column id: 'R1' is already the id of row 2;")
    assert result.problems[1].startswith("rooms.csv, row 4, column ip_address: room r3")
    assert "of room r1 (row 2)" in result.problems[1]


def test_c2_the_delimiter_that_the_first_line_names_is_used(tmp_path: Path) -> None:
    text = f"sep=|\n{HEADER}\nr1,One,a.ics,cisco,10.0.0.1,\n".replace(",", "|")
    assert [room.id for room in load(tmp_path, text.encode()).rooms] == ["r1"]
