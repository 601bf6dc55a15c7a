"""What holds for every test: one hypothesis profile, one patience, marks, and who left what behind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
import pytest_timeout
from hypothesis import HealthCheck, settings

from tests.support import patience
from tests.support.leaks import Leaks

# A deadline would judge the machine: how long an example takes is measured where it is the point.
settings.register_profile("connector", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("connector")

# Tests that start a process or talk to a foreign program. Others that do are marked where they stand; one that is
# forgotten fails with a sentence (tests/support/leaks.py).
_SLOW_PLACES = ("tests/browser/", "tests/end_to_end/", "tests/calendars/core/test_nothing_leaks.py")
_SLOW_FIXTURES = frozenset({"radicale"})
_SLOW_KINDS = frozenset({"PjsuaSipAgent"})  # as a parameter: it runs in a process of its own

# Tests that work for more than about a second: they measure a cost, or play hundreds of histories.
_HARD = (
    "tests/calendars/core/test_ending.py",
    "tests/calendars/core/test_secret_links.py",
    "tests/calendars/test_garbage.py",
    "tests/conformance/test_builtin.py::test_other_cisco_firmware_keeps_the_contract",
    "tests/engine/test_crashes.py",
    "tests/unit/demo/test_story.py",
    "tests/unit/detection/test_total.py",
    "tests/unit/detection/test_zoom_cost.py",
    "tests/unit/planning/test_plan_properties.py",
    "tests/unit/settings/test_load_rooms.py::test_any_",
    "tests/unit/settings/test_load_rooms.py::test_good_rows_survive_any_neighbours",
    "tests/unit/vault/test_rotate.py::test_everything_is_sealed_anew_while_the_daemon_runs",
    "tests/zoom_account/test_notices.py::test_garbage_with_a_signature_is_an_answer",
)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Leaks(), "leaks")


def pytest_sessionstart(session: pytest.Session) -> None:
    """At the top, also with -q, which leaves the header out. Workers have no terminal."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(
            f"patience: {patience.factor():.1f} ({patience.VARIABLE} sets it; a busy machine raises it)"
        )


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    for item in items:
        slow = item.get_closest_marker("slow") or _is_slow(item)
        item.add_marker("slow" if slow else "fast")


def _is_slow(item: pytest.Item) -> bool:
    fixtures = _SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ()))
    given = getattr(item, "callspec", None)
    kinds = {getattr(value, "__name__", "") for value in given.params.values()} if given else set()
    return bool(fixtures or kinds & _SLOW_KINDS) or item.nodeid.startswith((*_SLOW_PLACES, *_HARD))


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> Any:
    """pytest-timeout's own, with patience."""
    patient = settings._replace(timeout=patience.seconds(settings.timeout))
    return pytest_timeout.pytest_timeout_set_timer(item, patient)
