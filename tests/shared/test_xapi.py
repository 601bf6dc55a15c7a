"""Every command the Cisco driver sends exists in Cisco's published schema of that version, with legal arguments.

TC 7.3 has no published schema: its profile stays marked as unverified.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from device_drivers.api import Booking, DialAddress
from device_drivers.cisco import codec
from device_drivers.cisco.codec import Command, Profile
from device_drivers.cisco.simulator_xapi import COMMANDS

SCHEMAS = Path(__file__).resolve().parents[3] / "shared" / "data" / "xapi-compact.json"
VERSIONS = {
    "CE 9.15.17.4": codec.CE9,
    "RoomOS 10.19.4.2": codec.ROOMOS10,
    "RoomOS 11.14.5.0": codec.ROOMOS11,
    "RoomOS 11.24.4.1": codec.ROOMOS11,
    "RoomOS 11.27.2.0": codec.ROOMOS11,
    "RoomOS 26.4.1": codec.ROOMOS26,
}
every_version = pytest.mark.parametrize("version", VERSIONS)


@cache
def schema(version: str) -> Mapping[str, Mapping[str, Any]]:
    versions: Mapping[str, Mapping[str, Mapping[str, Any]]] = json.loads(SCHEMAS.read_text(encoding="utf-8"))[
        "versions"
    ]
    return versions[version]


def commands(profile: Profile) -> Iterator[Command]:
    """All that the driver can send, at the edges of what it may be asked."""
    start = datetime(2030, 5, 6, 13, 0, tzinfo=UTC)
    booking = Booking(
        "9" * 18, "Title", start, start + timedelta(hours=1), address=DialAddress("sip", "1@example.test")
    )
    for rate in (None, 0, 64, 6000, 10**6):
        yield codec.dial(DialAddress("sip", "x" * codec.NUMBER_LIMIT, rate), booking.id)
        yield codec.dial(DialAddress("h323", "192.0.2.1##1#2", rate), booking.id)
    yield codec.disconnect(1)
    yield codec.disconnect(65534)
    yield codec.list_bookings()
    yield codec.clear_bookings()
    assert profile.put
    yield codec.put_bookings([booking], profile)


def test_the_versions_of_the_data_are_the_ones_checked() -> None:
    assert set(json.loads(SCHEMAS.read_text(encoding="utf-8"))["versions"]) == set(VERSIONS)


@every_version
def test_versions_meet_their_profile(version: str) -> None:
    number = version.removeprefix("RoomOS ").removeprefix("CE ")
    assert codec.profile_of(f"ce{number}.0a1b2c3") is VERSIONS[version]


@every_version
def test_every_command_exists_with_legal_arguments(version: str) -> None:
    known = schema(version)["commands"]
    for command in commands(VERSIONS[version]):
        name = " ".join(command.path)
        assert name in known, f"{name} does not exist in {version}"
        spec = known[name]
        assert "Admin" in spec["role"]
        assert bool(command.body) <= spec["multiline"]
        given = dict(command.arguments)
        assert given.keys() <= spec["params"].keys()
        assert {p for p, rule in spec["params"].items() if rule["required"]} <= given.keys()
        for argument, value in given.items():
            assert_legal(spec["params"][argument], value, f"{version}: {name} {argument}={value}")


def assert_legal(rule: Mapping[str, Any], value: str, where: str) -> None:
    match rule["type"]:
        case "Integer":
            assert rule["Min"] <= int(value) <= rule["Max"], where
        case "Literal":
            assert value in rule["values"], where
        case "String":
            assert rule["MinLength"] <= len(value) <= rule["MaxLength"], where
        case other:
            pytest.fail(f"{where}: unknown type {other}")


@every_version
def test_platforms_of_bookings_put_are_those_of_bookings_book(version: str) -> None:
    """The JSON of Put is prose in the schema; Book, where it has the parameter, lists the same words."""
    rule = schema(version)["commands"]["Bookings Book"]["params"].get("MeetingPlatform")
    if rule is not None:
        assert VERSIONS[version].platforms <= set(rule["values"])


@every_version
def test_bookings_commands_are_unavailable_in_teams_mode_from_26(version: str) -> None:
    unavailable = "MicrosoftTeamsInstalled" in schema(version)["commands"]["Bookings Put"]["unavailableStates"]
    assert unavailable is (version == "RoomOS 26.4.1")


@every_version
@pytest.mark.parametrize(
    "path",
    [
        "SystemUnit ProductId",
        "SystemUnit Software Version",
        "SystemUnit Hardware Module SerialNumber",
        "SystemUnit Uptime",
        "SystemUnit State NumberOfActiveCalls",
        "SystemUnit State NumberOfInProgressCalls",
        "SystemUnit State NumberOfSuspendedCalls",
        "Time SystemTime",
        "Call[n] Status",
        "Call[n] Direction",
        "Call[n] CallbackNumber",
        "Call[n] RemoteNumber",
        "Conference Call[n] BookingId",
    ],
)
def test_every_status_that_is_read_exists(version: str, path: str) -> None:
    assert "Admin" in schema(version)["statuses"][path]["role"]


@every_version
def test_call_states_are_known_words(version: str) -> None:
    words = set(schema(version)["statuses"]["Call[n] Status"]["values"])
    assert codec.CALL_STATES.keys() <= words
    assert {"Dialling", "Ringing", "Connecting", "EarlyMedia"} <= words


@every_version
def test_the_simulator_knows_no_more_than_the_schema(version: str) -> None:
    known = schema(version)["commands"]
    for path, spec in COMMANDS.items():
        assert spec.arguments.keys() <= known[" ".join(path)]["params"].keys()
        assert {role.capitalize() for role in spec.roles} == set(known[" ".join(path)]["role"])
