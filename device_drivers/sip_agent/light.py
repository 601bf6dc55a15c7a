"""The light agent: a room's SIP side without media, cheap enough for thousands in one process."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from device_drivers.sip_agent import messages, tls
from device_drivers.sip_agent.api import BridgeAddress, DialNotAllowed, OnChange, SipCall
from device_drivers.sip_agent.digest import Credentials
from device_drivers.sip_agent.incoming import IncomingCall
from device_drivers.sip_agent.tls import CertificateFiles
from device_drivers.sip_agent.transactions import Timers
from device_drivers.sip_agent.transport import TransportName
from device_drivers.sip_agent.user_agent import UserAgent

_PATIENCE = 1.0  # seconds to wait for the answers to BYE and CANCEL when leaving


class LightSipAgent:
    """A SipAgent on sipmessage and asyncio: signalling only, over UDP, TCP and TLS.

    ``address`` is a loopback IP literal of this agent's own. ``port`` 0: nothing is bound before the first dial or
    ``listen``; else UDP is bound on entering. ``username``/``password`` answer a digest challenge of the bridge;
    ``certificate`` is shown to those who call it over TLS. An agent is entered once.
    """

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
        timers: Timers | None = None,
    ) -> None:
        if not messages.is_loopback(address):
            raise ValueError("a simulated endpoint lives on a loopback address")
        self.on_incoming: OnChange | None = None
        self._bridge, self._port, self._address = bridge, port, address
        self._user, self._display_name = user, display_name
        self._credentials = Credentials(username, password) if username else None
        self._certificate = certificate
        self._timers = timers or Timers()
        self._agent: UserAgent | None = None

    async def __aenter__(self) -> Self:
        if self._port:
            await self._running().sockets.open_udp(self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        agent, self._agent = self._agent, None
        if agent:
            await agent.close(min(_PATIENCE, self._timers.give_up))

    def _running(self) -> UserAgent:
        """Made when first needed: an agent that never calls costs a few hundred bytes."""
        if self._agent is None:
            self._agent = UserAgent(
                self._address,
                self._incoming,
                user=self._user,
                display_name=self._display_name,
                product="Simulated room system",
                timers=self._timers,
                credentials=self._credentials,
            )
        return self._agent

    async def dial(self, uri: str, on_change: OnChange) -> SipCall:
        """See SipAgent. Raises also ValueError when ``uri`` does not read ``sip:user@domain``."""
        bridge = allowed_bridge(self._bridge)
        agent = self._running()
        if bridge.transport == "udp":
            await agent.sockets.open_udp(self._port)
        return agent.dial(uri, bridge, on_change)

    async def listen(self, transport: TransportName = "udp") -> int:
        """Take calls over ``transport``; "tls" needs a ``certificate``. Returns the port. Raises OSError."""
        sockets = self._running().sockets
        if transport == "udp":
            return await sockets.open_udp(self._port)
        if transport == "tcp":
            return await sockets.listen("tcp", self._port)
        if self._certificate is None:
            raise ValueError("TLS needs a certificate")
        return await sockets.listen("tls", 0, tls.server_context(self._certificate))

    def _incoming(self, call: IncomingCall) -> None:
        if self.on_incoming is None:
            call.refuse(480)
            return
        call.ring()
        self.on_incoming(call)


def allowed_bridge(bridge: BridgeAddress | None) -> BridgeAddress:
    """Raises DialNotAllowed without a bridge on a loopback IP literal."""
    if bridge is None or not messages.is_loopback(bridge.host):
        raise DialNotAllowed("no bridge on a loopback address is configured: a simulated endpoint calls nothing else")
    return bridge
