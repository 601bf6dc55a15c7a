"""How long to wait after a failure, by what the error means. Pure."""

from __future__ import annotations

from datetime import timedelta

_FIRST = timedelta(seconds=2)
_SLOWEST = timedelta(minutes=5)


def backoff(failures: int, *, first: timedelta = _FIRST, slowest: timedelta = _SLOWEST) -> timedelta:
    """Doubling from ``first``; ``failures`` counts from 1. No jitter: one unit, one waiter."""
    doublings = min(max(failures - 1, 0), 16)
    return min(first * (1 << doublings), slowest)
