"""The types of the fields of connector.toml: each takes what people write, or says in a sentence what to write."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
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
Minutes = Annotated[float, Field(ge=0, le=1440)]
Hours = Annotated[float, Field(ge=0, le=8784)]
Count = Annotated[int, Field(ge=1, le=100_000)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
ListenAddress = Annotated[str, AfterValidator(_listen_address)]
MasterKeyName = Annotated[str, AfterValidator(_master_key_name)]
Reference = Annotated[str, BeforeValidator(_reference)]
ServiceUrl = Annotated[str, AfterValidator(_service_url)]
DriverOptions = Annotated[dict[str, str], BeforeValidator(_words)]
