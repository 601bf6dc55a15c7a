"""The demo's calendar services: the project's stand-ins on loopback, and the settings that lead the daemon to them."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from connector.demo.calendar_kind import CalendarKind
from connector.demo.calendars import CalendarFiles, Calendars, Mailboxes
from connector.demo.scenario import Part

_FOLDER = "cloud"
_SECRET = "credentials/cloud"  # noqa: S105  # where it is, not what it is
_DOMAIN = "@demo.example"
_GOOGLE_DOMAIN = "@resource.calendar.google.com"


@asynccontextmanager
async def open_calendars(kind: CalendarKind, folder: Path, cast: Iterable[Part]) -> AsyncIterator[Calendars]:
    """Empty calendars for the cast. A service runs until the end; its files are in the demo's folder."""
    if kind is CalendarKind.ICS:
        (folder / "calendars").mkdir()
        yield CalendarFiles(folder)
        return
    for name, mode in ((_FOLDER, 0o755), ("credentials", 0o700)):
        (folder / name).mkdir(mode=mode, exist_ok=True)
    opened = {CalendarKind.GRAPH: _graph, CalendarKind.GOOGLE: _google, CalendarKind.EXCHANGE: _exchange}[kind]
    async with opened(folder, tuple(cast)) as mailboxes:
        yield mailboxes


# Each service is loaded only when it is asked for: its libraries are large.


@asynccontextmanager
async def _graph(folder: Path, cast: tuple[Part, ...]) -> AsyncIterator[Mailboxes]:
    from connector.standins.graph import GraphStandIn

    trust, listener = _listener(folder)
    async with GraphStandIn(trust=trust) as graph:
        ids: dict[tuple[str, str], str] = {}

        def put(address: str, uid: str, components: tuple[str, ...]) -> None:
            ids[address, uid] = graph.mailbox(address).put(*components, id=ids.get((address, uid), ""))

        def remove(address: str, uid: str) -> None:
            graph.mailbox(address).remove(ids.pop((address, uid)))

        for part in cast:
            graph.add_room(f"{part.id}{_DOMAIN}", part.name)
        _save_secret(folder, next(iter(graph.signin.secrets)))
        section = f"""
[calendars.cloud]
type = "graph"
tenant = "{graph.signin.tenant}"
client_id = "{graph.signin.client_id}"
secret = "file:{_SECRET}"
login = "{graph.url}" # both addresses are the stand-in's; without them it is Microsoft
graph = "{graph.url}"
ca_file = "{_save_authority(folder, graph.ca_file)}"
"""
        told = graph.subscriptions.delivered
        yield Mailboxes("Microsoft 365 (stand-in)", _DOMAIN, section + listener, put, remove, lambda: bool(told))


@asynccontextmanager
async def _google(folder: Path, cast: tuple[Part, ...]) -> AsyncIterator[Mailboxes]:
    from connector.standins.google import GoogleStandIn

    trust, listener = _listener(folder)
    async with GoogleStandIn(push_tls=trust) as google:

        def put(address: str, uid: str, components: tuple[str, ...]) -> None:
            google.put(address, uid, *components)

        for part in cast:
            google.add_calendar(f"{part.id}{_GOOGLE_DOMAIN}", part.name, zone=part.zone)
        _save_secret(folder, google.key_file)
        section = f"""
[calendars.cloud]
type = "google"
key_file = "file:{_SECRET}"
api_root = "{google.url}" # the stand-in's; without it, it is Google
allow_http = true
poll_with_push = 5
"""
        yield Mailboxes(
            "Google Workspace (stand-in)",
            _GOOGLE_DOMAIN,
            section + listener,
            put,
            google.delete,
            lambda: any(state == "exists" and status == 200 for _, state, status in google.push.delivered),
            noun="Google calendar",
        )


@asynccontextmanager
async def _exchange(folder: Path, cast: tuple[Part, ...]) -> AsyncIterator[Mailboxes]:
    from connector.standins.exchange import ExchangeStandIn

    async with ExchangeStandIn(password="only-for-this-demo") as exchange:  # noqa: S106  # of a server that guards nothing
        boxes = {
            f"{part.id}{_DOMAIN}": exchange.add_mailbox(f"{part.id}{_DOMAIN}", part.name, room_list=f"rooms{_DOMAIN}")
            for part in cast
        }

        def put(address: str, uid: str, components: tuple[str, ...]) -> None:
            boxes[address].put(uid, *components)

        def remove(address: str, uid: str) -> None:
            boxes[address].delete(uid)

        _save_secret(folder, exchange.login.passwords[exchange.account])
        section = f"""
[calendars.cloud]
type = "exchange"
url = "{exchange.url}"
auth = "{exchange.auth}"
username = '{exchange.account}'
password = "file:{_SECRET}"
version = "2016"
ca_file = "{_save_authority(folder, exchange.ca_file)}"
poll_every = 5 # besides the stream of notifications
"""
        yield Mailboxes(
            "Exchange Server (stand-in)",
            _DOMAIN,
            section,
            put,
            remove,
            lambda: any(b"CreatedEvent>" in answer for _, answer in exchange.exchanges),
        )


# ------------------------------------------------------------------------------------ files


def _save_secret(folder: Path, text: str) -> None:
    path = folder / _SECRET
    path.touch(mode=0o600)
    path.write_text(f"{text}\n", encoding="utf-8")


def _save_authority(folder: Path, file: Path) -> str:
    """Returns the name from the folder of connector.toml."""
    (folder / _FOLDER / "ca.pem").write_bytes(file.read_bytes())
    return f"{_FOLDER}/ca.pem"


def _listener(folder: Path) -> tuple[ssl.SSLContext, str]:
    """(what a service must trust to call us, the section [webhooks])."""
    from connector.standins.tls import loopback_tls

    _, authority = loopback_tls(folder / _FOLDER)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    files = f"{_FOLDER}/standin-server.pem"
    section = f"""
[webhooks]
public_url = "https://{address}" # what the service calls when a calendar changed
listen = "{address}"
cert_file = "{files}"
key_file = "{files}"
"""
    return ssl.create_default_context(cafile=str(authority)), section
