"""Masks secrets and passcodes in whatever is about to be logged or shown. Pure; linear in the length of its input.

Two nets, because a secret reaches a log in two ways: as the value of a field whose name says what it is, and inside
text that somebody else composed (an address, a URL, a header, an exception). Where it is not certain, it masks:
a sentence that reads "password: ***" costs less than a password.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date, datetime, timedelta
from enum import Enum
from functools import lru_cache
from pathlib import PurePath

MASK = "***"
MAX_TEXT = 16_000  # characters of one value; more is left out, as no log line needs it
MAX_DEPTH = 6
MAX_ITEMS = 200

# A field with one of these inside its name (letters only, lower case) is masked whatever it holds.
_SECRET_NAMES = re.compile(
    r"passw|passcode|passphrase|pwd|secret|token|authorization|cookie|apikey|privatekey|sessionid|hostkey|otp$|^pin$"
)

# ------------------------------------------------------------------------------------ inside text

_NAME = (
    r"(?:[a-z0-9_.-]{0,40}(?:passwd|password|passcode|passphrase|pwd|secret|token|api[_-]?key|private[_-]?key|"
    r"session[_-]?id|host[_-]?key)[a-z0-9_]{0,20})"
)
_VALUE = r"""(?:b?"(?:[^"\\]|\\.)*"?|b?'(?:[^'\\]|\\.)*'?|[^\s&"'<>,;)\]}]+)"""
_Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

# Order matters: whole headers and keys first, then what stands inside a value.
_RULES: tuple[_Rule, ...] = (
    (
        re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)", re.S),
        f"private key {MASK}",
    ),
    # Authorization: Basic ...   Cookie: a=b; c=d   (header lines, and the same in a dict's repr)
    (
        re.compile(
            r"""(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s*[:=]\s*)(?:"[^"\r\n]*"?|'[^'\r\n]*'?|[^\r\n]+)"""
        ),
        rf"\1\2{MASK}",
    ),
    # user:password@ in a URL; the password may hold an unescaped @
    (re.compile(r"(?i)([a-z][a-z0-9+.-]{0,20}://)([^\s/?#:@\"'<>]*):([^\s/?#\"'<>]+)@"), rf"\1\2:{MASK}@"),
    # pwd=..., "password": "...", Passcode: 1234
    (re.compile(rf"(?i)(?<![a-z0-9])({_NAME})([\"']?\s*(?:=|:|%3D)\s*){_VALUE}"), rf"\1\2{MASK}"),
    # "passcode 445566 is wrong", "the password was hunter2": in a sentence; a word without a digit is no secret there
    (
        re.compile(
            r"(?i)(?<![a-z0-9])((?:pass[ -]?code|password|passwd|kennwort|kenncode)s?"
            r"(?:\s{1,9}(?:is|was|ist|war))?\s{1,9}[\"']?)"
            r"(?=[^\s\"'<>,;]{0,100}\d)[^\s\"'<>,;]{4,100}"
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)(?<![a-z0-9])(pin\s{1,9}[\"']?)\d{4,12}(?![\w:.-])"), rf"\1{MASK}"),  # and no certificate's pin
    (re.compile(r"(?i)([?&](?:tk|zak|sig|signature|code|key)=)[^\s&\"'<>#]+"), rf"\1{MASK}"),
    # Basic credentials without their header's name ("Basic authentication" is no credential)
    (re.compile(r"(?i)\b(basic)\s+(?!auth)[a-z0-9+/]{4,}={0,2}(?![a-z0-9+/])"), rf"\1 {MASK}"),
    (re.compile(r"(?i)\b(bearer|negotiate|ntlm)\s+[a-z0-9+/=._~-]{8,}"), rf"\1 {MASK}"),
    (re.compile(r"(?i)\b(response|cnonce)=\"?[0-9a-f]{16,}\"?"), rf"\1={MASK}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)?"), MASK),
    # secret calendar addresses: whoever has the address reads the calendar
    (re.compile(r"/private-[0-9a-zA-Z]{8,}"), f"/private-{MASK}"),
    (re.compile(r"(/owa/calendar/[^/\s]{1,200}/)[^/\s\"'<>]+"), rf"\1{MASK}"),
    # dial strings: IP##id#code, one-tap ,,id#,,,,*code#, id.passcode@host, and the user part alone
    (re.compile(r"(##\d{1,20}#)(?!\*\*\*)[^\s\"'<>,;@]+"), rf"\1{MASK}"),
    (
        re.compile(r"(?<![\d.])(\d{3,20}##)(?!\*\*\*)[^\s\"'<>,;@#]+"),
        rf"\1{MASK}",
    ),  # id##code, where no host stands before
    (re.compile(r"(\d{1,20}\$\$)(?!\*\*\*)[^\s@/\"'<>]{1,100}?(@|%40)", re.I), rf"\1{MASK}\2"),  # id$$code@host
    (re.compile(r"(,,\d{9,11}#,+)(?:0#,+)?\*?\d{1,10}#"), rf"\1{MASK}#"),
    (re.compile(r"(?<![\d.])(\d{1,20})([.#])(?!\*\*\*)[^\s@/\"'<>]{1,100}?(@|%40)", re.I), rf"\1\2{MASK}\3"),
    (re.compile(r"(?<![\d.])(\d{9,11})\.\d{1,10}(?![\d.])"), rf"\1.{MASK}"),
)

# Single words and event names, which are most of what is logged: no rule above can match one.
_PLAIN = re.compile(r"[A-Za-z0-9_-]{0,100}|[a-z_]{1,50}\.[a-z_]{1,50}")


# What a terminal obeys or shows as something else: control characters, and marks that turn the direction of text.
_BREAKS = re.compile("[\\s\x1c-\x1f\x85\u2028\u2029]+")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_HALVES = re.compile("[\ud800-\udfff]")  # halves of a pair alone: no file and no terminal takes them


def clean_text(text: str, *, lines: bool = False) -> str:
    """One line that every terminal shows as it is written; doing it twice changes nothing more.

    ``lines``: line breaks stay, where they belong to the sentence: commands to copy.
    """
    if text.isprintable():
        return text
    if lines:
        return "\n".join(clean_text(line) for line in text.split("\n"))
    return _BREAKS.sub(" ", _HALVES.sub("\ufffd", _UNSEEN.sub("", _BREAKS.sub(" ", text)))).strip()


def foreign_text(text: str, *, lines: bool = False) -> str:
    """What somebody else wrote (a unit, a service), fit to be kept and shown. Cleaned first: an unseen character inside
    a word would hide a secret from the redaction."""
    return redact_text(clean_text(text, lines=lines))


def redact_text(text: str) -> str:
    """The same text with secrets replaced by ``***``; doing it twice changes nothing more."""
    if _PLAIN.fullmatch(text):
        return text
    text = _cut(text)
    for pattern, mask in _RULES:
        text = pattern.sub(mask, text)
    return text


def _cut(text: str) -> str:
    """Cut at white space: half an address without its ``@host`` would not be recognised any more."""
    if len(text) <= MAX_TEXT:
        return text
    head = text[:MAX_TEXT]
    end = max(head.rfind(" "), head.rfind("\n"))
    return f"{head[: max(end, 0)]} ({len(text) - max(end, 0)} characters left out)"


# ------------------------------------------------------------------------------------ values


def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds a secret, however it is spelled (``api-key``, ``ApiKey``, ``X-Api-Key``)."""
    return _SECRET_NAMES.search(re.sub(r"[^a-z0-9]", "", name.lower())) is not None


class Redacted(dict[str, object]):
    """Fields that went through the redaction. Only ``redact_fields`` makes it, and nothing changes it."""


def redact_fields(fields: Mapping[str, object]) -> Redacted:
    """Every value redacted and made of JSON's own types."""
    return Redacted(_mapping(fields, 0))


def redact(value: object, *, depth: int = 0) -> object:
    """``value`` as JSON's own types, secrets masked; what nests deeper than ``MAX_DEPTH`` is left out."""
    if value is None or isinstance(value, bool | int | float):
        return value if not isinstance(value, Enum) else redact(value.value, depth=depth)
    if isinstance(value, Enum):
        return redact(value.value, depth=depth)
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes | bytearray):
        return redact_text(bytes(value[: MAX_TEXT + 1]).decode("utf-8", "replace"))
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, PurePath):
        return redact_text(str(value))
    if isinstance(value, BaseException):
        return redact_text(f"{type(value).__name__}: {value}")
    return _container(value, depth)


def _container(value: object, depth: int) -> object:
    if not isinstance(value, Mapping | Sequence | Set):
        return redact_text(repr(value))
    if depth >= MAX_DEPTH:
        return "(deeper values left out)"
    if isinstance(value, Mapping):
        return _mapping(value, depth)
    items = sorted(value, key=repr) if isinstance(value, Set) else value
    shown = [redact(item, depth=depth + 1) for item, _ in zip(items, range(MAX_ITEMS), strict=False)]
    return shown if len(value) <= MAX_ITEMS else [*shown, f"({len(value) - MAX_ITEMS} more left out)"]


def _mapping(value: Mapping[object, object] | Mapping[str, object], depth: int) -> dict[str, object]:
    shown: dict[str, object] = {}
    for key, item in value.items():
        if len(shown) >= MAX_ITEMS:
            shown["left_out"] = len(value) - MAX_ITEMS
            break
        name, secret = _name(str(key))
        shown[name] = _masked(item) if secret else redact(item, depth=depth + 1)
    return shown


@lru_cache(maxsize=1000)
def _name(name: str) -> tuple[str, bool]:
    """As shown, and whether the value is masked. The names of fields are few."""
    return redact_text(name), is_secret_name(name)


def _masked(value: object) -> object:
    """Whether there is a passcode at all is worth knowing; what it is, is not."""
    return value if value is None or value is False or value is True or value == "" else MASK
