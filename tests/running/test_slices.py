"""Each setting of the schema: which parts take an edit of it. No setting disturbs a part that it does not name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast, get_args, get_origin

import pytest
from pydantic import BaseModel

from connector import events
from connector.running.calendar_sources import CalendarSources, RemovedSources
from connector.running.configuration import Configuration, engine_options, kept_for_a_process, read_configuration
from connector.running.engine_parts import AdminRules, Log, Pace, Rooms
from connector.running.parts import Part, Parts
from connector.running.secrets import Secrets
from connector.running.zoom import ZoomAccount
from connector.settings import Settings, open_vault
from connector.store.api import StoreError

BEFORE: dict[str, dict[str, str]] = {
    "calendars.office": {"type": '"caldav"', "url": '"https://dav.example.org/"'},
    "zoom": {"account_id": '"a"', "client_id": '"b"', "client_secret": '"env:ZOOM"'},
}
RESTART = frozenset({"restart"})
# An edit of each setting, as it is written, and the parts that take it.
EDITS: dict[str, tuple[str, frozenset[str]]] = {
    "connector.name": ('"another"', frozenset({"rooms"})),
    "connector.data_dir": ('"elsewhere"', RESTART),
    "registry.source": ('"file"', frozenset()),
    "registry.rooms": ('"more.csv"', frozenset({"rooms"})),
    "networks.private": ('["127.0.0.0/8", "10.9.0.0/16"]', frozenset({"engine"})),
    "sync.poll_every": ("90", frozenset({"engine"})),
    "sync.poll_near": ("50", frozenset({"engine"})),
    "sync.poll_working": ("100", frozenset({"engine"})),
    "sync.poll_idle": ("500", frozenset({"engine"})),
    "sync.poll_told": ("800", frozenset({"engine"})),
    "sync.working_hours": ('"08:00-18:00"', frozenset({"engine"})),
    "sync.working_days": ('["mon"]', frozenset({"engine"})),
    "sync.read_again_after": ("9", frozenset({"engine"})),
    "sync.debounce": ("2", frozenset({"engine"})),
    "sync.window_back_hours": ("6", frozenset({"engine"})),
    "sync.window_ahead_hours": ("24", frozenset({"engine"})),
    "sync.concurrency": ("4", frozenset({"engine"})),
    "calendars.office.type": ('"graph"', frozenset({"calendars", "calendars removed"})),
    "calendars.office.url": ('"https://two.example.org/"', frozenset({"calendars"})),
    "dialing.allowed_domains": ('["example.org"]', frozenset({"rooms"})),
    "dialing.allowed_networks": ('["192.0.2.0/24"]', frozenset({"rooms"})),
    "dialing.zoom_gateways": ('["Europe=192.0.2.1"]', frozenset({"rooms"})),
    "dialing.internal_domains": ('["example.org"]', frozenset({"rules"})),
    "engine.verify_every": ("200", frozenset({"engine"})),
    "engine.push_concurrency": ("9", frozenset({"engine"})),
    "engine.deadline": ("20", frozenset({"engine"})),
    "engine.settle": ("20", frozenset({"engine"})),
    "engine.arm_before": ("9", frozenset({"engine"})),
    "guard.rooms": ("9", frozenset({"engine"})),
    "guard.share": ("0.5", frozenset({"engine"})),
    "guard.hold": ("9", frozenset({"engine"})),
    "webhooks.public_url": ('"https://hooks.example.org"', RESTART),
    "webhooks.listen": ('"127.0.0.1:8471"', RESTART),
    "vault.master": ('"env:MASTER"', RESTART),
    "vault.kms_region": ('"eu-west-1"', RESTART),
    "vault.kms_endpoint": ('"https://kms.example.org"', RESTART),
    "zoom.account_id": ('"other"', frozenset({"zoom"})),
    "zoom.client_id": ('"other"', frozenset({"zoom"})),
    "zoom.client_secret": ('"env:OTHER"', frozenset({"zoom"})),
    "zoom.webhook_token": ('"env:ZOOM"', frozenset({"zoom"})),
    "zoom.api_url": ('"https://api.example.org/v2"', frozenset({"zoom"})),
    "zoom.login_url": ('"https://login.example.org/"', frozenset({"zoom"})),
    "zoom.requests_per_second": ("3", frozenset({"zoom"})),
    "log.format": ('"json"', frozenset({"log"})),
    "log.level": ('"debug"', frozenset({"log"})),
    **{
        f"templates.default.{name}": (text, frozenset({"rooms"}))
        for name, text in {
            "one_touch_join": "false",
            "overlap": '"stay"',
            "new_address": '"change"',
            "leave_joined": '"booked"',
            "tentative": '"join"',
            "free": '"join"',
            "auto_join": "true",
            "auto_leave": "false",
            "join_before": "1",
            "leave_after": "1",
            "early_join": "1",
            "late_join": "1",
            "busy": '"skip"',
            "show_non_joinable": "false",
            "show_all_day": "false",
            "private_title": '"Busy"',
            "hide_titles": "true",
            "protocol": '"h323"',
            "call_rate": "2000",
            "region": '"Europe"',
            "zoom_host": '"example.org"',
            "zoom_options": '["504"]',
            "options": '{ a = "b" }',
        }.items()
    },
}
ELSEWHERE = {
    "rules": "a list of tables: below",
    "webhooks.cert_file": "belongs to key_file, and is pinned with its section",
    "webhooks.key_file": "belongs to cert_file, and is pinned with its section",
}


def schema() -> Iterator[str]:
    for section, field in Settings.model_fields.items():
        kind: Any = field.annotation
        if get_origin(kind) is dict:
            kind, prefix = get_args(kind)[1], f"{section}.{'office' if section == 'calendars' else 'default'}"
        else:
            prefix = section
        if section == "rules":
            yield "rules"
        elif issubclass(kind, BaseModel):
            yield from (f"{prefix}.{name}" for name in kind.model_fields)


def test_every_setting_of_the_schema_is_here() -> None:
    assert set(schema()) - ELSEWHERE.keys() - EDITS.keys() == set()


def configuration(folder: Path, edits: dict[str, str]) -> Configuration:
    sections = {name: dict(keys) for name, keys in BEFORE.items()}
    for setting, text in edits.items():
        section, _, key = setting.rpartition(".")
        sections.setdefault(section, {})[key] = text
    lines = [f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) for name, keys in sections.items()]
    (folder / "connector.toml").write_text("\n".join(lines))
    head = "id,calendar,device_type,ip_address,connector\n"
    (folder / "rooms.csv").write_text(f"{head}r1,r1.ics,cisco,127.0.0.1,\nr2,office:r2,cisco,127.0.0.2,another\n")
    (folder / "more.csv").write_text(f"{head}r1,r1.ics,cisco,127.0.0.9,\n")
    return read_configuration(folder, {"ZOOM": "x", "OTHER": "y", "MASTER": "z"})


def parts(config: Configuration) -> list[Part]:
    """Their slices need nothing of what they hold."""
    environ = {"ZOOM": "x", "OTHER": "y"}
    secrets = Secrets(config.settings, environ, open_vault(config.settings, environ))
    nothing = cast(Any, _Nothing())
    sources = CalendarSources(
        nothing, secrets, base=Path(), webhooks=nothing, store=nothing, publish=lambda event: None
    )
    return [
        Log(lambda log: None),
        Pace(engine_options(config.settings)),
        AdminRules(nothing, lambda event: None),
        ZoomAccount(nothing, secrets, webhooks=nothing, clock=nothing, store=nothing, publish=lambda event: None),
        sources,
        Rooms(nothing, nothing, nothing, lambda event: None),
        RemovedSources(sources),
    ]


class _Nothing:
    def calendar_lease(self, *_: object) -> None:
        return None


def taken(folder: Path, edits: dict[str, str]) -> set[str]:
    before = configuration(folder, {})
    every = parts(before)
    slices = {part.name: part.slice(before) for part in every}
    after, restart = kept_for_a_process(configuration(folder, edits), before)
    changed = {part.name for part in every if part.slice(after) != slices[part.name]}
    return changed | ({"restart"} if restart else set())


@pytest.mark.parametrize("setting", EDITS)
def test_an_edit_disturbs_only_what_it_names(tmp_path: Path, setting: str) -> None:
    text, expected = EDITS[setting]
    assert taken(tmp_path, {setting: text}) == expected


def test_rules_are_the_rules_part_alone(tmp_path: Path) -> None:
    before = configuration(tmp_path, {})
    every = parts(before)
    slices = {part.name: part.slice(before) for part in every}
    with (tmp_path / "connector.toml").open("a") as toml:
        toml.write('\n[[rules]]\nname = "b"\nmatch = "bridge (?P<n>[0-9]+)"\naddress = "{n}@vc.example.org"\n')
    after = read_configuration(tmp_path, {"ZOOM": "x"})
    assert {part.name for part in every if part.slice(after) != slices[part.name]} == {"rules"}


def test_a_replaced_secret_is_a_changed_slice_of_its_user_alone(tmp_path: Path) -> None:
    config = configuration(tmp_path, {"zoom.client_secret": '"file:zoom.txt"'})
    (tmp_path / "zoom.txt").write_text("one")
    every = parts(config)
    slices = {part.name: part.slice(config) for part in every}
    (tmp_path / "zoom.txt").write_text("two")
    assert {part.name for part in every if part.slice(config) != slices[part.name]} == {"zoom"}


class _Broken:
    """A part whose database is in trouble for a while."""

    name = "broken"

    def __init__(self) -> None:
        self.errors = ["the database cannot be written (disk full)"] * 2
        self.applied = 0

    def slice(self, config: Configuration) -> object:
        return 1

    async def apply(self, config: Configuration) -> tuple[str, ...]:
        if self.errors:
            raise StoreError(self.errors.pop())
        self.applied += 1
        return ()


async def test_a_part_that_breaks_off_is_applied_again_and_told_once(tmp_path: Path) -> None:
    told: list[events.Happened] = []
    config, broken = configuration(tmp_path, {}), _Broken()
    every = Parts([broken], told.append)
    for _ in range(4):
        await every.apply(config)
    assert (broken.applied, every.unfinished) == (1, False)
    assert [event.fields() for event in told] == [
        {"part": "broken", "reason": "the database cannot be written (disk full)"}
    ]
