"""WhatsApp call links: the last part is the key to the call, so it is not taken as a name."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "whatsapp",
    {"call.whatsapp.com": r"/(?:video|voice)/[^/]+"},
    reason="WhatsApp has no address that a room can dial",
)
