"""A suite is worth its green when a wrong driver turns it red: one fault each, and the check that must see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from device_drivers.api import (
    Booking,
    BookingList,
    CallRef,
    CredentialsRejected,
    DeviceInfo,
    DeviceUnreachable,
    DialAddress,
    DriverError,
    DriverPlug,
    Endpoint,
    Receipt,
    UnexpectedReply,
    UnitProtocol,
)
from device_drivers.generic_http import plug
from device_drivers.generic_http.description import load, locate
from device_drivers.generic_http.driver import GenericHttpDriver
from device_drivers.http import peer_pin
from device_drivers.testing import conformance
from device_drivers.testing.conformance import CHECKS, Check, run, run_all

_CHECKS: Mapping[str, Check] = {check.name: check for check in CHECKS}
_left_open: list[GenericHttpDriver] = []


class _AsksOnEntering(GenericHttpDriver):
    async def __aenter__(self) -> _AsksOnEntering:
        await super().__aenter__()
        await self.probe()
        return self


class _PromisesTooMuch(GenericHttpDriver):
    async def probe(self) -> DeviceInfo:
        info = await super().probe()
        return replace(info, facts=replace(info.facts, protocols=info.facts.protocols - {UnitProtocol.DIALS}))


class _Claims(GenericHttpDriver):
    """Of a unit by its facts; what it claims beyond the truth."""

    beyond: frozenset[str] = frozenset()

    async def probe(self) -> DeviceInfo:
        info = await super().probe()
        protocols = info.facts.protocols | {UnitProtocol(word) for word in self.beyond}
        return replace(info, facts=replace(info.facts, protocols=protocols))


class _ClaimsToArm(_Claims):
    beyond = frozenset({"armable"})


class _ClaimsAWordOfItsOwn(GenericHttpDriver):
    async def probe(self) -> DeviceInfo:
        info = await super().probe()
        flies = info.facts.protocols | {"flies"}  # what a stranger may put there
        return replace(info, facts=replace(info.facts, protocols=flies))  # type: ignore[arg-type]


class _OnlySaysThatItShows(GenericHttpDriver):
    async def push(self, bookings: BookingList) -> Receipt:
        return Receipt(bookings.digest, bookings.ids)


class _SeesNoCalls(GenericHttpDriver):
    async def calls(self) -> tuple[CallRef, ...]:
        return ()


class _ListsWithoutAName(GenericHttpDriver):
    """Other ids in the list than the dial gave, and nothing else to tell a call by."""

    async def calls(self) -> tuple[CallRef, ...]:
        return tuple(CallRef(f"line-{call.id}", call.state) for call in await super().calls())


class _HangsUpNothing(GenericHttpDriver):
    async def hang_up(self, call: CallRef) -> None:
        return None


class _KnowsItsOwnClock(GenericHttpDriver):
    async def probe(self) -> DeviceInfo:
        return replace(await super().probe(), clock=datetime.now(UTC))


class _Merges(GenericHttpDriver):
    kept: tuple[Booking, ...] = ()

    async def push(self, bookings: BookingList) -> Receipt:
        new = bookings.ids
        self.kept = (*(b for b in self.kept if b.id not in new), *bookings.bookings)
        await super().push(BookingList(self.kept))
        return Receipt(bookings.digest, new)


class _CutsTitles(GenericHttpDriver):
    async def push(self, bookings: BookingList) -> Receipt:
        short = tuple(replace(b, title=b.title[:10]) for b in bookings.bookings)
        return replace(await super().push(BookingList(short)), digest=bookings.digest)


class _LosesTheUnjoinable(GenericHttpDriver):
    async def push(self, bookings: BookingList) -> Receipt:
        receipt = await super().push(BookingList(tuple(b for b in bookings.bookings if b.address)))
        return replace(receipt, digest=bookings.digest)


class _MovesTimes(GenericHttpDriver):
    async def push(self, bookings: BookingList) -> Receipt:
        local = tuple(replace(b, end=b.end + timedelta(minutes=7)) for b in bookings.bookings)
        return replace(await super().push(BookingList(local)), digest=bookings.digest)


class _RemembersInsteadOfAsking(GenericHttpDriver):
    pushed: frozenset[str] = frozenset()

    async def push(self, bookings: BookingList) -> Receipt:
        self.pushed = bookings.ids
        return await super().push(bookings)

    async def shown(self) -> frozenset[str]:
        return self.pushed


class _DialsTwice(GenericHttpDriver):
    async def dial(self, address: DialAddress, booking: Booking) -> CallRef:
        await super().dial(address, booking)
        return await super().dial(address, booking)


class _DialsAgainWhenUnsure(GenericHttpDriver):
    async def dial(self, address: DialAddress, booking: Booking) -> CallRef:
        try:
            return await super().dial(address, booking)
        except (DeviceUnreachable, UnexpectedReply) as error:
            if not error.sent:
                raise
            return await super().dial(address, booking)


class _DropsThePasscode(GenericHttpDriver):
    async def dial(self, address: DialAddress, booking: Booking) -> CallRef:
        number, _, rest = address.address.partition(".")
        return await super().dial(replace(address, address=f"{number}@{rest.partition('@')[2]}"), booking)


class _SaysNotSent(GenericHttpDriver):
    async def dial(self, address: DialAddress, booking: Booking) -> CallRef:
        try:
            return await super().dial(address, booking)
        except (DeviceUnreachable, UnexpectedReply) as error:
            error.sent = False
            raise


class _MindsGoneCalls(GenericHttpDriver):
    async def hang_up(self, call: CallRef) -> None:
        if not await self.calls():
            raise UnexpectedReply("no such call")
        await super().hang_up(call)


class _ForgetsTheBooking(GenericHttpDriver):
    async def calls(self) -> tuple[CallRef, ...]:
        return tuple(replace(call, booking_id="99") for call in await super().calls())


class _TriesPasswordsAgain(GenericHttpDriver):
    async def calls(self) -> tuple[CallRef, ...]:
        self._refused = ""
        return await super().calls()


class _TriesAllAtOnce(GenericHttpDriver):
    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint, _DESCRIPTION)
        self._accepted = True


class _PestersWhenBusy(GenericHttpDriver):
    async def probe(self) -> DeviceInfo:
        for _ in range(3):
            try:
                return await super().probe()
            except DriverError:
                await asyncio.sleep(0)
        return await super().probe()


class _QueuesEverything(GenericHttpDriver):
    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint, _DESCRIPTION)
        self.turn = asyncio.Lock()

    async def push(self, bookings: BookingList) -> Receipt:
        async with self.turn:
            return await super().push(bookings)

    async def dial(self, address: DialAddress, booking: Booking) -> CallRef:
        async with self.turn:
            return await super().dial(address, booking)


class _BelievesAnything(GenericHttpDriver):
    async def shown(self) -> frozenset[str]:
        try:
            return await super().shown()
        except UnexpectedReply:
            return frozenset()


class _RaisesItsOwn(GenericHttpDriver):
    async def calls(self) -> tuple[CallRef, ...]:
        try:
            return await super().calls()
        except UnexpectedReply as error:
            raise KeyError("calls") from error


class _LeavesConnections(GenericHttpDriver):
    async def __aexit__(self, *_: object) -> None:
        _left_open.append(self)


class _TellsThePassword(GenericHttpDriver):
    async def probe(self) -> DeviceInfo:
        try:
            return await super().probe()
        except CredentialsRejected as error:
            raise CredentialsRejected(f"{self._endpoint.username}:{self._endpoint.password} was refused") from error


class _TellsInItsChain(GenericHttpDriver):
    async def probe(self) -> DeviceInfo:
        try:
            return await super().probe()
        except CredentialsRejected as error:
            raise CredentialsRejected("refused") from ValueError(f"{error} {self._endpoint.password}")


class _ShowsItself(GenericHttpDriver):
    def __repr__(self) -> str:
        return f"{self._endpoint.username}:{self._endpoint.password}@{self._endpoint.address}"


class _TrustsAnybody(GenericHttpDriver):
    async def probe(self) -> DeviceInfo:
        seen = await peer_pin(self._endpoint, default_port=443)
        trusting = replace(self._endpoint, tls=replace(self._endpoint.tls, value=seen))
        async with GenericHttpDriver(trusting, _DESCRIPTION) as driver:
            return await driver.probe()


class _NeverEnds(GenericHttpDriver):
    async def calls(self) -> tuple[CallRef, ...]:
        await asyncio.Event().wait()
        return ()


_DESCRIPTION = load(locate("room_controller"))

_FAULTS: tuple[tuple[type[GenericHttpDriver], str, str], ...] = (
    (_AsksOnEntering, "entering_opens_nothing", "sent a request"),
    (_PromisesTooMuch, "probe_tells_what_the_unit_is", "the probe does not"),
    (_ClaimsToArm, "every_claim_holds", "claim armable; the session does not offer it"),
    (_ClaimsAWordOfItsOwn, "every_claim_holds", "claim flies, which was not exercised"),
    (_OnlySaysThatItShows, "every_claim_holds", "shows is claimed; the screen says no"),
    (_SeesNoCalls, "every_claim_holds", "1 call(s) are up and 0 are listed"),
    (_ListsWithoutAName, "a_dialled_call_is_known_again_and_left", "0 can be told"),
    (_HangsUpNothing, "a_dialled_call_is_known_again_and_left", "still up"),
    (_HangsUpNothing, "every_claim_holds", "hangs_up is claimed"),
    (_KnowsItsOwnClock, "probe_tells_the_units_clock", "600 s away"),
    (_Merges, "push_replaces_the_whole_list", "The screen shows"),
    (_Merges, "an_empty_list_clears_the_screen", "still shows"),
    (_CutsTitles, "push_shows_exactly_the_list", "other titles"),
    (_CutsTitles, "titles_survive", "is shown as"),
    (_MovesTimes, "push_shows_exactly_the_list", "other times"),
    (_LosesTheUnjoinable, "a_booking_without_address_has_no_button", "not on the screen"),
    (_RemembersInsteadOfAsking, "a_reboot_is_seen_and_mended", "shown() still names"),
    (_DialsTwice, "dials_sip", "placed 2 calls"),
    (_DialsAgainWhenUnsure, "a_dial_that_breaks_off_is_not_repeated", "placed 2 calls"),
    (_DialsAgainWhenUnsure, "a_spoiled_reply_to_a_dial_is_not_a_refusal", "repeated"),
    (_DropsThePasscode, "dials_sip", "another address"),
    (_SaysNotSent, "a_dial_without_answer_is_unknown", "says that nothing was sent"),
    (_SaysNotSent, "a_spoiled_reply_to_a_dial_is_not_a_refusal", "says: not sent"),
    (_MindsGoneCalls, "hanging_up_ends_the_call", "no such call"),
    (_ForgetsTheBooking, "a_dialled_call_is_listed", "the list has it not"),
    (_ForgetsTheBooking, "a_call_of_others_is_listed", "bears a booking"),
    (_TriesPasswordsAgain, "a_wrong_password_is_tried_once", "one is allowed"),
    (_TriesAllAtOnce, "a_wrong_password_is_tried_once_by_all_together", "one is allowed"),
    (_PestersWhenBusy, "a_busy_unit_is_told_apart", "probe sent 4 requests"),
    (_QueuesEverything, "a_slow_push_holds_no_dial_back", "waited for a push"),
    (_BelievesAnything, "spoiled_replies_are_unexpected", "raised nothing"),
    (_RaisesItsOwn, "spoiled_replies_are_unexpected", "KeyError"),
    (_LeavesConnections, "nothing_stays_open", "stay open"),
    (_TellsThePassword, "a_wrong_password_is_tried_once", "shows the password"),
    (_TellsInItsChain, "a_wrong_password_is_tried_once", "shows the password"),
    (_ShowsItself, "secrets_are_not_shown", "shows the password"),
    (_TrustsAnybody, "a_changed_certificate_stops_everything", "raised nothing"),
)


def _faulty(kind: type[GenericHttpDriver]) -> DriverPlug:
    own_init: Callable[..., GenericHttpDriver] = kind
    if kind.__init__ is GenericHttpDriver.__init__:
        own_init = partial(kind, description=_DESCRIPTION, timeout=0.7)
    return replace(plug, open=own_init)


@pytest.mark.parametrize(("kind", "check", "reason"), _FAULTS, ids=lambda value: getattr(value, "__name__", None))
async def test_a_fault_turns_its_check_red(kind: type[GenericHttpDriver], check: str, reason: str) -> None:
    outcome = await run(_faulty(kind), _CHECKS[check])
    while _left_open:
        await GenericHttpDriver.__aexit__(_left_open.pop(), None, None, None)
    assert outcome.status == "failed"
    assert reason in outcome.reason


async def test_a_check_that_does_not_end_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conformance, "LIMIT", 0.5)
    outcome = await run(_faulty(_NeverEnds), _CHECKS["a_dialled_call_is_listed"])
    assert outcome.status == "failed"
    assert "not over after 0.5 seconds" in outcome.reason


async def test_something_sent_for_an_undeclared_capability_is_found() -> None:
    class Tries(GenericHttpDriver):
        async def shown(self) -> frozenset[str]:
            await self.probe()
            return await super().shown()

    mesh = load(locate("mesh_callout"))
    faulty = replace(
        plug, open=partial(Tries, description=mesh), simulator=partial(_simulator, description="mesh_callout")
    )
    outcome = await run(faulty, _CHECKS["what_is_not_declared_is_not_done"])
    assert (outcome.status, outcome.reason) == ("failed", "Something was sent for what the facts do not name.")


async def test_a_claim_that_the_driver_does_not_keep_is_found() -> None:
    """The session offers the method, the facts claim it, and this unit cannot do it."""

    class Claims(_Claims):
        beyond = frozenset({"shows", "tells_shown"})

    mesh = load(locate("mesh_callout"))
    faulty = replace(
        plug, open=partial(Claims, description=mesh), simulator=partial(_simulator, description="mesh_callout")
    )
    outcome = await run(faulty, _CHECKS["every_claim_holds"])
    assert outcome.status == "failed"
    assert "claim shows; asked for it, the driver says" in outcome.reason


async def test_a_driver_without_simulator_shows_nothing() -> None:
    outcomes = [outcome async for outcome in run_all(replace(plug, simulator=None))]
    assert len(outcomes) == len(CHECKS)
    assert {outcome.status for outcome in outcomes} == {"failed"}


assert plug.simulator is not None
_simulator = plug.simulator
