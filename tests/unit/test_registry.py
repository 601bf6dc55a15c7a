"""The registry: every entry point becomes a record, and a bad one only harms itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest

from device_drivers import registry
from device_drivers.api import DriverManifest, DriverPlug, Endpoint, UnitFacts, UnitProtocol
from device_drivers.registry import DriverRecord, ManifestError, UnknownDriver, find, load, load_manifest

_MANIFEST = DriverManifest("good", "A good one", UnitFacts(frozenset({UnitProtocol.DIALS}), sip=True))


def _open(_: Endpoint) -> object:
    raise AssertionError("nothing is opened by loading")


_PLUG = DriverPlug(_MANIFEST, _open)  # type: ignore[arg-type]  # is never called


@pytest.fixture
def strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Modules that other people installed."""
    module = ModuleType("stranger_good")
    module.plug = _PLUG  # type: ignore[attr-defined]
    module.misnamed = replace(_PLUG, manifest=replace(_MANIFEST, name="else"))  # type: ignore[attr-defined]
    module.untyped = replace(_PLUG, manifest={"name": "untyped"})  # type: ignore[attr-defined, arg-type]
    module.fancy = replace(  # type: ignore[attr-defined]
        _PLUG,
        manifest=replace(_MANIFEST, name="fancy", facts=UnitFacts(frozenset({"fly"}))),  # type: ignore[arg-type]
    )
    module.shut = replace(_PLUG, manifest=replace(_MANIFEST, name="shut"), open=None)  # type: ignore[attr-defined, arg-type]
    module.no_facts = replace(  # type: ignore[attr-defined]
        _PLUG,
        manifest=DriverManifest("no_facts", "By position", "push", frozenset({"dial"})),  # type: ignore[arg-type]
    )
    monkeypatch.setitem(sys.modules, "stranger_good", module)
    (tmp_path / "stranger_raises.py").write_text("raise RuntimeError('no licence file')")
    (tmp_path / "stranger_exits.py").write_text("raise SystemExit(3)")
    (tmp_path / "stranger_typo.py").write_text("def plug(:\n")
    (tmp_path / "stranger_former.py").write_text("from device_drivers.api import Capability, DriverManifest\n")
    (tmp_path / "stranger_former_words.py").write_text(
        "from device_drivers.api import DriverManifest, DriverPlug\n"
        "plug = DriverPlug(DriverManifest(name='x', label='X', delivery='push', capabilities=frozenset()), open)\n"
    )
    (tmp_path / "former.toml").write_text('name = "f"\nlabel = "F"\ndelivery = "pull"\ncapabilities = ["dial"]\n')
    (tmp_path / "stranger_former_file.py").write_text(
        "from pathlib import Path\nfrom device_drivers.api import DriverPlug\n"
        "from device_drivers.registry import load_manifest\n"
        "plug = DriverPlug(load_manifest(Path(__file__).with_name('former.toml')), open)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in ("raises", "exits", "typo", "former", "former_words", "former_file"):
        sys.modules.pop(f"stranger_{name}", None)


def _load(*points: tuple[str, str]) -> dict[str, DriverRecord]:
    return {r.name: r for r in load(EntryPoint(name, value, registry.GROUP) for name, value in points)}


@pytest.mark.usefixtures("strangers")
@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("raises", "stranger_raises:plug", "RuntimeError: no licence file"),
        ("exits", "stranger_exits:plug", "SystemExit: 3"),
        ("typo", "stranger_typo:plug", "SyntaxError"),
        ("absent", "stranger_absent:plug", "ModuleNotFoundError"),
        ("no_such_word", "stranger_good:other", "AttributeError"),
        ("wrong_type", "sys:path", "is a list, not a DriverPlug"),
        ("wrong_name", "stranger_good:misnamed", "says name 'else'; the entry point says 'wrong_name'"),
        ("untyped", "stranger_good:untyped", "not a DriverManifest"),
        ("fancy", "stranger_good:fancy", "declares 'fly'"),
        ("shut", "stranger_good:shut", "no function to open"),
        # Of a former contract: a word that is gone from the wall, one that is gone from the manifest, a manifest file
        # of then, and one built by position.
        ("former", "stranger_former:plug", "was written for a former driver contract"),
        ("former_words", "stranger_former_words:plug", "was written for a former driver contract"),
        ("former_file", "stranger_former_file:plug", "was written for a former driver contract"),
        ("no_facts", "stranger_good:no_facts", "has no facts: it was written for a former driver contract"),
    ],
)
def test_a_bad_driver_becomes_a_record_with_its_reason(name: str, value: str, reason: str) -> None:
    found = _load(("good", "stranger_good:plug"), (name, value))
    assert found[name].status == "failed"
    assert found[name].plug is None
    assert reason in found[name].reason
    assert found["good"] == DriverRecord("good", "ready", plug=_PLUG)


@pytest.mark.usefixtures("strangers")
def test_two_packages_with_one_name_disable_that_name_only() -> None:
    found = _load(("good", "stranger_good:plug"), ("fancy", "stranger_good:fancy"), ("fancy", "stranger_good:plug"))
    assert found["good"].status == "ready"
    assert "Two installed packages" in found["fancy"].reason


def test_built_in_drivers_come_through_the_same_door() -> None:
    assert find("generic_http").status == "ready"
    assert "cisco" in {record.name for record in registry.records()}


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownDriver, match=r"There is no driver 'generic-http'\. Did you mean 'generic_http'\?"):
        find("generic-http")
    with pytest.raises(UnknownDriver, match="Known: cisco, generic_http"):
        find("zzz")


_GOOD = """
name = "tester"
label = "For tests"
default_port = 8443
status = "never tried"
[facts]
protocols = ["dials", "shows"]
sip = true
longest_title = 80
most_bookings = 12
hours_ahead = 36
[options]
speed = "How fast."
"""


def test_a_manifest_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "manifest.toml"
    path.write_text(_GOOD)
    expected = DriverManifest(
        "tester",
        "For tests",
        UnitFacts(
            frozenset({UnitProtocol.PROBES, UnitProtocol.DIALS, UnitProtocol.SHOWS}),
            sip=True,
            longest_title=80,
            most_bookings=12,
            how_far_ahead=timedelta(hours=36),
        ),
        {"speed": "How fast."},
        8443,
        "never tried",
    )
    assert load_manifest(path) == expected


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("[facts]", 'delivery = "push"', "was written for a former driver contract"),
        ("[facts]", 'capabilities = ["dial"]', "was written for a former driver contract"),
        ("[facts]", "[other]", "unknown key 'other'"),
        ("[facts]", "[options]", "is not TOML"),
        ('"dials", "shows"', '"dails"', "'dails' is no protocol of a unit. Did you mean 'dials'?"),
        ('["dials", "shows"]', '"dials"', "facts.protocols must be a list of words"),
        ("sip = true", "sip = 1", "facts.sip must be true or false"),
        ("sip = true", "sipp = true", "unknown key 'facts.sipp'. Did you mean 'sip'?"),
        ("longest_title = 80", "longest_title = 0", "facts.longest_title 0 must be a number"),
        ("hours_ahead = 36", 'hours_ahead = "36"', "facts.hours_ahead '36' must be a number"),
        ("8443", "0", "default_port 0 must be a number from 1 to 65535"),
        ("8443", "true", "default_port True must be a number"),
        ("default_port", "defalt_port", "unknown key 'defalt_port'. Did you mean 'default_port'?"),
        ('"tester"', '"No Good"', "name 'No Good' must be small letters"),
        ('"tester"', "7", "name must be text"),
        ('"How fast."', "3", "options must be a table of name = sentence"),
        ("label", "= label", "is not TOML"),
    ],
)
def test_a_mistake_in_a_manifest_is_a_sentence_with_the_file(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    path = tmp_path / "manifest.toml"
    path.write_text(_GOOD.replace(old, new, 1))
    with pytest.raises(ManifestError) as caught:
        load_manifest(path)
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_manifest_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read"):
        load_manifest(tmp_path / "none.toml")
