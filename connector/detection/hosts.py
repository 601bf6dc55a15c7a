"""Whose a link is: a table made from the services, which the reader of a text asks once for each link."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from connector.detection.urls import Url


class HasLinks(Protocol):
    """What a service says of its links, see ``connector.detection.service.Service``."""

    @property
    def name(self) -> str: ...
    @property
    def domains(self) -> tuple[str, ...]: ...
    @property
    def schemes(self) -> tuple[str, ...]: ...
    @property
    def server(self) -> str: ...


@dataclass(frozen=True, slots=True)
class HostTable:
    """``domains``: domain to service. ``schemes``: of links that open a program. ``servers``: to be found in
    ``host/path``, for software that may stand on any host."""

    domains: Mapping[str, str]
    schemes: frozenset[str]
    servers: re.Pattern[str]

    @classmethod
    def of(cls, services: Iterable[HasLinks]) -> HostTable:
        services = tuple(services)
        return cls(
            {domain: service.name for service in services for domain in service.domains},
            frozenset(scheme for service in services for scheme in service.schemes),
            re.compile("|".join(f"(?:{service.server})" for service in services if service.server), re.IGNORECASE),
        )

    def service_of(self, host: str) -> str | None:
        """The service that has this host, or a domain above it: ``us02web.zoom.us`` is ``zoom``."""
        while host:
            if host in self.domains:
                return self.domains[host]
            host = host.partition(".")[2]
        return None

    def opens_meeting(self, url: Url) -> bool:
        """True for a link of any meeting system; what stands behind it belongs to that system's meeting."""
        if url.scheme in self.schemes:
            return True
        if not url.segments:
            return False
        return self.service_of(url.host) is not None or self.servers.search(url.host + url.path) is not None
