"""Proton Meet."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "proton",
    {"meet.proton.me": r"/(?:u/\d+/)?join/([^/]+)"},
    reason="Proton Meet has no address that a room can dial",
)
