"""Tells a link or an address that its text only gives as an example: "the id is in the link, e.g. https://...".

Help pages are pasted into events. Only the words right before the link count, and only for this one place: where the
same meeting stands in the text again, it is a meeting.
"""

from __future__ import annotations

import re

from connector.detection.parsed_text import ParsedText
from connector.detection.words import EXAMPLES, EXAMPLES_WITHOUT_BLANKS

_BEFORE = 40  # characters that are looked at
_WORDS = rf"(?:(?<![^\W_])(?:{'|'.join(EXAMPLES)})|{'|'.join(EXAMPLES_WITHOUT_BLANKS)})"
_EXAMPLE = re.compile(_WORDS + r"[ \t,:：，()（\[\]*_`<>\"'“«„「-]{0,6}$")
WHY = "the text gives it as an example"


def says_example(parsed: ParsedText, at: int) -> bool:
    """``at``: where the link, or the address, stands."""
    return _EXAMPLE.search(parsed.low, max(0, at - _BEFORE), at) is not None
