"""Zoho Meeting, in its regions."""

from __future__ import annotations

from connector.detection.plain import plain

_ROOM = r"/(?:meeting/)?(?:join|meeting-start)\?(?:.*&)?key=(\d{3,16})(?:&.*)?|/meeting/(\d{6,16})"

service = plain(
    "zoho",
    {f"meeting.zoho.{region}": _ROOM for region in ("com", "eu", "in", "com.au", "com.cn", "jp", "sa", "ca")},
    reason="Zoho Meeting has no address that a room can dial",
)
