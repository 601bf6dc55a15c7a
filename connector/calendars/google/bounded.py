"""The limit of ``connector.calendars.bounded`` for httplib2, which reads a whole body at once.

What it inflates it bounds itself (``decode_limit_hard``); what comes over the wire it does not.
"""

# mypy: disallow-subclassing-any=False
# The library ships no type information, so its classes, made to be subclassed, are Any to the checker.

from __future__ import annotations

import http.client
from typing import Any

import httplib2
from httplib2.decode import DecodeLimitError

from connector.calendars.bounded import SIZE_LIMIT, too_large

_WHO = "Google's answer"


class _Response(http.client.HTTPResponse):
    def read(self, amt: int | None = None) -> bytes:
        """Whole, as the library reads it. Raises SourceUnavailable above the limit."""
        if amt is not None:
            return super().read(amt)
        content = super().read(SIZE_LIMIT + 1)
        if len(content) > SIZE_LIMIT:
            self.close()
            raise too_large(_WHO)
        return content + super().read() if self.length else content  # IncompleteRead where it was cut off


class _Plain(httplib2.HTTPConnectionWithTimeout):
    response_class = _Response


class _Secure(httplib2.HTTPSConnectionWithTimeout):
    response_class = _Response


class BoundedHttp(httplib2.Http):
    """httplib2's, with connections whose answers are bounded."""

    def request(self, uri: str, *args: Any, **more: Any) -> Any:
        """As the library's. Raises SourceUnavailable above the limit."""
        more.setdefault("connection_type", _Secure if uri.startswith("https:") else _Plain)
        try:
            return super().request(uri, *args, **more)
        except DecodeLimitError:
            raise too_large(_WHO) from None
