"""Streaming notifications: groups of rooms, each with a thread and a connection of its own.

A stream only triggers. Whatever is wrong with one, its subscriptions are dropped and made anew, without the old
watermark, and every room of the group is looked at again; until then the poll covers them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from connector.calendars.exchange.client import Client
from connector.calendars.exchange.mailboxes import Mailboxes
from connector.calendars.exchange.transport import Call
from connector.errors import AccessDenied, CalendarError, CredentialsRejected
from connector.events import CalendarStreamLost, CalendarSubscriptionFailed, Publish
from connector.retry import backoff

GROUP = 200  # subscriptions that one GetStreamingEvents takes
_SERVER = 3  # mailboxes in a row that cannot be subscribed to


@dataclass(frozen=True, slots=True)
class StreamTimings:
    """``minutes``: the longest life of one connection (1 to 30). ``silence``: seconds without a byte, not even a
    heartbeat, after which it counts as dead. ``first_wait``: seconds after a first failure."""

    minutes: int = 5
    silence: float = 120.0
    first_wait: float = 1.0
    denied_wait: float = 900.0  # before a room that refused is asked again
    broken_wait: float = 60.0  # the same, for one that could not answer
    lived: float = 30.0  # a stream that lasted as long begins its failures anew
    teardown: float = 2.0  # for giving subscriptions back at the end


class Streams:
    """``heard`` and ``publish`` are called from threads: with a calendar, and with what became of a stream."""

    def __init__(self, client: Client, timings: StreamTimings, heard: Callable[[str], None], publish: Publish) -> None:
        self._client = client
        self._timings = timings
        self._heard = heard
        self._publish = publish
        self._groups: list[_Group] = []

    def add(self, calendar: str) -> None:
        if any(each.has(calendar) for each in self._groups):
            return
        group = next((each for each in self._groups if each.room_left), None)
        if group is None:
            group = _Group(self._client, self._timings, self._heard, self._publish)
            self._groups.append(group)
        group.add(calendar)

    def remove(self, calendar: str) -> None:
        for group in self._groups:
            group.remove(calendar)

    def covers(self, calendar: str) -> bool:
        """Whether changes of it are being told now."""
        return any(group.covers(calendar) for group in self._groups)

    def stop(self) -> None:
        """Blocks until every thread has ended; a few seconds at most."""
        for group in self._groups:
            group.stop()
        for group in self._groups:
            group.join(self._timings.teardown + 3)


class _Group:
    def __init__(self, client: Client, timings: StreamTimings, heard: Callable[[str], None], publish: Publish) -> None:
        self._client = client
        self._timings = timings
        self._heard = heard
        self._publish = publish
        self._changed = threading.Condition()
        self._wanted: dict[str, None] = {}
        self._subscribed: dict[str, str] = {}  # calendar to subscription
        self._denied: dict[str, float] = {}  # calendar to when it may be asked again
        self._complaints: dict[str, str] = {}  # calendar -> why it could not be subscribed, as it was told
        self._listening: Call | None = None
        self._anchor = ""  # the mailbox that all requests of one connection name, to meet on one server
        self._live_since: float | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None

    # -------------------------------------------------------------------------------- from the event loop

    @property
    def room_left(self) -> bool:
        return len(self._wanted) < GROUP

    def has(self, calendar: str) -> bool:
        return calendar in self._wanted

    def covers(self, calendar: str) -> bool:
        return self._live_since is not None and calendar in self._subscribed

    def add(self, calendar: str) -> None:
        with self._changed:
            self._wanted[calendar] = None
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="exchange stream", daemon=True)
                self._thread.start()
            self._wake()

    def remove(self, calendar: str) -> None:
        with self._changed:
            if self._wanted.pop(calendar, 0) is None:
                self._wake()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._wake()

    def join(self, seconds: float) -> None:
        if self._thread is not None:
            self._thread.join(seconds)

    def _wake(self) -> None:
        self._changed.notify_all()
        if self._listening is not None:
            self._listening.abort()

    # -------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        failures = 0
        while not self._stopping:
            line, self._anchor = None, ""
            try:
                line = self._client.line()
                while not self._stopping:
                    self._settle(line)
                    self._listen(line)
                    failures = 0
            except Exception as error:  # streams fail in every way there is, and each means the same
                lived = self._live_since is not None and time.monotonic() - self._live_since >= self._timings.lived
                failures = 1 if lived else failures + 1
                self._lost(error, failures)
            finally:
                self._live_since = None
                if line is not None:
                    self._teardown(line)
                    line.close()
            if failures:
                self._wait(backoff(failures, first=timedelta(seconds=self._timings.first_wait)).total_seconds())

    def _settle(self, line: Mailboxes) -> None:
        """Subscribes what is wanted and is not yet, gives back what is not wanted any more; waits for a first room."""
        while not self._stopping:
            missing, unwanted = self._differences()
            for calendar in unwanted:
                self._give_back(line, calendar)
            self._subscribe_all(line, missing)
            with self._changed:
                if self._subscribed and not any(self._differences()):
                    return
                if not any(self._differences()):
                    self._changed.wait(60.0)  # until a room comes, or one that refused may be asked again

    def _differences(self) -> tuple[list[str], list[str]]:
        now = time.monotonic()
        with self._changed:
            missing = [
                each for each in self._wanted if each not in self._subscribed and self._denied.get(each, 0.0) <= now
            ]
            return missing, [each for each in self._subscribed if each not in self._wanted]

    def _subscribe_all(self, line: Mailboxes, calendars: list[str]) -> None:
        """A mailbox that cannot be had costs only itself, whatever the reason; several in a row are the server."""
        refused: dict[str, CalendarError] = {}
        in_a_row = 0
        for calendar in calendars:
            if self._stopping:
                return
            try:
                self._subscribe(line, calendar)
                in_a_row = 0
            except CredentialsRejected:
                raise
            except CalendarError as error:
                refused[calendar] = error
                in_a_row += not isinstance(error, AccessDenied)
                if in_a_row == _SERVER or (in_a_row and not self._subscribed and calendar == calendars[-1]):
                    raise
        for calendar, why in refused.items():
            wait = self._timings.denied_wait if isinstance(why, AccessDenied) else self._timings.broken_wait
            self._denied[calendar] = time.monotonic() + wait
            if self._complaints.get(calendar) != str(why):  # told once, however often it is tried again
                self._complaints[calendar] = str(why)
                self._publish(CalendarSubscriptionFailed(reason=str(why)))

    def _subscribe(self, line: Mailboxes, calendar: str) -> None:
        anchor = self._anchor or calendar
        subscription = self._client.work(calendar, lambda: line.subscribe(calendar, anchor), Call())
        self._anchor = anchor
        with self._changed:
            self._subscribed[calendar] = subscription
            self._denied.pop(calendar, None)
            self._complaints.pop(calendar, None)
        self._heard(calendar)  # what happened before the subscription was told to nobody

    def _listen(self, line: Mailboxes) -> None:
        call = Call()
        with self._changed:
            if self._stopping or any(self._differences()):
                return
            self._listening = call
            names = {subscription: calendar for calendar, subscription in self._subscribed.items()}
        started = time.monotonic()
        try:
            self._client.work("", lambda: self._follow(line, names), call, long=True)
        except CalendarError:
            if not call.aborted:
                raise
            for calendar in names.values():  # what was on its way when we hung up is lost
                self._heard(calendar)
        finally:
            with self._changed:
                self._listening = None
        if time.monotonic() - started < 1.0 and not call.aborted:
            self._wait(1.0)  # a server that closes at once is not asked in a loop

    def _follow(self, line: Mailboxes, names: dict[str, str]) -> None:
        stream = line.stream(
            self._anchor, list(names), self._timings.minutes, self._timings.silence, sign_of_life=self._is_live
        )
        for subscription in stream:
            calendar = names.get(subscription)
            if calendar is not None:
                self._heard(calendar)

    def _is_live(self) -> None:
        if self._live_since is None:
            self._live_since = time.monotonic()

    def _lost(self, error: Exception, failures: int) -> None:
        self._live_since = None
        with self._changed:
            self._subscribed.clear()
        if failures == 1 and not self._stopping:
            reason = str(error) if isinstance(error, CalendarError) else type(error).__name__
            self._publish(CalendarStreamLost(reason=reason))

    def _give_back(self, line: Mailboxes, calendar: str) -> None:
        with self._changed:
            subscription = self._subscribed.pop(calendar, None)
        if subscription is not None:
            with suppress(CalendarError):  # it ends by itself when nobody listens
                self._client.work(calendar, lambda: line.unsubscribe(calendar, subscription), Call())

    def _teardown(self, line: Mailboxes) -> None:
        until = time.monotonic() + self._timings.teardown
        for calendar in list(self._subscribed):
            if time.monotonic() < until:
                self._give_back(line, calendar)
        self._subscribed.clear()

    def _wait(self, seconds: float) -> None:
        with self._changed:
            if seconds and not self._stopping:
                self._changed.wait(seconds)
