"""Which device is which: by serial number, else by driver, address and port; and which one a room claims."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.model import RoomId, Unit, UnitId, UnitState, same_unit
from connector.store.claims import adopted, adopted_from, claim
from tests.support.clock import NINE

ONE = Unit(UnitId("one"), "cisco", "192.0.2.1")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (ONE, True),
        (replace(ONE, credential="env:PW", room=RoomId("r2"), state=UnitState.GONE), True),
        (replace(ONE, serial_number="SN1"), True),  # one of them does not know it yet
        (replace(ONE, address="192.0.2.2"), False),
        (replace(ONE, port=8443), False),
        (replace(ONE, driver="sip"), False),
    ],
)
def test_without_serial_numbers_driver_address_and_port_decide(other: Unit, same: bool) -> None:
    assert same_unit(ONE, other) is same is same_unit(other, ONE)


def test_a_serial_number_decides_alone() -> None:
    known = replace(ONE, serial_number="SN1")
    assert same_unit(known, replace(known, address="192.0.2.9", port=1, driver="sip"))
    assert not same_unit(known, replace(known, serial_number="SN2"))


def test_a_unit_without_a_driver_is_like_no_other() -> None:
    nobody = Unit(adopted(RoomId("r1")), "", "")
    assert not same_unit(nobody, nobody) and adopted_from(nobody.id) == "r1" and adopted_from(ONE.id) == ""


units = st.builds(
    Unit,
    st.just(UnitId("")),
    st.sampled_from(["cisco", "sip"]),
    st.sampled_from(["192.0.2.1", "192.0.2.2", "192.0.2.3"]),
    serial_number=st.sampled_from(["", "", "SN1", "SN2"]),
)
rows = st.dictionaries(st.sampled_from([RoomId("r1"), RoomId("r2"), RoomId("r3")]), units)


@settings(deadline=None)
@given(st.lists(rows, max_size=6))
def test_each_room_has_one_unit_and_each_unit_at_most_one_room(edits: list[dict[RoomId, Unit]]) -> None:
    """Whatever is edited; and to claim the same again changes nothing."""
    known: dict[UnitId, Unit] = {}
    served: dict[RoomId, UnitId] = {}
    for wanted in edits:
        claims = claim(known.values(), served, wanted, NINE)
        known |= claims.units
        served = {room: unit for room, unit in served.items() if room not in claims.bereft} | claims.rooms
        assert wanted.keys() <= served.keys()
        assert len(set(served.values())) == len(served)
        for room, unit in served.items():
            assert (known[unit].room, known[unit].state) == (room, UnitState.IN_USE)
        assert all(unit.state is UnitState.RETIRING for key, unit in known.items() if key not in served.values())
        again = claim(known.values(), served, wanted, NINE)
        assert again.rooms == claims.rooms and {**known, **again.units} == known
