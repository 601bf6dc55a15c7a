"""The limit of ``bounded.py`` for the requests library, which reads and inflates whole bodies by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from connector.calendars.bounded import pieces
from connector.errors import SourceUnavailable

_PIECE = 2**16  # bytes


class BoundedResponse(requests.Response):
    """``content``, ``iter_content`` and ``iter_lines`` raise SourceUnavailable above the limit."""

    def iter_content(self, chunk_size: int | None = 1, decode_unicode: Any = False) -> Iterator[Any]:
        """As the library's. Its ``content`` reads through this, too."""
        if chunk_size == 1 and self._content_consumed:  # exchangelib's way: each byte of what is here would cost 3 us
            chunk_size = _PIECE
        who = f"The answer of {urlsplit(self.url).hostname}"
        try:
            yield from pieces(super().iter_content(chunk_size, decode_unicode), who)
        except SourceUnavailable:
            self.close()  # or the server goes on sending until this is collected
            raise


class BoundedAdapter(HTTPAdapter):
    """Mounted on a session, it bounds every answer, those of redirects and of sign-ins included."""

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        response = super().build_response(req, resp)
        response.__class__ = BoundedResponse  # the library offers no place to name the class
        return response
