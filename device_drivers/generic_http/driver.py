"""Drives a unit after its description: builds what leaves in codec.py, awaits here."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from device_drivers import foreign
from device_drivers.api import (
    Booking,
    BookingList,
    CallRef,
    CredentialsRejected,
    DeviceInfo,
    DialAddress,
    DialRefused,
    Endpoint,
    NotSupported,
    Receipt,
)
from device_drivers.generic_http import codec, digest, replies
from device_drivers.generic_http.description import Description, DescriptionError, Request, load, locate, shipped
from device_drivers.http import Reply, UnitHttp

_TIMEOUT = 10.0  # seconds
# No address that a meeting service gives holds these; in a unit's command line they would begin a new command.
_UNDIALLABLE = re.compile(r"[\s\"'`<>\\;\x00-\x1f\x7f]")


def open_unit(endpoint: Endpoint) -> GenericHttpDriver:
    """Read the description that the endpoint's options name. Raises DescriptionError (a ValueError) with sentences."""
    word = endpoint.options.get("description", "")
    if not word:
        raise DescriptionError(
            "The option description is missing: a path to a .toml file, or one of " + ", ".join(shipped()) + "."
        )
    return GenericHttpDriver(endpoint, load(locate(word)), timeout=_timeout(endpoint.options))


def _timeout(options: Mapping[str, str]) -> float:
    word = options.get("timeout", str(_TIMEOUT))
    try:
        seconds = float(word)
    except ValueError:
        seconds = 0.0
    if not 0.05 <= seconds <= 300:
        raise DescriptionError(f"The option timeout is {word!r}; it must be seconds from 0.05 to 300.")
    return seconds


class GenericHttpDriver:
    """One unit; offers all protocols of ``device_drivers.api`` but Armable, as far as it is described.

    ``now`` is the clock that past bookings are told by."""

    def __init__(
        self,
        endpoint: Endpoint,
        description: Description,
        *,
        timeout: float = _TIMEOUT,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._endpoint = endpoint
        self._described = description
        self._unit = endpoint.options.get("unit") or endpoint.id
        self._now = now
        self._http = UnitHttp(endpoint, default_port=description.default_port, timeout=timeout)
        self._refused = ""  # why the credentials were refused; set once, for this driver's life
        self._accepted = description.auth == "none"  # the credentials were seen to work
        self._first_login = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    # -------------------------------------------------------------------------------- the contract

    async def probe(self) -> DeviceInfo:
        answer = await self._ask(self._described.probe)
        with _reading(answer):
            return codec.device_info(self._described, answer)

    async def push(self, bookings: BookingList) -> Receipt:
        push = self._described.push
        if push is None:
            raise _not_described("push")
        outgoing = codec.build_push(push, self._unit, bookings)
        hidden = tuple(secret for b in bookings.bookings if b.address for secret in _secrets(b.address))
        await self._ask(push.request, outgoing, hidden=hidden)
        return codec.receipt(push, bookings)

    async def shown(self) -> frozenset[str]:
        request = _described("shown", self._described.shown)
        answer = await self._ask(request)
        with _reading(answer):
            return codec.shown_ids(request, answer, self._now())

    async def dial(self, address: DialAddress, booking: Booking) -> CallRef:
        if address.protocol not in self._described.protocols:
            raise NotSupported(f"By its description the unit cannot dial {address.protocol}.")
        if not address.address or _UNDIALLABLE.search(address.address):
            raise DialRefused("The address holds a character that no unit dials.", cause="address")
        request, calls = self._described.dial, self._described.calls
        outgoing = codec.build_dial(request, self._unit, address, booking)
        answer = await self._ask(request, outgoing, hidden=_secrets(address), command=True)
        with _reading(answer, *_secrets(address)):
            return codec.dialled(request, answer, address, booking, calls is not None and "booking_id" in calls.read)

    async def hang_up(self, call: CallRef) -> None:
        request = _described("hang_up", self._described.hang_up)
        if call.id == codec.THE_CALL and self._described.tells_calls_apart:
            found = await self._find(call)
            if found is None:
                return
            call = found
        values = {"unit": self._unit, "call_id": call.id, "booking_id": call.booking_id or ""}
        await self._ask(request, codec.build(request, values), command=True)

    async def calls(self) -> tuple[CallRef, ...]:
        request = _described("calls", self._described.calls)
        answer = await self._ask(request)
        with _reading(answer):
            return codec.calls(request, answer)

    # -------------------------------------------------------------------------------- asking

    async def _find(self, call: CallRef) -> CallRef | None:
        """The unit's own call for one whose id the dial did not tell; None when it is gone."""
        for found in await self.calls():
            if codec.same_far_end(found.remote, call.remote):
                return found
        return None

    async def _ask(
        self,
        request: Request,
        outgoing: codec.Outgoing | None = None,
        *,
        hidden: tuple[str, ...] = (),
        command: bool = False,
    ) -> codec.Answer:
        """Send once and judge. Until the credentials were seen to work, one request at a time carries them."""
        sending = outgoing or codec.build(request, {"unit": self._unit})
        if self._accepted:
            return await self._exchange(request, sending, hidden, command)
        async with self._first_login:
            return await self._exchange(request, sending, hidden, command)

    async def _exchange(
        self, request: Request, sending: codec.Outgoing, hidden: tuple[str, ...], command: bool
    ) -> codec.Answer:
        if self._refused:
            raise CredentialsRejected(self._refused)
        reply = await self._send(sending, command)
        answer = codec.Answer(reply.status, reply.text, reply.is_web_page)
        error = codec.problem(self._described, request, answer, (self._endpoint.password, *hidden))
        if isinstance(error, CredentialsRejected):
            self._refused = f"{error} It is not tried again until the credentials change."
            raise CredentialsRejected(self._refused)
        if error is not None:
            raise error
        self._accepted = True
        return answer

    async def _send(self, sending: codec.Outgoing, command: bool) -> Reply:
        headers = dict(sending.headers)
        if self._described.auth == "bearer":
            headers["Authorization"] = f"Bearer {self._endpoint.password}"
        elif self._described.auth == "header":
            headers[self._described.auth_header] = self._endpoint.password
        basic = self._described.auth == "basic"
        reply = await self._http.request(
            sending.method, sending.path, body=sending.body, headers=headers, basic_auth=basic, command=command
        )
        if self._described.auth != "digest" or reply.status != 401:
            return reply
        authorization = digest.answer(
            reply.headers.get("WWW-Authenticate", ""),
            method=sending.method,
            uri=sending.path,
            username=self._endpoint.username,
            password=self._endpoint.password,
            client_nonce=secrets.token_hex(8),
        )
        if authorization is None:
            return reply
        headers["Authorization"] = authorization
        return await self._http.request(
            sending.method, sending.path, body=sending.body, headers=headers, command=command
        )


def _secrets(address: DialAddress) -> tuple[str, ...]:
    """What an answer of the unit may quote and nobody else may see."""
    return (address.address, *foreign.codes_of(address.address))


def _described(name: str, request: Request | None) -> Request:
    if request is None:
        raise _not_described(name)
    return request


def _not_described(name: str) -> NotSupported:
    return NotSupported(f"The unit's description has no section [{name}].")


@contextmanager
def _reading(answer: codec.Answer, *hidden: str) -> Iterator[None]:
    try:
        yield
    except replies.NotReadable as error:
        raise codec.unexpected(str(error), answer, hidden) from None
