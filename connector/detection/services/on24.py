"""ON24 webcasts."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "on24",
    {"on24.com": r"/wcc/r/(\d{4,12})/.+"},
    reason="ON24 webcasts are watched in a browser; a room cannot dial them",
)
