"""Slack huddles. The other links to Slack are no meetings."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "slack",
    {},
    server=r"[^/]+\.slack\.com/huddle/[^/]+/([^/]+)",
    reason="Slack huddles have no address that a room can dial",
)
