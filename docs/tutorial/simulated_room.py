"""A simulated meeting room for the tutorial: a Cisco codec on real HTTPS and a bridge on real SIP, loopback only.

Run: .venv/bin/python docs/tutorial/simulated_room.py

Prints what the room's screen shows whenever it changes. Enter presses the first Join button; in a call, Enter ends it.
"""

from __future__ import annotations

import asyncio
import sys

from device_drivers.cisco.simulator import CiscoSimulator
from device_drivers.sip_agent.light import LightSipAgent
from device_drivers.testing.bridge import Participant, ParticipantState, SimulatedBridge

HOST, PORT = "127.0.1.1", 8443
USERNAME, PASSWORD = "admin", "tutorial"


async def main() -> None:
    # open: the bridge lets callers into any meeting, so that your own invitation works.
    async with (
        SimulatedBridge("127.0.0.1", 0, open=True, on_change=_tell) as bridge,
        LightSipAgent(HOST, bridge.address("udp"), user="studio", display_name="Studio") as phone,
        CiscoSimulator(
            host=HOST, port=PORT, sip=phone, unit_id="studio", name="Studio", username=USERNAME, password=PASSWORD
        ) as codec,
    ):
        print(f"A simulated codec answers at https://{HOST}:{PORT}, user {USERNAME}, password {PASSWORD}.")
        print("Enter presses Join or ends the call; Ctrl-C switches the room off.", flush=True)
        hands = asyncio.Event()
        asyncio.get_running_loop().add_reader(sys.stdin, _typed, hands)
        await asyncio.gather(_show(codec), _act(codec, hands))


def _typed(hands: asyncio.Event) -> None:
    if sys.stdin.readline():
        hands.set()
    else:  # the input is closed: there will be no more
        asyncio.get_running_loop().remove_reader(sys.stdin)


def _tell(caller: Participant) -> None:
    if caller.state in (ParticipantState.IN_MEETING, ParticipantState.LEFT):
        word = "joined" if caller.state is ParticipantState.IN_MEETING else "left"
        print(f"bridge: {caller.display_name} {word} meeting {caller.meeting_id}", flush=True)


async def _show(codec: CiscoSimulator) -> None:
    before = None
    while True:
        seen = "; ".join(f"{line.title}{' [Join]' if line.button else ''}" for line in codec.screen())
        if seen != before:
            print(f"screen: {seen or 'no meetings'}", flush=True)
            before = seen
        await asyncio.sleep(0.2)


async def _act(codec: CiscoSimulator, hands: asyncio.Event) -> None:
    while True:
        await hands.wait()
        hands.clear()
        ready = next((line.booking_id for line in codec.screen() if line.button), None)
        if codec.live_calls():
            await codec.hang_up_by_hand()
        elif ready is not None:
            await codec.press_join(ready)
        else:
            print("screen: there is no Join button now", flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        print("The room is off.")
