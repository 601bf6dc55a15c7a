"""The types of the fields of connector.toml: each takes what people write, or says in a sentence what to write."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from datetime import time
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from connector.networks import network
from connector.settings.credentials import is_reference
from connector.settings.messages import host_name, shown

_OPTION_CODE = re.compile(r"\d{3}|\d{6}")


def _split(value: object) -> object:
    """A list may be one string, as it must be in an environment variable: a JSON array, or words with commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError("the list starts with '[' but is not a JSON array; write a, b, c") from None
    return [word.strip() for word in value.split(",") if word.strip()]


def _domain(text: str) -> str:
    bare = text.strip().lstrip("@*.")
    name = host_name(text.strip())
    if name is None:
        close = host_name(bare)
        raise ValueError(f"{shown(text)} is not a domain" + (f"; did you mean '{close}'?" if close else ""))
    return name


def _words(value: object) -> object:
    """Driver options are text; TOML's own true and 5 are taken as "true" and "5"."""
    if not isinstance(value, Mapping):
        return value
    return {k: str(v).lower() if isinstance(v, bool | int | float) else v for k, v in value.items()}


def _gateway(text: str) -> str:
    region, equals, address = text.rpartition("=")
    try:
        ipaddress.ip_address(address.strip())
    except ValueError:
        raise ValueError(
            f"{shown(text)} is not a gateway; write region = address, as in US West = 192.0.2.10"
        ) from None
    return f"{region.strip()} = {address.strip()}" if equals else address.strip()


def _zoom_option(text: str) -> str:
    if not _OPTION_CODE.fullmatch(text):
        raise ValueError(f"{shown(text)} is not an option code; they have three or six digits, such as 504")
    return text


def _reference(value: object) -> object:
    if value == "" or is_reference(value):
        return value
    raise ValueError("a secret must be a reference: env:NAME, file:PATH or vault:NAME")  # may be one: not repeated


def _service_url(text: str) -> str:
    """https, or http to this machine (a stand-in server)."""
    try:
        parts = urlsplit(text)
        good = bool(parts.hostname) and (parts.port or 1) and "@" not in parts.netloc
    except ValueError:
        good = False
    if not good or not (parts.scheme == "https" or (parts.scheme == "http" and _loopback(parts.hostname or ""))):
        raise ValueError("it must be an https URL without a password in it")
    return text.rstrip("/")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _public_url(text: str) -> str:
    if text and (not text.startswith("https://") or "?" in text or "#" in text):
        raise ValueError("services call https addresses only; write it as https://host or https://host/path")
    return _service_url(text) if text else ""


def _listen_address(text: str) -> str:
    host, colon, port = text.rpartition(":")
    try:
        ipaddress.ip_address(host.strip("[]"))
        good = bool(colon) and 0 <= int(port) <= 65535
    except ValueError:
        good = False
    if not good:
        raise ValueError("write it as an address and a port, such as 127.0.0.1:8470")
    return text


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def hours_of(text: str) -> tuple[time, time]:
    """When they begin and end; ValueError says what to write. The end of a day is the end of its last second."""
    found = re.fullmatch(r"(\d{1,2})(?::(\d\d))?-(\d{1,2})(?::(\d\d))?", text.replace(" ", ""))
    if not found:
        raise ValueError("write when they begin and end, as 07:00-19:00")
    try:
        begin, end = time(int(found[1]), int(found[2] or 0)), (int(found[3]), int(found[4] or 0))
        return begin, time.max if end == (24, 0) else time(*end)
    except ValueError:
        raise ValueError("there is no such time of day; write them as 07:00-19:00") from None


def _no_busy_loop(seconds: float) -> float:
    if 0 < seconds < 0.05:
        raise ValueError("it is 0, or at least 0.05")
    return seconds


def _working_hours(text: str) -> str:
    hours_of(text)
    return text


def _weekday(text: str) -> str:
    day = text.strip().lower()[:3]
    if day not in WEEKDAYS:
        raise ValueError(f"{shown(text)} is no day; write them as mon, tue, wed, thu, fri, sat, sun")
    return day


def _master_key_name(text: str) -> str:
    if text == "file" or re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*|aws-kms:[A-Za-z0-9:/_.-]{1,512}", text):
        return text
    raise ValueError("it is one of: file, env:NAME, aws-kms:KEY")


Networks = Annotated[tuple[Annotated[str, AfterValidator(network)], ...], NoDecode, BeforeValidator(_split)]
Domains = Annotated[tuple[Annotated[str, AfterValidator(_domain)], ...], NoDecode, BeforeValidator(_split)]
Gateways = Annotated[tuple[Annotated[str, AfterValidator(_gateway)], ...], NoDecode, BeforeValidator(_split)]
OptionCodes = Annotated[tuple[Annotated[str, AfterValidator(_zoom_option)], ...], NoDecode, BeforeValidator(_split)]
Host = Annotated[str, AfterValidator(lambda text: _domain(text) if text else "")]
Seconds = Annotated[float, Field(ge=0, le=86400)]
Interval = Annotated[float, Field(ge=0.05, le=86400)]  # seconds between two looks; 0 would be a busy loop
OptionalInterval = Annotated[float, Field(ge=0, le=86400), AfterValidator(_no_busy_loop)]
Minutes = Annotated[float, Field(ge=0, le=1440)]
Hours = Annotated[float, Field(ge=0, le=8784)]
WorkingHours = Annotated[str, AfterValidator(_working_hours)]
WorkingDays = Annotated[tuple[Annotated[str, AfterValidator(_weekday)], ...], NoDecode, BeforeValidator(_split)]
Count = Annotated[int, Field(ge=1, le=100_000)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
ListenAddress = Annotated[str, AfterValidator(_listen_address)]
MasterKeyName = Annotated[str, AfterValidator(_master_key_name)]
Reference = Annotated[str, BeforeValidator(_reference)]
ServiceUrl = Annotated[str, AfterValidator(_service_url)]
DriverOptions = Annotated[dict[str, str], BeforeValidator(_words)]
