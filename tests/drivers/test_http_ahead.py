"""A connection opened ahead of a command: the handshake is over when the moment comes, and every check was made."""

from __future__ import annotations

import asyncio

import pytest

from device_drivers.api import DeviceUnreachable, TlsPolicy, UntrustedCertificate
from device_drivers.http import UnitHttp
from device_drivers.testing.certificates import self_signed
from tests.drivers.test_http import OK, plain, raw, secure, unit
from tests.support.servers import listening


async def test_the_next_command_takes_it_and_the_one_after_does_not() -> None:
    async with unit(raw(OK)) as seen, UnitHttp(plain(seen.port), default_port=443) as http:
        await http.open_ahead()
        assert (seen.connections, seen.requests) == (1, [])
        await http.request("POST", "/dial", command=True)
        assert seen.connections == 1
        await http.request("POST", "/dial", command=True)
        assert seen.connections == 2


async def test_other_requests_leave_it_alone() -> None:
    async with unit(raw(OK)) as seen, UnitHttp(plain(seen.port), default_port=443) as http:
        await http.open_ahead()
        await http.request("GET", "/status")
        assert seen.connections == 2
        await http.request("POST", "/dial", command=True)
        assert seen.connections == 2


async def test_one_that_the_unit_dropped_is_replaced() -> None:
    dropped = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not dropped.is_set():
            writer.close()
            dropped.set()
            return
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await writer.drain()
        writer.close()

    async with listening(serve) as port, UnitHttp(plain(port), default_port=443) as http:
        await http.open_ahead()
        await dropped.wait()
        await asyncio.sleep(0.05)  # until our side has seen the end as well
        assert (await http.request("POST", "/dial", command=True)).status == 200


async def test_the_pin_is_checked_when_it_is_opened() -> None:
    certificate = self_signed("127.0.0.1")
    async with unit(raw(OK), certificate.context) as seen:
        async with UnitHttp(secure(seen.port, TlsPolicy("pin", certificate.pin)), default_port=443) as http:
            await http.open_ahead()
            await http.request("POST", "/dial", command=True)
            assert seen.connections == 1
        async with UnitHttp(secure(seen.port, TlsPolicy("pin", "00" * 32)), default_port=443) as http:
            with pytest.raises(UntrustedCertificate) as caught:
                await http.open_ahead()
    assert caught.value.seen_pin == certificate.pin
    assert len(seen.requests) == 1


async def test_a_unit_that_is_off_is_told_as_such() -> None:
    async with unit(raw(OK)) as seen:
        pass
    async with UnitHttp(plain(seen.port), default_port=443) as http:
        with pytest.raises(DeviceUnreachable) as caught:
            await http.open_ahead()
    assert caught.value.sent is False


async def test_opened_twice_the_first_is_closed() -> None:
    async with unit(raw(OK)) as seen, UnitHttp(plain(seen.port), default_port=443) as http:
        await http.open_ahead()
        await http.open_ahead()
        await http.request("POST", "/dial", command=True)
        assert (seen.connections, len(seen.requests)) == (2, 1)
