"""The words of connector.toml: frozen pydantic models, one a section, every default in one place.

Minutes and seconds are what people write; connector.model.Policy has timedeltas, and the defaults of a template. An
unknown key is an error.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from connector.model import Policy
from connector.networks import PRIVATE_NETWORKS, Network
from connector.settings.field_types import (
    WEEKDAYS,
    Count,
    Domains,
    DriverOptions,
    Gateways,
    Host,
    Hours,
    Interval,
    ListenAddress,
    MasterKeyName,
    Minutes,
    Networks,
    OptionalInterval,
    OptionCodes,
    PublicUrl,
    Reference,
    Seconds,
    ServiceUrl,
    WorkingDays,
    WorkingHours,
)
from connector.settings.zoom_defaults import ZOOM_BRIDGES, ZOOM_DOMAINS

if TYPE_CHECKING:
    from connector.detection.rules import Rules

ENV_PREFIX = "CONNECTOR__"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ConnectorSection(_Section):
    name: str = "connector"  # rows of rooms.csv whose connector column has another name are left out
    data_dir: str = "var"


class RegistrySection(_Section):
    source: Literal["file"] = "file"
    rooms: str = "rooms.csv"


class NetworksSection(_Section):
    private: Networks = PRIVATE_NETWORKS


class SyncSection(_Section):
    poll_every: OptionalInterval = 0.0
    poll_near: Interval = 60.0
    poll_working: Interval = 120.0
    poll_idle: Interval = 600.0
    poll_told: Interval = 900.0
    working_hours: WorkingHours = "07:00-19:00"
    working_days: WorkingDays = WEEKDAYS[:5]
    read_again_after: Seconds = 12.0
    debounce: Seconds = 1.5
    window_back_hours: Hours = 12.0
    window_ahead_hours: Annotated[float, Field(ge=1, le=8784)] = 48.0
    concurrency: Count = 8


class CalendarSection(BaseModel):
    """One calendar source; every key but ``type`` belongs to the provider, which validates it."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)
    type: Annotated[str, Field(min_length=1)]

    @property
    def options(self) -> Mapping[str, object]:
        return MappingProxyType(self.model_extra or {})


class DialingSection(_Section):
    allowed_domains: Domains = ZOOM_DOMAINS
    allowed_networks: Networks = ZOOM_BRIDGES
    zoom_gateways: Gateways = ()
    internal_domains: Domains = ()


class RulesSection(BaseModel):
    """``[[rules]]``: a list of tables. A rule with a mistake stops nothing, so they are judged by ``compile_rules``."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _numbered(cls, value: object) -> object:
        if isinstance(value, cls | Mapping):
            raise ValueError("rules are a list: write [[rules]] with two brackets above each")
        if not isinstance(value, list):
            raise ValueError("rules are a list: write [[rules]] above each")
        return {str(number): table for number, table in enumerate(value)}

    @property
    def tables(self) -> tuple[object, ...]:
        return tuple((self.model_extra or {}).values())


class EngineSection(_Section):
    verify_every: Interval = 300.0
    settle: Seconds = 10.0
    arm_before: Seconds = 5.0
    push_concurrency: Count = 64
    deadline: Interval = 30.0


class GuardSection(_Section):
    rooms: Count = 5
    share: Annotated[float, Field(gt=0, le=1)] = 0.8
    hold: Minutes = 15.0


class WebhooksSection(_Section):
    """Where calendar services and Zoom reach us. Without ``public_url`` nothing listens, and sources poll."""

    public_url: PublicUrl = ""
    listen: ListenAddress = "127.0.0.1:8470"
    cert_file: str = ""  # PEM with the whole chain; without it a reverse proxy speaks TLS
    key_file: str = ""

    @model_validator(mode="after")
    def _encrypted(self) -> WebhooksSection:
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("webhooks.cert_file and webhooks.key_file belong together: give both, or neither")
        host = self.listen.rpartition(":")[0].strip("[]")
        if not self.cert_file and not ipaddress.ip_address(host).is_loopback:
            raise ValueError(
                "webhooks.listen is open to the network without TLS: give cert_file and key_file, or listen on"
                " 127.0.0.1 behind a reverse proxy"
            )
        return self


class VaultSection(_Section):
    master: MasterKeyName = "file"
    kms_region: str = ""  # default: what the AWS client finds
    kms_endpoint: str = ""


class ZoomSection(_Section):
    """The organisation's own Zoom account, asked for room passcodes. Without ``account_id`` nobody is asked."""

    account_id: str = ""
    client_id: str = ""
    client_secret: Reference = ""
    webhook_token: Reference = ""
    api_url: ServiceUrl = "https://api.zoom.us/v2"
    login_url: ServiceUrl = "https://zoom.us/oauth/token"
    requests_per_second: Annotated[float, Field(ge=0.1, le=100)] = 10.0

    @model_validator(mode="after")
    def _whole(self) -> ZoomSection:
        given = (self.account_id, self.client_id, self.client_secret)
        if any(given) and not all(given):
            raise ValueError("zoom.account_id, zoom.client_id and zoom.client_secret belong together: give all three")
        if self.webhook_token and not self.account_id:
            raise ValueError("zoom.webhook_token needs zoom.account_id, zoom.client_id and zoom.client_secret")
        return self


class LogSection(_Section):
    format: Literal["auto", "json", "console"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


_UNSAID = Policy()  # what a template that says nothing does


def _in_minutes(time: timedelta) -> float:
    return time / timedelta(minutes=1)


class Template(_Section):
    """The words of connector.model.Policy, and its defaults; times are minutes, ``call_rate`` is kbit/s."""

    one_touch_join: bool = _UNSAID.one_touch_join
    auto_join: bool = _UNSAID.auto_join
    auto_leave: bool = _UNSAID.auto_leave
    join_before: Minutes = _in_minutes(_UNSAID.join_before)
    leave_after: Minutes = _in_minutes(_UNSAID.leave_after)
    early_join: Minutes = _in_minutes(_UNSAID.early_join)
    late_join: Minutes = _in_minutes(_UNSAID.late_join)
    busy: Literal["wait", "skip", "drop"] = _UNSAID.busy
    overlap: Literal["switch", "stay"] = _UNSAID.overlap
    new_address: Literal["stay", "change"] = _UNSAID.new_address
    leave_joined: Literal["ours", "booked"] = _UNSAID.leave_joined
    tentative: Literal["button", "join"] = _UNSAID.tentative
    free: Literal["button", "join"] = _UNSAID.free
    show_non_joinable: bool = _UNSAID.show_non_joinable
    show_all_day: bool = _UNSAID.show_all_day
    private_title: str = _UNSAID.private_title
    hide_titles: bool = _UNSAID.hide_titles
    protocol: Literal["sip", "h323"] = _UNSAID.protocol
    call_rate: Annotated[int, Field(ge=64, le=50_000)] | None = _UNSAID.call_rate
    region: str = _UNSAID.region
    zoom_host: Host = _UNSAID.zoom_host
    zoom_options: OptionCodes = _UNSAID.zoom_options
    options: DriverOptions = Field(default_factory=dict)

    def policy(self, dialing: DialingSection) -> Policy:
        """What a room with this template does; ``dialing`` is the organisation's."""
        words: dict[str, Any] = {
            name: timedelta(minutes=value) if isinstance(getattr(_UNSAID, name), timedelta) else value
            for name, value in self
            if name != "options"
        }
        return Policy(
            **words,
            zoom_gateways=tuple(
                (region.strip(), address.strip())
                for region, _, address in (text.rpartition("=") for text in dialing.zoom_gateways)
            ),
            allowed_domains=dialing.allowed_domains,
            allowed_networks=dialing.allowed_networks,
        )

    def inherit(self, parent: Template) -> Template:
        """``parent`` with what this template says itself on top."""
        own: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        return parent.model_copy(update=own | {"options": parent.options | self.options})


_CALENDAR_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]+")  # two letters or more: C:\x.ics is a path
_URL_SCHEMES = frozenset({"http", "https", "webcal", "file"})


class Settings(BaseSettings):
    """All of connector.toml with the environment on top. Made by ``load_settings``; paths start at ``base``."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        hide_input_in_errors=True,
    )

    connector: ConnectorSection = Field(default_factory=ConnectorSection)
    registry: RegistrySection = Field(default_factory=RegistrySection)
    networks: NetworksSection = Field(default_factory=NetworksSection)
    sync: SyncSection = Field(default_factory=SyncSection)
    calendars: dict[str, CalendarSection] = Field(default_factory=dict)
    dialing: DialingSection = Field(default_factory=DialingSection)
    rules: RulesSection = Field(default_factory=lambda: RulesSection.model_validate([]))
    engine: EngineSection = Field(default_factory=EngineSection)
    guard: GuardSection = Field(default_factory=GuardSection)
    templates: dict[str, Template] = Field(default_factory=dict)
    webhooks: WebhooksSection = Field(default_factory=WebhooksSection)
    zoom: ZoomSection = Field(default_factory=ZoomSection)
    vault: VaultSection = Field(default_factory=VaultSection)
    log: LogSection = Field(default_factory=LogSection)

    _base: Path = PrivateAttr(default_factory=Path)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # The process environment is read by load_settings, which is given it as an argument and keeps the origins.
        return (init_settings,)

    @model_validator(mode="after")
    def _complete(self) -> Settings:
        """The source "ics" and the template "default" always exist; templates inherit from the latter."""
        for name, source in self.calendars.items():
            if not _CALENDAR_NAME.fullmatch(name) or name.lower() in _URL_SCHEMES:
                raise ValueError(
                    f"calendars.{name}: the name of a calendar source is two or more letters, digits, - or _,"
                    " and not the start of a URL"
                )
            if name == "ics" and source.type != "ics":
                raise ValueError(f"calendars.ics is the built-in source of .ics files; give type {source.type} a name")
        self.calendars.setdefault("ics", CalendarSection(type="ics"))
        default = self.templates.setdefault("default", Template())
        for name, template in self.templates.items():
            self.templates[name] = template if template is default else template.inherit(default)
        return self

    @property
    def base(self) -> Path:
        """The folder of connector.toml."""
        return self._base

    @property
    def data_dir(self) -> Path:
        return self._base / self.connector.data_dir

    @property
    def rooms_file(self) -> Path:
        return self._base / self.registry.rooms

    @property
    def key_file(self) -> Path:
        """The vault's key."""
        return self.data_dir / "vault.key"

    @property
    def keyring_file(self) -> Path:
        """The vault's data keys, sealed with its master key."""
        return self.key_file.with_suffix(".ring")

    @property
    def secrets_file(self) -> Path:
        """The named secrets, sealed."""
        return self.data_dir / "secrets.sealed"

    @property
    def private_networks(self) -> tuple[Network, ...]:
        return tuple(ipaddress.ip_network(text) for text in self.networks.private)

    @property
    def compiled_rules(self) -> Rules:
        """The admin's rules, with a sentence for each that cannot be used."""
        from connector.detection.rules import compile_rules  # here: it takes all of detection with it

        return compile_rules(self.rules.tables, self.dialing.internal_domains)

    def policy(self, template: str) -> Policy:
        """What a room with this template does. KeyError for an unknown name."""
        return self.templates[template].policy(self.dialing)
