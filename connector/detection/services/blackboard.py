"""Blackboard Collaborate, now Class Collaborate. ``/recording/`` is one."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "blackboard",
    {"bbcollab.com": r"/guest/([0-9a-f]{16,40})|/collab/ui/session/(?:guest|join)/([^/]+)"},
    reason="Blackboard Collaborate has no address that a room can dial",
)
