"""The description of a unit: what an AV technician writes in a TOML file, read and checked.

README.md beside this file explains every key with an example. Nothing here does I/O but ``load``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from lxml import etree

from device_drivers.api import UnitFacts, UnitProtocol
from device_drivers.generic_http import templates
from device_drivers.generic_http.patterns import BadPattern, pattern
from device_drivers.registry import nearest

BodyType = Literal["json", "xml", "form", "text"]
ReplyType = Literal["json", "xml", "text"]
AuthKind = Literal["none", "basic", "digest", "bearer", "header"]

LONGEST_TITLE = 128  # characters; a line on a panel
UNITS = Path(__file__).parent / "units"


class DescriptionError(ValueError):
    """The file cannot be used. ``problems``: one sentence each, with file and key."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


# ------------------------------------------------------------------------------------ what a description holds


@dataclass(frozen=True, slots=True)
class Match:
    """A reply matches when everything that is given holds. Given nothing, it never matches."""

    status: tuple[int, ...] = ()
    contains: str = ""
    where: str = ""  # JSON pointer, XPath or regular expression, as the reply's type asks
    equals: tuple[str, ...] = ()  # the value at ``where`` is one of these; none given: there is a value


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the unit and how to read the answer."""

    method: str
    path: str  # template, escaped for URLs
    success: Match
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""  # template, escaped as ``body_type`` asks
    body_type: BodyType = "text"
    reply: ReplyType = "text"
    read: Mapping[str, str] = field(default_factory=dict)  # our name for a value -> where it stands
    each: str = ""  # where the items of a list stand; ``read`` is then relative to an item
    also: Mapping[str, Match] = field(default_factory=dict)  # gone, refused, in_call: answers with a meaning
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # our word -> the unit's words for it


@dataclass(frozen=True, slots=True)
class Push:
    request: Request
    protocols: frozenset[str]  # what a Join button of this unit can dial
    booking: str  # template of one booking with a button
    booking_without_button: str = ""  # template of one without; "": the unit cannot show such a booking
    separator: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    label: str
    status: str
    default_port: int
    protocols: frozenset[str]
    auth: AuthKind
    auth_header: str
    busy: Match
    wrong_credentials: Match
    probe: Request
    dial: Request
    hang_up: Request | None = None
    calls: Request | None = None
    shown: Request | None = None
    push: Push | None = None

    @property
    def tells_calls_apart(self) -> bool:
        return self.calls is not None and "call_id" in self.calls.read

    @property
    def facts(self) -> UnitFacts:
        """What the sections of the file say that the unit can do."""
        offered = {UnitProtocol.PROBES, UnitProtocol.DIALS}
        offered |= {protocol for name, protocol in _OFFERS.items() if getattr(self, name) is not None}
        return UnitFacts(
            frozenset(offered),
            sip="sip" in self.protocols,
            h323="h323" in self.protocols,
            shows_without_button=self.push is not None and bool(self.push.booking_without_button),
            longest_title=LONGEST_TITLE,
        )


_OFFERS = {
    "hang_up": UnitProtocol.HANGS_UP,
    "calls": UnitProtocol.LISTS_CALLS,
    "shown": UnitProtocol.TELLS_SHOWN,
    "push": UnitProtocol.SHOWS,
}


# ------------------------------------------------------------------------------------ finding and reading the file


def shipped() -> tuple[str, ...]:
    return tuple(sorted(p.stem for p in UNITS.glob("*.toml")))


def locate(word: str) -> Path:
    """A shipped description's name or a path. Raises DescriptionError."""
    if word in shipped():
        return UNITS / f"{word}.toml"
    path = Path(word)
    if path.suffix == ".toml" and path.is_file():
        return path
    if path.suffix == ".toml":
        raise DescriptionError(
            f"The description {word} does not exist. A path that begins with ./ starts at the folder of connector.toml."
        )
    raise DescriptionError(f"There is no shipped description {word!r}. {nearest(word, shipped())}")


def load(path: Path) -> Description:
    """Read and check one file. Raises DescriptionError with every problem that was found."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DescriptionError(f"{path}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise DescriptionError(f"{path}: is not TOML: {error}") from error
    return _Reader(str(path)).description(data)


# ------------------------------------------------------------------------------------ checking

_MATCH_KEYS = ("status", "contains", "where", "equals")
_REQUEST_KEYS = ("method", "path", "headers", "body", "body_type", "reply", "success", "read")
_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_CALL_WORDS = ("dialling", "connected", "ended")


@dataclass(frozen=True, slots=True)
class _Section:
    """What one section may hold beside the keys of every request."""

    placeholders: tuple[str, ...] = templates.UNIT
    keys: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()  # of ``reads``


_SECTIONS: Mapping[str, _Section] = {
    "probe": _Section(reads=("product", "software", "serial_number", "in_call", "clock", "uptime_seconds")),
    "dial": _Section(templates.DIAL, ("refused", "protocol_words"), ("call_id", "cause")),
    "hang_up": _Section(templates.HANG_UP, ("gone",)),
    "calls": _Section(
        keys=("each", "in_call", "state_words"), reads=("call_id", "state", "remote", "booking_id", "outgoing")
    ),
    "shown": _Section(keys=("each",), reads=("booking_id", "end"), needed=("booking_id",)),
    "push": _Section(templates.PUSH, ("booking", "booking_without_button", "separator", "protocol_words")),
}
_TOP = ("unit", "auth", "answers", *_SECTIONS)


class _Reader:
    """Collects problems instead of stopping at the first: a technician mends a file in one go."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[str] = []

    def description(self, data: Mapping[str, Any]) -> Description:
        self.known("", data, _TOP)
        unit = self.table(data, "unit")
        self.known("unit", unit, ("label", "status", "default_port", "protocols"))
        auth = self.table(data, "auth")
        self.known("auth", auth, ("kind", "header"))
        answers = self.table(data, "answers")
        self.known("answers", answers, ("busy", "wrong_credentials"))
        requests = {name: self.request(name, data) for name in _SECTIONS if name in data}
        for name in ("unit", "probe", "dial"):
            if name not in data:
                self.wrong(name, "is missing; a description needs it")
        port = self.port(unit)
        protocols = self.protocols(unit)
        kind = self.one_of("auth.kind", auth.get("kind", "none"), ("none", "basic", "digest", "bearer", "header"))
        header = self.text("auth.header", auth)
        if kind == "header" and not _HEADER.fullmatch(header):
            self.wrong("auth.header", "must name the header that carries the password")
        # The reply's type is not known before the request is, so these two look at status and text only.
        busy = self.match("answers.busy", answers.get("busy", {"status": [429, 503]}), "text")
        refused = self.match(
            "answers.wrong_credentials", answers.get("wrong_credentials", {"status": [401, 403]}), "text"
        )
        label, status = self.text("unit.label", unit), self.text("unit.status", unit)
        push = self.push(data, requests["push"], protocols) if "push" in requests else None
        if self.problems:
            raise DescriptionError(*self.problems)
        return Description(
            label=label or Path(self.file).stem,
            status=status,
            default_port=port,
            protocols=protocols,
            auth=cast(AuthKind, kind),
            auth_header=header,
            busy=busy,
            wrong_credentials=refused,
            probe=requests["probe"],
            dial=requests["dial"],
            hang_up=requests.get("hang_up"),
            calls=requests.get("calls"),
            shown=requests.get("shown"),
            push=push,
        )

    # -------------------------------------------------------------------------------- sections

    def request(self, name: str, data: Mapping[str, Any]) -> Request:
        table, section = self.table(data, name), _SECTIONS[name]
        self.known(name, table, (*_REQUEST_KEYS, *section.keys))
        reply = cast(ReplyType, self.one_of(f"{name}.reply", table.get("reply", "text"), ("json", "xml", "text")))
        body_type = self.one_of(f"{name}.body_type", table.get("body_type", "text"), ("json", "xml", "form", "text"))
        request = Request(
            method=self.one_of(f"{name}.method", table.get("method", "GET"), _METHODS),
            path=self.path(name, table, section),
            success=self.match(f"{name}.success", table.get("success", {"status": [200]}), reply),
            headers=self.headers(name, table),
            body=self.text(f"{name}.body", table),
            body_type=cast(BodyType, body_type),
            reply=reply,
            read=self.read(name, table, section, reply),
            each=self.each(name, table, reply),
            also={k: self.match(f"{name}.{k}", table[k], reply) for k in ("gone", "refused", "in_call") if k in table},
            words=self.words(name, table),
        )
        self.template(f"{name}.body", request.body, request.body_type, section.placeholders)
        self.calls_are_readable(name, request)
        return request

    def push(self, data: Mapping[str, Any], request: Request, protocols: frozenset[str]) -> Push:
        table = self.table(data, "push")
        texts = {k: self.text(f"push.{k}", table) for k in ("booking", "booking_without_button", "separator")}
        if not texts["booking"]:
            self.wrong("push.booking", "is missing: the template of one booking")
        if "{bookings}" not in request.body:
            self.wrong("push.body", "must hold {bookings}, where the list goes")
        for key in ("booking", "booking_without_button"):
            if texts[key]:
                self.template(f"push.{key}", texts[key], request.body_type, templates.BOOKING)
        return Push(request, protocols, **texts)

    def calls_are_readable(self, name: str, request: Request) -> None:
        if name == "shown" and not request.each:
            self.wrong("shown.each", "is missing: where the bookings of the list stand")
        if name != "calls":
            return
        if bool(request.each) == ("in_call" in request.also):
            self.wrong("calls", "needs either each (where the calls of a list stand) or in_call (a unit with one call)")
        if request.each and "call_id" not in request.read:
            self.wrong("calls.read", "needs call_id, to tell the calls of a list apart")
        if "state" in request.read and not request.words:
            self.wrong("calls.state_words", "is missing: the unit's words for dialling, connected and ended")

    def path(self, name: str, table: Mapping[str, Any], section: _Section) -> str:
        path = self.text(f"{name}.path", table)
        if not path.startswith("/") or path.startswith("//"):
            self.wrong(f"{name}.path", "must begin with one /")
        elif not path.isascii() or re.search(r"[\s#]", path):
            self.wrong(f"{name}.path", "must hold no blanks, no # and nothing outside ASCII")
        self.template(f"{name}.path", path, "form", section.placeholders)
        return path

    def headers(self, name: str, table: Mapping[str, Any]) -> dict[str, str]:
        headers = self.table(table, "headers", f"{name}.headers")
        for key, value in headers.items():
            if not _HEADER.fullmatch(key) or not isinstance(value, str) or not value.isprintable():
                self.wrong(f"{name}.headers", f"holds {key!r}, which is no plain header with a text value")
            if key.lower() in ("authorization", "host", "content-length"):
                self.wrong(f"{name}.headers", f"must not set {key}; use [auth] for credentials")
        return dict(headers)

    def read(self, name: str, table: Mapping[str, Any], section: _Section, reply: ReplyType) -> dict[str, str]:
        read = self.table(table, "read", f"{name}.read")
        self.known(f"{name}.read", read, section.reads)
        for key in section.needed:
            if key not in read:
                self.wrong(f"{name}.read", f"needs {key}")
        for key, where in read.items():
            self.where(f"{name}.read.{key}", where, reply)
        return {k: str(v) for k, v in read.items()}

    def each(self, name: str, table: Mapping[str, Any], reply: ReplyType) -> str:
        if "each" not in table:
            return ""
        each = self.text(f"{name}.each", table)
        self.where(f"{name}.each", each, reply, group=False)
        return each

    def words(self, name: str, table: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        key, ours = ("state_words", _CALL_WORDS) if name == "calls" else ("protocol_words", ("sip", "h323"))
        words = self.table(table, key, f"{name}.{key}")
        self.known(f"{name}.{key}", words, ours)
        return {k: self.texts(f"{name}.{key}.{k}", v) for k, v in words.items()}

    def match(self, key: str, value: object, reply: ReplyType) -> Match:
        if not isinstance(value, dict) or not value:
            self.wrong(key, "must be a table such as { status = [200] }")
            return Match()
        self.known(key, value, _MATCH_KEYS)
        status = value.get("status", [])
        if not isinstance(status, list) or not all(type(s) is int and 100 <= s <= 599 for s in status):
            self.wrong(f"{key}.status", "must be a list of HTTP status codes")
            status = []
        where = value.get("where", "")
        if where != "":
            self.where(f"{key}.where", where, reply)
        if "equals" in value and not where:
            self.wrong(f"{key}.equals", "needs where: the place of the value")
        return Match(
            tuple(status),
            self.text(f"{key}.contains", value),
            str(where),
            self.texts(f"{key}.equals", value.get("equals", [])),
        )

    # -------------------------------------------------------------------------------- values

    def template(self, key: str, text: str, kind: str, names: tuple[str, ...]) -> None:
        for problem in templates.problems(text, kind, names):
            self.wrong(key, problem)

    def where(self, key: str, where: object, reply: ReplyType, *, group: bool = True) -> None:
        """A JSON pointer, an XPath or a regular expression, as the type of the reply asks."""
        if not isinstance(where, str):
            self.wrong(key, "must be text")
        elif reply == "json" and where != "" and not where.startswith("/"):
            self.wrong(key, f"{where!r} is no JSON pointer: it must begin with /")
        elif reply == "xml":
            try:
                etree.XPath(where)
            except etree.XPathError:
                self.wrong(key, f"{where!r} is no XPath")
        elif reply == "text":
            try:
                groups = pattern(where).groups
            except BadPattern as error:
                self.wrong(key, f"{where!r} is no regular expression that RE2 knows: {error}")
            else:
                if group and groups != 1:
                    self.wrong(key, f"{where!r} must have exactly one group, around the value")

    def protocols(self, unit: Mapping[str, Any]) -> frozenset[str]:
        protocols = self.texts("unit.protocols", unit.get("protocols", []))
        for word in protocols:
            self.one_of("unit.protocols", word, ("sip", "h323"))
        if not protocols and unit:
            self.wrong("unit.protocols", "is missing: a list of sip and h323, what the unit can dial")
        return frozenset(protocols)

    def port(self, unit: Mapping[str, Any]) -> int:
        port = unit.get("default_port", 443)
        if type(port) is not int or not 0 < port < 65536:
            self.wrong("unit.default_port", f"{port!r} must be a number from 1 to 65535")
            return 443
        return port

    def table(self, data: Mapping[str, Any], key: str, shown: str = "") -> Mapping[str, Any]:
        value = data.get(key, {})
        if isinstance(value, dict):
            return value
        self.wrong(shown or key, "must be a table")
        return {}

    def text(self, key: str, data: Mapping[str, Any]) -> str:
        value = data.get(key.rpartition(".")[2], "")
        if isinstance(value, str):
            return value
        self.wrong(key, "must be text")
        return ""

    def texts(self, key: str, value: object) -> tuple[str, ...]:
        values = [value] if isinstance(value, str) else value
        if isinstance(values, list) and all(isinstance(v, str) for v in values):
            return tuple(values)
        self.wrong(key, "must be text or a list of texts")
        return ()

    def one_of(self, key: str, value: object, allowed: tuple[str, ...]) -> str:
        if value not in allowed:
            self.wrong(key, f"is {value!r}. {nearest(str(value), allowed)}")
            return allowed[0]
        return str(value)

    def known(self, section: str, table: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
        for key in sorted(table.keys() - set(allowed)):
            self.wrong(f"{section}.{key}" if section else key, f"is not a known key. {nearest(key, allowed)}")

    def wrong(self, key: str, sentence: str) -> None:
        self.problems.append(f"{self.file}: {key} {sentence.removesuffix('.')}.")
