"""Cells that a spreadsheet program, or a copy from elsewhere, has changed: the sentence names mistake and fix."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from connector.cli.commands.rooms import rooms_group
from connector.cli.rooms import _as_csv
from connector.settings import RoomsResult, load_rooms, load_settings
from device_drivers.api import TlsPolicy

GOOD = {
    "id": "r1",
    "name": "Room",
    "calendar": "a.ics",
    "device_type": "cisco",
    "ip_address": "10.0.0.1",
    "port": "443",
    "serial_number": "FTT1",
    "device_management": "yes",
    "notes": "",
}
AGAIN = "format the column as text and type the value again."


def load(folder: Path, *rows: dict[str, str], toml: str = "") -> RoomsResult:
    (folder / "connector.toml").write_text(toml)
    lines = [";".join('"' + cell.replace('"', '""') + '"' for cell in (GOOD | cells).values()) for cells in rows]
    (folder / "rooms.csv").write_text("\n".join([";".join(GOOD), *lines]), encoding="utf-8", newline="")
    return load_rooms(folder / "rooms.csv", load_settings(folder, {}).settings, known_drivers=("cisco",))


def sentence_for(folder: Path, column: str, cell: str, toml: str = "") -> str:
    result = load(folder, {column: cell}, toml=toml)
    assert result.rooms == ()
    (sentence,) = result.problems
    assert sentence.startswith(f"rooms.csv, row 2, column {column}: ")
    return sentence.removeprefix(f"rooms.csv, row 2, column {column}: ")


@pytest.mark.parametrize(
    "mac",
    [
        "00:1A:2B:3C:4D:5E",
        "0:1a:2b:3c:4d:5e",
        "00-1A-2B-3C-4D-5E",
        "00 1A 2B 3C 4D 5E",
        "001a.2b3c.4d5e",
        "001A2B3C4D5E",
        "001A2B-3C4D5E",
    ],
)
def test_c7_a_mac_address_is_named(tmp_path: Path, mac: str) -> None:
    assert sentence_for(tmp_path, "ip_address", mac) == (
        f"'{mac}' is a MAC address; give the unit's IP address or host name."
    )


@pytest.mark.parametrize(
    "name", ["codec-1a.example.org", "deadbeef", "sep001a2b3c4d5e", "mar-01", "10-0-0-1.example.org"]
)
def test_c7_host_names_stay_valid(tmp_path: Path, name: str) -> None:
    assert load(tmp_path, {"ip_address": name}).rooms[0].ip_address == name


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("http://10.0.0.7", "'10.0.0.7'?"),
        ("https://10.0.0.7/", "'10.0.0.7'?"),
        ("HTTPS://10.0.0.7:8443/web/", "'10.0.0.7' with 8443 in the column port?"),
        ("http:\\\\10.0.0.7", "'10.0.0.7'?"),
        ("http:10.0.0.7", "'10.0.0.7'?"),
        ("https//10.0.0.7", "'10.0.0.7'?"),
        ("sip:room@10.0.0.7", "'10.0.0.7'?"),
        ("https://codec.example.org/x", "'codec.example.org'?"),
        ("10.0.0.7:8443", "'10.0.0.7' with 8443 in the column port?"),
        ("10.0.0.7:99999", "'10.0.0.7'?"),
        ("[fd00::7]:8443", "'fd00::7' with 8443 in the column port?"),
        ("codec.example.org:8443", "'codec.example.org' with 8443 in the column port?"),
        ("10.0.0.7/web/signin", "'10.0.0.7'?"),
        ("10.0.0.7/24", "'10.0.0.7'?"),
        ("1O.0.O.7", "'10.0.0.7'?"),
        ("10.0.0.1O", "'10.0.0.10'?"),
        ("l0.0.0.I", "'10.0.0.1'?"),
        ("http://10.0.0.1O/", "'10.0.0.10'?"),
        ("10,0,0,7", "'10.0.0.7'?"),
        ("10.0.0,7", "'10.0.0.7'?"),
        ("10..0.0.7", "'10.0.0.7'?"),
        ("10.0.0.7.", "'10.0.0.7'?"),
        ("10.0.0. 7", "'10.0.0.7'?"),
        ("192168001007", "'192.168.1.7'?"),
        ("10020001007", "'10.20.1.7'?"),
        ("“10.0.0.7”", "'10.0.0.7'?"),
        ("'10.0.0.7'", "'10.0.0.7'?"),
        ('="10.0.0.7"', "'10.0.0.7'?"),
    ],
)
def test_c7_an_address_with_more_around_it_is_told_with_what_was_meant(tmp_path: Path, cell: str, meant: str) -> None:
    assert sentence_for(tmp_path, "ip_address", cell).endswith(f"did you mean {meant}")


@pytest.mark.parametrize("cell", ["1,23E+05", "1.23E+05", "1,92168E+11", "1E+05", "1.23e+05"])
@pytest.mark.parametrize("column", ["ip_address", "id", "port", "serial_number", "calendar", "device_type"])
def test_c7_a_shortened_number_is_named(tmp_path: Path, column: str, cell: str) -> None:
    assert sentence_for(tmp_path, column, cell) == (
        f"'{cell}' is a long number that the spreadsheet program has shortened; {AGAIN}"
    )


@pytest.mark.parametrize("cell", ["01.02.2026", "1-Mar", "01-Mar-26", "2026-02-01", "1/2/2026", "3. Mrz", "10:30:00"])
def test_c7_a_date_in_place_of_an_address_is_named(tmp_path: Path, cell: str) -> None:
    assert sentence_for(tmp_path, "ip_address", cell) == (
        f"'{cell}' is a date or a time that the spreadsheet program has made of what was typed; {AGAIN}"
    )


def test_c7_the_number_of_a_date_is_named(tmp_path: Path) -> None:
    assert sentence_for(tmp_path, "ip_address", "45231") == (
        f"'45231' is a number, perhaps what the spreadsheet program keeps for a date; {AGAIN}"
    )


@pytest.mark.parametrize("cell", ["01.02.2026", "1-Mar", "2026-02-01", "Mar-26", "12-Dez"])
@pytest.mark.parametrize("column", ["id", "name", "serial_number"])
def test_c7_what_looks_like_a_date_but_may_be_meant_is_a_warning(tmp_path: Path, column: str, cell: str) -> None:
    result = load(tmp_path, {column: cell})
    assert (len(result.rooms), result.problems) == (1, ())
    assert result.warnings == (
        f"rooms.csv, row 2, column {column}: '{cell}' looks like a date that the spreadsheet program has made of it;"
        f" if so, {AGAIN}",
    )


@pytest.mark.parametrize(
    "cell",
    [
        "#REF!",
        "#N/A",
        "#NAME?",
        "#VALUE!",
        "#DIV/0!",
        "#BEZUG!",
        "#NV",
        "#WERT!",
        "#NOM?",
        "#¡REF!",
        "#N/D",
        "####",
        "Err:502",
    ],
)
@pytest.mark.parametrize("column", ["id", "ip_address", "calendar", "port", "device_management", "serial_number"])
def test_c7_what_a_failed_formula_shows_is_named_also_where_a_remark_would_begin(
    tmp_path: Path, column: str, cell: str
) -> None:
    assert sentence_for(tmp_path, column, cell) == (
        f"'{cell}' is what a formula shows when it fails; type the value itself."
    )


def test_c7_a_failed_formula_in_a_name_costs_no_room(tmp_path: Path) -> None:
    result = load(tmp_path, {"name": "#REF!"})
    assert (len(result.rooms), result.problems) == (1, ())
    assert result.warnings[0].startswith("rooms.csv, row 2, column name: '#REF!' is what a formula shows")


@pytest.mark.parametrize(
    ("column", "cell", "name", "meant"),
    [
        ("ip_address", "10.0.\u200b0.7", "zero width space", "10.0.0.7"),
        ("ip_address", "10.0.0.\u00a07", "no-break space", "10.0.0.7"),
        ("ip_address", "codec.exam\u00adple.org", "soft hyphen", "codec.example.org"),
        ("id", "room\u00a01", "no-break space", "room-1"),
        ("id", "ro\u200dom1", "zero width joiner", "room1"),
        ("port", "4\u00a0433", "no-break space", "4433"),
        ("port", "44\u200b3", "zero width space", "443"),
        ("serial_number", "FTT\u200b1", "zero width space", "FTT1"),
        ("calendar", "a\u00ad.ics", "soft hyphen", "a.ics"),
        ("device_type", "cis\u2060co", "word joiner", "cisco"),
        ("device_management", "y\u200bes", "zero width space", "yes"),
    ],
)
def test_c7_characters_that_cannot_be_seen_are_named(
    tmp_path: Path, column: str, cell: str, name: str, meant: str
) -> None:
    assert sentence_for(tmp_path, column, cell) == (
        f"{cell!r} has a character in it that cannot be seen ({name}); type it again as '{meant}'."
    )


@pytest.mark.parametrize("around", ["\u00a0", "\u200b", "\u00ad", "\ufeff", "\u202a", "\u00a0\u200b \u00a0"])
def test_c7_what_cannot_be_seen_at_the_ends_is_left_out(tmp_path: Path, around: str) -> None:
    result = load(tmp_path, {column: f"{around}{cell}{around}" for column, cell in GOOD.items() if cell})
    assert (result.problems, result.warnings) == ((), ())
    assert (result.rooms[0].id, result.rooms[0].ip_address, result.rooms[0].port) == ("r1", "10.0.0.1", 443)


@pytest.mark.parametrize("column", ["id", "ip_address", "port", "device_type", "calendar", "serial_number"])
@pytest.mark.parametrize("quotes", ["“”", "„“", "‘’", "«»", "''"])
def test_c7_quotation_marks_are_named(tmp_path: Path, column: str, quotes: str) -> None:
    cell = quotes[0] + GOOD[column] + quotes[1]
    assert sentence_for(tmp_path, column, cell).endswith(f" has quotation marks in it; did you mean '{GOOD[column]}'?")


@pytest.mark.parametrize(
    ("cell", "example"),
    [("8.443", "8443"), ("8,443", "8443"), ("443,00", "443"), ("44O", "440"), ("443/tcp", "443"), (":443", "443")],
)
def test_c7_a_port_written_as_a_number_of_another_kind(tmp_path: Path, cell: str, example: str) -> None:
    assert sentence_for(tmp_path, "port", cell).endswith(f"; for example {example}.")


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("WAHR", "yes"),
        ("FALSCH", "no"),
        ("VRAI", "yes"),
        ("FAUX", "no"),
        ("VERDADERO", "yes"),
        ("FALSO", "no"),
        ("WAAR", "yes"),
        ("ONWAAR", "no"),
        ("ИСТИНА", "yes"),
        ("ja", "yes"),
        ("Nein", "no"),
        ("oui", "yes"),
        ("1,0", "yes"),
        ("0.00", "no"),
    ],
)
def test_c7_yes_and_no_in_other_languages(tmp_path: Path, cell: str, meant: str) -> None:
    assert sentence_for(tmp_path, "device_management", cell) == (
        f"'{cell}' is neither yes nor no; did you mean '{meant}'?"
    )


@pytest.mark.parametrize("cell", ["TRUE", "True", "on", "1", "Yes"])
def test_c7_true_is_taken(tmp_path: Path, cell: str) -> None:
    assert load(tmp_path, {"device_management": cell}).rooms[0].device_management


GRAPH = '[calendars.{}]\ntype = "caldav"\nurl = "https://dav.example.org/"\n'


@pytest.mark.parametrize(
    "cell", ["room1@example.org", "mailto:room1@example.org", "Room 1 <room1@example.org>", "<room1@example.org>"]
)
def test_c7_a_mailbox_without_its_source_is_named(tmp_path: Path, cell: str) -> None:
    start = f"'{cell}' is a mailbox without the source that reads it; "
    one, two = GRAPH.format("office"), GRAPH.format("office") + GRAPH.format("lab")
    assert sentence_for(tmp_path, "calendar", cell) == (
        start + "make a section [calendars.NAME] in connector.toml and write 'NAME:room1@example.org'."
    )
    assert sentence_for(tmp_path, "calendar", cell, one) == start + "did you mean 'office:room1@example.org'?"
    assert sentence_for(tmp_path, "calendar", cell, two) == (
        start + "write 'SOURCE:room1@example.org', where SOURCE is one of: lab, office."
    )


@pytest.mark.parametrize("cell", ["office:room1@example.org", "room1@example.org.ics", "mail/room1@example.org"])
def test_c7_a_mailbox_of_a_source_and_a_path_are_taken(tmp_path: Path, cell: str) -> None:
    assert load(tmp_path, {"calendar": cell}, toml=GRAPH.format("office")).rooms[0].calendar == cell


def test_c7_lost_zeros_are_told_once(tmp_path: Path) -> None:
    rows = [{"id": str(n), "calendar": f"{n:03}.ics", "ip_address": f"10.0.0.{n}"} for n in range(1, 100)]
    result = load(tmp_path, *rows)
    assert (len(result.rooms), result.problems) == (99, ())
    assert result.warnings == (
        f"rooms.csv, row 2, column id: '1' has perhaps lost zeros in front, as the row also says '001'; {AGAIN}"
        " The same goes for 98 more rows.",
    )
    result = load(tmp_path, {"id": "0012"}, {"id": "13", "ip_address": "10.0.0.2", "calendar": "b.ics"})
    assert result.warnings == (
        f"rooms.csv, row 3, column id: '13' has perhaps lost zeros in front, as there is also the id '0012'; {AGAIN}",
    )
    numbers = [{"id": str(n), "calendar": f"{n}.ics", "ip_address": f"10.0.0.{n}"} for n in range(1, 20)]
    assert load(tmp_path, *numbers).warnings == ()


# ------------------------------------------------------------------------------------ export


DANGEROUS = [
    '=HYPERLINK("https://example.org";"x")',
    "-1+1",
    "+1",
    "@SUM(1)",
    "'=1",
    "''-1",
    "'quoted'",
    "- dash",
    "plain",
]


@pytest.mark.parametrize("text", DANGEROUS)
@pytest.mark.parametrize("column", ["name", "site", "notes"])
def test_c7_exported_cells_are_no_formulas_and_are_read_back_unchanged(tmp_path: Path, column: str, text: str) -> None:
    (tmp_path / "connector.toml").write_text("")
    typed = f"'{text}" if text.startswith("'") and text != "'quoted'" else text
    cell = typed.replace('"', '""')
    header = f"id,calendar,device_type,ip_address,{column}\n"
    (tmp_path / "rooms.csv").write_text(f'{header}r1,a.ics,cisco,10.0.0.1,"{cell}"\n')
    settings = load_settings(tmp_path, {}).settings
    before = load_rooms(tmp_path / "rooms.csv", settings, known_drivers=("cisco",)).rooms
    assert getattr(before[0], column) == text
    words = ["export", "--config", str(tmp_path), "--output", str(tmp_path / "rooms.csv")]
    assert CliRunner().invoke(rooms_group, words).exit_code == 0
    exported = (tmp_path / "rooms.csv").read_text()
    assert not any(
        cell.strip('"')[:1] in ("=", "+", "-", "@") for cell in exported.replace("\n", ",").split(",") if cell
    )
    assert load_rooms(tmp_path / "rooms.csv", settings, known_drivers=("cisco",)).rooms == before


@pytest.mark.parametrize("notes", ["\t=1", "\r=1", "one\rtwo", "one\ntwo"])
def test_c7_tabs_and_line_ends_in_front_are_read_back_unchanged(tmp_path: Path, notes: str) -> None:
    (room,) = load(tmp_path, {"notes": "'" + notes if notes[0] in "\t\r" else notes}).rooms
    assert (room.notes, room.tls) == (notes, TlsPolicy())
    text = _as_csv((room,))
    assert (f"'{notes}" in text) == (notes[0] in "\t\r")
    (tmp_path / "rooms.csv").write_text(text, newline="")
    settings = load_settings(tmp_path, {}).settings
    assert load_rooms(tmp_path / "rooms.csv", settings, known_drivers=("cisco",)).rooms == (room,)
