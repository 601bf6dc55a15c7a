"""How a simulated unit reads the two forms of a booking list. Strict, so that a driver's slips are seen.

What a real codec answers to a wrong ``/bookingsputxml`` document is not known; here it is HTTP 400 with the reason.
"""

from __future__ import annotations

import json
from typing import Any

from lxml import etree

from device_drivers import xml
from device_drivers.cisco.simulator_state import ListedBooking, stamp

_PROTOCOLS = ("SIP", "H323", "ISDN", "IP", "Spark")


class Refused(ValueError):
    """The list cannot be taken; the message is the unit's reason."""


def read_bookingsputxml(document: bytes) -> tuple[ListedBooking, ...]:
    """``<Bookings>`` with ``<Booking>`` children; ``<Bookings><Clear command="True"/></Bookings>`` empties the list."""
    try:
        root = xml.parse(document)
    except xml.MalformedXml as error:
        raise Refused(f"malformed XML: {error}") from error
    if root.tag != "Bookings":
        raise Refused("the root is not Bookings")
    if [e.tag for e in root] == ["Clear"]:
        return ()
    strangers = [str(e.tag) for e in root if e.tag != "Booking"]
    if strangers:
        raise Refused(f"unknown element {strangers[0]}")
    return _distinct([_from_xml(e) for e in root])


def _from_xml(element: etree._Element) -> ListedBooking:
    mode = xml.text_of(element, "DialInfo/ConnectMode")
    if mode != "OBTP":
        raise Refused(f"ConnectMode {mode!r}")
    calls = element.findall("DialInfo/Calls/Call")
    number = xml.text_of(calls[0], "Number") if calls else ""
    if calls and xml.text_of(calls[0], "Protocol") not in _PROTOCOLS:
        raise Refused("a call without a known protocol")
    if calls and not xml.text_of(calls[0], "CallRate").isdigit():
        raise Refused("a call without a rate")
    return _checked(
        id=xml.text_of(element, "Id"),
        title=xml.text_of(element, "Title"),
        start=xml.text_of(element, "Time/StartTime"),
        end=xml.text_of(element, "Time/EndTime"),
        buffers=(xml.text_of(element, "Time/StartTimeBuffer"), xml.text_of(element, "Time/EndTimeBuffer")),
        number=number,
        protocol=xml.text_of(calls[0], "Protocol") if calls else "",
        privacy=xml.text_of(element, "Privacy"),
    )


def read_put(body: str) -> tuple[ListedBooking, ...]:
    """The JSON of ``xCommand Bookings Put``: Duration in minutes, buffers in seconds."""
    try:
        items = json.loads(body)["Bookings"]
        return _distinct([_from_json(item) for item in items])
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise Refused(f"not the JSON of a booking list: {type(error).__name__} {error}") from error


def _from_json(item: dict[str, Any]) -> ListedBooking:
    time = item["Time"]
    if not item["Organizer"]["Name"] or not item["Number"]:
        raise Refused("an organizer's name and a number are required")
    if item["Protocol"] not in _PROTOCOLS:
        raise Refused(f"Protocol {item['Protocol']!r}")
    if not isinstance(time["Duration"], int) or time["Duration"] < 1:
        raise Refused("Duration is in whole minutes")
    start = _time(time["StartTime"])
    return _checked(
        id=item["Id"],
        title=item["Title"],
        start=time["StartTime"],
        end=start.fromtimestamp(start.timestamp() + 60 * time["Duration"], start.tzinfo).strftime("%Y-%m-%dT%H:%M:%SZ"),
        buffers=(str(time.get("StartTimeBuffer", 300)), str(time.get("EndTimeBuffer", 0))),
        number=item["Number"],
        protocol=item["Protocol"],
        privacy=item.get("Privacy", "Public"),
    )


def _checked(
    *, id: str, title: str, start: str, end: str, buffers: tuple[str, str], number: str, protocol: str, privacy: str
) -> ListedBooking:
    if not 1 <= len(id) <= 128:
        raise Refused("an Id has 1 to 128 characters")
    if not title:
        raise Refused("a Title is required")
    if privacy not in ("Public", "Private"):
        raise Refused(f"Privacy {privacy!r}")
    if not all(b.isdigit() for b in buffers):
        raise Refused("a buffer is a number of seconds")
    if "://" in number or number.lower().startswith(("sip:", "h323:")):
        raise Refused("a Number has no scheme")
    opens, closes = _time(start), _time(end)
    if closes <= opens:
        raise Refused("EndTime is not after StartTime")
    private = privacy == "Private"
    return ListedBooking(id, title, opens, closes, int(buffers[0]), int(buffers[1]), number, protocol, private)


def _time(text: str) -> Any:
    try:
        return stamp(text)
    except ValueError as error:
        raise Refused(str(error)) from error


def _distinct(bookings: list[ListedBooking]) -> tuple[ListedBooking, ...]:
    if len({b.id for b in bookings}) != len(bookings):
        raise Refused("two bookings with one Id")
    return tuple(bookings)
