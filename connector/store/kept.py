"""What is kept how long: each bound of the database has its place here, and its line in docs/reference/kept.md.

An attempt keeps its room from being dialled twice. So its row outlives by far each meeting that may still be dialled,
and what it dialled outlives each call that may have to be told from others, left, or spoken of in ``explain``.
"""

from __future__ import annotations

from datetime import timedelta

ATTEMPTS = timedelta(days=35)  # since the planned start; five weeks of ``rooms report``
GONE_UNITS = ATTEMPTS  # since they were let go; never before their attempts
ADDRESSES = timedelta(hours=1)  # since the attempt was over, and its time to leave is past
UNENDED = timedelta(days=2)  # since the start, and the time to leave, of a call whose end nobody saw
HISTORY_PER_ROOM = 200  # events; the daemon's own are counted like those of a room
ANSWERS = timedelta(days=1)  # since what somebody asked of the daemon expired

# For the page: what, how long (a value from above), counted from when.
TABLE: tuple[tuple[str, timedelta | int, str], ...] = (
    (
        "What became of a dial: room, booking, times, outcome and cause",
        ATTEMPTS,
        "the planned start; longer only while its call is still to be left",
    ),
    (
        "The address that was dialled (sealed; it holds the passcode)",
        ADDRESSES,
        "the dial or its call was over and its time to leave is past",
    ),
    (
        "The same, the meeting's number and the unit's name for the call, where nobody saw the call's end",
        UNENDED,
        "the planned start, and the time to leave where that is later",
    ),
    ("A unit that no room has any more, with what it told", GONE_UNITS, "it was let go"),
    ("History of a room, and of the daemon itself", HISTORY_PER_ROOM, "each; the oldest go first"),
    ("What somebody asked of the daemon, and its answer", ANSWERS, "it expired"),
)


def shown(bound: timedelta | int) -> str:
    """A bound as the page has it."""
    if isinstance(bound, int):
        return f"{bound} events"
    hours = round(bound.total_seconds() / 3600)
    return f"{hours // 24} day{'s' * (hours > 24)}" if hours % 24 == 0 else f"{hours} hour{'s' * (hours > 1)}"
