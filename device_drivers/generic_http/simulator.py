"""The factory of simulated units, which the driver's plug names."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from device_drivers.generic_http.faces import FACES
from device_drivers.generic_http.simulated_unit import SimulatedHttpUnit
from device_drivers.sip_agent.api import SipAgent


def simulate(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    firmware: str = "",
    sip: SipAgent | None = None,
    unit_id: str = "sim",
    username: str = "admin",
    password: str = "",
    name: str = "",
    description: str = "room_controller",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> SimulatedHttpUnit:
    """A unit that fits one shipped description. ``port`` 0 takes a free one; no ``password`` makes one up.

    ``firmware`` and ``name`` mean nothing here and are taken so that all simulators are made alike. Whoever gives a
    SIP agent starts and stops it.
    """
    if description not in FACES:
        raise ValueError(f"There is no simulated unit for {description!r}; known: {', '.join(sorted(FACES))}.")
    return SimulatedHttpUnit(
        FACES[description],
        description=description,
        host=host,
        port=port,
        sip=sip,
        unit_id=unit_id,
        username=username,
        password=password or secrets.token_urlsafe(9),
        now=now,
    )
