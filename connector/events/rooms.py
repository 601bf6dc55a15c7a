"""Plans, screens and units: what a room should show, what it shows, and whether its unit can be spoken to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connector.events.base import OfRoom, event


@event("room.planned", "info")
class RoomPlanned(OfRoom):
    """The plan of a room changed: what its screen should show and when it dials."""

    bookings: int
    buttons: int
    left_off: int
    auto_joins: int


@event("room.paused", "info")
class RoomPaused(OfRoom):
    """Somebody asked that a room be left alone: nothing is pushed and it does not dial by itself, until then."""

    until: datetime | None = None
    clears: bool | None = None


@event("room.resumed", "info")
class RoomResumed(OfRoom):
    """A paused room is served again."""

    reason: str


@event("screen.pushed", "info")
class ScreenPushed(OfRoom):
    """A unit took the list of bookings that it should show."""

    reason: str
    bookings: int
    left_off: int
    how: str


@event("screen.push_failed", "warning")
class ScreenPushFailed(OfRoom):
    """A unit did not take its list; it shows the last good one and is tried again."""

    error: str
    reason: str


@event("screen.differs", "warning")
class ScreenDiffers(OfRoom):
    """A unit says that it shows something else than the plan; it is pushed again."""

    reason: str


@event("screen.verified", "info")
class ScreenVerified(OfRoom):
    """A unit shows the plan again after it differed."""


# ------------------------------------------------------------------------------------ units


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitState(OfRoom):
    """A unit can be spoken to, or not and why."""

    reason: str


@event("unit.reachable", "info")
class UnitReachable(UnitState):
    """A unit answers."""


@event("unit.probed", "info")
class UnitProbed(OfRoom):
    """What a unit is: product, software, notes for the admin."""

    product: str
    software: str
    notes: str


@event("unit.unreachable", "warning")
class UnitUnreachable(UnitState):
    """A unit does not answer; it is tried again with growing pauses."""


@event("unit.rebooted", "info")
class UnitRebooted(OfRoom):
    """A unit started anew; its list is pushed again."""


@event("unit.replaced", "info")
class UnitReplaced(OfRoom):
    """Another unit answers at a room's address: it gets the room's list, and what the one before was told is over."""

    serial_number: str


@event("unit.retiring", "info")
class UnitRetiring(OfRoom):
    """A unit that no room has any more is let go: our call on it ends; where another has its place, its list goes."""

    reason: str


@event("unit.left_behind", "warning")
class UnitLeftBehind(OfRoom):
    """A unit that no room has any more cannot be told to let go: it may be in our call, or show our buttons."""

    reason: str


@event("unit.clock_skew", "warning")
class UnitClockSkew(OfRoom):
    """A unit's clock is wrong by more than its buttons can bear."""

    seconds: int
    reason: str


@event("unit.credentials_refused", "warning")
class UnitCredentialsRefused(UnitState):
    """A unit refused the credentials; they are not tried again until they change."""


@event("unit.certificate_refused", "warning")
class UnitCertificateRefused(UnitState):
    """A unit's certificate is not the trusted one; no password was sent."""


@event("unit.name_missing", "warning")
class UnitNameMissing(UnitState):
    """A unit, or its certificate, is for another name than the configured one; no password was sent."""


@event("unit.tls_not_possible", "warning")
class UnitTlsNotPossible(UnitState):
    """A unit shares no TLS version with us, or asks for a certificate of ours; no password was sent."""


@event("unit.not_https", "warning")
class UnitNotHttps(UnitState):
    """A unit's port speaks something else than HTTPS; no password was sent."""


@event("unit.not_supported", "warning")
class UnitNotSupported(UnitState):
    """A unit cannot do what was asked; it is not asked again."""


@event("unit.not_allowed", "warning")
class UnitNotAllowed(UnitState):
    """A unit is not contacted: outside the Private Networks, no password, or by its row."""


@event("unit.unexpected_reply", "warning")
class UnitUnexpectedReply(UnitState):
    """A unit gave an answer that its driver does not understand; it is tried again slowly."""


@event("lane.failed", "error")
class LaneFailed(OfRoom):
    """A part of a room's work met a mistake in this program; it starts anew."""

    lane: str
    reason: str
