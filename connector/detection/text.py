"""From what a calendar holds (HTML, mail text, half-decoded leftovers) to plain visible text.

The result may hold link markers: ``LINK_OPEN url LINK_CLOSE`` stands where an anchor's ``href`` was, because a
link may exist only there. Everything here is one pass or a fixed number of passes: linear in the input.
"""

from __future__ import annotations

import html
import quopri
import re

LINK_OPEN, LINK_CLOSE = "\ufff9", "\ufffb"
_MAX_URL = 16_000
_SHEETS = 100_000  # characters in which style sheets are looked for

# Invisible characters get into ids and links by copying from chat programs and right-to-left mail.
_INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
_INVISIBLE += "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff\x00\ufff9\ufffa\ufffb\ufffc"
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
# The zero of each set of digits: Arabic, Persian, the scripts of India, Thai, Lao, Burmese, Khmer, and the bold and
# other styled digits that people paste from chat programs.
_ZEROS = (0x0660, 0x06F0, *range(0x0966, 0x0DE7, 0x80), 0x0E50, 0x0ED0, 0x1040, 0x17E0, *range(0x1D7CE, 0x1D800, 10))
_TABLE: dict[int, str | None] = {
    **{ord(c): None for c in _INVISIBLE},
    **{ord(c): " " for c in _SPACES},
    **{ord(c): "-" for c in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"},
    **{ord(c): "\n" for c in "\x0b\x0c\x85\u2028\u2029"},
    **{0xFF01 + i: chr(0x21 + i) for i in range(94) if i != 0x0C},  # full-width forms; 0xFF0D is the hyphen above
    **{zero + i: str(i) for zero in _ZEROS for i in range(10)},
    ord("\ufe55"): ":",
    ord("\ufe13"): ":",
    ord("\u2236"): ":",
    0x0130: "i",  # the one capital whose lower case is two characters; offsets must stay true
}


def clean_characters(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        return text.replace("\x00", "").replace("\x0b", "\n").replace("\x0c", "\n")
    return text.translate(_TABLE)


# -------------------------------------------------------------------------------- leftovers of other encodings

_EQUALS = re.compile(r"=(?![0-9A-F]{2}|\n)")
_LONG_SOFT_BREAK = re.compile(r"(?m)^[^\n]{71,75}=\n")
_ENCODED_LETTER = re.compile(r"=C[2-9A-F]=[89AB][0-9A-F]|=D[0-9A-F]=[89AB][0-9A-F]|=E[0-9A-F](?:=[89AB][0-9A-F]){2}")
_WEB_LINK = re.compile(r"https?://\S{1,4000}", re.IGNORECASE)
_SOFT_BREAK = re.compile(r"=[ \t]{0,4}\n(?:>[> ]{0,8})?")


def undo_quoted_printable(text: str) -> str:
    """Quoted-printable that nobody decoded: only where the text gives itself away.

    A lone ``=AB`` may be a part of a link, so all is decoded only if every ``=`` fits the encoding.
    """
    if not ("=3D" in text or _LONG_SOFT_BREAK.search(text) or _has_encoded_letters(text)):
        return text
    if _EQUALS.search(text) is None and text.isascii():
        raw = quopri.decodestring(text.encode("ascii"))
        try:
            return clean_characters(raw.decode("utf-8"))
        except UnicodeDecodeError:
            return clean_characters(raw.decode("latin-1"))
    return _SOFT_BREAK.sub("", text).replace("=3D", "=").replace("=20\n", "\n").replace("=C2=A0", " ")


def _has_encoded_letters(text: str) -> bool:
    """Letters beyond ASCII, as UTF-8 has them, outside of links."""
    if _ENCODED_LETTER.search(text) is None:
        return False
    return _ENCODED_LETTER.search(_WEB_LINK.sub("", text)) is not None


_ESCAPED = re.compile(r"\\(?:r\\n|[nN]|[,;/:=_*`#+.@~!\-\[\]()]|u00(?:26|3[dDcCeE]|2[fF]|[aA]0))")


def undo_escapes(text: str) -> str:
    """Backslash escapes of iCalendar, JSON and Markdown that survived: ``\\n``, ``\\,``, ``\\_``, ``\\u0026``."""
    return _ESCAPED.sub(_escape_meaning, text) if "\\" in text else text


def _escape_meaning(match: re.Match[str]) -> str:
    kind = match[0][1:]
    if kind[0] not in "rnNu":
        return kind
    if kind[0] == "u":
        return " " if kind.lower() == "u00a0" else chr(int(kind[1:], 16))
    return "\n"


_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")


_STRUCK = re.compile(r"(?<![~/\w])~~(?=[^\s~])[^~\n]{1,500}?(?<=[^\s~])~~(?!~)")


def without_struck(text: str) -> str:
    """Markdown's ``~~struck out~~`` is as invisible as the same in HTML. A row of tildes is only an ornament."""
    return _STRUCK.sub(" ", text) if "~~" in text else text


def unescape_entities(text: str) -> str:
    """Only entities with their semicolon: ``&copy=1`` in a link is a parameter, not a sign."""
    if "&" not in text:
        return text
    return clean_characters(_ENTITY.sub(lambda m: html.unescape(m[0]), text))


# ------------------------------------------------------------------------------------------------ markup

_MARKUP = re.compile(
    r"<!--|<!doctype|</?(?:html|body|head|p|br|div|span|a|b|i|u|strong|em|font|table|tr|td|ul|ol|li|h[1-6]|hr|pre|dl|dt|dd|section|article|center|iframe|embed|object)\b[^<>]{0,2000}>",
    re.IGNORECASE,
)
_FLOWING = re.compile(r"<(?:html|body|!doctype)\b", re.IGNORECASE)
_TAG_NAME = re.compile(r"/?([A-Za-z][A-Za-z0-9]{0,40}(?::[A-Za-z0-9]{1,40})?)(?=[\s/>])")
_AUTOLINK = re.compile(r"(?:https?|mailto|tel|sips?|h323|zoommtg|zoomus|msteams|pexip|webcal|callto):", re.IGNORECASE)
_HREF = re.compile(
    r"""[\s"'](?:href|originalsrc|data-href|data-url)\s{0,8}=\s{0,8}(?:"([^"]{1,16000})"|'([^']{1,16000})'|([^\s"'<>]{1,16000}))""",
    re.IGNORECASE,
)
_SOURCE = re.compile(
    r"""[\s"'](?:src|data)\s{0,8}=\s{0,8}(?:"([^"]{1,16000})"|'([^']{1,16000})'|([^\s"'<>]{1,16000}))""", re.IGNORECASE
)
_EMBEDDED = frozenset({"iframe", "embed", "object"})
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "blockquote",
        "body",
        "br",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "nav",
        "ol",
        "option",
        "p",
        "pre",
        "section",
        "select",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "title",
        "tr",
        "ul",
    ]
)
_CELLS = frozenset({"td", "th"})
_EMPTY = frozenset({"br", "hr", "img", "input", "meta", "link"})
# What a style takes from sight, or strikes through.
_HIDDEN_STYLE = re.compile(
    r"style\s{0,4}=[^>]{0,1000}?(?:display\s{0,4}:\s{0,4}none|visibility\s{0,4}:\s{0,4}hidden"
    r"|(?:font-size|opacity)\s{0,4}:\s{0,4}0(?:\.0{1,4})?(?![\d.])"
    r"|text-decoration[a-z\-]{0,6}\s{0,4}:\s{0,4}line-through)",
    re.I,
)
_HIDDEN = re.compile(r"(?:^|\s)hidden(?:\s|=|$)")
_VALUE = re.compile(r"\"[^\"]{0,2000}\"|'[^']{0,2000}'")
_STYLE = re.compile(r"<style\b[^<>]{0,400}>(.{0,20000}?)</style", re.IGNORECASE | re.DOTALL)
_HIDDEN_CLASS = re.compile(r"\.([\w\-]{1,80})\s{0,8}\{[^{}]{0,400}?display\s{0,4}:\s{0,4}none", re.IGNORECASE)
_CLASS = re.compile(r"""\bclass\s{0,4}=\s{0,4}["']?([^"'<>]{1,400})""", re.IGNORECASE)
_UNSEEN = frozenset({"script", "style", "head", "template", "noscript", "svg", "del", "strike", "s"})


def looks_like_markup(text: str) -> bool:
    return "<" in text and _MARKUP.search(text) is not None


def strip_markup(text: str, *, flowing: bool) -> tuple[str, str]:
    """(visible text with link markers, what stands in comments).

    ``flowing``: line ends in the source are only spaces, as in real HTML.

    Written for what mail really holds: fragments, templates, Markdown with tags in it, autolinks in angle
    brackets, conditional comments, tags that never end. Comments, struck-out text and scripts are not visible.
    """
    stripper = _Stripper(text, flowing or _FLOWING.search(text) is not None)
    return stripper.run(), "\n".join(stripper.hidden)


class _Stripper:
    def __init__(self, text: str, flowing: bool) -> None:
        self.text = text
        self.flowing = flowing
        self.out: list[str] = []
        self.hidden: list[str] = []
        self.quote_depth = 0
        self.in_pre = False
        self.next_close = -1  # position of the next ">", remembered so that a text without one stays linear
        self.missing: set[str] = set()  # end marks that do not occur any more
        # What a style sheet hides for all; rules for some screens stand below "@media".
        sheets = (sheet[1].partition("@media")[0] for sheet in _STYLE.finditer(text[:_SHEETS]))
        self.hidden_classes = {name.lower() for sheet in sheets for name in _HIDDEN_CLASS.findall(sheet)}

    def run(self) -> str:
        at = 0
        while True:
            opened = self.text.find("<", at)
            if opened < 0:
                self._data(self.text[at:])
                return "".join(self.out)
            self._data(self.text[at:opened])
            at = self._markup(opened)

    def _data(self, data: str) -> None:
        if not data:
            return
        data = unescape_entities(data)
        if self.flowing and not self.in_pre:
            data = data.replace("\n", " ")
        self.out.append(data)

    def _markup(self, opened: int) -> int:
        """Handles what begins at ``<``; returns where to go on."""
        text = self.text
        if text.startswith("<!--", opened):
            after = self._skip_past("-->", opened + 4, else_end=True)
            self.hidden.append(text[opened + 4 : after].removesuffix("-->"))
            return after
        if text.startswith("<?", opened):
            return self._skip_past("?>", opened + 2, else_end=False)
        if text.startswith("<!", opened):
            return self._skip_past(">", opened + 2, else_end=False)
        if _AUTOLINK.match(text, opened + 1):
            self.out.append("<")
            return opened + 1
        name = _TAG_NAME.match(text, opened + 1)
        end = self._tag_end(name.end()) if name else -1
        if name is None or end < 0:
            self.out.append("<")
            return opened + 1
        return self._tag(name[1].lower(), text[opened + 1] == "/", text[name.end() : end], end + 1)

    def _skip_past(self, mark: str, at: int, *, else_end: bool) -> int:
        found = -1 if mark in self.missing else self.text.find(mark, at)
        if found >= 0:
            return found + len(mark)
        self.missing.add(mark)
        return len(self.text) if else_end else at

    def _tag_end(self, at: int) -> int:
        """The ``>`` that closes a tag; one inside quotes does not, within reason."""
        if self.next_close < at and self.next_close != len(self.text):
            found = self.text.find(">", at)
            self.next_close = found if found >= 0 else len(self.text)
        end = self.next_close
        if end >= len(self.text):
            return -1
        inside = self.text[at : min(end, at + _MAX_URL)]
        for quote in "\"'":
            if inside.count(quote) % 2 and inside.find("=" + quote) >= 0:
                closing = self.text.find(quote, end, end + 2000)
                longer = self.text.find(">", closing, closing + 2000) if closing >= 0 else -1
                return longer if longer >= 0 else end
        return end

    def _tag(self, name: str, closing: bool, attributes: str, after: int) -> int:
        if name in _UNSEEN:
            if closing or attributes.endswith("/"):
                return after
            return self._past_element(name, after)
        if attributes and not closing and not attributes.endswith("/") and self._is_hidden(attributes[:2000]):
            past = self._past_same(name, after)
            if past is not None:
                return past
        if name == "blockquote":
            self.quote_depth = max(0, self.quote_depth + (-1 if closing else 1))
        if name == "pre":
            self.in_pre = not closing
        if name in _BLOCKS:
            self.out.append("\n" + "> " * min(self.quote_depth, 3))
        elif name in _CELLS:
            self.out.append("\t")
        if not closing and ("=" in attributes):
            self._links(" " + attributes, _SOURCE if name in _EMBEDDED else _HREF)
        return after

    def _is_hidden(self, attributes: str) -> bool:
        low = attributes.lower()
        if "style" in low and _HIDDEN_STYLE.search(low):
            return True
        if "hidden" in low and _HIDDEN.search(_VALUE.sub("", low)):
            return True
        named = _CLASS.search(low) if self.hidden_classes else None
        return named is not None and not self.hidden_classes.isdisjoint(named[1].split())

    def _links(self, attributes: str, names: re.Pattern[str]) -> None:
        for match in names.finditer(attributes[: 2 * _MAX_URL]):
            target = unescape_entities(match[1] or match[2] or (match[3] or "").strip("{}`"))  # src={`...`}: a template
            target = re.sub(r"\s+", "", target) if "://" in target else target.strip()
            self.out.append(f"{LINK_OPEN}{target}{LINK_CLOSE}")

    def _past_same(self, name: str, at: int) -> int | None:
        """Behind the end of an element whose like may stand inside it; None when it never ends."""
        if name in _EMPTY or f"hidden {name}" in self.missing:
            return None
        depth = 1
        for match in re.compile(rf"<(/?){re.escape(name)}\b[^<>]{{0,4000}}>", re.IGNORECASE).finditer(self.text, at):
            depth += -1 if match[1] else 1
            if depth == 0:
                return match.end()
        self.missing.add(f"hidden {name}")
        return None

    def _past_element(self, name: str, at: int) -> int:
        mark = f"</{name}"
        if mark in self.missing:
            return at
        found = re.compile(re.escape(mark) + r"\b", re.IGNORECASE).search(self.text, at)
        if found is None:  # never closed: only the tag itself is dropped
            self.missing.add(mark)
            return at
        close = self.text.find(">", found.end(), found.end() + 200)
        return close + 1 if close >= 0 else found.end()


def readable(content: str, *, is_html: bool) -> tuple[str, str]:
    """All of the above in the order in which the layers were put on: (visible text, text in comments)."""
    text = undo_quoted_printable(clean_characters(content))
    text = undo_escapes(text)
    if looks_like_markup(text):
        visible, comments = strip_markup(text, flowing=is_html)
        return without_struck(visible), comments
    return without_struck(unescape_entities(text)), ""
