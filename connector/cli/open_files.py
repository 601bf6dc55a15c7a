"""How many files and sockets the daemon may hold: as many as the system lets it.

A unit takes one or two sockets, and Linux gives a process 1,024 of them unless it asks for the more that it may have:
five hundred rooms that dial at nine would find none left.
"""

from __future__ import annotations

import resource
from contextlib import suppress

_ENOUGH = 65_536


def raise_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # some systems have a lower limit of their own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
