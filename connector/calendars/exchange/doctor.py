"""What is wrong with an Exchange server, its account or a room's mailbox, and the line that mends it.

The settings of a room mailbox are told by their visible effect: reading them would need an admin's rights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from connector.calendars.base import Finding
from connector.calendars.exchange.client import Client
from connector.calendars.exchange.errors import SCOPE_LINE, delegate_line, quoted, role_line, type_lines
from connector.calendars.exchange.items import Broken, Item
from connector.calendars.exchange.mailboxes import Access
from connector.errors import AccessDenied, CalendarError, CredentialsRejected, RateLimited
from connector.model import Window

_LOOKED_AT = timedelta(days=14)  # back and ahead: enough meetings to tell a habit from an exception
_SAMPLE = 50
_FEW = 3  # fewer meetings prove nothing
_MOST = 0.8
_SKEW = timedelta(minutes=2)


async def examine_source(client: Client, now: datetime) -> tuple[Finding, ...]:
    """Sign-in, room lists and the clock."""
    try:
        places = await client.places()
    except CalendarError as error:
        return (_failed("", error, client.server.access), *_clock(client))
    findings = [Finding("", "credentials", "ok", f"The server lets {client.server.access.who} in.")]
    if not places:
        findings.append(
            Finding(
                "",
                "room_lists",
                "warning",
                "The organisation has no room lists, or the account does not see them.",
                "`connector calendars rooms` finds nothing; rooms can be written into rooms.csv by hand all the same.",
                "New-DistributionGroup -Name 'Rooms Building 1' -RoomList; Add-DistributionGroupMember -Identity"
                " 'Rooms Building 1' -Member 'room@example.org'",
            )
        )
    return (*findings, *_clock(client))


async def examine_calendar(client: Client, calendar: str, now: datetime) -> tuple[Finding, ...]:
    try:
        listing = await client.listing(calendar, Window(now - _LOOKED_AT, now + _LOOKED_AT))
        fetched = await client.items(calendar, list(listing)[:_SAMPLE]) if listing else {}
    except CredentialsRejected:
        return ()  # said of the server, once for all
    except CalendarError as error:
        return (_failed(calendar, error, client.server.access),)
    items = [each for each in fetched.values() if isinstance(each, Item)]
    broken = [each for each in fetched.values() if isinstance(each, Broken)]
    return (
        Finding(calendar, "access", "ok", f"{len(listing)} meetings within two weeks can be listed."),
        *_unreadable(calendar, broken, client.server.access),
        *_stripped(calendar, items),
        *_answers(calendar, items),
    )


def _failed(calendar: str, error: CalendarError, access: Access) -> Finding:
    check = {CredentialsRejected: "credentials", AccessDenied: "access"}.get(type(error), "reachable")
    what, _, fix = str(error).partition(": ")
    effect = "The room keeps what it last showed." if calendar else "All rooms keep what they last showed."
    fix = fix[:1].upper() + fix[1:]
    if isinstance(error, RateLimited):
        fix = (
            f"It is asked again by itself; if it lasts: Get-ThrottlingPolicyAssociation -Identity {quoted(access.who)}"
        )
    elif role_line(access.who) in fix:
        fix = f"{type_lines(calendar)}\n{SCOPE_LINE}\n{role_line(access.who)}"
    elif fix.startswith("Check the calendar column"):
        fix = "Get-Mailbox -RecipientTypeDetails RoomMailbox | fl PrimarySmtpAddress  # for rooms.csv, column calendar"
    elif delegate_line(calendar, access.who) in fix:
        fix = delegate_line(calendar, access.who)
    return Finding(calendar, check, "problem", what.rstrip(".") + ".", effect, fix.rstrip("."))


def _clock(client: Client) -> tuple[Finding, ...]:
    skew = client.clock_skew
    if skew is None or abs(skew) < _SKEW:
        return ()
    ahead = "ahead of" if skew > timedelta(0) else "behind"
    return (
        Finding(
            "",
            "clock",
            "warning",
            f"The server's clock is {abs(skew).total_seconds():.0f} seconds {ahead} this machine's.",
            "Kerberos and NTLM fail at 5 minutes; rooms dial by this machine's clock.",
            "timedatectl set-ntp true (here), or w32tm /resync (on the server), whichever is wrong",
        ),
    )


def _unreadable(calendar: str, broken: Sequence[Broken], access: Access) -> tuple[Finding, ...]:
    """Exchange Server has no line that lets a delegate see private meetings: SharingPermissionFlags is the cloud's."""
    if not broken:
        return ()
    return (
        Finding(
            calendar,
            "unreadable",
            "warning",
            f"{len(broken)} meetings are listed but cannot be read; private ones are hidden from delegates.",
            "They keep their last good form, or do not appear at all.",
            "" if access.impersonation else f'access = "impersonation", and {role_line(access.who)}',
        ),
    )


def _stripped(calendar: str, items: Sequence[Item]) -> tuple[Finding, ...]:
    """Set-CalendarProcessing's defaults take away what is needed; only later invitations profit from a change."""
    invited = [item for item in items if item.attended and not item.cancelled]
    findings = []
    if _nearly_all(invited, lambda item: not any(text.where in ("description", "html") for text in item.texts)):
        findings.append(
            _setting(
                calendar,
                "body_stripped",
                "Nearly all meetings have no text: the mailbox deletes it from invitations.",
                "Join buttons are missing where the meeting's link stands in the text. Meetings that are already in the"
                " calendar stay empty.",
                "-DeleteComments $false",
                level="problem",
            )
        )
    if _nearly_all(invited, lambda item: item.title in ("", item.organizer)):
        findings.append(
            _setting(
                calendar,
                "subject_replaced",
                "Nearly all meetings bear the organiser's name instead of their subject.",
                "The room's screen shows names instead of titles.",
                "-DeleteSubject $false -AddOrganizerToSubject $false",
            )
        )
    if len(invited) >= 10 * _FEW and not any(item.private for item in items):
        findings.append(
            _setting(
                calendar,
                "private_flag_never_seen",
                "None of many meetings is private: the mailbox may take the mark away, as it does by default.",
                "Private meetings would show their title; hide_titles hides all of them.",
                "-RemovePrivateProperty $false",
            )
        )
    return tuple(findings)


def _nearly_all(items: Sequence[Item], test: Callable[[Item], bool]) -> bool:
    return len(items) >= _FEW and sum(test(item) for item in items) >= _MOST * len(items)


def _setting(
    calendar: str, check: str, what: str, effect: str, flags: str, *, level: Literal["warning", "problem"] = "warning"
) -> Finding:
    return Finding(calendar, check, level, what, effect, f"Set-CalendarProcessing -Identity {quoted(calendar)} {flags}")


def _answers(calendar: str, items: Sequence[Item]) -> tuple[Finding, ...]:
    tentative = [item for item in items if item.tentative]
    declined = [item for item in items if item.declined]
    findings = []
    if tentative:
        findings.append(
            _setting(
                calendar,
                "not_accepted",
                f"{len(tentative)} meetings are tentative: nobody accepts them for the room.",
                "They are shown as tentative; with auto-accept the room answers at once.",
                "-AutomateProcessing AutoAccept",
            )
        )
    if declined:
        findings.append(
            Finding(
                calendar,
                "declined",
                "warning",
                f"{len(declined)} meetings were declined by the room.",
                "They get no button and are not dialled.",
                f"Get-CalendarProcessing -Identity {quoted(calendar)} | fl AllowConflicts,BookingWindowInDays,*Policy",
            )
        )
    return tuple(findings)
