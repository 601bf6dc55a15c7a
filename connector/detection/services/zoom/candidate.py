"""The Zoom meeting of an event, with the evidence for each of its fields."""

from __future__ import annotations

from dataclasses import replace

from connector.detection.evidence import dial_evidence, lost, note, won
from connector.detection.parsed_text import Link, ParsedText
from connector.detection.service import Found, unique
from connector.detection.services.zoom.addresses import addresses, regions
from connector.detection.services.zoom.attribution import Attribution
from connector.detection.services.zoom.extraction import Extraction, extract
from connector.detection.services.zoom.links import PERSONAL_DIGITS, ZoomLink, classify
from connector.detection.services.zoom.passcodes import passcode_of
from connector.detection.services.zoom.printed_addresses import BRIDGE
from connector.detection.services.zoom.selection import Selection, select
from connector.model import Evidence

_NO_NUMBER = "personal"


def find(parsed_texts: tuple[ParsedText, ...]) -> list[Found]:
    extraction = extract(parsed_texts)
    selection = select(extraction)
    if selection is None:
        return _without_number(extraction)
    attribution = Attribution(extraction, selection)
    code = passcode_of(extraction, selection, attribution)
    sip, h323 = addresses(extraction, selection, attribution, code.numeric)
    link = _join_link_of(extraction, selection)
    evidence = (
        won("meeting_id", selection.parsed.where, selection.rule, selection.why, selection.meeting_id),
        *_losing_ids(extraction, selection),
        *_link_evidence(link),
        *code.evidence,
    )
    found = Found(
        service="zoom",
        regions=regions(extraction.parsed_texts, {address.partition("##")[0] for address in h323}),
        where=selection.parsed.where,
        order=selection.parsed.order(selection.at),
        rule=selection.rule,
        meeting_id=selection.meeting_id,
        passcode=code.numeric,
        passcode_text=code.text,
        join_url=link.shown_url if link else None,
        sip=unique(sip),
        h323=unique(h323),
        evidence=evidence,
        personal=len(selection.meeting_id) == PERSONAL_DIGITS,
    )
    return [_explained(found, extraction, selection)]


def key(parsed: ParsedText, link: Link) -> tuple[str, str] | None:
    """The meeting behind a link, see ``Service.key``."""
    zoom = classify(parsed, link)
    if zoom is None or zoom.kind not in ("join", "personal"):
        return None
    return (zoom.kind, zoom.meeting_id or zoom.link.url.path.lower())


def _explained(found: Found, extraction: Extraction, selection: Selection) -> Found:
    if not found.sip:
        reason = "Zoom for Government has a bridge of its own, and the invitation prints no SIP address"
        return dial_evidence(
            replace(found, reason=reason), selection.parsed.where, "zoom.h323.stated", "printed gateway"
        )
    stated = any(s.meeting_id == selection.meeting_id for s in extraction.sip)
    rule = "zoom.sip.stated" if stated else "zoom.sip.derived"
    why = "the invitation states the address" if stated else f"id and passcode at {BRIDGE}"
    return dial_evidence(found, selection.parsed.where, rule, why)


def _join_link_of(extraction: Extraction, selection: Selection) -> ZoomLink | None:
    if selection.personal is not None:
        return selection.personal
    links = [z for z in extraction.links if z.meeting_id == selection.meeting_id and z.form != "skype"]
    return min(links, key=lambda z: (z.parsed.quoted(z.at), z.preference), default=None)


def _link_evidence(link: ZoomLink | None) -> list[Evidence]:
    if link is None:
        return []
    lines = [won("join_url", link.parsed.where, "zoom.link", "the meeting's link", link.link.url.shown)]
    return lines + [
        note("join_url", link.parsed.where, f"unwrap.{name}", "a rewritten link was undone")
        for name in link.link.wrappers
    ]


def _losing_ids(extraction: Extraction, selection: Selection) -> list[Evidence]:
    """One line for each other number that could have been the meeting."""
    seen = {selection.meeting_id: ""}
    lines: list[Evidence] = []
    others = [
        (z.parsed, z.meeting_id, "zoom.link", "another meeting's link stands lower")
        for z in extraction.links
        if z.meeting_id
    ]
    others += [(s.parsed, s.meeting_id, "zoom.sip", "a stated address of another meeting") for s in extraction.sip]
    others += [(p, t.meeting_id, "zoom.onetap", "a one-tap line with another id") for p, t in extraction.taps]
    others += [
        (p, n.digits, "zoom.label", "printed, but what people join has another id") for p, n in extraction.printed
    ]
    for parsed, number, rule, why in others:
        if number not in seen and len(lines) < 8:
            seen[number] = ""
            lines.append(lost("meeting_id", parsed.where, rule, why, number))
    rejected = [z for z in extraction.links if z.kind not in ("join", "personal")]
    lines += [lost("join_url", z.parsed.where, f"zoom.{z.kind}", z.why, z.link.url.shown) for z in rejected[:6]]
    return lines


def _without_number(extraction: Extraction) -> list[Found]:
    """A personal link (a live meeting that no room can dial), or pages of Zoom that are no meeting."""
    links = [z for z in extraction.links if z.kind != "help"]
    if not links:
        return []
    best = min(links, key=lambda z: z.kind != "personal")
    live = best.kind == "personal"
    reason = "a personal link holds no number, so there is nothing to dial" if live else best.why
    lines = [lost("meeting_id", z.parsed.where, f"zoom.{z.kind}", z.why or reason, z.link.url.shown) for z in links[:8]]
    codes = Attribution(extraction, Selection(_NO_NUMBER, best.parsed, best.at, "", "", best)) if live else None
    code = next((c for p, c in extraction.codes if codes is not None and codes.owns(p, c.at)), None)
    return [
        Found(
            service="zoom",
            where=best.parsed.where,
            order=best.parsed.order(best.at),
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
