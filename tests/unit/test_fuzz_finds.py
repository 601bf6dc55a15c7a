"""What ``python -m benchmarks.fuzz`` found, each by the smallest input of its kind: an error of the contract, or a
value, and never anything else."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from benchmarks.fuzz.__main__ import parsers
from connector.calendars import service_words as words
from connector.calendars.caldav_http import _status, join, trusted
from connector.calendars.exchange.transport import retry_after as exchange_retry_after
from connector.calendars.graph.subscription import moment_of
from connector.calendars.ical_vtimezone import own_zone
from connector.calendars.icalendar_events import events_between
from connector.model import Window
from tests.support import patience

JSON = "Content-Type: application/json"
TOKEN = f'200\n{JSON}\n\n{{"access_token": "t"}}\n~~~~\n'
OF_GRAPH = f'200\n{JSON}\n\n{{"token_endpoint": "https://login.example.org/t", "authorization_endpoint": "https://x", '
OF_GRAPH += '"issuer": "https://login.example.org/t/v2.0"}\n~~~~\n'
CALDAV = (
    '207\n\n<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:response><D:href>{}</D:href>{}'
)
CALDAV += "</D:response></D:multistatus>"
HOME = "<D:propstat><D:prop><C:calendar-home-set><D:href>{}</D:href></C:calendar-home-set></D:prop></D:propstat>"

FOUND = {
    "a date of no calendar": ("Graph answers", "read\n200\nDate: Tue, 10 Nov 2026 09:00:9999999999999999999 GMT\n\n{}"),
    "an offset beyond time": ("Graph answers", "read\n200\nDate: Mon, 01 Jan 2030 00:00:00 +99999999999999\n\n{}"),
    "an end before the year 1": (
        "Graph answers",
        f'subscribe\n200\n{JSON}\n\n{{"id": "1", "expirationDateTime": "0001-01-01T00:00:00+14:00"}}',
    ),
    "msal takes any status for its own mistake": ("Graph answers", "token\n366\n\n{}"),
    "codes that are no list": ("Graph answers", f'token\n{OF_GRAPH}400\n{JSON}\n\n{{"error": [], "error_codes": 7}}'),
    "a token that no header carries": (
        "Graph answers",
        f'token\n{OF_GRAPH}200\n{JSON}\n\n{{"access_token": "a\\r\\nb", "expires_in": 3600}}',
    ),
    "a life without end": ("Google answers", f'token\n200\n{JSON}\n\n{{"access_token": "t", "expires_in": 1e999}}'),
    "a message that is an object": (
        "Google answers", f'read\n403\n{JSON}\n\n{{"error": {{"message": {{}}, "errors": 1}}}}',
    ),
    "an error that is null": ("Google answers", f'read\n403\n{JSON}\n\n{{"error": {{"errors": [null]}}}}'),
    "JSON without end": ("Google answers", "read\n200\n\n" + "[" * 20_000),
    "changed in the year 1": (
        "Google answers",
        f'read\n200\n{JSON}\n\n{{"kind": "calendar#events", "updated": "0001-01-01T00:00:00+14:00"}}',
    ),
    "a channel that ends in no year": (
        "Google answers",
        f'watch\n200\n{JSON}\n\n{{"resourceId": "r", "expiration": "{"9" * 25}"}}',
    ),
    "a channel that ends in raised digits": (
        "Google answers",
        f'watch\n200\n{JSON}\n\n{{"resourceId": "r", "expiration": "\\u00b2"}}',
    ),
    "a status of 5,000 digits": (
        "CalDAV answers", "path\n" + CALDAV.format("/", f"<D:status>HTTP/1.1 {'9' * 5000}</D:status>"),
    ),
    "half an IPv6 address": ("CalDAV answers", "name\n" + CALDAV.format("/", HOME.format("http://["))),
    "a port that is none": ("CalDAV answers", "name\n" + CALDAV.format("/", HOME.format("https://dav.example.org:x/"))),
    "an ETag that cannot be sent back": ("calendars on the web", "read\n200\nETag: \"é\"\n\nBEGIN:VCALENDAR"),
    "a date that cannot be sent back": ("calendars on the web", "read\n200\nLast-Modified: ٠٠\n\nBEGIN:VCALENDAR"),
    "a code that is a list": ("Zoom's answers", f'code\n{TOKEN}400\n{JSON}\n\n{{"code": []}}'),
    "a life of 400 digits": (
        "Zoom's answers", f'code\n200\n{JSON}\n\n{{"access_token": "t", "expires_in": 1{"0" * 400}}}',
    ),
    "Zoom's token of two lines": ("Zoom's answers", f'code\n200\n{JSON}\n\n{{"access_token": "a\\r\\nb"}}'),
    "Zoom's pause beyond time": (
        "Zoom's answers", f"code\n{TOKEN}429\nRetry-After: Mon, 01 Jan 2030 00:00:00 +99999999999999\n\n{{}}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("found", FOUND)
def test_an_error_of_the_contract_or_a_value(found: str) -> None:
    name, text = FOUND[found]
    parser = next(each for each in parsers() if each.name == name)
    with parser.opened() as read:
        try:
            read(text)
        except parser.errors as refused:
            assert str(refused)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Tue, 10 Nov 2026 09:00:00 GMT", datetime(2026, 11, 10, 9, tzinfo=UTC)),
        ("Tue, 10 Nov 2026 10:00:00 +0100", datetime(2026, 11, 10, 9, tzinfo=UTC)),
        ("Tue, 10 Nov 2026 09:00:00 -0000", datetime(2026, 11, 10, 9, tzinfo=UTC)),
        ("Mon, 01 Jan 2030 00:00:00 +99999999999999", None),
        ("Mon, 31 Dec 9999 23:59:59 -1200", None),
        ("soon", None), ("", None), (None, None), ("9" * 5000, None),
    ],
)  # fmt: skip
def test_the_date_of_a_header(text: str | None, found: datetime | None) -> None:
    assert words.http_date(text) == found


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "x", "9" * 5000, None, 5, []]
)
def test_no_time(text: object) -> None:
    assert words.moment(text) is None
    assert moment_of(text) is None


def test_a_time() -> None:
    assert words.moment("2026-11-10T10:00:00+01:00") == words.moment("2026-11-10T09:00:00")
    assert words.moment("2026-11-10T09:00:00") == datetime(2026, 11, 10, 9, tzinfo=UTC)


@pytest.mark.parametrize("text", ["²", "٣", "9" * 25, "9" * 5000, "-1", "+1", "1.5", "", "1001", None, 5, True, []])
def test_no_whole_number(text: object) -> None:
    assert words.whole_number(text, highest=1000) is None


@pytest.mark.parametrize(
    "value", ["nan", "inf", "1e999", "x", "", None, [], {}, True, 10**400, float("inf"), float("nan")]
)
def test_no_seconds(value: object) -> None:
    assert words.seconds(value) is None


def test_numbers() -> None:
    assert words.whole_number("1000", highest=1000) == 1000
    assert (words.seconds("2.5"), words.seconds(3), words.seconds(0.5)) == (2.5, 3.0, 0.5)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("nan", 60), ("inf", 60), ("1e999", 60), ("-5", 1), ("1e9", 86_400), ("2.5", 2.5), ("", 60), (None, 60),
     ("Mon, 01 Jan 2030 00:00:00 +99999999999999", 60)],
)  # fmt: skip
def test_how_long_to_wait(text: str | None, seconds: float) -> None:
    assert words.retry_after(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["nan", "inf", "", None, "Mon, 01 Jan 2030 00:00:00 +99999999999999"])
def test_exchange_says_nothing_of_how_long(text: str | None) -> None:
    assert exchange_retry_after(text) is None


def test_addresses_that_are_none_are_not_trusted() -> None:
    for address in ("http://[", "https://dav.example.org:x/", "//[::1", "https://a:99999/"):
        assert not trusted("https://dav.example.org/", join("https://dav.example.org/", address))
    assert not trusted("https://dav.example.org/", "https://dav.example.org:x/")
    assert trusted("https://dav.example.org/", join("https://dav.example.org/", "/cal/a b\ud800/"))


@pytest.mark.parametrize("line", ["HTTP/1.1 " + "9" * 5000, "HTTP/1.1 ²", "HTTP/1.1 x", "HTTP/1.1", "", None])
def test_a_status_line_that_is_none(line: str | None) -> None:
    assert _status(line, 200) == 200


# ------------------------------------------------------------------------------------ time

_ZONE = "BEGIN:VTIMEZONE\r\nTZID:Mine\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\n{}TZOFFSETTO:+0100\r\n"
_ZONE += "END:STANDARD\r\nEND:VTIMEZONE\r\n"
_MEETING = (
    "BEGIN:VEVENT\r\nUID:{}\r\nDTSTART;TZID=Mine:20261110T100000\r\nDTEND;TZID=Mine:20261110T110000\r\nEND:VEVENT\r\n"
)


def _seconds_for(zone: str, meetings: int) -> float:
    calendar = "BEGIN:VCALENDAR\r\n" + zone + "".join(_MEETING.format(n) for n in range(meetings)) + "END:VCALENDAR\r\n"
    noon = datetime(2026, 11, 10, 12, tzinfo=UTC)
    began = time.process_time()
    events_between(calendar.encode(), Window(noon - timedelta(days=1), noon + timedelta(days=1)), ZoneInfo("UTC"))
    return time.process_time() - began


def test_a_zone_that_cannot_be_read_is_tried_once_a_file() -> None:
    """Each time that named it cost 12 ms."""
    rule = "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n"
    broken = _ZONE.format(rule + "TZOFFSETFROM=+0200\r\n")
    assert _seconds_for(broken, 200) < patience.seconds(1)


@pytest.mark.parametrize(
    "rule", ["FREQ=YEARLY;BYWEEKNO=53;BYMONTH=2", "FREQ=YEARLY;BYDAY=53MO", "FREQ=DAILY;BYYEARDAY=366;BYMONTH=1"]
)
def test_many_rules_of_a_zone_are_not_followed_to_the_end_of_time(rule: str) -> None:
    """A hundred of them, in 5 kB, cost 1.3 s."""
    zone = _ZONE.format("TZOFFSETFROM:+0200\r\n" + f"RRULE:{rule}\r\n" * 500)
    assert _seconds_for(zone, 1) < patience.seconds(0.5)


@pytest.mark.parametrize("name", ["Cisco replies", "described units' replies"])
@pytest.mark.parametrize("odd", ["9" * 5000, "a" * 5000, "9." * 2500, "a@" * 2500, "#" * 5000], ids=lambda odd: odd[:2])
def test_what_a_unit_says_costs_no_more_than_its_length(name: str, odd: str) -> None:
    """Five thousand digits in a row cost 0.2 s, wherever they were quoted."""
    parser = next(each for each in parsers() if each.name == name)
    reply = f'<Command><DialResult status="Error"><Cause>{odd}</Cause></DialResult></Command>'
    with parser.opened() as read:
        read(parser.seeds[0])
        for text in (reply, f"200\n{odd}", f"200\n{reply}"):
            began = time.process_time()
            with suppress(*parser.errors):
                read(text)
            assert time.process_time() - began < patience.seconds(0.05)


def test_the_days_of_a_zones_rules() -> None:
    """The last Sunday of October, by each way to say so."""
    found = []
    for rule in (
        "BYMONTH=10;BYDAY=-1SU",
        "BYMONTH=10;BYDAY=SU;BYMONTHDAY=25,26,27,28,29,30,31",
        "BYMONTH=10;BYDAY=SU;BYSETPOS=-1",
    ):
        zone = own_zone(_ZONE.format(f"TZOFFSETFROM:+0200\r\nRRULE:FREQ=YEARLY;{rule}\r\n"))
        found.append([zone.utcoffset(datetime(2026, month, 26, 12, tzinfo=zone)) for month in range(1, 13)])
    assert found[0] == found[1] == found[2]
