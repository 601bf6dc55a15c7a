"""Random edits, troubles, kills and restarts: one call a booking, and the right screen at the end."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.planning.plan import plan
from tests.support.clock import NINE
from tests.support.harness import ROOM, Harness, bid, meeting, minutes
from tests.support.rounds import examples

M = meeting()
troubles = st.sampled_from(["crash", "off", "on", "lose_reply", "reboot", "other", "hand", "nothing"])
steps = st.lists(st.tuples(st.integers(0, 200), troubles), max_size=10)


@settings(max_examples=examples(20))
@given(steps)
def test_never_two_calls_and_the_screen_ends_right(history: list[tuple[int, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_live_through(Path(folder), history))


async def _live_through(folder: Path, history: list[tuple[int, str]]) -> None:
    house = Harness(folder)
    await house.start()
    await house.calendar(M)
    await house.at(minutes(9))
    by_hand = False
    for seconds, what in history:
        await house.advance(timedelta(seconds=seconds))
        if what == "crash":
            await house.crash()
            await house.start()
        elif what in ("off", "on"):
            house.unit.on = what == "on"
            if what == "off":
                house.unit.calls.clear()
        elif what == "lose_reply":
            house.unit.lose_reply = True
        elif what == "reboot":
            house.unit.reboot()
        elif what == "other" and not house.unit.calls:
            house.unit.other_call()
        elif what == "hand":
            by_hand = by_hand or bool(house.unit.live_of(bid(M)))
            house.unit.hang_up_by_hand()
        assert len(house.unit.live_of(bid(M))) <= 1
    house.unit.on = True
    await house.at(minutes(75))
    assert house.unit.dials_of(bid(M)) <= 2  # a second one only after the unit was read and had none
    assert not house.unit.live_of(bid(M))  # over: left
    wanted = plan(replace(house.rooms[ROOM]), [M], house.unit.facts, house.clock.now())
    assert {b.id for b in house.unit.screen.bookings} == wanted.bookings.ids
    await house.stop()


@settings(max_examples=examples(15))
@given(st.lists(st.integers(1, 15_000), min_size=1, max_size=6))
def test_kills_alone_give_exactly_one_call_whenever_up_within_the_grace(milliseconds: list[int]) -> None:
    """Kills at random moments around the dial, each followed at once by a restart."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_killed(Path(folder), milliseconds))


async def _killed(folder: Path, milliseconds: list[int]) -> None:
    house = Harness(folder)
    await house.start()
    await house.calendar(M)
    await house.clock.run_until(NINE + minutes(10) - timedelta(seconds=6), house.settle)
    for pause in milliseconds:
        await house.advance(timedelta(milliseconds=pause))
        await house.crash()
        await house.start()
    await house.at(minutes(16))
    assert house.unit.dials_of(bid(M)) == 1
    assert len(house.unit.live_of(bid(M))) == 1
    assert house.unit.most_live == 1
    await house.stop()
