"""What flows along the line calendars -> detection -> planning -> reconcile -> drivers.

Frozen, slotted dataclasses; UTC inside, the room's zone for display. No I/O, no clock.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple, NewType

from device_drivers.api import BookingList, DialAddress, TlsPolicy

Overlap = Literal["switch", "stay"]
RoomId = NewType("RoomId", str)
UnitId = NewType("UnitId", str)
NO_SERIES = datetime(1970, 1, 1, tzinfo=UTC)  # original_start of an event that does not recur: its UID alone names it

# ------------------------------------------------------------------------------------ rooms and policy


@dataclass(frozen=True, slots=True)
class Policy:
    """What a room does with its meetings: the template's words, minutes as timedeltas.

    A template that says nothing has the defaults that stand here. ``zoom_gateways``, ``allowed_domains`` and
    ``allowed_networks`` are the whole organisation's: [dialing] of connector.toml gives them, with defaults of its own;
    without it nothing may be dialled.
    ``auto_join``/``auto_leave`` off still shows buttons. ``busy``: the unit is in another call at dial time.
    """

    one_touch_join: bool = True
    auto_join: bool = False
    auto_leave: bool = True
    join_before: timedelta = timedelta(0)  # auto-join dials this long before start
    leave_after: timedelta = timedelta(0)  # and leaves this long after end
    early_join: timedelta = timedelta(minutes=5)  # the Join button works this long before start
    late_join: timedelta = timedelta(minutes=5)  # grace: a late dial is still made until start + late_join
    busy: Literal["wait", "skip", "drop"] = "wait"
    overlap: Overlap = "switch"  # a meeting starts while another one of the room runs: see planning/overlap.py
    new_address: Literal["stay", "change"] = "stay"  # a running meeting gets another number
    leave_joined: Literal["ours", "booked"] = "ours"  # whose calls are ended at a meeting's end
    tentative: Literal["button", "join"] = "button"  # a tentative meeting: only the button, or auto-join too
    free: Literal["button", "join"] = "button"  # one that the calendar shows as free
    show_non_joinable: bool = True  # meetings without an address, shown without a button where the unit can
    show_all_day: bool = True
    private_title: str = "Private meeting"  # shown instead of a private event's title and organiser
    hide_titles: bool = False  # treat every event as private
    protocol: Literal["sip", "h323"] = "sip"  # preferred; the other one is used where this one cannot be
    region: str = ""  # of several gateways or hosts that an invitation states, one with this word stands first
    zoom_host: str = ""  # SIP host that Zoom meetings are dialled at, instead of the invitation's
    zoom_options: tuple[str, ...] = ()  # option codes behind id and passcode: id.passcode.OPTIONS@host
    zoom_gateways: tuple[tuple[str, str], ...] = ()  # (region, address): H.323, where the invitation states none
    call_rate: int | None = None  # kbit/s
    allowed_domains: tuple[str, ...] = ()  # dial policy: hosts, and their sub-domains, a room may dial
    allowed_networks: tuple[str, ...] = ()  # bridge addresses (CIDR) a room may dial


@dataclass(frozen=True, slots=True)
class Room:
    """One row of rooms.csv: one unit. Rows with the same ``calendar`` form one physical room."""

    id: RoomId
    name: str
    calendar: str = field(repr=False)  # a path, an http(s) URL (it may be a secret in itself), or "source:address"
    device_type: str
    ip_address: str  # IP or host name
    site: str = ""
    port: int | None = None
    tls: TlsPolicy = field(default_factory=TlsPolicy)
    serial_number: str = ""
    credential: str = ""  # a reference (env:/file:/vault:), never the secret
    timezone: str = "UTC"
    template: str = "default"
    connector: str = ""
    device_management: bool = True
    notes: str = ""
    policy: Policy = field(default_factory=Policy)
    options: tuple[tuple[str, str], ...] = ()  # driver options from the template


# ------------------------------------------------------------------------------------ units


class UnitState(StrEnum):
    IN_USE = "in_use"  # a room has it
    RETIRING = "retiring"  # no room has it any more; what we began on it is still ended
    GONE = "gone"  # nothing of ours is left on it


@dataclass(frozen=True, slots=True)
class Unit:
    """The device itself. ``id`` says nothing of it and never changes; "" in a unit that is only wanted, not known."""

    id: UnitId
    driver: str  # "" while it is known only as the unit that a room had before units had rows of their own
    address: str  # IP or host name, as configured
    port: int | None = None
    tls: TlsPolicy = field(default_factory=TlsPolicy)
    credential: str = ""  # a reference or a fingerprint, never the secret
    serial_number: str = ""  # "" until it is configured or probed
    state: UnitState = UnitState.IN_USE
    since: datetime | None = None  # of ``state``
    room: RoomId = RoomId("")  # that it served last
    options: tuple[tuple[str, str], ...] = ()  # driver options, as the row's template had them


def same_unit(one: Unit, other: Unit) -> bool:
    """Whether two descriptions are of one device.

    Where both have a serial number it alone decides: a unit that moved is the same, another one at its address is
    not. Else driver, address and port do; a unit without a driver is like no other.
    """
    if one.serial_number and other.serial_number:
        return one.serial_number == other.serial_number
    return bool(one.driver) and (one.driver, one.address, one.port) == (other.driver, other.address, other.port)


# ------------------------------------------------------------------------------------ calendars


@dataclass(frozen=True, slots=True)
class CalendarId:
    """Which calendar of which source; ``key`` is what the store keeps it under."""

    source: str
    name: str = field(repr=False)  # the address of an .ics may be a secret in itself
    zone: str = "UTC"  # the room's: all-day events and times without a zone are read in it
    shown: str = field(default="", compare=False)  # as a log or a page may show it

    @property
    def key(self) -> str:
        name = self.name
        if "://" in name:
            name = hashlib.blake2b(name.encode(), digest_size=12).hexdigest()
        return f"{self.source}:{name} ({self.zone})"


@dataclass(frozen=True, slots=True)
class SourceText:
    """One place of an event where join information may stand."""

    where: str  # "location", "description", "html", "conference", "url", ... as the evidence will name it
    kind: Literal["text", "html", "url"]
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Event:
    """One occurrence. ``series_uid`` + ``original_start`` keep its identity when it moves."""

    series_uid: str
    original_start: datetime  # UTC; where the series put it, before any move; NO_SERIES for a single event
    start: datetime
    end: datetime
    title: str = ""
    organizer: str = ""  # a name, else an address
    organizer_email: str = ""  # lower case; rules tell internal organisers from others by its domain
    all_day: bool = False
    private: bool = False
    cancelled: bool = False
    declined: bool = False  # the room refused it
    tentative: bool = False
    free: bool = False  # it takes no time in the calendar: TRANSP:TRANSPARENT, shown as free
    texts: tuple[SourceText, ...] = ()
    modified: datetime | None = field(default=None, compare=False)  # when it was changed last, where the calendar says

    @property
    def key(self) -> str:
        return f"{self.series_uid}\x1f{self.original_start.isoformat()}"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An item that is listed but cannot be read: its last good form stays on the screen."""

    series_uid: str  # "" when not even that could be read
    reason: str  # a sentence


@dataclass(frozen=True, slots=True)
class Window:
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A complete listing of the window. An incomplete one is never returned: the source raises."""

    events: tuple[Event, ...]
    unreadable: tuple[Unreadable, ...] = ()


# ------------------------------------------------------------------------------------ detection


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a field has its value, or why a candidate lost. ``shown`` is redacted and never a body excerpt."""

    field: str  # service, meeting_id, passcode, join_url, sip, h323, joinable, ...
    where: str  # the SourceText it came from, or the planning step
    rule: str  # stable name, e.g. "zoom.link", "unwrap.safelinks"
    verdict: Literal["won", "lost", "note"]
    reason: str
    shown: str = ""


@dataclass(frozen=True, slots=True)
class JoinInfo:
    """``sip``/``h323``: what a room should dial, best first, no scheme. ``passcode``: the numeric one only."""

    service: str | None = None
    joinable: bool = False
    meeting_id: str | None = None
    passcode: str | None = field(default=None, repr=False)
    passcode_text: str | None = field(default=None, repr=False)
    join_url: str | None = field(default=None, repr=False)
    sip: tuple[str, ...] = field(default=(), repr=False)
    h323: tuple[str, ...] = field(default=(), repr=False)
    evidence: tuple[Evidence, ...] = ()
    regions: tuple[tuple[str, str], ...] = ()  # (host of an address above, what the invitation prints of its place)
    withheld: str = ""  # the sentence of an admin's rule that gives this meeting no button
    no_auto_join: str = ""  # why no room joins it by itself, though it has a button; "" where nothing speaks against it


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one of the admin's rules says of an event, in the rooms and sites that it names (all, when it names none).

    ``join`` stands in place of what detection found; None with the action "ignore".
    """

    rule: str
    action: Literal["dial", "no_button", "ignore"]
    rooms: tuple[str, ...] = ()  # room ids; * stands for any characters
    sites: tuple[str, ...] = ()
    join: JoinInfo | None = None


@dataclass(frozen=True, slots=True)
class Meeting:
    """An event after detection: no body text any more. This is what the store keeps.

    ``rulings``: in the order of the rules; the first that names the room decides.
    """

    event: Event
    join: JoinInfo
    rulings: tuple[Ruling, ...] = ()

    @classmethod
    def of(cls, event: Event, join: JoinInfo, rulings: tuple[Ruling, ...] = ()) -> Meeting:
        return cls(replace(event, texts=()), join, rulings)


# ------------------------------------------------------------------------------------ planning


def booking_id(room: RoomId, event: Event) -> str:
    """Decimal digits, at most 18, the same on every node and after every restart."""
    digest = hashlib.blake2b(f"{room}\x1e{event.key}".encode(), digest_size=8).digest()
    return str(int.from_bytes(digest) % 10**18)


@dataclass(frozen=True, slots=True)
class DialOrder:
    """The room dials ``address`` at ``dial_at`` and, when ``leave_at`` is set, leaves then."""

    booking_id: str
    planned_start: datetime  # with room and booking id: the key of its attempts
    dial_at: datetime
    give_up_at: datetime
    leave_at: datetime | None
    address: DialAddress
    meeting_key: str  # service:meeting id, or the address; equal keys are the same meeting
    end: datetime | None = None  # of the meeting, whenever the room leaves; None in plans of former versions

    @property
    def ends_at(self) -> datetime:
        return self.end or self.leave_at or self.give_up_at

    @property
    def key(self) -> AttemptKey:
        return AttemptKey(self.booking_id, self.planned_start)


@dataclass(frozen=True, slots=True)
class Decision:
    """One event's line in ``explain``: what it became on this room's unit, and why."""

    booking_id: str
    title: str
    start: datetime
    end: datetime
    outcome: Literal["button", "no_button", "left_off"]
    auto_join: bool
    reason: str
    address_shown: str = ""
    service: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class RoomPlan:
    room: RoomId
    bookings: BookingList
    dial_orders: tuple[DialOrder, ...]
    decisions: tuple[Decision, ...]
    computed_at: datetime
    next_change: datetime | None = None  # when time alone will change this plan

    @property
    def digest(self) -> str:
        """Of what the screen shows; the computing time is left out."""
        return self.bookings.digest


# ------------------------------------------------------------------------------------ dialling


class AttemptKey(NamedTuple):
    """Within one unit: which dial order an attempt is of."""

    booking_id: str
    planned_start: datetime


class AttemptState(StrEnum):
    INTENDED = "intended"  # the row is written; no byte has left
    SENT = "sent"  # committed just before the bytes leave; also after the unit accepted the command
    UNKNOWN = "unknown"  # sent, and the answer was lost
    ABSENT = "absent"  # was unknown; the unit was read and has no such call
    REFUSED = "refused"  # definite, or nothing left: may be tried again within the grace
    ANSWERED = "answered"  # the call was connected (ours)
    PRESENT = "present"  # the room was in this meeting already; somebody else's call
    ENDED = "ended"  # accepted, then gone before it was seen connected; not redialled
    MISSED = "missed"
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"  # intended, and the order went away


FINAL = frozenset(
    {
        AttemptState.ANSWERED,
        AttemptState.PRESENT,
        AttemptState.ENDED,
        AttemptState.MISSED,
        AttemptState.SKIPPED,
    }
)

# No call of such an attempt is up, nor will be one: neither ``live`` nor ``joined``, nor on its way to be.
NEVER_UP = frozenset(
    {
        AttemptState.ABSENT,
        AttemptState.REFUSED,
        AttemptState.ENDED,
        AttemptState.MISSED,
        AttemptState.SKIPPED,
        AttemptState.WITHDRAWN,
    }
)


# How a call was left: by us; it had ended before; it goes on as the next booking's; given up; by us for another meeting
# of the room while this one still ran; by us for the meeting's new address; somebody else's, up after its meeting.
Left = Literal["", "done", "gone", "stay", "failed", "switched", "moved", "overran"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row. ``leave_at`` is the leave order; it survives the event's deletion."""

    id: int
    room: RoomId
    booking_id: str
    planned_start: datetime
    state: AttemptState
    at: datetime  # of the last change of state
    meeting_key: str
    address: str = field(repr=False)
    call_id: str | None = None
    cause: str = ""
    owned: bool = True  # we dialled it: leaving applies
    leave_at: datetime | None = None
    left: Left = ""
    left_at: datetime | None = None
    sent_at: datetime | None = None  # when the command left, or was about to
    unit: UnitId = UnitId("")  # that was told to dial

    @property
    def key(self) -> AttemptKey:
        return AttemptKey(self.booking_id, self.planned_start)

    @property
    def live(self) -> bool:
        """Ours to leave, as far as is known."""
        maybe = (AttemptState.ANSWERED, AttemptState.SENT, AttemptState.UNKNOWN)
        return self.owned and not self.left and self.state in maybe

    @property
    def joined(self) -> bool:
        """Somebody else's call of this booking may be up."""
        return self.state is AttemptState.PRESENT and not self.left
