"""Who left something behind: each test answers for the processes, threads and transports that it started.

Without this, a process or an unclosed socket is found by the garbage collector at some later moment, and the test that
happens to run then is red. Fixtures of a module or of the session may keep what they started while setting up.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support import patience

_GRACE = 2.0  # seconds in which what was told to end may end
_COLLECTED = frozenset({"socket.__new__", "subprocess.Popen", "sqlite3.connect"})  # what warns when it is not closed
_STARTED = frozenset({"subprocess.Popen", "os.fork", "os.posix_spawn"})
_TASKS = Path("/proc/self/task")  # where there is none, processes are not looked for


class Leaks:
    """A pytest plugin. ``slow``: whether a test may start a process."""

    def __init__(self) -> None:
        self._kept: set[int] = set()  # processes of fixtures that outlive a test
        self._threads: set[threading.Thread] = set()  # theirs
        self._opened = False
        self._programs: list[str] = []
        sys.addaudithook(self._hear)  # cannot be taken off again: it lasts as long as the process, as this plugin does

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in _COLLECTED:
            self._opened = True
        if event in _STARTED:
            self._programs.append(str(arguments[0]) if arguments else event)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
        if fixturedef.scope == "function":
            return (yield)
        with self._keeping():
            return (yield)

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        children, threads, programs = _children(), set(threading.enumerate()), list(self._programs)
        yield
        self._kept |= _children() - children
        self._threads |= set(threading.enumerate()) - threads
        self._programs = programs

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        gc.freeze()  # modules and tests: collecting after a test is then a matter of what the test made

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._opened, self._programs = False, []
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        yield
        if self._opened:
            gc.collect()  # what was not closed warns now, and pytest gives the warning to this test
        problems = [*self._left_processes(), *self._left_threads()]
        if self._programs and item.get_closest_marker("fast"):
            problems.append(f"it is marked fast and starts {self._programs[0]}: mark it slow")
        if problems:
            pytest.fail(f"{item.nodeid} left things behind or is marked wrongly: {'; '.join(problems)}", pytrace=False)

    def _left_processes(self) -> Iterator[str]:
        with suppress(AssertionError):
            patience.wait_until(lambda: not _children() - self._kept, within=_GRACE if self._programs else 0)
        for child in _children() - self._kept:
            yield f"process {child} ({_command(child)}) still runs"
            _end(child)

    def _left_threads(self) -> Iterator[str]:
        with suppress(AssertionError):
            patience.wait_until(lambda: not self._strange_threads(), within=_GRACE)
        for thread in self._strange_threads():
            yield f"thread {thread.name!r} still runs"
            self._threads.add(thread)  # told once

    def _strange_threads(self) -> set[threading.Thread]:
        return set(threading.enumerate()) - self._threads - _BEFORE


def _children() -> set[int]:
    """Processes of ours that have not been waited for."""
    found: set[int] = set()
    with suppress(OSError):
        for task in os.listdir(_TASKS):
            with suppress(OSError):
                found |= set(map(int, (_TASKS / task / "children").read_text().split()))
    return found


def _command(process: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()[:200]
    return "gone"


def _end(process: int) -> None:
    with suppress(OSError):
        os.kill(process, signal.SIGKILL)
    with suppress(OSError):
        os.waitpid(process, 0)


_BEFORE = set(threading.enumerate())  # of the runner
