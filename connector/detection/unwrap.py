"""Links that mail filters and chat programs have rewritten, turned back into what the organiser pasted.

Each wrapper is one row of ``WRAPPERS``. Wrappers nest (a Safe Link inside a Proofpoint link inside a Google
redirect has been seen), so the table is applied again until nothing matches, at most ``MAX_DEPTH`` times.
Proofpoint's three forms follow its public decoder; the other forms are described by the vendors' own links.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from connector.detection.hosts import HostTable
from connector.detection.urls import Url, host_under, parse_url

MAX_DEPTH = 8
MAX_LENGTH = 16_000  # longer than any real link; a cut link still gives host, path and id


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """``rules``: the wrappers that were undone, outermost first. ``opaque``: one that cannot be undone offline."""

    url: Url
    rules: tuple[str, ...] = ()
    opaque: str | None = None


@dataclass(frozen=True, slots=True)
class Wrapper:
    name: str
    domains: tuple[str, ...]
    inner: Callable[[Url], str | None]


def _param(*names: str) -> Callable[[Url], str | None]:
    return lambda url: url.param(*names)


def _safelinks(url: Url) -> str | None:
    return url.param("url")  # the path varies: /, /ap/t-59584e83/, ...


def _proofpoint(url: Url) -> str | None:
    if url.path.startswith("/v1/"):
        return html.unescape(url.param("u") or "")
    if url.path.startswith("/v2/"):
        coded = url.param("u") or ""
        return html.unescape(unquote(coded.replace("-", "%").replace("_", "/"), errors="replace"))
    return _proofpoint_v3(url.text)


_V3 = re.compile(r"/v3/__(?P<url>.{1,16000}?)__;(?P<bytes>[A-Za-z0-9_\-=]{0,4000})(?:!|$)", re.DOTALL)
_V3_CUT = re.compile(r"/v3/__(?P<url>.{1,16000}?)(?:__;?|$)", re.DOTALL)
_RUN = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_ONE_SLASH = re.compile(r"^(https?:/)(?=[^/])", re.IGNORECASE)


def _proofpoint_v3(text: str) -> str | None:
    match = _V3.search(text)
    if match is None:  # the tail was cut off: the URL itself is still readable where nothing was replaced
        cut = _V3_CUT.search(text)
        return _ONE_SLASH.sub(r"\1/", cut["url"]) if cut else None
    coded = match["bytes"].rstrip("=")
    try:
        replaced = base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        replaced = ""
    return _ONE_SLASH.sub(r"\1/", _put_back(match["url"], replaced))


def _put_back(text: str, replaced: str) -> str:
    """``*`` takes the next character, ``**c`` a run of them whose length is coded in ``c`` (A is 2)."""
    out: list[str] = []
    taken = at = 0
    while at < len(text):
        if text[at] != "*":
            out.append(text[at])
            at += 1
            continue
        run = 1
        if text[at + 1 : at + 2] == "*" and text[at + 2 : at + 3] and text[at + 2] in _RUN:
            run = _RUN.index(text[at + 2]) + 2
            at += 2
        out.append(replaced[taken : taken + run] or "*")
        taken += run
        at += 1
    return "".join(out)


def _google(url: Url) -> str | None:
    return url.param("q", "url") if url.path == "/url" else None


def _cisco(url: Url) -> str | None:
    tail = url.raw_path.rpartition("/")[2]
    return unquote(tail, errors="replace") if "%3a" in tail.lower() else None


def _sophos(url: Url) -> str | None:
    coded = (url.param("u") or "").replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None


_INNER_URL = re.compile(r"https?://[^\s<>\"']{1,4000}", re.IGNORECASE)


def _calendar_add(url: Url) -> str | None:
    """ "Add to my calendar" links carry the whole event in their query."""
    if not (url.param("action") or url.param("rru") or url.param("path")):
        return None
    for name in ("location", "details", "body"):
        match = _INNER_URL.search(url.param(name) or "")
        if match:
            return match[0]
    return None


_BETWEEN_UNDERSCORES = re.compile(r"/v2/(?:r\d{2}/)?_{3}(?P<url>.{1,16000}?)_{3}(?:\.|$)", re.DOTALL)


def _check_point(url: Url) -> str | None:
    """Its newer form shifts the letters; what comes out is no web link then, and counts as opaque."""
    match = _BETWEEN_UNDERSCORES.search(url.text)
    return match["url"] if match else None


def _amazon_mail(url: Url) -> str | None:
    parts = url.raw_path.split("/")
    return unquote(parts[2], errors="replace") if len(parts) > 2 and parts[1] == "L0" else None


def _youtube(url: Url) -> str | None:
    return url.param("q") if url.path == "/redirect" else None


def _zoom_external(url: Url) -> str | None:
    return url.param("ref") if "externallinkpage" in url.path.lower() else None


WRAPPERS = (
    Wrapper("safelinks", ("safelinks.protection.outlook.com", "safelinks.protection.office365.us"), _safelinks),
    Wrapper("proofpoint", ("urldefense.proofpoint.com", "urldefense.com", "urldefense.us"), _proofpoint),
    Wrapper("google", ("google.com",), _google),
    Wrapper("meet-redirect", ("meet.google.com",), _param("dest")),
    Wrapper("barracuda", ("linkprotect.cudasvc.com",), _param("a")),
    Wrapper("cisco", ("secure-web.cisco.com",), _cisco),
    Wrapper("symantec", ("clicktime.symantec.com",), _param("u")),
    Wrapper("fireeye", ("fireeye.com", "trellix.com"), _param("u")),
    Wrapper("sophos", ("protection.sophos.com",), _sophos),
    Wrapper("slack", ("slack-redir.net",), _param("url")),
    Wrapper("check-point", ("protect.checkpoint.com", "avanan.click"), _check_point),
    Wrapper("amazon-mail", ("awstrack.me",), _amazon_mail),
    Wrapper("youtube", ("youtube.com",), _youtube),
    Wrapper("facebook", ("l.facebook.com", "lm.facebook.com"), _param("u")),
    Wrapper("zoom-external", ("zoom.us", "zoom.com"), _zoom_external),
    Wrapper(
        "calendar-add",
        ("calendar.google.com", "google.com", "outlook.live.com", "outlook.office.com", "calendar.yahoo.com"),
        _calendar_add,
    ),
)
# Sites that are known to pass a target on in their query, under one of the usual names. Any other site may say there
# what it likes: a link to it is a link to it, and where it really leads nobody knows.
_GENERIC = _param(
    "url", "u", "to", "z", "target", "dest", "redirect", "redirect_url", "redirecturl", "link", "goto", "ref"
)
_REDIRECTORS = (
    *("imss.trendmicro.com", "tmes.trendmicro.com", "trendmicro.com", "statics.teams.cdn.office.net", "urlsand.com"),
    *("statics.teams.microsoft.com", "urlsand.esvalabs.com", "hornetsecurity.com", "vadesecure.com", "cudasvc.com"),
    *("linkedin.com", "vk.com", "out.reddit.com", "l.instagram.com", "l.messenger.com", "l.workplace.com", "href.li"),
    *(
        "steamcommunity.com",
        "disq.us",
        "links.services.disqus.com",
        "exit.sc",
        "t.umblr.com",
        "duckduckgo.com",
        "getpocket.com",
    ),
    *(
        "mailtrack.io",
        "click.icptrack.com",
        "nam.dcv.ms",
        "emltrk.com",
        "cl.s4.exct.net",
        "sophos.com",
        "fireeyecloud.com",
    ),
)
_REDIRECTING_PATH = re.compile(r"^/fmlurlsvc/?$", re.IGNORECASE)  # FortiMail, which stands on its owner's host

_LOGIN = re.compile(r"sign_?in|log_?in|sso|redirect", re.IGNORECASE)

OPAQUE = {
    "mimecast": ("mimecast.com", "mimecastprotect.com"),
    "mail filter": (
        *("protect.checkpoint.com", "avanan.click", "shared.outlook.inky.com", "emailprotection.link"),
        *("link.edgepilot.com", "linkscan.io"),
    ),
    "mailing link": ("ct.sendgrid.net", "list-manage.com", "mandrillapp.com", "hubspotlinks.com", "awstrack.me"),
    # a short link says nothing of where it leads
    "short link": (
        "bit.ly",
        "tinyurl.com",
        "t.co",
        "goo.gl",
        "shorturl.at",
        "ow.ly",
        "lnkd.in",
        "is.gd",
        "rb.gy",
        "buff.ly",
    ),
}


def unwrap(text: str, hosts: HostTable) -> Unwrapped | None:
    """The innermost URL of a link, or None when the text is no URL with a host. Never raises."""
    url = parse_url(_unescape(text[:MAX_LENGTH]))
    if url is None:
        return None
    rules: list[str] = []
    while len(rules) < MAX_DEPTH:
        step = _step(url, hosts)
        if step is None:
            break
        rules.append(step[0])
        url = step[1]
    opaque = next((name for name, domains in OPAQUE.items() if host_under(url.host, *domains)), None)
    return Unwrapped(url, tuple(rules), opaque)


def _step(url: Url, hosts: HostTable) -> tuple[str, Url] | None:
    for wrapper in WRAPPERS:
        if host_under(url.host, *wrapper.domains):
            inner = _web(wrapper.inner(url))
            if inner is not None:
                return wrapper.name, inner
    if "http" not in url.query.lower():
        return None
    if hosts.service_of(url.host):
        if not _LOGIN.search(url.path):
            return None  # a meeting's own link may name a referring site
    elif not (host_under(url.host, *_REDIRECTORS) or _REDIRECTING_PATH.match(url.path)):
        return None
    inner = _web(_GENERIC(url))
    return ("query", inner) if inner is not None else None


def _web(text: str | None) -> Url | None:
    """Only what is itself a web link (percent-coded once more than needed is common) counts as the inside."""
    if not text:
        return None
    text = _unescape(text.strip().strip("<>\"'")).strip()
    for _ in range(2):
        if re.match(r"https?%3a", text, re.IGNORECASE):
            text = unquote(text, errors="replace")
    url = parse_url(text.split(None, 1)[0]) if text else None
    return url if url is not None and url.scheme in ("http", "https") and "." in url.host else None


def _unescape(text: str) -> str:
    return text.replace("&amp;", "&").replace("&amp;", "&").replace("&#38;", "&")
