"""Vonage Meetings: nine digits."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "vonage",
    {"meetings.vonage.com": r"/(\d{9})"},
    reason="Vonage Meetings has no address that a room can dial",
)
