"""Calls: dialling, following, hanging up."""

from __future__ import annotations

from device_drivers.api import (
    CallRef,
    CallState,
    DialAddress,
    DialRefused,
    NotSupported,
    UnitProtocol,
)
from device_drivers.testing.bench import (
    H323,
    SIP,
    Bench,
    bare,
    booking,
    eventually,
    expect,
    shown_secret,
)
from device_drivers.testing.conformance.check import check


async def _dials_exactly(bench: Bench, address: DialAddress) -> None:
    line = booking(1, address=address)
    async with bench.open() as driver:
        call = await driver.dial(address, line)
        expect(isinstance(call, CallRef), "dial returned no CallRef.")
        expect(not shown_secret(repr(call)), "The repr of a CallRef shows a secret.")
        await eventually(bench.unit.call_log, "The dial command led to no call.")
    log = bench.unit.call_log()
    expect(len(log) == 1, f"One dial placed {len(log)} calls.")
    expect(bare(log[0].remote) == address.address, "The unit called another address than the one it was given.")


@check(UnitProtocol.DIALS, "sip")
async def dials_sip(bench: Bench) -> None:
    """A SIP dial places exactly one call, to exactly the address."""
    await _dials_exactly(bench, SIP)
    expect([bare(uri) for uri in bench.sip.dialled] == [SIP.address], "On the wire stands another address.")


@check(UnitProtocol.DIALS, "h323")
async def dials_h323(bench: Bench) -> None:
    """An H.323 dial places exactly one call, to exactly the address."""
    await _dials_exactly(bench, H323)


@check(UnitProtocol.DIALS)
async def an_undeclared_protocol_is_not_dialled(bench: Bench) -> None:
    """What the unit does not declare it can dial is refused before anything is sent."""
    async with bench.open() as driver:
        for dials, address in ((bench.facts.sip, SIP), (bench.facts.h323, H323)):
            if not dials:
                await bench.fails("dial", driver.dial(address, booking(1, address=address)), NotSupported, DialRefused)
    expect(bench.unit.call_log() == (), "A protocol that is not declared was dialled.")


@check(UnitProtocol.DIALS, UnitProtocol.LISTS_CALLS)
async def a_dialled_call_is_listed(bench: Bench) -> None:
    """The call is among the unit's calls, with the same id or far end, and bears the booking if the unit keeps it."""
    async with bench.open() as driver:
        expect(await driver.calls() == (), "An idle unit lists calls.")
        dialled = await bench.dial(driver)
        await eventually(lambda: _connected(bench), "The call was never connected.")
        live = [call for call in await driver.calls() if call.state is not CallState.ENDED]
    expect(len(live) == 1, f"One call is up and {len(live)} are listed.")
    call = live[0]
    same = call.id == dialled.id or bare(call.remote) == bench.address.address
    expect(same, f"The listed call {call.id!r} cannot be told to be the dialled {dialled.id!r}.")
    expect(call.state is CallState.CONNECTED, f"An answered call is listed as {call.state}.")
    expect(call.outgoing, "An outgoing call is listed as incoming.")
    if dialled.booking_id is not None:
        expect(call.booking_id == booking(1).id, "The dial said that the unit keeps the booking; the list has it not.")
    expect(call.booking_id in (None, booking(1).id), "The listed call bears another booking.")


@check(UnitProtocol.DIALS, UnitProtocol.LISTS_CALLS, UnitProtocol.HANGS_UP)
async def a_dialled_call_is_known_again_and_left(bench: Bench) -> None:
    """Dial, read, leave: one listed call is ours by what the dial returned, however little is listed, and ends (A1)."""
    async with bench.open() as driver:
        dialled = await bench.dial(driver)
        await eventually(lambda: _connected(bench), "The call was never connected.")
        ours = [call for call in await driver.calls() if _is_ours(call, dialled, bench.address)]
        expect(len(ours) == 1, f"Of the listed calls {len(ours)} can be told to be the dialled one; it is never left.")
        await driver.hang_up(ours[0])
        await eventually(lambda: not bench.unit.live_calls(), "The call is still up after hang_up.")
        left = [call for call in await driver.calls() if call.state is not CallState.ENDED]
    expect(not left, "The call was left and is listed as alive.")


def _is_ours(call: CallRef, dialled: CallRef, address: DialAddress) -> bool:
    """As the daemon judges: by booking, by the id that the dial returned where nothing contradicts it, by far end."""
    if call.state is CallState.ENDED or not call.outgoing:
        return False
    if call.booking_id is not None:
        return call.booking_id == booking(1).id
    return bare(call.remote) == address.address or (call.id == dialled.id and not call.remote)


def _connected(bench: Bench) -> bool:
    return [call.state for call in bench.unit.live_calls()] == [CallState.CONNECTED]


@check(UnitProtocol.LISTS_CALLS)
async def a_call_of_others_is_listed(bench: Bench) -> None:
    """A call that somebody in the room placed is seen, and is nobody's booking."""
    await bench.unit.start_other_call()
    async with bench.open() as driver:
        calls = await driver.calls()
    expect(len(calls) == 1, f"The unit is in one call and lists {len(calls)}.")
    expect(calls[0].booking_id is None, "A call of others bears a booking.")


@check(UnitProtocol.DIALS, UnitProtocol.HANGS_UP)
async def hanging_up_ends_the_call(bench: Bench) -> None:
    """The call ends; ending it again, or one that a person ended, is a success."""
    async with bench.open() as driver:
        call = await bench.dial(driver)
        await eventually(lambda: _connected(bench), "The call was never connected.")
        await driver.hang_up(call)
        await eventually(lambda: not bench.unit.live_calls(), "The call is still up after hang_up.")
        await driver.hang_up(call)
        call = await bench.dial(driver, 2)
        await eventually(lambda: _connected(bench), "The second call was never connected.")
        await bench.unit.hang_up_by_hand()
        await driver.hang_up(call)
    expect(len(bench.unit.call_log()) == 2, "Hanging up placed a call.")
