"""The services table: each file or folder beside this one gives a meeting service as ``service``, or ``services``.

A new service needs no line elsewhere. The table is in the order of ``Service.turn``, then of the names.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from connector.detection.hosts import HostTable
from connector.detection.link_only import LinkOnly, service_of
from connector.detection.parsed_text import Link, ParsedText
from connector.detection.service import Service


def _table() -> tuple[Service, ...]:
    modules = [f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)]
    found = [service for module in modules for service in _services_in(module)]
    return tuple(sorted(found, key=lambda service: (service.turn, service.name)))


def _services_in(module: str) -> list[Service]:
    loaded = import_module(module)
    given = getattr(loaded, "services", None) or (getattr(loaded, "service", None),)
    return [_service(entry, module) for entry in given]


def _service(entry: object, module: str) -> Service:
    if isinstance(entry, LinkOnly):
        return service_of(entry)
    if not isinstance(entry, Service):
        raise TypeError(f"{module} must have a line `service = Service(...)` or `service = LinkOnly(...)`")
    return entry


SERVICES = _table()
HOSTS = HostTable.of(SERVICES)
BY_CALENDARS = frozenset(service.name for service in SERVICES if service.added_by_calendars)
_NAMED = {service.name: service for service in SERVICES}
_ANYWHERE = tuple(service for service in SERVICES if service.key is not None and (service.server or service.schemes))


def key_of(parsed: ParsedText, link: Link) -> tuple[str, str, str] | None:
    """(service, kind of link, id) of the live meeting behind a link; None for any other link."""
    for service in (_NAMED[link.service],) if link.service is not None else _ANYWHERE:
        key = service.key(parsed, link) if service.key is not None else None
        if key is not None:
            return (service.name, *key)
    return None
