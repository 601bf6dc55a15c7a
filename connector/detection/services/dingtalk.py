"""DingTalk (钉钉)."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "dingtalk",
    {"meeting.dingtalk.com": r"/j/([A-Za-z0-9]{4,40})"},
    reason="DingTalk has no address that a room can dial",
)
