"""What is wrong with a calendar, a mailbox or a permission: each finding with its effect on the room and the fix.

A source that can be examined says what only it can know; the checks here hold for every source. Everything is asked
from a second process with sources of its own, which are told of no listener and remember nothing: no subscription is
made, renewed or ended.
"""

from __future__ import annotations

import asyncio
import ctypes
import platform
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

import httpx2

from connector.calendars.base import PING, PONG, CalendarSource, Examinable, Finding
from connector.calendars.ics_local import MissingFile
from connector.detection.detect import detect
from connector.errors import (
    AccessDenied,
    CalendarError,
    ConnectorError,
    CredentialsRejected,
    RateLimited,
    SourceUnavailable,
)
from connector.model import Event, Snapshot, Unreadable, Window

_AT_ONCE = 4  # calendars of one source
_DEADLINE = 60.0  # seconds for one calendar, or for what concerns the whole source
_ENOUGH = 3  # events with other people in them, before empty bodies mean something
_BODIES = frozenset({"description", "html", "conference", "online", "url"})
_SIGN_IN = ("credentials", "delegation")  # what sources call a refusal of the account
_NOT_READ = (*_SIGN_IN, "access", "mailbox", "permission", "reachable", "service")  # and what keeps them from reading
_NOTHING_READ = "None of its calendars is read; rooms keep what they show."
_SEE_SOURCE = "Not read: the source as a whole has a problem, see there."
_EMPTY = "The room shows what an earlier daemon pushed, or nothing."
_REACH = (
    "See that the service is up and that this machine reaches it, unless the sentence names another cause. It is asked"
    " again by itself."
)
_SHOWN_ITEMS = 3
_ITEM_FIXES = (  # by words of the reason
    (
        ("in the time zone",),
        "Give the meeting a time zone that is known everywhere, such as Europe/Berlin, or let the program that writes"
        " the calendar export the zone's definition (VTIMEZONE), too.",
    ),
    (
        ("is not followed", "RRULE", "EXRULE", "occurs more than"),
        "Make the series anew, with a repetition that calendar programs offer.",
    ),
    (
        ("END:VCALENDAR", "END:VEVENT", "web page", "is empty", "does not begin with", "larger than"),
        "Export the file again, whole, and see that nothing cuts it off on the way.",
    ),
    (("did not give it", "does not give it"), "Let the connector's account see all event details of this calendar."),
    (("may not be read", "does not exist"), "See that the file is there, and may be read by the connector's user."),
    (("ends before it starts", "beyond the calendar"), "Correct the meeting's start and end."),
)
_ITEM_FIX = "Correct in a calendar program what the sentence names, and save the meeting again."
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
    """Of the source as a whole, then of each calendar; never raises for what it finds. The source is entered.

    Where the sign-in is refused no calendar is asked: each more try could lock the account.
    """
    slots = asyncio.Semaphore(_AT_ONCE)
    whole = [_with_fix(finding) for finding in await _asked(source, None, "", now)]
    refused = _problem_among(whole, _SIGN_IN)

    async def one(patient: Patient) -> _Outcome:
        async with slots:
            if refused:
                return _Outcome(patient, (), CredentialsRejected(""))
            examined = await _asked(source, patient.calendar, patient.shown, now)
            return _Outcome(patient, examined, await _read(source, patient, window))

    outcomes = await asyncio.gather(*map(one, patients))
    rejected = next((each.read for each in outcomes if isinstance(each.read, CredentialsRejected)), None)
    if rejected is not None and not refused:
        whole.append(Finding("", "credentials", "problem", str(rejected), _NOTHING_READ, _fix_of(rejected)))
    judged = isinstance(source, Examinable)
    found = whole.copy()
    for each in outcomes:
        found += _of_calendar(each, whole, judged)
        found += stored(each.patient, now, stale_after, readable=isinstance(each.read, Snapshot))
    return tuple(dict.fromkeys(found))  # rooms of several zones may share a calendar, and its troubles


@dataclass(frozen=True, slots=True)
class _Outcome:
    """``examined``: what the source itself says of the calendar."""

    patient: Patient
    examined: tuple[Finding, ...]
    read: Snapshot | CalendarError


async def _read(source: CalendarSource, patient: Patient, window: Window) -> Snapshot | CalendarError:
    try:
        async with asyncio.timeout(_DEADLINE):
            return await source.read(patient.calendar, window, patient.zone)
    except TimeoutError:
        return SourceUnavailable(f"The calendar was not read whole within {_DEADLINE:.0f} s.")
    except CalendarError as error:
        return error
    except Exception as error:  # a provider's own mistake is a finding, too
        return SourceUnavailable(f"Reading failed: {type(error).__name__}.")


def _of_calendar(outcome: _Outcome, whole: Sequence[Finding], judged: bool) -> Iterator[Finding]:
    """Each trouble once: what holds for the whole source, or was told by it, is not told again."""
    shown, read = outcome.patient.shown, outcome.read
    told = {finding.what for finding in whole if finding.level == "problem"}
    # a source knows no prefix
    examined = [replace(finding, calendar=shown) for finding in outcome.examined if finding.what not in told]
    if isinstance(read, Snapshot):
        yield from examined
        checks = {finding.check for finding in examined}
        yield from (finding for finding in content(shown, read, judged=judged) if finding.check not in checks)
        return
    for finding in examined:
        yield replace(finding, fix=_fix_of(read)) if finding.level == "problem" and not finding.fix else finding
    if isinstance(read, CredentialsRejected) or any(str(read).startswith(what.rstrip(".")) for what in told):
        yield _failed(shown, _SEE_SOURCE, "", outcome.patient.seen)
    elif not _problem_among(examined, _NOT_READ):
        yield _failed(shown, str(read), _fix_of(read), outcome.patient.seen)


def _with_fix(finding: Finding) -> Finding:
    """The sentences of some errors hold their cure."""
    return replace(finding, fix=_REACH) if finding.level == "problem" and not finding.fix else finding


def _problem_among(findings: Iterable[Finding], checks: Collection[str]) -> bool:
    return any(finding.level == "problem" and finding.check in checks for finding in findings)


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


def content(shown: str, snapshot: Snapshot, *, judged: bool = False) -> Iterator[Finding]:
    """By visible effect: what is missing in every meeting was taken away by a setting, not by all organisers. Pure.

    ``judged``: the source itself looks at what is missing, and knows its service better.
    """
    events = [event for event in snapshot.events if not event.cancelled and not event.all_day]
    count = len(snapshot.events)
    yield Finding(shown, "read", "ok", f"Read whole: {count} events are in the window.")
    if not judged and len(events) >= _ENOUGH:
        yield from _stripped(shown, events)
    if count and all(event.declined for event in snapshot.events):
        yield Finding(
            shown,
            "declined",
            "warning",
            "The room declined every meeting in the window.",
            "None of them is shown.",
            "See that the room accepts invitations by itself.",
        )
    if snapshot.unreadable:
        yield Finding(
            shown,
            "unreadable",
            "warning",
            _unreadable(snapshot.unreadable),
            "The room shows none of them, but for those that could be read before: these it shows as they were then.",
            " ".join(dict.fromkeys(_item_fix(item.reason) for item in snapshot.unreadable[:_SHOWN_ITEMS])),
        )


def _unreadable(items: Sequence[Unreadable]) -> str:
    """Each reason that differs, up to a few: the first one alone would hide the others."""
    count = len(items)
    head = "1 item cannot be read" if count == 1 else f"{count} items cannot be read"
    shown = " ".join(item.reason for item in items[:_SHOWN_ITEMS])
    return f"{head}: {shown}" + (f" And {count - _SHOWN_ITEMS} more." if count > _SHOWN_ITEMS else "")


def _item_fix(reason: str) -> str:
    return next((fix for words, fix in _ITEM_FIXES if any(word in reason for word in words)), _ITEM_FIX)


def _stripped(shown: str, events: Sequence[Event]) -> Iterator[Finding]:
    """A link in the location, or in a field of its own, makes a button all the same."""
    buttonless = sum(not detect(event.texts).joinable for event in events)
    if buttonless and not any(map(_has_body, events)):
        yield Finding(
            shown,
            "body_stripped",
            "warning",
            f"None of {len(events)} meetings has a text: nobody wrote one, or the service takes it away, or it shares"
            " only free and busy.",
            f"{buttonless} of them have no Join button: no link stands elsewhere, such as in the location.",
            "Let the connector's account see all event details, not only free and busy; where the calendar is exported"
            " to a file, export descriptions, too.",
        )
    if not any(event.title.strip() for event in events):
        yield Finding(
            shown,
            "title_stripped",
            "warning",
            f"None of {len(events)} meetings has a title.",
            "The room shows meetings without a name.",
            "Let the connector's account see all event details, not only free and busy.",
        )


def _has_body(event: Event) -> bool:
    return any(text.where in _BODIES and text.content.strip() for text in event.texts)


def stored(patient: Patient, now: datetime, stale_after: timedelta, *, readable: bool) -> Iterator[Finding]:
    """What the daemon's own record says beyond what was just seen. ``readable``: just now. Pure."""
    seen = patient.seen
    if seen is None:
        return
    if seen.error:
        if readable:  # else it was told, with its reason
            yield Finding(
                patient.shown,
                "last_read",
                "warning",
                f"It can be read now; at the daemon's last try it could not: {_head(seen.error)}",
                "Until the next try the room shows what it showed at the last good reading.",
                "connector calendars sync",
            )
    elif seen.read_at is None:
        yield Finding(patient.shown, "last_read", "warning", "The daemon has not read it yet.", _EMPTY, "connector run")
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
            "Start the daemon (connector run); if it runs, its log says why it does not read (calendar.failed).",
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


def not_opened(error: ConnectorError, patients: Iterable[Patient]) -> tuple[Finding, ...]:
    """A source that cannot be opened at all."""
    fix = "Correct what the sentence names; connector check says whether it is right then."
    whole = Finding("", "open", "problem", str(error), _NOTHING_READ, fix)
    return (whole, *(_failed(patient.shown, _SEE_SOURCE, "", patient.seen) for patient in patients))


def _failed(shown: str, what: str, fix: str, seen: Seen | None = None) -> Finding:
    never = seen is not None and seen.read_at is None
    effect = _EMPTY if never else "The room keeps what it showed at the last good reading."
    return Finding(shown, "read", "problem", what, effect, fix)


def _head(reason: str) -> str:
    """Commands that mend it stand on lines of their own."""
    return reason.partition("\n")[0]


def _fix_of(error: CalendarError) -> str:
    match error:
        case CredentialsRejected():
            return "Correct the credentials, then run: connector calendars sync"
        case AccessDenied():
            return "Let the connector's account read this calendar, or correct the calendar column of rooms.csv."
        case MissingFile():
            return error.remedy
        case RateLimited():
            return f"Wait {error.retry_after.total_seconds():.0f} s; raise the periods in [sync] if it happens often."
        case _:
            return _REACH


def worst(findings: Iterable[Finding]) -> str:
    """ "problem", "warning" or "ok"."""
    levels: Mapping[str, int] = {"ok": 0, "warning": 1, "problem": 2}
    return max((finding.level for finding in findings), key=levels.__getitem__, default="ok")
