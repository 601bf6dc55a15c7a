"""BigBlueButton behind Greenlight, on any host: ``/b/abc-def-ghi``, since version 3 ``/rooms/abc-def-ghi-jkl/join``."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "bigbluebutton",
    {},
    server=r"[^/]+/(?:[^/]+/){0,3}(?:b/([a-z0-9]{3}(?:-[a-z0-9]{3}){2,3})|rooms/([a-z0-9]{3}(?:-[a-z0-9]{3}){3}))(?:/.*)?",
    reason="BigBlueButton has no address that a room can dial, unless its owner runs a gateway and prints it",
)
