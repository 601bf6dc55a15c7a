"""The admin's own rules: what they match, what they dial, and that a bad one stops nothing."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.detection.detect import detect
from connector.detection.hosts import HostTable
from connector.detection.parsed_event import parse
from connector.detection.parsed_text import ParsedText
from connector.detection.rules import NO_RULES, Rules, compile_rules, rulings
from connector.detection.text_parser import parse_text
from connector.engine.detecting import detect_all
from connector.model import NO_SERIES, Event, JoinInfo, Ruling, SourceText
from tests.support import patience

ZOOM = "https://zoom.us/j/81920374655\nPasscode: 004618"
BRIDGE = {"name": "bridge", "match": r"bridge (?P<number>[\d ]{4,9})", "address": "{number|digits}@vc.example.org"}


def compiled(*tables: object) -> Rules:
    rules = compile_rules(tables, ["example.org"])
    assert rules.problems == ()
    return rules


def apply(rules: Rules, *texts: tuple[str, str], **event: Any) -> tuple[Ruling, ...]:
    sources = tuple(SourceText(where, "html" if where == "html" else "text", content) for where, content in texts)
    join = detect(sources, cancelled=event.get("cancelled", False))
    return rulings(sources, join, rules, **event)


def dialled(found: tuple[Ruling, ...]) -> JoinInfo:
    assert found and found[0].join is not None
    return found[0].join


def test_a_rule_makes_an_address_of_what_it_matches() -> None:
    join = dialled(apply(compiled(BRIDGE), ("description", "Our Bridge 12 34, as always")))
    assert (join.joinable, join.sip, join.h323, join.service) == (True, ("1234@vc.example.org",), (), "rule")
    assert [(line.rule, line.verdict) for line in join.evidence][:1] == [("rule.bridge", "won")]


def test_no_rules_and_no_match_leave_the_meeting_as_it_was_found() -> None:
    assert apply(NO_RULES, ("description", "bridge 1234")) == ()
    assert apply(compiled(BRIDGE), ("description", "no such thing")) == ()


def test_each_text_is_parsed_once_for_detection_and_rules(monkeypatch: pytest.MonkeyPatch) -> None:  # D10
    parsed_contents: list[str] = []

    def counted(source: SourceText, hosts: HostTable) -> ParsedText:
        parsed_contents.append(source.content)
        return parse_text(source, hosts)

    monkeypatch.setattr("connector.detection.parsed_event.parse_text", counted)
    texts = (SourceText("title", "text", "Weekly"), SourceText("description", "text", f"{ZOOM}\nbridge 1234"))
    nine = datetime(2026, 7, 15, 9, tzinfo=UTC)
    event = Event("a", NO_SERIES, nine, nine + timedelta(hours=1), "Weekly", texts=texts)
    (meeting,), _ = detect_all([event], {}, compiled(BRIDGE))
    assert (meeting.join.service, [ruling.rule for ruling in meeting.rulings]) == ("zoom", ["bridge"])
    assert sorted(parsed_contents) == sorted(text.content for text in texts)


def test_what_is_parsed_gives_the_same_as_the_texts() -> None:
    texts = (SourceText("title", "text", "Canceled: weekly"), SourceText("description", "text", f"{ZOOM}\nbridge 1234"))
    parsed = parse(texts)
    assert detect(parsed) == detect(texts)
    quiet = {"name": "quiet", "match": "zoom", "in": ["link"], "action": "no_button"}
    rules, join = compiled(BRIDGE, quiet), detect(texts)
    assert rulings(parsed, join, rules) == rulings(texts, join, rules) != ()


def test_h323_and_filters() -> None:
    table = BRIDGE | {"address": "192.0.2.5##{number|digits}", "protocol": "h323", "service": "bridge"}
    join = dialled(apply(compiled(table), ("location", "Bridge 1234")))
    assert (join.sip, join.h323, join.service) == ((), ("192.0.2.5##1234",), "bridge")


@pytest.mark.parametrize(
    ("place", "texts", "organizer"),
    [
        ("location", [("location", "bridge 1234")], ""),
        ("body", [("description", "bridge 1234")], ""),
        ("body", [("html", "<p>the <b>bridge</b>&nbsp;1234</p>")], ""),
        ("title", [("title", "bridge 1234")], ""),
        ("link", [("html", '<a href="https://vc.example.org/?room=bridge 1234">x</a>')], ""),
        ("organiser", [("description", "")], "Bridge 1234 <kim@example.org>"),
    ],
)
def test_each_place_is_looked_at_only_where_it_is_named(
    place: str, texts: list[tuple[str, str]], organizer: str
) -> None:
    pattern = r"bridge ?(?P<number>\d{4})"
    rules = compiled(BRIDGE | {"match": pattern, "in": [place]})
    assert dialled(apply(rules, *texts, organizer=organizer)).sip == ("1234@vc.example.org",)
    around = {place, "body"} if place == "link" else {place}  # a body holds its links, written out
    others = [other for other in ("location", "body", "title", "link", "organiser") if other not in around]
    assert apply(compiled(BRIDGE | {"match": pattern, "in": others}), *texts, organizer=organizer) == ()


def test_links_are_matched_as_they_were_before_a_mail_filter() -> None:
    wrapped = "https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fvc.example.org%2Froom%2F1234&data=x"
    rules = compiled(BRIDGE | {"match": r"vc\.example\.org/room/(?P<number>\d+)", "in": ["link"]})
    assert dialled(apply(rules, ("description", wrapped))).sip == ("1234@vc.example.org",)


@pytest.mark.parametrize(
    ("wanted", "email", "matches"),
    [
        ("internal", "kim@example.org", True),
        ("internal", "kim@mail.Example.org", True),
        ("internal", "kim@notexample.org", False),
        ("external", "kim@example.net", True),
        ("external", "kim@example.org", False),
        ("external", "", False),  # unknown is neither
        ("internal", "", False),
        ("any", "", True),
    ],
)
def test_internal_and_external_organisers(wanted: str, email: str, matches: bool) -> None:
    rules = compiled(BRIDGE | {"organiser": wanted})
    assert bool(apply(rules, ("description", "bridge 1234"), organizer_email=email)) is matches


def test_the_first_rule_for_all_rooms_ends_the_list_and_scoped_ones_stand_before() -> None:
    rules = compiled(
        BRIDGE | {"name": "board", "rooms": ["board*"], "address": "1@vc.example.org"},
        BRIDGE | {"name": "oslo", "sites": ["Oslo"], "address": "2@vc.example.org"},
        BRIDGE | {"name": "all", "address": "3@vc.example.org"},
        BRIDGE | {"name": "never", "address": "4@vc.example.org"},
    )
    found = apply(rules, ("description", "bridge 1234"))
    assert [(r.rule, r.rooms, r.sites) for r in found] == [
        ("board", ("board*",), ()),
        ("oslo", (), ("Oslo",)),
        ("all", (), ()),
    ]


def test_no_button_keeps_the_meeting_and_takes_its_addresses() -> None:
    table = {"name": "quiet", "match": "zoom", "in": ["link"], "action": "no_button"}
    join = dialled(apply(compiled(table), ("description", ZOOM)))
    assert (join.service, join.meeting_id, join.joinable, join.sip) == ("zoom", "81920374655", True, ())
    assert "'quiet'" in join.withheld


def test_ignore_has_no_meeting_at_all() -> None:
    found = apply(
        compiled({"name": "cleaning", "match": "cleaning", "in": ["title"], "action": "ignore"}), ("title", "Cleaning")
    )
    assert [(r.action, r.join) for r in found] == [("ignore", None)]


def test_a_rule_may_use_what_was_found_of_the_service_it_names() -> None:
    table = {
        "name": "own",
        "match": r"zoom\.us",
        "service": "zoom",
        "address": "{meeting_id}.{passcode}@vc.example.org",
    }
    assert dialled(apply(compiled(table), ("description", ZOOM))).sip == ("81920374655.004618@vc.example.org",)
    teams = "https://zoom.us/ https://teams.microsoft.com/meet/23456789012345?p=x"
    assert apply(compiled(table), ("description", teams)) == ()  # a Teams number is no Zoom number


def test_a_missing_value_or_a_bad_address_is_no_address() -> None:
    table = {"name": "a", "match": "call (?P<who>.+)?", "address": "{who}@vc.example.org"}
    assert apply(compiled(table), ("description", "call ")) == ()
    assert apply(compiled(table), ("description", "call kim@evil.example#")) == ()
    assert apply(compiled(table), ("description", "call kim")) != ()


@pytest.mark.parametrize("texts", [[("title", "Canceled: bridge 1234"), ("location", "bridge 1234")]])
def test_a_cancelled_event_gets_no_address_from_a_rule(texts: list[tuple[str, str]]) -> None:
    assert apply(compiled(BRIDGE), *texts) == ()
    assert apply(compiled(BRIDGE), ("location", "bridge 1234"), cancelled=True) == ()


def test_no_passcode_is_shown_in_the_evidence() -> None:
    table = {
        "name": "own",
        "match": r"id (?P<id>\d+) pin (?P<passcode>\d+)",
        "address": "{id}.{passcode}@vc.example.org",
    }
    join = dialled(apply(compiled(table), ("description", "id 1234567 pin 998877")))
    assert (join.sip, join.passcode) == (("1234567.998877@vc.example.org",), "998877")
    assert "998877" not in repr(join.evidence) + repr(join)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("bridge", "not a table"),
        ({"match": "x", "address": "1@vc.example.org"}, "no name"),
        (BRIDGE | {"mach": "x"}, "did you mean 'match'"),
        (BRIDGE | {"match": "(?P<number>x"}, "RE2"),
        (BRIDGE | {"match": r"(?P<number>x)(?=y)"}, "look-around"),
        (BRIDGE | {"match": 5}, "text in quotes"),
        (BRIDGE | {"match": "x" * 3000}, "longer than"),
        (BRIDGE | {"match": ""}, "every event"),
        (BRIDGE | {"in": ["subject"]}, "unknown place"),
        (BRIDGE | {"organiser": "boss"}, "must be one of"),
        (BRIDGE | {"protocol": "sips"}, "must be one of"),
        (BRIDGE | {"rooms": [1]}, "list of names"),
        (BRIDGE | {"address": "{nummer}@vc.example.org"}, "no group"),
        (BRIDGE | {"address": "{number|shout}@vc.example.org"}, "unknown filter"),
        (BRIDGE | {"address": "{number.__class__}@vc.example.org"}, "brace"),
        (BRIDGE | {"address": "{number!r}@vc.example.org"}, "brace"),
        (BRIDGE | {"address": "{{ config }}@vc.example.org"}, "brace"),
        (BRIDGE | {"address": "{meeting_id}@vc.example.org"}, "name its service"),
        (BRIDGE | {"address": ""}, "no address"),
        (BRIDGE | {"action": "ignore"}, "takes no address"),
    ],
)
def test_a_bad_rule_is_left_out_with_its_reason_and_the_rest_go_on(table: object, words: str) -> None:
    rules = compile_rules([table, BRIDGE | {"name": "good"}], ["example.org"])
    assert [rule.name for rule in rules.rules] == ["good"]
    assert len(rules.problems) == 1
    assert rules.problems[0].startswith("rule 1") and words in rules.problems[0]


def test_two_rules_of_one_name_and_no_internal_domains() -> None:
    assert "same name" in compile_rules([BRIDGE, BRIDGE]).problems[0]
    assert "internal_domains" in compile_rules([BRIDGE | {"organiser": "internal"}]).problems[0]


def test_half_a_surrogate_pair_stops_no_rule() -> None:
    rules = compiled(BRIDGE | {"in": ["body", "link", "organiser"]})
    half = "\ud800 https://vc.example.org/\udc00 bridge 1234"
    assert dialled(apply(rules, ("description", half), organizer="Kim \ud83d")).sip == ("1234@vc.example.org",)


def test_a_pattern_that_explodes_elsewhere_stays_linear() -> None:  # F049
    rules = compiled({"name": "evil", "match": "(a+)+$|(a|aa)+b(?P<x>c)", "address": "{x}@vc.example.org"})
    body = "a" * 1_000_000 + "!"
    start = time.perf_counter()
    assert apply(rules, ("description", body)) == ()
    assert time.perf_counter() - start < patience.seconds(20)  # a backtracking engine needs longer than the sun has


@settings(max_examples=80)
@given(
    st.dictionaries(
        st.sampled_from([*BRIDGE, "in", "organiser", "action", "rooms", "x"]),
        st.one_of(st.text(max_size=30), st.integers(), st.lists(st.text(max_size=5))),
    ),
    st.text(max_size=200),
)
def test_any_table_is_a_rule_or_a_sentence(table: dict[str, object], body: str) -> None:
    rules = compile_rules([table], ["example.org"])
    assert len(rules.rules) + len(rules.problems) == 1
    apply(rules, ("description", body), organizer=body, organizer_email=body)
