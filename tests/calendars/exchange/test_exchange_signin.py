"""A wrong password is sent twice at most, one after the other; 401 under load costs a pause and nothing else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Literal

import pytest

from connector.calendars.base import Forgiving, MemoryState
from connector.calendars.exchange import signin
from connector.calendars.exchange.source import ExchangeSource
from connector.calendars.exchange.transport import ways_in
from connector.errors import AccessDenied, CredentialsRejected, SourceUnavailable
from connector.model import Snapshot
from connector.standins.exchange import ExchangeStandIn
from connector.standins.exchange.login import NtlmLogin, bindings_of
from connector.store.writer import StoreError
from tests.calendars.exchange.harness import PASSWORD, QUICK, ROOM, access_to, source_of, standing
from tests.calendars.ics_text import vevent, window
from tests.support import patience
from tests.support.patience import until

TUESDAY = window("2026-11-10", "2026-11-11")


@pytest.fixture(params=["basic", "ntlm"])
async def exchange(request: pytest.FixtureRequest) -> AsyncIterator[ExchangeStandIn]:
    async with standing(auth=request.param) as exchange:
        yield exchange


async def read_all(source: ExchangeSource, times: int = 10) -> list[Snapshot | BaseException]:
    return await asyncio.gather(*(source.read(ROOM, TUESDAY) for _ in range(times)), return_exceptions=True)


async def test_a_wrong_password_is_sent_twice(exchange: ExchangeStandIn) -> None:
    wrong = access_to(exchange, password="wrong-password")
    async with source_of(exchange, access=wrong, timings=QUICK, pause=1.0) as source:
        source.watch(ROOM)
        assert {type(answer) for answer in await read_all(source)} == {SourceUnavailable}
        assert exchange.login.attempts == 1
        async with patience.timeout(10):
            while (answer := (await read_all(source))[0]) and not isinstance(answer, CredentialsRejected):
                await asyncio.sleep(0.05)
        assert exchange.login.attempts == 2
        assert {type(answer) for answer in await read_all(source)} == {CredentialsRejected}
        await asyncio.sleep(0.3)  # the stream and the poll have had their chances, too
    assert exchange.login.attempts == 2
    assert "wrong-password" not in str(answer) + repr(wrong)


async def test_a_server_that_has_no_such_way_to_sign_in_names_its_own(exchange: ExchangeStandIn) -> None:
    """Basic was switched off, or never on: that is no wrong password, and ends by itself when the section is right."""
    other, ours = {"basic": ("NTLM", "basic"), "ntlm": ("basic", "ntlm")}[exchange.auth]
    async with source_of(exchange, access=access_to(exchange, auth=other), pause=0.0) as source:
        for _ in range(4):
            with pytest.raises(SourceUnavailable, match=f"set auth to one that it offers, {ours}\\."):
                await source.read(ROOM, TUESDAY)
    assert exchange.login.attempts == 0


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Negotiate, NTLM", ["gssapi", "ntlm"]),
        ('NTLM, Basic realm="mail, basically"', ["basic", "ntlm"]),
        ("NTLM TlRMTVNTUAAC", ["ntlm"]),
        ("Bearer", []),
        ("", []),
    ],
)
def test_what_a_server_offers(header: str, words: list[str]) -> None:
    assert ways_in(header) == words


async def test_401_under_load_is_no_wrong_password(exchange: ExchangeStandIn) -> None:
    async with source_of(exchange, pause=0.1) as source:
        await source.read(ROOM, TUESDAY)
        exchange.troubles.unauthorized = 4
        first = await read_all(source, 4)
        assert any(isinstance(answer, SourceUnavailable) for answer in first)
        exchange.troubles.unauthorized = 0
        async with patience.timeout(10):
            while not isinstance((await read_all(source, 1))[0], Snapshot):
                await asyncio.sleep(0.05)
        assert all(isinstance(answer, Snapshot) for answer in await read_all(source))


async def test_a_password_that_is_changed_on_the_way(exchange: ExchangeStandIn) -> None:
    if exchange.auth == "ntlm":  # a signed-in connection stays so: the change shows on a new one
        await exchange.stop()
        await exchange.start()
    async with source_of(exchange, pause=0.1) as source:
        if exchange.auth == "basic":
            await source.read(ROOM, TUESDAY)
        exchange.set_password("changed")
        before = exchange.login.attempts
        assert isinstance((await read_all(source, 1))[0], SourceUnavailable)
        async with patience.timeout(10):
            while isinstance((await read_all(source, 1))[0], SourceUnavailable):
                await asyncio.sleep(0.05)
        assert isinstance((await read_all(source, 1))[0], CredentialsRejected)
        assert exchange.login.attempts - before == 2


async def test_a_locked_account_is_left_alone_at_once() -> None:
    async with standing() as exchange, source_of(exchange) as source:
        exchange.troubles.locked_out = True
        with pytest.raises(
            CredentialsRejected, match=r"locked out: unlock.* run `connector calendars sync exchange`\."
        ):
            await source.read(ROOM, TUESDAY)
        exchange.troubles.locked_out = False
        with pytest.raises(CredentialsRejected):
            await source.read(ROOM, TUESDAY)
        assert exchange.login.attempts == 0


@pytest.mark.parametrize("waits", [True, False])
async def test_restarts_do_not_add_tries(waits: bool) -> None:
    """Whether the first life saw one refusal or both: the account is locked by their sum."""
    source_state = MemoryState()
    async with standing() as exchange:
        wrong = access_to(exchange, password="wrong-password")
        for _ in range(2 if waits else 6):
            async with source_of(exchange, access=wrong, source_state=source_state, pause=0.0) as source:
                for _ in range(2 if waits else 1):
                    with pytest.raises((SourceUnavailable, CredentialsRejected)):
                        await source.read(ROOM, TUESDAY)
        assert exchange.login.attempts == 2
        stored = b"".join((await source_state.items("")).values())
        assert stored
        assert b"wrong" not in stored
        async with source_of(exchange, access=wrong, source_state=source_state) as source:
            with pytest.raises(CredentialsRejected, match="`connector calendars sync exchange`"):
                await source.read(ROOM, TUESDAY)
        assert exchange.login.attempts == 2
        async with source_of(exchange, source_state=source_state) as source:  # other ones are another matter
            await source.read(ROOM, TUESDAY)
        assert not await source_state.items("")


async def test_a_restart_waits_between_the_tries_as_well() -> None:
    source_state = MemoryState()
    async with standing() as exchange:
        for _ in range(5):
            async with source_of(
                exchange, access=access_to(exchange, password="wrong"), source_state=source_state
            ) as source:
                with pytest.raises(SourceUnavailable, match="one more try"):
                    await source.read(ROOM, TUESDAY)
        assert exchange.login.attempts == 1


async def test_a_person_lets_the_same_password_be_tried_again() -> None:
    source_state = MemoryState()
    async with standing() as exchange:
        exchange.set_password("not yet")
        async with source_of(exchange, source_state=source_state, pause=0.0) as source:
            for kind in (SourceUnavailable, CredentialsRejected):
                with pytest.raises(kind):
                    await source.read(ROOM, TUESDAY)
            assert isinstance(source, Forgiving)
            await source.forgive()
            with pytest.raises(CredentialsRejected):
                await source.read(ROOM, TUESDAY)
        assert exchange.login.attempts == 2
        async with source_of(exchange, source_state=source_state) as source:
            for _ in range(3):
                with pytest.raises(CredentialsRejected):
                    await source.read(ROOM, TUESDAY)
            assert exchange.login.attempts == 3  # once, and at once
            await source.forgive()
        exchange.set_password(PASSWORD)
        async with source_of(exchange, source_state=source_state) as source:
            await source.read(ROOM, TUESDAY)
        assert not await source_state.items("")


async def test_the_doctor_sends_a_wrong_password_once_for_all_rooms() -> None:
    async with standing() as exchange:
        wrong = access_to(exchange, password="wrong-password")
        async with source_of(exchange, access=wrong, pause=0.0) as source:
            (finding,) = await source.examine(None, datetime.now(UTC))
            for _ in range(5):
                assert not await source.examine(ROOM, datetime.now(UTC))  # said already
        assert exchange.login.attempts == 1
        assert (finding.check, finding.level) == ("credentials", "problem")
        assert "connector secrets set" in finding.fix


async def test_a_refusal_is_told_although_it_cannot_be_written_down() -> None:
    class Full(MemoryState):
        async def put(self, key: str, value: bytes) -> None:
            raise StoreError("The disk is full.")

    async with standing() as exchange:
        wrong = access_to(exchange, password="wrong-password")
        async with source_of(exchange, access=wrong, source_state=Full(), pause=0.0) as source:
            for kind in (SourceUnavailable, CredentialsRejected):
                with pytest.raises(kind, match="refused"):
                    await source.read(ROOM, TUESDAY)


async def test_a_password_that_changes_while_many_rooms_are_read_is_sent_twice(exchange: ExchangeStandIn) -> None:
    rooms = [f"room-{n}@example.org" for n in range(20)]
    for room in rooms:
        exchange.add_mailbox(room)
    exchange.troubles.delay = 0.05
    async with source_of(exchange, pause=0.1) as source:

        async def poll() -> set[type]:
            answers = await asyncio.gather(*(source.read(room, TUESDAY) for room in rooms), return_exceptions=True)
            return set(map(type, answers))

        assert await poll() == {Snapshot}
        assert exchange.most_in_flight > 4
        source._client.signin._fresh_until = 0.0  # as if that poll was a minute ago
        before = exchange.login.attempts
        exchange.set_password("changed")
        if exchange.auth == "ntlm":
            # One breaks; the others stay signed in, and would go on for ever.
            exchange.drop_connection()
        async with patience.timeout(20):
            while CredentialsRejected not in await poll():
                await asyncio.sleep(0.05)
        assert exchange.login.attempts - before == 2


async def test_a_slow_mailbox_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a pause one request goes ahead, in case that the password was changed; it may be the slow one."""
    monkeypatch.setattr(signin, "_FRESH", 0.0)
    monkeypatch.setattr(signin, "_HEAD_START", 0.2)
    async with standing() as exchange, source_of(exchange, access=access_to(exchange, timeout=20.0)) as source:
        exchange.add_mailbox("slow@example.org")
        await read_all(source, 3)
        exchange.troubles.delay = 4.0
        slow = asyncio.create_task(source.read("slow@example.org", TUESDAY))
        await until(lambda: exchange.in_flight == 1)
        exchange.troubles.delay = 0.0
        assert all(isinstance(answer, Snapshot) for answer in await read_all(source, 4))
        assert not slow.done()
        assert isinstance(await slow, Snapshot)


async def test_extended_protection_takes_the_servers_certificate_and_no_other() -> None:
    """On by default since Exchange 2019 CU14. A proxy that ends TLS with its own certificate looks like a thief."""
    async with standing(auth="ntlm") as exchange, standing(auth="ntlm") as proxy:
        assert isinstance(exchange.login, NtlmLogin)
        assert exchange.login.bindings is not None
        async with source_of(exchange) as source:
            await source.read(ROOM, TUESDAY)
        exchange.login.bindings = bindings_of(proxy.certificate.read_bytes())
        async with source_of(exchange) as source:
            with pytest.raises(SourceUnavailable, match="401"):
                await source.read(ROOM, TUESDAY)


async def test_rights_are_no_matter_of_the_password(exchange: ExchangeStandIn) -> None:
    exchange.directory.impersonators.clear()
    async with source_of(exchange) as source:
        for _ in range(4):
            with pytest.raises(AccessDenied):
                await source.read(ROOM, TUESDAY)


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
async def test_no_log_line_holds_what_is_nobodys_business(
    auth: Literal["basic", "ntlm"], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with standing(auth=auth) as exchange:
        exchange.directory.find(ROOM).put(
            "a", vevent("a", "20261110T100000Z", "20261110T110000Z", "DESCRIPTION:body-words", "SUMMARY:title-words")
        )
        async with source_of(exchange, timings=QUICK) as source:
            source.watch(ROOM)
            assert len((await source.read(ROOM, TUESDAY)).events) == 1
            await until(lambda: exchange.requests["GetStreamingEvents"] > 0)
            # The stream asks, too, and may take some of them.
            exchange.troubles.answers.extend([(418, {}, b"body-words")] * 6)
            with pytest.raises(SourceUnavailable):
                await source.read(ROOM, TUESDAY)
    for word in (PASSWORD, "body-words", "title-words", "NTLM TlRM", "TlRMTVNTUAAD"):
        assert word not in caplog.text
