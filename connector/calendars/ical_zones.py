"""Time zones named in iCalendar files: tz database names, Windows names, vendor-prefixed names, the file's own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from connector.calendars.ical_vtimezone import OwnZone, own_zone

# Exchange writes the first; the second is what a time's own Z became in some writer's hands.
_ALIASES = {"tzone://microsoft/utc": "UTC", "z": "UTC", "coordinated universal time": "UTC"}
_PLACES = {  # in what Windows shows to people; those that are no city of the tz database
    "abu dhabi": "Asia/Dubai",
    "atlantic": "America/Halifax",
    "beijing": "Asia/Shanghai",
    "bern": "Europe/Zurich",
    "brasilia": "America/Sao_Paulo",
    "central": "America/Chicago",
    "central america": "America/Guatemala",
    "central asia": "Asia/Almaty",
    "chennai": "Asia/Kolkata",
    "eastern": "America/New_York",
    "edinburgh": "Europe/London",
    "georgetown": "America/Guyana",
    "indiana (east)": "America/Indiana/Indianapolis",
    "islamabad": "Asia/Karachi",
    "mountain": "America/Denver",
    "mumbai": "Asia/Kolkata",
    "new delhi": "Asia/Kolkata",
    "osaka": "Asia/Tokyo",
    "pacific": "America/Los_Angeles",
    "pretoria": "Africa/Johannesburg",
    "solomon is.": "Pacific/Guadalcanal",
    "st. petersburg": "Europe/Moscow",
    "wellington": "Pacific/Auckland",
    "west central africa": "Africa/Lagos",
}
_OFFSET = re.compile(r"\(?(?:utc|gmt)?\s*([+\u2212-])(\d{1,2})(?:[:.]?([0-5]\d))?\)?", re.ASCII | re.IGNORECASE)
_DISPLAY = re.compile(r"\((?:utc|gmt)\s*([+\u2212-]\d{1,2}(?:[:.]\d{2})?)?\)\s*(\S.*)", re.ASCII | re.IGNORECASE)
_NOTES = {  # names that Notes gives to zones of its own; they come with a definition, but not always
    "western/central europe": "Europe/Berlin",
    "eastern": "America/New_York",
    "central": "America/Chicago",
    "mountain": "America/Denver",
    "pacific": "America/Los_Angeles",
}
_NAMELESS = re.compile(r"(?:tzone://microsoft/)?(?:customi[sz]ed time zone|custom)\b.*", re.IGNORECASE)
_LONGEST = 200  # characters of a name; longer ones are none
_MOST_OWN = 200  # zones of its own that one file may use


def named_zone(name: str) -> tzinfo | None:
    """The zone of that name, None when nobody knows it."""
    return _named(name) if len(name) <= _LONGEST else None


@lru_cache(maxsize=1024)
def _named(name: str) -> tzinfo | None:
    name = " ".join(name.replace("\\", "").strip(" \t\"'").split()).strip("/")
    return _known(name) or _after_a_prefix(name) or _displayed(name) or _shifted(name)


def _known(name: str) -> tzinfo | None:
    name = WINDOWS_TO_OLSON.get(name, _ALIASES.get(name.lower(), name))
    return _zone(name) or _zone(_spellings().get(_key(name), ""))


def _zone(key: str) -> tzinfo | None:
    try:
        return ZoneInfo(key) if key else None
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder of the database, such as "America"
        return None


def _key(name: str) -> str:
    return name.lower().replace(" ", "_")


@cache
def _spellings() -> dict[str, str]:
    """Names in lower case to those of the tz database."""
    found = {_key(name): name for name in available_timezones()}
    return found | {_key(name): key for name, key in WINDOWS_TO_OLSON.items()}


@cache
def _cities() -> dict[str, str]:
    """The last part of a name of the tz database to the whole, where it names one place."""
    found: dict[str, str] = {}
    for name in sorted(available_timezones()):
        region, _, city = name.rpartition("/")
        if region and region not in ("Etc", "posix", "right"):
            found.setdefault(_key(city), name)
    return found


def _after_a_prefix(name: str) -> tzinfo | None:
    """A vendor's prefix, RFC 5545 section 3.2.19: /vendor.example/Version/Europe/Berlin."""
    parts = name.split("/")
    if "." not in parts[0]:
        return None
    candidates = (_known("/".join(parts[at:])) for at in range(1, len(parts)))
    return next((zone for zone in candidates if zone is not None), None)


def _displayed(name: str) -> tzinfo | None:
    """As Windows shows it to people: "(UTC+01:00) Amsterdam, Berlin, Bern". The offset is the one of the winter."""
    match = _DISPLAY.fullmatch(name)
    if match is None:
        return _of_places(name, None) if ", " in name else None
    shift = _OFFSET.fullmatch(match[1] or "+0")
    offset = _distance(*shift.groups()) if shift else None
    return None if offset is None else _of_places(match[2], offset)


def _of_places(places: str, offset: timedelta | None) -> tzinfo | None:
    """The first that is known, and fits."""
    for place in re.split(r"[,;/]", re.sub(r"\s+time\s+\(us.*", "", places, flags=re.IGNORECASE)):
        place = re.sub(r"^city of ", "", place.strip().lower())
        zone = _zone(_PLACES.get(place) or _cities().get(_key(place), "")) or _known(place)
        if zone is not None and (offset is None or offset in _offsets(zone)):
            return zone
    return None


def _shifted(name: str) -> tzinfo | None:
    """GMT+02:00, UTC+2, (UTC-03:30): people count eastwards, unlike the tz database's own Etc/GMT+2."""
    match = _OFFSET.fullmatch(name)
    distance = _distance(*match.groups()) if match else None
    return None if distance is None else timezone(distance)


def _distance(sign: str, hours: str, minutes: str | None) -> timedelta | None:
    found = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if found > timedelta(hours=18):
        return None
    return found if sign == "+" else -found


def _offsets(zone: tzinfo) -> set[timedelta | None]:
    """In winter and in summer."""
    return {datetime(2026, month, 15, tzinfo=zone).utcoffset() for month in (1, 7)}


def is_fixed(zone: tzinfo) -> bool:
    """A name of an offset, as GMT or EST, and not of a place."""
    if not isinstance(zone, ZoneInfo):
        return isinstance(zone, timezone)
    name = zone.key
    return ("/" not in name or name.startswith("Etc/")) and len(_offsets(zone)) == 1


class FileZones:
    """The zones that one calendar's events may name. ``default``: its own (X-WR-TIMEZONE), as written.

    A place that the tz database or Windows knows comes before the rules in the file, which are often years old. Where
    the name says nothing but an offset (GMT, EST), or nothing at all, the file's rules count.
    """

    def __init__(self, blocks: Iterable[str], default: str) -> None:
        self._own: dict[str, OwnZone] = {}
        self._found: dict[str, tzinfo | str | None] = {}  # each event names its zone anew, good or bad
        for block in blocks:
            zone = OwnZone(block)
            if zone.name and len(self._own) < _MOST_OWN:
                self._own[zone.name.lower()] = zone
        self.default = named_zone(default) if default else None
        if self.default is None and default.strip().lower() in self._own:
            found = self.find(default)
            self.default = None if isinstance(found, str) else found

    def find(self, name: str) -> tzinfo | str | None:
        """The zone, None where nobody names one, or why there is none: the tail of a sentence that names it."""
        if name not in self._found:
            self._found[name] = self._look_for(name)
        return self._found[name]

    def _look_for(self, name: str) -> tzinfo | str | None:
        named = named_zone(name)
        nameless = _NAMELESS.fullmatch(name.strip()) is not None
        own = self._own.get(name.strip().lower())
        if own is None and nameless and len(self._own) == 1:
            (own,) = self._own.values()
        if own is not None:
            return self._best(named, own)
        found = named or _zone(_NOTES.get(name.strip().lower(), "")) or self.default
        return None if found is None and nameless else found or "which is unknown and not defined in the file"

    def _best(self, named: tzinfo | None, own: OwnZone) -> tzinfo | str:
        if named is not None and not is_fixed(named):
            return named
        place = named_zone(own.location) if own.location else None
        if place is not None and not is_fixed(place):
            return place
        try:
            return own_zone(own.block)
        except ValueError as problem:
            return named or place or self.default or f"whose definition in the file cannot be read: {problem}"
