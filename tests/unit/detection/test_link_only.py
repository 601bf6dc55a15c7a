"""Services that are only data: which links are meetings, which are not, what they never do to other meetings."""

from __future__ import annotations

import pytest

from connector.detection.detect import detect
from connector.detection.link_only import LinkOnly, service_of
from connector.detection.services import HOSTS, SERVICES
from connector.detection.text_parser import parse_text
from connector.model import SourceText
from tests.unit.detection.helpers import in_html, in_text, lines_for

# service, the meeting's id, link
MEETINGS = (
    ("adobeconnect", "standup", "https://acme.adobeconnect.com/standup/?proto=true"),
    ("around", "standup", "https://meet.around.co/r/standup"),
    ("bigbluebutton", "kim-abc-def", "https://bbb.example.org/b/kim-abc-def"),
    ("bigbluebutton", "kim-abc-def-g1h", "https://example.org/gl/b/kim-abc-def-g1h"),
    ("bigbluebutton", "kim-abc-def", "https://example.org/a/b/b/kim-abc-def"),
    ("bigbluebutton", "abc-def-ghi-jkl", "https://bbb.example.org/rooms/abc-def-ghi-jkl/join"),
    (
        "blackboard",
        "b8cacfdee89a4fc5adbbb4aa01d8f5e3",
        "https://eu.bbcollab.com/guest/b8cacfdee89a4fc5adbbb4aa01d8f5e3",
    ),
    ("blackboard", "93c6a2ba95", "https://us.bbcollab.com/collab/ui/session/join/93c6a2ba95"),
    ("calvideo", "aBcD123", "https://app.cal.com/video/aBcD123"),
    ("chime", "1234567890", "https://chime.aws/1234567890"),
    ("clickmeeting", "launch", "https://acme.clickmeeting.com/launch"),
    ("daily", "standup", "https://acme.daily.co/standup"),
    ("demio", "AbC123", "https://event.demio.com/ref/AbC123"),
    ("dialpad", "acme", "https://meetings.dialpad.com/room/acme"),
    ("dialpad", "acme", "https://www.uberconference.com/acme"),
    ("dingtalk", "EQzqQVtJoro", "https://meeting.dingtalk.com/j/EQzqQVtJoro"),
    ("discord", "67890", "https://discord.com/events/12345/67890"),
    ("discord", "67890", "https://discord.gg/AbC123?event=67890"),
    ("doxy", "drexample", "https://clinic.doxy.me/drexample"),
    ("element", "standup", "https://call.element.io/standup"),
    ("element", "standup", "https://call.element.io/room/#/standup?password=x"),
    ("facetime", None, "https://facetime.apple.com/join#v=1&p=abc&k=def"),
    ("freeconferencecall", "acme", "https://join.freeconferencecall.com/acme"),
    ("freeconferencecall", "acme", "https://www.freeconferencecall.com/wall/acme"),
    ("gather", "acme-office", "https://app.gather.town/app/Abc123/acme-office?meeting=1"),
    ("gotowebinar", "8888888888", "https://global.gotowebinar.com/join/8888888888/1234"),
    ("hangouts", "AbCdEf", "https://hangouts.google.com/call/AbCdEf"),
    ("jiomeet", "1234567890", "https://jiomeetpro.jio.com/shortener?meetingId=1234567890&pwd=abcde"),
    ("jitsi", "Standup", "https://meet.jit.si/Standup"),
    ("jitsi", "Standup", "https://jitsi.example.org/Standup"),
    ("jitsi", "acme/kim", "https://8x8.vc/acme/kim"),
    ("joinme", "123-456-789", "https://join.me/123-456-789"),
    ("kmeet", "lvqx-ozai", "https://kmeet.infomaniak.com/lvqx-ozai"),
    ("lark", "123456789", "https://vc.larksuite.com/j/123456789"),
    ("lark", "123456789", "https://vc.feishu.cn/j/123456789"),
    ("livestorm", "launch", "https://app.livestorm.co/acme/launch/live?s=7e"),
    ("livestorm", "7e44-24a3", "https://app.livestorm.co/p/7e44-24a3/live"),
    ("on24", "1234567", "https://event.on24.com/wcc/r/1234567/ABCDEF0123"),
    ("proton", "id-AB12", "https://meet.proton.me/join/id-AB12#pwd-xyz"),
    ("pumble", "abc-defg-hij", "https://meet.pumble.com/abc-defg-hij"),
    ("riverside", "acme", "https://riverside.fm/studio/acme?t=1"),
    ("signal", None, "https://signal.link/call/#key=abcd-efgh"),
    ("skype", "ABC123", "https://meet.lync.com/acme/kim/ABC123"),
    ("skype", "AbC1", "https://join.skype.com/AbC1"),
    ("slack", "C456", "https://app.slack.com/huddle/T123/C456"),
    ("streamyard", "abc123def", "https://streamyard.com/abc123def"),
    ("telemost", "12345678901234", "https://telemost.yandex.ru/j/12345678901234"),
    ("tencent", "LngItGq4Ga1L", "https://meeting.tencent.com/dm/LngItGq4Ga1L"),
    ("tencent", "9606972663", "https://meeting.tencent.com/p/9606972663"),
    ("tencent", "abc123", "https://voovmeeting.com/dm/abc123?pwd=x"),
    ("vidyo", "UVrb371ZVe", "https://acme.vidyocloud.com/join/UVrb371ZVe"),
    ("vidyo", "UVrb371ZVe", "https://acme.vidyocloud.com/flex.html?roomdirect.html&key=UVrb371ZVe"),
    ("vonage", "123456789", "https://meetings.vonage.com/123456789"),
    ("whatsapp", None, "https://call.whatsapp.com/video/4TTXpaqkz2Lu"),
    ("whereby", "acme-room", "https://acme.whereby.com/acme-room?embed"),
    ("zhumu", "1234567890", "https://welink.zhumu.com/j/1234567890?pwd=a"),
    ("zoho", "1428156531", "https://meeting.zoho.eu/meeting/join?key=1428156531"),
    ("zoho", "1428156531", "https://meeting.zoho.com.au/meeting/1428156531"),
)
BROWSERS = {name for name, _, _ in MEETINGS}

NO_MEETINGS = (
    "https://acme.adobeconnect.com/p5s33iburd54/",  # recording
    "https://acme.adobeconnect.com/admin",
    "https://acme.clickmeeting.com/launch/register",
    "https://api.clickmeeting.com/v1",
    "https://app.gather.town/signin",
    "https://app.livestorm.co/acme/launch",
    "https://attendee.gotowebinar.com/register/1234567890123456789",
    "https://acme.slack.com/archives/C456",
    "https://call.element.io/",
    "https://discord.com/channels/1/2",
    "https://discord.gg/AbC123",
    "https://docs.daily.co/reference",
    "https://doxy.me/pricing",
    "https://facetime.apple.com/",
    "https://jitsi.org/user-faq",
    "https://meeting.tencent.com/crm/NL4rAjg489",
    "https://meeting.tencent.com/v2/cloud-record/share?id=4306b90c",
    "https://meeting.zoho.com/api/v2/user.json",
    "https://meetings.dialpad.com/international",
    "https://signal.group/#abc",
    "https://streamyard.com/resources",
    "https://us.bbcollab.com/recording/57d0753cbfa34416befb24c342e70206",
    "https://voovmeeting.com/download",
    "https://whereby.com/pricing",
    "https://www.freeconferencecall.com/login",
    # hosts that only look like one
    "https://notwhereby.com/acme",
    "https://whereby.com.example.org/acme",
    "https://xdiscord.com/events/12345/67890",
    "https://example.org/b/abc-def-ghi-toolong",
)


@pytest.mark.parametrize(("service", "number", "link"), MEETINGS)
def test_named_and_shown_without_a_button(service: str, number: str | None, link: str) -> None:
    join = in_text(f"Join us\n{link}\n")
    assert (join.service, join.joinable, join.meeting_id, join.join_url) == (service, True, number, link)
    assert (join.sip, join.h323, join.passcode) == ((), (), None)
    assert lines_for(join, "sip", "note")[0].reason


@pytest.mark.parametrize("link", NO_MEETINGS)
def test_pages_of_a_service_are_no_meetings(link: str) -> None:
    join = in_text(f"See {link}\n")
    assert (join.service, join.joinable, join.sip, join.h323) == (None, False, (), ())


def test_a_key_to_the_call_is_not_shown() -> None:
    for link, key in (
        ("https://facetime.apple.com/join#v=1&p=Secr3tP&k=Secr3tK", "Secr3t"),
        ("https://signal.link/call/#key=Secr3t", "Secr3t"),
        ("https://call.whatsapp.com/video/Secr3t", "Secr3t"),
        ("https://meet.proton.me/join/id-A#pwd-Secr3t", "Secr3t"),
    ):
        join = in_text(link)
        assert join.joinable
        assert all(key not in line.shown + line.reason for line in join.evidence)


# ------------------------------------------------------------------------------------ beside other meetings

DIALLED = {
    "Join Zoom Meeting\nhttps://zoom.us/j/81920374655?pwd=x.1\nMeeting ID: 819 2037 4655\nPasscode: 0042\n": (
        "81920374655.0042@zoomcrc.com"
    ),
    "Zoom\nMeeting ID: 819 2037 4655\nPasscode: 0042\n": "81920374655.0042@zoomcrc.com",
    "https://acme.webex.com/acme/j.php?MTID=m1\nMeeting number: 2550 123 4567\n": "25501234567@acme.webex.com",
    "https://bluejeans.com/615550271/1234\n": "615550271.1234@bjn.vc",
    "https://vc.example.org/webapp/#/?conference=team@example.org\n": "team@example.org",
    "https://meet.google.com/abc-defg-hij\nVideo system: 1234567@acme.onpexip.com\n": "1234567@acme.onpexip.com",
    "https://call.lifesizecloud.com/1234567\n": "1234567@lifesizecloud.com",
}
# Nothing but a link: above another meeting it is the meeting, below it reads as a signature.
LONE_LINKS = (
    "https://vc.example.org/webapp/#/?conference=team@example.org\n",
    "https://call.lifesizecloud.com/1234567\n",
)


@pytest.mark.parametrize("invitation", DIALLED)
@pytest.mark.parametrize(("service", "number", "link"), MEETINGS)
def test_it_takes_no_button_from_a_meeting_in_the_same_place(
    service: str, number: str | None, link: str, invitation: str
) -> None:
    bodies = [f"{invitation}\n\n{link}\n", f"{link}\n\nJoin with a room system:\n{invitation}"]
    if invitation not in LONE_LINKS:
        bodies += [f"{link}\n\n{invitation}", f"{link}\n\n-----\n\n{invitation}"]
    for body in bodies:
        assert in_text(body).sip == (DIALLED[invitation],), body


@pytest.mark.parametrize("lone", ["https://zoom.us/j/81920374655", "https://acme.webex.com/meet/kim"])
@pytest.mark.parametrize(("service", "number", "link"), MEETINGS)
def test_a_lone_link_below_it_is_taken_for_a_signature(service: str, number: str | None, link: str, lone: str) -> None:
    join = in_text(f"{link}\n\nKim\n{lone}\n")
    assert (join.service, join.sip) == (service, ())


@pytest.mark.parametrize(("service", "number", "link"), MEETINGS)
def test_a_location_that_somebody_wrote_decides(service: str, number: str | None, link: str) -> None:
    invitation = next(iter(DIALLED))
    here = SourceText("location", "text", link)
    join = detect((here, SourceText("description", "text", invitation)))
    assert (join.service, join.sip) == (service, ())
    other = detect((SourceText("location", "text", "https://zoom.us/j/81920374655"), SourceText("html", "text", link)))
    assert (other.service, other.sip) == ("zoom", ("81920374655@zoomcrc.com",))


def test_the_reason_says_that_the_room_had_a_choice() -> None:
    join = in_text("https://whereby.com/acme\nor https://zoom.us/j/81920374655")
    assert lines_for(join, "service", "won")[0].reason == "a room can dial it; the other one is for browsers only"
    assert lines_for(join, "service", "lost")[0].shown == "whereby"


def test_what_is_quoted_does_not_take_the_button() -> None:
    join = in_text("New link: https://whereby.com/acme\n\n> Old: https://zoom.us/j/81920374655\n> Passcode: 0042\n")
    assert (join.service, join.sip) == ("whereby", ())


def test_two_that_no_room_can_dial_go_by_their_place() -> None:
    first, second = "https://whereby.com/acme", "https://zoom.us/my/kim"
    assert in_text(f"{first}\n{second}").service == "whereby"
    assert in_text(f"{second}\n{first}").service == "zoom"


def test_an_address_of_the_meeting_below_is_not_taken() -> None:
    """A linked SIP address behind the next meeting's link is that meeting's."""
    join = in_html(
        '<a href="https://whereby.com/acme">A</a><br><a href="https://meet.google.com/abc-defg-hij">B</a><br>'
        '<a href="sip:1234567@acme.onpexip.com">SIP</a>'
    )
    assert (join.service, join.sip) == ("meet", ("1234567@acme.onpexip.com",))


def test_a_printed_sip_address_of_its_own_is_dialled() -> None:
    join = in_text("https://meet.jit.si/Standup\nRoom systems: sip:standup@vc.example.org\n")
    assert (join.service, join.sip) == ("jitsi", ("standup@vc.example.org",))
    assert in_text("https://meet.lync.com/acme/kim/ABC123\nsip:kim@example.org").sip == ()


@pytest.mark.parametrize("room", ["kim@example.net", "kim%40example.net", "a%20b", "kim%3Btag", "k" * 81])
def test_an_id_that_does_not_fit_an_address_is_not_dialled(room: str) -> None:
    loose = service_of(LinkOnly("acme", "Acme", {}, server=r"meet\.example\.org/(.+)", dial="{id}@sip.example.org"))
    (found,) = loose.find((parse_text(SourceText("url", "url", f"https://meet.example.org/{room}"), HOSTS),))
    assert (found.joinable, found.sip) == (True, ())
    (fits,) = loose.find((parse_text(SourceText("url", "url", "https://meet.example.org/kim"), HOSTS),))
    assert fits.sip == ("kim@sip.example.org",)


def test_a_pattern_that_fits_the_bare_host_does_not_raise() -> None:
    loose = service_of(
        LinkOnly("acme", "Acme", {}, server=r"meet\.example\.org.*", not_rooms=("about",), reason="none")
    )
    (found,) = loose.find((parse_text(SourceText("url", "url", "https://meet.example.org/"), HOSTS),))
    assert found.meeting_id is None


# ------------------------------------------------------------------------------------ the table


def test_every_link_only_service_is_tried_here() -> None:
    dialled = {"zoom", "teams", "webex", "meet", "bluejeans", "gotomeeting", "ringcentral", "pexip", "cms", "direct"}
    assert {service.name for service in SERVICES} - dialled - {"lifesize", "starleaf"} == BROWSERS


def test_no_domain_belongs_to_two_services() -> None:
    domains = [domain for service in SERVICES for domain in service.domains]
    assert sorted(set(domains)) == sorted(domains)


def test_the_order_is_fixed() -> None:
    names = [service.name for service in SERVICES]
    assert names[:3] == ["zoom", "teams", "webex"]
    assert names[-1] == "direct"
    assert [(service.turn, service.name) for service in SERVICES] == sorted((s.turn, s.name) for s in SERVICES)


def test_chimes_meeting_number_stands_behind_the_word_meetings() -> None:
    for path in ("meetings/3095550143", "3095550143", "meetings?pin=3095550143"):
        join = in_text(f"https://app.chime.aws/{path}")
        assert (join.service, join.meeting_id) == ("chime", "3095550143")


@pytest.mark.parametrize(
    "tag",
    ['<iframe src="{}"></iframe>', "<iframe src={{`{}`}}></iframe>", "<embed src='{}'>", '<object data="{}"></object>'],
)
def test_a_link_that_a_page_embeds(tag: str) -> None:
    link = "https://acme.webex.com/acme/j.php?MTID=m0123"
    join = in_html(f"<p>Live here:</p>{tag.format(link)}<p>Meeting number: 2424 250 5248</p>")
    assert (join.join_url, join.sip) == (link, ("24242505248@acme.webex.com",))
