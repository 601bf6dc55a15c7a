"""join.me, which has closed."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "joinme",
    {"join.me": r"/([A-Za-z0-9._\-]{3,60})"},
    reason="join.me has closed, and had no address that a room could dial",
)
