"""Lark, and Feishu (飞书) in China: nine digits."""

from __future__ import annotations

from connector.detection.plain import plain

_ROOM = r"/j/(\d{6,12})"

service = plain(
    "lark",
    {"vc.larksuite.com": _ROOM, "vc.feishu.cn": _ROOM},
    reason="Lark meetings have no address that a room can dial, unless a connector of the owner is printed",
)
