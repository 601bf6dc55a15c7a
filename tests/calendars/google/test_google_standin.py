"""The stand-in, read by Google's own client as its documentation shows, without any of our reading code."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import google_auth_httplib2
import httplib2
import pytest
from google.api_core.client_options import ClientOptions
from google.oauth2 import service_account
from googleapiclient import discovery
from googleapiclient.errors import HttpError

from connector.standins.google import GoogleStandIn, Trouble
from connector.standins.google.fields import BadFields, cut, parse
from tests.calendars.google.harness import ROOM
from tests.calendars.ics_text import change, vevent
from tests.support import patience

SCOPE = "https://www.googleapis.com/auth/calendar.readonly"
WEEK = {"calendarId": ROOM, "singleEvents": True, "timeMin": "2026-11-09T00:00:00Z", "timeMax": "2026-11-16T00:00:00Z"}


async def asked(google: GoogleStandIn, work: Callable[[Any], Any], scope: str = SCOPE) -> Any:
    """What ``work`` gets from calendar v3, in a thread of its own."""

    def run() -> Any:
        http = httplib2.Http(timeout=patience.seconds(5))
        credentials = service_account.Credentials.from_service_account_info(json.loads(google.key_file), scopes=[scope])
        credentials.refresh(google_auth_httplib2.Request(http))
        http_with_token = _WithToken(http, str(credentials.token))
        options = ClientOptions(api_endpoint=f"{google.url}calendar/v3/")
        service = discovery.build("calendar", "v3", http=http_with_token, client_options=options, static_discovery=True)
        try:
            return work(service)
        finally:
            http.close()

    return await asyncio.to_thread(run)


class _WithToken:
    """google_auth_httplib2.AuthorizedHttp would ask another Google host in the background (google-auth 2.62)."""

    def __init__(self, http: httplib2.Http, token: str) -> None:
        self._http, self._token = http, token

    def request(self, uri: str, method: str = "GET", **more: Any) -> Any:
        headers = dict(more.pop("headers", None) or {}) | {"authorization": f"Bearer {self._token}"}
        return self._http.request(uri, method, headers=headers, **more)


async def refused(google: GoogleStandIn, work: Callable[[Any], Any], scope: str = SCOPE) -> tuple[int, str]:
    with pytest.raises(HttpError) as caught:
        await asked(google, work, scope)
    details = caught.value.error_details
    return int(caught.value.resp.status), str(details[0]["reason"]) if isinstance(details, list) else ""


async def test_paging_as_the_client_does_it() -> None:
    def all_pages(service: Any) -> list[str]:
        found, request = [], service.events().list(**WEEK, maxResults=2, orderBy="startTime")
        while request is not None:
            answer = request.execute()
            found += [item["start"]["dateTime"] for item in answer["items"]]
            request = service.events().list_next(request, answer)
        return found

    async with GoogleStandIn() as google:
        google.add_calendar(ROOM)
        series = vevent("s", "20261109T100000Z", "20261109T110000Z", "RRULE:FREQ=DAILY;COUNT=5")
        google.put(ROOM, "s", series, change("s", "20261111T100000Z", "20261111T150000Z", "20261111T160000Z"))
        assert await asked(google, all_pages) == [
            f"2026-11-{day}T{hour}:00:00Z" for day, hour in (("09", 10), ("10", 10), ("11", 15), ("12", 10), ("13", 10))
        ]


async def test_an_occurrence_as_google_tells_it() -> None:
    async with GoogleStandIn() as google:
        google.add_calendar(ROOM, "Boardroom", zone="Europe/Berlin")
        series = vevent("s", "Europe/Berlin:20261109T100000", "Europe/Berlin:20261109T110000", "RRULE:FREQ=DAILY")
        google.put(ROOM, "s", series, change("s", "20261110T090000Z", "20261110T150000Z", "20261110T160000Z"))
        answer = await asked(google, lambda service: service.events().list(**WEEK).execute())
        moved = next(item for item in answer["items"] if item["start"]["dateTime"] == "2026-11-10T15:00:00Z")
        assert moved["id"] == f"{moved['recurringEventId']}_20261110T090000Z"
        assert moved["iCalUID"] == "s"
        assert moved["originalStartTime"]["dateTime"] in ("2026-11-10T10:00:00+01:00", "2026-11-10T09:00:00Z")
        assert (answer["accessRole"], answer["timeZone"], answer["summary"]) == ("writer", "Europe/Berlin", "Boardroom")


async def test_what_it_refuses() -> None:
    async with GoogleStandIn() as google:
        google.add_calendar(ROOM)
        tail = {k: v for k, v in WEEK.items() if k != "calendarId"}
        lists: list[tuple[dict[str, Any], tuple[int, str]]] = [
            ({"calendarId": "nobody@example.org", **tail}, (404, "notFound")),
            ({"calendarId": ROOM, "syncToken": "C1", "singleEvents": True}, (410, "fullSyncRequired")),
            ({**WEEK, "syncToken": "C1"}, (400, "syncTokenWithRequestRestrictions")),
            ({**WEEK, "timeMin": "2026-11-09T00:00:00"}, (400, "badRequest")),
            ({**WEEK, "fields": "items(id"}, (400, "invalidParameter")),
            ({**WEEK, "pageToken": "nonsense"}, (400, "invalid")),
            ({**WEEK, "timeMax": WEEK["timeMin"]}, (400, "timeRangeEmpty")),
        ]
        for arguments, expected in lists:
            assert await refused(google, lambda service, a=arguments: service.events().list(**a).execute()) == expected  # type: ignore[misc]  # the default binds the loop variable
        freebusy = "https://www.googleapis.com/auth/calendar.freebusy"
        got = await refused(google, lambda service: service.events().list(**WEEK).execute(), freebusy)
        assert got == (403, "insufficientPermissions")
        google.troubles.append(Trouble("list", status=429, reason="rateLimitExceeded"))
        assert (await refused(google, lambda service: service.events().list(**WEEK).execute()))[0] == 429


async def test_its_channels_refuse_what_googles_refuse() -> None:
    def watch(**body: str) -> Callable[[Any], Any]:
        return lambda service: service.events().watch(calendarId=ROOM, body=body).execute()

    async with GoogleStandIn() as google:
        google.add_calendar(ROOM)
        here = "http://127.0.0.1:9/x"
        assert await refused(google, watch(id="a", type="web_hook", address="http://example.org/")) == (
            400,
            "push.webhookUrlNotHttps",
        )
        assert (await refused(google, watch(id="a b", type="web_hook", address=here)))[1] == "channelIdInvalid"
        answer = await asked(google, watch(id="a", type="web_hook", address=here, token="t"))
        assert {"id", "resourceId", "resourceUri", "expiration", "kind"} <= set(answer)
        assert (await refused(google, watch(id="a", type="web_hook", address=here)))[1] == "channelIdNotUnique"
        stop = {"id": "a", "resourceId": "wrong"}
        assert (await refused(google, lambda service: service.channels().stop(body=stop).execute()))[0] == 404
        stop["resourceId"] = answer["resourceId"]
        await asked(google, lambda service: service.channels().stop(body=stop).execute())
        assert google.push.channels == {}


def test_partial_responses() -> None:
    full = {"a": 1, "b": {"c": 2, "d": 3}, "e": [{"f": 4, "g": 5}], "h": {"i": {"j": 6, "k": 7}}}
    assert cut(full, parse("a,b/c,e(f),h/i(j)")) == {"a": 1, "b": {"c": 2}, "e": [{"f": 4}], "h": {"i": {"j": 6}}}
    assert cut(full, parse("b,h/*/j")) == {"b": {"c": 2, "d": 3}, "h": {"i": {"j": 6}}}
    for wrong in ("", "a(", "a)", "a,,b", "(a)"):
        with pytest.raises(BadFields):
            parse(wrong)
