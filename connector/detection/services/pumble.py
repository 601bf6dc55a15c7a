"""Pumble."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "pumble",
    {"meet.pumble.com": r"/([a-z\-]{3,40})"},
    reason="Pumble has no address that a room can dial",
)
