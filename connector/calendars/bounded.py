"""The one limit on the size of what a calendar service sends, counted after inflating: a kilobyte can be a gigabyte.

Bodies are read in pieces, each inflated by itself, and reading stops at the limit, so that neither an endless answer
nor one that inflates without end fills the memory. ``bounded_requests.py`` does the same for the requests library.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

import httpx2

from connector.errors import SourceUnavailable

SIZE_LIMIT = 50 * 2**20  # bytes of one file or answer
_TURN = 2**20  # bytes that are inflated on the event loop at once: one or two milliseconds


def too_large(who: str, limit: int = SIZE_LIMIT) -> SourceUnavailable:
    """``who`` begins the sentence: "The calendar at https://host/…", "Zoom's answer"."""
    return SourceUnavailable(f"{who} is larger than {limit / 2**20:.3g} MB and was not read.")


async def body(response: httpx2.Response, who: str, limit: int = SIZE_LIMIT) -> bytes:
    """The whole body of a streamed answer. Raises SourceUnavailable above ``limit`` bytes, and httpx2's errors."""
    content, since = bytearray(), 0
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > limit:
            raise too_large(who, limit)
        since += len(piece)
        if since >= _TURN:  # the pieces of one packet come without a pause
            await asyncio.sleep(0)
            since = 0
    return bytes(content)


def pieces(source: Iterable[bytes], who: str, limit: int = SIZE_LIMIT) -> Iterator[bytes]:
    """The same pieces, for threads. Raises SourceUnavailable where they are more than ``limit`` bytes together."""
    size = 0
    for piece in source:
        size += len(piece)
        if size > limit:
            raise too_large(who, limit)
        yield piece
