"""Web addresses taken apart without ever raising: what stands in mail is often not quite a URL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qsl, unquote

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]{0,20}):")
_NO_HOST = re.compile(r"[^\w.\-]")  # letters of any language are a host's, signs left over from mail are not


@dataclass(frozen=True, slots=True)
class Url:
    """``host``: lower case, without user and port. ``path`` is percent-decoded; ``text`` is the URL as found."""

    text: str
    scheme: str
    host: str
    path: str
    raw_path: str
    query: str
    fragment: str

    def param(self, *names: str) -> str | None:
        """The first query parameter that has one of these names (any case), decoded."""
        if not self.query:
            return None
        wanted = {name.lower() for name in names}
        for key, value in parse_qsl(self.query, keep_blank_values=True, errors="replace"):
            if key.lower() in wanted:
                return value
        return None

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(part for part in self.path.split("/") if part)

    @property
    def shown(self) -> str:
        """For evidence: no query, no fragment, since those hold tokens; the path is cut short."""
        return f"{self.host}/{'/'.join(self.segments[:3])[:60]}"


def parse_url(text: str) -> Url | None:
    """None when there is no host, as in ``mailto:`` or ``tel:``, or one that cannot be a host."""
    scheme = _SCHEME.match(text)
    if scheme is None:
        return None
    rest = text[scheme.end() :]
    if not rest.startswith("//"):
        return None
    rest, _, fragment = rest[2:].partition("#")
    rest, _, query = rest.partition("?")
    netloc, slash, raw_path = rest.partition("/")
    host = netloc.rpartition("@")[2].partition(":")[0].strip(".").lower()
    if not host or _NO_HOST.search(host):
        return None
    path = unquote(slash + raw_path, errors="replace")
    return Url(text, scheme[1].lower(), host, path, slash + raw_path, query, fragment)


def host_under(host: str, *domains: str) -> bool:
    """True for the domain and what stands below it; compares whole labels, so ``notzoom.us`` is not ``zoom.us``."""
    return host in domains or host.endswith(_below(domains))


@cache
def _below(domains: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f".{domain}" for domain in domains)
