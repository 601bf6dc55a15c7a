"""When a service account's key was made and when it ends: its file does not say, the published certificate does.

Google publishes a certificate for each living key under ``client_x509_cert_url``; its dates are the key's. Keys end in
the year 9999 unless the organisation limits them (constraints/iam.serviceAccountKeyExpiryHours).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from connector.calendars.expiry import ExpiryAlarm
from connector.calendars.google.http import GoogleApi
from connector.calendars.google.key import ServiceKey
from connector.calendars.google.remedies import new_key_step
from connector.errors import CalendarError, SourceUnavailable

_EVERY = timedelta(hours=12)
_SOONER = timedelta(minutes=15)  # where the dates could not be had


@dataclass(frozen=True, slots=True)
class Life:
    """``ends`` None: the key is not among the living ones any more."""

    born: datetime | None
    ends: datetime | None


async def life(api: GoogleApi, key: ServiceKey) -> Life:
    """Raises SourceUnavailable where Google does not say it."""
    if not key.certificates:
        raise SourceUnavailable("The key file names no address of its certificate (client_x509_cert_url).")
    try:
        published = json.loads(await api.fetch(key.certificates))
        pem = published.get(key.key_id)
        if pem is None:
            return Life(None, None)
        certificate = x509.load_pem_x509_certificate(pem.encode())
    except (ValueError, AttributeError, RecursionError):
        raise SourceUnavailable("Google's list of the key's certificates cannot be read.") from None
    return Life(certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def life_sentence(key: ServiceKey, ends: datetime, now: datetime) -> str:
    verb, days = ("ended", "") if ends <= now else ("ends", f", in {(ends - now).days} days")
    return f"The key {key.key_id[:8]}… of {key.email} {verb} on {ends:%Y-%m-%d}{days}."


class Watch:
    """Tells ahead that the key ends, as ``ExpiryAlarm`` does."""

    def __init__(self, api: GoogleApi, key: ServiceKey, alarm: ExpiryAlarm, now: Callable[[], datetime]) -> None:
        self._api = api
        self._key = key
        self._alarm = alarm
        self._now = now

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            pause = _EVERY
            try:
                found = await life(self._api, self._key)
            except CalendarError:
                pause = _SOONER  # readings say so, where it matters
            else:
                await self._look(found)
            await asyncio.sleep(pause.total_seconds())

    async def _look(self, found: Life) -> None:
        """A key that is not there at all is what readings tell of."""
        if found.ends is None:
            return
        now = self._now()
        reason = f"{life_sentence(self._key, found.ends, now)} {new_key_step(self._key.email)}"
        await self._alarm.look(found.ends, now, reason)
