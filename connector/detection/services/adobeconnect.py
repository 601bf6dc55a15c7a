"""Adobe Connect: rooms have names; ``/p`` with a code behind it is a recording."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "adobeconnect",
    {"adobeconnect.com": r"/(?!p[a-z0-9]{9,13}$)([A-Za-z0-9][A-Za-z0-9_\-]{2,60})"},
    not_rooms=("admin", "common", "system", "servlet"),
    reason="Adobe Connect has no address that a room can dial",
)
