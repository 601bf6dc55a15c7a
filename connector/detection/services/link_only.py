"""Meeting services that are nothing but data, one row each: see ``connector.detection.link_only`` for the words."""

from __future__ import annotations

from connector.detection.link_only import LinkOnly

# Paths that several hosts of one service have, and long ones.
_CHIME = r"/(?:meetings(?:/|/?\?pin=))?(\d{10,13})(?:/[^/]+)?|/(?!meetings\b)([a-z][a-z0-9\-]{3,40})(?:/.+)?"
_DIALPAD = r"/(?:room/)?([A-Za-z0-9._\-]{2,60})"
_LARK = r"/j/(\d{6,12})"
_LIFESIZE = r"/(\d{4,10})(?:/[^/]+)?"
_RIVERSIDE = r"/studio/([^/]+)"
_TELEMOST = r"/j/([^/]{1,60})"
_TENCENT = r"/(?:dm|[prs])/([A-Za-z0-9]{2,32})(?:/.*)?"
_WHEREBY = r"/([^/]+)"
_ZOHO = r"/(?:meeting/)?(?:join|meeting-start)\?(?:.*&)?key=(\d{3,16})(?:&.*)?|/meeting/(\d{6,16})"

services = (
    # Adobe Connect: rooms have names; ``/p`` with a code behind it is a recording.
    LinkOnly(
        "adobeconnect",
        "Adobe Connect",
        {"adobeconnect.com": r"/(?!p[a-z0-9]{9,13}$)([A-Za-z0-9][A-Za-z0-9_\-]{2,60})"},
        not_rooms=("admin", "common", "system", "servlet"),
        reason="Adobe Connect has no address that a room can dial",
    ),
    LinkOnly(
        "around",
        "Around",
        {"around.co": r"/r/([^/]+)"},
        reason="Around has closed, and had no address that a room could dial",
    ),
    # BigBlueButton behind Greenlight: ``/b/abc-def-ghi``, since version 3 ``/rooms/abc-def-ghi-jkl/join``.
    LinkOnly(
        "bigbluebutton",
        "BigBlueButton behind Greenlight, on any host",
        {},
        server=r"[^/]+/(?:[^/]+/){0,3}(?:b/([a-z0-9]{3}(?:-[a-z0-9]{3}){2,3})|rooms/([a-z0-9]{3}(?:-[a-z0-9]{3}){3}))(?:/.*)?",
        reason="BigBlueButton has no address that a room can dial, unless its owner runs a gateway and prints it",
    ),
    # Blackboard Collaborate, now Class Collaborate. ``/recording/`` is one.
    LinkOnly(
        "blackboard",
        "Blackboard Collaborate",
        {"bbcollab.com": r"/guest/([0-9a-f]{16,40})|/collab/ui/session/(?:guest|join)/([^/]+)"},
        reason="Blackboard Collaborate has no address that a room can dial",
    ),
    # Cal Video, the meetings that Cal.com books.
    LinkOnly(
        "calvideo",
        "Cal Video",
        {"app.cal.com": r"/video/([^/]+)"},
        reason="Cal Video has no address that a room can dial",
    ),
    # Amazon Chime, which has closed: ``chime.aws/NUMBER``.
    LinkOnly(
        "chime",
        "Amazon Chime",
        {"chime.aws": _CHIME},
        reason="Amazon Chime's room address is not known for certain",
    ),
    # ClickMeeting: rooms on a sub-domain of their owner; ``/register`` behind the name is the registration.
    LinkOnly(
        "clickmeeting",
        "ClickMeeting",
        {},
        server=r"(?!(?:www|api|dev|developers|help|knowledge|blog)\.)[^/.]+\.clickmeeting\.com/([^/]+)",
        reason="ClickMeeting has no address that a room can dial",
    ),
    # Daily: rooms on a sub-domain of their owner.
    LinkOnly(
        "daily",
        "Daily",
        {},
        server=r"(?!(?:www|api|docs|dashboard|help|blog)\.)[^/.]+\.daily\.co/([^/]+)",
        reason="Daily has no address that a room can dial",
    ),
    LinkOnly(
        "demio",
        "Demio",
        {"event.demio.com": r"/(?:ref/)?([^/]+)"},
        reason="Demio has no address that a room can dial",
    ),
    # Dialpad Meetings, once UberConference.
    LinkOnly(
        "dialpad",
        "Dialpad, UberConference",
        {"meetings.dialpad.com": _DIALPAD, "uberconference.com": _DIALPAD},
        not_rooms=("international", "login", "signup", "pricing", "features", "about", "support"),
        reason="Dialpad has no address that a room can dial",
    ),
    # DingTalk (钉钉).
    LinkOnly(
        "dingtalk",
        "DingTalk",
        {"meeting.dingtalk.com": r"/j/([A-Za-z0-9]{4,40})"},
        reason="DingTalk has no address that a room can dial",
    ),
    # Discord events. Its invitations (``discord.gg``) lead to a server, unless they name an event.
    LinkOnly(
        "discord",
        "Discord events",
        {"discord.gg": r"/[^/?]+\?event=(\d+)"},
        server=r"(?:www\.)?discord\.com/events/\d+/(\d+)",
        reason="Discord has no address that a room can dial",
    ),
    # Doxy.me: waiting rooms of clinics, also on a sub-domain of theirs.
    LinkOnly(
        "doxy",
        "Doxy.me",
        {"doxy.me": r"/([^/]{2,60})"},
        not_rooms=("about", "account", "blog", "en", "features", "login", "pricing", "sign-in", "sign-up"),
        reason="Doxy.me has no address that a room can dial",
    ),
    LinkOnly(
        "element",
        "Element Call",
        {"call.element.io": r"/(?!room$)([^/]+)|/room/?#/([^?/]+).*"},
        reason="Element Call has no address that a room can dial",
    ),
    # FaceTime links: what stands behind the ``#`` is the key, so no part of it is taken as a name.
    LinkOnly(
        "facetime",
        "FaceTime links",
        {"facetime.apple.com": r"/join/?#.+"},
        reason="FaceTime has no address that a room can dial",
    ),
    # FreeConferenceCall: a page of the host, joined in the browser or by telephone.
    LinkOnly(
        "freeconferencecall",
        "FreeConferenceCall",
        {"join.freeconferencecall.com": r"/([^/]{2,60})", "freeconferencecall.com": r"/wall/([^/]{2,60})(?:/.*)?"},
        reason="FreeConferenceCall has no address that a room can dial",
    ),
    # Gather: a place in a virtual office.
    LinkOnly(
        "gather",
        "Gather",
        {"gather.town": r"/app/[^/]+/([^/]+)"},
        reason="Gather has no address that a room can dial",
    ),
    # GoTo Webinar. Its ``/register/`` pages are registrations: the link to join comes later.
    LinkOnly(
        "gotowebinar",
        "GoTo Webinar",
        {"gotowebinar.com": r"/join/(\d{6,20})(?:/.*)?"},
        reason="GoTo Webinar has no address that a room can dial",
    ),
    LinkOnly(
        "hangouts",
        "Google Hangouts",
        {"hangouts.google.com": r"/(?:call|hangouts/_)/(?:.+/)?([^/]+)"},
        reason="Hangouts has closed, and had no address that a room could dial",
    ),
    LinkOnly(
        "jiomeet",
        "JioMeet",
        {"jiomeetpro.jio.com": r"/shortener\?(?:.*&)?meetingId=(\d{6,14})(?:&.*)?"},
        reason="JioMeet has no address that a room can dial",
    ),
    # Jitsi, at its own hosts, at 8x8, and on servers that carry its name.
    LinkOnly(
        "jitsi",
        "Jitsi, 8x8, servers with jitsi in their name",
        {"meet.jit.si": r"/(?:[^/]+/)?([^/]+)", "8x8.vc": r"/([^/]+/[^/]+(?:/[^/]+)?)(?:/.*)?"},
        server=r"(?!jitsi\.org/)(?:jitsi[^/]*|(?:[^/]+\.)?jitsi(?:\.[^/.]+){2,9})/(?:[^/]+/)?([^/]+)",
        not_rooms=("static", "images", "css", "libs"),
        reason="Jitsi has no address that a room can dial, unless its owner runs a gateway and prints it",
    ),
    LinkOnly(
        "joinme",
        "join.me",
        {"join.me": r"/([A-Za-z0-9._\-]{3,60})"},
        reason="join.me has closed, and had no address that a room could dial",
    ),
    LinkOnly(
        "kmeet",
        "Infomaniak kMeet",
        {"kmeet.infomaniak.com": r"/([^/]+)"},
        reason="kMeet has no address that a room can dial",
    ),
    # Lark, and Feishu (飞书) in China: nine digits.
    LinkOnly(
        "lark",
        "Lark, Feishu",
        {"vc.larksuite.com": _LARK, "vc.feishu.cn": _LARK},
        reason="Lark meetings have no address that a room can dial, unless a connector of the owner is printed",
    ),
    # Lifesize: ``call.lifesizecloud.com/EXTENSION``; a room dials the extension at the service's domain.
    LinkOnly(
        "lifesize",
        "Lifesize",
        {"lifesizecloud.com": _LIFESIZE, "lifesize.com": _LIFESIZE},
        dial="{id}@lifesizecloud.com",
        printed=("lifesizecloud.com",),
    ),
    # Livestorm. The page without ``/live`` is the registration.
    LinkOnly(
        "livestorm",
        "Livestorm",
        {"livestorm.co": r"/p/([^/]+)(?:/.*)?|/[^/]+/([^/]+)/live(?:/.*)?"},
        reason="Livestorm has no address that a room can dial",
    ),
    LinkOnly(
        "on24",
        "ON24",
        {"on24.com": r"/wcc/r/(\d{4,12})/.+"},
        reason="ON24 webcasts are watched in a browser; a room cannot dial them",
    ),
    LinkOnly(
        "proton",
        "Proton Meet",
        {"meet.proton.me": r"/(?:u/\d+/)?join/([^/]+)"},
        reason="Proton Meet has no address that a room can dial",
    ),
    LinkOnly(
        "pumble",
        "Pumble",
        {"meet.pumble.com": r"/([a-z\-]{3,40})"},
        reason="Pumble has no address that a room can dial",
    ),
    # Riverside studios: the link of a guest.
    LinkOnly(
        "riverside",
        "Riverside",
        {"riverside.fm": _RIVERSIDE, "riverside.com": _RIVERSIDE},
        reason="Riverside has no address that a room can dial",
    ),
    # Signal call links: what stands behind the ``#`` is the key, so no part of it is taken as a name.
    LinkOnly(
        "signal",
        "Signal call links",
        {"signal.link": r"/call/?#.+"},
        reason="Signal has no address that a room can dial",
    ),
    # Skype for Business and Skype, which has closed. Their ``conf:sip:`` address is for their own clients.
    LinkOnly(
        "skype",
        "Skype for Business, Skype: never dialled",
        {"meet.lync.com": r"/[^/]+/(?:.+/)?[^/]+/([^/]+)", "join.skype.com": r"/(?:.+/)?([^/]+)"},
        printed=(),
        reason="Skype for Business meetings cannot be dialled by a standards-based room",
    ),
    # Slack huddles. The other links to Slack are no meetings.
    LinkOnly(
        "slack",
        "Slack huddles",
        {},
        server=r"[^/]+\.slack\.com/huddle/[^/]+/([^/]+)",
        reason="Slack huddles have no address that a room can dial",
    ),
    # StarLeaf, which has closed: a room dials ``ID@ORGANISATION.call.sl``, which only the invitation tells.
    LinkOnly(
        "starleaf",
        "StarLeaf",
        {"starleaf.com": r"/(\d{6,12})(?:/[^/]+)?"},
        printed=("call.sl",),
        reason="the StarLeaf address is not printed",
    ),
    # StreamYard studios: the link of a guest.
    LinkOnly(
        "streamyard",
        "StreamYard",
        {"streamyard.com": r"/(?:guest/)?(?=[a-z]*\d)([a-z0-9]{8,13})"},
        reason="StreamYard has no address that a room can dial",
    ),
    LinkOnly(
        "telemost",
        "Yandex Telemost",
        {"telemost.yandex.ru": _TELEMOST, "telemost.yandex.com": _TELEMOST},
        reason="Telemost has no address that a room can dial",
    ),
    # Tencent Meeting (腾讯会议), and VooV Meeting abroad. Their recordings are ``/crm/``, ``/cw/`` and ``/ct/``.
    LinkOnly(
        "tencent",
        "Tencent Meeting, VooV",
        {"meeting.tencent.com": _TENCENT, "voovmeeting.com": _TENCENT},
        numbered=r"\d{3}[ \-]?\d{3}[ \-]?\d{3,4}(?!\d)",
        reason="Tencent Meeting has no address that a room can dial, unless a room connector of its owner is printed",
    ),
    # Vidyo: the key of a link is not the extension that a room would dial.
    LinkOnly(
        "vidyo",
        "VidyoCloud",
        {"vidyocloud.com": r"/join/([^/]+)|/flex\.html\?(?:.*&)?key=([A-Za-z0-9]+)(?:&.*)?"},
        reason="the link does not tell the extension that a room would dial, and no SIP address is printed",
    ),
    # Vonage Meetings: nine digits.
    LinkOnly(
        "vonage",
        "Vonage Meetings",
        {"meetings.vonage.com": r"/(\d{9})"},
        reason="Vonage Meetings has no address that a room can dial",
    ),
    # WhatsApp call links: the last part is the key to the call, so it is not taken as a name.
    LinkOnly(
        "whatsapp",
        "WhatsApp call links",
        {"call.whatsapp.com": r"/(?:video|voice)/[^/]+"},
        reason="WhatsApp has no address that a room can dial",
    ),
    # Whereby: ``whereby.com/ROOM``.
    LinkOnly(
        "whereby",
        "Whereby",
        {"whereby.com": _WHEREBY, "appear.in": _WHEREBY},
        not_rooms=("information", "blog", "user", "org", "about", "pricing", "login", "signup", "embed"),
        reason="Whereby has no address that a room can dial",
    ),
    # Zhumu (瞩目).
    LinkOnly(
        "zhumu",
        "Zhumu",
        {"welink.zhumu.com": r"/j/(\d{9,12})"},
        reason="how a room would dial Zhumu is not known from any public invitation",
    ),
    # Zoho Meeting, in its regions.
    LinkOnly(
        "zoho",
        "Zoho Meeting",
        {f"meeting.zoho.{region}": _ZOHO for region in ("com", "eu", "in", "com.au", "com.cn", "jp", "sa", "ca")},
        reason="Zoho Meeting has no address that a room can dial",
    ),
)
