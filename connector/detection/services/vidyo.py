"""Vidyo: the key of a link is not the extension that a room would dial."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "vidyo",
    {"vidyocloud.com": r"/join/([^/]+)|/flex\.html\?(?:.*&)?key=([A-Za-z0-9]+)(?:&.*)?"},
    reason="the link does not tell the extension that a room would dial, and no SIP address is printed",
)
