"""Time zones named in iCalendar files: tz database names, Windows names, vendor-prefixed names, the file's own."""

from __future__ import annotations

import re
from datetime import tzinfo
from zoneinfo import ZoneInfo

from icalendar import Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON
from icalendar.timezone.zoneinfo import ZONEINFO

# Exchange writes these two; the first is UTC, the second comes with a VTIMEZONE.
_ALIASES = {"tzone://Microsoft/Utc": "UTC"}

_RULE = re.compile(r"^RRULE[^:\r\n]*:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_RULE_PARTS = frozenset({"FREQ", "INTERVAL", "BYMONTH", "BYDAY", "BYMONTHDAY", "UNTIL", "COUNT", "WKST"})


class CalendarZones(ZONEINFO):
    """What the icalendar library asks for zones.

    A name that the tz database or Windows knows wins over the rules in the file, which are often years old.
    """

    def timezone(self, name: str) -> tzinfo | None:
        return named_zone(name)

    def knows_timezone_id(self, tzid: str) -> bool:
        return named_zone(tzid) is not None


def named_zone(name: str) -> tzinfo | None:
    """The zone of that name, None when nobody knows it."""
    name = name.strip().strip("/")
    name = WINDOWS_TO_OLSON.get(name, _ALIASES.get(name, name))
    found = _zone(name)
    parts = name.split("/")
    if found is None and "." in parts[0]:  # a vendor's prefix, RFC 5545 section 3.2.19
        candidates = (_zone("/".join(parts[at:])) for at in range(1, len(parts)))
        found = next((zone for zone in candidates if zone is not None), None)
    return found


def _zone(key: str) -> tzinfo | None:
    try:
        return ZoneInfo(key)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder of the database, such as "America"
        return None


def read_zone(block: str) -> None:
    """Makes the rules of one VTIMEZONE known to the icalendar library. Raises ValueError when they are unreadable."""
    for rule in _RULE.findall(block):
        parts = dict(part.partition("=")[::2] for part in rule.upper().split(";"))
        if parts.get("FREQ") != "YEARLY" or not _RULE_PARTS.issuperset(parts) or parts.get("INTERVAL", "1") != "1":
            raise ValueError("a time zone changes on yearly rules")  # others would keep the library busy for hours
    Timezone.from_ical(block)
