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

from connector.calendars.base import MemoryState, SourceState
from connector.events import Happened
from connector.model import JoinInfo, Meeting
from connector.running.source_state import StoredState
from connector.standins.zoom import ZoomMeeting, ZoomStandIn
from connector.store.store import Store
from connector.vault import Vault
from connector.zoom_account.api import RoomCode
from connector.zoom_account.codes import STATE, RoomCodes
from connector.zoom_account.completing import completed
from tests.support.clock import NINE, FakeClock
from tests.support.harness import meeting
from tests.support.patience import until
from tests.zoom_account.conftest import api_of

ID = "12345678901"


def bare(number: str = ID, **join: Any) -> Meeting:
    """An invitation with a passcode of letters, which no room can dial."""
    found = meeting(number=number)
    words: dict[str, Any] = {"passcode": None, "passcode_text": "JBrowse", "sip": (f"{number}@zoomcrc.com",)}
    return replace(found, join=replace(found.join, **(words | join)))


class Desk:
    def __init__(self, zoom: ZoomStandIn, source_state: SourceState) -> None:
        self.zoom = zoom
        self.source_state = source_state
        self.clock = FakeClock()
        self.told: list[tuple[str, str]] = []
        self.changed: list[str] = []

    @asynccontextmanager
    async def codes(self, patience: float = 5) -> AsyncIterator[RoomCodes]:
        found = RoomCodes(
            api_of(self.zoom), self.source_state, self.clock, self._publish, self.changed.append, patience=patience
        )
        async with found:
            yield found

    def _publish(self, event: Happened) -> None:
        self.told.append((event.name, str(event.fields().get("reason", ""))))

    def questions(self) -> int:
        return sum("/meetings/" in line for line in self.zoom.state.asked)


@pytest.fixture
def desk(zoom: ZoomStandIn) -> Desk:
    zoom.state.add(ZoomMeeting(ID, "JBrowse", "482913"))
    return Desk(zoom, MemoryState())


def without_evidence(found: Meeting) -> Meeting:
    return replace(found, join=replace(found.join, evidence=()))


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
            found = await codes.enrich(bare())
            assert without_evidence(found) == without_evidence(bare())
            assert found.join.evidence[-1].reason.endswith(desk.told[0][1]), "explain must say why"
        asked = len(desk.zoom.state.asked)
        assert asked <= 2  # the login and one question: not again before its time
        assert [name for name, _ in desk.told] == [event]
        setattr(desk.zoom.troubles, trouble, type(value)())
        desk.clock._now += timedelta(minutes=16)
        found = await codes.enrich(replace(bare(), event=replace(bare().event, end=NINE + timedelta(hours=1))))
        if event == "zoom.refused":
            assert len(desk.zoom.state.asked) == asked
            desk.clock._now += timedelta(minutes=45)  # an hour after it was refused
            found = await codes.enrich(replace(bare(), event=replace(bare().event, end=NINE + timedelta(hours=5))))
        assert found.join.passcode == "482913"
        assert desk.told[-1][0] == "zoom.recovered"


@pytest.mark.parametrize(
    ("trouble", "value"), [("secret_wrong", True), ("app_deactivated", True), ("throttled", "60"), ("down", True)]
)
async def test_a_thousand_invitations_meet_a_zoom_in_trouble(desk: Desk, trouble: str, value: object) -> None:
    """What is already on its way is all that is asked: a refused login is not sent a thousand times."""
    setattr(desk.zoom.troubles, trouble, value)
    async with desk.codes() as codes:
        found = await asyncio.gather(*(codes.enrich(bare(str(10**10 + n))) for n in range(1000)))
        assert {m.join.passcode for m in found} == {None}
        assert {bool(m.join.evidence) for m in found} == {True}
        await asyncio.gather(*(codes.enrich(bare(str(10**10 + n))) for n in range(1000)))
    assert len(desk.zoom.state.asked) <= 4 * 4  # four at once: a login, a question, and both again after a 401
    assert len(desk.told) == 1


async def test_what_begins_first_is_asked_first(desk: Desk) -> None:
    async with desk.codes(patience=0.05) as codes:

        def at(n: int) -> Meeting:
            start = NINE + timedelta(minutes=(n * 7) % 60 + 1)
            return replace(
                bare(str(10**10 + n)), event=replace(bare().event, start=start, end=start + timedelta(hours=1))
            )

        invitations = [at(n) for n in range(60)]
        loop = asyncio.get_running_loop()
        started = loop.time()
        await asyncio.gather(*map(codes.enrich, invitations))
        assert loop.time() - started < 2
        await asyncio.gather(*map(codes.enrich, invitations))  # a reading waits once for the same answer, not each time
        await until(lambda: desk.questions() == 60)
        assert loop.time() - started >= 59 / 100  # the account's rate
    order = [line.rpartition("/")[2] for line in desk.zoom.state.asked if "/meetings/" in line]
    begins = {str(m.join.meeting_id): m.event.start for m in invitations}
    late = order[4:]  # the first four left before the others were known of; four are on their way at once
    first = sorted(late, key=lambda number: begins[number])
    assert all(abs(place - first.index(number)) <= 4 for place, number in enumerate(late))


async def test_an_answer_from_before_the_limit_does_not_end_the_pause(desk: Desk) -> None:
    async with desk.codes(patience=0.05) as codes:
        desk.zoom.state.add(ZoomMeeting("20000000000", "JBrowse", "1"))
        desk.zoom.troubles.slow = 0.3
        await codes.enrich(bare())
        await until(lambda: desk.questions() == 1)
        desk.zoom.troubles.slow, desk.zoom.troubles.throttled = 0.0, "60"
        await codes.enrich(bare("20000000000"))
        await until(lambda: desk.told)
        await until(lambda: desk.changed == [ID])
        desk.zoom.troubles.throttled = ""
        asked = len(desk.zoom.state.asked)
        await codes.enrich(bare("20000000000"))
        assert len(desk.zoom.state.asked) == asked
        assert [name for name, _ in desk.told] == ["zoom.failed"]


# ------------------------------------------------------------------------------------ changes


async def test_a_changed_invitation_is_asked_about_anew(desk: Desk) -> None:
    """Without Zoom's notifications it is the only sign that the organiser changed the passcode."""
    async with desk.codes() as codes:
        await codes.enrich(bare())
        desk.zoom.state.add(ZoomMeeting(ID, "other", "777777"))
        for _ in range(3):
            await codes.enrich(bare(passcode_text="other"))
        await until(lambda: desk.changed == [ID])
        assert (await codes.enrich(bare(passcode_text="other"))).join.passcode == "777777"
        await codes.enrich(bare())  # another room still has the old invitation
        assert desk.questions() == 2


async def test_a_change_while_the_question_is_on_its_way_is_not_lost(desk: Desk) -> None:
    async with desk.codes(patience=0.05) as codes:
        desk.zoom.troubles.slow = 0.2
        await codes.enrich(bare())
        await until(lambda: desk.questions() == 1)
        codes.stale(ID)
        await until(lambda: desk.changed == [ID])
        desk.zoom.state.add(ZoomMeeting(ID, "other", "777777"))
        await codes.enrich(bare())
        await until(lambda: desk.changed == [ID, ID])
        assert (await codes.enrich(bare())).join.passcode == "777777"


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
    desk = Desk(zoom, StoredState(store, STATE))
    async with desk.codes() as codes:
        await codes.enrich(bare())
    assert all(b"482913" not in path.read_bytes() for path in tmp_path.iterdir())
    zoom.troubles.down = True
    async with desk.codes() as codes:  # after a restart, with Zoom away
        assert (await codes.enrich(bare())).join.passcode == "482913"
    desk.clock._now += timedelta(days=2)
    async with desk.codes():
        assert await desk.source_state.items("") == {}
    await store.close()


async def test_it_is_wiped_while_nobody_asks_for_any(desk: Desk) -> None:
    async with desk.codes() as codes:
        await codes.enrich(bare())
        assert await desk.source_state.items("") != {}
        await desk.clock.advance(timedelta(hours=3), lambda: asyncio.sleep(0))
        await until(lambda: not codes._known)
        assert await desk.source_state.items("") == {}


async def test_a_memory_that_cannot_be_read_costs_only_questions(zoom: ZoomStandIn, tmp_path: Path) -> None:
    zoom.state.add(ZoomMeeting(ID, "JBrowse", "482913"))
    store = await Store.open(tmp_path / "db", Vault.open(tmp_path / "vault.key"), NINE)
    await StoredState(store, STATE).put(ID, b"{}")
    await store.close()
    store = await Store.open(tmp_path / "db", Vault.open(tmp_path / "other.key"), NINE)
    desk = Desk(zoom, StoredState(store, STATE))
    async with desk.codes() as codes:
        assert (await codes.enrich(bare())).join.passcode == "482913"
    assert "all is asked anew" in desk.told[0][1]
    await store.close()


async def test_a_series_keeps_its_passcode(desk: Desk) -> None:
    async with desk.codes() as codes:
        for day in range(5):
            event = bare().event
            moved = replace(event, start=event.start + timedelta(days=day), end=event.end + timedelta(days=day))
            assert (await codes.enrich(replace(bare(), event=moved))).join.passcode == "482913"
            await until(lambda: not codes._open)
            desk.clock._now += timedelta(days=1) if day < 4 else timedelta(0)
    async with desk.codes() as codes:
        assert await desk.source_state.get(ID) is not None


async def test_what_another_version_wrote_is_forgotten(desk: Desk) -> None:
    for key, value in (("1", b"{}"), ("2", b"\xff"), ("3", b'{"passcode": 5}'), ("4", b"[]")):
        await desk.source_state.put(key, value)
    async with desk.codes():
        assert await desk.source_state.items("") == {}
