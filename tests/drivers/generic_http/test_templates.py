"""Whatever people type stays one value in the place where it stands."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from device_drivers.api import Booking, DialAddress
from device_drivers.generic_http.templates import booking_values, clean, dial_values, fill

_ANY_TEXT = st.text(st.characters(codec=None))


@given(_ANY_TEXT)
def test_a_title_cannot_leave_its_json_string(title: str) -> None:
    body = fill('{"title": "{title}", "id": "7"}', "json", {"title": title})
    body.encode()  # a lone surrogate would not pass
    assert json.loads(body) == {"title": clean(title), "id": "7"}


@given(_ANY_TEXT)
def test_a_title_cannot_leave_its_element_or_attribute(title: str) -> None:
    body = fill('<b title="{title}"><t>{title}</t></b>', "xml", {"title": title})
    root = etree.fromstring(body.encode())
    assert root.get("title") == clean(title)
    assert [child.tag for child in root] == ["t"]
    assert (root[0].text or "") == clean(title)


@given(_ANY_TEXT)
def test_a_title_cannot_leave_its_parameter(title: str) -> None:
    path = fill("/join?title={title}&id=7", "form", {"title": title})
    query = parse_qs(urlsplit(path).query, keep_blank_values=True, strict_parsing=True)
    assert query == {"title": [clean(title)], "id": ["7"]}
    assert path.isascii()


@given(_ANY_TEXT)
def test_text_stays_on_its_line(title: str) -> None:
    assert len(fill("say {title}!", "text", {"title": title}).splitlines()) == 1


def test_braces_of_json_are_left_alone_and_values_are_not_filled_in_again() -> None:
    assert fill('{"a": {"b": "{title}"}}', "json", {"title": "{title} {id}"}) == '{"a": {"b": "{title} {id}"}}'


@pytest.mark.parametrize(
    ("protocol", "address", "bridge", "passcode"),
    [
        ("sip", "93344455566.4321@vc.example.test", "vc.example.test", "4321"),
        ("sip", "93344455566.4321.2.99@vc.example.test", "vc.example.test", "4321"),
        ("sip", "93344455566@vc.example.test", "vc.example.test", ""),
        ("sip", "ada.byron@vc.example.test", "vc.example.test", ""),
        ("h323", "192.0.2.10##93344455566#4321", "192.0.2.10", "4321"),
        ("h323", "192.0.2.10##93344455566", "192.0.2.10", ""),
    ],
)
def test_parts_of_an_address(protocol: str, address: str, bridge: str, passcode: str) -> None:
    now = datetime.now(UTC)
    values = dial_values(
        DialAddress("sip" if protocol == "sip" else "h323", address), Booking("1", "", now, now + timedelta(hours=1))
    )
    assert (values["protocol"], values["address"]) == (protocol, address)
    assert (values["bridge"], values["passcode"], values["call_rate"]) == (bridge, passcode, "0")


def test_times_are_utc_and_lengths_whole() -> None:
    start = datetime.fromisoformat("2030-05-06T15:00:00+02:00")
    line = Booking("1", "", start, start + timedelta(minutes=45), private=True)
    values = booking_values(line)
    assert values["start"] == "2030-05-06T13:00:00Z"
    assert values["end_epoch"] == str(int(values["start_epoch"]) + 2700)
    assert (values["duration_minutes"], values["early_join_seconds"], values["late_join_seconds"]) == (
        "45",
        "300",
        "0",
    )
    assert (values["private"], values["address"], values["protocol"]) == ("true", "", "")
