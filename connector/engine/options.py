"""How the engine paces itself. Filled from connector.toml by the app."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network

from connector.planning.pace import Pace

CLOCK_SKEW = timedelta(seconds=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What connector.toml sets has no default here: settings/schema.py is the one place of those."""

    pace: Pace  # how often every calendar is read again, whatever was told
    debounce: timedelta  # after a first read, further triggers wait this long
    read_again_after: timedelta  # a booking is often written twice
    window_back: timedelta  # of a calendar that is read, before now
    window_ahead: timedelta
    read_concurrency: int  # per calendar source
    verify_every: timedelta
    push_concurrency: int
    deadline: timedelta  # of one command to a unit
    settle: timedelta  # how long a lost command may still take effect
    arm_before: timedelta  # a unit's connection is opened this long before it dials
    guard_rooms: int
    guard_share: float
    guard_hold: timedelta
    private_networks: tuple[IPv4Network | IPv6Network, ...]
    read_deadline: timedelta = timedelta(seconds=60)
    verify_after_push: timedelta = timedelta(seconds=3)
    clock_skew: timedelta = CLOCK_SKEW  # a unit whose clock is further off is reported
