"""What can be wrong with a Microsoft 365 set-up, told by its visible effects, with the exact line that cures it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from connector.calendars.base import Finding, Place
from connector.calendars.graph.auth import AppIdentity, expiry_sentence
from connector.calendars.graph.events import EXPAND
from connector.calendars.graph.http import Gone, GraphHttp, view_path
from connector.calendars.graph.push import Subscriptions
from connector.calendars.graph.remedies import (
    DENIED_PLACES,
    calendar_processing,
    denied_reading,
    mailbox_type,
    quoted,
    rbac_lines,
    reading_role,
)
from connector.calendars.graph.subscription import resource_key, resource_of
from connector.errors import AccessDenied, CalendarError, CredentialsRejected

_PLACES = "/places/microsoft.graph.room"
_ROOMS_A_PAGE = 100
_MOST_PAGES = 200
_AROUND = timedelta(days=14)  # looked at before and after now
_SELECT = "id,subject,bodyPreview,organizer,attendees,sensitivity,responseStatus,isCancelled,start,end"
_ENOUGH = 3  # meetings, before a share of them means anything
_ENOUGH_FOR_PRIVATE = 20
_NEARLY_ALL = 0.8
_SKEW = timedelta(minutes=2)  # sign-in bears five
_SOON = timedelta(days=30)


async def places(http: GraphHttp) -> tuple[Place, ...]:
    """Rooms as Graph lists them; it knows no time zone of a room."""
    found = [_place(raw) for raw in await _rooms(http)]
    return tuple(sorted((place for place in found if place.calendar), key=lambda place: (place.site, place.name)))


async def _rooms(http: GraphHttp) -> list[Any]:
    """All pages. This list was seen without links to its next page, which holds 100 rooms and no more unless $top and
    $skip ask for others (learn.microsoft.com, "List places"; microsoft-graph-docs, issues 6427, 9542 and 18604).
    """
    rooms: dict[str, Any] = {}
    taken = 0
    for _ in range(_MOST_PAGES):
        path = f"{_PLACES}?$top={_ROOMS_A_PAGE}&$skip={taken}"
        page = await http.listing(path, denied=DENIED_PLACES)
        known = len(rooms)
        rooms |= {str(_mapping(raw).get("id") or _mapping(raw).get("emailAddress")): raw for raw in page}
        if len(rooms) == known:  # the end, or a service that takes no notice of $skip
            break
        taken += len(page)
    return list(rooms.values())


def _place(raw: object) -> Place:
    entry = _mapping(raw)
    notes = [
        f"{word} {entry[name]}"
        for name, word in (("floorLabel", "floor"), ("videoDeviceName", "unit"))
        if entry.get(name)
    ]
    capacity = str(entry.get("capacity"))  # a number in the metadata, a text in the documentation's samples
    return Place(
        calendar=str(entry.get("emailAddress") or ""),
        name=str(entry.get("displayName") or ""),
        site=str(entry.get("building") or ""),
        capacity=int(capacity) if capacity.isascii() and capacity.isdigit() else None,
        notes="; ".join(notes),
    )


# ------------------------------------------------------------------------------------ the source as a whole


async def examine_source(http: GraphHttp, app: AppIdentity, push: Subscriptions, now: datetime) -> tuple[Finding, ...]:
    try:
        await http.tokens.get()
    except CalendarError as error:
        return (_no_token(error), *_expiry(app, now))
    found = [Finding("", "credentials", "ok", f"The sign-in service accepts the {app.kind}.")]
    found += _expiry(app, now)
    found += _permissions(app, http.tokens.roles())
    found += await _places_permission(http)
    found += _clock(http)
    found += await _subscriptions(push)
    return tuple(found)


def _no_token(error: CalendarError) -> Finding:
    fix = " ".join(getattr(error, "__notes__", ()))
    if isinstance(error, CredentialsRejected) and not fix:
        fix = (
            "Entra admin center, App registrations, the app, Certificates & secrets: make or upload a new one; then put"
            " it where the source's section points (connector secrets set NAME). It is taken up by itself."
        )
    return Finding(
        "", "credentials", "problem", str(error), "No room of this source is read; screens keep what they show.", fix
    )


def _expiry(app: AppIdentity, now: datetime) -> list[Finding]:
    if app.expires is None:
        what = "When the client secret ends is not known: Graph does not tell it."
        fix = 'Put secret_expires = "YYYY-MM-DD" into the source\'s section, as shown under Certificates & secrets.'
        return [Finding("", "credential_expiry", "warning", what, "It will end without a warning.", fix)]
    left = app.expires - now
    level: Any = "problem" if left <= timedelta(0) else "warning" if left < _SOON else "ok"
    effect = "" if level == "ok" else "From then on no room of this source is read."
    fix = (
        ""
        if level == "ok"
        else "Entra admin center, App registrations, the app, Certificates & secrets: add the next one."
    )
    return [Finding("", "credential_expiry", level, expiry_sentence(app, now), effect, fix)]


def _permissions(app: AppIdentity, roles: frozenset[str] | None) -> list[Finding]:
    """With RBAC for Applications the token carries no calendar permission; one in it holds for the whole tenant."""
    if roles is None:
        return []
    wide = sorted(role for role in roles if role.startswith("Calendars."))
    more = sorted(role for role in roles if role not in ("Place.Read.All", "Calendars.Read", "Calendars.ReadBasic.All"))
    found = []
    if wide:
        what = f"The app may use {', '.join(wide)} in every mailbox of the tenant, not only in those of rooms."
        effect = "A scope made by RBAC for Applications limits nothing while this consent stands."
        fix = (
            "Entra admin center, Enterprise applications, the app, Permissions: revoke it; then in Exchange Online "
            f"PowerShell:\n{rbac_lines(app.client_id, 'room@example.org')}"
        )
        found.append(Finding("", "permission_too_wide", "warning", what, effect, fix))
    if more:
        what = f"The app has permissions that are never used here: {', '.join(more)}."
        fix = "Entra admin center, App registrations, the app, API permissions: remove them."
        found.append(Finding("", "permission_not_needed", "warning", what, "", fix))
    return found or [Finding("", "permissions", "ok", "The app has no permission over the whole tenant's calendars.")]


async def _places_permission(http: GraphHttp) -> list[Finding]:
    try:
        await http.request("GET", f"{_PLACES}?$top=1", denied=DENIED_PLACES)
    except AccessDenied:
        what = "The app may not list the rooms of the organisation."
        effect = "connector calendars rooms lists none; reading and joining work all the same."
        return [Finding("", "places", "warning", what, effect, DENIED_PLACES)]
    except CalendarError as error:
        return [Finding("", "service", "problem", str(error), "Rooms are not read while this lasts.")]
    return [Finding("", "places", "ok", "The app may list the rooms of the organisation.")]


def _clock(http: GraphHttp) -> list[Finding]:
    ahead = http.clock_ahead
    if ahead is None:
        return []
    if abs(ahead) < _SKEW:
        return [Finding("", "clock", "ok", "The clock of this machine agrees with Microsoft's.")]
    side = "behind" if ahead > timedelta(0) else "ahead of"
    what = f"The clock of this machine is {abs(ahead).total_seconds():.0f} seconds {side} Microsoft's."
    effect = "Rooms dial at the wrong moment; beyond five minutes the sign-in with a certificate fails."
    return [Finding("", "clock", "problem", what, effect, "timedatectl set-ntp true")]


async def _subscriptions(push: Subscriptions) -> list[Finding]:
    """Asked of Graph itself: the doctor is another process than the daemon that holds them."""
    try:
        active = await push.active()
    except CalendarError as error:
        return [Finding("", "notifications", "warning", f"Which subscriptions there are cannot be seen. {error}")]
    if active:
        what = f"{len(active)} rooms have a subscription: Microsoft 365 tells of their changes."
        return [Finding("", "notifications", "ok", what)]
    what = "There is no subscription of this app: Microsoft 365 tells of no changes."
    effect = "Changes are seen at the next poll, not within seconds."
    return [
        Finding("", "notifications", "warning", what, effect, "Set webhooks.public_url, and see that the daemon runs.")
    ]


# ------------------------------------------------------------------------------------ one room


async def examine_calendar(
    http: GraphHttp, app: AppIdentity, push: Subscriptions, calendar: str, now: datetime
) -> tuple[Finding, ...]:
    path = f"{view_path(calendar, now - _AROUND, now + _AROUND)}&$select={_SELECT}&$top=100"
    expands = http.expands
    try:
        denied = denied_reading(app.client_id, calendar)
        items = await http.expanded(path, EXPAND, mailbox=calendar, denied=denied)
    except AccessDenied as error:
        return (_not_read(app, calendar, error),)
    except CalendarError:
        return ()  # told for the source as a whole, or by the reading that follows
    meetings = [entry for entry in map(_mapping, items) if entry.get("isCancelled") is not True]
    found = [Finding(calendar, "access", "ok", f"The calendar can be read; meetings in four weeks: {len(meetings)}.")]
    if expands and not http.expands:
        found.append(_no_properties(calendar))
    found += _room_findings(app, calendar, meetings)
    found += await _subscription(calendar, push)
    return tuple(found)


def _not_read(app: AppIdentity, calendar: str, error: AccessDenied) -> Finding:
    effect = "The room keeps what it shows; other rooms are not touched."
    if isinstance(error, Gone):
        fix = "Get-Mailbox -RecipientTypeDetails RoomMailbox | fl PrimarySmtpAddress  # for rooms.csv, column calendar"
        return Finding(calendar, "mailbox", "problem", str(error), effect, fix)
    what = f"The app may not read the calendar of {calendar} ({str(error).partition('. ')[0]})."
    fix = f"{mailbox_type(calendar)}\n{rbac_lines(app.client_id, calendar)}"
    return Finding(calendar, "access", "problem", what, effect, fix)


def _no_properties(calendar: str) -> Finding:
    """Seen once for the source; nothing that an admin can do cures it."""
    what = "Microsoft 365 refuses to give the named properties of meetings; every room is read without them."
    effect = "Links that Outlook, its add-ins or Skype keep only there are not found; texts and locations are."
    return Finding(calendar, "named_properties", "warning", what, effect)


def _room_findings(app: AppIdentity, calendar: str, meetings: list[Mapping[str, Any]]) -> Iterator[Finding]:
    if meetings and not any("bodyPreview" in entry for entry in meetings):
        yield Finding(
            calendar,
            "basic_permission",
            "problem",
            "Only times and subjects are given: the app has Calendars.ReadBasic, not Calendars.Read.",
            "Meetings are shown without a Join button unless the link stands in the location.",
            f"{reading_role(app.client_id)}\n# then take Calendars.ReadBasic.All away from the app, if Entra has it",
        )
    else:
        yield from _stripped(calendar, meetings)
    yield from _subjects(calendar, meetings)
    yield from _private(calendar, meetings)
    yield from _answers(calendar, meetings)


def _stripped(calendar: str, meetings: list[Mapping[str, Any]]) -> Iterator[Finding]:
    invited = [entry for entry in meetings if entry.get("attendees")]
    if len(invited) < _ENOUGH:
        yield Finding(calendar, "body_stripped", "ok", "Too few meetings to judge whether bodies are kept.")
    elif _share(invited, lambda entry: not str(entry.get("bodyPreview") or "").strip()):
        yield Finding(
            calendar,
            "body_stripped",
            "problem",
            "Nearly all meetings have no text: Exchange removes it when the room accepts.",
            "Join information in the text is lost; only Teams links and locations are left. Meetings that are already"
            " in the calendar stay empty.",
            calendar_processing(calendar, "-DeleteComments $false"),
        )
    else:
        yield Finding(calendar, "body_stripped", "ok", "Meetings keep their text.")


def _subjects(calendar: str, meetings: list[Mapping[str, Any]]) -> Iterator[Finding]:
    if len(meetings) >= _ENOUGH and _share(meetings, _subject_is_organizer):
        yield Finding(
            calendar,
            "subject_replaced",
            "warning",
            "Nearly all meetings have the organizer's name, or nothing, as their subject.",
            "The screen shows who booked the room, not what the meeting is.",
            calendar_processing(calendar, "-DeleteSubject $false", "-AddOrganizerToSubject $false"),
        )


def _subject_is_organizer(entry: Mapping[str, Any]) -> bool:
    organizer = str(_mapping(_mapping(entry.get("organizer")).get("emailAddress")).get("name") or "")
    subject = str(entry.get("subject") or "").strip().casefold()
    return subject in ("", organizer.strip().casefold())


def _private(calendar: str, meetings: list[Mapping[str, Any]]) -> Iterator[Finding]:
    if len(meetings) < _ENOUGH_FOR_PRIVATE or any(entry.get("sensitivity") != "normal" for entry in meetings):
        return
    yield Finding(
        calendar,
        "private_flag_never_seen",
        "warning",
        f"None of {len(meetings)} meetings is private: by default Exchange removes the flag when the room accepts.",
        "A private meeting would be shown with its title. If that must not happen, set hide_titles = true.",
        calendar_processing(calendar, "-RemovePrivateProperty $false"),
    )


def _answers(calendar: str, meetings: list[Mapping[str, Any]]) -> Iterator[Finding]:
    answers = [_mapping(entry.get("responseStatus")).get("response") for entry in meetings]
    open_, declined = sum(a in ("tentativelyAccepted", "notResponded") for a in answers), answers.count("declined")
    if open_:
        yield Finding(
            calendar,
            "not_accepted",
            "warning",
            f"{open_} meetings are not accepted by the room, only tentative or unanswered.",
            "They are shown as tentative, and may be moved away by others.",
            calendar_processing(calendar, "-AutomateProcessing AutoAccept"),
        )
    if declined:
        what = f"{declined} meetings that the room declined are still in its calendar."
        fix = f"Get-CalendarProcessing -Identity {quoted(calendar)} | fl AllowConflicts,BookingWindowInDays,*Policy"
        yield Finding(calendar, "declined", "warning", what, "They are not shown and never dialled.", fix)


async def _subscription(calendar: str, push: Subscriptions) -> list[Finding]:
    try:
        active = await push.active()
    except CalendarError:
        return []  # told for the source as a whole
    end = active.get(resource_key(resource_of(calendar)))
    if end is not None:
        what = f"Microsoft 365 tells of changes; the subscription is renewed before {end:%Y-%m-%d %H:%M} UTC."
        return [Finding(calendar, "notifications", "ok", what)]
    if not active:
        return []  # no room has one
    what = "Other rooms have a subscription, this one has none."
    effect = "Changes are seen at the next poll, not within seconds."
    return [Finding(calendar, "notifications", "warning", what, effect, "See calendar.subscription_failed in the log.")]


def _share(meetings: list[Mapping[str, Any]], of: Any) -> bool:
    return sum(bool(of(entry)) for entry in meetings) >= _NEARLY_ALL * len(meetings)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
