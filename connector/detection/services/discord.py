"""Discord events. Its invitations (``discord.gg``) lead to a server, unless they name an event."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "discord",
    {"discord.gg": r"/[^/?]+\?event=(\d+)"},
    server=r"(?:www\.)?discord\.com/events/\d+/(\d+)",
    reason="Discord has no address that a room can dial",
)
