"""Daily: rooms on a sub-domain of their owner."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "daily",
    {},
    server=r"(?!(?:www|api|docs|dashboard|help|blog)\.)[^/.]+\.daily\.co/([^/]+)",
    reason="Daily has no address that a room can dial",
)
