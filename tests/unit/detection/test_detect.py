"""Precedence between places and services, and what the evidence says."""

from __future__ import annotations

import pytest

from connector.detection.detect import MAX_EVIDENCE, detect
from connector.model import SourceText
from tests.unit.detection.helpers import in_html, in_text, lines_for, rules

ZOOM = "https://zoom.us/j/81920374655"
OTHER_ZOOM = "https://zoom.us/j/82920374655"
TEAMS = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x/0"
MEET = "https://meet.google.com/abc-defg-hij"


def text(where: str, content: str) -> SourceText:
    return SourceText(where, "text", content)


@pytest.mark.parametrize(
    ("places", "winner"),
    [  # F039
        ((("description", OTHER_ZOOM), ("location", ZOOM)), "81920374655"),
        ((("location", OTHER_ZOOM), ("conference", ZOOM)), "81920374655"),
        ((("description", OTHER_ZOOM), ("url", ZOOM)), "81920374655"),
        ((("title", OTHER_ZOOM), ("description", ZOOM)), "81920374655"),
    ],
)
def test_the_better_place_wins(places: tuple[tuple[str, str], ...], winner: str) -> None:
    join = detect(tuple(text(*place) for place in places))
    assert join.meeting_id == winner
    assert [line.shown for line in lines_for(join, "meeting_id", "lost")] == ["82920374655"]


@pytest.mark.parametrize("added", [TEAMS, MEET])
@pytest.mark.parametrize("where", ["conference", "description"])
def test_what_calendars_add_by_themselves_loses_to_what_a_room_can_dial(added: str, where: str) -> None:  # F038
    join = detect((text(where, added), text("description", f"Zoom: {ZOOM}")))
    assert join.service == "zoom"
    assert lines_for(join, "service", "lost")[0].shown in ("teams", "meet")


def test_a_quoted_zoom_does_not_beat_a_new_meet() -> None:
    assert in_text(f"We moved to {MEET}\n\n> old: {ZOOM}").service == "meet"


def test_a_live_meeting_beats_a_recording_above_it() -> None:
    assert in_text(f"https://zoom.us/rec/share/x\n{MEET}").service == "meet"


def test_cancelled_keeps_the_fields_and_has_nothing_to_dial() -> None:
    join = in_text(f"{ZOOM}\nPasscode: 2468", cancelled=True)
    assert (join.joinable, join.service, join.meeting_id, join.sip, join.h323) == (False, "zoom", "81920374655", (), ())
    assert rules(join, "lost")["joinable"] == "event.cancelled"


def test_links_only_in_attributes_and_values_split_by_tags() -> None:  # F051, F035
    join = in_html(
        f'<p><a href="{ZOOM}?pwd=abc"><img src="x.png"></a></p>'
        "<p><b>Meeting&nbsp;ID</b><span>:</span> <span>819</span> <span>2037</span> <span>4655</span></p>"
        "<table><tr><td>Passcode</td><td><b>004618</b></td></tr></table>"
    )
    assert (join.sip, join.join_url) == (("81920374655.004618@zoomcrc.com",), f"{ZOOM}?pwd=abc")


@pytest.mark.parametrize("mark", ["<!-- {} -->", "<!--\n{}", "<p>hi</p><!--[if mso]>{}<![endif]-->"])
def test_comments_are_invisible_and_explained(mark: str) -> None:
    join = in_text("Meetings are paused.\n" + mark.format(f"{ZOOM}\nPasscode: 2468"))
    assert (join.joinable, join.sip, join.h323) == (False, (), ())
    assert rules(join, "lost")["joinable"] == "html.comment"


@pytest.mark.parametrize("mark", ["<del>{}</del>", "<s>{}</s>", "<script>'{}'</script>", "<style>/*{}*/</style>"])
def test_struck_out_text_and_scripts_are_not_read(mark: str) -> None:
    assert in_html("<p>" + mark.format(ZOOM) + f"</p><p>{MEET}</p>").service == "meet"


def test_evidence_holds_no_passcode_token_or_body() -> None:
    join = in_text(
        f"Secret agenda\n{ZOOM}?pwd=TokenValue\nPasscode: Walrus\n+12025550143,,81920374655#,,,,*0046189#\n"
        "Join by H.323\n192.0.2.37\nPasscode: 7046189"
    )
    told = " ".join(f"{line.reason} {line.shown}" for line in join.evidence)
    assert join.sip == ("81920374655.7046189@zoomcrc.com",)
    for secret in ("TokenValue", "Walrus", "0046189", "7046189", "Secret agenda"):
        assert secret not in told
        assert secret not in repr(join)
    assert "81920374655.***@zoomcrc.com" in told
    assert "192.0.2.37##81920374655#***" in told


def test_evidence_says_which_rule_gave_each_field() -> None:
    join = in_text(f"{ZOOM}\nPasscode: Walrus\n+12025550143,,81920374655#,,,,*0046189#")
    assert rules(join) == {
        "service": "zoom.link",
        "meeting_id": "zoom.link",
        "join_url": "zoom.link",
        "passcode": "zoom.passcode.onetap",
        "sip": "zoom.sip.derived",
        "joinable": "zoom.link",
    }


def test_evidence_is_bounded() -> None:
    body = "\n".join(
        f"https://zoom.us/j/8192037{n:04} https://bluejeans.com/6155{n:05} https://bit.ly/{n}" for n in range(2000)
    )
    assert len(in_text(body).evidence) <= MAX_EVIDENCE


def test_nothing_in_gives_nothing_out() -> None:
    assert detect(()).service is None
