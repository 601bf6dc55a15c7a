"""How the engine paces itself. Filled from connector.toml by the app."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network


@dataclass(frozen=True, slots=True)
class Options:
    poll_every: timedelta = timedelta(seconds=60)  # every calendar is read again this often, whatever was told
    debounce: timedelta = timedelta(seconds=1.5)  # after a first read, further triggers wait this long
    read_again_after: timedelta = timedelta(seconds=12)  # a booking is often written twice
    read_concurrency: int = 8  # per calendar source
    read_deadline: timedelta = timedelta(seconds=60)
    verify_every: timedelta = timedelta(minutes=5)
    verify_after_push: timedelta = timedelta(seconds=3)
    push_concurrency: int = 128
    deadline: timedelta = timedelta(seconds=30)  # of one command to a unit
    settle: timedelta = timedelta(seconds=10)  # how long a lost command may still take effect
    arm_before: timedelta = timedelta(seconds=5)  # a unit's connection is opened this long before it dials
    guard_rooms: int = 5
    guard_share: float = 0.8
    guard_hold: timedelta = timedelta(minutes=15)
    clock_skew: timedelta = timedelta(seconds=90)  # a unit whose clock is further off is reported
    private_networks: tuple[IPv4Network | IPv6Network, ...] = ()
