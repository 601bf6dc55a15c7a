"""A room's link in somebody's signature is no invitation: beside another meeting it is not dialled."""

from __future__ import annotations

import pytest

from connector.detection.detect import detect
from connector.model import JoinInfo, SourceText
from tests.unit.detection.helpers import in_html, in_text, lines_for

OWN_ROOM = "https://acme.zoom.us/j/4155550123"  # ten digits: somebody's personal room
MEETING = "https://acme.zoom.us/j/81920374655"
TEAMS = (
    "________________\nMicrosoft Teams meeting\nJoin on your computer or mobile app\nClick here to join the meeting "
    "<https://teams.microsoft.com/l/meetup-join/19%3ameeting_QUJD%40thread.v2/0?context=x>\n"
    "Meeting ID: 345 678 901 23\nPasscode: Zz9Yy8\n________________\n"
)
WHEREBY = "Join us here: https://whereby.com/acme\n"
JITSI = "https://meet.jit.si/AcmeStandup\n"
MEET = "https://meet.google.com/abc-defg-hij"
INVITATION = (
    f"Kim Example is inviting you to a scheduled Zoom meeting.\n\nJoin Zoom Meeting\n{MEETING}?pwd=x.1\n\n"
    "Meeting ID: 819 2037 4655\nPasscode: 004618\n"
)
DIALLED = ("81920374655.004618@zoomcrc.com",)
SIGNATURES = (
    f"-- \nKim Example\n{OWN_ROOM}\n",
    f"--\nKim Example\nMy Zoom: {OWN_ROOM}?pwd=abc\nPasscode: 1234\n",
    f"Best regards\nKim Example\nZoom: {OWN_ROOM}\n",
    f"Mit freundlichen Grüßen\n\nKim Example\nVertrieb\nZoom {OWN_ROOM}\n",
    f"Kim Example\nAcme\n+1 202 555 0143\nkim@example.org\nZoom: {OWN_ROOM}\n",
    f"Kim Example | kim@example.org | {OWN_ROOM}\n",
    f"Kim Example\n{OWN_ROOM}\n",
    f"Kim Example\nZoom: {OWN_ROOM} (Passcode: 1234)\n",
    f"Kim\nMy personal meeting room: {OWN_ROOM}\n",
    "Regards,\nKim\nhttps://acme.webex.com/meet/kim\n",
    "Kim Example\nhttps://call.lifesizecloud.com/1234567\n",
)


def parted(*places: tuple[str, str]) -> JoinInfo:
    return detect(tuple(SourceText(where, "text", content) for where, content in places))


@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize(
    ("service", "block"), [("teams", TEAMS), ("whereby", WHEREBY), ("jitsi", JITSI), ("meet", f"Video: {MEET}\n")]
)
def test_a_signature_below_is_not_dialled(service: str, block: str, signature: str) -> None:
    join = in_text(f"Hello all,\nlet us talk about the budget.\n\n{block}\n\n{signature}")
    assert (join.service, join.joinable, join.sip, join.h323) == (service, True, (), ())


@pytest.mark.parametrize("signature", SIGNATURES[:7])
def test_nor_one_above_the_block_that_the_mail_program_adds(signature: str) -> None:
    join = in_text(f"Hello all,\nlet us talk about the budget.\n\n{signature}\n{TEAMS}")
    assert (join.service, join.sip) == ("teams", ())


@pytest.mark.parametrize("signature", SIGNATURES[:6])
@pytest.mark.parametrize("where", ["conference", "location"])
def test_nor_one_in_the_body_of_a_meeting_that_stands_elsewhere(where: str, signature: str) -> None:
    join = parted((where, MEET), ("description", f"Hello all,\nsee you there.\n\n{signature}"))
    assert (join.service, join.sip) == ("meet", ())


def test_nor_one_in_html() -> None:
    join = in_html(
        '<p>Hello</p><p>Kind regards,<br>Kim</p><p><a href="https://acme.zoom.us/j/4155550123">Zoom</a></p>'
        '<hr><p>Microsoft Teams</p><p><a href="https://teams.microsoft.com/meet/23456789012345?p=x">Join</a></p>'
    )
    assert (join.service, join.sip) == ("teams", ())


def test_the_evidence_names_the_rule() -> None:
    join = in_text(f"{WHEREBY}\nBest regards\nKim\n{OWN_ROOM}\n")
    (line,) = lines_for(join, "service", "lost")
    assert (line.shown, line.reason) == ("zoom", "a lone link below a closing formula: it reads as a signature")
    assert lines_for(join, "service", "won")[0].reason == "the other one stands in a signature"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (f"{WHEREBY}\n-- \nKim\n{OWN_ROOM}\n", "a link below a signature's separator"),
        (f"{WHEREBY}\nRegards, Kim\n{OWN_ROOM}\n", "a lone link below a closing formula"),
        (
            f"{WHEREBY}\nKim Example\nTel: +1 202 555 0143\n{OWN_ROOM}\n",
            "somebody's own room beside a telephone number or a mail address",
        ),
        (f"{WHEREBY}\nPMI: {OWN_ROOM}\n", "a link that is called somebody's own room"),
        (f"{WHEREBY}\nKim\n{MEETING}\n", "a lone link below another meeting"),
        (f"Hello all,\n\nKim\n{OWN_ROOM}\n\n{TEAMS}", "somebody's own room beside another meeting"),
    ],
)
def test_each_form_has_its_reason(body: str, reason: str) -> None:
    (line,) = lines_for(in_text(body), "service", "lost")
    assert (line.shown, line.reason) == ("zoom", f"{reason}: it reads as a signature")


def test_an_answer_with_a_signature_above_the_quoted_invitation() -> None:
    join = in_text(f"I am there.\n\n-- \nKim\n{OWN_ROOM}\n\n> Join: https://whereby.com/acme\n")
    assert (join.service, join.sip) == ("whereby", ())
    join = in_text(f"New link:\n{MEETING}\n\n> Join: https://whereby.com/acme\n")
    assert (join.service, join.sip) == ("zoom", ("81920374655@zoomcrc.com",))


@pytest.mark.parametrize("number", [MEETING, OWN_ROOM])
def test_two_dashes_before_a_link_are_a_bullet(number: str) -> None:
    assert in_text(f"-- {number}\n\n{TEAMS}").service == "zoom"


# ------------------------------------------------------------------------------------ what is an invitation


@pytest.mark.parametrize(
    "body",
    [
        f"{INVITATION}\n{TEAMS}",
        f"{TEAMS}\n{INVITATION}",
        f"Best regards\nKim Example\n\n{INVITATION}\n{TEAMS}",
        f"{JITSI}\nBest regards\nKim Example\nkim@example.org\n\n{INVITATION}",
        f"Agenda\n--\n{INVITATION}\n{TEAMS}",
    ],
)
def test_a_whole_invitation_is_dialled_wherever_it_stands(body: str) -> None:
    assert in_text(body).sip == DIALLED


@pytest.mark.parametrize(
    "body",
    [
        f"Zoom: {MEETING}\n\n{TEAMS}",
        f"{OWN_ROOM}\n\n{TEAMS}",
        f"Hello all,\n\nZoom: {MEETING}\n\n{TEAMS}",
        f"{TEAMS}\nhttps://acme.zoom.us/j/81920374655?pwd=x.1\n",
        f"{TEAMS}\nWe use Zoom instead: {MEETING}\n",
        f"{TEAMS}\nJoin Zoom Meeting\n{MEETING}\n",
        f"{WHEREBY}or {MEETING}\n",
        f"{TEAMS}\nHere is the Zoom link: {OWN_ROOM}\n",
        f"{TEAMS}\n{OWN_ROOM}\nSIP: 4155550123@zoomcrc.com\nPasscode: 123456\n",
        f"Join here: {OWN_ROOM}\n\n{TEAMS}",
        f"{TEAMS}\nZoom-Meeting beitreten\n{MEETING}\n",
        f"{TEAMS}\nParticiper à la réunion Zoom\n{MEETING}\n",
        f"{TEAMS}\nZoomミーティングに参加する\n{MEETING}\n",
    ],
)
def test_a_lone_link_that_is_called_a_meeting_is_dialled(body: str) -> None:
    assert in_text(body).service == "zoom"
    assert in_text(body).sip


@pytest.mark.parametrize("where", ["description", "location", "url"])
@pytest.mark.parametrize("link", [MEETING, f"Zoom: {MEETING}", OWN_ROOM])
def test_a_link_beside_one_that_the_calendar_added_is_dialled(where: str, link: str) -> None:
    assert parted(("conference", MEET), (where, link)).service == "zoom"


@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_signature_alone_is_still_the_only_meeting(signature: str) -> None:
    assert in_text(f"Hello all,\n\n{signature}").sip


# ------------------------------------------------------------------------------------ two of one service


@pytest.mark.parametrize("signature", SIGNATURES[:6])
def test_the_invitation_below_a_signature_wins_within_zoom(signature: str) -> None:
    assert in_text(f"Hello all,\n\n{signature}\n{INVITATION}").sip == DIALLED


def test_of_two_plain_zoom_links_the_first_wins() -> None:
    assert in_text(f"{OWN_ROOM}\n{MEETING}\n").meeting_id == "4155550123"


def test_a_personal_link_without_a_number_does_not_name_the_meeting() -> None:
    join = in_text(f"Hello,\n\nBest regards\nKim | Acme | Zoom: https://acme.zoom.us/my/kim.example\n\n{TEAMS}")
    assert (join.service, join.meeting_id, join.sip) == ("teams", "34567890123", ())


def test_words_of_joining_far_above_on_the_same_line_do_not_call_into_an_own_room() -> None:
    body = f"{TEAMS}{'_' * 80}\n-- \nKim Example\nAcme\nMy personal Zoom room: {OWN_ROOM}\n"
    assert in_text(body.replace("\n", " ")).sip == ()
