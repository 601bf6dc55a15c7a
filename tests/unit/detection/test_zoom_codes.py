"""Zoom numbers and codes that contradict each other, have no link, or are placeholders."""

from __future__ import annotations

import pytest

from tests.unit.detection.helpers import in_text, lines_for

LINK = "https://us02web.zoom.us/j/81920374655?pwd=x.1"


@pytest.mark.parametrize(
    "body",
    [
        "Join Zoom Meeting\nhttps://zoom.us/j/00000000000\nPasscode: 1234\n",
        "https://acme.zoom.us/j/0000000000?pwd=x\n",
        "https://zoom.us/join?confno=00000000001\n",
        "Zoom\n00000000000@zoomcrc.com\n",
        "sip:00000000000@zoomcrc.com\n",
        "Zoom\n192.0.2.37##00000000000#1234\n",
        "Zoom\n+12025550143,,00000000000#,,,,*123456# US\n",
        "https://us06web.zoom.us/j/8888888888\nMeeting ID: 888 8888 8888\n",
        "Join Zoom Meeting\nhttps://zoom.us/j/99999999999?pwd=x\nMeeting ID: 999 9999 9999\nPasscode: 120034\n",
        "Zoom\nhttps://us02web.zoom.us/j/00000000000?pwd=x\nMeeting ID: 999 9999 9999\nPasscode: 000000\n",
        "Zoom\n77777777777@zoomcrc.com\n",
        "Zoom\n192.0.2.37##99999999999#1234\n",
        "Zoom\n+12025550143,,99999999999#,,,,*123456# US\n",
    ],
)
def test_a_number_of_one_digit_is_a_placeholder(body: str) -> None:
    join = in_text(body)
    assert (join.sip, join.h323) == ((), ())


def test_a_placeholder_link_is_named_with_its_reason() -> None:
    join = in_text("Join Zoom Meeting\nhttps://zoom.us/j/00000000000\n")
    assert (join.service, join.joinable) == ("zoom", False)
    assert "placeholder" in lines_for(join, "joinable", "lost")[0].reason


COPY = (
    f"Join Zoom Meeting\n{LINK}\n\nMeeting ID: 123 1234 1234\nPasscode: 123123\n\n"
    "One tap mobile\n+12025550143,,81920374655#,,,,*654321# US\n"
)


def test_the_one_tap_code_of_the_same_number_beats_a_label_below_another_number() -> None:
    join = in_text(COPY)
    assert (join.passcode_text, join.sip) == ("123123", ("81920374655.654321@zoomcrc.com",))


def test_an_altered_number_keeps_its_gateways() -> None:
    join = in_text(
        COPY + "\nDial by your location\n +1 202 555 0144 US\n\nMeeting ID: 123 1234 1234\nPasscode: 654321\n"
        "Join by H.323\n192.0.2.37 (US West)\nMeeting ID: 123 1234 1234\nPasscode: 654321\n"
    )
    assert join.sip == ("81920374655.654321@zoomcrc.com",)
    assert join.h323 == ("192.0.2.37##81920374655#654321",)


@pytest.mark.parametrize(
    "below",
    [
        "Old one: Zoom ID: 310-555-0143 (password: 25226)\n",
        "Old one: Meeting ID: 310-555-0143\nPasscode: 25226\n",
        "Meeting ID: 310 555 0143, passcode: 25226\n",
    ],
)
def test_the_code_below_another_number_is_not_sent(below: str) -> None:
    join = in_text(f"{LINK}\n\n{below}")
    assert (join.sip, join.passcode_text) == (("81920374655@zoomcrc.com",), None)
    assert "another meeting's number" in lines_for(join, "passcode", "note")[0].reason


@pytest.mark.parametrize("altered", ["310 555 0143", "819 203 7465", "819 2037 0000", "829 2037 4655"])
def test_the_code_below_an_altered_copy_of_the_number_is_sent(altered: str) -> None:
    assert in_text(f"{LINK}\nMeeting ID: {altered}\nPasscode: 25226\n").sip == ("81920374655.25226@zoomcrc.com",)


@pytest.mark.parametrize("name", ["Teams", "MS Teams call", "webex", "Skype", "GoTo Meeting", "Google Meet"])
def test_nothing_is_guessed_beside_another_services_name_or_none(name: str) -> None:
    join = in_text(f"{name}\nMeeting ID: 344 2334 6522\nPasscode: 123456\n")
    assert (join.service, join.sip) == (None, ())
    assert in_text("Meeting ID: 344 2334 6522\nPasscode: 123456\n").sip == ()
    assert in_text("Zoom\nMeeting ID: 344 2334 6522\nPasscode: 123456\n").sip == ("34423346522.123456@zoomcrc.com",)


def test_a_passcode_in_an_unknown_language_needs_no_link() -> None:
    join = in_text("Zoom\n\nMeeting ID: 819 2037 4655\nZugangswort: 0720461\n")
    assert join.sip == ("81920374655.0720461@zoomcrc.com",)


@pytest.mark.parametrize("line", ["Datum: 20261121", "Beginn: 20261121", "Dauer: 60min", "Telefon: 5550143"])
def test_what_stands_below_an_id_is_not_always_a_passcode(line: str) -> None:
    assert in_text(f"Zoom\n\nMeeting ID: 819 2037 4655\n{line}\n").sip == ("81920374655@zoomcrc.com",)


@pytest.mark.parametrize(
    ("body", "address"),
    [
        (f"Meeting PIN: 9988\n{LINK}\nPasscode: 0720461\n", "81920374655.0720461@zoomcrc.com"),
        (f"Meeting PIN: 9988\n{LINK}\nPasscode: aB3%dE\n", "81920374655@zoomcrc.com"),
        (f"{LINK}\nPIN: 9988\n", "81920374655.9988@zoomcrc.com"),
        (
            f"{LINK}\nMeeting ID: 819 2037 4655\nPasscode: aB3%dE\nSIP: 81920374655@zoomcrc.com\nPIN: 0042\n",
            "81920374655.0042@zoomcrc.com",
        ),
        (f"Meeting room PIN: 9988\n{LINK}\nPasscode: 0720461\n", "81920374655.0720461@zoomcrc.com"),
    ],
)
def test_a_pin_counts_after_a_passcode(body: str, address: str) -> None:
    assert in_text(body).sip == (address,)
