"""What the stand-in answers, read by msgraph-sdk: names, enumerations, times, paging, subscriptions, errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.calendars.base import HookReply
from connector.calendars.graph.events import EXPAND
from tests.calendars.graph.harness import ROOM, TUESDAY, Harness
from tests.calendars.graph.judge import (
    CalendarViewRequestBuilder,
    ODataError,
    RequestConfiguration,
    Subscription,
    judge,
)
from tests.calendars.ics_text import change, vevent

# The library warns of its own classes, which it imports as they are used.
pytestmark = pytest.mark.filterwarnings("ignore:(This class|GetQueryParameters) is deprecated:DeprecationWarning")

Parameters = CalendarViewRequestBuilder.CalendarViewRequestBuilderGetQueryParameters


def view(select: list[str] | None = None, top: int | None = None, expand: list[str] | None = None) -> Any:
    query = Parameters(
        start_date_time="2026-11-10T00:00:00Z",
        end_date_time="2026-11-11T00:00:00Z",
        select=select,
        top=top,
        expand=expand,
    )
    return RequestConfiguration(query_parameters=query)


async def everything(client: Any, top: int) -> list[Any]:
    builder = client.users.by_user_id(ROOM).calendar_view
    page = await builder.get(request_configuration=view(top=top))
    found: list[Any] = []
    while page is not None:
        found += page.value or []
        page = await builder.with_url(page.odata_next_link).get() if page.odata_next_link else None
    return found


async def test_named_properties_as_microsofts_client_reads_them(house: Harness) -> None:
    link = "https://example.zoom.us/j/91234567890"
    for uid, *more in (("a", f"X-MICROSOFT-ONLINEMEETINGEXTERNALLINK:{link}"), ("b",)):
        house.graph.mailbox(ROOM).put(vevent(uid, "20261110T100000Z", "20261110T110000Z", *more))
    async with judge(house) as client:
        builder = client.users.by_user_id(ROOM).calendar_view
        plain = await builder.get(request_configuration=view())
        page = await builder.get(request_configuration=view(expand=[EXPAND]))
        for wrong in ("singleValueExtendedProperties", "nonsense", EXPAND.replace(" or ", " and ")):
            with pytest.raises(ODataError) as caught:
                await builder.get(request_configuration=view(expand=[wrong]))
            assert caught.value.response_status_code == 400
    assert [event.single_value_extended_properties for event in plain.value] == [None, None]
    (told,) = page.value[0].single_value_extended_properties
    assert (told.id.rpartition(" ")[2], told.value) == ("OnlineMeetingExternalLink", link)
    assert page.value[1].single_value_extended_properties is None


async def test_an_event_as_microsofts_client_reads_it(house: Harness) -> None:
    house.graph.mailbox(ROOM).put(
        vevent(
            "a", "20261110T100000Z", "20261110T110000Z", "SUMMARY:Budget", "CLASS:CONFIDENTIAL",
            "LOCATION:Room 1;Room 2", "DESCRIPTION:one\\ntwo", "ORGANIZER;CN=Dana Example:mailto:dana@example.org",
            f"ATTENDEE;CUTYPE=ROOM;PARTSTAT=DECLINED:mailto:{ROOM}",
            "X-MICROSOFT-SKYPETEAMSMEETINGURL:https://teams.example.org/l/1", "X-MICROSOFT-CDO-BUSYSTATUS:OOF",
        )
    )  # fmt: skip
    async with judge(house) as client:
        (event,) = await everything(client, 10)
    assert (event.subject, event.type.value, event.sensitivity.value) == ("Budget", "singleInstance", "confidential")
    assert (event.show_as.value, event.response_status.response.value) == ("oof", "declined")
    assert (event.start.date_time, event.start.time_zone) == ("2026-11-10T10:00:00.0000000", "UTC")
    assert (event.body.content_type.value, event.body_preview) == ("html", "one\r\ntwo")
    assert (event.is_all_day, event.is_cancelled, event.is_online_meeting) == (False, False, True)
    assert [place.display_name for place in event.locations] == ["Room 1", "Room 2"]
    assert event.locations[0].unique_id_type.value == "private"
    assert event.organizer.email_address.name == "Dana Example"
    assert (event.attendees[0].type.value, event.attendees[0].status.response.value) == ("resource", "declined")
    assert event.online_meeting.join_url == "https://teams.example.org/l/1"
    assert event.i_cal_u_id == "a"
    assert event.change_key
    unknown = {name for name in event.additional_data if not name.startswith("@odata.")}
    assert unknown == set(), "every property has a name that Microsoft's client knows"


async def test_occurrences_and_exceptions(house: Harness) -> None:
    series = vevent("a", "20261102T100000Z", "20261102T110000Z", "RRULE:FREQ=DAILY;COUNT=20")
    moved = change("a", "20261109T100000Z", "20261110T150000Z", "20261110T160000Z")
    master = house.graph.mailbox(ROOM).put(series, moved)
    async with judge(house) as client:
        found = await everything(client, 10)
        masters = (await client.users.by_user_id(ROOM).events.get()).value
        alone = await client.users.by_user_id(ROOM).events.by_event_id(master).get()
    assert [(event.type.value, event.series_master_id) for event in found] == [
        ("occurrence", master),
        ("exception", master),
    ]
    assert [event.original_start for event in found] == [
        datetime(2026, 11, 10, 10, tzinfo=UTC),
        datetime(2026, 11, 9, 10, tzinfo=UTC),
    ]
    assert len({event.i_cal_u_id for event in found}) == 2
    assert [event.type.value for event in masters] == ["seriesMaster"] == [alone.type.value]


async def test_paging_gives_everything_once(house: Harness) -> None:
    for number in range(23):
        house.graph.mailbox(ROOM).put(vevent(f"m{number}", "20261110T100000Z", "20261110T110000Z"))
    async with judge(house) as client:
        found = await everything(client, 5)
    assert sorted(event.i_cal_u_id for event in found) == sorted(f"m{number}" for number in range(23))
    pages = [path for _, path in house.graph.requests if "calendarView" in path]
    assert len(pages) == 5


async def test_select(house: Harness) -> None:
    house.graph.mailbox(ROOM).put(vevent("a", "20261110T100000Z", "20261110T110000Z"))
    async with judge(house) as client:
        page = await client.users.by_user_id(ROOM).calendar_view.get(request_configuration=view(["changeKey", "start"]))
    (event,) = page.value
    assert (event.subject, event.body, event.end) == (None, None, None)
    assert event.id
    assert event.change_key
    assert event.start.time_zone == "UTC"


async def test_subscriptions_and_rooms(house: Harness) -> None:
    house.graph.add_room(ROOM, "Board room", building="North", floorLabel="3", capacity=12, videoDeviceName="Codec 7")
    house.receiver.serve("x", lambda hook: _handshake(hook.query))
    asked = Subscription(
        change_type="created,updated,deleted",
        notification_url=house.receiver.url("x"),
        resource=f"/users/{ROOM}/events",
        expiration_date_time=datetime.now(UTC) + timedelta(hours=1),
        client_state="secret",
    )
    async with judge(house) as client:
        made = await client.subscriptions.post(asked)
        with pytest.raises(ODataError) as twice:
            await client.subscriptions.post(asked)
        assert twice.value.response_status_code == 409
        later = datetime.now(UTC) + timedelta(hours=5)
        renewed = await client.subscriptions.by_subscription_id(made.id).patch(Subscription(expiration_date_time=later))
        assert abs(renewed.expiration_date_time - later) < timedelta(seconds=1)
        assert [item.id for item in (await client.subscriptions.get()).value] == [made.id]
        await client.subscriptions.by_subscription_id(made.id).delete()
        with pytest.raises(ODataError) as gone:
            await client.subscriptions.by_subscription_id(made.id).get()
        assert _code(gone) == (404, "ResourceNotFound")
        too_late = Subscription(**{**_plain(asked), "expiration_date_time": datetime.now(UTC) + timedelta(days=8)})
        with pytest.raises(ODataError) as refused:
            await client.subscriptions.post(too_late)
        assert refused.value.response_status_code == 400
        (room,) = (await client.places.graph_room.get()).value
    assert (room.email_address, room.display_name, room.building, room.capacity) == (ROOM, "Board room", "North", 12)


async def test_errors(house: Harness) -> None:
    house.graph.troubles.forbidden.add(ROOM)
    async with judge(house) as client:
        with pytest.raises(ODataError) as denied:
            await everything(client, 10)
        with pytest.raises(ODataError) as unknown:
            await client.users.by_user_id("nobody@example.org").calendar_view.get(request_configuration=view())
    assert _code(denied) == (403, "ErrorAccessDenied")
    assert _code(unknown) == (404, "ErrorInvalidUser")


async def test_both_readers_see_the_same(house: Harness) -> None:
    """Our source and Microsoft's client, on one calendar with everything in it."""
    box = house.graph.mailbox(ROOM)
    box.put(vevent("single", "20261110T080000Z", "20261110T090000Z"))
    box.put(vevent("week", "20260106T100000Z", "20260106T110000Z", "RRULE:FREQ=WEEKLY"))
    box.put(vevent("day", "20261110", "20261111"))
    async with judge(house) as client, house.open() as source:
        theirs = {(e.subject, e.start.date_time[:16], e.end.date_time[:16]) for e in await everything(client, 2)}
        ours = (await source.read(ROOM, TUESDAY)).events
    assert {(e.title, f"{e.start:%Y-%m-%dT%H:%M}", f"{e.end:%Y-%m-%dT%H:%M}") for e in ours} == theirs
    assert len(theirs) == 3


def _plain(subscription: Any) -> dict[str, Any]:
    names = ("change_type", "notification_url", "resource", "client_state")
    return {name: getattr(subscription, name) for name in names}


def _handshake(query: Any) -> Any:
    return HookReply(200, query["validationToken"])


def _code(caught: pytest.ExceptionInfo[ODataError]) -> tuple[int | None, str | None]:
    error = caught.value.error
    return caught.value.response_status_code, error.code if error is not None else None
