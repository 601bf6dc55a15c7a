"""Table ``units``: the devices and what is known of them, under the lease of the unit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from connector.model import RoomId, Unit, UnitId, UnitState
from connector.redaction import foreign_text
from connector.store import tables
from connector.store.api import Lease, UnitLease, UnitRow
from connector.store.claims import Claims, adopted, claim
from connector.store.database import Database, put
from connector.store.rows import Cells, keyed
from connector.store.writer import Write
from connector.wire import dump_info, dump_options, dump_receipt, load_info, load_options, load_receipt
from device_drivers.api import DeviceInfo, Receipt, TlsPolicy

_IDENTITY = ("driver", "address", "port", "tls_mode", "tls_value", "credential", "serial_number", "options")
_of = tables.units.c.id == bindparam("of_unit")
_STATE = update(tables.units).where(_of).values(state=bindparam("state"), since=bindparam("since"))
_CLAIMED = put(tables.units, "id", *_IDENTITY, "state", "since", "room")
_SERVED = put(tables.rooms, "room", "unit")
# An attempt of a room whose unit told nothing yet: its unit gets a row, so that it can be claimed.
_ORPHANS = insert(tables.units).from_select(
    ["id", "room"],
    select(tables.attempts.c.unit, func.max(tables.attempts.c.room))
    .where(tables.attempts.c.unit.not_in(select(tables.units.c.id)))
    .group_by(tables.attempts.c.unit),
)


_RECEIVED = put(tables.units, "id", "receipt", "receipt_at", "verified_at")
_VERIFIED = put(tables.units, "id", "verified_at")
_CONTACT = put(tables.units, "id", "contact", "contact_detail", "contact_since", "refused")
_probe = upsert(tables.units)
_PROBED = _probe.on_conflict_do_update(
    index_elements=["id"],
    set_={
        "info": _probe.excluded.info,
        "info_at": _probe.excluded.info_at,
        # One that tells no serial number keeps the one that it had.
        "serial_number": func.coalesce(func.nullif(_probe.excluded.serial_number, ""), tables.units.c.serial_number),
    },
)


_OLD = (tables.units.c.state == UnitState.GONE.value) & (tables.units.c.since < bindparam("before"))
_PRUNE_ATTEMPTS = delete(tables.attempts).where(tables.attempts.c.unit.in_(select(tables.units.c.id).where(_OLD)))
# Never before its attempts, in whatever order the two are made: an attempt without a unit would bring its row back.
_PRUNE_GONE = delete(tables.units).where(_OLD, tables.units.c.id.not_in(select(tables.attempts.c.unit)))


class UnitVerbs(Database):
    async def units(self, room: RoomId | None = None) -> dict[UnitId, UnitRow]:
        """All, or those that served ``room`` last."""
        query = select(tables.units)
        if room is not None:
            query = query.where((tables.units.c.room == room) | (tables.units.c.id == adopted(room)))
        async with self.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        return {UnitId(row["id"]): self._unit_row(row) for row in keyed(rows, "units", "id", self._damage)}

    def _unit_row(self, row: Mapping[Any, Any]) -> UnitRow:
        cells = Cells(row, "units", "id", self._damage)
        return UnitRow(
            self._unit(row),
            contact=cells.text("contact"),
            contact_detail=cells.text("contact_detail"),
            contact_since=cells.instant("contact_since"),
            refused=cells.text("refused"),
            info=cells.json("info", load_info),
            info_at=cells.instant("info_at"),
            receipt=cells.json("receipt", load_receipt),
            receipt_at=cells.instant("receipt_at"),
            verified_at=cells.instant("verified_at"),
        )

    def _unit(self, row: Mapping[Any, Any]) -> Unit:
        cells = Cells(row, "units", "id", self._damage)
        mode, state = cells.text("tls_mode"), cells.text("state")
        if mode not in ("verify", "ca", "pin", "off"):  # the next claim brings the configured one
            mode = cells.lost("tls_mode", "verify")
        if state not in list(UnitState):
            state = cells.lost("state", UnitState.RETIRING)  # what we began on it is still ended; a claim takes it back
        return Unit(
            id=UnitId(row["id"]),
            driver=cells.text("driver"),
            address=cells.text("address"),
            port=cells.whole("port"),
            tls=TlsPolicy(cast(Literal["verify", "ca", "pin", "off"], mode), cells.text("tls_value")),
            credential=cells.text("credential"),
            serial_number=cells.text("serial_number"),
            state=UnitState(state),
            since=cells.instant("since"),
            room=RoomId(cells.text("room")),
            options=(cells.json("options", load_options) or ()) if row["options"] else (),
        )

    # -------------------------------------------------------------------------------- claims

    async def claim_units(self, wanted: Mapping[RoomId, Unit], at: datetime) -> dict[RoomId, UnitLease]:
        epoch, found = self._owned(), Claims()

        async def work(conn: AsyncConnection) -> None:
            nonlocal found
            found = await self._claim(conn, wanted, at)

        await self._writer.run(work)
        return {room: UnitLease(unit, epoch) for room, unit in found.rooms.items()}

    async def _claim(self, conn: AsyncConnection, wanted: Mapping[RoomId, Unit], at: datetime) -> Claims:
        await conn.execute(_ORPHANS)
        rows = keyed((await conn.execute(select(tables.units))).mappings().all(), "units", "id", self._damage)
        query = select(tables.rooms.c.room, tables.rooms.c.unit).where(tables.rooms.c.unit.is_not(None))
        had = {RoomId(row[0]): UnitId(row[1]) for row in (await conn.execute(query)).all()}
        claims = claim(map(self._unit, rows), had, wanted, at)
        if claims.units:
            await conn.execute(_CLAIMED, [_identity(unit) for unit in claims.units.values()])
            served = claims.rooms | dict.fromkeys(claims.bereft)
            await conn.execute(_SERVED, [{"room": room, "unit": unit} for room, unit in served.items()])
        return claims

    def prune_gone(self, lease: Lease, before: datetime) -> tuple[Write, ...]:
        values = {"before": before}
        return Write(_PRUNE_ATTEMPTS, values, lease.epoch), Write(_PRUNE_GONE, values, lease.epoch)

    # -------------------------------------------------------------------------------- what the unit told

    def save_unit_state(self, lease: UnitLease, state: UnitState, at: datetime) -> Write:
        return Write(_STATE, {"of_unit": lease.unit, "state": state.value, "since": at}, lease.epoch)

    def save_probe(self, lease: UnitLease, info: DeviceInfo, at: datetime) -> Write:
        values = {"info": dump_info(info), "info_at": at, "serial_number": info.serial_number}
        return Write(_PROBED, {"id": lease.unit, **values}, lease.epoch)

    def save_receipt(self, lease: UnitLease, receipt: Receipt | None, at: datetime) -> Write:
        text = dump_receipt(receipt) if receipt is not None else None
        values = {"receipt": text, "receipt_at": at, "verified_at": None}
        return Write(_RECEIVED, {"id": lease.unit, **values}, lease.epoch)

    def save_verified(self, lease: UnitLease, at: datetime) -> Write:
        return Write(_VERIFIED, {"id": lease.unit, "verified_at": at}, lease.epoch)

    def save_contact(self, lease: UnitLease, contact: str, detail: str, since: datetime, refused: str) -> Write:
        said = foreign_text(detail)
        values = {"contact": contact, "contact_detail": said, "contact_since": since, "refused": refused}
        return Write(_CONTACT, {"id": lease.unit, **values}, lease.epoch)


def _identity(unit: Unit) -> dict[str, Any]:
    return {
        "id": unit.id,
        "driver": unit.driver,
        "address": unit.address,
        "port": unit.port,
        "tls_mode": unit.tls.mode,
        "tls_value": unit.tls.value,
        "credential": unit.credential,
        "serial_number": unit.serial_number,
        "state": unit.state.value,
        "since": unit.since,
        "room": unit.room,
        "options": dump_options(unit.options),
    }
