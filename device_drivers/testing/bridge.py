"""A simulated meeting bridge on a loopback address, in the manner of Zoom's room connector.

It reads ``id.passcode@...`` from the Request-URI (also ``id`` alone, and ``id.passcode.layout.hostkey`` with fields
left empty), puts callers into meetings and shows who is where. What a real bridge answers to a wrong id or passcode
is not public: 404 for an unknown id, 403 for a wrong passcode, and BYE after wrong digits are our choice. A passcode
that is missing is asked for inside the answered call, as real bridges do: "connected" is not "in the meeting".
Digits are read from SIP INFO only; there is no media, so tones and RTP events are not heard.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from device_drivers.sip_agent import messages, tls
from device_drivers.sip_agent.api import BridgeAddress, SipCall, SipState
from device_drivers.sip_agent.incoming import IncomingCall
from device_drivers.sip_agent.tls import CertificateFiles
from device_drivers.sip_agent.transactions import Timers
from device_drivers.sip_agent.transport import TransportName
from device_drivers.sip_agent.user_agent import UserAgent

_PATIENCE = 0.5  # seconds to wait for the answers to BYE when the bridge stops
_LONGEST_PASSCODE = 32


class ParticipantState(StrEnum):
    RINGING = "ringing"
    WAITING_FOR_PASSCODE = "waiting_for_passcode"  # answered, but not in the meeting
    IN_MEETING = "in_meeting"
    LEFT = "left"  # was answered
    REFUSED = "refused"  # never answered; ``status`` says why


@dataclass(frozen=True, slots=True)
class Participant:
    """One call, as the bridge saw it last. Times are UTC. No passcode is kept."""

    call_id: str
    meeting_id: str
    display_name: str
    remote: str  # the caller's SIP URI, from its From header
    transport: TransportName
    state: ParticipantState
    since: datetime  # of the present state
    started: datetime
    answered: datetime | None = None
    ended: datetime | None = None
    status: int = 0  # the refusal, or 487 when the caller gave up
    ended_by: str = ""  # "caller", "bridge", "passcode"

    @property
    def live(self) -> bool:
        """Answered and not over."""
        return self.answered is not None and self.ended is None


OnParticipant = Callable[[Participant], None]


@dataclass(frozen=True, slots=True)
class DialledMeeting:
    """The user part of what was dialled. Layout and host key are read over."""

    meeting_id: str
    passcode: str = field(repr=False)  # "" when none was given


def read_dialled(uri: str) -> DialledMeeting:
    """``sip:123456789.4321..000000@zoomcrc.com`` -> id and passcode. What is no SIP URI has the id ""."""
    try:
        user = messages.dialled(uri).user or ""
    except ValueError:
        return DialledMeeting("", "")
    meeting_id, _, rest = user.partition(".")
    return DialledMeeting(meeting_id, rest.partition(".")[0])


class SimulatedBridge:
    """Started by entering, stopped by leaving; every caller is then hung up.

    ``meetings``: id -> numeric passcode, or None where none is needed. ``open``: other ids are let in as well.
    UDP and TCP share ``port`` (0: any free one); TLS has a port of its own. Without a ``certificate`` the bridge signs
    one for itself at start; ``address("tls").ca_file`` is what a caller must trust.

    Knobs, any time: ``busy`` (486), ``answer_after`` (seconds of ringing), ``silent`` (as if switched off: whatever
    arrives is dropped).
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        meetings: Mapping[str, str | None] | None = None,
        *,
        transports: tuple[TransportName, ...] = ("udp", "tcp"),
        certificate: CertificateFiles | None = None,
        open: bool = False,
        on_change: OnParticipant | None = None,
        timers: Timers | None = None,
    ) -> None:
        self.busy = False
        self.answer_after = 0.0
        self.on_change = on_change
        self._host, self._port = host, port
        self._meetings = dict(meetings or {})
        self._transports, self._certificate = frozenset(transports), certificate
        self._open = open
        self._timers = timers or Timers()
        self._ports: dict[TransportName, int] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._agent: UserAgent | None = None
        self._silent = False
        self._log: list[_Visit] = []
        self._present: dict[SipCall, _Visit] = {}

    # ------------------------------------------------------------------------------------------- start and stop

    async def __aenter__(self) -> Self:
        self._agent = UserAgent(
            self._host, self._invited, user="bridge", product="Simulated meeting bridge", timers=self._timers
        )
        try:
            self._agent.signalling.silent = self._silent
            await self._listen(self._agent)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def _listen(self, agent: UserAgent) -> None:
        if {"udp", "tcp"} <= self._transports:
            self._ports["udp"] = self._ports["tcp"] = await agent.sockets.open_same_port(self._port)
        elif "udp" in self._transports:
            self._ports["udp"] = await agent.sockets.open_udp(self._port)
        elif "tcp" in self._transports:
            self._ports["tcp"] = await agent.sockets.listen("tcp", self._port)
        if "tls" in self._transports:
            if self._certificate is None:
                self._folder = tempfile.TemporaryDirectory(prefix="bridge-")
                self._certificate = tls.make_certificate(Path(self._folder.name), self._host)
            self._ports["tls"] = await agent.sockets.listen("tls", 0, tls.server_context(self._certificate))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        agent, self._agent = self._agent, None
        if agent:
            await self.hang_up(*self.meetings())
            await agent.close(min(_PATIENCE, self._timers.give_up))
        if self._folder:
            self._folder.cleanup()
            self._folder, self._certificate = None, None

    @property
    def silent(self) -> bool:
        return self._silent

    @silent.setter
    def silent(self, silent: bool) -> None:
        self._silent = silent
        if self._agent:
            self._agent.signalling.silent = silent

    @property
    def dropped(self) -> int:
        """How many messages came while it was silent."""
        return self._agent.signalling.dropped if self._agent else 0

    def address(self, transport: TransportName = "udp") -> BridgeAddress:
        """Raises KeyError for a transport that is not served."""
        ca_file = self._certificate.ca if transport == "tls" and self._certificate else ""
        return BridgeAddress(self._host, self._ports[transport], transport, ca_file)

    # ----------------------------------------------------------------------------------------- what tests look at

    @property
    def log(self) -> tuple[Participant, ...]:
        """Every call ever, live ones included, in the order of arrival: "never two live calls" is asserted on it."""
        return tuple(visit.participant for visit in self._log)

    def participants(self, meeting_id: str | None = None) -> tuple[Participant, ...]:
        """Whose call is answered and not over, in one meeting or in all."""
        everyone = (visit.participant for visit in self._present.values())
        return tuple(p for p in everyone if p.live and meeting_id in (None, p.meeting_id))

    def meetings(self) -> dict[str, tuple[Participant, ...]]:
        """Meeting id -> its participants; those who still have to enter the passcode are listed with that state."""
        ids = {p.meeting_id: None for p in self.participants()}
        return {meeting_id: self.participants(meeting_id) for meeting_id in ids}

    # --------------------------------------------------------------------------------------- what people can do

    def add_meeting(self, meeting_id: str, passcode: str | None = None) -> None:
        """Known from now on; the passcode of a known one is replaced."""
        self._meetings[meeting_id] = passcode

    async def hang_up(self, *whom: str | Participant) -> int:
        """End the calls of meetings (by id) or of single participants. Returns how many were live."""
        ids = {target for target in whom if isinstance(target, str)}
        calls = {target.call_id for target in whom if isinstance(target, Participant)}
        found = [v for v in self._present.values() if v.participant.live]
        found = [v for v in found if v.participant.meeting_id in ids or v.participant.call_id in calls]
        for visit in found:
            visit.ended_by = "bridge"
            await visit.call.hang_up()
        return len(found)

    # ------------------------------------------------------------------------------------------- what callers do

    def _invited(self, call: IncomingCall) -> None:
        dialled = read_dialled(call.uri)
        visit = _Visit(call, dialled, _arrival(call, dialled))
        self._log.append(visit)
        self._present[call] = visit
        call.on_change = lambda _: self._moved(visit)
        call.on_digit = lambda digit: self._pressed(visit, digit)
        refusal = self._refusal(dialled)
        if refusal:
            call.refuse(refusal)
            return
        call.ring()
        if self.answer_after:
            visit.answering = asyncio.get_running_loop().call_later(self.answer_after, call.accept)
        else:
            call.accept()

    def _refusal(self, dialled: DialledMeeting) -> int:
        if self.busy:
            return 486
        if dialled.meeting_id not in self._meetings:
            return 0 if self._open and dialled.meeting_id.isdecimal() else 404
        wanted = self._meetings[dialled.meeting_id]
        return 403 if wanted and dialled.passcode and dialled.passcode != wanted else 0

    def _moved(self, visit: _Visit) -> None:
        now = datetime.now(UTC)
        state = visit.call.state
        if state is SipState.CONNECTED:
            admitted = visit.dialled.passcode or not self._meetings.get(visit.dialled.meeting_id)
            inside = ParticipantState.IN_MEETING if admitted else ParticipantState.WAITING_FOR_PASSCODE
            self._record(visit, state=inside, since=now, answered=now)
        elif state is SipState.ENDED:
            self._over(visit, now)
        else:
            self._record(visit)

    def _over(self, visit: _Visit, now: datetime) -> None:
        if visit.answering:
            visit.answering.cancel()
        self._present.pop(visit.call, None)
        if visit.participant.answered:
            self._record(visit, state=ParticipantState.LEFT, since=now, ended=now, ended_by=visit.ended_by)
        else:
            status = visit.call.status
            self._record(visit, state=ParticipantState.REFUSED, since=now, ended=now, status=status)

    def _pressed(self, visit: _Visit, digit: str) -> None:
        """Digits up to # are the passcode. Inside the meeting they are commands, which this bridge has none of."""
        if visit.participant.state is not ParticipantState.WAITING_FOR_PASSCODE:
            return
        if digit != "#":
            visit.digits = (visit.digits + digit)[-_LONGEST_PASSCODE:]
        elif visit.digits == self._meetings.get(visit.dialled.meeting_id):
            self._record(visit, state=ParticipantState.IN_MEETING, since=datetime.now(UTC))
        else:
            visit.ended_by = "passcode"
            visit.call.leave()

    def _record(self, visit: _Visit, **changes: Any) -> None:
        visit.participant = replace(visit.participant, **changes)
        if self.on_change:
            self.on_change(visit.participant)


class _Visit:
    """One call with what the bridge needs to know of it."""

    __slots__ = ("answering", "call", "dialled", "digits", "ended_by", "participant")

    def __init__(self, call: IncomingCall, dialled: DialledMeeting, participant: Participant) -> None:
        self.call, self.dialled, self.participant = call, dialled, participant
        self.digits = ""
        self.ended_by = "caller"
        self.answering: asyncio.TimerHandle | None = None


def _arrival(call: IncomingCall, dialled: DialledMeeting) -> Participant:
    caller = call.invite.request.from_address
    now = datetime.now(UTC)
    return Participant(
        call_id=call.call_id,
        meeting_id=dialled.meeting_id,
        display_name=messages.shown_name(caller),
        remote=str(caller.uri),
        transport=call.invite.flow.transport,
        state=ParticipantState.RINGING,
        since=now,
        started=now,
    )
