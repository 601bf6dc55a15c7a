"""Addresses that stand in an event without any service's link: ``sip:`` and ``h323:`` URIs, ``IP##extension``.

A bare ``name@host`` is a mail address unless it stands behind a SIP label, or is digits that a room system is told to
dial. An address in a signature is a person's own.
"""

from __future__ import annotations

import re
from itertools import islice

from connector.detection.dial_words import DIAL_WORD, ROOM_SYSTEM
from connector.detection.evidence import dial_evidence
from connector.detection.example import says_example
from connector.detection.parsed_text import MOST, Address, ParsedText
from connector.detection.service import Found, Order, Service, unique
from connector.detection.services.zoom.links import is_placeholder
from connector.detection.services.zoom.printed_addresses import BRIDGE
from connector.detection.signature import is_a_persons
from connector.detection.stated import imitates_a_bridge, is_called_a_persons, is_stated_for_rooms
from connector.detection.urls import host_under

_SIP_LABEL = re.compile(
    r"(?<![a-z])(?:sip|sip uri|sip address|video address|video system|sip-adresse)[ \t]{0,3}[:\-][ \t*]{0,4}$"
)
_DIAL_STRING = re.compile(
    r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?:##| ?## ?(?=\d{4}))(\d{1,20})(?:##?(\d{1,16})?)?(?!\d)"
)
_NEVER = ("lync.webex.com", "zoom.us", "example.com")  # the Skype form, and what is no bridge


def _is_dialable(parsed: ParsedText, address: Address) -> bool:
    if host_under(address.host, *_NEVER) or address.host.startswith("thread.") or imitates_a_bridge(address.host):
        return False
    if host_under(address.host, BRIDGE) and is_placeholder(address.user):  # a template's placeholder
        return False
    told = address.scheme in ("sip", "sips", "h323") or (
        not address.scheme and (_is_labelled(parsed, address) or is_stated_for_rooms(parsed, address, headings=False))
    )
    if not told or is_a_persons(parsed, address.at) or says_example(parsed, address.at):
        return False
    return not is_called_a_persons(parsed, address)


def _is_templates(number: str) -> bool:
    """Zeros, or one digit as long as a meeting's number. A bridge's own numbers are short: 5555 is one."""
    return not number.strip("0") or (len(number) >= 9 and len(set(number)) == 1)


def _is_labelled(parsed: ParsedText, address: Address) -> bool:
    before = parsed.low[max(0, address.at - 30) : address.at]
    if _SIP_LABEL.search(before):
        return True
    if not address.user.isdecimal() or DIAL_WORD.search(before) is None:
        return False
    return ROOM_SYSTEM.search(parsed.low, max(0, address.at - 120), address.at + 120) is not None


def _find(parsed_texts: tuple[ParsedText, ...]) -> list[Found]:
    sip: list[tuple[Order, ParsedText, Address]] = []
    h323: list[tuple[Order, ParsedText, str, str | None]] = []
    for parsed in parsed_texts:
        sip += [(parsed.order(a.at), parsed, a) for a in parsed.addresses if _is_dialable(parsed, a)]
        if "##" in parsed.text:
            h323 += [
                (parsed.order(m.start()), parsed, f"{m[1]}##{m[2]}" + (f"#{m[3]}" if m[3] else ""), m[3])
                for m in islice(_DIAL_STRING.finditer(parsed.text), MOST)
                if all(int(part) < 256 for part in m[1].split(".")) and not _is_templates(m[2])
            ]
    sip.sort(key=lambda hit: hit[0])
    h323.sort(key=lambda hit: hit[0])
    if not sip and not h323:
        return []
    order, parsed = (sip[0][0], sip[0][1]) if sip else (h323[0][0], h323[0][1])
    found = Found(
        service="direct",
        where=parsed.where,
        order=order,
        rule="direct.address",
        address_only=True,
        meeting_id=h323[0][2].partition("##")[2].partition("#")[0] if h323 else None,
        passcode=h323[0][3] if h323 else None,
        passcode_text=h323[0][3] if h323 else None,
        sip=unique([f"{a.user}@{a.host}" for _, _, a in sip if a.scheme != "h323"][:1]),
        h323=unique(
            [text for _, _, text, _ in h323][:1] + [f"{a.user}@{a.host}" for _, _, a in sip if a.scheme == "h323"][:1]
        ),
    )
    return [dial_evidence(found, parsed.where, "direct.address", "a dial address stands in the event")]


service = Service("direct", _find, turn=9)  # an address without a link belongs to whatever service is named
