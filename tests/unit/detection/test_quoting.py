"""What stands below a mail program's header block is older: it loses against a meeting above, and only against that."""

from __future__ import annotations

import pytest

from connector.detection.detect import detect
from connector.model import SourceText
from tests.unit.detection.helpers import in_html, in_text, lines_for

TEAMS = "Microsoft Teams meeting\nJoin: https://teams.microsoft.com/meet/23456789012345?p=x\n"
ZOOM = "Join Zoom Meeting\nhttps://acme.zoom.us/j/81920374655\n\nMeeting ID: 819 2037 4655\nPasscode: 004618\n"
DIALLED = ("81920374655.004618@zoomcrc.com",)
KIM = "Kim Example <kim@example.org>"
LABELS = {
    "en": "From Sent To Subject",
    "de": "Von Gesendet An Betreff",
    "fr": "De Envoyé À Objet",
    "es": "De Enviado Para Asunto",
    "it": "Da Inviato A Oggetto",
    "pt": "De Enviado Para Assunto",
    "nl": "Van Verzonden Aan Onderwerp",
    "sv": "Från Skickat Till Ämne",
    "da": "Fra Sendt Til Emne",
    "pl": "Od Wysłano Do Temat",
    "ru": "От Отправлено Кому Тема",
    "uk": "Від Надіслано Кому Тема",
    "cs": "Od Odesláno Komu Předmět",
    "tr": "Kimden Gönderildi Kime Konu",
    "ja": "差出人 送信日時 宛先 件名",
    "zh": "发件人 发送时间 收件人 主题",
}
BLOCKS = [
    *(
        "{}: {}\n{}: 2026-04-06 14:12\n{}: b@example.org\n{}: x\n\n".format(w[0], KIM, *w[1:])
        for w in map(str.split, LABELS.values())
    ),
    f"보낸 사람: {KIM}\n보낸 날짜: 2026-04-06\n받는 사람: b@example.org\n제목: x\n\n",
    f"-----Original Message-----\nFrom: {KIM}\nSubject: x\n\n",
    f"-------- Original Message --------\nSubject: \tx\nDate: \t6 Apr 2026\nFrom: \t{KIM}\nTo: \tb@example.org\n\n",
    f"*From:* {KIM}\n*Sent:* Monday\n*To:* Robin <b@example.org>;\nSam <sam@example.org>\n*Subject:* x\n\n",
    "---------- Forwarded message ---------\n",
    f"On Mon, Apr 6, 2026 at 2:12 PM {KIM} wrote:\n\n",
    f"On Mon, Apr 6, 2026 at 2:12 PM {KIM}\nwrote:\n\n",
    "Am 06.04.26 um 14:12 schrieb Kim Example:\n\n",
    f"Le lun. 6 avr. 2026 à 14:12, {KIM} a écrit :\n\n",
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_new_meeting_above_an_older_mail_is_the_one(block: str) -> None:
    join = in_text(f"{TEAMS}\n\n{block}{ZOOM}")
    assert (join.service, join.sip, join.h323) == ("teams", (), ())
    assert lines_for(join, "service", "won")[0].reason == "the others are quoted from an older mail"


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("greeting", ["", "Hello,\nsee below. Call me: +1 202 555 0143\nKim\n\n"])
def test_a_forwarded_invitation_is_the_events_own(greeting: str, block: str) -> None:
    body = f"{greeting}{block}{ZOOM}"
    assert in_text(body).sip == DIALLED
    assert in_text(f"{body}\n{TEAMS}").sip == DIALLED
    added = SourceText("conference", "url", "https://teams.microsoft.com/meet/23456789012345?p=x")
    assert detect((added, SourceText("description", "text", body))).sip == DIALLED


def test_outlooks_html() -> None:
    join = in_html(
        '<p>Microsoft Teams meeting</p><p><a href="https://teams.microsoft.com/meet/23456789012345?p=x">Join</a></p>'
        '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Kim &lt;kim@example.org&gt;<br>'
        "<b>Sent:</b> Monday, 6 April 2026<br><b>To:</b> b@example.org<br><b>Subject:</b> x</div>"
        "<p>Join Zoom Meeting</p><p>https://acme.zoom.us/j/81920374655</p><p>Passcode: 004618</p>"
    )
    assert (join.service, join.sip) == ("teams", ())


@pytest.mark.parametrize(
    "agenda",
    [
        "From: 10:00\nTo: 11:00\nSubject: budget\nDate: Monday\n\n",
        "From: Kim\n\nplease read the paper first.\n\n",
        "From: Berlin\nTo: Hamburg\n\n",
        "Kim wrote: bring the figures\n\n",
    ],
)
def test_an_agenda_is_no_header_block(agenda: str) -> None:
    assert in_text(f"{TEAMS}\n\n{agenda}{ZOOM}").sip == DIALLED


@pytest.mark.parametrize("mark", ["On Mon, Apr 6, 2026 Kim <kim@example.org> wrote:\n", ""])
def test_an_answer_below_what_is_marked_is_not_quoted(mark: str) -> None:
    join = in_text(f"Old: https://acme.whereby.com/x\n{mark}> https://acme.webex.com/meet/robin\n\nNew:\n{ZOOM}")
    assert not join.joinable or join.service != "webex"
    join = in_text(f"{mark}> {TEAMS.replace(chr(10), chr(10) + '> ')}\n\nNew:\n{ZOOM}")
    assert join.sip == DIALLED


# ------------------------------------------------------------------------------------------------ between Zoom meetings


@pytest.mark.parametrize("mark", ["> ", ""])
def test_a_new_printed_number_stands_before_a_quoted_link(mark: str) -> None:
    old = f"{mark}Join Zoom Meeting\n{mark}https://zoom.us/j/92920374655\n"
    head = f"From: {KIM}\nSent: Monday\nTo: b@example.org\nSubject: x\n\n"
    join = in_text(f"Zoom talk\nMeeting ID: 819 2037 4655\nPasscode: 004618\n\n{head}{old}")
    assert join.sip == DIALLED


def test_the_writers_own_room_below_the_name_gives_way_to_the_quoted_invitation() -> None:
    quoted = "> " + ZOOM.replace("\n", "\n> ")
    assert in_text(f"I am there.\n\n-- \nKim\nhttps://zoom.us/j/4155550123\n\n{quoted}").sip == DIALLED
    assert in_text(f"Let us meet here instead:\nhttps://zoom.us/j/4155550123\n\n{quoted}").meeting_id == "4155550123"


def test_a_marked_line_above_wrote_does_not_turn_the_quoting_round() -> None:
    assert in_text(f"{TEAMS}\n> kim@example.org\nwrote:\n\n{ZOOM}").sip == ()


# ---------------------------------------------------------------------------------------- a signature, or the new link

WEBEX = "> Join: https://acme.webex.com/meet/robin\n> Join by video system: robin@acme.webex.com\n"


@pytest.mark.parametrize(
    "new",
    [
        "We changed the room.\n\nhttps://zoom.us/j/4155550123\n",
        "Agenda:\n- budget.\nZoom: https://zoom.us/j/4155550123\n",
    ],
)
def test_a_link_in_the_new_text_is_no_signature_because_of_a_quoted_meeting(new: str) -> None:
    assert in_text(f"{new}\n{WEBEX}").sip == ("4155550123@zoomcrc.com",)


@pytest.mark.parametrize(
    "new",
    [
        "I am there.\n\n-- \nKim\nhttps://zoom.us/j/4155550123\n",
        "I am there.\nRegards\nKim\nhttps://zoom.us/j/4155550123\n",
        "I am there.\n\nKim Example\nhttps://zoom.us/j/4155550123\n",
        "I am there.\n\nKim | kim@example.org | https://zoom.us/j/4155550123\n",
    ],
)
def test_a_signature_above_a_quoted_meeting_is_not_dialled(new: str) -> None:
    assert in_text(f"{new}\n{WEBEX}").service == "webex"


@pytest.mark.parametrize(
    "line", ["From: a\n", f"From: {KIM}\nSent: x\nTo: y@example.org\nSubject: x\n", "x@y wrote:\n", "---\n"]
)
def test_many_marks_cost_no_more_than_their_length(line: str) -> None:
    assert in_text(ZOOM + line * 20_000).sip == DIALLED


ONE_LINE = [
    f"From: {KIM} Sent: Monday, April 6, 2026 2:12 PM To: Robin <b@example.org> Subject: Weekly",
    f"*From:* {KIM} *Sent:* Monday, April 6, 2026 *To:* Robin; Sam <sam@example.org> *Subject:* Weekly",
    "From: Kim Example Date: Mon, 6 Apr 2026 Subject: Weekly To: Robin",
    f"Von: {KIM} Gesendet: Montag, 6. April 2026 14:12 An: Robin <b@example.org> Betreff: Woche",
    f"De : {KIM} Envoyé : lundi 6 avril 2026 À : Robin Objet : Semaine",
    f"差出人: {KIM} 送信日時: 2026年4月6日 宛先: Robin 件名: 週次",
]


@pytest.mark.parametrize("block", ONE_LINE)
@pytest.mark.parametrize("end", ["\n\n", " "])
def test_a_header_block_may_stand_on_one_line(block: str, end: str) -> None:
    join = in_text(f"{TEAMS}\n{block}{end}{ZOOM}")
    assert (join.service, join.sip, join.h323) == ("teams", (), ())
    assert in_text(f"Hello, see below.\n\n{block}{end}{ZOOM}").sip == DIALLED


@pytest.mark.parametrize("block", ONE_LINE)
def test_a_body_that_lost_its_lines_has_its_header_block_in_the_middle(block: str) -> None:
    join = in_text(f"New link: https://meet.google.com/abc-defg-hij {block} {ZOOM}".replace("\n", " "))
    assert (join.service, join.sip) == ("meet", ())


@pytest.mark.parametrize(
    "line",
    [
        "From: 10:00 Date: 6 April To: 11:00 Subject: travel",
        "From: Berlin To: Hamburg Date: 6 April",
        "Subject: Weekly Date: 6 April",
        "Data: 6 aprile Oggetto: settimana",
    ],
)
def test_an_agenda_on_one_line_is_no_header_block(line: str) -> None:
    assert in_text(f"{TEAMS}\n{line}\n\n{ZOOM}").sip == DIALLED


def test_marks_count_inside_a_body_that_is_quoted_as_a_whole() -> None:
    for older in (
        f"\n-----Original Message-----\nFrom: {KIM}\nSubject: x\n\n{ZOOM}",
        "\n> " + ZOOM.replace("\n", "\n> "),
    ):
        body = TEAMS + older
        assert in_text(body).sip == ()
        assert in_text("FYI\n\n> " + body.replace("\n", "\n> ")).sip == ()
    assert in_text("FYI\n\n> " + ZOOM.replace("\n", "\n> ")).sip == DIALLED


@pytest.mark.parametrize(
    "line", [f"On Mon, Apr 6, 2026 at 2:12 PM {KIM} wrote:", "Le lun. 6 avr. 2026 à 14:12, Kim a écrit :"]
)
def test_the_line_above_a_quoted_mail_in_a_body_that_lost_its_lines(line: str) -> None:
    assert in_text(f"{TEAMS} {line} > {ZOOM}".replace("\n", " ")).sip == ()
    assert in_text(f"FYI {line} > {ZOOM}".replace("\n", " ")).sip == DIALLED
