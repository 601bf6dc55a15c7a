"""What an answer of Google's APIs means for us, and what an admin does about it.

Statuses and reasons: the Calendar API guide "Handle API errors"; error bodies are {"error": {"code", "message",
"status", "errors": [{"domain", "reason"}], "details": [{"reason", "metadata"}]}}. Messages of Google are not repeated:
they may quote what was asked.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from connector.calendars.google.key import Identity
from connector.calendars.google.remedies import account_step, refused_app, share_step, told
from connector.errors import AccessDenied, CalendarError, RateLimited, SourceUnavailable

_PROJECT_LIMITS = ("rateLimitExceeded", "quotaExceeded", "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED")
_ONE_LIMIT = "userRateLimitExceeded"
_DAY_LIMITS = ("dailyLimitExceeded", "dailyLimitExceededUnreg")
_NOT_ENABLED = ("accessNotConfigured", "SERVICE_DISABLED")
_SCOPE = ("insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
_OFF = "notACalendarUser"
_LONGEST = timedelta(minutes=5)
_LIMIT = re.compile(r"\blimit '([^']{1,80})'")
_REASON = re.compile(r"[A-Za-z][A-Za-z.]{2,60}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP answer that is no success. ``reasons``: the machine-readable words of its body. ``limit``: the name of
    the quota that is used up, in lower case, such as "defaultperminuteperuser" or "queries per day"; "" for none.
    """

    status: int
    reasons: frozenset[str]
    retry_after: timedelta | None
    limit: str = ""

    @property
    def for_all(self) -> bool:
        """A limit of the whole project: every calendar has to wait. One of a user is that of one room (quotaUser).

        The reason does not tell them apart: rateLimitExceeded is said of both.
        """
        if self.limit:
            return "user" not in self.limit
        if not self.reasons.isdisjoint((*_PROJECT_LIMITS, *_DAY_LIMITS)):
            return True
        return self.status == 429 and _ONE_LIMIT not in self.reasons

    @property
    def of_the_day(self) -> bool:
        return "day" in self.limit or not self.reasons.isdisjoint(_DAY_LIMITS)

    @property
    def of_our_address(self) -> bool:
        """Google does not want to call our webhook listener; the login is not meant, whatever the status."""
        return any(reason.startswith("push.") for reason in self.reasons)


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    reasons: set[str] = set()
    limit = ""
    try:
        error = json.loads(body)["error"]
        reasons |= {str(each.get("reason")) for key in ("errors", "details") for each in error.get(key, ())}
        reasons.add(str(error.get("status")))
        reasons.discard("None")
        limit = _limit(error)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass  # a web page of something in between; the status says enough
    return Refusal(status, frozenset(reasons), _retry_after(headers), limit)


def _limit(error: Mapping[str, Any]) -> str:
    named = [str(each.get("metadata", {}).get("quota_limit", "")) for each in error.get("details", ())]
    told = _LIMIT.search(str(error.get("message")))
    return (next(filter(None, named), "") or (told[1] if told else "")).lower()


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return timedelta(seconds=min(max(seconds, 1), 3600)) if seconds == seconds else None


def pause(failures: int) -> timedelta:
    """Exponential with jitter, as Google asks for; ``failures`` counts from 1."""
    return min(_LONGEST, timedelta(seconds=2 ** min(failures, 9) + random.random()))


def meaning(refused: Refusal, identity: Identity, what: str, failures: int) -> CalendarError:
    """``what``: the calendar's id, or "" for a list of the domain's rooms. ``failures``: in a row, for the back-off."""
    status, reasons = refused.status, refused.reasons
    wait = refused.retry_after or pause(failures)
    if refused.of_our_address:
        words = " ".join(sorted(reason for reason in reasons if reason.startswith("push.")))
        return AccessDenied(
            f"Google does not call our webhook address ({status} {words[:80]}): it must be https with a certificate "
            "that browsers trust; where Google asks for it, verify the domain at search.google.com/search-console."
        )
    if status == 401:
        return refused_app(
            f"Google refuses the access token of {identity.shown} (401), and a fresh one too: the service account may "
            "be disabled.",
            account_step(identity.key.email),
        )
    if refused.of_the_day:
        return RateLimited(
            "Google's daily limit of this project is used up. console.cloud.google.com > APIs & Services > "
            "Google Calendar API > Quotas; or lower daily_requests in connector.toml.",
            retry_after=refused.retry_after or timedelta(hours=1),
        )
    if status == 429 or (status == 403 and not reasons.isdisjoint((*_PROJECT_LIMITS, _ONE_LIMIT))):
        return RateLimited(f"Google asks us to go slower ({status}).", retry_after=wait)
    if status == 503 and refused.retry_after is not None:
        return RateLimited("Google asks us to come back later (503).", retry_after=wait)
    if status in (403, 404):
        return told(AccessDenied, *_denied(refused, identity, what))
    if 300 <= status < 400:
        return SourceUnavailable(
            f"Something between us and Google redirects ({status}): a proxy or a login page; let this computer reach "
            "*.googleapis.com."
        )
    said = " ".join((str(status), *sorted(filter(_REASON.fullmatch, reasons))))
    return SourceUnavailable(f"Google answered with an error ({said}); it is tried again.")


def _denied(refused: Refusal, identity: Identity, what: str) -> tuple[str, str]:
    """(what is wrong, the step)."""
    reasons = refused.reasons
    if not reasons.isdisjoint(_NOT_ENABLED):
        api = "Google Calendar API" if what else "Admin SDK API"
        return (
            f"The {api} is not enabled in the service account's project (403).",
            f"console.cloud.google.com > APIs & Services > Library > {api} > Enable.",
        )
    if _OFF in reasons and identity.subject:
        return (
            f"Google Calendar is switched off for {identity.shown} ({refused.status}).",
            "admin.google.com > Apps > Google Workspace > Calendar > Service status: on for this user; or name another"
            " user in connector.toml (subject).",
        )
    if not reasons.isdisjoint(_SCOPE):
        return (
            f"The token of {identity.shown} lacks a scope (403): it needs {' '.join(identity.scopes)}.",
            identity.delegation_step if identity.subject else account_step(identity.key.email),
        )
    if not what:
        return (
            f"{identity.shown} may not list the domain's rooms ({refused.status}).",
            "admin.google.com > Account > Admin roles > give this user a role with the privilege Services > Calendar > "
            "All settings > Buildings and Resources > read.",
        )
    if refused.status == 404:  # Google says so of a calendar that is not shared, too
        return (
            f"Google knows no calendar {what}, or shows nothing of it to {identity.shown} (404).",
            f"Check the calendar's address in rooms.csv first; if it is right, share it. {share_step(identity.shown)}",
        )
    return f"{identity.shown} may not read the calendar {what} (403).", share_step(identity.shown)
