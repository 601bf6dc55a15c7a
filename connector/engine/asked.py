"""What people ask of one unit: a dial or the end of a call, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connector.model import Attempt, AttemptState, DialOrder
from connector.store.api import Change

Tell = Callable[[str, bool], None]
"""The sentence for who asked, and whether it failed. Called once."""


@dataclass(frozen=True, slots=True)
class AskedDial:
    """``take``: is committed with the row of its attempt, before a byte leaves."""

    order: DialOrder
    take: Change
    tell: Tell


@dataclass(frozen=True, slots=True)
class AskedEnd:
    """``anybodys``: not only our own call. ``take``: is committed before the unit is told."""

    anybodys: bool
    take: Change
    tell: Tell


def became_of(attempt: Attempt | None) -> tuple[str, bool]:
    """Of a dial that somebody asked for."""
    if attempt is None:
        return "Nothing was dialled.", True
    if attempt.left:
        return "The call was ended meanwhile.", True
    match attempt.state:
        case AttemptState.ANSWERED:
            return "The call is up.", False
        case AttemptState.PRESENT:
            return "The room is in this meeting already; somebody joined by hand.", False
        case AttemptState.SENT:
            return "The unit dials, and nobody has answered yet.", True
        case AttemptState.UNKNOWN:
            return f"The unit may have dialled, its answer is lost: {attempt.cause}", True
        case AttemptState.REFUSED:
            return f"The unit refused: {attempt.cause}", True
        case AttemptState.SKIPPED:
            return f"It was not dialled: {attempt.cause}.", True
        case AttemptState.ENDED:
            return f"The call ended: {attempt.cause}.", True
        case _:
            return f"The call did not come about: {attempt.cause}.", True
