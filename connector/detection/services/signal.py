"""Signal call links: what stands behind the ``#`` is the key, so no part of it is taken as a name."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "signal",
    {"signal.link": r"/call/?#.+"},
    reason="Signal has no address that a room can dial",
)
