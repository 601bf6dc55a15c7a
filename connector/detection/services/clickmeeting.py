"""ClickMeeting: rooms on a sub-domain of their owner; ``/register`` behind the name is the registration."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "clickmeeting",
    {},
    server=r"(?!(?:www|api|dev|developers|help|knowledge|blog)\.)[^/.]+\.clickmeeting\.com/([^/]+)",
    reason="ClickMeeting has no address that a room can dial",
)
