"""``rooms push``, ``dial``, ``hang-up``, ``test-dial``, ``pause``, ``resume`` at work: the daemon is asked."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from connector.cli.daemon import ask_unit
from connector.cli.find_room import find_room
from connector.errors import UserError
from connector.planning.address import dial_allowed
from connector.running.configuration import read_configuration

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LONGEST = timedelta(days=366)


def ask_room(kind: str, room: str, config: Path | None, json_output: bool, **words: str) -> None:
    configuration = read_configuration(config, os.environ)
    wanted = find_room(room, configuration.rooms)
    ask_unit(configuration, kind, wanted.id, {key: word for key, word in words.items() if word}, json_output)


def test_dial(room: str, address: str, config: Path | None, json_output: bool) -> None:
    configuration = read_configuration(config, os.environ)
    wanted = find_room(room, configuration.rooms)
    bare = re.sub(r"^(?:sips?|h323):", "", address.strip(), flags=re.IGNORECASE)
    allowed, why = dial_allowed(bare, wanted.policy)
    if not allowed:
        raise UserError(f"It is not dialled: {why}.")
    ask_unit(configuration, "test-dial", wanted.id, {"address": address.strip()}, json_output)


def pause(room: str, until: str | None, clear: bool, hang_up: bool, config: Path | None, json_output: bool) -> None:
    configuration = read_configuration(config, os.environ)
    wanted = find_room(room, configuration.rooms)
    end = moment(until, datetime.now(ZoneInfo(wanted.timezone))) if until else None
    words = {"until": end.astimezone(UTC).isoformat() if end else "", "clear": "yes" if clear else ""}
    ask_unit(configuration, "pause", wanted.id, {key: word for key, word in words.items() if word}, json_output)
    if hang_up:
        ask_unit(configuration, "hang-up", wanted.id, {}, json_output)


def moment(text: str, now: datetime) -> datetime:
    """A length (``90m``, ``2h``, ``3d``), a time of day (the next one), or a date with a time: by the room's clock.
    UserError for anything else, and for what is not within a year."""
    length = re.fullmatch(r"(\d{1,4})([mhd])", text.strip())
    try:
        if length:
            end = now + int(length[1]) * _UNITS[length[2]]
        elif re.fullmatch(r"\d{1,2}:\d\d", text.strip()):
            hour, minute = map(int, text.split(":"))
            end = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
            end = end if end > now else end + timedelta(days=1)
        else:
            end = datetime.fromisoformat(text.strip())
            end = end if end.tzinfo else end.replace(tzinfo=now.tzinfo)
    except (ValueError, OverflowError):
        raise UserError(f"--until {text}: write 90m, 2h, 3d, 18:00 or 2026-12-24T18:00.") from None
    if not now < end <= now + _LONGEST:
        raise UserError(f"--until {text}: that is not within the year to come.")
    return end
