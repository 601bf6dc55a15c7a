"""Cisco xAPI over HTTP: what is sent and how answers are read. Pure: no I/O, no clock.

Facts come from Cisco's published xAPI schemas (9.15.17.4 to 26.4.1), its HTTP and xAPI guides, recorded RoomOS 26.7
replies, and, for ``/bookingsputxml``, which Cisco does not document, from public senders that were tried on
TC 7.3.9, CE 9.1.4 and CE 9.15.3.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lxml import etree

from device_drivers import foreign, xml
from device_drivers.api import Booking, CallRef, CallState, DialAddress, UnexpectedReply, redact_address

TITLE_LIMIT = 128  # characters; the schema's limit for Bookings Book, the only one Cisco states for a title
CALL_RATE_MINIMUM, CALL_RATE_MAXIMUM = 64, 6000  # kbit/s; Dial CallRate, legal in every version (26.2: to 20000)
NUMBER_LIMIT = 255  # characters; Dial Number, schema of every version
END_BUFFER = 0  # seconds that the button works after the end
MEETING_EXTENSION = 5  # minutes; a person may extend the meeting on the panel by this much

# ------------------------------------------------------------------------------------ firmware


@dataclass(frozen=True, slots=True)
class Profile:
    """What one family of firmware understands."""

    name: str
    put: bool  # xCommand Bookings Put: from CE 9.13 (field report), in the schema of 9.15
    webex_status: bool
    teams_status: bool  # Status/MicrosoftTeams: from 11.14
    platforms: frozenset[str]  # MeetingPlatform of Bookings Put: from 10
    verified: bool = True  # against Cisco's schema; TC has none


_PLATFORMS = frozenset({"GoogleMeet", "MicrosoftTeams", "Zoom", "Webex", "Other"})
TC = Profile("TC 7.3", False, False, False, frozenset(), verified=False)
CE_OLD = Profile("CE before 9.13", False, True, False, frozenset(), verified=False)
CE9 = Profile("CE 9.15", True, True, False, frozenset())
ROOMOS10 = Profile("RoomOS 10", True, True, False, _PLATFORMS)
ROOMOS11 = Profile("RoomOS 11", True, True, True, _PLATFORMS)
ROOMOS26 = Profile("RoomOS 26", True, True, True, _PLATFORMS)

_VERSION = re.compile(r"(?P<family>[a-z]+)\s*(?P<numbers>[0-9]{1,6}(?:\.[0-9]{1,6})*)", re.IGNORECASE)


def profile_of(software: str) -> Profile:
    """From ``Software/Version``: ``TC7.3.9.abc``, ``ce9.15.17.4.abc``; RoomOS also writes ``ce``, then 10 and up."""
    match = _VERSION.match(software.strip())
    if match is None:
        return CE9
    version = tuple(foreign.bounded_int(n, "its version") for n in match["numbers"].split("."))
    if match["family"].lower() == "tc":
        return TC
    for lowest, profile in (((26,), ROOMOS26), ((11,), ROOMOS11), ((10,), ROOMOS10), ((9, 13), CE9)):
        if version >= lowest:
            return profile
    return CE_OLD


# ------------------------------------------------------------------------------------ commands


@dataclass(frozen=True, slots=True)
class Command:
    """``arguments`` in the schema's names; ``body`` is the payload of a multiline command."""

    path: tuple[str, ...]
    arguments: tuple[tuple[str, str], ...] = ()
    body: str = ""


def command_document(*commands: Command) -> str:
    """For ``POST /putxml``. ``command="True"`` is required on TC and harmless later."""
    return "<Command>" + "".join(_command_xml(c) for c in commands) + "</Command>"


def _command_xml(command: Command) -> str:
    inner = "".join(_element(name, value) for name, value in command.arguments)
    if command.body:
        inner += _element("body", command.body)
    result = f'<{command.path[-1]} command="True">{inner}</{command.path[-1]}>'
    for name in reversed(command.path[:-1]):
        result = f"<{name}>{result}</{name}>"
    return result


def _element(name: str, value: str) -> str:
    return f"<{name}>{xml.escape(value)}</{name}>"


def bare_address(address: DialAddress) -> str:
    """Units want it without a scheme."""
    return re.sub(r"^(sips?|h323):", "", address.address.strip(), flags=re.IGNORECASE)


def unusable(address: DialAddress) -> str:
    """Why a unit cannot dial this; "" when it can. Web links are not valid in a booking or in Dial."""
    number = bare_address(address)
    if not number:
        return "the address is empty"
    if "://" in number:
        return "a web link cannot be dialled"
    if len(number) > NUMBER_LIMIT:
        return f"the address is longer than the {NUMBER_LIMIT} characters a unit dials"
    if xml.clean(number) != number:
        return "the address holds characters that cannot be dialled"
    return ""


def dial(address: DialAddress, booking_id: str) -> Command:
    arguments = [
        ("Number", bare_address(address)),
        ("Protocol", "Sip" if address.protocol == "sip" else "H323"),
        ("BookingId", booking_id),
    ]
    if address.call_rate is not None:
        arguments.append(("CallRate", str(min(max(address.call_rate, CALL_RATE_MINIMUM), CALL_RATE_MAXIMUM))))
    return Command(("Dial",), tuple(arguments))


def disconnect(call_id: int) -> Command:
    """``call_id`` is 1 or more: 0 would end whatever call is on the screen."""
    if not 1 <= call_id <= 65534:
        raise ValueError(f"no such call: {call_id}")
    return Command(("Call", "Disconnect"), (("CallId", str(call_id)),))


def call_number(text: str) -> int | None:
    """The number of a call by its id; None when it is none that ``disconnect`` takes."""
    try:
        return foreign.bounded_int(text, "a call", lowest=1, highest=65534)
    except UnexpectedReply:
        return None


def list_bookings() -> Command:
    """No arguments: DayOffset and Days differ between versions, and what has ended is told by its own end."""
    return Command(("Bookings", "List"))


def clear_bookings() -> Command:
    return Command(("Bookings", "Clear"))


def put_bookings(bookings: Iterable[Booking], profile: Profile) -> Command:
    """The whole list as the JSON that Bookings Put takes: Duration in minutes, buffers in seconds."""
    items = [_put_item(b, profile) for b in bookings]
    return Command(("Bookings", "Put"), body=json.dumps({"Bookings": items}, ensure_ascii=False, separators=(",", ":")))


def _put_item(booking: Booking, profile: Profile) -> dict[str, object]:
    assert booking.address is not None  # callers leave the others off
    # Duration is in whole minutes: rounded up, so that a meeting never ends on the screen before its end.
    minutes = max(1, -(-int((booking.end - booking.start).total_seconds()) // 60))
    item: dict[str, object] = {
        "Id": booking.id,
        "Title": title(booking),
        "Privacy": "Private" if booking.private else "Public",
        "Number": bare_address(booking.address),
        "Protocol": _protocol(booking.address),
        "CallType": "Video",
        "Organizer": {"Name": xml.clean(booking.organizer) or "Unknown"},  # required, also when nobody is known
        "Time": {
            "StartTime": timestamp(booking.start),
            "Duration": minutes,
            "StartTimeBuffer": _seconds(booking.early_join),
            "EndTimeBuffer": END_BUFFER,
        },
    }
    if profile.platforms:
        item["MeetingPlatform"] = _platform(booking.service, profile)
    return item


def _platform(service: str, profile: Profile) -> str:
    # Teams and Meet are reached by a gateway's SIP address here; naming them could start the unit's own WebRTC client.
    word = {"zoom": "Zoom", "webex": "Webex"}.get(service, "Other")
    return word if word in profile.platforms else "Other"


# ------------------------------------------------------------------------------------ POST /bookingsputxml


def bookings_document(bookings: Sequence[Booking], *, default_call_rate: int) -> str:
    """The whole list. Times are UTC, buffers seconds. A booking without an address gets no Call element."""
    items = "".join(_booking_xml(n, b, default_call_rate) for n, b in enumerate(bookings, start=1))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Bookings item="1" status="OK">{items}</Bookings>'


def _booking_xml(item: int, booking: Booking, default_call_rate: int) -> str:
    return (
        f'<Booking item="{item}">'
        + _item("Id", booking.id)
        + _item("Title", title(booking))
        + _item("Agenda", "")
        + _item("Privacy", "Private" if booking.private else "Public")
        + _organizer_xml(booking.organizer)
        + _time_xml(booking)
        + _item("MaximumMeetingExtension", str(MEETING_EXTENSION))
        + _item("BookingStatus", "OK")
        + _item("BookingStatusMessage", "")
        + '<Webex item="1"><Enabled item="1">False</Enabled><MeetingNumber item="1"/><Password item="1"/></Webex>'
        + _item("Encryption", "BestEffort")
        + _item("Role", "Master")  # the one value known senders use; part of Cisco's format
        + _item("Recording", "Disabled")
        + _dial_info_xml(booking.address, default_call_rate)
        + "</Booking>"
    )


def _organizer_xml(organizer: str) -> str:
    name = xml.clean(organizer)
    email = name if "@" in name and " " not in name else ""
    inner = _item("FirstName", name) + _item("LastName", "") + _item("Email", email)
    return f'<Organizer item="1">{inner}</Organizer>'


def _time_xml(booking: Booking) -> str:
    inner = (
        _item("StartTime", timestamp(booking.start))
        + _item("StartTimeBuffer", str(_seconds(booking.early_join)))
        + _item("EndTime", timestamp(booking.end))
        + _item("EndTimeBuffer", str(END_BUFFER))
    )
    return f'<Time item="1">{inner}</Time>'


def _dial_info_xml(address: DialAddress | None, default_call_rate: int) -> str:
    call = ""
    if address is not None:
        call = (
            '<Call item="1">'
            + _item("Number", bare_address(address))
            + _item("Protocol", _protocol(address))
            + _item("CallRate", str(address.call_rate or default_call_rate))
            + _item("CallType", "Video")
            + "</Call>"
        )
    return f'<DialInfo item="1"><Calls item="1">{call}</Calls>{_item("ConnectMode", "OBTP")}</DialInfo>'


def _item(name: str, value: str) -> str:
    return f'<{name} item="1">{xml.escape(value)}</{name}>' if value else f'<{name} item="1"/>'


def _protocol(address: DialAddress) -> str:
    return "SIP" if address.protocol == "sip" else "H323"


def title(booking: Booking) -> str:
    """Never empty: Bookings Put requires one, and an empty line on a screen helps nobody."""
    text = xml.clean(booking.title) or ("" if booking.private else xml.clean(booking.organizer)) or "Meeting"
    return text if len(text) <= TITLE_LIMIT else text[: TITLE_LIMIT - 1].rstrip() + "…"


def timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(span: timedelta) -> int:
    return max(0, int(span.total_seconds()))


# ------------------------------------------------------------------------------------ answers


@dataclass(frozen=True, slots=True)
class Result:
    """One command's result. ``status``: OK, Error, ParameterError; ``reason`` is what the unit says, if anything."""

    name: str
    status: str
    reason: str
    element: etree._Element

    @property
    def ok(self) -> bool:
        return self.status == "OK"

    def text(self, path: str) -> str:
        return xml.text_of(self.element, path)


def results(root: etree._Element) -> tuple[Result, ...]:
    """The results below ``<Command>``, in the order of the commands; found by their ``status``, as names vary.

    Empty when the unit knew none of the arguments. An ``ActionError`` root is one result.
    """
    if root.tag == "ActionError":
        return (Result("ActionError", "Error", xml.text_of(root, "Reason"), root),)
    return tuple(Result(str(e.tag), e.get("status", ""), _reason(e), e) for e in root if e.get("status"))


def _reason(element: etree._Element) -> str:
    """What a failed command says: Cause/Description (calls), Reason or Error; for wrong arguments, which ones."""
    if element.get("status") == "OK":
        return ""
    words = [xml.text_of(element, name) for name in ("Reason", "Error", "Description", "Cause", "XPath")]
    text = ", ".join(w for w in words if w)
    if not text:
        text = ", ".join(f"{e.tag}: {e.text}" if e.text and e.text.strip() else str(e.tag) for e in element)
    return foreign.sentence(text, limit=500)


def is_status(root: etree._Element) -> bool:
    """A status document, not an error in one's clothes. Absent nodes give a Status root without children."""
    return root.tag == "Status" and root.get("status", "OK") == "OK" and root.find("Reason") is None


@dataclass(frozen=True, slots=True)
class SystemUnit:
    product: str
    software: str
    serial_number: str
    uptime: timedelta | None
    in_call: bool | None


def system_unit(root: etree._Element) -> SystemUnit:
    """From ``/Status/SystemUnit``; TC has the product in ProductId too, some units the serial under MainBoard."""
    unit = root.find("SystemUnit")
    counts = [
        xml.text_of(unit, f"State/NumberOf{kind}Calls")
        for kind in ("Active", "InProgress", "Suspended")  # Suspended: on hold
    ]
    known = [foreign.bounded_int(c, "its number of calls") for c in counts if c]
    uptime = xml.text_of(unit, "Uptime")
    return SystemUnit(
        product=xml.text_of(unit, "ProductId") or xml.text_of(unit, "ProductPlatform"),
        software=xml.text_of(unit, "Software/Version") or root.get("version", ""),
        serial_number=xml.text_of(unit, "Hardware/Module/SerialNumber")
        or xml.text_of(unit, "Hardware/MainBoard/SerialNumber"),
        uptime=foreign.bounded_span(uptime, "its uptime") if uptime else None,
        in_call=any(known) if known else None,
    )


def system_time(root: etree._Element) -> datetime | None:
    """From ``/Status/Time/SystemTime``: ``2030-05-06T13:00:00+0000``."""
    return foreign.moment(xml.text_of(root, "Time/SystemTime"), "its clock")


def listed_ids(result: Result, now: datetime) -> frozenset[str]:
    """Ids in a BookingsListResult whose end (with its buffer) is not over; an unreadable end counts as not over."""
    ids = set()
    for booking in result.element.findall("Booking"):
        identity = xml.text_of(booking, "Id")
        end = foreign.moment(xml.text_of(booking, "Time/EndTime"), "the end of a booking")
        buffer = xml.text_of(booking, "Time/EndTimeBuffer")
        if end is not None and buffer:
            end += foreign.bounded_span(buffer, "the buffer of a booking")
        if identity and (end is None or end > now):
            ids.add(identity)
    return frozenset(ids)


CALL_STATES: Mapping[str, CallState] = {
    "Connected": CallState.CONNECTED,
    "OnHold": CallState.CONNECTED,
    "Preserved": CallState.CONNECTED,
    "RemotePreserved": CallState.CONNECTED,
    "Disconnecting": CallState.ENDED,
}


def calls(call_status: etree._Element, conference_status: etree._Element) -> tuple[CallRef, ...]:
    """From ``/Status/Call`` and ``/Status/Conference/Call``; only the second knows the BookingId.

    Idle, Dialling, Ringing, Connecting, EarlyMedia, and words of later firmware, count as not yet answered.
    """
    bookings = {e.get("item", ""): xml.text_of(e, "BookingId") for e in conference_status.findall("Conference/Call")}
    found = []
    for element in call_status.findall("Call"):
        identity = element.get("item", "")
        if not identity or element.get("ghost") == "True":  # a ghost is a list member that was removed
            continue
        remote = xml.text_of(element, "CallbackNumber") or xml.text_of(element, "RemoteNumber")
        seconds = xml.text_of(element, "Duration")
        found.append(
            CallRef(
                id=identity,
                state=CALL_STATES.get(xml.text_of(element, "Status"), CallState.DIALLING),
                remote=remote,
                booking_id=bookings.get(identity) or None,
                outgoing=xml.text_of(element, "Direction") != "Incoming",
                duration=foreign.bounded_span(seconds, "the duration of a call") if seconds else None,
            )
        )
    return tuple(found)


# ------------------------------------------------------------------------------------ for people


def hide(text: str, address: DialAddress) -> str:
    """What a unit says about a dial may quote the number, passcode and all."""
    for secret in {address.address, bare_address(address)}:
        text = text.replace(secret, redact_address(secret))
    return foreign.sentence(text, *foreign.codes_of(bare_address(address)))


def sample(body: str) -> str:
    """The beginning of an answer that made no sense, without addresses, names or numbers."""
    words = (_without_address(word) for word in xml.clean(body[:2000]).split())
    return re.sub(r"\d", "#", " ".join(words))[:300]


def _without_address(word: str) -> str:
    return "…@…" if "@" in word else "…##…" if "##" in word else word
