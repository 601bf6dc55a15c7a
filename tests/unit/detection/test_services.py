"""The other services: name, id, address where one is known, and an honest reason where none is."""

from __future__ import annotations

import pytest

from connector.detection.detect import detect
from connector.model import JoinInfo, SourceText
from tests.unit.detection.helpers import in_html, in_text, lines_for

TEAMS = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_QUJD%40thread.v2/0?context=%7b%22Tid%22%3a%22x%22%7d"


def expect(join: JoinInfo, service: str, meeting_id: str | None, *sip: str) -> None:
    assert (join.service, join.joinable, join.meeting_id, join.sip) == (service, True, meeting_id, sip)
    if not sip:
        assert lines_for(join, "sip", "note")[0].reason


@pytest.mark.parametrize(
    "link",
    [
        TEAMS,
        "https://teams.live.com/meet/9312345678901?p=x",
        "https://teams.cloud.microsoft/meet/31234567890123?p=x",  # F046
        "https://gov.teams.microsoft.us/l/meetup-join/19%3ameeting_x/0",
        "https://teams.microsoft.com/v2/?meetingjoin=true#/meet/31234567890123?p=x",
        "https://teams.microsoft.com/dl/launcher/launcher.html?url=%2F_%23%2Fl%2Fmeetup-join%2F19%3Ameeting_x",
        "https://teams.microsoft.com/light-meetings/launch?coords=abc",
    ],
)
def test_teams_without_interop_is_named_and_not_dialled(link: str) -> None:
    join = in_text(f"Microsoft Teams\n{link}\nPhone conference ID: 123 456 789#")
    assert (join.service, join.joinable, join.sip, join.join_url) == ("teams", True, (), link)


def test_teams_ids_are_printed_in_threes() -> None:
    join = in_text(f"Teilnehmen: {TEAMS}\nBesprechungs-ID: 312 345 678 901 23\nKenncode: aB3dEf\n")
    expect(join, "teams", "31234567890123")
    assert (join.passcode, join.passcode_text) == (None, "aB3dEf")


@pytest.mark.parametrize(
    ("block", "address"),
    [
        ("5550123@t.plcm.vc VTC Conference ID: 0123456789", "5550123.0123456789@t.plcm.vc"),
        ("Tenant key: 5550123@t.plcm.vc\nVideo ID: 012 345 678 9", "5550123.0123456789@t.plcm.vc"),
        ("https://dialin.plcm.vc/teams/?key=5550123&conf=0123456789", "5550123.0123456789@t.plcm.vc"),
        ("https://dialin.bluejeans.com/teams/5550123/123456789", "5550123.123456789@teams.bjn.vc"),
        (
            "https://www.webex.com/msteams?confid=123456789&tenantkey=acme&domain=m.webex.com",
            "123456789.acme@m.webex.com",
        ),
        ("acme@m.webex.com\nVideo Conference ID: 123 456 789 0", "1234567890.acme@m.webex.com"),
        (
            "https://vc.example.org/teams/?conf=123456789&ivr=teams&d=vc.example.org&prefix=55",
            "55123456789@vc.example.org",
        ),
        ("https://pexip.me/teams/vc.example.org/123456789", "123456789@vc.example.org"),
        (
            "Join with a video conferencing device\nteams@vc.example.org\nVideo Conference ID: 123 456 789 0",
            "teams@vc.example.org",
        ),
        ("Videoneuvottelulaite\nteams@vc.example.org\nVideoneuvottelun tunnus: 123 456 789 0", "teams@vc.example.org"),
    ],
)
def test_teams_interop_blocks(block: str, address: str) -> None:
    expect(in_text(f"Microsoft Teams meeting\n{TEAMS}\n{block}\n"), "teams", None, address)


def test_pexips_interop_link_tells_the_h323_address_too() -> None:
    link = "https://vc.example.org/teams/?conf=123456789&amp;ivr=teams&amp;d=vc.example.org&amp;ip=192.0.2.9"
    join = in_html(f'<a href="{TEAMS}">Join</a> <a href="{link}">Alternate</a>')
    assert (join.sip, join.h323) == (("123456789@vc.example.org",), ("123456789@192.0.2.9",))


def test_a_mail_address_with_a_phone_number_is_no_interop_block() -> None:
    join = in_text(f"Video call: {TEAMS}\nkim@example.org\nPhone: 5550143210\n")
    expect(join, "teams", None)


@pytest.mark.parametrize(
    ("body", "number", "address"),
    [
        ("https://acme.webex.com/meet/kim.example", None, "kim.example@acme.webex.com"),
        ("https://acme.webex.com/join/kim.example  |  409 555 130", "409555130", "kim.example@acme.webex.com"),
        (
            "https://acme.webex.com/acme/j.php?MTID=m1\nMeeting number: 2550 123 4567",
            "25501234567",
            "25501234567@acme.webex.com",
        ),
        (
            "https://acme.webex.com/acme/j.php?MTID=m1\nMeeting number (access code): 255 012 345",
            "255012345",
            "255012345@acme.webex.com",
        ),
        (
            "https://acme.webex.com/acme/j.php?MTID=m1\nMeeting-Kennnummer (Zugriffscode): 2550 12 3456",
            "2550123456",
            "2550123456@acme.webex.com",
        ),
        (
            "https://acme.webex.com/acme/j.php?MTID=m1\nDial 255012345@acme.webex.com",
            "255012345",
            "255012345@acme.webex.com",
        ),
        ("Dial sip:255012345@acme.webex.com", "255012345", "255012345@acme.webex.com"),
    ],
)
def test_webex(body: str, number: str | None, address: str) -> None:
    expect(in_text(body), "webex", number, address)


def test_a_bare_webex_link_holds_no_number() -> None:
    expect(in_text("https://acme.webex.com/acme/j.php?MTID=m0123456789"), "webex", None)


def test_webex_codes_and_gateway() -> None:
    join = in_text(
        "https://acme.webex.com/acme/j.php?MTID=m1\nMeeting number (access code): 2550 123 4567\n"
        "Meeting password: aBc12 (22212 from phones and video systems)\nkim.acme@lync.webex.com\n"
        "You can also dial 173.243.2.68 and enter your meeting number."
    )
    assert (join.passcode, join.passcode_text) == ("22212", "aBc12")
    assert join.sip == ("25501234567@acme.webex.com",)
    assert join.h323 == ("173.243.2.68##25501234567",)


def test_a_webex_registration_is_not_joinable() -> None:
    join = in_text("Register https://acme.webex.com/acme/j.php?RGID=r1")
    assert (join.service, join.joinable, join.sip) == ("webex", False, ())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("https://meet.google.com/abc-defg-hij", "abc-defg-hij"),
        ("https://meet.google.com/abc-defg-hijOtherwise dial +1 202 555 0143 PIN: 123 456 789#", "abc-defg-hij"),
        ("https://meet.google.com/lookup/kimsroom", "kimsroom"),
        ("https://tel.meet/abc-defg-hij?pin=1234567890123", "abc-defg-hij"),
        ("https://meet.google.com/linkredirect?dest=https://meet.google.com/abc-defg-hij", "abc-defg-hij"),
    ],
)
def test_meet_is_named_and_not_dialled(body: str, code: str) -> None:
    join = in_text(body)
    expect(join, "meet", code)
    assert (join.passcode, join.passcode_text) == (None, None)
    assert join.join_url is not None and "Otherwise" not in join.join_url


def test_meet_with_a_printed_interop_address() -> None:
    body = (
        "https://meet.google.com/abc-defg-hij\nOr dial from a video system: 1234567@acme.onpexip.com\nkim@example.org"
    )
    expect(in_text(body), "meet", "abc-defg-hij", "1234567@acme.onpexip.com")


@pytest.mark.parametrize(
    ("body", "service", "number", "sip"),
    [
        ("https://bluejeans.com/615550271?src=x", "bluejeans", "615550271", ("615550271@bjn.vc",)),
        ("https://acme.bluejeans.com/615550271/1234", "bluejeans", "615550271", ("615550271.1234@bjn.vc",)),
        ("https://global.gotomeeting.com/join/223555240", "gotomeeting", "223555240", ()),
        ("https://meet.goto.com/223555240", "gotomeeting", "223555240", ()),
        (
            "https://meet.goto.com/223555240\nDial in or type: 67.217.95.2",
            "gotomeeting",
            "223555240",
            ("223555240@67.217.95.2",),
        ),
        ("https://gotomeet.me/kimexample", "gotomeeting", None, ()),
        ("https://v.ringcentral.com/join/677555961593", "ringcentral", "677555961593", ("677555961593@sip.rcv.com",)),
        ("https://v.ringcentral.com/join/677555961593?pw=18c0dd", "ringcentral", "677555961593", ()),
        (
            "https://v.ringcentral.com/join/677555961593?pw=18c0dd\nPassword: Walrus\nRooms\nPasscode: 0981234567",
            "ringcentral",
            "677555961593",
            ("677555961593.0981234567@sip.rcv.com",),
        ),
        ("https://meet.jit.si/AcmeStandup", "jitsi", "AcmeStandup", ()),
        ("https://8x8.vc/acme/kim", "jitsi", "acme/kim", ()),
        ("https://whereby.com/acme-room", "whereby", "acme-room", ()),
        ("https://chime.aws/1234567890", "chime", "1234567890", ()),
        ("https://call.lifesizecloud.com/1234567", "lifesize", "1234567", ("1234567@lifesizecloud.com",)),
        (
            "https://meet.starleaf.com/4123456789/app\n4123456789@acme.call.sl",
            "starleaf",
            "4123456789",
            ("4123456789@acme.call.sl",),
        ),
        (
            "https://vc.example.org/webapp/#/?conference=team@example.org",
            "pexip",
            "team@example.org",
            ("team@example.org",),
        ),
        (
            "https://vc.example.org/webapp/conference/team@example.org",
            "pexip",
            "team@example.org",
            ("team@example.org",),
        ),
        ("https://vc.example.org/webapp/home/?conference=team&pin=1", "pexip", "team", ()),
        (
            "https://cms.example.org/invited.sf?secret=x&id=5551234\nDial 5551234@example.org",
            "cms",
            "5551234",
            ("5551234@example.org",),
        ),
        ("https://meet.lync.com/acme/kim/ABC123", "skype", "ABC123", ()),
        ("Dial sip:board.room@vc.example.org.", "direct", None, ("board.room@vc.example.org",)),
        ("SIP: board@vc.example.org", "direct", None, ("board@vc.example.org",)),
    ],
)
def test_links_and_addresses(body: str, service: str, number: str | None, sip: tuple[str, ...]) -> None:
    expect(in_text(body), service, number, *sip)


def test_goto_prints_its_h323_string() -> None:
    join = in_text("https://global.gotomeeting.com/join/223555240\nDial: 67.217.95.2##223555240")
    assert join.h323 == ("67.217.95.2##223555240",)


def test_a_plain_h323_string() -> None:
    join = in_text("Dial 198.51.100.7##4455#1234 from the room")
    assert (join.service, join.sip, join.h323, join.passcode) == ("direct", (), ("198.51.100.7##4455#1234",), "1234")


def test_codes_behind_dollar_signs_are_redacted() -> None:
    join = in_text("sip:4455$$1234@vc.example.org")
    assert join.sip == ("4455$$1234@vc.example.org",)
    assert lines_for(join, "sip", "won")[0].shown == "4455$$***@vc.example.org"


@pytest.mark.parametrize(
    "body",
    [
        "Write to kim@example.org or mailto:kim@example.org",
        "https://lists.example.org/archive/2023.abc@mail.example.org/",
        "8/20@10AM, follow @kim",
        "conf:sip:kim@example.org;gruu;opaque=app:conf",
        "https://bluejeans.com/numbers",
        "https://www.youtube.com/watch?v=abc",
        "https://teams.microsoft.com/meetingOptions/?organizerId=x",
        "",
    ],
)
def test_what_is_no_meeting(body: str) -> None:
    join = in_text(body)
    assert (join.service, join.joinable, join.sip, join.h323) == (None, False, (), ())


def test_meet_interop_at_a_domain_of_the_customers_own() -> None:
    body = "https://meet.google.com/abc-defg-hij\nJoin by video system: 1234567890@vc.example.com\n"
    assert detect((SourceText("description", "text", body),)).sip == ("1234567890@vc.example.com",)


def test_meet_digits_of_a_mail_address_are_not_dialled() -> None:
    body = "https://meet.google.com/abc-defg-hij\nQuestions to 1234567890@mail.example.com\n"
    assert detect((SourceText("description", "text", body),)).sip == ()


def test_webex_below_a_telephone_conference() -> None:
    join = in_text(
        "Teleconference\nToll Free: 1-866-555-0143\nConference ID 7050054\n\nWebex\nMeeting Number: 756 640 083\n"
        "Meeting Password: Maple\n1. Go to https://example.webex.com/example/j.php?J=756640083&PW=NYjA2\n"
    )
    assert (join.meeting_id, join.passcode_text) == ("756640083", "Maple")


def test_webex_takes_no_code_of_the_telephone_conference_above_it() -> None:
    join = in_text(
        "Conference ID 7050054\nPassword: 4321\n\nWebex\nMeeting Number: 756 640 083\n"
        "Go to https://example.webex.com/example/j.php?J=756640083&PW=NYjA2\n"
    )
    assert (join.meeting_id, join.passcode, join.passcode_text) == ("756640083", None, None)
