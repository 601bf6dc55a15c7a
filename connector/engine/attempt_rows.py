"""The attempts of one unit: what was begun on it and what became of it, written through to the store."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from connector import events
from connector.clock import Clock
from connector.engine.recorder import Recorder
from connector.model import Attempt, AttemptKey, AttemptState, DialOrder, Left, RoomId
from connector.planning import attempts as transition
from connector.store.api import Change, StoreApi, UnitLease

_KEPT = timedelta(hours=1)  # here; the store keeps them longer


class AttemptRows:
    """Nothing counts before it is committed. Every verb that writes may raise StoreError and OwnershipLost."""

    def __init__(
        self,
        room: RoomId,
        attempts: Sequence[Attempt],
        lease: UnitLease,
        *,
        clock: Clock,
        store: StoreApi,
        recorder: Recorder,
    ) -> None:
        """``attempts``: those that the store knows, oldest first."""
        self._room = room
        self._lease = lease
        self._clock = clock
        self._store = store
        self._recorder = recorder
        self._attempts: dict[int, Attempt] = {attempt.id: attempt for attempt in attempts}
        self.changes = 0  # counts them

    @property
    def all(self) -> tuple[Attempt, ...]:
        return tuple(self._attempts.values())

    @property
    def live(self) -> list[Attempt]:
        """Of calls that may be up and are ours to end."""
        return [attempt for attempt in self._attempts.values() if attempt.live]

    @property
    def joined(self) -> list[Attempt]:
        """Of somebody else's calls in our bookings that may be up."""
        return [attempt for attempt in self._attempts.values() if attempt.joined]

    def of(self, key: AttemptKey) -> list[Attempt]:
        """Of one order, oldest first."""
        return [attempt for attempt in self._attempts.values() if attempt.key == key]

    async def begin(
        self,
        order: DialOrder,
        state: AttemptState,
        cause: str = "",
        tells: events.Happened | None = None,
        also: Sequence[Change] = (),
    ) -> Attempt:
        attempt = transition.begun(order, self._room, state, self._clock.now(), cause)
        attempt = await self._recorder.begin(self._lease, attempt, *also, tells=_some(tells))
        self._attempts[attempt.id] = attempt
        self.changes += 1
        return attempt

    async def conclude(
        self, attempt: Attempt, state: AttemptState, cause: str, tells: events.Happened | None = None
    ) -> None:
        await self.write(transition.concluded(attempt, state, self._clock.now(), cause), tells)

    async def leave(self, attempt: Attempt, how: Left, tells: events.Happened | None = None) -> None:
        """A meeting that is left while it runs is left in all its bookings: who handed the call on returns, too."""
        now = self._clock.now()
        handed_on = [each for each in self.all if each.left == "stay" and each.meeting_key == attempt.meeting_key]
        others = handed_on if how == "switched" else []
        await self.write_all([transition.left(each, how, now) for each in (attempt, *others)], tells)

    async def write(self, changed: Attempt, tells: events.Happened | None = None) -> Attempt:
        await self.write_all([changed], tells)
        return changed

    async def write_all(self, changed: Sequence[Attempt], tells: events.Happened | None) -> None:
        """All or none: a call that goes on as another booking's must never be two bookings' to end."""
        await self._recorder.write(
            *(self._store.save_attempt(self._lease, each) for each in changed), tells=_some(tells)
        )
        self._attempts |= {attempt.id: attempt for attempt in changed}
        self.changes += 1

    def forget(self, keys: Collection[AttemptKey]) -> None:
        """Keep what an order of these keys or an open leave needs."""
        horizon = self._clock.now() - _KEPT
        for attempt in self.all:
            watched = (attempt.live or attempt.joined) and attempt.leave_at
            if attempt.key not in keys and not watched and attempt.at < horizon:
                del self._attempts[attempt.id]


def _some(event: events.Happened | None) -> tuple[events.Happened, ...]:
    return () if event is None else (event,)
