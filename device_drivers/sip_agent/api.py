"""The SipAgent contract. Two implementations, one test suite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Literal, Protocol, Self


class SipState(StrEnum):
    CALLING = "calling"
    RINGING = "ringing"
    CONNECTED = "connected"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class BridgeAddress:
    """Where every INVITE of a simulated endpoint goes, whatever domain the dialled address bears.

    ``host`` is a loopback IP literal: names are never resolved.
    """

    host: str
    port: int
    transport: Literal["udp", "tcp", "tls"] = "udp"
    ca_file: str = ""  # PEM that signs the bridge's certificate; tls only


class SipCall(Protocol):
    """One dialog. ``status``/``reason`` carry the final SIP answer when it ended before it was connected.

    ``on_change`` is called for each later state: ``dial`` sets it; for an incoming call ``on_incoming`` may.
    """

    on_change: OnChange | None

    @property
    def call_id(self) -> str: ...

    @property
    def uri(self) -> str: ...

    @property
    def outgoing(self) -> bool: ...

    @property
    def state(self) -> SipState: ...

    @property
    def status(self) -> int: ...

    @property
    def reason(self) -> str: ...

    async def hang_up(self) -> None:
        """CANCEL, BYE or a refusal, whichever the state asks for. Ended already: nothing happens."""
        ...

    async def answer(self) -> None:
        """Incoming calls only."""
        ...

    async def send_digits(self, digits: str) -> None:
        """DTMF by SIP INFO (application/dtmf-relay)."""
        ...


OnChange = Callable[[SipCall], None]


class SipAgent(Protocol):
    """One user agent on one loopback address. ``on_incoming`` is called for each new incoming call."""

    on_incoming: OnChange | None

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def dial(self, uri: str, on_change: OnChange) -> SipCall:
        """Send an INVITE for ``sip:user@domain`` to the configured bridge. Returns at once with a call in
        state CALLING; ``on_change`` is called for each later state. ``DialNotAllowed`` when there is no bridge."""
        ...


class DialNotAllowed(Exception):
    """No loopback bridge is configured: a simulated endpoint calls nothing else."""
