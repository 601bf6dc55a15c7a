"""Which source reads the calendar that a room names."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import urlsplit

from connector.errors import UserError
from connector.secret_links import shown_link
from connector.settings.messages import did_you_mean
from connector.settings.schema import Settings

_LINK = re.compile(r"(?P<source>\s*(?:[A-Za-z][A-Za-z0-9_-]*:)??)(?P<link>[A-Za-z][A-Za-z0-9+.-]*://.*)", re.DOTALL)
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
    url = _https(text)
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
    """For logs and listings: of a link only the host and a fingerprint, since any other part may be its secret."""
    found = _LINK.fullmatch(room_calendar)
    if found is None:
        return room_calendar
    return found["source"] + shown_link(_https(found["link"]))


def _https(link: str) -> str:
    """webcal is https by another name (its use by calendar programs; there is no RFC)."""
    return re.sub(r"^webcal:", "https:", link.strip(), flags=re.IGNORECASE)
