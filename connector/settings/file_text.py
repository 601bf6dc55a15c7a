"""The text of a file, whatever program saved it: the encoding of its bytes, or what kind of file it is instead."""

from __future__ import annotations

import re
from dataclasses import dataclass

from connector.errors import UserError

_SAVE = "in the spreadsheet program, save it as CSV (UTF-8)."
_KINDS = (
    (b"PK\x03\x04", "a workbook"),  # a ZIP file, as .xlsx, .ods and .numbers are
    (b"PK\x05\x06", "a workbook"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook of an old kind (.xls)"),
    (b"\x09\x08\x10\x00\x00\x06", "a workbook of an old kind (.xls)"),
    (b"\x09\x04\x06\x00", "a workbook of an old kind (.xls)"),
    (b"{\\rtf", "a formatted text (RTF)"),
    (b"%PDF-", "a PDF"),
    (b"\x1f\x8b\x08", "a compressed file (gzip)"),
)
_MARKS = (  # the longer ones first: a mark of UTF-32 begins like one of UTF-16
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SAMPLE = 4096  # bytes that tell UTF-16 without a mark
_LEGACY = {"cp1252": "Windows-1252", "cp850": "DOS (code page 850)", "mac_roman": "Mac Roman"}
_LOWER = "äöüßéèêëàâáãåçíìîïñóòôõøúùûæœšž"  # what names of rooms have, in these encodings
_UPPER = "ÄÖÜÉÈÊËÀÂÁÃÅÇÍÌÎÏÑÓÒÔÕØÚÙÛÆŒŠŽ"
_LIKELY = re.compile(
    rf"(?<=[A-Za-z{_LOWER}{_UPPER}])[{_LOWER}](?![A-Z])|\b[{_LOWER}](?=[a-z{_LOWER}])"  # within words, and before them
    rf"|(?<=[A-Z{_UPPER}])[{_UPPER}](?![a-z])|\b[{_UPPER}](?=[A-Za-z{_LOWER}{_UPPER}]|\b)"
    r"|(?<!\w)[–—“‘„«](?=\w|\s)|(?<=[\w.!?])[”“’»…™®°²³](?!\w)|(?<=\w)’(?=\w)|(?<!\w)€(?!\w)"
)
_MARKUP = re.compile(r"\s*<(?:!doctype|!--|\?xml|html|head|body|meta|table|style|div)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileText:
    """``cautions``: sentences about how the bytes were read; the name of the file is not in them."""

    text: str
    cautions: tuple[str, ...]


def table_text(data: bytes, file: str) -> FileText:
    """The text of a table. Bytes that belong to no encoding become surrogates. UserError: this is no text at all."""
    if kind := other_kind(data):
        raise UserError(f"{file}: this is {kind}; {_SAVE}")
    encoding = wide_encoding(data)
    found = FileText(data.decode(encoding, errors="replace"), ()) if encoding else _narrow(data)
    text = found.text.removeprefix("\ufeff").rstrip("\0")  # within a cell one makes its row a problem
    if _MARKUP.match(text):
        raise UserError(f"{file}: this is a web page or XML, not a table; {_SAVE}")
    return FileText(text, found.cautions)


def other_kind(data: bytes) -> str | None:
    """What a file is that only has the name of a text file: ``a workbook``; None for what may be text."""
    return next((kind for mark, kind in _KINDS if data.startswith(mark)), None)


def wide_encoding(data: bytes) -> str | None:
    """UTF-16 or UTF-32, by the mark at the start or by where the zero bytes stand; None for everything else."""
    marked = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)
    if marked:
        return marked
    sample = data[: min(len(data), _SAMPLE) // 2 * 2]
    first, second = sample[::2].count(0), sample[1::2].count(0)
    enough = len(sample) / 2 * 0.4  # of the pairs; names in other scripts have no zero bytes
    if second > enough and first * 8 < second:
        return "utf-16-le"
    return "utf-16-be" if first > enough and second * 8 < first else None


def _narrow(data: bytes) -> FileText:
    """UTF-8, or what spreadsheet programs wrote before it. Lines are judged one by one: some are pasted together."""
    try:
        return FileText(data.decode("utf-8"), ())
    except UnicodeDecodeError:
        pass
    parts = re.split(rb"(\r\n|\n|\r)", data)
    bad = [part for part in parts if not _is_utf_8(part)]
    if len(bad) == 1 and b"\r" not in data:  # no program's export but damage to one line: its row alone is refused
        return FileText(data.decode("utf-8", errors="surrogateescape"), ())
    encoding = _legacy(b"\n".join(bad), mac=b"\n" not in data)
    text = "".join(part.decode("utf-8" if _is_utf_8(part) else encoding, errors="surrogateescape") for part in parts)
    mixed = any(not part.isascii() and _is_utf_8(part) for part in parts)
    what = "some lines are not UTF-8 text; they are" if mixed else "this is not UTF-8 text; it is"
    caution = f"{what} read as {_LEGACY[encoding]}. Look whether the names are right, or save the file as CSV UTF-8."
    return FileText(text, (caution,))


def _is_utf_8(part: bytes) -> bool:
    try:
        part.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _legacy(data: bytes, mac: bool) -> str:
    """The encoding that makes most usual text of ``data``. ``mac``: lines end as they once did on a Mac."""
    encodings = sorted(_LEGACY, key=lambda encoding: mac and encoding != "mac_roman")
    return max(encodings, key=lambda e: len(_LIKELY.findall(data.decode(e, errors="replace"))))
