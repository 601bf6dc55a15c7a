"""What a room dials, as less usual invitations tell it; and addresses that are somebody's, and no meeting's."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from connector.detection.detect import detect
from connector.model import SourceText
from tests.unit.detection.helpers import in_text

WEBEX = "https://acme.webex.com/acme/j.php?MTID="
TEAMS = "https://teams.microsoft.com/meet/302853132147?p=x\n"
BODY = (
    f"{WEBEX}m1\nMeeting number (access code): 2424 250 5248\nMeeting password: Abc7xyz\n\n"
    f"Dial 24242505248@acme.webex.com\n\nIf you are a host, click here: {WEBEX}m2\n"
)

# ------------------------------------------------------------------------------------ Webex


def test_a_personal_room_is_dialled_as_the_invitation_says() -> None:
    room = "https://acme.webex.com/meet/pr25501234567"
    join = in_text(f"{room} | 2550 123 4567\n\nJoin from a video system\nDial kim@acme.webex.com\n")
    assert (join.meeting_id, join.sip) == ("25501234567", ("kim@acme.webex.com",))
    assert in_text(f"{room}\nMail kim@acme.webex.com\n").sip == ("pr25501234567@acme.webex.com",)


@pytest.mark.parametrize(
    "label", ["Meeting password for video system", "Passwort für Videosystem", "Mot de passe pour le système vidéo"]
)
def test_the_video_systems_password_on_a_line_of_its_own(label: str) -> None:
    join = in_text(
        f"{WEBEX}m1\n\nMeeting number:\n2424 250 5248\n\nMeeting password:\naBcd5678x\n\n"
        f"Dial 24242505248@acme.webex.com\n\n{label}\n86967324\n\nJoin by phone\n+49-619-6781-9736\n"
    )
    assert (join.passcode_text, join.passcode) == ("aBcd5678x", "86967324")


def test_a_password_far_above_the_address_is_read_where_there_is_no_link() -> None:
    phones = "".join(f"+1-650-555-01{at:02} Call-in toll number (US/Canada)\n" for at in range(12))
    join = in_text(
        f"Meeting number (access code): 615 734 219\nMeeting password: aqm2020\n\n{phones}\n"
        "JOIN FROM A VIDEO SYSTEM\nDial sip:615734219@acme.webex.com\n"
    )
    assert (join.meeting_id, join.passcode_text, join.sip) == (
        "615734219",
        "aqm2020",
        ("615734219@acme.webex.com",),
    )


def test_webexs_gateway_is_the_one_that_stands_behind_the_address() -> None:
    body = f"{WEBEX}m1\nMeeting number: 2424 250 5248\nDial 24242505248@acme.webex.com\n"
    for gap in ("", "\n"):
        join = in_text(f"{body}{gap}You can also dial 203.0.113.91 and enter your number.\nPrinter: 198.51.100.7")
        assert join.h323 == ("203.0.113.91##24242505248",)


# ------------------------------------------------------------------------------------ H.323 beside a service's address


@pytest.mark.parametrize(
    ("body", "sip", "h323"),
    [
        (
            "https://conf.example.net/webapp/conference/97911310\nSIP: 97911310@conf.example.net\n"
            "H.323: 192.0.2.17##97911310\n",
            ("97911310@conf.example.net",),
            ("192.0.2.17##97911310",),
        ),
        (
            "https://meet.starleaf.com/4123456789\nDial 4123456789@acme.call.sl\nH.323: 192.0.2.9##4123456789#55\n",
            ("4123456789@acme.call.sl",),
            ("192.0.2.9##4123456789#55",),
        ),
        (
            "https://conf.example.net/webapp/conference/97911310\nH.323: 192.0.2.17##97911310\n",
            (),
            ("192.0.2.17##97911310",),
        ),
        ("https://conf.example.net/webapp/conference/97911310\nH.323: 192.0.2.17##4711\n", (), ()),
        ("https://meet.jit.si/Acme\nRoom 4: 192.0.2.17##4711\n", (), ()),
    ],
)
def test_a_dial_string_with_the_meetings_own_number_is_the_meetings(
    body: str, sip: tuple[str, ...], h323: tuple[str, ...]
) -> None:
    join = in_text(body)
    assert (join.sip, join.h323) == (sip, h323)


# ------------------------------------------------------------------------------------ Teams


def test_a_rule_below_a_link_is_no_part_of_it() -> None:
    lead = "More information: "
    link = "https://dialin.plcm.vc/teams/?key=813800022&conf=1371604894"
    for rule in ("_" * 80, "=" * 72, "-_" * 30):
        assert in_text(f"{lead[: 76 - len(link)]}{link}\n{rule}\n").sip == ("813800022.1371604894@t.plcm.vc",)


@pytest.mark.parametrize("label", ["معرف الفيديو", "מזהה וידאו", "Videóazonosító", "비디오 ID", "影片識別碼"])
@pytest.mark.parametrize("between", [": ", ":\n"])
def test_the_video_id_in_more_languages(label: str, between: str) -> None:
    body = f"{TEAMS}\nKey{between}acme@m.webex.com\n{label}{between}"
    assert in_text(f"{body}137 160 489 4\n").sip == ("1371604894.acme@m.webex.com",)


# ------------------------------------------------------------------------------------ Meet, and no service at all


def test_a_meet_interop_id_may_have_fourteen_digits() -> None:
    body = "https://meet.google.com/abc-defg-hij\n\nJoin by video system: 48213456789012@vc.example.net\n"
    assert in_text(body).sip == ("48213456789012@vc.example.net",)


@pytest.mark.parametrize(
    "body",
    [
        "Joining from a video-conferencing room or system?\n- Dial: 7428363@tp.example.net",
        "From a room system dial 7428363@tp.example.net",
        "Video conferencing: dial 7428363@tp.example.net",
    ],
)
def test_digits_at_a_host_that_a_room_system_is_told_to_dial(body: str) -> None:
    assert in_text(body).sip == ("7428363@tp.example.net",)


@pytest.mark.parametrize(
    "body",
    [
        "Questions? Mail 7428363@tp.example.net",
        "Dial: +1 202 555 0143 or write to 7428363@tp.example.net",
        "The room system is broken, ticket 7428363@tp.example.net",
        "Joining from a room system?\nAsk kim@example.net",
    ],
)
def test_digits_at_a_host_are_a_mail_address_otherwise(body: str) -> None:
    assert in_text(body).sip == ()


@pytest.mark.parametrize("label", ["Organizer: ", "Contact: ", "", "Questions? Write to "])
def test_a_mail_address_below_a_video_id_is_no_tenant_key(label: str) -> None:
    body = f"{TEAMS}Video ID: 137 160 489 4\n{label}kim@example.net\n"
    assert in_text(body).sip == ()
    assert in_text(f"{body}Phone conference ID: 999 888 777#\n").sip == ()


def test_pexips_own_cloud_takes_the_conference_id_alone() -> None:
    body = f"{TEAMS}Tenant key: teams@acme.onpexip.com\nVideo ID: 137 160 489 4\n"
    assert in_text(body).sip == ("1371604894@acme.onpexip.com",)


def test_a_personal_room_in_a_signature_above_the_invitation() -> None:
    signature = "Best regards\nKim\nhttps://acme.webex.com/meet/kim.example\n\n"
    join = in_text(signature + BODY)
    assert (join.meeting_id, join.sip) == ("24242505248", ("24242505248@acme.webex.com",))
    assert in_text(signature).sip == ("kim.example@acme.webex.com",)  # the only meeting
    assert in_text("Join here: https://acme.webex.com/meet/kim\n\n" + BODY).sip == ("kim@acme.webex.com",)


@pytest.mark.parametrize(
    "signature",
    [
        "Best regards\nKim Example\n+1 202 555 0143\nSIP: kim@acme.example.net\n",
        "-- \nKim Example | sip:kim@acme.example.net | +1 202 555 0143\n",
        "Mit freundlichen Grüßen\nKim\nVideo address: 4711@acme.example.net\n",
    ],
)
def test_the_address_of_a_person_in_a_signature_is_not_dialled(signature: str) -> None:
    assert in_text(f"Lunch on Friday?\n\n{signature}").sip == ()
    assert in_text(f"Please dial sip:board@vc.example.net\n\n{signature}").sip == ("board@vc.example.net",)


def test_what_looks_like_a_dial_string_and_is_none() -> None:
    assert in_text("Upgrade 10.2.3.4 -> 10.2.3.5 ## 12 hosts").h323 == ()
    assert in_text("Dial 192.0.2.5 ## 4711").h323 == ("192.0.2.5##4711",)


# ------------------------------------------------------------------------------------ Teams' two links to one meeting


def block(number: str, thread: str, cvi: str = "") -> str:
    return (
        f"Microsoft Teams meeting\nJoin: https://teams.microsoft.com/meet/{number}?p=x\n"
        f"Meeting ID: {number[:3]} {number[3:6]} {number[6:9]} {number[9:12]} {number[12:]}\nPasscode: aB3dE6fG\n____\n"
        "Need help?<https://aka.ms/JoinTeamsMeeting?omkt=en-US> | System reference"
        f"<https://teams.microsoft.com/l/meetup-join/19%3ameeting_{thread}%40thread.v2/0?context=x>\n"
        f"Dial in by phone\n+1 202 555 0143,,111222333#\nPhone conference ID: 111 222 333#\n{cvi}"
        "For organizers: Meeting options<https://teams.microsoft.com/meetingOptions/?organizerId=x>\n\n"
    )


KEY = (
    "Join on a video conferencing device\nTenant key: acme@m.webex.com\nVideo ID: 137 160 489 4\n"
    "More info<https://www.webex.com/msteams?confid=1371604894&tenantkey=acme&domain=m.webex.com>\n"
)
PRINTED_KEY = KEY.partition("More info")[0]


@pytest.mark.parametrize("cvi", [KEY, PRINTED_KEY])
def test_the_system_reference_is_the_same_teams_meeting(cvi: str) -> None:
    join = in_text(block("228859003470001", "QUJD", cvi))
    assert (join.meeting_id, join.passcode_text) == ("228859003470001", "aB3dE6fG")
    assert join.sip == ("1371604894.acme@m.webex.com",)
    assert not any("another Teams meeting" in line.reason for line in join.evidence)


def test_the_room_block_below_another_teams_invitation_is_the_others() -> None:
    first = block("228859003470001", "QUJD")
    for second in (
        block("228859003470002", "WFla", KEY),
        f"Join: https://teams.microsoft.com/l/meetup-join/19%3ameeting_WFla%40thread.v2/0?context=x\n{KEY}",
    ):
        assert in_text(first + second).sip == ()
        join = in_text(f"Join: https://teams.microsoft.com/meet/228859003470001?p=x\n\nNext week:\n{second}")
        assert join.sip == ()


def test_id_and_passcode_of_the_structured_link_stand_in_the_body() -> None:
    link = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_QUJD%40thread.v2/0?context=x"
    body = block("228859003470001", "QUJD", KEY)
    join = detect((SourceText("conference", "url", link), SourceText("description", "text", body)))
    assert (join.join_url, join.meeting_id, join.passcode_text) == (link, "228859003470001", "aB3dE6fG")
    assert join.sip == ("1371604894.acme@m.webex.com",)


def test_webexs_link_of_before_2013() -> None:
    link = "https://acme.webex.com/acme/e.php?AT=MI&EventID=209840887&UID=0&PW=NMGI5NjViNWU0"
    join = in_text(f"Meeting-Kennnummer: 705 564 373\nMeeting-Passwort: Sky123\n\n{link}\n")
    assert (join.join_url, join.meeting_id, join.sip) == (link, "705564373", ("705564373@acme.webex.com",))


@pytest.mark.parametrize(
    "body",
    [
        "From: Kim Example <kim@example.net>\nSent: Monday\nTo: Robin\nSubject: x\n\n{}Video ID: 137 160 489 4\n",
        "{}Organizer: kim@example.net\nVideo ID: 137 160 489 4\n",
        "{}Questions: kim@example.net\n\nJoin on a video conferencing device\nVideo ID: 137 160 489 4\n",
    ],
)
def test_a_mail_address_above_a_video_id_is_no_tenant_key(body: str) -> None:
    assert in_text(body.format(TEAMS)).sip == ()


@pytest.mark.parametrize("between", ["\n", " <mailto:teams@vc.example.org>\n", "\n\n", "\t"])
def test_a_tenant_key_at_an_unknown_domain_stands_right_above_the_video_id(between: str) -> None:
    for label in ("Tenant key: ", "Mandantenschlüssel:\n", ""):
        join = in_text(f"{TEAMS}{label}teams@vc.example.org{between}Video ID: 137 160 489 4\n")
        assert join.sip == ("teams@vc.example.org",)


@pytest.mark.parametrize("wrap", ["{}", "https://eur02.safelinks.protection.outlook.com/?url={}&data=x"])
def test_a_prefix_that_ends_in_a_full_stop(wrap: str) -> None:
    link = "https://join.example.org/teams/?conf=1371604894&ivr=acme.teams&d=vc.example.org&prefix=acme."
    text = f"{TEAMS}More info: {wrap.format(quote(link, safe='') if 'url=' in wrap else link)}\n"
    assert in_text(text).sip == ("acme.1371604894@vc.example.org",)


# ------------------------------------------------------------------------------------ numbers behind unknown labels


@pytest.mark.parametrize(
    "printed",
    [
        "หมายเลขการประชุม: 2345 678 9012",
        "Értekezlet száma (hozzáférési kód):\n2345 678 9012",
        "*Αριθμός σύσκεψης:* 2345 678 9012",
        "Access code: 234 567 89012",
        "Training session number: 2345 678 9012",
    ],
)
def test_webexs_own_way_of_printing_a_number_tells_it_in_any_language(printed: str) -> None:
    assert in_text(f"{WEBEX}m1\n{printed}\nPhone: +49 69 1234567\n").sip == ("23456789012@acme.webex.com",)


@pytest.mark.parametrize(
    "printed", ["Phone: 2345 678 9012", "Tel.: 0800 123 4567", "Ticket 2345 678 9012", "+2345 678 9012"]
)
def test_a_telephone_number_is_no_webex_number(printed: str) -> None:
    assert in_text(f"{WEBEX}m1\n{printed}\n").sip == ()


def test_a_video_id_is_not_the_teams_meetings_own() -> None:
    link = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_QUJD%40thread.v2/0?context=x"
    join = in_text(f"{link}\nTenant key: acme@m.webex.com\nVideo ID: 111 222 333 444\n")
    assert (join.meeting_id, join.sip) == (None, ("111222333444.acme@m.webex.com",))


def test_webexs_dashboard_is_no_meeting() -> None:
    assert not in_text("https://acme.webex.com/webappng/sites/acme/dashboard").joinable
    assert in_text("https://acme.webex.com/webappng/sites/acme/meeting/info/0123?siteurl=acme").joinable


def test_the_call_bridges_older_link() -> None:
    join = in_text("https://join.example.net/index.html?id=123456&secret=iab\nVideo system: 123456@vc.example.net")
    assert (join.service, join.meeting_id, join.sip) == ("cms", "123456", ("123456@vc.example.net",))
    assert in_text("https://www.example.net/index.html?id=123456").service is None


# ------------------------------------------------------------------------------------ somebody else's address


@pytest.mark.parametrize(
    ("body", "sip"),
    [
        ("https://meet.google.com/abc-defg-hij\nRoom system help: mail 4921234567@help.example.net", ()),
        ("https://meet.google.com/abc-defg-hij\n\n-- \nKim\nsip:kim@acme.example.net", ()),
        ("https://meet.jit.si/Standup\n\nBest regards\nKim\nsip:kim@acme.example.net", ()),
        ("https://meet.jit.si/Standup\nsip:standup@vc.example.net\n\nBest regards\nKim", ("standup@vc.example.net",)),
        (
            f"{WEBEX}m1\nMeeting number: 2345 678 9012\nHelp desk: sip:99911122233@acme.webex.com",
            ("23456789012@acme.webex.com",),
        ),
        (f"{WEBEX}m1\nCall: 2125 550 1434", ()),
        ("Dial: 4711@vc.example.net from the room system. Mail: 1234@help.example.net", ("4711@vc.example.net",)),
    ],
)
def test_only_the_meetings_own_address_is_dialled(body: str, sip: tuple[str, ...]) -> None:
    assert in_text(body).sip == sip
