"""Which meeting service a link belongs to, as the files of the services table say."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from connector.detection.urls import Url


@lru_cache(maxsize=4096)
def service_of_host(host: str) -> str | None:
    """The service that has this host, or a domain above it: ``us02web.zoom.us`` is ``zoom``, ``notzoom.us`` is none."""
    known, _, _ = _table()
    while host:
        if host in known:
            return known[host]
        host = host.partition(".")[2]
    return None


def names_a_meeting(url: Url) -> bool:
    """True for a link of any meeting system; what stands behind it belongs to that system's meeting."""
    _, schemes, servers = _table()
    if url.scheme in schemes:
        return True
    if not url.segments:
        return False
    return service_of_host(url.host) is not None or servers.search(url.host + url.path) is not None


@cache
def _table() -> tuple[dict[str, str], frozenset[str], re.Pattern[str]]:
    """Domain to service; the schemes of programs; the links of servers that may stand on any host."""
    # Not imported above: services read pages, and a page asks here while it takes the wrapping off its links.
    from connector.detection.services import SERVICES

    domains = {domain: service.name for service in SERVICES for domain in service.domains}
    schemes = frozenset(scheme for service in SERVICES for scheme in service.schemes)
    servers = re.compile("|".join(f"(?:{service.server})" for service in SERVICES if service.server), re.IGNORECASE)
    return domains, schemes, servers
