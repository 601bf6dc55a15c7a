"""What a call needs of its agent: sockets, transactions and who it is. Knows no call; agent and calls both hold it.

It sends to loopback addresses and to nothing else.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

from sipmessage import Address, Parameters, Request

from device_drivers.sip_agent import messages, sdp, tls
from device_drivers.sip_agent.digest import Credentials
from device_drivers.sip_agent.transactions import OnAck, OnRequest, ServerTransaction, Timers, Transactions
from device_drivers.sip_agent.transport import Flow, Sockets, TransportName


class Signalling:
    """One user agent's way to its peers. While ``silent``, whatever arrives is dropped unread and counted."""

    def __init__(
        self,
        address: str,
        *,
        user: str,
        display_name: str,
        product: str,
        timers: Timers,
        credentials: Credentials | None,
        on_request: OnRequest,
        on_ack: OnAck,
    ) -> None:
        self.address, self.product, self.timers, self.credentials = address, product, timers, credentials
        self.silent, self.dropped = False, 0
        self.ca_file = ""  # of the bridge that was dialled last
        self._user, self._display_name = user, messages.one_line(display_name)
        self.transactions = Transactions(timers, on_request, on_ack)
        self.sockets = Sockets(address, self._receive, self.transactions.lost)
        self._tasks: set[asyncio.Task[None]] = set()
        self._contexts: dict[str, ssl.SSLContext] = {}

    # -------------------------------------------------------------------------------------------------- identity

    def from_header(self, tag: str) -> str:
        uri = messages.sip_uri(self._user, self.address)
        return str(Address(uri=uri, name=self._display_name, parameters=Parameters(tag=tag)))

    def contact(self, flow: Flow) -> str:
        return f"<{messages.sip_uri(self._user, flow.local, flow.transport)}>"

    def session(self, server: ServerTransaction) -> bytes:
        """Our description: the answer to an offer, or an offer when the INVITE has none. Raises sdp.NotAcceptable."""
        request = server.request
        if not request.body:
            return sdp.offer(self.address)
        kind = (request.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        if kind != sdp.CONTENT_TYPE:
            raise sdp.NotAcceptable("the body is not a session description")
        return sdp.answer(request.body, self.address)

    def answer_other(self, server: ServerTransaction) -> None:
        """OPTIONS, and methods that are not ours."""
        method = server.request.method
        tag, allow = messages.new_tag(), ("Allow", messages.ALLOW)
        if method == "OPTIONS":
            server.respond(200, to_tag=tag, headers=(allow, ("Accept", sdp.CONTENT_TYPE)))
        elif method in messages.KNOWN_METHODS:
            server.respond(405, to_tag=tag, headers=(allow,))
        else:
            server.respond(501, to_tag=tag)

    # -------------------------------------------------------------------------------------------------- the way

    async def flow_to(self, transport: TransportName, hop: tuple[str, int], ca_file: str | None = None) -> Flow:
        """A connection to ``hop``, or the one that is open. ``ca_file`` None: that of the bridge dialled last.

        Raises OSError: refused, late, untrusted certificate, unreadable ``ca_file``.
        """
        context = self._context(self.ca_file if ca_file is None else ca_file) if transport == "tls" else None
        return await self.sockets.flow_to(transport, hop, context)

    def _context(self, ca_file: str) -> ssl.SSLContext:
        if ca_file not in self._contexts:
            self._contexts[ca_file] = tls.client_context(ca_file)
        return self._contexts[ca_file]

    def send_once(self, request: Request, flow: Flow) -> None:
        """The ACK of a 2xx: a transaction of its own, without an answer."""
        request.headers.set("Via", messages.via(flow.transport, flow.local, messages.new_branch()))
        flow.send(bytes(request))

    def _receive(self, data: bytes, flow: Flow) -> None:
        if self.silent:
            self.dropped += 1
        else:
            self.transactions.receive(data, flow)

    # -------------------------------------------------------------------------------------------------- the end

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """A task that ends with this agent at the latest."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self, patience: float, drop: Callable[[], None]) -> None:
        """Wait ``patience`` seconds at most for answers, end all tasks, ``drop`` what is left, close all sockets."""
        await self.transactions.drain(patience)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        drop()
        self.transactions.close()
        await self.sockets.close()
