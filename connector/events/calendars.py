"""Calendars, their sources, and how these tell of changes."""

from __future__ import annotations

from datetime import datetime

from connector.events.base import Happened, event


@event("calendar.read", "info")
class CalendarRead(Happened):
    """A calendar's content changed since the last reading."""

    calendar: str
    meetings: int


@event("calendar.failed", "warning")
class CalendarFailed(Happened):
    """A calendar or a source cannot be read, or refuses the sign-in; screens stay as they are."""

    calendar: str = ""
    source: str = ""
    calendars: int | None = None
    error: str
    reason: str
    more: str = ""


@event("calendar.recovered", "info")
class CalendarRecovered(Happened):
    """A calendar that failed can be read again, or the last of a source's unnamed ones."""

    calendar: str = ""
    source: str = ""
    calendars: int | None = None


@event("calendar.source_failed", "warning")
class CalendarSourceFailed(Happened):
    """A source of calendars cannot be opened; its calendars stay as they were."""

    source: str
    reason: str


@event("calendar.watch_failed", "warning")
class CalendarWatchFailed(Happened):
    """A source of calendars tells of no changes any more; it is still read at intervals."""

    source: str
    reason: str


@event("calendar.item_unreadable", "warning")
class CalendarItemUnreadable(Happened):
    """One item of a calendar cannot be read; its last good form stays."""

    calendar: str
    reason: str


@event("calendar.suspiciously_empty", "error")
class CalendarSuspiciouslyEmpty(Happened):
    """Many rooms lost all bookings in one cycle; removals are held back."""

    source: str
    calendars: int
    reason: str


@event("calendar.released", "info")
class CalendarReleased(Happened):
    """Removals that were held back are carried out."""

    calendar: str


@event("calendar.subscription_failed", "warning")
class CalendarSubscriptionFailed(Happened):
    """A service does not tell of a calendar's changes; it is polled."""

    calendar: str = ""
    reason: str


@event("calendar.subscription_silent", "warning")
class CalendarSubscriptionSilent(Happened):
    """A change was read that was not told of; the service is subscribed to anew."""

    calendar: str
    changed: datetime | None = None
    reason: str = ""


@event("calendar.stream_lost", "warning")
class CalendarStreamLost(Happened):
    """Exchange's stream of changes broke off; a new one follows, and calendars are polled."""

    reason: str


@event("calendar.notification_refused", "warning")
class CalendarNotificationRefused(Happened):
    """A notification without the secret of a subscription came; nothing was done."""

    calendar: str = ""
    number: int | None = None
    reason: str


@event("calendar.details_hidden", "warning")
class CalendarDetailsHidden(Happened):
    """Only free/busy of a calendar is shared: meetings have no titles and no buttons."""

    calendar: str
    reason: str


@event("calendar.credential_expires", "warning")
class CalendarCredentialExpires(Happened):
    """A certificate or secret of a calendar source ends soon, or has ended."""

    days: int
    reason: str
