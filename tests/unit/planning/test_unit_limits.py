"""What a unit's facts limit: the length of its list, and how far ahead it lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from connector.model import Policy, Room, RoomId
from connector.planning.plan import plan
from tests.support.clock import NINE
from tests.support.harness import meeting
from tests.support.memory_unit import ALL

ROOM = Room(RoomId("r1"), "Room", "r1.ics", "any", "127.0.0.1", policy=Policy())


MEETINGS = [meeting(f"m{hours}", NINE + timedelta(hours=hours)) for hours in range(1, 5)]


def test_a_full_list_takes_the_earliest_and_says_why() -> None:
    result = plan(ROOM, MEETINGS, replace(ALL, most_bookings=2), NINE)
    assert [b.start.hour for b in result.bookings.bookings] == [10, 11]
    assert ["at most 2 bookings" in d.reason for d in result.decisions] == [False, False, True, True]


def test_what_is_too_far_ahead_comes_in_its_time() -> None:
    facts = replace(ALL, how_far_ahead=timedelta(hours=2))
    result = plan(ROOM, MEETINGS, facts, NINE)
    assert [b.start.hour for b in result.bookings.bookings] == [10, 11]
    assert result.next_change == NINE + timedelta(hours=1)
    assert result.next_change is not None
    later = plan(ROOM, MEETINGS, facts, result.next_change)
    assert [b.start.hour for b in later.bookings.bookings] == [10, 11, 12]


def test_a_title_is_cut_at_the_units_own_limit() -> None:
    one = MEETINGS[0]
    long = replace(one, event=replace(one.event, title="Planning " * 40))
    for longest, expected in ((None, 359), (128, 128), (20, 20)):
        (shown,) = plan(ROOM, [long], replace(ALL, longest_title=longest), NINE).bookings.bookings
        assert len(shown.title) == expected
        assert shown.title.endswith("Planning" if longest is None else "\u2026")
