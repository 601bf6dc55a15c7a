"""What Zoom's answer makes of a meeting's join information. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from connector.model import Evidence, JoinInfo
from connector.zoom_account.api import RoomCode

_WHERE = "zoom account"


def completed(join: JoinInfo, code: RoomCode, now: datetime) -> JoinInfo:
    """``join`` with the passcode in the addresses that have none, or with Zoom's own SIP address in front."""
    if code.passcode:
        reason = "the invitation has no passcode that a room can dial; Zoom was asked for it"
        evidence = Evidence("passcode", _WHERE, "zoom.account", "won", reason)
        sip = tuple(_with_code(address, join.meeting_id or "", code.passcode) for address in join.sip)
        h323 = tuple(_with_code(address, join.meeting_id or "", code.passcode) for address in join.h323)
        return replace(join, passcode=code.passcode, sip=sip, h323=h323, evidence=(*join.evidence, evidence))
    if code.sip and code.sip_until is not None and now < code.sip_until:
        reason = "the invitation has no passcode that a room can dial; Zoom made this address"
        evidence = Evidence("sip", _WHERE, "zoom.account", "won", reason)
        others = tuple(address for address in join.sip if address != code.sip)
        return replace(join, sip=(code.sip, *others), evidence=(*join.evidence, evidence))
    return join


def _with_code(address: str, meeting_id: str, passcode: str) -> str:
    user, at, host = address.partition("@")
    if at and user == meeting_id:
        return f"{user}.{passcode}@{host}"
    if not at and address.endswith(f"##{meeting_id}"):
        return f"{address}#{passcode}"
    return address  # it has a code or is another form: what the invitation states is not touched


def noted(join: JoinInfo, sentence: str) -> JoinInfo:
    """``join`` as it is, and why Zoom's account added nothing to it."""
    reason = f"the invitation has no passcode that a room can dial, and {sentence}"
    return replace(join, evidence=(*join.evidence, Evidence("passcode", _WHERE, "zoom.account", "note", reason)))
