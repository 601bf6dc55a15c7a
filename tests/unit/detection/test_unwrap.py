"""Rewritten links. The wrapped targets are invented; the wrappers' forms follow the vendors' public decoders."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import quote

import pytest

from connector.detection.services import HOSTS
from connector.detection.unwrap import MAX_DEPTH, unwrap
from tests.unit.detection.helpers import in_text, rules

TARGET = "https://us02web.zoom.us/j/81920374655?pwd=aB_c-d.1&from=addon"


def safelinks(url: str) -> str:
    return f"https://eur03.safelinks.protection.outlook.com/?url={quote(url, safe='')}&data=05%7C02&reserved=0"


def safelinks_ap(url: str) -> str:  # F030
    return f"https://nam10.safelinks.protection.outlook.com/ap/t-59584e83/?url={quote(url, safe='')}&data=x"


def google(url: str) -> str:
    return f"https://www.google.com/url?q={quote(url, safe='')}&sa=D&usd=2"


def meet_redirect(url: str) -> str:
    return f"https://meet.google.com/linkredirect?authuser=0&dest={quote(url, safe='')}"


def proofpoint_1(url: str) -> str:
    return f"https://urldefense.proofpoint.com/v1/url?u={quote(url, safe='')}&k=abc"


def proofpoint_2(url: str) -> str:
    coded = quote(url, safe="").replace("_", "%5F").replace("-", "%2D").replace("%2F", "_").replace("%", "-")
    return f"https://urldefense.proofpoint.com/v2/url?u={coded}&d=DwMGaQ&c=x&e="


def proofpoint_3(url: str) -> str:
    replaced = "?&"
    coded = "".join("*" if char in replaced else char for char in url)
    tail = base64.urlsafe_b64encode("".join(c for c in url if c in replaced).encode()).decode().rstrip("=")
    return f"https://urldefense.com/v3/__{coded}__;{tail}!!AbC!dEf$"


def barracuda(url: str) -> str:
    return f"https://linkprotect.cudasvc.com/url?a={quote(url, safe='')}&c=E,1,x"


def cisco(url: str) -> str:
    return f"https://secure-web.cisco.com/1AbC-dEf/{quote(url, safe='')}"


def symantec(url: str) -> str:
    return f"https://clicktime.symantec.com/3AbC?u={quote(url, safe='')}"


def fireeye(url: str) -> str:
    return f"https://protect2.fireeye.com/v1/url?k=x&q=1&u={quote(url, safe='')}"


def sophos(url: str) -> str:
    return f"https://eu-west-1.protection.sophos.com/?d=zoom.us&u={base64.b64encode(url.encode()).decode()}&i=x"


def slack(url: str) -> str:
    return f"https://slack-redir.net/link?url={quote(url, safe='')}&v=3"


def other_redirector(url: str) -> str:
    return f"https://www.linkedin.com/redir/redirect?url={quote(url, safe='')}"


def calendar_add(url: str) -> str:
    return f"https://calendar.google.com/calendar/render?action=TEMPLATE&text=x&details={quote('Join ' + url, safe='')}"


def check_point(url: str) -> str:
    return f"https://protect.checkpoint.com/v2/___{url}___.YXAzOmV4YW1wbGU"


def check_point_2(url: str) -> str:
    return f"https://url.avanan.click/v2/r02/___{url}___.YXAzOmV4YW1wbGU"


def amazon_mail(url: str) -> str:
    return f"https://abc123.r.eu-west-1.awstrack.me/L0/{quote(url, safe='')}/1/0102-000000/xyz=1"


def youtube(url: str) -> str:
    return f"https://www.youtube.com/redirect?event=video_description&q={quote(url, safe='')}"


def zoom_external(url: str) -> str:
    return f"https://us02web.zoom.us/web_client/abc/html/externalLinkPage.html?ref={quote(url, safe='')}"


WRAPPERS: list[Callable[[str], str]] = [
    *(
        safelinks,
        safelinks_ap,
        google,
        meet_redirect,
        proofpoint_1,
        proofpoint_2,
        proofpoint_3,
        barracuda,
        cisco,
        symantec,
    ),
    *(fireeye, sophos, slack, other_redirector, calendar_add, zoom_external, amazon_mail, youtube),
    *(check_point, check_point_2),
]


@pytest.mark.parametrize("wrap", WRAPPERS, ids=lambda wrap: wrap.__name__)
def test_each_wrapper_is_undone(wrap: Callable[[str], str]) -> None:
    join = in_text(f"Join: {wrap(TARGET)}\nbye")
    assert join.join_url == TARGET
    assert join.sip == ("81920374655@zoomcrc.com",)
    assert any(line.rule.startswith("unwrap.") for line in join.evidence)


@pytest.mark.parametrize("outer", WRAPPERS, ids=lambda wrap: wrap.__name__)
@pytest.mark.parametrize("inner", [safelinks, proofpoint_2, google], ids=lambda wrap: wrap.__name__)
def test_wrappers_nest(outer: Callable[[str], str], inner: Callable[[str], str]) -> None:  # F032
    assert in_text(outer(inner(TARGET))).join_url == TARGET


def test_nesting_is_bounded() -> None:
    url = TARGET
    for _ in range(MAX_DEPTH + 1):
        url = other_redirector(url)
    unwrapped = unwrap(url, HOSTS)
    assert unwrapped is not None
    assert len(unwrapped.rules) == MAX_DEPTH


def test_a_run_of_replaced_characters_and_a_lost_slash() -> None:
    # "**A" takes two characters; "https:/" is what some gateways leave of "https://".
    url = "https://urldefense.com/v3/__https:/zoom.us/j/81920374655**Apwd=x__;Pz8!!AbC$"
    unwrapped = unwrap(url, HOSTS)
    assert unwrapped is not None
    assert unwrapped.url.text == "https://zoom.us/j/81920374655??pwd=x"


@pytest.mark.parametrize(
    "link",
    [
        safelinks(TARGET)[:-5] + "%ZZ%",  # F031
        safelinks(TARGET).replace("&", "&amp;"),
        safelinks(TARGET).partition("&data")[0],
        proofpoint_3("https://zoom.us/j/81920374655").partition("__;")[0],
    ],
)
def test_damaged_wrappers_still_give_the_id(link: str) -> None:
    assert in_text(link).meeting_id == "81920374655"


@pytest.mark.parametrize(
    "link",
    [
        *("https://protect-us.mimecast.com/s/AbC?domain=us02web.zoom.us", "https://bit.ly/AbC"),
        "https://protect.checkpoint.com/v2/r01/___mzzux://ezx02bjg.ettr.ex/o/81920374655___.YXAz",
        *(
            "https://u1.ct.sendgrid.net/ls/click?upn=AbC",
            "https://shared.outlook.inky.com/link?domain=us02web.zoom.us&t=x",
        ),
    ],
)
def test_what_cannot_be_undone_is_said(link: str) -> None:
    join = in_text(link)
    assert join.service is None
    assert any(line.rule == "unwrap.opaque" for line in join.evidence)


def test_the_printed_id_still_counts_behind_an_opaque_link() -> None:
    join = in_text(
        "https://protect-us.mimecast.com/s/AbC?domain=us02web.zoom.us\nMeeting ID: 819 2037 4655\nPasscode: 2468"
    )
    assert join.sip == ("81920374655.2468@zoomcrc.com",)
    assert rules(join)["meeting_id"] == "zoom.label"


def test_a_meetings_own_link_is_not_unwrapped_to_a_referring_site() -> None:
    link = "https://zoom.us/j/81920374655?ref=https%3A%2F%2Fexample.org%2Fx"
    assert in_text(link).join_url == link


def test_a_host_with_signs_that_no_host_has_is_no_link() -> None:
    for sign in ("=", "%20", ",", ";", "(", "\\", "&"):
        assert unwrap(f"https://acme{sign}.webex.com/meet/kim", HOSTS) is None
    assert unwrap("https://bücher.example.org/x", HOSTS) is not None


def test_soft_breaks_in_a_link_in_angle_brackets() -> None:
    link = safelinks("https://acme.webex.com/acme/j.php?MTID=m0123456789abcdef")
    cut = "=\n".join(link[at : at + 40] for at in range(0, len(link), 40))
    join = in_text(f"Join: <{cut}>\nMeeting number: 2424 250 5248\n")
    assert join.join_url == "https://acme.webex.com/acme/j.php?MTID=m0123456789abcdef"
    assert join.sip == ("24242505248@acme.webex.com",)
