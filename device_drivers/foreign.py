"""Numbers, times, words and bodies that a unit sent: each is read here, within bounds, or it is UnexpectedReply.

A unit is not trusted: five thousand digits, digits of other scripts, infinities, the year 1 with an offset, a charset
that is slow or none at all must neither stop the daemon nor break a lane. Pure; every function does a bounded amount
of work, or one that is linear in bytes that the HTTP client has limited already.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from device_drivers.api import UnexpectedReply, clean_text

LONGEST_SPAN = 100 * 366 * 86400  # seconds; a uptime or a buffer beyond a century is no such thing
_DIGITS = re.compile(r"[0-9]{1,18}")  # str.isdigit() is true for "\u00b2" too, which int() refuses
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(?:[eE][+-]?[0-9]{1,2})?")
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

# By their names in HTTP. All are decoded in linear time; Python knows others that are not (punycode), that are no
# charsets (undefined, hex), or that it would import a module for.
_CHARSETS = {
    **dict.fromkeys(("utf-8", "utf8"), "utf-8-sig"),
    **dict.fromkeys(("us-ascii", "ascii"), "ascii"),
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "latin-1"), "latin-1"),
    **{name: name for name in ("iso-8859-2", "iso-8859-5", "iso-8859-15", "utf-16", "utf-16le", "utf-16be")},
    **{f"windows-{n}": f"cp{n}" for n in (1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258)},
    **{f"cp{n}": f"cp{n}" for n in (1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258)},
    **dict.fromkeys(("gb2312", "gbk", "gb18030"), "gb18030"),
    **{name: name for name in ("big5", "shift_jis", "euc-jp", "euc-kr")},
}
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be"))
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)


def decoded(body: bytes, content_type: str, limit: int) -> str:
    """The first ``limit`` bytes as text; what does not fit the charset becomes U+FFFD.

    A charset that is not one of the plain ones is read as UTF-8: the label alone is no reason to lose a unit whose
    answer can be read, and an answer that cannot be read fails where it is read.
    """
    named = _CHARSET.search(content_type[:500])
    charset = _CHARSETS.get(named[1].lower(), "utf-8-sig") if named else "utf-8-sig"
    return body[:limit].decode(charset, "replace")


def decoded_as(body: bytes, charset: str) -> str:
    """All of it, by its byte order mark, else in this charset; "" is UTF-8. LookupError: not one of the plain ones."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    return body.decode(_CHARSETS[charset.lower()] if charset else "utf-8", "replace")


def header_text(value: str) -> str:
    """A header's value as it may be looked at and sent back: what is no UTF-8 is U+FFFD, controls are blanks."""
    if value.isascii() and value.isprintable():
        return value
    plain = value.encode("utf-8", "surrogateescape" if _is_escaped(value) else "replace").decode("utf-8", "replace")
    return _CONTROLS.sub(" ", plain)


def _is_escaped(value: str) -> bool:
    """Whether its only lone surrogates are those that stand for bytes."""
    return all(not "\ud800" <= c <= "\udfff" or "\udc80" <= c <= "\udcff" for c in value)


def json_document(text: str) -> object:
    """Raises ValueError for anything but JSON; numbers of more digits than a number has are none."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def codes_of(address: str) -> tuple[str, ...]:
    """The codes within an address that a unit dials: ``id.CODE.x.CODE@host``, ``IP##id#CODE``, ``id$$CODE@host``."""
    dialled = address.partition("##")[2] or address.partition("@")[0]
    return tuple(part for part in re.split(r"[.#$]+", dialled)[1:] if len(part) > 3)


_BEFORE = rb"(?:\s|\xef\xbb\xbf|(?><\?.{0,200}?\?>)|(?><!--.{0,2000}?-->))*+"  # atomic: no second reading of a comment
_PAGE = re.compile(_BEFORE + rb"<(?:!doctype\s{1,9}html|html|head|body|title)\b", re.S)


def is_web_page(body: bytes, content_type: str) -> bool:
    """HTML where data was expected, by its label or its beginning: a sign-in page, a portal, a proxy's notice."""
    label = content_type[:200].lower()
    return "text/html" in label or "xhtml" in label or _PAGE.match(body[:5000].lower()) is not None


def bounded_int(text: str, what: str, *, lowest: int = 0, highest: int = 10**9) -> int:
    """Plain digits, blanks around them left out. ``what``: how the sentence names it. Raises UnexpectedReply."""
    word = text.strip()
    if _DIGITS.fullmatch(word) and lowest <= int(word) <= highest:
        return int(word)
    raise _odd(word, what, f"a whole number from {lowest} to {highest}")


def is_digits(text: str) -> bool:
    """Plain ones only: str.isdecimal() is true for those of other scripts, too."""
    return re.fullmatch(r"[0-9]+", text.strip()[:100]) is not None


def bounded_number(text: str, what: str, *, lowest: float = 0, highest: float = 1e9) -> float:
    """A decimal number, as units write uptimes. Raises UnexpectedReply."""
    word = text.strip()
    if _NUMBER.fullmatch(word):
        number = float(word)
        if math.isfinite(number) and lowest <= number <= highest:
            return number
    raise _odd(word, what, f"a number from {lowest:g} to {highest:g}")


def bounded_span(text: str, what: str) -> timedelta:
    """Seconds, a fraction too; from none to a century. Raises UnexpectedReply."""
    return timedelta(seconds=bounded_number(text, what, highest=LONGEST_SPAN))


def retry_after(text: str, *, otherwise: float = 5, most: int = 600) -> timedelta:
    """A Retry-After header in seconds, at most ``most``: a unit that says more is asked again then all the same.

    A date, or anything else that is no number of digits, is ``otherwise`` seconds.
    """
    word = text.strip()[:10_000]
    if not re.fullmatch(r"[0-9]+", word):
        return timedelta(seconds=otherwise)
    return timedelta(seconds=min(int(word) if len(word) <= 9 else most, most))


def moment(text: str, what: str) -> datetime | None:
    """ISO 8601 in UTC (which it is taken for when it names no zone); None when it is no such text, as "" is not.

    Raises UnexpectedReply for a time outside 1900 to 2200, which no meeting, boot or clock can have.
    """
    word = text.strip()
    try:
        value = datetime.fromisoformat(word) if len(word) <= 40 else None
    except ValueError:
        return None
    return None if value is None else _in_range(value, word, what)


def epoch(text: str, what: str) -> datetime:
    """Whole seconds since 1970. Raises UnexpectedReply."""
    seconds = bounded_int(text, what, highest=int(_LATEST.timestamp()))
    return datetime.fromtimestamp(seconds, UTC)


def _in_range(value: datetime, word: str, what: str) -> datetime:
    zoned = value if value.tzinfo else value.replace(tzinfo=UTC)
    if 1900 < zoned.year < 2200:  # one year inside, so that no offset can leave what datetime knows
        return zoned.astimezone(UTC)
    raise _odd(word, what, f"a time between {_EARLIEST.year} and {_LATEST.year}")


def _odd(word: str, what: str, expected: str) -> UnexpectedReply:
    shown = clean_text(word, 40)
    return UnexpectedReply(f"The unit says {shown!r} for {what}, where {expected} was expected.")


# A meeting's id and what follows it: id.passcode@host, IP##id#passcode, also where the text breaks off within.
# Read from a number's first digit alone: from each of a thousand digits in a row it would cost 0.1 s.
# What is hidden already stays as it is.
_HIDDEN = r"(?![.#$]{1,2}\*{3}(?:[\s\"'<>,;@&]|$))"
_AFTER_ID = re.compile(rf"(?<!\d)(\d{{5,}}+){_HIDDEN}([.#*]{{1,2}}|\$\$)[^\s\"'<>,;@&]+")


def sentence(text: str, *secrets: str, limit: int = 200) -> str:
    """A unit's own words for an error or a log: one clean line without the given secrets and without passcodes.

    Secrets are looked for in what is shown only: a reply may be a megabyte.
    """
    longest = max(map(len, secrets), default=0)
    near = _without(text[: 4 * limit + longest], secrets)
    if longest and len(text) > 4 * limit + longest:
        near = near[:-longest]  # what may be the beginning of one that was cut
    near = _without(clean_text(near, 4 * limit), secrets)  # once more: something unseen may have stood within one
    return clean_text(_AFTER_ID.sub(r"\1\2***", near), limit)


def _without(text: str, secrets: Iterable[str]) -> str:
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
