"""Write the tables of docs/reference that come from the code, between their ``<!-- generated ... -->`` marks.

    .venv/bin/python docs/generate.py            write them
    .venv/bin/python docs/generate.py --check    only say what is out of date; exit status 1 then

tests/unit/test_docs.py runs the check.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import textwrap
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from connector.cli.main import app
from connector.cli.options import in_words
from connector.detection.services import link_only
from connector.events import ALL, Happened
from connector.settings.rooms import ALIASES, COLUMNS, REQUIRED
from connector.settings.schema import Settings, Template
from connector.store import kept
from device_drivers import registry
from device_drivers.api import DriverManifest
from device_drivers.testing.conformance import CHECKS

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
_MARKED = re.compile(r"(<!-- generated: (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_LONG_LIST = 4  # items of a default that a table cell still holds

# What each setting means. The keys must be those of the schema: a missing or a left-over one stops the generator.
MEANINGS: Mapping[str, str] = {
    "connector.name": "The name of this connector. Rows of `rooms.csv` that name another one are left out.",
    "connector.data_dir": "Folder of the database, the vault key and the sealed secrets.",
    "registry.source": "Where rooms are registered. Only `file` exists.",
    "registry.rooms": "The room list, see [rooms.csv](rooms-csv.md).",
    "networks.private": "Networks (CIDR) in which units may be contacted. Loopback needs an entry of its own.",
    "sync.poll_every": "Seconds between two readings of a calendar at each hour; 0: the periods below.",
    "sync.poll_near": "Seconds between two readings in the two hours before a meeting, and while it runs.",
    "sync.poll_working": "Seconds between two readings in working hours.",
    "sync.poll_idle": "Seconds between two readings at other hours.",
    "sync.poll_told": "Seconds between two readings while changes are told of: local files are looked at each second.",
    "sync.working_hours": "When working hours begin and end, by the clock of the room.",
    "sync.working_days": "The days that have them.",
    "sync.read_again_after": "Seconds after an announced change at which the calendar is read once more.",
    "sync.debounce": "Seconds; changes this close together are read as one.",
    "sync.window_back_hours": "How far back events are read, in hours.",
    "sync.window_ahead_hours": "How far ahead events are read and shown, in hours.",
    "sync.concurrency": "Calendars that are read at one time, for each source.",
    "dialing.allowed_domains": "Domains, with their sub-domains, that rooms may dial. A list replaces the default.",
    "dialing.allowed_networks": "Bridge addresses (CIDR) that rooms may dial. A list replaces the default.",
    "dialing.zoom_gateways": "`REGION = ADDRESS`: Zoom for rooms that dial only H.323, where the invitation has none.",
    "dialing.internal_domains": "Your own mail domains, with their sub-domains; your rules can tell them from others.",
    "engine.verify_every": "Seconds between two questions to a unit: what are you, and what do you show?",
    "engine.settle": "Seconds to wait before a unit is asked whether a dial of unknown outcome made a call.",
    "engine.arm_before": "Seconds before a dial at which the connection to the unit is opened.",
    "engine.push_concurrency": "Units that are given their list at one time.",
    "engine.deadline": "Seconds for one exchange with a unit.",
    "guard.rooms": "The guard acts when at least this many calendars of one source lose all meetings at once ...",
    "guard.share": "... and at least this share of those that had any.",
    "guard.hold": "Minutes until an empty reading is believed after all.",
    "webhooks.public_url": "The https address at which calendar services and Zoom reach us. None: nothing listens.",
    "webhooks.listen": "Where the listener is. Open to the network only with a certificate.",
    "webhooks.cert_file": "PEM with the whole chain. None: a reverse proxy in front speaks TLS.",
    "webhooks.key_file": "The certificate's key, PEM.",
    "vault.master": "What seals the data keys: `file`, `env:NAME` or `aws-kms:KEY`. Takes effect at the next start.",
    "vault.kms_region": "Region of the AWS key. Default: what the AWS client finds.",
    "vault.kms_endpoint": "Another address of AWS KMS, such as that of a private link.",
    "zoom.account_id": "Your Zoom account, asked for room passcodes. None: nobody is asked.",
    "zoom.client_id": "The client id of the Server-to-Server OAuth app.",
    "zoom.client_secret": "Its secret, as a reference.",
    "zoom.webhook_token": "The app's Secret Token, as a reference: checks Zoom's notifications.",
    "zoom.api_url": "Zoom's REST API.",
    "zoom.login_url": "Where Zoom gives tokens.",
    "zoom.requests_per_second": "At most this many requests to Zoom, for all rooms together.",
    "log.format": "`auto`: for people on a terminal, JSON otherwise.",
    "log.level": "The lowest level that is written.",
    "templates.NAME.one_touch_join": "Show Join buttons. Off: the unit is sent no list at all.",
    "templates.NAME.auto_join": "The room dials by itself when a meeting starts.",
    "templates.NAME.auto_leave": "The room leaves by itself, but only the calls that it dialled by itself.",
    "templates.NAME.join_before": "Minutes before the start at which auto-join dials.",
    "templates.NAME.leave_after": "Minutes after the end at which auto-leave hangs up.",
    "templates.NAME.early_join": "Minutes before the start from which the Join button works.",
    "templates.NAME.late_join": "Minutes after the start until which a late dial is still made.",
    "templates.NAME.busy": "The unit is in another call when it should dial: wait until free, skip, or drop that call.",
    "templates.NAME.overlap": "Two meetings overlap: switch to the one that starts later and return, or stay.",
    "templates.NAME.new_address": "A running meeting gets another address: stay in the call, or change over.",
    "templates.NAME.leave_joined": "Calls ended when a meeting that the room joins is over: ours, or people's too.",
    "templates.NAME.tentative": "A tentative meeting has a button only, or is joined automatically, too.",
    "templates.NAME.free": "The same for a meeting that the calendar shows as free.",
    "templates.NAME.show_non_joinable": "List meetings that it cannot join, where the unit can, without a button.",
    "templates.NAME.show_all_day": "List all-day events. They are never joined automatically.",
    "templates.NAME.private_title": "The title that is shown for a private event.",
    "templates.NAME.hide_titles": "Treat every event as private.",
    "templates.NAME.protocol": "The protocol that is preferred when an invitation gives both.",
    "templates.NAME.call_rate": "kbit/s of a call; without it the unit decides.",
    "templates.NAME.region": "Of several gateways that an invitation states, one with this word stands first.",
    "templates.NAME.zoom_host": "SIP host at which Zoom meetings are dialled, instead of the one in the invitation.",
    "templates.NAME.zoom_options": "Zoom's option codes, written behind id and passcode, such as `504`.",
    "templates.NAME.options": "Options of the driver, see [drivers](drivers.md). Text; `./path` starts at this file.",
}

# What each column of rooms.csv holds.
CELLS: Mapping[str, str] = {
    "id": "A name that never changes: letters, digits, `.`, `-`, `_`, at most 64. Bookings and history hang on it.",
    "name": "The name for people. Default: the id.",
    "site": "Building or town; for people, and [rules](../how-to/admin-rules.md) can name it.",
    "calendar": "A path, an `https://` URL, or `SOURCE:calendar` where `[calendars.SOURCE]` exists.",
    "device_type": "The driver, see `connector drivers list`.",
    "ip_address": "IP address or host name of the unit. It must lie in `networks.private`.",
    "port": "Only when it is not the driver's own.",
    "tls": "`verify` (default), `ca:FILE`, `pin:SHA256` or `off` (plain HTTP).",
    "serial_number": "When given, another number at this address is reported by the Cisco driver.",
    "credential": "`env:NAME`, `file:PATH` or `vault:NAME`; what it holds is `username:password`.",
    "timezone": "Such as `Europe/Berlin`. For all-day events, times without a zone, and display. Default: `UTC`.",
    "template": "Which `[templates.NAME]` decides what the room does. Default: `default`.",
    "connector": "The connector that serves the row; empty means every one.",
    "device_management": "`no`: the unit is not contacted at all. Default: `yes`.",
    "notes": "Yours.",
}


def settings() -> Iterator[str]:
    found = dict(_settings())
    problems = MEANINGS.keys() ^ found.keys()
    if problems:
        raise SystemExit(f"docs/generate.py: MEANINGS and the schema differ in: {', '.join(sorted(problems))}")
    section = ""
    for key, field in found.items():
        here = key.rpartition(".")[0]
        if here != section:
            section = here
            yield from (
                "",
                f"### [{section}]",
                "",
                "| key | default | allowed | meaning |",
                "| --- | --- | --- | --- |",
            )
        yield _row(f"`{key.rpartition('.')[2]}`", _default(field), _allowed(field), MEANINGS[key])


def _settings() -> Iterator[tuple[str, FieldInfo]]:
    for name, section in Settings.model_fields.items():
        if isinstance(section.annotation, type) and issubclass(section.annotation, BaseModel):
            yield from ((f"{name}.{key}", field) for key, field in section.annotation.model_fields.items())
    yield from ((f"templates.NAME.{key}", field) for key, field in Template.model_fields.items())


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if isinstance(value, tuple) and len(value) > _LONG_LIST:
        return f"{len(value)} entries; `connector check` shows them"
    if value and isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{in_words(value)}`" if value not in (None, {}, (), "") else "none"


def _allowed(field: FieldInfo) -> str:
    kind: Any = field.annotation
    metadata = list(field.metadata)
    for part in get_args(kind):  # Annotated[int, Ge, Le] | None
        if hasattr(part, "__metadata__"):
            kind = part.__origin__
            metadata += [m for item in part.__metadata__ for m in (*getattr(item, "metadata", ()), item)]
    if get_origin(field.annotation) is tuple:
        return "list"
    if get_origin(kind) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(kind))
    words = {bool: "true, false", int: "whole number", float: "number", str: "text"}.get(kind, "")
    limits = {n: getattr(m, n) for m in metadata for n in ("ge", "gt", "le") if getattr(m, n, None) is not None}
    low = f" from {limits['ge']:g}" if "ge" in limits else f" above {limits['gt']:g}" if "gt" in limits else ""
    high = f" to {limits['le']:.12g}" if "le" in limits else ""
    return words + low + high or "table"


def columns() -> Iterator[str]:
    if CELLS.keys() != set(COLUMNS):
        raise SystemExit("docs/generate.py: CELLS and the columns of rooms.csv differ")
    yield "| column | needed | what it holds | also written as |"
    yield "| --- | --- | --- | --- |"
    for column in COLUMNS:
        others = ", ".join(f"`{alias}`" for alias, name in ALIASES.items() if name == column)
        yield _row(f"`{column}`", "yes" if column in REQUIRED else "", CELLS[column], others)


def log_events() -> Iterator[str]:
    yield "| event | level | meaning | fields |"
    yield "| --- | --- | --- | --- |"
    for name, event in ALL.items():
        yield _row(f"`{name}`", event.level, event.sentence, ", ".join(f"`{field}`" for field in _fields(event)))


def _fields(event: type[Happened]) -> list[str]:
    return [field.name for field in dataclasses.fields(event)]


def commands() -> Iterator[str]:
    for words, command in leaves(app, ("connector",)):
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option"]
        usage = " ".join((*words, *(_argument(p) for p in arguments), *(["[OPTIONS]"] if options else [])))
        yield from ("", f"### {' '.join(words)}", "", f"`{usage}`", "", _one_line(command.help or ""))
        if command.params:
            yield from ("", "| option | meaning |", "| --- | --- |")
            yield from (_row(f"`{_argument(a)}`", a.help) for a in arguments if a.help)
            yield from (_row(f"`{', '.join(o.opts)}`", o.help or "") for o in options)


def leaves(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with the words that call it."""
    inside: Mapping[str, Any] | None = getattr(command, "commands", None)
    if inside is None:
        yield words, command
        return
    for name, one in inside.items():
        yield from leaves(one, (*words, name))


def _argument(parameter: Any) -> str:
    name: str = parameter.metavar or parameter.name.upper()
    if parameter.nargs == -1:
        return f"{name.removesuffix('S')}..."
    return name if parameter.required else f"[{name}]"


def drivers() -> Iterator[str]:
    for record in registry.records():
        if record.plug is None:
            raise SystemExit(f"docs/generate.py: the driver {record.name} cannot be loaded: {record.reason}")
        yield from _driver(record.plug.manifest)


def _driver(manifest: DriverManifest) -> Iterator[str]:
    quality = tomllib.loads((ROOT / "device_drivers" / manifest.name / "quality.toml").read_text(encoding="utf-8"))
    yield from ("", f"### {manifest.name}", "", f"{manifest.label}. {manifest.status}", "")
    yield f"- Default port: {manifest.default_port}."
    yield f"- Can at least: {', '.join(sorted(manifest.facts.words))}."
    yield f"- Hardware: {quality['hardware']}. Conformance: {quality['conformance']}."
    yield f"- [Its own page](../../device_drivers/{manifest.name}/README.md)."
    yield from ("", "| option | meaning |", "| --- | --- |")
    yield from (_row(f"`{name}`", meaning) for name, meaning in manifest.all_options.items())


def checks() -> Iterator[str]:
    yield "| check | what must hold | asked of units that declare |"
    yield "| --- | --- | --- |"
    for check in CHECKS:
        yield _row(f"`{check.name}`", check.sentence, ", ".join(sorted(check.needs)) or "anything")


def kept_how_long() -> Iterator[str]:
    yield "| what | kept | counted from when |"
    yield "| --- | --- | --- |"
    for what, bound, since in kept.TABLE:
        yield _row(what, kept.shown(bound), since)


def link_only_services() -> Iterator[str]:
    named = ", ".join(f"`{row.name}` ({row.label})" for row in link_only.services if row.for_browsers)
    yield from textwrap.wrap(f"Without an address that a room can dial: {named}.", 120, break_on_hyphens=False)


def _row(*cells: str) -> str:
    return "| " + " | ".join(_one_line(cell).replace("|", "\\|") for cell in cells) + " |"


def _one_line(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


TABLES = {
    "settings": settings,
    "columns": columns,
    "log-events": log_events,
    "commands": commands,
    "drivers": drivers,
    "checks": checks,
    "kept": kept_how_long,
    "link-only-services": link_only_services,
}


def filled(text: str) -> str:
    """The page with every generated part as the code has it now."""

    def fill(mark: re.Match[str]) -> str:
        lines: Iterable[str] = TABLES[mark["name"]]()
        return mark[1] + "\n".join(lines).strip() + "\n" + mark[3]

    return _MARKED.sub(fill, text)


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print("usage: python docs/generate.py [--check]", file=sys.stderr)
        return 2
    stale = []
    for page in sorted(REFERENCE.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if (fresh := filled(text)) != text:
            stale.append(page.relative_to(ROOT))
            if not arguments:
                page.write_text(fresh, encoding="utf-8")
    for page in stale:
        print(f"{page} {'is out of date; run: .venv/bin/python docs/generate.py' if arguments else 'written'}")
    return 1 if stale and arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
