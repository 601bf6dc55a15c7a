"""Foreign SIP parties in the tests: SIPp and baresip, real programs on loopback, started and stopped by each test."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from device_drivers.sip_agent import pjsua
from device_drivers.sip_agent.api import SipCall, SipState
from device_drivers.sip_agent.light import LightSipAgent
from device_drivers.sip_agent.tls import CertificateFiles
from tests.support import patience
from tests.support.patience import until

HERE = Path(__file__).parent
LOOPBACK = "127.0.0.1"
MEETING = "123456789"
PASSCODE = "4321"
Agent = LightSipAgent | pjsua.PjsuaSipAgent
AGENTS: list[type[Agent]] = [LightSipAgent, pjsua.PjsuaSipAgent] if pjsua.available() else [LightSipAgent]
ZOOM = f"sip:{MEETING}.{PASSCODE}@zoomcrc.com"


async def settled(call: SipCall) -> None:
    """Answered or over."""
    await until(lambda: call.state in (SipState.CONNECTED, SipState.ENDED))


def free_ports(count: int = 1) -> int:
    """The first of ``count`` neighbouring ports that are free for UDP and TCP."""
    for _ in range(50):
        with contextlib.ExitStack() as held:
            first = held.enter_context(socket.socket())
            first.bind((LOOPBACK, 0))
            start = int(first.getsockname()[1])
            try:
                for offset in range(count):
                    if offset:
                        held.enter_context(socket.socket()).bind((LOOPBACK, start + offset))
                    held.enter_context(socket.socket(type=socket.SOCK_DGRAM)).bind((LOOPBACK, start + offset))
            except (OSError, OverflowError):
                continue
            return start
    pytest.fail("no free ports on loopback")


def program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is not installed; `make test` installs it (Debian package {package})")
    return found


def _bound(transport: str, port: int) -> bool:
    table = Path("/proc/net/udp" if transport == "udp" else "/proc/net/tcp").read_text()
    return f":{port:04X} " in "".join(line.split()[1] + " " for line in table.splitlines()[1:])


class Sipp:
    """One SIPp run. ``wait`` fails the test when SIPp says that a call did not go as its scenario."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, errors: Path) -> None:
        self.process, self.port, self._errors = process, port, errors

    async def wait(self) -> None:
        code = await self.process.wait()
        errors = self._errors.read_text()[-3000:] if self._errors.exists() else ""
        assert code == 0, f"SIPp ended with {code}\n{errors}"


@contextlib.asynccontextmanager
async def sipp(
    folder: Path, scenario: str, *, to: int | None = None, transport: str = "udp", dial: str = "", calls: int = 1,
    extra: tuple[str, ...] = (),
) -> AsyncIterator[Sipp]:  # fmt: skip
    """A caller when ``to`` is a port, else a called party that listens when this returns."""
    port = free_ports()
    errors = folder / f"sipp-{port}.log"
    arguments = [
        "-sf", str(HERE / "sipp" / f"{scenario}.xml"), "-i", LOOPBACK, "-p", str(port), "-m", str(calls),
        "-t", "u1" if transport == "udp" else "t1", "-timeout", f"{patience.seconds(15):.0f}s",
        "-timeout_error", "-nostdin", "-trace_err", "-error_file", str(errors), *extra,
    ]  # fmt: skip
    if to is not None:
        arguments = [f"{LOOPBACK}:{to}", "-s", dial, *arguments]
    process = await asyncio.create_subprocess_exec(
        program("sipp", "sip-tester"), *arguments, cwd=folder,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        if to is None:
            await until(lambda: _bound(transport, port) or process.returncode is not None)
        yield Sipp(process, port, errors)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


class Baresip:
    """A baresip under command. ``port`` is for UDP and TCP, the next one for TLS; ``events`` are what it told."""

    def __init__(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.port = port
        self.events: list[dict[str, Any]] = []
        self._reader, self._writer = reader, writer

    def command(self, command: str, params: str = "") -> None:
        text = json.dumps({"command": command, "params": params, "token": "t"}).encode()
        self._writer.write(b"%d:%s," % (len(text), text))

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event.get("type") == kind]

    async def listen(self) -> None:
        """Netstrings: ``12:{...},``."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = await self._reader.readuntil(b":")
                text = await self._reader.readexactly(int(length[:-1]) + 1)
                self.events.append(json.loads(text[:-1]))


_CONFIG = """\
poll_method epoll
sip_listen {host}:{port}
{tls}
dns_server 127.255.255.254:53
net_interface {host}
call_max_calls 4
audio_player aubridge,nil
audio_alert aubridge,nil
audio_source aufile,{folder}/silence.wav
ausrc_srate 8000
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:{control}
"""


@contextlib.asynccontextmanager
async def baresip(folder: Path, *, certificate: CertificateFiles | None = None) -> AsyncIterator[Baresip]:
    """``certificate`` is what it shows as a TLS called party."""
    port, control = free_ports(2), free_ports()
    tls = ""
    if certificate:
        (folder / "both.pem").write_text(Path(certificate.certificate).read_text() + Path(certificate.key).read_text())
        tls = f"sip_certificate {folder}/both.pem\n"
    (folder / "config").write_text(_CONFIG.format(host=LOOPBACK, port=port, control=control, folder=folder, tls=tls))
    (folder / "accounts").write_text(f'"Room B" <sip:room@{LOOPBACK}>;answermode=auto;regint=0\n')
    with wave.open(str(folder / "silence.wav"), "wb") as silence:
        silence.setnchannels(1)
        silence.setsampwidth(2)
        silence.setframerate(8000)
        silence.writeframes(bytes(16_000))
    process = await asyncio.create_subprocess_exec(
        program("baresip", "baresip-core"), "-f", str(folder), cwd=folder,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await until(lambda: _bound("tcp", control) or process.returncode is not None)
        reader, writer = await asyncio.open_connection(LOOPBACK, control)
        party = Baresip(port, reader, writer)
        listening = asyncio.create_task(party.listen())
        try:
            yield party
        finally:
            writer.close()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
