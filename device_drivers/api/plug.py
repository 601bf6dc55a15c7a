"""What a driver hands to the registry: its manifest and its functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from device_drivers.api.facts import UnitFacts
from device_drivers.api.protocols import Driver
from device_drivers.api.values import Endpoint

COMMON_OPTIONS: Mapping[str, str] = {
    "tls_name": "The unit's name where the column ip_address holds an address: it is asked for in the TLS handshake, "
    "looked for in the certificate, and sent as the Host.",
    "tls_client_certificate": "A PEM file with a certificate and its key, without a passphrase, for a unit that asks "
    "for one.",
}
"""Options of every driver, as far as it speaks HTTPS by ``device_drivers.http``: name -> sentence."""


@dataclass(frozen=True, slots=True)
class DriverManifest:
    """From ``manifest.toml``. ``facts``: the least that a unit of this driver can, before the first probe."""

    name: str  # the word in the device_type column
    label: str
    facts: UnitFacts
    options: Mapping[str, str] = field(default_factory=dict)  # option name -> sentence
    default_port: int = 443
    status: str = ""  # what was and was not tried on hardware

    @property
    def all_options(self) -> Mapping[str, str]:
        """The driver's own and the common ones."""
        return {**self.options, **COMMON_OPTIONS}


@dataclass(frozen=True, slots=True)
class DriverPlug:
    """What the entry-point group ``connector.device_drivers`` yields: data and functions, no base class.

    ``open`` makes a session without contacting the unit. It may raise NotSupported or ValueError, each with a sentence,
    for options that make no sense.
    """

    manifest: DriverManifest
    open: Callable[[Endpoint], Driver]
    simulator: Callable[..., object] | None = None  # see device_drivers/testing/simulator.py
