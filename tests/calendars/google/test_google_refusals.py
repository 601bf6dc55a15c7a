"""Error bodies of Google's, in both of the forms that it writes."""

from __future__ import annotations

import json

import pytest

from connector.calendars.google.errors import refusal
from connector.errors import AccessDenied
from connector.standins.google import Trouble
from tests.calendars.google.harness import ROOM, house
from tests.calendars.ics_text import window


def newer(status: str, reason: str) -> bytes:
    """As Google's newer front ends write it: google.rpc.Status, with an ErrorInfo."""
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}
    return json.dumps({"error": {"code": 403, "message": "words", "status": status, "details": [info]}}).encode()


def older(reason: str) -> bytes:
    return json.dumps({"error": {"code": 403, "errors": [{"domain": "usageLimits", "reason": reason}]}}).encode()


def over(limit: str, message: str = "") -> bytes:
    """A limit of the console's, as Google writes it: the reason is the same for all of them."""
    info = {"reason": "RATE_LIMIT_EXCEEDED", "metadata": {"quota_limit": limit}} if limit else {"reason": "x"}
    error = {"errors": [{"domain": "usageLimits", "reason": "rateLimitExceeded"}], "status": "PERMISSION_DENIED"}
    return json.dumps({"error": {**error, "code": 403, "message": message, "details": [info]}}).encode()


def words(limit: str) -> str:
    return f"Quota exceeded for quota metric 'Queries' and limit '{limit}' of service 'calendar-json.googleapis.com'."


@pytest.mark.parametrize(
    ("body", "for_all", "whole_day"),
    [
        (over("defaultPerMinutePerUser"), False, False),
        (over("defaultPerMinutePerProject"), True, False),
        (over("defaultPerDayPerProject"), True, True),
        (over("", words("Queries per minute per user")), False, False),
        (over("", words("Queries per user per 100 seconds")), False, False),
        (over("", words("Queries per minute")), True, False),
        (over("", words("Queries per day")), True, True),
    ],
)
def test_the_name_of_a_limit_says_whose_it_is(body: bytes, for_all: bool, whole_day: bool) -> None:
    refused = refusal(403, {}, body)
    assert (refused.for_all, refused.of_the_day) == (for_all, whole_day)


@pytest.mark.parametrize(
    ("status", "body", "for_all"),
    [
        (429, newer("RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED"), True),
        (429, older("rateLimitExceeded"), True),
        (429, b"<html>", True),
        (429, older("userRateLimitExceeded"), False),
        (403, older("rateLimitExceeded"), True),
        (403, older("userRateLimitExceeded"), False),
        (403, older("dailyLimitExceeded"), True),
        (403, newer("PERMISSION_DENIED", "SERVICE_DISABLED"), False),
    ],
)
def test_whose_limit_it_is(status: int, body: bytes, for_all: bool) -> None:
    assert refusal(status, {}, body).for_all is for_all


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"error": "words"}', b'{"error": {"errors": [7]}}', b'{"error": null}', b"\xff"]
)
def test_bodies_of_something_else_are_only_a_status(body: bytes) -> None:
    refused = refusal(403, {}, body)
    assert (refused.status, refused.for_all, refused.of_our_address) == (403, False, False)


@pytest.mark.parametrize(
    ("text", "seconds"), [("7", 7), ("0.2", 1), ("99999", 3600), ("nan", None), ("-3", 1), ("soon", None), ("", None)]
)
def test_retry_after(text: str, seconds: float | None) -> None:
    found = refusal(503, {"retry-after": text}, b"").retry_after
    assert (found.total_seconds() if found is not None else None) == seconds


async def test_a_refusal_is_told_by_us_alone(caplog: pytest.LogCaptureFixture) -> None:
    async with house() as home:
        home.google.troubles.append(Trouble("list", status=403, reason="forbidden"))
        with pytest.raises(AccessDenied):
            await home.source.read(ROOM, window("2026-11-10", "2026-11-11"))
    assert [record.name for record in caplog.records if record.name.startswith("google")] == []
