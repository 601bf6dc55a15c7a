"""The main job on each calendar service, as processes: told of a change, on the screen; explained; started anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.world import Daemon
from tests.end_to_end.office import LATER, PASSCODE, Office, hours_ahead, until_served
from tests.support.patience import until

ONE, TWO, THREE = "room0001", "room0002", "room0003"
_SECONDS = 5.0  # in which a change that is told of must be on the screen, on a busy machine too


@pytest.mark.timeout(120)
async def test_told_of_a_change_and_started_anew(place: Office) -> None:
    async with place.daemon() as daemon:
        await until_served(place, daemon)
        first = place.provider.subscribed()
        await _changes_are_told(place)
        await _explained(place)
        assert await daemon.stop() == 0
        kept = first if place.provider.resumes else {}
        assert place.provider.subscribed() == kept
        await _started_after_a_stop(place, daemon, kept)
        before = place.provider.subscribed()
        await daemon.kill()
        await _started_after_a_kill(place, daemon, before)
        assert await daemon.stop() == 0
    text = "\n".join(daemon.output)
    assert "Traceback" not in text
    assert not [secret[:4] for secret in place.secrets() if secret in text]


async def _changes_are_told(place: Office) -> None:
    place.book(ONE, "new", datetime.now(UTC) + timedelta(minutes=4), "12345678901")
    await until(lambda: place.titles(ONE) == ["Meeting new", *LATER], "the new meeting is on the screen", _SECONDS)
    assert place.button(ONE, "Meeting new") == f"12345678901.{PASSCODE}@zoomcrc.com"
    place.book(ONE, "new", hours_ahead(3), "12345678902")
    await until(lambda: place.titles(ONE) == [*LATER, "Meeting new"], "it was moved", _SECONDS)
    place.book(TWO, "new", hours_ahead(1), "12345678903")
    await until(lambda: place.titles(TWO) == ["Meeting new", *LATER], "another room's meeting", _SECONDS)
    place.provider.delete(ONE, "new")
    await until(lambda: place.titles(ONE) == LATER, "what was deleted leaves the screen", _SECONDS)
    place.book(TWO, "new", hours_ahead(1), "12345678903", status="CANCELLED")
    await until(lambda: place.titles(TWO) == LATER, "what was cancelled leaves the screen", _SECONDS)
    assert place.titles(THREE) == LATER


async def _explained(place: Office) -> None:
    status, text = await place.connector("explain", ONE)
    assert status == 0, text
    assert f"calendar  office:{place.provider.address(ONE)}, last read" in text
    assert "Join button: dials 90000009999.***@zoomcrc.com" in text
    assert "won  meeting_id 90000009999 in description by zoom." in text
    assert not [secret[:4] for secret in place.secrets() if secret in text]


async def _started_after_a_stop(place: Office, daemon: Daemon, kept: dict[str, str]) -> None:
    """What changed meanwhile is read; a subscription that lives on is used on, and none is added."""
    place.book(ONE, "meanwhile", hours_ahead(1), "12345678904")
    await daemon.start()
    await until_served(place, daemon)
    await until(lambda: place.titles(ONE) == ["Meeting meanwhile", *LATER], "the change of the meantime")
    place.provider.delete(ONE, "meanwhile")
    await until(lambda: place.titles(ONE) == LATER, "changes are told again", _SECONDS)
    assert set(place.subscribed().values()) == {1}
    assert not kept or place.provider.subscribed() == kept


async def _started_after_a_kill(place: Office, daemon: Daemon, before: dict[str, str]) -> None:
    await daemon.start()
    count = len(daemon.named("rooms.loaded"))
    await until(lambda: len(daemon.named("rooms.loaded")) > count, "the daemon runs")
    if not place.provider.resumes:  # the dead one's streams end at the server, in its own time
        await until(lambda: set(place.subscribed().values()) == {2}, "every room is subscribed anew")
    place.book(TWO, "after", hours_ahead(1), "12345678905")
    await until(lambda: place.titles(TWO) == ["Meeting after", *LATER], "changes are told after a kill", _SECONDS)
    await until(lambda: [place.titles(room) for room in (ONE, THREE)] == [LATER, LATER], "the others are right")
    new = place.provider.subscribed().items() - before.items()
    assert len(new) == (0 if place.provider.resumes else 3)
