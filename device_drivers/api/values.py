"""What is shown, dialled and called, and how a unit is reached. Frozen values; times are timezone-aware UTC."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from device_drivers.api.text import clean_text, redact_address

# ------------------------------------------------------------------------------------ what is shown and dialled


@dataclass(frozen=True, slots=True)
class DialAddress:
    """Where a unit dials. ``address`` has no scheme: ``id.passcode@host`` (sip) or ``IP##id#passcode`` (h323)."""

    protocol: Literal["sip", "h323"]
    address: str = field(repr=False)
    call_rate: int | None = None  # kbit/s; None leaves it to the unit

    @property
    def shown(self) -> str:
        """The address as a log or a page may show it."""
        return redact_address(self.address)

    def __str__(self) -> str:
        return f"{self.protocol}:{self.shown}"


@dataclass(frozen=True, slots=True)
class Booking:
    """One line on a room's screen. ``id``: decimal digits, at most 18, stable for room + occurrence."""

    id: str
    title: str
    start: datetime
    end: datetime
    organizer: str = ""
    address: DialAddress | None = None  # None: shown without a Join button
    early_join: timedelta = timedelta(minutes=5)  # the button works this long before start
    private: bool = False  # the title is already replaced; some units have a flag of their own
    service: str = ""  # zoom, teams, ...; "" when unknown
    meeting_id: str = ""


def _told(booking: Booking) -> tuple[object, ...]:
    """Plain values: equal instants must look equal, whatever class their zone has after a store or a wire."""
    address = booking.address
    return (
        booking.id,
        booking.title,
        booking.start.timestamp(),
        booking.end.timestamp(),
        booking.organizer,
        (address.protocol, address.address, address.call_rate) if address else None,
        booking.early_join.total_seconds(),
        0.0,  # of a field that is gone: what units acknowledged under it still counts
        booking.private,
        booking.service,
        booking.meeting_id,
    )


@dataclass(frozen=True, slots=True)
class BookingList:
    """Everything one unit shows, ordered by start then id. A push replaces the whole list."""

    bookings: tuple[Booking, ...] = ()

    def __post_init__(self) -> None:
        ids = [b.id for b in self.bookings]
        if len(set(ids)) != len(ids):
            raise ValueError("two bookings with one id")  # Cisco's answer to that is unknown: never send it

    @property
    def digest(self) -> str:
        """Changes when, and only when, something that a unit shows or dials changes. Passcodes count."""
        return hashlib.blake2b(repr([_told(b) for b in self.bookings]).encode(), digest_size=16).hexdigest()

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(b.id for b in self.bookings)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a unit acknowledged: the digest of the list it was sent, and what it did not take."""

    digest: str
    accepted: frozenset[str]
    left_off: tuple[tuple[str, str], ...] = ()  # (booking id, reason for a person)
    note: str = ""  # how it was sent, e.g. "bookingsputxml"


# ------------------------------------------------------------------------------------ calls


_FAR_END = 500  # characters of an address; the longest that a unit dials has 255


class CallState(StrEnum):
    """How far a call is. A unit's own finer words (ringing, on hold) are one of these."""

    DIALLING = "dialling"  # asked for, not answered
    CONNECTED = "connected"  # answered; says nothing of passcode prompts or waiting rooms inside the call
    ENDED = "ended"  # only where a unit remembers; ``cause`` and ``by_person`` say how


@dataclass(frozen=True, slots=True)
class CallRef:
    """A call on a unit. ``id`` is the unit's own; it may be reused after a reboot."""

    id: str
    state: CallState
    remote: str = field(default="", repr=False)  # as the unit reports it, scheme kept if any
    booking_id: str | None = None
    outgoing: bool = True
    cause: str = ""
    by_person: bool | None = None  # ended by someone in the room; None: the unit does not say
    duration: timedelta | None = None  # since it was made, by the unit's own count; None: the unit does not say

    def __post_init__(self) -> None:
        """What a unit says of a call is foreign text. Ids are compared only, and both ends of that are made here."""
        object.__setattr__(self, "id", clean_text(self.id))
        object.__setattr__(self, "remote", clean_text(self.remote, _FAR_END))
        object.__setattr__(self, "cause", clean_text(self.cause))


# ------------------------------------------------------------------------------------ how a unit is reached


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """``verify``: system CAs; ``ca``: a PEM file; ``pin``: SHA-256 of the certificate, hex; ``off``: plain HTTP."""

    mode: Literal["verify", "ca", "pin", "off"] = "verify"
    value: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One unit, resolved and allowed by the caller: a driver connects to ``addresses`` and to nothing else."""

    id: str
    address: str  # IP literal, judged against the Private Networks by the caller
    host_name: str = ""  # as configured, for SNI, certificate names and the Host header; "" when it is the address
    port: int | None = None  # None: the driver's default
    tls: TlsPolicy = field(default_factory=TlsPolicy)
    username: str = ""
    password: str = field(default="", repr=False)
    serial_number: str = ""
    options: Mapping[str, str] = field(default_factory=dict)  # driver options, from the room's template
    others: tuple[str, ...] = ()  # further addresses of the same name, judged as well: for when the first is silent

    @property
    def addresses(self) -> tuple[str, ...]:
        """To be tried in this order; a client that can only try one takes ``address``."""
        return (self.address, *self.others)
