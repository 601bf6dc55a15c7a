"""Gather: a place in a virtual office."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "gather",
    {"gather.town": r"/app/[^/]+/([^/]+)"},
    reason="Gather has no address that a room can dial",
)
