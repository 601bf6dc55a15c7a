"""What a driver hands to the registry: its manifest and its functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from device_drivers.api.facts import UnitFacts
from device_drivers.api.protocols import Driver
from device_drivers.api.values import Endpoint


@dataclass(frozen=True, slots=True)
class DriverManifest:
    """From ``manifest.toml``. ``facts``: the least that a unit of this driver can, before the first probe."""

    name: str  # the word in the device_type column
    label: str
    facts: UnitFacts
    options: Mapping[str, str] = field(default_factory=dict)  # option name -> sentence
    default_port: int = 443
    status: str = ""  # what was and was not tried on hardware


@dataclass(frozen=True, slots=True)
class DriverPlug:
    """What the entry-point group ``connector.device_drivers`` yields: data and functions, no base class.

    ``open`` makes a session without contacting the unit. It may raise NotSupported or ValueError, each with a sentence,
    for options that make no sense.
    """

    manifest: DriverManifest
    open: Callable[[Endpoint], Driver]
    simulator: Callable[..., object] | None = None  # see device_drivers/testing/simulator.py
