"""structlog, set up once: JSON lines for machines, colours for a terminal, and one redaction before either.

Lines of the libraries (aiohttp, sqlalchemy, httpx2, uvicorn ... through the standard ``logging``) get the same form and
the same redaction. ``subscribe`` hands every line of the daemon's own, redacted, to a listener; the demo lives on it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Literal, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

from connector.events import LibraryLog
from connector.observe.library_lines import hide_links
from connector.redaction import Redacted, redact_fields

Format = Literal["auto", "json", "console"]
Listener = Callable[[dict[str, object]], None]

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_HANDLER_NAME = "connector"
_listeners: list[Listener] = []


def configure(format: Format = "auto", level: str = "info", stream: TextIO | None = None) -> None:
    """Send everything to ``stream`` (standard error when None). ``auto``: console on a terminal, else JSON.

    ``level`` is for the daemon's own lines; libraries speak from warning on, or from info on when it is debug.
    May be called again; the last call counts. Raises ValueError for an unknown level or format.
    """
    if level not in _LEVELS:
        raise ValueError(f"unknown log level {level!r}; there are {', '.join(_LEVELS)}")
    if format not in ("auto", "json", "console"):
        raise ValueError(f"unknown log format {format!r}; there are auto, json, console")
    target = stream if stream is not None else sys.stderr
    renderer = _renderer(format, target)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *_shared(), _redact, _tell_listeners, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,  # so that a later call to configure reaches loggers made at import
    )
    _route_library_logs(renderer, target, logging.INFO if level == "debug" else logging.WARNING)


def subscribe(listener: Listener) -> Callable[[], None]:
    """Call ``listener`` with each redacted line of the daemon from now on; the returned function ends it.

    Lines below the configured level are not made, so they are not told either.
    """
    _listeners.append(listener)

    def unsubscribe() -> None:
        if listener in _listeners:
            _listeners.remove(listener)

    return unsubscribe


# ------------------------------------------------------------------------------------ processors


def _shared() -> list[Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.MaybeTimeStamper(fmt="iso", utc=True),  # events bring the time at which they happened
        structlog.processors.StackInfoRenderer(),
        # Tracebacks become text here, before the redaction: a message may hold an address.
        structlog.processors.format_exc_info,
    ]


def _redact(logger: object, method: str, event: EventDict) -> EventDict:
    """What was redacted for the history, too, is not redacted again; everything beside it is."""
    done = event.pop("fields", None)
    if not isinstance(done, Redacted):
        return redact_fields(event if done is None else {**event, "fields": done})
    return {**done, **redact_fields(event)}


def _tell_listeners(logger: object, method: str, event: EventDict) -> EventDict:
    for listener in tuple(_listeners):
        listener(dict(event))
    return event


def _renderer(format: Format, stream: TextIO) -> Processor:
    if format == "json" or (format == "auto" and not stream.isatty()):
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    # plain_traceback: the pretty ones print local variables, and those hold passwords.
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=24
    )


def _add_library_name(logger: object, method: str, event: EventDict) -> EventDict:
    """``event`` stays a stable name; what the library wrote is its ``message``."""
    record: logging.LogRecord = event["_record"]
    return {**event, "event": LibraryLog.name, "library": record.name, "message": event["event"]}


def _route_library_logs(renderer: Processor, stream: TextIO, level: int) -> None:
    formatter = ProcessorFormatter(
        foreign_pre_chain=[_add_library_name, *_shared()],
        processors=[ProcessorFormatter.remove_processors_meta, hide_links, _redact, renderer],
        use_get_message=True,
    )
    handler = logging.StreamHandler(stream)
    handler.name = _HANDLER_NAME
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in [h for h in root.handlers if h.name == _HANDLER_NAME]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
