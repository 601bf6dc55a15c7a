"""The log and a watcher hear everything in its order, and neither holds up nor breaks who publishes."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import events
from connector.events import Happened, Told
from connector.observe import logs
from connector.observe.sinks import Backlog, LogSink, WatcherSink
from connector.redaction import redact_fields

AT = datetime(2026, 11, 10, 9, 0, 0, 5, tzinfo=UTC)


def one(number: int, level: events.Level = "info", room: str = "") -> Told:
    return Told(AT, f"{level}.line", level, room, redact_fields({"number": number}))


def numbers(told: list[Told]) -> list[object]:
    return [each.fields["number"] for each in told if each.name != "log.dropped"]


class Pipe(io.StringIO):
    """Takes nothing until it is opened: a terminal that stopped, a reader that does not read."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()
        self.waiting = threading.Event()

    def write(self, text: str) -> int:
        self.waiting.set()
        assert self.open.wait(10)
        return super().write(text)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


# ------------------------------------------------------------------------------------ the queue


@given(st.lists(st.sampled_from(["debug", "info", "warning", "error"]), max_size=40), st.integers(1, 10))
def test_the_oldest_of_debug_and_info_go_and_warnings_never(levels: list[Any], most: int) -> None:
    backlog, every = Backlog(most), [one(n, level) for n, level in enumerate(levels)]
    for told in every:
        backlog.put(told)
    calm = [n for n, level in enumerate(levels) if level in ("debug", "info")]
    gone = calm[: max(len(calm) - most, 0)]
    found = backlog.take()
    assert numbers(found) == [n for n in range(len(levels)) if n not in gone]
    said = [(each.level, each.fields) for each in found if each.name == "log.dropped"]
    assert said == ([("warning", {"lines": len(gone)})] if gone else [])
    assert backlog.take() == []


# ------------------------------------------------------------------------------------ the log


def test_all_is_written_in_its_order_and_the_last_line_at_the_stop() -> None:
    stream = io.StringIO()
    logs.configure("json", stream=stream)
    with LogSink() as log:
        for number in range(500):
            log(one(number, room="aspen"))
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["number"] for line in lines] == list(range(500))
    assert lines[0] == {
        "event": "info.line",
        "level": "info",
        "timestamp": "2026-11-10T09:00:00.000005Z",  # when it happened, however long it waited
        "room": "aspen",
        "number": 0,
    }


def test_a_line_is_written_without_waiting_for_another_one() -> None:
    stream = Pipe()
    logs.configure("json", stream=stream)
    with LogSink() as log:
        log(one(1))
        assert stream.waiting.wait(10)
        stream.open.set()
    assert [line["number"] for line in stream.lines()] == [1]


def test_who_publishes_does_not_wait_for_a_reader_that_does_not_read() -> None:
    stream = Pipe()
    logs.configure("json", stream=stream)
    with LogSink(most=10) as log:
        log(one(0))
        assert stream.waiting.wait(10)
        for number in range(1, 101):
            log(one(number, "warning" if number % 10 == 0 else "info"))
        stream.open.set()
    lines = stream.lines()
    warnings = [line["number"] for line in lines if line["level"] == "warning" and "number" in line]
    assert warnings == list(range(10, 101, 10)), "no warning is ever dropped"
    newest = [n for n in range(1, 101) if n % 10][-10:]
    assert [line["number"] for line in lines if line["level"] == "info"] == [0, *newest]
    (dropped,) = [line for line in lines if line["event"] == "log.dropped"]
    assert (dropped["level"], dropped["lines"]) == ("warning", 80)


def test_a_reader_that_never_reads_does_not_hold_up_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    from connector.observe import sinks

    monkeypatch.setattr(sinks, "_LAST_WORDS", 0.05)
    stream = Pipe()
    logs.configure("json", stream=stream)
    with LogSink() as log:
        log(one(1))
    stream.open.set()


@pytest.mark.parametrize("error", [BrokenPipeError(), ValueError("I/O operation on closed file"), OSError(28, "full")])
def test_a_stream_that_is_gone_costs_its_lines_and_nothing_else(error: Exception) -> None:
    class Gone(io.StringIO):
        broken = True

        def write(self, text: str) -> int:
            if self.broken:
                raise error
            return super().write(text)

    stream = Gone()
    logs.configure("json", stream=stream)
    with LogSink() as log:
        log(one(1))
    stream.broken = False
    with LogSink() as log:
        log(one(2))
    assert [json.loads(line)["number"] for line in stream.getvalue().splitlines()] == [2]


# ------------------------------------------------------------------------------------ the watcher


async def test_a_watcher_is_called_after_the_publisher_went_on() -> None:
    seen: list[Mapping[str, Any]] = []
    sink = WatcherSink(seen.append, _nobody)
    for number in range(3):
        sink(one(number, room="aspen"))
    assert seen == []
    await asyncio.sleep(0)
    assert [line["number"] for line in seen] == [0, 1, 2]
    assert seen[0] == {"at": AT.isoformat(), "level": "info", "event": "info.line", "room": "aspen", "number": 0}
    sink(replace(one(3)))
    sink.flush()
    assert seen[-1]["number"] == 3


async def test_a_watcher_that_raises_is_told_of_no_more_and_that_is_said_once() -> None:
    seen: list[Mapping[str, Any]] = []
    said: list[Happened] = []

    def watcher(line: Mapping[str, Any]) -> None:
        seen.append(line)
        raise KeyError("a mistake of its own")

    sink = WatcherSink(watcher, said.append)
    for number in range(3):
        sink(one(number))
        await asyncio.sleep(0)
    assert len(seen) == 1
    assert said == [events.WatcherFailed(reason="KeyError: 'a mistake of its own'")]


def _nobody(event: Happened) -> None:
    raise AssertionError(event)
