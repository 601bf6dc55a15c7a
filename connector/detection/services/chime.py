"""Amazon Chime, which has closed: ``chime.aws/NUMBER``."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "chime",
    {"chime.aws": r"/(?:meetings(?:/|/?\?pin=))?(\d{10,13})(?:/[^/]+)?|/(?!meetings\b)([a-z][a-z0-9\-]{3,40})(?:/.+)?"},
    reason="Amazon Chime's room address is not known for certain",
)
