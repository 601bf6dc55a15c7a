"""One unit as the engine sees it: its driver session, what it is, and whether it may be spoken to at all."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Protocol, TypeVar

from connector.clock import Clock
from connector.engine.journal import Journal
from connector.engine.options import Options
from connector.errors import ConnectorError, UserError
from connector.model import Room, RoomPlan
from connector.networks import Network, within
from connector.store.store import RoomRow, Store
from device_drivers.api import (
    Armable,
    Capability,
    CredentialsRejected,
    DeviceBusy,
    DeviceInfo,
    DeviceUnreachable,
    DialRefused,
    Driver,
    DriverError,
    DriverPlug,
    Endpoint,
    NotSupported,
    Receipt,
    UnexpectedReply,
    UntrustedCertificate,
)

T = TypeVar("T")
_LOGIN_IS_FRESH = timedelta(seconds=5)  # a secret may be a sealed file: it is not opened for each of a few requests


class Login(Protocol):
    """A resolved credential; its repr hides the password."""

    @property
    def username(self) -> str: ...

    @property
    def password(self) -> str: ...


class Secrets(Protocol):
    """What the engine needs of settings and vault."""

    def resolve(self, reference: str) -> Login:
        """UserError when the reference leads nowhere."""
        ...

    def fingerprint(self, login: Login, /) -> str:
        """Keyed: says whether a credential is the one that was refused, and nothing else."""
        ...


class NotAllowed(DriverError):
    """Ours, not the unit's: the room may not be contacted, and was not."""

    def __init__(self, message: str) -> None:
        super().__init__(message, sent=False)


@dataclass(frozen=True, slots=True)
class Tools:
    """What every part of the engine is handed."""

    clock: Clock
    store: Store
    journal: Journal
    options: Options
    secrets: Secrets
    find_plug: Callable[[str], DriverPlug]  # NotSupported with a sentence when there is none


class DriverSession:
    """Serves both lanes of a room. Driver errors leave here as they are, after the state was noted once."""

    def __init__(self, room: Room, row: RoomRow, tools: Tools) -> None:
        self.room = room
        self.info: DeviceInfo | None = row.info
        self.state = row.state
        self.detail = row.detail
        self.since: datetime | None = row.since
        self._refused = row.refused
        self._tools = tools
        self._driver: Driver | None = None
        self._login_print = ""
        self._login_read_at: datetime | None = None
        self._opening = asyncio.Lock()
        self._clock_is_off = False
        self._told = False  # whether the log of this run has the present trouble
        self.on_info: Callable[[], None] | None = None  # told after each probe: capabilities may have changed

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Of the last probe, else the manifest's minimum."""
        if self.info is not None:
            return self.info.capabilities
        try:
            return self._tools.find_plug(self.room.device_type).manifest.capabilities
        except DriverError:
            return frozenset()

    def row(self, plan: RoomPlan | None, receipt: Receipt | None) -> RoomRow:
        """What a restarted lane needs; the store has the same."""
        return RoomRow(
            self.room.id,
            plan=plan,
            receipt=receipt,
            info=self.info,
            state=self.state,
            detail=self.detail,
            since=self.since,
            refused=self._refused,
        )

    # -------------------------------------------------------------------------------- commands

    async def run(self, command: Callable[[Driver], Awaitable[T]]) -> T:
        """Any DriverError of the command, or a deadline as DeviceUnreachable(sent=True)."""
        seconds = self._tools.options.deadline.total_seconds()
        try:
            try:
                async with asyncio.timeout(seconds):
                    driver = await self._open()
            except TimeoutError:
                raise DeviceUnreachable(f"no connection within {seconds:.0f} s", sent=False) from None
            try:
                async with asyncio.timeout(seconds):
                    result = await command(driver)
            except TimeoutError:
                raise DeviceUnreachable(f"no answer within {seconds:.0f} s") from None
        except DriverError as error:
            await self._failed(error)
            raise
        self._note_state("reachable", "")
        return result

    async def arm(self) -> None:
        """A dial is near. A driver that cannot prepare for it opens its connection when it dials."""

        async def arm(driver: Driver) -> None:
            if isinstance(driver, Armable):
                await driver.arm()

        await self.run(arm)

    async def probe(self) -> DeviceInfo:
        """Reads what the unit is. Reports a reboot and a wrong clock."""
        before = self.info
        asked = self._tools.clock.now()
        info = await self.run(lambda driver: driver.probe())
        now = self._tools.clock.now()
        self.info = info
        self._tools.store.post(self._tools.store.probed(self.room.id, info, now))
        if before is None or (before.product, before.software) != (info.product, info.software):
            self._note("unit.probed", product=info.product, software=info.software, notes="; ".join(info.notes))
        if self.on_info is not None:
            self.on_info()
        if info.clock is not None:
            skew = info.clock - (asked + (now - asked) / 2)
            off = abs(skew) > self._tools.options.clock_skew
            if off and not self._clock_is_off:
                seconds = round(skew.total_seconds())
                text = f"its clock is {seconds:+d} s off, so buttons appear at the wrong time; check its NTP server"
                self._note("unit.clock_skew", seconds=seconds, reason=text)
            self._clock_is_off = off
        return info

    def rebooted(self, before: DeviceInfo | None) -> bool:
        if before is None or before.uptime is None or self.info is None or self.info.uptime is None:
            return False
        return self.info.uptime < before.uptime

    # -------------------------------------------------------------------------------- the session

    async def _open(self) -> Driver:
        async with self._opening:
            if not self.room.device_management:
                raise NotAllowed("device_management is off for this room: it is not contacted")
            now = self._tools.clock.now()
            read_at = self._login_read_at
            if self._driver is not None and read_at is not None and now - read_at < _LOGIN_IS_FRESH:
                return self._driver
            try:
                login, print_ = self._login()
            except DeviceUnreachable:
                if self._driver is None:
                    raise
                return self._driver  # it has the password that it was opened with
            self._login_read_at = now
            if self._driver is not None and print_ == self._login_print:
                return self._driver
            await self._close_driver()
            if self._refused and print_ == self._refused:
                raise CredentialsRejected(
                    "the unit refused this password before and is not asked again, so that it does not lock the"
                    f" account; correct the secret behind {self.room.credential!r} and it is tried at once, or, if it"
                    f" is right after all, run: connector devices retry {self.room.id}"
                )
            plug = self._tools.find_plug(self.room.device_type)
            endpoint = await self._endpoint(login)
            driver = plug.open(endpoint)
            await driver.__aenter__()
            self._driver, self._login_print = driver, print_
            return driver

    def _login(self) -> tuple[Login | None, str]:
        if not self.room.credential:
            return None, "none"
        try:
            login = self._tools.secrets.resolve(self.room.credential)
        except UserError as error:
            raise NotAllowed(str(error)) from None
        except ConnectorError as error:  # of the vault: a file that may be put back, a key service that may come back
            raise DeviceUnreachable(f"its password cannot be had: {error}", sent=False) from None
        return login, self._tools.secrets.fingerprint(login)

    async def _endpoint(self, login: Login | None) -> Endpoint:
        address = await allowed_address(self.room.ip_address, self._tools.options.private_networks)
        room = self.room
        return Endpoint(
            id=room.id,
            address=address,
            host_name="" if address == room.ip_address else room.ip_address,
            port=room.port,
            tls=room.tls,
            username=login.username if login else "",
            password=login.password if login else "",
            serial_number=room.serial_number,
            options=dict(room.options),
        )

    async def close(self) -> None:
        async with self._opening:
            await self._close_driver()

    async def _close_driver(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            with suppress(DriverError, TimeoutError):  # a unit that is gone cannot be told goodbye
                async with asyncio.timeout(5):
                    await driver.__aexit__(None, None, None)

    # -------------------------------------------------------------------------------- state, noted once

    async def _failed(self, error: DriverError) -> None:
        if isinstance(error, DeviceBusy | DialRefused):
            return
        if isinstance(error, CredentialsRejected) and self._driver is not None:
            await self._remember_refusal()
        kinds = (kind for kind in type(error).__mro__ if kind in _STATES)
        state, event = _STATES[next(kinds, DeviceUnreachable)]
        self._note_state(state, str(error), event)

    def try_again(self) -> None:
        """An admin says that the refused password is right after all: the unit is asked once more."""
        if self._refused:
            self._refused = ""
            since = self._tools.clock.now()
            store = self._tools.store
            store.post(store.state(self.room.id, self.state, self.detail, since, ""))

    async def _remember_refusal(self) -> None:
        """Committed before anything else happens: a restart must not try this password again."""
        self._refused = self._login_print
        now = self._tools.clock.now()
        store = self._tools.store
        await store.write(store.state(self.room.id, "credentials_refused", self.detail, now, self._refused))
        await self.close()

    def _note_state(self, state: str, detail: str, event: str = "unit.reachable") -> None:
        if state == "reachable" and self._refused and self._login_print != self._refused:
            self._refused = ""  # a new password works
        changed, new = state != self.state, self.state == "new"
        if not changed and (self._told or state == "reachable"):
            self.detail = detail
            return
        self.state, self.detail, self._told = state, detail, True  # told again after a restart: its log begins anew
        if changed:
            self.since = self._tools.clock.now()
        store, since = self._tools.store, self.since or self._tools.clock.now()
        store.post(store.state(self.room.id, state, detail, since, self._refused))
        if not (new and state == "reachable"):
            self._note(event, reason=detail)

    def _note(self, event: str, **detail: object) -> None:
        self._tools.journal.note(event, self.room.id, **detail)


async def allowed_address(host: str, networks: Collection[Network]) -> str:
    """Resolve, judge, and return the very address that will be connected. NotAllowed when it is nobody of ours."""
    try:
        found = [str(ip_address(host))]
    except ValueError:
        try:
            infos = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            raise DeviceUnreachable(f"the name {host} cannot be resolved ({error})", sent=False) from None
        found = list(dict.fromkeys(str(info[4][0]) for info in infos))
    for text in found:
        if within(ip_address(text), networks):
            return text
    resolved = "" if found == [host] else f" ({', '.join(found)})"
    raise NotAllowed(
        f"{host}{resolved} is outside the Private Networks and was not contacted;"
        " add its range to networks.private in connector.toml if it is yours"
    )


_STATES: dict[type[DriverError], tuple[str, str]] = {
    DeviceUnreachable: ("unreachable", "unit.unreachable"),
    CredentialsRejected: ("credentials_refused", "unit.credentials_refused"),
    UntrustedCertificate: ("certificate_refused", "unit.certificate_refused"),
    NotSupported: ("not_supported", "unit.not_supported"),
    UnexpectedReply: ("unexpected_reply", "unit.unexpected_reply"),
    NotAllowed: ("not_allowed", "unit.not_allowed"),
}
