"""Text that came from a unit or goes into a log: cleaned, and without passcodes."""

from __future__ import annotations

import re

# Controls of C0 and C1 (what drives a terminal), marks that turn or hide the text beside them, line and paragraph
# ends, lone surrogates, invisible tags. The joiners of Persian, Hindi and emoji stay.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufffe\uffff\U000e0000-\U000e0fff]"
)
_BREAKS = re.compile("[\t\n\x0b\x0c\r\x1c-\x1f\x85\u2028\u2029]")
TEXT_LIMIT = 200  # characters of one foreign word or sentence


def clean_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """Foreign text on one line, at most ``limit`` characters, without what could drive or turn a terminal or a page.

    Line breaks become blanks; what cannot be seen goes. Work is bounded by ``limit``, however long the text is.
    """
    near = text[: 4 * limit]
    line = " ".join(_UNSEEN.sub("", _BREAKS.sub(" ", near)).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


_SCHEME = re.compile(r"^(?:sips?|h323|spark|tel):", re.IGNORECASE)
_SECRET_TAIL = re.compile(r"(?P<id>\d+)(?P<sep>[.#])(?P<rest>[^@]+)")
_DOLLARS = re.compile(r"(?P<id>[^@$]+)\$\$(?P<rest>[^@]+)")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?")


def redact_address(address: str) -> str:
    """The address without passcode, layout, option codes and host key, as a log or a page may show it.

    ``123456789.4321@zoomcrc.com`` -> ``123456789.***@zoomcrc.com``, also with ``.layout.hostkey`` behind the code;
    ``IP##id#code`` and ``IP##id##code`` -> ``IP##id#***``; ``id$$code@host`` -> ``id$$***@host``.
    """
    scheme = _SCHEME.match(address)
    prefix, bare = (scheme[0], address[scheme.end() :]) if scheme else ("", address)
    if "##" in bare:
        host, _, rest = bare.partition("##")
        number, sep, _ = rest.partition("#")
        return f"{prefix}{host}##{number}{sep}***" if sep else address
    if _IPV4.fullmatch(bare):
        return address
    match = _DOLLARS.match(bare)
    if match is not None:
        return f"{prefix}{match['id']}$$***{bare[match.end() :]}"
    match = _SECRET_TAIL.match(bare)
    if match is None:
        return address
    return f"{prefix}{match['id']}{match['sep']}***{bare[match.end() :]}"
