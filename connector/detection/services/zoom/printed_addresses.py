"""Zoom addresses that an invitation states: SIP at a Zoom bridge, and H.323 dial strings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice

from connector.detection.parsed_text import MOST, ParsedText
from connector.detection.services.zoom.links import GOVERNMENT, is_placeholder
from connector.detection.urls import host_under

BRIDGE = "zoomcrc.com"  # the commercial cloud's SIP domain; Zoom for Government has another one

_REGIONAL = re.compile(r"(?:^|\.)zm[a-z0-9]{2}\.us$")
_DIAL_STRING = re.compile(
    r"(?<![\d.])(?P<ip>\d{1,3}(?:\.\d{1,3}){3}) ?## ?(?P<id>\d{9,11})(?:#(?P<code>\d{1,10})?)?(?!\d)"
)


def is_bridge(host: str) -> bool:
    return host_under(host, BRIDGE, GOVERNMENT) or _REGIONAL.search(host) is not None


@dataclass(frozen=True, slots=True)
class PrintedAddress:
    """``id[.code[.layout[.hostkey]]]@bridge`` or ``IP##id[#code]``; layout and host key are left behind."""

    parsed: ParsedText
    at: int
    meeting_id: str
    host: str
    code: str | None = field(default=None, repr=False)


def printed_sip(parsed: ParsedText) -> list[PrintedAddress]:
    found = []
    for address in parsed.addresses:
        if not is_bridge(address.host):
            continue
        number, _, rest = address.user.partition(".")
        code = rest.partition(".")[0]
        if number.isdigit() and not is_placeholder(number) and 9 <= len(number) <= 11:
            found.append(PrintedAddress(parsed, address.at, number, address.host, code if _is_code(code) else None))
    return found


def printed_h323(parsed: ParsedText) -> list[PrintedAddress]:
    if "##" not in parsed.text:
        return []
    dial_strings = (m for m in islice(_DIAL_STRING.finditer(parsed.text), MOST) if not is_placeholder(m["id"]))
    return [PrintedAddress(parsed, m.start(), m["id"], m["ip"], m["code"]) for m in dial_strings]


def _is_code(text: str | None) -> bool:
    return bool(text) and text is not None and text.isdigit() and len(text) <= 10
