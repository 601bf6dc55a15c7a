"""Faults found by use, part D and E4: each line with samples of its kind. The number stands in the test's name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import FrameType
from urllib.parse import quote

import pytest

from connector.detection.detect import detect
from connector.detection.hosts import HostTable
from connector.detection.parsed_event import MAX_TEXT
from connector.detection.parsed_text import ParsedText
from connector.detection.rules import compile_rules, rulings
from connector.detection.text_parser import parse_text
from connector.engine.detecting import detect_all
from connector.model import JoinInfo, Policy, Room, RoomId, SourceText
from connector.planning.plan import plan
from tests.support.clock import NINE
from tests.support.harness import meeting
from tests.support.memory_unit import ALL
from tests.unit.detection.helpers import in_text
from tests.unit.detection.invitations import FORMS, LANGUAGES
from tests.unit.detection.test_total import REPEATED

A = "https://us02web.zoom.us/j/86120934475"
B = "https://us02web.zoom.us/j/89470215563"
NUMBER = "861 2093 4475"
SIP_A, SIP_B = ("86120934475@zoomcrc.com",), ("89470215563@zoomcrc.com",)


# ---- D1


@pytest.mark.parametrize(
    "body",
    [
        "系統登入帳號: 138 1234 5678\n密碼: 654321",
        "房间号：138 1234 5678\n密码：654321",
        "アカウント: 138 1234 5678\nパスワード: 654321",
        f"Meeting ID: {NUMBER}\nPasscode: 123456",
        f"LoopUp\nJoin: https://meet.loopup.example/abc\nMeeting ID: {NUMBER}\nPasscode: 123456",
        f"https://rooms.acme.example/join/77\nMeeting ID: {NUMBER}\nPasscode: 123456",
        f"Vonage\nMeeting ID: {NUMBER}\nPasscode: 123456",
        f"TrueConf\nИдентификатор конференции: {NUMBER}\nПароль: 123456",
        f"Conference call\nDial +49 69 1234567\nMeeting ID: {NUMBER}#\nPIN: 123456#",
        f"Instead of Zoom we use BigMarker.\nMeeting ID: {NUMBER}\nPasscode: 123456",
        f"Zoom is not used any more.\nMeeting ID: {NUMBER}\nPasscode: 123456",
        f"We used Zoom before.\n\nAvaya Spaces\nMeeting ID: {NUMBER}\nPasscode: 123456",
        "Zoom account: 138 1234 5678\nPassword: 654321",
    ],
)
def test_d1_no_service_is_guessed(body: str) -> None:
    join = in_text(body)
    assert (join.sip, join.h323) == ((), ())


@pytest.mark.parametrize(
    "body",
    [
        f"Zoom\nMeeting ID: {NUMBER}\nPasscode: 123456",
        f"Meeting ID: {NUMBER}\nPasscode: 123456\nFind your local number: https://us02web.zoom.us/u/kabc",
        f"Meeting ID: {NUMBER}\nPasscode: 123456\nOne tap mobile\n+13015550143,,86120934475#,,,,*123456# US",
        f"Meeting ID: {NUMBER}\nPasscode: 123456\nDial by your location\n+1 301 555 0143 US (Washington DC)",
        f"Zoomミーティング\nミーティングID: {NUMBER}\nパスコード: 123456",
        f"https://bit.ly/3AbCdEf\nToplantı Kimliği: {NUMBER}\nParola: 123456",
    ],
)
def test_d1_zooms_own_evidence_is_enough(body: str) -> None:
    assert in_text(body).sip == ("86120934475.123456@zoomcrc.com",)


# ---- D2


@pytest.mark.parametrize(
    "body",
    [
        f"Join Zoom Meeting\n{A}\nMeeting ID: {NUMBER}\nPasscode: 111222\n\nNew link: {B}",
        f"Join Zoom Meeting\n{A}\n\nUPDATE: please use this link instead:\n{B}",
        f"Zoom link was {A} and is now {B}",
        f"{A} (not this one!)\n{B} (use this)",
        f"Last week we met at {A}, this week it is {B}.",
        f"This supersedes the earlier invitation ({A}).\nJoin: {B}",
        f"Backup link (only if the main one fails): {A}\nMain link: {B}",
        f"{A} has been replaced by {B}",
        f"Changed from {A} to {B}",
        f"Primary: {B}\nSecondary: {A}",
        f"Der Link hat sich geändert. Neuer Link: {B}\n\nZoom-Meeting beitreten\n{A}",
        f"{A}\n\nACHTUNG: Neuer Zoom-Link!\n{B}",
        f"Bisher {A}, ab jetzt {B}",
        f"Ersatzlink (nur falls der Hauptlink nicht geht): {A}\nHauptlink: {B}",
        f"{A}\n\nLe lien a changé : {B}",
        f"La semaine dernière : {A}\nCette semaine : {B}",
        f"El enlace era {A} y ahora es {B}",
        f"Esta invitación reemplaza la anterior ({A}).\nUnirse: {B}",
        f"Link di riserva (solo se il principale non funziona): {A}\nLink principale: {B}",
        f"Na semana passada: {A}\nNesta semana: {B}",
        f"Dit vervangt de eerdere uitnodiging ({A}).\nDeelnemen: {B}",
        f"Länken var {A} och är nu {B}",
        f"Sidste uge: {A}\nDenne uge: {B}",
        f"Reservelenke: {A}\nHovedlenke: {B}",
        f"Varalinkki (jos päälinkki ei toimi): {A}\nPäälinkki: {B}",
        f"Link był {A}, a teraz jest {B}",
        f"Záložní odkaz: {A}\nHlavní odkaz: {B}",
        f"Tartalék link: {A}\nFő link: {B}",
        f"{A}\n\nLink nou: {B}",
        f"Ссылка была {A}, теперь {B}",
        f"Минулого тижня: {A}\nЦього тижня: {B}",
        f"Yedek bağlantı: {A}\nAna bağlantı: {B}",
        f"{A}\n\nΝέος σύνδεσμος: {B}",
        f"{A}\n\nLiên kết mới: {B}",
        f"Tautan cadangan: {A}\nTautan utama: {B}",
        f"原来的链接是 {A}，现在改为 {B}",
        f"先週：{A}\n今週：{B}",
        f"{A}\n\n링크가 변경되었습니다: {B}",
        f"קישור גיבוי: {A}\nקישור ראשי: {B}",
        f"الرابط الاحتياطي: {A}\nالرابط الرئيسي: {B}",
    ],
)
def test_d2_words_of_novelty_replacement_and_reserve_count_on_either_side(body: str) -> None:
    join = in_text(body)
    assert (join.sip, join.no_auto_join) == (SIP_B, "")


def test_d2_they_count_between_services_and_in_every_service() -> None:
    teams = "Microsoft Teams meeting\nJoin: https://teams.microsoft.com/meet/265294403855261?p=Kx82hQ\n"
    assert in_text(f"{teams}\nLast time we used Zoom: {A}").service == "teams"
    assert in_text(f"{teams}\nNew link: {A}").sip == SIP_A
    old, new = "https://acme.webex.com/meet/kim", "https://acme.webex.com/meet/robin"
    assert in_text(f"Room: {old}\nNew link: {new}").sip == ("robin@acme.webex.com",)
    assert in_text("https://bluejeans.com/771204563\nNew link: https://bluejeans.com/771204564").sip == (
        "771204564@bjn.vc",
    )


def test_d2_structured_data_goes_first_and_a_contradiction_is_told() -> None:
    join = detect((SourceText("location", "text", A), SourceText("description", "text", f"New link: {B}")))
    assert join.sip == SIP_A
    assert "contradict" in join.no_auto_join or "another one the new one" in join.no_auto_join
    over = f"The old link ({A}) no longer works. New link: {B}"
    assert detect((SourceText("location", "text", A), SourceText("description", "text", over))).sip == SIP_B


@pytest.mark.parametrize(
    "body",
    [
        f"Group A: {A}\nGroup B: {B}",
        f"{A} or {B}",
        f"Zoom {A}\nhttps://acme.webex.com/acme/j.php?MTID=m1\nMeeting number: 2424 250 5248",
    ],
)
def test_d2_where_nothing_decides_the_first_has_the_button_and_no_room_joins(body: str) -> None:
    join = in_text(body)
    assert join.sip == SIP_A
    assert "several live meetings" in join.no_auto_join
    assert any(line.field == "auto_join" and line.reason == join.no_auto_join for line in join.evidence)


# ---- D3


@pytest.mark.parametrize(
    "evidence",
    [
        "Find your local number: https://www.zoomgov.com/u/abc",
        "https://agency.zoomgov.com/my/kim",
        "Join ZoomGov Meeting",
        "Zoom for Government",
    ],
)
def test_d3_the_government_cloud_is_told_without_an_id_in_its_link(evidence: str) -> None:
    join = in_text(f"{evidence}\nMeeting ID: 161 2345 6780\nPasscode: 123456\n")
    assert (join.service, join.meeting_id, join.sip) == ("zoom", "16123456780", ())
    stated = in_text(f"{evidence}\nMeeting ID: 161 2345 6780\nSIP: 16123456780@sip.zoomgov.com\n")
    assert stated.sip == ("16123456780@sip.zoomgov.com",)


# ---- D4

OTHER_CODES = [
    *("Building access code: 4711#", "Zugangscode Tür: 4711", "SharePoint password: 5566", "Conference code: 998877"),
    *("Passcode: 6 digits, sent separately", "Türcode: 4711", "Gate PIN: 4711", "WLAN-Passwort: 88112233"),
    *(
        "Code d'accès du bâtiment : 4711",
        "Código de la puerta: 4711",
        "Codice del portone: 4711",
        "Senha do wifi: 8811",
    ),
    *("Code voordeur: 4711", "Lösenord till wifi: 8811", "Kod do drzwi: 4711", "Heslo k wifi: 8811"),
    *("Код от двери: 4711", "Пароль до Wi-Fi: 8811", "Kapı kodu: 4711", "门禁密码：4711", "WiFi密码：88112233"),
    *("ドアの暗証番号: 4711", "와이파이 비밀번호: 88112233", "קוד דלת: 4711", "رمز الباب: 4711", "Mật khẩu wifi: 8811"),
    *("Jira password: 5566", "Passcode (door): 4711", "Code: 4711 (front door)", "Password for the slides: 5566"),
    *("Telephone bridge +49 69 1234567, conference code: 998877", "Kenncode: 6-stellig, kommt per SMS"),
    *(
        "Code secret : 6 chiffres, par SMS",
        "Пароль: 6 цифр, отправим отдельно",
        "密码：6位数字，另行通知",
        "암호: 6자리",
    ),
]


@pytest.mark.parametrize("line", OTHER_CODES)
def test_d4_a_code_of_something_else_is_not_dialled(line: str) -> None:
    assert in_text(f"Join Zoom Meeting\n{A}\n\n{line}\n").sip == SIP_A
    whole = in_text(f"Join Zoom Meeting\n{A}\nMeeting ID: {NUMBER}\nPasscode: 123456\n\n{line}\n")
    assert whole.sip == ("86120934475.123456@zoomcrc.com",)
    letters = in_text(f"Join Zoom Meeting\n{A}\nMeeting ID: {NUMBER}\nPasscode: aB3xyZ\n\n{line}\n")
    assert (letters.sip, letters.passcode_text) == (SIP_A, "aB3xyZ")


# ---- D5

CMS = "https://join.lab.example/invited.sf?secret=x&id=517380264"
LYNC = "https://meet.lync.com/acme/kim/A1B2"


@pytest.mark.parametrize(
    ("body", "address"),
    [
        (
            "https://chime.aws/7276668071\nSIP video system: 7276668071@meet.chime.in or meet.chime.in",
            "7276668071@meet.chime.in",
        ),
        (f"{CMS}\nCisco system: stac@join.lab.example", "stac@join.lab.example"),
        (f"{CMS}\nSystème de visioconférence : salle@vc.example", "salle@vc.example"),
        (f"{LYNC}\nVideo gateway: vc.acme.example\nConference ID: 5520417", "5520417@vc.acme.example"),
        (f"{LYNC}\nVideo gateway: 5520417@vc.acme.example", "5520417@vc.acme.example"),
        ("https://whereby.com/acme\nVideokonferenzsystem: acme@vc.example.net", "acme@vc.example.net"),
    ],
)  # fmt: skip
def test_d5_what_is_printed_for_room_systems_wins(body: str, address: str) -> None:
    assert in_text(body).sip == (address,)


def test_d5_the_gateways_beside_it_too() -> None:
    join = in_text("https://chime.aws/7276668071\nSIP: 7276668071@meet.chime.in\nH.323 system: 192.0.2.139\n")
    assert join.h323 == ("192.0.2.139##7276668071",)


# ---- D6


@pytest.mark.parametrize(
    "body",
    [
        "Questions? Reach me via Jabber or sip:jane.doe@corp.example",
        "Host: Jane Doe <sip:jane.doe@corp.example>",
        "Veranstalter: Max Muster <sip:max.muster@firma.example>",
        "Contact : sip:jean.dupont@societe.example",
        "Контакт: sip:ivan@firma.example",
        "联系人：sip:wang@corp.example",
        "Jane Doe (sip:jane.doe@corp.example) presents the budget.",
        "My SIP address: jane.doe@corp.example",
        "sip:86120934475@zoomcrc.com.evil.example",
    ],
)
def test_d6_a_persons_address_is_no_meeting(body: str) -> None:
    assert not in_text(body).joinable


@pytest.mark.parametrize("words", ["Join: ", "To join, dial ", "Einwahl: ", "Meeting room: ", "Room system: "])
def test_d6_unless_it_is_called_the_place_to_join(words: str) -> None:
    assert in_text(f"{words}sip:jane.doe@corp.example").sip == ("jane.doe@corp.example",)


# ---- D7


@pytest.mark.parametrize(
    "sentence",
    [
        *("This meeting has been cancelled.", "Heute kein Zoom.", "No Zoom today, we meet in person.", "CANCELLED"),
        *(
            "Der Termin fällt heute aus.",
            "La réunion est annulée.",
            "Hoy no hay Zoom.",
            "La reunión ha sido cancelada.",
        ),
        *(
            "La riunione è annullata.",
            "A reunião foi cancelada.",
            "De vergadering gaat niet door.",
            "Mötet är inställt.",
        ),
        *("Mødet er aflyst.", "Kokous on peruttu.", "Spotkanie zostało odwołane.", "Schůzka je zrušena."),
        *("A megbeszélés elmarad.", "Ședința a fost anulată.", "Встреча отменена.", "Зустріч скасовано."),
        *(
            "Toplantı iptal edildi.",
            "Η συνάντηση ακυρώθηκε.",
            "会议取消。",
            "本日の会議は中止です。",
            "오늘 회의는 취소되었습니다.",
        ),
        *("הפגישה בוטלה.", "تم إلغاء الاجتماع.", "Cuộc họp đã bị hủy.", "Rapat dibatalkan."),
    ],
)
def test_d7_called_off_in_the_text_keeps_the_button_and_joins_nobody(sentence: str) -> None:
    join = in_text(f"{sentence}\n\nJoin Zoom Meeting\n{A}\n")
    assert (join.joinable, join.sip) == (True, SIP_A)
    assert "does not take place" in join.no_auto_join


@pytest.mark.parametrize(
    "sentence",
    [
        *(
            "If the meeting is cancelled, we will tell you.",
            "Cancellation policy: 24 hours.",
            "The lunch is cancelled.",
        ),
        *(
            "Last week's meeting was cancelled.",
            "Wenn der Termin abgesagt wird, melden wir uns.",
            "To cancel, click here.",
        ),
        *("Если встреча отменена, мы сообщим.", "如果会议取消，我们会通知您。", "The meeting has not been cancelled."),
    ],
)
def test_d7_what_only_speaks_of_cancelling_changes_nothing(sentence: str) -> None:
    assert in_text(f"{sentence}\n\nJoin Zoom Meeting\n{A}\n").no_auto_join == ""


def test_d7_not_from_quoted_mail() -> None:
    assert in_text(f"Zoom: {A}\n\n> This meeting has been cancelled.\n> {B}\n").no_auto_join == ""


# ---- D8


def test_d8_the_links_token_is_no_passcode() -> None:
    join = in_text("Zoom Meeting ID 861 2093 4475, Passcode 55, pwd=PlqZJGDFsLIU8Xq4T0OEueN8ELokgB.1")
    assert (join.passcode, join.passcode_text, join.sip) == ("55", "55", ("86120934475.55@zoomcrc.com",))
    assert in_text(f"{A}\npwd=PlqZJGDFsLIU8Xq4T0OEueN8ELokgB.1").passcode_text is None


def test_d8_a_named_goto_room_may_have_two_parts() -> None:
    join = in_text("https://www.gotomeet.me/AcmeCorp/weekly")
    assert (join.service, join.joinable, join.sip) == ("gotomeeting", True, ())


def test_d8_kennung_is_what_teams_calls_its_passcode() -> None:
    body = "Besprechungs-ID: 265 294 403 855 261\nKennung: Nt8yC3\n"
    assert in_text(f"https://teams.microsoft.com/meet/265294403855261?p=x\n{body}").passcode_text == "Nt8yC3"


@pytest.mark.parametrize("number", ["1234567890", "123456789", "987654321", "9876543210", "12345678910", "55555555555"])
def test_d8_a_manuals_number_is_not_dialled(number: str) -> None:
    assert not in_text(f"Join Zoom Meeting\nhttps://zoom.us/j/{number}\nMeeting ID: {number}\n").joinable


@pytest.mark.parametrize(
    "host", ["click.example.org", "safelinks.protection.outlook.com.evil.example", "notlinkedin.com"]
)  # fmt: skip
def test_d8_only_known_redirectors_are_undone(host: str) -> None:
    assert not in_text(f"Join: https://{host}/?url={quote(A, safe='')}").joinable
    assert in_text(f"Join: https://nam11.safelinks.protection.outlook.com/?url={quote(A, safe='')}").sip == SIP_A


def test_d8_no_goto_address_is_made_up_but_a_rule_may_make_it() -> None:
    texts = (SourceText("description", "text", "https://meet.goto.com/718204553"),)
    join = detect(texts)
    assert (join.joinable, join.sip) == (True, ())
    table = {"name": "goto", "match": r"goto", "service": "gotomeeting", "address": "{meeting_id}@67.217.95.2"}
    ruled = rulings(texts, join, compile_rules([table]))[0].join
    assert ruled is not None and ruled.sip == ("718204553@67.217.95.2",)


# ---- D9


def _calls(body: str) -> int:
    """Function calls of ours, and of the library in C, that one detection makes."""
    count = 0

    def counted(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    texts = (SourceText("description", "text", body),)
    sys.setprofile(counted)
    try:
        detect(texts)
    finally:
        sys.setprofile(None)
    return count


KINDS = {
    **REPEATED,
    "ids with blanks": "Meeting ID: 812 3405 6789 ",
    "keys": "acme@m.webex.com ",
    "two ids": "Meeting ID: 812 3405 6789\nMeeting ID: 822 3405 6789\nPasscode: 123456\n",
    "called off": "this meeting has been cancelled if ",
    "persons": "sip:jane.doe@corp.example ",
    "room systems": "https://join.lab.example/invited.sf?secret=x&id=517380264\nCisco system: stac@join.lab.example\n",
    "new and old": f"New link: {A} old link {B} ",
    "gateways of services": "https://meet.lync.com/a/b/C1 Conference ID: 12345 video gateway: vc.example.net ",
    "codes of doors": "WiFi password: 1234 door code: 99 ",
    "goto": "https://meet.goto.com/123456780 67.217.95.2 ",
}


@pytest.mark.parametrize("name", KINDS)
def test_d9_the_work_grows_no_faster_than_the_text(name: str) -> None:
    """Four times the text: at most five times the calls, and fewer calls than characters above what any text costs."""
    small, large = (_calls(KINDS[name] * (size // len(KINDS[name]))) for size in (20_000, 80_000))
    assert large <= 5 * small + 5_000
    assert large <= 4 * 80_000


def test_d9_many_different_meetings_cost_no_more_than_few() -> None:
    bodies = [
        "".join(f"Day {n}: https://us02web.zoom.us/j/8{n:010d} Passcode: {n:06d}\n" for n in range(m))
        for m in (400, 1600)
    ]
    small, large = map(_calls, bodies)
    assert large <= 5 * small


def test_d9_of_a_very_long_text_its_beginning_and_its_end_are_read_and_that_is_said() -> None:
    prose = "Lorem ipsum dolor. " * (MAX_TEXT // 16)
    for body in (f"{A}\n{prose}", f"{prose}\n{A}\n"):
        join = in_text(body)
        assert join.sip == SIP_A
        assert any(line.rule == "text.cut" and "2,000,000" in line.reason for line in join.evidence)


# ---- D10


def test_d10_the_admins_rules_read_no_text_a_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[SourceText] = []

    def counted(source: SourceText, hosts: HostTable) -> ParsedText:
        read.append(source)
        return parse_text(source, hosts)

    monkeypatch.setattr("connector.detection.parsed_event.parse_text", counted)
    texts = (SourceText("location", "text", A), SourceText("description", "text", "Agenda: budget"))
    event = replace(meeting("1", NINE).event, texts=texts)
    rules = compile_rules([{"name": f"r{n}", "match": "nothing of it", "action": "no_button"} for n in range(5)])
    detect_all([event], {}, rules)
    assert len(read) == len(texts)


# ---- E4


def test_e4_a_complete_invitation_goes_before_a_bare_personal_link() -> None:
    block = f"Join Zoom Meeting\n{B}?pwd=a.1\nMeeting ID: 894 7021 5563\nPasscode: 204417\n"
    join = in_text(f"Office hours any time: https://zoom.us/j/4155550177\n\n{block}")
    assert (join.sip, join.no_auto_join) == (("89470215563.204417@zoomcrc.com",), "")
    webex = "https://acme.webex.com/acme/j.php?MTID=m1\nMeeting number: 2424 250 5248\nMeeting password: Abc7xyz\n"
    assert in_text(f"Office hours any time: https://zoom.us/j/4155550177\n\n{webex}").service == "webex"


def test_e4_words_are_stronger_than_completeness() -> None:
    block = f"Join Zoom Meeting\n{A}\nMeeting ID: {NUMBER}\nPasscode: 111222\nOne tap +1301,,86120934475#,,,,*111222#\n"
    assert in_text(f"{block}\nNew link: {B}").sip == SIP_B


# ---- any wrapping, order, quoting or language of one text gives the same address; a decoy changes nothing

DECOYS = [
    *(
        "Agenda: https://docs.example.org/d/1",
        "Recording of last week: https://acme.zoom.us/rec/share/AbC Passcode: 9x8y7z",
    ),
    *("Register for the summit: https://acme.zoom.us/webinar/register/WN_x", "Test your device: https://zoom.us/test"),
    *("Questions? sip:jane.doe@corp.example or +1 202 555 0143", "Host: Ann Sample <sip:ann@corp.example>"),
    *("Wi-Fi password: 88112233", "Door code: 4711#", "Call +49 69 1234567, conference code: 998877#"),
    *("If the meeting is cancelled, we will write.", "Dial-in numbers: https://us02web.zoom.us/u/kAbC"),
    *(
        "Tickets: order 138 1234 5678, PIN 5566",
        "e.g. https://zoom.us/j/95550001112",
        "GitHub login: kim password: 7788",
    ),
    *("Room 4, 10.2.3.4, invoice ID 123 456 789", "Old link (do not use): https://zoom.us/j/95550001112"),
]


@pytest.mark.parametrize("decoy", DECOYS)
@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ja", "zh-CN", "ru", "tr", "he", "ar"])
def test_no_decoy_changes_the_address(language: str, decoy: str) -> None:
    body = FORMS["classic"](LANGUAGES[language])
    alone = in_text(body)
    for mixed in (f"{decoy}\n\n{body}", f"{body}\n\n{decoy}\n"):
        join = in_text(mixed)
        assert (join.sip, join.passcode_text, join.no_auto_join) == (alone.sip, alone.passcode_text, "")


def _quoted(body: str) -> str:
    return "".join(f"> {line}\n" for line in body.splitlines())


def _wrapped(body: str) -> str:
    for link in (A, B):
        body = body.replace(link, f"https://eur03.safelinks.protection.outlook.com/?url={quote(link, safe='')}&data=x")
    return body


def _forwarded(body: str) -> str:
    head = "From: Kim <kim@example.org>\nSent: Monday, 30 November 2026 10:02\nTo: Robin\nSubject: Sync\n\n"
    return f"FYI\n\n{head}{body}"


CHANGES: dict[str, Callable[[str], str]] = {
    "as it is": lambda body: body,
    "line ends": lambda body: body.replace("\n", "\r\n"),
    "quoted": _quoted,
    "wrapped links": _wrapped,
    "angle brackets": lambda body: body.replace(A, f"<{A}>").replace(B, f"<{B}>"),
    "no-break spaces": lambda body: body.replace(": ", ":\u00a0"),
    "bold": lambda body: body.replace("New link", "*New link*").replace("Backup link", "*Backup link*"),
    "indented": lambda body: "".join(f"    {line}\n" for line in body.splitlines()),
    "forwarded": _forwarded,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "body",
    [
        f"Join Zoom Meeting\n{A}\n\nNew link: {B}\n",
        f"Backup link (only if that fails): {A}\nMain link: {B}\n",
        f"{A} (old)\n{B} (new)\n",
        f"Zoom: {B}\n",
    ],
)
def test_no_wrapping_changes_the_address(body: str, change: str) -> None:
    assert in_text(CHANGES[change](body)).sip == SIP_B


def test_the_plan_shows_the_button_and_says_why_the_room_does_not_join() -> None:
    room = Room(
        RoomId("r1"),
        "Room",
        "r1.ics",
        "any",
        "127.0.0.1",
        policy=Policy(auto_join=True, allowed_domains=("zoomcrc.com",)),
    )
    one = meeting("m", NINE + timedelta(hours=1))

    def planned(join: JoinInfo) -> tuple[int, int, str]:
        made = plan(room, [replace(one, join=join)], ALL, NINE)
        return len(made.bookings.bookings), len(made.dial_orders), made.decisions[0].reason

    assert planned(in_text(f"Zoom: {A}"))[:2] == (1, 1)
    shown, dials, reason = planned(in_text(f"Group A: {A}\nGroup B: {B}"))
    assert (shown, dials) == (1, 0)
    assert "several live meetings" in reason


def test_the_hosts_own_link_of_one_invitation_is_no_second_meeting() -> None:
    link = "https://acme.webex.com/acme/j.php?MTID="
    one = f"{link}m1\nMeeting number: 2424 250 5248\nPassword: abc123\nDial 24242505248@acme.webex.com\n"
    assert in_text(f"{one}\nIf you are a host, click here: {link}m2\n").no_auto_join == ""
    assert in_text(f"{one}\n{link}m9\nMeeting number: 2424 250 9999\nPassword: xyz123\n").no_auto_join != ""
