"""Dialpad Meetings, once UberConference."""

from __future__ import annotations

from connector.detection.plain import plain

_ROOM = r"/(?:room/)?([A-Za-z0-9._\-]{2,60})"

service = plain(
    "dialpad",
    {"meetings.dialpad.com": _ROOM, "uberconference.com": _ROOM},
    not_rooms=("international", "login", "signup", "pricing", "features", "about", "support"),
    reason="Dialpad has no address that a room can dial",
)
