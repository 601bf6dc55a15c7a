"""Streaming notifications: groups of rooms, each with a thread and a connection of its own.

A stream only triggers. Whatever is wrong with one, its subscriptions are dropped and made anew, without the old
watermark, and every room of the group is looked at again; until then the poll covers them. What is wrong with one
mailbox costs that one only: refused, it is left out and asked for again later; where it keeps the server waiting, it
moves to a group for its like.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from connector.calendars.exchange.client import Client
from connector.calendars.exchange.errors import SubscriptionsRefused
from connector.calendars.exchange.giving_back import Given, give_back
from connector.calendars.exchange.mailboxes import Mailboxes
from connector.calendars.exchange.transport import Call
from connector.errors import AccessDenied, CalendarError, CredentialsRejected
from connector.events import CalendarStreamLost, CalendarSubscriptionFailed, Publish
from connector.retry import backoff

T = TypeVar("T")

GROUP = 200  # subscriptions that one GetStreamingEvents takes
_SERVER = 3  # mailboxes in a row that cannot be subscribed to
_PROBES = 40  # requests to find which subscriptions the server refuses, where it does not say
_MOST_LEFT = 1_000  # subscriptions of streams that were lost, kept to be given back


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
    subscribe: float = 5.0  # for one mailbox to be subscribed to, while the others wait
    teardown: float = 4.0  # for giving subscriptions back at the end


class Streams:
    """``heard`` and ``publish`` are called from threads: with a calendar, and with what became of a stream."""

    def __init__(self, client: Client, timings: StreamTimings, heard: Callable[[str], None], publish: Publish) -> None:
        self._client = client
        self._timings = timings
        self._heard = heard
        self._publish = publish
        self._lock = threading.Lock()
        self._groups: list[_Group] = []
        self._slow: _Group | None = None  # of mailboxes that keep the server waiting, so that they delay no others

    def add(self, calendar: str) -> None:
        with self._lock:
            if any(each.has(calendar) for each in self._groups):
                return
            usual = (each for each in self._groups if each is not self._slow and each.room_left)
            group = next(usual, None) or self._new_group(self._set_apart)
        group.add(calendar)

    def _new_group(self, set_apart: Callable[[str, str], bool] | None) -> _Group:
        group = _Group(self._client, self._timings, self._heard, self._publish, set_apart)
        self._groups.append(group)
        return group

    def _set_apart(self, calendar: str, why: str) -> bool:
        """From the thread of its group. False: it was taken out meanwhile, or there is no place."""
        with self._lock:
            group = next((each for each in self._groups if each.has(calendar)), None)
            if group is None or (self._slow is not None and not self._slow.room_left):
                return False
            group.remove(calendar)
            self._slow = self._slow or self._new_group(None)
            self._slow.add(calendar, after=self._timings.broken_wait, why=why)
            return True

    def remove(self, calendar: str) -> None:
        with self._lock:
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
    """``set_apart(calendar, why)``: takes a mailbox that does not answer; None in the group of those."""

    def __init__(
        self,
        client: Client,
        timings: StreamTimings,
        heard: Callable[[str], None],
        publish: Publish,
        set_apart: Callable[[str, str], bool] | None,
    ) -> None:
        self._client = client
        self._timings = timings
        self._heard = heard
        self._publish = publish
        self._set_apart = set_apart
        self._changed = threading.Condition()
        self._wanted: dict[str, None] = {}
        self._subscribed: dict[str, str] = {}  # calendar to subscription
        self._left: list[Given] = []  # of streams that were lost
        self._denied: dict[str, float] = {}  # calendar to when it may be asked again
        self._complaints: dict[str, str] = {}  # calendar -> why it could not be subscribed, as it was told
        self._working: Call | None = None  # what waits for the server and can be ended
        self._listening: Call | None = None
        self._anchor = ""  # the mailbox that all requests of one connection name, to meet on one server
        self._refused_anchors = 0  # since the stream was last alive
        self._refused_once: set[str] = set()  # calendars, likewise
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

    def add(self, calendar: str, *, after: float = 0.0, why: str = "") -> None:
        """``after``: seconds before it is asked for; ``why``: what was told of it already."""
        with self._changed:
            self._wanted[calendar] = None
            if after:
                self._denied[calendar] = time.monotonic() + after
                self._complaints[calendar] = why
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
            if self._working is not None:
                self._working.abort()

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
                    line.close()
                self._give_all_back()
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
                    self._changed.wait(self._patience())  # until a room comes, or one may be asked again

    def _patience(self) -> float:
        now = time.monotonic()
        waits = [at - now for calendar, at in self._denied.items() if calendar in self._wanted and at > now]
        return min([60.0, *waits])

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
        slow: set[str] = set()
        in_a_row = 0
        for calendar in calendars:
            if self._stopping:
                return
            began = time.monotonic()
            try:
                self._subscribe(line, calendar)
                in_a_row = 0
            except CredentialsRejected:
                raise
            except CalendarError as error:
                refused[calendar] = error
                if time.monotonic() - began > self._timings.subscribe / 2:
                    slow.add(calendar)
                in_a_row += not isinstance(error, AccessDenied)
                alone = not self._subscribed and calendar == calendars[-1] and self._set_apart is not None
                if (in_a_row == _SERVER and self._set_apart is not None) or (in_a_row and alone and not slow):
                    raise
        for calendar, why in refused.items():
            self._leave_out(calendar, why, slow=calendar in slow)

    def _leave_out(self, calendar: str, why: CalendarError, *, slow: bool = False) -> None:
        """Until it is asked for again; told once, however often it is tried."""
        wait = self._timings.denied_wait if isinstance(why, AccessDenied) else self._timings.broken_wait
        with self._changed:
            self._denied[calendar] = time.monotonic() + wait
        if self._complaints.get(calendar) != str(why):
            self._complaints[calendar] = str(why)
            self._publish(CalendarSubscriptionFailed(reason=str(why)))
        if slow and self._set_apart is not None:
            self._set_apart(calendar, str(why))

    def _subscribe(self, line: Mailboxes, calendar: str) -> None:
        anchor = self._anchor or calendar
        subscription = self._bounded(calendar, lambda: line.subscribe(calendar, anchor))
        self._anchor = anchor
        with self._changed:
            self._subscribed[calendar] = subscription
            self._denied.pop(calendar, None)
            self._complaints.pop(calendar, None)
        self._heard(calendar)  # what happened before the subscription was told to nobody

    def _bounded(self, calendar: str, request: Callable[[], T]) -> T:
        """One that hangs is cut off, also when the group is to end: the others wait for it."""
        call = Call()
        timer = threading.Timer(self._timings.subscribe, call.abort)
        timer.daemon = True
        with self._changed:
            self._working = call
            if self._stopping:
                call.abort()
        timer.start()
        try:
            return self._client.work(calendar, request, call)
        finally:
            timer.cancel()
            with self._changed:
                self._working = None

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
        except SubscriptionsRefused as refused:
            self._part_from(self._refused_of(line, refused, names), refused)
            return  # the others are listened to again at once
        except AccessDenied as denied:
            self._change_anchor(denied)
            return
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

    def _refused_of(self, line: Mailboxes, refused: SubscriptionsRefused, names: dict[str, str]) -> list[str]:
        """The calendars that are meant. Raises it again where no single ones are."""
        bad = [each for each in refused.subscriptions if each in names]
        if not bad:
            bad = list(names) if len(names) == 1 else self._found_by_halves(line, list(names))
        if not bad or (refused.lost and len(bad) == len(names)):  # as after a restart of the server
            raise refused
        return [names[each] for each in bad]

    def _found_by_halves(self, line: Mailboxes, subscriptions: list[str]) -> list[str]:
        """Where the server does not name them: those whose half it refuses, again and again."""
        bad: list[str] = []
        halves = [subscriptions]
        for _ in range(_PROBES):
            if not halves or self._stopping:
                return bad
            half = halves.pop()
            if self._is_streamed(line, half):
                continue
            if len(half) == 1:
                bad += half
            else:
                halves += [half[: len(half) // 2], half[len(half) // 2 :]]
        return []

    def _is_streamed(self, line: Mailboxes, subscriptions: list[str]) -> bool:
        """Raises what has nothing to do with single subscriptions."""
        seen: list[bool] = []

        def alive() -> None:
            seen.append(True)
            raise EOFError  # enough was seen

        def follow() -> None:
            for _ in line.stream(self._anchor, subscriptions, 1, self._timings.subscribe, sign_of_life=alive):
                return

        try:
            self._client.work("", follow, Call(), long=True)
        except SubscriptionsRefused:
            return False
        except CalendarError:
            if not seen:
                raise
        return True

    def _part_from(self, calendars: list[str], refused: SubscriptionsRefused) -> None:
        """A subscription that is only lost is made anew, once."""
        for calendar in calendars:
            self._set_down(calendar)
            if not refused.lost or calendar in self._refused_once:
                self._leave_out(calendar, refused)
            self._refused_once.add(calendar)

    def _set_down(self, calendar: str) -> None:
        """It is not listened to any more; what the server may still hold of it is given back at the end."""
        with self._changed:
            subscription = self._subscribed.pop(calendar, None)
            if subscription is not None:
                self._left = [*self._left, Given(calendar, subscription, self._anchor)][-_MOST_LEFT:]

    def _change_anchor(self, denied: AccessDenied) -> None:
        """The mailbox that led to the server is refused: another one leads there."""
        with self._changed:
            following = next((each for each in self._subscribed if each != self._anchor), "")
        self._refused_anchors += 1
        if self._anchor not in self._subscribed or not following or self._refused_anchors > _SERVER:
            raise denied
        self._set_down(self._anchor)
        self._leave_out(self._anchor, denied)
        self._anchor = following

    def _is_live(self) -> None:
        self._refused_anchors = 0
        self._refused_once.clear()
        if self._live_since is None:
            self._live_since = time.monotonic()

    def _lost(self, error: Exception, failures: int) -> None:
        self._live_since = None
        with self._changed:
            self._left = [*self._left, *self._held()][-_MOST_LEFT:]
            self._subscribed.clear()
        if failures == 1 and not self._stopping:
            reason = str(error) if isinstance(error, CalendarError) else type(error).__name__
            self._publish(CalendarStreamLost(reason=reason))

    def _held(self) -> Iterable[Given]:
        return [Given(calendar, subscription, self._anchor) for calendar, subscription in self._subscribed.items()]

    def _give_back(self, line: Mailboxes, calendar: str) -> None:
        with self._changed:
            subscription = self._subscribed.pop(calendar, None)
        if subscription is not None:
            with suppress(CalendarError):  # it ends by itself when nobody listens
                self._bounded(calendar, lambda: line.unsubscribe(calendar, subscription, self._anchor))

    def _give_all_back(self) -> None:
        """At the end, within its deadline: those in use first, then those of streams that were lost."""
        if self._stopping:
            with self._changed:
                held = [*self._held(), *reversed(self._left)]
                self._subscribed.clear()
                self._left.clear()
            give_back(self._client, held, self._timings.teardown)

    def _wait(self, seconds: float) -> None:
        with self._changed:
            if seconds and not self._stopping:
                self._changed.wait(seconds)
