"""Which address a room gets: protocol order, region, Zoom's host and options, capability and dial policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.detection.detect import detect
from connector.model import Event, JoinInfo, Meeting, Policy, Room, RoomId, Ruling, SourceText
from connector.planning.address import call_target, choose_address, h323_forms, same_target, sip_forms
from connector.planning.plan import plan
from device_drivers.api import UnitFacts, UnitProtocol, redact_address
from tests.support.clock import NINE

BOTH = UnitFacts(
    frozenset({UnitProtocol.SHOWS, UnitProtocol.DIALS}),
    sip=True,
    h323=True,
    shows_without_button=True,
    longest_title=128,
)
ONLY_H323 = replace(BOTH, sip=False)
POLICY = Policy(allowed_domains=("zoomcrc.com", "zmeu.us", "example.org"), allowed_networks=("192.0.2.0/24",))
INVITATION = """https://us02web.zoom.us/j/81920374655?pwd=x.1
Meeting ID: 819 2037 4655
Passcode: kQ7%dE
Join by SIP
• 81920374655@zoomcrc.com
Join by H.323
• 192.0.2.37 (US West)
• 192.0.2.38 (US East)
• 192.0.2.39 (Amsterdam Netherlands)
• 192.0.2.40 (Germany)
Meeting ID: 819 2037 4655
Passcode: 004618
"""
ZOOM = detect((SourceText("description", "text", INVITATION),))
BARE = replace(ZOOM, h323=(), regions=())


def dials(join: JoinInfo, facts: UnitFacts = BOTH, **words: Any) -> str | None:
    choice = choose_address(join, replace(POLICY, **words), facts)
    return str(choice.address.protocol + " " + choice.address.address) if choice.address else None


@pytest.mark.parametrize(
    ("words", "facts", "address"),
    [
        ({}, BOTH, "sip 81920374655.004618@zoomcrc.com"),
        ({"protocol": "h323"}, BOTH, "h323 192.0.2.37##81920374655#004618"),
        ({}, ONLY_H323, "h323 192.0.2.37##81920374655#004618"),
        ({"protocol": "h323"}, replace(BOTH, h323=False), "sip 81920374655.004618@zoomcrc.com"),
        ({"region": "us east"}, ONLY_H323, "h323 192.0.2.38##81920374655#004618"),
        ({"region": "Amsterdam", "protocol": "h323"}, BOTH, "h323 192.0.2.39##81920374655#004618"),
        ({"region": "Mars"}, ONLY_H323, "h323 192.0.2.37##81920374655#004618"),
        ({"zoom_host": "zmeu.us"}, BOTH, "sip 81920374655.004618@zmeu.us"),
        ({"zoom_options": ("504", "309")}, BOTH, "sip 81920374655.004618.504309@zoomcrc.com"),
        ({"zoom_host": "zmeu.us", "zoom_options": ("504",)}, BOTH, "sip 81920374655.004618.504@zmeu.us"),
        ({"zoom_host": "unknown.example"}, BOTH, "h323 192.0.2.37##81920374655#004618"),  # not allowed: next one
        ({}, UnitFacts(frozenset({UnitProtocol.SHOWS})), None),
    ],
)
def test_the_room_decides_the_form(words: dict[str, Any], facts: UnitFacts, address: str) -> None:
    assert dials(ZOOM, facts, **words) == address


def test_the_regions_are_read_from_the_invitation() -> None:
    assert ZOOM.regions[:3] == (
        ("192.0.2.37", "US West"),
        ("192.0.2.38", "US East"),
        ("192.0.2.39", "Amsterdam Netherlands"),
    )


def test_an_empty_field_keeps_its_dots() -> None:
    join = replace(BARE, sip=("81920374655@zoomcrc.com",), passcode=None)
    assert sip_forms(join, replace(POLICY, zoom_options=("504",))) == ("81920374655..504@zoomcrc.com",)


def test_configured_gateways_only_where_the_invitation_states_none() -> None:
    gateways = (("US", "192.0.2.80"), ("Europe", "192.0.2.81"))
    assert dials(BARE, ONLY_H323) is None
    assert dials(BARE, ONLY_H323, zoom_gateways=gateways) == "h323 192.0.2.80##81920374655#004618"
    assert dials(BARE, ONLY_H323, zoom_gateways=gateways, region="europe") == "h323 192.0.2.81##81920374655#004618"
    assert dials(ZOOM, ONLY_H323, zoom_gateways=gateways) == "h323 192.0.2.37##81920374655#004618"


@pytest.mark.parametrize(
    "join",
    [
        replace(BARE, sip=("1619203746@sip.zoomgov.com",)),  # the government's cloud is another one
        replace(BARE, sip=()),
        replace(BARE, service="webex", sip=("255012345@acme.webex.com",)),
        replace(BARE, joinable=False),
    ],
)
def test_no_gateway_and_no_option_for_what_is_not_commercial_zoom(join: JoinInfo) -> None:
    policy = replace(POLICY, zoom_gateways=(("", "192.0.2.80"),), zoom_options=("504",), zoom_host="zmeu.us")
    assert h323_forms(join, policy) == ()
    if join.joinable:
        assert sip_forms(join, policy) == join.sip


def test_nothing_of_a_passcode_stands_in_reasons_and_evidence() -> None:
    variants: list[dict[str, Any]] = [{}, {"zoom_options": ("504",)}, {"protocol": "h323"}, {"zoom_host": "u.example"}]
    for words in variants:
        choice = choose_address(ZOOM, replace(POLICY, **words), BOTH)
        assert "004618" not in repr(choice) + choice.reason


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("123456789.4321@zoomcrc.com", "123456789.***@zoomcrc.com"),
        ("123456789.4321.504.135790@zoomcrc.com", "123456789.***@zoomcrc.com"),
        ("123456789..504.135790@zoomcrc.com", "123456789.***@zoomcrc.com"),
        ("sip:123456789.4321@zoomcrc.com", "sip:123456789.***@zoomcrc.com"),
        ("192.0.2.1##123456789#4321", "192.0.2.1##123456789#***"),
        ("192.0.2.1##123456789#4321#2#135790", "192.0.2.1##123456789#***"),
        ("192.0.2.1##4444##9876", "192.0.2.1##4444#***"),
        ("h323:192.0.2.1##4444#9876", "h323:192.0.2.1##4444#***"),
        ("4444$$9876@vc.example.org", "4444$$***@vc.example.org"),
        ("kim$$9876@vc.example.org", "kim$$***@vc.example.org"),
        ("123456789.4321", "123456789.***"),
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1##123456789", "192.0.2.1##123456789"),
        ("kim.example@vc.example.org", "kim.example@vc.example.org"),
        ("123456789@zoomcrc.com", "123456789@zoomcrc.com"),
    ],
)
def test_redaction_covers_every_form(address: str, shown: str) -> None:
    assert redact_address(address) == shown
    assert redact_address(shown) == shown


def test_a_call_with_options_is_still_the_same_meeting() -> None:
    assert call_target("81920374655.004618.504@zmeu.us") == ("81920374655", "zmeu.us")
    assert same_target("sip:81920374655.004618.504..504@zmeu.us", "81920374655.004618.504@zmeu.us")
    assert not same_target("sip:82920374655@zoomcrc.com", "81920374655@zoomcrc.com")


def test_of_a_side_that_is_empty_nothing_is_known() -> None:
    """An address is wiped once its call is over."""
    assert not any(same_target(*pair) for pair in (("", ""), ("", "1@example.org"), ("sip:1@example.org", "")))
    assert not same_target("sip:@example.org", "") and not same_target("@", "")


# ------------------------------------------------------------------------------------------------ rules by room


def room(name: str, site: str = "") -> Room:
    return Room(RoomId(name), name, "r.ics", "any", "192.0.2.99", site=site, policy=POLICY)


def outcome(meeting: Meeting, where: Room) -> tuple[str, str, str]:
    (decision,) = plan(where, [meeting], BOTH, NINE).decisions
    return decision.outcome, decision.address_shown, decision.reason


def test_a_ruling_holds_in_the_rooms_and_sites_that_it_names() -> None:
    own = JoinInfo("own", True, sip=("1@vc.example.org",))
    rulings = (
        Ruling("board", "dial", rooms=("BOARD*",), join=own),
        Ruling(
            "oslo",
            "no_button",
            sites=("Oslo",),
            join=replace(ZOOM, sip=(), h323=(), withheld="the rule 'oslo' says so"),
        ),
        Ruling("cellar", "ignore", rooms=("cellar",), sites=("Bergen",)),
    )
    meeting = Meeting(Event("a", NINE, NINE, NINE.replace(hour=11), "Sync"), ZOOM, rulings)
    assert outcome(meeting, room("boardroom", "Oslo"))[:2] == ("button", "1@vc.example.org")
    assert outcome(meeting, room("huddle", "oslo")) == ("no_button", "", "the rule 'oslo' says so")
    assert outcome(meeting, room("cellar", "Bergen"))[0] == "left_off"
    assert "'cellar'" in outcome(meeting, room("cellar", "Bergen"))[2]
    assert outcome(meeting, room("cellar", "Paris"))[:2] == ("button", "81920374655.***@zoomcrc.com")
