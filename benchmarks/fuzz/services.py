"""The parsers of what other services and people send: notifications, Zoom's answers, the texts of invitations."""

from __future__ import annotations

from benchmarks.fuzz.seeds import seeds
from benchmarks.fuzz.trying import Parser, plain
from connector.detection.detect import detect
from connector.model import SourceText


def parsers() -> tuple[Parser, ...]:
    return (Parser("detection", seeds("texts"), plain(_detect), (), ("connector.detection",)),)


def _detect(text: str) -> None:
    kind = "html" if "<" in text[:500] else "text"
    detect((SourceText("html" if kind == "html" else "description", "html" if kind == "html" else "text", text),))
