"""The calls of a simulated unit: real SIP when it was given an agent, else answered at once."""

from __future__ import annotations

from device_drivers.cisco.simulator_state import Call, State
from device_drivers.sip_agent.api import DialNotAllowed, SipAgent, SipCall, SipState

_WORDS = {SipState.CALLING: "Dialling", SipState.RINGING: "Ringing", SipState.CONNECTED: "Connected"}


class CallFailed(Exception):
    """The unit could not even try; the message is its reason."""


class Phone:
    """Places and ends calls. ``answers``: without SIP, whether calls are connected at once or keep dialling.

    A further call is added beside the one that is up, as real units do: a wrong second dial is then visible.
    """

    def __init__(self, state: State, sip: SipAgent | None, *, answers: bool) -> None:
        self._state = state
        self._sip = sip
        self.answers = answers
        if sip is not None:
            sip.on_incoming = self._incoming

    async def dial(self, number: str, protocol: str, booking_id: str) -> Call:
        """Returns at once; the call goes on by itself. CallFailed when there is nowhere to call."""
        plain = self._sip is None or protocol.upper() == "H323"
        status = "Connected" if plain and self.answers else "Dialling"
        call = self._state.new_call(number, protocol, booking_id, outgoing=True, status=status)
        if self._sip is None:
            call.was_connected = self.answers
        elif plain:
            self._state.end_call(call, "the simulated unit speaks SIP only")
        else:
            try:
                call.sip = await self._sip.dial(f"sip:{number}", lambda sip: self._follow(call, sip))
            except DialNotAllowed as error:
                self._state.end_call(call, str(error))
                raise CallFailed(str(error)) from error
        return call

    async def hang_up(self, call: Call, reason: str) -> None:
        sip = call.sip
        self._state.end_call(call, reason)
        if sip is not None:
            await sip.hang_up()

    async def hang_up_all(self, reason: str) -> None:
        for call in self._state.live_calls():
            await self.hang_up(call, reason)

    def _follow(self, call: Call, sip: SipCall) -> None:
        if not call.live:
            return
        if sip.state is SipState.ENDED:
            self._state.end_call(call, sip.reason or "the far end left", sip_status=sip.status)
        else:
            call.status = _WORDS[sip.state]
            call.was_connected |= sip.state is SipState.CONNECTED

    def _incoming(self, sip: SipCall) -> None:
        call = self._state.new_call(sip.uri, "SIP", "", outgoing=False, status="Ringing")
        call.sip = sip
        sip.on_change = lambda changed: self._follow(call, changed)
