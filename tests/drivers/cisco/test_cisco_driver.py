"""The driver against simulated units on real sockets, for every firmware."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from device_drivers.api import (
    BookingList,
    CallRef,
    CallState,
    DialAddress,
    DialRefused,
    NotSupported,
    UnexpectedReply,
    UnitProtocol,
)
from device_drivers.cisco import plug, simulate
from device_drivers.cisco.codec import TITLE_LIMIT
from device_drivers.cisco.driver import CiscoDriver
from device_drivers.cisco.simulator_service import Fault
from tests.drivers.cisco.conftest import FIRMWARES, OpenDriver, StartUnit, meeting

every_firmware = pytest.mark.parametrize("firmware", FIRMWARES)


def test_the_plug() -> None:
    assert plug.manifest.name == "cisco"
    assert plug.manifest.facts.protocols == set(UnitProtocol)
    assert plug.manifest.facts.longest_title == TITLE_LIMIT
    assert not plug.manifest.facts.shows_without_button
    assert plug.simulator is simulate


# ------------------------------------------------------------------------------------ probe


@every_firmware
async def test_probe(firmware: str, start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit(firmware, serial_number="FOC1234ABCD")
    unit.clock_skew(-300)
    unit.state.booted -= timedelta(hours=2)
    info = await (await open_driver(unit)).probe()
    assert info.product == "Cisco Webex Room Kit"
    assert info.software == unit.state.firmware.version
    assert info.serial_number == "FOC1234ABCD"
    assert info.facts == plug.manifest.facts
    assert info.in_call is False
    assert info.uptime is not None
    assert timedelta(hours=2) <= info.uptime < timedelta(hours=2, minutes=1)
    assert info.clock is not None
    skew = info.clock - datetime.now(UTC)
    assert timedelta(seconds=-310) < skew < timedelta(seconds=-290)
    assert any("unverified" in note for note in info.notes) is (firmware == "tc7.3")


async def test_probe_tells_what_an_admin_should_know(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit("roomos26", webex_registered=True, teams_mode=True)
    await unit.start_other_call()
    info = await (await open_driver(unit, serial_number="FOC-OTHER")).probe()
    assert info.in_call is True
    assert not info.facts.can(UnitProtocol.SHOWS)
    assert info.facts.can(UnitProtocol.DIALS)
    notes = " ".join(info.notes)
    assert all(word in notes for word in ("Teams", "Webex", "FOC-OTHER", unit.state.serial_number))


# ------------------------------------------------------------------------------------ the screen


@every_firmware
async def test_push_replaces_the_list_and_reads_back(
    firmware: str, start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    unit = await start_unit(firmware)
    driver = await open_driver(unit)
    title = "Größe & <Preis> ]]> \U0001f680"
    first, later = meeting(1, title=title), meeting(2, start=meeting().start + timedelta(hours=2))
    later = replace(later, end=later.start + timedelta(hours=1))
    bookings = BookingList((first, later))

    receipt = await driver.push(bookings)
    assert receipt.digest == bookings.digest
    assert receipt.accepted == bookings.ids == await driver.shown()
    assert [(line.booking_id, line.title, line.start, line.end) for line in unit.screen()] == [
        (first.id, title, first.start, first.end),
        (later.id, later.title, later.start, later.end),
    ]
    assert first.address is not None
    assert [line.button for line in unit.screen()] == [first.address.address, None]

    await driver.push(BookingList((later,)))
    assert await driver.shown() == {later.id}
    await driver.push(BookingList())
    assert unit.screen() == ()
    assert await driver.shown() == frozenset()


async def test_an_empty_list_of_meetings_without_address_clears_too(
    start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    unit = await start_unit()
    unit.foreign_bookings(2)
    receipt = await (await open_driver(unit)).push(BookingList((meeting(address=None),)))
    assert unit.screen() == ()
    assert receipt.note == "Bookings Clear"


async def test_what_cannot_be_shown_is_left_off_with_a_reason(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit()
    driver = await open_driver(unit)
    good = meeting(1)
    bookings = BookingList(
        (
            good,
            meeting(2, address=None),
            meeting(3, address="https://example.test/j/1"),
            meeting(4, end=good.start - timedelta(hours=1)),
        )
    )
    receipt = await driver.push(bookings)
    assert receipt.accepted == {good.id} == await driver.shown()
    reasons = dict(receipt.left_off)
    assert reasons.keys() == bookings.ids - {good.id}
    assert "no address" in reasons[meeting(2).id]
    assert "web link" in reasons[meeting(3).id]
    assert "ends before" in reasons[meeting(4).id]


async def test_meetings_without_button_are_an_option(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit()
    driver = await open_driver(unit, options={"show_without_button": "true"})
    assert (await driver.probe()).facts.shows_without_button
    receipt = await driver.push(BookingList((meeting(address=None),)))
    assert receipt.left_off == ()
    (line,) = unit.screen()
    assert line.button is None
    with pytest.raises(LookupError):
        await unit.press_join(line.booking_id)


async def test_shown_leaves_out_past_meetings_and_tells_foreign_ones(
    start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    unit = await start_unit()
    driver = await open_driver(unit)
    past = meeting(1, start=meeting().start - timedelta(hours=3), end=meeting().start - timedelta(hours=2))
    await driver.push(BookingList((past, meeting(2))))
    assert len(unit.state.bookings) == 2
    assert await driver.shown() == {meeting(2).id}
    unit.foreign_bookings(1)
    assert await driver.shown() == {"foreign-0"}


async def test_a_reboot_loses_the_list_and_the_session(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit("roomos11")
    driver = await open_driver(unit)
    await driver.push(BookingList((meeting(),)))
    await unit.reboot()
    assert await driver.shown() == frozenset()
    await driver.push(BookingList((meeting(),)))
    assert await driver.shown() == {meeting().id}
    assert unit.state.sessions_begun == 2
    assert unit.login_attempts() == 0


# ------------------------------------------------------------------------------------ which way the list goes


@pytest.mark.parametrize(
    ("firmware", "webex", "option", "way"),
    [
        ("tc7.3", False, "auto", "bookingsputxml"),
        ("ce9.15", False, "auto", "bookingsputxml"),
        ("ce9.15", True, "auto", "Bookings Put"),
        ("roomos11", False, "auto", "bookingsputxml"),
        ("roomos11", False, "put", "Bookings Put"),
        ("roomos26", True, "auto", "Bookings Put"),
        ("roomos26", True, "bookingsputxml", "bookingsputxml"),
    ],
)
async def test_the_way_of_the_list(
    firmware: str, webex: bool, option: str, way: str, start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    unit = await start_unit(firmware, webex_registered=webex)
    driver = await open_driver(unit, options={"bookings": option})
    booking = meeting(title="Größe & <Preis>")
    receipt = await driver.push(BookingList((booking,)))
    assert receipt.note == way
    assert ("POST", "/bookingsputxml") in unit.state.seen or way != "bookingsputxml"
    (line,) = unit.screen()
    assert (line.title, line.start, line.end) == (booking.title, booking.start, booking.end)
    await driver.push(BookingList())
    assert unit.screen() == ()


async def test_teams_mode_takes_no_list(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit("roomos26", teams_mode=True)
    for option in ("auto", "put"):
        driver = await open_driver(unit, options={"bookings": option})
        for bookings in (BookingList((meeting(),)), BookingList()):
            with pytest.raises(NotSupported, match="Microsoft Teams Rooms"):
                await driver.push(bookings)
    assert not any(path == "/bookingsputxml" for _method, path in unit.state.seen)


async def test_put_where_the_firmware_has_none(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    driver = await open_driver(await start_unit("tc7.3"), options={"bookings": "put"})
    with pytest.raises(NotSupported, match="bookingsputxml"):
        await driver.push(BookingList((meeting(),)))


async def test_put_that_a_unit_refuses_is_told_and_keeps_the_list(
    start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    unit = await start_unit("ce9.15")
    unit.foreign_bookings(1)
    driver = await open_driver(unit, options={"bookings": "put"})
    with pytest.raises(UnexpectedReply, match="not entitled"):
        await driver.push(BookingList((meeting(),)))
    assert len(unit.screen()) == 1


@pytest.mark.parametrize("body", ['<Bookings status="Error"><Reason>full</Reason></Bookings>', "<error>full</error>"])
async def test_a_200_that_says_error_is_no_success(body: str, start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit()
    unit.set_fault(Fault("body", "/bookingsputxml", body=body))
    with pytest.raises(UnexpectedReply, match="full"):
        await (await open_driver(unit)).push(BookingList((meeting(),)))


@pytest.mark.parametrize(
    "options",
    [{"bookings": "both"}, {"show_without_button": "maybe"}, {"booking_call_rate": "fast"}, {"timeout": "0"}],
)
async def test_wrong_options_are_sentences(options: dict[str, str], start_unit: StartUnit) -> None:
    unit = await start_unit()
    with pytest.raises(NotSupported, match=next(iter(options))):
        CiscoDriver(replace(unit.endpoint, options=options))


def test_every_option_is_in_the_manifest() -> None:
    assert set(plug.manifest.options) == {
        "bookings",
        "show_without_button",
        "booking_call_rate",
        "timeout",
        "tls_minimum",
    }


# ------------------------------------------------------------------------------------ calls


@every_firmware
async def test_dial_and_hang_up(firmware: str, start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit(firmware)
    driver = await open_driver(unit)
    booking = meeting()
    assert booking.address is not None
    assert await driver.calls() == ()
    call = await driver.dial(booking.address, booking)
    assert (call.state, call.booking_id) == (CallState.DIALLING, booking.id)
    assert booking.address.address not in repr(call)

    (seen,) = await driver.calls()
    assert (seen.id, seen.state, seen.booking_id, seen.outgoing) == (call.id, CallState.CONNECTED, booking.id, True)
    assert seen.remote == f"sip:{booking.address.address}"
    assert (await driver.probe()).in_call is True

    await driver.hang_up(call)
    assert unit.live_calls() == ()
    await driver.hang_up(call)  # gone already: a success
    assert await driver.calls() == ()
    assert len(unit.call_log()) == 1


async def test_h323_address_and_call_rate(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit()
    driver = await open_driver(unit)
    await driver.dial(DialAddress("h323", "192.0.2.1##9990001112#246810", 1920), meeting())
    (call,) = await driver.calls()
    assert call.remote == "h323:192.0.2.1##9990001112#246810"


async def test_a_call_that_is_not_answered_yet(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    driver = await open_driver(await start_unit(answers=False))
    await driver.dial(DialAddress("sip", "1@example.test"), meeting())
    (call,) = await driver.calls()
    assert call.state is CallState.DIALLING


async def test_two_dials_make_two_calls_and_hanging_up_ends_its_own(
    start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    unit = await start_unit()
    driver = await open_driver(unit)
    await unit.start_other_call()
    ours = await driver.dial(DialAddress("sip", "1@example.test"), meeting())
    assert len(unit.live_calls()) == 2
    await driver.hang_up(ours)
    (other,) = unit.live_calls()
    assert other.booking_id is None


@pytest.mark.parametrize("identity", ["0", "", "65535", "abc", "-1"])
async def test_hanging_up_never_means_whatever_call_is_up(
    identity: str, start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    unit = await start_unit()
    await unit.start_other_call()
    with pytest.raises(NotSupported):
        await (await open_driver(unit)).hang_up(CallRef(identity, CallState.CONNECTED))
    assert len(unit.live_calls()) == 1


async def test_a_hang_up_that_a_unit_refuses_is_told(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit()
    driver = await open_driver(unit)
    call = await driver.dial(DialAddress("sip", "1@example.test"), meeting())
    refusal = '<Command><CallDisconnectResult status="Error"><Reason>Not now</Reason></CallDisconnectResult></Command>'
    unit.set_fault(Fault("body", "/putxml", body=refusal))
    with pytest.raises(UnexpectedReply, match="Not now"):
        await driver.hang_up(call)


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (
            '<Command><DialResult status="Error"><Cause>17</Cause><Description>No route to '
            "9990001112.246810@zoomcrc.com</Description></DialResult></Command>",
            "No route to 9990001112.***@zoomcrc.com, 17",
        ),
        ('<Command><DialResult status="ParameterError"/></Command>', "ParameterError"),
        (
            "<ActionError><Reason>No action detected in document</Reason></ActionError>",
            "No action detected in document",
        ),
        ("<Command/>", "unknown arguments"),
    ],
)
async def test_refused_dials_are_definite(
    body: str, cause: str, start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    unit = await start_unit()
    unit.set_fault(Fault("body", "/putxml", body=body))
    booking = meeting()
    assert booking.address is not None
    with pytest.raises(DialRefused) as caught:
        await (await open_driver(unit)).dial(booking.address, booking)
    assert caught.value.cause == cause
    assert caught.value.sent is False
    assert "246810" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    ['<Command><DialResult status="OK"/></Command>', "<Command><Strange/></Command>", "<Status/>", ""],
)
async def test_an_answer_that_names_no_call_leaves_a_dial_unknown(
    body: str, start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    unit = await start_unit()
    unit.set_fault(Fault("body", "/putxml", body=body))
    with pytest.raises(UnexpectedReply) as caught:
        await (await open_driver(unit)).dial(DialAddress("sip", "1@example.test"), meeting())
    assert caught.value.sent is True


async def test_a_web_link_is_not_dialled(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit()
    with pytest.raises(DialRefused):
        await (await open_driver(unit)).dial(DialAddress("sip", "https://example.test/j/1"), meeting())
    assert unit.requests() == 0


# ------------------------------------------------------------------------------------ sessions and pace


async def test_one_session_is_used_and_always_ended(start_unit: StartUnit) -> None:
    unit = await start_unit("roomos26")
    async with CiscoDriver(unit.endpoint) as driver:
        await asyncio.gather(driver.probe(), driver.shown(), driver.calls())
        assert len(unit.state.sessions) == 1
    assert unit.state.sessions == set()
    with pytest.raises(RuntimeError):
        async with CiscoDriver(unit.endpoint) as driver:
            await driver.shown()
            raise RuntimeError
    assert unit.state.sessions == set()
    assert unit.state.sessions_begun == 2


async def test_leaving_a_unit_that_is_gone_takes_no_harm(start_unit: StartUnit) -> None:
    unit = await start_unit()
    async with CiscoDriver(unit.endpoint) as driver:
        await driver.shown()
        await unit.power(False)


async def test_many_requests_stay_within_the_limits(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    driver = await open_driver(await start_unit("roomos26"))
    assert await asyncio.gather(*(driver.shown() for _ in range(20))) == [frozenset()] * 20


async def test_a_dial_does_not_wait_behind_other_requests(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit("ce9.15")
    driver = await open_driver(unit)
    await driver.shown()
    others = [asyncio.create_task(driver.shown()) for _ in range(40)]
    await asyncio.sleep(0)
    await driver.dial(DialAddress("sip", "1@example.test"), meeting())
    assert sum(not t.done() for t in others) > 10
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def test_no_session_left_falls_back_to_basic(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit("ce9.15")
    unit.state.sessions.update(f"leaked-{n}" for n in range(20))
    driver = await open_driver(unit)
    await driver.push(BookingList((meeting(),)))
    assert len(unit.screen()) == 1
    assert unit.state.sessions_begun == 0


async def test_plain_http_where_the_admin_asked_for_it(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit("ce9.15", tls=False)
    driver = await open_driver(unit)
    assert (await driver.probe()).product
    assert len(unit.state.sessions) == 1


async def test_drivers_of_many_units_in_one_loop(stack: AsyncExitStack) -> None:
    units = [await stack.enter_async_context(simulate(host=f"127.0.2.{n}", firmware="roomos26")) for n in range(1, 21)]
    drivers = [await stack.enter_async_context(CiscoDriver(u.endpoint)) for u in units]
    bookings = BookingList((meeting(),))
    await asyncio.gather(*(d.push(bookings) for d in drivers))
    assert all(len(u.screen()) == 1 for u in units)
