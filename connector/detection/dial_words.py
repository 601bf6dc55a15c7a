"""Words beside an address or a number that say a room dials it. All for text in lower case."""

from __future__ import annotations

import re

# The word in the languages of invitations.
VIDEO = r"vid[eé][oó]|видео|відео|wideo|βίντεο|ビデオ|视频|視頻|視訊|影片|화상|비디오|וידאו|וידיאו|فيديو|वीडियो|วิดีโอ"
DIAL_WORD = re.compile(  # right before an address
    r"(?<!\w)(?:dial|call|wählen(?: sie)?|composez|appelez|marque|marcar|disque|comporre|chiamare|bel|ring)"
    r"[ \t]{0,3}:?[ \t*]{0,4}$"
)
ROOM_SYSTEM = re.compile(r"video[ -]?(?:conferenc|system|device|endpoint)|room system|third-party|\bsip\b")
