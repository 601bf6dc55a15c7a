"""Values out of replies, and replies that hold none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_drivers.generic_http.description import Match, ReplyType
from device_drivers.generic_http.replies import NotReadable, matches, read

_JSON = '{"a/b": {"~": [10, true, null, "x"]}, "n": 1.5, "o": {}, "": "empty"}'


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/a~1b/~0/0", "10"),
        ("/a~1b/~0/1", "true"),
        ("/a~1b/~0/2", None),
        ("/a~1b/~0/3", "x"),
        ("/a~1b/~0/4", None),
        ("/a~1b/~0/-1", None),
        ("/n", "1.5"),
        ("/n/deeper", None),
        ("/o", None),
        ("/", "empty"),
        ("/absent", None),
    ],
)
def test_json_pointers(pointer: str, value: str | None) -> None:
    assert read("json", _JSON).value(pointer) == value


_XML = '<s><call id="3"><to>sip:a@b.test</to></call><call id="4"/><on>yes</on></s>'


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("//on", "yes"),
        ("//call/@id", "3"),
        ("call[@id='4']/to", None),
        ("count(//call)", "2"),
        ("boolean(//on)", "true"),
        ("string(//to)", "sip:a@b.test"),
    ],
)
def test_xpath(path: str, value: str | None) -> None:
    assert read("xml", _XML).value(path) == value


def test_lists() -> None:
    assert [item.value("@id") for item in read("xml", _XML).items("//call")] == ["3", "4"]
    assert [item.value("/id") for item in read("json", '[{"id": 1}, {}]').items("")] == ["1", None]
    text = read("text", "call:3:up\ncall:4:down\n")
    assert [item.value(r"call:(\d+)") for item in text.items(r"^call:.*$")] == ["3", "4"]
    with pytest.raises(NotReadable, match="no list at '/calls'"):
        read("json", '{"calls": {}}').items("/calls")


def test_xml_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/hostname">]><s>&x;</s>'
    with pytest.raises(NotReadable):
        read("xml", bomb)


@pytest.mark.parametrize(
    ("match", "status", "expected"),
    [
        (Match(), 200, False),
        (Match(status=(200, 204)), 204, True),
        (Match(status=(200,)), 500, False),
        (Match(contains="fine"), 500, True),
        (Match(contains="bad"), 200, False),
        (Match(where="/ok"), 200, True),
        (Match(where="/none"), 200, False),
        (Match(where="/ok", equals=("no", "fine")), 200, True),
        (Match(where="/ok", equals=("no",)), 200, False),
        (Match(status=(500,), where="/ok"), 200, False),
    ],
)
def test_everything_that_a_match_names_must_hold(match: Match, status: int, expected: bool) -> None:
    assert matches(match, "json", status, '{"ok": "fine"}') is expected


def test_an_unreadable_reply_matches_no_value() -> None:
    assert not matches(Match(where="/ok"), "json", 200, '{"ok": ')


@given(st.sampled_from(["json", "xml", "text"]), st.text())
def test_garbage_is_readable_or_not_and_nothing_else(kind: ReplyType, text: str) -> None:
    where = {"json": "/a/0", "xml": "//a", "text": "(a)"}[kind]
    try:
        found = read(kind, text).value(where)
    except NotReadable:
        return
    assert found is None or isinstance(found, str)
