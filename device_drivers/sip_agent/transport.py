"""UDP, TCP and TLS sockets of one user agent on one loopback address. Sockets are opened when first needed."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Literal, Protocol, cast

from device_drivers.sip_agent.messages import is_loopback

TransportName = Literal["udp", "tcp", "tls"]
Address = tuple[str, int]
MAX_MESSAGE = 65_536  # bytes; more than that on a stream without a complete message closes it
_RECEIVE_BUFFER = 1 << 20  # bytes; a burst of hundreds of INVITEs must fit while the loop is busy
_PORT_ATTEMPTS = 20
_CONNECT_TIMEOUT = 10.0  # seconds


class Flow(Protocol):
    """Where bytes can be sent and come from: one remote address over UDP, or one connection."""

    @property
    def transport(self) -> TransportName: ...

    @property
    def local(self) -> Address: ...

    @property
    def remote(self) -> Address: ...

    @property
    def closed(self) -> bool: ...

    def send(self, data: bytes) -> None:
        """Never blocks and never raises; a closed flow drops the bytes."""
        ...


Deliver = Callable[[bytes, Flow], None]
Lost = Callable[[Flow], None]
_StreamEvent = Callable[["StreamFlow"], None]


class UdpFlow:
    __slots__ = ("_socket", "remote")

    transport: TransportName = "udp"

    def __init__(self, socket: _UdpSocket, remote: Address) -> None:
        self._socket = socket
        self.remote = remote

    @property
    def local(self) -> Address:
        return self._socket.local

    @property
    def closed(self) -> bool:
        return self._socket.transport.is_closing()

    def send(self, data: bytes) -> None:
        if not self.closed:
            self._socket.transport.sendto(data, self.remote)

    def to(self, remote: Address) -> UdpFlow:
        return UdpFlow(self._socket, remote)


class _UdpSocket(asyncio.DatagramProtocol):
    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self.transport: asyncio.DatagramTransport
        self.local: Address = ("", 0)
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Before 3.12 asyncio's own UDP transport is no subclass of DatagramTransport, so isinstance would fail.
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.local = transport.get_extra_info("sockname")[:2]
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        self._deliver(data, UdpFlow(self, (str(addr[0]), int(addr[1]))))

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()


class StreamFlow(asyncio.Protocol):
    """One TCP or TLS connection, cut into messages by Content-Length (RFC 3261 18.3)."""

    def __init__(self, transport: TransportName, deliver: Deliver, opened: _StreamEvent, lost: _StreamEvent) -> None:
        self.transport: TransportName = transport
        self.local: Address = ("", 0)
        self.remote: Address = ("", 0)
        self.closed = False
        self.gone = asyncio.Event()
        self._deliver, self._opened, self._lost = deliver, opened, lost
        self._wire: asyncio.Transport
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._wire = transport
        self.local = transport.get_extra_info("sockname")[:2]
        self.remote = transport.get_extra_info("peername")[:2]
        self._opened(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while not self.closed and (message := self._next_message()):
            self._deliver(message, self)

    def _next_message(self) -> bytes:
        """The next whole message, or nothing yet. What cannot be cut closes the connection."""
        self._drop_keepalives()
        head, separator, _ = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            if len(self._buffer) > MAX_MESSAGE:
                self.abort()
            return b""
        length = _content_length(head)
        if length is None or len(head) + 4 + length > MAX_MESSAGE:
            self.abort()
            return b""
        end = len(head) + 4 + length
        if len(self._buffer) < end:
            return b""
        message, self._buffer = self._buffer[:end], self._buffer[end:]
        return message

    def _drop_keepalives(self) -> None:
        """Blank lines between messages; a double one asks for a single one back (RFC 5626 4.4.1)."""
        while self._buffer.startswith(b"\r\n"):
            if self._buffer.startswith(b"\r\n\r\n"):
                self.send(b"\r\n")
                self._buffer = self._buffer[2:]
            self._buffer = self._buffer[2:]

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.gone.set()
        self._lost(self)

    def send(self, data: bytes) -> None:
        if not self.closed and not self._wire.is_closing():
            self._wire.write(data)

    def abort(self) -> None:
        self.closed = True
        self._wire.abort()


def _content_length(head: bytes) -> int | None:
    """None when the header is absent or not a number: on a stream the end is then unknown."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() in (b"content-length", b"l"):
            text = value.strip()
            return int(text) if text.isdigit() and len(text) < 8 else None
    return None


class Sockets:
    """All sockets of one agent. ``deliver`` gets each whole message, ``lost`` each connection that went away."""

    def __init__(self, host: str, deliver: Deliver, lost: Lost) -> None:
        if not is_loopback(host):
            raise ValueError("a simulated SIP party lives on a loopback address")
        self._host = host
        self._deliver, self._lost = deliver, lost
        self._udp: _UdpSocket | None = None
        self._opening = asyncio.Lock()
        self._servers: dict[TransportName, asyncio.Server] = {}
        self._streams: set[StreamFlow] = set()

    async def open_udp(self, port: int) -> int:
        """Bind, unless bound already. Returns the port. Raises OSError."""
        async with self._opening:
            if self._udp is None:
                loop = asyncio.get_running_loop()
                _, self._udp = await loop.create_datagram_endpoint(
                    lambda: _UdpSocket(self._deliver), local_addr=(self._host, port)
                )
        return self._udp.local[1]

    def udp_flow(self, remote: Address) -> UdpFlow | None:
        return UdpFlow(self._udp, remote) if self._udp else None

    async def listen(self, transport: Literal["tcp", "tls"], port: int, context: ssl.SSLContext | None = None) -> int:
        """Accept connections, unless listening already. Returns the port. Raises OSError."""
        async with self._opening:
            if transport not in self._servers:
                self._servers[transport] = await asyncio.get_running_loop().create_server(
                    lambda: self._stream(transport), self._host, port, ssl=context, backlog=1024
                )
        return int(self._servers[transport].sockets[0].getsockname()[1])

    async def open_same_port(self, port: int) -> int:
        """UDP and TCP on one port number. Raises OSError when none is free on both."""
        for _ in range(_PORT_ATTEMPTS if port == 0 else 1):
            chosen = await self.open_udp(port)
            try:
                return await self.listen("tcp", chosen)
            except OSError:
                await self._close_udp()
        raise OSError(f"no port of {self._host} is free for both UDP and TCP")

    async def flow_to(self, transport: TransportName, remote: Address, context: ssl.SSLContext | None) -> Flow:
        """A way to a loopback address: the UDP socket, the open connection, or a new one. Raises OSError."""
        if not is_loopback(remote[0]):
            raise OSError("not a loopback address")
        if transport == "udp":
            await self.open_udp(0)
            assert self._udp is not None
            return UdpFlow(self._udp, remote)
        for stream in self._streams:
            if stream.transport == transport and stream.remote == remote and not stream.closed:
                return stream
        async with asyncio.timeout(_CONNECT_TIMEOUT):  # TimeoutError is an OSError
            _, made = await asyncio.get_running_loop().create_connection(
                lambda: self._stream(transport), *remote, ssl=context, local_addr=(self._host, 0)
            )
        return made

    def _stream(self, transport: TransportName) -> StreamFlow:
        return StreamFlow(transport, self._deliver, self._streams.add, self._gone)

    def _gone(self, flow: StreamFlow) -> None:
        self._streams.discard(flow)
        self._lost(flow)

    async def _close_udp(self) -> None:
        if self._udp:
            udp, self._udp = self._udp, None
            udp.transport.abort()
            await udp.gone.wait()

    async def close(self) -> None:
        """Everything that was sent before has left for the kernel; then all sockets are closed."""
        for server in self._servers.values():
            server.close()
        streams = list(self._streams)
        for stream in streams:
            stream.abort()
        for stream in streams:
            await stream.gone.wait()
        await self._close_udp()
