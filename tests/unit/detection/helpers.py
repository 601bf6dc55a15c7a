"""Short ways to write a detection test."""

from __future__ import annotations

from connector.detection.detect import detect
from connector.model import Evidence, JoinInfo, SourceText


def in_text(*bodies: str, cancelled: bool = False) -> JoinInfo:
    return detect(tuple(SourceText("description", "text", body) for body in bodies), cancelled=cancelled)


def in_html(body: str) -> JoinInfo:
    return detect((SourceText("html", "html", body),))


def rules(join: JoinInfo, verdict: str = "won") -> dict[str, str]:
    """Field name to the rule that decided it, first line wins."""
    found: dict[str, str] = {}
    for line in join.evidence:
        if line.verdict == verdict:
            found.setdefault(line.field, line.rule)
    return found


def lines_for(join: JoinInfo, field: str, verdict: str) -> list[Evidence]:
    return [line for line in join.evidence if line.field == field and line.verdict == verdict]
