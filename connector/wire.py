"""Model <-> JSON, with a version: what the store keeps, and later what the bus carries. Pure.

``dump_x`` writes ``{"version": 1, "value": ...}``; ``load_x`` reads that, and the bare value that rows had before there
was a version. What is damaged, or of a version that this program does not know, is one error: ``WireError``. Its
message names the place and never the content, which may be a passcode.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from connector.errors import ConnectorError
from connector.model import Meeting, RoomPlan
from device_drivers.api import DeviceInfo, Receipt, UnitProtocol

VERSION = 1
_T = TypeVar("_T")
_HEAD = re.compile(rb'\{"version":(\d{1,9}),"value":')  # how everything begins that has a version, as ``dump`` wrote it


class WireError(ConnectorError):
    """The content cannot be read: it is damaged, or a newer version wrote it. The message holds none of it."""


class _Form(Generic[_T]):
    """One kind of value: how it is called in a sentence, and its JSON. Made when it is first used: that takes longer
    than most commands."""

    def __init__(self, name: str, kind: Any) -> None:
        self._name = name
        self._kind = kind

    @cached_property
    def _adapter(self) -> TypeAdapter[_T]:
        return TypeAdapter(self._kind)

    def dump(self, value: _T) -> bytes:
        return b'{"version":%d,"value":%s}' % (VERSION, self._adapter.dump_json(value))

    def load(self, data: bytes | str) -> _T:
        return self._loaded(data, _in_utc)

    def load_as_it_is(self, data: bytes | str) -> _T:
        """With times as Pydantic makes them: for what is shown, and never written again."""
        return self._loaded(data, lambda value: value)

    def _loaded(self, data: bytes | str, finished: Callable[[_T], _T]) -> _T:
        try:
            return finished(self._adapter.validate_json(self._bare(data)))
        except ValidationError as error:
            raise WireError(f"the {self._name} cannot be read ({_place(error)})") from None
        except (ValueError, TypeError, OverflowError):  # of times that no calendar has, or of no text at all
            raise WireError(f"the {self._name} cannot be read") from None

    def _bare(self, data: bytes | str) -> bytes:
        """The value alone. What has no version is of the time before there was one."""
        raw = data.encode() if isinstance(data, str) else bytes(data)
        head = _HEAD.match(raw)
        if head is None:
            return raw
        if int(head[1]) != VERSION:
            raise WireError(f"the {self._name} is of version {int(head[1])}, which this program does not know")
        if not raw.endswith(b"}"):
            raise WireError(f"the {self._name} cannot be read: its end is missing")
        return raw[head.end() : -1]


_MEETINGS = _Form[list[Meeting]]("list of meetings", list[Meeting])
_PLAN = _Form[RoomPlan]("plan", RoomPlan)
_RECEIPT = _Form[Receipt]("receipt", Receipt)
_INFO = _Form[DeviceInfo]("unit's description", DeviceInfo)


def dump_meetings(meetings: Iterable[Meeting]) -> bytes:
    """UTF-8 JSON. It holds passcodes: seal it."""
    return _MEETINGS.dump(list(meetings))


def load_meetings(data: bytes | str) -> tuple[Meeting, ...]:
    """Raises WireError, as every ``load_x``."""
    return tuple(_MEETINGS.load(data))


def dump_plan(plan: RoomPlan) -> bytes:
    """UTF-8 JSON. It holds titles and passcodes: seal it."""
    return _PLAN.dump(plan)


def load_plan(data: bytes | str) -> RoomPlan:
    """With the digest that it had when it was dumped. Raises WireError."""
    return _PLAN.load(data)


@dataclass(frozen=True, slots=True)
class PlannedMeeting:
    """As much of a decision as a listing of many rooms shows. Its times are in UTC, and are only compared and shown."""

    title: str
    start: AwareDatetime
    end: AwareDatetime
    outcome: str  # of Decision


@dataclass(frozen=True, slots=True)
class _PlanInShort:
    decisions: tuple[PlannedMeeting, ...]


_PLAN_IN_SHORT = _Form[_PlanInShort]("plan", _PlanInShort)


def load_planned_meetings(data: bytes | str) -> tuple[PlannedMeeting, ...]:
    """Of what ``dump_plan`` made: in a twentieth of the time that the whole plan takes. Raises WireError."""
    return _PLAN_IN_SHORT.load_as_it_is(data).decisions


def dump_receipt(receipt: Receipt) -> str:
    """JSON of ids and reasons, without a secret."""
    return _RECEIPT.dump(receipt).decode()


def load_receipt(data: bytes | str) -> Receipt:
    """Raises WireError."""
    return _RECEIPT.load(data)


def dump_info(info: DeviceInfo) -> str:
    """JSON of what a probe told, without a secret."""
    return _INFO.dump(info).decode()


def load_info(data: bytes | str) -> DeviceInfo:
    """A row of a version that had capabilities is read into the facts of now. Raises WireError."""
    return _INFO.load(_with_facts(data))


# What a row of a former version says a unit can, in the words of now. Titles were cut at 128 for every unit then.
_FORMER_WORDS = {
    "push": UnitProtocol.SHOWS,
    "shown": UnitProtocol.TELLS_SHOWN,
    "dial": UnitProtocol.DIALS,
    "hang_up": UnitProtocol.HANGS_UP,
    "calls": UnitProtocol.LISTS_CALLS,
}
_FORMER_TITLE = 128


def _with_facts(data: bytes | str) -> bytes | str:
    """As it is, where it has facts or cannot be read: the form says what is wrong with it."""
    try:
        found = json.loads(data)
        if not isinstance(found, dict) or "capabilities" not in found:
            return data
        words = [word for word in found.pop("capabilities") if isinstance(word, str)]
    except (ValueError, TypeError, RecursionError):
        return data
    protocols = {UnitProtocol.PROBES} | {_FORMER_WORDS[word] for word in words if word in _FORMER_WORDS}
    facts = {
        "protocols": sorted(protocols),
        "sip": "sip" in words,
        "h323": "h323" in words,
        "shows_without_button": "show_without_button" in words,
        "longest_title": _FORMER_TITLE,
    }
    return json.dumps(found | {"facts": facts})


def dump_options(options: Iterable[tuple[str, str]]) -> str:
    """A unit's driver options, which are texts and references."""
    return json.dumps(dict(options))


def load_options(data: bytes | str) -> tuple[tuple[str, str], ...]:
    """Raises WireError."""
    try:
        found = json.loads(data)
    except (ValueError, TypeError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise WireError("a unit's options cannot be read")
    return tuple(found.items())


def dump_detail(detail: Mapping[str, Any]) -> str:
    """The fields of one event, redacted by who tells it; a time or an address in it becomes text."""
    return json.dumps(detail, default=str)


def load_detail(data: bytes | str) -> dict[str, Any]:
    """Raises WireError."""
    try:
        found = json.loads(data)
    except (ValueError, TypeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise WireError("the fields of an event cannot be read")
    return found


def _place(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["type"])))


def _in_utc(value: _T) -> _T:
    """``value`` with every time in it in ``datetime.UTC``, as it was before it was stored. Pydantic reads times with a
    zone class of its own, which is equal but prints otherwise, and a booking list's digest is made of its print."""
    fresh: Any = value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        fresh = value.astimezone(UTC)
    elif isinstance(value, tuple | list):
        fresh = type(value)(_in_utc(item) for item in value)
    elif is_dataclass(value) and not isinstance(value, type):
        fresh = replace(value, **{f.name: _in_utc(getattr(value, f.name)) for f in fields(value)})
    return cast(_T, fresh)
