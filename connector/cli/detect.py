"""``connector detect FILE...`` at work: what is found in an invitation, and why. ``--rule`` tries rules on it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from connector.detection.detect import detect
from connector.detection.files import read_content
from connector.detection.parsed_event import parse
from connector.detection.rules import NO_RULES, Rules, compile_rules, rulings
from connector.errors import UserError
from connector.model import Evidence, JoinInfo
from connector.planning.rulings import holds
from device_drivers.api import redact_address

MAX_BYTES = 64 * 1024 * 1024  # no invitation is that long; a disk image by mistake is


def detect_files(files: Sequence[Path], json_output: bool, rule: Path | None, place: Place | None) -> None:
    """``place``: where rules are judged for; None: each counts, whatever rooms it is for."""
    rules = _rules(rule) if rule is not None else NO_RULES
    for problem in rules.problems:
        click.echo(f"{rule}: {problem}", err=True)
    unread = 0
    for path in files:
        try:
            join = detect_file(path, rules, place)
        except OSError as error:
            unread += 1
            click.echo(f"{path} cannot be read: {error.strerror or error}.", err=True)
            continue
        click.echo(json.dumps(as_json(path, join), ensure_ascii=False) if json_output else as_text(path, join))
    if unread or rules.problems:
        raise click.exceptions.Exit(2 if unread == len(files) else 3)


def _rules(path: Path) -> Rules:
    """A file of rules, or a whole connector.toml. Raises UserError."""
    try:
        tree = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UserError(f"{path} is not valid TOML: {error}.") from None
    tables, dialing = tree.get("rules"), tree.get("dialing")
    if not isinstance(tables, list) or not tables:
        raise UserError(f"{path} holds no rules; write [[rules]] above each.")
    domains = dialing.get("internal_domains", []) if isinstance(dialing, dict) else []
    return compile_rules(tables, [str(domain) for domain in domains] if isinstance(domains, list) else [])


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule is judged for."""

    room: str
    site: str


def detect_file(path: Path, rules: Rules = NO_RULES, place: Place | None = None) -> JoinInfo:
    """``place`` None: rules count whatever rooms they are for.

    Raises OSError when the file cannot be read, or is too large to be an invitation.
    """
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise OSError(0, f"it is larger than {MAX_BYTES // 1024 // 1024} MB")
    content = read_content(data)
    parsed = parse(content.texts)
    join = detect(parsed, cancelled=content.cancelled)
    email = _ADDRESS.search(content.organizer)
    found = rulings(
        parsed,
        join,
        rules,
        organizer=content.organizer,
        organizer_email=email[0] if email else "",
        cancelled=content.cancelled,
    )
    held = next((r for r in found if place is None or holds(r, place.room, place.site)), None)
    if held is None:
        return join
    if held.join is None:
        sentence = f"the rule {held.rule!r} leaves the event out"
        line = Evidence("joinable", "event", f"rule.{held.rule}", "lost", sentence)
        return replace(join, joinable=False, sip=(), h323=(), withheld=sentence, evidence=(line, *join.evidence))
    return held.join


_ADDRESS = re.compile(r"[^\s<>@]{1,128}@[^\s<>@]{1,253}")


def as_json(path: Path, join: JoinInfo) -> dict[str, object]:
    """The passcodes are in their own fields and in the addresses; the evidence never holds one."""
    return {
        "file": str(path),
        "joinable": join.joinable,
        "service": join.service,
        "meeting_id": join.meeting_id,
        "passcode": join.passcode,
        "passcode_text": join.passcode_text,
        "join_url": join.join_url,
        "sip": list(join.sip),
        "h323": list(join.h323),
        "evidence": [_evidence(line) for line in join.evidence],
    }


def _evidence(line: Evidence) -> dict[str, str]:
    return {
        "field": line.field,
        "where": line.where,
        "rule": line.rule,
        "verdict": line.verdict,
        "reason": line.reason,
        "shown": line.shown,
    }


def as_text(path: Path, join: JoinInfo) -> str:
    """For people: nothing secret in it, so it can be pasted into a ticket."""
    lines = [f"{path}: {_headline(join)}"]
    dial = [*(f"sip {redact_address(a)}" for a in join.sip), *(f"h323 {redact_address(a)}" for a in join.h323)]
    if dial:
        more = f"  (and {len(dial) - 1} more)" if len(dial) > 1 else ""
        lines.append(f"  dial       {dial[0]}{more}")
    elif join.joinable:
        lines.append("  dial       nothing: no button on a room system")
    for line in join.evidence:
        shown = f"  [{line.shown}]" if line.shown else ""
        place = f" in {line.where}" if line.where else ""
        lines.append(f"  {line.field:<12} {line.verdict:<5} {line.rule}{place}: {line.reason}{shown}")
    return "\n".join(lines)


def _headline(join: JoinInfo) -> str:
    if join.service is None:
        return "no meeting found"
    number = f" {join.meeting_id}" if join.meeting_id else ""
    return f"{join.service}{number}, {'joinable' if join.joinable else 'not joinable'}"
