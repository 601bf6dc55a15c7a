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


class Notices:
    """``handle`` is for Webhooks.serve. ``changed`` is called with the id of a meeting that is not as it was."""

    def __init__(self, token: str, clock: Clock, publish: events.Publish, changed: Callable[[str], None]) -> None:
        self._token = token.encode()
        self._clock = clock
        self._publish = publish
        self._changed = changed
        self._told_at: datetime | None = None

    def handle(self, hook: Hook) -> HookReply:
        if not self._signed(hook):
            self._forged()
            return HookReply(401)
        try:
            tree = json.loads(hook.body)
            event, payload = str(tree["event"]), tree["payload"]
            if event == "endpoint.url_validation":
                return self._challenge(str(payload["plainToken"]))
        except (ValueError, KeyError, TypeError):
            return HookReply(400)
        if event.startswith("meeting."):
            meeting_id = _meeting_id(payload)
            if meeting_id:
                self._changed(meeting_id)
        return HookReply(204)

    def _signed(self, hook: Hook) -> bool:
        stamp = hook.headers.get("x-zm-request-timestamp", "")
        if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 13:
            return False
        seconds = int(stamp) / (1000 if len(stamp) == 13 else 1)
        if abs(self._clock.now().timestamp() - seconds) > _WINDOW.total_seconds():
            return False
        expected = f"v0={self._mac(b'v0:' + stamp.encode() + b':' + hook.body)}"
        given = hook.headers.get("x-zm-signature", "").encode("utf-8", "replace")  # it may be any bytes
        return hmac.compare_digest(expected.encode(), given)

    def _challenge(self, plain: str) -> HookReply:
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


def _meeting_id(payload: Any) -> str:
    found = payload.get("object") if isinstance(payload, dict) else None
    number = str(found.get("id", "")) if isinstance(found, dict) else ""
    return number if number.isascii() and number.isdigit() and len(number) <= 20 else ""
