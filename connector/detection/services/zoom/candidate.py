"""The Zoom meeting of an event, with the evidence for each of its fields."""

from __future__ import annotations

from dataclasses import replace

from connector.detection.page import Page
from connector.detection.service import Found, dial_evidence, lost, note, unique, won
from connector.detection.services.zoom.addresses import addresses, regions
from connector.detection.services.zoom.choice import Choice, choose
from connector.detection.services.zoom.links import PERSONAL_DIGITS, ZoomLink
from connector.detection.services.zoom.owners import Owners
from connector.detection.services.zoom.passcodes import passcode_of
from connector.detection.services.zoom.reading import Reading, read
from connector.detection.services.zoom.stated import BRIDGE
from connector.model import Evidence

_NO_NUMBER = "personal"


def find(pages: tuple[Page, ...]) -> list[Found]:
    reading = read(pages)
    choice = choose(reading)
    if choice is None:
        return _without_number(reading)
    owners = Owners(reading, choice)
    code = passcode_of(reading, choice, owners)
    sip, h323 = addresses(reading, choice, owners, code.numeric)
    link = _join_link_of(reading, choice)
    evidence = (
        won("meeting_id", choice.page.where, choice.rule, choice.why, choice.meeting_id),
        *_losing_ids(reading, choice),
        *_link_evidence(link),
        *code.evidence,
    )
    found = Found(
        service="zoom",
        regions=regions(reading.pages, {address.partition("##")[0] for address in h323}),
        where=choice.page.where,
        order=choice.page.order(choice.at),
        rule=choice.rule,
        meeting_id=choice.meeting_id,
        passcode=code.numeric,
        passcode_text=code.text,
        join_url=link.shown_url if link else None,
        sip=unique(sip),
        h323=unique(h323),
        evidence=evidence,
        personal=len(choice.meeting_id) == PERSONAL_DIGITS,
    )
    return [_explained(found, reading, choice)]


def _explained(found: Found, reading: Reading, choice: Choice) -> Found:
    if not found.sip:
        reason = "Zoom for Government has a bridge of its own, and the invitation prints no SIP address"
        return dial_evidence(replace(found, reason=reason), choice.page.where, "zoom.h323.stated", "printed gateway")
    stated = any(s.meeting_id == choice.meeting_id for s in reading.sip)
    rule = "zoom.sip.stated" if stated else "zoom.sip.derived"
    why = "the invitation states the address" if stated else f"id and passcode at {BRIDGE}"
    return dial_evidence(found, choice.page.where, rule, why)


def _join_link_of(reading: Reading, choice: Choice) -> ZoomLink | None:
    if choice.personal is not None:
        return choice.personal
    links = [z for z in reading.links if z.meeting_id == choice.meeting_id and z.form != "skype"]
    return min(links, key=lambda z: (z.page.quoted(z.at), z.preference), default=None)


def _link_evidence(link: ZoomLink | None) -> list[Evidence]:
    if link is None:
        return []
    lines = [won("join_url", link.page.where, "zoom.link", "the meeting's link", link.link.url.shown)]
    return lines + [
        note("join_url", link.page.where, f"unwrap.{name}", "a rewritten link was undone")
        for name in link.link.wrappers
    ]


def _losing_ids(reading: Reading, choice: Choice) -> list[Evidence]:
    """One line for each other number that could have been the meeting."""
    seen = {choice.meeting_id: ""}
    lines: list[Evidence] = []
    others = [
        (z.page, z.meeting_id, "zoom.link", "another meeting's link stands lower")
        for z in reading.links
        if z.meeting_id
    ]
    others += [(s.page, s.meeting_id, "zoom.sip", "a stated address of another meeting") for s in reading.sip]
    others += [(p, t.meeting_id, "zoom.onetap", "a one-tap line with another id") for p, t in reading.taps]
    others += [(p, n.digits, "zoom.label", "printed, but what people join has another id") for p, n in reading.printed]
    for page, number, rule, why in others:
        if number not in seen and len(lines) < 8:
            seen[number] = ""
            lines.append(lost("meeting_id", page.where, rule, why, number))
    rejected = [z for z in reading.links if z.kind not in ("join", "personal")]
    lines += [lost("join_url", z.page.where, f"zoom.{z.kind}", z.why, z.link.url.shown) for z in rejected[:6]]
    return lines


def _without_number(reading: Reading) -> list[Found]:
    """A personal link (a live meeting that no room can dial), or pages of Zoom that are no meeting."""
    links = [z for z in reading.links if z.kind != "help"]
    if not links:
        return []
    best = min(links, key=lambda z: z.kind != "personal")
    live = best.kind == "personal"
    reason = "a personal link holds no number, so there is nothing to dial" if live else best.why
    lines = [lost("meeting_id", z.page.where, f"zoom.{z.kind}", z.why or reason, z.link.url.shown) for z in links[:8]]
    codes = Owners(reading, Choice(_NO_NUMBER, best.page, best.at, "", "", best)) if live else None
    code = next((c for p, c in reading.codes if codes is not None and codes.owns(p, c.at)), None)
    return [
        Found(
            service="zoom",
            where=best.page.where,
            order=best.page.order(best.at),
            rule=f"zoom.{best.kind}",
            joinable=live,
            reason=reason,
            passcode=code.numeric if code else None,
            passcode_text=code.value if code else None,
            join_url=best.shown_url if live else None,
            evidence=tuple(lines),
            personal=live,
        )
    ]
