"""Kerberos against MIT's KDC: the source takes a ticket from a keytab, and the stand-in opens it with the service's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from connector.calendars.exchange import plug
from connector.errors import SourceUnavailable
from connector.model import Snapshot
from connector.standins.exchange import ExchangeStandIn
from connector.standins.exchange.login import KerberosLogin
from tests.calendars.exchange.harness import QUICK, ROOM, context, source_of, standing
from tests.calendars.exchange.realm import ACCOUNT, NAME, Realm, realm
from tests.calendars.ics_text import vevent, window
from tests.support.patience import until

pytestmark = pytest.mark.slow  # starts programs

TUESDAY = window("2026-11-10", "2026-11-11")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    with realm(tmp_path_factory.mktemp("realm")) as home:
        yield home


@pytest.fixture
def signed_in(home: Realm, monkeypatch: pytest.MonkeyPatch) -> Realm:
    """The account has its keytab; MIT's library fetches and renews its tickets by itself."""
    for name, value in home.environment.items():
        monkeypatch.setenv(name, value)
    return home


@pytest.fixture
async def exchange(signed_in: Realm) -> AsyncIterator[ExchangeStandIn]:
    options = {"auth": "gssapi", "account": f"{ACCOUNT}@{NAME}", "password": "", "keytab": signed_in.keytab}
    async with standing(**options) as exchange:
        exchange.directory.find(ROOM).put("a", vevent("a", "20261110T100000Z", "20261110T110000Z"))
        yield exchange


async def test_a_section_without_user_name_and_password_reads(exchange: ExchangeStandIn, tmp_path: Path) -> None:
    config = {"url": exchange.url, "auth": "gssapi", "ca_file": str(exchange.ca_file)}
    async with plug(config, context(tmp_path)) as source:
        assert len((await source.read(ROOM, TUESDAY)).events) == 1
        assert [place.calendar for place in await source.places()] == [ROOM]
    assert exchange.login.attempts >= 3


async def test_streams_sign_in_as_well(exchange: ExchangeStandIn) -> None:
    async with source_of(exchange, timings=QUICK) as source:
        source.watch(ROOM)
        await source.read(ROOM, TUESDAY)
        await until(lambda: exchange.requests["GetStreamingEvents"] > 0)


async def test_without_a_ticket_it_says_how_to_find_out_why(
    exchange: ExchangeStandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No password is at stake, so it goes on by itself as soon as there is a ticket."""
    with monkeypatch.context() as without:
        without.setenv("KRB5_CLIENT_KTNAME", str(tmp_path / "none"))
        without.setenv("KRB5CCNAME", f"FILE:{tmp_path}/none")
        async with source_of(exchange, pause=0.0) as source:
            for _ in range(4):
                with pytest.raises(SourceUnavailable, match=r"run kvno HTTP/127\.0\.0\.1 "):
                    await source.read(ROOM, TUESDAY)
            assert exchange.login.attempts == 0
            without.undo()
            assert isinstance(await source.read(ROOM, TUESDAY), Snapshot)


async def test_a_ticket_that_the_server_cannot_open(exchange: ExchangeStandIn, tmp_path: Path) -> None:
    """The name of the service belongs to another account: its key is another."""
    async with source_of(exchange, pause=0.0) as source:
        assert isinstance(exchange.login, KerberosLogin)
        keytab, exchange.login.keytab = exchange.login.keytab, tmp_path / "another"
        for _ in range(4):
            with pytest.raises(SourceUnavailable, match=r"setspn -Q HTTP/127\.0\.0\.1 "):
                await source.read(ROOM, TUESDAY)
        exchange.login.keytab = keytab
        await source.read(ROOM, TUESDAY)
