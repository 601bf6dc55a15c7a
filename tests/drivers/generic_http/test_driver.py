"""The driver on a real socket: what leaves, what answers mean, and what a technician's own file can describe."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from device_drivers.api import (
    Booking,
    BookingList,
    CallRef,
    CallState,
    CredentialsRejected,
    DeviceBusy,
    DialAddress,
    DialRefused,
    DriverError,
    NotSupported,
    UnexpectedReply,
)
from device_drivers.generic_http.codec import THE_CALL
from device_drivers.generic_http.driver import open_unit
from device_drivers.generic_http.simulator import simulate
from tests.drivers.generic_http.scripted import Script, scripted

_START = datetime(2030, 5, 6, 13, tzinfo=UTC)
_SIP = DialAddress("sip", "93344455566.80417355@vc.example.test")
_H323 = DialAddress("h323", "192.0.2.10##93344455566#80417355")
_BOOKING = Booking(
    "4711", "Design & review", _START, _START + timedelta(hours=1), "Ada", _SIP, meeting_id="93344455566"
)


@pytest.fixture
async def server() -> AsyncIterator[Script]:
    async with scripted() as script:
        yield script


# ------------------------------------------------------------------------------------ what leaves


async def test_a_mesh_join_bears_everything_in_its_query(server: Script) -> None:
    server.status = 204
    async with open_unit(server.endpoint("mesh_callout", unit="10.1.2.3")) as driver:
        call = await driver.dial(_H323, _BOOKING)
    assert [(a.method, a.path) for a in server.asked] == [
        (
            "POST",
            "/10.1.2.3/join?dialString=192.0.2.10%23%2393344455566%2380417355"
            "&meetingId=93344455566&passcode=80417355&bridgeAddress=192.0.2.10",
        )
    ]
    assert (call.id, call.state, call.booking_id) == (THE_CALL, CallState.DIALLING, None)


async def test_credentials_go_where_the_description_says(server: Script, tmp_path: Path) -> None:
    sent = {}
    for kind, key in (("none", ""), ("basic", ""), ("bearer", ""), ("header", 'header = "X-Api-Key"')):
        path = tmp_path / f"{kind}.toml"
        path.write_text(_XML_UNIT.replace("[auth]", f"[auth]\nkind = '{kind}'\n{key}"), encoding="utf-8")
        server.body = "<unit><name>Box</name></unit>"
        async with open_unit(server.endpoint(str(path))) as driver:
            await driver.probe()
        headers = server.asked[-1].headers
        sent[kind] = (headers.get("Authorization"), headers.get("X-Api-Key"))
    basic = "Basic " + base64.b64encode(b"av:s3cret-Passw0rd").decode()
    assert sent == {
        "none": (None, None),
        "basic": (basic, None),
        "bearer": ("Bearer s3cret-Passw0rd", None),
        "header": (None, "s3cret-Passw0rd"),
    }


@pytest.mark.parametrize("address", ['a" ; reboot "@b.test', "a b@c.test", "", "a@b.test\r\nX: y", "<a>@b.test"])
async def test_an_address_that_could_break_out_is_never_sent(server: Script, address: str) -> None:
    async with open_unit(server.endpoint("polycom_hdx")) as driver:
        with pytest.raises(DialRefused):
            await driver.dial(DialAddress("sip", address), _BOOKING)
    assert server.asked == []


# ------------------------------------------------------------------------------------ what answers mean


@pytest.mark.parametrize(
    ("status", "body", "error", "sent"),
    [
        (401, "", CredentialsRejected, False),
        (403, "", CredentialsRejected, False),
        (409, '{"error": {"cause": "do not disturb"}}', DialRefused, False),
        (422, "", DialRefused, False),
        (429, "", DeviceBusy, False),
        (503, "", DeviceBusy, False),
        (302, "", UnexpectedReply, True),
        (404, "", UnexpectedReply, True),
        (500, "", UnexpectedReply, True),
        (200, '{"call": {"id": 3}}', UnexpectedReply, True),  # success is 201 here
        (201, "{}", UnexpectedReply, True),  # taken, but which call is it?
        (201, '{"call": {"id": {}}}', UnexpectedReply, True),
    ],
)
async def test_answers_to_a_dial(server: Script, status: int, body: str, error: type[DriverError], sent: bool) -> None:
    server.status, server.body, server.headers = status, body, {"Location": "http://127.0.0.2/"}
    async with open_unit(server.endpoint("room_controller")) as driver:
        with pytest.raises(error) as caught:
            await driver.dial(_SIP, _BOOKING)
    assert caught.value.sent is sent
    assert len(server.asked) == 1
    if status == 409:
        assert "do not disturb" in str(caught.value)


async def test_samples_keep_no_passcode_of_any_meeting(server: Script) -> None:
    server.status = 500
    server.body = f"cannot dial {_SIP.address} while 777888999.1234@vc.example.test and 10.0.0.1##55566677#98#1 are up"
    async with open_unit(server.endpoint("room_controller")) as driver:
        with pytest.raises(UnexpectedReply) as caught:
            await driver.dial(_SIP, _BOOKING)
    assert "777888999.***@vc.example.test" in caught.value.sample
    for secret in ("80417355", "1234", "98", "s3cret"):
        assert secret not in caught.value.sample
        assert secret not in str(caught.value)


async def test_megabytes_of_digits_are_redacted_in_no_time(server: Script) -> None:
    server.body = "7" * 1_000_000  # near what is read at all
    async with open_unit(server.endpoint("room_controller")) as driver:
        with pytest.raises(UnexpectedReply) as caught:
            await driver.calls()
    assert len(caught.value.sample) == 200


async def test_refused_credentials_are_remembered(server: Script) -> None:
    server.status = 401
    async with open_unit(server.endpoint("room_controller")) as driver:
        for _ in range(3):
            with pytest.raises(CredentialsRejected):
                await driver.calls()
    assert len(server.asked) == 1


async def test_a_call_state_without_a_word_is_not_guessed(server: Script) -> None:
    server.body = json.dumps({"calls": [{"id": 1, "state": "parked", "direction": "outgoing"}]})
    async with open_unit(server.endpoint("room_controller")) as driver:
        with pytest.raises(UnexpectedReply, match="call state 'parked'"):
            await driver.calls()


async def test_bookings_that_are_over_are_not_shown(server: Script) -> None:
    now = datetime.now(UTC)
    ends = {"1": now - timedelta(seconds=2), "2": now + timedelta(minutes=1)}
    server.body = json.dumps({"bookings": [{"id": k, "end": v.isoformat()} for k, v in ends.items()]})
    async with open_unit(server.endpoint("room_controller")) as driver:
        assert await driver.shown() == {"2"}


@pytest.mark.parametrize(
    "body",
    [
        {"model": "Box", "inCall": "perhaps"},
        {"model": "Box", "time": "noon"},
        {"model": "Box", "time": "99999999999999999999"},
        {"model": "Box", "uptime": "long"},
        {"model": ""},
        {"modell": "Box"},
    ],
)
async def test_values_that_cannot_be_are_unexpected(server: Script, body: dict[str, str]) -> None:
    server.body = json.dumps(body)
    async with open_unit(server.endpoint("room_controller")) as driver:
        with pytest.raises(UnexpectedReply):
            await driver.probe()


async def test_a_probe_reads_what_there_is(server: Script) -> None:
    server.body = json.dumps({"model": "Box", "time": 1893456000, "uptime": 90.5, "inCall": True})
    async with open_unit(server.endpoint("room_controller")) as driver:
        info = await driver.probe()
    assert (info.product, info.software, info.serial_number, info.in_call) == ("Box", "", "", True)
    assert (info.clock, info.uptime) == (datetime(2030, 1, 1, tzinfo=UTC), timedelta(seconds=90.5))


# ------------------------------------------------------------------------------------ the call without a name


async def test_a_call_that_the_dial_did_not_name_is_found_by_its_far_end() -> None:
    async with simulate(description="polycom_hdx") as unit, open_unit(unit.endpoint) as driver:
        await unit.start_other_call("visitor@example.test")
        call = await driver.dial(_SIP, _BOOKING)
        assert call.id == THE_CALL
        await driver.hang_up(call)
        assert [c.remote for c in unit.live_calls()] == ["sip:visitor@example.test"]
        await driver.hang_up(call)  # gone: and the other call stays
        assert len(unit.live_calls()) == 1


# ------------------------------------------------------------------------------------ a technician's own file

_XML_UNIT = """
[unit]
label = "An XML unit"
protocols = ["sip"]

[auth]

[answers]
busy = { contains = "BUSY" }
wrong_credentials = { contains = "LOGIN" }

[probe]
path = "/status.xml"
reply = "xml"
read = { product = "/unit/name", in_call = "boolean(//call)" }

[dial]
method = "POST"
path = "/command"
body_type = "xml"
body = '<dial room="{unit}"><to kbps="{call_rate}">{address}</to><why>{title}</why></dial>'
reply = "xml"
success = { status = [200], where = "/result/@code", equals = ["0", "1"] }
refused = { where = "/result/@code", equals = "7" }
read = { call_id = "/result/call", cause = "/result/text" }

[push]
method = "POST"
path = "/list"
headers = { "Content-Type" = "application/vnd.example+xml" }
body_type = "xml"
body = "<list>{bookings}</list>"
booking = '<b id="{booking_id}" at="{start_epoch}" for="{duration_minutes}"><t>{title}</t><n>{address}</n></b>'
"""


@pytest.fixture
def xml_unit(tmp_path: Path) -> str:
    path = tmp_path / "xml_unit.toml"
    path.write_text(_XML_UNIT, encoding="utf-8")
    return str(path)


async def test_an_xml_unit_dials(server: Script, xml_unit: str) -> None:
    server.body = '<result code="1"><call>c-9</call></result>'
    async with open_unit(server.endpoint(xml_unit)) as driver:
        call = await driver.dial(DialAddress("sip", _SIP.address, 1920), _BOOKING)
    assert call.id == "c-9"
    assert server.asked[0].body == (
        f'<dial room="room-7"><to kbps="1920">{_SIP.address}</to><why>Design &amp; review</why></dial>'
    )
    assert server.asked[0].headers["Content-Type"] == "text/xml; charset=utf-8"


async def test_an_xml_unit_says_no_in_a_200(server: Script, xml_unit: str) -> None:
    async with open_unit(server.endpoint(xml_unit)) as driver:
        server.body = '<result code="7"><text>standby</text></result>'
        with pytest.raises(DialRefused) as refused:
            await driver.dial(_SIP, _BOOKING)
        assert refused.value.cause == "standby"
        server.body = "<error>BUSY</error>"
        with pytest.raises(DeviceBusy):
            await driver.dial(_SIP, _BOOKING)
        server.body = "<error>LOGIN</error>"
        with pytest.raises(CredentialsRejected):
            await driver.probe()


async def test_an_xml_unit_shows_what_it_can(server: Script, xml_unit: str) -> None:
    plain = Booking("4712", "Interview", _START, _START + timedelta(hours=1))
    other = Booking("4713", "By H.323", _START, _START + timedelta(hours=1), address=_H323)
    async with open_unit(server.endpoint(xml_unit)) as driver:
        receipt = await driver.push(BookingList((_BOOKING, plain, other)))
    line = f'<b id="4711" at="{int(_START.timestamp())}" for="60"><t>Design &amp; review</t><n>{_SIP.address}</n></b>'
    assert server.asked[0].body == f"<list>{line}</list>"
    assert server.asked[0].headers["Content-Type"] == "application/vnd.example+xml"
    assert receipt.accepted == {"4711"}
    assert {booking_id for booking_id, reason in receipt.left_off if reason} == {"4712", "4713"}


async def test_what_the_file_does_not_describe_is_not_supported(server: Script, xml_unit: str) -> None:
    async with open_unit(server.endpoint(xml_unit)) as driver:
        for ask in (driver.shown, driver.calls, lambda: driver.hang_up(CallRef("1", CallState.CONNECTED))):
            with pytest.raises(NotSupported, match="has no section"):
                await ask()
        with pytest.raises(NotSupported, match="cannot dial h323"):
            await driver.dial(_H323, _BOOKING)
    assert server.asked == []
