"""What a unit is, and what this one can do with its firmware in its present mode."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from device_drivers.api.text import clean_text


class UnitProtocol(StrEnum):
    """The protocols of a driver session by name, see ``device_drivers.api.protocols``."""

    PROBES = "probes"
    SHOWS = "shows"
    TELLS_SHOWN = "tells_shown"
    DIALS = "dials"
    HANGS_UP = "hangs_up"
    LISTS_CALLS = "lists_calls"
    ARMABLE = "armable"


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What a unit can. The manifest gives the least, ``probe`` the truth; planning and engine read nothing else.

    A protocol of the session says that the driver can; one in ``protocols`` says that this unit can. What is not
    there is not called. The conformance suite holds each name against the session and the simulator.
    """

    protocols: frozenset[UnitProtocol] = frozenset({UnitProtocol.PROBES})
    sip: bool = False  # dials SIP addresses
    h323: bool = False  # dials H.323 addresses
    shows_without_button: bool = False  # may list a booking that has no address
    longest_title: int | None = None  # characters; None: no limit is known
    most_bookings: int | None = None  # in one list; None: no limit is known
    how_far_ahead: timedelta | None = None  # a booking may begin this long after now; None: no limit is known

    def can(self, *protocols: UnitProtocol) -> bool:
        """Whether all of these are in force."""
        return self.protocols.issuperset(protocols)

    @property
    def words(self) -> frozenset[str]:
        """For lists and for the needs of conformance checks: the protocols, and sip, h323, shows_without_button."""
        flags = {name for name in ("sip", "h323", "shows_without_button") if getattr(self, name)}
        return frozenset({str(protocol) for protocol in self.protocols} | flags)


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """What a probe found. Texts of the unit are cleaned here, whichever driver read them."""

    product: str
    software: str
    serial_number: str
    facts: UnitFacts
    clock: datetime | None = None  # the unit's own idea of now, UTC
    uptime: timedelta | None = None  # a drop between two probes means it rebooted
    in_call: bool | None = None
    notes: tuple[str, ...] = field(default=())  # sentences for the admin: Teams mode, Webex-registered, ...

    def __post_init__(self) -> None:
        for name in ("product", "software", "serial_number"):
            object.__setattr__(self, name, clean_text(getattr(self, name)))
        object.__setattr__(self, "notes", tuple(clean_text(note, 1000) for note in self.notes))
