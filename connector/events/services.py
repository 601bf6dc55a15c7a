"""The listener for notifications, sources that are removed, the Zoom account."""

from __future__ import annotations

from connector.events.base import Happened, event


@event("webhooks.listening", "info")
class WebhooksListening(Happened):
    """Calendar services can tell of changes: the address that they call."""

    address: str
    public: str


@event("webhooks.failed", "warning")
class WebhooksFailed(Happened):
    """The listener for notifications cannot start; calendars are polled."""

    reason: str


@event("webhooks.handler_failed", "error")
class WebhooksHandlerFailed(Happened):
    """A notification met a mistake in this program; the service sends it again."""

    path: str
    reason: str


@event("webhooks.certificate_rejected", "warning")
class WebhooksCertificateRejected(Happened):
    """A renewed certificate cannot be used; the old one stays."""

    reason: str


@event("integration.removed", "info")
class IntegrationRemoved(Happened):
    """A source is gone from connector.toml: what was kept of it is wiped."""

    source: str
    type: str
    wiped: str


@event("integration.dispose_failed", "warning")
class IntegrationDisposeFailed(Happened):
    """Subscriptions of a removed source could not be ended; they end by themselves."""

    source: str = ""
    reason: str


@event("zoom.refused", "warning")
class ZoomRefused(Happened):
    """Zoom does not accept the account's credentials; it is tried again each hour."""

    reason: str


@event("zoom.failed", "warning")
class ZoomFailed(Happened):
    """Zoom cannot be asked for room passcodes; meetings stay as their invitations have them."""

    reason: str


@event("zoom.recovered", "info")
class ZoomRecovered(Happened):
    """Zoom answers again."""


@event("zoom.forged", "warning")
class ZoomForged(Happened):
    """Somebody called the address for Zoom's notifications without Zoom's signature."""

    reason: str
