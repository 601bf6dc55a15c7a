"""No input raises, and the cost grows in a straight line."""

from __future__ import annotations

import gc
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.detection.detect import detect
from connector.detection.files import read_content
from connector.detection.urls import parse_url
from connector.model import JoinInfo, SourceText
from tests.support import patience
from tests.unit.detection.invitations import FORMS, LANGUAGES

PIECES = [
    *(
        "https://",
        "zoom.us/j/",
        "81920374655",
        "?pwd=",
        "Passcode:",
        "Meeting ID:",
        ",,",
        "#",
        "*",
        "@zoomcrc.com",
        "sip:",
    ),
    *(
        "<a href=",
        '"',
        "'",
        "<!--",
        "-->",
        "<",
        ">",
        "</",
        "<td>",
        "&amp;",
        "&#x",
        ";",
        "=3D",
        "=\n",
        "\\n",
        "\\u0026",
        "> ",
    ),
    *(
        "https://urldefense.com/v3/__",
        "__;",
        "!!",
        "**",
        "%",
        "%3",
        "url=",
        "&",
        "192.0.2.1",
        "##",
        "H.323",
        "\u200b",
        "\ufff9",
    ),
    *(
        "\ufffb",
        "\ufffc",
        "teams.microsoft.com/meet/",
        "VTC Conference ID:",
        "webex.com",
        "MTID=",
        "BEGIN:VEVENT\n",
        "İ",
        "\ud800",
    ),
]
texts = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=40).map("".join)
kinds = st.sampled_from(("text", "html", "url"))


def check(join: JoinInfo) -> None:
    assert join.joinable or (not join.sip and not join.h323)
    assert join.passcode is None or join.passcode.isdigit()
    for address in join.sip:
        assert address.isprintable() and " " not in address and "@" in address
    if join.passcode_text and len(join.passcode_text) > 5:
        assert all(join.passcode_text not in line.reason for line in join.evidence)


@settings(max_examples=300)
@given(
    st.lists(st.builds(SourceText, st.sampled_from(("location", "html", "x")), kinds, texts), max_size=3), st.booleans()
)
def test_no_texts_raise(sources: list[SourceText], cancelled: bool) -> None:
    check(detect(tuple(sources), cancelled=cancelled))


@settings(max_examples=200)
@given(st.one_of(st.binary(max_size=300), texts.map(lambda text: text.encode("utf-8", "replace"))))
def test_no_file_raises(data: bytes) -> None:
    content = read_content(data)
    check(detect(content.texts, cancelled=content.cancelled))


@settings(max_examples=150)
@given(st.sampled_from(sorted(FORMS)), st.sampled_from(sorted(LANGUAGES)), st.data())
def test_damaged_invitations_do_not_raise(form: str, language: str, data: st.DataObject) -> None:
    body = FORMS[form](LANGUAGES[language]).encode()
    start, length = data.draw(st.integers(0, len(body))), data.draw(st.integers(0, 200))
    content = read_content(body[:start] + data.draw(st.binary(max_size=5)) + body[start + length :])
    check(detect(content.texts, cancelled=content.cancelled))


@given(st.text())
def test_no_url_raises(text: str) -> None:
    for candidate in (text, "https://" + text):
        url = parse_url(candidate)
        assert url is None or (url.host and url.param("url") is not object())


# Each repeats what some pattern begins with, so that a search that starts over at every place would show.
REPEATED = {
    "prose": "The quick brown fox wrote a code of conduct, see id and password in the wiki. ",
    "tags": '<p class="x"><a href="https://example.org/?a=1">link</a></p>\n',
    "links": "https://us02web.zoom.us/j/81920374655?pwd=abc Passcode: 1234\n",
    "addresses": "a.b@c.d ",
    "dots": "a.",
    "at signs": "a@a",
    "open tags": "<a ",
    "open attributes": '<a href="',
    "open comments": "<!--",
    "digits": "1",
    "groups": "123 ",
    "one-tap": ",,81920374655#,,,",
    "header blocks": "From: x Sent: y Subject: ",
    "two links": "https://teams.microsoft.com/meet/22885900347?p=x | y https://teams.microsoft.com/l/meetup-join/a/0\n",
    "dial words": "room system dial 4711@b.example.net ",
    "labels": "passcode: ",
    "ids": "Meeting ID: 819 2037 4655\n",
    "quotes": "> > x\n",
    "soft breaks": "=3D\n",
    "schemes": "https://",
    "entities": "&amp;",
    "proofpoint": "https://urldefense.com/v3/__https://a*b__;Kg!!",
    "gateways": "1.2.3.4 H.323 ",
    "spaces": " ",
    "signatures": "Best regards\n+1 202 555 0143 a@b.example.org\nhttps://zoom.us/j/4155550123\nhttps://whereby.com/a\n",
    "contradictions": "https://zoom.us/j/81920374655?pwd=x\nMeeting ID: 123 1234 1234\nPasscode: 1234\nPIN: 12\n",
    "separators": "--\nhttps://meet.jit.si/a\nhttps://zoom.us/j/4155550123\n",
    "tenant keys": "Microsoft Teams 555@t.plcm.vc a@b.example.org VTC Conference ID: 0123456789\n",
    "call bridges": "https://join.example.org/invited.sf?secret=x&id=1234 sip:a@b.example.org Dial a@b.example.org\n",
    "webex": "https://a.webex.com/a/j.php?MTID=m1 password: ab1 255012345@a.webex.com sip:255012346@a.webex.com\n",
    "wrapped": "https://example.org/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?x=\n",
}


def _seconds(body: str, kind: str, runs: int) -> float:
    """Processor time, the best of so many runs, without the collector: other programs run beside this one."""
    best = 1e9
    gc.disable()
    try:
        for _ in range(runs):
            start = time.process_time()
            detect((SourceText("description", "html" if kind == "html" else "text", body),))
            best = min(best, time.process_time() - start)
    finally:
        gc.enable()
    return best


@pytest.mark.parametrize("kind", ["text", "html"])
@pytest.mark.parametrize("name", REPEATED)
def test_cost_grows_in_a_straight_line(name: str, kind: str) -> None:
    """Eight times the length at most twelve times the cost; a quadratic search would need 64 times."""
    head = "https://zoom.us/j/81920374655\nMeeting ID: 819 2037 4655\n"
    small, large = (head + REPEATED[name] * (size // len(REPEATED[name])) for size in (40_000, 320_000))
    for runs in (1, 2, 3, 3):  # a busy machine may spoil one comparison; a wrong algorithm spoils all of them
        if (ratio := _seconds(large, kind, runs) / max(_seconds(small, kind, runs + 1), 0.002)) <= 12:
            return
    pytest.fail(f"{name}: 8 times the text took {ratio:.1f} times as long")


def test_five_megabytes_take_seconds_at_most() -> None:
    body = "https://zoom.us/j/81920374655\nPasscode: 2468\n" + REPEATED["prose"] * (5_000_000 // len(REPEATED["prose"]))
    start = time.perf_counter()
    join = detect((SourceText("description", "text", body),))
    assert join.sip == ("81920374655.2468@zoomcrc.com",)
    assert time.perf_counter() - start < patience.seconds(20)  # about 3 s on one free core


def test_the_meeting_is_found_behind_five_megabytes() -> None:
    body = "Lorem ipsum. " * 400_000 + "\nhttps://zoom.us/j/81920374655\nPasscode: 2468\n"
    assert detect((SourceText("description", "text", body),)).sip == ("81920374655.2468@zoomcrc.com",)


def test_links_of_nothing_crowd_no_meeting_out() -> None:
    decoys = " ".join(f"https://example.com/page/{number}" for number in range(5_000))
    body = f"{decoys}\nhttps://zoom.us/j/81920374655\nPasscode: 2468\n{decoys}"
    assert detect((SourceText("description", "text", body),)).sip == ("81920374655.2468@zoomcrc.com",)
