"""One clause of the contract."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from device_drivers.api import DeviceUnreachable
from device_drivers.testing.bench import Bench

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Check:
    """One clause of the contract. ``needs``: words of the unit's facts without which it is not asked."""

    name: str
    sentence: str
    needs: frozenset[str]
    body: Callable[[Bench], Awaitable[None]]

    def __str__(self) -> str:
        return self.name


def check(*needs: str) -> Callable[[Callable[[Bench], Awaitable[None]]], Check]:
    """Makes a clause of a function: its name is the name, the first line of its docstring the sentence."""

    def clause(body: Callable[[Bench], Awaitable[None]]) -> Check:
        sentence = (body.__doc__ or "").strip().splitlines()[0]
        return Check(body.__name__, sentence, frozenset(needs), body)

    return clause


async def again(ask: Callable[[], Awaitable[_T]]) -> _T:
    """The first question after a reboot may find the old connection dead; the engine asks again, so do we."""
    try:
        return await ask()
    except DeviceUnreachable:
        return await ask()
