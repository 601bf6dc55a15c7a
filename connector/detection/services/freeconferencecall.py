"""FreeConferenceCall: a page of the host, joined in the browser or by telephone."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "freeconferencecall",
    {"join.freeconferencecall.com": r"/([^/]{2,60})", "freeconferencecall.com": r"/wall/([^/]{2,60})(?:/.*)?"},
    reason="FreeConferenceCall has no address that a room can dial",
)
