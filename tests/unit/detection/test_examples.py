"""Links and addresses that a text only gives as an example: a help page that was pasted into an event."""

from __future__ import annotations

import pytest

from tests.unit.detection.helpers import in_html, in_text, lines_for

LINK = "https://zoom.us/j/8123450001"


@pytest.mark.parametrize(
    "words",
    [
        "Your personal id is a part of your link; for example, {}.",
        "Your personal id is a part of your link (e.g. {})",
        "Links look like an address, such as {}",
        "Die Nummer steht im Link, z. B. {}",
        "Die Nummer steht im Link, zum Beispiel: {}",
        "Votre lien, par exemple {}",
        "Su enlace; por ejemplo, {}.",
        "Seu PMI faz parte do URL; por exemplo, {}.",
        "Il collegamento, ad esempio: {}",
        "De link, bijvoorbeeld {}",
        "Номер стоит в ссылке, например: {}",
        "会议号在链接里，例如：{}",
        "会議のURL（例えば {}）",
        "회의 링크 예를 들어 {}",
        "Bağlantı, örneğin {}",
    ],
)
def test_an_example_is_not_dialled(words: str) -> None:
    join = in_text(words.format(LINK))
    assert (join.joinable, join.sip, join.h323) == (False, (), ())
    assert "example" in lines_for(join, "joinable", "lost")[0].reason


def test_an_example_in_html() -> None:
    assert in_html(f'<p>The id is a part of the link, for example <a href="{LINK}">{LINK}</a>.</p>').sip == ()


@pytest.mark.parametrize(
    "text",
    [
        f"For example, people without a computer dial in by phone.\nJoin: {LINK}",
        f"Links look like this, for example: {LINK}\n\nJoin our meeting: {LINK}\n",
        f"For example today: {LINK}",
        f"Bring your own sample: {LINK}",
        f"Links look like this, e.g. {LINK}\nMeeting ID: 812 345 0001\n",
    ],
)
def test_the_word_elsewhere_changes_nothing(text: str) -> None:
    assert in_text(text).sip == ("8123450001@zoomcrc.com",)


def test_beside_an_example_the_real_meeting_is_taken() -> None:
    body = f"Links look like this, for example {LINK}\nJoin: https://example.zoom.us/j/81234500002\n"
    assert in_text(body).sip == ("81234500002@zoomcrc.com",)


@pytest.mark.parametrize(
    "text",
    [
        "Your room has a link, for example https://example.webex.com/meet/kim.doe",
        "A room dials such an address, for example sip:8123450001@video.example.org",
    ],
)
def test_neither_are_examples_of_other_services(text: str) -> None:
    join = in_text(text)
    assert (join.joinable, join.sip) == (False, ())
