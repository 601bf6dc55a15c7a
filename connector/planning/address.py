"""JoinInfo to the one address this room's unit dials, judged against the dial policy. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Literal

from connector.model import Evidence, JoinInfo, Policy
from device_drivers.api import DialAddress, UnitFacts, redact_address

# What may stand before the @ of an address we send to a unit: RFC 3261's unreserved and most sub-delimiters.
_SIP = re.compile(r"(?P<user>[A-Za-z0-9._~!$&'*+=%-]{1,128})@(?P<host>[A-Za-z0-9.:\[\]-]{1,253})")
_H323_ANNEX_O = re.compile(r"(?P<user>[A-Za-z0-9._*#-]{1,128})@(?P<host>[A-Za-z0-9.:\[\]-]{1,253})")
_H323 = re.compile(r"(?P<host>[0-9A-Fa-f.:]{3,45})(##(?P<user>[0-9A-Za-z#*]{1,128}))?")


def host_of(address: str) -> str | None:
    """The host of ``user@host[:port]`` or ``IP##...``; None when the text is not an address."""
    for form in (_SIP, _H323_ANNEX_O, _H323):
        match = form.fullmatch(address)
        if match is not None:
            host = match["host"]
            if host.count(":") == 1:  # host:port; more colons are IPv6
                host = host.partition(":")[0]
            return host.strip("[]").rstrip(".").lower()
    return None


def dial_allowed(address: str, policy: Policy) -> tuple[bool, str]:
    """(may be dialled, the sentence that says why). Judged in planning and again before sending."""
    host = host_of(address)
    if host is None:
        return False, "not an address a room system can dial"
    try:
        literal = ip_address(host)
    except ValueError:
        for domain in policy.allowed_domains:
            wanted = domain.lower().lstrip("*").lstrip(".")
            if host == wanted or host.endswith("." + wanted):
                return True, f"{host} is in dialing.allowed_domains"
        return False, f'{host} is not in dialing.allowed_domains; to allow it, add "{host}" beside what stands there'
    for network in policy.allowed_networks:
        if literal in ip_network(network, strict=False):
            return True, f"{host} is in dialing.allowed_networks"
    entry = f"{host}/{literal.max_prefixlen}"
    return False, f'{host} is not in dialing.allowed_networks; to allow it, add "{entry}" beside what stands there'


@dataclass(frozen=True, slots=True)
class Choice:
    address: DialAddress | None
    reason: str
    evidence: tuple[Evidence, ...]


def choose_address(join: JoinInfo, policy: Policy, facts: UnitFacts) -> Choice:
    """The first allowed address of the preferred protocol that the unit can dial, else of the other one.

    What the room's template says of Zoom's host, options, region and gateways is applied first. A host key is never
    put into an address: it would make the room the host, and it would stand on the screen.
    """
    order: list[tuple[Literal["sip", "h323"], bool, tuple[str, ...]]] = [
        ("sip", facts.sip, sip_forms(join, policy)),
        ("h323", facts.h323, h323_forms(join, policy)),
    ]
    if policy.protocol == "h323":
        order.reverse()
    evidence: list[Evidence] = []
    won: DialAddress | None = None
    refusals: list[str] = []
    for protocol, dials, addresses in order:
        for address in addresses:
            bare = re.sub(r"^(sips?|h323):", "", address.strip(), flags=re.IGNORECASE)
            if won is not None:
                reason = "a better address was found first"
            elif not dials:
                reason = f"the unit does not dial {protocol}"
                refusals.append(reason)
            else:
                allowed, reason = dial_allowed(bare, policy)
                if allowed:
                    won = DialAddress(protocol, bare, policy.call_rate)
                    evidence.append(Evidence("address", protocol, "dial_policy", "won", reason, redact_address(bare)))
                    continue
                refusals.append(reason)
            evidence.append(Evidence("address", protocol, "dial_policy", "lost", reason, redact_address(bare)))
    if won is not None:
        return Choice(won, f"dials {won.shown}", tuple(evidence))
    if refusals and not join.withheld:
        return Choice(None, refusals[0], tuple(evidence))
    return Choice(None, _no_address(join), tuple(evidence))


# The commercial cloud's SIP hosts (the region's domains as an endpoint's option list prints them). Zoom for
# Government has bridges of its own, which are left as the invitation states them.
_ZOOM_HOST = re.compile(r"(?:[a-z0-9-]+\.)*(?:zoomcrc\.com|zm[a-z]{2}\.us)", re.IGNORECASE)
_ZOOM_USER = re.compile(r"(?P<id>\d{9,11})(?:\.(?P<code>\d{0,10}))?")


def _zoom_parts(address: str) -> tuple[str, str, str] | None:
    """(id, code or "", host) of an address on the commercial bridges that has nothing behind its code."""
    user, _, host = re.sub(r"^sips?:", "", address.strip(), flags=re.IGNORECASE).partition("@")
    match = _ZOOM_USER.fullmatch(user)
    if match is None or _ZOOM_HOST.fullmatch(host) is None:
        return None
    return match["id"], match["code"] or "", host


def sip_forms(join: JoinInfo, policy: Policy) -> tuple[str, ...]:
    """``join.sip`` as this room wants it, best first: region, Zoom's host and option codes.

    ``id.code.OPTIONS@host``; a field that is empty keeps its dots: ``id..OPTIONS@host``.
    """
    forms: list[str] = []
    for address in _by_region(join.sip, join, policy.region):
        parts = _zoom_parts(address) if join.service == "zoom" else None
        if parts is not None:
            number, code, host = parts
            host = policy.zoom_host or host
            options = "".join(policy.zoom_options)
            user = f"{number}.{code}.{options}" if options else f"{number}.{code}" if code else number
            address = f"{user}@{host}"
        forms.append(address)
    return tuple(dict.fromkeys(forms))


def h323_forms(join: JoinInfo, policy: Policy) -> tuple[str, ...]:
    """``join.h323``, the room's region first; for Zoom the configured gateways where the invitation states none."""
    stated = _by_region(join.h323, join, policy.region)
    if stated or join.service != "zoom" or not join.joinable:
        return stated
    parts = next(filter(None, map(_zoom_parts, join.sip)), None)
    if parts is None:
        return ()
    number, code, _ = parts
    wanted = policy.region.casefold()
    gateways = sorted(policy.zoom_gateways, key=lambda gateway: not (wanted and wanted in gateway[0].casefold()))
    return tuple(f"{address}##{number}" + (f"#{code}" if code else "") for _, address in gateways)


def _by_region(addresses: tuple[str, ...], join: JoinInfo, region: str) -> tuple[str, ...]:
    """Those whose place, as the invitation prints it, or whose host has the word first; else as they stand."""
    wanted = region.casefold()
    if not wanted:
        return addresses
    places = dict(join.regions)

    def elsewhere(address: str) -> bool:
        host = host_of(re.sub(r"^(sips?|h323):", "", address.strip(), flags=re.IGNORECASE)) or ""
        return wanted not in places.get(host, "").casefold() and wanted not in host

    return tuple(sorted(addresses, key=elsewhere))


def _no_address(join: JoinInfo) -> str:
    if join.withheld:
        return join.withheld
    if not join.joinable:
        return "no live meeting invitation was found in it"
    return f"{join.service or 'the'} invitation gives no address that a room system can dial"


_SCHEME = re.compile(r"^(sips?|h323|spark|tel):", re.IGNORECASE)


def call_target(remote: str) -> tuple[str, str]:
    """(number, host) of an address as a unit reports it, for comparing calls with orders.

    Units add and drop schemes and parameters, and Zoom controls append ``..504`` to the user part
    (RoomOS release notes); the digits up to the first dot are what names the meeting.
    """
    text = _SCHEME.sub("", remote.strip().strip("<>")).split(";")[0].split("?")[0].lower()
    if "##" in text:
        host, _, rest = text.partition("##")
        return rest.split("#")[0], host
    user, at, host = text.partition("@")
    number = re.split(r"[.#]", user)[0]
    if not number.isdigit():
        number = user
    return number, host.partition(":")[0] if at else ""


def same_target(remote: str, address: str) -> bool:
    """Do a reported remote and an address mean the same meeting? A missing host on one side is no difference.

    Nothing is known of a side that is empty: an address is wiped once its call is over."""
    if not remote or not address:
        return False
    number, host = call_target(remote)
    wanted_number, wanted_host = call_target(address)
    return number == wanted_number and (not host or not wanted_host or host == wanted_host)
