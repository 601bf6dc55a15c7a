"""Addresses that are secrets in themselves: whoever has a private calendar's link reads the calendar.

Which part of such a link is the secret differs by service, and is often the last one. So nothing behind the host is
shown; a short fingerprint tells two links of one host apart. Pure; linear in the length of its input.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit

HIDDEN = "…"
_FINGERPRINT_BYTES = 4  # of a secret that nobody can guess, hashed: they give nothing away

_PUBLIC = frozenset({"public-calendars", "published"})  # of Nextcloud and iCloud: what follows is the secret
_TOKEN = re.compile(r"[A-Za-z0-9_=+-]{15,}")
_URL = re.compile(
    r"""(?i)\b(?P<scheme>[a-z][a-z0-9+.-]{1,20}://)(?:[^\s/?#"'<>]*@)?(?P<host>[^\s/?#"'<>]*)[^\s"'<>]*"""
)
_REQUEST = re.compile(r"""(?P<method>\b[A-Z]{3,10}) +(?!HTTP/)(?P<target>/[^\s"']*)""")  # a request line without a host
_FIELD = re.compile(r"""(?i)(?P<name>\b(?:url|target|path|location)\b[b'",:= ]{1,6})/[^\s"'<>)]*""")


def shown_link(link: str) -> str:
    """The host, and the fingerprint of the whole link: ``https://cal.example.org/… (1f0c5a2e)``."""
    try:
        parts = urlsplit(link)
        host, port = parts.hostname or HIDDEN, parts.port
    except ValueError:
        return f"{HIDDEN} ({_fingerprint(link)})"
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}/{HIDDEN} ({_fingerprint(link)})"


def shown_path(path: str) -> str:
    """Of an address whose server asks for a password: the path, without parts that only a machine would write.

    A link that Nextcloud or iCloud made for the public has such a part, also where an account reads it.
    """
    parts = path.split("/")
    before = ["", *parts]
    return "/".join(
        HIDDEN if _is_token(part) or (part and was.lower() in _PUBLIC) else part
        for was, part in zip(before, parts, strict=False)
    )


def _is_token(part: str) -> bool:
    word = part.removesuffix(".ics")
    return bool(_TOKEN.fullmatch(word)) and any(map(str.isdigit, word)) and any(map(str.isalpha, word))


def without_paths(text: str) -> str:
    """A library's sentence, with no path, query or user name of any address in it."""
    text = _URL.sub(lambda found: f"{found['scheme']}{found['host']}/{HIDDEN}", text)
    text = _REQUEST.sub(rf"\g<method> /{HIDDEN}", text)
    return _FIELD.sub(rf"\g<name>/{HIDDEN}", text)


def _fingerprint(link: str) -> str:
    return hashlib.blake2b(link.encode("utf-8", "surrogatepass"), digest_size=_FINGERPRINT_BYTES).hexdigest()
