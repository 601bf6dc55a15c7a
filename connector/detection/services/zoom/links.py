"""Zoom's links of every form: what each leads to, and the meeting id in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from connector.detection.example import WHY, says_example
from connector.detection.labels import only_digits
from connector.detection.parsed_text import LINK, Link, ParsedText
from connector.detection.urls import host_under

# zoom-lfx is the Linux Foundation's gateway: it redirects to the Zoom meeting whose id stands in the path.
DOMAINS = (
    "zoom.us",
    "zoom.com",
    "zoomgov.com",
    "zoom.com.cn",
    "zoomus.cn",
    "zoom-x.de",
    "zm.page",
    "zoom-lfx.platform.linuxfoundation.org",
)
SCHEMES = ("zoommtg", "zoomus")
GOVERNMENT = "zoomgov.com"
PERSONAL_DIGITS = 10  # meetings get eleven digits; ten are a personal room's, or an old meeting's

# Help pages, images, statistics: never a meeting.
_NOT_MEETINGS = frozenset(
    [
        "support",
        "status",
        "marketplace",
        "blog",
        "blogs",
        "explore",
        "learn",
        "learning",
        "community",
        "developers",
        "devforum",
        "devsupport",
        "success",
        "trust",
        "partner",
        "partners",
        "investors",
        "careers",
        "brand",
        "assets",
        "st1",
        "st2",
        "st3",
        "file",
        "file-paa",
        "logfiles",
        "us06st1",
        "us06st2",
        "us06st3",
    ]
)
_JOIN_PATH = re.compile(
    r"^/+(?:j|w|s|wc/join|wc|skype|meeting|meetings)/+(?P<id>\d[\d \-]{0,20})(?P<rest>.*)$", re.I | re.S
)
_PERSONAL = re.compile(r"^/+(?:my|wc/my)/+[^/]+", re.I)
_ID_MISSING = re.compile(r"^/+(?:j|w|s|wc/join)/*$", re.I)
_PAGES = (
    (re.compile(r"^/+rec(?:ording)?(?:/|$)", re.I), "recording", "the link leads to a recording"),
    (re.compile(r"/register(?:/|$)", re.I), "registration", "the link leads to a registration; its id comes later"),
    (re.compile(r"^/+(?:ejl|ev|e)/", re.I), "events", "a Zoom Events lobby is personal; a room cannot dial it"),
    (re.compile(r"^/+u/", re.I), "numbers", "the link leads to a list of phone numbers"),
    (re.compile(r"^/+launch/", re.I), "launch", "the link opens a chat or a document, not a meeting"),
    (re.compile(r"/(?:ical|ics|calendar)(?:/|$)", re.I), "calendar", "the link is a calendar download"),
)
# Which of several links to one meeting is shown as its join link: smaller is better.
_FORM_RANK = {"j": 0, "w": 0, "join": 1, "wc": 2, "meeting": 2, "s": 3, "skype": 9}


@dataclass(frozen=True, slots=True)
class ZoomLink:
    kind: str  # join, personal, or the kind of page that is no meeting
    parsed: ParsedText
    link: Link
    meeting_id: str = ""
    form: str = ""
    shown_url: str = field(default="", repr=False)
    why: str = ""

    @property
    def at(self) -> int:
        return self.link.at

    @property
    def personal_room(self) -> bool:
        return len(self.meeting_id) == PERSONAL_DIGITS

    @property
    def government(self) -> bool:
        return host_under(self.link.url.host, GOVERNMENT)

    @property
    def preference(self) -> tuple[int, int]:
        """A whole link with its token before a cut one, the plain form before the browser's or the host's."""
        has_token = any(word in self.link.url.text for word in ("pwd=", "tk=", "password="))
        return (_FORM_RANK.get(self.form, 5), 0 if has_token else 1)


_UP = "0123456789" * 3


def is_placeholder(number: str) -> bool:
    """What templates and manuals print in place of a number: zeros first, one digit all along, counting up or down."""
    counts = len(number) <= PERSONAL_DIGITS and (number in _UP or number in _UP[::-1])
    return number.startswith("000") or len(set(number)) == 1 or counts or number == "12345678910"


def classify(parsed: ParsedText, link: Link) -> ZoomLink | None:
    url = link.url
    app = url.scheme in SCHEMES
    if not app and link.service != "zoom":
        return None
    if url.host.partition(".")[0] in _NOT_MEETINGS:
        return ZoomLink("help", parsed, link, why="a help or status page of Zoom")
    for pattern, kind, why in _PAGES:
        if pattern.search(url.path):
            return ZoomLink(kind, parsed, link, why=why)
    number = url.param("confno", "confid") if (app or "join" in url.path or "start" in url.path) else None
    if number and 9 <= len(only_digits(number)) <= 11 and not is_placeholder(only_digits(number)):
        return ZoomLink("join", parsed, link, only_digits(number), "join", url.text)
    match = _JOIN_PATH.match(url.path)
    if match and says_example(parsed, link.at):
        return ZoomLink("example", parsed, link, why=WHY)
    if match:
        return _join_link(parsed, link, match)
    if _ID_MISSING.match(url.path):
        return _completed(parsed, link, "")
    if _PERSONAL.match(url.path):
        return ZoomLink("personal", parsed, link, form="my", shown_url=url.text)
    return ZoomLink("page", parsed, link, why="a page of Zoom without a meeting")


def _join_link(parsed: ParsedText, link: Link, match: re.Match[str]) -> ZoomLink:
    digits = only_digits(match["id"])
    segment = link.url.segments[0].lower()
    if len(digits) < 9:
        return _completed(parsed, link, digits)
    if is_placeholder(digits):
        return ZoomLink("placeholder", parsed, link, why="a placeholder of a template, not a meeting's number")
    if len(digits) > 11:
        return ZoomLink("page", parsed, link, why="the number in the link is too long for a meeting id")
    text = link.url.text
    if match["rest"] and match["rest"][0] not in "/?#":  # the "?" before pwd= is missing, or a word is glued on
        cut = text.find(match["id"].rstrip()) if match["id"].rstrip() in text else -1
        text = text[: cut + len(match["id"].rstrip())] if cut >= 0 else text
    return ZoomLink("join", parsed, link, digits, segment, text)


_TOKEN = re.compile(r"\?[A-Za-z0-9._~=&%\-]{1,200}")
_REST_OF_ID = re.compile(r"[ \n\-]{0,3}\d{1,11}(?:[ \-]\d{3,4}){0,2}(?!\d)")


def _completed(parsed: ParsedText, link: Link, digits: str) -> ZoomLink:
    """The id was cut off by a space or a line wrap: its rest stands right behind the link."""
    after = link.at + 1 if parsed.text[link.at : link.at + 1] == LINK else link.at
    match = _REST_OF_ID.match(parsed.text, after)
    whole = digits + only_digits(match[0]) if match else digits
    if match is None or not 9 <= len(whole) <= 11 or is_placeholder(whole) or link.url.query:
        return ZoomLink("page", parsed, link, why="the link holds no whole meeting id")
    token = _TOKEN.match(parsed.text, match.end())
    base = link.url.text[: len(link.url.text) - len(digits)] if digits else link.url.text.rstrip("/") + "/"
    return ZoomLink(
        "join",
        parsed,
        link,
        whole,
        link.url.segments[0].lower() if link.url.segments else "j",
        base + whole + (token[0] if token else ""),
    )
