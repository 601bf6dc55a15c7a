"""Riverside studios: the link of a guest."""

from __future__ import annotations

from connector.detection.plain import plain

_ROOM = r"/studio/([^/]+)"

service = plain(
    "riverside",
    {"riverside.fm": _ROOM, "riverside.com": _ROOM},
    reason="Riverside has no address that a room can dial",
)
