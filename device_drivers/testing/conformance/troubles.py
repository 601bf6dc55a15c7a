"""Troubles of the field: what a driver says of them, and what it must not do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from device_drivers.api import (
    PROTOCOLS,
    BookingList,
    CallRef,
    CallState,
    CredentialsRejected,
    DeviceBusy,
    DeviceUnreachable,
    DialRefused,
    DriverError,
    NotSupported,
    UnexpectedReply,
    UnitProtocol,
    UntrustedCertificate,
)
from device_drivers.testing.bench import (
    SIP,
    Bench,
    ConformanceFailure,
    booking,
    bookings,
    eventually,
    expect,
    no_secret_in,
    shown_secret,
)
from device_drivers.testing.conformance.check import again, check

ROUNDS = 22  # more sessions than a codec allows one user (20)


@check()
async def a_unit_that_is_off_is_unreachable(bench: Bench) -> None:
    """Every method says so, a dial says that nothing was sent, and the driver works again when the unit is back."""
    async with bench.open() as driver:
        await driver.probe()
        await bench.unit.power(False)
        for what, ask in bench.everything(driver):
            error = await bench.fails(what, ask(), DeviceUnreachable)
            expect(what != "dial" or not error.sent, "A dial to a unit that is off says that something was sent.")
        await bench.unit.power(True)
        await again(driver.probe)
    expect(bench.unit.call_log() == (), "A dial was made up for after the unit came back.")


@check()
async def a_wrong_password_is_tried_once(bench: Bench) -> None:
    """Refused credentials are tried once in a driver's life: codecs lock accounts."""
    stale = bench.unit.endpoint
    bench.unit.set_password("another-one")
    before = bench.unit.login_attempts()
    async with bench.open(stale) as driver:
        await bench.fails("probe", driver.probe(), CredentialsRejected)
        expect(bench.unit.login_attempts() - before == 1, f"{bench.unit.login_attempts() - before} attempts were made.")
        for what, ask in bench.everything(driver):
            await bench.fails(what, ask(), CredentialsRejected)
    made = bench.unit.login_attempts() - before
    expect(made == 1, f"The unit saw {made} login attempts; one is allowed.")
    expect(bench.unit.call_log() == (), "A call was placed with a wrong password.")


@check()
async def a_wrong_password_is_tried_once_by_all_together(bench: Bench) -> None:
    """That holds too when the first questions are asked at the same time."""
    stale = bench.unit.endpoint
    bench.unit.set_password("another-one")
    before = bench.unit.login_attempts()
    async with bench.open(stale) as driver:
        await asyncio.gather(*(bench.fails(what, ask(), CredentialsRejected) for what, ask in bench.everything(driver)))
    made = bench.unit.login_attempts() - before
    expect(made == 1, f"The unit saw {made} login attempts; one is allowed.")


@check()
async def a_busy_unit_is_told_apart(bench: Bench) -> None:
    """A unit that answers "too busy" raises DeviceBusy, has done nothing, and is not pestered."""
    async with bench.open() as driver:
        await driver.probe()
        bench.unit.set_busy(True)
        for what, ask in bench.everything(driver):
            before = bench.unit.requests()
            error = await bench.fails(what, ask(), DeviceBusy)
            asked = bench.unit.requests() - before
            expect(asked <= 2, f"{what} sent {asked} requests to a busy unit.")
            expect(what != "dial" or not error.sent, "A dial that was answered with busy says that it may have run.")
        bench.unit.set_busy(False)
        await driver.probe()
    expect(bench.unit.call_log() == (), "A busy unit placed a call.")


@check(UnitProtocol.DIALS)
async def a_dial_without_answer_is_unknown(bench: Bench) -> None:
    """A dial whose answer does not come in time says that it may have run, and is never repeated."""
    async with bench.relay() as relay:
        async with bench.open(relay.endpoint, timeout=2.0) as driver:
            await driver.probe()
            hold = relay.hold()
            error = await bench.fails("dial", bench.dial(driver), DeviceUnreachable)
            placed = len(bench.unit.call_log())
            expect(error.sent or not placed, "The unit has dialled and the error says that nothing was sent.")
            hold.release()
        expect(len(bench.unit.call_log()) <= 1, "The dial was repeated.")
        expect(placed == 1 or relay.requests > 0, "The dial never reached the unit.")


@check(UnitProtocol.DIALS)
async def a_dial_that_breaks_off_is_not_repeated(bench: Bench) -> None:
    """A connection that breaks in the middle of the answer leaves the dial unknown, not made twice."""
    async with bench.relay() as relay, bench.open(relay.endpoint) as driver:
        await driver.probe()
        relay.cut = True
        error = await bench.fails("dial", bench.dial(driver), DeviceUnreachable, UnexpectedReply)
        placed = len(bench.unit.call_log())
        expect(placed <= 1, f"One dial placed {placed} calls.")
        expect(error.sent or not placed, "The unit has dialled and the error says that nothing was sent.")


@check(UnitProtocol.DIALS, "sip")
async def a_refused_call_leaves_none(bench: Bench) -> None:
    """When the far end says no there is one call in the log, none alive, and no second try."""
    bench.sip.refuse = (486, "Busy Here")
    async with bench.open() as driver:
        try:
            await driver.dial(SIP, booking(1))
        except DialRefused as error:
            no_secret_in("dial", error)
        await eventually(lambda: not bench.unit.live_calls(), "A refused call stays alive.")
        if bench.can(UnitProtocol.LISTS_CALLS):
            alive = [call for call in await driver.calls() if call.state is not CallState.ENDED]
            expect(not alive, "A refused call is listed as alive.")
    expect(len(bench.sip.dialled) == 1, f"A refused dial went out {len(bench.sip.dialled)} times.")


@check()
async def a_changed_certificate_stops_everything(bench: Bench) -> None:
    """With a pinned certificate that changed, nothing is asked and the password is not sent."""
    known = bench.unit.endpoint
    if known.tls.mode == "off":
        return
    await bench.unit.new_certificate()
    before = bench.unit.requests()
    async with bench.open(known) as driver:
        for what, ask in bench.everything(driver):
            error = await bench.fails(what, ask(), UntrustedCertificate)
            expect(not error.sent, f"{what} says that something was sent to a unit that is not trusted.")
    expect(bench.unit.requests() == before, "A request was sent to a unit whose certificate changed.")


_SPOILED: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("half a reply", lambda body: body[: len(body) // 2]),
    ("an empty reply", lambda body: b""),
    ("bytes that are no text", lambda body: b"\x00\xff\xfe<\x80" + bytes(range(256))),
    ("a web page", lambda body: b"<!DOCTYPE html><html><body><h1>It works</h1></body></html>"),
    ("another document", lambda body: b'{"other": [1, 2, {"deep": null}]}'),
    ("a list", lambda body: b"[]"),
    ("deep nesting", lambda body: b"[" * 60000),
)


@check()
async def spoiled_replies_are_unexpected(bench: Bench) -> None:
    """Half, empty, foreign and broken replies to questions raise UnexpectedReply and are never believed."""
    async with bench.relay() as relay, bench.open(relay.endpoint) as driver:
        for what, ask in bench.questions(driver):
            await ask()
            for name, relay.spoil in _SPOILED:
                await bench.fails(f"{what} answered with {name}", ask(), UnexpectedReply)
            relay.spoil = None
            await ask()


@check(UnitProtocol.DIALS)
async def a_spoiled_reply_to_a_dial_is_not_a_refusal(bench: Bench) -> None:
    """The unit has dialled: the driver may say so or not know, but must not say that there is no call."""
    async with bench.relay() as relay:
        for name, spoil in _SPOILED:
            async with bench.open(relay.endpoint) as driver:
                await driver.probe()
                before = len(bench.unit.call_log())
                relay.spoil = spoil
                try:
                    await bench.dial(driver)
                except DriverError as error:
                    no_secret_in(f"dial answered with {name}", error)
                    expect(error.sent, f"The unit dialled, answered with {name}, and the error says: not sent.")
                relay.spoil = None
                expect(len(bench.unit.call_log()) - before == 1, f"Answered with {name}, the dial was repeated.")


@check(UnitProtocol.SHOWS, UnitProtocol.DIALS)
async def a_slow_push_holds_no_dial_back(bench: Bench) -> None:
    """While a push waits for its answer, a dial goes through."""
    async with bench.relay() as relay, bench.open(relay.endpoint) as driver:
        await driver.probe()
        hold = relay.hold(only_first=True)
        push = asyncio.create_task(driver.push(bookings(booking(1, address=bench.address))))
        try:
            await asyncio.wait_for(hold.arrived.wait(), 5)
            async with asyncio.timeout(4):
                await bench.dial(driver)
            expect(not push.done(), "The push did not wait, so nothing was shown.")
        except TimeoutError as error:
            raise ConformanceFailure("A dial waited for a push.") from error
        finally:
            hold.release()
            await asyncio.gather(push, return_exceptions=True)
        expect(not push.exception(), f"The slow push failed: {push.exception()}")


@check()
async def nothing_stays_open(bench: Bench) -> None:
    """Leaving ends sessions and connections: a unit that allows few of them can be opened again and again."""
    async with bench.relay() as relay:
        for _ in range(ROUNDS):
            async with bench.open(relay.endpoint) as driver:
                await driver.probe()
        await eventually(lambda: relay.open_connections == 0, f"{relay.open_connections} connections stay open.")


@check()
async def what_is_not_declared_is_not_done(bench: Bench) -> None:
    """What the unit's facts do not name is not offered by the session, or raises NotSupported and sends nothing."""
    call = CallRef("1", CallState.CONNECTED)
    async with bench.open() as driver:
        methods: dict[UnitProtocol, Callable[[], Awaitable[object]]] = {
            UnitProtocol.SHOWS: lambda: driver.push(BookingList()),
            UnitProtocol.TELLS_SHOWN: lambda: driver.shown(),
            UnitProtocol.DIALS: lambda: driver.dial(SIP, booking(1)),
            UnitProtocol.HANGS_UP: lambda: driver.hang_up(call),
            UnitProtocol.LISTS_CALLS: lambda: driver.calls(),
        }
        before = bench.unit.requests()
        for protocol in methods.keys() - bench.facts.protocols:
            if isinstance(driver, PROTOCOLS[protocol]):
                await bench.fails(protocol, methods[protocol](), NotSupported)
    expect(bench.unit.requests() == before, "Something was sent for what the facts do not name.")


@check()
async def secrets_are_not_shown(bench: Bench) -> None:
    """The password and a passcode stand in no repr of a driver, an endpoint or what a driver returns."""
    async with bench.open() as driver:
        texts = {"driver": repr(driver), "endpoint": repr(bench.unit.endpoint)}
        for what, ask in bench.everything(driver):
            texts[what] = repr(await ask())
    for what, text in texts.items():
        told = shown_secret(text)
        expect(not told, f"The repr of {what} shows the {told}.")
