"""``connector detect FILE...``: what the connector finds in an invitation, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from connector.detection.detect import detect
from connector.detection.files import read_content
from connector.model import Evidence, JoinInfo
from device_drivers.api import redact_address

MAX_BYTES = 64 * 1024 * 1024  # no invitation is that long; a disk image by mistake is


def detect_command(
    files: Annotated[list[Path], typer.Argument(help="Invitations: text, Markdown, HTML, .ics, JSON event or mail.")],
    json_output: Annotated[bool, typer.Option("--json", help="One JSON object a line per file.")] = False,
) -> None:
    """Show the meeting, the passcode and the address a room would dial, with the reason for each.

    Exit status: 0 all files read, 2 none could be read, 3 some.
    """
    unread = 0
    for path in files:
        try:
            join = detect_file(path)
        except OSError as error:
            unread += 1
            typer.echo(f"{path} cannot be read: {error.strerror or error}.", err=True)
            continue
        typer.echo(json.dumps(as_json(path, join), ensure_ascii=False) if json_output else as_text(path, join))
    if unread:
        raise typer.Exit(2 if unread == len(files) else 3)


def detect_file(path: Path) -> JoinInfo:
    """Raises OSError when the file cannot be read, or is too large to be an invitation."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise OSError(0, f"it is larger than {MAX_BYTES // 1024 // 1024} MB")
    content = read_content(data)
    return detect(content.texts, cancelled=content.cancelled)


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
