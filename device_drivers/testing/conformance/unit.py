"""Entering, leaving, probing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from device_drivers.api import (
    Capability,
)
from device_drivers.testing.bench import (
    Bench,
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
        lacking = bench.plug.manifest.capabilities - info.capabilities
        expect(not lacking, f"The manifest declares {', '.join(sorted(lacking))}; the probe does not.")
        dials = Capability.DIAL in info.capabilities
        protocols = info.capabilities & {Capability.SIP, Capability.H323}
        expect(bool(protocols) == dials, "DIAL must be declared together with SIP or H323 or both.")
        expect(info.in_call in (None, False), "The probe says that an idle unit is in a call.")
        await bench.unit.start_other_call()
        expect((await driver.probe()).in_call in (None, True), "The probe says that a unit in a call is idle.")
        expect(not shown_secret(repr(info)), "What the probe returns shows a secret.")


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
