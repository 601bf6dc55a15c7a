"""The whole way: an invitation without a numeric passcode, the account's answer, the plan, a notification, the end."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from connector.settings import load_settings, open_vault
from connector.standins.zoom import ZoomMeeting, ZoomStandIn
from connector.store.store import Store
from connector.zoom_account.notices import PATH
from tests.calendars.core.conftest import provider
from tests.calendars.core.fake_source import Provider, event
from tests.calendars.core.harness import Folder
from tests.support.certificates import authority, issue
from tests.support.patience import until
from tests.support.servers import free_port

__all__ = ["provider"]

ID = "12345678901"
SOON = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y%m%dT%H%M%SZ")
LATER = (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y%m%dT%H%M%SZ")


def ics(text: str) -> str:
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test", "BEGIN:VEVENT", "UID:a", "DTSTAMP:20260101T000000Z",
        f"DTSTART:{SOON}", f"DTEND:{LATER}", "SUMMARY:A", f"DESCRIPTION:{text}", "END:VEVENT", "END:VCALENDAR",
    )  # fmt: skip
    return "\r\n".join(lines) + "\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    found = Folder(tmp_path, Provider())
    found.rooms(one="one.ics")
    (tmp_path / "one.ics").write_text(ics(f"Join https://zoom.us/j/{ID}?pwd=abc\\nPasscode: JBrowse"))
    return found


def settings(zoom: ZoomStandIn, more: str = "") -> str:
    return f"""[zoom]
account_id = "{zoom.state.account_id}"
client_id = "{zoom.state.client_id}"
client_secret = "env:ZOOM"
api_url = "{zoom.api_url}"
login_url = "{zoom.login_url}"
{more}"""


async def addresses(folder: Folder) -> list[str]:
    loaded = load_settings(folder.path, {}).settings
    store = Store.open_read_only(folder.database, open_vault(loaded, {}))
    plans = [row.plan for row in (await store.rooms()).values() if row.plan]
    await store.close()
    return [b.address.address for p in plans for b in p.bookings.bookings if b.address]


async def planned(folder: Folder, address: str) -> None:
    found: list[str] = []
    for _ in range(200):
        found = await addresses(folder)
        if found == [address]:
            return
        count = len(folder.events)
        try:
            await until(lambda seen=count: len(folder.events) > seen, "something happens", 0.1)  # type: ignore[misc]
        except AssertionError:
            continue
    raise AssertionError(f"{found} instead of {address}")


async def test_the_passcode_reaches_the_plan_and_explain(folder: Folder, zoom: ZoomStandIn) -> None:
    zoom.state.add(ZoomMeeting(ID, "JBrowse", "482913"))
    folder.environ["ZOOM"] = zoom.state.client_secret
    folder.toml(settings(zoom))
    async with folder.daemon():
        await planned(folder, f"{ID}.482913@zoomcrc.com")
        explained = await folder.run_beside("explain", "one", "--json")
    assert "zoom.account" in explained.stdout
    everything = json.dumps(folder.events, default=str) + explained.stdout
    assert "482913" not in everything and zoom.state.client_secret not in everything
    folder.toml("")  # the account is taken out: what was cached of it goes
    async with folder.daemon():
        await planned(folder, f"{ID}@zoomcrc.com")
    with sqlite3.connect(folder.database) as conn:
        assert conn.execute("select count(*) from source_state where source = ':zoom'").fetchone() == (0,)
    conn.close()


@pytest.mark.parametrize("trouble", ["down", "secret_wrong", "app_deactivated"])
async def test_without_zoom_the_room_has_what_the_invitation_says(
    folder: Folder, zoom: ZoomStandIn, trouble: str
) -> None:
    setattr(zoom.troubles, trouble, True)
    folder.environ["ZOOM"] = zoom.state.client_secret
    folder.toml(settings(zoom))
    async with folder.daemon():
        await planned(folder, f"{ID}@zoomcrc.com")
        assert folder.named("zoom.failed") or folder.named("zoom.refused")


async def test_a_secret_that_leads_nowhere_costs_only_the_passcodes(folder: Folder, zoom: ZoomStandIn) -> None:
    folder.toml(settings(zoom))
    async with folder.daemon():
        await planned(folder, f"{ID}@zoomcrc.com")
    assert "the environment variable ZOOM is not set" in folder.named("zoom.failed")[0]["reason"]


@dataclass
class Hooked:
    """A listener's settings, and a client that trusts its certificate."""

    text: str
    url: str
    http: httpx2.AsyncClient


@pytest.fixture
async def hooked(folder: Folder, zoom: ZoomStandIn, tmp_path: Path) -> AsyncIterator[Hooked]:
    folder.environ |= {"ZOOM": zoom.state.client_secret, "HOOK": zoom.state.webhook_token}
    ours = authority()
    issue("127.0.0.1", by=ours).write(tmp_path)
    port = free_port()
    hooks = f"""webhook_token = "env:HOOK"
[webhooks]
public_url = "https://127.0.0.1:{port}"
listen = "127.0.0.1:{port}"
cert_file = "cert.pem"
key_file = "key.pem"
"""
    async with httpx2.AsyncClient(verify=ours.client_context()) as http:
        yield Hooked(hooks, f"https://127.0.0.1:{port}/{PATH}", http)


async def test_a_notification_changes_the_plan(folder: Folder, zoom: ZoomStandIn, hooked: Hooked) -> None:
    zoom.state.add(ZoomMeeting(ID, "JBrowse", "482913"))
    folder.toml(settings(zoom, hooked.text))
    async with folder.daemon():
        await planned(folder, f"{ID}.482913@zoomcrc.com")
        assert await zoom.challenge(hooked.http, hooked.url)
        zoom.state.add(ZoomMeeting(ID, "other", "777777"))
        assert (await hooked.http.post(hooked.url, json={"event": "meeting.updated"})).status_code == 401
        assert (await zoom.notify(hooked.http, hooked.url, "meeting.updated", ID)).status_code == 204
        await planned(folder, f"{ID}.777777@zoomcrc.com")
    assert folder.named("webhooks.listening") and folder.named("zoom.forged")


async def test_only_the_calendars_that_hold_the_meeting_are_read(
    folder: Folder, provider: Provider, zoom: ZoomStandIn, hooked: Hooked
) -> None:
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    for name, number in (("a", ID), ("b", "91234567890"), ("c", ID)):
        provider.events[name] = (event(name, start, start + timedelta(hours=1), f"zoom.us/j/{number}"),)
    folder.rooms(one="office:a", two="office:b", three="office:c")
    folder.toml(settings(zoom, hooked.text) + '[calendars.office]\ntype = "fake"\n[sync]\nread_again_after = 3600\n')
    async with folder.daemon():
        await until(lambda: len(folder.named("room.planned")) >= 3, "all are read")
        before = list(provider.reads)
        assert (await zoom.notify(hooked.http, hooked.url, "meeting.updated", "11234567890")).status_code == 204
        assert (await zoom.notify(hooked.http, hooked.url, "meeting.updated", ID)).status_code == 204
        await until(lambda: len(provider.reads) >= len(before) + 2, "the meeting's calendars are read again")
        assert sorted(provider.reads[len(before) :]) == ["a", "c"]


async def test_the_doctor_tries_the_account(folder: Folder, zoom: ZoomStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.toml(settings(zoom))
    monkeypatch.setenv("ZOOM", zoom.state.client_secret)
    assert "ok       zoom: Zoom accepts" in (await folder.run_beside("calendars", "doctor")).stdout
    zoom.troubles.secret_wrong = True
    answer = await folder.run_beside("calendars", "doctor")
    assert "problem  zoom: Zoom refuses account_id" in answer.stdout and answer.exit_code == 3
