"""The wall between the daemon and the endpoints: everything that crosses it is defined here.

Standard library only. The daemon imports this module and the registry; drivers import this module and
never the daemon. All times are timezone-aware UTC. Nothing here prints a passcode or a password: the
``repr`` of whatever carries one shows a redacted form.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import TracebackType
from typing import Literal, Protocol, Self, runtime_checkable

# ------------------------------------------------------------------------------------ what is shown and dialled

_SCHEME = re.compile(r"^(?:sips?|h323|spark|tel):", re.IGNORECASE)
_SECRET_TAIL = re.compile(r"(?P<id>\d+)(?P<sep>[.#])(?P<rest>[^@]+)")
_DOLLARS = re.compile(r"(?P<id>[^@$]+)\$\$(?P<rest>[^@]+)")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?")


def redact_address(address: str) -> str:
    """The address without passcode, layout, option codes and host key, as a log or a page may show it.

    ``123456789.4321@zoomcrc.com`` -> ``123456789.***@zoomcrc.com``, also with ``.layout.hostkey`` behind the code;
    ``IP##id#code`` and ``IP##id##code`` -> ``IP##id#***``; ``id$$code@host`` -> ``id$$***@host``.
    """
    scheme = _SCHEME.match(address)
    prefix, bare = (scheme[0], address[scheme.end() :]) if scheme else ("", address)
    if "##" in bare:
        host, _, rest = bare.partition("##")
        number, sep, _ = rest.partition("#")
        return f"{prefix}{host}##{number}{sep}***" if sep else address
    if _IPV4.fullmatch(bare):
        return address
    match = _DOLLARS.match(bare)
    if match is not None:
        return f"{prefix}{match['id']}$$***{bare[match.end() :]}"
    match = _SECRET_TAIL.match(bare)
    if match is None:
        return address
    return f"{prefix}{match['id']}{match['sep']}***{bare[match.end() :]}"


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
    late_join: timedelta = timedelta(0)  # and this long after end
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
        booking.late_join.total_seconds(),
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


# ------------------------------------------------------------------------------------ what a unit is and does


class Capability(StrEnum):
    """What a unit can be asked. What is not declared is not called."""

    PUSH = "push"  # shows a list of bookings
    SHOW_WITHOUT_BUTTON = "show_without_button"  # may list a booking that has no address
    SHOWN = "shown"  # can say which bookings it shows
    DIAL = "dial"
    HANG_UP = "hang_up"
    CALLS = "calls"  # can list its calls
    H323 = "h323"
    SIP = "sip"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    product: str
    software: str
    serial_number: str
    capabilities: frozenset[Capability]
    clock: datetime | None = None  # the unit's own idea of now, UTC
    uptime: timedelta | None = None  # a drop between two probes means it rebooted
    in_call: bool | None = None
    notes: tuple[str, ...] = ()  # sentences for the admin: Teams mode, Webex-registered, ...


class CallState(StrEnum):
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


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """Only says "look again"; ``kind`` is for the log (boot, call, bookings)."""

    kind: str


# ------------------------------------------------------------------------------------ how a unit is reached


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """``verify``: system CAs; ``ca``: a PEM file; ``pin``: SHA-256 of the certificate, hex; ``off``: plain HTTP."""

    mode: Literal["verify", "ca", "pin", "off"] = "verify"
    value: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One unit, resolved and allowed by the caller: a driver connects to ``address`` and to nothing else."""

    id: str
    address: str  # IP literal, judged against the Private Networks by the caller
    host_name: str = ""  # as configured, for SNI, certificate names and the Host header; "" when it is the address
    port: int | None = None  # None: the driver's default
    tls: TlsPolicy = field(default_factory=TlsPolicy)
    username: str = ""
    password: str = field(default="", repr=False)
    serial_number: str = ""
    options: Mapping[str, str] = field(default_factory=dict)  # driver options, from the room's template


# ------------------------------------------------------------------------------------ what can go wrong


class DriverError(Exception):
    """Root. The subclasses are named by what the caller does next; messages are sentences for an admin.

    ``sent``: False only when it is certain that no byte of the command left; then a dial may be repeated.

    DriverError
    +- DeviceUnreachable      retry, back off
    +- UntrustedCertificate   stop before the password is sent, alert, retry slowly
    +- DeviceBusy             retry after ``retry_after``
    +- CredentialsRejected    stop at once, alert; codecs lock accounts
    +- NotSupported           never retry
    +- UnexpectedReply        retry slowly; ``sample`` is redacted
    +- DialRefused            the unit or the far end said no; ``cause``
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class DeviceUnreachable(DriverError):
    pass


class UntrustedCertificate(DriverError):
    def __init__(self, message: str, *, seen_pin: str = "") -> None:
        super().__init__(message, sent=False)
        self.seen_pin = seen_pin  # SHA-256 of what the unit presented, hex


class DeviceBusy(DriverError):
    def __init__(self, message: str, *, retry_after: timedelta = timedelta(seconds=5), sent: bool = False) -> None:
        super().__init__(message, sent=sent)
        self.retry_after = retry_after


class CredentialsRejected(DriverError):
    def __init__(self, message: str) -> None:
        super().__init__(message, sent=False)  # a refused login executes nothing


class NotSupported(DriverError):
    def __init__(self, message: str) -> None:
        super().__init__(message, sent=False)


class UnexpectedReply(DriverError):
    def __init__(self, message: str, *, sample: str = "", sent: bool = True) -> None:
        super().__init__(message, sent=sent)
        self.sample = sample


class DialRefused(DriverError):
    """Definite: no call exists because of this dial."""

    def __init__(self, message: str, *, cause: str = "") -> None:
        super().__init__(message, sent=False)
        self.cause = cause


# ------------------------------------------------------------------------------------ the contract


class Driver(Protocol):
    """One unit. Entering opens nothing that needs the unit; leaving ends sessions on it. Methods may run
    concurrently (a slow push must not hold a dial back); the driver keeps the unit's own rate limits.
    Every method raises DriverError subclasses only, and has a deadline of its own."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def probe(self) -> DeviceInfo: ...

    async def push(self, bookings: BookingList) -> Receipt: ...

    async def shown(self) -> frozenset[str]:
        """Booking ids that the unit says it shows, past ones left out."""
        ...

    async def dial(self, address: DialAddress, booking: Booking) -> CallRef:
        """Returns when the unit accepted the command, not when the far end answered. Never repeats by itself."""
        ...

    async def hang_up(self, call: CallRef) -> None:
        """A call that is already gone is a success."""
        ...

    async def calls(self) -> tuple[CallRef, ...]: ...

    def events(self) -> AsyncIterator[DeviceEvent]: ...


@runtime_checkable
class Armable(Protocol):
    """A driver that can open what a dial needs a few seconds ahead, so that the command leaves on the second."""

    async def arm(self) -> None:
        """Signs in and connects; asks nothing of the unit and commands nothing."""
        ...


@dataclass(frozen=True, slots=True)
class DriverManifest:
    """From ``manifest.toml``. ``capabilities`` is the minimum before the first probe."""

    name: str  # the word in the device_type column
    label: str
    delivery: Literal["push", "pull"]
    capabilities: frozenset[Capability]
    options: Mapping[str, str] = field(default_factory=dict)  # option name -> sentence
    default_port: int = 443
    status: str = ""  # what was and was not tried on hardware


@dataclass(frozen=True, slots=True)
class DriverPlug:
    """What the entry-point group ``connector.device_drivers`` yields: data and functions, no base class."""

    manifest: DriverManifest
    open: Callable[[Endpoint], Driver]
    simulator: Callable[..., object] | None = None  # see device_drivers/testing/simulator.py
