"""Passwords that open something else than the meeting: a document, a door, a mailbox, somebody's telephone."""

from __future__ import annotations

import re
from bisect import bisect_right

from connector.detection.other_things import BRIDGES, COMPOUNDS, THINGS, THINGS_WITHOUT_BLANKS, UNITS
from connector.detection.parsed_text import LINK, ParsedText
from connector.detection.urls import host_under
from connector.detection.words import MEETING_WORDS, OUTDATED, OUTDATED_WITHOUT_BLANKS, VAGUE

# A code with one of these words just before it belongs to something else.
OTHER_CODE = re.compile(
    r"(?:host|moderator|wi-?fi|wlan|recording|aufzeichnung|account|login|log-in|e-?mail|user|dropbox|document"
    r"|zip|postal|country|area|dress|source|promo|bar|qr|discount|time|reset|forgot|attendance|entry|door"
    r"|panelist|leader|chairperson|hotspot|network|guest|sso|ssid|palabra"
    r"|slides?|deck|presentation|files?|folder|download|quiz|poll|exam|survey|locker|lock|gate|alarm|parking|printer"
    r"|vpn|folien|unterlagen)[\s\-'s]{0,3}$"
)
# A password that stands on one line with a link to one of these opens a document.
_FILE_HOSTS = (
    *("dropbox.com", "drive.google.com", "docs.google.com", "sharepoint.com", "onedrive.live.com", "1drv.ms"),
    *("box.com", "wetransfer.com", "vimeo.com", "youtube.com", "youtu.be", "slideshare.net", "pan.baidu.com"),
)
_FILE_WITHIN = 60
# "Old passcode: ...", "Contraseña anterior: ..."
_OUTDATED = rf"(?:(?<![^\W_])(?:{'|'.join(OUTDATED)})(?![^\W_])|{'|'.join(OUTDATED_WITHOUT_BLANKS)})"
_OUTDATED_CODE = re.compile(_OUTDATED)
OUTDATED_BEFORE = re.compile(rf"{_OUTDATED}[ \-]?$")
WORD_BEFORE = re.compile(r"([^\W\d_]{2,24})[ \-]$")


# A telephone number right before "PIN 4321": the number's own.
_PHONE_BEFORE = re.compile(
    r"(?:\+\d|\(\d{2,4}\)|(?<![a-z])(?:tel|phone|office|mobile|cell|fon|fax|telefon|téléphone|handy)\b)"
    r"[^\n\ufffc#,]{4,40}\d[^\w\n]{0,6}$"
)


_ON_SITE = re.compile(
    r"on-?site|in person|venue|building|floor|street|\bstr\.|address|adresse|\bdoor|entrance|\bgate|reception|lobby"
    r"|\blift\b|vor ort|eingang|gebäude|präsenz|présentiel|sur place|entrée|bâtiment|presencial|dirección|in presenza"
    r"|\bportal\b|ingresso|indirizzo|endereço|op locatie|på plats|на месте|адрес|домофон|地址|门禁|現地|住所"
)


_OF_ENTRY = frozenset(["access", "security", "entry"])  # they are said of meetings and of buildings


def is_another_things(low: str, start: int) -> bool:
    """The vague word at ``start`` is said of something else: "office pin", "Main street 5, code: 4321"."""
    word = WORD_BEFORE.search(low, max(0, start - 24), start)
    if word:
        further = WORD_BEFORE.search(low, max(0, word.start() - 24), word.start(1)) if word[1] in _OF_ENTRY else None
        if word[1] in _OF_ENTRY and _PHONE_BEFORE.search(low, max(0, word.start() - 60), word.start(1)):
            return True  # "+1 605 555 0143, access code 4711": the telephone's
        return word[1] not in MEETING_WORDS or (further is not None and further[1] not in MEETING_WORDS)
    line = max(low.rfind("\n", max(0, start - 120), start), start - 120, 0)
    above = low[max(0, line - 60) : line].rstrip()
    heading = above.rpartition("\n")[2] if above.endswith(":") else ""
    return (
        _PHONE_BEFORE.search(low, max(0, start - 60), start) is not None
        or _ON_SITE.search(low[line:start].rpartition(LINK)[2]) is not None
        or _ON_SITE.search(heading) is not None
    )


_USER_BESIDE = re.compile(
    r"(?:(?<![^\W_])(?:user(?:[ \-]?name)?|log-?in|account|benutzer(?:name)?|anmeldename|konto|utilisateur|identifiant"
    r"|compte|usuario|cuenta|utente|usuário|conta|gebruiker|användare|bruger|bruker|käyttäjä|użytkownik|uživatel|felhasználó"
    r"|utilizator|korisnik|логин|пользователь|логін|користувач|kullanıcı|χρήστης)|用户名|用户|账号|帳號|账户|ユーザー|アカウント|사용자|계정"
    r"|משתמש|المستخدم)[ \t]?[:=：][^\n\ufffc]{1,40}$"
)
_THING = re.compile(
    rf"(?<![^\W_])(?:{'|'.join(THINGS)})|[^\W\d_]{{2,14}}(?:{'|'.join(COMPOUNDS)})|{'|'.join(THINGS_WITHOUT_BLANKS)}"
)
_BRIDGE = re.compile(rf"(?<![^\W_])(?:{'|'.join(BRIDGES)})(?:s|er)?[ \-]?$")
_APART = re.compile(r"[;|\t\n,:\ufffc]|[.!?]\s|\d[ \t]")
_OF_WHAT = re.compile(
    r"[ \t]{0,3}(?:[(\[]|(?:for|to|für|zu[rm]?|pour|de|du|para|per|da|voor|för|till|til|for|do|na|ke|для|на|ile|için"
    r"|cho|untuk|ל|ל-|ل)\s)"
)
_TO_COLON = re.compile(r"(?:[^\d\n:|\t.,;\ufffc]{0,40}(?=[:|]))?")
_AROUND = 48  # characters beside a label, or behind its value, that say whose code it is
_BRAND = re.compile(r"(?:^|[\s(\[*_])(?P<word>[A-Z][A-Za-z]{2,15})[ ]$")
_NOT_BRANDS = frozenset(
    [
        *(
            "The",
            "Your",
            "Our",
            "Use",
            "Enter",
            "With",
            "And",
            "Using",
            "Same",
            "This",
            "New",
            "Room",
            "Class",
            "Event",
        ),
        *(
            "Optional",
            "Required",
            "Numeric",
            "Please",
            "Add",
            "Type",
            "Put",
            "Plus",
            "Then",
            "When",
            "Zoom",
            "Web",
            "App",
        ),
        *(
            "Phone",
            "Participant",
            "Attendee",
            "Telephone",
            "Mobile",
            "Audio",
            "Video",
            "Student",
            "Text",
            "Alphanumeric",
        ),
        *("Access", "Security", "Secret", "Pass", "Pin", "Personal", "Numeric", "Current", "Correct", "Updated"),
    ]
)


def is_another_things_code(parsed: ParsedText, start: int, end: int, value: int) -> bool:
    """The label from ``start`` to ``end`` and its value at ``value`` are said of a door, a network, an account.

    Words for such things count before the label, between label and value, and right behind the value; a heading above
    counts where nothing stands before the label. Words of the meeting nearer to the label are stronger.
    """
    low = parsed.low
    before = _APART.split(low[max(0, start - _AROUND) : start])[-1]
    phrase = _TO_COLON.match(low, value)
    behind = low[end : phrase.end() if phrase else value]
    if (low[start:end] in VAGUE and _BRIDGE.search(before)) or _says_thing(before) or _says_thing(behind):
        return True
    beside = _USER_BESIDE.search(low, max(0, start - 80), start)
    if beside is not None and _NINE_DIGITS.search(beside[0]) is None:
        return True
    if not before.strip(" >*•·-_(\"'") and _says_thing(_heading_above(low, start)):
        return True
    if parsed.text[start : start + 1].islower() and (brand := _BRAND.search(parsed.text, max(0, start - 24), start)):
        return brand["word"] not in _NOT_BRANDS and OF_A_MEETING.search(brand["word"].lower()) is None
    line_end = low.find("\n", value, value + 80)
    rest = low[value : line_end if line_end >= 0 else value + 80].partition(" ")
    return _OF_WHAT.match(" " + rest[2]) is not None and _says_thing(_APART.split(rest[2][:_AROUND])[0])


def _says_thing(words: str) -> bool:
    """What is named last counts, where a meeting is named, too."""
    last = None
    for match in _THING.finditer(words):
        last = match
    return last is not None and OF_A_MEETING.search(words, last.end()) is None


def _heading_above(low: str, start: int) -> str:
    """The line above that is a heading: short, without a number."""
    line = low.rfind("\n", max(0, start - _AROUND), start)
    above = low[max(0, line - 60) : max(0, line)].rstrip(" \t*_").rpartition("\n")[2] if line >= 0 else ""
    short = len(above) <= 30 and not any(c.isdigit() for c in above)
    return above if LINK not in above and (short or above.endswith(":")) else ""


_DESCRIPTION = re.compile(rf"\d{{1,2}}(?:[ \t]?-?[ \t]?(?:{'|'.join(UNITS)})|[ \t][^\W\d_]{{2,}})")


def is_a_description(value: str) -> bool:
    """ "6 digits, sent separately": how long a code is, and not the code. ``value``: it and what stands behind it."""
    return _DESCRIPTION.match(value) is not None


_USER_ABOVE = re.compile(
    r"(?:^|\n)[^\w\n]{0,8}(?:user(?:[ \-]?name)?|log-?in|benutzer(?:name)?|utilisateur|usuario|utente|usuário"
    r"|gebruiker"
    r"|network|netzwerk|ssid|wi-?fi|wlan|логин|пользователь|用户名|ユーザー名|사용자)(?P<rest>[^\n\ufffc]{0,60})"
    r"\n[ \t>*•\-]{0,8}$"
)


def below_a_user_name(low: str, start: int) -> bool:
    """A password on the line below "User: guest" or "Network: Guest", unless that is a meeting's number."""
    match = _USER_ABOVE.search(low, max(0, start - 120), start)
    return match is not None and _NINE_DIGITS.search(match["rest"]) is None


OF_A_MEETING = re.compile(
    r"zoom|meet|join|webinar|conferen|video|session|\bcall|beitret|teilnehm|besprech|r[ée]uni|riunion|vergader|möte"
    r"|møte"
    r"|konferen|конферен|встреч|会议|會議|ミーティング|회의"
)
_NAMED = re.compile(r"[^\W\d_]{3}")
_ONLY_A_LINK = re.compile(r"\W{0,8}(?:links?|url|here|hier|ici|aqu[ií]|lien|enlace)\W{0,8}")


def opens_something_else(parsed: ParsedText, places: list[int], at: int) -> bool:
    """A password on one line with a link to a document, or to something else that the line does not call a meeting.

    ``places``: where the text's links stand.
    """
    nearest = bisect_right(places, at) - 1
    if nearest < 0 or at - places[nearest] > _FILE_WITHIN:
        return False
    link, behind = parsed.links[nearest], parsed.low[places[nearest] : at]
    if "\n" in behind:
        return False
    if host_under(link.url.host, *_FILE_HOSTS):
        return True
    line = max(parsed.low.rfind("\n", max(0, link.at - 120), link.at) + 1, link.at - 120, 0)
    words = parsed.low[line : link.at].rpartition(LINK)[2]
    if link.opaque or link.opens_meeting or not _NAMED.search(words) or _ONLY_A_LINK.fullmatch(words):
        return False
    return not (OF_A_MEETING.search(words) or OF_A_MEETING.search(behind) or _NINE_DIGITS.search(behind))


_NINE_DIGITS = re.compile(r"\d[\d \-]{7,}\d")


_FOREIGN_WORD = re.compile(
    r"host|wi-?fi|wlan|recording|aufzeichnung|account|konto|login|document|dokument|download|pdf|zip|file|folder"
    r"|portal"
    r"|hotel|door|guest|vpn|e-?mail|moderator|panelist|leader|is\b|will\b|was\b"
)


def says_something_else(low: str, start: int, end: int, *, vague: bool) -> bool:
    """The words between a label and its colon: "password for the portal", "code postal", "contraseña anterior"."""
    if _FOREIGN_WORD.search(low, start, end) or _OUTDATED_CODE.search(low, start, end):
        return True
    return vague and not OF_A_MEETING.search(low, start, end)
