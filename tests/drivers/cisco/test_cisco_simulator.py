"""The simulated unit itself: what a person sees and does, real calls through an agent, and its strictness."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from device_drivers import xml
from device_drivers.api import BookingList, CallState, DialAddress, DialRefused
from device_drivers.cisco import codec
from device_drivers.cisco.simulator import CiscoSimulator
from device_drivers.cisco.simulator_bookings import Refused, read_bookingsputxml, read_put
from device_drivers.cisco.simulator_state import FIRMWARE
from device_drivers.sip_agent.api import DialNotAllowed, OnChange, SipState
from device_drivers.testing.memory_sip import MemorySipAgent, MemorySipCall
from tests.drivers.cisco.conftest import OpenDriver, StartUnit, meeting
from tests.support import patience

# ------------------------------------------------------------------------------------ the screen and the hands


async def test_button_comes_with_the_start_buffer_and_the_line_goes_at_the_end(
    start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    clock = [datetime(2030, 5, 6, 12, 0, tzinfo=UTC)]
    unit = await start_unit(now=lambda: clock[0])
    start = clock[0] + timedelta(hours=1)
    booking = meeting(
        start=start,
        end=start + timedelta(minutes=30),
        early_join=timedelta(minutes=10),
    )
    # This driver sends no buffer after the end; another sender's is kept by the unit all the same.
    document = codec.bookings_document((booking,), default_call_rate=6000)
    buffered = document.replace('<EndTimeBuffer item="1">0<', '<EndTimeBuffer item="1">300<')
    assert buffered != document
    await (await open_driver(unit))._session.post("/bookingsputxml", buffered)
    assert booking.address is not None
    seen = []
    for minutes in (0, 49, 50, 60, 94, 95):
        clock[0] = datetime(2030, 5, 6, 12, 0, tzinfo=UTC) + timedelta(minutes=minutes)
        seen.append([line.button for line in unit.screen()])
    button = booking.address.address
    assert seen == [[None], [None], [button], [button], [button], []]


async def test_a_skewed_clock_moves_the_button(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit()
    await (await open_driver(unit)).push(BookingList((meeting(),)))
    unit.clock_skew(-3600)
    assert [line.button for line in unit.screen()] == [None]
    unit.clock_skew(3600)
    assert unit.screen() == ()


async def test_joining_by_hand_makes_a_real_call_that_follows_the_agent(
    start_unit: StartUnit, open_driver: OpenDriver
) -> None:
    agent = MemorySipAgent(answer=False)
    unit = await start_unit(sip=agent)
    driver = await open_driver(unit)
    booking = meeting()
    assert booking.address is not None
    await driver.push(BookingList((booking,)))
    await unit.press_join(booking.id)
    (sip,) = agent.calls
    assert sip.uri == f"sip:{booking.address.address}"
    (call,) = await driver.calls()
    assert (call.state, call.booking_id) == (CallState.DIALLING, booking.id)
    sip.become(SipState.CONNECTED)
    assert [c.state for c in await driver.calls()] == [CallState.CONNECTED]
    sip.become(SipState.ENDED, 200, "BYE")
    assert await driver.calls() == ()
    assert [c.state for c in unit.call_log()] == [CallState.ENDED]


async def test_a_call_that_the_far_end_refuses(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    agent = MemorySipAgent(answer=False)
    unit = await start_unit(sip=agent)
    await (await open_driver(unit)).dial(DialAddress("sip", "1@example.test"), meeting())
    agent.calls[0].become(SipState.RINGING)
    agent.calls[0].become(SipState.ENDED, 403, "Wrong passcode")
    (call,) = unit.call_log()
    assert (call.state, call.status, call.reason) == (CallState.ENDED, 403, "Wrong passcode")


async def test_hands_power_and_commands_hang_up_for_real(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    agent = MemorySipAgent(answer=False)
    unit = await start_unit(sip=agent)
    driver = await open_driver(unit)
    await driver.hang_up(await driver.dial(DialAddress("sip", "1@example.test"), meeting()))
    await driver.dial(DialAddress("sip", "2@example.test"), meeting())
    await unit.hang_up_by_hand()
    await driver.dial(DialAddress("sip", "3@example.test"), meeting())
    await unit.power(False)
    assert [c.state for c in agent.calls] == [SipState.ENDED] * 3
    assert [c.reason for c in unit.call_log()] == ["ended by command", "ended in the room", "the unit lost power"]
    ids = [int(c.call_id) for c in unit.call_log()]
    assert ids == sorted(set(ids))


class NoBridge(MemorySipAgent):
    async def dial(self, uri: str, on_change: OnChange) -> MemorySipCall:
        raise DialNotAllowed("no bridge is configured")


async def test_nowhere_to_call_is_a_refused_dial(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit(sip=NoBridge())
    with pytest.raises(DialRefused, match="no bridge"):
        await (await open_driver(unit)).dial(DialAddress("sip", "1@example.test"), meeting())
    assert unit.live_calls() == ()


async def test_an_incoming_call_rings_until_the_caller_gives_up(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    agent = MemorySipAgent()
    driver = await open_driver(await start_unit(sip=agent))
    ringing = agent.ring("sip:caller@example.test")
    (call,) = await driver.calls()
    assert (call.outgoing, call.state, call.booking_id) == (False, CallState.DIALLING, None)
    ringing.become(SipState.ENDED, 487, "Cancelled")
    assert await driver.calls() == ()


async def test_reboot_may_keep_the_list(start_unit: StartUnit, open_driver: OpenDriver) -> None:
    unit = await start_unit()
    await (await open_driver(unit)).push(BookingList((meeting(),)))
    await unit.reboot(keeps_list=True)
    assert len(unit.screen()) == 1
    await unit.reboot()
    assert unit.screen() == ()


def test_unknown_firmware_is_told() -> None:
    with pytest.raises(ValueError, match=r"roomos26"):
        CiscoSimulator(firmware="ce7")


# ------------------------------------------------------------------------------------ as a foreign client sees it


def basic(unit: CiscoSimulator, password: str | None = None) -> dict[str, str]:
    text = f"{unit.state.username}:{unit.state.password if password is None else password}"
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


async def send(
    unit: CiscoSimulator, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
) -> tuple[int, str, dict[str, str]]:
    url = f"https://{unit.service.host}:{unit.service.port}{path}"
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
        client.request(
            method, url, data=body or None, headers=headers or {}, ssl=False, allow_redirects=False
        ) as reply,
    ):
        return reply.status, await reply.text(), dict(reply.headers)


async def test_answers_have_the_recorded_forms(start_unit: StartUnit) -> None:
    unit = await start_unit("roomos26")
    status, text, headers = await send(unit, "POST", "/putxml", "<Command/>")
    assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="CISCO-Endpoint"')
    assert headers["Content-Type"] == "text/plain; charset=UTF-8"

    status, text, headers = await send(unit, "POST", "/xmlapi/session/begin", headers=basic(unit))
    assert (status, text) == (204, "")
    cookie = headers["Set-Cookie"]
    assert cookie.startswith("SecureSessionId=")
    assert all(word in cookie for word in ("HttpOnly", "Path=/", "SameSite=Strict", "Secure"))
    session = {"Cookie": cookie.partition(";")[0]}

    status, text, headers = await send(unit, "POST", "/putxml", "<Command/>", session)
    assert (status, headers["Connection"], headers["Server"]) == (200, "close", "nginx")
    assert xml.text_of(xml.parse(text), "Reason") == "No action detected in document"
    _, text, _ = await send(unit, "POST", "/putxml", '<Command><No command="True"/></Command>', session)
    (result,) = xml.parse(text)
    assert (result.tag, xml.text_of(result, "XPath")) == ("Result", "/No")
    _, text, _ = await send(unit, "POST", "/putxml", "<Command><Dial><Rate>1</Rate></Dial></Command>", session)
    (result,) = xml.parse(text)
    assert (result.get("status"), [e.tag for e in result]) == ("ParameterError", ["Rate", "Number"])
    _, text, _ = await send(unit, "GET", "/getxml?location=/Status/No/Such", headers=session)
    assert len(xml.parse(text)) == 0
    assert (await send(unit, "POST", "/xmlapi/session/end", headers=session))[0] == 204
    assert (await send(unit, "GET", "/getxml?location=/Status/Time", headers=session))[0] == 401


async def test_tc_has_its_own_ways(start_unit: StartUnit) -> None:
    unit = await start_unit("tc7.3")
    status, _, headers = await send(unit, "POST", "/xmlapi/session/begin", headers=basic(unit))
    assert (status, headers["Location"].partition("?")[0]) == (302, "/web/signin")
    login = basic(unit)
    plain = await send(unit, "POST", "/putxml", "<Command><Bookings><List/></Bookings></Command>", login)
    assert xml.parse(plain[1]).tag == "ActionError"
    strange = '<Command><Dial command="True"><Number>1</Number><New>1</New></Dial></Command>'
    answer = xml.parse((await send(unit, "POST", "/putxml", strange, login))[1])
    assert (answer.tag, len(answer)) == ("Command", 0)
    assert unit.call_log() == ()


async def test_five_wrong_passwords_lock_a_new_unit_for_five_minutes(start_unit: StartUnit) -> None:
    clock = [datetime(2030, 5, 6, 12, 0, tzinfo=UTC)]
    unit = await start_unit("roomos26", now=lambda: clock[0])
    state = unit.state
    assert not any(state.accepts("admin", "wrong") for _ in range(5))
    assert not state.accepts(state.username, state.password)
    assert unit.login_attempts() == 6
    clock[0] += timedelta(minutes=5)
    assert state.accepts(state.username, state.password)
    old = (await start_unit("roomos11")).state
    assert not any(old.accepts("admin", "wrong") for _ in range(9))
    assert old.accepts(old.username, old.password)


async def test_basic_requests_queue_and_then_get_503(start_unit: StartUnit) -> None:
    unit = await start_unit("roomos26")
    path = "/getxml?location=/Status/Time"
    tasks = [asyncio.create_task(send(unit, "GET", path, headers=basic(unit))) for _ in range(35)]
    statuses: list[int] = []
    async with patience.timeout(10):
        for answered in asyncio.as_completed(tasks):
            statuses.append((await answered)[0])
            if statuses.count(503) == 4 and 200 in statuses:
                break
    assert statuses.count(200) <= 3  # one a second; the connections alone may take a second on a busy machine
    waiting = [task for task in tasks if not task.done()]
    assert len(waiting) >= 28
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


# ------------------------------------------------------------------------------------ strictness

ONE = (
    "<Bookings><Booking><Id>1</Id><Title>A</Title><Privacy>Public</Privacy><Time><StartTime>2030-05-06T13:00:00Z"
    "</StartTime><StartTimeBuffer>300</StartTimeBuffer><EndTime>2030-05-06T13:30:00Z</EndTime><EndTimeBuffer>0"
    "</EndTimeBuffer></Time><DialInfo><Calls><Call><Number>1@example.test</Number><Protocol>SIP</Protocol>"
    "<CallRate>6000</CallRate></Call></Calls><ConnectMode>OBTP</ConnectMode></DialInfo></Booking></Bookings>"
)


def test_a_right_document_and_the_two_ways_to_empty_a_list() -> None:
    (booking,) = read_bookingsputxml(ONE.encode())
    assert (booking.id, booking.number, booking.start_buffer) == ("1", "1@example.test", 300)
    assert read_bookingsputxml(b'<Bookings><Clear command="True"/></Bookings>') == ()
    assert read_bookingsputxml(b'<Bookings item="1" status="OK"/>') == ()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Bookings>", "Booking>"),
        ("<Title>A</Title>", "<Title/>"),
        ("<Title>A</Title>", "<Title>A & B</Title>"),
        ("<Id>1</Id>", "<Id/>"),
        ("2030-05-06T13:00:00Z", "2030-05-06T13:00:00"),
        ("2030-05-06T13:00:00Z", "2030-05-06T14:00:00Z"),
        ("<StartTimeBuffer>300", "<StartTimeBuffer>5m"),
        ("1@example.test", "sip:1@example.test"),
        ("1@example.test", "https://example.test/1"),
        ("<Protocol>SIP", "<Protocol>Sip"),
        ("<ConnectMode>OBTP", "<ConnectMode>AutoConnect"),
        ("<Privacy>Public", "<Privacy>Secret"),
        ("</Booking></Bookings>", "</Booking>" + ONE[len("<Bookings>") :]),
    ],
)
def test_wrong_documents_are_refused_whole(right: str, wrong: str) -> None:
    assert right in ONE
    with pytest.raises(Refused):
        read_bookingsputxml(ONE.replace(right, wrong).encode())


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"Bookings":[{}]}', '{"Bookings":[{"Id":"1"}]}', '{"Bookings":7}'])
def test_wrong_json_is_refused(body: str) -> None:
    with pytest.raises(Refused):
        read_put(body)


def test_every_firmware_is_one_the_driver_has_a_profile_for() -> None:
    from device_drivers.cisco import codec

    names = {name: codec.profile_of(firmware.version) for name, firmware in FIRMWARE.items()}
    assert len(set(names.values())) == len(FIRMWARE)
    assert all(profile.put is FIRMWARE[name].put for name, profile in names.items())
