"""The form of a line, its redaction, and that libraries take the same way."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, cast

import pytest
import structlog

from connector import events, redaction
from connector.engine.recorder import Recorder
from connector.observe import logs
from connector.observe.sinks import LogSink, WatcherSink
from connector.redaction import redact_fields
from connector.store.store import Store
from tests.support.clock import FakeClock

DIAL = "12345678901.4377@zoomcrc.com"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_its_name_its_level_its_time_and_what_was_bound() -> None:
    stream = io.StringIO()
    logs.configure("auto", stream=stream)
    with structlog.contextvars.bound_contextvars(room="aspen"):
        structlog.get_logger().info("dial.sent", booking="42", address=DIAL, passcode="4377")
    (line,) = lines(stream)
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {
        "event": "dial.sent",
        "level": "info",
        "room": "aspen",
        "booking": "42",
        "address": "12345678901.***@zoomcrc.com",
        "passcode": "***",
    }


def test_a_terminal_gets_a_readable_line_with_the_same_redaction() -> None:
    stream = Terminal()
    logs.configure("auto", stream=stream)
    structlog.get_logger().warning("dial.refused", address=DIAL)
    assert "dial.refused" in stream.getvalue()
    assert "4377" not in stream.getvalue()
    assert not stream.getvalue().startswith("{")


@pytest.mark.parametrize("format", ["json", "console"])
def test_exceptions_are_redacted_and_show_no_local_variables(format: logs.Format) -> None:
    stream = io.StringIO()
    logs.configure(format, stream=stream)
    hidden = "XQZ73XQZ"
    try:
        raise ConnectionError(f"no answer from {DIAL} for https://admin:{hidden}@codec.example.test")
    except ConnectionError:
        structlog.get_logger().exception("dial.unknown")
        logging.getLogger("aiohttp.client").exception("request with Cookie: SessionId=%s", hidden)
    text = stream.getvalue()
    assert text.count("ConnectionError") >= 2
    assert "4377" not in text
    assert hidden not in text


def test_library_lines_take_the_same_form_and_redaction() -> None:
    stream = io.StringIO()
    logs.configure("json", stream=stream)
    logging.getLogger("httpx2").warning("GET %s", "https://room:XQZ73XQZ@dav.example.test/cal")
    logging.getLogger("sqlalchemy.engine").warning("parameters %s", {"passcode": "4377", "password": "XQZ73XQZ"})
    logging.getLogger("aiohttp.access").info("not shown below warning")
    first, second = lines(stream)
    assert (first["event"], first["library"], first["level"]) == ("library.log", "httpx2", "warning")
    assert first["message"] == "GET https://dav.example.test/…"  # the path may be a secret, too
    assert "4377" not in str(second) and "XQZ" not in str(second)


def test_the_level_holds_back_the_daemons_lines_and_debug_opens_the_libraries() -> None:
    stream = io.StringIO()
    logs.configure("json", level="warning", stream=stream)
    structlog.get_logger().info("calendar.read")
    assert stream.getvalue() == ""
    logs.configure("json", level="debug", stream=stream)
    logging.getLogger("aiohttp.access").info("now shown")
    assert [line["message"] for line in lines(stream)] == ["now shown"]  # once: the first handler is gone


def test_a_logger_made_before_the_configuration_follows_it() -> None:
    early = structlog.get_logger()
    stream = io.StringIO()
    logs.configure("json", stream=stream)
    early.info("daemon.started")
    assert [line["event"] for line in lines(stream)] == ["daemon.started"]


async def record(event: events.Happened, told: list[dict[str, Any]], written: list[Any]) -> None:
    """As the daemon does it: to the history, the log and a watcher."""

    class Memory:
        def calendar_lease(self, source: str) -> None:
            return None

        def save_event(self, lease: None, room: str, event: str, at: datetime, detail: Mapping[str, Any]) -> Any:
            return detail

        def post(self, *writes: Any) -> None:
            written.extend(writes)

    with LogSink() as log:
        watcher = WatcherSink(told.append, lambda failed: recorder.publish(failed))
        recorder = Recorder(FakeClock(), cast(Store, Memory()), log, watcher)
        recorder.publish(event)
        watcher.flush()


async def test_secrets_are_kept_from_log_history_watcher_and_listener() -> None:
    stream = io.StringIO()
    logs.configure("json", stream=stream)
    told: list[dict[str, Any]] = []
    heard: list[dict[str, object]] = []
    written: list[Any] = []
    leave = logs.subscribe(heard.append)
    await record(Spilling(room="aspen"), told, written)
    leave()
    for text in (stream.getvalue(), repr(told), repr(heard), repr(written)):
        assert "12345678901.***@zoomcrc.com" in text
        assert not any(secret in text for secret in ("4377", "XQZ", "QVFBWg"))
    (line,) = lines(stream)
    assert line["room"] == "aspen" and line["event"] == "dial.refused" and line["level"] == "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spilling(events.OfRoom):
    """With a secret in whatever a field may be."""

    name: ClassVar[str] = "dial.refused"
    level: ClassVar[events.Level] = "warning"
    address: str = DIAL
    passcode: str = "4377"
    reason: str = f"{DIAL} said password=XQZ73XQZ"
    header: str = f"Authorization: Basic {'QVFBWg' * 2}"
    deep: object = field(
        default_factory=lambda: {"token": ["XQZ73XQZ"], "error": ConnectionError(f"https://admin:XQZ73XQZ@{DIAL}")}
    )


async def test_what_is_bound_beside_an_event_is_redacted_too() -> None:
    stream = io.StringIO()
    logs.configure("json", stream=stream)
    with structlog.contextvars.bound_contextvars(bound=f"Authorization: Basic {'QVFBWg' * 2}", passcode="4377"):
        structlog.get_logger().info("dial.refused", fields=redact_fields({"address": DIAL}))
    assert "12345678901.***@zoomcrc.com" in stream.getvalue()
    assert not any(secret in stream.getvalue() for secret in ("4377", "QVFBWg"))


async def test_a_field_of_an_event_is_redacted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    logs.configure("json", stream=io.StringIO())
    seen: list[str] = []
    real = redaction.redact_text

    def counted(text: str) -> str:
        seen.append(text)
        return real(text)

    monkeypatch.setattr(redaction, "redact_text", counted)
    await record(Spilling(room="aspen"), [], [])
    assert seen.count(DIAL) == 1


def test_fields_that_only_look_redacted_are_redacted() -> None:
    """Whatever somebody passes under the recorder's own word."""
    stream = io.StringIO()
    logs.configure("json", stream=stream)
    structlog.get_logger().info("dial.sent", fields={"address": DIAL, "passcode": "4377"})
    logging.getLogger("httpx2").warning("call", extra={"fields": {"address": DIAL}})
    assert "4377" not in stream.getvalue()
    assert "12345678901.***@zoomcrc.com" in stream.getvalue()


def test_an_exception_beside_redacted_fields_is_redacted() -> None:
    stream = io.StringIO()
    logs.configure("json", stream=stream)
    try:
        raise ConnectionError(f"no answer from {DIAL}")
    except ConnectionError:
        structlog.get_logger().exception("dial.unknown", fields=redact_fields({"address": DIAL}))
    assert "4377" not in stream.getvalue()
    assert lines(stream)[0]["address"] == "12345678901.***@zoomcrc.com"


def test_listeners_get_redacted_lines_until_they_leave() -> None:
    logs.configure("json", stream=io.StringIO())
    heard: list[dict[str, object]] = []
    leave = logs.subscribe(heard.append)
    structlog.get_logger().info("dial.sent", address=DIAL)
    leave()
    leave()
    structlog.get_logger().info("dial.answered")
    assert [(e["event"], e.get("address")) for e in heard] == [("dial.sent", "12345678901.***@zoomcrc.com")]


@pytest.mark.parametrize(("format", "level"), [("yaml", "info"), ("json", "loud")])
def test_unknown_words_are_refused(format: logs.Format, level: str) -> None:
    with pytest.raises(ValueError, match="unknown log"):
        logs.configure(format, level=level)
