"""The doctor's questions to Google: each answer says what it does to the room, and which console step fixes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

from cryptography import x509

from connector.calendars.base import Finding
from connector.calendars.google.channels import Channels, quota_user
from connector.calendars.google.errors import share_step
from connector.calendars.google.events import FREE_BUSY, PRIVATE_HIDDEN
from connector.calendars.google.http import Answer, GoogleApi
from connector.calendars.google.key import Identity, delegation_step
from connector.errors import AccessDenied, CalendarError, CredentialsRejected, RateLimited, SourceUnavailable

Level = Literal["ok", "warning", "problem"]

_OLD_KEY = timedelta(days=365)
_ENDS_SOON = timedelta(days=30)
_CLOCK = timedelta(minutes=2)
_AHEAD = timedelta(days=7)
_NEW_KEY = (
    "console.cloud.google.com > IAM & Admin > Service Accounts > {email} > Keys > Add key > JSON; put the file where "
    "key_file points, then delete the old key there."
)
_STAYS = "The rooms keep what they show; no change arrives."
_FIELDS = "kind,accessRole,timeZone,items(visibility,summary,attendees(email,self,responseStatus))"


async def whole(
    api: GoogleApi, identity: Identity, address: str | None, pace: float, now: datetime
) -> tuple[Finding, ...]:
    """``pace``: seconds between two readings of one calendar that the daily quota allows."""
    return (
        *await _login(api, identity, now),
        *await _key(api, identity, now),
        _push(address),
        Finding("", "quota", "ok", f"The daily quota allows asking for each watched calendar every {pace:.0f} s."),
    )


async def one(
    api: GoogleApi, identity: Identity, channels: Channels, calendar: str, now: datetime
) -> tuple[Finding, ...]:
    try:
        answer = await _week(api, identity, calendar, now)
    except CalendarError as error:
        return (_not_read(calendar, identity, error),)
    return (*_sharing(calendar, identity, answer), *_declined(calendar, answer), *_channel(calendar, channels, now))


async def _week(api: GoogleApi, identity: Identity, calendar: str, now: datetime) -> Answer:
    """Enough to judge what we are shown; one page is enough for that."""
    return await api.calendar(
        identity,
        calendar,
        lambda service: service.events().list(
            calendarId=calendar,
            singleEvents=True,
            timeMin=now.astimezone(UTC).isoformat(),
            timeMax=(now + _AHEAD).astimezone(UTC).isoformat(),
            maxAttendees=1,
            fields=_FIELDS,
            quotaUser=quota_user(calendar),
        ),
    )


# ------------------------------------------------------------------------------------ the whole source


async def _login(api: GoogleApi, identity: Identity, now: datetime) -> tuple[Finding, ...]:
    """A question that every login may ask: the answer, also a refusal, shows the token and Google's clock."""
    headers: Mapping[str, str] = {}
    try:
        headers = (await _week(api, identity, "primary", now)).headers
    except (AccessDenied, RateLimited):
        pass  # what is asked matters not: the token was taken
    except CredentialsRejected as error:
        missing = "may not speak for" in str(error)
        fix = delegation_step(identity.key, identity.scopes) if missing else _NEW_KEY.format(email=identity.key.email)
        return (Finding("", "delegation" if missing else "credentials", "problem", str(error), _STAYS, fix),)
    except SourceUnavailable as error:
        return (Finding("", "reachable", "problem", str(error), _STAYS, "Allow https to *.googleapis.com."),)
    login = Finding("", "credentials", "ok", f"Google takes the login of {identity.shown}.")
    return (login, *_clock(headers, now))


def _clock(headers: Mapping[str, str], now: datetime) -> tuple[Finding, ...]:
    try:
        theirs = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return ()
    wrong = now - theirs
    if abs(wrong) < _CLOCK:
        return (Finding("", "clock", "ok", "This computer's clock agrees with Google's."),)
    way = "ahead of" if wrong > timedelta(0) else "behind"
    return (
        Finding(
            "",
            "clock",
            "problem",
            f"This computer's clock is {abs(wrong).total_seconds():.0f} s {way} Google's.",
            "Rooms dial at the wrong time; from five minutes on Google refuses the login.",
            "Let it take the time from the network: timedatectl set-ntp true.",
        ),
    )


async def _key(api: GoogleApi, identity: Identity, now: datetime) -> tuple[Finding, ...]:
    """Google publishes a certificate for each living key: its dates are the key's."""
    key = identity.key
    if not key.certificates:
        return ()
    try:
        published = json.loads(await api.fetch(key.certificates))
        pem = published.get(key.key_id)
        certificate = x509.load_pem_x509_certificate(pem.encode()) if isinstance(pem, str) else None
    except (CalendarError, ValueError, AttributeError):
        return (Finding("", "key_age", "warning", "The age of the key could not be looked up."),)
    fix = _NEW_KEY.format(email=key.email)
    if certificate is None:
        what = f"The key {key.key_id[:8]}… is not among the living keys of {key.email}."
        return (Finding("", "key_age", "problem", what, "The login stops, if it did not already.", fix),)
    born, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if ends - now < _ENDS_SOON:
        what = f"The key {key.key_id[:8]}… ends on {ends:%Y-%m-%d}."
        level: Level = "problem" if ends <= now else "warning"
        return (Finding("", "key_age", level, what, "From then on no calendar can be read.", fix),)
    age = f"The key {key.key_id[:8]}… was made on {born:%Y-%m-%d}"
    if now - born > _OLD_KEY:
        return (
            Finding(
                "",
                "key_age",
                "warning",
                f"{age}, over a year ago.",
                "None yet; a key that old may have been copied.",
                fix,
            ),
        )
    return (Finding("", "key_age", "ok", f"{age}."),)


def _push(address: str | None) -> Finding:
    if address is None:
        return Finding(
            "",
            "push",
            "warning",
            "No public address is configured: Google cannot tell of changes.",
            "A change reaches the screen at the next poll.",
            "Give the webhook listener a public https address with a certificate that browsers trust.",
        )
    return Finding("", "push", "ok", "Google can tell of changes.")


# ------------------------------------------------------------------------------------ one calendar


def _not_read(calendar: str, identity: Identity, error: CalendarError) -> Finding:
    fix = share_step(identity.shown) if isinstance(error, AccessDenied) else ""
    return Finding(calendar, "access", "problem", str(error), "The room keeps what it shows; no change arrives.", fix)


def _sharing(calendar: str, identity: Identity, answer: Answer) -> tuple[Finding, ...]:
    role = str(answer.body.get("accessRole", ""))
    if role == FREE_BUSY:
        return (
            Finding(
                calendar,
                "details_hidden",
                "problem",
                f"{identity.shown} may see only free/busy of this calendar.",
                'Every meeting shows as "Busy", without a Join button.',
                share_step(identity.shown),
            ),
        )
    private = [item for item in _items(answer) if item.get("visibility") in ("private", "confidential")]
    if role in PRIVATE_HIDDEN:
        return (
            Finding(
                calendar,
                "private_hidden",
                "warning" if private else "ok",
                f"{identity.shown} has the role {role}: it sees no details of private meetings"
                + (f"; {len(private)} of the coming week are." if private else "."),
                "Private meetings get no Join button.",
                share_step(identity.shown),
            ),
        )
    return (Finding(calendar, "access", "ok", f"{identity.shown} sees this calendar with details ({role})."),)


def _declined(calendar: str, answer: Answer) -> tuple[Finding, ...]:
    answers = [str(_own(item, calendar).get("responseStatus", "")) for item in _items(answer)]
    findings = []
    if declined := answers.count("declined"):
        findings.append(
            Finding(
                calendar,
                "declined",
                "warning",
                f"The room declined {declined} meetings of the coming week.",
                "They are not shown in the room.",
                "The room was booked by somebody else at that time, or admin.google.com > Directory > Buildings and "
                "resources > the room > its booking rules refuse them.",
            )
        )
    if waiting := answers.count("needsAction") + answers.count("tentative"):
        findings.append(
            Finding(
                calendar,
                "not_accepted",
                "warning",
                f"The room has not accepted {waiting} meetings of the coming week.",
                "They are shown as tentative, or may still be refused.",
                "calendar.google.com > Settings > the room's calendar > Auto-accept invitations.",
            )
        )
    return tuple(findings)


def _channel(calendar: str, channels: Channels, now: datetime) -> tuple[Finding, ...]:
    if channels.address is None:
        return ()
    if channels.live(calendar) and (ends := channels.expires(calendar)) is not None:
        return (
            Finding(calendar, "push", "ok", f"Google tells of changes, on a channel until {ends:%Y-%m-%d %H:%M} UTC."),
        )
    why = channels.failure(calendar) or "no channel was opened by this process"
    effect = "A change reaches the screen at the next poll."
    level: Level = "warning" if channels.failure(calendar) else "ok"
    return (Finding(calendar, "push", level, f"There is no watch channel: {why.rstrip('.')}.", effect),)


def _items(answer: Answer) -> list[Mapping[str, object]]:
    items = answer.body.get("items")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _own(item: Mapping[str, object], calendar: str) -> Mapping[str, object]:
    people = item.get("attendees")
    for person in people if isinstance(people, list) else ():
        if isinstance(person, dict) and (person.get("self") is True or person.get("email") == calendar):
            return person
    return {}
