"""Whose a printed number is where no Zoom link names it: what stands nearest above it, or on its line, tells.

Zoom is never guessed. Its word far away does not make another service's number its own: the last service that is named
above the number, or a link to a meeting that is not Zoom's, has it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import islice

from connector.detection.parsed_text import LINK, Link, ParsedText

_ABOVE = 400  # characters above a number in which its service may be named
_NAMES = re.compile(
    r"(?P<zoom>(?<![a-z0-9@.\-])zoom(?!info)|줌|ズーム|זום|зум|زوم|one tap mobile|dial by your location)"
    r"|(?<![a-z0-9@.\-])(?:microsoft teams|ms teams|teams|webex|skype|lync|goto ?meeting|goto ?webinar|goto"
    r"|google meet"
    r"|hangouts?|voov|tencent|lark|feishu|dingtalk|whereby|jitsi|chime|lifesize|starleaf|pexip|dialpad|zoho|jiomeet"
    r"|discord|slack|bigbluebutton|vidyo|livestorm|clickmeeting|adobe connect|blackboard|ringcentral|bluejeans"
    r"|loopup|avaya|vonage|8x8|mitel|polycom|realpresence|huawei|welink|trueconf|telemost|sberjazz|salutejazz"
    r"|jazz by sber"
    r"|mts link|kontur|talk ?line|webinar\.ru|livewebinar|bigmarker|demio|on24|intercall|powwownow|arkadin"
    r"|premiere global"
    r"|pgi|globalmeet|imeet|freeconferencecall|uberconference|conference ?call|audio ?conference|telephone bridge"
    r"|phone bridge|conference bridge|audio bridge|telefonkonferenz|telefonbrücke|conférence téléphonique"
    r"|audioconférence"
    r"|conferencia telefónica|audioconferencia|conferenza telefonica|teleconferência|teleconferencia|kaltura|fuze"
    r"|highfive|join\.me|amazon connect|nextcloud|element|signal|whatsapp|facetime|telegram|kmeet|unify|circuit"
    r"|alcatel"
    r"|rainbow|tixeo|livestorm|glowbl|rocket\.?chat|mattermost|spontania|evo|vsee|doxy|wire"
    r"|cisco meeting)(?![a-z0-9])"
    r"|腾讯会议|騰訊會議|飞书|钉钉|釘釘|瞩目|小鱼易连|好视通|华为云会议|全时|телемост|сберджаз|яндекс|контур"
    r"|вебинар\.ру"
    r"|电话会议|電話会議|電話會議|전화 회의|телефонн\w+ конференц"
)


_ZOOM = re.compile(
    r"(?<![a-z0-9@.\-])zoom(?:gov)?(?:[\- ]?(?:meeting|link|call|id|raum|konferenz))?(?![a-z0-9])(?! (?:in|out)\b)"
    r"|줌|ズーム|זום|зум|زوم|ซูม|ज़ूम|জুম"
)
_DENIED_BEFORE = re.compile(
    r"(?:(?<!\w)(?:no|not|never|no longer(?: use| using)?|not (?:use|using)|n['’]t (?:use|using)|instead of"
    r"|rather than|without|kein\w{0,2}|nicht"
    r"|statt|anstatt|ohne|pas de|plus de|sans|au lieu de|sin|sem|senza|en lugar de|em vez de|invece di|geen|niet"
    r"|zonder|inte|ikke"
    r"|ingen|uden|uten|utan|ei|ilman|bez|zamiast|nie|замість|вместо|без|не|нет|немає|yerine|không|bukan|tanpa|לא"
    r"|בלי|ללא|ليس|بدون|بدلا من)"
    r"|不用|不使用|没有|不是|而不是|代替|ではなく)[ \t\-'\"]{0,3}$"
)
_DENIED_BEHIND = re.compile(
    r"['\"]?[ \t]{1,2}(?:(?:is|was|will|wird|ist|est|es|è|is|är|er|jest|je|не|nie)[ \t]){0,2}(?:not|no longer|down"
    r"|broken|unavailable|never|nicht|kein"
    r"|pas|plus|non|não|niet|inte|ikke|используется)(?!\w)"
)
_FIRST = 40  # words that are looked at


def names_zoom(parsed: ParsedText) -> bool:
    """Zoom is named, and not only as what is not used."""
    return any(not _is_denied(parsed.low, match) for match in islice(_ZOOM.finditer(parsed.low), _FIRST))


def _is_denied(low: str, match: re.Match[str]) -> bool:
    before = _DENIED_BEFORE.search(low, max(0, match.start() - 24), match.start())
    return before is not None or _DENIED_BEHIND.match(low, match.end()) is not None


def is_anothers(parsed: ParsedText, at: int) -> bool:
    """``at``: where the number stands. No name and no link near it: the whole text speaks for it."""
    start = max(0, at - _ABOVE)
    last = None
    for match in _NAMES.finditer(parsed.low, start, at):
        if match["zoom"] is None or not _is_denied(parsed.low, match):
            last = match
    nearest = bisect_left(parsed.links, at, key=lambda link: link.at) - 1
    near = parsed.links[nearest] if nearest >= 0 else None
    if (
        near is not None
        and near.at >= start
        and (last is None or near.at > last.start())
        and _may_be_a_meetings(parsed, near.at, at)
    ):
        return near.service != "zoom" and not near.opaque and _is_for_joining(parsed, near)
    return last is not None and last["zoom"] is None


def names_another(parsed: ParsedText) -> bool:
    return any(match["zoom"] is None for match in _NAMES.finditer(parsed.low))


def _may_be_a_meetings(parsed: ParsedText, link: int, at: int) -> bool:
    """No blank line and nothing but a few lines between the link and the number."""
    return "\n\n\n" not in parsed.text[link:at] and at - link < 200


_JOINING = re.compile(
    r"join|meet|attend|dial|call|conferen|konferen|beitret|teilnehm|einw[aä]hl|particip|rejoin|unir|entra|ingres"
    r"|deelnem"
    r"|anslut|delta|liity|dołącz|připoj|csatlakoz|katıl|подключ|присоедин|войти|приєдн|加入|参加|參加|入会|参会"
    r"|참가|접속|הצטרפ|انضم"
    r"|gabung|tham gia"
)


def _is_for_joining(parsed: ParsedText, link: Link) -> bool:
    """The link's line, its host or its path speaks of joining: an agenda's link says nothing about the number."""
    at = link.at
    line = parsed.low[max(parsed.low.rfind("\n", max(0, at - 120), at) + 1, at - 120, 0) : at].rpartition(LINK)[2]
    return link.opens_meeting or _JOINING.search(line + " " + link.url.host + link.url.path.lower()) is not None
