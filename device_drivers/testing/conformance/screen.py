"""The list on the screen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from device_drivers.api import (
    BookingList,
    UnitProtocol,
)
from device_drivers.testing.bench import (
    H323,
    SIP,
    Bench,
    bare,
    booking,
    bookings,
    expect,
)
from device_drivers.testing.conformance.check import again, check


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


@check(UnitProtocol.SHOWS)
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


@check(UnitProtocol.SHOWS, "sip", "h323")
async def push_keeps_the_protocol(bench: Bench) -> None:
    """Buttons for SIP and for H.323 stand in one list, each with its own form of address."""
    wanted = bookings(booking(1, address=SIP), booking(2, address=H323))
    async with bench.open() as driver:
        await driver.push(wanted)
    _buttons_fit(bench, wanted)


@check(UnitProtocol.SHOWS)
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


@check(UnitProtocol.SHOWS)
async def push_is_idempotent(bench: Bench) -> None:
    """The same list pushed twice is on the screen once."""
    wanted = bookings(booking(1, address=bench.address), booking(2, address=bench.address))
    async with bench.open() as driver:
        first, second = await driver.push(wanted), await driver.push(wanted)
    expect(first == second, f"Two pushes of one list gave two receipts: {first}, {second}.")
    expect(len(bench.unit.screen()) == 2, "The screen shows bookings twice.")
    _buttons_fit(bench, wanted)


@check(UnitProtocol.SHOWS)
async def an_empty_list_clears_the_screen(bench: Bench) -> None:
    """An empty list is a list: nothing is left on the screen."""
    async with bench.open() as driver:
        await driver.push(bookings(booking(1, address=bench.address)))
        receipt = await driver.push(BookingList())
    expect(bench.unit.screen() == (), f"The screen still shows {len(bench.unit.screen())} booking(s).")
    expect(receipt.accepted == frozenset(), "The receipt of an empty list names bookings.")


@check(UnitProtocol.SHOWS)
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
    "WakeUp\x07 null\x00 escape\x1b[31m",
    "\x0b\x0cForm feeds",
    "\ud83d half an emoji",
)
_LONG_TITLE = "Quarterly planning " * 27  # over 500 characters


@check(UnitProtocol.SHOWS)
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


@check(UnitProtocol.SHOWS)
async def a_booking_without_address_has_no_button(bench: Bench) -> None:
    """A booking that cannot be joined is shown without a button, or left off with a reason."""
    plain = booking(1, title="Interview", address=None)
    wanted = bookings(plain, booking(2, address=bench.address))
    async with bench.open() as driver:
        receipt = await driver.push(wanted)
    screen = {line.booking_id: line for line in bench.unit.screen()}
    expect(wanted.bookings[-1].id in screen or len(screen) > 0, "A booking without address emptied the screen.")
    if bench.facts.shows_without_button:
        expect(plain.id in screen, "The unit shows_without_button by its facts and the booking is not on the screen.")
        expect(screen[plain.id].button is None, "A booking without address has a button.")
        expect(plain.id in receipt.accepted, "The receipt does not name the booking without address.")
    else:
        reasons = dict(receipt.left_off)
        expect(reasons.get(plain.id), "The booking was left off and the receipt says no reason.")
        expect(plain.id not in screen, "The receipt says left off and the screen shows the booking.")
    accounted = receipt.accepted | {booking_id for booking_id, _ in receipt.left_off}
    expect(accounted == wanted.ids, f"The receipt does not account for every booking: {receipt}.")


@check(UnitProtocol.SHOWS, UnitProtocol.TELLS_SHOWN)
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


@check(UnitProtocol.SHOWS, UnitProtocol.TELLS_SHOWN)
async def a_reboot_is_seen_and_mended(bench: Bench) -> None:
    """After a reboot that lost the list the same driver sees an empty screen and can fill it again."""
    wanted = bookings(booking(1, address=bench.address))
    async with bench.open() as driver:
        await driver.push(wanted)
        await bench.unit.reboot()
        expect(await again(driver.shown) == frozenset(), "The screen is empty and shown() still names bookings.")
        await driver.push(wanted)
        expect(await driver.shown() == wanted.ids, "The list did not come back after a reboot.")
