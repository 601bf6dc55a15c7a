"""StreamYard studios: the link of a guest."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "streamyard",
    {"streamyard.com": r"/(?:guest/)?(?=[a-z]*\d)([a-z0-9]{8,13})"},
    reason="StreamYard has no address that a room can dial",
)
