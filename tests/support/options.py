"""The engine's options as the defaults of connector.toml make them, with the loopback for units."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

from connector.engine.options import Options
from connector.running.configuration import engine_options
from connector.settings import Settings


def default_options(**changes: Any) -> Options:
    return replace(engine_options(Settings()), **{"private_networks": (ip_network("127.0.0.0/8"),), **changes})
