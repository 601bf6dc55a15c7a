"""Yandex Telemost."""

from __future__ import annotations

from connector.detection.plain import plain

_ROOM = r"/j/([^/]{1,60})"

service = plain(
    "telemost",
    {"telemost.yandex.ru": _ROOM, "telemost.yandex.com": _ROOM},
    reason="Telemost has no address that a room can dial",
)
