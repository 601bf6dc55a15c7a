"""A look at a unit's certificate, by the room's own options, as the daemon speaks to it. No password is sent."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from connector.engine.addresses import allowed_addresses
from connector.model import Room
from connector.running.configuration import Configuration, find_plug
from device_drivers.api import DeviceUnreachable, DriverError, Endpoint, TlsPolicy
from device_drivers.tls import Seen, context_of, look, name_of, port_of

Verdict = Literal["same", "new", "changed", "unreachable"]
_WITHIN = 5.0  # seconds for a handshake


@dataclass(frozen=True, slots=True)
class Looked:
    """What answers at a room's address. ``pin``: SHA-256 in hex, "" for plain HTTP."""

    address: str
    port: int
    pin: str
    trusted: bool  # it fits what the row says: its pin, its CA file, the system's CAs, or plain HTTP

    @property
    def column(self) -> str:
        """For the tls column."""
        return f"pin:{self.pin}" if self.pin else "off"


@dataclass(frozen=True, slots=True)
class Judged:
    """``looked``: None where nobody answered, or nobody was asked; ``reason`` says why."""

    room: Room
    verdict: Verdict
    reason: str
    looked: Looked | None = None


async def endpoint_of(room: Room, configuration: Configuration) -> Endpoint:
    """Without user and password. DriverError where no address of it may be contacted."""
    found = await allowed_addresses(room.ip_address, configuration.settings.private_networks)
    return Endpoint(
        room.id,
        found[0],
        host_name="" if room.ip_address in found else room.ip_address,
        port=room.port,
        tls=room.tls,
        serial_number=room.serial_number,
        options=dict(room.options),
        others=found[1:],
    )


async def look_at(room: Room, configuration: Configuration) -> Looked:
    """DriverError, with a sentence, where no certificate came though the row wants one."""
    default_port = find_plug(room.device_type).manifest.default_port
    endpoint = await endpoint_of(room, configuration)
    port = port_of(endpoint, default_port)
    seen = await look(endpoint, default_port=default_port, timeout=_WITHIN)
    where = f"{endpoint.address}:{port}"
    if room.tls.mode == "off" and not seen.pin:
        if not seen.connected:
            raise DeviceUnreachable(f"nothing accepts a connection at {where}; is it on?")
        return Looked(endpoint.address, port, "", True)
    if not seen.pin:
        raise DeviceUnreachable(await _why_no_pin(where, seen, endpoint, default_port))
    if room.tls.mode == "pin":
        return Looked(endpoint.address, port, seen.pin, room.tls.value.lower() == seen.pin)
    trusted = room.tls.mode != "off" and await _trusted(endpoint, port)
    return Looked(endpoint.address, port, seen.pin, trusted)


async def judge(room: Room, configuration: Configuration) -> Judged:
    try:
        looked = await look_at(room, configuration)
    except DriverError as error:
        return Judged(room, "unreachable", str(error))
    if looked.trusted:
        return Judged(room, "same", _SAME[room.tls.mode], looked)
    verdict, reason = _OTHER[room.tls.mode]
    return Judged(room, verdict, reason, looked)


_OTHER: Mapping[str, tuple[Verdict, str]] = {
    "pin": ("changed", "not what rooms.csv pins"),
    "ca": ("changed", "the authority of rooms.csv does not vouch for it"),
    "verify": ("new", "nothing pins it, and no authority vouches for it"),
    "off": ("new", "it speaks HTTPS, though rooms.csv says off"),
}
_SAME = {
    "pin": "",
    "verify": "an authority vouches for it",
    "ca": "the authority of rooms.csv vouches for it",
    "off": "plain HTTP, as rooms.csv says",
}


def in_column(tls: TlsPolicy) -> str:
    """A policy as the tls column says it."""
    return f"{tls.mode}:{tls.value}" if tls.value else tls.mode


async def _trusted(endpoint: Endpoint, port: int) -> bool:
    """Whether the handshake succeeds as the daemon makes it. DeviceUnreachable: nobody can say now."""
    context = context_of(endpoint)
    for address in endpoint.addresses:
        try:
            async with asyncio.timeout(_WITHIN):
                _, writer = await asyncio.open_connection(
                    address, port, ssl=context, server_hostname=name_of(endpoint) or address
                )
        except ssl.SSLCertVerificationError:
            return False
        except (OSError, TimeoutError):
            continue
        writer.transport.abort()
        return True
    raise DeviceUnreachable(f"it answered once at {endpoint.address}:{port} and not again, so it was not judged")


async def _why_no_pin(where: str, seen: Seen, endpoint: Endpoint, default_port: int) -> str:
    """A second look, with the oldest TLS there is, is for the sentence only: nothing is pinned by it."""
    if not seen.connected:
        return f"no certificate came from {where}: nothing accepts a connection there; is it on?"
    if seen.speaks_tls is False:
        return f"no certificate came from {where}: what answers there is not HTTPS; see the column port"
    oldest = await look(endpoint, default_port=default_port, minimum="1.0")
    if oldest.version:
        return (
            f"no certificate came from {where}: it speaks TLS {oldest.version} at most, which is older than this room's"
            f" options allow; set tls_minimum = {oldest.version} in the options of its template"
        )
    return f"no certificate came from {where}; is it on, and does it speak HTTPS there?"
