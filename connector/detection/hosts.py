"""The domains of the meeting services, in one place: services look here, and so does whoever must tell them apart."""

from __future__ import annotations

from connector.detection.urls import host_under

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
