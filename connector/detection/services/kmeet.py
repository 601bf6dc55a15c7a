"""kMeet of Infomaniak."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "kmeet",
    {"kmeet.infomaniak.com": r"/([^/]+)"},
    reason="kMeet has no address that a room can dial",
)
