"""Livestorm. The page without ``/live`` is the registration."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "livestorm",
    {"livestorm.co": r"/p/([^/]+)(?:/.*)?|/[^/]+/([^/]+)/live(?:/.*)?"},
    reason="Livestorm has no address that a room can dial",
)
