"""Zoom's forms and traps. Ids and codes are invented; F-numbers are the field-failure cases of the fact file."""

from __future__ import annotations

import pytest

from tests.unit.detection.helpers import in_html, in_text, lines_for, rules

ID = "81920374655"


@pytest.mark.parametrize(
    "link",
    [
        "https://zoom.us/j/81920374655",
        "https://us02web.zoom.us/j/81920374655?pwd=abc.1",
        "https://my-company.zoom.us/j/81920374655?foo=1&pwd=abc",
        "HTTPS://Acme.Zoom.US/J/81920374655",  # F040
        "https://zoom.com/j/81920374655",
        "https://acme.zoom.com.cn/j/81920374655",
        "https://acme.zoom-x.de/j/81920374655",
        "https://zoom.us/w/81920374655?tk=x&uuid=WN_x",
        "https://zoom.us/s/81920374655",
        "https://zoom.us/wc/join/81920374655",
        "https://zoom.us/wc/81920374655/join?prefer=1",
        "https://zoom.us/wc/81920374655/start",
        "https://zoom.us/join?confno=81920374655",
        "https://zoom.us/j/819%202037%204655",
        "https://zoom.us//j/81920374655",
        "https://zoom.us:443/j/81920374655#success",
        "zoommtg://us02web.zoom.us/join?action=join&confno=81920374655&pwd=abc",
        "zoom.us/j/81920374655",  # F050
        "htps://us02web.zoom.us/j/81920374655?pwd=abc",
        "<https://zoom.us/j/81920374655>",
        "(https://zoom.us/j/81920374655)",
        "*https://zoom.us/j/81920374655*",
        "_https://zoom.us/j/81920374655_",
        "[join](https://zoom.us/j/81920374655)",
        "https://zoom.us/j/81920374655。",
        "https://zoom.us/j/81920374655, and bring cake",
        '"https:\\/\\/zoom.us\\/j\\/81920374655"',
        "https://zoom.us/j/81920374655\\nsee you",
        "https://zoom.us/skype/81920374655",
        "https://us02web.zoom.us/j/8192037\n4655?pwd=abc",  # F055
        "https://us02web.zoom.us/j/ 819 2037 4655",
        "https://us02web.zoom.us/j/819 2037 4655",
        "Join <https://us02web.zoom.us/j/\n81920374655?pwd=abc>",
        "https://us02web.zoom.us/j/819\u200b2037\u20604655",
    ],
)
def test_every_link_form_gives_the_id(link: str) -> None:
    join = in_text(f"Weekly call\n{link}\nsee you")
    assert (join.service, join.joinable, join.meeting_id) == ("zoom", True, ID)
    assert join.sip == (f"{ID}@zoomcrc.com",)
    assert join.passcode is None


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("notzoom.us", "j"),
        ("zoom.us.evil.example", "j"),
        ("zoom.us@evil.example", "j"),
        ("evil.example/zoom.us", "j"),
        ("support.zoom.us", "j"),
        ("status.zoom.us", "incidents"),
        ("evil.example?u=zoom.us", "j"),
    ],
)
def test_hosts_are_compared_by_whole_labels(host: str, path: str) -> None:
    join = in_text(f"https://{host}/{path}/81920374655")
    assert not join.joinable
    assert join.sip == ()


@pytest.mark.parametrize(
    ("link", "rule"),
    [
        ("https://us02web.zoom.us/rec/share/AbC.dEf\nPasscode: 123456", "zoom.recording"),
        ("https://zoom.us/recording/play/AbC", "zoom.recording"),
        ("https://us02web.zoom.us/webinar/register/WN_AbC", "zoom.registration"),
        ("https://us02web.zoom.us/meeting/register/tAbC81920374655", "zoom.registration"),
        ("https://events.zoom.us/ejl/AbC", "zoom.events"),
        ("https://acme.zoom.us/u/kAbC", "zoom.numbers"),
        ("https://us06web.zoom.us/launch/jc/81920374655", "zoom.launch"),
        ("https://zoom.us/webinar/list", "zoom.page"),
        ("https://zoom.us/", "zoom.page"),
        ("https://zoom.us/j/123", "zoom.page"),
        ("https://zoom.us/j/819203746551234", "zoom.page"),
    ],
)
def test_what_is_no_meeting_is_said_to_be_none(link: str, rule: str) -> None:
    join = in_text(link)
    assert not join.joinable
    assert (join.service, join.sip, join.h323, join.meeting_id) == ("zoom", (), (), None)
    assert rules(join, "lost")["joinable"] == rule
    assert lines_for(join, "joinable", "lost")[0].reason


def test_a_personal_link_is_live_but_invents_no_number() -> None:  # F042, F053
    join = in_text("https://acme.zoom.us/my/kim.example\nPasscode: 2468")
    assert join.joinable
    assert (join.meeting_id, join.sip) == (None, ())
    assert join.join_url == "https://acme.zoom.us/my/kim.example"
    assert "no number" in lines_for(join, "sip", "note")[0].reason


def test_a_personal_link_with_a_printed_id_is_dialled() -> None:
    join = in_text("https://acme.zoom.us/my/kim.example\nMeeting ID: 519 203 7465\nPasscode: 2468")
    assert join.sip == ("5192037465.2468@zoomcrc.com",)


def test_pwd_is_never_a_passcode() -> None:  # F044
    for body in ("https://zoom.us/j/81920374655?pwd=123456", "https://zoom.us/j/8192037\n4655?pwd=123456"):
        join = in_text(body)
        assert join.passcode is None
        assert join.sip == (f"{ID}@zoomcrc.com",)


@pytest.mark.parametrize(
    ("tail", "code"),
    [
        (",,81920374655#,,,,*0046189#", "0046189"),
        (",,81920374655#,,,,,,0#,,0046189#", "0046189"),
        (",,81920374655#,,,,#,,,,*0046189#", "0046189"),
        (",,81920374655#", None),
        (",,81920374655#,,,,,,0#", None),
    ],
)
def test_the_last_code_of_a_one_tap_line_is_the_rooms(tail: str, code: str | None) -> None:
    join = in_text(f"https://zoom.us/j/81920374655\nPasscode: kQ7%dE\n+16465550143{tail} US (New York)")
    assert (join.passcode, join.passcode_text) == (code, "kQ7%dE")
    assert join.sip == (f"{ID}.{code}@zoomcrc.com" if code else f"{ID}@zoomcrc.com",)


def test_a_one_tap_line_alone_names_the_meeting_and_not_the_phone_number() -> None:
    join = in_text("Zoom by phone: +16465550143,,81920374655#,,,,*0046189# US")
    assert join.sip == (f"{ID}.0046189@zoomcrc.com",)


def test_a_one_tap_link_counts_like_a_printed_line() -> None:
    join = in_html('<p>Zoom <a href="tel:+16465550143,,81920374655%23,,,,*0046189%23">call</a></p>')
    assert join.sip == (f"{ID}.0046189@zoomcrc.com",)


@pytest.mark.parametrize(
    "body", ["Zoom! Call +1 646 555 0143", "Zoom: 646 555 0143 or 800-555-0199", "Zoom 6465550143"]
)
def test_phone_numbers_are_never_ids(body: str) -> None:
    join = in_text(body)
    assert (join.joinable, join.sip) == (False, ())


def test_the_room_parts_numeric_code_wins_over_the_text_code() -> None:
    join = in_text(
        "https://zoom.us/j/81920374655\nMeeting ID: 819 2037 4655\nPasscode: Walrus\n\n"
        "Join from an H.323/SIP room system\nH.323: 192.0.2.37 (US West)\nMeeting ID: 819 2037 4655\n"
        "Passcode: 0046189\nSIP: 81920374655@zoomcrc.com\nPasscode: 0046189"
    )
    assert (join.passcode, join.passcode_text) == ("0046189", "Walrus")
    assert join.sip == (f"{ID}.0046189@zoomcrc.com",)
    assert join.h323 == (f"192.0.2.37##{ID}#0046189",)
    assert rules(join)["passcode"] == "zoom.passcode.room"
    assert rules(join)["sip"] == "zoom.sip.stated"


def test_a_stated_address_with_its_code_is_taken_and_the_host_key_left_out() -> None:
    join = in_text("https://zoom.us/j/81920374655\nSIP: 81920374655.0046189..135790@zoomcrc.com")
    assert join.sip == (f"{ID}.0046189@zoomcrc.com",)
    assert all("135790" not in line.shown + line.reason for line in join.evidence)


def test_a_regional_host_stands_before_the_general_one() -> None:
    join = in_text("https://zoom.us/j/81920374655\nPasscode: 2468\nSIP: 81920374655@fr.zmeu.us")
    assert join.sip == (f"{ID}.2468@fr.zmeu.us", f"{ID}.2468@zoomcrc.com")


def test_a_stated_h323_string_carries_its_code() -> None:
    join = in_text("Zoom room system: 192.0.2.37##81920374655#0046189")
    assert join.sip == (f"{ID}.0046189@zoomcrc.com",)
    assert join.h323 == (f"192.0.2.37##{ID}#0046189",)


def test_no_gateway_is_invented() -> None:
    assert in_text("https://zoom.us/j/81920374655\nPasscode: 2468").h323 == ()


def test_dotted_phone_numbers_are_no_gateways() -> None:
    join = in_text("https://zoom.us/j/81920374655\nJoin by H.323\n192.0.2.37 (US)\n+61.8.55.60 or 1.888.240.2560")
    assert join.h323 == (f"192.0.2.37##{ID}",)


def test_government_uses_only_what_is_printed() -> None:
    bare = in_text("https://agency.zoomgov.com/j/1619203746?pwd=x\nPasscode: 2468\nJoin by SIP\n1619203746@zoomcrc.com")
    assert (bare.joinable, bare.meeting_id, bare.sip) == (True, "1619203746", ())
    printed = in_text("https://agency.zoomgov.com/j/1619203746?pwd=x\nPasscode: 2468\nSIP: 1619203746@sip.zoomgov.com")
    assert printed.sip == ("1619203746.2468@sip.zoomgov.com",)


def test_the_link_wins_over_a_printed_id_and_the_loser_is_told() -> None:
    join = in_text("https://zoom.us/j/81920374655?pwd=x.1\nMeeting ID: 829 2037 4655\nPasscode: 2468")
    assert join.sip == (f"{ID}.2468@zoomcrc.com",)
    assert [line.shown for line in lines_for(join, "meeting_id", "lost")] == ["82920374655"]
    no_token = in_text("https://zoom.us/j/81920374655\nMeeting ID: 829 2037 4655\nPasscode: 2468")
    assert no_token.sip == (f"{ID}@zoomcrc.com",)  # nothing says that this link has a passcode: it is the other's
    two = in_text(
        "https://zoom.us/j/81920374655?pwd=x.1\nMeeting ID: 829 2037 4655\nMeeting ID: 839 2037 4655\nPasscode: 2"
    )
    assert two.sip == (f"{ID}@zoomcrc.com",)


def test_two_meetings_keep_their_own_passcodes() -> None:
    first = in_text(
        "Monday\nhttps://zoom.us/j/81920374655\nPasscode: 111111\n\n"
        "Tuesday\nhttps://zoom.us/j/82920374655\nPasscode: 222222"
    )
    assert first.sip == (f"{ID}.111111@zoomcrc.com",)
    second_only = in_text(
        "Monday\nhttps://zoom.us/j/81920374655\n\nTuesday\nhttps://zoom.us/j/82920374655\nPasscode: 222222"
    )
    assert second_only.sip == (f"{ID}@zoomcrc.com",)
    code_first = in_text("https://zoom.us/j/81920374655\n\nTuesday, Passcode: 222222\nhttps://zoom.us/j/82920374655")
    assert code_first.sip == (f"{ID}@zoomcrc.com",)


def test_another_meetings_printed_block_keeps_its_passcode() -> None:
    join = in_text(
        "https://zoom.us/j/81920374655\nMeeting ID: 819 2037 4655\n\n"
        "Next week\nMeeting ID: 829 2037 4655\nPasscode: 222222"
    )
    assert join.sip == (f"{ID}@zoomcrc.com",)


def test_a_quoted_older_meeting_loses() -> None:
    join = in_text("> https://zoom.us/j/82920374655\n> Passcode: 222222\n\nNew link: https://zoom.us/j/81920374655")
    assert join.sip == (f"{ID}@zoomcrc.com",)


@pytest.mark.parametrize(
    "line",
    [
        "Host Key: 135790",
        "WiFi password: 135790",
        "Recording https://us02web.zoom.us/rec/share/x\nPasscode: 135790",
        "The password is on the board",
        "Password: same as always",
        "Passcode: none",
        "Passcode:\n\nDial by your location",
        "QR code: 135790",
        "Passcode: 803***",
        "Docs https://teams.microsoft.com/meet/31920374655123?p=x\nPasscode: 135790",
    ],
)
def test_codes_of_other_things_are_not_dialled(line: str) -> None:
    join = in_text(f"https://zoom.us/j/81920374655\n{line}")
    assert join.sip == (f"{ID}@zoomcrc.com",)
    assert join.passcode_text is None


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("Passcode: 004618", "004618"),
        ("Passcode 004618", "004618"),
        ("Passcode - 004618", "004618"),
        ("Passcode (if asked): 004618", "004618"),
        ("**Passcode:** `004618`", "004618"),
        ("*Passcode: 004618*", "004618"),
        ("| Passcode | 004618 |", "004618"),
        ("passcode is 004618.", "004618"),
        ("(pw: 004618)", "004618"),
        ("Passcode: 004618#", "004618"),
        ("Passcode: 004 618", "004618"),
        ("Passcode: 004618One tap mobile", "004618"),
        ("Passcode：００４６１８", "004618"),
        ("Passcode:\u00a0\u200e004618\u202c", "004618"),
        ("Passcode:\r\n\r\n004618\r\n", "004618"),
        ("- Pass code: 004618", "004618"),
    ],
)
def test_passcodes_as_people_write_them(line: str, code: str) -> None:
    assert in_text(f"https://zoom.us/j/81920374655\n{line}").sip == (f"{ID}.{code}@zoomcrc.com",)


@pytest.mark.parametrize("code", ["aB3%dE", "*Jk9x", "a_b*", "7=Zs&ab", "Walrus", "@Ehw2", "p.3k!"])
def test_text_codes_are_kept_as_they_are(code: str) -> None:
    join = in_text(f"https://zoom.us/j/81920374655\nPasscode: {code}\nOne tap mobile")
    assert (join.passcode, join.passcode_text) == (None, code)
    assert join.sip == (f"{ID}@zoomcrc.com",)


def test_the_whole_link_is_shown_where_another_was_cut() -> None:  # F034
    join = in_text("https://zoom.us/j/81920374655\nhttps://zoom.us/j/81920374655?pwd=abc")
    assert join.join_url == "https://zoom.us/j/81920374655?pwd=abc"


def test_a_number_with_a_passcode_is_nobodys_where_no_service_is_named() -> None:
    assert in_text("Meeting ID: 819 2037 4655\nPasscode: 2468").service is None
    assert in_text("Zoom\nMeeting ID: 819 2037 4655\nPasscode: 2468").service == "zoom"
    assert in_text("Meeting ID: 819 203 746\nPasscode: 2468").service is None
    assert in_text("腾讯会议\n会议号: 819 203 746\n密码: 2468").service is None


def test_the_linux_foundations_gateway_never_gives_its_uuid() -> None:
    join = in_text("https://zoom-lfx.platform.linuxfoundation.org/meeting/81920374655?password=1b2c-3d")
    assert join.sip == (f"{ID}@zoomcrc.com",)
