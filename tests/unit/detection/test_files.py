"""The kind of a file is told by its content."""

from __future__ import annotations

import json

import pytest

from connector.detection.detect import detect
from connector.detection.files import read_content
from connector.model import JoinInfo

URL = "https://us02web.zoom.us/j/81920374655?pwd=abc.1"
SIP = ("81920374655.004618@zoomcrc.com",)


def found(data: bytes | str) -> JoinInfo:
    content = read_content(data.encode() if isinstance(data, str) else data)
    return detect(content.texts, cancelled=content.cancelled)


def calendar(*lines: str, method: str = "REQUEST") -> str:
    head = [
        "BEGIN:VCALENDAR",
        f"METHOD:{method}",
        "BEGIN:VTIMEZONE",
        "TZID:Europe/Oslo",
        "END:VTIMEZONE",
        "BEGIN:VEVENT",
    ]
    return "\r\n".join([*head, "UID:1@example.org", *lines, "END:VEVENT", "END:VCALENDAR", ""])


def test_calendar_with_folds_inside_link_and_id() -> None:
    text = (
        "DESCRIPTION;LANGUAGE=en-US:Join https://us02web.zoom.us/j/8192\r\n 0374655?pwd=abc.1\\n"
        "Meeting ID: 819 20\r\n\t37 4655\\nPass\r\n code: 004618\\, bye"
    )
    join = found(calendar(text))
    assert (join.sip, join.join_url) == (SIP, URL)


def test_calendar_properties_and_their_places() -> None:
    join = found(calendar(f"LOCATION:{URL}", "DESCRIPTION:Passcode: 004618\\nhello"))
    assert join.sip == SIP
    assert {line.where for line in join.evidence if line.field == "meeting_id"} == {"location"}
    assert found(calendar("X-GOOGLE-CONFERENCE:https://meet.google.com/abc-defg-hij")).service == "meet"
    assert found(calendar(f'CONFERENCE;VALUE=URI;LABEL="a:b":{URL}')).meeting_id == "81920374655"
    assert found(calendar(f'X-ALT-DESC;FMTTYPE=text/html:<p><a href="{URL}">x</a></p>')).join_url == URL


@pytest.mark.parametrize("lines", [("STATUS:CANCELLED",), ("METHOD-X:1",)])
def test_a_cancelled_event_is_named_and_not_joinable(lines: tuple[str, ...]) -> None:
    method = "REQUEST" if lines[0].startswith("STATUS") else "CANCEL"
    join = found(calendar(f"LOCATION:{URL}", *lines, method=method))
    assert (join.joinable, join.meeting_id, join.sip) == (False, "81920374655", ())


def test_half_a_calendar_still_tells_its_meeting() -> None:
    whole = calendar(f"DESCRIPTION:{URL}\\nPasscode: 004618\\n", "SUMMARY:x")
    assert found(whole[: whole.index("SUMMARY")]).sip == SIP


def test_only_the_first_event_counts() -> None:
    two = calendar(f"LOCATION:{URL}") + calendar("LOCATION:https://zoom.us/j/82920374655")
    assert found(two).meeting_id == "81920374655"


def test_graph_event() -> None:
    body = {"contentType": "html", "content": f'<p><a href="{URL}">Join</a></p><p>Passcode:&nbsp;004618</p>'}
    event: dict[str, object] = {"subject": "x", "body": body, "onlineMeeting": None, "isCancelled": False}
    assert found(json.dumps(event)).sip == SIP
    assert found(json.dumps({"value": [event]})).sip == SIP
    assert found(json.dumps(event | {"isCancelled": True})).joinable is False


def test_graph_event_with_the_teams_block_that_outlook_adds() -> None:  # F038
    event = {
        "onlineMeeting": {"joinUrl": "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x/0"},
        "location": {"displayName": URL},
        "body": {"contentType": "text", "content": "Passcode: 004618"},
    }
    join = found(json.dumps(event))
    assert (join.service, join.sip) == ("zoom", SIP)
    assert "calendars add" in next(line.reason for line in join.evidence if line.field == "service")


def test_google_event_with_the_zoom_add_on() -> None:
    entry_points = [
        {"entryPointType": "video", "uri": URL, "meetingCode": "81920374655", "passcode": "Walrus"},
        {"entryPointType": "phone", "uri": "tel:+12025550143,,81920374655#", "pin": "999999"},
        {"entryPointType": "sip", "uri": "sip:81920374655.004618@zoomcrc.com"},
    ]
    event = {"kind": "calendar#event", "conferenceData": {"entryPoints": entry_points}, "status": "confirmed"}
    join = found(json.dumps(event))
    assert (join.sip, join.passcode_text, join.join_url) == (SIP, "Walrus", URL)
    assert found(json.dumps(event | {"status": "cancelled"})).sip == ()


def test_google_event_with_its_own_meet_and_a_pasted_zoom() -> None:
    event = {"hangoutLink": "https://meet.google.com/abc-defg-hij", "location": URL, "description": "Passcode: 004618"}
    assert found(json.dumps(event)).sip == SIP


def test_json_of_no_known_shape() -> None:
    assert found(json.dumps([{"a": [URL, {"b": "Passcode: 004618"}]}])).sip == SIP
    assert found("[" * 100_000).service is None


def test_mail_with_parts() -> None:
    mail = (
        "From: kim@example.org\nSubject: Invitation\nMIME-Version: 1.0\n"
        'Content-Type: multipart/alternative; boundary="b"\n\n--b\nContent-Type: text/plain; charset=iso-8859-2\n'
        "Content-Transfer-Encoding: quoted-printable\n\n"
        "https://us02web.zoom.us/j/8192037=\n4655?pwd=3Dabc.1\nPasscode: 004=\n618\n"
        "--b\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\nPHA+aGk8L3A+\n--b--\n"
    )
    join = found(mail)
    assert (join.sip, join.join_url) == (SIP, URL)
    assert found(mail.replace("Subject: ", "Subject: Canceled: ")).joinable is False


def test_mail_with_an_unknown_charset_and_broken_base64() -> None:
    head = "MIME-Version: 1.0\nContent-Type: text/plain; charset=no-such\nContent-Transfer-Encoding: "
    assert found(f"{head}8bit\n\n{URL}\nPasscode: 004618").sip == SIP
    assert found(f"{head}base64\n\n%%%not base64").service is None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str) -> None:
    assert found(f"Zoom für alle\n{URL}\nPasscode: 004618".encode(encoding)).sip == SIP


def test_html_and_markdown() -> None:
    assert found(f'<!DOCTYPE html><p>Join <a href="{URL}">here</a><p>Passcode: <b>004618</b>').sip == SIP
    assert found(f"# Call\n* [Zoom]({URL})\n  - Passcode: `004618`\n").sip == SIP
