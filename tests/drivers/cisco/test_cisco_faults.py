"""What goes wrong between the driver and a unit, and what the caller is told: above all whether a dial left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from device_drivers.api import (
    BookingList,
    CredentialsRejected,
    DeviceBusy,
    DeviceUnreachable,
    DialAddress,
    DriverError,
    NotSupported,
    TlsPolicy,
    UnexpectedReply,
    UntrustedCertificate,
)
from device_drivers.cisco.driver import CiscoDriver
from device_drivers.cisco.session import Pace
from device_drivers.cisco.simulator_service import Fault
from tests.drivers.cisco.conftest import OpenDriver, StartUnit, meeting

SECRET = "do-not-show-7741"
ADDRESS = DialAddress("sip", "9990001112.246810@zoomcrc.com")

Act = Callable[[CiscoDriver], Awaitable[object]]
ACTS: dict[str, Act] = {
    "probe": lambda d: d.probe(),
    "push": lambda d: d.push(BookingList((meeting(),))),
    "clear": lambda d: d.push(BookingList()),
    "shown": lambda d: d.shown(),
    "dial": lambda d: d.dial(ADDRESS, meeting()),
    "calls": lambda d: d.calls(),
}
every_act = pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())


async def failure(act: Awaitable[object]) -> DriverError:
    with pytest.raises(DriverError) as caught:
        await act
    assert SECRET not in str(caught.value)
    assert "246810" not in str(caught.value) + getattr(caught.value, "sample", "")
    return caught.value


# ------------------------------------------------------------------------------------ the network


@every_act
async def test_unit_off_and_back(act: Act, start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit()
    driver = await open_driver(unit)
    await unit.power(False)
    error = await failure(act(driver))
    assert isinstance(error, DeviceUnreachable)
    assert error.sent is False
    await unit.power(True)
    await act(driver)


@every_act
async def test_no_answer_in_time(act: Act, start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit()
    unit.set_latency(30)
    started = asyncio.get_running_loop().time()
    error = await failure(act(await open_driver(unit, options={"timeout": "0.3"})))
    assert isinstance(error, DeviceUnreachable)
    assert error.sent is False  # it was the sign-in that got no answer: the request itself never left
    assert asyncio.get_running_loop().time() - started < 3
    assert unit.call_log() == ()


async def test_a_dial_without_an_answer_is_unknown_and_not_repeated(
    start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    unit = await start_unit()
    driver = await open_driver(unit, options={"timeout": "0.3"})
    await driver.shown()
    unit.set_latency(30)
    error = await failure(driver.dial(ADDRESS, meeting()))
    assert isinstance(error, DeviceUnreachable)
    assert error.sent is True
    assert len(unit.call_log()) == 1
    unit.set_latency(0)
    (call,) = await driver.calls()  # which is how the engine finds it again
    assert call.booking_id == meeting().id


@pytest.mark.parametrize("kind", ["truncate", "drip", "close", "not_http", "malformed", "html", "500", "502"])
async def test_a_spoiled_answer_to_a_dial_is_unknown_and_not_repeated(
    kind: str, start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    unit = await start_unit()
    driver = await open_driver(unit, options={"timeout": "0.5"})
    await driver.shown()
    unit.set_fault(Fault(kind, "/putxml", executed=True))
    error = await failure(driver.dial(ADDRESS, meeting()))
    assert isinstance(error, (DeviceUnreachable, UnexpectedReply))
    assert error.sent is True
    assert len(unit.call_log()) == 1


@every_act
@pytest.mark.parametrize("kind", ["truncate", "drip", "close", "not_http", "malformed", "html"])
async def test_spoiled_answers_to_anything(kind: str, act: Act, start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit()
    driver = await open_driver(unit, options={"timeout": "0.4", "bookings": "bookingsputxml"})
    await driver.probe()
    unit.set_fault(Fault(kind))
    assert isinstance(await failure(act(driver)), (DeviceUnreachable, UnexpectedReply))
    unit.set_fault(None)
    await act(driver)


# ------------------------------------------------------------------------------------ what a status means


@every_act
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("400", UnexpectedReply),
        ("403", CredentialsRejected),
        ("404", NotSupported),
        ("409", UnexpectedReply),
        ("413", UnexpectedReply),
        ("429", DeviceBusy),
        ("500", UnexpectedReply),
        ("502", DeviceUnreachable),
        ("503", DeviceBusy),
        ("504", DeviceUnreachable),
    ],
)
async def test_http_status(
    status: str, kind: type[DriverError], act: Act, start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    unit = await start_unit()
    driver = await open_driver(unit, options={"bookings": "bookingsputxml"})
    await driver.probe()
    unit.set_fault(Fault(status, headers=(("Retry-After", "17"),), body="code 246810"))
    error = await failure(act(driver))
    assert type(error) is kind
    assert error.sent is (int(status) in (500, 502, 504))
    if isinstance(error, DeviceBusy):
        assert error.retry_after == timedelta(seconds=17)
    unit.set_fault(None)
    await act(driver)  # none of these ends the driver's life


async def test_a_busy_unit(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit()
    driver = await open_driver(unit)
    unit.set_busy(True)
    error = await failure(driver.dial(ADDRESS, meeting()))
    assert isinstance(error, DeviceBusy)
    assert error.sent is False
    unit.set_busy(False)
    await driver.dial(ADDRESS, meeting())
    assert len(unit.call_log()) == 1


async def test_a_bookings_interface_that_is_missing(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit()
    unit.set_fault(Fault("404", "/bookingsputxml"))
    assert isinstance(await failure((await open_driver(unit)).push(BookingList((meeting(),)))), NotSupported)


async def test_probe_survives_statuses_that_a_unit_lacks(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit("roomos26")
    driver = await open_driver(unit)
    error = '<Status status="Error"><Reason>No match on address expression.</Reason></Status>'
    await driver.shown()
    unit.set_fault(Fault("body", "/getxml", body=error))
    assert isinstance(await failure(driver.calls()), UnexpectedReply)  # never "no calls"
    unit.set_fault(None)
    assert (await driver.probe()).product


# ------------------------------------------------------------------------------------ credentials


@pytest.mark.parametrize("firmware", ["tc7.3", "ce9.15", "roomos26"])
async def test_a_refused_password_is_tried_once(firmware: str, start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit(firmware, password=SECRET)
    driver = await open_driver(unit)
    unit.set_password("changed")
    everything = await asyncio.gather(*(act(driver) for act in ACTS.values()), return_exceptions=True)
    assert all(isinstance(e, CredentialsRejected) for e in everything)
    for act in ACTS.values():
        assert isinstance(await failure(act(driver)), CredentialsRejected)
    assert unit.login_attempts() == 1


async def test_a_password_that_changes_during_a_session_is_tried_once(
    start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    unit = await start_unit("roomos26", password=SECRET)
    driver = await open_driver(unit)
    await driver.shown()
    unit.set_password("changed")
    for _ in range(6):
        error = await failure(driver.dial(ADDRESS, meeting()))
        assert isinstance(error, CredentialsRejected)
        assert error.sent is False
    assert unit.login_attempts() == 1
    assert not unit.state.locked
    await (await open_driver(unit)).shown()  # reopened with the new one


async def test_a_locked_account_looks_like_a_wrong_password(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit("roomos26")
    for _ in range(5):
        unit.state.accepts("admin", "wrong")
    assert isinstance(await failure((await open_driver(unit)).shown()), CredentialsRejected)


PAGES = {
    "sign-in page": Fault("sign_in_page"),
    "redirect to it": Fault("302", headers=(("Location", "/web/signin"),)),
    "welcome page": Fault("html"),
    "captive portal": Fault("302", headers=(("Location", "https://portal.example.net/login?from=unit"),)),
    "moved": Fault("301", headers=(("Location", "/elsewhere"),)),
    "seen elsewhere": Fault("303", headers=(("Location", "/"),)),
    "not modified": Fault("304"),
    "XHTML": Fault("body", body='<?xml version="1.0"?>\n<!-- login -->\n<!DOCTYPE html><html/>'),
    "with a mark": Fault("body", body="\ufeff<!doctype HTML><title>Sign in</title>"),
    "proxy": Fault("407", body="Proxy Authentication Required"),
    "proxy's trouble": Fault("500", body="<html><body>login</body></html>"),
    "bad gateway": Fault("502", body="<html><body>login</body></html>"),
    "blocked": Fault("451", body="<html><body>login</body></html>"),
    "network login": Fault("511", body="<html><body>login</body></html>"),
}


@pytest.mark.parametrize("page", PAGES)
async def test_a6_a_page_is_no_refusal(page: str, start_unit: StartUnit, open_driver: OpenDriver) -> None:
    """Only 401 and 403 say that the password is wrong: whatever else answers, the unit is asked again."""
    unit = await start_unit()
    for signed_in in (False, True):
        driver = await open_driver(unit)
        driver._session._basic_pace = Pace(1000, burst=100)  # the unit's pace is not what is tried here
        if signed_in:
            await driver.shown()
        unit.set_fault(PAGES[page])
        error = await failure(driver.dial(ADDRESS, meeting()))
        assert isinstance(error, (UnexpectedReply, DeviceUnreachable)), error
        before = unit.requests()
        assert isinstance(await failure(driver.shown()), (UnexpectedReply, DeviceUnreachable))
        assert unit.requests() > before
        unit.set_fault(None)
        await driver.shown()
    assert unit.login_attempts() == 0
    assert unit.call_log() == ()


async def test_a6_a_page_that_answers_for_an_hour_leaves_no_sessions(
    start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    """Each sign-in works and each question gets the page: sessions do not pile up."""
    unit = await start_unit("ce9.15")
    driver = await open_driver(unit)
    driver._session._basic_pace = Pace(1000, burst=100)
    unit.set_fault(Fault("sign_in_page", "/getxml"))
    for _ in range(12):
        assert isinstance(await failure(driver.calls()), UnexpectedReply)
    assert unit.state.sessions_begun == 1
    assert len(unit.state.sessions) == 0


@pytest.mark.parametrize("role", ["roomcontrol", "integrator"])
async def test_an_account_without_the_admin_role(role: str, start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit("roomos11", role=role)
    driver = await open_driver(unit, options={"bookings": "bookingsputxml"})
    error = await failure(driver.push(BookingList((meeting(),))))
    assert isinstance(error, CredentialsRejected)
    assert "Admin role" in str(error)
    assert unit.login_attempts() == 0


async def test_an_expired_session_is_renewed_and_a_dial_leaves_once(
    start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    unit = await start_unit()
    driver = await open_driver(unit)
    await driver.shown()
    unit.state.sessions.clear()
    await driver.dial(ADDRESS, meeting())
    assert len(unit.call_log()) == 1
    assert unit.state.sessions_begun == 2


async def test_requests_that_lose_their_session_together_renew_it_once(
    start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    unit = await start_unit()
    driver = await open_driver(unit)
    await driver.shown()
    unit.state.sessions.clear()
    await asyncio.gather(*(driver.shown() for _ in range(6)))
    assert unit.state.sessions_begun == 2


async def test_a_renewal_that_fails_means_that_the_dial_did_not_leave(
    start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    unit = await start_unit()
    driver = await open_driver(unit, options={"timeout": "0.3"})
    await driver.shown()
    unit.state.sessions.clear()
    unit.set_fault(Fault("close", "/xmlapi/session/begin"))
    error = await failure(driver.dial(ADDRESS, meeting()))
    assert isinstance(error, DeviceUnreachable)
    assert error.sent is False
    assert unit.call_log() == ()


# ------------------------------------------------------------------------------------ certificates


@every_act
async def test_a_changed_certificate_stops_before_the_password(
    act: Act, start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    unit = await start_unit(password=SECRET)
    driver = await open_driver(unit)
    await driver.shown()
    served = unit.requests()
    await unit.new_certificate()
    error = await failure(act(driver))
    assert isinstance(error, UntrustedCertificate)
    assert error.seen_pin == unit.endpoint.tls.value
    assert error.sent is False
    assert unit.requests() == served  # not one request, so no password
    assert unit.login_attempts() == 0
    await act(await open_driver(unit))  # with the new pin


@pytest.mark.parametrize("tls", [TlsPolicy("verify"), TlsPolicy("pin", "ab" * 32)], ids=["self-signed", "wrong pin"])
async def test_an_untrusted_certificate_gets_no_password(tls: TlsPolicy, start_unit: StartUnit) -> None:
    unit = await start_unit()
    async with CiscoDriver(replace(unit.endpoint, tls=tls)) as driver:
        error = await failure(driver.probe())
    assert isinstance(error, UntrustedCertificate)
    assert error.seen_pin == unit.endpoint.tls.value
    assert unit.requests() == 0
