"""Zoom numbers and passcodes as people type them: words of many languages, tables, and codes that open other things."""

from __future__ import annotations

import pytest

from tests.unit.detection.helpers import in_html, in_text

LINK = "https://example.zoom.us/j/81234500001"


@pytest.mark.parametrize(
    "line",
    [
        "Zugangscode: 120034",
        "mdp : 120034",
        "Код: 120034",
        "비번: 120034",
        "접속 코드: 120034",
        "الرمز السري: 120034",
        "الرقم السري: 120034",
        "Sandi: 120034",
        "パス：120034",
        "Código: 120034",
        "Codice: 120034",
        "Kode: 120034",
        "Koodi: 120034",
        "Kód: 120034",
        "Cod: 120034",
        "קוד סודי – 120034",
        "קוד: 120034",
        "Tunnusluku: 120034",
        "Šifra: 120034",
        "Contrasena: 120034",
        "Sifre: 120034",
        "پسورد: 120034",
        "পাসওয়ার্ড: 120034",
        "Passcode#: 120034",
        "Passcode #120034",
        "Passcode if asked - 120034",
        "Passcode, if needed: 120034",
        "Passcode: 120034/",
        "Passcode: ‘120034’",
        "Code secret : « 120034 »",
        "パスコード「120034」",
        "密码【120034】",
    ],
)
def test_a_passcode_behind_the_words_of_many_languages(line: str) -> None:
    join = in_text(f"Zoom {LINK}\nMeeting ID: 812 3450 0001\n{line}\n")
    assert join.sip == ("81234500001.120034@zoomcrc.com",)


@pytest.mark.parametrize(
    "label",
    [
        "Mtg ID: ",
        "Meeting #: ",
        "Meeting #",
        "Meeting no. ",
        "ID#: ",
        "Zoom #",
        "Sitzungs-ID: ",
        "Número de reunión: ",
        "Número da reunião: ",
        "Numéro de réunion : ",
        "Numero riunione: ",
        "Zoom会议 ",
        "Zoom 會議：",
    ],
)
def test_a_number_behind_the_words_of_many_languages(label: str) -> None:
    join = in_text(f"Zoom call on Monday\n{label}812 3450 0001\nPasscode: 120034\n")
    assert join.sip == ("81234500001.120034@zoomcrc.com",)


def test_an_id_that_was_cut_behind_its_first_group() -> None:
    join = in_text("Zoom Meeting ID: 812\n3450 0001 Passcode: 120034\n")
    assert join.sip == ("81234500001.120034@zoomcrc.com",)


@pytest.mark.parametrize(
    "other",
    ["Webex meeting number: 2345 678 9012", "Meeting number (access code): 2345 678 9012\nhttps://example.webex.com/x"],
)
def test_webexs_groups_are_no_zoom_number(other: str) -> None:
    assert "zoomcrc" not in str(in_text(f"We do not use Zoom.\n{other}\n").sip)


def test_a_code_with_letters_and_no_colon() -> None:
    join = in_text(f"Zoom {LINK} (Kenncode Kim5b)\n")
    assert (join.passcode_text, join.sip) == ("Kim5b", ("81234500001@zoomcrc.com",))


@pytest.mark.parametrize("token", ["", "?pwd=a.1"])
def test_the_passcode_label_that_sticks_to_the_link(token: str) -> None:
    assert in_text(f"Zoom {LINK}{token}Passcode: 120034\n").sip == ("81234500001.120034@zoomcrc.com",)


# ---- tables: the labels stand in the head, the values below


@pytest.mark.parametrize(
    "table",
    [
        "Meeting ID\tPasscode\n812 3450 0001\t120034\n",
        "Class\tZoom ID\tPasscode\nAlgebra\t812 3450 0001\t120034\n",
        "| Zoom | ID | Passcode |\n|---|---|---|\n| [Join](" + LINK + ") | 812 3450 0001 | 120034 |\n",
    ],
)
def test_a_table_with_its_labels_in_the_head(table: str) -> None:
    assert in_text(f"Zoom\n{table}").sip == ("81234500001.120034@zoomcrc.com",)


def test_an_html_table_with_its_labels_in_the_head() -> None:
    join = in_html(
        "<p>Zoom</p><table><tr><th>Meeting ID</th><th>Passcode</th><th>Phone</th></tr>"
        "<tr><td>812 3450 0001</td><td>120034</td><td>202 555 0143</td></tr></table>"
    )
    assert join.sip == ("81234500001.120034@zoomcrc.com",)


def test_a_list_of_terms_in_markup() -> None:
    join = in_html(f'<dl><dt>Zoom</dt><dd><a href="{LINK}">join</a></dd><dt>Passcode</dt><dd>120034</dd></dl>')
    assert join.sip == ("81234500001.120034@zoomcrc.com",)


def test_the_first_row_of_a_table_counts() -> None:
    join = in_text(
        "Zoom rooms\nClass\tMeeting ID\tPasscode\nAlgebra\t812 3450 0001\t120034\nBotany\t823 4560 0002\t560078\n"
    )
    assert join.sip == ("81234500001.120034@zoomcrc.com",)


def test_a_cell_of_another_column_is_no_passcode() -> None:
    join = in_text(f"Zoom {LINK}\nName\tPasscode\tRoom\nKim\t\t120034\n")
    assert join.sip == ("81234500001@zoomcrc.com",)


# ---- codes that open other things


@pytest.mark.parametrize(
    "line",
    [
        "Slides: https://files.example.com/x (password: 998877)",
        "Board https://boards.example.com/b/1 password 998877",
        "Paper: https://cloud.example.org/s/abc Passwort: 998877",
        "Office 202 555 0143 | PIN 4321",
        "Tel. +49 30 5550143, PIN 4321",
        "Phone: (202) 555-0143 code 4321",
        "Portal https://portal.example.com\nUser: kim\nPassword: 20052005",
        "Wi-Fi: Guest\nPassword: 20052005",
        "Room\tCode\nA\t2001",
        "Name\tPIN\nKim\t2002",
        "On-site: Main street 5, 3rd floor (code: 4321)",
        "Door:\nCode: 4321",
        "Kurscode: 4321",
        "Код города: 4321",
        "Código postal: 28001",
        "Codice fiscale: 120034",
        "Cod. proiect: 4321",
    ],
)
def test_a_code_that_opens_something_else_is_not_dialled(line: str) -> None:
    assert in_text(f"{LINK}\n{line}\n").sip == ("81234500001@zoomcrc.com",)


def test_below_a_user_name_that_is_the_meetings_number() -> None:
    assert in_text(
        "Zoom\nLogin: 812 3450 0001\nMeeting ID: 812 3450 0001\nLogin 812 3450 0001\nPassword: 120034\n"
    ).sip == ("81234500001.120034@zoomcrc.com",)


@pytest.mark.parametrize(
    "line",
    [
        "Zoom: https://example.org/z (passcode 120034)",
        "Join https://go.example.org/weekly, password 120034",
        "Zoom 812 3450 0001, PIN 120034",
        "Phone: +1 202 555 0143, meeting ID 812 3450 0001, PIN: 120034",
    ],
)
def test_the_meetings_own_code_on_one_line_with_a_link_or_a_number(line: str) -> None:
    assert in_text(f"Zoom Meeting ID: 812 3450 0001\n{line}\n").sip == ("81234500001.120034@zoomcrc.com",)


@pytest.mark.parametrize(
    "line",
    [
        "on-line on [zoom](https://zoom.us/), ID of the meeting is `812-345-001`.",
        "We use Zoom, the id for the meeting is 812 345 001.",
        "Zoom, ID des Meetings: 812 345 001",
    ],
)
def test_a_number_in_a_sentence(line: str) -> None:
    assert in_text(line).sip == ("812345001@zoomcrc.com",)


@pytest.mark.parametrize("words", ["Conference ID: {}. Access code: 120034.", "Conference ID: {}\nPasscode: 120034\n"])
def test_a_conference_id_that_is_the_meetings_own_number(words: str) -> None:
    assert in_text(f"Zoom: {LINK} " + words.format("812 3450 0001")).sip == ("81234500001.120034@zoomcrc.com",)
    assert in_text(f"Zoom: {LINK} " + words.format("812 3450 0009")).sip == ("81234500001@zoomcrc.com",)
