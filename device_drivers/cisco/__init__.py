"""Cisco codecs: TC 7.3, CE 9, RoomOS 10, 11 and 26. See README.md for what was never tried on hardware."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from device_drivers.api import DriverPlug
from device_drivers.cisco.driver import CiscoDriver
from device_drivers.registry import load_manifest

if TYPE_CHECKING:
    from device_drivers.cisco.simulator import CiscoSimulator


def simulate(**knobs: Any) -> CiscoSimulator:
    """See ``device_drivers.cisco.simulator.simulate``; a daemon that never simulates does not load it."""
    from device_drivers.cisco.simulator import simulate as start

    return start(**knobs)


plug = DriverPlug(load_manifest(Path(__file__).with_name("manifest.toml")), CiscoDriver, simulate)
