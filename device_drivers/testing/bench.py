"""What a conformance check works with: one simulated unit, drivers opened on it, and words to say what is expected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol, cast

from device_drivers.api import (
    Booking,
    BookingList,
    CallRef,
    CallState,
    DialAddress,
    Dials,
    Driver,
    DriverError,
    DriverPlug,
    Endpoint,
    HangsUp,
    ListsCalls,
    Shows,
    TellsShown,
    UnitFacts,
    UnitProtocol,
)
from device_drivers.testing.memory_sip import MemorySipAgent
from device_drivers.testing.relay import Relay
from device_drivers.testing.simulator import SimulatedUnit

PASSWORD = "Conform-5ance/Pa55"  # noqa: S105 - of a simulated unit; looked for in everything that is shown
PASSCODE = "80417355"
MEETING = "93344455566"
SIP = DialAddress("sip", f"{MEETING}.{PASSCODE}@vc.example.test")
H323 = DialAddress("h323", f"192.0.2.10##{MEETING}#{PASSCODE}")


class ConformanceFailure(AssertionError):
    """The driver does not keep the contract; the message is a sentence that says where."""


def expect(holds: object, sentence: str) -> None:
    """A plain ``assert`` would vanish under ``python -O``."""
    if not holds:
        raise ConformanceFailure(sentence)


async def eventually(holds: Callable[[], object], sentence: str, *, seconds: float = 5.0) -> None:
    """Wait until it holds; simulated calls change state a few turns of the event loop later."""
    end = asyncio.get_running_loop().time() + seconds
    while not holds():
        if asyncio.get_running_loop().time() > end:
            raise ConformanceFailure(sentence)
        await asyncio.sleep(0.01)


def booking(
    number: int, *, title: str = "Weekly", address: DialAddress | None = SIP, begins: timedelta = timedelta(minutes=-5)
) -> Booking:
    """One hour long, in whole seconds. By default it runs, so that its button is there on every unit."""
    start = datetime.now(UTC).replace(microsecond=0) + begins
    return Booking(
        id=f"4200{number:04}",
        title=title,
        start=start,
        end=start + timedelta(hours=1),
        organizer="Ada Example",
        address=address,
        service="zoom",
        meeting_id=MEETING,
    )


def bookings(*lines: Booking) -> BookingList:
    return BookingList(tuple(sorted(lines, key=lambda line: (line.start, line.id))))


def bare(address: str) -> str:
    """Without its scheme: a unit may add one."""
    scheme, colon, rest = address.partition(":")
    return rest if colon and scheme.lower() in ("sip", "sips", "h323") else address


def shown_secret(text: str) -> str:
    """Which secret a text gives away; "" for none."""
    return next((name for name, secret in (("password", PASSWORD), ("passcode", PASSCODE)) if secret in text), "")


class Everything(Driver, Shows, TellsShown, Dials, HangsUp, ListsCalls, Protocol):
    """A session as checks see it: each asks only what it needs, and what a session lacks then fails the check."""


@dataclass
class Bench:
    """``facts``: what the unit's own probe told."""

    plug: DriverPlug
    unit: SimulatedUnit
    sip: MemorySipAgent
    facts: UnitFacts

    def can(self, *protocols: UnitProtocol) -> bool:
        return self.facts.can(*protocols)

    @property
    def address(self) -> DialAddress:
        """What this unit can dial, SIP first."""
        return SIP if self.facts.sip else H323

    def open(self, endpoint: Endpoint | None = None, *, timeout: float | None = None) -> Everything:
        """A driver for the unit. ``timeout`` counts only where the driver has an option of that name."""
        where = endpoint or self.unit.endpoint
        if timeout is not None and "timeout" in self.plug.manifest.options:
            where = replace(where, options={**where.options, "timeout": str(timeout)})
        return cast(Everything, self.plug.open(where))

    def relay(self) -> Relay:
        return Relay(self.unit.endpoint)

    async def dial(self, driver: Everything, number: int = 1) -> CallRef:
        return await driver.dial(self.address, booking(number, address=self.address))

    def questions(self, driver: Everything) -> Iterator[tuple[str, Callable[[], Awaitable[object]]]]:
        """Every declared question, without those that command: what asks and how."""
        yield "probe", driver.probe
        if self.can(UnitProtocol.TELLS_SHOWN):
            yield "shown", driver.shown
        if self.can(UnitProtocol.LISTS_CALLS):
            yield "calls", driver.calls

    def everything(self, driver: Everything) -> Iterator[tuple[str, Callable[[], Awaitable[object]]]]:
        """Every declared method, ready to be called."""
        yield from self.questions(driver)
        if self.can(UnitProtocol.SHOWS):
            yield "push", lambda: driver.push(bookings(booking(1)))
        if self.can(UnitProtocol.DIALS):
            yield "dial", lambda: self.dial(driver)
        if self.can(UnitProtocol.HANGS_UP):
            gone = CallRef("1", CallState.CONNECTED, f"sip:{SIP.address}")
            yield "hang_up", lambda: driver.hang_up(gone)

    async def fails(self, what: str, asked: Awaitable[object], *kinds: type[DriverError]) -> DriverError:
        """The error that was expected. No error, another one, or one that tells a secret is a failure."""
        expected = " or ".join(kind.__name__ for kind in kinds)
        try:
            await asked
        except DriverError as error:
            no_secret_in(what, error)
            expect(isinstance(error, kinds), f"{what} raised {type(error).__name__} ({error}), not {expected}.")
            return error
        raise ConformanceFailure(f"{what} raised nothing; {expected} was expected.")


def no_secret_in(what: str, error: BaseException) -> None:
    """An error's text and its whole chain, as a traceback would print it."""
    link: BaseException | None = error
    while link is not None:
        texts = (str(link), repr(link), str(getattr(link, "sample", "")), str(getattr(link, "cause", "")))
        told = shown_secret("\n".join(texts))
        expect(not told, f"The error of {what} ({type(error).__name__}) shows the {told}.")
        link = link.__cause__ or link.__context__


@asynccontextmanager
async def bench(plug: DriverPlug) -> AsyncIterator[Bench]:
    """A fresh unit, probed once."""
    expect(plug.simulator is not None, "The driver has no simulator, so nothing can be shown.")
    assert plug.simulator is not None
    async with MemorySipAgent() as sip:
        unit = cast(SimulatedUnit, plug.simulator(sip=sip, password=PASSWORD))
        async with unit:
            async with plug.open(unit.endpoint) as driver:
                facts = (await driver.probe()).facts
            yield Bench(plug, unit, sip, facts)
