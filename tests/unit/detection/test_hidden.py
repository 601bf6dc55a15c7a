"""What a reader of the mail does not see is no invitation."""

from __future__ import annotations

import pytest

from tests.unit.detection.helpers import in_html

HIDDEN = "https://zoom.us/j/99988877766"
SEEN = "https://acme.webex.com/acme/j.php?MTID=m0123"
BODY = f'<p><a href="{SEEN}">Join</a> Meeting number: 2424 250 5248</p>'


@pytest.mark.parametrize(
    "hidden",
    [
        "<div hidden>{}</div>",
        '<div hidden="">{}</div>',
        '<span style="visibility: hidden">{}</span>',
        '<span style="font-size:0px;line-height:0">{}</span>',
        '<span style="opacity:0;height:0">{}</span>',
        '<div style="display: none"><div>a</div>{}</div>',
        "<style>p.a {{color:red}} .Pre {{ font-size:1px; display : none !important }}</style><p class='x pre'>{}</p>",
    ],
)
def test_a_link_that_is_not_seen_is_not_dialled(hidden: str) -> None:
    join = in_html(f"<html><body>{hidden.format(HIDDEN)}{BODY}</body></html>")
    assert (join.service, join.sip) == ("webex", ("24242505248@acme.webex.com",))


@pytest.mark.parametrize(
    "seen",
    [
        '<span style="font-size:0.9em">{}</span>',
        '<span style="opacity:0.8;visibility:visible">{}</span>',
        '<span data-hidden="no">{}</span>',
        "<style>@media print {{ .a {{display:none}} }}</style><p class='a'>{}</p>",
        "<style>.b {{display:none}}</style><p class='a'>{}</p>",
        '<p aria-hidden="true">{}</p>',
        '<p class="a hidden b">{}</p>',
        '<p style="overflow: hidden ; color: red">{}</p>',
    ],
)
def test_a_link_that_is_seen_is(seen: str) -> None:
    assert in_html(f"<html><body>{seen.format(HIDDEN)}</body></html>").sip == ("99988877766@zoomcrc.com",)
