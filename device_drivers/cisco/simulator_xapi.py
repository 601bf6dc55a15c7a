"""The xAPI of a simulated unit: commands with their legal arguments and roles, and its status tree.

Names, ranges and roles as in Cisco's schemas. Where the form of an answer was never recorded (a call that is gone, a
role that may not), the one given here is our choice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from lxml import etree

from device_drivers import xml
from device_drivers.cisco.simulator_bookings import Refused, read_put
from device_drivers.cisco.simulator_calls import CallFailed, Phone
from device_drivers.cisco.simulator_state import ListedBooking, Role, State
from device_drivers.xml import build

Check: TypeAlias = Callable[[str], bool]
Arguments: TypeAlias = Mapping[str, str]


def _text(limit: int) -> Check:
    return lambda value: len(value) <= limit


def _number(lowest: int, highest: int) -> Check:
    return lambda value: value.isdigit() and lowest <= int(value) <= highest


def _one_of(*words: str) -> Check:
    return lambda value: value in words


@dataclass(frozen=True, slots=True)
class Spec:
    roles: frozenset[Role]
    arguments: Mapping[str, Check]
    required: frozenset[str] = frozenset()
    multiline: bool = False
    not_in_teams: bool = False


_CALLERS: frozenset[Role] = frozenset({"admin", "integrator", "user"})
_READERS: frozenset[Role] = frozenset({"admin", "user"})

COMMANDS: Mapping[tuple[str, ...], Spec] = {
    ("Dial",): Spec(
        _CALLERS,
        {
            "Number": _text(255),
            "Protocol": _one_of("H323", "Sip", "Spark"),
            "CallRate": _number(64, 6000),
            "CallType": _one_of("Auto", "Audio", "Video"),
            "DisplayName": _text(255),
            "BookingId": _text(255),
            "TrackingData": _text(255),
        },
        required=frozenset({"Number"}),
    ),
    ("Call", "Disconnect"): Spec(_CALLERS, {"CallId": _number(0, 65534)}),
    ("Bookings", "List"): Spec(
        _READERS,
        {
            "Days": _number(1, 365),
            "DayOffset": _number(0, 365),
            "Limit": _number(1, 65534),
            "Offset": _number(0, 65534),
        },
    ),
    ("Bookings", "Clear"): Spec(_READERS, {}, not_in_teams=True),
    ("Bookings", "Put"): Spec(frozenset({"admin"}), {}, multiline=True, not_in_teams=True),
}


class Xapi:
    """Answers ``/putxml`` and ``/getxml``."""

    def __init__(self, state: State, phone: Phone) -> None:
        self._state = state
        self._phone = phone
        self._run: Mapping[tuple[str, ...], Callable[[Arguments], Awaitable[etree._Element]]] = {
            ("Dial",): self._dial,
            ("Call", "Disconnect"): self._disconnect,
            ("Bookings", "List"): self._list,
            ("Bookings", "Clear"): self._clear,
            ("Bookings", "Put"): self._put,
        }

    # -------------------------------------------------------------------------------- commands

    async def putxml(self, document: bytes) -> etree._Element:
        try:
            root = xml.parse(document)
        except xml.MalformedXml as error:
            return build("ActionError", build("Reason", f"XML parse error: {error}"))
        strict = self._state.firmware.command_attribute
        actions = [found for e in root for found in [_find(e)] if not strict or found[1].get("command") == "True"]
        if root.tag != "Command" or not actions:
            return build("ActionError", build("Reason", "No action detected in document"))
        answer = build("Command")
        for path, element in actions:
            result = await self._one(path, element)
            if result is not None:
                answer.append(result)
        return answer

    async def _one(self, path: tuple[str, ...], node: etree._Element) -> etree._Element | None:
        """None: the firmware knows none of the arguments and leaves its answer empty."""
        firmware = self._state.firmware
        spec = COMMANDS.get(path)
        if spec is None or (path == ("Bookings", "Put") and not firmware.put):
            return _error("Result", "Unknown command", "/" + "/".join(path))
        name = "".join(path[-2:]) + "Result"
        if self._state.role not in spec.roles:
            return _error(name, "Permission denied")
        if spec.not_in_teams and self._state.teams_mode:
            return _error(name, "Command is unavailable while Microsoft Teams is installed")
        arguments = {str(e.tag): e.text or "" for e in node}
        body = {"body"} if spec.multiline else set()
        wrong = [a for a, v in arguments.items() if a not in body and not spec.arguments.get(a, _text(-1))(v)]
        wrong += sorted(spec.required - arguments.keys())
        if wrong and firmware.empty_reply_for_unknown_argument and any(a not in spec.arguments for a in wrong):
            return None
        if wrong:
            result = etree.Element(name, status="ParameterError")
            for argument in wrong:
                etree.SubElement(result, argument).text = "Invalid value"
            return result
        return await self._run[path](arguments)

    async def _dial(self, arguments: Arguments) -> etree._Element:
        try:
            call = await self._phone.dial(
                arguments["Number"], arguments.get("Protocol", "Sip"), arguments.get("BookingId", "")
            )
        except CallFailed as error:
            return build("DialResult", build("Cause", "17"), build("Description", str(error)), status="Error")
        return build("DialResult", build("CallId", str(call.id)), build("ConferenceId", str(call.id - 1)), status="OK")

    async def _disconnect(self, arguments: Arguments) -> etree._Element:
        wanted = int(arguments.get("CallId", "0"))
        calls = [c for c in self._state.live_calls() if wanted in (0, c.id)]
        if not calls:
            return build(
                "CallDisconnectResult", build("Cause", "1"), build("Description", "No active call"), status="Error"
            )
        await self._phone.hang_up(calls[-1], "ended by command")
        return build("CallDisconnectResult", status="OK")

    async def _clear(self, _arguments: Arguments) -> etree._Element:
        self._state.bookings = ()
        return build("BookingsClearResult", status="OK")

    async def _put(self, arguments: Arguments) -> etree._Element:
        if self._state.firmware.put_needs_webex and not self._state.webex_registered:
            return _error("BookingsPutResult", "Device not entitled")
        try:
            self._state.bookings = read_put(arguments.get("body", ""))
        except Refused as error:
            return _error("BookingsPutResult", str(error))
        return build("BookingsPutResult", status="OK")

    async def _list(self, _arguments: Arguments) -> etree._Element:
        bookings = sorted(self._state.bookings, key=lambda b: (b.start, b.id))
        result = build("BookingsListResult", build("ResultInfo", build("TotalRows", str(len(bookings)))), status="OK")
        result.append(build("LastUpdated", _stamp(self._state)))
        for item, booking in enumerate(bookings, start=1):
            result.append(_listed(booking, item))
        return result

    # -------------------------------------------------------------------------------- status

    def getxml(self, location: str) -> etree._Element:
        """The part of the status tree at ``/Status/...``; a Status root without children where nothing is."""
        wanted = [part for part in location.split("/") if part]
        root = etree.Element(
            "Status", product="Cisco Codec", version=self._state.firmware.version.replace("TC", "tc"), apiVersion="4"
        )
        if wanted[:1] == ["Status"]:
            for child in self._status():
                _copy_part(child, root, wanted[1:])
        return root

    def _status(self) -> list[etree._Element]:
        state = self._state
        live = state.live_calls()
        parts = [
            _system_unit(state),
            build("Time", build("SystemTime", state.clock.strftime("%Y-%m-%dT%H:%M:%S+0000"))),
        ]
        if not state.firmware.version.startswith("TC"):
            parts.append(build("Webex", build("Status", "Registered" if state.webex_registered else "Disabled")))
        if state.firmware.teams and state.teams_mode:
            parts.append(
                build(
                    "MicrosoftTeams", build("Software", build("Version", build("TeamsApp", "1449/1.0.96.2024062503")))
                )
            )
        for call in live:
            scheme = "h323" if call.protocol.upper() == "H323" else "sip"
            part = build(
                "Call",
                build("AnswerState", "Answered" if call.status == "Connected" else "Unanswered"),
                build("CallType", "Video"),
                build("CallbackNumber", call.remote if ":" in call.remote else f"{scheme}:{call.remote}"),
                build("Direction", "Outgoing" if call.outgoing else "Incoming"),
                build("Duration", str(max(0, int((self._state.clock - call.started).total_seconds())))),
                build("Protocol", scheme.upper()),
                build("RemoteNumber", call.remote),
                build("Status", call.status),
                item=str(call.id),
                maxOccurrence="n",
            )
            parts.append(part)
        conferences = [build("Call", build("BookingId", c.booking_id), item=str(c.id), maxOccurrence="n") for c in live]
        parts.append(build("Conference", *conferences))
        return parts


def _find(element: etree._Element) -> tuple[tuple[str, ...], etree._Element]:
    """Down to the command: where the attribute is, or where a known path ends."""
    path: tuple[str, ...] = (str(element.tag),)
    while element.get("command") != "True" and path not in COMMANDS and len(element) == 1:
        element = element[0]
        path += (str(element.tag),)
    return path, element


def _error(name: str, reason: str, path: str = "") -> etree._Element:
    result = etree.Element(name, status="Error")
    etree.SubElement(result, "Reason").text = reason
    if path:
        etree.SubElement(result, "XPath").text = path
    return result


def _stamp(state: State) -> str:
    return state.clock.strftime("%Y-%m-%dT%H:%M:%SZ")


def _listed(booking: ListedBooking, item: int) -> etree._Element:
    calls = build("Calls")
    if booking.number:
        calls.append(
            build(
                "Call",
                build("Number", booking.number),
                build("Protocol", booking.protocol),
                build("CallType", "Video"),
                item="1",
            )
        )
    return build(
        "Booking",
        build("Id", booking.id),
        build("Title", booking.title),
        build("Agenda"),
        build("Privacy", "Private" if booking.private else "Public"),
        build(
            "Time",
            build("StartTime", booking.start.strftime("%Y-%m-%dT%H:%M:%SZ")),
            build("StartTimeBuffer", str(booking.start_buffer)),
            build("EndTime", booking.end.strftime("%Y-%m-%dT%H:%M:%SZ")),
            build("EndTimeBuffer", str(booking.end_buffer)),
        ),
        build("BookingStatus", "OK"),
        build("DialInfo", calls, build("ConnectMode", "OBTP")),
        item=str(item),
    )


def _system_unit(state: State) -> etree._Element:
    live = state.live_calls()
    active = sum(c.status == "Connected" for c in live)
    return build(
        "SystemUnit",
        build("ProductId", state.product),
        build("ProductType", "Cisco Codec"),
        build("Hardware", build("Module", build("SerialNumber", state.serial_number))),
        build("Software", build("Version", state.firmware.version)),
        build(
            "State",
            build("NumberOfActiveCalls", str(active)),
            build("NumberOfInProgressCalls", str(len(live) - active)),
            build("NumberOfSuspendedCalls", "0"),
        ),
        build("Uptime", str(max(0, int((state.now() - state.booted).total_seconds())))),
    )


def _copy_part(source: etree._Element, target: etree._Element, wanted: list[str]) -> None:
    """Copies ``source`` into ``target`` as far as the path goes, whole below its end."""
    if not wanted:
        target.append(source)
    elif source.tag == wanted[0]:
        if len(wanted) == 1:
            target.append(source)
            return
        branch = etree.Element(str(source.tag))
        for child in source:
            _copy_part(child, branch, wanted[1:])
        if len(branch):
            target.append(branch)
