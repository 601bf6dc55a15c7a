"""What is sent to a Cisco unit and how its answers are read, without any unit."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from device_drivers import xml
from device_drivers.api import Booking, CallState, DialAddress
from device_drivers.cisco import codec

START = datetime(2030, 5, 6, 13, 0, tzinfo=UTC)


def booking(**changes: object) -> Booking:
    plain = Booking(
        id="42",
        title="Design review",
        start=START,
        end=START + timedelta(minutes=30),
        organizer="Ada Example",
        address=DialAddress("sip", "9990001112.246810@zoomcrc.com"),
        service="zoom",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # any field, by name


def only(document: str) -> etree._Element:
    root = xml.parse(document)
    assert root.tag == "Bookings"
    (element,) = root
    return element


# ------------------------------------------------------------------------------------ firmware


@pytest.mark.parametrize(
    ("software", "profile"),
    [
        ("TC7.3.9.1ab2c3d", codec.TC),
        ("ce8.2.0.1ab2c3d", codec.CE_OLD),
        ("ce9.12.5.1ab2c3d", codec.CE_OLD),
        ("ce9.13.0.1ab2c3d", codec.CE9),
        ("ce9.15.17.4.1ab2c3d4e5f", codec.CE9),
        ("ce10.19.4.2.1ab2c3d4e5f", codec.ROOMOS10),
        ("RoomOS 11.24.4.1 1ab2c3d4e5f", codec.ROOMOS11),
        ("ce26.7.1.12.67c6e508983", codec.ROOMOS26),
        ("", codec.CE9),
    ],
)
def test_profile_of_software(software: str, profile: codec.Profile) -> None:
    assert codec.profile_of(software) is profile


# ------------------------------------------------------------------------------------ commands


def test_dial_command() -> None:
    command = codec.dial(DialAddress("sip", "sip:room.42@example.test"), "77")
    assert codec.command_document(command) == (
        '<Command><Dial command="True"><Number>room.42@example.test</Number><Protocol>Sip</Protocol>'
        "<BookingId>77</BookingId></Dial></Command>"
    )


@pytest.mark.parametrize(("asked", "sent"), [(3072, "3072"), (10, "64"), (90000, "6000")])
def test_dial_call_rate_stays_legal(asked: int, sent: str) -> None:
    command = codec.dial(DialAddress("h323", "192.0.2.1##99", asked), "77")
    assert dict(command.arguments) == {
        "Number": "192.0.2.1##99",
        "Protocol": "H323",
        "BookingId": "77",
        "CallRate": sent,
    }


@pytest.mark.parametrize("call_id", [0, -1, 65535])
def test_disconnect_never_names_the_current_call(call_id: int) -> None:
    with pytest.raises(ValueError, match="no such call"):
        codec.disconnect(call_id)


def test_several_commands_and_a_body_are_escaped() -> None:
    document = codec.command_document(codec.clear_bookings(), codec.Command(("Bookings", "Put"), body='{"a":"<&]]>"}'))
    root = xml.parse(document)
    assert [e.tag for e in root] == ["Bookings", "Bookings"]
    assert xml.text_of(root, "Bookings/Put/body") == '{"a":"<&]]>"}'


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("9990001112@zoomcrc.com", ""),
        ("https://example.test/j/1", "web link"),
        ("", "empty"),
        ("1@" + "x" * 254, "longer"),
        ("1\r\n@example.test", "characters"),
    ],
)
def test_unusable_addresses(address: str, reason: str) -> None:
    said = codec.unusable(DialAddress("sip", address))
    assert reason in said
    assert bool(said) == bool(reason)


# ------------------------------------------------------------------------------------ booking lists


def test_bookings_document_has_the_known_form() -> None:
    element = only(codec.bookings_document([booking(early_join=timedelta(minutes=10))], default_call_rate=6000))
    assert xml.text_of(element, "Id") == "42"
    assert xml.text_of(element, "Title") == "Design review"
    assert xml.text_of(element, "Privacy") == "Public"
    assert xml.text_of(element, "Organizer/FirstName") == "Ada Example"
    assert xml.text_of(element, "Time/StartTime") == "2030-05-06T13:00:00Z"
    assert xml.text_of(element, "Time/StartTimeBuffer") == "600"
    assert xml.text_of(element, "Time/EndTime") == "2030-05-06T13:30:00Z"
    assert xml.text_of(element, "Time/EndTimeBuffer") == "0"
    call = "DialInfo/Calls/Call/"
    assert xml.text_of(element, call + "Number") == "9990001112.246810@zoomcrc.com"
    assert xml.text_of(element, call + "Protocol") == "SIP"
    assert xml.text_of(element, call + "CallRate") == "6000"
    assert xml.text_of(element, "DialInfo/ConnectMode") == "OBTP"
    assert all(e.get("item") for e in element.iter())


def test_bookings_are_numbered_and_a_room_rate_wins() -> None:
    second = booking(id="43", address=DialAddress("h323", "192.0.2.1##99", 1920), private=True)
    root = xml.parse(codec.bookings_document([booking(), second], default_call_rate=6000))
    assert [e.get("item") for e in root] == ["1", "2"]
    assert xml.text_of(root[1], "DialInfo/Calls/Call/CallRate") == "1920"
    assert xml.text_of(root[1], "DialInfo/Calls/Call/Protocol") == "H323"
    assert xml.text_of(root[1], "Privacy") == "Private"


def test_times_are_sent_in_utc() -> None:
    moment = datetime.fromisoformat("2030-05-06T15:00:00.900+02:00")
    element = only(codec.bookings_document([booking(start=moment)], default_call_rate=6000))
    assert xml.text_of(element, "Time/StartTime") == "2030-05-06T13:00:00Z"


def test_a_booking_without_address_has_no_call() -> None:
    element = only(codec.bookings_document([booking(address=None)], default_call_rate=6000))
    assert element.find("DialInfo/Calls") is not None
    assert element.find("DialInfo/Calls/Call") is None


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("  A & B <C>  ]]> \"q\" 'a'", "A & B <C> ]]> \"q\" 'a'"),
        ("two\r\nlines\tand\x00 more\x1b", "two lines and more"),
        ("\U0001f680 \u05e9\u05dc\u05d5\u05dd \ud800", "\U0001f680 \u05e9\u05dc\u05d5\u05dd"),
        ("", "Ada Example"),
        ("x" * 500, "x" * 127 + "…"),
    ],
)
def test_titles(given: str, shown: str) -> None:
    one = booking(title=given)
    assert xml.text_of(only(codec.bookings_document([one], default_call_rate=6000)), "Title") == shown
    assert json.loads(codec.put_bookings([one], codec.ROOMOS26).body)["Bookings"][0]["Title"] == shown


def test_an_untitled_private_meeting_does_not_name_its_organizer() -> None:
    assert codec.title(booking(title="", private=True)) == "Meeting"


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_makes_a_document_that_reads_back(title: str, organizer: str) -> None:
    one = booking(title=title, organizer=organizer)
    element = only(codec.bookings_document([one], default_call_rate=6000))
    assert xml.text_of(element, "Title") == codec.title(one).strip()
    document = codec.command_document(codec.put_bookings([one], codec.ROOMOS26))
    body = json.loads(xml.text_of(xml.parse(document), "Bookings/Put/body"))
    assert body["Bookings"][0]["Title"] == codec.title(one)


def test_put_has_the_schema_of_bookings_put() -> None:
    command = codec.put_bookings([booking(end=START + timedelta(minutes=29, seconds=1))], codec.ROOMOS26)
    assert command.path == ("Bookings", "Put")
    assert json.loads(command.body) == {
        "Bookings": [
            {
                "Id": "42",
                "Title": "Design review",
                "Privacy": "Public",
                "Number": "9990001112.246810@zoomcrc.com",
                "Protocol": "SIP",
                "CallType": "Video",
                "Organizer": {"Name": "Ada Example"},
                "Time": {
                    "StartTime": "2030-05-06T13:00:00Z",
                    "Duration": 30,
                    "StartTimeBuffer": 300,
                    "EndTimeBuffer": 0,
                },
                "MeetingPlatform": "Zoom",
            }
        ]
    }


def test_put_names_no_platform_to_ce9_and_no_webrtc_service_to_any() -> None:
    (ce9,) = json.loads(codec.put_bookings([booking()], codec.CE9).body)["Bookings"]
    assert "MeetingPlatform" not in ce9
    (teams,) = json.loads(codec.put_bookings([booking(service="teams", organizer="")], codec.ROOMOS26).body)["Bookings"]
    assert teams["MeetingPlatform"] == "Other"
    assert teams["Organizer"]["Name"]


# ------------------------------------------------------------------------------------ answers


def one_result(document: str) -> codec.Result:
    (result,) = codec.results(xml.parse(document))
    return result


def test_dial_result() -> None:
    result = one_result('<Command><DialResult status="OK"><CallId>3</CallId></DialResult></Command>')
    assert result.ok
    assert result.text("CallId") == "3"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ('<DialResult status="Error"><Cause>17</Cause><Description>Busy</Description></DialResult>', "Busy, 17"),
        ('<DialResult status="ParameterError"><Number>Invalid value</Number></DialResult>', "Number: Invalid value"),
        ('<DialResult status="ParameterError"/>', ""),
        (
            '<Result status="Error"><Reason>Unknown command</Reason><XPath>/No</XPath></Result>',
            "Unknown command, /No",
        ),
        ('<PutResult status="Error"><Error>Not entitled</Error></PutResult>', "Not entitled"),
    ],
)
def test_failed_results_say_why(document: str, reason: str) -> None:
    result = one_result(f"<Command>{document}</Command>")
    assert not result.ok
    assert result.reason == reason


def test_action_error_and_empty_command() -> None:
    error = one_result("<ActionError><Reason>No action detected in document</Reason></ActionError>")
    assert (error.ok, error.reason) == (False, "No action detected in document")
    assert codec.results(xml.parse("<Command/>")) == ()


def test_system_unit_with_control_characters_in_it() -> None:
    root = xml.parse(
        b'<?xml version="1.0"?><Status product="Cisco Codec" version="ce9.15.17.4.ab"><SystemUnit>'
        b"<ProductId>Cisco Webex \x02Room Kit</ProductId><Uptime>3600</Uptime><Hardware><Module>"
        b"<SerialNumber>FOC1</SerialNumber></Module></Hardware><State><NumberOfActiveCalls>0</NumberOfActiveCalls>"
        b"<NumberOfSuspendedCalls>1</NumberOfSuspendedCalls></State></SystemUnit></Status>"
    )
    unit = codec.system_unit(root)
    assert unit == codec.SystemUnit("Cisco Webex Room Kit", "ce9.15.17.4.ab", "FOC1", timedelta(hours=1), True)


def test_a_bare_unit_says_little_and_that_is_no_error() -> None:
    unit = codec.system_unit(xml.parse('<Status version="TC7.3.9.ab"/>'))
    assert unit == codec.SystemUnit("", "TC7.3.9.ab", "", None, None)


@pytest.mark.parametrize("text", ["2030-05-06T13:00:00+0000", "2030-05-06T15:00:00+0200", "2030-05-06T13:00:00Z"])
def test_system_time(text: str) -> None:
    root = xml.parse(f"<Status><Time><SystemTime>{text}</SystemTime></Time></Status>")
    assert codec.system_time(root) == START
    assert codec.system_time(xml.parse("<Status><Time><SystemTime>?</SystemTime></Time></Status>")) is None


def test_listed_ids_leave_out_what_is_over() -> None:
    def line(identity: str, end: str, buffer: int = 0) -> str:
        time = f"<Time><EndTime>{end}</EndTime><EndTimeBuffer>{buffer}</EndTimeBuffer></Time>"
        return f"<Booking><Id>{identity}</Id>{time}</Booking>"

    result = one_result(
        '<Command><BookingsListResult status="OK"><ResultInfo><TotalRows>5</TotalRows></ResultInfo>'
        + line("over", "2030-05-06T12:59:59Z")
        + line("buffered", "2030-05-06T12:59:59Z", 300)
        + line("later", "2030-05-06T13:00:01Z")
        + line("unreadable", "soon")
        + "<Booking><Title>no id</Title></Booking></BookingsListResult></Command>"
    )
    assert codec.listed_ids(result, START) == {"buffered", "later", "unreadable"}


def test_calls_and_their_bookings() -> None:
    live = xml.parse(
        "<Status><Call item='7'><CallbackNumber>sip:1@example.test</CallbackNumber><Direction>Outgoing</Direction>"
        "<Status>Connected</Status></Call>"
        "<Call item='8'><RemoteNumber>2@example.test</RemoteNumber><Direction>Incoming</Direction>"
        "<Status>Ringing</Status></Call>"
        "<Call item='9'><Status>Disconnecting</Status></Call><Call item='10' ghost='True'/></Status>"
    )
    conference = xml.parse(
        "<Status><Conference><Call item='7'><BookingId>42</BookingId></Call><Call item='8'><BookingId/></Call>"
        "</Conference></Status>"
    )
    first, second, third = codec.calls(live, conference)
    assert (first.id, first.state, first.booking_id, first.outgoing) == ("7", CallState.CONNECTED, "42", True)
    assert first.remote == "sip:1@example.test"
    assert (second.state, second.booking_id, second.outgoing) == (CallState.DIALLING, None, False)
    assert third.state is CallState.ENDED


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("<Status/>", True),
        ("<Status><Call item='1'/></Status>", True),
        ("<Status status='Error'><Reason>No match on address expression</Reason></Status>", False),
        ("<Command/>", False),
        ("<ActionError/>", False),
    ],
)
def test_an_error_never_reads_as_no_calls(document: str, expected: bool) -> None:
    assert codec.is_status(xml.parse(document)) is expected


# ------------------------------------------------------------------------------------ for people


def test_what_a_unit_says_is_redacted() -> None:
    address = DialAddress("sip", "sip:9990001112.246810@zoomcrc.com")
    said = codec.hide("No route to 9990001112.246810@zoomcrc.com", address)
    assert "246810" not in said
    assert "9990001112" in said
    sample = codec.sample("<a>9990001112.pAss@zoomcrc.com 192.0.2.1##99#4711 code 4711</a>")
    assert not any(secret in sample for secret in ("pAss", "4711", "9990001112"))


@pytest.mark.parametrize(
    "document",
    [b"", b"<a>", b"\xff\xfe<", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"<a>" + b"x" * 100 + b"</a>"],
)
def test_xml_that_is_not_accepted(document: bytes) -> None:
    with pytest.raises(xml.MalformedXml) as caught:
        xml.parse(document, limit=90)
    assert "xxx" not in str(caught.value)
