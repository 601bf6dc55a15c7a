"""Detection: events a second on composed bodies, and how the cost grows with the length of one description.

Beside it stand two public finders of links in text: they find links and no more, so their figure is a floor, not a
rival. Run: python -m benchmarks.detection [--folder DIR], after make test-setup, which installs the two. ``DIR``: with
invitations of your own, read as ``connector detect`` reads them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from linkify_it import LinkifyIt
from urlextract import URLExtract

from connector.detection.detect import detect
from connector.detection.files import read_content
from connector.model import SourceText

INVITATION = """Sam Example is inviting you to a scheduled Zoom meeting.

Join Zoom Meeting
https://us02web.zoom.us/j/81234567890?pwd=QmFzZTY0TG9va2FsaWtl.1

Meeting ID: 812 3456 7890
Passcode: aB3%dE
One tap mobile
+12015550123,,81234567890#,,,,*004321# US
Dial by your location
 +1 201 555 0123 US
Join by SIP
81234567890@zoomcrc.com
Join by H.323
192.0.2.37 (US West)
198.51.100.11 (US East)
Meeting ID: 812 3456 7890
Passcode: 004321
"""
BODIES: dict[str, SourceText] = {
    "zoom, plain text": SourceText("description", "text", INVITATION),
    "zoom, HTML": SourceText(
        "html",
        "html",
        "<html><head><style>p{margin:0}</style></head><body>"
        + "".join(f"<p class=MsoNormal><span>{line}</span></p>" for line in INVITATION.splitlines())
        + "</body></html>",
    ),
    "teams, no room address": SourceText(
        "description",
        "text",
        "Microsoft Teams meeting\nJoin: https://teams.microsoft.com/meet/23456789012345?p=abcdef\n"
        "Meeting ID: 234 567 890 123 45\nPasscode: aB3dEf\n",
    ),
    "no meeting": SourceText("description", "text", "Lunch in the garden, bring a hat. " * 20),
}
FILLER = "Agenda item: the quarterly numbers, see https://docs.example.org/q?id=42 and ask sam@example.org. "


def seconds(texts: tuple[SourceText, ...], at_least: float = 0.5) -> float:
    """Time of one detection, over as many calls as fit into ``at_least`` seconds."""
    return per_call(lambda: detect(texts), at_least)


def per_call(work: Callable[[], object], at_least: float) -> float:
    calls = 0
    start = time.perf_counter()
    while (spent := time.perf_counter() - start) < at_least:
        work()
        calls += 1
    return spent / calls


FINDERS: dict[str, Callable[[str], object]] = {
    "linkify-it-py": LinkifyIt().match,
    "urlextract": URLExtract().find_urls,
}


def compare(title: str, events: list[tuple[SourceText, ...]]) -> None:
    """One line: events a second, and those of the finders on the same texts."""

    def ours() -> None:
        for texts in events:
            detect(texts)

    def theirs(find: Callable[[str], object]) -> None:
        for texts in events:
            for text in texts:
                find(text.content)

    cells = [f"{len(events) / per_call(ours, 0.5):>8.0f}"]
    for name, find in FINDERS.items():
        cells.append(f"{name} {len(events) / per_call(partial(theirs, find), 0.3):>7.0f}")
    print(f"{title:<24} {'  '.join(cells)}  events/s")


def long_body(length: int) -> tuple[SourceText, ...]:
    return (SourceText("description", "text", (INVITATION + FILLER * (length // len(FILLER)))[:length]),)


def main() -> None:
    parser = argparse.ArgumentParser(description="Events a second, and how the cost grows.")
    parser.add_argument("--folder", type=Path, help="a folder of invitations")
    folder = parser.parse_args().folder
    for name, body in BODIES.items():
        compare(name, [(body,)])
    if folder is not None:
        files = sorted(path for path in folder.iterdir() if path.is_file())
        compare(f"{len(files)} files of the folder", [read_content(path.read_bytes()).texts for path in files])
    small, large = seconds(long_body(100_000)), seconds(long_body(1_000_000), 2)
    huge = seconds(long_body(5_000_000))
    print(f"100 KB {small * 1000:.0f} ms, 1 MB {large * 1000:.0f} ms (ratio {large / small:.1f}), 5 MB {huge:.2f} s")


if __name__ == "__main__":
    main()
