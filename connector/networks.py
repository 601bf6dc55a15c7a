"""Private Networks: which addresses an endpoint may have."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# RFC 1918 and RFC 4193. Loopback is not among them: a simulated unit needs an entry of its own.
PRIVATE_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")


def network(text: str) -> str:
    """The canonical CIDR form of ``text``; ValueError names the nearest valid form."""
    try:
        loose = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not a network; write it as 10.0.0.0/8 or fc00::/7") from None
    try:
        return str(ipaddress.ip_network(text.strip()))
    except ValueError:
        raise ValueError(f"{text!r} has host bits set; did you mean '{loose}'?") from None


def within(address: Address, networks: Iterable[Network]) -> bool:
    """Whether ``address`` is in one of ``networks``.

    A loopback address needs a network that is loopback itself: 0.0.0.0/0 must not open the daemon's own host.
    """
    mapped = getattr(address, "ipv4_mapped", None)  # ::ffff:10.0.0.1 is 10.0.0.1 to the operating system
    judged: Address = mapped or address
    holding = [n for n in networks if n.version == judged.version and judged in n]
    return any(n.is_loopback for n in holding) if judged.is_loopback else bool(holding)
