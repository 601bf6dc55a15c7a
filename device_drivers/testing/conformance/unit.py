"""Entering, leaving, probing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

from device_drivers.api import PROTOCOLS, Armable, CallState, NotSupported, UnitProtocol
from device_drivers.testing.bench import (
    Bench,
    ConformanceFailure,
    Everything,
    booking,
    bookings,
    eventually,
    expect,
    shown_secret,
)
from device_drivers.testing.conformance.check import check


@check()
async def entering_opens_nothing(bench: Bench) -> None:
    """Entering and leaving a driver sends nothing, and works while the unit is off."""
    before = bench.unit.requests()
    async with bench.open():
        pass
    expect(bench.unit.requests() == before, "Entering and leaving sent a request.")
    where = bench.unit.endpoint
    await bench.unit.power(False)
    async with bench.open(where):
        pass


@check()
async def probe_tells_what_the_unit_is(bench: Bench) -> None:
    """The probe names a product and declares at least what the manifest declares."""
    async with bench.open() as driver:
        info = await driver.probe()
        expect(info.product, "The probe names no product.")
        lacking = bench.plug.manifest.facts.words - info.facts.words
        expect(not lacking, f"The manifest declares {', '.join(sorted(lacking))}; the probe does not.")
        dials = info.facts.can(UnitProtocol.DIALS)
        expect((info.facts.sip or info.facts.h323) == dials, "A unit that dials must dial sip or h323 or both.")
        expect(info.in_call in (None, False), "The probe says that an idle unit is in a call.")
        await bench.unit.start_other_call()
        expect((await driver.probe()).in_call in (None, True), "The probe says that a unit in a call is idle.")
        expect(not shown_secret(repr(info)), "What the probe returns shows a secret.")


async def _shows(bench: Bench, session: Everything) -> None:
    line = booking(1, address=bench.address)
    await session.push(bookings(line))
    expect({seen.booking_id for seen in bench.unit.screen()} == {line.id}, "shows is claimed; the screen says no.")


async def _tells_shown(bench: Bench, session: Everything) -> None:
    seen = {line.booking_id for line in bench.unit.screen()}
    expect(await session.shown() == seen, "tells_shown is claimed; it tells another list than the screen.")


async def _dials(bench: Bench, session: Everything) -> None:
    await bench.dial(session)
    await eventually(bench.unit.call_log, "dials is claimed; the dial led to no call.")


async def _lists_calls(bench: Bench, session: Everything) -> None:
    listed = len([call for call in await session.calls() if call.state is not CallState.ENDED])
    live = len(bench.unit.live_calls())
    expect(bool(listed) == bool(live), f"lists_calls is claimed; {live} call(s) are up and {listed} are listed.")


async def _hangs_up(bench: Bench, session: Everything) -> None:
    if not bench.can(UnitProtocol.DIALS):
        await bench.unit.start_other_call()
        (call,) = await session.calls()
    else:
        call = await bench.dial(session, 2)
    await session.hang_up(call)
    ended = lambda: call.id not in {up.call_id for up in bench.unit.live_calls()}  # noqa: E731
    await eventually(ended, "hangs_up is claimed; the call is still up.")


async def _arms(bench: Bench, session: Everything) -> None:
    before = len(bench.unit.call_log())
    await cast(Armable, session).arm()
    expect(len(bench.unit.call_log()) == before, "Arming placed a call.")


async def _probes(_bench: Bench, session: Everything) -> None:
    await session.probe()


_EXERCISES: Mapping[str, Callable[[Bench, Everything], Awaitable[None]]] = {
    UnitProtocol.PROBES: _probes,
    UnitProtocol.SHOWS: _shows,
    UnitProtocol.TELLS_SHOWN: _tells_shown,
    UnitProtocol.ARMABLE: _arms,
    UnitProtocol.DIALS: _dials,
    UnitProtocol.LISTS_CALLS: _lists_calls,
    UnitProtocol.HANGS_UP: _hangs_up,
}


@check()
async def every_claim_holds(bench: Bench) -> None:
    """Each protocol that the unit's facts name is offered by the session and works on the simulator."""
    unknown = bench.facts.protocols - _EXERCISES.keys()
    expect(not unknown, f"The facts claim {', '.join(sorted(unknown))}, which was not exercised.")
    async with bench.open() as session:
        for name in _EXERCISES:  # in an order in which one builds upon the other
            if name not in bench.facts.protocols:
                continue
            offers = isinstance(session, PROTOCOLS[UnitProtocol(name)])
            expect(offers, f"The facts claim {name}; the session does not offer it.")
            try:
                await _EXERCISES[name](bench, session)
            except NotSupported as error:
                raise ConformanceFailure(f"The facts claim {name}; asked for it, the driver says: {error}") from error


@check()
async def probe_tells_the_units_clock(bench: Bench) -> None:
    """A clock that the probe tells is the unit's own, in UTC."""
    async with bench.open() as driver:
        for skew in (0, 600):
            bench.unit.clock_skew(skew)
            clock = (await driver.probe()).clock
            if clock is None:  # the unit does not tell
                return
            expect(clock.utcoffset() == timedelta(0), "The unit's clock is not given in UTC.")
            off = abs((clock - datetime.now(UTC)).total_seconds() - skew)
            expect(off < 5, f"The probe is {off:.0f} s away from a unit's clock that is {skew} s ahead.")
