"""Description files: what is shipped loads; a mistake is a sentence with file, key and the nearest word."""

from __future__ import annotations

from pathlib import Path

import pytest

from device_drivers.api import Endpoint, UnitFacts, UnitProtocol
from device_drivers.generic_http import description, templates
from device_drivers.generic_http.description import DescriptionError, load, locate, shipped
from device_drivers.generic_http.driver import open_unit
from device_drivers.generic_http.faces import FACES

_SMALL = """
[unit]
protocols = ["sip"]

[probe]
path = "/info"
reply = "json"
[probe.read]
product = "/model"

[dial]
method = "POST"
path = "/dial"
body_type = "json"
body = '{"number": "{address}"}'
"""

_MORE = (
    _SMALL
    + """
[calls]
path = "/calls"
reply = "xml"
each = "//call"
state_words = { connected = "up" }
read = { call_id = "@id", state = "@state" }

[shown]
path = "/list"
reply = "text"
each = 'id=\\d+'
read = { booking_id = 'id=(\\d+)' }

[push]
method = "PUT"
path = "/list"
body_type = "xml"
body = "<list>{bookings}</list>"
booking = '<b id="{booking_id}">{title}</b>'
"""
)


def _load(tmp_path: Path, text: str) -> description.Description:
    path = tmp_path / "unit.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_shipped_descriptions_load_and_have_a_simulated_unit() -> None:
    assert shipped() == tuple(sorted(FACES))
    for name in shipped():
        assert "never tried on hardware" in load(locate(name)).status


def test_the_facts_follow_from_the_sections(tmp_path: Path) -> None:
    least = frozenset({UnitProtocol.PROBES, UnitProtocol.DIALS})
    more = least | {UnitProtocol.LISTS_CALLS, UnitProtocol.TELLS_SHOWN, UnitProtocol.SHOWS}
    assert _load(tmp_path, _SMALL).facts == UnitFacts(least, sip=True, longest_title=128)
    assert _load(tmp_path, _MORE).facts == UnitFacts(more, sip=True, longest_title=128)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("[dial]", "[dail]", "dail is not a known key. Did you mean 'dial'?"),
        ("[dial]", "[dail]", "dial is missing; a description needs it"),
        ("method =", "methd =", "dial.methd is not a known key. Did you mean 'method'?"),
        ('"POST"', '"PSOT"', "dial.method is 'PSOT'. Did you mean 'POST'?"),
        ("{address}", "{adress}", "dial.body holds {adress}, which is no placeholder here. Did you mean 'address'?"),
        ("{address}", "{call_id}", "dial.body holds {call_id}, which is no placeholder here"),
        ('"{address}"', "{address}", "dial.body does not make JSON once it is filled in"),
        ('"/dial"', '"dial"', "dial.path must begin with one /"),
        ('"/dial"', '"//other.example/dial"', "dial.path must begin with one /"),
        ('"/dial"', '"/dial me"', "dial.path must hold no blanks"),
        ('"/model"', '"model"', "probe.read.product 'model' is no JSON pointer: it must begin with /"),
        ("product", "produkt", "probe.read.produkt is not a known key. Did you mean 'product'?"),
        ('["sip"]', '["spi"]', "unit.protocols is 'spi'. Did you mean 'sip'?"),
        ('["sip"]', "[]", "unit.protocols is missing"),
        ("[unit]", "[unit]\ndefault_port = 70000", "unit.default_port 70000 must be a number from 1 to 65535"),
        ("[probe]", "[auth]\nkind = 'bsic'\n[probe]", "auth.kind is 'bsic'. Did you mean 'basic'?"),
        ("[probe]", "[auth]\nkind = 'header'\n[probe]", "auth.header must name the header that carries the password"),
        ("[probe]", "[probe]\nsuccess = [200]", "probe.success must be a table such as { status = [200] }"),
        ("[probe]", "[probe]\nsuccess = { status = [20] }", "probe.success.status must be a list of HTTP status codes"),
        ("[probe]", "[probe]\nsuccess = { equals = 'x' }", "probe.success.equals needs where"),
        ("[probe]", "[probe]\nheaders = { Authorization = 'x' }", "must not set Authorization; use [auth]"),
        ("[probe]", "[probe]\nheaders = { 'A B' = 'x' }", "holds 'A B', which is no plain header"),
        ("[probe]", "probe = 3\n[prob]", "probe must be a table"),
    ],
)
def test_a_mistake_is_a_sentence_with_file_and_key(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    text = (
        _SMALL.replace(old, new, 1) if new != "probe = 3\n[prob]" else "probe = 3\n" + _SMALL.replace("[probe", "[prob")
    )
    with pytest.raises(DescriptionError) as caught:
        _load(tmp_path, text)
    found = [problem for problem in caught.value.problems if sentence in problem]
    assert found, caught.value.problems
    assert found[0].startswith(f"{tmp_path / 'unit.toml'}: ")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"//call"', '"//call["', "calls.each '//call[' is no XPath"),
        ('each = "//call"\n', "", "calls needs either each"),
        ('call_id = "@id", ', "", "calls.read needs call_id"),
        ('state_words = { connected = "up" }\n', "", "calls.state_words is missing"),
        ("{ connected", "{ conected", "calls.state_words.conected is not a known key. Did you mean 'connected'?"),
        ("'id=(\\d+)'", "'id=\\d+'", "must have exactly one group, around the value"),
        ("'id=(\\d+)'", "'id=(\\d+'", "is no regular expression"),
        ("each = 'id=\\d+'\n", "", "shown.each is missing"),
        ("<list>{bookings}</list>", "<list/>", "push.body must hold {bookings}"),
        ("{title}</b>", "{title}</c>", "push.booking does not make XML once it is filled in"),
        ("{title}</b>", "{bookings}</b>", "push.booking holds {bookings}, which is no placeholder here"),
        ("booking = '<b", "bookng = '<b", "push.booking is missing"),
    ],
)
def test_mistakes_in_optional_sections(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert old in _MORE
    with pytest.raises(DescriptionError) as caught:
        _load(tmp_path, _MORE.replace(old, new, 1))
    assert sentence in str(caught.value)


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(DescriptionError) as caught:
        _load(
            tmp_path, _SMALL.replace('"POST"', '"PSOT"').replace("{address}", "{adress}").replace('"/info"', '"info"')
        )
    assert len(caught.value.problems) == 3


def test_files_that_are_not_there_or_not_toml(tmp_path: Path) -> None:
    with pytest.raises(DescriptionError, match="is not TOML"):
        _load(tmp_path, "[unit")
    with pytest.raises(DescriptionError, match="cannot be read"):
        (tmp_path / "latin.toml").write_bytes(b"[unit]\nlabel = '\xe9'\n")
        load(tmp_path / "latin.toml")
    with pytest.raises(DescriptionError, match=r"does not exist"):
        locate(str(tmp_path / "none.toml"))
    with pytest.raises(DescriptionError, match=r"no shipped description 'room_controler'\. Did you mean"):
        locate("room_controler")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "The option description is missing: a path to a .toml file, or one of mesh_callout"),
        ({"description": "mesh_callout", "timeout": "soon"}, "The option timeout is 'soon'; it must be seconds"),
        ({"description": "mesh_callout", "timeout": "0"}, "The option timeout is '0'"),
        ({"description": "mesh_callout", "timeout": "nan"}, "The option timeout is 'nan'"),
    ],
)
def test_opening_with_wrong_options_is_a_value_error_with_a_sentence(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        open_unit(Endpoint("room", "127.0.0.1", options=options))
    assert sentence in str(caught.value)


def test_the_readme_names_every_key_and_placeholder() -> None:
    text = (description.UNITS.parent / "README.md").read_text(encoding="utf-8")
    words = {*templates.BOOKING, *templates.HANG_UP, *templates.PUSH}
    missing = sorted(word for word in words if f"`{{{word}}}`" not in text)
    keys = {key for section in description._SECTIONS.values() for key in (*section.keys, *section.reads)}
    missing += sorted(
        key for key in {*keys, *description._REQUEST_KEYS, *description._MATCH_KEYS} if f"`{key}`" not in text
    )
    assert missing == []
