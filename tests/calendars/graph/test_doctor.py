"""The doctor: each setting by its visible effect, with the line that cures it; and the rooms that Graph lists."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from connector.calendars.base import Directory, Examinable, Finding, Place, Removable
from connector.calendars.graph import GraphSource
from connector.calendars.graph.remedies import rbac_lines
from connector.errors import AccessDenied
from connector.standins.graph.mailbox import Mailbox
from connector.standins.graph.signin import Trouble
from tests.calendars.graph.harness import ROOM, SECRET, TUESDAY, Harness
from tests.calendars.ics_text import vevent
from tests.support.patience import until

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)


async def room_findings(house: Harness, room: str = ROOM) -> dict[str, Finding]:
    async with house.open() as source:
        return {finding.check: finding for finding in await source.examine(room, NOW)}


async def source_findings(source: GraphSource) -> dict[str, Finding]:
    found = await source.examine(None, datetime.now(UTC))
    assert all(finding.calendar == "" for finding in found)
    return {finding.check: finding for finding in found}


def fill(box: Mailbox, meetings: int = 6, *lines: str) -> None:
    for number in range(meetings):
        hour = f"202611{1 + number % 20:02d}T{8 + number // 20:02d}"
        box.put(
            vevent(
                f"m{number}", f"{hour}0000Z", f"{hour}3000Z", f"SUMMARY:Topic {number}", "DESCRIPTION:Agenda and link",
                "ORGANIZER;CN=Dana Example:mailto:dana@example.org", f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{box.address}",
                *lines,
            )
        )  # fmt: skip


async def test_a_room_in_order(house: Harness) -> None:
    fill(house.graph.mailbox(ROOM), 24)
    house.graph.mailbox(ROOM).put(vevent("p", "20261110T180000Z", "20261110T190000Z", "CLASS:PRIVATE"))
    found = await room_findings(house)
    assert {finding.level for finding in found.values()} == {"ok"}
    assert set(found) == {"access", "body_stripped"}
    assert all(finding.calendar == ROOM for finding in found.values())


@pytest.mark.parametrize(
    ("setting", "check", "fix"),
    [
        ("delete_comments", "body_stripped", "-DeleteComments $false"),
        ("organizer_as_subject", "subject_replaced", "-DeleteSubject $false -AddOrganizerToSubject $false"),
        ("remove_private_property", "private_flag_never_seen", "-RemovePrivateProperty $false"),
    ],
)
async def test_mailbox_settings_by_their_effects(house: Harness, setting: str, check: str, fix: str) -> None:
    box = house.graph.mailbox(ROOM)
    setattr(box, setting, True)
    fill(box, 24)
    box.put(vevent("p", "20261110T180000Z", "20261110T190000Z", "CLASS:PRIVATE", "SUMMARY:x", "DESCRIPTION:y"))
    bad = {name: finding for name, finding in (await room_findings(house)).items() if finding.level != "ok"}
    assert set(bad) == {check}
    assert bad[check].fix == f"Set-CalendarProcessing -Identity '{ROOM}' {fix}"
    assert bad[check].effect


async def test_names_are_quoted_for_powershell(house: Harness) -> None:
    room = "o'neil; Remove-Mailbox@example.org"
    box = house.graph.mailbox(room)
    box.delete_comments = True
    fill(box)
    found = await room_findings(house, room)
    assert found["body_stripped"].fix.startswith(
        "Set-CalendarProcessing -Identity 'o''neil; Remove-Mailbox@example.org' -"
    )


async def test_too_few_meetings_judge_nothing(house: Harness) -> None:
    box = house.graph.mailbox(ROOM)
    box.delete_comments = box.organizer_as_subject = box.remove_private_property = True
    fill(box, 2)
    assert {finding.level for finding in (await room_findings(house)).values()} == {"ok"}


async def test_declined_and_open_answers(house: Harness) -> None:
    box = house.graph.mailbox(ROOM)
    for number, answer in enumerate(("ACCEPTED", "TENTATIVE", "NEEDS-ACTION", "DECLINED", "DECLINED")):
        box.put(
            vevent(
                f"m{number}", "20261110T100000Z", "20261110T110000Z", "DESCRIPTION:x",
                f"ATTENDEE;PARTSTAT={answer}:mailto:{ROOM}",
            )
        )  # fmt: skip
    found = await room_findings(house)
    assert found["not_accepted"].what.startswith("2 meetings")
    assert "-AutomateProcessing AutoAccept" in found["not_accepted"].fix
    assert found["declined"].what.startswith("2 meetings")


async def test_the_basic_permission_is_told(house: Harness) -> None:
    fill(house.graph.mailbox(ROOM))
    house.graph.troubles.basic_permission = True
    found = await room_findings(house)
    assert found["basic_permission"].level == "problem"
    assert "Application Calendars.Read" in found["basic_permission"].fix


async def test_rooms_that_cannot_be_read(house: Harness) -> None:
    (missing,) = (await room_findings(house, "nobody@example.org")).values()
    assert (missing.check, missing.level) == ("mailbox", "problem")
    assert "Get-Mailbox -RecipientTypeDetails RoomMailbox" in missing.fix
    house.graph.troubles.forbidden.add(ROOM)
    (denied,) = (await room_findings(house)).values()
    assert (denied.check, denied.level) == ("access", "problem")
    assert "403 ErrorAccessDenied" in denied.what
    kind, otherwise, *lines = denied.fix.splitlines()
    assert kind.startswith(f"Get-Mailbox -Identity '{ROOM}' | fl RecipientTypeDetails")
    assert otherwise.startswith("#") and lines == rbac_lines(house.graph.signin.client_id, ROOM).splitlines()


async def test_a_source_in_order(house: Harness) -> None:
    async with house.open(push=True) as daemon:
        daemon.watch(ROOM)
        await until(lambda: house.graph.subscriptions.records)
        async with house.open(secret_expires="2099-01-01") as source:
            found = await source_findings(source)
    assert {finding.level for finding in found.values()} == {"ok"}
    assert set(found) == {"credentials", "credential_expiry", "permissions", "places", "clock", "notifications"}


async def test_what_can_be_wrong_with_a_source(house: Harness) -> None:
    house.graph.signin.roles = ["Calendars.Read", "Mail.Read"]
    house.graph.troubles.places_forbidden = True
    house.graph.troubles.clock_ahead = -400
    async with house.open(secret_expires="2020-01-01") as source:
        found = await source_findings(source)
    assert found["credential_expiry"].level == "problem"
    assert "every mailbox" in found["permission_too_wide"].what
    assert "New-ManagementScope" in found["permission_too_wide"].fix
    assert "Mail.Read" in found["permission_not_needed"].what
    assert "Place.Read.All" in found["places"].fix
    assert found["clock"].what.endswith("seconds ahead of Microsoft's.")
    assert found["clock"].level == "problem"
    assert found["notifications"].level == "warning"


async def test_the_service_is_down(house: Harness) -> None:
    async with house.open() as source:
        await source.read(ROOM, TUESDAY)
        house.graph.troubles.answers.extend([(500, {}, b"")] * 2)
        found = await source_findings(source)
    assert found["service"].level == "problem"
    assert found["notifications"].level == "warning"
    assert "500" in found["notifications"].what


async def test_refused_credentials_are_a_finding(house: Harness) -> None:
    async with house.open(secret="wrong-secret") as source:
        found = await source_findings(source)
    assert found["credentials"].level == "problem"
    assert "Certificates & secrets" in found["credentials"].fix
    assert "wrong-secret" not in str(found)
    assert SECRET not in str(found)


@pytest.mark.parametrize(
    ("trouble", "fix"), [("app_disabled", "Enterprise applications"), ("blocked", "Conditional Access")]
)
async def test_a_good_secret_that_is_refused_needs_another_cure(house: Harness, trouble: Trouble, fix: str) -> None:
    house.graph.signin.trouble = trouble
    async with house.open() as source:
        found = await source_findings(source)
    assert fix in found["credentials"].fix
    assert "secrets set" not in found["credentials"].fix


async def test_notifications_of_a_room_seen_from_another_process(house: Harness) -> None:
    """The doctor knows nothing of the daemon's memory: it asks Graph."""
    other = "o'neil@example.org"
    house.graph.mailbox(other)
    assert "notifications" not in await room_findings(house), "no room has one: said once, for the source"
    async with house.open(push=True) as daemon:
        daemon.watch(other)
        await until(lambda: house.graph.subscriptions.records)
        assert (await room_findings(house, other))["notifications"].level == "ok"
        assert (await room_findings(house))["notifications"].level == "warning"


async def test_subscriptions_are_listed_once_however_many_rooms(house: Harness) -> None:
    async with house.open() as source:
        await source.examine(None, NOW)
        for _ in range(5):
            await source.examine(ROOM, NOW)
    assert sum(path.startswith("/v1.0/subscriptions") for _, path in house.graph.requests) == 1


async def test_what_stops_every_room_is_told_for_the_source_alone(house: Harness) -> None:
    async with house.open(secret="wrong-secret") as source:
        assert await source.examine(ROOM, NOW) == ()
    house.graph.troubles.throttled[ROOM] = (429, "9")
    assert await room_findings(house) == {}, "reading tells it, with its fix"


async def test_named_properties_that_are_refused_are_told_once(house: Harness) -> None:
    house.graph.troubles.expand_refused = True
    async with house.open() as source:
        first, second = [{f.check: f for f in await source.examine(ROOM, NOW)} for _ in range(2)]
    assert first["named_properties"].level == "warning"
    assert "named_properties" not in second


@pytest.mark.parametrize("linked", [False, True])
async def test_more_rooms_than_one_page_holds(house: Harness, linked: bool) -> None:
    """Microsoft's list of rooms was seen without links to its next page: one room more than a page must not be lost."""
    house.graph.troubles.places_linked = linked
    for number in range(205):
        house.graph.add_room(f"room-{number}@example.org", f"Room {number:03d}")
    async with house.open() as source:
        found = await source.places()
    assert [place.name for place in found] == [f"Room {number:03d}" for number in range(205)]


async def test_a_list_of_rooms_that_does_not_move_on_ends(house: Harness) -> None:
    """A service that takes no notice of $skip gives its first page for ever."""
    page = json.dumps({"value": [{"id": "1", "displayName": "A", "emailAddress": "a@example.org", "capacity": "12"}]})
    house.graph.troubles.answers.extend([(200, {}, page.encode())] * 3)
    async with house.open() as source:
        assert await source.places() == (Place("a@example.org", "A", capacity=12),)
    assert len(house.graph.troubles.answers) == 1


async def test_rooms_as_a_list(house: Harness) -> None:
    house.graph.page_size = 2
    house.graph.add_room("c@example.org", "C", building="South", capacity=4)
    house.graph.add_room("b@example.org", "B", building="North", floorLabel="3", videoDeviceName="Codec 7")
    house.graph.add_room("a@example.org", "A", building="North")
    async with house.open() as source:
        assert isinstance(source, Directory)
        assert isinstance(source, Examinable)
        assert isinstance(source, Removable)
        assert await source.places() == (
            Place("a@example.org", "A", "North"),
            Place("b@example.org", "B", "North", notes="floor 3; unit Codec 7"),
            Place("c@example.org", "C", "South", capacity=4),
        )
        house.graph.troubles.places_forbidden = True
        with pytest.raises(AccessDenied, match=r"Place\.Read\.All"):
            await source.places()
