"""One unit as the engine sees it: its driver session, what it is, and whether it may be spoken to at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from connector import events
from connector.clock import Clock
from connector.engine.addresses import NotAllowed as NotAllowed
from connector.engine.addresses import Place, allowed
from connector.engine.addresses import allowed_address as allowed_address
from connector.engine.options import Options
from connector.engine.recorder import Recorder
from connector.engine.unit_words import UnitWords
from connector.errors import ConnectorError, UserError
from connector.model import Room, RoomId
from connector.networks import Network
from connector.redaction import foreign_text
from connector.store.api import StoreApi, UnitLease, UnitRow
from device_drivers.api import (
    Armable,
    CredentialsRejected,
    DeviceBusy,
    DeviceInfo,
    DeviceUnreachable,
    DialRefused,
    Driver,
    DriverError,
    DriverPlug,
    Endpoint,
    NameMissing,
    NotHttps,
    NotSupported,
    Remembers,
    TlsNotPossible,
    UnexpectedReply,
    UnitFacts,
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


FindPlug = Callable[[str], DriverPlug]
"""A driver by its name; NotSupported with a sentence when there is none."""


class DriverSession:
    """Serves both lanes of a room. Driver errors leave here as they are, after the state was noted once."""

    def __init__(
        self,
        room: Room,
        row: UnitRow,
        lease: UnitLease,
        *,
        clock: Clock,
        store: StoreApi,
        recorder: Recorder,
        options: Callable[[], Options],
        secrets: Secrets,
        find_plug: FindPlug,
    ) -> None:
        self.room = room
        self.info: DeviceInfo | None = row.info
        self.state = row.contact
        self.detail = row.contact_detail
        self.since: datetime | None = row.contact_since
        self._refused = row.refused
        self._lease = lease
        self._serial_number = row.unit.serial_number
        self._clock = clock
        self._store = store
        self._recorder = recorder
        self._options = options
        self._secrets = secrets
        self._find_plug = find_plug
        self._place = Place(room.ip_address, clock.now)
        self._networks: Collection[Network] = ()  # that its addresses were judged by
        self._addresses: tuple[str, ...] = ()  # that the driver was opened with
        self._at_work = 0  # commands under way
        self._driver: Driver | None = None
        self._login_fingerprint = ""
        self._login_read_at: datetime | None = None
        self._opening = asyncio.Lock()
        self._clock_is_off = False
        self._told = False  # whether the log of this run has the present trouble
        self.is_another: Callable[[DeviceInfo], bool] = self._tells_another_serial  # asked after each probe

    @property
    def facts(self) -> UnitFacts:
        """Of the last probe, else the manifest's minimum."""
        if self.info is not None:
            return self.info.facts
        try:
            return self._find_plug(self.room.device_type).manifest.facts
        except DriverError:
            return UnitFacts()

    # -------------------------------------------------------------------------------- commands

    async def run(self, command: Callable[[Driver], Awaitable[T]], *, finishing: bool = False) -> T:
        """Any DriverError of the command, or a deadline as DeviceUnreachable(sent=True).

        ``finishing``: it ends what we began, which is done also where the row says by now that the unit is left alone.
        """
        seconds = self._options().deadline.total_seconds()
        try:
            try:
                async with asyncio.timeout(seconds):
                    driver = await self._open(finishing)
            except TimeoutError:
                raise DeviceUnreachable(f"no connection within {seconds:.0f} s", sent=False) from None
            self._at_work += 1
            try:
                async with asyncio.timeout(seconds):
                    result = await command(driver)
            except TimeoutError:
                raise DeviceUnreachable(f"no answer within {seconds:.0f} s") from None
            finally:
                self._at_work -= 1
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
        """Reads what the unit is. Reports a wrong clock.

        Another unit than the one that this session is of: what it says is returned, and not kept as that one's.
        """
        before = self.info
        asked = self._clock.now()
        info = fit_to_keep(await self.run(lambda driver: driver.probe()))
        now = self._clock.now()
        self.info = info
        if self.is_another(info):
            return info
        news = before is None or (before.product, before.software) != (info.product, info.software)
        self._recorder.post(
            self._store.save_probe(self._lease, info, now), tells=[_probed(self.room.id, info)] if news else ()
        )
        if info.clock is not None:
            self._note_skew(info.clock - (asked + (now - asked) / 2))
        return info

    def _note_skew(self, skew: timedelta) -> None:
        off = abs(skew) > self._options().clock_skew
        if off and not self._clock_is_off:
            seconds = round(skew.total_seconds())
            text = f"its clock is {seconds:+d} s off, so buttons appear at the wrong time; check its NTP server"
            self._recorder.publish(events.UnitClockSkew(room=self.room.id, seconds=seconds, reason=text))
        self._clock_is_off = off

    def _tells_another_serial(self, info: DeviceInfo) -> bool:
        return bool(self._serial_number and info.serial_number and info.serial_number != self._serial_number)

    def rebooted(self, before: DeviceInfo | None) -> bool:
        if before is None or before.uptime is None or self.info is None or self.info.uptime is None:
            return False
        return self.info.uptime < before.uptime

    # -------------------------------------------------------------------------------- the session

    async def _open(self, finishing: bool = False) -> Driver:
        async with self._opening:
            if not self.room.device_management and not finishing:
                raise NotAllowed("device_management is off for this room: it is not contacted")
            await self._judge_anew()
            now = self._clock.now()
            read_at = self._login_read_at
            if self._driver is not None and read_at is not None and now - read_at < _LOGIN_IS_FRESH:
                return self._driver
            try:
                login, fingerprint = self._login()
            except DeviceUnreachable:
                if self._driver is None:
                    raise
                return self._driver  # it has the password that it was opened with
            self._login_read_at = now
            if self._driver is not None and fingerprint == self._login_fingerprint:
                return self._driver
            await self._close_driver()
            if self._refused and fingerprint == self._refused:
                raise CredentialsRejected(
                    "the unit refused this password before and is not asked again, so that it does not lock the"
                    f" account; correct the secret behind {self.room.credential!r} and it is tried at once, or, if it"
                    f" is right after all, run: connector devices retry {self.room.id}"
                )
            plug = self._find_plug(self.room.device_type)
            endpoint = await self._endpoint(login)
            driver = plug.open(endpoint)
            if isinstance(driver, Remembers):
                driver.remember_in(await UnitWords.read(self._store, self._lease.unit))
            await driver.__aenter__()
            self._driver, self._login_fingerprint = driver, fingerprint
            return driver

    def _login(self) -> tuple[Login | None, str]:
        if not self.room.credential:
            return None, "none"
        try:
            login = self._secrets.resolve(self.room.credential)
        except UserError as error:
            raise NotAllowed(str(error)) from None
        except ConnectorError as error:  # of the vault: a file that may be put back, a key service that may come back
            raise DeviceUnreachable(f"its password cannot be had: {error}", sent=False) from None
        return login, self._secrets.fingerprint(login)

    async def _judge_anew(self) -> None:
        """The Private Networks were edited, or its name leads elsewhere by now: a connection that was opened under
        others is not used unjudged. A command under way ends on the unit where it began."""
        if self._driver is None:
            return
        networks = self._options().private_networks
        try:
            fit = allowed(self.room.ip_address, self._place.known(), networks)
        except DriverError:
            await self._close_driver()
            raise
        moved, edited = not set(self._addresses) <= set(fit), networks != self._networks
        if (moved and edited) or ((moved or fit[0] != self._addresses[0]) and not self._at_work):
            await self._close_driver()
        self._networks = networks

    async def _endpoint(self, login: Login | None) -> Endpoint:
        self._networks = self._options().private_networks
        found = await self._place.first()
        address, *others = self._addresses = allowed(self.room.ip_address, found, self._networks)
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
            others=tuple(others),
        )

    async def close(self) -> None:
        await self._place.close()
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
        if isinstance(error, DeviceUnreachable | UntrustedCertificate):
            self._place.look_again()
            if not error.sent and self._driver is not None:
                self._place.turn()
        if isinstance(error, CredentialsRejected) and self._driver is not None:
            await self._remember_refusal()
        kinds = (kind for kind in type(error).__mro__ if kind in _STATES)
        state, event = _STATES[next(kinds, DeviceUnreachable)]
        self._note_state(state, str(error), event)

    def try_again(self) -> None:
        """An admin says that the refused password is right after all: the unit is asked once more."""
        if self._refused:
            self._refused = ""
            since = self._clock.now()
            self._store.post(self._store.save_contact(self._lease, self.state, self.detail, since, ""))

    async def _remember_refusal(self) -> None:
        """Committed before anything else happens: a restart must not try this password again."""
        self._refused = self._login_fingerprint
        now = self._clock.now()
        await self._store.write(
            self._store.save_contact(self._lease, "credentials_refused", self.detail, now, self._refused)
        )
        await self.close()

    def _note_state(self, state: str, detail: str, event: type[events.UnitState] = events.UnitReachable) -> None:
        if state == "reachable" and self._refused and self._login_fingerprint != self._refused:
            self._refused = ""  # a new password works
        changed, new = state != self.state, self.state == "new"
        if not changed and (self._told or state == "reachable"):
            self.detail = detail
            return
        self.state, self.detail, self._told = state, detail, True  # told again after a restart: its log begins anew
        if changed:
            self.since = self._clock.now()
        since = self.since or self._clock.now()
        self._recorder.post(
            self._store.save_contact(self._lease, state, detail, since, self._refused),
            tells=() if new and state == "reachable" else [event(room=self.room.id, reason=detail)],
        )


def fit_to_keep(info: DeviceInfo) -> DeviceInfo:
    """What a unit says of itself goes to logs, the store and terminals."""
    return replace(
        info,
        product=foreign_text(info.product),
        software=foreign_text(info.software),
        serial_number=foreign_text(info.serial_number),
        notes=tuple(map(foreign_text, info.notes)),
    )


def _probed(room: RoomId, info: DeviceInfo) -> events.UnitProbed:
    return events.UnitProbed(room=room, product=info.product, software=info.software, notes="; ".join(info.notes))


_STATES: dict[type[DriverError], tuple[str, type[events.UnitState]]] = {
    DeviceUnreachable: ("unreachable", events.UnitUnreachable),
    CredentialsRejected: ("credentials_refused", events.UnitCredentialsRefused),
    UntrustedCertificate: ("certificate_refused", events.UnitCertificateRefused),
    NameMissing: ("name_missing", events.UnitNameMissing),
    TlsNotPossible: ("tls_not_possible", events.UnitTlsNotPossible),
    NotHttps: ("not_https", events.UnitNotHttps),
    NotSupported: ("not_supported", events.UnitNotSupported),
    UnexpectedReply: ("unexpected_reply", events.UnitUnexpectedReply),
    NotAllowed: ("not_allowed", events.UnitNotAllowed),
}
