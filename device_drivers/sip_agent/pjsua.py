"""The agent on PJSUA: a foreign SIP stack with media, for one simulated room.

PJSUA runs in a child process of its own (see pjsua_child): it allows 4 calls a process and aborts on misuse. A child
that dies ends its calls with 503 and is logged; the next dial starts another.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import itertools
import json
import logging
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sipmessage import Address

from device_drivers.sip_agent import messages
from device_drivers.sip_agent.api import BridgeAddress, OnChange, SipCall, SipState
from device_drivers.sip_agent.call import DIGITS, redact_uri
from device_drivers.sip_agent.light import allowed_bridge
from device_drivers.sip_agent.tls import CertificateFiles
from device_drivers.sip_agent.transport import TransportName

_CHILD = Path(__file__).with_name("pjsua_child.py")
_REPLY_TIMEOUT = 10.0  # seconds for the child to answer a command
_PATIENCE = 3.0  # seconds for the child to leave by itself
_log = logging.getLogger(__name__)


def available() -> bool:
    """Whether pjsua2 can be imported here: its wheels exist for some platforms and Python versions only."""
    return importlib.util.find_spec("pjsua2") is not None


class PjsuaCall:
    """One call of the child. Ends here as soon as either side says so."""

    def __init__(self, agent: PjsuaSipAgent, name: str, uri: str, *, outgoing: bool, state: SipState) -> None:
        self._agent, self.name = agent, name
        self._uri, self._outgoing, self._state = uri, outgoing, state
        self._call_id, self._status, self._reason = "", 0, ""
        self.on_change: OnChange | None = None
        self._held: list[tuple[SipState, int, str]] | None = None

    @property
    def call_id(self) -> str:
        return self._call_id

    @property
    def uri(self) -> str:
        return self._uri

    @property
    def outgoing(self) -> bool:
        return self._outgoing

    @property
    def state(self) -> SipState:
        return self._state

    @property
    def status(self) -> int:
        return self._status

    @property
    def reason(self) -> str:
        return self._reason

    def __repr__(self) -> str:
        return f"<PjsuaCall {redact_uri(self._uri)} {self._state}>"

    async def hang_up(self) -> None:
        if self._state is not SipState.ENDED:
            unanswered = 487 if self._outgoing else 603
            self._agent.command(do="hang_up", call=self.name)
            self.release()
            self.moved(SipState.ENDED, unanswered, messages.PHRASES[unanswered])

    async def answer(self) -> None:
        if self._outgoing:
            raise RuntimeError("an outgoing call is answered by the far end")
        self._agent.command(do="answer", call=self.name)

    async def send_digits(self, digits: str) -> None:
        """As LightSipAgent's, except that the far end's answer to each digit is not waited for."""
        if not DIGITS.fullmatch(digits):
            raise ValueError("a DTMF digit is one of 0-9 * # A-D")
        if self._state in (SipState.CALLING, SipState.RINGING):
            raise RuntimeError("the call is not connected")
        if self._state is SipState.CONNECTED and digits:
            await self._agent.ask(do="digits", call=self.name, digits=digits.upper())

    def known_as(self, call_id: str) -> None:
        self._call_id = call_id

    def hold(self) -> None:
        """States wait until ``release``: the caller of ``dial`` gets the call first."""
        self._held = []

    def release(self) -> None:
        held, self._held = self._held or [], None
        for state, status, reason in held:
            self.moved(state, status, reason)

    def moved(self, state: SipState, status: int, reason: str) -> None:
        if self._held is not None:
            self._held.append((state, status, reason))
            return
        if self._state in (state, SipState.ENDED):
            return
        if state is SipState.ENDED and self._state is not SipState.CONNECTED:
            self._status, self._reason = status, reason
        self._state = state
        if self.on_change:
            _call_back(self.on_change, self)


def _call_back(callback: OnChange, call: PjsuaCall) -> None:
    """A callback that raises must not make the agent deaf."""
    try:
        callback(call)
    except Exception as error:
        report = {"message": "a callback of a SIP call failed", "exception": error}
        asyncio.get_running_loop().call_exception_handler(report)


class PjsuaSipAgent:
    """A SipAgent on PJSUA, with the arguments of LightSipAgent. TLS goes up to 1.2, the offer is audio only, at most
    four calls at once (a fifth ends with 503). The child starts on entering."""

    def __init__(
        self,
        address: str,
        bridge: BridgeAddress | None,
        *,
        port: int = 0,
        user: str = "room",
        display_name: str = "",
        username: str = "",
        password: str = "",
        certificate: CertificateFiles | None = None,
    ) -> None:
        if not messages.is_loopback(address):
            raise ValueError("a simulated endpoint lives on a loopback address")
        self.on_incoming: OnChange | None = None
        self._bridge = bridge
        identity = Address(uri=messages.sip_uri(user, address), name=messages.one_line(display_name))
        usable = bridge if bridge and messages.is_loopback(bridge.host) else None
        self._start: dict[str, Any] = {
            "do": "start",
            "address": address,
            "port": port,
            "identity": str(identity),
            "bridge": asdict(usable) if usable else None,
            "username": username,
            "password": password,
            "certificate": certificate.certificate if certificate else "",
            "key": certificate.key if certificate else "",
        }
        self._numbers = itertools.count(1)
        self._calls: dict[str, PjsuaCall] = {}
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        try:
            await self._started()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for call in list(self._calls.values()):
            await call.hang_up()
        await self._stop()

    @property
    def process_id(self) -> int | None:
        """Of the child; None when none runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def dial(self, uri: str, on_change: OnChange) -> SipCall:
        """See SipAgent. Raises also ValueError when ``uri`` does not read ``sip:user@domain``."""
        allowed_bridge(self._bridge)
        target = str(messages.dialled(uri))
        await self._started()
        call = PjsuaCall(self, f"out-{next(self._numbers)}", uri, outgoing=True, state=SipState.CALLING)
        call.on_change = on_change
        call.hold()
        self._calls[call.name] = call
        reply = await self.ask(do="dial", call=call.name, uri=target)
        call.known_as(reply.get("call_id", ""))
        if "reason" in reply:
            self._moved(call, SipState.ENDED, 503, reply["reason"])
        asyncio.get_running_loop().call_soon(call.release)
        return call

    async def listen(self, transport: TransportName = "udp") -> int:
        """Take calls over ``transport``. Returns the port. Raises OSError."""
        reply = await self.ask(do="listen", transport=transport)
        if "port" not in reply:
            raise OSError(f"cannot listen: {reply['reason']}")
        return int(reply["port"])

    # -------------------------------------------------------------------------------------------------- the child

    async def _started(self) -> None:
        """A child that runs. Raises OSError when it cannot be started."""
        async with self._starting:
            if self._process and self._process.returncode is None and self._reader and not self._reader.done():
                return
            await self._stop()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", str(_CHILD),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the parent, which then hangs up properly
            )  # fmt: skip
            self._reader = asyncio.create_task(self._read(self._process))
            reply = await self.ask(**self._start)
            if "reason" in reply:
                await self._stop()
                raise OSError(f"the SIP process cannot start: {reply['reason']}")

    def command(self, **command: Any) -> None:
        """Write a command; a child that is gone drops it."""
        if self._process and self._process.stdin and not self._process.stdin.is_closing():
            self._process.stdin.write(json.dumps(command).encode() + b"\n")

    async def ask(self, **command: Any) -> dict[str, Any]:
        """The child's reply to a command; ``reason`` in it says that it failed."""
        request = next(self._numbers)
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[request] = reply
        try:
            self.command(request=request, **command)
            async with asyncio.timeout(_REPLY_TIMEOUT):
                return await reply
        except TimeoutError:
            return {"reason": "the SIP process does not answer"}
        finally:
            self._replies.pop(request, None)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        try:
            while line := await process.stdout.readline():
                self._told(json.loads(line))
        finally:
            self._gone(await process.wait())

    def _told(self, event: dict[str, Any]) -> None:
        call = self._calls.get(event.get("call") or "")
        if event["event"] in ("done", "failed"):
            reply = self._replies.get(event.get("request") or 0)
            if reply and not reply.done():
                reply.set_result(event)
            elif event["event"] == "failed":
                _log.warning("the SIP process refused a command: %s", event["reason"])
        elif event["event"] == "incoming":
            self._incoming(event)
        elif call:
            self._moved(call, SipState(event["state"]), event["status"], event["reason"])

    def _incoming(self, event: dict[str, Any]) -> None:
        call = PjsuaCall(self, event["call"], event["uri"], outgoing=False, state=SipState.RINGING)
        call.known_as(event["call_id"])
        self._calls[call.name] = call
        if self.on_incoming:
            _call_back(self.on_incoming, call)
        else:
            self.command(do="hang_up", call=call.name, status=480)

    def _moved(self, call: PjsuaCall, state: SipState, status: int, reason: str) -> None:
        call.moved(state, status, reason)
        if state is SipState.ENDED:
            self._calls.pop(call.name, None)

    def _gone(self, code: int) -> None:
        """The child has ended: so have its calls, and nobody waits for its replies."""
        if code:
            how = signal.Signals(-code).name if code < 0 else f"status {code}"
            _log.error("the SIP process of %s ended with %s; its calls are over", self._start["address"], how)
        for reply in self._replies.values():
            if not reply.done():
                reply.set_result({"reason": "the SIP process has ended"})
        for call in list(self._calls.values()):
            self._moved(call, SipState.ENDED, 503, "the SIP process has ended")

    async def _stop(self) -> None:
        process, self._process = self._process, None
        reader, self._reader = self._reader, None
        if process is None or reader is None:
            return
        assert process.stdin
        process.stdin.close()  # the child reads the end, hangs up and leaves
        try:
            async with asyncio.timeout(_PATIENCE):
                await asyncio.shield(reader)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await reader
