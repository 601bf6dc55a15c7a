"""Labels and the values behind them: numbers that a wrap broke, codes of other things, words of many languages."""

from __future__ import annotations

import pytest

from connector.detection.labels import foreign_ids, printed_codes, printed_ids
from connector.detection.parsed_text import ParsedText
from connector.detection.services import HOSTS
from connector.detection.text_parser import parse_text
from connector.model import SourceText
from tests.unit.detection.helpers import in_html, in_text

ID = "81920374655"
LINK = f"https://us02web.zoom.us/j/{ID}"


def page(text: str) -> ParsedText:
    return parse_text(SourceText("description", "text", text), HOSTS)


@pytest.mark.parametrize(
    "printed",
    [
        "819 2037\n4655",
        "819 2037 \r\n 4655",
        "819-2037\n4655",
        "819\u00a02037\u00a0\n4655",
    ],
)
def test_an_id_that_a_wrap_cut_before_its_last_group_is_read(printed: str) -> None:  # F055
    join = in_text(f"Join Zoom Meeting\nMeeting ID: {printed}\nPasscode: 004618")
    assert join.sip == (f"{ID}.004618@zoomcrc.com",)


def test_an_id_that_a_wrap_cut_in_a_quoted_mail_is_read() -> None:  # F055
    assert in_text("> Join Zoom Meeting\n> Meeting ID: 819 2037\n> 4655\n").meeting_id == ID


@pytest.mark.parametrize(
    "below",
    [
        "2026",  # a year
        "2026-11-21 10:00",
        "4655 Example Street",
        "46551",
        "+1 202 555 0143",
        "1. Agenda",
        "\n4655",
        "Passcode: 4655",
        "465",
    ],
)
def test_half_an_id_is_not_completed_by_what_happens_to_follow(below: str) -> None:
    join = in_text(f"Join Zoom Meeting\nMeeting ID: 819 2037\n{below}\n")
    assert (join.meeting_id, join.sip) == (None, ())


@pytest.mark.parametrize("printed", ["819 203 746\n22 guests", "819 203 7465\n\n5 guests", "81920374655\n4655"])
def test_a_whole_id_takes_nothing_from_the_next_line(printed: str) -> None:
    found = [number.digits for number in printed_ids(page(f"Meeting ID: {printed}\n"))]
    assert found == ["".join(c for c in printed.partition("\n")[0] if c.isdigit())]


@pytest.mark.parametrize("printed", ["819 203 746\n55", "819 2037 465\n\n5", "819 203 7465 \n 5 \n"])
def test_a_number_that_may_have_been_cut_is_not_dialled(printed: str) -> None:
    assert in_text(f"Zoom\nMeeting ID: {printed}\nPasscode: 004618").sip == ()


@pytest.mark.parametrize("printed", ["0046\n18", "00461\n8\n", "0\n\n04618", "00461 8", "0046189 0123\n"])
def test_a_passcode_that_may_have_been_cut_is_not_dialled(printed: str) -> None:
    assert in_text(f"{LINK}\nPasscode: {printed}").sip == (f"{ID}@zoomcrc.com",)


@pytest.mark.parametrize("wrap", ["\n", "\n\n", " ", "\n  "])
@pytest.mark.parametrize("at", [1, 6, 9, 10])
def test_a_link_that_a_wrap_cut_within_its_number(at: int, wrap: str) -> None:
    link = f"https://us02web.zoom.us/j/{ID[:at]}{wrap}{ID[at:]}?pwd=abc"
    join = in_text(f"Join\n{link}\nPasscode: 004618")
    assert (join.join_url, join.sip) == (f"{LINK}?pwd=abc", (f"{ID}.004618@zoomcrc.com",))


@pytest.mark.parametrize(
    "printed",
    [
        "८१९ २०३७ ४६५५",  # Devanagari
        "๘๑๙ ๒๐๓๗ ๔๖๕๕",  # Thai
        "٨١٩ ٢٠٣٧ ٤٦٥٥",  # Arabic
        "𝟖𝟏𝟗 𝟐𝟎𝟑𝟕 𝟒𝟔𝟓𝟓",  # bold, from a chat program
        "819·2037·4655",
    ],
)
def test_an_id_in_other_digits_and_with_other_separators(printed: str) -> None:
    assert in_text(f"Zoom\nMeeting ID: {printed}\n").sip == (f"{ID}@zoomcrc.com",)


@pytest.mark.parametrize(
    "printed", ["819-203-74655", "819 203 74655", "8192-0374-655", "81920-374655", "819.20374.655"]
)
def test_an_id_in_groups_that_zoom_does_not_print(printed: str) -> None:
    assert in_text(f"A Zoom meeting.\nMeeting ID: {printed}\n").sip == (f"{ID}@zoomcrc.com",)
    assert in_text(f"Our weekly.\nMeeting ID: {printed}\nPasscode: 004618\n").sip == ()
    assert in_text(f"A Zoom meeting.\nOffice: {printed}\n").sip == ()


@pytest.mark.parametrize(
    "printed",
    [
        *("819203 74655", "819-203 74655", "819-203-746-55", "819 203 746 10:30", "8192 037 4655", "819-20-374655"),
        *("819 203 74655#", "819-203-746551", "2026-11-21-104"),
    ],
)
def test_groups_that_may_be_two_numbers_are_not_put_together(printed: str) -> None:
    assert printed_ids(page(f"Meeting ID: {printed}\n")) == []


@pytest.mark.parametrize(
    "line",
    [
        "Zoom account. Customer ID: 819 2037 4655",
        "Zoom order number: 81920374655",
        "Zoom is down, my mobile: 819 203 7465",
        "Meeting room booking reference: 819 203 746",
        "The zoom invoice 12: 819 203 746",
    ],
)
def test_the_number_of_another_thing_is_no_meeting(line: str) -> None:
    assert in_text(line).sip == ()


@pytest.mark.parametrize(
    "line",
    [
        *("Zoom: 819 2037 4655", "Zoom room of the team: 819 2037 4655", "ID: 819 2037 4655"),
        *("Zoom office hours: 819 2037 4655", "Zoom for students: 819 2037 4655"),
    ],
)
def test_a_short_label_still_names_a_meeting(line: str) -> None:
    assert in_text(f"Zoom\n{line}").meeting_id == ID


@pytest.mark.parametrize(
    "text",
    ["=C3=85tkomstkod: 004618", "=D0=9A=D0=BE=D0=B4 =D0=B4=D0=BE=D1=81=D1=82=D1=83=D0=BF=D0=B0: 004618"],
)
def test_quoted_printable_gives_itself_away_by_its_letters(text: str) -> None:
    assert in_text(f"Zoom\nMeeting ID: 819=C2=A02037=C2=A04655\n{text}\n").sip == (f"{ID}.004618@zoomcrc.com",)


def test_a_link_is_not_decoded_where_the_text_is_not_quoted_printable() -> None:
    link = f"{LINK}?pwd=C3=A9x"
    assert in_text(f"{link}\nPasscode=004618").join_url == link


def test_markdowns_own_escapes_are_undone() -> None:
    join = in_text(r"Zoom \#4: https://us02web.zoom.us/j/81920374655?pwd=aB\_c\-d.1" + "\n\\- Passcode: \\`004618\\`")
    assert join.join_url == f"{LINK}?pwd=aB_c-d.1"
    assert join.sip == (f"{ID}.004618@zoomcrc.com",)


def test_a_link_that_a_wrap_cut_behind_its_host() -> None:
    assert in_text(f"https://us02web.zoom.us/\nj/{ID}?pwd=abc\n").join_url == f"{LINK}?pwd=abc"
    assert in_text(f"https://www.example.org/\nj/{ID}\n").service is None


# ------------------------------------------------------------------------------------------------ passcodes


@pytest.mark.parametrize(
    "line",
    [
        "Meeting number (access code): 819 2037 4655",
        "ID/Passcode: 819 2037 4655",
        "Access code: 128 288 1912 for all",
        "Access code: 128 288 1912\n",
        "PIN: 123 456 7\n89#",
        "Slides password: 998877",
        "Quiz code: 998877",
        "Slides: https://www.dropbox.com/s/abc password: 998877",
        "Notes [here](https://docs.google.com/document/d/1) (password: 998877)",
        "Passcode:\n\nTopics\n1. Budget",
        "Passcode: Meeting ID: 819 2037 4655",
    ],
)
def test_what_is_no_passcode_is_not_taken_for_one(line: str) -> None:
    assert printed_codes(page(line)) == []
    join = in_text(f"{LINK}\n{line}")
    assert (join.passcode, join.passcode_text, join.sip) == (None, None, (f"{ID}@zoomcrc.com",))


@pytest.mark.parametrize(
    "line",
    [
        'passcode: "Passcode: 004618"',
        "zoom_password => 'Kennwort: 004618'",
        "Meeting number (access code): 819 2037 4655 Meeting password: 004618",
        "Passcode:\nParola: 004618",
        "Slides: https://www.dropbox.com/s/abc\nPasscode: 004618",
        f"https://www.dropbox.com/s/abc {LINK} Passcode: 004618",
    ],
)
def test_the_passcode_is_found_beside_what_is_none(line: str) -> None:
    assert in_text(f"{LINK}\n{line}").sip == (f"{ID}.004618@zoomcrc.com",)


@pytest.mark.parametrize(
    "line",
    ["Order ID: 99001122", "Slides: 998877", "Invoice: 998877", "Neznámé slovo: 0046\n18"],
)
def test_a_line_below_the_id_that_is_no_passcode(line: str) -> None:
    join = in_text(f"{LINK}?pwd=abc\nMeeting ID: 819 2037 4655\n{line}\n")
    assert (join.passcode, join.sip) == (None, (f"{ID}@zoomcrc.com",))


def test_a_passcode_behind_an_unknown_word() -> None:
    join = in_text(f"{LINK}?pwd=abc\nMeeting ID: 819 2037 4655\nNeznámé slovo: 004618\n")
    assert join.sip == (f"{ID}.004618@zoomcrc.com",)


def test_another_systems_number_keeps_the_code_below_it() -> None:
    text = f"腾讯会议：819-203-746\n会议密码：9999\n\n加入 Zoom 会议\n{LINK}\n会议号：819 2037 4655\n密码：004618\n"
    assert foreign_ids(page(text))
    assert in_text(text).sip == (f"{ID}.004618@zoomcrc.com",)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("N° de réunion", "Mot de passe"),
        ("Mötes-ID", "Åtkomstkod"),
        ("Kokouksen ID", "Pääsykoodi"),
        ("Megbeszélés azonosítója", "Hozzáférési kód"),
        ("ИД састанка", "Лозинка"),
        ("Sapulces ID", "Piekļuves kods"),
        ("รหัสการประชุม", "รหัสเข้าประชุม"),
        ("ID на срещата", "Код за достъп"),
        ("Mã cuộc họp", "Mật khẩu"),
        ("회의 번호", "비밀번호"),
    ],
)
def test_labels_of_more_languages(number: str, code: str) -> None:
    assert in_text(f"Zoom\n{number}: 819 2037 4655\n{code}: 004618").sip == (f"{ID}.004618@zoomcrc.com",)
    table = f"<table><tr><td>{number}</td><td>819 2037 4655</td></tr><tr><td>{code}</td><td>004618</td></tr></table>"
    assert in_html(f"<p>Zoom</p>{table}").sip == (f"{ID}.004618@zoomcrc.com",)


@pytest.mark.parametrize("rest", ["**461**", "* 461", "> 461"])
def test_a_passcode_that_goes_on_behind_a_mark_is_not_taken_in_part(rest: str) -> None:
    join = in_text(f"Join Zoom Meeting\n\nMeeting ID: 819 2037 4655\nPasscode: 0720\n{rest}\n")
    assert join.sip == ("81920374655@zoomcrc.com",)
