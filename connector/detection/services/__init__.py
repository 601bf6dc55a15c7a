"""The services table: each file or folder beside this one is a meeting service, and gives it as ``service``.

A new service needs no line elsewhere. The table is in the order of ``Service.turn``, then of the names.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from connector.detection.service import Service


def _table() -> tuple[Service, ...]:
    found = [_service_in(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    return tuple(sorted(found, key=lambda service: (service.turn, service.name)))


def _service_in(module: str) -> Service:
    service = getattr(import_module(module), "service", None)
    if not isinstance(service, Service):
        raise TypeError(f"{module} must have a line `service = Service(...)` or `service = plain(...)`")
    return service


SERVICES = _table()
