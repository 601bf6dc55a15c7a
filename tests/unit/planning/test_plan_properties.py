"""Properties of the pure middle: any sequence of edits, restarts and failures ends in the right screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.model import Event, JoinInfo, Meeting, Policy, Room, RoomId, Unreadable
from connector.planning.merge import merge
from connector.planning.plan import plan
from connector.planning.reconcile import Push, held_back, reconcile
from device_drivers.api import BookingList, Receipt, UnitFacts, UnitProtocol
from tests.support.clock import NINE

ALL = UnitFacts(frozenset(UnitProtocol), sip=True, h323=True, shows_without_button=True, longest_title=128)
ZOOM = JoinInfo("zoom", True, "123456789", "4321", sip=("123456789.4321@zoomcrc.com",))
TEAMS = JoinInfo("teams", True, "9", None, sip=())
EVIL = JoinInfo("zoom", True, "1", None, sip=("1@zoomcrc.com.evil.example", "1 2@zoomcrc.com", "1@192.0.2.1"))
NONE = JoinInfo()

starts = st.integers(-720, 2880).map(lambda m: NINE + timedelta(minutes=m))
lengths = st.integers(0, 1500).map(lambda m: timedelta(minutes=m))


@st.composite
def meetings(draw: st.DrawFn) -> Meeting:
    start = draw(starts)
    event = Event(
        series_uid=draw(st.sampled_from("abcdef")),
        original_start=draw(st.sampled_from([NINE, NINE + timedelta(days=1), start])),
        start=start,
        end=start + draw(lengths),
        title=draw(st.text(max_size=200)),
        organizer=draw(st.sampled_from(["", "Ada"])),
        all_day=draw(st.booleans()),
        private=draw(st.booleans()),
        cancelled=draw(st.booleans()),
        declined=draw(st.booleans()),
    )
    return Meeting(event, draw(st.sampled_from([ZOOM, TEAMS, EVIL, NONE])))


policies = st.builds(
    Policy,
    one_touch_join=st.booleans(),
    auto_join=st.booleans(),
    show_non_joinable=st.booleans(),
    show_all_day=st.booleans(),
    hide_titles=st.booleans(),
    join_before=st.integers(0, 30).map(lambda m: timedelta(minutes=m)),
    leave_after=st.integers(0, 30).map(lambda m: timedelta(minutes=m)),
)
facts = st.builds(
    UnitFacts,
    st.sets(st.sampled_from(sorted(UnitProtocol))).map(frozenset),
    *(st.booleans() for _ in ("sip", "h323", "shows_without_button")),
    longest_title=st.sampled_from([None, 2, 40, 128]),
    most_bookings=st.sampled_from([None, None, 1, 3]),
    how_far_ahead=st.sampled_from([None, None, timedelta(hours=1), timedelta(days=1)]),
)


def room(policy: Policy) -> Room:
    return Room(
        RoomId("r1"), "Room", "r1.ics", "any", "127.0.0.1", policy=replace(policy, allowed_domains=("zoomcrc.com",))
    )


@given(st.lists(meetings(), max_size=12), policies, facts, starts)
def test_a_plan_is_always_fit_to_push_and_says_why(
    listed: list[Meeting], policy: Policy, able: UnitFacts, now: datetime
) -> None:
    result = plan(room(policy), listed, able, now)
    shown = result.bookings.bookings
    assert len({b.id for b in shown}) == len(shown)
    for booking in shown:
        assert booking.id.isdigit() and len(booking.id) <= 18
        assert booking.title.strip() and booking.title.isprintable()
        assert able.longest_title is None or len(booking.title) <= able.longest_title
        assert booking.end > booking.start and booking.end > now
        assert booking.address is None or booking.address.address == "123456789.4321@zoomcrc.com"
        assert booking.address is not None or able.shows_without_button
    assert able.most_bookings is None or len(shown) <= able.most_bookings
    if able.how_far_ahead is not None:
        assert all(b.start - able.how_far_ahead <= now for b in shown)
        assert result.next_change is None or result.next_change > now
    for decision in result.decisions:
        assert decision.reason
        assert "4321" not in repr(replace(decision, booking_id=""))  # a number that may hold any digits
    for order in result.dial_orders:
        assert policy.auto_join and able.can(UnitProtocol.DIALS)
        assert order.dial_at <= order.planned_start <= order.give_up_at
        assert "4321" not in order.meeting_key
    joined = {d.booking_id for d in result.decisions if d.auto_join}
    assert joined == {o.booking_id for o in result.dial_orders}
    on_screen = {d.booking_id for d in result.decisions if d.outcome != "left_off" and d.end > now}
    assert on_screen == {b.id for b in shown}
    assert policy.one_touch_join or not shown


@given(st.lists(meetings(), max_size=10), policies, starts, st.randoms())
def test_order_of_reading_does_not_matter(listed: list[Meeting], policy: Policy, now: datetime, random: object) -> None:
    unique = list({m.event.key: m for m in listed}.values())
    shuffled = list(reversed(unique))
    assert plan(room(policy), unique, ALL, now).digest == plan(room(policy), shuffled, ALL, now).digest


@given(st.lists(meetings(), max_size=8), starts)
def test_private_events_never_show_who_or_what(listed: list[Meeting], now: datetime) -> None:
    secret = [replace(m, event=replace(m.event, private=True, title="Merger", organizer="Ada")) for m in listed]
    result = plan(room(Policy()), secret, ALL, now)
    assert "Merger" not in repr(result) and "Ada" not in repr(result)


def test_the_time_of_a_dial_is_told_in_the_rooms_own_zone() -> None:
    event = Event("a", NINE, NINE, NINE + timedelta(hours=1), "Standup", "Ada")
    policy = Policy(auto_join=True, join_before=timedelta(minutes=1))
    for zone, told in (("UTC", "08:59:00"), ("Asia/Kolkata", "14:29:00")):
        (decision,) = plan(replace(room(policy), timezone=zone), [Meeting(event, ZOOM)], ALL, NINE).decisions
        assert decision.reason.endswith(f"joins by itself at {told}")


@settings(max_examples=200)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("edit"), st.lists(meetings(), max_size=5)),
            st.tuples(st.sampled_from(["restart", "reboot", "push fails", "reply lost", "somebody clears"]), st.none()),
        ),
        max_size=15,
    )
)
def test_any_history_ends_in_the_right_screen(history: list[tuple[str, list[Meeting] | None]]) -> None:
    """A walk of plan and reconcile over a unit that fails; two calm turns at the end must always converge."""
    now = NINE
    listed: list[Meeting] = []
    screen: BookingList = BookingList()
    receipt: Receipt | None = None
    known_shown = False
    for what, argument in [*history, ("calm", None), ("calm", None)]:
        now += timedelta(minutes=1)
        if what == "edit":
            assert argument is not None
            listed = list({m.event.key: m for m in argument}.values())
        elif what == "restart":
            known_shown = False
        elif what == "reboot" or what == "somebody clears":
            screen = BookingList()
        planned = plan(room(Policy()), listed, ALL, now)
        live = frozenset(b.id for b in screen.bookings if b.end > now)
        asked = live if what in ("calm", "restart") or not known_shown else None
        known_shown = True
        action = reconcile(planned, receipt, asked, now)
        if isinstance(action, Push) and what != "push fails":
            screen = action.bookings
            if what != "reply lost":
                receipt = Receipt(action.bookings.digest, action.bookings.ids)
    wanted = plan(room(Policy()), listed, ALL, now).bookings
    assert screen == wanted
    assert receipt is not None and receipt.digest == wanted.digest


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 10), st.floats(0.1, 1.0))
def test_the_guard_holds_floods_and_lets_single_rooms_go(had: int, emptied: int, rooms: int, share: float) -> None:
    before = {RoomId(f"r{n}"): 2 for n in range(had)}
    after = {RoomId(f"r{n}"): 0 for n in range(min(emptied, had))}
    held = held_back(before, after, rooms=rooms, share=share)
    lost = len(after)
    if lost >= rooms and lost >= share * had:
        assert held == frozenset(after)
    else:
        assert held == frozenset()


@given(st.lists(meetings(), max_size=6), st.lists(meetings(), max_size=6))
def test_an_item_without_identity_keeps_everything_that_is_missing(old: list[Meeting], new: list[Meeting]) -> None:
    merged = merge(old, new, [Unreadable("", "a broken file")])
    assert {m.event.key for m in merged} == {m.event.key for m in [*old, *new]}


@given(st.lists(meetings(), max_size=6), st.lists(meetings(), max_size=6))
def test_unreadable_items_keep_their_last_good_form(old: list[Meeting], new: list[Meeting]) -> None:
    fresh = [m for m in new if m.event.series_uid != "a"]
    merged = merge(old, fresh, [Unreadable("a", "half a line")])
    kept = {m.event.key for m in merged if m.event.series_uid == "a"}
    assert kept == {m.event.key for m in old if m.event.series_uid == "a"}
    assert {m.event.key for m in merged} - kept == {m.event.key for m in fresh}
