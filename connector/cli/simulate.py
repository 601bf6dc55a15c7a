"""``connector simulate DRIVER`` at work: one unit and a bridge on loopback, to try a configuration on."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import cast

import click

from connector.errors import ConnectorError, UserError
from connector.running.configuration import find_plug
from device_drivers.api import DriverError, Endpoint
from device_drivers.sip_agent.light import LightSipAgent
from device_drivers.sip_agent.messages import is_loopback
from device_drivers.testing.bridge import Participant, ParticipantState, SimulatedBridge
from device_drivers.testing.simulator import SimulatedUnit


def simulate_unit(driver: str, host: str, port: int, firmware: str, name: str, password: str) -> None:
    if not is_loopback(host):
        raise UserError(f"{host} is not a loopback address; a simulated unit lives on 127.0.0.0/8 only.")
    try:
        plug = find_plug(driver)
    except DriverError as error:
        raise UserError(str(error)) from None
    if plug.simulator is None:
        raise UserError(f"The driver {driver} ships no simulator.")
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(driver, host, port, firmware, name, password))
    click.echo("The unit is off.")


async def _run(driver: str, host: str, port: int, firmware: str, name: str, password: str) -> None:
    simulator = find_plug(driver).simulator
    assert simulator is not None  # asked before
    # open: the bridge lets callers into any meeting, so that your own invitation works.
    async with (
        SimulatedBridge("127.0.0.1", 0, open=True, on_change=_tell) as bridge,
        LightSipAgent(host, bridge.address("udp"), user="room", display_name=name) as phone,
    ):
        try:
            made = simulator(
                host=host, port=port, firmware=firmware, sip=phone, unit_id="studio", name=name, password=password
            )
        except ValueError as error:
            raise UserError(f"--firmware: {error}.") from None
        try:
            async with cast(SimulatedUnit, made) as unit:
                _introduce(driver, unit.endpoint)
                await _play(unit)
        except OSError as error:
            reason = f"{error.strerror}; try another --port or --host"
            raise ConnectorError(f"The unit cannot be started on {host}:{port}: {reason}.") from None


def _introduce(driver: str, endpoint: Endpoint) -> None:
    tls = f"{endpoint.tls.mode}:{endpoint.tls.value}" if endpoint.tls.value else endpoint.tls.mode
    click.echo(f"A simulated {driver} unit answers at {endpoint.address}:{endpoint.port}, user {endpoint.username}.")
    click.echo(f"Its cells for rooms.csv: ip_address {endpoint.address}, port {endpoint.port}, tls {tls}")
    click.echo("Enter presses Join or ends the call; Ctrl-C switches it off.")
    sys.stdout.flush()


async def _play(unit: SimulatedUnit) -> None:
    hands = asyncio.Event()
    with suppress(PermissionError):  # an input that cannot be waited for, such as /dev/null: a room without hands
        asyncio.get_running_loop().add_reader(sys.stdin, _typed, hands)
    await asyncio.gather(_show(unit), _act(unit, hands))


def _typed(hands: asyncio.Event) -> None:
    if sys.stdin.readline():
        hands.set()
    else:  # the input is closed: there will be no more
        asyncio.get_running_loop().remove_reader(sys.stdin)


def _tell(caller: Participant) -> None:
    if caller.state in (ParticipantState.IN_MEETING, ParticipantState.LEFT):
        word = "joined" if caller.state is ParticipantState.IN_MEETING else "left"
        print(f"bridge: {caller.display_name} {word} meeting {caller.meeting_id}", flush=True)


async def _show(unit: SimulatedUnit) -> None:
    before = None
    while True:
        seen = "; ".join(f"{line.title}{' [Join]' if line.button else ''}" for line in unit.screen())
        if seen != before:
            print(f"screen: {seen or 'no meetings'}", flush=True)
            before = seen
        await asyncio.sleep(0.2)


async def _act(unit: SimulatedUnit, hands: asyncio.Event) -> None:
    while True:
        await hands.wait()
        hands.clear()
        ready = next((line.booking_id for line in unit.screen() if line.button), None)
        if unit.live_calls():
            await unit.hang_up_by_hand()
        elif ready is not None:
            await unit.press_join(ready)
        else:
            print("screen: there is no Join button now", flush=True)
