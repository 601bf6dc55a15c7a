"""FaceTime links: what stands behind the ``#`` is the key, so no part of it is taken as a name."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "facetime",
    {"facetime.apple.com": r"/join/?#.+"},
    reason="FaceTime has no address that a room can dial",
)
