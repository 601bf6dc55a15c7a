"""Lines of evidence: which field, from where, by which rule, and why it won or lost. No line holds a passcode."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from connector.detection.service import Found
from connector.model import Evidence
from device_drivers.api import redact_address


def won(field_name: str, where: str, rule: str, reason: str, shown: str = "") -> Evidence:
    return _evidence(field_name, where, rule, "won", reason, shown)


def lost(field_name: str, where: str, rule: str, reason: str, shown: str = "") -> Evidence:
    return _evidence(field_name, where, rule, "lost", reason, shown)


def note(field_name: str, where: str, rule: str, reason: str, shown: str = "") -> Evidence:
    return _evidence(field_name, where, rule, "note", reason, shown)


def _evidence(
    field_name: str, where: str, rule: str, verdict: Literal["won", "lost", "note"], reason: str, shown: str
) -> Evidence:
    return Evidence(field_name, where, rule, verdict, reason, shown[:160])


def dial_evidence(found: Found, where: str, rule: str, reason: str) -> Found:
    """``found`` with a line of evidence for each address it would dial."""
    lines = [won("sip", where, rule, reason, redact_address(address)) for address in found.sip[:4]]
    lines += [won("h323", where, rule, reason, redact_address(address)) for address in found.h323[:4]]
    return replace(found, evidence=(*found.evidence, *lines))
