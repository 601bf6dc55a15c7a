"""``connector drivers``: lists and checks, with true exit statuses."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result

from connector.cli.commands.drivers import drivers_group as app
from device_drivers import registry
from device_drivers.generic_http import plug
from device_drivers.registry import DriverRecord
from device_drivers.testing.conformance import CHECKS

_QUICK = "entering_opens_nothing"


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.fixture
def with_a_broken_one(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = DriverRecord("broken", "failed", "broken:plug cannot be loaded: ImportError: no module.")
    mute = DriverRecord("mute", "ready", plug=replace(plug, simulator=None))
    monkeypatch.setattr(registry, "records", lambda: (broken, DriverRecord("generic_http", "ready", plug=plug), mute))


@pytest.mark.usefixtures("with_a_broken_one")
def test_the_list_shows_bad_drivers_with_their_reason() -> None:
    result = _run("list")
    assert result.exit_code == 1
    assert "ImportError: no module" in result.stdout
    assert "generic_http" in result.stdout
    rows = {row["name"]: row for row in json.loads(_run("list", "--json").stdout)}
    assert rows["broken"]["status"] == "failed"
    assert rows["generic_http"]["can"] == ["dials", "probes"]
    assert "never tried" in rows["generic_http"]["tried_on"] or "none was tried" in rows["generic_http"]["tried_on"]


@pytest.mark.usefixtures("with_a_broken_one")
def test_what_cannot_be_checked_is_bad_input() -> None:
    for words, sentence in (
        (("conform", "generic-http"), "Did you mean 'generic_http'?"),
        (("conform", "broken"), "The driver broken cannot be used"),
        (("conform", "generic_http", "--check", "dials_sipp"), "Did you mean 'dials_sip'?"),
    ):
        result = _run(*words)
        assert result.exit_code == 2
        assert sentence in result.stderr


def test_a_check_is_run_and_told() -> None:
    result = _run("conform", "generic_http", "--check", _QUICK)
    assert result.exit_code == 0
    assert f"ok            {_QUICK}" in result.stdout
    assert "generic_http: 1 ok, 0 failed, 0 not declared by the unit." in result.stdout


@pytest.mark.usefixtures("with_a_broken_one")
def test_a_failure_is_told_and_is_the_exit_status() -> None:
    result = _run("conform", "mute", "--json")
    assert result.exit_code == 1
    rows = json.loads(result.stdout)
    assert len(rows) == len(CHECKS)
    assert {(row["status"], row["reason"]) for row in rows} == {
        ("failed", "The driver has no simulator, so nothing can be shown.")
    }
