"""A SipAgent without a network: it remembers what was dialled and answers as it is told.

For checks of drivers and simulators, where what counts is which address a unit dials and how often.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from device_drivers.sip_agent.api import OnChange, SipState


class MemorySipCall:
    """See ``device_drivers.sip_agent.api.SipCall``."""

    def __init__(self, call_id: str, uri: str, on_change: OnChange | None = None, *, outgoing: bool = True) -> None:
        self.call_id = call_id
        self.uri = uri
        self.outgoing = outgoing
        self.state = SipState.CALLING
        self.status = 0
        self.reason = ""
        self.digits = ""
        self.on_change = on_change

    async def hang_up(self) -> None:
        self.become(SipState.ENDED)

    async def answer(self) -> None:
        self.become(SipState.CONNECTED)

    async def send_digits(self, digits: str) -> None:
        self.digits += digits

    def become(self, state: SipState, status: int = 0, reason: str = "") -> None:
        """What the far end does. Nothing happens to a call that is over."""
        if SipState.ENDED is self.state:
            return
        self.state, self.status, self.reason = state, status, reason
        if self.on_change is not None:
            self.on_change(self)


class MemorySipAgent:
    """``answer``: outgoing calls are answered at once; ``refuse``: (status, reason) they are refused with instead.

    Neither: they stay in CALLING until the test says otherwise.
    """

    def __init__(self, *, answer: bool = True, refuse: tuple[int, str] | None = None) -> None:
        self.on_incoming: OnChange | None = None
        self.calls: list[MemorySipCall] = []
        self.answer = answer
        self.refuse = refuse

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for call in self.calls:
            await call.hang_up()

    @property
    def dialled(self) -> tuple[str, ...]:
        """Every address ever dialled, in order, with its scheme."""
        return tuple(call.uri for call in self.calls if call.outgoing)

    async def dial(self, uri: str, on_change: OnChange) -> MemorySipCall:
        call = MemorySipCall(str(len(self.calls) + 1), uri, on_change)
        self.calls.append(call)
        loop = asyncio.get_running_loop()
        if self.refuse is not None:
            loop.call_soon(call.become, SipState.ENDED, *self.refuse)
        elif self.answer:
            loop.call_soon(call.become, SipState.CONNECTED)
        return call

    def ring(self, uri: str) -> MemorySipCall:
        """Somebody calls this agent."""
        call = MemorySipCall(str(len(self.calls) + 1), uri, outgoing=False)
        self.calls.append(call)
        if self.on_incoming is not None:
            self.on_incoming(call)
        return call
