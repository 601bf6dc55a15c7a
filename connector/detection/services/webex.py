"""Cisco Webex: ``number@site.webex.com`` for meetings, ``user@site.webex.com`` for personal rooms.

A join link with an MTID holds no number: without a printed number or address there is nothing to dial.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from connector.detection.dial_words import DIAL_WORD, VIDEO
from connector.detection.evidence import dial_evidence, lost, note, won
from connector.detection.example import says_example
from connector.detection.labels import only_digits
from connector.detection.parsed_text import Address, Link, ParsedText
from connector.detection.sections import Section, code_by, labelled_number, links_of, own_section, sections
from connector.detection.service import Found, Service, unique
from connector.detection.signature import why_signature
from connector.detection.urls import Url, host_under
from connector.detection.words import PASSCODE_LABELS

DOMAINS = ("webex.com", "webex.com.cn")
_NUMBER = re.compile(r"\d{3,4}[ \-]?\d{2,4}[ \-]?\d{3,5}(?![ \-]?\d)")
# In whatever language: nobody else groups eleven digits so.
_IN_GROUPS = re.compile(
    r"(?m)^(?P<label>[^\d\n+@\ufffc]{2,80}):[ \t*_]{0,6}\n{0,2}[ \t*_]{0,6}(?P<number>2\d{3} \d{3} \d{4})[ \t*_]{0,6}$"
)
_PHONE_WORDS = re.compile(
    r"phone|call|anruf|appel|llam|chiam|ring|office|büro|ticket|order|\btel|\bfax|mobil|cell|téléph|電話|电话|전화|телеф"
)
_LABELS = (
    *(
        "meeting number",
        "meeting number (access code)",
        "access code",
        "webinar number",
        "event number",
        "session number",
        "meeting id",
    ),
    *("meeting-kennnummer", "meeting-nummer", "zugriffscode", "zugangscode", "besprechungsnummer", "sitzungsnummer"),
    *("numéro de réunion", "numéro de la réunion", "número de reunión", "número de la reunión", "código de acceso"),
    *(
        "numero riunione",
        "numero della riunione",
        "número da reunião",
        "código de acesso",
        "ミーティング番号",
        "会议号",
    ),
    *(
        "會議號",
        "会議番号",
        "회의 번호",
        "미팅 번호",
        "номер совещания",
        "номер встречи",
        "numer spotkania",
        "toplantı numarası",
    ),
    *("numero di riunione", "numero del meeting", "numéro du meeting", "numéro de meeting", "número del meeting"),
    *("nummer van vergadering", "nummer van de vergadering", "toegangscode", "codice di accesso", "codice d'accesso"),
    *(
        "codice d’accesso",
        "code d'accès",
        "code d’accès",
        "kod dostępu",
        "код доступа",
        "erişim kodu",
        "访问码",
        "存取碼",
    ),
    *(
        "アクセス コード",
        "アクセスコード",
        "액세스 코드",
        "會議號碼",
        "会议号码",
        "номер конференции",
        "номер наради",
        "číslo schůzky",
    ),
    *("åtkomstkod", "adgangskode", "tilgangskode", "pääsykoodi", "kokousnumero", "מספר פגישה", "رقم الاجتماع"),
    *("số cuộc họp", "nomor rapat", "ミーティング番号 (アクセス コード)", "meetingnummer", "numărul ședinței"),
    *("vergadernummer", "mötesnummer", "møtenummer", "mødenummer", "numéro", "número", "meeting-id", "besprechungs-id"),
)
_BEHIND = 200  # characters from an address to the gateway that may be dialled instead
_AT_WEBEX = re.compile(r"@(?:[\w\-]{1,63}\.){0,4}webex\.com(?!.{0,200}\d\.\d{1,3}\.\d)", re.DOTALL)
_FIRST = 20  # links that are asked whether they stand in a signature
_GATEWAY_PREFIXES = ("173.243.", "62.109.", "66.114.", "114.29.", "210.4.")
_NOT_SITES = frozenset(
    [
        "www",
        "help",
        "support",
        "developer",
        "status",
        "apphelp",
        "settings",
        "community",
        "blog",
        "go",
        "collaborationhelp",
        "m",
        "lync",
    ]
)


@dataclass(frozen=True, slots=True)
class _Join:
    kind: str  # room, number, link, registration
    site: str
    name: str = field(default="", repr=False)


_WEB_APP = re.compile(r"/webappng/sites/[^/]+/(?:meeting|webinar)/", re.IGNORECASE)


def _classify(url: Url) -> _Join | None:
    if url.host.partition(".")[0] in _NOT_SITES:
        return None
    segments = url.segments
    if url.param("RGID") or "register" in url.path.lower():
        return _Join("registration", url.host)
    if len(segments) >= 2 and segments[0].lower() in ("meet", "join"):
        name = segments[1]
        digits = name.isdigit() and 9 <= len(name) <= 11
        return _Join("number" if digits else "room", url.host, name)
    if "callin" in url.path.lower() or "restrictions" in url.path.lower():
        return None  # a list of phone numbers
    if (
        url.param("MTID")
        or url.param("EventID")
        or "joinservice" in url.path.lower()
        or url.path.lower().endswith(("/j.php", "/m.php"))
    ):
        return _Join("link", url.host)
    if "/meeting/download/" in url.path.lower() or _WEB_APP.search(url.path):
        return _Join("link", url.host)
    return None


def _find(parsed_texts: tuple[ParsedText, ...]) -> list[Found]:
    links = [(parsed, link) for parsed, link in links_of(parsed_texts, "webex") if not says_example(parsed, link.at)]
    hits = [(parsed, link, join) for parsed, link in links if (join := _classify(link.url)) is not None]
    live = [hit for hit in hits if hit[2].kind != "registration"]
    if live:
        first = next((hit for hit in live[:_FIRST] if not _is_signature(*hit, live)), live[0])
        return [_meeting(parsed_texts, *first)]
    if hits:
        parsed, link, _ = hits[0]
        why = "the link leads to a registration; the meeting's number comes later"
        line = lost("join_url", parsed.where, "webex.registration", why, link.url.shown)
        order = parsed.order(link.at)
        return [Found("webex", parsed.where, order, "webex.registration", joinable=False, reason=why, evidence=(line,))]
    return _stated_only(parsed_texts)


def _is_signature(parsed: ParsedText, link: Link, join: _Join, live: list[tuple[ParsedText, Link, _Join]]) -> bool:
    """Somebody's own room beside another Webex meeting, as people have it below their name."""
    if join.kind != "room":
        return False
    others = [other.at for where, other, _ in live if where is parsed and _identity(other.url) != _identity(link.url)]
    return bool(others and why_signature(parsed, link.at, marks=0, personal=True, others=others))


def _meeting(parsed_texts: tuple[ParsedText, ...], parsed: ParsedText, link: Link, join: _Join) -> Found:
    own = sections(parsed_texts, parsed, link, lambda other: _is_same(other, link))
    number = join.name if join.kind == "number" else _printed_number(own, link, join)
    numeric, text = _codes(
        sections(parsed_texts, parsed, link, lambda other: _is_same(other, link), number=number, telephone=True), number
    )
    lines = [won("join_url", parsed.where, f"webex.{join.kind}", "the meeting's link", link.url.host)]
    lines += [note("join_url", parsed.where, f"unwrap.{name}", "a rewritten link was undone") for name in link.wrappers]
    if number:
        lines.append(won("meeting_id", parsed.where, "webex.number", "the printed meeting number", number))
    found = Found(
        service="webex",
        where=parsed.where,
        order=parsed.order(link.at),
        rule=f"webex.{join.kind}",
        meeting_id=number,
        passcode=numeric,
        passcode_text=text,
        join_url=link.url.text,
        evidence=tuple(lines),
        personal=join.kind == "room",
    )
    return _with_dial(found, own, join, number)


def _codes(own: list[Section], number: str | None) -> tuple[str | None, str | None]:
    """The meeting's passcode as digits, and as it is printed. The "access code" of a meeting is its number."""
    for section in own:
        code, digits = code_by(section, section.at), code_by(section, section.at, numeric=True)
        if code and (number is None or code.numeric != number):
            numeric = code.numeric or (digits.numeric if digits else None) or _video_systems_code(section)
            return None if numeric == number else numeric, code.value
    return None, None


_ABOVE_DIGITS = re.compile(r"(?m)^(?P<label>[^\d\n:|@\ufffc]{8,80})\n{1,2}[ \t]{0,4}(?P<code>\d{4,10})[ \t]*$")
_VIDEO = re.compile(VIDEO)


def _video_systems_code(section: Section) -> str | None:
    """Digits on a line of their own below "Meeting password for video system"."""
    for match in _ABOVE_DIGITS.finditer(section.parsed.low, section.start, min(section.end, len(section.parsed.low))):
        if _VIDEO.search(match["label"]) and any(word in match["label"] for word in PASSCODE_LABELS):
            return match["code"]
    return None


def _is_same(link: Link, own: Link) -> bool:
    """A page of Webex that is no meeting, or another link to the same one."""
    if link.service != "webex":
        return False
    return _classify(link.url) is None or _identity(link.url) == _identity(own.url)


def _identity(url: Url) -> str:
    named = [part.lower() for part in url.segments if part.lower() not in ("meet", "join")]
    return url.param("MTID", "EventID") or "/".join(named[:1])


_PIPE_NUMBER = re.compile(r"[ \t]{0,8}\|[ \t]{0,8}(\d{3,4}[ \-]?\d{2,4}[ \-]?\d{3,4})(?!\d)")


def _printed_number(own: list[Section], link: Link, join: _Join) -> str | None:
    piped = _PIPE_NUMBER.match(own[0].parsed.text, link.at + 1)
    if piped:
        return only_digits(piped[1])
    for section in own:
        number = labelled_number(section, _LABELS, _NUMBER)
        if number and 9 <= len(number) <= 11:
            return number
    for section in own:
        for address in section.parsed.addresses:
            here = section.holds(address.at) and address.host == join.site
            if here and address.user.isdigit() and 9 <= len(address.user) <= 11:
                return address.user
    return next(filter(None, map(_number_in_groups, own)), None)


def _number_in_groups(section: Section) -> str | None:
    for match in _IN_GROUPS.finditer(section.parsed.low, section.start, min(section.end, len(section.parsed.low))):
        if _PHONE_WORDS.search(match["label"]) is None:
            return only_digits(match["number"])
    return None


def _with_dial(found: Found, own: list[Section], join: _Join, number: str | None) -> Found:
    stated = _stated(own, join, number)
    if stated:
        rule, why, sip = "webex.sip.stated", "the invitation states the address", stated
    elif join.kind == "room" and re.fullmatch(r"[A-Za-z0-9._\-]{1,80}", join.name):
        rule, why, sip = "webex.sip.room", "personal room at its site", [_room_address(join)]
    elif number:
        domain = "webex.com" if _is_free(join.site) else join.site
        rule, why, sip = "webex.sip.derived", "meeting number at its site", [f"{number}@{domain}"]
    else:
        reason = "the Webex link holds no number and none is printed, so there is nothing to dial"
        return replace(found, reason=reason)
    h323 = [f"{ip}##{number}" for ip in _gateways(own)] if number else []
    return dial_evidence(replace(found, sip=unique(sip), h323=unique(h323)), found.where, rule, why)


def _is_free(site: str) -> bool:
    """``name.my.webex.com``: free accounts have their rooms at the common domain, as their invitations print."""
    return site.endswith(".my.webex.com")


def _room_address(join: _Join) -> str:
    return _at_common_domain(join) if _is_free(join.site) else f"{join.name}@{join.site}"


def _at_common_domain(join: _Join) -> str:
    return f"{join.name}.{join.site.removesuffix('.webex.com')}@webex.com"


def _stated(own: list[Section], join: _Join, number: str | None) -> list[str]:
    """Printed addresses of this meeting; a mail address at another domain, or the Skype form, is none of them.

    Where several are printed, they must be of one user: another number is another meeting's.
    """
    found: list[tuple[bool, str, str]] = []
    for section in own:
        for address in section.parsed.addresses:
            if not section.holds(address.at):
                continue
            if not host_under(address.host, "webex.com") or host_under(address.host, "lync.webex.com"):
                continue
            if number and address.user.isdecimal() and address.user not in (number, join.name):
                continue
            text = f"{address.user}@{address.host}"
            named = address.user in (number, join.name) or (bool(join.name) and text == _at_common_domain(join))
            if named or address.scheme in ("sip", "sips") or _room_is_dialled_at(section, address, join):
                found.append((not named, address.user, text))
    if not found:
        return []
    first = min(found, key=lambda hit: hit[0])
    return [text for _, user, text in found if user == first[1]]


def _room_is_dialled_at(section: Section, address: Address, join: _Join) -> bool:
    """A personal room's address may have another name than its link."""
    if join.kind != "room" or address.host != join.site or address.scheme:
        return False
    return DIAL_WORD.search(section.parsed.low[max(0, address.at - 30) : address.at]) is not None


def _gateways(own: list[Section]) -> list[str]:
    hits = [(ip, at, section) for section in own for ip, at in section.parsed.gateways]
    return [ip for ip, at, section in hits if section.holds(at) and _is_gateway(section.parsed, ip, at)]


def _is_gateway(parsed: ParsedText, ip: str, at: int) -> bool:
    """One of Webex's, or the one in the sentence behind the address: "You can also dial 203.0.113.5 and enter ..."."""
    if ip.startswith(_GATEWAY_PREFIXES):
        return True
    return _AT_WEBEX.search(parsed.low, max(0, at - _BEHIND), at) is not None


def _stated_only(parsed_texts: tuple[ParsedText, ...]) -> list[Found]:
    """No link, but ``number@site.webex.com`` is printed."""
    for parsed in parsed_texts:
        for address in parsed.addresses:
            site = address.host
            if not host_under(site, "webex.com") or site.partition(".")[0] in _NOT_SITES or site == "webex.com":
                continue
            number = address.user if address.user.isdigit() and 9 <= len(address.user) <= 11 else None
            if number is None and address.scheme not in ("sip", "sips"):
                continue
            at = min(address.at, _place_of(parsed, number))
            own = own_section(parsed, at, lambda other: other.service == "webex", number, telephone=True)
            numeric, text = _codes([own], number)
            found = Found(
                service="webex",
                where=parsed.where,
                order=parsed.order(address.at),
                rule="webex.sip",
                meeting_id=number,
                passcode=numeric,
                passcode_text=text,
            )
            join = _Join("number" if number else "room", site, address.user)
            return [_with_dial(found, [Section(parsed, 0, len(parsed.text) + 1)], join, number)]
    return []


def _place_of(parsed: ParsedText, number: str | None) -> int:
    """Where the meeting's number is printed first; the text's end where it is not."""
    match = re.search(r"(?<!\d)" + r"[ \-]?".join(number) + r"(?![\d@])", parsed.text) if number else None
    return match.start() if match else len(parsed.text)


def _key(_: ParsedText, link: Link) -> tuple[str, str] | None:
    join = _classify(link.url)
    if join is None or join.kind == "registration" or not (identity := _identity(link.url)):
        return None
    return join.kind, identity


service = Service("webex", _find, DOMAINS, key=_key, turn=2)
