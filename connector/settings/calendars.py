"""Which source reads the calendar that a room names."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import urlsplit

from connector.errors import UserError
from connector.settings.messages import did_you_mean
from connector.settings.schema import Settings

_PREFIX = re.compile(r"([A-Za-z][A-Za-z0-9_-]+):(.*)", re.DOTALL)


def resolve_calendar(room_calendar: str, settings: Settings) -> tuple[str, str]:
    """(source name, calendar as the source understands it); equal results are one physical room.

    ``NAME:rest`` where [calendars.NAME] exists, an http(s) URL, or a path below the folder of connector.toml; the
    last two belong to the source "ics". UserError: no such source, or a password inside the URL; neither repeats it.
    """
    prefix = _PREFIX.fullmatch(room_calendar)
    if prefix is None:
        return "ics", _path(room_calendar)
    name, rest = prefix.groups()
    if name.lower() in ("http", "https", "webcal"):
        return "ics", _url(room_calendar)
    by_folded = {source.casefold(): source for source in settings.calendars}
    if name.casefold() not in by_folded:
        hint = did_you_mean(name, settings.calendars)
        raise UserError(f"connector.toml has no section [calendars.{name}]{hint}")
    if not rest.strip():
        raise UserError(f"'{name}:' names a source but no calendar in it.")
    source = by_folded[name.casefold()]
    if source != "ics":
        return source, rest.strip()
    return "ics", _url(rest) if "://" in rest else _path(rest.strip())


def _path(text: str) -> str:
    return posixpath.normpath(text)


def _url(text: str) -> str:
    """webcal is https by another name (its use by calendar programs; there is no RFC)."""
    url = re.sub(r"^webcal:", "https:", text.strip(), flags=re.IGNORECASE)
    try:
        parts = urlsplit(url)
        host, password = parts.hostname, parts.password
    except ValueError:
        host = password = None
    if not host:
        raise UserError("the calendar URL has no valid host; write it as https://host/path.ics.")
    if password is not None:
        raise UserError("the calendar URL has a password in it; make a [calendars.NAME] section with a reference.")
    return url


def shown_calendar(room_calendar: str) -> str:
    """For listings: of a URL only the host and the last part, since the middle is often a secret address."""
    if "://" not in room_calendar:
        return room_calendar
    scheme, _, rest = room_calendar.partition("://")
    host, _, path = rest.partition("?")[0].partition("/")
    last = path.rpartition("/")[2]
    return f"{scheme}://{host.rpartition('@')[2]}/" + (f"…/{last}" if "/" in path else last)
