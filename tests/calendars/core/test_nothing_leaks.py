"""A whole connector on each calendar service: secrets, bodies and private words, and where none of them may turn up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.calendars.ics_text import vevent
from tests.end_to_end.office import LATER, PASSCODE, Office, hours_ahead, office, until_served
from tests.end_to_end.providers import PROVIDERS
from tests.support.patience import until

ROOM = "room0001"
SUBJECT, ORGANISER, GUEST, BODY = "Redundancies", "Quinn", "wilhelmina", "the plan nobody may see"
OTHER_BODY = "Bring the budget sheets"
SECONDS = 10.0


@pytest.fixture(params=sorted(PROVIDERS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def invitation(uid: str, hours: int, *lines: str, text: str) -> str:
    start, end = (hours_ahead(h).strftime("%Y%m%dT%H%M%SZ") for h in (hours, hours + 1))
    body = f"DESCRIPTION:{text}\\nJoin https://zoom.us/j/9000000{hours:04d}\\nPasscode: {PASSCODE}"
    return vevent(uid, start, end, body, *lines)


PRIVATE = (
    f"SUMMARY:{SUBJECT}",
    f"ORGANIZER;CN={ORGANISER} Example:mailto:{ORGANISER.lower()}@example.org",
    f"ATTENDEE;CN={GUEST}:mailto:{GUEST}@example.org",
)


async def everything_said(place: Office) -> str:
    """What the commands print beside the daemon, for people and for machines."""
    said = []
    for command in (
        ("explain", ROOM), ("explain", ROOM, "--json"), ("calendars", "list"), ("calendars", "list", "--json"),
        ("calendars", "doctor"), ("calendars", "doctor", "--json"), ("devices", "list"), ("check",),
        ("secrets", "list"),
    ):  # fmt: skip
        said.append((await place.connector(*command))[1])
    return "\n".join(said)


def stored(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What the daemon wrote. The settings and the service's certificates are the test's own."""
    for path in sorted((folder / "var").rglob("*")):
        if path.is_file():
            yield path.name, path.read_bytes()


@pytest.mark.timeout(120)
async def test_secrets_bodies_and_private_words_stay_where_they_belong(tmp_path: Path, kind: str) -> None:
    async with office(kind, tmp_path, rooms=2) as place:
        async with place.daemon() as daemon:
            await until_served(place, daemon)
            for uid, hours, word in (("private", 3, "PRIVATE"), ("confidential", 4, "CONFIDENTIAL")):
                place.provider.put(ROOM, uid, invitation(uid, hours, f"CLASS:{word}", *PRIVATE, text=BODY))
            place.provider.put(ROOM, "open", invitation("open", 5, "SUMMARY:Budget", text=OTHER_BODY))
            shown = [*LATER, "Private meeting", "Private meeting", "Budget"]
            await until(lambda: place.titles(ROOM) == shown, "private meetings are shown without their titles", SECONDS)
            said = await everything_said(place)
            assert await daemon.stop() == 0
        said += "\n".join(daemon.output)
        assert "Private meeting" in said and "Budget" in said, "the search looks at the wrong text"
        private = (SUBJECT, ORGANISER, GUEST, BODY)
        hidden = (*place.secrets(), *private, OTHER_BODY)
        assert [word[:6] for word in hidden if word.lower() in said.lower()] == []
        files = dict(stored(tmp_path))
        assert {"connector.db", "secrets.sealed", "vault.key"} <= files.keys()
        found = [(name, w[:6]) for name, data in files.items() for w in hidden if w.encode().lower() in data.lower()]
        assert found == []
