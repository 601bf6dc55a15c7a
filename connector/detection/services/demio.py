"""Demio webinars."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "demio",
    {"event.demio.com": r"/(?:ref/)?([^/]+)"},
    reason="Demio has no address that a room can dial",
)
