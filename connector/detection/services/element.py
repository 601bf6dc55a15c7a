"""Element Call."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "element",
    {"call.element.io": r"/(?!room$)([^/]+)|/room/?#/([^?/]+).*"},
    reason="Element Call has no address that a room can dial",
)
