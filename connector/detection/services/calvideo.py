"""Cal Video, the meetings that Cal.com books."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "calvideo",
    {"app.cal.com": r"/video/([^/]+)"},
    reason="Cal Video has no address that a room can dial",
)
