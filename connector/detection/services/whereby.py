"""Whereby: ``whereby.com/ROOM``."""

from __future__ import annotations

from connector.detection.plain import plain

_ROOM = r"/([^/]+)"

service = plain(
    "whereby",
    {"whereby.com": _ROOM, "appear.in": _ROOM},
    not_rooms=("information", "blog", "user", "org", "about", "pricing", "login", "signup", "embed"),
    reason="Whereby has no address that a room can dial",
)
