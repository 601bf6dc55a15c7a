"""How often the server refused these credentials in a row, over restarts: a restart loop would lock the account."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from contextlib import suppress

from connector.calendars.base import SourceState
from connector.calendars.exchange.signin import TRIES, SignIn
from connector.errors import ConnectorError

_KEY = "refusals"


class Refusals:
    """The credentials themselves are not kept, only a salted fingerprint of them, to know them again."""

    def __init__(self, source_state: SourceState, *credentials: str) -> None:
        self._source_state = source_state
        self._credentials = "\x1f".join(credentials).encode()
        self._noted = 0

    async def recall(self, signin: SignIn) -> None:
        """Raises what the state raises. Other credentials are another matter."""
        stored = await self._source_state.get(_KEY)
        if stored is None:
            return
        note = json.loads(stored)
        self._noted = note["count"]
        if hmac.compare_digest(self._fingerprint(bytes.fromhex(note["salt"])), note["print"]):
            signin.resume(self._noted, max(time.time() - note["at"], 0.0))
        else:
            await self.note(signin)

    async def note(self, signin: SignIn) -> None:
        """Written down where it changed. A database in trouble says so itself, and must not hide the refusal."""
        count = signin.refusals
        if count == self._noted:
            return
        with suppress(ConnectorError):
            if count:
                await self._put(count, time.time())
            else:
                await self._source_state.delete(_KEY)
            self._noted = count

    async def forgive(self) -> None:
        """The next life may try once, at once. A reading of this one that is under way writes nothing new."""
        await self._put(TRIES - 1, 0.0)

    async def forget(self) -> None:
        await self._source_state.delete(_KEY)

    async def _put(self, count: int, moment: float) -> None:
        salt = secrets.token_bytes(16)
        note = {"salt": salt.hex(), "print": self._fingerprint(salt), "count": count, "at": moment}
        await self._source_state.put(_KEY, json.dumps(note).encode())

    def _fingerprint(self, salt: bytes) -> str:
        return hmac.new(salt, self._credentials, hashlib.sha256).hexdigest()
