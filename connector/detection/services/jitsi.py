"""Jitsi, at its own hosts, at 8x8, and on servers that carry its name."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "jitsi",
    {"meet.jit.si": r"/(?:[^/]+/)?([^/]+)", "8x8.vc": r"/([^/]+/[^/]+(?:/[^/]+)?)(?:/.*)?"},
    server=r"(?!jitsi\.org/)(?:jitsi[^/]*|(?:[^/]+\.)?jitsi(?:\.[^/.]+){2,9})/(?:[^/]+/)?([^/]+)",
    not_rooms=("static", "images", "css", "libs"),
    reason="Jitsi has no address that a room can dial, unless its owner runs a gateway and prints it",
)
