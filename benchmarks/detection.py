"""Detection: events a second on composed bodies, and how the cost grows with the length of one description.

Beside it stand public finders of links in text, where they are installed: they find links and no more, so their figure
is a floor, not a rival. Run: python -m benchmarks.detection, after pip install linkify-it-py urlextract for the
comparison.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from connector.detection.detect import detect
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


def _linkify(module: Any) -> Callable[[str], object]:
    return module.LinkifyIt().match  # type: ignore[no-any-return]  # the package has no types


def _urlextract(module: Any) -> Callable[[str], object]:
    return module.URLExtract().find_urls  # type: ignore[no-any-return]  # the package has no types


# What to install -> (what to import, how to get its finder of links).
OTHERS: dict[str, tuple[str, Callable[[Any], Callable[[str], object]]]] = {
    "linkify-it-py": ("linkify_it", _linkify),
    "urlextract": ("urlextract", _urlextract),
}


def compare() -> None:
    for package, (name, finder) in OTHERS.items():
        try:
            find = finder(importlib.import_module(name))
        except ImportError:
            print(f"{package} is not installed, so it is not compared (pip install {package})")
            continue
        for title, body in BODIES.items():
            rate = 1 / per_call(partial(find, body.content), 0.3)
            print(f"{title:<24} {package}: links only {rate:>8.0f} events/s")


def long_body(length: int) -> tuple[SourceText, ...]:
    return (SourceText("description", "text", (INVITATION + FILLER * (length // len(FILLER)))[:length]),)


def main() -> None:
    for name, body in BODIES.items():
        print(f"{name:<24} {len(body.content):>6} characters  {1 / seconds((body,)):>8.0f} events/s")
    small, large = seconds(long_body(100_000)), seconds(long_body(1_000_000), 2)
    huge = seconds(long_body(5_000_000))
    compare()
    print(f"100 KB {small * 1000:.0f} ms, 1 MB {large * 1000:.0f} ms (ratio {large / small:.1f}), 5 MB {huge:.2f} s")


if __name__ == "__main__":
    main()
