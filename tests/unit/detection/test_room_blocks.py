"""Invitations that say what a room dials in their own way: no link, a host's link, several codes, printed names."""

from __future__ import annotations

import pytest

from connector.detection.detect import detect
from connector.model import SourceText
from tests.unit.detection.helpers import in_html, in_text

WEBEX = "https://acme.webex.com/acme/j.php?MTID="
BODY = (
    f"{WEBEX}m1\nMeeting number (access code): 2424 250 5248\nMeeting password: Abc7xyz\n\n"
    f"Dial 24242505248@acme.webex.com\n\nIf you are a host, click here: {WEBEX}m2\n"
)


def text(where: str, content: str) -> SourceText:
    return SourceText(where, "text", content)


# ------------------------------------------------------------------------------------ Webex


def test_the_hosts_link_below_does_not_hide_the_number() -> None:
    join = detect((text("location", f"{WEBEX}m1"), text("description", BODY)))
    assert (join.meeting_id, join.passcode_text, join.sip) == (
        "24242505248",
        "Abc7xyz",
        ("24242505248@acme.webex.com",),
    )


def test_what_stands_around_another_link_in_the_body_is_not_taken() -> None:
    join = detect((text("location", f"{WEBEX}m9"), text("description", BODY)))
    assert (join.service, join.meeting_id, join.passcode_text, join.sip) == ("webex", None, None, ())
    turned = f"Meeting number: 2550 123 4567\n\n{WEBEX}m2\n\n{WEBEX}m1\nMeeting number: 2424 250 5248\n"
    join = detect((text("location", f"{WEBEX}m1"), text("description", turned)))
    assert join.sip == ("24242505248@acme.webex.com",)


def test_a_password_is_read_where_no_number_is_known() -> None:
    join = in_text(f"{WEBEX}m1\npassword: SiRhb7\n")
    assert (join.meeting_id, join.passcode_text, join.sip) == (None, "SiRhb7", ())


def test_a_password_is_read_where_there_is_no_link() -> None:
    join = in_text(
        "Meeting number (access code): 128 288 1912 Meeting password:\nvGxay7 \nDial 1282881912@acme.webex.com\n"
    )
    assert (join.meeting_id, join.passcode_text) == ("1282881912", "vGxay7")
    assert join.sip == ("1282881912@acme.webex.com",)


def test_of_two_passwords_above_the_link_the_first_is_the_webs() -> None:
    join = in_text(
        "Webex\nMeeting number (access code): 175 335 6387\nPassword: 7wrDk\n"
        "Password if joining from a phone: 79738978\n"
        f"{WEBEX}m1\n"
    )
    assert (join.passcode_text, join.passcode, join.sip) == ("7wrDk", "79738978", ("1753356387@acme.webex.com",))


MY = "https://kim-405.my.webex.com"


@pytest.mark.parametrize(
    ("body", "address"),
    [
        (f"{MY}/meet/voices\nDial voices.kim-405.my@webex.com\n", "voices.kim-405.my@webex.com"),
        (f"{MY}/meet/voices\nMeeting number: 2554 439 4487\n", "voices.kim-405.my@webex.com"),
        (f"{MY}/kim-405.my/j.php?MTID=m1\nMeeting number: 2554 439 4487\n", "25544394487@webex.com"),
    ],
)
def test_free_sites_have_their_rooms_at_the_common_domain(body: str, address: str) -> None:
    assert in_text(body).sip == (address,)


def test_the_address_of_another_webex_meeting_is_not_added() -> None:
    join = in_text("Dial sip:255012345@acme.webex.com\n\nNext week: sip:255099999@acme.webex.com\n")
    assert join.sip == ("255012345@acme.webex.com",)


# ------------------------------------------------------------------------------------ Teams without its link


@pytest.mark.parametrize(
    ("body", "number", "address"),
    [
        (
            "Join with a video conferencing device\n813000800@t.plcm.vc VTC Conference ID: 017920684\n",
            None,
            "813000800.017920684@t.plcm.vc",
        ),
        (
            "Conference ID: 269 926 001#\n130885042@teams.bjn.vc VTC Conference ID: 1291418361\n",
            None,
            "130885042.1291418361@teams.bjn.vc",
        ),
        (
            "Microsoft Teams meeting\nClick here to join the meeting\n\n"
            "Meeting ID: 278 735 485 381\nPasscode: H9TF7c\n\n"
            "Join with a video conferencing device\n\nacme@m.webex.com\n\nVideo Conference ID: 114 213 415 0\n\n"
            "+1 202-555-0144,,57676213# US\nPhone Conference ID: 576 762 13#\n",
            "278735485381",
            "1142134150.acme@m.webex.com",
        ),
        ("Test: https://pexip.me/teams/vc.example.org/123456", None, "123456@vc.example.org"),
        (
            "https://edge.example.org/teams/?conf=abcd.1337&ivr=abcd&d=vc.example.org&prefix=aaa",
            None,
            "aaaabcd.1337@vc.example.org",
        ),
    ],
)
def test_a_teams_block_that_lost_its_link(body: str, number: str | None, address: str) -> None:
    join = in_text(body)
    assert (join.service, join.joinable, join.meeting_id, join.sip) == ("teams", True, number, (address,))


def test_a_teams_block_at_an_unknown_domain_is_named_and_not_dialled() -> None:
    join = in_text(
        "Microsoft Teams meeting\nClick here to join the meeting\nJoin with a video conferencing device\n"
        "453426348@vc.example.org\nVideo Conference ID: 123 887 981 0\n"
    )
    assert (join.service, join.sip, join.h323) == ("teams", (), ())


@pytest.mark.parametrize(
    "body",
    [
        "Our video: 813000800@t.plcm.vc\nTel: 017 920 684 00\n",
        "813000800@t.plcm.vc\nMeeting ID: 844 233 4652\n",
        "acme@m.webex.com is our key.\nPhone Conference ID: 576 762 13#\n",
        "kim@example.org\nVideo Conference ID: 123 887 981 0\n",
    ],
)
def test_a_key_without_its_conference_id_makes_no_meeting(body: str) -> None:
    assert in_text(body).sip == ()


TEAMS = "Microsoft Teams meeting\nJoin: https://teams.microsoft.com/meet/228859003479315?p=x\n"


@pytest.mark.parametrize("top", ["", TEAMS])
@pytest.mark.parametrize(
    "block",
    [
        "Tenant key:\nacme@m.webex.com\nVideo ID:\n114 213 415 0\nMore info\n",
        "Tenant key:\n\nacme@m.webex.com\n\nVideo ID:\n\n114 213 415 0\n\nMore info\n",
        "Video device\nacme@m.webex.com\nVideo Conference ID:\n114 213 415 0\n",
        "**Tenant key:** acme@m.webex.com\n**Video Conference ID:** 114 213 415 0\n",
        "**Tenant key**: acme@m.webex.com\n**Video Conference ID**: 114 213 415 0\n",
        "| Tenant key | acme@m.webex.com |\n| Video Conference ID | 114 213 415 0 |\n",
        "Tenant key\nacme@m.webex.com\nVideo ID\n114 213 415 0\n",
        "Video ID: 114 213 415 0\nTenant key: acme@m.webex.com\n",
        "Tenant key: acme@m.webex.com\nPhone Conference ID: 576 762 134#\nVideo ID: 114 213 415 0\n",
        "acme@m.webex.com\nビデオ会議 ID: 114 213 415 0\n",
    ],
)
def test_the_conference_id_of_a_block_is_read_in_every_layout(top: str, block: str) -> None:
    assert in_text(top + block).sip == ("1142134150.acme@m.webex.com",)


def test_the_conference_id_of_a_block_in_a_table() -> None:
    row = "<tr><td><b>{}</b></td><td>{}</td></tr>"
    table = row.format("Tenant key", "acme@m.webex.com") + row.format("Video Conference ID", "114 213 415 0")
    assert in_html(f"<table>{table}</table>").sip == ("1142134150.acme@m.webex.com",)


@pytest.mark.parametrize(
    "line",
    [
        "Phone Conference ID:\n576 762 134#",
        "Phone Conference ID: 576 762 134 #",
        "Tel: 0202 5550 143",
        "Meeting ID: 278 735 485",
        "Passcode: 20265550",
        "Date:\n2026 1121",
        "Video ID: 114 213 415 0 114 2134",
        "",
    ],
)
def test_another_number_below_the_tenant_key_is_no_conference_id(line: str) -> None:
    assert in_text(f"{TEAMS}Tenant key: acme@m.webex.com\n{line}\n").sip == ("acme@m.webex.com",)


def test_the_conference_id_below_another_address_is_not_taken() -> None:
    block = "813000800@t.plcm.vc\nVTC Conference ID: 017920684\n"
    assert in_text(f"{TEAMS}Rooms: kim@example.org\n{block}").sip == ("813000800.017920684@t.plcm.vc",)
    assert in_text(f"{TEAMS}Key: acme@m.webex.com\n{block}").sip == ("813000800.017920684@t.plcm.vc",)


def test_the_key_that_has_its_conference_id_is_dialled() -> None:
    far = "How rooms join is told on the page of your own administrator. " * 5
    join = in_text(f"{TEAMS}Key: acme@m.webex.com\n{far}\nKey: acme@m.webex.com\nVideo ID: 114 213 415 0\n")
    assert join.sip == ("1142134150.acme@m.webex.com",)


# ------------------------------------------------------------------------------------ Cisco Meeting Server, StarLeaf

CMS = "https://join.example.org/invited.sf?secret=x&id=12345"


@pytest.mark.parametrize(
    ("body", "address"),
    [
        (f"{CMS}\n\nVideo system: make video call to test@example.org\n", "test@example.org"),
        (
            "https://join.example.org/meeting/649206560?secret=x\nDial sip:rd@vc.example.org\n",
            "rd@vc.example.org",
        ),
        (f"{CMS}\nsip:other@vc.example.org\n12345@vc.example.org\n", "12345@vc.example.org"),
    ],
)
def test_the_stated_address_of_a_call_bridge(body: str, address: str) -> None:
    join = in_text(body)
    assert (join.service, join.sip) == ("cms", (address,))


@pytest.mark.parametrize(
    "more",
    [
        "\nQuestions: kim@example.org\n",
        "\nTo change it, call kim@example.org\n",
        "\n\nhttps://meet.jit.si/Acme\nsip:acme@vc.example.org",
    ],
)
def test_no_other_address_is_taken_for_the_call_bridges(more: str) -> None:
    assert in_text(CMS + more).sip == ()


def test_a_starleaf_address_needs_no_link() -> None:
    join = in_text("12345@acme.call.sl")
    assert (join.service, join.joinable, join.meeting_id, join.sip) == (
        "starleaf",
        True,
        "12345",
        ("12345@acme.call.sl",),
    )


def test_a_starleaf_address_beside_a_meeting_is_a_rooms_own() -> None:
    zoom = "https://zoom.us/j/81920374655"
    join = detect((text("location", "Room 4, 12345@acme.call.sl"), text("description", zoom)))
    assert join.service == "zoom"
    assert in_text("kim.room@acme.call.sl").sip == ()
    assert in_text("1234567@lifesizecloud.com").sip == ()  # where a link gives the address, this is rather a room's own


@pytest.mark.parametrize("label", ["Passcode", "Kode", "Something new"])
def test_the_passcode_of_a_block_that_lost_its_link(label: str) -> None:
    join = in_text(
        f"Microsoft Teams\nJoin the meeting now \nMeeting ID: 256 090 000 241 4 \n{label}: ts2gG2P0 \n"
        "____________\nDial in by phone \n+1 202-555-0143,,888760300# United States \nFind a local number \n"
        "Phone conference ID: 888 760 300# \nJoin on a video conferencing device \n"
        "Tenant key: 813000800@t.plcm.vc \nVideo ID: 114 528 109 8 \nMore info \n"
    )
    assert (join.meeting_id, join.passcode_text) == ("2560900002414", "ts2gG2P0")
    assert join.sip == ("813000800.1145281098@t.plcm.vc",)


@pytest.mark.parametrize(
    "body",
    [
        "Microsoft Teams-møte. Møte-ID: 322 367 000 208 27, passord: ca2Fq7G0.",
        "Microsoft Teams Need help?\nJoin the meeting now\nMeeting ID: 322 367 000 208 27\nPasscode: ca2Fq7G0\n",
        "Microsoft Teams\nBesprechungs-ID: 322 367 000 208 27 \nPasscode: ca2Fq7G0 \n",
    ],
)
def test_a_teams_meeting_that_lost_its_links_is_named(body: str) -> None:
    join = in_text(body)
    assert (join.service, join.meeting_id, join.passcode_text) == ("teams", "32236700020827", "ca2Fq7G0")
    assert (join.joinable, join.sip, join.h323) == (True, (), ())
    assert any("no link" in line.reason for line in join.evidence)


@pytest.mark.parametrize(
    "body",
    [
        "We talked on Microsoft Teams. Order number: 322 367 000 208, password: ca2Fq7G0.",
        "Microsoft Teams meeting\nMeeting ID: 322 367 000 208 27\n",
        "Meeting ID: 322 367 000 208 27\nPasscode: ca2Fq7G0\n",
    ],
)
def test_no_teams_meeting_without_its_name_its_id_and_its_passcode(body: str) -> None:
    assert (in_text(body).service, in_text(body).joinable) == (None, False)


def test_a_zoom_number_in_a_mail_that_speaks_of_teams_stays_zooms() -> None:
    body = (
        "Not Microsoft Teams this time.\nhttps://example.zoom.us/j/81234500001\nMeeting ID: 81234500001\nPasscode: 12\n"
    )
    assert in_text(body).sip == ("81234500001.12@zoomcrc.com",)
