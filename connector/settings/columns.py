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
from connector.settings.spreadsheet import INVISIBLE
from device_drivers.api import TlsPolicy

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_YES = frozenset({"yes", "y", "true", "on", "1"})
_NO = frozenset({"no", "n", "false", "off", "0"})
# What spreadsheet programs make of TRUE and FALSE, and what people write for yes and no, in other languages.
_FOREIGN_YES = frozenset({
    "wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar", "sant", "sand", "prawda", "истина", "igaz", "pravda",
    "doğru", "adevărat", "tosi", "αληθεσ", "真", "ja", "oui", "sí", "si", "sì", "sim", "tak", "да", "igen", "ano",
    "evet", "da", "kyllä", "ναι", "是", "はい", "x", "✓", "✔", "☑", "-1",
    "sann", "cert", "benar", "істина",
})  # fmt: skip
_FOREIGN_NO = frozenset({
    "falsch", "faux", "falso", "onwaar", "falskt", "falsk", "fałsz", "ложь", "hamis", "nepravda", "yanlış",
    "yanliş", "fals", "epätosi", "ψευδεσ", "假", "nein", "non", "não", "nao", "nee", "nej", "nei", "nie", "нет",
    "nem", "ne", "hayır", "hayir", "nu", "ei", "όχι", "否", "いいえ", "✗", "✘", "☐",
    "usann", "usand", "salah", "хибність",
})  # fmt: skip
_MAC = re.compile(
    r"(?:[0-9a-f]{1,2}:){5}[0-9a-f]{1,2}"
    r"|[0-9a-f]{2}([\-. ])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}([.:-])[0-9a-f]{4}\2[0-9a-f]{4}"
    r"|[0-9a-f]{12}|[0-9a-f]{6}[:-][0-9a-f]{6}",
    re.IGNORECASE,
)
_LIKE_DIGITS = str.maketrans("OoQlI|", "000111")
_SCHEME = re.compile(r"(?:https?|wss?|ssh|telnet|sips?|ftp|rtsp)(?::/*|/{2})", re.IGNORECASE)
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
    if _MAC.fullmatch(text) and _without_dots(text) is None:
        raise ValueError(f"{shown(text)} is a MAC address; give the unit's IP address or host name.")
    meant = _ip(text.translate(_LIKE_DIGITS))
    if meant is not None and meant.version == 4:  # such as 10.0.0.1O, which would be a host name
        raise ValueError(f"{shown(text)} has letters in place of digits; did you mean '{meant}'?")
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
    """What was probably meant: a URL's host, an address with its port or prefix, octets mistyped or run together."""
    octets = re.fullmatch(r"(\d{1,10})\.(\d{1,10})\.(\d{1,10})\.(\d{1,10})", text)
    if octets:
        close = ".".join(str(min(int(octet), 255)) for octet in octets.groups())
        return f"; nearest valid value: '{close}'."
    if number := _without_dots(text):
        return f": the spreadsheet program has taken it for one number; did you mean '{number}'?"
    if re.fullmatch(r"\d{1,3}\.\d{1,6}(?:\.\d{1,6})?", text):
        return ": an IPv4 address has four numbers; format the column as text and type the value again."
    host, port = _host_and_port(text)
    valid = _ip(host) is not None or host_name(host) is not None
    meant = _tidy(host) or (host if valid else _tidy(text))
    return (f"; did you mean '{meant}'" + (f" with {port} in the column port?" if port else "?")) if meant else "."


def _without_dots(text: str) -> str | None:
    """192168001007, which some languages take for a number with dots between thousands; zeros in front are lost."""
    if not re.fullmatch(r"[0-9]{10,12}", text):
        return None
    digits = text.zfill(12)
    octets = [int(digits[n : n + 3]) for n in range(0, 12, 3)]
    return ".".join(map(str, octets)) if max(octets) <= 255 else None


def _host_and_port(text: str) -> tuple[str, int | None]:
    """Of a URL, or of what looks like one; an empty host where there is none."""
    plain = text.replace("\\", "/")
    plain = _SCHEME.sub("//", plain, count=1) if _SCHEME.match(plain) else plain
    try:
        parts = urlsplit(plain if "//" in plain else f"//{plain}")
        host = parts.hostname or ""
    except ValueError:
        return "", None
    try:
        return host, parts.port
    except ValueError:  # not a number, or too large
        return host, None


def _tidy(text: str) -> str | None:
    """An IPv4 address with commas, blanks, doubled dots, letters like digits or zeros too many."""
    plain = re.sub(r"[.,;\s]+", ".", text.translate(_LIKE_DIGITS)).strip(".")
    octets = plain.split(".")
    if len(octets) != 4 or not all(re.fullmatch(r"[0-9]{1,10}", octet) for octet in octets):
        return None
    return ".".join(str(min(int(octet), 255)) for octet in octets)


def port(text: str) -> int:
    digits = re.fullmatch(r"[0-9]{1,9}", text)
    number = int(text) if digits else 0
    if 1 <= number <= 65535:
        return number
    close = 65535 if number > 65535 else _port_meant(text) or 443
    raise ValueError(f"{shown(text)} is not a port (1 to 65535, or empty for the driver's own); for example {close}.")


def _port_meant(text: str) -> int | None:
    """8.443 and 8,443 have a mark between thousands, 8443.0 and 8443,00 decimals, 8443/tcp a word."""
    plain = re.sub(r"(?<=\d)[.,' ](?=\d{3}$)", "", text.translate(_LIKE_DIGITS).strip())
    found = re.fullmatch(r"\D{0,8}?([0-9]{1,5})(?:[.,]0+|\D{0,8})", plain)
    number = int(found[1]) if found else 0
    return number if 1 <= number <= 65535 else None


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
        digits = re.sub(rf"[:\s{INVISIBLE}]", "", value).lower()
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
    hint = _flag_meant(text)
    close = f"; did you mean '{hint}'?" if hint else did_you_mean(text, ("yes", "no", "true", "false"))
    raise ValueError(f"{shown(text)} is neither yes nor no{close}")


def _flag_meant(text: str) -> str | None:
    word = re.sub(r"^([01])[.,]0+$", r"\1", text.casefold().strip(" .!()"))
    if word in _FOREIGN_YES or word == "1":
        return "yes"
    return "no" if word in _FOREIGN_NO or word == "0" else None
