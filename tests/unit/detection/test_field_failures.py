"""What other products got wrong in invitations, where no other test here holds it; F-numbers as on the page."""

from __future__ import annotations

import pytest

from tests.unit.detection.helpers import in_html, in_text
from tests.unit.detection.test_unwrap import google, proofpoint_2, safelinks, safelinks_ap

ZOOM = "https://us02web.zoom.us/j/81920374655?pwd=aB_c-d.1"
TEAMS = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x/0"
HELP = "https://support.zoom.us/hc/en-us/articles/201362003"


@pytest.mark.parametrize("order", [1, -1])
def test_several_wrapped_links_in_one_body(order: int) -> None:  # F033
    lines = [safelinks(HELP), proofpoint_2(TEAMS), safelinks_ap(ZOOM), google("https://zoom.us/")]
    join = in_text("\n".join(lines[::order]))
    assert (join.service, join.join_url, join.sip) == ("zoom", ZOOM, ("81920374655@zoomcrc.com",))


def test_the_text_of_a_link_is_read_where_its_target_cannot_be_undone_and_the_reverse() -> None:  # F035
    opaque = "https://protect-us.mimecast.com/s/AbC?domain=us02web.zoom.us"
    assert in_html(f'<a href="{opaque}">{ZOOM}</a>').meeting_id == "81920374655"
    assert in_html(f'<a href="{safelinks(ZOOM)}">Join here</a>').meeting_id == "81920374655"


def test_a_layout_that_nobody_knows_still_gives_its_address() -> None:  # F036
    join = in_text("*** NEW LOOK ***\nRoom code >> sip:81920374655.2468@zoomcrc.com << tap")
    assert join.joinable
    assert join.sip == ("81920374655.2468@zoomcrc.com",)


@pytest.mark.parametrize(
    "link",
    ["https://a.b.zoom.us/j/81920374655", "https://acme.zoom.com/j/81920374655", "https://zoom-x.de/j/81920374655"],
)
def test_every_domain_of_commercial_zoom(link: str) -> None:  # F041
    assert in_text(link).sip == ("81920374655@zoomcrc.com",)


def test_an_invitation_without_a_sip_line_gets_an_address() -> None:  # F045
    join = in_text(f"Join Zoom Meeting\n{ZOOM}\n\nMeeting ID: 819 2037 4655\nPasscode: 004618")
    assert join.sip == ("81920374655.004618@zoomcrc.com",)


def test_help_beside_a_meeting_is_not_the_meeting() -> None:  # F052
    assert in_text(f"Help: {HELP}\nJoin: {ZOOM}").meeting_id == "81920374655"
    assert not in_text(f"Help: {HELP}").joinable
