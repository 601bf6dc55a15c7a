"""Subscriptions given back at the end: over several connections at once, since EWS takes them one by one.

What is not given back in time ends by itself, half an hour after nobody listens, and counts until then.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from connector.calendars.exchange.client import Client
from connector.calendars.exchange.mailboxes import Mailboxes
from connector.calendars.exchange.transport import Call
from connector.errors import CalendarError

_CONNECTIONS = 4  # of one group; Exchange's default policy allows an account 27 requests at once
_FEW = 5  # subscriptions that one connection gives back quickly enough


@dataclass(frozen=True, slots=True)
class Given:
    """``anchor``: the mailbox that leads to the server that made the subscription."""

    calendar: str
    subscription: str
    anchor: str


def give_back(client: Client, held: Iterable[Given], seconds: float) -> None:
    """Blocks until all are given back or the time is over; then what still waits for the server is cut off."""
    waiting = deque(held)
    count = min(_CONNECTIONS, -(-len(waiting) // _FEW))
    calls = [Call() for _ in range(count)]
    threads = [threading.Thread(target=_work, args=(client, waiting, call), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    waiting.clear()
    for call in calls:
        call.abort()


def _work(client: Client, waiting: deque[Given], call: Call) -> None:
    line: Mailboxes | None = None
    try:
        line = client.line()
        while not call.aborted:
            each = waiting.popleft()
            with suppress(CalendarError):  # it is gone already, or its mailbox is
                client.work(each.calendar, partial(_unsubscribe, line, each), call)
    except (IndexError, CalendarError):
        return  # all are given back; or the server is away
    finally:
        if line is not None:
            line.close()


def _unsubscribe(line: Mailboxes, given: Given) -> None:
    line.unsubscribe(given.calendar, given.subscription, given.anchor)
