"""Google Hangouts, which has closed."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "hangouts",
    {"hangouts.google.com": r"/(?:call|hangouts/_)/(?:.+/)?([^/]+)"},
    reason="Hangouts has closed, and had no address that a room could dial",
)
