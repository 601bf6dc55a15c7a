"""Words for what a person mistyped: the value as it was written, and the nearest valid one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

_USER_INFO = re.compile(r"//[^/@\s]*@")
_LONGEST = 60  # characters of a value that a sentence repeats
_LISTABLE = 8  # choices that a sentence may list


def shown(value: object) -> str:
    """``value`` as a sentence may repeat it: quoted, cut, control characters escaped, no user part of a URL."""
    text = _USER_INFO.sub("//***@", str(value))
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice most like ``word``, case ignored; None when none is like it."""
    by_folded = {choice.casefold(): choice for choice in sorted(choices, reverse=True)}
    close = difflib.get_close_matches(word.casefold()[:200], by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """The end of a sentence: the nearest choice, else all of them when they are few, else its full stop."""
    known = sorted(set(choices))
    close = nearest(word, known)
    if close is not None:
        return f"; did you mean {shown(close)}?"
    if known and len(known) <= _LISTABLE:
        return f"; choose from: {', '.join(known)}."
    return "."


def unreadable(path: Path, error: OSError) -> str:
    """Why a file cannot be read, and what to do where that can be said."""
    remedy = "; make it readable for the user who runs this (chown or chmod)"
    return f"{path} cannot be read: {error.strerror}{remedy if isinstance(error, PermissionError) else ''}."


def host_name(text: str) -> str | None:
    """``text`` as a lower-case DNS name without a final dot; None when it is not one (RFC 1123, 253 characters)."""
    name = text.lower().removesuffix(".")
    labels = name.split(".")
    valid = len(name) <= 253 and all(re.fullmatch(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", label) for label in labels)
    # A last label of digits only would be an IPv4 address with a mistake in it (RFC 1123, section 2.1).
    return name if valid and not labels[-1].isdigit() else None
