"""StarLeaf, which has closed: a room dials ``ID@ORGANISATION.call.sl``, which only the invitation tells."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "starleaf",
    {"starleaf.com": r"/(\d{6,12})(?:/[^/]+)?"},
    printed=("call.sl",),
    reason="the StarLeaf address is not printed",
)
