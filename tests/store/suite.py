"""The contract of a store, as tests. Every backend passes them; ``run`` names those that a mistaken one fails.

A backend is an ``Opener``: it opens the same database again and again, as a restarted or a second daemon does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

import pytest

from connector.model import NEVER_UP, Attempt, AttemptState, Room, RoomId, RoomPlan, Unit, UnitId, UnitState
from connector.planning.plan import plan
from connector.store.api import HISTORY_PER_ROOM, Outcome, OwnershipLost, Pause, Span, StoreApi, UnitLease
from device_drivers.api import DeviceInfo, Receipt, UnitFacts, UnitProtocol
from tests.support.clock import NINE
from tests.support.harness import AUTO, meeting
from tests.support.memory_unit import ALL

R1, R2 = RoomId("r1"), RoomId("r2")
HOUR = timedelta(hours=1)
RECEIPT = Receipt("digest", frozenset({"1"}), (("2", "too long"),), "how")
INFO = DeviceInfo("Codec", "ce11", "SN1", UnitFacts(frozenset({UnitProtocol.SHOWS})), clock=NINE, notes=("a note",))


class Opener(Protocol):
    def open(self) -> AbstractAsyncContextManager[StoreApi]:
        """Takes the same database over."""
        ...


def unit(address: str = "192.0.2.1", **values: Any) -> Unit:
    return replace(Unit(UnitId(""), "cisco", address), **values)


def attempt(**values: Any) -> Attempt:
    made = Attempt(0, R1, "1", NINE, AttemptState.INTENDED, NINE, "zoom:1", "1.4321@example.org", leave_at=NINE + HOUR)
    return replace(made, **values)


async def claimed(store: StoreApi, room: RoomId = R1, **values: Any) -> UnitLease:
    return (await store.claim_units({room: unit(**values)}, NINE))[room]


async def lines(store: StoreApi, room: str = "r1") -> list[str]:
    return [row.event for row in await store.history(room, 1000)]


class StoreTests:
    """Each method is one promise of ``connector.store.api``."""

    # calendars and plans

    async def check_a_reading_replaces_the_one_before(self, opener: Opener) -> None:
        async with opener.open() as store:
            lease = store.calendar_lease("office", "a")
            await store.write(store.save_reading(lease, "office:a", [meeting("old")], NINE))
            await store.write(store.save_failure(lease, "office:a", "no answer", NINE + HOUR))
            row = (await store.calendars())["office:a"]
            assert (row.error, row.error_since, row.meetings) == ("no answer", NINE + HOUR, (meeting("old"),))
            await store.write(store.save_reading(lease, "office:a", [meeting("new")], NINE + 2 * HOUR))
            row = (await store.calendars("office:a"))["office:a"]
            assert (row.meetings, row.read_at) == ((meeting("new"),), NINE + 2 * HOUR)
            assert (row.error, row.error_since) == ("", None)
            await store.write(store.save_unchanged(lease, "office:a", NINE + 3 * HOUR))
            row = (await store.calendars("office:a"))["office:a"]
            assert (row.meetings, row.read_at) == ((meeting("new"),), NINE + 3 * HOUR)
            assert await store.calendars("office:b") == {}

    async def check_the_calendars_of_one_source_are_dropped(self, opener: Opener) -> None:
        async with opener.open() as store:
            for key in ("of_ice:a", "office:a", "of_ice:b"):
                await store.write(store.save_reading(store.calendar_lease("s"), key, [], NINE))
            await store.write(store.drop_calendars(store.calendar_lease("of_ice")))
            assert list(await store.calendars()) == ["office:a"]

    async def check_plans_are_kept_until_their_room_goes(self, opener: Opener) -> None:
        plans = {room: plan_of(room) for room in (R1, R2)}
        async with opener.open() as store:
            lease = store.calendar_lease("office")
            await store.write(*(store.save_plan(lease, made) for made in plans.values()))
        async with opener.open() as store:
            states = await store.room_states()
            assert {room: state.plan for room, state in states.items()} == plans
            kept = states[R1].plan
            assert kept is not None and kept.digest == plans[R1].digest
            await store.write(store.drop_plans(store.calendar_lease("office"), [R2]))
            assert (await store.room_states(R1))[R1].plan is None
            assert (await store.room_states(R2))[R2].plan == plans[R2]

    # units

    async def check_what_a_unit_told_is_kept_with_it(self, opener: Opener) -> None:
        async with opener.open() as store:
            lease = await claimed(store)
            await store.write(
                store.save_probe(lease, INFO, NINE),
                store.save_receipt(lease, RECEIPT, NINE),
                store.save_verified(lease, NINE + HOUR),
                store.save_contact(lease, "reachable", "", NINE, ""),
            )
        async with opener.open() as store:
            row = (await store.units())[lease.unit]
            assert (row.info, row.info_at, row.receipt, row.receipt_at) == (INFO, NINE, RECEIPT, NINE)
            assert (row.verified_at, row.contact, row.unit.serial_number) == (NINE + HOUR, "reachable", "SN1")
            lease = store.unit_lease(lease.unit)
            await store.write(
                store.save_receipt(lease, None, NINE + HOUR),
                store.save_contact(lease, "credentials_refused", "it said no", NINE + HOUR, "print"),
                store.save_probe(lease, replace(INFO, serial_number=""), NINE + HOUR),
            )
            row = (await store.units(R1))[lease.unit]
            assert (row.receipt, row.verified_at, row.unit.serial_number) == (None, None, "SN1")
            assert (row.contact, row.contact_detail, row.contact_since, row.refused) == (
                "credentials_refused", "it said no", NINE + HOUR, "print",
            )  # fmt: skip

    async def check_the_same_unit_is_claimed_again(self, opener: Opener) -> None:
        async with opener.open() as store:
            first = await claimed(store)
        async with opener.open() as store:
            again = await claimed(store, credential="env:OTHER")
            assert again.unit == first.unit and again.epoch > first.epoch
            found = (await store.units())[again.unit].unit
            assert found == unit(id=again.unit, credential="env:OTHER", since=NINE, room=R1)
            assert (await store.room_states())[R1].unit == again.unit

    async def check_what_a_unit_has_follows_it_to_another_room(self, opener: Opener) -> None:
        async with opener.open() as store:
            leases = await store.claim_units({R1: unit("192.0.2.1"), R2: unit("192.0.2.2")}, NINE)
            await store.write(store.save_receipt(leases[R1], RECEIPT, NINE))
            await store.add_attempt(leases[R1], attempt())
            swapped = await store.claim_units({R1: unit("192.0.2.2"), R2: unit("192.0.2.1")}, NINE + HOUR)
            assert {R1: swapped[R1].unit, R2: swapped[R2].unit} == {R1: leases[R2].unit, R2: leases[R1].unit}
            assert [row.receipt for row in (await store.units(R2)).values()] == [RECEIPT]
            assert [a.unit for a in await store.attempts(NINE)] == [swapped[R2].unit]
            assert {row.unit.state for row in (await store.units()).values()} == {UnitState.IN_USE}

    async def check_a_unit_that_moved_keeps_its_serial_number(self, opener: Opener) -> None:
        async with opener.open() as store:
            old = await claimed(store, serial_number="SN1")
            new = await store.claim_units(
                {R1: unit("192.0.2.9", serial_number="SN1"), R2: unit("192.0.2.1", serial_number="SN2")}, NINE + HOUR
            )
            assert new[R1].unit == old.unit != new[R2].unit
            assert (await store.units())[old.unit].unit.address == "192.0.2.9"

    async def check_another_unit_at_the_address_begins_anew(self, opener: Opener) -> None:
        async with opener.open() as store:
            old = await claimed(store, serial_number="SN1")
            await store.write(store.save_receipt(old, RECEIPT, NINE))
            new = (await store.claim_units({R1: unit(serial_number="SN2")}, NINE + HOUR))[R1]
            units = await store.units()
            assert new.unit != old.unit and units[new.unit].receipt is None
            assert (units[old.unit].receipt, units[old.unit].unit.state) == (RECEIPT, UnitState.RETIRING)
            assert units[old.unit].unit.since == NINE + HOUR
            await store.write(store.save_unit_state(old, UnitState.GONE, NINE + 2 * HOUR))
            assert (await store.units())[old.unit].unit.state is UnitState.GONE
            back = (await store.claim_units({R1: unit(serial_number="SN1")}, NINE + 3 * HOUR))[R1]
            assert back.unit == old.unit and (await store.units())[old.unit].unit.state is UnitState.IN_USE

    async def check_a_room_that_is_not_named_keeps_its_unit_unless_another_has_it(self, opener: Opener) -> None:
        async with opener.open() as store:
            leases = await store.claim_units({R1: unit("192.0.2.1"), R2: unit("192.0.2.2")}, NINE)
            await store.claim_units({R2: unit("192.0.2.2")}, NINE)
            assert (await store.room_states())[R1].unit == leases[R1].unit
            await store.claim_units({R2: unit("192.0.2.1")}, NINE)
            states = await store.room_states()
            assert (states[R1].unit, states[R2].unit) == (None, leases[R1].unit)
            assert (await store.units())[leases[R2].unit].unit.state is UnitState.RETIRING

    # attempts

    async def check_an_attempt_gets_a_number_that_is_given_once(self, opener: Opener) -> None:
        async with opener.open() as store:
            lease = await claimed(store)
            first = await store.add_attempt(lease, attempt(leave_at=None))
            await store.write(store.prune_attempts(lease, NINE + HOUR))
            assert await store.attempts(NINE) == []
        async with opener.open() as store:
            lease = store.unit_lease(lease.unit)
            numbers = await asyncio.gather(*(store.add_attempt(lease, attempt(booking_id=str(n))) for n in range(9)))
            assert len({first, *numbers}) == 10 and min(numbers) > first
            assert [a.id for a in await store.attempts(NINE)] == sorted(numbers)
            assert {a.id: a.booking_id for a in await store.attempts(NINE)} == {
                number: str(n) for n, number in enumerate(numbers)
            }

    async def check_how_far_an_attempt_came_changes_and_what_it_is_for_does_not(self, opener: Opener) -> None:
        async with opener.open() as store:
            lease = await claimed(store)
            number = await store.add_attempt(lease, attempt())
            known = attempt(id=number, unit=lease.unit, state=AttemptState.ANSWERED, call_id="7", cause="yes")
            known = replace(known, owned=False, left="done", left_at=NINE + HOUR, leave_at=NINE + 2 * HOUR)
            known = replace(known, sent_at=NINE + 3 * HOUR)
            told = replace(known, booking_id="2", address="elsewhere", meeting_key="zoom:2")
            store.post(store.save_attempt(lease, told))
            await store.write()
            assert await store.attempts(NINE) == [known]

    async def check_an_attempt_is_changed_under_its_own_units_lease_only(self, opener: Opener) -> None:
        async with opener.open() as store:
            leases = await store.claim_units({R1: unit("192.0.2.1"), R2: unit("192.0.2.2")}, NINE)
            number = await store.add_attempt(leases[R1], attempt())
            await store.write(store.save_attempt(leases[R2], attempt(id=number, state=AttemptState.ENDED)))
            assert [a.state for a in await store.attempts(NINE)] == [AttemptState.INTENDED]

    async def check_attempts_are_found_by_room_unit_and_time(self, opener: Opener) -> None:
        async with opener.open() as store:
            leases = await store.claim_units({R1: unit("192.0.2.1"), R2: unit("192.0.2.2")}, NINE)
            await store.add_attempt(leases[R1], attempt(booking_id="1", planned_start=NINE - HOUR))
            await store.add_attempt(leases[R1], attempt(booking_id="2", planned_start=NINE - HOUR, leave_at=None))
            await store.add_attempt(leases[R1], attempt(booking_id="3", planned_start=NINE - HOUR, left="done"))
            await store.add_attempt(leases[R2], attempt(booking_id="4", room=R2))
            assert [a.booking_id for a in await store.attempts(NINE)] == ["1", "4"]
            assert [a.booking_id for a in await store.attempts(NINE - HOUR)] == ["1", "2", "3", "4"]
            assert [a.booking_id for a in await store.attempts(NINE, R2)] == ["4"]
            assert [a.booking_id for a in await store.attempts(NINE, unit=leases[R1].unit)] == ["1"]

    async def check_an_open_leave_order_survives_pruning(self, opener: Opener) -> None:
        async with opener.open() as store:
            leases = await store.claim_units({R1: unit("192.0.2.1"), R2: unit("192.0.2.2")}, NINE)
            old = NINE - 9 * HOUR
            cases: dict[str, dict[str, Any]] = {
                "open": {"leave_at": NINE},
                "left": {"leave_at": NINE, "left": "done"},
                "long due": {"leave_at": old + HOUR},
                "none": {"leave_at": None},
                "new": {"planned_start": NINE},
            }
            for booking, values in cases.items():
                order = attempt(booking_id=booking, state=AttemptState.ANSWERED, **{"planned_start": old, **values})
                await store.add_attempt(leases[R1], order)
            await store.add_attempt(leases[R2], attempt(booking_id="another's", planned_start=old, leave_at=None))
            await store.write(store.prune_attempts(leases[R1], NINE - HOUR))
            assert [a.booking_id for a in await store.attempts(old)] == ["open", "new", "another's"]

    async def check_an_address_is_wiped_once_no_call_can_be_up(self, opener: Opener) -> None:
        early = NINE - 9 * HOUR
        cases: dict[str, dict[str, Any]] = {
            **{f"never up: {state}": {"state": state} for state in NEVER_UP},
            "left": {"state": AttemptState.ANSWERED, "left": "done", "left_at": NINE - 2 * HOUR, "leave_at": NINE},
            "stays: left just now": {"state": AttemptState.ANSWERED, "left": "done", "left_at": NINE},
            "stays: concluded just now": {"state": AttemptState.REFUSED, "at": NINE},
            "stays: to be left": {"state": AttemptState.ENDED, "leave_at": NINE},
            **{f"stays: {state}": {"state": state} for state in set(AttemptState) - NEVER_UP},
        }
        async with opener.open() as store:
            lease = await claimed(store)
            for booking, values in cases.items():
                order = {"planned_start": early, "at": early, "leave_at": None, "call_id": "7", **values}
                await store.add_attempt(lease, attempt(booking_id=booking, **order))
            before = await store.attempts(early)
            await store.write(*store.wipe_attempts(store.calendar_lease(":daemon"), NINE - HOUR, early))
            stays = [a if a.booking_id.startswith("stays") else replace(a, address="") for a in before]
            assert await store.attempts(early) == stays and len(stays) == len(cases)
            assert len(await store.outcomes(early)) == len(cases)

    async def check_what_names_an_old_meeting_or_call_is_wiped_unless_it_is_to_be_left(self, opener: Opener) -> None:
        old = NINE - 9 * HOUR
        cases: dict[str, dict[str, Any]] = {
            "nobody saw its end": {"leave_at": None},
            "long due": {"leave_at": old + HOUR},
            "left": {"left": "done", "left_at": old},
            "stays: to be left": {"leave_at": NINE},
            "stays: new": {"planned_start": NINE - HOUR},
        }
        async with opener.open() as store:
            lease = await claimed(store)
            for booking, values in cases.items():
                order = {"planned_start": old, "at": old, "state": AttemptState.ANSWERED, "call_id": "7", **values}
                await store.add_attempt(lease, attempt(booking_id=booking, **order))
            before = await store.attempts(old)
            await store.write(*store.wipe_attempts(store.calendar_lease(":daemon"), old, NINE - HOUR))
            wiped = [replace(a, address="", meeting_key="", call_id=None) for a in before[:3]]
            assert await store.attempts(old) == [*wiped, *before[3:]]
            # An open leave order brings an old attempt back only as long as its call can be told from others.
            assert [a.booking_id for a in await store.attempts(NINE - HOUR)] == ["stays: to be left", "stays: new"]

    async def check_a_wiped_attempt_goes_on_as_any_other(self, opener: Opener) -> None:
        async with opener.open() as store:
            lease = await claimed(store)
            number = await store.add_attempt(lease, attempt(state=AttemptState.MISSED, leave_at=None))
            await store.write(*store.wipe_attempts(store.calendar_lease(":daemon"), NINE + HOUR, NINE - HOUR))
            (known,) = await store.attempts(NINE)
            assert (known.address, known.meeting_key, known.state) == ("", "zoom:1", AttemptState.MISSED)
            changed = replace(known, id=number, cause="why")
            await store.write(store.save_attempt(lease, changed))
            assert await store.attempts(NINE) == [changed]
            await store.write(store.prune_attempts(lease, NINE + HOUR))
            assert await store.attempts(NINE - HOUR) == []

    async def check_old_attempts_of_units_that_are_gone_are_dropped(self, opener: Opener) -> None:
        async with opener.open() as store:
            leases = await store.claim_units({R1: unit("192.0.2.1"), R2: unit("192.0.2.2")}, NINE)
            for lease in leases.values():
                await store.add_attempt(lease, attempt(booking_id="1", planned_start=NINE - 9 * HOUR, leave_at=None))
                await store.add_attempt(lease, attempt(booking_id="2"))
            gone, kept = leases[R1], leases[R2].unit
            await store.write(store.save_unit_state(gone, UnitState.GONE, NINE))
            await store.write(store.prune_attempts_of_gone(store.calendar_lease(":daemon"), NINE - HOUR))
            found = [(a.unit, a.booking_id) for a in await store.attempts(NINE - 9 * HOUR)]
            assert sorted(found) == sorted([(gone.unit, "2"), (kept, "1"), (kept, "2")])

    async def check_outcomes_are_told_without_addresses(self, opener: Opener) -> None:
        async with opener.open() as store:
            leases = await store.claim_units({R1: unit("192.0.2.1"), R2: unit("192.0.2.2")}, NINE)
            await store.add_attempt(leases[R1], attempt(booking_id="old", at=NINE - HOUR))
            await store.add_attempt(leases[R1], attempt(booking_id="new", state=AttemptState.SENT, sent_at=NINE))
            await store.add_attempt(leases[R2], attempt(booking_id="other", room=R2, state=AttemptState.MISSED))
            new = Outcome(R1, "new", NINE, AttemptState.SENT, NINE, NINE)
            other = Outcome(R2, "other", NINE, AttemptState.MISSED, NINE, None)
            assert await store.outcomes(NINE) == [new, other]
            assert [o.booking_id for o in await store.outcomes(NINE - HOUR)] == ["old", "new", "other"]
            assert await store.last_outcomes() == {R1: new, R2: other}

    async def check_units_that_are_long_gone_are_dropped_with_their_attempts(self, opener: Opener) -> None:
        async with opener.open() as store:
            leases = await store.claim_units({R1: unit("192.0.2.1"), R2: unit("192.0.2.2")}, NINE)
            for lease in leases.values():
                await store.add_attempt(lease, attempt(leave_at=None))
            gone, kept = leases[R1].unit, leases[R2].unit
            await store.write(store.save_unit_state(leases[R1], UnitState.GONE, NINE))
            anybodys = store.calendar_lease(":daemon")
            await store.write(*store.prune_gone(anybodys, NINE))
            assert {gone, kept} <= set(await store.units())
            await store.write(*store.prune_gone(anybodys, NINE + HOUR))
            assert gone not in await store.units() and kept in await store.units()
            assert {a.unit for a in await store.attempts(NINE - HOUR)} == {kept}

    async def check_a_unit_is_never_dropped_before_its_attempts(self, opener: Opener) -> None:
        """In whatever order a batch makes them: an attempt without a unit would bring its unit back."""
        async with opener.open() as store:
            leases = await store.claim_units({R1: unit("192.0.2.1"), R2: unit("192.0.2.2")}, NINE)
            await store.add_attempt(leases[R1], attempt(leave_at=None))
            store.post(store.save_verified(leases[R2], NINE))  # the table of units comes first in this batch
            store.post(store.save_unit_state(leases[R1], UnitState.GONE, NINE))
            store.post(*store.prune_gone(store.calendar_lease(":daemon"), NINE + HOUR))
            await store.write()
            left = {a.unit for a in await store.attempts(NINE - HOUR)}
            assert left <= set(await store.units())

    async def check_a_units_options_are_kept(self, opener: Opener) -> None:
        async with opener.open() as store:
            wanted = replace(unit("192.0.2.1"), options=(("tls_minimum", "1.0"), ("x", "ü")))
            lease = (await store.claim_units({R1: wanted}, NINE))[R1]
            assert (await store.units())[lease.unit].unit.options == wanted.options

    # transactions, order and leases

    async def check_changes_of_one_write_are_made_together_or_not_at_all(self, opener: Opener) -> None:
        async with opener.open() as first:
            lease = await claimed(first)
            told = [first.save_event(lease, "r1", name, NINE, {}) for name in ("dial.armed", "dial.sent")]
            await first.add_attempt(lease, attempt(), *told)
            assert await lines(first) == ["dial.sent", "dial.armed"]
            async with opener.open() as second:
                ours = second.unit_lease(lease.unit)
                with pytest.raises(OwnershipLost):  # one of two leases is lost
                    await second.write(
                        second.save_event(ours, "r1", "unit.reachable", NINE, {}),
                        second.save_contact(lease, "reachable", "", NINE, ""),
                    )
                with pytest.raises(OwnershipLost):
                    await second.add_attempt(lease, attempt(), second.save_event(ours, "r1", "dial.sent", NINE, {}))
                assert await lines(second) == ["dial.sent", "dial.armed"]
                assert len(await second.attempts(NINE)) == 1
                assert (await second.units())[lease.unit].contact == "new"

    async def check_one_that_fails_does_not_fail_its_neighbours(self, opener: Opener) -> None:
        async with opener.open() as first:
            stale = await claimed(first)
        async with opener.open() as store:
            lease = store.unit_lease(stale.unit)
            results = await asyncio.gather(
                store.write(store.save_event(lease, "r1", "one", NINE, {})),
                store.write(store.save_event(stale, "r1", "two", NINE, {})),
                store.write(store.save_event(lease, "r1", "three", NINE, {})),
                return_exceptions=True,
            )
            assert [type(result) for result in results] == [type(None), OwnershipLost, type(None)]
            assert await lines(store) == ["three", "one"]

    async def check_every_change_is_refused_once_the_lease_is_lost(self, opener: Opener) -> None:
        async with opener.open() as first:
            unit_lease, calendar = await claimed(first), first.calendar_lease("office")
            await first.ask("sync", "", NINE, HOUR)
            command = (await first.pending(NINE))[0]
            await first.add_attempt(unit_lease, attempt())
            for change in _each_change(first, unit_lease, calendar, command):
                await first.write(change)
            before = await _everything(first, command.id)
            async with opener.open() as second:
                for change in _each_change(first, unit_lease, calendar, command):
                    with pytest.raises(OwnershipLost):
                        await first.write(change)
                with pytest.raises(OwnershipLost):
                    await first.add_attempt(unit_lease, attempt())
                with pytest.raises(OwnershipLost):
                    await first.claim_units({R1: unit("192.0.2.7")}, NINE)
                first.post(first.save_event(unit_lease, "r1", "posted", NINE, {}))
                assert await _everything(second, command.id) == before

    async def check_the_last_change_of_a_row_counts(self, opener: Opener) -> None:
        async with opener.open() as store:
            lease = await claimed(store)
            store.post(store.save_receipt(lease, RECEIPT, NINE), store.save_verified(lease, NINE))
            store.post(store.save_contact(lease, "reachable", "", NINE, ""))
            store.post(store.save_event(lease, "r1", "unit.reachable", NINE, {}))
            store.post(store.save_receipt(lease, None, NINE))
            store.post(store.save_contact(lease, "unreachable", "no answer", NINE, ""))
            await store.write()
            row = (await store.units())[lease.unit]
            assert (row.receipt, row.verified_at, row.contact) == (None, None, "unreachable")

    async def check_what_was_posted_is_committed_before_it_closes(self, opener: Opener) -> None:
        async with opener.open() as store:
            lease = await claimed(store)
            store.post(store.save_event(lease, "r1", "daemon.stopped", NINE, {}))
        with pytest.raises(OwnershipLost):
            await store.write(store.save_event(lease, "r1", "late", NINE, {}))
        store.post(store.save_event(lease, "r1", "late", NINE, {}))
        async with opener.open() as store:
            assert await lines(store) == ["daemon.stopped"]

    async def check_who_opens_it_owns_it(self, opener: Opener) -> None:
        async with opener.open() as store:
            before = await store.owner()
        async with opener.open() as store:
            after = await store.owner()
            assert before is not None and after is not None and after.epoch == before.epoch + 1
            assert store.unit_lease(UnitId("u")).epoch == store.calendar_lease("s").epoch == after.epoch

    # history, commands and source state

    async def check_the_history_is_newest_first_and_bounded(self, opener: Opener) -> None:
        async with opener.open() as store:
            lease = store.calendar_lease("office")
            for n in range(HISTORY_PER_ROOM + 5):
                store.post(*(store.save_event(lease, r, "room.planned", NINE, {"n": n, "at": NINE}) for r in (R1, "")))
            await store.write(store.prune_history(lease, R1))
            found = await store.history(R1, 1000)
            assert [row.detail["n"] for row in found] == list(range(HISTORY_PER_ROOM + 4, 4, -1))
            assert (found[0].at, found[0].room, found[0].detail["at"]) == (NINE, R1, str(NINE))
            assert len(await store.history("", 1000)) == HISTORY_PER_ROOM + 5
            assert len(await store.history(R1, 3)) == 3

    async def check_events_are_found_by_name_and_time_and_what_there_is_of_them(self, opener: Opener) -> None:
        async with opener.open() as store:
            lease = store.calendar_lease("office")
            told = [(R1, "a", NINE - HOUR), (R1, "a", NINE), (R2, "b", NINE), ("", "c", NINE), (R2, "a", NINE + HOUR)]
            for room, name, at in told:
                await store.write(store.save_event(lease, room, name, at, {"n": 1}))
            found = await store.events(("a", "b"), NINE)
            assert [(row.room, row.event, row.at) for row in found] == [told[1], told[2], told[4]]
            assert found[0].detail["n"] == 1
            spans = {R1: Span(NINE - HOUR, 2), R2: Span(NINE, 2), RoomId(""): Span(NINE, 1)}
            assert await store.history_spans() == spans

    async def check_the_oldest_of_attempts_and_history_is_where_it_begins(self, opener: Opener) -> None:
        async with opener.open() as store:
            assert await store.begins() is None
            await store.write(store.save_event(store.calendar_lease("office"), R1, "a", NINE, {}))
            assert await store.begins() == NINE
            await store.add_attempt(await claimed(store), attempt(at=NINE - HOUR))
            assert await store.begins() == NINE - HOUR

    async def check_commands_are_asked_taken_and_answered(self, opener: Opener) -> None:
        async with opener.open() as store:
            gone = await store.ask("sync", "", NINE - 48 * HOUR, HOUR)
            late = await store.ask("sync", "room:r1", NINE - HOUR, HOUR)
            first, second = await store.ask("release", "office", NINE, HOUR), await store.ask("sync", "", NINE, HOUR)
            found = await store.pending(NINE)
            assert [(c.id, c.kind, c.target) for c in found] == [(first, "release", "office"), (second, "sync", "")]
            await store.write(store.answer(store.calendar_lease("office"), found[0], "released"))
            assert await store.outcome(first) == ("released", False) and await store.outcome(second) is None
            assert [c.id for c in await store.pending(NINE)] == [second]
            await store.ask("sync", "", NINE + 24 * HOUR, HOUR)
            assert await store.outcome(first) == ("released", False) and len({gone, late, first, second}) == 4

    async def check_a_command_that_was_taken_is_told_of_until_it_is_answered(self, opener: Opener) -> None:
        words = {"address": "81234567890.4321@zoomcrc.com"}
        async with opener.open() as store:
            number = await store.ask("test-dial", "room:r1", NINE, HOUR, words)
            (asked,) = await store.pending(NINE)
            assert asked.words == words and not asked.taken
            await store.write(store.take(store.unit_lease(UnitId("u")), asked, NINE))
        async with opener.open() as store:
            (taken,) = await store.pending(NINE + 2 * HOUR)
            assert (taken.id, taken.taken, dict(taken.words)) == (number, True, words)
            await store.write(store.answer(store.calendar_lease("office"), taken, "it did not", failed=True))
            assert await store.outcome(number) == ("it did not", True)
            assert await store.pending(NINE) == ()

    async def check_a_room_is_paused_until_somebody_ends_it(self, opener: Opener) -> None:
        pause = Pause(R1, NINE, NINE + HOUR, clears=True)
        async with opener.open() as store:
            lease = store.calendar_lease("office")
            assert await store.pauses() == {}
            await store.write(store.save_pause(lease, pause), store.save_pause(lease, Pause(RoomId("r2"), NINE)))
        async with opener.open() as store:
            assert await store.pauses() == {R1: pause, RoomId("r2"): Pause(RoomId("r2"), NINE)}
            lease = store.calendar_lease("office")
            await store.write(
                store.save_pause(lease, replace(pause, until=None)), store.drop_pause(lease, RoomId("r2"))
            )
            await store.write(store.drop_pause(lease, RoomId("none")))
            assert await store.pauses() == {R1: replace(pause, until=None)}

    async def check_a_source_remembers_by_key(self, opener: Opener) -> None:
        async with opener.open() as store:
            one, other = store.calendar_lease("one"), store.calendar_lease("other")
            values = {"a_/1": b"\x00\xff", "a%/2": b"", "b": b"x"}
            await store.write(*(store.save_source_value(one, key, value) for key, value in values.items()))
            await store.write(store.save_source_value(other, "b", b"theirs"), store.save_source_value(one, "b", b"y"))
            assert await store.source_value("one", "b") == b"y" and await store.source_value("one", "c") is None
            assert await store.source_values("one", "a_") == {"a_/1": b"\x00\xff"}
            await store.write(store.drop_source_value(one, "a_/1"), store.drop_source_value(one, "none"))
            assert await store.source_values("one") == {"a%/2": b"", "b": b"y"}
            await store.write(store.drop_source_values(one))
            assert await store.source_values("one") == {} and await store.source_value("other", "b") == b"theirs"


Check = Callable[[Opener], Coroutine[Any, Any, None]]
CHECKS: dict[str, Check] = {
    name.removeprefix("check_"): getattr(StoreTests(), name) for name in vars(StoreTests) if name.startswith("check_")
}


async def failures(opener: Callable[[], Opener]) -> set[str]:
    """The names of the promises that a backend does not keep, each tried on a new database."""
    found: set[str] = set()
    for name, check in CHECKS.items():
        try:
            await check(opener())
        except (AssertionError, pytest.fail.Exception):
            found.add(name)
    return found


def plan_of(room: RoomId) -> RoomPlan:
    row = Room(room, room, f"{room}.ics", "cisco", "192.0.2.1", policy=AUTO)
    return plan(row, [meeting()], ALL, NINE)


def _each_change(store: StoreApi, lease: UnitLease, calendar: Any, command: Any) -> list[Any]:
    return [
        store.save_reading(calendar, "office:a", [meeting()], NINE),
        store.save_unchanged(calendar, "office:a", NINE),
        store.save_failure(calendar, "office:a", "no answer", NINE),
        store.save_plan(calendar, plan_of(R1)),
        store.save_probe(lease, INFO, NINE),
        store.save_receipt(lease, RECEIPT, NINE),
        store.save_verified(lease, NINE),
        store.save_contact(lease, "reachable", "", NINE, ""),
        store.save_unit_state(lease, UnitState.RETIRING, NINE),
        store.save_attempt(lease, attempt(id=1, state=AttemptState.SENT)),
        store.prune_attempts(lease, NINE - HOUR),
        store.prune_attempts_of_gone(calendar, NINE - HOUR),
        *store.wipe_attempts(calendar, NINE - HOUR, NINE - HOUR),
        *store.prune_gone(calendar, NINE - HOUR),
        store.save_event(lease, "r1", "unit.reachable", NINE, {}),
        store.prune_history(lease, "r1"),
        store.take(calendar, command, NINE),
        store.answer(calendar, command, "done"),
        store.save_pause(calendar, Pause(R1, NINE)),
        store.drop_pause(calendar, RoomId("none")),
        store.save_source_value(calendar, "key", b"value"),
        store.drop_source_value(calendar, "none"),
        store.drop_source_values(store.calendar_lease("another")),
        store.drop_calendars(store.calendar_lease("another")),
        store.drop_plans(calendar, [R1]),
    ]


async def _everything(store: StoreApi, command: int) -> tuple[Any, ...]:
    return (
        await store.calendars(),
        await store.room_states(),
        await store.units(),
        await store.attempts(NINE - HOUR),
        await store.history("r1"),
        await store.source_values("office"),
        await store.outcome(command),
        await store.pauses(),
    )
