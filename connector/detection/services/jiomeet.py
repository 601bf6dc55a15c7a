"""JioMeet."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "jiomeet",
    {"jiomeetpro.jio.com": r"/shortener\?(?:.*&)?meetingId=(\d{6,14})(?:&.*)?"},
    reason="JioMeet has no address that a room can dial",
)
