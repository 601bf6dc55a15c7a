"""Tencent Meeting (腾讯会议), and VooV Meeting abroad. Their recordings are ``/crm/``, ``/cw/`` and ``/ct/``."""

from __future__ import annotations

from connector.detection.plain import plain

_ROOM = r"/(?:dm|[prs])/([A-Za-z0-9]{2,32})(?:/.*)?"

service = plain(
    "tencent",
    {"meeting.tencent.com": _ROOM, "voovmeeting.com": _ROOM},
    reason="Tencent Meeting has no address that a room can dial, unless a room connector of its owner is printed",
)
