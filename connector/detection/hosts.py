"""The domains of the meeting services, in one place: services look here, and so does whoever must tell them apart."""

from __future__ import annotations

import re

from connector.detection.urls import Url, host_under

DOMAINS: dict[str, tuple[str, ...]] = {
    # zoom-lfx is the Linux Foundation's gateway: it redirects to the Zoom meeting whose id stands in the path.
    "zoom": (
        "zoom.us",
        "zoom.com",
        "zoomgov.com",
        "zoom.com.cn",
        "zoomus.cn",
        "zoom-x.de",
        "zm.page",
        "zoom-lfx.platform.linuxfoundation.org",
    ),
    "teams": (
        "teams.microsoft.com",
        "teams.live.com",
        "teams.cloud.microsoft",
        "teams.microsoft.us",
        "teams.microsoftonline.cn",
    ),
    "webex": ("webex.com", "webex.com.cn"),
    "meet": ("meet.google.com", "tel.meet"),
    "bluejeans": ("bluejeans.com",),
    "gotomeeting": ("gotomeeting.com", "gotomeet.me", "gotomeet.com", "meet.goto.com", "app.goto.com"),
    "ringcentral": ("v.ringcentral.com", "meetings.ringcentral.com", "video.ringcentral.com"),
    "lifesize": ("lifesizecloud.com", "lifesize.com"),
    "starleaf": ("starleaf.com",),
    "jitsi": ("meet.jit.si", "8x8.vc"),
    "whereby": ("whereby.com", "appear.in"),
    "chime": ("chime.aws",),
    "skype": ("meet.lync.com", "join.skype.com"),
    "vidyo": ("vidyocloud.com",),
}


def service_of_host(host: str) -> str | None:
    return next((name for name, domains in DOMAINS.items() if host_under(host, *domains)), None)


# Meeting systems that are not named as a service: their links only say where another meeting's numbers begin.
_OTHERS = (
    "meeting.tencent.com",
    "voovmeeting.com",
    "vc.feishu.cn",
    "larksuite.com",
    "meeting.dingtalk.com",
    "gotowebinar.com",
    "livestorm.co",
    "on24.com",
    "hangouts.google.com",
    "freeconferencecall.com",
    "uberconference.com",
    "dialpad.com",
    "join.me",
    "discord.gg",
    "telemost.yandex.ru",
)
_MEETING_PATH = re.compile(r"/webapp\d?/|/invited\.sf|/b/[a-z]{3}-[a-z0-9]{3}-[a-z0-9]{3}", re.IGNORECASE)


def names_a_meeting(url: Url) -> bool:
    """True for a link of any meeting system; what stands behind it belongs to that system's meeting."""
    if url.scheme in ("pexip", "zoommtg", "zoomus", "msteams"):
        return True
    if not url.segments:
        return False
    return (
        service_of_host(url.host) is not None
        or host_under(url.host, *_OTHERS)
        or _MEETING_PATH.search(url.path) is not None
    )
