"""Odd input for every parser of what others send: replies of units, calendars, the texts of invitations.

Inputs grow from composed ones by the grammar that they are in: parts are cut, repeated, swapped, nested, put from one into
another, numbers and charsets become odd ones. It prints, for each parser: inputs tried, the slowest (ms per 100 kB; what
is shorter counts as 100 kB), what was raised beside the errors of its contract, and the share of its branches that were
reached where the package coverage is installed. Run: python -m benchmarks.fuzz [--inputs N] [--seed S] [--only WORD]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from benchmarks import fuzz_seeds as seeds
from connector.calendars.exchange.items import event_of, read_item
from connector.calendars.google.events import to_snapshot
from connector.calendars.graph.events import fingerprint_of, item_of, localised
from connector.calendars.icalendar_events import events_between
from connector.detection.detect import detect
from connector.errors import ConnectorError
from connector.model import SourceText, Window
from device_drivers import foreign, xml
from device_drivers.api import Booking, DialAddress, DriverError
from device_drivers.cisco import codec as cisco
from device_drivers.generic_http import codec, digest, replies
from device_drivers.generic_http.description import load, locate, shipped

SLOWEST = 100.0  # ms for 100 kB
_LONGEST = 120_000  # characters; what one input may grow to
_BERLIN = ZoneInfo("Europe/Berlin")
_NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
_WINDOW = Window(_NOW - timedelta(days=1), _NOW + timedelta(days=2))
_ADDRESS = DialAddress("sip", "81234567890.4321@zoomcrc.com")
_BOOKING = Booking("4711", "Weekly", _NOW, _NOW + timedelta(hours=1), "Ada", _ADDRESS)


@dataclass(frozen=True)
class Parser:
    """``read`` is given one input. ``errors``: what it may raise by its contract. ``modules``: whose branches count."""

    name: str
    seeds: Sequence[str]
    read: Callable[[str], object]
    errors: tuple[type[Exception], ...] = ()
    modules: tuple[str, ...] = ()


# ------------------------------------------------------------------------------------ parsers


def _cisco(text: str) -> None:
    root = xml.parse(text.encode("utf-8", "replace"))
    cisco.is_status(root)
    for read in (cisco.system_unit, cisco.system_time, partial(cisco.calls, root), partial(_cisco_results, text)):
        try:
            read(root)
        except DriverError:
            continue


def _cisco_results(text: str, root: etree._Element) -> None:
    cisco.sample(text)
    cisco.hide(text, _ADDRESS)
    cisco.profile_of(xml.text_of(root, "SystemUnit/Software/Version") or text[:50])
    for result in cisco.results(root):
        cisco.listed_ids(result, _NOW)
        cisco.call_number(result.text("CallId"))


def _described(name: str) -> Callable[[str], None]:
    unit = load(locate(name))
    requests = [r for r in (unit.probe, unit.dial, unit.hang_up, unit.calls, unit.shown) if r is not None]

    def read(text: str) -> None:
        answer = codec.Answer(200, text, foreign.is_web_page(text.encode("utf-8", "replace"), ""))
        for request in requests:
            codec.problem(unit, request, answer, ("4321",))
        for value in (
            lambda: codec.device_info(unit, answer),
            lambda: codec.dialled(unit.dial, answer, _ADDRESS, _BOOKING, True),
            lambda: unit.calls and codec.calls(unit.calls, answer),
            lambda: unit.shown and codec.shown_ids(unit.shown, answer, _NOW),
        ):
            try:
                value()
            except (replies.NotReadable, DriverError):
                continue

    return read


def _words(text: str) -> None:
    digest.answer(text, method="GET", uri="/", username="u", password="p", client_nonce="n")
    foreign.header_text(text)
    foreign.retry_after(text)
    foreign.decoded(text.encode("utf-8", "replace"), text, _LONGEST)
    foreign.sentence(text, "secret")
    foreign.moment(text[:40], "x")
    foreign.is_web_page(text.encode("utf-8", "replace"), text)


def _json(read: Callable[[Any], object]) -> Callable[[str], object]:
    """Whatever is no JSON, or no object, its transport refuses."""

    def parse(text: str) -> object:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return read(value) if isinstance(value, dict) else None

    return parse


def _graph(value: dict[str, Any]) -> None:
    fingerprint_of(value)
    event = item_of(value).event
    if event is not None:
        localised(event, _BERLIN)


def _ews(text: str) -> None:
    try:
        root = etree.fromstring(
            text.encode("utf-8", "replace"), etree.XMLParser(resolve_entities=False, no_network=True)
        )
    except etree.XMLSyntaxError:
        return
    item = read_item(root)
    if item is not None and hasattr(item, "start"):
        event_of(item, _BERLIN)


def _ics(text: str) -> None:
    events_between(text.encode("utf-8", "replace"), _WINDOW, _BERLIN)


def _detect(text: str) -> None:
    kind = "html" if "<" in text[:500] else "text"
    detect((SourceText("html" if kind == "html" else "description", kind, text),))


def parsers() -> tuple[Parser, ...]:
    described = tuple(
        Parser(f"unit described by {name}", seeds.DESCRIBED, _described(name), (), _GENERIC) for name in shipped()
    )
    return (
        Parser("cisco replies", seeds.CISCO, _cisco, (xml.MalformedXml, DriverError), _CISCO),
        *described,
        Parser("words and headers of units", seeds.CHALLENGES, _words, (DriverError,), _WORDS),
        Parser("iCalendar", seeds.ICS, _ics, (ConnectorError,), _ICAL),
        Parser("Exchange items", seeds.EWS, _ews, (), ("connector.calendars.exchange.items",)),
        Parser("Graph events", seeds.GRAPH, _json(_graph), (), ("connector.calendars.graph.events",)),
        Parser("Google events", seeds.GOOGLE, _json(lambda value: to_snapshot([value], "room@example.org", "reader", _BERLIN)),
               (), ("connector.calendars.google.events",)),
        Parser("detection", seeds.TEXTS, _detect, (), ("connector.detection",)),
    )  # fmt: skip


_CISCO = ("device_drivers.cisco.codec", "device_drivers.xml")
_GENERIC = ("device_drivers.generic_http.codec", "device_drivers.generic_http.replies")
_WORDS = ("device_drivers.foreign", "device_drivers.generic_http.digest")
_ICAL = ("connector.calendars.icalendar_events", "connector.calendars.ical_components", "connector.calendars.ical_rules",
         "connector.calendars.ical_series", "connector.calendars.ical_text", "connector.calendars.ical_texts",
         "connector.calendars.ical_zones")  # fmt: skip

# ------------------------------------------------------------------------------------ odd input

_PARTS = re.compile(r"<[^>]{0,500}>|\"[^\"\n]{0,200}\"|\r?\n|[0-9]+|[^\W\d_]+|\s+|.", re.DOTALL)
_ODD_NUMBERS = (
    "0",
    "-1",
    "9" * 25,
    "9" * 5000,
    "1e999",
    "²",
    "٣",
    "00000001",
    "4294967296",
    "1.5",
    "٠٠",
    "31",
    "366",
    "99",
)
_ODD_WORDS = (
    "", "\x00", "\x1b[2J", "\u202e", "\u2028", "\x85", "\ud800", "\ufeff", "é" * 50, "a" * 3000, "null", "NaN", "Infinity",
    "true", "[]", "{}", "<", ">", "&", "&amp;", "&#0;", "&#xFFFF;", "<![CDATA[", "]]>", "<!--", "-->", "<!DOCTYPE a>", "\\",
    "\\n", "\\ud800", ";", ":", "=", ",", "TZID=", "charset=punycode", "charset=utf-16", "0001-01-01T00:00:00+14:00",
    "99991231T235959Z", "P99999999D", "FREQ=SECONDLY", "BYMONTHDAY=31", "BYDAY=99MO", "COUNT=0", "Europe/Nowhere", "http://",
    "https://us02web.zoom.us/j/81234567890", "Passcode:", "@", "##", "sip:", "12345678901", "Meeting ID: 812 3456 7890 ",
)  # fmt: skip


def odd(chance: random.Random, given: Sequence[str]) -> str:
    """One input: a composed one, changed one to six times."""
    parts = _PARTS.findall(chance.choice(given))
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        parts = chance.choice(_CHANGES)(chance, parts, given) or [""]
    return "".join(parts)[:_LONGEST]


def _slice(chance: random.Random, parts: list[str]) -> tuple[int, int]:
    begin = chance.randrange(len(parts))
    return begin, min(len(parts), begin + chance.choice((1, 1, 2, 5, 20, 100)))


def _cut(chance: random.Random, parts: list[str], _: Sequence[str]) -> list[str]:
    begin, end = _slice(chance, parts)
    return parts[:begin] + (parts[end:] if chance.random() < 0.8 else [])


def _repeat(chance: random.Random, parts: list[str], _: Sequence[str]) -> list[str]:
    begin, end = _slice(chance, parts)
    length = max(1, sum(map(len, parts[begin:end])))
    times = min(chance.choice((2, 3, 10, 100, 100_000)), _LONGEST // length)
    return parts[:begin] + parts[begin:end] * times + parts[end:]


def _swap(chance: random.Random, parts: list[str], _: Sequence[str]) -> list[str]:
    first, second = chance.randrange(len(parts)), chance.randrange(len(parts))
    parts[first], parts[second] = parts[second], parts[first]
    return parts


def _splice(chance: random.Random, parts: list[str], given: Sequence[str]) -> list[str]:
    begin, end = _slice(chance, parts)
    others = _PARTS.findall(chance.choice(given))
    first, last = _slice(chance, others)
    return parts[:begin] + others[first:last] + parts[end:]


def _nest(chance: random.Random, parts: list[str], _: Sequence[str]) -> list[str]:
    begin, end = _slice(chance, parts)
    before, after = chance.choice((("<a>", "</a>"), ("[", "]"), ("{", "}"), ('{"a":', "}"), ("(", ")"), ("<p><b>", "</b>"),
                                   ("BEGIN:VEVENT\r\n", "END:VEVENT\r\n"), ("> ", "\n"), ("<!--", "-->")))  # fmt: skip
    times = chance.choice((1, 2, 50, 300, 5000))
    return [*parts[:begin], before * times, *parts[begin:end], after * times, *parts[end:]]


def _odd_number(chance: random.Random, parts: list[str], _: Sequence[str]) -> list[str]:
    numbers = [n for n, part in enumerate(parts) if part.isdecimal()]
    if numbers:
        parts[chance.choice(numbers)] = chance.choice(_ODD_NUMBERS)
    return parts


def _odd_word(chance: random.Random, parts: list[str], _: Sequence[str]) -> list[str]:
    place = chance.randrange(len(parts))
    if chance.random() < 0.5:
        parts[place] = chance.choice(_ODD_WORDS)
    else:
        parts.insert(place, chance.choice(_ODD_WORDS))
    return parts


def _odd_value(chance: random.Random, parts: list[str], _: Sequence[str]) -> list[str]:
    """A value of JSON becomes another one, where the whole is JSON still."""
    try:
        whole = json.loads("".join(parts))
    except (ValueError, RecursionError):
        return parts
    places = list(_places(whole))
    if places:
        holder, key = chance.choice(places)
        holder[key] = chance.choice(
            (None, True, -1, 1e300, "", "x", [], {}, [[]], {"a": []}, "0001-01-01", "9" * 30, [None])
        )
    return _PARTS.findall(json.dumps(whole))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, below in inner:
        yield value, key
        yield from _places(below)


_CHANGES = (_cut, _repeat, _swap, _splice, _nest, _odd_number, _odd_number, _odd_word, _odd_word, _odd_value)


# ------------------------------------------------------------------------------------ trying


@dataclass
class Found:
    """``slowest``: ms per 100 kB, with the input. ``raised``: by kind and place, with the first input of each."""

    tried: int = 0
    refused: int = 0
    slowest: tuple[float, str] = (0.0, "")
    raised: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)


def fuzz(parser: Parser, inputs: int, seed: int) -> Found:
    """The same inputs for the same seed."""
    chance, found = random.Random(f"{seed} {parser.name}"), Found()
    for text in parser.seeds:
        _try(parser, text, found)
    for _ in range(inputs - len(parser.seeds)):
        _try(parser, odd(chance, parser.seeds), found)
    return found


def _try(parser: Parser, text: str, found: Found) -> None:
    found.tried += 1
    began = time.perf_counter()
    try:
        parser.read(text)
    except parser.errors:
        found.refused += 1
    except Exception as error:  # whatever it is, is what was looked for
        frame = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno} {frame.name}"
        found.raised[what] += 1
        found.examples.setdefault(what, text)
    cost = (time.perf_counter() - began) * 1000 / max(1.0, len(text.encode("utf-8", "replace")) / 100_000)
    if cost > found.slowest[0]:
        found.slowest = (cost, text)


def _covered(modules: tuple[str, ...]) -> Any:
    """A measuring of branches; None where the package coverage is not installed."""
    if importlib.util.find_spec("coverage") is None:
        return None
    import coverage  # type: ignore[import-not-found,unused-ignore]  # an extra of whoever wants the figure

    return coverage.Coverage(branch=True, data_file=None, source_pkgs=list(modules), config_file=False)


def _share(measured: Any) -> tuple[float, list[str]]:
    """Of branches, and each module's."""
    reached = all_of_them = 0
    lines = []
    for file in sorted(measured.get_data().measured_files()):
        numbers = measured._analyze(file).numbers
        reached += numbers.n_executed_branches
        all_of_them += numbers.n_branches
        if numbers.n_branches:
            lines.append(f"{Path(file).name} {100 * numbers.n_executed_branches / numbers.n_branches:.0f} %")
    return (100 * reached / all_of_them if all_of_them else 100.0), lines


def _measured(parser: Parser, inputs: int, seed: int) -> str:
    measuring = _covered(parser.modules)
    if measuring is None:
        return "branches: not measured (no coverage)"
    with measuring.collect() if hasattr(measuring, "collect") else _started(measuring):
        fuzz(parser, inputs, seed)
    share, modules = _share(measuring)
    return f"branches reached: {share:.0f} % ({', '.join(modules)})"


def _started(measuring: Any) -> AbstractContextManager[None]:
    measuring.start()
    return nullcontext()


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(description="Odd input for every parser of what others send.")
    options.add_argument("--inputs", type=int, default=10_000, help="of each parser")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", default="", help="parsers with this word in their names")
    asked = options.parse_args(arguments)
    bad = 0
    for parser in parsers():
        if asked.only not in parser.name:
            continue
        found = fuzz(parser, asked.inputs, asked.seed)
        branches = _measured(parser, min(asked.inputs, 20_000), asked.seed)
        print(f"{parser.name}: {found.tried} inputs, {found.refused} refused, slowest {found.slowest[0]:.1f} ms per 100 kB, "
              f"{found.raised.total()} other errors; {branches}")  # fmt: skip
        for what, number in found.raised.most_common(10):
            print(f"    {number} x {what}: {found.examples[what][:300]!r}")
        if found.slowest[0] > SLOWEST:
            print(f"    slow: {found.slowest[1][:300]!r} ({len(found.slowest[1])} characters)")
        bad += found.raised.total() + (found.slowest[0] > SLOWEST)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
