"""The doctor's questions to Google: each answer says what it does to the room, and which console step fixes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

from connector.calendars.base import Finding
from connector.calendars.expiry import WARN_DAYS
from connector.calendars.google.events import FREE_BUSY, PRIVATE_HIDDEN
from connector.calendars.google.http import Answer, GoogleApi
from connector.calendars.google.key import Identity
from connector.calendars.google.key_life import life, life_sentence
from connector.calendars.google.push import quota_user
from connector.calendars.google.remedies import new_key_step, parted, share_step
from connector.calendars.service_words import http_date
from connector.errors import AccessDenied, CalendarError, CredentialsRejected, RateLimited, SourceUnavailable

Level = Literal["ok", "warning", "problem"]

_OLD_KEY = timedelta(days=365)
_NO_END = 9999  # the year that Google writes for keys without an end
_CLOCK = timedelta(minutes=2)
_AHEAD = timedelta(days=7)
_STAYS = "The rooms keep what they show; no change arrives."
_KEEPS = "The room keeps what it shows; no change arrives."
_OUTAGE = (
    "Look at https://www.google.com/appsstatus for an outage; where there is none, allow this computer https to"
    " *.googleapis.com (firewall, or https_proxy in the environment)."
)
_FIELDS = "kind,accessRole,timeZone,items(visibility,summary,attendees(email,self,responseStatus))"


async def examine_source(api: GoogleApi, identity: Identity, daily: int, now: datetime) -> tuple[Finding, ...]:
    """``daily``: requests that all rooms together may make. Push is the listener's: the doctor asks for that itself."""
    login, key = await _login(api, identity, now), await _key(api, identity, now)
    cured = {finding.fix for finding in login if finding.level == "problem"}
    return (
        *login,
        *([] if key.fix in cured else [key]),  # a deleted key is told by the login
        Finding("", "quota", "ok", f"{daily} requests a day let up to {daily // 1440} rooms be asked each minute."),
    )


async def examine_calendar(api: GoogleApi, identity: Identity, calendar: str, now: datetime) -> tuple[Finding, ...]:
    try:
        answer = await _week(api, identity, calendar, now)
    except CalendarError as error:
        what, step = parted(error)
        return (Finding(calendar, "access", "problem", what, _KEEPS, step),)
    return (*_sharing(calendar, identity, answer), *_declined(calendar, answer))


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
    except RateLimited:
        pass  # the token was taken
    except AccessDenied as error:
        what, step = parted(error)
        if step != share_step(identity.shown):  # of this calendar is nothing wanted; what holds for all is told
            return (Finding("", "permission", "problem", what, _STAYS, step),)
    except CredentialsRejected as error:
        what, step = parted(error)
        check = "delegation" if step == identity.delegation_step else "credentials"
        return (Finding("", check, "problem", what, _STAYS, step),)
    except SourceUnavailable as error:
        return (Finding("", "reachable", "problem", str(error), _STAYS, _OUTAGE),)
    login = Finding("", "credentials", "ok", f"Google takes the login of {identity.shown}.")
    return (login, *_clock(headers, now))


def _clock(headers: Mapping[str, str], now: datetime) -> tuple[Finding, ...]:
    theirs = http_date(headers.get("date"))
    if theirs is None:
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


async def _key(api: GoogleApi, identity: Identity, now: datetime) -> Finding:
    key, fix = identity.key, new_key_step(identity.key.email)
    try:
        found = await life(api, key)
    except SourceUnavailable as error:
        effect = "None; that the key ends soon would not be told."
        return Finding("", "key_age", "warning", f"The age of the key could not be looked up. {error}", effect)
    if found.born is None or found.ends is None:
        what = f"The key {key.key_id[:8]}… is not among the living keys of {key.email}."
        return Finding("", "key_age", "problem", what, "The login stops, if it did not already.", fix)
    if found.ends - now < timedelta(days=WARN_DAYS):
        level: Level = "problem" if found.ends <= now else "warning"
        what = life_sentence(key, found.ends, now)
        return Finding("", "key_age", level, what, "From then on no calendar can be read.", fix)
    age = f"The key {key.key_id[:8]}… was made on {found.born:%Y-%m-%d}"
    if now - found.born > _OLD_KEY:
        effect = "None yet; a key that old may have been copied."
        return Finding("", "key_age", "warning", f"{age}, over a year ago.", effect, fix)
    return Finding("", "key_age", "ok", f"{age}{_until(found.ends)}.")


def _until(ends: datetime) -> str:
    return f" and ends on {ends:%Y-%m-%d}" if ends.year < _NO_END else ""


# ------------------------------------------------------------------------------------ one calendar


def _sharing(calendar: str, identity: Identity, answer: Answer) -> tuple[Finding, ...]:
    role = str(answer.body.get("accessRole", ""))
    if role == FREE_BUSY:
        return (
            Finding(
                calendar,
                "details_hidden",
                "problem",
                f"{identity.shown} may see only free/busy of this calendar.",
                'Every meeting is called "Busy" and has no Join button; many units do not list such meetings at all.',
                share_step(identity.shown),
            ),
        )
    private = [item for item in _items(answer) if item.get("visibility") in ("private", "confidential")]
    if role in PRIVATE_HIDDEN:
        what = f"{identity.shown} has the role {role}: it sees no details of private meetings"
        if not private:
            return (Finding(calendar, "private_hidden", "ok", f"{what}; there are none in the coming week."),)
        return (
            Finding(
                calendar,
                "private_hidden",
                "warning",
                f"{what}; {len(private)} of the coming week are.",
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
                "They are shown (as tentative, where the room said so), and may still be refused.",
                "calendar.google.com > Settings > the room's calendar > Auto-accept invitations.",
            )
        )
    return tuple(findings)


def _items(answer: Answer) -> list[Mapping[str, object]]:
    items = answer.body.get("items")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _own(item: Mapping[str, object], calendar: str) -> Mapping[str, object]:
    people = item.get("attendees")
    for person in people if isinstance(people, list) else ():
        if isinstance(person, dict) and (person.get("self") is True or person.get("email") == calendar):
            return person
    return {}
