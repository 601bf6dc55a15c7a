"""The admin's own rules: ordered, pure, and tried before what detection found.

A rule is a table of words (``[[rules]]`` in connector.toml, see docs/how-to/admin-rules.md). Patterns are RE2: their
cost grows in a straight line with the text whatever the pattern is, which Python's own engine does not promise. The
address template is no program: ``{group}`` and a few filters, nothing else. A rule with a mistake is left out with a
sentence, and the others go on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Literal, cast

import re2

from connector.detection.evidence import lost, note, won
from connector.detection.parsed_event import ParsedEvent, parse
from connector.detection.parsed_text import LINK, ParsedText, is_title
from connector.model import Evidence, JoinInfo, Ruling, SourceText
from device_drivers.api import redact_address

PLACES = ("location", "body", "organiser", "title", "link")
ACTIONS = ("dial", "no_button", "ignore")
_WORDS = ("name", "match", "in", "organiser", "rooms", "sites", "service", "address", "protocol", "action")
_MAX_PATTERN = 2000
_MAX_MEMORY = 8 << 20  # bytes that one pattern may use
_MAX_RULES = 500

Organiser = Literal["any", "internal", "external"]
Action = Literal["dial", "no_button", "ignore"]


# ------------------------------------------------------------------------------------------------ templates

_FILTERS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "digits": lambda text: "".join(c for c in text if "0" <= c <= "9"),
        "lower": str.lower,
        "upper": str.upper,
        "alnum": lambda text: "".join(c for c in text if c.isascii() and c.isalnum()),
        "nospace": lambda text: "".join(text.split()),
        "user": lambda text: text.partition("@")[0],
        "host": lambda text: text.partition("@")[2],
    }
)
_FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,40})((?:\|[a-z]{1,20}){0,4})\}")
# Taken from what detection found, where the rule names that service.
_FOUND = ("meeting_id", "passcode")


@dataclass(frozen=True, slots=True)
class Template:
    """``{group|filter}@host``: text with fields. ``fields``: the names it needs."""

    text: str

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(match[1] for match in _FIELD.finditer(self.text))

    def problem(self) -> str | None:
        unknown = {name for match in _FIELD.finditer(self.text) for name in match[2].split("|")[1:]} - _FILTERS.keys()
        if unknown:
            return f"the address uses the unknown filter {sorted(unknown)[0]!r}; there are {', '.join(_FILTERS)}"
        if set("{}") & set(_FIELD.sub("", self.text)):
            return "the address has a brace that belongs to no {group} or {group|filter}"
        return None

    def filled(self, values: Mapping[str, str | None]) -> str | None:
        """None when a value is missing: half an address would reach somebody else."""
        out: list[str] = []
        at = 0
        for match in _FIELD.finditer(self.text):
            value = values.get(match[1]) or ""
            for name in match[2].split("|")[1:]:
                value = _FILTERS[name](value)
            if not value:
                return None
            out += [self.text[at : match.start()], value]
            at = match.end()
        return "".join([*out, self.text[at:]])


_SIP_ADDRESS = re.compile(r"[A-Za-z0-9._~!$&'*+=%-]{1,128}@[A-Za-z0-9][A-Za-z0-9.:-]{0,252}")
_H323_ADDRESS = re.compile(
    r"[A-Za-z0-9._*#-]{1,128}@[A-Za-z0-9][A-Za-z0-9.:-]{0,252}|[0-9.]{7,15}(?:##[0-9A-Za-z#*]{1,128})?"
)


# ------------------------------------------------------------------------------------------------ rules


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    pattern: Any = field(repr=False, default=None)  # a compiled re2 pattern; None: every text
    places: tuple[str, ...] = ("location", "body", "link")
    organiser: Organiser = "any"
    rooms: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    service: str = ""
    address: Template | None = None
    protocol: Literal["sip", "h323"] = "sip"
    action: Action = "dial"

    @property
    def scope(self) -> str:
        words = [f"rooms {', '.join(self.rooms)}"] if self.rooms else []
        words += [f"sites {', '.join(self.sites)}"] if self.sites else []
        return " and ".join(words)


@dataclass(frozen=True, slots=True)
class Rules:
    """``problems``: one sentence for each rule that was left out."""

    rules: tuple[Rule, ...] = ()
    internal_domains: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


NO_RULES = Rules()


def compile_rules(tables: Sequence[object], internal_domains: Sequence[str] = ()) -> Rules:
    """Never raises. ``tables``: what TOML gives for ``[[rules]]``."""
    rules: list[Rule] = []
    problems: list[str] = []
    for number, table in enumerate(tables[:_MAX_RULES], start=1):
        name = table.get("name") if isinstance(table, Mapping) else None
        called = f"rule {number}" + (f" ({name})" if isinstance(name, str) and name else "")
        try:
            rule = _rule(table, internal_domains)
            if any(rule.name == other.name for other in rules):
                raise _BadRule("another rule has the same name")
            rules.append(rule)
        except _BadRule as bad:
            problems.append(f"{called} is left out: {bad}.")
    if len(tables) > _MAX_RULES:
        problems.append(f"only the first {_MAX_RULES} rules are used.")
    return Rules(tuple(rules), tuple(domain.lower().lstrip("@.") for domain in internal_domains), tuple(problems))


class _BadRule(Exception):
    pass


def _rule(table: object, internal_domains: Sequence[str]) -> Rule:
    if not isinstance(table, Mapping):
        raise _BadRule("it is not a table; write [[rules]] above it")
    for word in table:
        if word not in _WORDS:
            close = get_close_matches(str(word), _WORDS, 1)
            raise _BadRule(
                f"{str(word)[:40]!r} is no word of a rule" + (f"; did you mean {close[0]!r}?" if close else "")
            )
    name = _text(table, "name", 60)
    if not name.strip():
        raise _BadRule("it has no name")
    action = _one_of(table, "action", ACTIONS, "dial")
    organiser = _one_of(table, "organiser", ("any", "internal", "external"), "any")
    if organiser != "any" and not internal_domains:
        raise _BadRule(f'organiser = "{organiser}" needs your own domains in dialing.internal_domains')
    pattern = _pattern(_text(table, "match", _MAX_PATTERN))
    if pattern is None and organiser == "any":
        raise _BadRule("it has no match, so it would take every event")
    address = _text(table, "address", 300)
    rule = Rule(
        name=name,
        pattern=pattern,
        places=_places(table),
        organiser=cast(Organiser, organiser),
        rooms=_list(table, "rooms"),
        sites=_list(table, "sites"),
        service=_text(table, "service", 40),
        address=Template(address) if address else None,
        protocol=cast(Literal["sip", "h323"], _one_of(table, "protocol", ("sip", "h323"), "sip")),
        action=cast(Action, action),
    )
    _check_address(rule)
    return rule


def _text(table: Mapping[object, object], word: str, longest: int) -> str:
    value = table.get(word, "")
    if not isinstance(value, str):
        raise _BadRule(f"{word} must be text in quotes")
    if len(value) > longest:
        raise _BadRule(f"{word} is longer than {longest} characters")
    return value


def _one_of(table: Mapping[object, object], word: str, choices: tuple[str, ...], default: str) -> str:
    value = table.get(word, default)
    if value not in choices:
        raise _BadRule(f"{word} must be one of {', '.join(choices)}")
    return str(value)


def _list(table: Mapping[object, object], word: str) -> tuple[str, ...]:
    value = table.get(word, [])
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item.strip() for item in value):
        raise _BadRule(f"{word} must be a list of names")
    return tuple(item.strip() for item in value)


def _places(table: Mapping[object, object]) -> tuple[str, ...]:
    places = tuple("organiser" if place == "organizer" else place for place in _list(table, "in"))
    unknown = [place for place in places if place not in PLACES]
    if unknown:
        raise _BadRule(f"in has the unknown place {unknown[0][:40]!r}; there are {', '.join(PLACES)}")
    return places or ("location", "body", "link")


def _pattern(text: str) -> Any:
    if not text:
        return None
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.max_mem = _MAX_MEMORY
    try:
        return re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
        raise _BadRule(
            f"match is not a pattern that RE2 knows ({reason}); look-around and back references do not exist"
        ) from None


def _check_address(rule: Rule) -> None:
    if rule.action != "dial":
        if rule.address is not None:
            raise _BadRule(f'action = "{rule.action}" takes no address')
        return
    if rule.address is None:
        raise _BadRule('it has no address; write address = "...", or action = "no_button" or "ignore"')
    problem = rule.address.problem()
    if problem:
        raise _BadRule(problem)
    groups = set(rule.pattern.groupindex) if rule.pattern is not None else set()
    for name in rule.address.fields:
        if name not in groups and name not in _FOUND:
            raise _BadRule(f"the address uses {{{name}}}, but match has no group (?P<{name}>...)")
        if name not in groups and not rule.service:
            raise _BadRule(f"the address uses {{{name}}} of the meeting that was found; name its service")


# ------------------------------------------------------------------------------------------------ applying


def rulings(
    texts: tuple[SourceText, ...] | ParsedEvent,
    join: JoinInfo,
    rules: Rules,
    *,
    organizer: str = "",
    organizer_email: str = "",
    cancelled: bool = False,
) -> tuple[Ruling, ...]:
    """What the rules say of one event, in their order. ``texts``: as ``detect`` takes them; ``join``: what it
    found in the same.

    A cancelled event gets no address from a rule. Pure and total; linear in the length of the texts.
    """
    if not rules.rules:
        return ()
    event = parse(texts)
    cancelled = cancelled or event.called_off
    places = _Places(event, organizer, organizer_email)
    found: list[Ruling] = []
    for rule in rules.rules:
        ruling = _ruling(rule, places, join, rules.internal_domains, cancelled)
        if ruling is not None:
            found.append(ruling)
            if not rule.scope:
                break  # it decides for all rooms; those below are never reached
    return tuple(found)


def _ruling(
    rule: Rule, places: _Places, join: JoinInfo, internal_domains: tuple[str, ...], cancelled: bool
) -> Ruling | None:
    if not _organiser_fits(rule.organiser, places.organizer_email, internal_domains):
        return None
    where, groups = "event", dict[str, str | None]()
    if rule.pattern is not None:
        hit = next(places.matches(rule), None)
        if hit is None:
            return None
        where, groups = hit
    if rule.action == "ignore":
        return Ruling(rule.name, "ignore", rule.rooms, rule.sites)
    if rule.action == "no_button":
        sentence = f"the rule {rule.name!r} gives it no button"
        line = won("sip", where, f"rule.{rule.name}", sentence)
        ruled = replace(join, sip=(), h323=(), withheld=sentence, evidence=(line, *join.evidence))
        return Ruling(rule.name, "no_button", rule.rooms, rule.sites, ruled)
    ruled_join = None if cancelled else _dialled(rule, where, groups, join)
    return Ruling(rule.name, "dial", rule.rooms, rule.sites, ruled_join) if ruled_join is not None else None


def _organiser_fits(wanted: Organiser, email: str, internal_domains: tuple[str, ...]) -> bool:
    """An organiser whose address is not known is neither internal nor external."""
    if wanted == "any":
        return True
    domain = email.lower().rpartition("@")[2]
    if not domain or "@" not in email:
        return False
    internal = any(domain == own or domain.endswith("." + own) for own in internal_domains)
    return internal is (wanted == "internal")


def _dialled(rule: Rule, where: str, groups: Mapping[str, str | None], join: JoinInfo) -> JoinInfo | None:
    assert rule.address is not None
    same = bool(rule.service) and rule.service == join.service and join.joinable
    values: dict[str, str | None] = {}
    if same:
        values = {"meeting_id": join.meeting_id, "passcode": join.passcode}
    values |= groups
    address = rule.address.filled(values)
    form = _SIP_ADDRESS if rule.protocol == "sip" else _H323_ADDRESS
    if address is None or not form.fullmatch(address):
        return None
    lines: list[Evidence] = [
        won("service", where, f"rule.{rule.name}", "an admin's rule decides", rule.service or "rule"),
        won(rule.protocol, where, f"rule.{rule.name}", "the rule's address", redact_address(address)),
    ]
    if join.service:
        lines.append(lost("service", where, f"rule.{rule.name}", "a rule stands before what was found", join.service))
    if rule.scope:
        lines.append(note("service", where, f"rule.{rule.name}", f"the rule is for {rule.scope}"))
    return JoinInfo(
        service=rule.service or "rule",
        joinable=True,
        meeting_id=values.get("meeting_id"),
        passcode=values.get("passcode"),
        passcode_text=join.passcode_text if same else None,
        join_url=join.join_url if same else None,
        sip=(address,) if rule.protocol == "sip" else (),
        h323=(address,) if rule.protocol == "h323" else (),
        evidence=(*lines, *(join.evidence if same else ())),
    )


class _Places:
    """The texts by the places that rules name; links stand unwrapped in their place."""

    def __init__(self, event: ParsedEvent, organizer: str, organizer_email: str) -> None:
        self.organizer_email = organizer_email or (organizer if "@" in organizer and " " not in organizer else "")
        self.texts: dict[str, list[tuple[str, str]]] = {place: [] for place in PLACES}
        self.texts["organiser"].append(("organiser", _encodable(f"{organizer} {organizer_email}".strip())))
        for parsed in event.texts:
            place = "title" if is_title(parsed.where) else "location" if parsed.where.startswith("location") else "body"
            self.texts[place].append((parsed.where, _encodable(_with_links(parsed))))
            self.texts["link"] += [(parsed.where, _encodable(link.url.text)) for link in parsed.links]

    def matches(self, rule: Rule) -> Iterator[tuple[str, dict[str, str | None]]]:
        """(where, named groups) of each text that matches, in the order of the rule's places."""
        for place in rule.places:
            for where, text in self.texts[place]:
                match = rule.pattern.search(text)
                if match is not None:
                    yield where, match.groupdict()


def _encodable(text: str) -> str:
    """Half of a surrogate pair, which JSON can hold, is no letter that RE2 takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _with_links(parsed: ParsedText) -> str:
    """The visible text, each link written out where it stands, without what mail filters made of it."""
    out: list[str] = []
    at = 0
    for link in sorted(parsed.links, key=lambda link: link.at):
        out.append(parsed.text[at : link.at])
        at = link.at
        if parsed.text[at : at + 1] == LINK:
            at += 1
            out.append(link.url.text)
        else:
            out.append(f" {link.url.text} ")
    return "".join([*out, parsed.text[at:]])
