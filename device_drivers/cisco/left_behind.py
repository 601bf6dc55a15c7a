"""Sessions on a unit that nobody ends: one of a process that was killed, and those whose begin was never answered.

They never time out, and there are 20 or 30 in all: a unit that begins one each time and answers late is drained in an
hour. So a begin of unknown outcome counts as an open session: the next one waits, longer each time, and until the unit
was seen to answer in time; after a few there is none until the unit restarts. A cookie is kept, sealed by the daemon,
so that the next process can end the session of one that was killed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from device_drivers.api import UnitMemory

FIRST_PAUSE = 600.0  # seconds of Basic after a begin of unknown outcome; twice that after the next
LONGEST_PAUSE = 86_400.0
MOST_DOUBTFUL = 5  # a quarter of what one user may have
_TRY_TO_END = timedelta(minutes=1)


class _Nothing:
    """The memory of a driver that was given none."""

    def recall(self) -> str:
        return ""

    def keep(self, words: str) -> None:
        """Forgets."""


class LeftBehind:
    """What is known of one unit. Used by one session, on the event loop."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._memory: UnitMemory = _Nothing()
        self._cookies: list[str] = []  # that were begun and not ended; the newest may be in use
        self._foreign: set[str] = set()  # of a process before this one
        self._doubtful = 0
        self._since: datetime | None = None  # of the last doubt
        self._answers = True  # in time, since then
        self._not_before: datetime | None = None  # of another try to end one

    def remember_in(self, memory: UnitMemory) -> None:
        self._memory = memory
        cookies, doubtful, since = _read(memory.recall())
        self._cookies, self._foreign = cookies, set(cookies)
        if doubtful:
            self._doubtful, self._since, self._answers = doubtful, since, False

    def booted_at(self, moment: datetime) -> bool:
        """Whether something was left behind before that, which is gone now."""
        if self._since is None or moment <= self._since:
            return False
        self._doubtful, self._since, self._answers = 0, None, True
        self._keep()
        return True

    # -------------------------------------------------------------------------------- beginning

    @property
    def may_begin(self) -> bool:
        if not self._doubtful or self._since is None:
            return True
        over = self._now() - self._since >= timedelta(seconds=self._pause)
        return self._answers and over and self._doubtful < MOST_DOUBTFUL

    @property
    def _pause(self) -> float:
        pause: float = min(FIRST_PAUSE * 2.0 ** max(self._doubtful - 1, 0), LONGEST_PAUSE)
        return pause

    def answers(self) -> None:
        """The unit answered something else in time."""
        self._answers = True

    def beginning(self) -> None:
        self._doubtful += 1
        self._since = self._since or self._now()
        self._keep()

    def begun(self, cookie: str) -> None:
        self._cookies.append(cookie)
        self.not_begun()

    def not_begun(self) -> None:
        self._doubtful = max(self._doubtful - 1, 0)
        if not self._doubtful:
            self._since = None
        self._keep()

    def doubtful(self) -> float:
        """The begin had no answer, or one without a session's name: how many seconds to wait with the next."""
        self._since, self._answers = self._now(), False
        self._keep()
        return self._pause

    # -------------------------------------------------------------------------------- ending

    def to_end(self) -> tuple[str, ...]:
        """Those of a process that is gone; each is tried once a minute."""
        now = self._now()
        if not self._foreign or (self._not_before is not None and now < self._not_before):
            return ()
        self._not_before = now + _TRY_TO_END
        return tuple(self._foreign)

    def ended(self, cookie: str) -> None:
        if cookie in self._cookies:
            self._cookies.remove(cookie)
        self._foreign.discard(cookie)
        self._keep()

    def _keep(self) -> None:
        if not self._cookies and not self._doubtful:
            self._memory.keep("")
            return
        since = self._since.timestamp() if self._since else 0
        self._memory.keep(json.dumps({"cookies": self._cookies[-3:], "doubtful": self._doubtful, "since": since}))


def _read(words: str) -> tuple[list[str], int, datetime | None]:
    """What another version wrote, or a damaged cell, is nothing."""
    try:
        found = json.loads(words) if words else {}
        cookies = [cookie for cookie in found.get("cookies", []) if isinstance(cookie, str)]
        doubtful, since = int(found.get("doubtful", 0)), float(found.get("since", 0))
        return cookies, doubtful, datetime.fromtimestamp(since, UTC) if since else None
    except (ValueError, TypeError, AttributeError, OverflowError, OSError):
        return [], 0, None
