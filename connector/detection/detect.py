"""From the texts of one event to the one address a room should dial, with the reason for every choice.

Every service looks for its own meetings; then a fixed precedence decides between services:

1. a meeting that is live, before one that is not (recording, registration);
2. an invitation, before a link that reads as somebody's signature, see ``connector.detection.signature``;
3. what is not quoted from an older mail, before what is, see ``connector.detection.quoting``;
4. a service a room can reach, before Teams or Meet without a room address: calendars add those two by themselves;
5. the better place: structured conference data, location, URL, body, title;
6. what stands higher in the text; at the very same spot, the order of the services table.

Where that leads to a service for browsers only, and an invitation that a room can dial stands in the same kind of
place, the event gives a choice, and the room takes what it can dial.

A plain SIP or H.323 address counts only where no service's live meeting is found: beside one, it is that service's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from connector.detection.evidence import lost, note, won
from connector.detection.parsed_event import MAX_TEXT, ParsedEvent, parse
from connector.detection.parsed_text import ParsedText, Standing
from connector.detection.printed_for_rooms import with_printed_address
from connector.detection.service import Found
from connector.detection.services import HOSTS, SERVICES
from connector.detection.signature import signature_of
from connector.detection.text_parser import parse_text
from connector.detection.undecided import is_bare_beside, why_undecided
from connector.model import Evidence, JoinInfo, SourceText
from device_drivers.api import redact_address

MAX_EVIDENCE = 60  # lines kept; a timetable with a thousand links needs no thousand reasons


def detect(texts: tuple[SourceText, ...] | ParsedEvent, *, cancelled: bool = False) -> JoinInfo:
    """``texts``: those of one event, or what ``parse`` made of them, where others look at them too.

    Pure and total: no input raises. The cost grows in a straight line with the length of the texts.

    ``sip`` and ``h323`` are empty when the meeting is not joinable, which a cancelled one never is.
    """
    event = parse(texts)
    parsed_texts = event.texts
    cancelled = cancelled or event.called_off
    found = [candidate for service in SERVICES for candidate in service.find(parsed_texts)]
    if any(parsed.addresses or "gateway" in parsed.low for parsed in parsed_texts):
        found = [with_printed_address(candidate, parsed_texts) for candidate in found]
    if not found:
        return _commented_out(parsed_texts) or JoinInfo(evidence=_nothing(event))
    ranked = sorted(_with_signatures(found, parsed_texts), key=_precedence)
    best = _best(ranked, parsed_texts)
    others = [other for other in ranked if other is not best]
    button_only = why_undecided(best, others, event)
    return _join_info(_with_dial_string(best, others), others, cancelled, event, button_only)


def _with_signatures(found: list[Found], parsed_texts: tuple[ParsedText, ...]) -> list[Found]:
    """A link is asked only beside another live meeting."""
    if sum(candidate.joinable and not candidate.address_only for candidate in found) < 2:
        return found
    return [
        candidate if candidate.address_only else replace(candidate, signature=signature_of(candidate, parsed_texts))
        for candidate in found
    ]


def _precedence(found: Found) -> tuple[bool, bool, bool, int, bool, int, int, int]:
    standing, rank, at = found.order
    demoted = found.added_by_calendars and not found.dialable
    beside = _beside_others(found)
    return (not found.joinable, _is_plain(found), bool(found.signature), beside, demoted, rank, standing, at)


def _beside_others(found: Found) -> int:
    """Who calls a link an alternative gives a choice between services: none of them is worse for it."""
    return Standing.PLAIN if found.order[0] == Standing.CHOICE else found.order[0]


def _best(ranked: list[Found], parsed_texts: tuple[ParsedText, ...]) -> Found:
    first = ranked[0]
    if first.dialable:
        alike = (
            o
            for o in ranked[1:]
            if o.dialable and not o.signature and not _is_plain(o) and o.order[:2] == first.order[:2]
        )
        return next((other for other in alike if is_bare_beside(first, other, parsed_texts)), first)
    if not first.for_browsers:
        return first
    place = (_beside_others(first), first.order[1])
    choice = (other for other in ranked if other.dialable and not _is_plain(other) and not other.signature)
    return next((other for other in choice if (_beside_others(other), other.order[1]) == place), first)


def _with_dial_string(best: Found, others: list[Found]) -> Found:
    """A printed ``IP##number`` is the meeting's where its number is the meeting's own."""
    numbers = {best.meeting_id, *(address.partition("@")[0] for address in best.sip)}
    for other in others:
        for address in other.h323:
            if not best.h323 and other.address_only and address.partition("##")[2].partition("#")[0] in numbers:
                why = "a printed dial string has the meeting's own number"
                line = won("h323", other.where, other.rule, why, redact_address(address))
                return replace(best, h323=(address,), evidence=(*best.evidence, line))
    return best


def _is_plain(found: Found) -> bool:
    """An address without a meeting's link: beside a meeting it is that meeting's, or nobody knows whose."""
    return found.address_only


def _join_info(best: Found, others: list[Found], cancelled: bool, event: ParsedEvent, button_only: str) -> JoinInfo:
    joinable = best.joinable and not cancelled
    lines = [won("service", best.where, best.rule, _why_first(best, others), best.service)]
    lines += best.evidence
    lines += [_lost_service(best, other) for other in others]
    if cancelled:
        lines.append(lost("joinable", "event", "event.cancelled", "the event is cancelled"))
    elif not best.joinable:
        lines.append(lost("joinable", best.where, best.rule, best.reason))
    else:
        lines.append(won("joinable", best.where, best.rule, "a live invitation"))
        if not best.dialable:
            lines.append(note("sip", best.where, best.rule, best.reason or "no address that a room can dial"))
        elif best.reason:
            lines.append(note("sip", best.where, best.rule, best.reason))
    if joinable and button_only:
        lines.append(note("auto_join", best.where, "detect.undecided", button_only))
    lines += _cut(event) + _opaque(event.texts)
    return JoinInfo(
        service=best.service,
        joinable=joinable,
        meeting_id=best.meeting_id,
        passcode=best.passcode,
        passcode_text=best.passcode_text,
        join_url=best.join_url,
        sip=best.sip if joinable else (),
        h323=best.h323 if joinable else (),
        regions=best.regions if joinable else (),
        no_auto_join=button_only if joinable else "",
        evidence=_bounded(lines),
    )


def _commented_out(parsed_texts: tuple[ParsedText, ...]) -> JoinInfo | None:
    """A meeting in an HTML comment is named, so that its absence can be explained, and never joinable."""
    hidden = tuple(
        parse_text(SourceText(parsed.where, "text", parsed.hidden), HOSTS) for parsed in parsed_texts if parsed.hidden
    )
    found = [candidate for service in SERVICES for candidate in service.find(hidden)]
    if not found:
        return None
    best = min(found, key=_precedence)
    why = "it stands in a comment, which nobody sees"
    return JoinInfo(
        service=best.service,
        meeting_id=best.meeting_id,
        join_url=best.join_url,
        evidence=(lost("joinable", best.where, "html.comment", why, best.meeting_id or ""),),
    )


_IN_A_SIGNATURE = "the other one stands in a signature"


def _why_first(best: Found, others: Iterable[Found]) -> str:
    live = [other for other in others if other.joinable]
    if not live:
        return "the only meeting in the event"
    rival = live[0]
    if rival.signature and not best.signature:
        return "the text calls the other one outdated" if "outdated" in rival.signature else _IN_A_SIGNATURE
    if rival.order[0] > best.order[0]:
        return (
            _WHY_STANDING[Standing(rival.order[0])] if best.order[0] else "the text says that it is the one that counts"
        )
    if _is_plain(rival):
        return "a service's own meeting stands before a plain address"
    if rival.added_by_calendars and not rival.dialable and not (best.added_by_calendars and not best.dialable):
        return "calendars add the other one by themselves, and no room can dial it"
    if rival.order[1] > best.order[1]:
        return "a better place in the event"
    if rival.for_browsers and not rival.dialable and best.dialable:
        return "a room can dial it; the other one is for browsers only"
    return "it stands higher in the text"


_WHY_STANDING = {
    Standing.PLAIN: "the text says that it is the one that counts",
    Standing.CHOICE: "the text calls the other one an alternative",
    Standing.RESERVE: "the text keeps the other one in reserve",
    Standing.QUOTED: "the others are quoted from an older mail",
    Standing.OVER: "the text calls the other one outdated",
}


def _lost_service(best: Found, other: Found) -> Evidence:
    if not other.joinable:
        return lost("service", other.where, other.rule, other.reason, other.service)
    if other.signature and not best.signature:
        return lost("service", other.where, other.rule, other.signature, other.service)
    return lost("service", other.where, other.rule, f"the event is taken as a {best.service} meeting", other.service)


def _nothing(event: ParsedEvent) -> tuple[Evidence, ...]:
    lines = [note("service", text.where, "detect.none", "no meeting information found") for text in event.texts[:10]]
    return _bounded([*lines, *_cut(event), *_opaque(event.texts)])


def _cut(event: ParsedEvent) -> list[Evidence]:
    why = f"the text is longer than {MAX_TEXT:,} characters: only its beginning and its end are read"
    return [note("text", where, "text.cut", why) for where in event.cut[:5]]


def _opaque(parsed_texts: tuple[ParsedText, ...]) -> list[Evidence]:
    hits = [(parsed, link) for parsed in parsed_texts for link in parsed.links if link.opaque]
    return [
        note(
            "join_url",
            parsed.where,
            "unwrap.opaque",
            f"a link ({link.opaque}) that cannot be undone offline",
            link.url.host,
        )
        for parsed, link in hits[:5]
    ]


def _bounded(lines: list[Evidence]) -> tuple[Evidence, ...]:
    if len(lines) <= MAX_EVIDENCE:
        return tuple(lines)
    more = len(lines) - MAX_EVIDENCE + 1
    return (*lines[: MAX_EVIDENCE - 1], note("evidence", "", "evidence.cut", f"{more} more lines are left out"))
