"""Templates of paths and bodies: ``{word}`` from a fixed list, each value escaped for the place where it stands. Pure.

A brace that is not followed by a small-letter word and a brace stays as it is, so JSON needs no doubling.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import quote
from xml.sax.saxutils import escape

from lxml import etree

from device_drivers.api import Booking, DialAddress
from device_drivers.registry import nearest

UNIT = ("unit",)
DIAL = (
    *UNIT,
    *("address", "protocol", "call_rate", "bridge", "passcode"),
    *("booking_id", "title", "organizer", "service", "meeting_id"),
)
HANG_UP = (*UNIT, "call_id", "booking_id")
PUSH = (*UNIT, "bookings")
BOOKING = (
    *DIAL,
    *("start", "end", "start_epoch", "end_epoch", "duration_minutes"),
    *("early_join_seconds", "late_join_seconds", "private"),
)

_PLACEHOLDER = re.compile(r"\{([a-z_0-9]+)\}")
# What XML 1.0 cannot hold, and what no other place should: control characters and lone surrogates.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\ud800-\udfff\ufffe\uffff]")
# A value that would break out of any quotes it is not escaped for.
_HOSTILE = "a\"b'c<d>&e\\f"


# ------------------------------------------------------------------------------------ filling in


def fill(template: str, kind: str, values: Mapping[str, str], *, ready: Mapping[str, str] | None = None) -> str:
    """Fill a template in. ``kind``: json, xml, form (URLs too) or text. ``ready`` values are escaped already."""
    given = ready or {}
    return _PLACEHOLDER.sub(lambda m: given[m[1]] if m[1] in given else escaped(values[m[1]], kind), template)


def escaped(value: str, kind: str) -> str:
    """One value, on one line, so that it cannot end the string, element, parameter or line it stands in."""
    line = clean(value)
    if kind == "json":
        return json.dumps(line, ensure_ascii=False)[1:-1]
    if kind == "xml":
        return escape(line, {'"': "&quot;", "'": "&apos;"})
    if kind == "form":
        return quote(line, safe="")
    return line


def clean(value: str) -> str:
    """Line breaks and tabs become blanks; what cannot be printed goes."""
    return _UNPRINTABLE.sub("", re.sub(r"[\r\n\t\u2028\u2029\x85]+", " ", value))


# ------------------------------------------------------------------------------------ values


def dial_values(address: DialAddress | None, booking: Booking) -> dict[str, str]:
    """Values of ``DIAL`` without ``unit``. ``call_rate`` 0 leaves it to the unit."""
    return {
        "address": address.address if address else "",
        "protocol": address.protocol if address else "",
        "call_rate": str(address.call_rate or 0) if address else "0",
        "bridge": _bridge(address.address) if address else "",
        "passcode": _passcode(address.address) if address else "",
        "booking_id": booking.id,
        "title": booking.title,
        "organizer": booking.organizer,
        "service": booking.service,
        "meeting_id": booking.meeting_id,
    }


def booking_values(booking: Booking) -> dict[str, str]:
    """Values of ``BOOKING`` without ``unit``. Times are UTC, ISO 8601 with Z or whole seconds since 1970."""
    return {
        **dial_values(booking.address, booking),
        "start": _iso(booking.start),
        "end": _iso(booking.end),
        "start_epoch": str(int(booking.start.timestamp())),
        "end_epoch": str(int(booking.end.timestamp())),
        "duration_minutes": str(int((booking.end - booking.start).total_seconds() // 60)),
        "early_join_seconds": str(int(booking.early_join.total_seconds())),
        "late_join_seconds": "0",
        "private": "true" if booking.private else "false",
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bridge(address: str) -> str:
    """``id.passcode@host`` -> host; ``IP##id#passcode`` -> IP."""
    return address.partition("##")[0] if "##" in address else address.rpartition("@")[2]


def _passcode(address: str) -> str:
    """The passcode that the address carries, "" when it has none."""
    parts = address.partition("##")[2].split("#") if "##" in address else address.rpartition("@")[0].split(".")
    return parts[1] if len(parts) > 1 and parts[0].isdigit() else ""


# ------------------------------------------------------------------------------------ checking


def problems(template: str, kind: str, names: tuple[str, ...]) -> Iterator[str]:
    """Sentences on what is wrong with a template, each to follow its key."""
    unknown = [word for word in _PLACEHOLDER.findall(template) if word not in names]
    for word in unknown:
        yield f"holds {{{word}}}, which is no placeholder here. {nearest(word, names)}"
    if unknown or not template:
        return
    trial = fill(template, kind, dict.fromkeys(names, _HOSTILE) | _NUMBERS, ready={"bookings": ""})
    if kind == "json" and not _is_json(trial):
        yield "does not make JSON once it is filled in; text placeholders must stand between double quotes"
    if kind == "xml" and not _is_xml(trial):
        yield "does not make XML once it is filled in"


# These are always digits and may stand in JSON without quotes.
_NUMBERS = dict.fromkeys(
    (
        *("call_rate", "start_epoch", "end_epoch", "duration_minutes"),
        *("early_join_seconds", "late_join_seconds", "booking_id"),
    ),
    "7",
) | {"private": "true"}


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _is_xml(text: str) -> bool:
    try:
        etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return False
    return True
