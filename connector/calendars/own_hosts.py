"""Which hosts a calendar's address may lead to: not this machine, nor what only it can reach.

A calendar's address comes from a list that many may edit, and a server may redirect anywhere: without this the daemon
would fetch from services that trust whoever asks from the same machine. Judged are the addresses that a connection is
made to, so that no name can lead there, and none can change its mind between the look and the connection.

Not meant are private networks: a calendar server in the house is usual.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass

import httpcore2
import httpx2

from connector.errors import SourceUnavailable
from connector.networks import Address, Network

_CLOUDS = frozenset(  # where clouds answer with credentials, outside of the link-local network
    ipaddress.ip_address(text) for text in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
_EMBEDDING = (  # networks whose addresses hold one of IPv4: prefix, and at which bit from the right it begins
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),  # mapped
    (ipaddress.IPv6Network("::/96"), 0),  # compatible
    (ipaddress.IPv6Network("::ffff:0:0:0/96"), 0),  # translated
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (ipaddress.IPv6Network("64:ff9b:1::/48"), 0),
    (ipaddress.IPv6Network("2002::/16"), 80),  # 6to4
)


class ForbiddenHost(SourceUnavailable):
    """A calendar's address, or what it redirects to, leads to a host that is not fetched from."""


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """Named by the admin in spite of all: host names in lower case, and networks."""

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> AllowedHosts:
        """Raises ValueError for what is neither."""
        names: set[str] = set()
        networks: list[Network] = []
        for text in texts:
            try:
                networks.append(ipaddress.ip_network(text.strip().strip("[]"), strict=False))
            except ValueError:
                if not text.strip() or set(text) & set("/:@ "):
                    raise ValueError(text) from None
                names.add(_plain(text))
        return cls(frozenset(names), tuple(networks))

    def hold(self, host: str, address: Address | None) -> bool:
        """``address``: of the host, None where it is not known yet."""
        if _plain(host) in self.names:
            return True
        return address is not None and any(address in each for each in self.networks if each.version == address.version)


def kind_of(address: Address) -> str:
    """What speaks against an address: "this machine itself", …; "" for all others."""
    judged: Address = address if isinstance(address, ipaddress.IPv4Address) else _inner(address)
    if address in _CLOUDS or judged in _CLOUDS:
        return "a cloud's own service for this machine"
    for each in (address, judged):
        if each.is_loopback or each.is_unspecified or each in ipaddress.ip_network("0.0.0.0/8"):
            return "this machine itself"
        if each.is_link_local or (isinstance(each, ipaddress.IPv6Address) and each.is_site_local):
            return "a link-local address"
        if each.is_multicast or str(each) == "255.255.255.255":
            return "no single host"
    return ""


def _inner(address: ipaddress.IPv6Address) -> Address:
    """The address of IPv4 that stands in one of IPv6."""
    for network, shift in _EMBEDDING:
        if address in network and int(address) >> 1:  # :: and ::1 are their own
            return ipaddress.IPv4Address(int(address) >> shift & 0xFFFFFFFF)
    return address


def literal(host: str) -> Address | None:
    """The address where a host is written as one."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def is_local_name(host: str) -> bool:
    """Names of this machine by convention (RFC 6761)."""
    name = _plain(host)
    return name == "localhost" or name.endswith(".localhost")


def check(url: httpx2.URL, named: str, allowed: AllowedHosts, who: str) -> None:
    """Before a request. ``named``: the host that the calendar's own address names; a loopback one counts as named.

    Raises ForbiddenHost; ``who`` begins the sentence.
    """
    host = url.host
    address = literal(host)
    kind = kind_of(address) if address is not None else "this machine itself" if is_local_name(host) else ""
    if not kind or allowed.hold(host, address):
        return
    if kind == "this machine itself" and _plain(host) == _plain(named) and not _is_odd(address):
        return
    raise ForbiddenHost(f"{who} leads to {kind}: not followed. {_HELP}")


_HELP = "If that is meant, name the host in allowed_hosts of this source."


def _is_odd(address: Address | None) -> bool:
    """Loopback in disguise: nobody who means this machine writes it so."""
    return address is not None and str(address) not in ("127.0.0.1", "::1") and not str(address).startswith("127.")


def _plain(host: str) -> str:
    return host.strip().strip("[]").rstrip(".").lower()


# ------------------------------------------------------------------------------------ connections


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Looks a name up, judges every address that it has, and connects to those that pass, one after the other.

    Hosts that are written as addresses, and localhost, were judged by ``check``, for their calendar.
    """

    def __init__(self, allowed: AllowedHosts, inner: httpcore2.AsyncNetworkBackend) -> None:
        self._allowed = allowed
        self._inner = inner

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Raises ForbiddenHost, and what the library raises."""
        last: Exception | None = None
        for address in await self._addresses(host, port, timeout):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last = error
        raise last or httpcore2.ConnectError("the name has no address")

    async def _addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        if literal(host) is not None or is_local_name(host):
            return [host]
        try:
            async with asyncio.timeout(timeout):
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError:
            raise httpcore2.ConnectTimeout from None
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from None
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        for text in addresses:
            address = literal(text)
            kind = kind_of(address) if address is not None else "no address"
            if kind and not self._allowed.hold(host, address):
                raise ForbiddenHost(f"The name {host[:100]} of a calendar leads to {kind}: not connected to. {_HELP}")
        return addresses

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


def guard(client: httpx2.AsyncClient, allowed: AllowedHosts) -> httpx2.AsyncClient:
    """The client, whose direct connections go through GuardedBackend from now on; those through a proxy of the
    environment do not, since a proxy looks names up itself."""
    transport = client._transport  # the library gives its proxies only to clients that make their transport themselves
    assert isinstance(transport, httpx2.AsyncHTTPTransport)
    pool = transport._pool  # and has no public way to give the backend
    assert isinstance(pool, httpcore2.AsyncConnectionPool)
    pool._network_backend = GuardedBackend(allowed, pool._network_backend)
    return client
