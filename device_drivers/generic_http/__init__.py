"""Any unit with an HTTP interface, driven by a description file instead of code. See README.md."""

from __future__ import annotations

from pathlib import Path

from device_drivers.api import DriverPlug
from device_drivers.generic_http.driver import open_unit
from device_drivers.generic_http.simulator import simulate
from device_drivers.registry import load_manifest

plug = DriverPlug(load_manifest(Path(__file__).parent / "manifest.toml"), open_unit, simulate)
