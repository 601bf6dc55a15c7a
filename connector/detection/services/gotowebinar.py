"""GoTo Webinar. Its ``/register/`` pages are registrations: the link to join comes later."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "gotowebinar",
    {"gotowebinar.com": r"/join/(\d{6,20})(?:/.*)?"},
    reason="GoTo Webinar has no address that a room can dial",
)
