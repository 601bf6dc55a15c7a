"""What is wrong with a calendar, a mailbox or a permission: each finding with its effect on the room and the fix.

A source that can be examined says what only it can know; the checks here hold for every source. Everything is asked
from a second process with sources of its own, which are told of no listener and remember nothing: no subscription is
made, renewed or ended.
"""

from __future__ import annotations

import asyncio
import ctypes
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import httpx2

from connector.calendars.base import CalendarSource, Examinable, Finding
from connector.calendars.webhooks import PING, PONG
from connector.errors import AccessDenied, CalendarError, ConnectorError, CredentialsRejected, RateLimited
from connector.model import Event, Snapshot, Window

_AT_ONCE = 4  # calendars of one source
_DEADLINE = 60.0  # seconds for one calendar, or for what concerns the whole source
_ENOUGH = 3  # events with other people in them, before empty bodies mean something
_BODIES = frozenset({"description", "html", "conference", "online", "url"})
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised


@dataclass(frozen=True, slots=True)
class Seen:
    """A calendar as the daemon last saw it; from the database."""

    read_at: datetime | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """A calendar in use. ``shown``: as a listing may show it; ``seen``: None when there is no database."""

    calendar: str
    shown: str
    zone: tzinfo
    seen: Seen | None


async def examine_source(
    source: CalendarSource, patients: Sequence[Patient], window: Window, now: datetime, *, stale_after: timedelta
) -> tuple[Finding, ...]:
    """Of the source as a whole, then of each calendar; never raises for what it finds. The source is entered."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(patient: Patient) -> list[Finding]:
        async with slots:
            return await _examine_calendar(source, patient, window, now, stale_after)

    whole = await _asked(source, None, "", now)
    parts = await asyncio.gather(*map(one, patients))
    return (*whole, *(finding for part in parts for finding in part))


async def _examine_calendar(
    source: CalendarSource, patient: Patient, window: Window, now: datetime, stale_after: timedelta
) -> list[Finding]:
    findings = list(await _asked(source, patient.calendar, patient.shown, now))
    try:
        async with asyncio.timeout(_DEADLINE):
            snapshot = await source.read(patient.calendar, window, patient.zone)
    except TimeoutError:
        findings.append(_failed(patient.shown, f"The calendar was not read whole within {_DEADLINE:.0f} s.", ""))
    except CalendarError as error:
        findings.append(_failed(patient.shown, str(error), _fix_of(error)))
    except Exception as error:  # a provider's own mistake is a finding, too
        findings.append(_failed(patient.shown, f"Reading failed: {type(error).__name__}.", ""))
    else:
        told = {finding.check for finding in findings}
        findings += [finding for finding in content(patient.shown, snapshot) if finding.check not in told]
    return [*findings, *stored(patient, now, stale_after)]


async def _asked(source: CalendarSource, calendar: str | None, shown: str, now: datetime) -> tuple[Finding, ...]:
    if not isinstance(source, Examinable):
        return ()
    try:
        async with asyncio.timeout(_DEADLINE):
            return tuple(await source.examine(calendar, now))
    except TimeoutError:
        what = f"The examination did not end within {_DEADLINE:.0f} s."
    except Exception as error:  # as promised, it should not: its own mistake must not hide the others' findings
        what = f"The examination failed: {type(error).__name__}."
    return (Finding(shown, "examine", "problem", what),)


# ------------------------------------------------------------------------------------ what holds for every source


def content(shown: str, snapshot: Snapshot) -> Iterator[Finding]:
    """By visible effect: what is missing in every meeting was taken away by a setting, not by all organisers. Pure."""
    events = [event for event in snapshot.events if not event.cancelled and not event.all_day]
    count = len(snapshot.events)
    yield Finding(shown, "read", "ok", f"The calendar can be read; {count} events are in the window.")
    if len(events) >= _ENOUGH and not any(map(_has_body, events)):
        yield Finding(
            shown,
            "body_stripped",
            "problem",
            f"None of {len(events)} meetings has a text: the service or the mailbox takes it away, or shares only"
            " free and busy.",
            "No join information can be found, so the room shows meetings without a Join button.",
            "Give the connector's account the right to see all details; on Exchange also run:"
            " Set-CalendarProcessing -Identity ROOM -DeleteComments $false -DeleteSubject $false"
            " -AddOrganizerToSubject $false -RemovePrivateProperty $false (it holds for later invitations only).",
        )
    if len(events) >= _ENOUGH and not any(event.title.strip() for event in events):
        yield Finding(
            shown,
            "title_stripped",
            "warning",
            f"None of {len(events)} meetings has a title.",
            "The room shows meetings without a name.",
            "On Exchange run: Set-CalendarProcessing -Identity ROOM -DeleteSubject $false; elsewhere share the"
            " calendar with all event details.",
        )
    if count and all(event.declined for event in snapshot.events):
        yield Finding(
            shown,
            "declined",
            "warning",
            "The room declined every meeting in the window.",
            "None of them is shown.",
            "See that the room accepts invitations by itself (on Exchange: Set-CalendarProcessing -Identity ROOM"
            " -AutomateProcessing AutoAccept).",
        )
    if snapshot.unreadable:
        yield Finding(
            shown,
            "unreadable",
            "warning",
            f"{len(snapshot.unreadable)} items cannot be read; the first: {snapshot.unreadable[0].reason}",
            "They keep the form in which they were last read.",
            "Open the item in a calendar program and save it again.",
        )


def _has_body(event: Event) -> bool:
    return any(text.where in _BODIES and text.content.strip() for text in event.texts)


def stored(patient: Patient, now: datetime, stale_after: timedelta) -> Iterator[Finding]:
    """What the daemon's own record says. Pure."""
    seen = patient.seen
    if seen is None:
        return
    if seen.error:
        yield Finding(
            patient.shown,
            "last_read",
            "problem",
            f"The daemon cannot read it: {seen.error}",
            "The room keeps what it showed at the last good reading.",
        )
    elif seen.read_at is None:
        yield Finding(patient.shown, "last_read", "warning", "The daemon has not read it yet.", "", "connector run")
    elif seen.read_at > now + timedelta(minutes=1):
        yield Finding(
            patient.shown,
            "clock",
            "problem",
            "The last reading lies in the future: this machine's clock was set back.",
            "Rooms may dial at the wrong time.",
            "timedatectl set-ntp true",
        )
    elif now - seen.read_at > stale_after:
        minutes = round((now - seen.read_at).total_seconds() / 60)
        yield Finding(
            patient.shown,
            "last_read",
            "problem",
            f"The daemon read it {minutes} minutes ago for the last time.",
            "The room may show what is no longer true.",
            "See whether the daemon runs, and why it does not read: connector explain ROOM",
        )


def clock() -> Finding | None:
    """Whether this machine's clock follows a time server, as the kernel says (Linux); None where it cannot be told."""
    if platform.system() != "Linux":
        return None
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(256))  # modes = 0: only asks
    except (OSError, AttributeError):
        return None
    return clock_finding(state)


def clock_finding(state: int) -> Finding | None:
    """``state``: the result of adjtimex(2), negative when it may not be asked. Pure."""
    if state < 0:
        return None
    if state != _TIME_ERROR:
        return Finding("", "clock", "ok", "This machine's clock is kept by a time server.")
    return Finding(
        "",
        "clock",
        "warning",
        "The kernel says that this machine's clock is not kept by a time server.",
        "Rooms dial and leave early or late by as much as it is wrong, and signed notifications may be refused.",
        "timedatectl set-ntp true",
    )


async def listener(public_url: str, http: httpx2.AsyncClient) -> Finding:
    """Whether the public address leads to the daemon's listener, as a service would find it (https, verified)."""
    effect = "Services cannot tell of changes: they show after the next poll instead of within seconds."
    fix = "See that the daemon runs, and that the reverse proxy or the firewall passes webhooks.public_url on to it."
    try:
        async with asyncio.timeout(10):
            answer = await http.get(f"{public_url.rstrip('/')}/{PING}")
    except TimeoutError:
        return Finding("", "webhooks", "problem", f"{public_url} does not answer within 10 s.", effect, fix)
    except httpx2.HTTPError as error:
        reason = str(error) or type(error).__name__
        if "certificate" in reason.lower():
            fix = "Give it a certificate of a public authority, with the whole chain: services accept no other."
        return Finding("", "webhooks", "problem", f"{public_url} cannot be reached: {reason}", effect, fix)
    if answer.status_code != 200 or answer.text.strip() != PONG:
        what = f"{public_url} leads to something else (answer {answer.status_code})."
        return Finding("", "webhooks", "problem", what, effect, fix)
    return Finding("", "webhooks", "ok", f"{public_url} leads to the daemon.")


def not_opened(error: ConnectorError) -> Finding:
    """A source that cannot be opened at all."""
    return Finding(
        "",
        "open",
        "problem",
        str(error),
        "None of its calendars is read; rooms keep what they show.",
        "connector check",
    )


def _failed(shown: str, what: str, fix: str) -> Finding:
    return Finding(shown, "read", "problem", what, "The room keeps what it showed at the last good reading.", fix)


def _fix_of(error: CalendarError) -> str:
    match error:
        case CredentialsRejected():
            return "Correct the credentials, then run: connector calendars sync"
        case AccessDenied():
            return "Let the connector's account read this calendar; it can take up to two hours to take effect."
        case RateLimited():
            return f"Wait {error.retry_after.total_seconds():.0f} s; raise sync.poll_every if it happens often."
        case _:
            return "See that the service is up and that this machine reaches it."


def worst(findings: Iterable[Finding]) -> str:
    """ "problem", "warning" or "ok"."""
    levels: Mapping[str, int] = {"ok": 0, "warning": 1, "problem": 2}
    return max((finding.level for finding in findings), key=levels.__getitem__, default="ok")
