"""The Cisco driver: one codec by HTTP(S). What is sent and read is in codec.py, signing in is in session.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, Self, cast

from lxml import etree

from device_drivers import foreign, xml
from device_drivers.api import (
    Booking,
    BookingList,
    CallRef,
    CallState,
    DeviceInfo,
    DialAddress,
    DialRefused,
    Endpoint,
    NotSupported,
    Receipt,
    UnexpectedReply,
    UnitFacts,
    UnitMemory,
    UnitProtocol,
)
from device_drivers.cisco import codec
from device_drivers.cisco.codec import Command, Profile, Result
from device_drivers.cisco.session import Session
from device_drivers.http import Reply

_FACTS = UnitFacts(frozenset(UnitProtocol), sip=True, h323=True, longest_title=codec.TITLE_LIMIT)
_TEAMS = (
    "The unit runs Microsoft Teams Rooms, where its booking commands are unavailable: it shows its own Teams calendar. "
    "Dialling from here still works."
)
_NO_BUTTON = "it has no address to dial, and a Cisco unit is only known to show bookings with one"


@dataclass(frozen=True, slots=True)
class _Options:
    bookings: Literal["auto", "bookingsputxml", "put"]
    show_without_button: bool
    booking_call_rate: int
    timeout: float


@dataclass(frozen=True, slots=True)
class _Facts:
    """What decides how this unit is driven; from the last probe."""

    profile: Profile
    webex_registered: bool
    teams: bool


def _utc_now() -> datetime:
    return datetime.now(UTC)


class CiscoDriver:
    """All protocols of ``device_drivers.api``. Raises NotSupported at once when an option makes no sense."""

    def __init__(self, endpoint: Endpoint, *, now: Callable[[], datetime] = _utc_now) -> None:
        self._endpoint = endpoint
        self._options = _read_options(endpoint.options)
        self._session = Session(endpoint, timeout=self._options.timeout, now=now)
        self._facts: _Facts | None = None
        self._now = now

    def remember_in(self, memory: UnitMemory) -> None:
        """A session that a killed process leaves on the unit is ended by the next."""
        self._session.remember_in(memory)

    async def __aenter__(self) -> Self:
        await self._session.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.__aexit__(kind, error, trace)

    # -------------------------------------------------------------------------------- what it is

    async def probe(self) -> DeviceInfo:
        root = await self._status("SystemUnit")
        unit = codec.system_unit(root)
        if unit.uptime is not None:
            self._session.booted_at(self._now() - unit.uptime)
        clock = codec.system_time(await self._status("Time"))
        profile = codec.profile_of(unit.software)
        facts = self._facts = _Facts(
            profile,
            webex_registered=profile.webex_status and await self._says("Webex/Status") == "Registered",
            teams=profile.teams_status and bool(await self._says("MicrosoftTeams/Software/Version/TeamsApp")),
        )
        return DeviceInfo(
            product=unit.product,
            software=unit.software,
            serial_number=unit.serial_number,
            facts=self._unit_facts(facts),
            clock=clock,
            uptime=unit.uptime,
            in_call=unit.in_call,
            notes=tuple(self._notes(unit.serial_number, facts)),
        )

    def _unit_facts(self, facts: _Facts) -> UnitFacts:
        way = self._way(facts)
        if way == "none":
            return replace(_FACTS, protocols=_FACTS.protocols - {UnitProtocol.SHOWS})
        return replace(_FACTS, shows_without_button=way == "bookingsputxml" and self._options.show_without_button)

    def _notes(self, serial_number: str, facts: _Facts) -> list[str]:
        notes = []
        expected = self._endpoint.serial_number
        if expected and serial_number and expected.strip().upper() != serial_number.upper():
            notes.append(
                f"The unit's serial number is {serial_number}, the room list says {expected}: another unit may answer "
                "at this address."
            )
        if not facts.profile.verified:
            notes.append(f"The firmware family {facts.profile.name} is driven by an unverified profile.")
        if facts.webex_registered:
            notes.append("The unit is registered to Webex: local accounts may vanish, and Webex may push bookings too.")
        if facts.teams:
            notes.append(_TEAMS)
        if self._session.by_basic:
            notes.append("The unit gives no API sessions, so that requests to it are spaced out.")
        return notes

    # -------------------------------------------------------------------------------- what it shows

    async def push(self, bookings: BookingList) -> Receipt:
        facts = await self._known_facts()
        way = self._way(facts)
        if way == "none":
            raise NotSupported(_TEAMS)
        kept, left_off = self._sort_out(bookings, way)
        if not kept:
            _must_be_ok(await self._command(codec.clear_bookings()), "Bookings Clear")
            way_said = "Bookings Clear"
        elif way == "put":
            _must_be_ok(await self._command(codec.put_bookings(kept, facts.profile)), "Bookings Put")
            way_said = "Bookings Put"
        else:
            document = codec.bookings_document(kept, default_call_rate=self._options.booking_call_rate)
            _judge_bookings_reply(await self._session.post("/bookingsputxml", document))
            way_said = "bookingsputxml"
        return Receipt(bookings.digest, frozenset(b.id for b in kept), tuple(left_off), way_said)

    def _way(self, facts: _Facts) -> Literal["bookingsputxml", "put", "none"]:
        """How this unit is given its list. Only an admin's express wish tries bookingsputxml in Teams mode."""
        if self._options.bookings == "bookingsputxml":
            return "bookingsputxml"
        if facts.teams:
            return "none"
        if self._options.bookings == "put":
            return "put"
        return "put" if facts.webex_registered and facts.profile.put else "bookingsputxml"

    def _sort_out(self, bookings: BookingList, way: str) -> tuple[list[Booking], list[tuple[str, str]]]:
        kept: list[Booking] = []
        left_off: list[tuple[str, str]] = []
        for booking in bookings.bookings:
            reason = ""
            if booking.address is not None:
                reason = codec.unusable(booking.address)
            elif way == "put" or not self._options.show_without_button:
                reason = _NO_BUTTON
            if not reason and booking.end <= booking.start:
                reason = "it ends before it starts"
            if reason:
                left_off.append((booking.id, reason))
            else:
                kept.append(booking)
        return kept, left_off

    async def shown(self) -> frozenset[str]:
        return codec.listed_ids(_must_be_ok(await self._command(codec.list_bookings()), "Bookings List"), self._now())

    # -------------------------------------------------------------------------------- calls

    async def arm(self) -> None:
        """A dial is near: sign in and open its connection, so that the command leaves on the second."""
        await self._session.open_ahead()

    async def dial(self, address: DialAddress, booking: Booking) -> CallRef:
        reason = codec.unusable(address)
        if reason:
            raise DialRefused(f"Not dialled: {reason}.", cause=reason)
        result = await self._command(codec.dial(address, booking.id), once=True)
        if result is None:
            raise DialRefused("The unit did not understand the Dial command.", cause="unknown arguments")
        if not result.ok:
            cause = codec.hide(result.reason or result.status, address)
            raise DialRefused(f"The unit refused to dial {address.shown}: {cause}.", cause=cause)
        call_id = result.text("CallId")
        if not call_id:
            raise UnexpectedReply("The unit accepted the dial but did not say which call it is.")
        return CallRef(call_id, CallState.DIALLING, remote=codec.bare_address(address), booking_id=booking.id)

    async def hang_up(self, call: CallRef) -> None:
        number = codec.call_number(call.id)
        if number is None:
            raise NotSupported(f"{call.id!r} is no call id of a Cisco unit.")
        result = await self._command(codec.disconnect(number))
        if result is not None and result.ok:
            return
        # What a unit says about a call that is gone is not known: look.
        if all(c.id != call.id or c.state is CallState.ENDED for c in await self.calls()):
            return
        raise UnexpectedReply(f"The unit did not end the call: {result.reason if result else 'no result'}.")

    async def calls(self) -> tuple[CallRef, ...]:
        """Live calls. Ended ones are not told: no schema says what CallHistory Get returns, nor who hung up."""
        live = await self._status("Call")
        return codec.calls(live, await self._status("Conference/Call"))

    # -------------------------------------------------------------------------------- exchanges

    async def _known_facts(self) -> _Facts:
        if self._facts is None:
            await self.probe()
        assert self._facts is not None  # set by probe
        return self._facts

    async def _command(self, command: Command, *, once: bool = False) -> Result | None:
        """The result, or None when the unit knew none of the arguments. ``once``: must not run twice."""
        reply = await self._session.post("/putxml", codec.command_document(command), command=once)
        root = _document(reply)
        found = codec.results(root)
        if root.tag not in ("Command", "ActionError") or len(found) > 1 or (len(root) and not found):
            raise UnexpectedReply("The unit's answer is no command result.", sample=codec.sample(reply.text))
        return found[0] if found else None

    async def _status(self, path: str) -> etree._Element:
        """A Status document; UnexpectedReply for everything else, so that an error never reads as "no calls"."""
        reply = await self._session.get(f"/getxml?location=/Status/{path}")
        root = _document(reply)
        if not codec.is_status(root):
            raise UnexpectedReply(f"The unit does not tell its {path} status.", sample=codec.sample(reply.text))
        return root

    async def _says(self, path: str) -> str:
        """A status that a unit may lack."""
        try:
            return xml.text_of(await self._status(path), path)
        except (UnexpectedReply, NotSupported):
            return ""


def _document(reply: Reply) -> etree._Element:
    try:
        return xml.parse(reply.body)
    except xml.MalformedXml as error:
        message = f"The unit's answer is not XML ({error})."
        raise UnexpectedReply(message, sample=codec.sample(reply.text)) from error


def _must_be_ok(result: Result | None, name: str) -> Result:
    if result is None:
        raise NotSupported(f"The unit did not understand {name}.")
    if result.ok:
        return result
    reason = result.reason or result.status
    if "unknown command" in reason.lower():
        raise NotSupported(f"This firmware has no {name}; the option bookings = bookingsputxml may help.")
    raise UnexpectedReply(f"The unit refused {name}: {reason[:200]}.", sent=False)


def _judge_bookings_reply(reply: Reply) -> None:
    """HTTP 200 is success as far as known; a body is only believed when it says otherwise."""
    if not reply.body.lstrip().startswith(b"<"):
        return
    root = _document(reply)
    failed = [r for r in codec.results(root) if not r.ok]
    if failed or root.get("status") in ("Error", "ParameterError") or str(root.tag).lower() == "error":
        reason = failed[0].reason if failed else xml.text_of(root) or xml.text_of(root, "Reason")
        raise UnexpectedReply(f"The unit refused the bookings: {foreign.sentence(reason)}.", sent=False)


# ------------------------------------------------------------------------------------ options


def _read_options(options: Mapping[str, str]) -> _Options:
    bookings = options.get("bookings", "auto")
    if bookings not in ("auto", "bookingsputxml", "put"):
        raise NotSupported(f"The option bookings = {bookings!r} is unknown; use auto, bookingsputxml or put.")
    without = options.get("show_without_button", "false").lower()
    if without not in ("true", "false"):
        raise NotSupported(f"The option show_without_button = {without!r} is unknown; use true or false.")
    return _Options(
        bookings=cast(Literal["auto", "bookingsputxml", "put"], bookings),
        show_without_button=without == "true",
        booking_call_rate=int(_number(options, "booking_call_rate", 6000, 64, 20000)),
        timeout=_number(options, "timeout", 10, 0.1, 120),
    )


def _number(options: Mapping[str, str], name: str, default: float, lowest: float, highest: float) -> float:
    try:
        value = float(options.get(name, default))
    except ValueError:
        value = lowest - 1
    if not lowest <= value <= highest:
        raise NotSupported(f"The option {name} = {options[name]!r} must be a number from {lowest} to {highest}.")
    return value
