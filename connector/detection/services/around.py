"""Around, which has closed."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "around",
    {"around.co": r"/r/([^/]+)"},
    reason="Around has closed, and had no address that a room could dial",
)
