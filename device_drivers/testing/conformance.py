"""The driver contract as checks that run. A driver is done when all of them are green.

Vendor-free: a check knows the plug (manifest, ``open``, simulator) and nothing else; what a unit's own probe does not
declare is not asked of it. Run them all with ``connector drivers conform NAME``, or one by one from pytest::

    @pytest.mark.parametrize("check", CHECKS, ids=str)
    async def test_conforms(check: Check) -> None:
        outcome = await run(plug, check)
        assert outcome.status == "ok", outcome.reason
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

from device_drivers.api import (
    BookingList,
    CallRef,
    CallState,
    Capability,
    CredentialsRejected,
    DeviceBusy,
    DeviceUnreachable,
    DialAddress,
    DialRefused,
    DriverError,
    DriverPlug,
    NotSupported,
    UnexpectedReply,
    UntrustedCertificate,
)
from device_drivers.testing.bench import (
    H323,
    SIP,
    Bench,
    ConformanceFailure,
    bare,
    bench,
    booking,
    bookings,
    eventually,
    expect,
    no_secret_in,
    shown_secret,
)

_T = TypeVar("_T")

LIMIT = 40.0  # seconds that one check may take
ROUNDS = 22  # more sessions than a codec allows one user (20)


@dataclass(frozen=True, slots=True)
class Check:
    """One clause of the contract. ``needs``: capabilities without which it is not asked."""

    name: str
    sentence: str
    needs: frozenset[Capability]
    body: Callable[[Bench], Awaitable[None]]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Outcome:
    """``not_declared``: the unit does not declare what the check needs; ``reason`` then names it."""

    check: Check
    status: Literal["ok", "failed", "not_declared"]
    reason: str = ""


CHECKS: tuple[Check, ...] = ()


async def run(plug: DriverPlug, check: Check) -> Outcome:
    """Run one check on a fresh simulated unit. Whatever a driver does wrong becomes a failed outcome."""
    try:
        async with asyncio.timeout(LIMIT), bench(plug) as unit:
            missing = check.needs - unit.capabilities
            if missing:
                return Outcome(check, "not_declared", ", ".join(sorted(missing)))
            await check.body(unit)
    except ConformanceFailure as failure:
        return Outcome(check, "failed", str(failure))
    except TimeoutError:
        return Outcome(check, "failed", f"It was not over after {LIMIT:g} seconds.")
    except Exception as error:  # a stranger's driver may raise anything; that is a finding
        return Outcome(check, "failed", f"{type(error).__name__} was raised: {error}")
    return Outcome(check, "ok")


async def run_all(plug: DriverPlug) -> AsyncIterator[Outcome]:
    for check in CHECKS:
        yield await run(plug, check)


def _check(*needs: Capability) -> Callable[[Callable[[Bench], Awaitable[None]]], Callable[[Bench], Awaitable[None]]]:
    def register(body: Callable[[Bench], Awaitable[None]]) -> Callable[[Bench], Awaitable[None]]:
        global CHECKS
        sentence = (body.__doc__ or "").strip().splitlines()[0]
        CHECKS += (Check(body.__name__, sentence, frozenset(needs), body),)
        return body

    return register


# ------------------------------------------------------------------------------------ entering, leaving, probing


@_check()
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


@_check()
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


@_check()
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


# ------------------------------------------------------------------------------------ the list on the screen


def _buttons_fit(bench: Bench, pushed: BookingList) -> None:
    """The screen shows these bookings and no others, each with its times and what its button dials."""
    screen = {line.booking_id: line for line in bench.unit.screen()}
    expect(screen.keys() == pushed.ids, f"The screen shows {sorted(screen)}, pushed were {sorted(pushed.ids)}.")
    now = datetime.now(UTC)
    for line in pushed.bookings:
        seen = screen[line.id]
        expect((seen.start, seen.end) == (line.start, line.end), f"Booking {line.id} shows other times: {seen}.")
        address = line.address.address if line.address else None
        button = bare(seen.button) if seen.button else None
        # Units show a button only when its time is near.
        fits = button == address or (button is None and line.start - now > line.early_join)
        expect(fits, f"The button of booking {line.id} does not dial exactly the address that was pushed.")


@_check(Capability.PUSH)
async def push_shows_exactly_the_list(bench: Bench) -> None:
    """After a push the screen shows the list: ids, times, titles, and buttons with the exact address."""
    wanted = bookings(
        booking(1, title="Design review", address=bench.address),
        booking(2, title="Later today", address=bench.address, begins=timedelta(hours=3)),
        booking(3, title="Tomorrow", address=bench.address, begins=timedelta(hours=26)),
    )
    async with bench.open() as driver:
        receipt = await driver.push(wanted)
    expect(receipt.digest == wanted.digest, "The receipt does not bear the digest of the list.")
    expect(receipt.accepted == wanted.ids and not receipt.left_off, f"The unit did not take the whole list: {receipt}.")
    _buttons_fit(bench, wanted)
    titles = {line.booking_id: line.title for line in bench.unit.screen()}
    expect(titles == {b.id: b.title for b in wanted.bookings}, f"The screen shows other titles: {titles}.")


@_check(Capability.PUSH, Capability.SIP, Capability.H323)
async def push_keeps_the_protocol(bench: Bench) -> None:
    """Buttons for SIP and for H.323 stand in one list, each with its own form of address."""
    wanted = bookings(booking(1, address=SIP), booking(2, address=H323))
    async with bench.open() as driver:
        await driver.push(wanted)
    _buttons_fit(bench, wanted)


@_check(Capability.PUSH)
async def push_replaces_the_whole_list(bench: Bench) -> None:
    """A second list takes the place of the first, also where one booking stays and changes."""
    async with bench.open() as driver:
        await driver.push(bookings(booking(1, address=bench.address), booking(2, address=bench.address)))
        moved = booking(2, title="Moved", address=bench.address, begins=timedelta(minutes=-1))
        wanted = bookings(moved, booking(3, address=bench.address))
        await driver.push(wanted)
    _buttons_fit(bench, wanted)
    titles = {line.title for line in bench.unit.screen()}
    expect("Moved" in titles, "A booking that changed still shows its old title.")


@_check(Capability.PUSH)
async def push_is_idempotent(bench: Bench) -> None:
    """The same list pushed twice is on the screen once."""
    wanted = bookings(booking(1, address=bench.address), booking(2, address=bench.address))
    async with bench.open() as driver:
        first, second = await driver.push(wanted), await driver.push(wanted)
    expect(first == second, f"Two pushes of one list gave two receipts: {first}, {second}.")
    expect(len(bench.unit.screen()) == 2, "The screen shows bookings twice.")
    _buttons_fit(bench, wanted)


@_check(Capability.PUSH)
async def an_empty_list_clears_the_screen(bench: Bench) -> None:
    """An empty list is a list: nothing is left on the screen."""
    async with bench.open() as driver:
        await driver.push(bookings(booking(1, address=bench.address)))
        receipt = await driver.push(BookingList())
    expect(bench.unit.screen() == (), f"The screen still shows {len(bench.unit.screen())} booking(s).")
    expect(receipt.accepted == frozenset(), "The receipt of an empty list names bookings.")


@_check(Capability.PUSH)
async def a_long_list_is_taken(bench: Bench) -> None:
    """Sixty bookings, more than a busy room has in two days, are shown."""
    wanted = bookings(*(booking(n, address=bench.address, begins=timedelta(minutes=40 * n)) for n in range(60)))
    async with bench.open() as driver:
        await driver.push(wanted)
    _buttons_fit(bench, wanted)


_EXACT_TITLES = (
    "Q&A <b>now</b> ]]> \"quoted\" 'n' \\ {title} %s",
    "🎉 Start 👩‍🚀",
    "פגישת צוות שבועית",
    "日本語の会議",
)
_BROKEN_TITLES = (
    "Two\r\nlines\nand\ttab",
    "Bell\x07 null\x00 escape\x1b[31m",
    "\x0b\x0cForm feeds",
    "\ud83d half an emoji",
)
_LONG_TITLE = "Quarterly planning " * 27  # over 500 characters


@_check(Capability.PUSH)
async def titles_survive(bench: Bench) -> None:
    """Markup, emoji and other scripts are shown as typed; control characters and line breaks do no harm."""
    titles = (*_EXACT_TITLES, *_BROKEN_TITLES, _LONG_TITLE, "")
    wanted = bookings(*(booking(n, title=title, address=bench.address) for n, title in enumerate(titles)))
    async with bench.open() as driver:
        await driver.push(wanted)
    _buttons_fit(bench, wanted)
    shown = {line.booking_id: line.title for line in bench.unit.screen()}
    for line in wanted.bookings:
        seen = shown[line.id]
        expect(not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in seen), f"A control character is shown: {seen!r}.")
        if line.title in _EXACT_TITLES:
            expect(seen == line.title, f"The title {line.title!r} is shown as {seen!r}.")
        elif line.title == _LONG_TITLE:
            start = seen.rstrip("…. ")
            expect(len(start) >= 50 and line.title.startswith(start), f"A long title is shown as {seen!r}.")
        elif line.title in _BROKEN_TITLES:
            expect(_letters(line.title) == _letters(seen), f"The title {line.title!r} is shown as {seen!r}.")


def _letters(text: str) -> str:
    return "".join(c for c in text if c.isalpha())


@_check(Capability.PUSH)
async def a_booking_without_address_has_no_button(bench: Bench) -> None:
    """A booking that cannot be joined is shown without a button, or left off with a reason."""
    plain = booking(1, title="Interview", address=None)
    wanted = bookings(plain, booking(2, address=bench.address))
    async with bench.open() as driver:
        receipt = await driver.push(wanted)
    screen = {line.booking_id: line for line in bench.unit.screen()}
    expect(wanted.bookings[-1].id in screen or len(screen) > 0, "A booking without address emptied the screen.")
    if bench.can(Capability.SHOW_WITHOUT_BUTTON):
        expect(plain.id in screen, "SHOW_WITHOUT_BUTTON is declared and the booking is not on the screen.")
        expect(screen[plain.id].button is None, "A booking without address has a button.")
        expect(plain.id in receipt.accepted, "The receipt does not name the booking without address.")
    else:
        reasons = dict(receipt.left_off)
        expect(reasons.get(plain.id), "The booking was left off and the receipt says no reason.")
        expect(plain.id not in screen, "The receipt says left off and the screen shows the booking.")
    accounted = receipt.accepted | {booking_id for booking_id, _ in receipt.left_off}
    expect(accounted == wanted.ids, f"The receipt does not account for every booking: {receipt}.")


@_check(Capability.PUSH, Capability.SHOWN)
async def shown_agrees_with_the_screen(bench: Bench) -> None:
    """What the unit says it shows is what a person sees: before, after, and after a change."""
    async with bench.open() as driver:
        expect(await driver.shown() == frozenset(), "A unit with an empty screen says that it shows bookings.")
        later = booking(2, address=bench.address, begins=timedelta(hours=30))
        for wanted in (bookings(booking(1, address=bench.address), later), bookings(later), BookingList()):
            await driver.push(wanted)
            shown = await driver.shown()
            seen = {line.booking_id for line in bench.unit.screen()}
            expect(shown == seen == wanted.ids, f"The unit says {sorted(shown)}; the screen shows {sorted(seen)}.")


@_check(Capability.PUSH, Capability.SHOWN)
async def a_reboot_is_seen_and_mended(bench: Bench) -> None:
    """After a reboot that lost the list the same driver sees an empty screen and can fill it again."""
    wanted = bookings(booking(1, address=bench.address))
    async with bench.open() as driver:
        await driver.push(wanted)
        await bench.unit.reboot()
        expect(await _again(driver.shown) == frozenset(), "The screen is empty and shown() still names bookings.")
        await driver.push(wanted)
        expect(await driver.shown() == wanted.ids, "The list did not come back after a reboot.")


async def _again(ask: Callable[[], Awaitable[_T]]) -> _T:
    """The first question after a reboot may find the old connection dead; the engine asks again, so do we."""
    try:
        return await ask()
    except DeviceUnreachable:
        return await ask()


# ------------------------------------------------------------------------------------ calls


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


@_check(Capability.DIAL, Capability.SIP)
async def dials_sip(bench: Bench) -> None:
    """A SIP dial places exactly one call, to exactly the address."""
    await _dials_exactly(bench, SIP)
    expect([bare(uri) for uri in bench.sip.dialled] == [SIP.address], "On the wire stands another address.")


@_check(Capability.DIAL, Capability.H323)
async def dials_h323(bench: Bench) -> None:
    """An H.323 dial places exactly one call, to exactly the address."""
    await _dials_exactly(bench, H323)


@_check(Capability.DIAL)
async def an_undeclared_protocol_is_not_dialled(bench: Bench) -> None:
    """What the unit does not declare it can dial is refused before anything is sent."""
    async with bench.open() as driver:
        for capability, address in ((Capability.SIP, SIP), (Capability.H323, H323)):
            if not bench.can(capability):
                await bench.fails("dial", driver.dial(address, booking(1, address=address)), NotSupported, DialRefused)
    expect(bench.unit.call_log() == (), "A protocol that is not declared was dialled.")


@_check(Capability.DIAL, Capability.CALLS)
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


def _connected(bench: Bench) -> bool:
    return [call.state for call in bench.unit.live_calls()] == [CallState.CONNECTED]


@_check(Capability.CALLS)
async def a_call_of_others_is_listed(bench: Bench) -> None:
    """A call that somebody in the room placed is seen, and is nobody's booking."""
    await bench.unit.start_other_call()
    async with bench.open() as driver:
        calls = await driver.calls()
    expect(len(calls) == 1, f"The unit is in one call and lists {len(calls)}.")
    expect(calls[0].booking_id is None, "A call of others bears a booking.")


@_check(Capability.DIAL, Capability.HANG_UP)
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


# ------------------------------------------------------------------------------------ troubles


@_check()
async def a_unit_that_is_off_is_unreachable(bench: Bench) -> None:
    """Every method says so, a dial says that nothing was sent, and the driver works again when the unit is back."""
    async with bench.open() as driver:
        await driver.probe()
        await bench.unit.power(False)
        for what, ask in bench.everything(driver):
            error = await bench.fails(what, ask(), DeviceUnreachable)
            expect(what != "dial" or not error.sent, "A dial to a unit that is off says that something was sent.")
        await bench.unit.power(True)
        await _again(driver.probe)
    expect(bench.unit.call_log() == (), "A dial was made up for after the unit came back.")


@_check()
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


@_check()
async def a_wrong_password_is_tried_once_by_all_together(bench: Bench) -> None:
    """That holds too when the first questions are asked at the same time."""
    stale = bench.unit.endpoint
    bench.unit.set_password("another-one")
    before = bench.unit.login_attempts()
    async with bench.open(stale) as driver:
        await asyncio.gather(*(bench.fails(what, ask(), CredentialsRejected) for what, ask in bench.everything(driver)))
    made = bench.unit.login_attempts() - before
    expect(made == 1, f"The unit saw {made} login attempts; one is allowed.")


@_check()
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


@_check(Capability.DIAL)
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


@_check(Capability.DIAL)
async def a_dial_that_breaks_off_is_not_repeated(bench: Bench) -> None:
    """A connection that breaks in the middle of the answer leaves the dial unknown, not made twice."""
    async with bench.relay() as relay, bench.open(relay.endpoint) as driver:
        await driver.probe()
        relay.cut = True
        error = await bench.fails("dial", bench.dial(driver), DeviceUnreachable, UnexpectedReply)
        placed = len(bench.unit.call_log())
        expect(placed <= 1, f"One dial placed {placed} calls.")
        expect(error.sent or not placed, "The unit has dialled and the error says that nothing was sent.")


@_check(Capability.DIAL, Capability.SIP)
async def a_refused_call_leaves_none(bench: Bench) -> None:
    """When the far end says no there is one call in the log, none alive, and no second try."""
    bench.sip.refuse = (486, "Busy Here")
    async with bench.open() as driver:
        try:
            await driver.dial(SIP, booking(1))
        except DialRefused as error:
            no_secret_in("dial", error)
        await eventually(lambda: not bench.unit.live_calls(), "A refused call stays alive.")
        if bench.can(Capability.CALLS):
            alive = [call for call in await driver.calls() if call.state is not CallState.ENDED]
            expect(not alive, "A refused call is listed as alive.")
    expect(len(bench.sip.dialled) == 1, f"A refused dial went out {len(bench.sip.dialled)} times.")


@_check()
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


@_check()
async def spoiled_replies_are_unexpected(bench: Bench) -> None:
    """Half, empty, foreign and broken replies to questions raise UnexpectedReply and are never believed."""
    async with bench.relay() as relay, bench.open(relay.endpoint) as driver:
        for what, ask in bench.questions(driver):
            await ask()
            for name, relay.spoil in _SPOILED:
                await bench.fails(f"{what} answered with {name}", ask(), UnexpectedReply)
            relay.spoil = None
            await ask()


@_check(Capability.DIAL)
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


@_check(Capability.PUSH, Capability.DIAL)
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


@_check()
async def nothing_stays_open(bench: Bench) -> None:
    """Leaving ends sessions and connections: a unit that allows few of them can be opened again and again."""
    async with bench.relay() as relay:
        for _ in range(ROUNDS):
            async with bench.open(relay.endpoint) as driver:
                await driver.probe()
        await eventually(lambda: relay.open_connections == 0, f"{relay.open_connections} connections stay open.")


@_check()
async def what_is_not_declared_is_not_done(bench: Bench) -> None:
    """A method whose capability the probe did not declare raises NotSupported and sends nothing."""
    call = CallRef("1", CallState.CONNECTED)
    async with bench.open() as driver:
        methods: dict[Capability, Callable[[], Awaitable[object]]] = {
            Capability.PUSH: lambda: driver.push(BookingList()),
            Capability.SHOWN: driver.shown,
            Capability.DIAL: lambda: driver.dial(SIP, booking(1)),
            Capability.HANG_UP: lambda: driver.hang_up(call),
            Capability.CALLS: driver.calls,
        }
        before = bench.unit.requests()
        for capability in methods.keys() - bench.capabilities:
            await bench.fails(capability, methods[capability](), NotSupported)
    expect(bench.unit.requests() == before, "Something was sent for a capability that is not declared.")


@_check()
async def secrets_are_not_shown(bench: Bench) -> None:
    """The password and a passcode stand in no repr of a driver, an endpoint or what a driver returns."""
    async with bench.open() as driver:
        texts = {"driver": repr(driver), "endpoint": repr(bench.unit.endpoint)}
        for what, ask in bench.everything(driver):
            texts[what] = repr(await ask())
    for what, text in texts.items():
        told = shown_secret(text)
        expect(not told, f"The repr of {what} shows the {told}.")
