"""Zoom's notifications (webhooks) as triggers: signature checked, then only the meeting's id is believed.

``x-zm-signature`` is ``v0=`` and the HMAC-SHA256 of ``v0:TIMESTAMP:BODY`` under the app's secret token. The challenge
``endpoint.url_validation`` is answered only when it is signed, too: its answer is an HMAC of text that the caller
chooses, so an unsigned one would let anybody have his own notifications signed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from connector import events
from connector.calendars.base import Hook, HookReply
from connector.clock import Clock

PATH = "zoom-account"
_WINDOW = timedelta(minutes=5)  # of the time stamp, to both sides: an old notification cannot be played again later
_TELL_EVERY = timedelta(minutes=10)
_MOST_TAKEN = 20_000  # signatures that are remembered; a busy account sends a few a second at most
_LONGEST_CHALLENGE = 1_000  # characters


class Notices:
    """``handle`` is for Webhooks.serve. ``changed`` is called with the id of a meeting that is not as it was."""

    def __init__(self, token: str, clock: Clock, publish: events.Publish, changed: Callable[[str], None]) -> None:
        self._token = token.encode()
        self._clock = clock
        self._publish = publish
        self._changed = changed
        self._told_at: datetime | None = None
        self._taken: dict[str, float] = {}  # signature to when its time stamp is too old, oldest first

    def handle(self, hook: Hook) -> HookReply:
        signature = self._signature(hook)
        if not signature:
            self._forged()
            return HookReply(401)
        try:
            event, payload = _read(hook.body)
            if event == "endpoint.url_validation":  # answered as often as it is asked: each time by the same words
                return self._challenge(payload["plainToken"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return HookReply(400)
        meeting_id = _meeting_id(payload) if event.startswith("meeting.") else ""
        if self._is_first(signature) and meeting_id:
            self._changed(meeting_id)
        return HookReply(204)

    def _is_first(self, signature: str) -> bool:
        """A notification that is played again is thanked for, and triggers nothing."""
        now = self._clock.now().timestamp()
        while self._taken and next(iter(self._taken.values())) < now:
            del self._taken[next(iter(self._taken))]
        if signature in self._taken:
            return False
        if len(self._taken) >= _MOST_TAKEN:
            del self._taken[next(iter(self._taken))]
        self._taken[signature] = now + 2 * _WINDOW.total_seconds()  # a stamp may lie ahead by the window
        return True

    def _signature(self, hook: Hook) -> str:
        """The right one, where the caller knows it; else ""."""
        stamp = hook.headers.get("x-zm-request-timestamp", "")
        if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 13:
            return ""
        seconds = int(stamp) / (1000 if len(stamp) == 13 else 1)
        if abs(self._clock.now().timestamp() - seconds) > _WINDOW.total_seconds():
            return ""
        expected = f"v0={self._mac(b'v0:' + stamp.encode() + b':' + hook.body)}"
        given = hook.headers.get("x-zm-signature", "").encode("utf-8", "replace")  # it may be any bytes
        return expected if hmac.compare_digest(expected.encode(), given) else ""

    def _challenge(self, plain: object) -> HookReply:
        if not isinstance(plain, str) or len(plain) > _LONGEST_CHALLENGE:
            raise ValueError("no challenge")
        answer = {"plainToken": plain, "encryptedToken": self._mac(plain.encode())}
        return HookReply(200, json.dumps(answer), "application/json")

    def _mac(self, data: bytes) -> str:
        return hmac.new(self._token, data, hashlib.sha256).hexdigest()

    def _forged(self) -> None:
        now = self._clock.now()
        if self._told_at is None or now - self._told_at >= _TELL_EVERY:
            self._told_at = now
            reason = "a call without a valid signature, or with an old time stamp, was refused"
            self._publish(events.ZoomForged(reason=reason))


def _read(body: bytes) -> tuple[str, Any]:
    """The event's name and what it brings. Raises ValueError, KeyError, TypeError, RecursionError."""
    tree = json.loads(body)
    event, payload = tree["event"], tree["payload"]
    if not isinstance(event, str):
        raise ValueError("no event")
    return event, payload


def _meeting_id(payload: Any) -> str:
    found = payload.get("object") if isinstance(payload, dict) else None
    number = found.get("id") if isinstance(found, dict) else None
    if not isinstance(number, str | int) or isinstance(number, bool):
        return ""
    number = str(number)
    return number if number.isascii() and number.isdigit() and len(number) <= 20 else ""
