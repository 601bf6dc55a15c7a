"""connector devices probe --all and swap, as a person and a script run them, with simulated units."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from connector.cli import rooms_sheet
from connector.cli.commands.devices import devices_group
from connector.cli.probing import Judged
from connector.errors import ConnectorError, UserError
from connector.model import Room
from device_drivers.cisco.simulator import CiscoSimulator

app = click.Group(commands=[devices_group])
HEADER = "# our rooms\r\nid;calendar;device_type;ip_address;port;tls;serial_number;credential;notes\r\n"
PASSWORD = "hunter2"


@dataclass(frozen=True)
class Answer:
    status: int
    output: str
    errors: str


@dataclass(frozen=True)
class Site:
    folder: Path
    units: tuple[CiscoSimulator, ...]

    @property
    def file(self) -> Path:
        return self.folder / "rooms.csv"

    def write(self, rows: Iterable[str]) -> None:
        self.file.write_text(HEADER + "".join(f"{row}\r\n" for row in rows), newline="")

    async def run(self, *words: str, typed: str | None = None) -> Answer:
        """UserError is 2, another ConnectorError is 1, as ``connector.cli.main`` has it."""
        words = (*words, "--config", str(self.folder))
        result = await asyncio.to_thread(CliRunner().invoke, app, ["devices", *words], typed)
        assert PASSWORD not in result.output
        if isinstance(result.exception, ConnectorError):
            return Answer(2 if isinstance(result.exception, UserError) else 1, result.stdout, str(result.exception))
        assert isinstance(result.exception, SystemExit | None), result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)


def row(name: str, unit: CiscoSimulator, tls: str, *, host: str = "", serial: str = "") -> str:
    at = unit.endpoint
    return f"{name};{name}.ics;cisco;{host or at.address};{at.port};{tls};{serial};env:UNITS;so"


def pin(unit: CiscoSimulator) -> str:
    return f"pin:{unit.endpoint.tls.value}"


@asynccontextmanager
async def site_of(folder: Path, *hosts: str) -> AsyncIterator[Site]:
    """Units at several loopback addresses, all on the port of the first."""
    (folder / "connector.toml").write_text('[networks]\nprivate = ["127.0.0.0/24"]\n')
    async with AsyncExitStack() as stack:
        units: list[CiscoSimulator] = []
        for number, host in enumerate(hosts):
            port = units[0].endpoint.port or 0 if units else 0
            made = CiscoSimulator(host=host, port=port, password=PASSWORD, serial_number=f"FOC{number}")
            units.append(await stack.enter_async_context(made))
        yield Site(folder, tuple(units))


@pytest.fixture(autouse=True)
def _units_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNITS", f"admin:{PASSWORD}")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms_sheet, "_terminal", lambda: True)


OLD = "pin:" + "ab" * 32


async def test_every_verdict_and_who_did_not_answer(tmp_path: Path) -> None:
    async with site_of(tmp_path, "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4") as site:
        same, new, changed, off = site.units
        await off.power(False)
        rows = [
            row("same", same, pin(same)),
            row("new", new, ""),
            row("changed", changed, OLD),
            row("off", off, pin(off)),
            row("far", off, OLD, host="192.0.2.1"),
        ]
        site.write(rows)
        before = site.file.read_bytes()
        table = await site.run("probe", "--all")
        assert table.status == 3, table
        lines = {line.split()[0]: line for line in table.output.splitlines() if line.strip()}
        assert "same" in lines["same"].split()[3:] and "new:" in lines["new"] and "unreachable: " in lines["off"]
        assert "outside the Private Networks" in lines["far"]
        both = [line for line in table.output.splitlines() if OLD in line]
        assert both == [line for line in table.output.splitlines() if line.startswith("changed") and OLD in line]
        assert len(both) == 1 and pin(changed) in both[0]
        told = json.loads((await site.run("probe", "--all", "--json")).output)
        assert [one["verdict"] for one in told] == ["same", "new", "changed", "unreachable", "unreachable"]
        assert told[2]["tls_before"] == OLD and told[2]["tls"] == pin(changed)
        assert site.file.read_bytes() == before
        assert all(unit.requests() == 0 for unit in site.units)  # a handshake, and no password


async def test_pins_are_written_into_their_cells_only(tmp_path: Path, terminal: None) -> None:
    async with site_of(tmp_path, "127.0.0.1", "127.0.0.2") as site:
        new, changed = site.units
        site.write([row("new", new, ""), row("changed", changed, OLD)])
        before = site.file.read_bytes()
        no = await site.run("probe", "--all", "--write-pins", typed="n\n")
        assert (no.status, site.file.read_bytes()) == (0, before)
        assert "Nothing was written" in no.errors
        yes = await site.run("probe", "--all", "--write-pins", typed="y\n")
        assert yes.status == 0, yes
        site_now = site.file.read_bytes()
        site.write([row("new", new, pin(new)), row("changed", changed, pin(changed))])
        assert site_now == site.file.read_bytes()
        again = await site.run("probe", "--all", "--write-pins", "--yes")
        assert again.status == 0 and "There is no pin to write" in again.output


async def test_a_script_says_yes_beforehand(tmp_path: Path) -> None:
    async with site_of(tmp_path, "127.0.0.1") as site:
        (unit,) = site.units
        site.write([row("one", unit, "")])
        before = site.file.read_bytes()
        refused = await site.run("probe", "--all", "--write-pins")
        assert refused.status == 2 and "--yes" in refused.errors
        assert site.file.read_bytes() == before
        done = await site.run("probe", "--all", "--write-pins", "--yes", "--json")
        assert done.status == 0 and json.loads(done.output)[0]["written"] is True
        assert pin(unit) in site.file.read_text()


async def test_one_room_as_before(tmp_path: Path) -> None:
    async with site_of(tmp_path, "127.0.0.1", "127.0.0.2") as site:
        site.write([row("one", site.units[0], OLD), row("two", site.units[1], OLD)])
        told = await site.run("probe", "one")
        assert told.status == 0 and "NOT the certificate" in told.output and pin(site.units[0]) in told.output
        await site.run("probe", "one", "--write-pins", "--yes")
        text = site.file.read_text()
        assert pin(site.units[0]) in text and text.count(OLD) == 1
        assert (await site.run("probe")).status == 2
        assert (await site.run("probe", "one", "--all")).status == 2


async def test_nobody_answers(tmp_path: Path) -> None:
    async with site_of(tmp_path, "127.0.0.1") as site:
        await site.units[0].power(False)
        site.write([row("one", site.units[0], OLD)])
        assert (await site.run("probe", "--all")).status == 1
        site.write([])
        assert (await site.run("probe", "--all")).status == 2


async def test_rows_that_are_refused_or_left_alone(tmp_path: Path) -> None:
    async with site_of(tmp_path, "127.0.0.1") as site:
        (unit,) = site.units
        rows = [row("one", unit, pin(unit)), row("bad", unit, "pin:12", host="127.0.0.2")]
        site.write(rows)
        told = await site.run("probe", "--all")
        assert told.status == 3 and "row 4, column tls" in told.errors
        site.write(rows[:1])
        text = site.file.read_text().replace("notes", "device_management", 1).replace(";so", ";no")
        site.file.write_text(text)
        assert (await site.run("probe", "--all")).status == 2
        refused = await site.run("swap", "one", "--to", "127.0.0.1", "--yes")
        assert refused.status == 2 and "device_management" in refused.errors
        assert unit.requests() == 0


async def test_many_units_a_few_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = most = 0

    async def slow(room: Room, configuration: object) -> Judged:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        return Judged(room, "unreachable", "off")

    monkeypatch.setattr("connector.cli.devices_probe.judge", slow)
    async with site_of(tmp_path, "127.0.0.1") as site:
        site.write(row(f"r{n}", site.units[0], "", host=f"127.0.0.{n}") for n in range(1, 101))
        told = await site.run("probe", "--all")
    assert (told.status, most) == (1, 16)
    assert told.output.count("unreachable: off") == 100 and "\x1b" not in told.output + told.errors


async def test_what_an_authority_vouches_for_is_not_pinned(tmp_path: Path) -> None:
    async with site_of(tmp_path, "127.0.0.1", "127.0.0.2") as site:
        vouched, other = site.units
        assert vouched.service.certificate is not None
        (tmp_path / "ca.pem").write_text(await asyncio.to_thread(_pem, vouched))
        site.write([row("vouched", vouched, "ca:ca.pem"), row("other", other, "ca:ca.pem")])
        before = site.file.read_bytes()
        told = await site.run("probe", "--all", "--write-pins", "--yes", "--json")
        assert [one["verdict"] for one in json.loads(told.output)] == ["same", "changed"]
        assert site.file.read_bytes() == before


def _pem(unit: CiscoSimulator) -> str:
    import ssl

    at = unit.endpoint
    return ssl.get_server_certificate((at.address, at.port or 443))


async def test_a_file_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    async with site_of(tmp_path, "127.0.0.1") as site:
        site.write([row("one", site.units[0], OLD)])
        before = site.file.read_bytes()
        monkeypatch.setattr("connector.settings.csv_writer.replace_file", fails)
        told = await site.run("probe", "--all", "--write-pins", "--yes")
        assert told.status == 3 and "Read-only file system" in told.errors
        assert f"line 3, now:  {row('one', site.units[0], OLD)}" in told.errors
        assert f"line 3, to be: {row('one', site.units[0], pin(site.units[0]))}" in told.errors
        assert site.file.read_bytes() == before


# ------------------------------------------------------------------------------------ swap


async def test_a_swap_shows_both_and_writes_address_pin_and_serial(tmp_path: Path, terminal: None) -> None:
    async with site_of(tmp_path, "127.0.0.1", "127.0.0.2") as site:
        old, new = site.units
        site.write([row("one", old, pin(old), serial="FOC0")])
        before = site.file.read_bytes()
        no = await site.run("swap", "one", "--to", "127.0.0.2", typed="n\n")
        assert (no.status, site.file.read_bytes()) == (1, before)
        yes = await site.run("swap", "one", "--to", "127.0.0.2", typed="y\n")
        assert yes.status == 0, yes
        for word in ("127.0.0.1", "127.0.0.2", pin(old), pin(new), "FOC0", "FOC1", "Room Kit", "ends its own call"):
            assert word in yes.output
        now = site.file.read_bytes()
        site.write([row("one", new, pin(new), serial="FOC1")])
        assert now == site.file.read_bytes()
        assert old.requests() == 0 and new.login_attempts() == 0


async def test_a_swap_whose_old_unit_is_gone(tmp_path: Path) -> None:
    async with site_of(tmp_path, "127.0.0.1", "127.0.0.2") as site:
        old, new = site.units
        await old.power(False)
        site.write([row("one", old, pin(old))])
        assert (await site.run("swap", "one", "--to", "127.0.0.2")).status == 2
        done = await site.run("swap", "one", "--to", "127.0.0.2", "--yes")
        assert done.status == 0 and "12 hours" in done.output
        assert row("one", new, pin(new)) in site.file.read_text()


async def test_another_unit_at_the_same_address(tmp_path: Path) -> None:
    async with site_of(tmp_path, "127.0.0.1") as site:
        (unit,) = site.units
        site.write([row("one", unit, OLD, serial="FOC9")])
        done = await site.run("swap", "one", "--to", "127.0.0.1", "--yes")
        assert done.status == 0 and "at the room's address" in done.output
        assert row("one", unit, pin(unit), serial="FOC0") in site.file.read_text()


async def test_swaps_that_are_refused_write_nothing(tmp_path: Path) -> None:
    async with site_of(tmp_path, "127.0.0.1", "127.0.0.2", "127.0.0.3") as site:
        old, new, gone = site.units
        await gone.power(False)
        new.set_password("another")
        site.write([row("one", old, pin(old)), row("two", new, OLD, host="127.0.0.9")])
        before = site.file.read_bytes()
        for to, status, words in (
            ("127.0.0.2", 1, "account"),
            ("127.0.0.3", 1, "no certificate"),
            ("192.0.2.1", 1, "outside the Private Networks"),
            ("127.0.0.9", 2, "the room two"),
            ("https://127.0.0.2/", 2, "--to"),
        ):
            refused = await site.run("swap", "one", "--to", to, "--yes")
            assert refused.status == status and words in refused.errors, refused
        assert site.file.read_bytes() == before
        assert new.login_attempts() == 1  # codecs lock accounts


async def test_two_rows_of_one_id_are_nobodys_to_change(tmp_path: Path) -> None:
    async with site_of(tmp_path, "127.0.0.1", "127.0.0.2") as site:
        site.write([row("one", site.units[0], OLD), row("one", site.units[1], OLD)])
        before = site.file.read_bytes()
        assert (await site.run("swap", "one", "--to", "127.0.0.3", "--yes")).status == 2
        assert site.file.read_bytes() == before
