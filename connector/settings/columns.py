"""One cell of rooms.csv: text -> value. ValueError carries the rest of a sentence, with the nearest valid value."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Collection
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from connector.settings.credentials import is_reference
from connector.settings.messages import did_you_mean, host_name, nearest, shown
from device_drivers.api import TlsPolicy

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_YES = frozenset({"yes", "y", "true", "on", "1"})
_NO = frozenset({"no", "n", "false", "off", "0"})
_TLS_FORMS = "verify, ca:FILE, pin:SHA256 or off"


def room_id(text: str) -> str:
    """Letters, digits, dot, dash and underline, at most 64: it stands in URLs, metrics and command lines."""
    if _ID.fullmatch(text):
        return text
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-._")[:64].rstrip("-")
    raise ValueError(
        f"{shown(text)} is not an id: letters, digits, '.', '-' and '_', at most 64"
        + (f"; nearest valid value: {shown(slug)}." if slug else ".")
    )


def address(text: str) -> str:
    """An IP literal in its canonical form, or a host name in lower case."""
    literal = _ip(text.removeprefix("[").removesuffix("]"))
    if literal is not None:
        if literal.is_unspecified or literal.is_multicast or str(literal) == "255.255.255.255":
            raise ValueError(f"{shown(text)} is not the address of one unit.")
        return str(literal)
    name = host_name(text)
    if name is not None:
        return name
    raise ValueError(f"{shown(text)} is not an IP address or host name{_address_hint(text)}")


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _address_hint(text: str) -> str:
    """What was probably meant: a URL's host, an address with its port, octets with leading zeros."""
    octets = re.fullmatch(r"(\d{1,10})\.(\d{1,10})\.(\d{1,10})\.(\d{1,10})", text)
    if octets:
        close = ".".join(str(min(int(octet), 255)) for octet in octets.groups())
        return f"; nearest valid value: '{close}'."
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "."
    if _ip(host) is None and host_name(host) is None:
        return "."
    return f"; did you mean '{host}'" + (f" with {port} in the column port?" if port else "?")


def port(text: str) -> int:
    digits = re.fullmatch(r"[0-9]{1,9}", text)
    number = int(text) if digits else 0
    if 1 <= number <= 65535:
        return number
    close = 65535 if number > 65535 else 443
    raise ValueError(f"{shown(text)} is not a port (1 to 65535, or empty for the driver's own); for example {close}.")


def tls(text: str, base: Path) -> TlsPolicy:
    """``verify``, ``ca:FILE`` (PEM, relative to ``base``), ``pin:SHA256`` (64 hex digits, colons allowed), ``off``."""
    word, colon, value = text.partition(":")
    word, value = word.strip().lower(), value.strip()
    if word == "verify" and not colon:
        return TlsPolicy("verify")
    if word == "off" and not colon:
        return TlsPolicy("off")
    if word == "ca" and value:
        if not (base / value).is_file():
            raise ValueError(f"names the CA file {shown(value)}, which does not exist in {base}.")
        return TlsPolicy("ca", str(base / value))
    if word == "pin":
        digits = re.sub(r"[:\s]", "", value).lower()
        if re.fullmatch(r"[0-9a-f]{64}", digits):
            return TlsPolicy("pin", digits)
        raise ValueError(
            f"has a pin of {len(digits)} characters; a SHA-256 pin has 64 hex digits, with or without colons."
        )
    close = nearest(word, ("verify", "ca", "pin", "off"))
    raise ValueError(f"{shown(text)} is not one of {_TLS_FORMS}" + (f"; did you mean {close}?" if close else "."))


def credential(text: str) -> str:
    """A reference, never the secret. What was typed is not repeated: it may be a password."""
    if is_reference(text):
        return text
    raise ValueError(
        "must be a reference to a secret: env:NAME, file:PATH or vault:NAME (the value is not shown here)."
    )


def zone(text: str) -> str:
    """An IANA name, in its own spelling."""
    by_folded = _zones()
    name = by_folded.get(text.replace(" ", "_").casefold())
    if name is not None:
        return name
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON  # here: it takes all of icalendar with it

    windows = WINDOWS_TO_OLSON.get(text)  # names such as "W. Europe Standard Time"
    city = next((z for z in sorted(by_folded.values()) if z.rpartition("/")[2].casefold() == text.casefold()), None)
    close = windows or city or nearest(text, by_folded.values())
    raise ValueError(
        f"{shown(text)} is not a time zone"
        + (f"; did you mean '{close}'?" if close else "; write it as Europe/Berlin.")
    )


@cache
def _zones() -> dict[str, str]:
    names = available_timezones() - {"localtime", "posixrules"}
    return {name.casefold(): name for name in sorted(names) if ZoneInfo(name)}


def choice(text: str, known: Collection[str], unknown: str = "is not known") -> str:
    """One of ``known``, case ignored."""
    found = next((word for word in sorted(known) if word.casefold() == text.casefold()), None)
    if found is not None:
        return found
    raise ValueError(f"{shown(text)} {unknown}{did_you_mean(text, known)}")


def flag(text: str) -> bool:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise ValueError(f"{shown(text)} is neither yes nor no{did_you_mean(text, ('yes', 'no', 'true', 'false'))}")
