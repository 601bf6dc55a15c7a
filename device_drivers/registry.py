"""Finds drivers: installed entry points of one group become records. One bad driver never stops the others.

Built-in drivers come through the same door as strangers': the entry-point group ``connector.device_drivers``,
whose values name a ``DriverPlug``.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal

from device_drivers.api import DriverManifest, DriverPlug, UnitFacts, UnitProtocol

GROUP = "connector.device_drivers"

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KEYS = frozenset({"name", "label", "facts", "options", "default_port", "status"})
_NEEDED = ("name", "label", "facts")
_FLAGS = ("sip", "h323", "shows_without_button")
_LIMITS = ("longest_title", "most_bookings", "hours_ahead")
_FORMER = ("Capability", "DeviceEvent", "capabilities", "delivery")  # names that are gone from the contract
_WAS_FORMER = (
    "it was written for a former driver contract. Its manifest must state facts (protocols, sip, h323, ...) instead of "
    "capabilities and delivery; see docs/how-to/write-a-driver.md."
)


class ManifestError(ValueError):
    """A manifest cannot be used; the message is a sentence that names the file and the key."""


class UnknownDriver(LookupError):
    """No driver has this name; the message suggests the nearest one. ``str()`` is the sentence."""


@dataclass(frozen=True, slots=True)
class DriverRecord:
    """What became of one entry point. ``plug`` is there when, and only when, ``status`` is ``ready``."""

    name: str
    status: Literal["ready", "failed"]
    reason: str = ""  # a sentence, for failed ones
    plug: DriverPlug | None = None


# ------------------------------------------------------------------------------------ looking drivers up


@cache
def records() -> tuple[DriverRecord, ...]:
    """Every installed driver, ready or failed, by name. Read once in a process."""
    return load(entry_points(group=GROUP))


def names() -> tuple[str, ...]:
    """The names of ``records``, ready or failed, without loading a driver."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def find(name: str) -> DriverRecord:
    """The record of one driver; it may be a failed one. ``UnknownDriver`` when there is none."""
    for record in records():
        if record.name == name:
            return record
    raise UnknownDriver(f"There is no driver {name!r}. {nearest(name, [r.name for r in records()])}")


def load(points: Iterable[EntryPoint]) -> tuple[DriverRecord, ...]:
    """Load entry points one by one; whatever goes wrong with one is its own reason."""
    found: dict[str, DriverRecord] = {}
    for point in points:
        if point.name in found:
            found[point.name] = _failed(point.name, "Two installed packages offer a driver of this name; remove one.")
        else:
            found[point.name] = _record(point)
    return tuple(found[name] for name in sorted(found))


def nearest(word: str, words: Iterable[str]) -> str:
    """``Did you mean 'x'?``, else the list of what there is."""
    known = sorted(words)
    close = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(known) or 'none'}."


def _record(point: EntryPoint) -> DriverRecord:
    try:
        plug: object = point.load()
    # SystemExit too: a stranger's module that leaves the process must not take the daemon with it.
    except (Exception, SystemExit) as error:
        if _is_former(error):
            return _failed(point.name, f"{point.value} cannot be loaded ({error}): {_WAS_FORMER}")
        return _failed(point.name, f"{point.value} cannot be loaded: {type(error).__name__}: {error}")
    if not isinstance(plug, DriverPlug):
        return _failed(point.name, f"{point.value} is a {type(plug).__name__}, not a DriverPlug.")
    problem = _plug_problem(point.name, plug)
    return _failed(point.name, problem) if problem else DriverRecord(point.name, "ready", plug=plug)


def _failed(name: str, reason: str) -> DriverRecord:
    return DriverRecord(name, "failed", reason)


def _is_former(error: BaseException) -> bool:
    """Whether a driver failed to load over a name that the contract had once."""
    return isinstance(error, ImportError | TypeError | AttributeError) and any(
        re.search(rf"\b{name}\b", str(error)) for name in _FORMER
    )


def _plug_problem(name: str, plug: Any) -> str:  # a DriverPlug, but a stranger may have put anything into it
    manifest = plug.manifest
    if not isinstance(manifest, DriverManifest):
        return f"Its manifest is a {type(manifest).__name__}, not a DriverManifest."
    if manifest.name != name:
        return f"Its manifest says name {manifest.name!r}; the entry point says {name!r}. They must be the same."
    facts: Any = manifest.facts
    if not isinstance(facts, UnitFacts):
        return f"Its manifest has no facts: {_WAS_FORMER}"
    unknown = facts.protocols - set(UnitProtocol)
    if unknown:
        return f"Its manifest declares {sorted(unknown)[0]!r}, which is no protocol of a unit."
    if not callable(plug.open):
        return "Its plug has no function to open a unit with."
    return ""


# ------------------------------------------------------------------------------------ manifests


def load_manifest(path: Path) -> DriverManifest:
    """Read a ``manifest.toml``. Raises ManifestError with a sentence."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(f"{path}: is not TOML: {error}") from error
    if data.keys() & set(_FORMER):
        raise ManifestError(f"{path}: {_WAS_FORMER}")
    for key in sorted(data.keys() - _KEYS):
        raise ManifestError(f"{path}: unknown key {key!r}. {nearest(key, _KEYS)}")
    for key in _NEEDED:
        if key not in data:
            raise ManifestError(f"{path}: key {key!r} is missing.")
    return _manifest(path, data)


def _manifest(path: Path, data: Mapping[str, Any]) -> DriverManifest:
    name = _text(path, data, "name")
    if not _NAME.fullmatch(name):
        raise ManifestError(f"{path}: name {name!r} must be small letters, digits and underscores.")
    return DriverManifest(
        name=name,
        label=_text(path, data, "label"),
        facts=_facts(path, data["facts"]),
        options=_options(path, data.get("options", {})),
        default_port=_port(path, data.get("default_port", 443)),
        status=_text(path, data, "status"),
    )


def _text(path: Path, data: Mapping[str, Any], key: str) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise ManifestError(f"{path}: {key} must be text.")
    return value


def _facts(path: Path, facts: object) -> UnitFacts:
    if not isinstance(facts, dict):
        raise ManifestError(f"{path}: facts must be a table.")
    known = ("protocols", *_FLAGS, *_LIMITS)
    for key in sorted(facts.keys() - set(known)):
        raise ManifestError(f"{path}: unknown key 'facts.{key}'. {nearest(key, known)}")
    hours = _limit(path, facts, "hours_ahead")
    return UnitFacts(
        protocols=_protocols(path, facts.get("protocols")) | {UnitProtocol.PROBES},
        **{key: _flag(path, facts, key) for key in _FLAGS},
        longest_title=_limit(path, facts, "longest_title"),
        most_bookings=_limit(path, facts, "most_bookings"),
        how_far_ahead=None if hours is None else timedelta(hours=hours),
    )


def _protocols(path: Path, words: object) -> frozenset[UnitProtocol]:
    if not isinstance(words, list):
        raise ManifestError(f"{path}: facts.protocols must be a list of words.")
    known = {str(protocol) for protocol in UnitProtocol}
    for word in words:
        if word not in known:
            raise ManifestError(f"{path}: {word!r} is no protocol of a unit. {nearest(str(word), known)}")
    return frozenset(UnitProtocol(word) for word in words)


def _flag(path: Path, facts: Mapping[str, Any], key: str) -> bool:
    value = facts.get(key, False)
    if not isinstance(value, bool):
        raise ManifestError(f"{path}: facts.{key} must be true or false.")
    return value


def _limit(path: Path, facts: Mapping[str, Any], key: str) -> int | None:
    value = facts.get(key)
    if value is not None and (type(value) is not int or not 0 < value <= 100_000):
        raise ManifestError(f"{path}: facts.{key} {value!r} must be a number from 1 to 100000.")
    return value


def _options(path: Path, options: object) -> dict[str, str]:
    if not isinstance(options, dict) or not all(isinstance(v, str) for v in options.values()):
        raise ManifestError(f"{path}: options must be a table of name = sentence.")
    return options


def _port(path: Path, port: object) -> int:
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536:
        raise ManifestError(f"{path}: default_port {port!r} must be a number from 1 to 65535.")
    return port
