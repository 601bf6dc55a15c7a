"""Doxy.me: waiting rooms of clinics, also on a sub-domain of theirs."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "doxy",
    {"doxy.me": r"/([^/]{2,60})"},
    not_rooms=("about", "account", "blog", "en", "features", "login", "pricing", "sign-in", "sign-up"),
    reason="Doxy.me has no address that a room can dial",
)
