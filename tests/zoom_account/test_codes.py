"""Room passcodes in meetings: asked once, sealed, told late when they come late, and failing open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.calendars.base import Keep, NoKeep
from connector.calendars.keep import StoredKeep
from connector.model import JoinInfo, Meeting
from connector.standins.zoom import ZoomMeeting, ZoomStandIn
from connector.store.store import Store
from connector.vault import Vault
from connector.zoom_account.api import RoomCode
from connector.zoom_account.codes import KEEP, RoomCodes, completed
from tests.support.clock import NINE, FakeClock
from tests.support.house import meeting
from tests.zoom_account.conftest import api_of

ID = "12345678901"


def bare(number: str = ID, **join: Any) -> Meeting:
    """An invitation with a passcode of letters, which no room can dial."""
    found = meeting(number=number)
    words: dict[str, Any] = {"passcode": None, "passcode_text": "JBrowse", "sip": (f"{number}@zoomcrc.com",)}
    return replace(found, join=replace(found.join, **(words | join)))


class Desk:
    def __init__(self, zoom: ZoomStandIn, keep: Keep) -> None:
        self.zoom = zoom
        self.keep = keep
        self.clock = FakeClock()
        self.told: list[tuple[str, str]] = []
        self.changed: list[str] = []

    @asynccontextmanager
    async def codes(self, patience: float = 5) -> AsyncIterator[RoomCodes]:
        found = RoomCodes(api_of(self.zoom), self.keep, self.clock, self._tell, self.changed.append, patience=patience)
        async with found:
            yield found

    def _tell(self, event: str, **detail: Any) -> None:
        self.told.append((event, str(detail.get("reason", ""))))

    def questions(self) -> int:
        return sum("/meetings/" in line for line in self.zoom.state.asked)


@pytest.fixture
def desk(zoom: ZoomStandIn) -> Desk:
    zoom.state.add(ZoomMeeting(ID, "JBrowse", "482913"))
    return Desk(zoom, NoKeep())


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


# ------------------------------------------------------------------------------------ what becomes of a meeting


def test_the_passcode_goes_where_none_is() -> None:
    join = JoinInfo(
        "zoom", True, ID, sip=(f"{ID}@zoomcrc.com", f"{ID}.99@fr.zmeu.us", "999@zoomcrc.com"),
        h323=(f"144.195.19.161##{ID}", f"144.195.19.161##{ID}#99"),
    )  # fmt: skip
    found = completed(join, RoomCode("482913"), NINE)
    assert found.sip == (f"{ID}.482913@zoomcrc.com", f"{ID}.99@fr.zmeu.us", "999@zoomcrc.com")
    assert found.h323 == (f"144.195.19.161##{ID}#482913", f"144.195.19.161##{ID}#99")
    assert found.passcode == "482913"
    (evidence,) = found.evidence
    assert (evidence.rule, evidence.verdict, evidence.field) == ("zoom.account", "won", "passcode")
    assert "482913" not in repr(found)


def test_an_address_of_zoom_goes_first_while_it_is_good() -> None:
    join = JoinInfo("zoom", True, ID, sip=(f"{ID}@zoomcrc.com",))
    code = RoomCode(sip=f"{ID}.abc@zoomcrc.com", sip_until=NINE + timedelta(hours=1))
    assert completed(join, code, NINE).sip == (f"{ID}.abc@zoomcrc.com", f"{ID}@zoomcrc.com")
    assert completed(join, code, NINE + timedelta(hours=2)) is join
    assert completed(join, RoomCode(), NINE) is join


async def test_a_meeting_without_a_number_is_completed(desk: Desk) -> None:
    async with desk.codes() as codes:
        found = await codes.enrich(bare())
    assert (found.join.sip, found.join.passcode) == ((f"{ID}.482913@zoomcrc.com",), "482913")
    assert found.event == bare().event


@pytest.mark.parametrize(
    "other",
    [
        meeting(number=ID),
        bare(service="teams"),
        bare(joinable=False),
        bare(meeting_id=None),
        replace(bare(), event=replace(bare().event, cancelled=True)),
        replace(bare(), event=replace(bare().event, start=NINE - timedelta(hours=2), end=NINE)),
    ],
)
async def test_others_are_left_alone_and_not_asked_about(desk: Desk, other: Meeting) -> None:
    async with desk.codes() as codes:
        assert await codes.enrich(other) is other
    assert desk.zoom.state.asked == []


# ------------------------------------------------------------------------------------ asking


async def test_many_rooms_ask_once(desk: Desk) -> None:
    async with desk.codes() as codes:
        found = await asyncio.gather(*(codes.enrich(bare()) for _ in range(50)))
        assert {m.join.passcode for m in found} == {"482913"}
        await codes.enrich(bare())
    assert desk.questions() == 1
    assert desk.changed == []


async def test_a_meeting_of_others_is_asked_again_after_an_hour(desk: Desk) -> None:
    async with desk.codes() as codes:
        for _ in range(3):
            assert (await codes.enrich(bare("999999999"))).join.passcode is None
        assert desk.questions() == 1
        desk.clock._now += timedelta(minutes=61)
        later = replace(bare("999999999"), event=replace(bare().event, end=NINE + timedelta(hours=5)))
        await codes.enrich(later)
        await until(lambda: desk.questions() == 2)


async def test_what_comes_late_is_told(desk: Desk) -> None:
    desk.zoom.troubles.slow = 0.3
    async with desk.codes(patience=0.05) as codes:
        loop = asyncio.get_running_loop()
        started = loop.time()
        assert (await codes.enrich(bare())).join.passcode is None
        assert loop.time() - started < 0.25
        await until(lambda: desk.changed == [ID])
        assert (await codes.enrich(bare())).join.passcode == "482913"
    assert desk.questions() == 1


@pytest.mark.parametrize(
    ("trouble", "value", "event"),
    [
        ("down", True, "zoom.failed"),
        ("throttled", "60", "zoom.failed"),
        ("scope_missing", True, "zoom.failed"),
        ("broken", True, "zoom.failed"),
        ("secret_wrong", True, "zoom.refused"),
    ],
)
async def test_in_trouble_meetings_stay_as_they_are(desk: Desk, trouble: str, value: object, event: str) -> None:
    setattr(desk.zoom.troubles, trouble, value)
    async with desk.codes() as codes:
        for _ in range(5):
            assert await codes.enrich(bare()) == bare()
        asked = len(desk.zoom.state.asked)
        assert asked <= 2  # the login and one question: not again before its time
        assert [name for name, _ in desk.told] == [event]
        setattr(desk.zoom.troubles, trouble, type(value)())
        desk.clock._now += timedelta(minutes=16)
        found = await codes.enrich(replace(bare(), event=replace(bare().event, end=NINE + timedelta(hours=1))))
        if event == "zoom.refused":  # refused credentials are tried again only when they change
            assert len(desk.zoom.state.asked) == asked
        else:
            assert found.join.passcode == "482913"
            assert desk.told[-1][0] == "zoom.recovered"


# ------------------------------------------------------------------------------------ changes


async def test_a_changed_passcode_is_asked_for_and_the_old_one_used_until_then(desk: Desk) -> None:
    async with desk.codes() as codes:
        await codes.enrich(bare())
        desk.zoom.state.add(ZoomMeeting(ID, "other", "777777"))
        assert (await codes.enrich(bare())).join.passcode == "482913"
        codes.stale(ID)
        desk.zoom.troubles.down = True
        assert (await codes.enrich(bare())).join.passcode == "482913"
        await until(lambda: desk.told)
        desk.zoom.troubles.down = False
        desk.clock._now += timedelta(seconds=3)
        assert (await codes.enrich(bare())).join.passcode == "482913"
        await until(lambda: desk.changed == [ID])
        assert (await codes.enrich(bare())).join.passcode == "777777"


# ------------------------------------------------------------------------------------ memory


async def test_it_is_kept_sealed_for_the_meetings_life(zoom: ZoomStandIn, tmp_path: Path) -> None:
    zoom.state.add(ZoomMeeting(ID, "JBrowse", "482913"))
    store = await Store.open(tmp_path / "db", Vault.open(tmp_path / "vault.key"), NINE)
    desk = Desk(zoom, StoredKeep(store, KEEP))
    async with desk.codes() as codes:
        await codes.enrich(bare())
    assert all(b"482913" not in path.read_bytes() for path in tmp_path.iterdir())
    zoom.troubles.down = True
    async with desk.codes() as codes:  # after a restart, with Zoom away
        assert (await codes.enrich(bare())).join.passcode == "482913"
    desk.clock._now += timedelta(days=2)
    async with desk.codes():
        assert await desk.keep.items("") == {}
    await store.close()


async def test_a_series_keeps_its_passcode(desk: Desk) -> None:
    async with desk.codes() as codes:
        for day in range(5):
            event = bare().event
            moved = replace(event, start=event.start + timedelta(days=day), end=event.end + timedelta(days=day))
            assert (await codes.enrich(replace(bare(), event=moved))).join.passcode == "482913"
            await asyncio.gather(*codes._asking.values())
            desk.clock._now += timedelta(days=1)
    async with desk.codes() as codes:
        assert await desk.keep.get(ID) is not None


async def test_what_another_version_wrote_is_forgotten(desk: Desk) -> None:
    for key, value in (("1", b"{}"), ("2", b"\xff"), ("3", b'{"passcode": 5}'), ("4", b"[]")):
        await desk.keep.put(key, value)
    async with desk.codes():
        assert await desk.keep.items("") == {}
