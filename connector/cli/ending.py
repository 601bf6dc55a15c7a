"""The process ends when it was told to, whatever hangs in it.

Python waits, for ever if need be, for the threads of its pools when a process ends; and a stop waits for the parts of
the daemon. Ending here is no worse than a loss of power, for which the database is made.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
from contextlib import suppress

STOP_WITHIN = 8.0  # seconds for the daemon's parts to close
_LEAVE_WITHIN = 1.3  # seconds after that for Python itself
_SAY_WITHIN = 0.3  # seconds for the last sentence: whoever reads our output may hang, too
_log = logging.getLogger("connector")


class Ending:
    """``begin`` when the stop is asked for, ``done`` when the daemon's parts are closed."""

    def __init__(self) -> None:
        self._begun: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._status = 1
        threading.Thread(target=self._watch, name="ending", daemon=True).start()

    def begin(self) -> None:
        """From now on the process has STOP_WITHIN seconds. From a signal handler too: it takes no lock."""
        self._begun.put(None)

    def done(self, status: int) -> None:
        """What is left is Python's own end; where it hangs, the process ends with ``status``. Once."""
        self._status = status
        self._closed.set()
        threading.Thread(target=self._leave, name="leaving", daemon=True).start()

    def _watch(self) -> None:
        self._begun.get()
        if not self._closed.wait(STOP_WITHIN):
            _end(1, f"The stop was not over within {STOP_WITHIN:.0f} seconds: the process is ended as it is.")

    def _leave(self) -> None:
        threading.Event().wait(_LEAVE_WITHIN)
        if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
            _end(self._status, "Work in a thread hangs: the process ends without it.")


def _end(status: int, sentence: str) -> None:
    saying = threading.Thread(target=_say, args=(sentence,), name="last words", daemon=True)
    saying.start()
    saying.join(_SAY_WITHIN)
    os._exit(status)


def _say(sentence: str) -> None:
    _log.warning("%s", sentence)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
