"""Ending a thousand subscriptions at a provider that may be away."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from connector.calendars.teardown import Teardown
from connector.errors import AccessDenied, CalendarError, CredentialsRejected, SourceUnavailable

ENDS = datetime(2030, 5, 7, 9, 0, tzinfo=UTC)


class Provider:
    def __init__(self, *errors: CalendarError | None) -> None:
        self.errors = list(errors)
        self.asked = self.open = self.most = 0

    async def end(self) -> None:
        self.asked += 1
        self.open += 1
        self.most = max(self.most, self.open)
        error = self.errors.pop(0) if len(self.errors) > 1 else self.errors[0]
        await asyncio.sleep(0)
        self.open -= 1
        if error is not None:
            raise error


async def ended(provider: Provider, number: int = 1000) -> None:
    teardown = Teardown("subscriptions", 4)
    await asyncio.gather(*(teardown.end(provider.end, ENDS) for _ in range(number)))
    teardown.judge()


async def test_a_bounded_number_at_once() -> None:
    provider = Provider(None)
    await ended(provider)
    assert (provider.asked, provider.most) == (1000, 4)


@pytest.mark.parametrize("error", [SourceUnavailable("It is down."), CredentialsRejected("Wrong secret.")])
async def test_a_provider_that_is_away_is_not_asked_a_thousand_times(error: CalendarError) -> None:
    provider = Provider(error)
    with pytest.raises(SourceUnavailable) as caught:
        await ended(provider)
    assert provider.asked <= 8
    assert str(caught.value) == (
        f"1000 of 1000 subscriptions could not be ended; they end by themselves, by 2030-05-07 09:00 UTC. {error}"
    )


@pytest.mark.parametrize("error", [SourceUnavailable("It is down."), AccessDenied("Not yours.")])
async def test_one_that_fails_stops_none_of_the_others(error: CalendarError) -> None:
    provider = Provider(error, None)
    with pytest.raises(SourceUnavailable, match="1 of 1000 subscriptions could not be ended"):
        await ended(provider)
    assert provider.asked == 1000


async def test_what_others_took_from_us_does_not_hide_what_is_left() -> None:
    provider = Provider(AccessDenied("Not yours."))
    with pytest.raises(SourceUnavailable, match="1000 of 1000"):
        await ended(provider)
    assert provider.asked == 1000
