"""Asking Zoom for what a room has to dial, and everything that Zoom may answer instead."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from connector.errors import AccessDenied, CalendarError, CredentialsRejected, RateLimited, SourceUnavailable
from connector.standins.zoom import ZoomMeeting, ZoomStandIn
from connector.zoom_account import api as module
from connector.zoom_account.api import RoomCode, ZoomApi

ID = "12345678901"


@pytest.mark.parametrize(
    ("meeting", "code"),
    [
        (ZoomMeeting(ID, "JBrowse", "482913"), RoomCode("482913")),
        (ZoomMeeting(ID, "4321"), RoomCode("4321")),
        (ZoomMeeting(ID), RoomCode()),
    ],
)
async def test_what_rooms_enter(zoom: ZoomStandIn, api: ZoomApi, meeting: ZoomMeeting, code: RoomCode) -> None:
    zoom.state.add(meeting)
    assert await api.room_code(ID) == code
    assert zoom.state.asked == ["POST /oauth/token", f"GET /v2/meetings/{ID}"]
    assert "482913" not in repr(code)


async def test_without_a_number_zoom_makes_an_address(zoom: ZoomStandIn, api: ZoomApi) -> None:
    zoom.state.add(ZoomMeeting(ID, "JBrowse"))
    code = await api.room_code(ID)
    assert code is not None and code.sip is not None and code.sip_until is not None
    assert code.sip.startswith(f"{ID}.") and code.sip.endswith("@zoomcrc.com")
    assert timedelta(minutes=119) < code.sip_until - datetime.now(UTC) <= timedelta(minutes=120)
    assert zoom.state.asked[-1] == f"POST /v2/meetings/{ID}/sip_dialing"


@pytest.mark.parametrize(
    ("made", "address"),
    [
        ("sip:123.8Jx+a=*.42@zoomcrc.com", "123.8Jx+a=*.42@zoomcrc.com"),  # "encoded" says Zoom, and not how
        ("123..42@zoomcrc.com", "123..42@zoomcrc.com"),
        ("123;lr@zoomcrc.com", None),
        ("sip:@zoomcrc.com", None),
    ],
)
def test_which_addresses_of_zoom_are_dialled(made: str, address: str | None) -> None:
    code = module._sip_code({"sip_dialing": made, "expire_in": 60})
    assert (code.sip if code is not None else None) == address


async def test_a_meeting_of_another_account(zoom: ZoomStandIn, api: ZoomApi) -> None:
    assert await api.room_code("999") is None
    assert await api.room_code("../users/me?x=1") is None
    assert zoom.state.asked[-1] == "GET /v2/meetings/../users/me?x=1"  # one segment of the path, whatever it holds


async def test_one_login_serves_many_questions_until_it_ends(zoom: ZoomStandIn, api: ZoomApi) -> None:
    zoom.state.add(ZoomMeeting(ID, "4321"))
    await asyncio.gather(*(api.room_code(ID) for _ in range(10)))
    assert zoom.state.asked.count("POST /oauth/token") == 1
    zoom.troubles.tokens_forgotten = True
    assert await api.room_code(ID) == RoomCode("4321")
    assert zoom.state.asked.count("POST /oauth/token") == 2
    zoom.state.token_life = 60
    zoom.troubles.tokens_forgotten = True
    await api.room_code(ID)
    await api.room_code(ID)  # nearly over when it was given
    assert zoom.state.asked.count("POST /oauth/token") == 4


async def test_tokens_forgotten_in_the_middle_of_many_questions(zoom: ZoomStandIn, api: ZoomApi) -> None:
    """Each question sees its 401; one new login serves them all."""
    zoom.state.add(ZoomMeeting(ID, "4321"))
    await api.room_code(ID)
    zoom.troubles.slow = 0.1
    zoom.state.tokens.clear()
    assert await asyncio.gather(*(api.room_code(ID) for _ in range(4))) == [RoomCode("4321")] * 4
    assert zoom.state.asked.count("POST /oauth/token") == 2


@pytest.mark.parametrize(
    ("trouble", "value", "error", "sentence"),
    [
        ("secret_wrong", True, CredentialsRejected, "refuses account_id, client_id or client_secret"),
        ("app_deactivated", True, CredentialsRejected, "see that the app is activated"),
        ("scope_missing", True, AccessDenied, "meeting:read:meeting:admin"),
        ("throttled", "3", RateLimited, "slow down"),
        ("down", True, SourceUnavailable, "Zoom answered 503"),
        ("broken", True, SourceUnavailable, "not the JSON"),
    ],
)
async def test_each_trouble_is_its_own_error(
    zoom: ZoomStandIn, api: ZoomApi, trouble: str, value: object, error: type[CalendarError], sentence: str
) -> None:
    zoom.state.add(ZoomMeeting(ID, "JBrowse", "482913"))
    setattr(zoom.troubles, trouble, value)
    with pytest.raises(error, match=sentence) as caught:
        await api.room_code(ID)
    assert type(caught.value) is error
    for secret in (zoom.state.client_secret, "482913", "JBrowse", *zoom.state.tokens):
        assert secret not in str(caught.value) + repr(api)
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after == timedelta(seconds=3)


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "inf", "1e9"])
async def test_a_strange_retry_after_is_half_a_minute(zoom: ZoomStandIn, api: ZoomApi, text: str) -> None:
    zoom.troubles.throttled = text or " "
    with pytest.raises(RateLimited) as caught:
        await api.room_code(ID)
    assert caught.value.retry_after == timedelta(seconds=30)


async def test_the_limit_of_the_day_names_a_moment(zoom: ZoomStandIn, api: ZoomApi) -> None:
    zoom.troubles.throttled = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    with pytest.raises(RateLimited) as caught:
        await api.room_code(ID)
    assert timedelta(minutes=119) < caught.value.retry_after <= timedelta(hours=2)


async def test_a_slow_answer_is_not_waited_for(
    zoom: ZoomStandIn, api: ZoomApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_DEADLINE", 0.1)
    zoom.troubles.slow = 5
    with pytest.raises(SourceUnavailable, match="did not answer within"):
        await api.room_code(ID)
    with pytest.raises(SourceUnavailable, match="did not answer within"):
        await api.check()


async def test_nobody_there(zoom: ZoomStandIn) -> None:
    api = ZoomApi("a", "b", "c", api_url="http://127.0.0.1:1", login_url="http://127.0.0.1:1")
    with pytest.raises(SourceUnavailable, match=r"cannot be reached \(ConnectError\)"):
        await api.room_code(ID)
    await api.close()


async def test_questions_leave_no_faster_than_allowed(zoom: ZoomStandIn) -> None:
    from tests.zoom_account.conftest import api_of

    zoom.state.add(ZoomMeeting(ID, "4321"))
    slow = api_of(zoom, rate=20)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await asyncio.gather(*(slow.room_code(ID) for _ in range(9)))
    assert loop.time() - started >= 8 / 20
    await slow.close()
