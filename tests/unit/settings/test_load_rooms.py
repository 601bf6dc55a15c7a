"""rooms.csv: good rows survive everything; bad ones are sentences."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import UserError
from connector.model import Room
from connector.settings import COLUMNS, RoomsResult, load_rooms, load_settings
from device_drivers.api import TlsPolicy

DRIVERS = ("cisco", "generic_http")
PIN = "ab" * 32
HEADER = ",".join(COLUMNS)
NAMES_COLUMNS = "the first row names the columns, at least id,calendar,device_type,ip_address."
GOOD = "good,Good room,HQ,good.ics,cisco,10.0.0.1,443,verify,FTT1,env:ROOM,Europe/Berlin,default,,yes,near the lift"
TEMPLATES = "[templates.auto]\nauto_join = true\n[templates.auto.options]\nmode = 'x'\n"


def load(folder: Path, text: str | bytes, toml: str = TEMPLATES) -> RoomsResult:
    (folder / "connector.toml").write_text(toml, encoding="utf-8")
    path = folder / "rooms.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_rooms(path, load_settings(folder, {}).settings, known_drivers=DRIVERS)


def row(**cells: str) -> str:
    """A whole row: the good one's cells with others in their place, quoted where needed."""
    values = dict(zip(COLUMNS, GOOD.split(","), strict=True)) | cells
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(values[c] for c in COLUMNS)
    return text.getvalue().removesuffix("\r\n")


def only(result: RoomsResult) -> Room:
    assert result.problems == ()
    (room,) = result.rooms
    return room


def test_a_full_row_is_a_room(tmp_path: Path) -> None:
    room = only(load(tmp_path, f"{HEADER}\n{GOOD}\n"))
    assert (room.id, room.name, room.site, room.calendar) == ("good", "Good room", "HQ", "good.ics")
    assert (room.device_type, room.ip_address, room.port) == ("cisco", "10.0.0.1", 443)
    assert (room.tls, room.serial_number, room.credential) == (TlsPolicy("verify"), "FTT1", "env:ROOM")
    assert (room.timezone, room.template, room.device_management) == ("Europe/Berlin", "default", True)
    assert room.notes == "near the lift"
    assert room.policy.allowed_domains[0] == "zoomcrc.com"


def test_required_columns_are_enough(tmp_path: Path) -> None:
    room = only(load(tmp_path, "ip_address,id,device_type,calendar\nCodec.Example.org,r1,Cisco,a.ics\n"))
    assert (room.name, room.ip_address, room.device_type, room.port) == ("r1", "codec.example.org", "cisco", None)
    assert (room.timezone, room.tls, room.template) == ("UTC", TlsPolicy(), "default")


def test_the_template_gives_policy_and_options(tmp_path: Path) -> None:
    room = only(load(tmp_path, f"{HEADER}\n{row(template='AUTO')}\n"))
    assert (room.template, room.policy.auto_join, room.options) == ("auto", True, (("mode", "x"),))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_spreadsheet_dialects(tmp_path: Path, delimiter: str, mark: bytes, quoting: Literal[0, 1]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n", quoting=quoting)
    writer.writerow(["Room ID", "IP Address", "Device Type", "CALENDAR", "Time zone", "Notes"])
    writer.writerow(["r1", "10.0.0.1", "cisco", "a.ics", "", "one, two; three\nfour\tfive"])
    writer.writerow([""] * 6)
    writer.writerow(["# a remark", "", "", "", "", ""])
    writer.writerow(["r2", "10.0.0.2", "cisco", "b.ics", "europe/berlin", ""])
    result = load(tmp_path, mark + text.getvalue().encode())
    assert result.problems == ()
    assert [r.id for r in result.rooms] == ["r1", "r2"]
    assert result.rooms[0].notes == "one, two; three\nfour\tfive"
    assert result.rooms[1].timezone == "Europe/Berlin"


def test_remarks_before_the_header_and_utf_16_are_read(tmp_path: Path) -> None:
    text = "\r\n# our rooms\r\nid\tname\tcalendar\tdevice_type\tip_address\r\nr1\tSalle é\ta.ics\tcisco\t10.0.0.1\r\n"
    assert only(load(tmp_path, text.encode("utf-16"))).name == "Salle é"


def test_unknown_columns_are_warned_of(tmp_path: Path) -> None:
    result = load(tmp_path, f"{HEADER},serial_nr,password\n{GOOD},x,hunter2\n")
    assert [r.id for r in result.rooms] == ["good"]
    assert result.warnings == (
        "rooms.csv: the column 'serial_nr' is not used; did you mean 'serial_number'?",
        "rooms.csv: the column 'password' is not used.",
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", f"rooms.csv: the file is empty; {NAMES_COLUMNS}"),
        ("# only remarks\n\n,,,\n", f"rooms.csv: the file is empty; {NAMES_COLUMNS}"),
        ("r1,10.0.0.1\n", f"rooms.csv, row 1: this is not a header; {NAMES_COLUMNS}"),
        ('"id","cal"endar"\n', f"rooms.csv, row 1: this is not a header; {NAMES_COLUMNS}"),
        ("PK\x03\x04\n", "rooms.csv: this is a workbook; in the spreadsheet program, save it as CSV (UTF-8)."),
        (
            "\nid,calendar,device_type,ip_adress\n",
            "rooms.csv, row 2: there is no column ip_address; did you mean it by 'ip_adress'?",
        ),
        (
            "\nid,calendar,device_type\n",
            "rooms.csv, row 2: there is no column ip_address;"
            " these are required: id, calendar, device_type, ip_address.",
        ),
        (
            "id,calendar,device_type,ip,ip_address\n",
            "rooms.csv, row 1: there are two columns ip_address; keep one.",
        ),
    ],
)
def test_a_file_that_is_no_table_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path, text)
    assert caught.value.problems == (sentence,)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    settings = load_settings(None, {}).settings
    with pytest.raises(UserError, match=r"rooms\.csv does not exist; .* --config"):
        load_rooms(tmp_path / "rooms.csv", settings, known_drivers=DRIVERS)


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"id": ""}, "column id: is empty; give the room an id that never changes."),
        (
            {"id": "Café 1/2"},
            "column id: 'Café 1/2' is not an id: letters, digits, '.', '-' and '_', at most 64;"
            " nearest valid value: 'Cafe-1-2'.",
        ),
        ({"calendar": ""}, "column calendar: is empty; name a path, a URL or SOURCE:calendar."),
        (
            {"calendar": "offce:room"},
            "column calendar: connector.toml has no section [calendars.offce]; choose from: ics.",
        ),
        ({"ip_address": ""}, "column ip_address: is empty; give the unit's IP address or host name."),
        (
            {"ip_address": "10.0.0.300"},
            "column ip_address: '10.0.0.300' is not an IP address or host name; nearest valid value: '10.0.0.255'.",
        ),
        (
            {"ip_address": "010.000.000.007"},
            "column ip_address: '010.000.000.007' is not an IP address or host name; nearest valid value: '10.0.0.7'.",
        ),
        (
            {"ip_address": "https://me:hunter2@10.0.0.7:8443/"},
            "column ip_address: 'https://***@10.0.0.7:8443/' is not an IP address or host name;"
            " did you mean '10.0.0.7' with 8443 in the column port?",
        ),
        ({"ip_address": "0.0.0.0"}, "column ip_address: '0.0.0.0' is not the address of one unit."),
        ({"ip_address": "room one"}, "column ip_address: 'room one' is not an IP address or host name."),
        (
            {"port": "70000"},
            "column port: '70000' is not a port (1 to 65535, or empty for the driver's own); for example 65535.",
        ),
        (
            {"port": "443.0"},
            "column port: '443.0' is not a port (1 to 65535, or empty for the driver's own); for example 443.",
        ),
        ({"device_type": "cisko"}, "column device_type: 'cisko' is not known; did you mean 'cisco'?"),
        ({"device_type": "x"}, "column device_type: 'x' is not known; choose from: cisco, generic_http."),
        ({"device_type": ""}, "column device_type: is empty; name the driver of the unit, for example cisco."),
        (
            {"template": "defualt"},
            "column template: 'defualt' is no [templates.NAME] of connector.toml; did you mean 'default'?",
        ),
        (
            {"timezone": "Europe/Berln"},
            "column timezone: 'Europe/Berln' is not a time zone; did you mean 'Europe/Berlin'?",
        ),
        (
            {"timezone": "Melbourne"},
            "column timezone: 'Melbourne' is not a time zone; did you mean 'Australia/Melbourne'?",
        ),
        (
            {"timezone": "W. Europe Standard Time"},
            "column timezone: 'W. Europe Standard Time' is not a time zone; did you mean 'Europe/Berlin'?",
        ),
        ({"timezone": "???"}, "column timezone: '???' is not a time zone; write it as Europe/Berlin."),
        (
            {"tls": "verfy"},
            "column tls: 'verfy' is not one of verify, ca:FILE, pin:SHA256 or off; did you mean verify?",
        ),
        (
            {"tls": "pin:abc"},
            "column tls: has a pin of 3 characters; a SHA-256 pin has 64 hex digits, with or without colons.",
        ),
        (
            {"device_management": "maybe"},
            "column device_management: 'maybe' is neither yes nor no; choose from: false, no, true, yes.",
        ),
        ({"name": "two\nlines"}, ": the column name has a line end or another control character in it."),
    ],
)
def test_a_bad_cell_is_a_sentence_and_the_other_rows_stay(tmp_path: Path, cells: dict[str, str], sentence: str) -> None:
    bad = row(**({"id": "bad", "ip_address": "10.0.0.9"} | cells))
    result = load(tmp_path, f"{HEADER}\n{bad}\n{GOOD}\n")
    assert [r.id for r in result.rooms] == ["good"]
    separator = "" if sentence.startswith(":") else ", "
    assert result.problems == (f"rooms.csv, row 2{separator}{sentence}",)


def test_a_row_with_next_to_nothing_is_one_sentence(tmp_path: Path) -> None:
    result = load(tmp_path, f"{HEADER}\nr1,Room,?,,,10.0.0.1,99999\n")
    assert result.problems == ("rooms.csv, row 2: the columns calendar, device_type are empty.",)


def test_every_bad_cell_of_a_row_is_told(tmp_path: Path) -> None:
    result = load(tmp_path, f"{HEADER}\n{row(port='x', tls='y', timezone='z')}\n")
    assert len(result.problems) == 3
    assert result.rooms == ()


@pytest.mark.parametrize("typed", ["hunter2", "admin:hunter2", "env:two words", "vault:", "ENV:X"])
def test_a_password_in_the_credential_column_is_refused_and_not_repeated(tmp_path: Path, typed: str) -> None:
    result = load(tmp_path, f"{HEADER}\n{row(credential=typed)}\n")
    assert result.rooms == ()
    assert result.problems == (
        "rooms.csv, row 2, column credential: must be a reference to a secret:"
        " env:NAME, file:PATH or vault:NAME (the value is not shown here).",
    )


def test_a_row_that_a_delimiter_shifted_is_refused_and_not_repeated(tmp_path: Path) -> None:
    result = load(tmp_path, f"{HEADER}\n{GOOD},hunter2\n{row(id='r2', ip_address='10.0.0.2')},,\n")
    assert [r.id for r in result.rooms] == ["r2"]  # empty cells at the end are what spreadsheets leave
    assert result.problems == (
        "rooms.csv, row 2: there are 16 cells but 15 columns; put a cell that holds a delimiter in quotes.",
    )


@pytest.mark.parametrize(
    ("written", "policy"),
    [
        ("verify", TlsPolicy("verify")),
        ("OFF", TlsPolicy("off")),
        (f"pin:{PIN}", TlsPolicy("pin", PIN)),
        ("PIN: " + ":".join(["AB"] * 32), TlsPolicy("pin", PIN)),
    ],
)
def test_tls_forms(tmp_path: Path, written: str, policy: TlsPolicy) -> None:
    assert only(load(tmp_path, f"{HEADER}\n{row(tls=written)}\n")).tls == policy


def test_a_ca_file_must_exist(tmp_path: Path) -> None:
    text = f"{HEADER}\n{row(tls='ca:our.pem')}\n"
    (sentence,) = load(tmp_path, text).problems
    assert sentence.startswith("rooms.csv, row 2, column tls: names the CA file 'our.pem', which does not exist in ")
    (tmp_path / "our.pem").touch()
    assert only(load(tmp_path, text)).tls == TlsPolicy("ca", str(tmp_path / "our.pem"))


def test_two_rooms_with_one_address_are_both_named_and_the_first_stays(tmp_path: Path) -> None:
    rows = [row(id="a", port=""), row(id="b", port="8443"), row(id="c", ip_address="10.0.0.3")]
    result = load(tmp_path, "\n".join([HEADER, *rows]))
    assert [r.id for r in result.rooms] == ["a", "c"]
    assert result.problems == (
        "rooms.csv, row 3, column ip_address: room b has the address 10.0.0.1 of room a (row 2), which keeps it;"
        " one row is one unit.",
    )


def test_units_behind_one_address_may_have_ports_of_their_own(tmp_path: Path) -> None:
    result = load(tmp_path, "\n".join([HEADER, row(id="a", port="8001"), row(id="b", port="8002")]))
    assert (len(result.rooms), result.problems) == (2, ())


def test_duplicate_ids(tmp_path: Path) -> None:
    result = load(tmp_path, "\n".join([HEADER, GOOD, row(id="GOOD", ip_address="10.0.0.2")]))
    assert [r.id for r in result.rooms] == ["good"]
    assert result.problems == (
        "rooms.csv, row 3, column id: 'GOOD' is already the id of row 2; give it one of its own.",
    )


def test_rows_that_share_a_calendar_may_not_both_join(tmp_path: Path) -> None:
    rows = [
        row(id="left", ip_address="10.0.0.2", template="auto", calendar="hall.ics"),
        row(id="right", ip_address="10.0.0.3", template="auto", calendar="./hall.ics"),
        row(id="other", ip_address="10.0.0.4", template="auto", calendar="other.ics"),
        row(id="quiet", ip_address="10.0.0.5", calendar="other.ics"),
    ]
    result = load(tmp_path, "\n".join([HEADER, *rows]))
    assert {r.id: r.policy.auto_join for r in result.rooms} == {
        "left": False,
        "right": False,
        "other": True,
        "quiet": False,
    }
    assert all(r.policy.one_touch_join for r in result.rooms)
    (sentence,) = result.problems
    assert "rooms left, right share one calendar and all have auto_join; only one may" in sentence


def test_rows_of_another_connector_are_left_out_with_a_warning(tmp_path: Path) -> None:
    result = load(tmp_path, "\n".join([HEADER, GOOD, row(id="far", ip_address="10.0.0.2", connector="south")]))
    assert [r.id for r in result.rooms] == ["good"]
    (sentence,) = result.warnings
    assert "row 3: room far belongs to the connector 'south'; this one is 'connector'" in sentence


def test_an_address_outside_the_private_networks_is_warned_of(tmp_path: Path) -> None:
    result = load(tmp_path, f"{HEADER}\n{row(ip_address='192.0.2.7')}\n")
    assert result.problems == ()
    (sentence,) = result.warnings
    assert "room good has the address 192.0.2.7, which is outside networks.private" in sentence


def test_bytes_that_are_not_utf_8_cost_one_row(tmp_path: Path) -> None:
    bad = row(id="bad", ip_address="10.0.0.2").replace("Good room", "Caf\xe9").encode("latin-1")
    result = load(tmp_path, b"\n".join([HEADER.encode(), bad, GOOD.encode()]))
    assert [r.id for r in result.rooms] == ["good"]
    assert result.problems == ("rooms.csv, row 2: the column name is not UTF-8 text; save the file as CSV UTF-8.",)


def test_an_unclosed_quote_costs_one_row(tmp_path: Path) -> None:
    lines = [HEADER, 'bad,"Bad', GOOD, 'worse,"Worse"x', row(id="r3", ip_address="10.0.0.3"), 'end,"']
    result = load(tmp_path, "\n".join(lines))
    assert [r.id for r in result.rooms] == ["good", "r3"]
    assert result.problems == (
        "rooms.csv, row 2: a quote is opened and never closed.",
        'rooms.csv, row 4: a quote stands in the wrong place; a cell with a quote or a comma is written "5"" off".',
        "rooms.csv, row 6: a quote is opened and never closed.",
    )


def test_no_rooms_is_warned_of(tmp_path: Path) -> None:
    assert load(tmp_path, HEADER) == RoomsResult((), (), ("rooms.csv: there are no rooms in it.",))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rooms")


@given(data=st.binary())
def test_any_bytes_are_rooms_or_sentences(folder: Path, data: bytes) -> None:
    try:
        result = load(folder, data)
    except UserError as error:
        assert all(sentence for sentence in error.problems)
    else:
        assert result.problems or result.rooms or result.warnings


_CELL = st.text(st.sampled_from("\",;\t #:.'ab19é\x00\x0b\u2028\udc80"), max_size=6)
_LINE = st.lists(_CELL, max_size=17).map(",".join) | st.text(st.characters(exclude_characters="\r\n"), max_size=30)


@given(data=st.lists(st.one_of(st.none(), _LINE), max_size=12), ending=st.sampled_from(["\n", "\r\n", "\r"]))
def test_good_rows_survive_any_neighbours(folder: Path, data: list[str | None], ending: str) -> None:
    good = [row(id=f"keep{n}", ip_address=f"10.1.0.{n}", calendar=f"{n}.ics") for n in range(len(data))]
    lines = [HEADER] + [good[n] if line is None else line for n, line in enumerate(data)]
    result = load(folder, ending.join(lines).encode("utf-8", "surrogatepass"))
    kept = {str(room.id) for room in result.rooms}
    assert {f"keep{n}" for n, line in enumerate(data) if line is None} <= kept


@given(column=st.sampled_from(COLUMNS), cell=st.text(max_size=40))
def test_any_cell_is_a_value_or_a_sentence(folder: Path, column: str, cell: str) -> None:
    result = load(folder, f"{HEADER}\n{row(**{column: cell})}\n".encode("utf-8", "surrogatepass"))
    assert bool(result.rooms) != bool(result.problems) or result.warnings
    assert all(sentence.startswith("rooms.csv, row 2") for sentence in result.problems)


def test_a_thousand_rooms_are_read_again_cheaply(tmp_path: Path) -> None:
    rows = [row(id=f"r{n}", ip_address=f"10.2.{n // 250}.{n % 250}", calendar=f"{n}.ics") for n in range(1000)]
    result = load(tmp_path, "\n".join([HEADER, *rows]))
    assert (len(result.rooms), result.problems) == (1000, ())


def test_option_paths_start_at_the_folder_of_connector_toml(tmp_path: Path) -> None:
    words = '[templates.default.options]\ndescription = "./units/x.toml"\nother = "a/b"\n'
    (tmp_path / "connector.toml").write_text(words)
    (tmp_path / "rooms.csv").write_text("id,calendar,device_type,ip_address\nr1,r1.ics,cisco,10.0.0.1\n")
    settings = load_settings(tmp_path, {}).settings
    room = load_rooms(tmp_path / "rooms.csv", settings, known_drivers=["cisco"]).rooms[0]
    assert dict(room.options) == {"description": str(tmp_path / "units/x.toml"), "other": "a/b"}
