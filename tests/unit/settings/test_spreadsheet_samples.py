"""More of what spreadsheet programs and copying leave in rooms.csv: secrets, encodings, long cells, remedies."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.settings import RoomsResult, load_rooms, load_settings

HEADER = "id,name,calendar,device_type,ip_address,timezone,device_management,notes"
LINK = "https://cal.example.org/private-hidden/basic.ics"


def load(folder: Path, data: str | bytes) -> RoomsResult:
    path = folder / "rooms.csv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return load_rooms(path, load_settings(None, {}).settings, known_drivers=("cisco",))


def row(n: int = 1, **cells: str) -> str:
    values = {
        "id": f"r{n}",
        "name": "Room",
        "calendar": f"{n}.ics",
        "device_type": "cisco",
        "ip_address": f"10.0.0.{n}",
    }
    written = (values | {"timezone": "", "device_management": "", "notes": ""} | cells).values()
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in written)


def sentence_for(folder: Path, **cells: str) -> str:
    result = load(folder, f"{HEADER}\n{row(1, **cells)}\n")
    assert result.rooms == ()
    (sentence,) = result.problems
    return sentence


@pytest.mark.parametrize(
    ("cell", "mistake"),
    [
        (LINK.replace("hidden", "hid\u200bden"), "cannot be seen (zero width space)"),
        (LINK.replace("://", ":/\u00ad/"), "cannot be seen (soft hyphen)"),
        (f"ics:{LINK}\u00a0x", "cannot be seen (no-break space)"),
        (f"“{LINK}”", "quotation marks"),
        (f"'{LINK}'", "quotation marks"),
        (f'=HYPERLINK("{LINK}")', "is a formula"),
        (f'="{LINK}"', "is a formula"),
    ],
)
def test_c7_a_calendar_link_with_a_mistake_is_not_repeated(tmp_path: Path, cell: str, mistake: str) -> None:
    sentence = sentence_for(tmp_path, calendar=cell)
    assert sentence.startswith("rooms.csv, row 2, column calendar: ") and mistake in sentence
    assert "not shown here" in sentence
    assert "private" not in sentence and "basic" not in sentence


def test_c7_a_link_that_ends_in_a_straight_quotation_mark_is_taken(tmp_path: Path) -> None:
    link = "https://cal.example.org/find?room='oak'"
    assert load(tmp_path, f"{HEADER}\n{row(calendar=link)}\n").rooms[0].calendar == link


@pytest.mark.parametrize("mac", ["aabbccddeeff", "001122334455", "AABBCCDDEEFF"])
def test_c7_a_mac_address_of_letters_or_digits_alone_is_named(tmp_path: Path, mac: str) -> None:
    assert "is a MAC address" in sentence_for(tmp_path, ip_address=mac)


@pytest.mark.parametrize("cell", ["10.2", "10.20.3", "192.168"])
def test_c7_an_address_shortened_to_a_number_is_told(tmp_path: Path, cell: str) -> None:
    assert sentence_for(tmp_path, ip_address=cell).endswith(
        ": an IPv4 address has four numbers; format the column as text and type the value again."
    )


@pytest.mark.parametrize("cell", ["Europe\u00a0/Berlin", "Europe/\u2009Berlin", "Eur\u200bope/Berlin"])
def test_c7_the_remedy_for_a_time_zone_is_one(tmp_path: Path, cell: str) -> None:
    assert sentence_for(tmp_path, timezone=cell).endswith("type it again as 'Europe/Berlin'.")


@pytest.mark.parametrize("cell", ["01.02.2026", "1-Mar"])
def test_c7_a_date_in_place_of_a_calendar_is_a_warning(tmp_path: Path, cell: str) -> None:
    result = load(tmp_path, f"{HEADER}\n{row(calendar=cell)}\n")
    assert (len(result.rooms), result.problems) == (1, ())
    assert result.warnings[0].startswith(f"rooms.csv, row 2, column calendar: '{cell}' looks like a date")


@pytest.mark.parametrize(("cell", "meant"), [("SANN", "yes"), ("USANN", "no"), ("BENAR", "yes"), ("SALAH", "no")])
def test_c7_yes_and_no_in_more_languages(tmp_path: Path, cell: str, meant: str) -> None:
    assert sentence_for(tmp_path, device_management=cell).endswith(f"is neither yes nor no; did you mean '{meant}'?")


_NAMES = {
    "cp1252": [
        "Room “A” – 1 €",
        "„Größe“",
        "Salle d’été",
        "Šiška",
        "São João",
        "KØBENHAVN",
        "CAFÉ",
        "Größe 5 m²",
        "Café",
    ],
    "cp850": ["KØBENHAVN", "CAFÉ", "Größe 5 m²", "Café", "Fjäll"],
    "mac_roman": ["Room “A” – 1 €", "„Größe“", "Salle d’été", "São João", "CAFÉ", "Café"],
}


@pytest.mark.parametrize(("encoding", "name"), [(encoding, name) for encoding in _NAMES for name in _NAMES[encoding]])
def test_c1_quotes_dashes_and_capitals_tell_the_encoding_too(tmp_path: Path, encoding: str, name: str) -> None:
    end = "\r" if encoding == "mac_roman" else "\r\n"
    data = end.join([HEADER, *(row(n, name=name) for n in range(1, 6))]).encode(encoding)
    result = load(tmp_path, data)
    assert [room.name for room in result.rooms] == [name] * 5
    assert (result.problems, len(result.warnings)) == ((), 1)


@pytest.mark.parametrize("encoding", ["cp1250", "cp1251", "cp932", "gbk"])
def test_c1_other_encodings_cost_no_room(tmp_path: Path, encoding: str) -> None:
    name = {"cp1250": "Łódź", "cp1251": "Переговорная", "cp932": "会議室", "gbk": "会议室"}[encoding]
    result = load(tmp_path, "\r\n".join([HEADER, *(row(n, name=name) for n in range(1, 200))]).encode(encoding))
    assert len(result.rooms) == 199
    assert (result.problems, len(result.warnings)) == ((), 1)


@pytest.mark.parametrize("lines", [39, 50, 150])
def test_c2_a_long_cell_is_one_row(tmp_path: Path, lines: int) -> None:
    bad = row(2, ip_address="10.0.0.999")
    result = load(tmp_path, f"{HEADER}\n{row(notes='a line' + chr(10) * lines)}\n{bad}\n")
    assert [room.id for room in result.rooms] == ["r1"]
    (sentence,) = result.problems
    assert sentence.startswith("rooms.csv, row 3, column ip_address:")
