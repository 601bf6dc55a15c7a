"""The shared suite on the stand-in, read through exchangelib: by streams, and by polling with NTLM as a delegate."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator

import pytest

from connector.calendars.base import CalendarSource
from connector.calendars.exchange.source import ExchangeSource
from connector.standins.exchange import ExchangeStandIn
from tests.calendars.exchange.harness import PASSWORD, QUICK, ROOM, access_to, source_of, standing
from tests.calendars.suite import PagedContract


class OnExchange:
    """A room's mailbox on the stand-in."""

    def __init__(self, source: ExchangeSource, exchange: ExchangeStandIn) -> None:
        self.source: CalendarSource = source
        self.calendar = self.owner = ROOM
        self.secrets = (PASSWORD, b64encode(f"{exchange.account}:{PASSWORD}".encode()).decode())
        self._exchange = exchange
        self._mailbox = exchange.directory.find(ROOM)

    async def put(self, uid: str, *components: str) -> None:
        self._mailbox.put(uid, *components)

    async def delete(self, uid: str) -> None:
        self._mailbox.delete(uid)

    async def interrupt(self) -> None:
        self._exchange.troubles.cut_off = True

    async def restore(self) -> None:
        self._exchange.troubles.cut_off = False

    async def lose_a_part(self) -> None:
        """Ids come in one answer, items in others: one item gets lost between them."""
        self._exchange.troubles.wrong_count = True

    async def restore_parts(self) -> None:
        self._exchange.troubles.wrong_count = False

    async def age(self) -> None:
        pass

    def transferred(self) -> int:
        return self._exchange.bytes_sent


class TestExchangeByStream(PagedContract):
    @pytest.fixture
    async def backend(self) -> AsyncIterator[OnExchange]:
        async with standing() as exchange, source_of(exchange, timings=QUICK) as source:
            yield OnExchange(source, exchange)


class TestExchangeByPoll(PagedContract):
    @pytest.fixture
    async def backend(self) -> AsyncIterator[OnExchange]:
        async with standing(auth="ntlm") as exchange:
            exchange.directory.impersonators.clear()
            exchange.directory.delegates[exchange.account] = {ROOM.lower()}
            async with source_of(exchange, access=access_to(exchange, impersonation=False)) as source:
                yield OnExchange(source, exchange)
