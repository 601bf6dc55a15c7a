"""The wall between the daemon and the endpoints: everything that crosses it is defined here.

Standard library only. The daemon imports this package and the registry; drivers import this package and never the
daemon. All times are timezone-aware UTC. Nothing here prints a passcode or a password: the ``repr`` of whatever
carries one shows a redacted form.
"""

from __future__ import annotations

from device_drivers.api.errors import (
    CredentialsRejected,
    DeviceBusy,
    DeviceUnreachable,
    DialRefused,
    DriverError,
    NameMissing,
    NotHttps,
    NotSupported,
    TlsNotPossible,
    UnexpectedReply,
    UntrustedCertificate,
)
from device_drivers.api.facts import DeviceInfo, UnitFacts, UnitProtocol
from device_drivers.api.plug import DriverManifest, DriverPlug
from device_drivers.api.protocols import (
    PROTOCOLS,
    Armable,
    Dials,
    Driver,
    HangsUp,
    ListsCalls,
    Probes,
    Remembers,
    Session,
    Shows,
    TellsShown,
    UnitMemory,
    offered,
)
from device_drivers.api.text import clean_text, redact_address
from device_drivers.api.values import (
    Booking,
    BookingList,
    CallRef,
    CallState,
    DialAddress,
    Endpoint,
    Receipt,
    TlsPolicy,
)

__all__ = [
    "PROTOCOLS",
    "Armable",
    "Booking",
    "BookingList",
    "CallRef",
    "CallState",
    "CredentialsRejected",
    "DeviceBusy",
    "DeviceInfo",
    "DeviceUnreachable",
    "DialAddress",
    "DialRefused",
    "Dials",
    "Driver",
    "DriverError",
    "DriverManifest",
    "DriverPlug",
    "Endpoint",
    "HangsUp",
    "ListsCalls",
    "NameMissing",
    "NotHttps",
    "NotSupported",
    "Probes",
    "Receipt",
    "Remembers",
    "Session",
    "Shows",
    "TellsShown",
    "TlsNotPossible",
    "TlsPolicy",
    "UnexpectedReply",
    "UnitFacts",
    "UnitMemory",
    "UnitProtocol",
    "UntrustedCertificate",
    "clean_text",
    "offered",
    "redact_address",
]
