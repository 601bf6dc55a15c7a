"""Pexip's web app on any host: the alias in the link is the address, mostly ``user@domain`` as it stands."""

from __future__ import annotations

import re
from dataclasses import replace

from connector.detection.evidence import dial_evidence, note, won
from connector.detection.parsed_text import Link, ParsedText
from connector.detection.service import Found, Service, unique
from connector.detection.urls import Url

_PATH = re.compile(r"^/+webapp\d?(?:/+(?:conference|m|meet))?/+(?P<alias>[^/?#]{2,120})", re.IGNORECASE)
_IN_FRAGMENT = re.compile(r"[?&]conference=([^&]{2,120})")
_ALIAS = re.compile(r"[A-Za-z0-9._+\-]{1,80}(?:@(?:[A-Za-z0-9\-]{1,63}\.){1,8}[A-Za-z0-9\-]{1,63})?")
_NOT_ALIASES = frozenset(("home", "conference", "m", "meet", "preflight", "branding", "static", "assets"))


def _alias(url: Url) -> str | None:
    if url.scheme == "pexip":
        alias: str | None = url.text.partition("://")[2].partition("?")[0].strip("/")
    elif "/webapp" in url.path.lower():
        in_fragment = _IN_FRAGMENT.search(url.fragment)
        path = _PATH.match(url.path)
        alias = url.param("conference") or (in_fragment[1].replace("%40", "@") if in_fragment else None)
        alias = alias or (path["alias"] if path and path["alias"].lower() not in _NOT_ALIASES else None)
    else:
        return None
    return alias if alias and _ALIAS.fullmatch(alias) else None


def _find(parsed_texts: tuple[ParsedText, ...]) -> list[Found]:
    hits = [(parsed, link, alias) for parsed in parsed_texts for link in parsed.links if (alias := _alias(link.url))]
    if not hits:
        return []
    parsed, link, alias = min(hits, key=lambda hit: hit[0].order(hit[1].at))
    lines = [won("meeting_id", parsed.where, "pexip.link", "the alias stands in the link", alias)]
    lines += [note("join_url", parsed.where, f"unwrap.{name}", "a rewritten link was undone") for name in link.wrappers]
    found = Found(
        service="pexip",
        where=parsed.where,
        order=parsed.order(link.at),
        rule="pexip.link",
        meeting_id=alias,
        join_url=link.url.text,
        evidence=tuple(lines),
    )
    user = alias.partition("@")[0]
    printed = [
        f"{a.user}@{a.host}" for p in parsed_texts for a in p.addresses if a.user == user and a.scheme != "mailto"
    ]
    sip = [alias] if "@" in alias else printed
    if not sip:
        return [replace(found, reason="the alias has no domain, and no address with it is printed")]
    return [dial_evidence(replace(found, sip=unique(sip)), parsed.where, "pexip.sip", "the alias is the address")]


def _key(_: ParsedText, link: Link) -> tuple[str, str] | None:
    alias = _alias(link.url)
    return ("alias", alias.lower()) if alias else None


service = Service("pexip", _find, key=_key, schemes=("pexip",), server=r"/webapp\d?/")
