"""Zoom's notifications: believed only with Zoom's signature."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.calendars.base import Hook, HookReply
from connector.zoom_account.notices import Notices
from tests.support.clock import FakeClock

TOKEN = "a secret token of the app"


class Desk:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.changed: list[str] = []
        self.told: list[str] = []
        self.notices = Notices(TOKEN, self.clock, lambda event: self.told.append(event.name), self.changed.append)

    def send(self, tree: Any, *, token: str = TOKEN, age: float = 0, **headers: str) -> HookReply:
        body = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
        stamp = str(int(self.clock.now().timestamp() - age))
        mac = hmac.new(token.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        sent = {"x-zm-request-timestamp": stamp, "x-zm-signature": f"v0={mac}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.notices.handle(Hook({}, sent, body))


def updated(number: object = "12345678901") -> dict[str, Any]:
    return {"event": "meeting.updated", "payload": {"account_id": "x", "object": {"id": number}}}


@pytest.mark.parametrize("number", ["12345678901", 12345678901])
def test_a_changed_meeting_is_a_trigger(number: object) -> None:
    desk = Desk()
    assert desk.send(updated(number)).status == 204
    assert desk.changed == ["12345678901"]


def test_the_challenge_is_answered() -> None:
    desk = Desk()
    reply = desk.send({"event": "endpoint.url_validation", "payload": {"plainToken": "abc"}})
    mac = hmac.new(TOKEN.encode(), b"abc", hashlib.sha256).hexdigest()
    assert (reply.status, reply.content_type) == (200, "application/json")
    assert json.loads(reply.body) == {"plainToken": "abc", "encryptedToken": mac}


def test_an_unsigned_challenge_would_sign_anything_and_is_refused() -> None:
    desk = Desk()
    reply = desk.send({"event": "endpoint.url_validation", "payload": {"plainToken": "v0:1:{}"}}, token="guessed")
    assert (reply.status, reply.body) == (401, "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "guessed"},
        {"age": 301},
        {"age": -301},
        {"x_zm_signature": ""},
        {"x_zm_signature": "v0=" + "0" * 64},
        {"x_zm_signature": "ü"},
        {"x_zm_signature": "\udcff"},  # a byte that is no UTF-8, as the listener hands it over
        {"x_zm_request_timestamp": ""},
        {"x_zm_request_timestamp": "٣"},
        {"x_zm_request_timestamp": "9" * 400},
    ],
)
def test_what_is_forged_or_old_changes_nothing(wrong: dict[str, Any]) -> None:
    desk = Desk()
    assert desk.send(updated(), **wrong).status == 401
    assert (desk.changed, desk.told) == ([], ["zoom.forged"])


def test_a_flood_of_forgeries_is_told_once_in_a_while() -> None:
    desk = Desk()
    for _ in range(100):
        desk.send(updated(), token="guessed")
    assert desk.told == ["zoom.forged"]
    desk.clock._now += timedelta(minutes=11)
    desk.send(updated(), token="guessed")
    assert len(desk.told) == 2


@pytest.mark.parametrize(
    "tree",
    [
        {"event": "recording.completed", "payload": {"object": {"id": "12345678901"}}},
        {"event": "meeting.updated", "payload": {"object": {"id": "../x"}}},
        {"event": "meeting.updated", "payload": {"object": []}},
        {"event": "meeting.updated", "payload": None},
    ],
)
def test_other_events_are_thanked_for(tree: dict[str, Any]) -> None:
    desk = Desk()
    assert desk.send(tree).status == 204
    assert desk.changed == []


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text(max_size=9), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_garbage_with_a_signature_is_an_answer(body: bytes) -> None:
    desk = Desk()
    assert desk.send(body).status in (204, 400)
    assert desk.changed == []


# ------------------------------------------------------------------------------------ F8


def test_f8_a_signature_is_taken_once() -> None:
    desk = Desk()
    replies = [desk.send(updated()).status for _ in range(200)]
    assert set(replies) == {204}  # thanked for: nobody learns what was taken
    assert desk.changed == ["12345678901"]
    desk.clock._now += timedelta(seconds=1)
    assert desk.send(updated()).status == 204  # a new one of the same words
    assert desk.send(updated("22345678901")).status == 204
    assert desk.changed == ["12345678901", "12345678901", "22345678901"]


@pytest.mark.parametrize("ahead", [-299, 0, 299])
def test_f8_within_its_whole_window(ahead: int) -> None:
    """A stamp may lie ahead: it stays good for ten minutes then, and taken as long."""
    desk = Desk()
    sent = desk.clock.now().timestamp()
    for seconds in range(0, 900, 20):
        age = desk.clock.now().timestamp() - sent - ahead
        assert desk.send(updated(), age=age).status == (204 if age <= 300 else 401), seconds
        desk.clock._now += timedelta(seconds=20)
    assert desk.changed == ["12345678901"]


def test_f8_what_is_remembered_is_bounded_and_forgotten() -> None:
    desk = Desk()
    for number in range(25_000):
        desk.send(updated(f"{number + 10_000_000_000}"))
    assert len(desk.notices._taken) == 20_000
    desk.clock._now += timedelta(minutes=11)
    desk.send(updated())
    assert len(desk.notices._taken) == 1


@pytest.mark.parametrize("body", [
    b"[" * 100_000, b'{"event":' * 50_000, b'{"event": "meeting.updated"}', b"[]", b"1", b"null", b'"x"', b"{}", b"",
    b'{"event": ["meeting.updated"], "payload": {}}', b'{"event": null, "payload": {}}', b"\xff\xfe", b"\x00",
    b'{"event": "endpoint.url_validation", "payload": {"plainToken": ["x"]}}',
    b'{"event": "endpoint.url_validation", "payload": {"plainToken": "\\ud800"}}',
    b'{"event": "endpoint.url_validation", "payload": {"plainToken": "' + b"x" * 5_000 + b'"}}',
    b'{"event": "endpoint.url_validation", "payload": {}}', b'{"event": "endpoint.url_validation", "payload": []}',
    b'{"event": "endpoint.url_validation", "payload": null}', b"1" * 50_000, b'{"event": 1e999, "payload": NaN}',
    b'{"event": "meeting.updated", "payload": {"object": {"id": ' + b"1" * 5_000 + b"}}}",
])  # fmt: skip
def test_f8_an_odd_signed_body_is_a_400(body: bytes) -> None:
    desk = Desk()
    assert desk.send(body).status == 400
    assert desk.changed == []


@pytest.mark.parametrize("number", ["null", "[[1]]", "{}", "1.5", "true", "-1", '"\u0663"', '"12 3"', "1" * 21])
def test_f8_an_odd_meeting_id_is_none(number: str) -> None:
    desk = Desk()
    body = b'{"event": "meeting.updated", "payload": {"object": {"id": %s}}}' % number.encode()
    assert desk.send(body).status == 204
    assert desk.changed == []
