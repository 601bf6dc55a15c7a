"""connector.toml and the environment: values, origins, and sentences for mistakes."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.engine.options import Options
from connector.errors import UserError
from connector.model import Policy
from connector.running.configuration import engine_options
from connector.settings import (
    LoadedSettings,
    Settings,
    Template,
    effective,
    load_settings,
    resolve_calendar,
    shown_calendar,
    within,
)
from connector.settings.toml_lines import key_lines

ANNOTATED = Path(__file__).parents[3] / "config" / "connector.toml"


def load(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> LoadedSettings:
    path = folder / "connector.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, environ or {})


def problems(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(UserError) as caught:
        load(folder, text, environ)
    return caught.value.problems


def test_an_empty_file_gives_the_defaults_and_says_so(tmp_path: Path) -> None:
    loaded = load(tmp_path, "")
    assert loaded.settings.sync.poll_near == 60
    assert loaded.settings.calendars["ics"].type == "ics"
    assert loaded.settings.data_dir == tmp_path / "var"
    assert loaded.settings.rooms_file == tmp_path / "rooms.csv"
    assert set(loaded.origins.values()) == {"default"}
    assert set(loaded.origins) == {key for key, _ in effective(loaded.settings)}


def test_the_default_template_is_the_policy_of_the_model(tmp_path: Path) -> None:
    settings = load(tmp_path, "").settings
    dial_policy = (settings.dialing.allowed_domains, settings.dialing.allowed_networks)
    assert settings.policy("default") == replace(
        Policy(), allowed_domains=dial_policy[0], allowed_networks=dial_policy[1]
    )
    assert settings.dialing.allowed_domains[0] == "zoomcrc.com"
    assert all(ipaddress.ip_network(net).is_global for net in settings.dialing.allowed_networks)


def test_each_default_stands_in_one_place() -> None:
    organisation = {"zoom_gateways", "allowed_domains", "allowed_networks"}
    words = {field.name for field in fields(Policy)} - organisation
    assert set(Template.model_fields) == words | {"options"}
    assert {name: getattr(Policy(), name) for name in organisation} == dict.fromkeys(organisation, ())
    assert engine_options(Settings()).push_concurrency == Settings().engine.push_concurrency == 64
    own = {field.name for field in fields(Options) if field.default is not MISSING}
    assert own == {"read_deadline", "verify_after_push", "clock_skew"}  # what no setting gives


def test_no_file_in_the_folder_is_no_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(None, {}).path is None
    (tmp_path / "connector.toml").write_text("[guard]\nrooms = 7\n")
    loaded = load_settings(None, {})
    assert (loaded.settings.guard.rooms, loaded.settings.base) == (7, tmp_path)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.toml does not exist; name the settings file with --config"):
        load_settings(tmp_path / "nowhere.toml", {})


def test_origins_tell_line_environment_and_inheritance(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        "[sync]\npoll_every = 20\n\n[templates.default]\nauto_join = true\n[templates.Quiet]\nbusy = 'skip'\n",
        {"CONNECTOR__SYNC__DEBOUNCE": "0.2", "CONNECTOR__TEMPLATES__QUIET__JOIN_BEFORE": "2", "PATH": "/bin"},
    )
    origins = loaded.origins
    assert origins["sync.poll_every"] == "connector.toml, line 2"
    assert origins["sync.debounce"] == "environment CONNECTOR__SYNC__DEBOUNCE"
    assert origins["templates.Quiet.busy"] == "connector.toml, line 7"
    assert origins["templates.Quiet.join_before"] == "environment CONNECTOR__TEMPLATES__QUIET__JOIN_BEFORE"
    assert origins["templates.Quiet.auto_join"] == "connector.toml, line 5 (templates.default)"
    assert origins["templates.Quiet.protocol"] == "default"
    policy = loaded.settings.policy("Quiet")
    assert (policy.auto_join, policy.busy, policy.join_before.total_seconds()) == (True, "skip", 120)
    assert loaded.settings.policy("default").busy == "wait"


def test_template_options_add_up(tmp_path: Path) -> None:
    text = "[templates.default.options]\na = 'one'\nb = true\n[templates.big.options]\nb = 5\n"
    templates = load(tmp_path, text).settings.templates
    assert templates["default"].options == {"a": "one", "b": "true"}
    assert templates["big"].options == {"a": "one", "b": "5"}


def test_lists_in_the_environment_are_words_or_json(tmp_path: Path) -> None:
    words = load(tmp_path, "", {"CONNECTOR__DIALING__ALLOWED_DOMAINS": "Example.com, example.net."})
    array = load(tmp_path, "", {"connector__networks__private": '["127.0.0.0/8"]'})
    assert words.settings.dialing.allowed_domains == ("example.com", "example.net")
    assert array.settings.private_networks == (ipaddress.ip_network("127.0.0.0/8"),)


def test_calendar_sections_keep_the_keys_of_their_provider(tmp_path: Path) -> None:
    text = (
        "[calendars.office]\ntype = 'caldav'\nurl = 'https://dav.example.org/'\npassword = 'env:OFFICE'\nretries = 3\n"
    )
    office = load(tmp_path, text).settings.calendars["office"]
    assert office.type == "caldav"
    assert dict(office.options) == {"url": "https://dav.example.org/", "password": "env:OFFICE", "retries": 3}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[sync]\n\npol_every = 5\n",
            "connector.toml, line 3: sync.pol_every is not a setting; did you mean 'poll_every'?",
        ),
        ("[snyc]\npoll_every = 5\n", "connector.toml, line 1: snyc is not a section; did you mean 'sync'?"),
        ("[sync]\npoll_every = 'soon'\n", "connector.toml, line 2: sync.poll_every must be a number, not 'soon'."),
        (
            "[guard]\nshare = 80\n",
            "connector.toml, line 2: guard.share must be at most 1.0, not '80'; nearest valid value: 1.0.",
        ),
        (
            "[guard]\nrooms = 0\n",
            "connector.toml, line 2: guard.rooms must be at least 1, not '0'; nearest valid value: 1.",
        ),
        (
            "[templates.default]\nprotocol = 'sipp'\n",
            "connector.toml, line 2: templates.default.protocol is 'sipp'; did you mean 'sip'?",
        ),
        (
            "[templates.default]\nauto_jion = true\n",
            "connector.toml, line 2: templates.default.auto_jion is not a setting; did you mean 'auto_join'?",
        ),
        (
            "[log]\nlevel = 'loud'\n",
            "connector.toml, line 2: log.level is 'loud'; choose from: debug, error, info, warning.",
        ),
        (
            "[networks]\nprivate = ['10.1.2.3/8']\n",
            "connector.toml, line 2: networks.private.0 is wrong: '10.1.2.3/8' has host bits set;"
            " did you mean '10.0.0.0/8'?",
        ),
        (
            "[dialing]\nallowed_domains = ['*.example.com']\n",
            "connector.toml, line 2: dialing.allowed_domains.0 is wrong: '*.example.com' is not a domain;"
            " did you mean 'example.com'?",
        ),
        ("[calendars.office]\nurl = 'x'\n", "connector.toml, line 1: calendars.office.type is missing."),
        (
            "[calendars.office]\ntype = 'caldev'\n",
            "connector.toml, line 2: calendars.office.type is 'caldev'; did you mean 'caldav'?",
        ),
        ("sync = 5\n", "connector.toml, line 1: sync must be a section with keys, not '5'."),
        (
            "auto_join = true\n",
            "connector.toml, line 1: auto_join is not a section; put it below [templates.NAME].",
        ),
        (
            "poll_every = 5\n",
            "connector.toml, line 1: poll_every is not a section; put it below [sync].",
        ),
        ("something = 5\n", "connector.toml, line 1: something is not a section."),
    ],
)
def test_a_mistake_is_a_sentence_with_its_line_and_the_nearest_valid_value(
    tmp_path: Path, text: str, sentence: str
) -> None:
    assert problems(tmp_path, text) == (sentence,)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, "[sync]\nconcurrency = 'x'\n[guard]\nroms = 1\nshare = 0\n")
    assert len(found) == 3


def test_bad_toml_and_bad_bytes_name_the_line(tmp_path: Path) -> None:
    (sentence,) = problems(tmp_path, "[sync]\npoll_every = = 5\n")
    assert sentence.startswith("connector.toml, line 2, column 14: this is not valid TOML: invalid value")
    (tmp_path / "connector.toml").write_bytes(b"[sync]\n# caf\xe9\n")
    with pytest.raises(UserError, match=r"connector\.toml, line 2: this is not UTF-8 text; save the file as UTF-8"):
        load_settings(tmp_path, {})


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("[templates.auto]\nauto_join = yes\n", "true and false are written so, without capitals and quotes."),
        (
            "[templates.auto]\nauto_join = True # always\n",
            "true and false are written so, without capitals and quotes.",
        ),
        ("[connector]\nname = “berlin”\n", "quotes must be straight ones: \" or '."),
        ("[connector]\nname = berlin\n", "text stands in quotes."),
        ("[networks]\nprivate = [10.0.0.0/8]\n", "text stands in quotes."),
        ("[connector]\nname = 10.0.0.1\n", "text stands in quotes."),
        ('[connector]\nname = "EXAMPLE\\svc"\n', "write a backslash twice, or put the text into single quotes."),
        (
            "[connector]\nname = 'a'\n[connector]\ndata_dir = 'b'\n",
            "this name stands twice: keep one, with what both hold.",
        ),
        ("[connector]\nname = 'a'\nname = 'b'\n", "this name stands twice: keep one, with what both hold."),
    ],
)
def test_the_usual_slips_in_toml_come_with_their_remedy(tmp_path: Path, text: str, remedy: str) -> None:
    (sentence,) = problems(tmp_path, text)
    assert sentence.startswith("connector.toml, line ")
    assert sentence.endswith(f"; {remedy}")
    assert "hunter2" not in problems(tmp_path, text.replace("= ", "= hunter2 ", 1))[0]


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "connector.toml").write_bytes(b"\xef\xbb\xbf[guard]\nrooms = 9\n")
    assert load_settings(tmp_path, {}).settings.guard.rooms == 9


@pytest.mark.parametrize(
    ("variable", "sentence"),
    [
        (
            "CONNECTOR__SNYC__POLL_EVERY",
            "environment CONNECTOR__SNYC__POLL_EVERY: there is no section 'snyc'; did you mean 'sync'?",
        ),
        ("CONNECTOR__SYNC", "environment CONNECTOR__SYNC: write it as CONNECTOR__SYNC__KEY."),
        (
            "CONNECTOR__TEMPLATES__X",
            "environment CONNECTOR__TEMPLATES__X: write it as CONNECTOR__TEMPLATES__NAME__KEY.",
        ),
        (
            "CONNECTOR__SYNC__POL_EVERY",
            "environment CONNECTOR__SYNC__POL_EVERY: sync.pol_every is not a setting; did you mean 'poll_every'?",
        ),
        (
            "CONNECTOR__SYNC__POLL_EVERY",
            "environment CONNECTOR__SYNC__POLL_EVERY: sync.poll_every must be a number, not 'abc'.",
        ),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(tmp_path: Path, variable: str, sentence: str) -> None:
    assert problems(tmp_path, "", {variable: "abc"}) == (sentence,)


@pytest.mark.parametrize(
    "text",
    [
        "[calendars.office]\ntype = 'caldav'\npassword = 'hunter2'\n",
        "[calendars.office]\ntype = 'caldav'\nclient_secret = 'hunter2'\n",
        "[calendars.office]\ntype = 'caldav'\nurl = 'https://me:hunter2@dav.example.org/'\n",
        "[templates.default.options]\ntoken = 'hunter2'\n",
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    (sentence,) = problems(tmp_path, text)
    assert "connector.toml, line " in sentence
    assert "reference" in sentence
    assert "hunter2" not in sentence


@pytest.mark.parametrize(
    "text", ["[calendars]\noffice = 'hunter2'\n", "[templates.default.options]\nx = ['hunter2']\n"]
)
def test_what_may_be_a_secret_is_not_repeated(tmp_path: Path, text: str) -> None:
    (sentence,) = problems(tmp_path, text)
    assert sentence.startswith("connector.toml, line 2: ")
    assert "not what is written" in sentence
    assert "hunter2" not in sentence


def test_public_networks_are_allowed_with_a_caution(tmp_path: Path) -> None:
    loaded = load(tmp_path, "[networks]\nprivate = ['10.0.0.0/8', '0.0.0.0/0']\n")
    assert loaded.problems == (
        "connector.toml, line 2: networks.private lists 0.0.0.0/0, which holds public addresses.",
    )


def test_loopback_needs_an_entry_of_its_own() -> None:
    everything, loopback = ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("127.0.0.0/8")
    private = ipaddress.ip_network("10.0.0.0/8")
    assert not within(ipaddress.ip_address("127.0.0.1"), [everything, private])
    assert within(ipaddress.ip_address("127.0.0.1"), [loopback])
    assert not within(ipaddress.ip_address("::ffff:127.0.0.1"), [everything])
    assert within(ipaddress.ip_address("::ffff:10.0.0.1"), [private])
    assert not within(ipaddress.ip_address("192.0.2.1"), [private, loopback])


def test_the_annotated_file_states_the_defaults(tmp_path: Path) -> None:
    """Every "#key = value" line taken in is the default that it claims to be, and no key is forgotten."""
    text = ANNOTATED.read_text(encoding="utf-8")
    assert load_settings(ANNOTATED, {}).problems == ()
    open_text = re.sub(r"^#(?=[a-z_]+ = )", "", text, flags=re.MULTILINE)
    stated = load(tmp_path, open_text)
    defaults = dict(effective(Settings()))
    for key, value in effective(stated.settings):
        if not key.startswith("templates.boardroom"):
            assert defaults[key] == value, key
    unstated = {key for key, origin in stated.origins.items() if origin == "default"} - {"calendars.ics.type"}
    assert {key for key in unstated if not key.startswith("templates.boardroom")} == {
        "dialing.allowed_networks",
        "templates.default.call_rate",
    }


@given(st.text())
def test_any_text_is_settings_or_sentences(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        loaded = load_settings(path, {})
    except UserError as error:
        assert all(sentence.startswith("any.toml") for sentence in error.problems)
    else:
        assert loaded.settings.templates["default"] is not None


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
_KEYS = st.sampled_from([key.upper().replace(".", "__") for key, _ in effective(Settings())])


@given(_KEYS, _VALUES)
def test_any_value_in_the_environment_is_settings_or_sentences(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: object
) -> None:
    path = tmp_path_factory.getbasetemp() / "empty.toml"
    path.touch()
    try:
        loaded = load_settings(path, {f"CONNECTOR__{key}": json.dumps(value)})
    except UserError as error:
        assert all(sentence for sentence in error.problems)
    else:
        assert any(origin == f"environment CONNECTOR__{key}" for origin in loaded.origins.values())


def test_lines_are_found_past_long_strings_and_odd_spellings() -> None:
    text = 'a = """\nb = 1\n"""\n[ x . "y z" ]\n"k" = 1\nc.d = 2 # [no]\n[[ many ]]\n'
    lines = key_lines(text)
    assert lines == {("a",): 1, ("x", "y z"): 4, ("x", "y z", "k"): 5, ("x", "y z", "c", "d"): 6}


# ------------------------------------------------------------------------------------ calendars of rooms


@pytest.mark.parametrize(
    ("written", "resolved"),
    [
        ("calendars/a.ics", ("ics", "calendars/a.ics")),
        ("./calendars//a.ics", ("ics", "calendars/a.ics")),
        (r"C:\calendars\a.ics", ("ics", r"C:\calendars\a.ics")),
        ("https://dav.example.org/a.ics?x=1", ("ics", "https://dav.example.org/a.ics?x=1")),
        ("webcal://dav.example.org/a.ics", ("ics", "https://dav.example.org/a.ics")),
        ("office:rooms/Board room", ("office", "rooms/Board room")),
        ("Office:room@example.org", ("office", "room@example.org")),
        ("ics:a.ics", ("ics", "a.ics")),
        ("ics:https://dav.example.org/a.ics", ("ics", "https://dav.example.org/a.ics")),
    ],
)
def test_a_calendar_names_its_source(tmp_path: Path, written: str, resolved: tuple[str, str]) -> None:
    settings = load(tmp_path, "[calendars.office]\ntype = 'caldav'\n").settings
    assert resolve_calendar(written, settings) == resolved


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (
            "offce:room",
            "connector.toml has no section [calendars.offce]; did you mean 'office'?",
        ),
        ("office: ", "'office:' names a source but no calendar in it."),
        ("https:///a.ics", "the calendar URL has no valid host; write it as https://host/path.ics."),
        ("https://[/a.ics", "the calendar URL has no valid host; write it as https://host/path.ics."),
        (
            "https://me:hunter2@example.org/a.ics",
            "the calendar URL has a password in it; make a [calendars.NAME] section with a reference.",
        ),
    ],
)
def test_a_calendar_that_names_no_source_is_a_sentence(tmp_path: Path, written: str, sentence: str) -> None:
    settings = load(tmp_path, "[calendars.office]\ntype = 'caldav'\n").settings
    with pytest.raises(UserError) as caught:
        resolve_calendar(written, settings)
    assert str(caught.value) == sentence


def test_listings_hide_the_secret_part_of_a_calendar_url() -> None:
    """Which part is the secret differs by service: nothing but the host is shown, and a fingerprint (B2)."""
    one = shown_calendar("https://cal.example.org/ical/private-0a1b/basic.ics?k=v")
    other = shown_calendar("https://cal.example.org/ical/private-0a1b/basic.ics?k=w")
    assert one.startswith("https://cal.example.org/… (") and other.startswith("https://cal.example.org/… (")
    assert one != other
    assert shown_calendar("webcal://cal.example.org:8443/a.ics") == shown_calendar("https://cal.example.org:8443/a.ics")
    assert shown_calendar("https://token@cal.example.org/a.ics").startswith("https://cal.example.org/… (")
    assert shown_calendar("office:https://dav.example.org/tok/").startswith("office:https://dav.example.org/… (")
    assert "tok" not in shown_calendar("https://[broken/tok")
    assert shown_calendar("office:room") == "office:room"
    assert shown_calendar("folder/room.ics") == "folder/room.ics"


def test_the_names_of_calendar_sources_cannot_be_mistaken_for_urls(tmp_path: Path) -> None:
    (sentence,) = problems(tmp_path, "[calendars.https]\ntype = 'caldav'\n")
    assert "calendars.https: the name of a calendar source" in sentence
    (sentence,) = problems(tmp_path, "[calendars.ics]\ntype = 'caldav'\n")
    assert "calendars.ics is the built-in source" in sentence
