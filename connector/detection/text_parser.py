"""The reader of a text: takes links, addresses and quoting out of it, and tells of each link whose it is."""

from __future__ import annotations

import re
from itertools import islice

from connector.detection.hosts import HostTable
from connector.detection.parsed_text import LINK, MOST, MOST_LINKS, Address, Link, ParsedText, source_rank
from connector.detection.text import LINK_CLOSE, LINK_OPEN, readable
from connector.detection.unwrap import unwrap
from connector.detection.urls import parse_url
from connector.model import SourceText


def parse_text(source: SourceText, hosts: HostTable) -> ParsedText:
    """``hosts``: tells of each link whose it is. Never raises."""
    text, hidden = readable(
        source.content.strip() if source.kind == "url" else source.content, is_html=source.kind == "html"
    )
    text, quoted = _strip_quote_marks(text)
    scan = _LinkScan(text, quoted, hosts)
    scan.run()
    plain = "".join(scan.out)
    low = plain.lower()
    if len(low) != len(plain):  # a few letters grow in lower case; offsets matter more than their case
        low = "".join(c.lower() if len(c.lower()) == 1 else c for c in plain)
    return ParsedText(
        source.where,
        source_rank(source.where),
        plain,
        low,
        tuple(scan.links),
        (*_printed_addresses(plain), *scan.addresses),
        _printed_gateways(plain),
        tuple(scan.tel),
        hidden,
        tuple(scan.quoted_lines),
    )


# ------------------------------------------------------------------------------------------------ quoting

_QUOTE = re.compile(r"^[ \t]{0,4}>[> \t]{0,40}", re.MULTILINE)


def _strip_quote_marks(text: str) -> tuple[str, tuple[int, ...]]:
    """Without the ``>`` of quoted mail; and the offsets where quoted parts begin and end, in turn."""
    if _QUOTE.search(text) is None:
        return text, ()
    out: list[str] = []
    turns: list[int] = []
    length = 0
    was_quoted = False
    lines = [(match[0].count(">") if (match := _QUOTE.match(line)) else 0, line) for line in text.split("\n")]
    # Where all links stand in quoted text, the least quoted of them are the event's own.
    own = min((depth for depth, line in lines if "://" in line), default=0)
    for depth, line in lines:
        if depth:
            line = _QUOTE.sub("", line, count=1)
        if line.strip() and (depth > own) != was_quoted:
            was_quoted = not was_quoted
            turns.append(length)
        out.append(line)
        length += len(line) + 1
    return "\n".join(out), tuple(turns)


# ------------------------------------------------------------------------------------------------ links

_URL_CHARS = r"[A-Za-z0-9\-._~:/?#@!$&()*+,;=%]"
_SCAN = re.compile(
    rf"{LINK_OPEN}(?P<href>[^{LINK_CLOSE}]{{0,16000}}){LINK_CLOSE}"
    r"|<[ \n]?(?P<angle>(?i:https?|mailto|tel|sips?|h323|zoommtg|zoomus|msteams|pexip):[^<> \t]{1,8000})>"
    rf"|(?P<bare>(?i:https?|zoommtg|zoomus|msteams|pexip)://{_URL_CHARS}{{1,16000}})"
    r"|(?<![A-Za-z0-9@._%=\-])(?P<hostless>(?:[A-Za-z0-9\-]{1,63}\.){1,5}[A-Za-z]{2,24}/" + _URL_CHARS + r"{1,2000})"
)
_CONTINUED = re.compile(rf"[ \t]{{0,8}}({_URL_CHARS}{{1,2000}})(?=[ \t]{{0,8}}(?:\n|$|>))")
_NUMBER_BEGUN = re.compile(r"/(?:j|w|s|join)/(\d{1,10})$")
_NUMBER_RESUMED = re.compile(rf"\s{{1,8}}((?P<digits>\d{{1,10}})\?[A-Za-z]{{2,8}}={_URL_CHARS}{{1,2000}})")
_MEETING_PATH = re.compile(r"(?:j|w|s|join|meet)/\d{9}")
# Texts that lost their line ends: the next line's first word sticks to the link.
_GLUED = re.compile(r"Meeting ID|Passcode:|Password:|One tap|Dial by|Join by")
_TRAILING = ".,;:!?*~"


class _LinkScan:
    """Takes the links out of a text and keeps their places; quote offsets move along."""

    def __init__(self, text: str, quoted: tuple[int, ...], hosts: HostTable) -> None:
        self.text = text
        self.hosts = hosts
        self.out: list[str] = []
        self.length = 0
        self.links: list[Link] = []
        self.asked: set[str] = set()
        self.addresses: list[Address] = []
        self.tel: list[tuple[str, int]] = []
        self.old_turns = list(reversed(quoted))
        self.quoted_lines: list[int] = []

    def run(self) -> None:
        at = 0
        while True:
            match = _SCAN.search(self.text, at)
            self._keep(at, match.start() if match else len(self.text))
            if match is None:
                return
            at = self._take(match)

    def _keep(self, start: int, end: int) -> None:
        while self.old_turns and self.old_turns[-1] <= end:
            self.quoted_lines.append(self.length + max(0, self.old_turns.pop() - start))
        self.out.append(self.text[start:end])
        self.length += end - start

    def _take(self, match: re.Match[str]) -> int:
        if len(self.links) >= MOST_LINKS and not self._counts(match):
            return self._passed_over(match)
        if match["href"] is not None:
            self._link(match["href"])
            return match.end()
        if match["angle"] is not None:
            self._link(_joined(match["angle"]).partition("|")[0])  # Slack writes <link|shown text>
            return match.end()
        found = match["bare"] or match["hostless"]
        glued = _GLUED.search(self.text, match.end() - 10 if len(found) > 10 else match.start(), match.end() + 10)
        if glued and glued.end() >= match.end():
            found = found[: glued.start() - match.start()]
        url = _trimmed(found, before=self.text[match.start() - 1 : match.start()])
        end = match.start() + len(url)
        if len(url) == len(found) and self.text[end : end + 1] in ("\n", " "):
            more = self._continuation(match.start(), end, url)
            if more:
                url += more[0]
                end = more[1]
        self._link(url if match["bare"] else "https://" + url)
        self.out.append(LINK)
        self.length += 1
        return end

    def _counts(self, match: re.Match[str]) -> bool:
        """However many links a text has, as many again of meeting services are looked at: decoys crowd out none. One
        that stands there again says no more than once."""
        url = match["href"] or match["angle"] or match["bare"] or f"https://{match['hostless']}"
        if len(self.links) >= 2 * MOST_LINKS or url in self.asked:
            return False
        self.asked.add(url)
        parsed = parse_url(url)
        return parsed is not None and self.hosts.service_of(parsed.host) is not None

    def _passed_over(self, match: re.Match[str]) -> int:
        """A link that is not looked at: its digits are still no numbers of the text."""
        if match["bare"] or match["hostless"]:
            self.out.append(LINK)
            self.length += 1
        return match.end()

    def _continuation(self, start: int, end: int, url: str) -> tuple[str, int] | None:
        """A link that a line wrap cut in two, judged by how it looks: joining two lines wrongly is worse."""
        number = _NUMBER_BEGUN.search(url)
        rest = _NUMBER_RESUMED.match(self.text, end) if number else None
        if number and rest and 9 <= len(number[1]) + len(rest["digits"]) <= 11:
            token = _trimmed(rest[1], before="")
            return token, rest.start(1) + len(token)
        match = _CONTINUED.match(self.text, end + 1) if self.text[end] == "\n" else None
        if match is None:
            return None
        token = _trimmed(match[1], before="")
        line_start = self.text.rfind("\n", max(0, start - 400), start) + 1
        full_line = 66 <= end - line_start <= 80 or end - line_start == 998
        # The first line tells that it goes on, or it is as long as mailers wrap and the second looks like a token.
        unfinished = url[-1] in "=&%" or url.endswith(("?", "/l/", "%3", "%2")) or self._cut_behind_host(url, token)
        token_like = any(c in "=&%_" for c in token) or (
            any(c.isdigit() for c in token) and any(c.isalpha() for c in token) and len(token) > 3
        )
        if not any(map(str.isalnum, token)):  # a rule below the link
            return None
        if "://" in token or token[:1] in "*#-+(" or not (unfinished or (full_line and token_like and "?" in url)):
            return None
        return token, match.start(1) + len(token)

    def _link(self, text: str) -> None:
        scheme, _, rest = text.partition(":")
        scheme = scheme.lower()
        if scheme == "tel":
            self.tel.append((_percent(rest), self.length))
        elif scheme in ("mailto", "sip", "sips", "h323"):
            match = _ADDRESS.match(_percent(rest.partition("?")[0][:400]).strip("/ "))
            if match and len(self.addresses) < MOST:
                self.addresses.append(Address(match["user"], match["host"].lower(), self.length, scheme))
        else:
            self._web_link(text)

    def _web_link(self, text: str) -> None:
        unwrapped = unwrap(text, self.hosts)
        if unwrapped is None:
            return
        url = unwrapped.url
        if unwrapped.rules:  # what was inside may have brought its own trailing sentence mark along
            url = parse_url(_trimmed(url.text, before="")) or url
        service, opens_meeting = self.hosts.service_of(url.host), self.hosts.opens_meeting(url)
        self.links.append(Link(url, self.length, service, opens_meeting, unwrapped.rules, unwrapped.opaque))

    def _cut_behind_host(self, url: str, token: str) -> bool:
        """A meeting service's link that a wrap cut behind its host."""
        parsed = parse_url(url) if url.endswith("/") and _MEETING_PATH.match(token) else None
        return parsed is not None and parsed.path == "/" and self.hosts.service_of(parsed.host) is not None


def _joined(link: str) -> str:
    """A link over several lines. Where each line but the last ends in ``=``, those are soft breaks of a mail."""
    breaks = link.count("\n")
    return link.replace("=\n" if breaks > 1 and breaks == link.count("=\n") else "\n", "")


def _percent(text: str) -> str:
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda m: chr(int(m[1], 16)), text)


def _trimmed(url: str, *, before: str) -> str:
    """Without the sentence mark, closing bracket or emphasis mark that stands right behind a link."""
    depth = 0
    for at, char in enumerate(url):
        if char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth < 0:
                url = url[:at]
                break
    marks = _TRAILING + (before if before in ("_", "=") else "")
    return url.rstrip(marks)


# ------------------------------------------------------------------------------- addresses and gateways

_ADDRESS = re.compile(
    r"(?P<user>[A-Za-z0-9][A-Za-z0-9._+\-$#]{0,120})@(?P<host>(?:[A-Za-z0-9\-]{1,63}\.){1,8}[A-Za-z0-9\-]{1,63})"
)
_PRINTED_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9._+\-$#])(?:(?P<scheme>(?i:conf:sip|sips?|h323|mailto|xmpp)):)?"
    r"(?P<user>[A-Za-z0-9][A-Za-z0-9._+\-$#]{0,120})@(?P<host>(?:[A-Za-z0-9\-]{1,63}\.){1,8}[A-Za-z0-9\-]{1,63})"
)


def _printed_addresses(text: str) -> list[Address]:
    if "@" not in text:
        return []
    return [
        Address(match["user"], match["host"].lower(), match.start(), (match["scheme"] or "").lower())
        for match in islice(_PRINTED_ADDRESS.finditer(text), MOST)
    ]


# What stands before it is asked afterwards: a pattern that begins with a digit is searched for much faster.
_IPV4 = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\d\-]|\.\d)")


_NO_GATEWAY_BEHIND = frozenset("0123456789.+-")


def _printed_gateways(text: str) -> tuple[tuple[str, int], ...]:
    """IPv4 addresses; dotted phone numbers drop out by their plus sign or by a part above 255."""
    found = (
        (match[0], match.start())
        for match in _IPV4.finditer(text)
        if text[match.start() - 1 : match.start()] not in _NO_GATEWAY_BEHIND
        and all(int(part) < 256 for part in match.groups())
        and 0 < int(match[1]) < 224
        and match[1] not in ("127", "10")
    )
    return tuple(islice(found, MOST))
