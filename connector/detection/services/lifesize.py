"""Lifesize: ``call.lifesizecloud.com/EXTENSION``; a room dials the extension at the service's domain."""

from __future__ import annotations

from connector.detection.plain import plain

_ROOM = r"/(\d{4,10})(?:/[^/]+)?"

service = plain(
    "lifesize",
    {"lifesizecloud.com": _ROOM, "lifesize.com": _ROOM},
    dial="{id}@lifesizecloud.com",
    printed=("lifesizecloud.com",),
)
