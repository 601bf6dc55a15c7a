"""Skype for Business and Skype, which has closed. Their ``conf:sip:`` address is for their own clients."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "skype",
    {"meet.lync.com": r"/[^/]+/(?:.+/)?[^/]+/([^/]+)", "join.skype.com": r"/(?:.+/)?([^/]+)"},
    printed=(),
    reason="Skype for Business meetings cannot be dialled by a standards-based room",
)
