"""What a driver session can be asked: one protocol for each verb's family. There is no base class.

A session is driven from tasks of the daemon's one event loop, several at once: a slow push must not hold a dial back.
The list lane (one task a unit) probes, pushes and asks what is shown; the call lane (another task) arms, dials, lists
calls and hangs up. The session keeps the unit's own rate limits, has a deadline for each exchange, and blocks nothing.

Every method may raise ``DeviceUnreachable``, ``UntrustedCertificate``, ``DeviceBusy``, ``CredentialsRejected``,
``UnexpectedReply`` and, where this unit cannot do it after all, ``NotSupported``; what else it may raise is said there.
Nothing but ``DriverError`` and cancellation leaves a method. A cancelled method leaves the session usable.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Protocol, Self, TypeVar, runtime_checkable

from device_drivers.api.errors import NotSupported
from device_drivers.api.facts import DeviceInfo, UnitProtocol
from device_drivers.api.values import Booking, BookingList, CallRef, DialAddress, Receipt


class Session(Protocol):
    """One unit, as an async context manager that is entered once and left once, from any task."""

    async def __aenter__(self) -> Self:
        """Opens nothing that needs the unit: it works while the unit is off. Raises nothing."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends sessions on the unit and closes connections, in a few seconds at most. Raises nothing of a unit that
        is gone."""
        ...


@runtime_checkable
class Probes(Protocol):
    async def probe(self) -> DeviceInfo:
        """Reads what the unit is and can do now. From the list lane; commands nothing, so that it may be repeated."""
        ...


@runtime_checkable
class Shows(Protocol):
    async def push(self, bookings: BookingList) -> Receipt:
        """Replaces the whole list on the screen; an empty list clears it. The receipt accounts for each booking.

        From the list lane. Pushing a list twice is as good as once. After any error the screen may show the former
        list or the new one, never a part.
        """
        ...


@runtime_checkable
class TellsShown(Protocol):
    async def shown(self) -> frozenset[str]:
        """Booking ids that the unit says it shows, past ones left out. From the list lane."""
        ...


@runtime_checkable
class Dials(Protocol):
    async def dial(self, address: DialAddress, booking: Booking) -> CallRef:
        """Returns when the unit accepted the command, not when the far end answered. Never repeats by itself.

        From the call lane. Raises also ``DialRefused``: there is no call because of this dial. ``sent`` of any other
        error is False only when it is certain that no byte of the command left. The id of the returned call is the
        one that ``calls`` lists it by, as long as the unit does not restart.
        """
        ...


@runtime_checkable
class HangsUp(Protocol):
    async def hang_up(self, call: CallRef) -> None:
        """Ends this call and no other; one that is already gone is a success. From the call lane; may be repeated."""
        ...


@runtime_checkable
class ListsCalls(Protocol):
    async def calls(self) -> tuple[CallRef, ...]:
        """The unit's calls, ours and those of people; ended ones only where the unit remembers them. From the call
        lane. An answer that cannot be read is ``UnexpectedReply`` and never "no calls"."""
        ...


@runtime_checkable
class Armable(Protocol):
    async def arm(self) -> None:
        """Signs in and connects a few seconds ahead, so that a dial leaves on the second. Asks nothing of the unit
        and commands nothing. From the call lane; after an error the dial opens its own connection."""
        ...


class UnitMemory(Protocol):
    """A few words about one unit that outlive the process, for the driver alone. Whoever hands it over seals them."""

    def recall(self) -> str:
        """What was kept last; "" when nothing was, or when it cannot be opened. Raises nothing."""
        ...

    def keep(self, words: str) -> None:
        """In the place of what was kept; "" forgets it. Up to 1000 characters. Committed soon; raises nothing."""
        ...


@runtime_checkable
class Remembers(Protocol):
    """A driver that leaves something behind on the unit when the process is killed, as a session that never ends."""

    def remember_in(self, memory: UnitMemory) -> None:
        """Called once, before the session is entered. Without the call nothing is remembered. Raises nothing."""
        ...


class Driver(Session, Probes, Protocol):
    """What every driver opens: a session that probes. What else it can is asked by ``offered``."""


PROTOCOLS: Mapping[UnitProtocol, type] = {
    UnitProtocol.PROBES: Probes,
    UnitProtocol.SHOWS: Shows,
    UnitProtocol.TELLS_SHOWN: TellsShown,
    UnitProtocol.DIALS: Dials,
    UnitProtocol.HANGS_UP: HangsUp,
    UnitProtocol.LISTS_CALLS: ListsCalls,
    UnitProtocol.ARMABLE: Armable,
}

_P = TypeVar("_P")


def offered(session: Session, protocol: type[_P]) -> _P:
    """The session as one that offers ``protocol``. Raises NotSupported when it does not."""
    if isinstance(session, protocol):
        return session
    raise NotSupported(f"The driver of this unit does not offer {protocol.__name__}.")
